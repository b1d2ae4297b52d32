//! Runs of a session file, and errors with their places, as a service gets them.

#![expect(clippy::disallowed_methods, reason = "files are laid for a session file to name them")]

use std::ops::ControlFlow;
use std::path::Path;

use openbell_coordinator::{Consumer, Module, Phase, Registry, Subscription, run};
use openbell_market::Symbol;
use openbell_session_file::{SessionFile, SessionFileError};
use openbell_time::SystemWall;
use tempfile::TempDir;

/// Follows the symbols that a file lists, and says so at its first bar.
struct Listed(Vec<Symbol>);

impl Consumer for Listed {
    fn name(&self) -> &str {
        "listed"
    }

    fn subscription(&self) -> Subscription {
        Subscription::all().symbols(self.0.clone())
    }
}

#[derive(serde::Deserialize, schemars::JsonSchema)]
struct Settings {
    /// A file with a symbol a line.
    list: String,
}

fn registry() -> Registry {
    let mut registry = Registry::new();
    registry.add(Module::strategy("listed", "Follows a list.", |context, settings: Settings| {
        let text = context.text(&settings.list)?;
        let names: Vec<String> = text.lines().map(str::to_owned).collect();
        Ok(Box::new(Listed(context.symbols("list", &names)?)))
    }));
    registry
}

/// A folder with a session file in `sessions`, and beside that folder what it names.
fn laid(data: &str, more: &str) -> (TempDir, SessionFile) {
    let folder = TempDir::new().expect("a folder");
    std::fs::create_dir(folder.path().join("sessions")).expect("made");
    let store = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/data/bar_data");
    let text = format!(
        r#"{{
  "session_name": "test", "mode": "backtest",
  "backtest_config": {{ "start_date": "2025-07-02", "end_date": "2025-07-03" }},
  "session_data_config": {{
    "symbols": ["AAPL", "MSFT"], "streams": ["1m"], "calendar_overlay": "../closed.txt",
    {data}
    "strategies": [{{ "module": "listed", "config": {{ "list": "../list.txt" }} }}]
  }},
  "data_config": {{ "store": {:?} }}{more}
}}"#,
        store.display().to_string()
    );
    std::fs::write(folder.path().join("closed.txt"), "calendar XNYS\nclosed 2025-07-02 = a test\n")
        .expect("written");
    std::fs::write(folder.path().join("list.txt"), "AAPL\n").expect("written");
    let path = folder.path().join("sessions/session.json");
    std::fs::write(&path, text).expect("written");
    let file = SessionFile::load(&path).unwrap_or_else(|error| panic!("{error}"));
    (folder, file)
}

fn place(file: &SessionFile, at: &str) -> String {
    format!("{}:{at}: ", file.path.display())
}

#[test]
fn a_run_has_the_files_overlay_its_modules_and_what_their_settings_name() {
    let (_folder, file) = laid("", "");
    let mut engine = file.engine(&registry()).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(engine.plan().sessions().len(), 1, "the overlay closes the other day");
    run(&mut engine, &SystemWall::new(), |_| ControlFlow::Continue(()));
    let report = engine.report();
    assert_eq!((report.phase, report.consumers.len()), (Phase::Closed, 1));

    let time = file.calendars().expect("the overlay is right");
    let made = file.modules(&registry(), &time).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(made.texts["../list.txt"], "AAPL\n");
    let checked = file.check_lookahead(&registry(), 3).unwrap_or_else(|error| panic!("{error}"));
    assert!(checked.is_complete && checked.findings.is_empty());
}

#[test]
fn what_is_wrong_is_said_with_file_line_and_column() {
    let (folder, file) = laid("", "");
    std::fs::write(folder.path().join("list.txt"), "APPL\n").expect("written");
    let error = file.engine(&registry()).err().expect("APPL never comes").to_string();
    let expected = format!(
        "the session file asks for modules that cannot be built\n{}session_data_config.strategies[0]\
         .config.list: the strategy listed cannot be built from its config: found APPL",
        place(&file, "7:62")
    );
    assert!(error.starts_with(&expected), "{error}");

    let (_folder, file) = laid(r#""base_interval": "1s","#, "");
    let error = file.engine(&registry()).err().expect("no seconds are stored").to_string();
    let expected = format!("the run cannot begin\n{}", place(&file, "6:22"));
    assert!(error.starts_with(&expected), "{error}");

    std::fs::write(&file.path, "{\n  \"mode\": \"back\"\n}").expect("written");
    let error = SessionFile::load(&file.path).expect_err("it is wrong");
    let SessionFileError::Wrong { errors, is_json: true, .. } = &error else { panic!("{error}") };
    assert!(errors.as_slice().len() > 1);
    assert!(error.to_string().contains(&place(&file, "2:11")), "{error}");
}
