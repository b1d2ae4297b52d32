//! What is written of which figures.

use std::collections::{BTreeMap, BTreeSet};

use openbell_wire::metrics::{
    BuildFigures, CATALOGUE, ConsumerFigures, Distribution, FeedFigures, Figures, Kind,
    LiveFigures, Metric, PHASES, ProcessFigures, REASONS, RecordingFigures, RequestEnd, RunFigures,
    SessionFigures, SymbolFigures, SymbolSeries, VendorFigures, prometheus_text,
};
use openbell_wire::status::SymbolCounts;

use crate::reading::{Family, read};

/// The names that dashboards and alerts are written with: none goes, none is spelled anew.
const NAMES: &[&str] = &[
    "openbell_build_info",
    "openbell_session_info",
    "openbell_run_phase",
    "openbell_session_active",
    "openbell_session_inactive_reason",
    "openbell_session_inactive_seconds_total",
    "openbell_session_inactive_wall_seconds_total",
    "openbell_gate_switches_total",
    "openbell_gate_epoch",
    "openbell_publication",
    "openbell_session_clock_timestamp_seconds",
    "openbell_session_clock_behind_wall_seconds",
    "openbell_symbols",
    "openbell_symbols_lagging",
    "openbell_lag_seconds_max",
    "openbell_lag_seconds_sum",
    "openbell_backlog_bars",
    "openbell_bars_delivered_total",
    "openbell_bars_derived_total",
    "openbell_rows_rejected_total",
    "openbell_quality_ratio",
    "openbell_gaps_open",
    "openbell_commands_total",
    "openbell_commands_waiting",
    "openbell_consumer_notices_displaced_total",
    "openbell_consumer_failed",
    "openbell_signals_total",
    "openbell_pace_overrun_seconds",
    "openbell_steps_total",
    "openbell_core_busy_seconds_total",
    "openbell_events_logged_total",
    "openbell_look_seconds",
    "openbell_queue_rows",
    "openbell_feed_connected",
    "openbell_feed_reconnects_total",
    "openbell_feed_silence_seconds",
    "openbell_feed_backfilled_bars_total",
    "openbell_latency_seconds",
    "openbell_skew_seconds",
    "openbell_requests_total",
    "openbell_rate_limited_seconds_total",
    "openbell_topic_suspect_total",
    "openbell_revised_total",
    "openbell_gap_bars_total",
    "openbell_recording_bytes_total",
    "openbell_recording_unsynced_seconds",
    "openbell_symbol_state",
    "openbell_symbol_lag_seconds",
    "openbell_symbol_backlog_bars",
    "openbell_symbol_last_close_timestamp_seconds",
    "openbell_symbol_quality_ratio",
    "process_cpu_seconds_total",
    "process_resident_memory_bytes",
    "process_open_fds",
    "process_start_time_seconds",
];

fn symbol(name: &str, state: &'static str) -> SymbolFigures {
    SymbolFigures {
        symbol: name.to_owned(),
        state,
        is_lagging: state == "late",
        lag_s: if state == "late" { 64.0 } else { 0.0 },
        n_backlog: 2,
        last_close_s: Some(1_751_470_260.0),
        quality: Some(0.975),
    }
}

fn run() -> RunFigures {
    RunFigures {
        phase: "streaming",
        reason: Some("late"),
        inactive_s: [("late", 64.0), ("closed", 63_000.0)].into(),
        inactive_wall_s: [("late", 64.5)].into(),
        n_opened: 3,
        n_shut: 3,
        epoch: Some(6),
        publication: Some(151),
        clock_s: Some(1_751_470_324.25),
        behind_wall_s: Some(0.125),
        n_symbols: SymbolCounts { live: 1, late: 1, ..SymbolCounts::default() },
        n_lagging: 1,
        lag_max_s: 64.0,
        lag_sum_s: 64.0,
        n_backlog: 4,
        delivered: [("1m".to_owned(), 121)].into(),
        derived: [("5m".to_owned(), 24), ("1h".to_owned(), 2)].into(),
        rejected: [("outside_hours", 77)].into(),
        quality: [("1m".to_owned(), 0.975)].into(),
        n_gaps: Some(1),
        commands: [(("add_symbols", "done"), 2), (("add_symbols", "refused"), 1)].into(),
        n_commands_waiting: Some(0),
        signals: [(("noon".to_owned(), "buy".to_owned()), 5)].into(),
        overrun_s: Some(0.0),
        n_steps: 152,
        core_busy_s: Some(1.5),
        n_events: 19,
    }
}

fn live() -> LiveFigures {
    let mut latency = Distribution::of_latency();
    latency.record(1.25);
    let mut looks = Distribution::of_looks();
    looks.record(0.002);
    let feed = |name: &str, is_connected| FeedFigures {
        name: name.to_owned(),
        is_connected,
        silence_s: Some(12.5),
        reconnects: [("silent", 2), ("broken", 1)].into(),
        n_backfilled: Some(5),
    };
    LiveFigures {
        feeds: vec![feed("kraken/1", true), feed("kraken/2", false)],
        vendors: vec![VendorFigures {
            name: "kraken".to_owned(),
            skew_s: Some(-0.25),
            requests: [
                (RequestEnd::Status(200), 10),
                (RequestEnd::Status(204), 1),
                (RequestEnd::Status(429), 2),
                (RequestEnd::NoAnswer, 3),
            ]
            .into(),
            rate_limited_s: Some(120.0),
        }],
        latency: Some(latency),
        looks: Some(looks),
        n_queued: Some(7),
        n_revised: Some(1),
        n_gap_bars: Some(2),
        topic_suspects: [("BTC/USD".to_owned(), 1)].into(),
    }
}

/// Figures of a live session, of which everything is known.
fn whole() -> Figures {
    Figures {
        build: BuildFigures {
            version: "0.1.0".to_owned(),
            rustc: "1.95.0".to_owned(),
            revision: "970fe5b".to_owned(),
        },
        session: SessionFigures {
            name: "coins".to_owned(),
            mode: "live".to_owned(),
            exchange_group: "CRYPTO".to_owned(),
        },
        run: run(),
        symbols: vec![symbol("BTC/USD", "live"), symbol("ETH/USD", "late")],
        shown: SymbolSeries::ByNumber,
        consumers: vec![
            ConsumerFigures {
                name: "noon".to_owned(),
                delivery: "inline",
                n_displaced: 0,
                has_failed: true,
            },
            ConsumerFigures {
                name: "page".to_owned(),
                delivery: "free",
                n_displaced: 3,
                has_failed: false,
            },
        ],
        live: Some(live()),
        recording: Some(RecordingFigures { n_bytes: 23_456, unsynced_s: 0.75 }),
        process: Some(ProcessFigures {
            cpu_s: 2.5,
            resident_bytes: 40_000_000,
            n_open_fds: 12,
            began_s: 1_751_470_000.0,
        }),
    }
}

fn families(figures: Figures) -> BTreeMap<String, Family> {
    let text = prometheus_text(figures);
    read(&text).unwrap_or_else(|why| panic!("{why}\n{text}"))
}

/// The value of the one series of `name` that has these labels, in their order.
fn value(families: &BTreeMap<String, Family>, name: &str, labels: &[(&str, &str)]) -> Option<f64> {
    let has = |found: &BTreeMap<String, String>| {
        found.len() == labels.len()
            && labels.iter().all(|(label, value)| found.get(*label).is_some_and(|v| v == value))
    };
    let samples = &families.get(name)?.samples;
    samples.iter().find(|(_, labels, _)| has(labels)).map(|(_, _, value)| *value)
}

/// The values that a label of `name` has.
fn labelled(families: &BTreeMap<String, Family>, name: &str, label: &str) -> BTreeSet<String> {
    let Some(family) = families.get(name) else { return BTreeSet::new() };
    family.samples.iter().map(|(_, labels, _)| labels[label].clone()).collect()
}

#[test]
fn every_name_that_is_promised_is_written_with_its_type_labels_and_help() {
    let written = families(whole());
    let promised: BTreeSet<&str> = NAMES.iter().copied().collect();
    assert_eq!(written.keys().map(String::as_str).collect::<BTreeSet<_>>(), promised);
    assert_eq!(CATALOGUE.iter().map(|metric| metric.name).collect::<Vec<_>>(), NAMES);
    for Metric { name, kind, labels, help } in CATALOGUE {
        let family = &written[*name];
        assert_eq!((family.kind.as_str(), family.help.as_str()), (kind.name(), *help), "{name}");
        if *kind != Kind::Histogram {
            let found: BTreeSet<&str> = family.samples[0].1.keys().map(String::as_str).collect();
            assert_eq!(found, labels.iter().copied().collect(), "{name}");
        }
    }
}

#[test]
fn each_figure_stands_under_its_name() {
    let written = families(whole());
    let of = |name: &str, labels: &[(&str, &str)]| {
        let name =
            if name.starts_with("process_") { name.to_owned() } else { format!("openbell_{name}") };
        value(&written, &name, labels)
    };
    let build = [("version", "0.1.0"), ("rustc", "1.95.0"), ("revision", "970fe5b")];
    let session = [("session", "coins"), ("mode", "live"), ("exchange_group", "CRYPTO")];
    for (name, labels, expected) in [
        ("build_info", &build[..], 1.0),
        ("session_info", &session, 1.0),
        ("session_active", &[], 0.0),
        ("session_inactive_seconds_total", &[("reason", "closed")], 63_000.0),
        ("session_inactive_seconds_total", &[("reason", "stalled")], 0.0),
        ("session_inactive_wall_seconds_total", &[("reason", "late")], 64.5),
        ("gate_switches_total", &[("to", "open")], 3.0),
        ("gate_switches_total", &[("to", "shut")], 3.0),
        ("gate_epoch", &[], 6.0),
        ("publication", &[], 151.0),
        ("session_clock_timestamp_seconds", &[], 1_751_470_324.25),
        ("session_clock_behind_wall_seconds", &[], 0.125),
        ("symbols_lagging", &[], 1.0),
        ("lag_seconds_max", &[], 64.0),
        ("lag_seconds_sum", &[], 64.0),
        ("backlog_bars", &[], 4.0),
        ("bars_delivered_total", &[("interval", "1m")], 121.0),
        ("bars_derived_total", &[("interval", "1h")], 2.0),
        ("rows_rejected_total", &[("reason", "outside_hours")], 77.0),
        ("quality_ratio", &[("interval", "1m")], 0.975),
        ("gaps_open", &[], 1.0),
        ("commands_total", &[("name", "add_symbols"), ("outcome", "refused")], 1.0),
        ("commands_waiting", &[], 0.0),
        ("consumer_notices_displaced_total", &[("consumer", "page")], 3.0),
        ("consumer_failed", &[("consumer", "noon"), ("delivery", "inline")], 1.0),
        ("signals_total", &[("consumer", "noon"), ("kind", "buy")], 5.0),
        ("pace_overrun_seconds", &[], 0.0),
        ("steps_total", &[], 152.0),
        ("core_busy_seconds_total", &[], 1.5),
        ("events_logged_total", &[], 19.0),
        ("queue_rows", &[], 7.0),
        ("feed_connected", &[("feed", "kraken/2")], 0.0),
        ("feed_reconnects_total", &[("feed", "kraken/1"), ("why", "silent")], 2.0),
        ("feed_silence_seconds", &[("feed", "kraken/1")], 12.5),
        ("feed_backfilled_bars_total", &[("feed", "kraken/1")], 5.0),
        ("skew_seconds", &[("vendor", "kraken")], -0.25),
        ("requests_total", &[("vendor", "kraken"), ("status", "2xx")], 11.0),
        ("requests_total", &[("vendor", "kraken"), ("status", "429")], 2.0),
        ("requests_total", &[("vendor", "kraken"), ("status", "none")], 3.0),
        ("rate_limited_seconds_total", &[("vendor", "kraken")], 120.0),
        ("topic_suspect_total", &[("symbol", "BTC/USD")], 1.0),
        ("revised_total", &[], 1.0),
        ("gap_bars_total", &[], 2.0),
        ("recording_bytes_total", &[], 23_456.0),
        ("recording_unsynced_seconds", &[], 0.75),
        ("symbol_lag_seconds", &[("symbol", "ETH/USD")], 64.0),
        ("symbol_backlog_bars", &[("symbol", "ETH/USD")], 2.0),
        ("symbol_last_close_timestamp_seconds", &[("symbol", "BTC/USD")], 1_751_470_260.0),
        ("symbol_quality_ratio", &[("symbol", "BTC/USD")], 0.975),
        ("process_cpu_seconds_total", &[], 2.5),
        ("process_resident_memory_bytes", &[], 40_000_000.0),
        ("process_open_fds", &[], 12.0),
        ("process_start_time_seconds", &[], 1_751_470_000.0),
    ] {
        assert_eq!(of(name, labels), Some(expected), "{name} {labels:?}");
    }
}

#[test]
fn of_phases_reasons_and_states_all_are_there_and_one_is_the_case() {
    let written = families(whole());
    let of = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<BTreeSet<_>>();
    assert_eq!(labelled(&written, "openbell_run_phase", "phase"), of(&PHASES));
    assert_eq!(value(&written, "openbell_run_phase", &[("phase", "streaming")]), Some(1.0));
    let reasons = "openbell_session_inactive_reason";
    assert_eq!(labelled(&written, reasons, "reason"), of(&REASONS));
    assert_eq!(value(&written, reasons, &[("reason", "late")]), Some(1.0));
    for name in ["openbell_run_phase", reasons] {
        assert_eq!(written[name].samples.iter().map(|(_, _, n)| n).sum::<f64>(), 1.0, "{name}");
    }
    let states = SymbolCounts::default().by_state().map(|(state, _)| state);
    assert_eq!(labelled(&written, "openbell_symbols", "state"), of(&states));
    assert_eq!(value(&written, "openbell_symbols", &[("state", "late")]), Some(1.0));
    for (number, state) in states.into_iter().enumerate() {
        let written = families(Figures { symbols: vec![symbol("A", state)], ..whole() });
        let shown = value(&written, "openbell_symbol_state", &[("symbol", "A")]);
        assert_eq!(shown, Some(number as f64), "{state}");
        let said = format!("{number} {}", state.replace('_', " "));
        assert!(written["openbell_symbol_state"].help.contains(&said), "{said}");
    }
    let active = families(Figures { run: RunFigures { reason: None, ..run() }, ..whole() });
    assert_eq!(value(&active, "openbell_session_active", &[]), Some(1.0));
    assert_eq!(active[reasons].samples.iter().map(|(_, _, n)| n).sum::<f64>(), 0.0);
}

#[test]
fn what_is_not_known_is_left_out_and_never_zero() {
    let written = families(Figures::default());
    for name in [
        "openbell_gate_epoch",
        "openbell_session_clock_timestamp_seconds",
        "openbell_session_clock_behind_wall_seconds",
        "openbell_quality_ratio",
        "openbell_gaps_open",
        "openbell_pace_overrun_seconds",
        "openbell_core_busy_seconds_total",
        "openbell_feed_connected",
        "openbell_skew_seconds",
        "openbell_recording_bytes_total",
        "openbell_symbol_lag_seconds",
        "process_open_fds",
    ] {
        assert!(!written.contains_key(name), "{name}");
    }
    assert!(written.contains_key("openbell_steps_total"));
    let unheard = LiveFigures {
        feeds: vec![FeedFigures { name: "kraken".to_owned(), ..FeedFigures::default() }],
        ..LiveFigures::default()
    };
    let written = families(Figures { live: Some(unheard), ..Figures::default() });
    assert_eq!(value(&written, "openbell_feed_connected", &[("feed", "kraken")]), Some(0.0));
    assert!(!written.contains_key("openbell_feed_silence_seconds"));
}

#[test]
fn hostile_names_come_back_as_they_were_and_make_no_line_of_their_own() {
    for hostile in [
        "a\"} 1\nopenbell_session_active 1\n#",
        "back\\slash\\",
        "\\n is no end of a line",
        "\n\n",
        "{a=\"b\",c=\"d\"}",
        "# HELP x y",
        "\u{202e}right to left\u{0}\u{1b}[31m\r",
        "",
        "ünï ☃ 𝄞",
    ] {
        let mut figures = whole();
        figures.session.name = hostile.to_owned();
        figures.consumers[0].name = hostile.to_owned();
        figures.run.signals = [((hostile.to_owned(), hostile.to_owned()), 4)].into();
        figures.symbols[0].symbol = hostile.to_owned();
        let written = families(figures);
        assert_eq!(written.len(), NAMES.len(), "{hostile:?}");
        let session = labelled(&written, "openbell_session_info", "session");
        assert_eq!(session, [hostile.to_owned()].into());
        let labels = [("consumer", hostile), ("kind", hostile)];
        assert_eq!(value(&written, "openbell_signals_total", &labels), Some(4.0));
        let labels = [("consumer", hostile), ("delivery", "inline")];
        assert_eq!(value(&written, "openbell_consumer_failed", &labels), Some(1.0));
        let labels = [("symbol", hostile)];
        assert_eq!(value(&written, "openbell_symbol_backlog_bars", &labels), Some(2.0));
    }
}

#[test]
fn any_number_that_a_figure_can_be_is_read_again() {
    for number in [0.0, 5e-324, 1e-7, 0.1 + 0.2, 123_456_789.125, 1e22, f64::MAX] {
        let mut figures = whole();
        figures.run.lag_max_s = number;
        figures.run.core_busy_s = Some(number);
        figures.live = figures.live.map(|mut live| {
            live.vendors[0].skew_s = Some(-number);
            live
        });
        let written = families(figures);
        assert_eq!(value(&written, "openbell_lag_seconds_max", &[]), Some(number));
        assert_eq!(value(&written, "openbell_core_busy_seconds_total", &[]), Some(number));
        let skew = value(&written, "openbell_skew_seconds", &[("vendor", "kraken")]);
        assert_eq!(skew, Some(-number));
    }
    let run = RunFigures { n_steps: u64::MAX, ..run() };
    let text = prometheus_text(Figures { run, ..whole() });
    assert!(text.contains("\nopenbell_steps_total 18446744073709551615\n"));
}

#[test]
fn a_histogram_counts_up_to_each_bound() {
    let mut latency = Distribution::of_latency();
    for seconds in [0.04, 0.3, 0.4, 90.0] {
        latency.record(seconds);
    }
    let live = LiveFigures { latency: Some(latency), ..LiveFigures::default() };
    let text = prometheus_text(Figures { live: Some(live), ..Figures::default() });
    let lines: Vec<&str> =
        text.lines().filter(|line| line.starts_with("openbell_latency_seconds")).collect();
    let bucket =
        |bound: &str, n: u64| format!("openbell_latency_seconds_bucket{{le=\"{bound}\"}} {n}");
    for (bound, n) in [("0.05", 1), ("0.25", 1), ("0.5", 3), ("60", 3), ("+Inf", 4)] {
        assert!(lines.contains(&bucket(bound, n).as_str()), "{lines:#?}");
    }
    assert!(lines.contains(&"openbell_latency_seconds_count 4"), "{lines:#?}");
}

#[test]
fn so_many_symbols_have_series_as_are_asked_for() {
    let many = |n: usize, is_lagging: bool| -> Vec<SymbolFigures> {
        let of = |i: usize| SymbolFigures {
            is_lagging,
            lag_s: (i % 60) as f64,
            ..symbol(&format!("S{i:04}"), "live")
        };
        (0..n).map(of).collect()
    };
    let shown = |symbols: Vec<SymbolFigures>, shown| {
        let written = families(Figures { symbols, shown, ..whole() });
        labelled(&written, "openbell_symbol_state", "symbol")
    };
    assert_eq!(shown(many(200, false), SymbolSeries::ByNumber).len(), 200);
    assert_eq!(shown(many(201, false), SymbolSeries::ByNumber).len(), 0);
    assert_eq!(shown(many(201, false), SymbolSeries::All).len(), 201);
    assert_eq!(shown(many(3, true), SymbolSeries::None).len(), 0);
    assert_eq!(shown(many(201, false), SymbolSeries::Lagging).len(), 0);
    // Those with the largest lag: 10 to 59 of 0 to 59.
    let lagging = shown(many(60, true), SymbolSeries::Lagging);
    assert_eq!(lagging, (10..60).map(|i| format!("S{i:04}")).collect());
}

#[test]
fn suspected_topics_beyond_a_hundred_are_counted_together() {
    let of = |i: u64| (format!("S{i:04}"), if i < 100 { 2 } else { 1 });
    let live = LiveFigures { topic_suspects: (0..150).map(of).collect(), ..LiveFigures::default() };
    let written = families(Figures { live: Some(live), ..whole() });
    let name = "openbell_topic_suspect_total";
    assert_eq!(written[name].samples.len(), 101);
    assert_eq!(value(&written, name, &[("symbol", "other")]), Some(50.0));
    assert_eq!(value(&written, name, &[("symbol", "S0099")]), Some(2.0));
    assert_eq!(value(&written, name, &[("symbol", "S0100")]), None);
}

#[test]
fn the_page_of_the_docs_has_every_metric_as_it_is_written() {
    let page = include_str!("../../../docs/metrics.md");
    let since = "<!-- metrics: a row for each of the catalogue, in its order -->\n";
    let (_, table) = page.split_once(since).expect("the table begins");
    let (table, _) = table.split_once("<!-- end of metrics -->").expect("the table ends");
    let kind = |kind| match kind {
        Kind::Counter => "counter",
        Kind::Gauge => "gauge",
        Kind::Histogram => "histogram",
        Kind::Info => "info",
    };
    let row = |metric: &Metric| {
        let labels: Vec<String> = metric.labels.iter().map(|label| format!("`{label}`")).collect();
        let (name, labels, unit) = (metric.name, labels.join(", "), metric.unit());
        format!("| `{name}` | {} | {labels} | {unit} | {} |\n", kind(metric.kind), metric.help)
    };
    let head = "\n| name | type | labels | unit | what it says |\n|---|---|---|---|---|\n";
    let expected = head.to_owned() + &CATALOGUE.iter().map(row).collect::<String>() + "\n";
    assert!(table == expected, "the table of docs/metrics.md is to be\n{expected}");
}
