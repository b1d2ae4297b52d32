//! A live session that was recorded: listed, shown, checked, and run again by the program.

use std::path::Path;

use openbell::PROGRAM;
use openbell::recording::command_form;
use openbell_config::SessionConfig;
use openbell_coordinator::{
    Engine, SessionCommand, Source, Stay, Step, StoreSource, UnknownSymbol,
};
use openbell_data_manager::{DataError, DataManager, Feed, ScriptedFeed, StoreOptions};
use openbell_market::{BarColumns, BarInterval, SeriesKey, Symbol};
use openbell_recorder::{Durability, Head, RecordingSetup, RecordingWriter};
use openbell_time::{Calendar, Nanos, TimeManager, Timestamp};
use openbell_wire::engine::{LogHead, end_line, event_line};

use crate::support::Folder;

const SESSION: &str = r#"{"session_name": "noon", "mode": "backtest", "exchange_group": "US_EQUITY",
"backtest_config": {"start_date": "2025-07-02", "end_date": "2025-07-02"},
"session_data_config": {"symbols": ["AAPL"], "streams": ["1m", "5m"],
"historical": {"data": [{"trailing_days": 2, "intervals": ["1m"]}]}}}"#;

/// The stored bars of the day, each two seconds after its close.
struct Live(StoreSource);

impl Source for Live {
    fn intervals(&self, symbol: &Symbol) -> Vec<BarInterval> {
        self.0.intervals(symbol)
    }

    fn unknown(&self, symbol: &Symbol) -> UnknownSymbol {
        self.0.unknown(symbol)
    }

    fn feed(&mut self, key: &SeriesKey, calendar: &Calendar) -> Result<Box<dyn Feed>, DataError> {
        self.0.feed(key, calendar)
    }

    fn day_feed(
        &mut self,
        key: &SeriesKey,
        calendar: &Calendar,
    ) -> Result<Box<dyn Feed>, DataError> {
        let mut stored = self.0.feed(key, calendar)?;
        let mut rows = BarColumns::default();
        stored.seek(at("2025-07-02T13:30:00Z"))?;
        stored.poll(at("2025-07-02T20:00:00Z"), at("2025-07-02T20:00:00Z"), &mut rows)?;
        let mut feed =
            ScriptedFeed::new(key.clone(), at("2025-07-02T13:30:00Z"), Nanos::from_secs(900));
        feed.continuous().arrive_after_close(&rows, Nanos::from_secs(2));
        Ok(Box::new(feed))
    }
}

fn at(text: &str) -> Timestamp {
    text.parse().expect("an instant")
}

fn engine(folder: &Folder) -> (Engine, SessionConfig, String) {
    let (config, _) = SessionConfig::parse(SESSION).expect("a session");
    let store = folder.path("bars");
    let options = StoreOptions { exchange_group: Some("US_EQUITY".to_owned()) };
    let source = Live(StoreSource::new(DataManager::open(&store, &options).expect("a store")));
    let engine = Engine::live(&config, &TimeManager::new(), Box::new(source));
    let store = store.display().to_string();
    (engine.unwrap_or_else(|errors| panic!("{errors}")), config, store)
}

/// Runs the session, recorded, up to `until`; at noon a symbol is added.
fn recorded(folder: &Folder, until: &str) {
    let (mut engine, config, store) = engine(folder);
    let mut head = Head::new(PROGRAM, config.to_json());
    head.store = Some(store.clone());
    let setup = RecordingSetup {
        root: folder.path("recordings"),
        session_name: "noon".to_owned(),
        head,
        sync: Durability::Normal,
        max_pages: None,
        form: command_form(),
    };
    let first = engine.plan().sessions()[0].date;
    let (writer, keeper) = RecordingWriter::begin(setup, first).expect("it can be recorded");
    engine.record_with(Box::new(writer));
    let (mut wall, noon) = (at("2025-07-02T13:20:03Z"), at("2025-07-02T16:00:03Z"));
    let ended = loop {
        if wall == noon {
            let (symbols, stay) = (vec!["MSFT".parse().expect("a symbol")], Stay::Run);
            drop(engine.handle().command(SessionCommand::AddSymbols { symbols, stay }));
        }
        match engine.step(wall) {
            Step::Worked => {}
            Step::Waits { .. } | Step::Paused if wall < at(until) => wall += Nanos::from_secs(30),
            Step::Waits { .. } | Step::Paused => break false,
            Step::Ended(phase) => {
                assert_eq!(phase.name(), "closed", "{:?}", engine.report().failure);
                break true;
            }
        }
    };
    if ended {
        let program = PROGRAM.to_owned();
        let log = LogHead { program, config, store, overlay: None, texts: Default::default() };
        let events = engine.events().iter().map(event_line);
        let lines = [log.line()].into_iter().chain(events).chain([end_line(&engine.report())]);
        let lines: Vec<String> = lines.collect();
        folder.write(EVENTS, &(lines.join("\n") + "\n"));
        let digest = engine.report().digest;
        drop(engine);
        keeper.end(wall, "closed", digest).expect("it can be ended");
    }
}

const RECORDING: &str = "recordings/noon/2025-07-02";
const EVENTS: &str = "recordings/noon/2025-07-02/events.jsonl";

#[test]
fn a_recorded_session_is_listed_shown_checked_and_run_again_to_the_same_digest() {
    let folder = Folder::with_market();
    recorded(&folder, "2025-07-03T00:00:00Z");
    let listed = folder.run(&["recording", "ls", "recordings"]).expect_code(0);
    assert!(listed.out.contains(RECORDING) && listed.out.contains("closed at"), "{}", listed.out);
    let shown = folder.run(&["recording", "show", RECORDING]).expect_code(0);
    assert!(shown.out.starts_with("noon: the session of 2025-07-02"), "{}", shown.out);
    assert!(shown.out.contains("1 command") && shown.out.contains("of 2 symbols"), "{}", shown.out);
    let checked = folder.run(&["recording", "verify", "recordings"]).expect_code(0);
    assert!(checked.out.contains("whole"), "{}", checked.out);
    let again = folder.run(&["replay", RECORDING]).expect_code(0);
    assert!(again.out.starts_with("the same: "), "{}", again.out);
    let end = folder.read(EVENTS).lines().last().unwrap_or_default().to_owned();
    let digest = again.out.trim_end().rsplit(' ').next().unwrap_or_default().to_owned();
    assert!(end.contains(&digest), "{digest} is not that of {end}");
    let compared = folder.run(&["compare", RECORDING, RECORDING]).expect_code(0).out;
    assert!(compared.contains("the same") && !compared.contains("differ"), "{compared}");
}

#[test]
fn the_report_of_a_recorded_session_has_its_bars_and_its_digest() {
    let folder = Folder::with_market();
    recorded(&folder, "2025-07-02T23:59:00Z");
    let replayed = folder.run(&["replay", RECORDING]).expect_code(0).out;
    let digest = replayed.rsplit("digest ").next().expect("a digest").trim().to_owned();
    folder.run(&["report", "--recording", RECORDING, "out.html"]).expect_code(0);
    let page = folder.read("out.html");
    assert!(page.contains(&digest) && page.contains("Every bar of 2 symbols is charted"));
    let inside = ["report", "--recording", RECORDING, "recordings/noon/2025-07-02/out.html"];
    folder.run(&inside).expect_code(2);
}

#[test]
fn of_a_recording_that_was_cut_off_the_report_goes_as_far() {
    let folder = Folder::with_market();
    recorded(&folder, "2025-07-02T17:00:00Z");
    folder.run(&["report", "--recording", RECORDING, "out.html"]).expect_code(0);
    let page = folder.read("out.html");
    assert!(page.contains("Look at this first") && page.contains("id=\"charts\""), "{page}");
}

#[test]
fn a_recorded_session_is_checked_for_look_ahead() {
    let folder = Folder::with_market();
    recorded(&folder, "2025-07-02T17:00:00Z");
    let checked = folder.run(&["check-lookahead", RECORDING, "--cuts", "6"]).expect_code(0);
    assert!(checked.out.contains("no look-ahead found: 6 cuts"), "{}", checked.out);
    let refused = folder.run(&["check-lookahead", RECORDING, "--lead", "2"]).expect_code(3);
    assert!(refused.err.contains("leave --lead out"), "{}", refused.err);
}

#[test]
fn a_recording_of_a_killed_process_is_run_again_as_far_as_it_goes() {
    let folder = Folder::with_market();
    recorded(&folder, "2025-07-02T17:00:00Z");
    let listed = folder.run(&["recording", "ls", RECORDING]).expect_code(0);
    assert!(listed.out.contains("not ended"), "{}", listed.out);
    let again = folder.run(&["replay", RECORDING]).expect_code(0);
    assert!(again.out.starts_with("the same as far as the recording goes"), "{}", again.out);
}

/// After a power cut the last looks may be lost that led to what is logged.
#[test]
fn of_a_log_that_is_longer_than_its_recording_the_end_is_named_and_the_recording_decides() {
    let folder = Folder::with_market();
    recorded(&folder, "2025-07-03T00:00:00Z");
    let whole = folder.read(EVENTS);
    let lines: Vec<&str> = whole.lines().collect();
    // Without the line of the end: the process that logged it was killed.
    let cut_off = lines[..lines.len() - 1].join("\n") + "\n";
    let longer = cut_off.clone() + &(lines[2].to_owned() + "\n").repeat(2);
    folder.write(EVENTS, &longer);
    let again = folder.run(&["replay", RECORDING]).expect_code(0);
    assert!(again.out.starts_with("the same"), "{}", again.out);
    let n_events = lines.len() - 2;
    let named = format!("is longer than the recording: 2 events from event {} on", n_events + 1);
    assert!(again.err.contains(&named), "{}", again.err);
    assert_eq!(folder.read(EVENTS), longer, "a replay changes nothing");
    // What is logged within the recording is compared as ever.
    folder.write(EVENTS, &longer.replacen(lines[2], lines[3], 1));
    let differs = folder.run(&["replay", RECORDING]).expect_code(5);
    assert!(differs.err.contains("the replay differs from the log at event 2"), "{}", differs.err);
    // And a log that was ended says that nothing follows.
    folder.write(EVENTS, &(longer + lines[lines.len() - 1] + "\n"));
    let differs = folder.run(&["replay", RECORDING]).expect_code(5);
    assert!(differs.err.contains("replayed  nothing more"), "{}", differs.err);
}

#[test]
fn a_replay_that_differs_is_stopped_at_the_look_that_does() {
    let folder = Folder::with_market();
    recorded(&folder, "2025-07-03T00:00:00Z");
    let head = format!("{RECORDING}/head.json");
    let changed = folder.read(&head).replace("\"5m\"", "\"15m\"");
    folder.write(&head, &changed);
    let again = folder.run(&["replay", RECORDING]).expect_code(5);
    assert!(again.err.contains("the replay"), "{}", again.err);
    let mut text = folder.read(&head);
    for key in ["catchup_threshold_seconds", "recovery_threshold_seconds"] {
        text = text.replace(&format!("\"{key}\": 60"), &format!("\"{key}\": 1"));
    }
    folder.write(&head, &text);
    let again = folder.run(&["replay", RECORDING]).expect_code(5);
    assert!(again.err.contains("differs from the recording at look"), "{}", again.err);
}

#[test]
#[expect(clippy::disallowed_methods, reason = "a recording is damaged")]
fn a_damaged_recording_is_refused_by_name() {
    let folder = Folder::with_market();
    recorded(&folder, "2025-07-03T00:00:00Z");
    let inputs = folder.path(RECORDING).join("inputs.sqlite");
    let bytes = std::fs::read(&inputs).expect("it is there");
    std::fs::write(&inputs, &bytes[..bytes.len() / 2]).expect("it can be written");
    for words in [["recording", "verify", RECORDING], ["recording", "show", RECORDING]] {
        let call = folder.run(&words).expect_code(4);
        assert!(call.err.contains("inputs.sqlite is damaged"), "{}", call.err);
    }
    let call = folder.run(&["replay", RECORDING]).expect_code(4);
    assert!(call.err.contains("inputs.sqlite is damaged"), "{}", call.err);
    let call = folder.run(&["recording", "ls", "bars"]).expect_code(4);
    assert!(call.err.contains("there is no recording in bars"), "{}", call.err);
    assert!(Path::new(&inputs).exists());
}

#[test]
fn the_bars_of_a_recorded_session_are_imported_once_and_unchanged_the_second_time() {
    let folder = Folder::with_market();
    recorded(&folder, "2025-07-03T00:00:00Z");
    let import = ["data", "import", "--recording", "recordings", "--store", "live"];
    let first = folder.run(&import).expect_code(0);
    let of = format!("{RECORDING}: 2 symbols of US_EQUITY into live");
    assert!(first.out.starts_with(&of), "{}", first.out);
    assert!(first.out.contains(": 780 added, 0 updated, 0 unchanged\n"), "{}", first.out);
    let again = folder.run(&import).expect_code(0);
    assert!(again.out.contains("  780 bars: 0 added, all unchanged\n"), "{}", again.out);
    assert!(again.out.contains("  AAPL 1m: 0 added, all unchanged\n"), "{}", again.out);
    // They are the bars that the session had.
    let day = ["data", "verify", "live"];
    folder.run(&day).expect_code(0);
    let coverage = folder.run(&["data", "coverage", "live"]).expect_code(0);
    assert!(coverage.out.contains("390"), "{}", coverage.out);
}

#[test]
fn bars_that_the_store_does_not_take_are_named() {
    let folder = Folder::with_market();
    recorded(&folder, "2025-07-03T00:00:00Z");
    // The store that the recording names has made up bars.
    let call = folder.run(&["data", "import", "--recording", RECORDING]).expect_code(4);
    assert!(call.err.contains("AAPL 1m is not stored: "), "{}", call.err);
    let call = folder.run(&["data", "import", "--recording", "bars"]).expect_code(4);
    assert!(call.err.contains("there is no recording in bars"), "{}", call.err);
    let call = folder.run(&["data", "import", "a.csv", "--recording", RECORDING]).expect_code(2);
    assert!(call.err.contains("cannot be used with"), "{}", call.err);
}

#[test]
#[expect(clippy::disallowed_methods, reason = "a recording is damaged")]
fn of_a_damaged_recording_the_first_bars_are_imported_and_it_is_said() {
    let folder = Folder::with_market();
    recorded(&folder, "2025-07-03T00:00:00Z");
    let inputs = folder.path(RECORDING).join("inputs.sqlite");
    let bytes = std::fs::read(&inputs).expect("it is there");
    std::fs::write(&inputs, &bytes[..bytes.len() * 3 / 4]).expect("it can be written");
    let import = ["data", "import", "--recording", RECORDING, "--store", "live"];
    let call = folder.run(&import).expect_code(4);
    assert!(call.out.contains("AAPL 1m: "), "{}", call.out);
    assert!(
        call.err.contains("is damaged") && call.err.contains("bars of its first "),
        "{}",
        call.err
    );
    assert!(!folder.path(RECORDING).join("stored.json").exists());
}
