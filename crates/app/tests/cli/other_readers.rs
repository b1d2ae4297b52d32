//! The store as other programs read it: DuckDB and Polars, where Python has them.
#![expect(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "another program is run, by the interpreter that the environment names"
)]

use std::process::Command;

use crate::support::{Folder, repository, session};

/// The interpreter: `OPENBELL_PYTHON`, else `python3`; `None`, and a line that says so, where it or
/// one of `packages` is not there.
pub fn python(packages: &str) -> Option<String> {
    let python = std::env::var("OPENBELL_PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let imports = Command::new(&python).args(["-c", &format!("import {packages}")]).output();
    match imports {
        Ok(output) if output.status.success() => Some(python),
        _ => {
            println!("skipped: {python} has no {packages}; OPENBELL_PYTHON names another one");
            None
        }
    }
}

/// What a script beside this file prints.
pub fn printed_by(python: &str, script: &str, args: &[&str]) -> String {
    let script = repository().join("crates/app/tests/cli").join(script);
    let output = Command::new(python).arg(script).args(args).output();
    let output = output.expect("the interpreter was there");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
    String::from_utf8(output.stdout).expect("text")
}

#[test]
fn duckdb_and_polars_read_the_store_and_see_the_same_rows() {
    let Some(python) = python("duckdb, polars") else { return };
    let folder = Folder::with_market();
    let dates = ["2025-07-02", "2025-07-03"];
    folder.write("a.json", &session(dates, &["AAPL"], &["1m", "5m"], ""));
    folder.run(&["run", "a.json", "--export", "out"]).expect_code(0);
    let [bars, out] = ["bars", "out"].map(|name| folder.path(name).display().to_string());
    let found = printed_by(&python, "read_store.py", &[&bars, &out]);
    // What this program counts itself.
    let listed = folder.run(&["data", "ls", "bars", "--json"]).expect_code(0).json();
    for series in listed.as_array().expect("a list") {
        let text = |name: &str| series[name].as_str().expect("text").to_owned();
        let line = format!("{} {} {} ", text("symbol"), text("interval"), series["rows"]);
        assert!(found.lines().any(|found| found.starts_with(&line)), "{line} in\n{found}");
    }
    assert!(found.ends_with("AAPL shown 600\n"), "{found}");
}
