//! Every order in which a reader can meet what the one hand of the board does.
//!
//! Publication `p` of these models is made at instant `10 p`. A board under loom keeps the
//! instants of three publications only, so that being overtaken is among what is tried.

use std::sync::Arc;

use loom::sync::atomic::{AtomicUsize, Ordering};
use openbell_market::{BarInterval, Symbol};
use openbell_session_data::{
    BoardWriter, Inactive, LaggingSymbol, Member, OutsideReader, ReadError, Reason, SegmentWriter,
    Unavailable, View,
};
use openbell_time::{CoarseClock, CoarseTicker};

use crate::sample::{BASE, at, base_series, base_shape, day, member, push, session};

/// Runs `model` in every order that needs at most two preemptions.
fn explore(model: impl Fn() + Send + Sync + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(2);
    builder.check(model);
}

/// A session of the one member `A`, with its segment and its board.
fn board_of_one(n_slots: i64) -> (BoardWriter, SegmentWriter) {
    let mut board = BoardWriter::new();
    let segment = lay_one(&mut board, n_slots);
    (board, segment)
}

/// Lays a session of the one member `A` on `board`; its segment.
fn lay_one(board: &mut BoardWriter, n_slots: i64) -> SegmentWriter {
    let day = day(0, 0, n_slots);
    let segment = SegmentWriter::new(base_shape(), day.clone(), n_slots as usize);
    let members = vec![member("A", 0, 1, vec![base_series(segment.segment())])];
    board.change_members(Some(session(&day)), members, Vec::new());
    segment
}

/// Writes the bars that close at 10, 20 … up to `until`, each worth its row.
fn push_up_to(segment: &mut SegmentWriter, until: i64) {
    for row in segment.rows().len() as i64..until / 10 {
        push(segment, 10 * row, 10 * row + 10, row as f64);
    }
}

/// That a view of publication `p` is at `10 p` and shows exactly the bars that closed by then.
fn check_rows(view: &View<'_>) {
    assert_eq!(view.instant(), at(10 * view.publication() as i64), "the instant of its number");
    let rows = view.symbol("A").unwrap().series(BASE).unwrap().today();
    assert_eq!(rows.len() as u64, view.publication(), "the rows of its publication");
    let last = view.symbol("A").unwrap().series(BASE).unwrap().latest().unwrap();
    assert_eq!(last.closes_at, view.instant());
    assert_eq!(last.ohlcv.close, (view.publication() - 1) as f64);
}

#[test]
fn a_series_reader_meets_the_bar_of_a_current_publication_or_why_there_is_none() {
    explore(|| {
        let (mut board, mut segment) = board_of_one(3);
        let symbol = Symbol::new("A").unwrap();
        push_up_to(&mut segment, 10);
        let _ = board.publish(at(10));
        let mut minutes = board.outside_reader().series_reader(&symbol, BASE);
        let steps = Steps::new();
        let seen = steps.clone();
        let thread = loom::thread::spawn(move || {
            let mut last = 0;
            for _ in 0..2 {
                let n_done = seen.n_done();
                match minutes.latest() {
                    Ok(Some(bar)) => {
                        let closes_at = bar.closes_at.as_nanos();
                        assert_eq!(bar.ohlcv.close, (closes_at / 10 - 1) as f64, "a whole bar");
                        assert!(closes_at >= last, "publications went back");
                        assert!(closes_at <= 30, "a bar of one that is no member");
                        let is_current = match n_done {
                            0 => true,
                            1 => closes_at >= 20,
                            2 => closes_at == 30,
                            _ => false,
                        };
                        assert!(is_current, "{closes_at} after {n_done} steps");
                        last = closes_at;
                    }
                    Ok(None) => panic!("the first bar was there before"),
                    Err(ReadError::Inactive(inactive)) => {
                        assert_eq!(why(&inactive), (2, Some(20), "closed"));
                        assert!(n_done < 2, "shut after it was opened again");
                        last = last.max(20);
                    }
                    Err(ReadError::Unavailable(why)) => {
                        assert!(matches!(why, Unavailable::NotPresent { .. }), "{why}");
                        last = 40;
                    }
                    Err(other) => panic!("a read refused in a way of its own: {other}"),
                }
            }
        });
        push_up_to(&mut segment, 30);
        let _ = board.publish(at(20));
        steps.done(1);
        let _ = board.shut(Some(at(20)), Reason::Closed);
        let _ = board.publish(at(30));
        steps.done(2);
        let facts = session(&day(0, 0, 3));
        board.change_members(Some(facts), vec![one_bar_member("B", 1, 0)], Vec::new());
        let _ = board.publish(at(40));
        steps.done(3);
        thread.join().unwrap();
    });
}

/// Says how many of its steps the writer has done, to a reader that acts on it.
#[derive(Clone)]
struct Steps(Arc<AtomicUsize>);

impl Steps {
    fn new() -> Steps {
        Steps(Arc::new(AtomicUsize::new(0)))
    }

    fn done(&self, n_steps: usize) {
        self.0.store(n_steps, Ordering::Release);
    }

    fn n_done(&self) -> usize {
        self.0.load(Ordering::Acquire)
    }
}

#[test]
fn no_view_is_taken_while_the_gate_is_shut_and_each_shows_its_own_publication() {
    explore(|| {
        let (mut board, mut segment) = board_of_one(3);
        let mut reader = board.outside_reader();
        let steps = Steps::new();
        let seen = steps.clone();
        let thread = loom::thread::spawn(move || {
            let n_done = seen.n_done();
            match reader.view() {
                Ok(view) => {
                    check_rows(&view);
                    assert_eq!(view.epoch(), if view.publication() == 1 { 1 } else { 3 });
                    assert!(n_done < 2 || view.publication() == 2, "taken while shut");
                }
                Err(inactive) => {
                    let shut_before = inactive.facts().epoch == 0 && n_done == 0;
                    let shut_between = inactive.facts().epoch == 2 && n_done < 3;
                    assert!(shut_before || shut_between, "{inactive} after {n_done} steps");
                }
            }
        });
        push_up_to(&mut segment, 10);
        let _ = board.publish(at(10));
        steps.done(1);
        let _ = board.shut(Some(at(10)), Reason::Closed);
        steps.done(2);
        push_up_to(&mut segment, 30);
        let _ = board.publish(at(20));
        steps.done(3);
        thread.join().unwrap();
    });
}

#[test]
fn a_reader_that_is_overtaken_by_more_than_the_slots_begins_again() {
    explore(|| {
        let (mut board, mut segment) = board_of_one(5);
        push_up_to(&mut segment, 50);
        let _ = board.publish(at(10));
        let mut reader = board.outside_reader();
        let thread = loom::thread::spawn(move || {
            let first = reader.view().unwrap().publication();
            let view = reader.view().unwrap();
            check_rows(&view);
            assert!(view.publication() >= first, "publications went back");
        });
        for publication in 2..=5 {
            let _ = board.publish(at(10 * publication));
        }
        thread.join().unwrap();
    });
}

#[test]
fn two_readers_each_meet_whole_publications() {
    explore(|| {
        let (mut board, mut segment) = board_of_one(3);
        push_up_to(&mut segment, 30);
        let readers: Vec<_> = (0..2)
            .map(|_| {
                let mut reader = board.outside_reader();
                loom::thread::spawn(move || {
                    if let Ok(view) = reader.view() {
                        check_rows(&view);
                    }
                })
            })
            .collect();
        let _ = board.publish(at(10));
        let _ = board.shut(Some(at(10)), Reason::Closed);
        let _ = board.publish(at(20));
        readers.into_iter().for_each(|reader| reader.join().unwrap());
    });
}

/// A member of day `number` with one bar over the first ten nanoseconds of that day.
fn one_bar_member(symbol: &str, idx: u32, number: i32) -> Arc<Member> {
    let since = 1000 * i64::from(number);
    let mut segment = SegmentWriter::new(base_shape(), day(number, since, 1), 1);
    push(&mut segment, since, since + 10, f64::from(idx));
    member(symbol, idx, 1, vec![base_series(segment.segment())])
}

/// The session's number and the members, as a view has them.
fn members_of(view: &View<'_>) -> (i32, String) {
    let names: Vec<&str> = view.symbols().map(Symbol::as_str).collect();
    (view.session().unwrap().date.as_days() - 20_000, names.join(" "))
}

#[test]
fn a_view_has_the_members_of_its_publication_when_symbols_join_and_leave_and_days_change() {
    explore(|| {
        let (first, second) = (session(&day(0, 0, 1)), session(&day(1, 1000, 1)));
        let a = one_bar_member("A", 0, 0);
        let mut board = BoardWriter::new();
        board.change_members(Some(first.clone()), vec![Arc::clone(&a)], Vec::new());
        let _ = board.publish(at(10));
        let mut reader = board.outside_reader();
        let thread = loom::thread::spawn(move || {
            let mut held = Vec::new();
            for _ in 0..2 {
                if let Ok(view) = reader.view() {
                    held.push((view.publication(), members_of(&view), view.hold()));
                }
            }
            for (publication, members, held) in held {
                let expected = match publication {
                    1 => (0, "A".to_owned()),
                    2 => (0, "A B".to_owned()),
                    3 => (0, "B".to_owned()),
                    _ => (1, "C".to_owned()),
                };
                assert_eq!(members, expected, "publication {publication}");
                assert_eq!(members_of(&held.view()), expected, "held");
                for symbol in held.view().symbols() {
                    let series = held.view().symbol(symbol.as_str()).unwrap();
                    assert_eq!(series.base().unwrap().today().len(), 1);
                }
            }
        });
        let b = one_bar_member("B", 1, 0);
        board.change_members(Some(first.clone()), vec![a, Arc::clone(&b)], Vec::new());
        let _ = board.publish(at(20));
        board.change_members(Some(first), vec![b], Vec::new());
        let _ = board.publish(at(30));
        let _ = board.shut(Some(at(30)), Reason::Closed);
        let c = one_bar_member("C", 2, 1);
        board.change_members(Some(second), vec![c], Vec::new());
        let _ = board.publish(at(1040));
        thread.join().unwrap();
    });
}

#[test]
fn a_withheld_symbol_comes_back_with_the_publication_that_gives_it_back() {
    explore(|| {
        let facts = session(&day(0, 0, 1));
        let a = one_bar_member("A", 0, 0);
        let holder = LaggingSymbol::behind(a.symbol.clone(), None);
        let mut board = BoardWriter::new();
        board.change_members(Some(facts.clone()), vec![Arc::clone(&a)], vec![holder]);
        let _ = board.publish(at(10));
        let mut reader = board.outside_reader();
        let thread = loom::thread::spawn(move || {
            let view = reader.view().unwrap();
            assert_eq!(view.symbol("A").is_ok(), view.publication() > 1);
            assert_eq!(view.withheld().is_empty(), view.publication() > 1);
        });
        board.change_members(Some(facts), vec![a], Vec::new());
        let _ = board.publish(at(20));
        let _ = board.publish(at(30));
        thread.join().unwrap();
    });
}

/// The epoch, the instant and the name of the reason.
fn why(inactive: &Inactive) -> (u64, Option<i64>, &'static str) {
    let facts = inactive.facts();
    (facts.epoch, facts.since.map(|since| since.as_nanos()), facts.reason.name())
}

/// The epoch of the answer, whichever it is.
fn check_why(reader: &mut OutsideReader) -> u64 {
    match reader.view() {
        Ok(view) => {
            assert_eq!(view.instant(), at(10 * view.publication() as i64));
            view.epoch()
        }
        Err(inactive) => {
            let known = [
                (0, None, "not_open"),
                (2, Some(10), "catching_up"),
                (2, Some(10), "failed"),
                (4, Some(20), "closed"),
            ];
            assert!(known.contains(&why(&inactive)), "{inactive}");
            inactive.facts().epoch
        }
    }
}

#[test]
fn inactive_carries_the_reason_of_its_epoch() {
    explore(|| {
        let mut board = BoardWriter::new();
        let mut reader = board.outside_reader();
        let thread = loom::thread::spawn(move || {
            let first = check_why(&mut reader);
            assert!(check_why(&mut reader) >= first, "a reason from ahead of its epoch");
        });
        let _ = board.publish(at(10));
        let _ = board.shut(Some(at(10)), Reason::CatchingUp { holders: Vec::new() });
        let _ = board.shut(Some(at(15)), Reason::Failed);
        let _ = board.publish(at(20));
        let _ = board.shut(Some(at(20)), Reason::Closed);
        thread.join().unwrap();
    });
}

/// A live board with its first bar published as of 10, to be read until `clock` shows 100.
fn live_board(clock: CoarseClock) -> (BoardWriter, SegmentWriter) {
    let mut board = BoardWriter::live(clock);
    let mut segment = lay_one(&mut board, 2);
    push_up_to(&mut segment, 20);
    let _ = board.publish(at(10));
    board.hold_until(at(100));
    (board, segment)
}

/// When a stalled core was heard, and when it was due.
fn stall_of(inactive: &Inactive) -> Option<(i64, i64)> {
    match inactive.facts().reason {
        Reason::Stalled { heard_at, due_by: Some(due_by) } => {
            assert_eq!(inactive.facts().since, Some(due_by));
            Some((heard_at.as_nanos(), due_by.as_nanos()))
        }
        _ => None,
    }
}

#[test]
fn no_renewal_of_a_deadline_is_lost_and_none_reaches_a_reader_before_its_time() {
    explore(|| {
        let (mut ticker, clock) = CoarseTicker::new(at(120));
        let (mut board, _segment) = live_board(clock.clone()); // Its deadline is past already.
        let mut reader = board.outside_reader();
        let steps = Steps::new();
        let seen = steps.clone();
        let ticking = loom::thread::spawn(move || {
            ticker.tick(at(200)); // Past the renewal.
            ticker
        });
        let reading = loom::thread::spawn(move || {
            let (shown, n_done) = (clock.now().as_nanos(), seen.n_done());
            match reader.view() {
                Ok(view) => {
                    check_rows(&view);
                    assert!(shown < 150, "150 was past at {shown}");
                }
                Err(inactive) => {
                    let (heard, due) = stall_of(&inactive).expect("nobody shuts the gate");
                    assert!(due >= [100, 150][n_done], "renewed before: {due}");
                    let now = clock.now().as_nanos();
                    assert!(now >= due && now >= heard, "{now} before {due}, {heard}");
                }
            }
        });
        board.hold_until(at(150)); // A look that finds nothing new.
        steps.done(1);
        reading.join().unwrap();
        drop(ticking.join().unwrap());
    });
}

#[test]
fn no_view_is_taken_past_the_deadline_of_its_publication() {
    explore(|| {
        let (mut ticker, clock) = CoarseTicker::new(at(80));
        let (mut board, _segment) = live_board(clock.clone());
        let mut reader = board.outside_reader();
        let steps = Steps::new();
        let seen = steps.clone();
        let ticking = loom::thread::spawn(move || {
            ticker.tick(at(200)); // Past the first publication, not the second.
            ticker
        });
        let reading = loom::thread::spawn(move || {
            let (shown, n_done) = (clock.now().as_nanos(), seen.n_done());
            match reader.view() {
                Ok(view) => {
                    check_rows(&view);
                    let due = if view.publication() == 1 { 100 } else { 250 };
                    assert!(shown < due, "{due} was past at {shown}");
                    assert!(view.publication() == 2 || n_done < 1);
                }
                Err(inactive) => {
                    assert!(n_done < 1, "{inactive}");
                    if let Some((_, due)) = stall_of(&inactive) {
                        assert!([1, 3].contains(&inactive.facts().epoch), "{inactive}");
                        assert!(clock.now().as_nanos() >= due, "not past: {due}");
                    }
                }
            }
        });
        let _ = board.shut(Some(at(10)), Reason::Closed);
        let _ = board.publish(at(20));
        board.hold_until(at(250));
        steps.done(1);
        reading.join().unwrap();
        drop(ticking.join().unwrap());
    });
}

#[test]
fn a_core_that_comes_back_after_a_silence_makes_nothing_readable_that_was_there_before() {
    explore(|| {
        let (mut ticker, clock) = CoarseTicker::new(at(0));
        let (mut board, _segment) = live_board(clock);
        let mut met = board.outside_reader();
        assert!(met.view().is_ok());
        ticker.tick(at(150)); // It is missed.
        let mut newcomer = board.outside_reader();
        let reading = loom::thread::spawn(move || {
            for reader in [&mut met, &mut newcomer] {
                match reader.view() {
                    Ok(view) => assert_eq!(view.publication(), 2),
                    Err(inactive) => assert_eq!(stall_of(&inactive).map(|(_, due)| due), Some(100)),
                }
            }
        });
        let _ = board.publish(at(20));
        board.hold_until(at(200));
        reading.join().unwrap();
    });
}

#[test]
fn a_core_that_is_heard_in_time_is_never_taken_for_stalled() {
    explore(|| {
        let (mut ticker, clock) = CoarseTicker::new(at(0));
        let (mut board, _segment) = live_board(clock.clone());
        let mut reader = board.outside_reader();
        let symbol = Symbol::new("A").unwrap();
        let mut minutes = board.outside_reader().series_reader(&symbol, BASE);
        let reading = loom::thread::spawn(move || {
            check_rows(&reader.view().unwrap());
            assert!(minutes.latest().unwrap().is_some());
        });
        board.hold_until(at(200));
        ticker.tick(at(150)); // After the renewal that it does not reach.
        let _ = board.publish(at(20));
        board.hold_until(at(300));
        reading.join().unwrap();
    });
}

#[test]
fn when_the_ticker_has_gone_no_view_is_taken_by_who_knows_it() {
    explore(|| {
        let (ticker, clock) = CoarseTicker::new(at(0));
        let (mut board, _segment) = live_board(clock.clone());
        let mut reader = board.outside_reader();
        let ticking = loom::thread::spawn(move || drop(ticker));
        let reading = loom::thread::spawn(move || {
            let is_known = clock.is_abandoned();
            match reader.view() {
                Ok(_) => assert!(!is_known),
                Err(inactive) => {
                    assert_eq!(inactive.facts().reason.name(), "stalled");
                    assert!(clock.is_abandoned());
                }
            }
        });
        let _ = board.publish(at(20));
        board.hold_until(at(200));
        ticking.join().unwrap();
        reading.join().unwrap();
    });
}

#[test]
fn an_insider_sees_no_bar_past_the_clock_that_it_reads() {
    explore(|| {
        let (mut board, mut segment) = board_of_one(3);
        let insider = board.inside_reader();
        let thread = loom::thread::spawn(move || {
            let mut last = None;
            for _ in 0..2 {
                let view = insider.view();
                assert!(Some(view.clock()) >= last, "the clock went back");
                last = Some(view.clock());
                let series = view.symbol("A").unwrap().series(BarInterval::from_mins(1).unwrap());
                let n_due = view.clock().as_nanos().max(0) / 10;
                assert_eq!(series.unwrap().today().len() as i64, n_due);
            }
        });
        push_up_to(&mut segment, 20);
        board.advance_inside(at(10));
        board.advance_inside(at(20));
        push_up_to(&mut segment, 30);
        board.advance_inside(at(30));
        thread.join().unwrap();
    });
}
