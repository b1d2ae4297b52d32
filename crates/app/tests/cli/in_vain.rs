//! What a session file asks for and would never get: refused with the nearest name, or warned of.

use crate::support::{Folder, session};

/// A day with `streams` and `modules`, members of `session_data_config`.
fn day(streams: &[&str], modules: &str) -> String {
    session(["2025-07-02", "2025-07-02"], &["AAPL", "MSFT"], streams, modules)
}

fn strategy(module: &str, config: &str) -> String {
    format!(r#", "strategies": [{{ "module": "{module}", "config": {config} }}]"#)
}

#[test]
fn what_a_module_asks_for_and_no_session_of_the_file_has_is_refused_by_every_command() {
    let folder = Folder::with_market();
    let cross = |config: &str| strategy("moving_average_cross", config);
    let range = |config: &str| strategy("opening_range_breakout", config);
    let scanner = |entry: &str| format!(r#", "scanners": [{{ {entry} }}]"#);
    let windows = r#""regular_session": [{ "start": "09:35", "end": "10:31", "interval": "5m" }]"#;
    let cases = [
        (
            cross(r#"{ "interval": "7m" }"#),
            "strategies[0].config.interval: the strategy moving_average_cross cannot be built from its \
             config: found 7m, of which this session delivers no bars; the nearest is 5m (it delivers 1m, \
             5m); take one of them, or add 7m to streams",
        ),
        (cross(r#"{ "interval": "1h" }"#), "strategies[0].config.interval: "),
        (
            cross(r#"{ "symbols": ["APPL"] }"#),
            "strategies[0].config.symbols: the strategy moving_average_cross cannot be built from its \
             config: found APPL, which is in neither symbols nor symbol_schedule, and no scanner of this \
             session can bring it in; did you mean AAPL?",
        ),
        (range(r#"{ "symbols": ["AAPL", "MSTF"] }"#), "did you mean MSFT?"),
        (range(r#"{ "symbols": [] }"#), "symbols: it is empty; list some, or drop it for all"),
        (cross(r#"{ "slow": 100 }"#), "there are never more than 78 bars of 5m to average"),
        (range(r#"{ "minutes": 390 }"#), "the sessions of this run are open for 390 at most"),
        (
            scanner(&format!(
                r#""module": "gap_scanner", "pre_session": true, "config": {{ "symbols": ["TSLA"] }}, {windows}"#
            )),
            "it is not called by the clock; drop regular_session",
        ),
        (
            scanner(&format!(
                r#""module": "momentum_scanner", "pre_session": true, "config": {{ "symbols": ["TSLA"] }}, {windows}"#
            )),
            "it does nothing before the open; drop \"pre_session\": true",
        ),
        (
            scanner(
                r#""module": "gap_scanner", "pre_session": true, "config": { "symbols": ["TSLA"], "max_picks": 0 }"#,
            ),
            "max_picks: the scanner gap_scanner cannot be built from its config: found 0; at least 1 is \
             needed",
        ),
    ];
    for (modules, words) in cases {
        folder.write("a.json", &day(&["1m", "5m"], &modules));
        for command in ["check", "plan", "run", "check-lookahead"] {
            let call = folder.run(&[command, "a.json"]).expect_code(3);
            let place = "a.json:5:";
            assert!(
                call.err.contains(words) && call.err.contains(place),
                "{command}: {}",
                call.err
            );
        }
    }
}

#[test]
fn what_a_module_can_have_is_not_refused() {
    let folder = Folder::with_market();
    let history = r#", "historical": { "data": [{ "trailing_days": 1, "intervals": ["5m"] }] }"#;
    let tsla = r#", "symbol_schedule": [{ "at": "12:00", "add": ["TSLA"] }]"#;
    let scanner = r#", "scanners": [{ "module": "gap_scanner", "pre_session": true, "config": { "symbols": ["TSLA"] } }]"#;
    let only = |symbol: &str| {
        strategy("moving_average_cross", &format!(r#"{{ "symbols": ["{symbol}"] }}"#))
    };
    for modules in [
        format!("{history}{}", strategy("moving_average_cross", r#"{ "slow": 156 }"#)),
        strategy("opening_range_breakout", r#"{ "minutes": 389 }"#),
        format!("{tsla}{}", only("TSLA")),
        format!("{scanner}{}", only("TSLA")),
        // One that does not run asks for nothing.
        r#", "strategies": [{ "module": "moving_average_cross", "enabled": false, "config": { "interval": "7m" } }]"#.to_owned(),
        // The base of the run, though nobody has asked for its bars.
        strategy("moving_average_cross", r#"{ "interval": "1m" }"#),
    ] {
        folder.write("a.json", &day(&["5m"], &modules));
        for command in ["check", "plan", "run"] {
            let call = folder.run(&[command, "a.json"]).expect_code(0);
            assert_eq!(call.err, "", "{command} {modules}");
        }
    }
}

#[test]
fn an_interval_that_only_another_base_would_deliver_is_refused_by_those_that_know_the_store() {
    let folder = Folder::new();
    folder.run(&["data", "generate", "bars", "--interval", "5m"]).expect_code(0);
    let modules = strategy("moving_average_cross", r#"{ "interval": "1m" }"#);
    folder.write("a.json", &day(&["15m"], &modules));
    folder.run(&["check", "a.json"]).expect_code(0);
    for command in ["plan", "run", "check-lookahead"] {
        let call = folder.run(&[command, "a.json"]).expect_code(3);
        let words = "strategies[0].config: the strategy moving_average_cross asks in vain: found 1m, of \
                     which this session delivers no bars; the nearest is 5m (it delivers 5m, 15m)";
        assert!(call.err.contains(words), "{command}: {}", call.err);
    }
}

#[test]
fn each_limit_that_no_strategy_keeps_is_warned_of_by_name() {
    let folder = Folder::with_market();
    let limits = r#"  "trading_config": { "max_buying_power": 9, "max_per_trade": 3, "max_per_symbol": 3, "max_open_positions": 1 },
  "data_config""#;
    let text = day(&["1m"], &strategy("opening_range_breakout", "{}"));
    folder.write("a.json", &text.replace("  \"data_config\"", limits));
    for command in ["check", "plan", "run"] {
        let call = folder.run(&[command, "a.json"]).expect_code(0);
        let warned: Vec<&str> = call.err.lines().collect();
        let of = |column: u32, limit: &str| {
            format!(
                "warning: a.json:6:{column}: trading_config.{limit}: has no effect: no strategy of this \
                 session keeps that limit"
            )
        };
        let expected =
            [of(43, "max_buying_power"), of(63, "max_per_trade"), of(84, "max_per_symbol")];
        assert_eq!(warned, expected, "{command}");
    }
}

#[test]
fn an_entry_of_the_schedule_that_changes_nothing_is_warned_of() {
    let folder = Folder::with_market();
    let schedule = |entries: &str| day(&["1m"], &format!(r#", "symbol_schedule": [{entries}]"#));
    let already = "warning: a.json:5:121: session_data_config.symbol_schedule[0].add[0]: adds AAPL, which is in symbols \
                   from the start, and no \"remove\" of this file takes it out\n";
    folder.write("a.json", &schedule(r#"{ "at": "12:00", "add": ["AAPL"] }"#));
    for command in ["check", "plan", "run"] {
        assert_eq!(folder.run(&[command, "a.json"]).expect_code(0).err, already, "{command}");
    }
    let outside = "warning: a.json:5:104: symbol_schedule[0] at 23:00 lies outside every session of this run: it has no \
                   effect\n";
    folder.write("a.json", &schedule(r#"{ "at": "23:00", "add": ["TSLA"] }"#));
    for command in ["plan", "run"] {
        assert_eq!(folder.run(&[command, "a.json"]).expect_code(0).err, outside, "{command}");
    }
    let back = r#"{ "at": "11:00", "remove": ["AAPL"] }, { "at": "12:00", "add": ["AAPL"] }"#;
    folder.write("a.json", &schedule(back));
    for command in ["check", "plan", "run"] {
        assert_eq!(folder.run(&[command, "a.json"]).expect_code(0).err, "", "{command}");
    }
}

#[test]
fn a_speed_at_which_nothing_happens_is_refused_in_the_file_as_on_the_command_line() {
    let folder = Folder::with_market();
    for speed in ["1e-9", "0.0009", "-1"] {
        let text = day(&["1m"], "")
            .replace("\"end_date\"", &format!("\"speed_multiplier\": {speed}, \"end_date\""));
        folder.write("a.json", &text);
        let call = folder.run(&["check", "a.json"]).expect_code(3);
        assert!(
            call.err.ends_with("; 0, or a number of at least 0.001, is allowed\n"),
            "{}",
            call.err
        );
        folder.write("b.json", &day(&["1m"], ""));
        folder.run(&["run", "b.json", "--speed", speed]).expect_code(2);
    }
}
