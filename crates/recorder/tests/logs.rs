//! The event log beside the inputs: in the folder of its session, compared and completed when the run
//! is repeated, and never longer than the recording.

use std::io::Read;
use std::path::PathBuf;

use openbell_recorder::{
    Direction, Durability, Keeper, RecorderError, RecordingWriter, RestartFrom, RunLog, RunSession,
    last_run,
};

use openbell_time::Timestamp;

use super::support::{Place, date, plain};

const FIRST: &str = r#"{"event":"run"}"#;

fn line(number: u64) -> String {
    format!(r#"{{"event":"n{number}"}}"#)
}

fn text(first: &str, numbers: std::ops::Range<u64>) -> String {
    let lines = numbers.map(line);
    [first.to_owned()].into_iter().chain(lines).map(|line| line + "\n").collect()
}

fn log_of(place: &Place, day: u32) -> PathBuf {
    place.folder(day).join("events.jsonl")
}

fn read(place: &Place, day: u32) -> String {
    std::fs::read_to_string(log_of(place, day)).unwrap()
}

/// Nine looks over three sessions: the run had 0 events before the 24th, 1 before the 25th and 2
/// before the 27th. Killed when it had logged 6.
fn recorded(place: &Place) {
    let (mut writer, _keeper) = place.begin();
    let mut log = writer.log(&[], FIRST.to_owned());
    let mut n_logged = 0;
    for number in 1..=9 {
        let mut look = plain(number, 2);
        look.session = date(if number > 7 {
            27
        } else if number > 4 {
            25
        } else {
            24
        });
        while n_logged < look.n_events {
            log.event(n_logged, &line(n_logged)).unwrap();
            n_logged += 1;
        }
        look.hand_to(&mut writer).unwrap();
    }
    (n_logged..6).for_each(|n| log.event(n, &line(n)).unwrap());
}

/// The run is gone on with.
fn again(place: &Place) -> (RecordingWriter, Keeper, RunLog, Vec<RunSession>) {
    let run =
        last_run(place.root.path(), "coins", RestartFrom::FirstSession).unwrap().expect("a run");
    let setup = place.setup(Durability::Normal, None);
    let (writer, keeper) = RecordingWriter::go_on(setup, run.last_session().unwrap()).unwrap();
    let log = writer.log(run.sessions(), FIRST.to_owned());
    (writer, keeper, log, run.sessions().to_vec())
}

#[test]
fn an_event_is_logged_in_the_folder_of_its_session() {
    let place = Place::new();
    recorded(&place);
    assert_eq!(read(&place, 24), text(FIRST, 0..1));
    assert_eq!(read(&place, 25), text(FIRST, 1..2));
    assert_eq!(read(&place, 27), text(FIRST, 2..6));
    let (_writer, _keeper, _log, sessions) = again(&place);
    let first: Vec<_> = sessions.iter().map(|session| session.first_event).collect();
    assert_eq!(first, [Some(0), Some(1), Some(2)]);
}

#[test]
fn a_run_that_is_repeated_and_goes_on_leaves_the_log_of_one_that_never_stopped() {
    let place = Place::new();
    recorded(&place);
    // Killed in the middle of a line, in the log of each session.
    for (day, n_left) in [(24, 20), (25, 5), (27, 40)] {
        let left = read(&place, day)[..n_left].to_owned();
        std::fs::write(log_of(&place, day), left).unwrap();
    }
    let (mut writer, mut keeper, mut log, _) = again(&place);
    (0..6).for_each(|n| log.event(n, &line(n)).unwrap());
    assert_eq!(log.go_on().unwrap(), []);
    let mut look = plain(10, 2);
    (look.session, look.n_events) = (date(28), 7);
    log.event(6, &line(6)).unwrap();
    look.hand_to(&mut writer).unwrap();
    log.event(7, &line(7)).unwrap();
    keeper.sync().unwrap();
    log.end(r#"{"event":"end"}"#).unwrap();
    assert_eq!(read(&place, 24), text(FIRST, 0..1));
    assert_eq!(read(&place, 25), text(FIRST, 1..2));
    assert_eq!(read(&place, 27), text(FIRST, 2..7));
    assert_eq!(read(&place, 28), text(FIRST, 7..8) + "{\"event\":\"end\"}\n");
}

/// Two processes go on: what each says of itself stays where it was said, is never held against an event,
/// and is no tail of a log that is longer than its recording.
#[test]
fn what_a_process_says_of_itself_stays_and_is_passed_over_when_the_run_is_repeated() {
    let is_note = |line: &str| line.contains("resumed");
    let (place, note) = (Place::new(), |n: u32| format!(r#"{{"event":"resumed","n":{n}}}"#));
    recorded(&place);
    for n in 1..=3 {
        let (_writer, _keeper, log, _) = again(&place);
        let mut log = log.with_notes(is_note);
        (0..6).for_each(|n| log.event(n, &line(n)).unwrap());
        assert_eq!(log.go_on().unwrap(), []);
        log.note(&note(n)).unwrap();
    }
    let notes = [1, 2, 3].map(|n| note(n) + "\n").concat();
    assert_eq!(read(&place, 27), text(FIRST, 2..6) + &notes);
    // Events behind them are found again, and another one is still refused.
    let (writer, keeper, log, _) = again(&place);
    let mut log = log.with_notes(is_note);
    (0..7).for_each(|n| log.event(n, &line(n)).unwrap());
    assert_eq!(read(&place, 27), text(FIRST, 2..6) + &notes + &line(6) + "\n");
    drop((writer, keeper, log)); // Else the recording is locked.
    let (_writer, _keeper, log, _) = again(&place);
    let mut log = log.with_notes(is_note);
    (0..6).for_each(|n| log.event(n, &line(n)).unwrap());
    let error = log.event(6, &line(66)).expect_err("another one");
    assert!(matches!(error, RecorderError::LogDiffers { event: 7, .. }), "{error}");
}

#[test]
fn another_event_than_the_logged_one_is_refused_with_both_and_nothing_is_changed() {
    let place = Place::new();
    recorded(&place);
    let before = read(&place, 27);
    let (_writer, _keeper, mut log, _) = again(&place);
    (0..3).for_each(|n| log.event(n, &line(n)).unwrap());
    let error = log.event(3, &line(33)).expect_err("another one");
    let RecorderError::LogDiffers { event, logged, now, path } = &error else { panic!("{error}") };
    assert_eq!((*event, logged, now), (4, &line(3), &line(33)));
    assert_eq!(*path, log_of(&place, 27));
    let said = error.to_string();
    assert!(said.contains("at event 4\n") && said.contains(&line(33)), "{said}");
    assert_eq!(read(&place, 27), before);
}

#[test]
fn a_log_that_is_longer_than_the_recording_has_its_end_moved_aside() {
    let place = Place::new();
    recorded(&place);
    let path = log_of(&place, 27);
    let longer = read(&place, 27) + &line(60) + "\n" + &line(70) + "\n{\"ev";
    for n in 1..=2 {
        std::fs::write(&path, &longer).unwrap();
        let (_writer, _keeper, mut log, _) = again(&place);
        (0..6).for_each(|n| log.event(n, &line(n)).unwrap());
        let tails = log.go_on().unwrap().to_vec();
        assert_eq!((tails.len(), tails[0].n_lines), (1, 2));
        assert_eq!(tails[0].path, path.with_file_name(format!("events.tail-{n}.jsonl")));
        let moved = std::fs::read_to_string(&tails[0].path).unwrap();
        assert_eq!(moved, line(60) + "\n" + &line(70) + "\n{\"ev");
        log.event(6, &line(6)).unwrap();
        assert_eq!(read(&place, 27), text(FIRST, 2..7));
    }
}

#[test]
fn what_a_power_cut_has_left_behind_the_log_is_no_event() {
    let place = Place::new();
    recorded(&place);
    let path = log_of(&place, 27);
    for garbage in
        [&b"\0\0\0\0\0\0"[..], b"\0\0\n\0\0\n", b"\xff\xfe{\"event\"", b"{\"event\":\"n4"]
    {
        let mut bytes = text(FIRST, 2..4).into_bytes();
        bytes.extend_from_slice(garbage);
        std::fs::write(&path, bytes).unwrap();
        let (_writer, _keeper, mut log, _) = again(&place);
        (0..7).for_each(|n| log.event(n, &line(n)).unwrap());
        assert_eq!(read(&place, 27), text(FIRST, 2..7), "{garbage:?}");
    }
}

#[test]
fn a_run_that_was_killed_before_it_logged_anything_logs_it_when_it_is_repeated() {
    let place = Place::new();
    recorded(&place);
    [24, 25, 27].iter().for_each(|&day| std::fs::remove_file(log_of(&place, day)).unwrap());
    let (_writer, _keeper, mut log, _) = again(&place);
    (0..6).for_each(|n| log.event(n, &line(n)).unwrap());
    assert_eq!(read(&place, 25), text(FIRST, 1..2));
    assert_eq!(read(&place, 27), text(FIRST, 2..6));
}

/// The raw files of a day, each with what can be read of it now.
fn raw(place: &Place, day: u32) -> Vec<(String, String)> {
    let entries = std::fs::read_dir(place.folder(day).join("raw")).unwrap();
    let read = entries.map(|entry| {
        let entry = entry.unwrap();
        let mut bytes = Vec::new();
        let packed = std::fs::read(entry.path()).unwrap();
        // One that is not ended yet is read as far as it goes.
        let _ = flate2::read::GzDecoder::new(&packed[..]).read_to_end(&mut bytes);
        (entry.file_name().into_string().unwrap(), String::from_utf8(bytes).unwrap())
    });
    let mut read: Vec<_> = read.collect();
    read.sort();
    read
}

#[test]
fn what_went_to_the_vendor_and_came_from_it_is_kept_by_line_and_hour_beside_the_session() {
    let place = Place::new();
    let (mut writer, _keeper) = place.begin();
    let mut log = writer.raw_log();
    let at = |text: &str| text.parse::<Timestamp>().unwrap();
    let morning = at("2026-11-24T09:59:59.5Z");
    log.write("line-1", morning, Direction::Sent, "{\"method\": \"SUBSCRIBE\"}").unwrap();
    log.write("line-1", morning, Direction::Heard, "two\nlines\\").unwrap();
    log.write("requests", morning, Direction::Sent, "GET a").unwrap();
    log.flush().unwrap();
    let ns = morning.as_nanos();
    let of_line = format!("{ns}\t>\t{{\"method\": \"SUBSCRIBE\"}}\n{ns}\t<\ttwo\\nlines\\\\\n");
    let first = ("line-1-2026-11-24T09.log.gz".to_owned(), of_line);
    let requests = ("requests-2026-11-24T09.log.gz".to_owned(), format!("{ns}\t>\tGET a\n"));
    assert_eq!(raw(&place, 24), [first.clone(), requests]);
    log.write("line-1", at("2026-11-24T10:00:00Z"), Direction::Heard, "later").unwrap();
    assert_eq!(raw(&place, 24).len(), 3);
    // Another process, in the same hour: what is there stays.
    drop(log);
    let mut log = writer.raw_log();
    log.write("line-1", morning, Direction::Heard, "again").unwrap();
    let mut look = plain(1, 1);
    look.session = date(25);
    look.hand_to(&mut writer).unwrap();
    log.write("line-1", morning, Direction::Heard, "of the next session").unwrap();
    log.finish().unwrap();
    let names: Vec<_> = raw(&place, 24).into_iter().map(|(name, _)| name).collect();
    assert_eq!(names[0], "line-1-2026-11-24T09-2.log.gz");
    assert!(raw(&place, 24).contains(&first));
    assert_eq!(raw(&place, 25)[0].1, format!("{ns}\t<\tof the next session\n"));
}
