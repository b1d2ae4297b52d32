//! Which run a process goes on with, that it is the one to be run, and what is moved out of its way.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use openbell_coordinator::Digest;
use openbell_recorder::{
    CommandForm, Durability, RecordedLook, RecordedRun, RecorderError, RecordingSetup,
    RecordingWriter, RestartFrom, RunNow, held, last_run, make_way, run_looks, tidy,
};
use serde_json::{Value, json};

use super::support::{Place, date, difference, plain};

/// Nine looks over the sessions of the 24th, the 25th and the 27th.
pub fn three_sessions() -> Vec<RecordedLook> {
    let mut looks: Vec<_> = (1..=9).map(|number| plain(number, 2)).collect();
    looks[4..7].iter_mut().for_each(|look| look.session = date(25));
    looks[7..].iter_mut().for_each(|look| look.session = date(27));
    looks
}

/// Records `looks` as a run that begins on the 24th, whose process ends with `why`, or is killed.
fn recorded(place: &Place, looks: &[RecordedLook], why: Option<&str>) {
    record(place.setup(Durability::Normal, None), looks, why);
}

fn record(setup: RecordingSetup, looks: &[RecordedLook], why: Option<&str>) {
    let (mut writer, keeper) = RecordingWriter::begin(setup, looks[0].session).unwrap();
    looks.iter().for_each(|look| look.hand_to(&mut writer).unwrap());
    drop(writer);
    if let Some(why) = why {
        keeper.end(looks[looks.len() - 1].wall, why, Digest(7)).unwrap();
    }
}

fn last(place: &Place) -> Result<Option<RecordedRun>, RecorderError> {
    last_run(place.root.path(), "coins", RestartFrom::FirstSession)
}

fn found(place: &Place) -> RecordedRun {
    last(place).unwrap().expect("a run")
}

fn names(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<String> = names.collect();
    names.sort();
    names
}

fn now<'n>(config: &'n Value, texts: &'n BTreeMap<String, String>) -> RunNow<'n> {
    RunNow { config, overlay: None, texts }
}

#[test]
fn where_nothing_was_recorded_there_is_no_run() {
    let place = Place::new();
    assert_eq!(last(&place).unwrap(), None);
}

#[test]
fn a_run_that_was_interrupted_is_found_with_all_its_sessions_and_looks() {
    let place = Place::new();
    let written = three_sessions();
    for why in [None, Some("interrupted"), Some("failed")] {
        let _ = std::fs::remove_dir_all(place.root.path().join("coins"));
        recorded(&place, &written, why);
        let run = found(&place);
        assert!(!run.is_over(), "{why:?}");
        assert_eq!(run.last_session().unwrap(), date(27));
        let sessions = run.sessions().iter();
        let told: Vec<_> = sessions.map(|s| (s.head.session.as_str(), s.n_looks)).collect();
        assert_eq!(told, [("2026-11-24", 4), ("2026-11-25", 3), ("2026-11-27", 2)]);
        assert_eq!(run.n_looks(), 9);
        let form: Arc<dyn CommandForm> = place.form.clone();
        let read: Vec<_> = run.looks(&form).collect::<Result<_, _>>().unwrap();
        assert_eq!(difference(&read, &written), None);
    }
}

#[test]
fn a_run_that_has_come_to_its_end_or_was_stopped_is_over() {
    for why in ["closed", "stopped"] {
        let place = Place::new();
        recorded(&place, &three_sessions(), Some(why));
        assert!(found(&place).is_over(), "{why}");
    }
}

#[test]
fn the_last_run_of_several_is_found() {
    let place = Place::new();
    let looks = three_sessions();
    recorded(&place, &looks[..4], Some("closed"));
    record(place.setup(Durability::Normal, None), &looks[4..7], None);
    let run = found(&place);
    assert_eq!((run.sessions().len(), run.n_looks()), (1, 3));
    assert_eq!(run.head().first_session, "2026-11-25");
}

#[test]
fn a_session_of_the_run_that_is_damaged_or_missing_is_refused_by_name() {
    let place = Place::new();
    recorded(&place, &three_sessions(), None);
    let path = place.folder(25).join("inputs.sqlite");
    let database = rusqlite::Connection::open(&path).unwrap();
    database.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).unwrap();
    drop(database);
    let bytes = std::fs::read(&path).unwrap();
    std::fs::write(&path, &bytes[..bytes.len() / 2]).unwrap();
    let error = last(&place).expect_err("it is cut off");
    let said = error.to_string();
    assert!(said.contains("2026-11-25") && said.contains("--fresh"), "{said}");
    std::fs::remove_dir_all(place.folder(25)).unwrap();
    let error = last(&place).expect_err("it is missing");
    assert!(matches!(error, RecorderError::Incomplete { found: 8, known: 4, .. }), "{error}");
}

#[test]
fn a_changed_session_file_is_refused_key_by_key() {
    let place = Place::new();
    let mut setup = place.setup(Durability::Normal, None);
    setup.head.config = json!({"a": {"b": [1, 2], "c": "x"}, "gone": true});
    setup.head.overlay = Some("closed 2026-12-24".to_owned());
    setup.head.texts = [("limits.json".to_owned(), "{}".to_owned())].into();
    record(setup, &three_sessions(), None);
    let (config, texts) =
        (json!({"a": {"b": [1, 3, 4], "c": "x"}, "new": null}), BTreeMap::default());
    let error = found(&place).check_same(&now(&config, &texts)).expect_err("it is another one");
    let said = error.to_string();
    for line in [
        "\n  a.b[1]: recorded 2, now 3\n",
        "\n  a.b[2]: recorded nothing, now 4\n",
        "\n  gone: recorded true, now nothing\n",
        "\n  new: recorded nothing, now null\n",
        "\n  the calendar overlay is not there any more\n",
        "\n  the module file limits.json is not there any more\n",
    ] {
        assert!(said.contains(line), "{line:?} in {said}");
    }
    assert!(said.contains("2026-11-27") && said.contains("--fresh"), "{said}");
    assert!(!said.contains("a.c"), "{said}");
}

#[test]
fn what_stays_the_same_is_no_difference_and_how_it_is_recorded_may_change() {
    let place = Place::new();
    let mut setup = place.setup(Durability::Normal, None);
    setup.head.config =
        json!({"a": 1, "live_config": {"record": {"keep_days": 30}, "sessions": 1}});
    record(setup, &three_sessions(), None);
    let run = found(&place);
    let texts = BTreeMap::default();
    let check = |config: Value| run.check_same(&now(&config, &texts));
    check(json!({"a": 1, "live_config": {"record": {"keep_days": 30}, "sessions": 1}})).unwrap();
    check(json!({"a": 1, "live_config": {"record": {"sync": "full"}, "sessions": 1}})).unwrap();
    check(json!({"a": 1, "live_config": {"sessions": 1}, "metadata": {"by": "me"}})).unwrap();
    let error = check(json!({"a": 1, "live_config": {"sessions": 2}})).expect_err("sessions");
    assert!(error.to_string().contains("live_config.sessions: recorded 1, now 2"), "{error}");
}

#[test]
fn a_key_that_another_version_did_not_know_is_no_difference() {
    let place = Place::new();
    let config = json!({"session_name": "coins", "mode": "backtest",
        "backtest_config": {"start_date": "2026-11-24", "end_date": "2026-11-24"},
        "session_data_config": {"symbols": ["AAPL"], "streams": ["1m"]}});
    let (whole, _) = openbell_config::SessionConfig::parse(&config.to_string()).unwrap();
    let mut setup = place.setup(Durability::Normal, None);
    setup.head.config = config;
    record(setup, &three_sessions(), None);
    let texts = BTreeMap::default();
    found(&place).check_same(&now(&whole.to_json(), &texts)).unwrap();
}

#[test]
fn a_run_that_is_moved_aside_is_whole_there_and_a_new_one_begins() {
    let place = Place::new();
    let written = three_sessions();
    let beside = place.root.path().join("coins");
    for n in 1..=2 {
        recorded(&place, &written, None);
        let moved = make_way(place.root.path(), "coins", date(27)).unwrap();
        let to: Vec<_> =
            moved.iter().map(|m| m.to.file_name().unwrap().to_str().unwrap()).collect();
        let names = ["27", "25", "24"].map(|day| format!("2026-11-{day}.aside-{n}"));
        assert_eq!(to, names);
        assert_eq!(last(&place).unwrap(), None);
        let form: Arc<dyn CommandForm> = place.form.clone();
        let (_, read) = run_looks(&moved[0].to, &form).unwrap();
        let read: Vec<_> = read.collect::<Result<_, _>>().unwrap();
        assert_eq!(difference(&read, &written), None);
    }
    recorded(&place, &written[..4], None);
    assert_eq!(found(&place).n_looks(), 4);
    assert_eq!(names(&beside).len(), 7);
}

#[test]
fn a_run_that_is_over_stays_where_it_is_unless_its_folder_is_needed() {
    let place = Place::new();
    recorded(&place, &three_sessions(), Some("closed"));
    assert_eq!(make_way(place.root.path(), "coins", date(28)).unwrap(), []);
    let moved = make_way(place.root.path(), "coins", date(27)).unwrap();
    assert_eq!(moved.len(), 3);
    assert_eq!(make_way(place.root.path(), "coins", date(27)).unwrap(), []);
}

#[test]
fn only_the_run_that_is_in_the_way_is_moved_and_a_damaged_one_is() {
    let place = Place::new();
    let looks = three_sessions();
    recorded(&place, &looks[..4], Some("closed"));
    record(place.setup(Durability::Normal, None), &looks[4..], None);
    std::fs::write(place.folder(27).join("head.json"), "{").unwrap();
    let moved = make_way(place.root.path(), "coins", date(28)).unwrap();
    assert_eq!(moved.len(), 1, "of which run it was cannot be read: {moved:?}");
    assert_eq!(found(&place).last_session().unwrap(), date(25));
    std::fs::write(place.folder(25).join("inputs.sqlite"), "no database").unwrap();
    let moved = make_way(place.root.path(), "coins", date(28)).unwrap();
    assert_eq!(moved.len(), 1);
    assert_eq!(found(&place).last_session().unwrap(), date(24));
    assert_eq!(make_way(place.root.path(), "coins", date(28)).unwrap(), []);
}

#[test]
fn a_process_that_was_killed_while_it_made_the_folder_leaves_no_run_and_is_in_nobodys_way() {
    let place = Place::new();
    let looks = three_sessions();
    recorded(&place, &looks[..4], Some("closed"));
    // Killed before the tables were made, and before the head was written.
    for has_tables in [false, true] {
        record(place.setup(Durability::Normal, None), &looks[4..5], None);
        let folder = place.folder(25);
        let database = rusqlite::Connection::open(folder.join("inputs.sqlite")).unwrap();
        database.execute_batch("DELETE FROM look; DELETE FROM row; DELETE FROM mark").unwrap();
        drop(database);
        std::fs::remove_file(folder.join("head.json")).unwrap();
        if !has_tables {
            std::fs::write(folder.join("inputs.sqlite"), "").unwrap();
            let _ = std::fs::remove_file(folder.join("inputs.sqlite-wal"));
        }
        assert_eq!(found(&place).last_session().unwrap(), date(24));
        record(place.setup(Durability::Normal, None), &looks[4..7], None);
        assert_eq!(found(&place).n_looks(), 3);
        std::fs::remove_dir_all(folder).unwrap();
    }
}

#[test]
fn a_recording_that_has_lost_its_head_is_not_taken_for_none() {
    let place = Place::new();
    recorded(&place, &three_sessions(), None);
    std::fs::remove_file(place.folder(27).join("head.json")).unwrap();
    let error = last(&place).expect_err("no head");
    assert!(error.to_string().contains("2026-11-27"), "{error}");
    let begun = RecordingWriter::begin(place.setup(Durability::Normal, None), date(27));
    assert!(matches!(begun.map(drop), Err(RecorderError::IsThere { .. })));
}

/// Marks the recording of a day as stored, of `n_looks` steps.
fn mark(place: &Place, day: u32, n_looks: u64) {
    let text = json!({"n_looks": n_looks, "store": "bars"}).to_string();
    std::fs::write(place.folder(day).join("stored.json"), text).unwrap();
}

const NOTHING: [Vec<u32>; 3] = [Vec::new(), Vec::new(), Vec::new()];

fn tidied(place: &Place, today: u32, restart: RestartFrom) -> [Vec<u32>; 3] {
    let tidied = tidy(place.root.path(), "coins", 2, date(today), restart).unwrap();
    let days = |folders: Vec<std::path::PathBuf>| {
        let names = folders.iter().map(|f| f.file_name().unwrap().to_str().unwrap().to_owned());
        names.map(|name| name[8..].parse().unwrap()).collect()
    };
    [days(tidied.deleted), days(tidied.not_stored), days(tidied.needed)]
}

#[test]
fn what_is_old_enough_and_stored_and_of_a_run_that_is_over_is_deleted() {
    let place = Place::new();
    recorded(&place, &three_sessions(), Some("closed"));
    mark(&place, 24, 4);
    mark(&place, 27, 2);
    let before = held(place.root.path(), "coins").unwrap();
    assert!(before.n_folders == 3 && before.n_bytes > 10_000, "{before:?}");
    assert_eq!(tidied(&place, 26, RestartFrom::FirstSession), NOTHING);
    assert_eq!(tidied(&place, 28, RestartFrom::FirstSession), [vec![24], vec![25], vec![]]);
    assert_eq!(names(&place.root.path().join("coins")), ["2026-11-25", "2026-11-27"]);
    let left = held(place.root.path(), "coins").unwrap();
    assert!(left.n_folders == 2 && left.n_bytes < before.n_bytes, "{left:?}");
}

#[test]
fn more_that_was_recorded_since_it_was_stored_is_not_deleted() {
    let place = Place::new();
    recorded(&place, &three_sessions(), Some("closed"));
    mark(&place, 24, 3);
    std::fs::write(place.folder(25).join("stored.json"), "no mark").unwrap();
    assert_eq!(tidied(&place, 28, RestartFrom::FirstSession), [vec![], vec![24, 25], vec![]]);
}

#[test]
fn what_a_run_that_goes_on_needs_is_not_deleted() {
    let place = Place::new();
    recorded(&place, &three_sessions(), None);
    [(24, 4), (25, 3), (27, 2)].iter().for_each(|&(day, n)| mark(&place, day, n));
    assert_eq!(tidied(&place, 30, RestartFrom::FirstSession), [vec![], vec![], vec![24, 25, 27]]);
    assert_eq!(found(&place).n_looks(), 9);
    for deleted in [vec![24, 25], vec![]] {
        assert_eq!(tidied(&place, 30, RestartFrom::LastSession), [deleted, vec![], vec![27]]);
    }
    let run = last_run(place.root.path(), "coins", RestartFrom::LastSession).unwrap();
    assert_eq!(run.expect("a run").n_looks(), 2);
    assert!(matches!(last(&place), Err(RecorderError::Incomplete { .. })));
}

#[test]
fn a_run_that_is_over_is_known_to_be_when_its_first_sessions_are_deleted() {
    let place = Place::new();
    recorded(&place, &three_sessions(), Some("closed"));
    mark(&place, 24, 4);
    assert_eq!(tidied(&place, 28, RestartFrom::FirstSession)[0], [24]);
    assert!(found(&place).is_over());
    assert_eq!(tidied(&place, 28, RestartFrom::FirstSession), [vec![], vec![25], vec![]]);
}

#[test]
fn where_the_last_run_cannot_be_read_nothing_is_deleted() {
    let place = Place::new();
    recorded(&place, &three_sessions(), Some("closed"));
    [(24, 4), (25, 3)].iter().for_each(|&(day, n)| mark(&place, day, n));
    std::fs::write(place.folder(27).join("head.json"), "{").unwrap();
    tidy(place.root.path(), "coins", 2, date(28), RestartFrom::LastSession).expect_err("a head");
    assert_eq!(names(&place.root.path().join("coins")).len(), 3);
}

#[test]
fn what_was_moved_aside_is_never_deleted_and_what_was_half_deleted_is() {
    let place = Place::new();
    recorded(&place, &three_sessions(), None);
    [(24, 4), (25, 3), (27, 2)].iter().for_each(|&(day, n)| mark(&place, day, n));
    make_way(place.root.path(), "coins", date(27)).unwrap();
    let beside = place.root.path().join("coins");
    std::fs::create_dir(beside.join("2026-11-20.going")).unwrap();
    std::fs::write(beside.join("2026-11-20.going/inputs.sqlite"), "").unwrap();
    assert_eq!(tidied(&place, 30, RestartFrom::LastSession), NOTHING);
    assert_eq!(names(&beside).len(), 3);
}
