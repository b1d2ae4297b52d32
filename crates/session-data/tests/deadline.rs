//! Live, what is published is read only while the core is heard.

use openbell_market::Symbol;
use openbell_session_data::{BoardWriter, OutsideReader, Reason, SegmentWriter, SeriesReader};
use openbell_time::{CoarseTicker, Nanos, Timestamp};

use crate::sample::{BASE, at, base_series, base_shape, day, member, push, session};

/// A live board of the one member `A` with bars that close at 10, 20 … 50, whose clock stands at 100.
fn live_board() -> (CoarseTicker, BoardWriter) {
    let (ticker, clock) = CoarseTicker::new(at(100));
    let mut board = BoardWriter::live(clock);
    let day = day(0, 0, 5);
    let mut segment = SegmentWriter::new(base_shape(), day.clone(), 5);
    for row in 0..5 {
        push(&mut segment, 10 * row, 10 * row + 10, row as f64);
    }
    let members = vec![member("A", 0, 1, vec![base_series(segment.segment())])];
    board.change_members(Some(session(&day)), members, Vec::new());
    (ticker, board)
}

/// The instant of the view, or the name of the reason why there is none.
fn read(reader: &mut OutsideReader) -> Result<i64, &'static str> {
    match reader.view() {
        Ok(view) => Ok(view.instant().as_nanos()),
        Err(inactive) => Err(inactive.facts().reason.name()),
    }
}

/// The value of the latest bar, or what is said instead.
fn latest(minutes: &mut SeriesReader) -> Result<f64, String> {
    match minutes.latest() {
        Ok(bar) => Ok(bar.expect("a bar").ohlcv.close),
        Err(error) => Err(error.to_string()),
    }
}

#[test]
fn past_the_deadline_no_outsider_reads_until_the_core_is_heard_again() {
    let (mut ticker, mut board) = live_board();
    let mut reader = board.outside_reader();
    let mut minutes = reader.series_reader(&Symbol::new("A").unwrap(), BASE);
    let _ = board.publish(at(10));
    board.hold_until(at(105));
    assert_eq!(read(&mut reader), Ok(10));
    assert_eq!(latest(&mut minutes), Ok(0.0));
    ticker.tick(at(104));
    assert_eq!((read(&mut reader), latest(&mut minutes)), (Ok(10), Ok(0.0)));

    // Its deadline is the first instant at which it is refused.
    ticker.tick(at(105));
    assert_eq!(read(&mut reader), Err("stalled"));
    assert!(latest(&mut minutes).unwrap_err().contains("has not been heard"));
    assert!(minutes.series().is_err());
    assert_eq!(read(&mut reader.clone()), Err("stalled"));
    assert_eq!(read(&mut board.outside_reader()), Err("stalled"), "one that comes late");
    assert!(board.is_active(), "only readers find it");

    // A look that has found nothing new; then one that has.
    board.hold_until(at(115));
    assert_eq!((read(&mut reader), latest(&mut minutes)), (Ok(10), Ok(0.0)));
    ticker.tick(at(115));
    assert_eq!(read(&mut reader), Err("stalled"));
    let _ = board.publish(at(20));
    board.hold_until(at(120));
    assert_eq!((read(&mut reader), latest(&mut minutes)), (Ok(20), Ok(1.0)));
}

#[test]
fn a_stall_says_since_when_the_core_was_not_heard_and_when_it_was_due() {
    let instant = |text: &str| text.parse::<Timestamp>().unwrap();
    let (mut ticker, clock) = CoarseTicker::new(instant("2025-07-03T13:30:00Z"));
    let mut board = BoardWriter::live(clock);
    let mut reader = board.outside_reader();
    let _ = board.publish(instant("2025-07-03T13:30:00Z"));
    board.hold_until(instant("2025-07-03T13:30:05Z"));
    ticker.tick(instant("2025-07-03T13:31:00Z"));
    let stalled = reader.view().err().unwrap();
    assert_eq!(
        stalled.to_string(),
        "inactive since 2025-07-03T13:30:05Z (epoch 1): the core has not been heard since \
         2025-07-03T13:30:00Z, it was due by 2025-07-03T13:30:05Z"
    );
    assert_eq!(stalled.facts().since, Some(instant("2025-07-03T13:30:05Z")));
    assert!(stalled.facts().reason.holders().is_empty());

    // Nobody can tell how late it is without a clock, and that is said.
    drop(ticker);
    assert_eq!(
        reader.view().err().unwrap().to_string(),
        "inactive since 2025-07-03T13:30:00Z (epoch 1): the clock that the core is held against has \
         stopped; the core was last heard at 2025-07-03T13:30:00Z"
    );
}

#[test]
fn without_its_ticker_a_live_board_is_read_by_nobody_whatever_the_deadline() {
    let (ticker, mut board) = live_board();
    let mut reader = board.outside_reader();
    let _ = board.publish(at(10));
    board.hold_until(Timestamp::MAX);
    assert_eq!(read(&mut reader), Ok(10));
    drop(ticker);
    assert_eq!(read(&mut reader), Err("stalled"));
    board.hold_until(Timestamp::MAX);
    assert_eq!(read(&mut reader), Err("stalled"));
}

#[test]
fn a_live_board_that_was_given_no_deadline_is_read_by_nobody() {
    let (_ticker, mut board) = live_board();
    let mut reader = board.outside_reader();
    let _ = board.publish(at(10));
    assert_eq!(read(&mut reader), Err("stalled"));
}

#[test]
fn a_gate_that_is_shut_says_why_whether_or_not_the_core_is_late() {
    let (mut ticker, mut board) = live_board();
    let mut reader = board.outside_reader();
    assert_eq!(read(&mut reader), Err("not_open"));
    let _ = board.publish(at(10));
    board.hold_until(at(105));
    let _ = board.shut(Some(at(10)), Reason::Closed);
    ticker.tick(at(200));
    assert_eq!(read(&mut reader), Err("closed"));
}

#[test]
fn whom_the_core_calls_reads_however_long_it_takes_and_passes_the_gate_all_the_same() {
    let (mut ticker, mut board) = live_board();
    let mut called = board.called_reader();
    let _ = board.publish(at(10));
    board.hold_until(at(105));
    ticker.tick(at(200));
    assert_eq!(read(&mut called), Ok(10));
    assert_eq!(read(&mut called.clone()), Ok(10));
    let _ = board.shut(Some(at(10)), Reason::Closed);
    assert_eq!(read(&mut called), Err("closed"));
}

#[test]
fn a_wall_that_is_set_back_lengthens_no_deadline() {
    let (mut ticker, mut board) = live_board();
    let mut reader = board.outside_reader();
    let _ = board.publish(at(10));
    board.hold_until(at(105));
    ticker.tick(at(50)); // Set back by 50.
    assert_eq!(read(&mut reader), Ok(10));
    ticker.tick(at(55));
    assert_eq!(read(&mut reader), Err("stalled"));
}

#[test]
fn a_replay_holds_nothing_against_a_clock() {
    let mut board = BoardWriter::new();
    let mut reader = board.outside_reader();
    let _ = board.publish(at(10));
    board.hold_until(Timestamp::MIN);
    assert_eq!(read(&mut reader), Ok(10));
}

#[test]
fn a_held_view_stays_what_it_was_when_the_core_stalls() {
    let (mut ticker, mut board) = live_board();
    let mut reader = board.outside_reader();
    let _ = board.publish(at(20));
    board.hold_until(at(100) + Nanos::from_nanos(5));
    let held = reader.view().unwrap().hold();
    ticker.tick(at(105));
    assert_eq!(read(&mut reader), Err("stalled"));
    assert_eq!(held.view().symbol("A").unwrap().base().unwrap().today().len(), 2);
}
