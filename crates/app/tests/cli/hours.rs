//! Bars outside regular hours: counted and left out, or delivered into the base series alone.

use serde_json::Value;

use crate::support::{Folder, session};

/// Base bars, 5m bars, rejected rows and quality of the one symbol of a run.
fn figures(report: &Value) -> (u64, u64, u64, f64) {
    let symbol = &report["sessions"][0]["symbols"][0];
    let series = symbol["series"].as_array().expect("series");
    let of = |interval: &str, what: &str| {
        let found = series.iter().find(|series| series["interval"] == interval);
        found.expect("the series").get(what).cloned().unwrap_or_default()
    };
    let rejected = symbol["rejected"].as_object().expect("reasons").values();
    (
        of("1m", "n_bars").as_u64().expect("a count"),
        of("5m", "n_bars").as_u64().expect("a count"),
        rejected.filter_map(Value::as_u64).sum(),
        of("1m", "quality_pct").as_f64().expect("a quality"),
    )
}

#[test]
fn outside_bars_are_counted_and_left_out_or_join_the_base_series_and_nothing_else() {
    let folder = Folder::new();
    let market = ["data", "generate", "bars", "--symbols", "AAPL", "--extended", "4"];
    folder.run(&[&market[..], &["--since", "2025-07-02", "--until", "2025-07-03"]].concat());
    let covered = folder.run(&["data", "coverage", "bars", "--json"]).json();
    let n_outside = covered[0]["outside"].as_u64().expect("a count");
    assert!(n_outside > 30, "{covered}");
    let run = |name: &str, fields: &str| {
        let dates = ["2025-07-02", "2025-07-02"];
        folder.write(name, &session(dates, &["AAPL"], &["1m", "5m"], fields));
        figures(&folder.run(&["run", name, "--json"]).expect_code(0).json())
    };
    assert_eq!(run("regular.json", ""), (390, 78, n_outside, 100.0));
    let extended = run("extended.json", r#", "hours": "extended""#);
    assert_eq!(extended, (390 + n_outside, 78, 0, 100.0));
    let words = folder.run(&["run", "regular.json"]).expect_code(0).out;
    assert!(words.contains(&format!("{n_outside} rows rejected as outside_hours")), "{words}");
}
