//! The doors to the world outside, and the few files that may open them: DESIGN's rule that time
//! and data have one path each.
//!
//! clippy refuses the calls (`clippy.toml`); this rule refuses the imports, and an exception to
//! clippy's rule in a file that stands in no line of the table here.

use std::fmt;

use crate::code::{PathUse, Place, Word};
use crate::finding::Finding;
use crate::source::Source;

pub(super) const RULE: &str = "doors";

/// Something that libraries receive instead of taking it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Door {
    Clock,
    Sleep,
    Threads,
    Files,
    Network,
    Environment,
    Processes,
    Terminal,
}

impl Door {
    fn instead(self) -> &'static str {
        match self {
            Self::Clock => "take a `now` or openbell_time's session clock",
            Self::Sleep => "wait for an event; pace comes from openbell_time's wall clock",
            Self::Threads => "take a step function; the program owns the threads",
            Self::Files => "take text or bytes; stored data is openbell_data_manager's",
            Self::Network => {
                "vendors' data comes through openbell_data_manager's feeds, over openbell_vendors' sockets"
            }
            Self::Environment => "take a setting; the program reads the environment",
            Self::Processes => "return an error; the program chooses the exit code",
            Self::Terminal => "return the text, or trace it; the program prints",
        }
    }
}

impl fmt::Display for Door {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Clock => "the wall clock",
            Self::Sleep => "sleeping",
            Self::Threads => "threads",
            Self::Files => "files",
            Self::Network => "the network",
            Self::Environment => "the environment",
            Self::Processes => "processes",
            Self::Terminal => "the terminal",
        })
    }
}

/// A file, or a folder where it ends in `/`, that may open some doors.
struct Exception {
    path: &'static str,
    doors: &'static [Door],
    /// The reason, for the reader of this table.
    #[expect(dead_code, reason = "a reason is owed to the reader, not to the program")]
    because: &'static str,
}

/// Who may open what, in product code.
const EXCEPTIONS: &[Exception] = &[
    Exception {
        path: "crates/time/src/wall.rs",
        doors: &[Door::Clock],
        because: "the one file that reads wall time, and waits by it",
    },
    Exception {
        path: "crates/data-manager/src/disk.rs",
        doors: &[Door::Files],
        because: "the only door to stored data",
    },
    Exception {
        path: "crates/session-file/src/reading.rs",
        doors: &[Door::Files],
        because: "a session file lies on disk, and so do the files that it names",
    },
    Exception {
        path: "crates/recorder/src/disk.rs",
        doors: &[Door::Files],
        because: "the folders, heads and locks of recordings; their databases are SQLite's",
    },
    Exception {
        path: "crates/data-manager/src/feed/prefetch.rs",
        doors: &[Door::Threads],
        because: "a feed's prefetch, the one thread that a library starts",
    },
    Exception {
        path: "crates/coordinator/src/control/handle.rs",
        doors: &[Door::Sleep],
        because: "a user who waits for a ticket may say for how long; no core waits there",
    },
    Exception {
        path: "crates/vendors/src/courier.rs",
        doors: &[Door::Network],
        because: "requests to a vendor's history, the one place that makes them",
    },
    Exception {
        path: "crates/vendors/src/wire/",
        doors: &[Door::Network],
        because: "lines to a vendor's stream, the one place that makes them",
    },
    Exception {
        path: "crates/vendor-sim/src/server/",
        doors: &[Door::Network],
        because: "the simulated exchange listens on this machine",
    },
    Exception {
        path: "crates/vendors/src/trust.rs",
        doors: &[Door::Network],
        because: "whose certificates are believed, for both ways to a vendor",
    },
    Exception {
        path: "crates/service/src/accept/",
        doors: &[Door::Network],
        because: "a served run is asked over sockets, and this is where they are",
    },
    Exception {
        path: "crates/service/src/timer.rs",
        doors: &[Door::Sleep],
        because: "timeouts and heartbeats of connections; no answer's data depends on them",
    },
    Exception {
        path: "tests/tests/service/client.rs",
        doors: &[Door::Network],
        because: "tries the connections of the service by real ones, on this machine",
    },
    Exception {
        path: "tests/tests/service/connections.rs",
        doors: &[Door::Clock],
        because: "reads tokio's clock, which stands until everything waits: no wall clock is behind it",
    },
    Exception {
        path: "crates/app/src/",
        doors: &[Door::Files, Door::Environment, Door::Processes, Door::Terminal],
        because: "the program around the core: arguments, threads, signals, output, exit codes",
    },
    Exception {
        path: "crates/app/src/run/live/",
        doors: &[Door::Threads],
        because: "a live run has threads beside the core's: the vendor's, the recording's, the teller's",
    },
    Exception {
        path: "crates/app/src/process.rs",
        doors: &[Door::Clock],
        because: "says how much processor time the program has taken, which no session depends on",
    },
    Exception {
        path: "crates/app/src/serve/",
        doors: &[Door::Threads, Door::Network],
        because: "a served run is asked over one socket, on one thread beside the core's",
    },
    Exception {
        path: "crates/app/src/client/asker.rs",
        doors: &[Door::Network],
        because: "asks a run that is served, for `status`, `why` and `ctl`",
    },
    Exception {
        path: "crates/app/src/vendors/doctor.rs",
        doors: &[Door::Threads],
        because: "runs what connects to a vendor, on threads of the program",
    },
    Exception {
        path: "crates/app/src/bench/meter.rs",
        doors: &[Door::Clock],
        because: "measures processor time, which no session depends on",
    },
    Exception {
        path: "crates/app/build.rs",
        doors: &[Door::Environment, Door::Processes, Door::Terminal],
        because: "asks the compiler for its version, and tells cargo",
    },
    Exception {
        path: "fuzz/fuzz_targets/",
        doors: &[Door::Files, Door::Environment, Door::Processes],
        because: "hands the fuzzer's bytes to the store as a file in the temporary folder",
    },
    Exception {
        path: "xtask/src/",
        doors: &[Door::Clock, Door::Files, Door::Processes, Door::Terminal],
        because: "runs other programs, times its steps, and reads the repository",
    },
];

/// What tests may do beside what their crate may: read reference files, start threads and the
/// program. Not the wall clock, not sleeping, not the network.
const IN_TESTS: &[Door] =
    &[Door::Threads, Door::Files, Door::Environment, Door::Processes, Door::Terminal];

/// The doors that a file opens without being let.
pub(super) fn check(source: &Source) -> Vec<Finding> {
    let mut findings: Vec<Finding> = openings(source)
        .into_iter()
        .filter(|opening| !may_open(&source.path, opening))
        .map(|opening| {
            Finding::of_line(
                RULE,
                &source.path,
                opening.line,
                format!(
                    "`{}` opens a door to {}: {}",
                    opening.name,
                    opening.door,
                    opening.door.instead()
                ),
            )
        })
        .collect();
    findings.extend(expectations(source));
    findings
}

/// The lines of the table that nothing needs any more.
pub(super) fn unused(sources: &[Source]) -> Vec<Finding> {
    unused_among(EXCEPTIONS, sources)
}

fn unused_among(exceptions: &[Exception], sources: &[Source]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for exception in exceptions {
        let opened: Vec<Door> = sources
            .iter()
            .filter(|source| covers(exception, &source.path))
            .flat_map(openings)
            .filter(|opening| opening.place == Place::Product || !IN_TESTS.contains(&opening.door))
            .map(|opening| opening.door)
            .collect();
        for door in exception.doors.iter().filter(|door| !opened.contains(door)) {
            findings.push(Finding::of_file(
                RULE,
                "xtask/src/tidy/doors.rs",
                format!(
                    "{} may open a door to {door} and does not; take it off the table",
                    exception.path
                ),
            ));
        }
    }
    findings
}

/// A place in a file where a door is opened.
struct Opening {
    door: Door,
    name: String,
    line: usize,
    place: Place,
}

fn openings(source: &Source) -> Vec<Opening> {
    let Some(code) = &source.code else { return Vec::new() };
    let by_path = code.paths().into_iter().filter_map(|path| {
        let door = door_of(&path)?;
        let place = source.place(path.place);
        Some(Opening { door, name: path.segments.join("::"), line: path.line, place })
    });
    let by_macro = code.words().filter(prints).map(|word| Opening {
        door: Door::Terminal,
        name: format!("{}!", word.text),
        line: word.line,
        place: source.place(word.place),
    });
    by_path.chain(by_macro).collect()
}

fn prints(word: &Word) -> bool {
    word.after == Some('!')
        && ["print", "println", "eprint", "eprintln"].contains(&word.text.as_str())
}

/// The door that a path leads through; absent for all that is harmless.
fn door_of(path: &PathUse) -> Option<Door> {
    let segments: Vec<&str> = path.segments.iter().map(String::as_str).collect();
    let is_wall = |pair: &[&str]| matches!(pair, ["Utc" | "Local", "now" | "today"]);
    if segments.windows(2).any(is_wall) {
        return Some(Door::Clock);
    }
    match segments.as_slice() {
        // A `SystemTime` that nobody asks for now may be a file's stamp.
        ["std", "time", "Instant" | "*", ..] | ["time", "Instant", ..] => Some(Door::Clock),
        [.., "Instant" | "SystemTime", "now" | "elapsed"] => Some(Door::Clock),
        ["cpu_time", ..] => Some(Door::Clock),
        ["std", "thread", "sleep" | "sleep_ms" | "sleep_until" | "park_timeout"]
        | ["thread", "sleep" | "park_timeout"]
        | ["crossbeam", "channel", "after" | "tick" | "RecvTimeoutError"] => Some(Door::Sleep),
        // Who am I, and how many could we be, without starting anybody.
        ["std", "thread", "current" | "ThreadId" | "panicking" | "available_parallelism", ..] => {
            None
        }
        ["std", "thread", ..] | ["crossbeam", "thread" | "scope", ..] | ["rayon", ..] => {
            Some(Door::Threads)
        }
        ["std", "fs", ..] | ["std", "os", "unix" | "linux" | "windows", "fs", ..] => {
            Some(Door::Files)
        }
        ["tokio", "time", ..] => Some(Door::Sleep),
        ["tokio", "runtime", ..] | [.., "spawn_blocking"] => Some(Door::Threads),
        ["tokio", "net", ..] | ["hyper", "server" | "client", ..] => Some(Door::Network),
        ["std", "net", ..] | ["std", "os", "unix", "net", ..] => Some(Door::Network),
        ["ureq" | "tungstenite" | "rustls" | "rustls_platform_verifier" | "socket2", ..] => {
            Some(Door::Network)
        }
        ["std", "env", ..] => Some(Door::Environment),
        ["std", "process", "ExitCode" | "Termination", ..] => None,
        ["std", "process", ..] => Some(Door::Processes),
        ["std", "io", "stdin" | "stdout" | "stderr" | "IsTerminal", ..] => Some(Door::Terminal),
        _ => None,
    }
}

fn may_open(path: &str, opening: &Opening) -> bool {
    (opening.place == Place::Test && IN_TESTS.contains(&opening.door))
        || EXCEPTIONS.iter().any(|e| covers(e, path) && e.doors.contains(&opening.door))
}

fn covers(exception: &Exception, path: &str) -> bool {
    match exception.path.strip_suffix('/') {
        Some(_) => path.starts_with(exception.path),
        None => path == exception.path,
    }
}

/// Exceptions to clippy's rule in product code: only in a file of the table, and only as `expect`,
/// which the compiler takes back when nothing needs it any more.
fn expectations(source: &Source) -> Vec<Finding> {
    let Some(code) = &source.code else { return Vec::new() };
    let mut findings = Vec::new();
    let mut attribute = String::new();
    for word in code.words() {
        if ["allow", "expect", "warn"].contains(&word.text.as_str()) && word.after == Some('(') {
            attribute.clone_from(&word.text);
        }
        if !["disallowed_methods", "disallowed_types"].contains(&word.text.as_str()) {
            continue;
        }
        if source.place(word.place) == Place::Test {
            continue;
        }
        let found = format!("{attribute}(clippy::{})", word.text);
        let message = if attribute != "expect" {
            format!("`{found}` outlives its reason; write expect, with a reason")
        } else if EXCEPTIONS.iter().any(|e| covers(e, &source.path)) {
            continue;
        } else {
            format!(
                "`{found}` in a file that opens no door by the table in xtask/src/tidy/doors.rs"
            )
        };
        findings.push(Finding::of_line(RULE, &source.path, word.line, message));
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::super::messages;
    use super::*;

    const LIBRARY: &str = "crates/processor/src/window.rs";

    fn found(text: &str) -> Vec<String> {
        messages(check, LIBRARY, text)
    }

    #[test]
    fn a_wall_clock_in_a_library_is_named_with_what_to_use() {
        assert_eq!(
            found("use std::time::{Duration, Instant};"),
            [
                "crates/processor/src/window.rs:1: `std::time::Instant` opens a door to the wall clock: \
              take a `now` or openbell_time's session clock [doors]"
            ]
        );
        assert_eq!(found("fn a() { chrono::Utc::now(); }").len(), 1);
        assert_eq!(found("use cpu_time::ProcessTime;").len(), 1);
        assert_eq!(found("use std::time::Duration;"), [""; 0]);
    }

    #[test]
    fn file_access_in_a_library_is_named_with_what_to_use() {
        assert_eq!(
            found("\nfn a() { std::fs::read(p); }"),
            ["crates/processor/src/window.rs:2: `std::fs::read` opens a door to files: \
              take text or bytes; stored data is openbell_data_manager's [doors]"]
        );
        assert_eq!(found("use std::{fs, io};").len(), 1);
    }

    #[test]
    fn every_other_door_is_seen() {
        for text in [
            "use std::thread;",
            "fn a() { std::thread::sleep(d) }",
            "fn a() { thread::spawn(b) } use std::thread::spawn;",
            "use std::net::TcpStream;",
            "use tokio::net::TcpListener;",
            "use tokio::runtime::Builder;",
            "fn a() { tokio::time::sleep(d).await }",
            "fn a() { tokio::task::spawn_blocking(b) }",
            "use hyper::server::conn::http1;",
            "fn a() { ureq::get(url); }",
            "use tungstenite::WebSocket;",
            "fn a() { std::env::var(n); }",
            "fn a() { std::process::exit(1) }",
            "fn a() { println!(\"b\") }",
            "use std::io::{Read, stdout};",
        ] {
            assert_eq!(found(text).len(), 1, "{text}");
        }
    }

    #[test]
    fn tests_may_read_files_and_start_threads_but_not_sleep_or_read_the_clock() {
        let path = "tests/tests/days.rs";
        assert_eq!(messages(check, path, "use std::{fs, env, thread};"), [""; 0]);
        assert_eq!(messages(check, path, "fn a() { std::thread::sleep(d) }").len(), 1);
        assert_eq!(found("#[cfg(test)]\nmod tests { use std::fs; }"), [""; 0]);
        assert_eq!(found("#[cfg(test)]\nmod tests { use std::time::Instant; }").len(), 1);
    }

    #[test]
    fn the_door_to_data_may_read_files_and_no_clock() {
        let path = "crates/data-manager/src/disk.rs";
        let stamp = "use std::fs::File; use std::time::SystemTime;";
        assert_eq!(messages(check, path, stamp), [""; 0]);
        assert_eq!(messages(check, path, "fn a() { SystemTime::now(); }").len(), 1);
    }

    #[test]
    fn an_exception_to_clippys_rule_needs_a_line_in_the_table() {
        let text = "#![expect(clippy::disallowed_methods, reason = \"why not\")]";
        assert_eq!(
            found(text),
            ["crates/processor/src/window.rs:1: `expect(clippy::disallowed_methods)` in a file \
              that opens no door by the table in xtask/src/tidy/doors.rs [doors]"]
        );
        assert_eq!(messages(check, "crates/data-manager/src/disk.rs", text), [""; 0]);
    }

    #[test]
    fn an_exception_to_clippys_rule_is_written_as_expect() {
        assert_eq!(
            messages(check, "xtask/src/main.rs", "#![allow(clippy::disallowed_types)]"),
            ["xtask/src/main.rs:1: `allow(clippy::disallowed_types)` outlives its reason; \
              write expect, with a reason [doors]"]
        );
    }

    #[test]
    fn a_line_of_the_table_that_nothing_needs_is_a_finding() {
        let exception =
            Exception { path: "crates/time/src/wall.rs", doors: &[Door::Clock], because: "a test" };
        let sources = [Source::new("crates/time/src/wall.rs", "fn a() {}")];
        assert_eq!(
            unused_among(&[exception], &sources)[0].to_string(),
            "xtask/src/tidy/doors.rs: crates/time/src/wall.rs may open a door to the wall clock \
             and does not; take it off the table [doors]"
        );
    }
}
