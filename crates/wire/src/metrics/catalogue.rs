//! The names of all metrics, with what stands in their HELP lines and in `docs/metrics.md`.
//!
//! A name and a label are a contract with dashboards and alerts: they stay, and new ones are added.

/// What may be done with a metric's values.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// It only grows, from the start of the process.
    Counter,
    /// It goes up and down.
    Gauge,
    /// It counts values between bounds.
    Histogram,
    /// It is always 1, and its labels say something.
    Info,
}

/// A metric.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Metric {
    /// Its name, whole.
    pub name: &'static str,
    /// What may be done with its values.
    pub kind: Kind,
    /// Its labels, in order.
    pub labels: &'static [&'static str],
    /// What it says, in one line.
    pub help: &'static str,
}

const fn counter(
    name: &'static str,
    labels: &'static [&'static str],
    help: &'static str,
) -> Metric {
    Metric { name, kind: Kind::Counter, labels, help }
}

const fn gauge(name: &'static str, labels: &'static [&'static str], help: &'static str) -> Metric {
    Metric { name, kind: Kind::Gauge, labels, help }
}

const fn histogram(name: &'static str, help: &'static str) -> Metric {
    Metric { name, kind: Kind::Histogram, labels: &[], help }
}

const fn info(name: &'static str, labels: &'static [&'static str], help: &'static str) -> Metric {
    Metric { name, kind: Kind::Info, labels, help }
}

/// All metrics, in the order in which they are written.
pub const CATALOGUE: &[Metric] = &[
    info("openbell_build_info", &["version", "rustc", "revision"], "what the program is"),
    info("openbell_session_info", &["session", "mode", "exchange_group"], "what is run"),
    gauge("openbell_run_phase", &["phase"], "1 for the phase of the run, 0 for all others"),
    gauge("openbell_session_active", &[], "1 while outside readers get data, 0 while they do not"),
    gauge(
        "openbell_session_inactive_reason",
        &["reason"],
        "1 for the reason for which outside readers get nothing, 0 for all others",
    ),
    counter(
        "openbell_session_inactive_seconds_total",
        &["reason"],
        "session time without data for outside readers, by reason",
    ),
    counter(
        "openbell_session_inactive_wall_seconds_total",
        &["reason"],
        "wall time without data for outside readers, by reason",
    ),
    counter("openbell_gate_switches_total", &["to"], "how often the gate has opened and shut"),
    gauge("openbell_gate_epoch", &[], "the epoch: the switches of the gate in the run"),
    gauge("openbell_publication", &[], "the number of the publication that readers see"),
    gauge("openbell_session_clock_timestamp_seconds", &[], "the session clock"),
    gauge(
        "openbell_session_clock_behind_wall_seconds",
        &[],
        "the wall clock minus the session clock, live",
    ),
    gauge("openbell_symbols", &["state"], "symbols of the session by what they do"),
    gauge("openbell_symbols_lagging", &[], "symbols that are behind, for whatever reason"),
    gauge("openbell_lag_seconds_max", &[], "the largest lag of a symbol, in open-market time"),
    gauge("openbell_lag_seconds_sum", &[], "the lags of all symbols together, in open-market time"),
    gauge(
        "openbell_backlog_bars",
        &[],
        "bars that have closed by the session clock and are not delivered",
    ),
    counter("openbell_bars_delivered_total", &["interval"], "bars delivered"),
    counter("openbell_bars_derived_total", &["interval"], "bars derived"),
    counter("openbell_rows_rejected_total", &["reason"], "rows that did not become bars"),
    gauge(
        "openbell_quality_ratio",
        &["interval"],
        "bars seen of those expected in this session, over all members, 0 to 1",
    ),
    gauge("openbell_gaps_open", &[], "runs of missing bars in this session, over all members"),
    counter("openbell_commands_total", &["name", "outcome"], "commands answered"),
    gauge("openbell_commands_waiting", &[], "commands that wait for the core"),
    counter(
        "openbell_consumer_notices_displaced_total",
        &["consumer"],
        "notices that newer ones displaced before the consumer took them",
    ),
    gauge(
        "openbell_consumer_failed",
        &["consumer", "delivery"],
        "1 where the consumer has failed and is called no more",
    ),
    counter(
        "openbell_signals_total",
        &["consumer", "kind"],
        "signals; beyond a hundred kinds all further ones are other",
    ),
    gauge("openbell_pace_overrun_seconds", &[], "how late a paced run was at its worst"),
    counter("openbell_steps_total", &[], "steps of the engine"),
    counter("openbell_core_busy_seconds_total", &[], "CPU time of the core's thread"),
    counter("openbell_events_logged_total", &[], "events of the event log"),
    histogram("openbell_look_seconds", "what a look at the vendors takes, live"),
    gauge("openbell_queue_rows", &[], "deliveries of vendors that the core has not taken, live"),
    gauge("openbell_feed_connected", &["feed"], "1 while the connection to a vendor is up, live"),
    counter(
        "openbell_feed_reconnects_total",
        &["feed", "why"],
        "how often the connection was lost and made anew, live",
    ),
    gauge("openbell_feed_silence_seconds", &["feed"], "since when nothing was heard, live"),
    counter(
        "openbell_feed_backfilled_bars_total",
        &["feed"],
        "bars that the vendor's history brought, since the stream had not, live",
    ),
    histogram("openbell_latency_seconds", "from a bar's close to its arrival by the stream, live"),
    gauge("openbell_skew_seconds", &["vendor"], "this machine's clock minus the vendor's, live"),
    counter(
        "openbell_requests_total",
        &["vendor", "status"],
        "requests to the vendor's history, by the class of their answer, live",
    ),
    counter(
        "openbell_rate_limited_seconds_total",
        &["vendor"],
        "time in which the vendor wanted to be left alone, live",
    ),
    counter(
        "openbell_topic_suspect_total",
        &["symbol"],
        "how often a stream was silent while the vendor had bars; beyond a hundred symbols other, live",
    ),
    counter(
        "openbell_revised_total",
        &[],
        "bars whose values a vendor has changed after they were delivered, live",
    ),
    counter(
        "openbell_gap_bars_total",
        &[],
        "expected bars that are missing and will not come, live",
    ),
    counter("openbell_recording_bytes_total", &[], "bytes written to the recording, live"),
    gauge(
        "openbell_recording_unsynced_seconds",
        &[],
        "since when something of the recording is not known to be on the medium, live",
    ),
    gauge(
        "openbell_symbol_state",
        &["symbol"],
        "what the symbol does: 0 loading, 1 catching up, 2 live, 3 quiet, 4 halted, 5 late, 6 dead, 7 skewed, 8 gone, 9 closed, 10 removed",
    ),
    gauge("openbell_symbol_lag_seconds", &["symbol"], "its lag, in open-market time"),
    gauge("openbell_symbol_backlog_bars", &["symbol"], "its bars that are not delivered"),
    gauge(
        "openbell_symbol_last_close_timestamp_seconds",
        &["symbol"],
        "the close of its last delivered bar, live",
    ),
    gauge(
        "openbell_symbol_quality_ratio",
        &["symbol"],
        "its bars seen of those expected in this session, 0 to 1",
    ),
    counter("process_cpu_seconds_total", &[], "CPU time of all threads"),
    gauge("process_resident_memory_bytes", &[], "resident memory"),
    gauge("process_open_fds", &[], "open files and sockets"),
    gauge("process_start_time_seconds", &[], "when the process began"),
];

/// The phases of a run, in their order.
pub const PHASES: [&str; 8] =
    ["planned", "preparing", "ready", "streaming", "closing", "closed", "failed", "stopped"];

/// Why outside readers get nothing.
pub const REASONS: [&str; 11] = [
    "not_open",
    "catching_up",
    "late",
    "silent",
    "skewed",
    "gone",
    "clock_stepped",
    "stalled",
    "closed",
    "failed",
    "stopped",
];

impl Metric {
    /// The metric of that name.
    ///
    /// # Panics
    ///
    /// Where there is none: what is written stands in the catalogue.
    pub(super) fn named(name: &str) -> &'static Metric {
        let found = CATALOGUE.iter().find(|metric| metric.name == name);
        found.unwrap_or_else(|| panic!("the metric {name} is not in the catalogue"))
    }

    /// The unit of its values, by the end of its name.
    pub fn unit(&self) -> &'static str {
        let name = self.name.trim_end_matches("_total");
        match name {
            _ if name.ends_with("_timestamp_seconds") || name.ends_with("_start_time_seconds") => {
                "seconds since 1970 UTC"
            }
            _ if name.contains("_seconds") => "seconds",
            _ if name.ends_with("_bytes") => "bytes",
            _ if name.contains("bars") => "bars",
            _ if name.contains("_rows") => "rows",
            _ if name.ends_with("_ratio") => "0 to 1",
            _ => "",
        }
    }
}

impl Kind {
    /// The word in TYPE lines.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Counter => "counter",
            Kind::Gauge | Kind::Info => "gauge",
            Kind::Histogram => "histogram",
        }
    }
}
