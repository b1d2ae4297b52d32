//! Readers on other threads against a million switches of the gate, and against days that change
//! under the views they hold.
#![expect(clippy::disallowed_methods, reason = "readers on threads of their own are the subject")]

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;

use openbell_market::Symbol;
use openbell_session_data::{
    BoardWriter, HeldView, OutsideReader, Reason, SegmentWriter, SeriesReader, SessionFacts, View,
};
use openbell_time::Timestamp;

use crate::sample::{BASE, STEP_NS, at, base_series, base_shape, day, member, push, session};

/// Openings in the long run; each is followed by a shutting, so it switches twice as often. Few
/// under miri, which watches every access and is slow.
const N_OPENINGS: u64 = if cfg!(miri) { 300 } else { 500_000 };
/// Rows of one day.
const N_SLOTS: u64 = 50;

/// The instant of the publication that shows `n_rows` rows of a day that opens at `since`.
fn instant_of(since: i64, n_rows: u64) -> Timestamp {
    at(since + n_rows as i64 * STEP_NS)
}

/// That everything in `view` belongs to its one publication. In this run publication `p` opens
/// epoch `2 p - 1`, on day `(p - 1) / N_SLOTS`, and shows the day's first `(p - 1) % N_SLOTS + 1`
/// bars, each worth the number of the publication it came with.
fn check_whole(view: &View<'_>) {
    let publication = view.publication();
    let (number, n_rows) = ((publication - 1) / N_SLOTS, (publication - 1) % N_SLOTS + 1);
    assert_eq!(view.epoch(), 2 * publication - 1);
    assert_eq!(view.session().unwrap().date.as_days() as u64, 20_000 + number);
    assert_eq!(view.instant(), instant_of(since_of(number), n_rows));
    let series = view.symbol("A").unwrap().series(BASE).unwrap();
    let rows = series.today();
    assert_eq!(rows.len() as u64, n_rows);
    assert_eq!(rows.close()[0], (number * N_SLOTS + 1) as f64);
    let latest = series.latest().unwrap();
    assert_eq!(latest.ohlcv.close, publication as f64);
    assert_eq!(latest.closes_at, view.instant());
}

/// Where day `number` opens.
fn since_of(number: u64) -> i64 {
    number as i64 * 10_000
}

/// What the writer says beside the board, so that a reader can tell that it was shut throughout.
#[derive(Default)]
struct Shared {
    /// The last publication that was shut, stored after the gate was.
    shut_after: AtomicU64,
    /// The publication about to open the gate, stored before it does.
    opening: AtomicU64,
    is_over: AtomicBool,
    /// How often the readers have looked, so that the writer does not run away from them.
    n_looks: AtomicU64,
}

/// What one reader has met.
#[derive(Default)]
struct Met {
    n_views: u64,
    n_inactive: u64,
    held: Vec<HeldView>,
}

/// That the latest bar, if there is one to be had, is no older than publication `at_least`. Each
/// bar is worth the number of the publication it came with.
fn check_latest(minutes: &mut SeriesReader, at_least: u64, shared: &Shared) {
    if let Ok(bar) = minutes.latest() {
        let publication = bar.expect("each publication brings a bar").ohlcv.close as u64;
        assert!(publication >= at_least, "an older bar than was seen before, or a shut one");
        assert!(publication <= shared.opening.load(Ordering::Acquire), "from ahead");
    }
}

fn read_until_over(mut reader: OutsideReader, shared: &Shared) -> Met {
    let mut met = Met::default();
    let mut minutes = reader.series_reader(&Symbol::new("A").unwrap(), BASE);
    let mut last = 0;
    loop {
        let is_over = shared.is_over.load(Ordering::Acquire);
        shared.n_looks.fetch_add(1, Ordering::Relaxed);
        let shut_after = shared.shut_after.load(Ordering::Acquire);
        check_latest(&mut minutes, last.max(shut_after + 1), shared);
        match reader.view() {
            Ok(view) => {
                assert!(view.publication() > shut_after, "taken after its gate was shut");
                assert!(view.publication() <= shared.opening.load(Ordering::Acquire), "from ahead");
                assert!(view.publication() >= last, "publications went back");
                last = view.publication();
                check_whole(&view);
                met.n_views += 1;
                if met.n_views % 1_000 == 1 {
                    met.held.push(view.hold());
                }
            }
            Err(inactive) => {
                let facts = inactive.facts();
                assert_eq!(facts.epoch % 2, 0, "an open gate is an odd epoch");
                assert!(facts.epoch >= 2 * shut_after);
                let n_shut = facts.epoch / 2;
                let since = n_shut
                    .checked_sub(1)
                    .map(|before| instant_of(since_of(before / N_SLOTS), before % N_SLOTS + 1));
                assert_eq!(facts.since, since, "the instant of its epoch");
                met.n_inactive += 1;
            }
        }
        if met.held.len() > 20 {
            met.held.drain(..10).for_each(|held| check_whole(&held.view()));
        }
        if is_over {
            return met;
        }
    }
}

/// A writer of an empty day in used memory where a reader has let go of some, else in new.
fn next_segment(used: &mut Vec<SegmentWriter>, number: u64, n_recycled: &mut u64) -> SegmentWriter {
    let day = day(number as i32, since_of(number), N_SLOTS as i64);
    for _ in 0..used.len() {
        match used.remove(0).into_memory() {
            Ok(memory) => {
                *n_recycled += 1;
                return SegmentWriter::renewed(Some(memory), base_shape(), day, N_SLOTS as usize);
            }
            Err(still_held) => used.push(still_held),
        }
    }
    SegmentWriter::new(base_shape(), day, N_SLOTS as usize)
}

fn facts_of(number: u64) -> SessionFacts {
    session(&day(number as i32, since_of(number), N_SLOTS as i64))
}

#[test]
fn a_million_switches_show_no_reader_a_shut_gate_a_later_bar_or_a_changed_view() {
    let mut board = BoardWriter::new();
    let shared = Arc::new(Shared::default());
    let readers: Vec<_> = (0..2)
        .map(|_| {
            let (reader, shared) = (board.outside_reader(), Arc::clone(&shared));
            thread::spawn(move || read_until_over(reader, &shared))
        })
        .collect();

    let mut used: Vec<SegmentWriter> = Vec::new();
    let mut n_recycled = 0;
    let mut publication = 0;
    for number in 0..N_OPENINGS / N_SLOTS {
        let mut segment = next_segment(&mut used, number, &mut n_recycled);
        let members = vec![member("A", 0, 1, vec![base_series(segment.segment())])];
        board.change_members(Some(facts_of(number)), members, Vec::new());
        for row in 0..N_SLOTS {
            publication += 1;
            let opens = since_of(number) + row as i64 * STEP_NS;
            push(&mut segment, opens, opens + STEP_NS, publication as f64);
            shared.opening.store(publication, Ordering::Release);
            let instant = instant_of(since_of(number), row + 1);
            let _ = board.publish(instant);
            let _ = board.shut(Some(instant), Reason::CatchingUp { holders: Vec::new() });
            shared.shut_after.store(publication, Ordering::Release);
        }
        used.push(segment);
        while number % 100 == 0 && shared.n_looks.load(Ordering::Relaxed) < 20 * number {
            thread::yield_now();
        }
    }
    shared.is_over.store(true, Ordering::Release);

    assert_eq!(board.epoch(), 2 * N_OPENINGS);
    for reader in readers {
        let met = reader.join().unwrap();
        met.held.iter().for_each(|held| check_whole(&held.view()));
        println!("{} views, {} inactive; {n_recycled} recycled", met.n_views, met.n_inactive);
    }
    assert!(n_recycled > 0, "no day's memory was used again");
}

#[test]
fn publications_without_a_switch_grow_one_by_one_under_readers() {
    const N_PUBLICATIONS: i64 = if cfg!(miri) { 100 } else { 200_000 };
    let mut board = BoardWriter::new();
    let day = day(0, 0, N_PUBLICATIONS);
    let mut segment = SegmentWriter::new(base_shape(), day.clone(), N_PUBLICATIONS as usize);
    let members = vec![member("A", 0, 1, vec![base_series(segment.segment())])];
    board.change_members(Some(session(&day)), members, Vec::new());
    let readers: Vec<_> = (0..2)
        .map(|_| {
            let mut reader = board.outside_reader();
            thread::spawn(move || {
                let mut last = 0;
                while last < N_PUBLICATIONS as u64 {
                    let Ok(view) = reader.view() else { continue };
                    let rows = view.symbol("A").unwrap().series(BASE).unwrap().today();
                    assert_eq!(rows.len() as u64, view.publication());
                    assert_eq!(rows.closes_at_ns().last(), Some(&view.instant().as_nanos()));
                    assert!(view.publication() >= last);
                    last = view.publication();
                }
            })
        })
        .collect();
    for row in 0..N_PUBLICATIONS {
        // The rows of the next instants are often there before their publication.
        if row % 3 == 0 {
            for ahead in row..(row + 3).min(N_PUBLICATIONS) {
                push(&mut segment, ahead * STEP_NS, (ahead + 1) * STEP_NS, ahead as f64);
            }
        }
        let _ = board.publish(at((row + 1) * STEP_NS));
    }
    readers.into_iter().for_each(|reader| reader.join().unwrap());
}
