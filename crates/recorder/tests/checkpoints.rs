//! Where a run goes on that has checkpoints, and what it needs no more then.

use std::path::Path;
use std::sync::Arc;

use openbell_config::SessionConfig;
use openbell_coordinator::{Checkpoint, Engine, NoCheckpoint, Recording, Source, UnknownSymbol};
use openbell_data_manager::{DataError, Feed, MemoryFeed};
use openbell_market::{BarColumns, BarInterval, SeriesKey, Symbol};
use openbell_recorder::{
    CommandForm, Durability, RecordedRun, RecorderError, RecordingWriter, RestartFrom, last_run,
    tidy,
};
use openbell_time::{Calendar, TimeManager, Timestamp};
use serde_json::json;

use super::runs::three_sessions;
use super::support::{Place, date};

/// A symbol without bars.
struct Empty;

impl Source for Empty {
    fn intervals(&self, _: &Symbol) -> Vec<BarInterval> {
        vec!["1m".parse().unwrap()]
    }

    fn unknown(&self, symbol: &Symbol) -> UnknownSymbol {
        UnknownSymbol { symbol: symbol.clone(), source: "nobody".to_owned(), nearest: None }
    }

    fn feed(&mut self, key: &SeriesKey, _: &Calendar) -> Result<Box<dyn Feed>, DataError> {
        Ok(Box::new(MemoryFeed::new(key.clone(), BarColumns::default())))
    }
}

/// The checkpoint of some run of two sessions, behind the first.
fn checkpoint() -> Checkpoint {
    let json = json!({
        "session_name": "coins", "mode": "backtest",
        "backtest_config": {"start_date": "2025-07-01", "end_date": "2025-07-02"},
        "session_data_config": {"symbols": ["AAPL"], "streams": ["1m"]}
    });
    let (config, _) = SessionConfig::parse(&json.to_string()).unwrap();
    let mut engine = Engine::new(&config, &TimeManager::new(), Box::new(Empty)).unwrap();
    while engine.n_sessions_closed() == 0 {
        let _ = engine.step(Timestamp::from_nanos(0));
    }
    engine.checkpoint().unwrap()
}

/// Three sessions, recorded; behind the last look of the 25th stands `checkpoint`.
fn recorded(place: &Place, checkpoint: &Result<Checkpoint, NoCheckpoint>) {
    let looks = three_sessions();
    let setup = place.setup(Durability::Normal, None);
    let (mut writer, keeper) = RecordingWriter::begin(setup, looks[0].session).unwrap();
    for (place, look) in looks.iter().enumerate() {
        look.hand_to(&mut writer).unwrap();
        if place == 6 {
            writer.checkpoint(checkpoint).unwrap();
        }
    }
    drop((writer, keeper));
    log_of(place, 100);
}

/// The event log of the 25th has so many events.
fn log_of(place: &Place, n_events: usize) {
    std::fs::write(place.folder(25).join("events.jsonl"), "{}\n".repeat(n_events + 1)).unwrap();
}

fn found(place: &Place, restart: RestartFrom) -> Result<RecordedRun, RecorderError> {
    last_run(place.root.path(), "coins", restart).map(|run| run.expect("a run"))
}

#[test]
fn a_run_goes_on_behind_its_last_checkpoint_and_needs_nothing_before_it() {
    let (place, checkpoint) = (Place::new(), checkpoint());
    recorded(&place, &Ok(checkpoint.clone()));
    let run = found(&place, RestartFrom::LastCheckpoint).unwrap();
    assert_eq!((run.checkpoint(), run.n_looks_before()), (Ok(&checkpoint), 7));
    let form: Arc<dyn CommandForm> = place.form.clone();
    assert_eq!(run.looks(&form).count(), 2, "those of the 27th");

    for (day, n_looks) in [(24, 4), (25, 3), (27, 2)] {
        let text = json!({"n_looks": n_looks, "store": "bars"}).to_string();
        std::fs::write(place.folder(day).join("stored.json"), text).unwrap();
    }
    let root = place.root.path();
    let tidied = tidy(root, "coins", 1, date(30), RestartFrom::LastCheckpoint).unwrap();
    assert_eq!(tidied.deleted, [place.folder(24)]);
    assert_eq!(tidied.needed, [place.folder(25), place.folder(27)]);
    let run = found(&place, RestartFrom::LastCheckpoint).unwrap();
    assert_eq!((run.n_looks_before(), run.n_looks()), (7, 5));
    let all = found(&place, RestartFrom::FirstSession);
    assert!(matches!(all, Err(RecorderError::Incomplete { .. })), "{all:?}");
}

#[test]
fn why_there_is_no_checkpoint_is_said_and_the_run_is_repeated_from_its_first_session() {
    let place = Place::new();
    recorded(&place, &Err(NoCheckpoint::Consumers { names: vec!["mine".to_owned()] }));
    let run = found(&place, RestartFrom::LastCheckpoint).unwrap();
    assert!(run.checkpoint().is_err_and(|why| why.contains("mine")), "{:?}", run.checkpoint());
    assert_eq!((run.sessions().len(), run.n_looks_before()), (3, 0));
}

#[test]
fn a_checkpoint_whose_event_log_is_cut_off_is_passed_over() {
    let (place, checkpoint) = (Place::new(), checkpoint());
    recorded(&place, &Ok(checkpoint));
    log_of(&place, 0);
    let run = found(&place, RestartFrom::LastCheckpoint).unwrap();
    assert!(run.checkpoint().is_err_and(|why| why.contains("event log")), "{:?}", run.checkpoint());
    assert_eq!(run.n_looks(), 9);
}

fn change(folder: &Path, sql: &str) {
    let database = rusqlite::Connection::open(folder.join("inputs.sqlite")).unwrap();
    assert_eq!(database.execute(sql, []).unwrap(), 1);
}

#[test]
fn a_damaged_checkpoint_is_refused_by_name_and_one_of_another_form_is_none() {
    let (place, checkpoint) = (Place::new(), checkpoint());
    recorded(&place, &Ok(checkpoint));
    change(&place.folder(25), "UPDATE checkpoint SET bytes = substr(bytes, 1, length(bytes) - 1)");
    let error = found(&place, RestartFrom::LastCheckpoint).expect_err("it is damaged").to_string();
    for part in ["2026-11-25", "the checkpoint behind look 7"] {
        assert!(error.contains(part), "{part:?} in {error}");
    }
    assert!(found(&place, RestartFrom::FirstSession).is_ok(), "nobody asks for it");
    change(
        &place.folder(25),
        "UPDATE checkpoint SET bytes = CAST(x'ff000000' || substr(bytes, 5) AS BLOB)",
    );
    let run = found(&place, RestartFrom::LastCheckpoint).unwrap();
    assert!(run.checkpoint().is_err_and(|why| why.contains("form 255")), "{:?}", run.checkpoint());
}
