//! Stories of readers: who is there, what a view that is held shows, and what "nothing" says.

use std::sync::Arc;

use openbell_market::{Symbol, SymbolIdx};
use openbell_session_data::{
    BoardWriter, DeliveredThrough, InactiveFacts, LaggingSymbol, Member, Reason, SegmentWriter,
    SeriesReader, SessionFacts, SymbolView, Unavailable,
};
use openbell_time::Nanos;

use crate::sample::{BASE, at, base_series, base_shape, day, member, push, session};

/// A segment of day 0 with bars that close at 10, 20 … `10 n_rows`, worth 1, 2 ….
fn segment(n_rows: i64) -> SegmentWriter {
    let mut writer = SegmentWriter::new(base_shape(), day(0, 0, 10), 10);
    for row in 0..n_rows {
        push(&mut writer, 10 * row, 10 * row + 10, (row + 1) as f64);
    }
    writer
}

fn today() -> Option<SessionFacts> {
    Some(session(&day(0, 0, 10)))
}

/// The member `symbol` with `n_rows` bars of day 0.
fn with_bars(symbol: &str, idx: u32, generation: u32, n_rows: i64) -> Arc<Member> {
    member(symbol, idx, generation, vec![base_series(segment(n_rows).segment())])
}

fn closes(symbol: &SymbolView<'_>) -> Vec<f64> {
    symbol.series(BASE).unwrap().today().close().to_vec()
}

#[test]
fn a_handle_of_a_removed_symbol_says_so_and_an_old_one_names_both_generations() {
    let mut board = BoardWriter::new();
    let mut reader = board.outside_reader();
    let (a, b) = (with_bars("A", 0, 1, 1), with_bars("B", 1, 1, 1));
    board.change_members(today(), vec![Arc::clone(&a), b], Vec::new());
    let _ = board.publish(at(10));
    let view = reader.view().unwrap();
    let handle = view.symbol("B").unwrap().handle();
    assert_eq!(view.by_handle(handle).unwrap().symbol().as_str(), "B");

    board.change_members(today(), vec![Arc::clone(&a)], Vec::new());
    let _ = board.publish(at(10));
    let view = reader.view().unwrap();
    assert_eq!(view.by_handle(handle).err(), Some(Unavailable::Removed));
    let by_name = view.symbol("B").err().unwrap();
    assert_eq!(
        by_name.to_string(),
        "B is not a member of the session; add it, or see the members listed by the view"
    );

    board.change_members(today(), vec![a, with_bars("B", 1, 2, 2)], Vec::new());
    let _ = board.publish(at(20));
    let view = reader.view().unwrap();
    let old = view.by_handle(handle).err().unwrap();
    assert_eq!(
        old.to_string(),
        "this handle is of generation 1 of B, which is now of generation 2; look it up again by name"
    );
    assert_eq!(closes(&view.symbol("B").unwrap()), [1.0, 2.0]);
}

#[test]
fn a_withheld_symbol_is_listed_and_answers_with_its_lag_while_the_others_are_read() {
    let mut board = BoardWriter::new();
    let mut reader = board.outside_reader();
    let holder = LaggingSymbol::behind(Symbol::new("B").unwrap(), Some(Nanos::from_secs(90)));
    let members = vec![with_bars("A", 0, 1, 2), with_bars("B", 1, 1, 1)];
    board.change_members(today(), members, vec![holder.clone()]);
    let _ = board.publish(at(20));

    let view = reader.view().unwrap();
    assert_eq!(view.symbols().map(Symbol::as_str).collect::<Vec<_>>(), ["A", "B"]);
    assert_eq!(view.withheld(), std::slice::from_ref(&holder));
    assert_eq!(closes(&view.symbol("A").unwrap()), [1.0, 2.0]);
    let Err(Unavailable::Withheld { symbol, inactive }) = view.symbol("B") else {
        panic!("B is withheld")
    };
    assert_eq!(symbol.as_str(), "B");
    assert_eq!(inactive.facts().reason, Reason::CatchingUp { holders: vec![holder] });
    let inside = board.inside_reader();
    board.advance_inside(at(20));
    assert_eq!(
        closes(&inside.view().symbol("B").unwrap()),
        [1.0],
        "insiders are not withheld from"
    );
}

#[test]
fn inside_a_member_that_catches_up_is_seen_as_far_as_the_core_has_come() {
    let mut board = BoardWriter::new();
    let inside = board.inside_reader();
    let through = DeliveredThrough::before_everything();
    let late = Arc::new(Member::new(
        Symbol::new("LATE").unwrap(),
        SymbolIdx::new(1),
        1,
        vec![base_series(segment(5).segment())],
        Arc::from([]),
        Arc::clone(&through),
    ));
    board.change_members(today(), vec![with_bars("A", 0, 1, 5), late], Vec::new());
    board.advance_inside(at(40));

    let view = inside.view();
    assert_eq!(closes(&view.symbol("A").unwrap()), [1.0, 2.0, 3.0, 4.0]);
    assert!(closes(&view.symbol("LATE").unwrap()).is_empty());
    through.advance_to(at(20));
    assert_eq!(closes(&inside.view().symbol("LATE").unwrap()), [1.0, 2.0]);
    through.reach_the_clock();
    assert_eq!(closes(&inside.view().symbol("LATE").unwrap()), [1.0, 2.0, 3.0, 4.0]);
}

#[test]
fn insiders_read_with_the_gate_shut_and_outsiders_see_members_with_a_publication_only() {
    let mut board = BoardWriter::new();
    let (mut outside, inside) = (board.outside_reader(), board.inside_reader());
    board.change_members(today(), vec![with_bars("A", 0, 1, 3)], Vec::new());
    board.advance_inside(at(30));
    assert_eq!(closes(&inside.view().symbol("A").unwrap()), [1.0, 2.0, 3.0]);
    assert!(outside.view().is_err());

    let _ = board.publish(at(20));
    assert_eq!(closes(&outside.view().unwrap().symbol("A").unwrap()), [1.0, 2.0]);
    board.change_members(today(), vec![with_bars("B", 1, 1, 3)], Vec::new());
    assert!(outside.view().unwrap().symbol("A").is_ok(), "removed with the next publication");
    let _ = board.publish(at(30));
    assert!(outside.view().unwrap().symbol("A").is_err());
}

#[test]
fn a_held_view_keeps_its_day_its_members_and_its_rows() {
    let mut board = BoardWriter::new();
    let mut reader = board.outside_reader();
    let mut writer = segment(1);
    let members = vec![member("A", 0, 1, vec![base_series(writer.segment())])];
    board.change_members(today(), members, Vec::new());
    let _ = board.publish(at(10));
    let held = reader.view().unwrap().hold();

    push(&mut writer, 10, 20, 2.0);
    let _ = board.publish(at(20));
    let _ = board.shut(Some(at(20)), Reason::Closed);
    // A correction is a new segment, here with another first bar.
    let mut corrected = SegmentWriter::new(base_shape(), day(0, 0, 10), 10);
    push(&mut corrected, 0, 10, 9.0);
    let members = vec![member("A", 0, 1, vec![base_series(corrected.segment())])];
    board.change_members(today(), members, Vec::new());
    let _ = board.publish(at(30));
    let _ = board.publish(at(40));
    assert_eq!(closes(&reader.view().unwrap().symbol("A").unwrap()), [9.0]);

    let view = held.view();
    assert_eq!((view.instant(), view.epoch(), view.publication()), (at(10), 1, 1));
    assert_eq!(closes(&view.symbol("A").unwrap()), [1.0]);
    let writer = match writer.into_memory() {
        Ok(_) => panic!("recycled under a held view"),
        Err(writer) => writer,
    };
    drop(held);
    let memory = writer.into_memory().ok().expect("nobody holds it any more");
    let writer = SegmentWriter::renewed(Some(memory), base_shape(), day(1, 1_000, 10), 10);
    assert!(writer.rows().is_empty());
}

#[test]
fn the_memory_of_a_removed_symbol_returns_after_the_next_publication_and_view() {
    let mut board = BoardWriter::new();
    let mut reader = board.outside_reader();
    let gone = with_bars("GONE", 0, 1, 1);
    let watched = Arc::downgrade(&gone);
    board.change_members(today(), vec![gone], Vec::new());
    let _ = board.publish(at(10));
    assert!(reader.view().unwrap().symbol("GONE").is_ok());

    board.change_members(today(), Vec::new(), Vec::new());
    let _ = board.publish(at(20));
    assert!(reader.view().unwrap().symbol("GONE").is_err());
    let _ = board.publish(at(30));
    assert_eq!(watched.strong_count(), 0);
}

#[test]
fn a_reader_that_finds_the_gate_shut_lets_go_of_the_day_it_read() {
    let mut board = BoardWriter::new();
    let mut reader = board.outside_reader();
    let yesterday = with_bars("A", 0, 1, 1);
    let watched = Arc::downgrade(&yesterday);
    board.change_members(today(), vec![yesterday], Vec::new());
    let _ = board.publish(at(10));
    assert!(reader.view().is_ok());
    let _ = board.shut(Some(at(10)), Reason::Closed);
    assert!(reader.view().is_err());

    board.change_members(Some(session(&day(1, 1_000, 10))), Vec::new(), Vec::new());
    let _ = board.publish(at(1_010));
    let _ = board.publish(at(1_020));
    assert_eq!(watched.strong_count(), 0, "an idle reader kept the old day");
}

#[test]
fn no_bar_yet_and_no_quality_are_absent_and_not_inactive() {
    let mut board = BoardWriter::new();
    let mut reader = board.outside_reader();
    let members = || vec![with_bars("A", 0, 1, 5)];
    board.change_members(today(), members(), Vec::new());
    let _ = board.publish(at(0));
    let view = reader.view().unwrap();
    let symbol = view.symbol("A").unwrap();
    let series = symbol.base().unwrap();
    assert_eq!(series.latest(), None);
    assert_eq!(series.quality(), None, "nothing is expected yet");
    assert_eq!(symbol.metrics(), None);
    assert!(series.gaps().is_empty());

    let without_quality = SessionFacts { keeps_quality: false, ..today().unwrap() };
    board.change_members(Some(without_quality), members(), Vec::new());
    let _ = board.publish(at(80));
    let view = reader.view().unwrap();
    let series = view.symbol("A").unwrap().base().unwrap();
    assert_eq!((series.quality(), series.gaps().len()), (None, 0), "absent, not 100");
    assert!(series.latest().is_some());
}

#[test]
fn inactive_says_since_when_the_epoch_and_who_holds_the_gate() {
    let mut board = BoardWriter::new();
    let mut reader = board.outside_reader();
    let said = |board: &BoardWriter, reader: &mut openbell_session_data::OutsideReader| {
        let inactive = reader.view().err().unwrap();
        assert_eq!(board.inactive(), Some(inactive.clone()));
        inactive.to_string()
    };
    assert_eq!(said(&board, &mut reader), "inactive (epoch 0): the session is not open yet");

    let _ = board.publish(at(10));
    assert_eq!(board.inactive(), None);
    let holder = |symbol: &str, lag| LaggingSymbol::behind(Symbol::new(symbol).unwrap(), lag);
    let holders = vec![holder("A", Some(Nanos::from_secs(90))), holder("B", None)];
    let since = "2025-07-03T13:30:00Z".parse().unwrap();
    let _ = board.shut(Some(since), Reason::CatchingUp { holders });
    assert_eq!(
        said(&board, &mut reader),
        "inactive since 2025-07-03T13:30:00Z (epoch 2): \
         catching up: A lags 90s, B is not complete yet"
    );

    // Shut already: another reason, the same epoch and the same instant.
    let _ = board.shut(Some(at(50)), Reason::Failed);
    let facts = reader.view().err().unwrap().facts().clone();
    assert_eq!(facts, InactiveFacts { since: Some(since), epoch: 2, reason: Reason::Failed });
    let _ = board.publish(at(60));
    let _ = board.shut(Some(at(60)), Reason::Closed);
    let said = said(&board, &mut reader);
    assert!(said.ends_with("(epoch 4): the session is closed"), "{said}");
}

/// The close of the latest bar, or why there is none.
fn latest(minutes: &mut SeriesReader) -> Result<Option<f64>, String> {
    match minutes.latest() {
        Ok(bar) => Ok(bar.map(|bar| bar.ohlcv.close)),
        Err(error) => Err(error.to_string()),
    }
}

#[test]
fn a_series_reader_made_before_the_open_reads_what_is_there_at_each_read() {
    let mut board = BoardWriter::new();
    let reader = board.outside_reader();
    let mut minutes = reader.series_reader(&Symbol::new("B").unwrap(), BASE);
    let mut hours = reader.series_reader(&Symbol::new("B").unwrap(), "1h".parse().unwrap());
    assert!(latest(&mut minutes).unwrap_err().contains("not open"));

    let a = with_bars("A", 0, 1, 5);
    board.change_members(today(), vec![Arc::clone(&a)], Vec::new());
    let _ = board.publish(at(10));
    assert!(latest(&mut minutes).unwrap_err().contains("not a member"));

    // It joins with bars of which the first closes at 10 and the second at 20.
    board.change_members(today(), vec![Arc::clone(&a), with_bars("B", 1, 1, 5)], Vec::new());
    let _ = board.publish(at(5));
    assert_eq!(latest(&mut minutes), Ok(None), "no bar yet is not the same as inactive");
    for (instant, close) in [(10, 1.0), (20, 2.0), (50, 5.0), (60, 5.0)] {
        let _ = board.publish(at(instant));
        assert_eq!(latest(&mut minutes), Ok(Some(close)));
        assert_eq!(minutes.series().unwrap().today().len(), close as usize);
    }
    let no_series = latest(&mut hours).unwrap_err();
    assert!(no_series.starts_with("B has no series of 1h"), "{no_series}");

    let _ = board.shut(Some(at(60)), Reason::Closed);
    assert!(latest(&mut minutes).unwrap_err().contains("closed"));
    // Removed and added again it is read anew, as a reader by name does.
    board.change_members(today(), vec![a, with_bars("B", 1, 2, 3)], Vec::new());
    let _ = board.publish(at(60));
    assert_eq!(latest(&mut minutes), Ok(Some(3.0)));
}

#[test]
fn a_series_reader_of_a_withheld_symbol_says_so_until_it_is_given_back() {
    let mut board = BoardWriter::new();
    let mut minutes = board.outside_reader().series_reader(&Symbol::new("B").unwrap(), BASE);
    let holder = LaggingSymbol::behind(Symbol::new("B").unwrap(), Some(Nanos::from_secs(90)));
    let b = with_bars("B", 1, 1, 1);
    board.change_members(today(), vec![Arc::clone(&b)], vec![holder]);
    let _ = board.publish(at(20));
    assert!(latest(&mut minutes).unwrap_err().contains("B lags 90s"));
    assert!(latest(&mut minutes).unwrap_err().contains("B lags 90s"));
    board.change_members(today(), vec![b], Vec::new());
    let _ = board.publish(at(30));
    assert_eq!(latest(&mut minutes), Ok(Some(1.0)));
}

#[test]
fn a_series_reader_lets_go_of_a_day_when_it_finds_the_gate_shut() {
    let mut board = BoardWriter::new();
    let mut minutes = board.outside_reader().series_reader(&Symbol::new("A").unwrap(), BASE);
    let writer = segment(2);
    board.change_members(
        today(),
        vec![member("A", 0, 1, vec![base_series(writer.segment())])],
        Vec::new(),
    );
    let _ = board.publish(at(20));
    assert_eq!(latest(&mut minutes), Ok(Some(2.0)));
    let _ = board.shut(Some(at(20)), Reason::Closed);
    assert!(latest(&mut minutes).is_err());
    board.change_members(None, Vec::new(), Vec::new());
    let _ = board.publish(at(30));
    let _ = board.publish(at(40));
    assert!(!writer.is_shared(), "the reader keeps the memory of a day that is over");
}
