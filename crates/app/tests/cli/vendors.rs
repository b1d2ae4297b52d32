//! `openbell vendors`, `vendors doctor` and `data fetch`, against the simulated exchange over loopback, as a
//! person would use them.
#![expect(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "the program is run, sent a signal, and its files are looked at"
)]

use std::io::{BufRead, BufReader, Read};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::thread::JoinHandle;

use openbell_time::{Nanos, SystemWall, WallClock};
use openbell_vendor_sim::{
    Exchange, Hours, Listing, Market, Script, Server, ServerControl, ServerSettings, Speaks,
};

use crate::support::{Call, Folder};

/// A simulated exchange that is gone when the test is over.
struct Sim {
    url: String,
    control: ServerControl,
    thread: Option<JoinHandle<()>>,
    /// The dates of the day before yesterday and of yesterday, whose bars it has.
    dates: [String; 2],
}

impl Sim {
    fn of(speaks: Speaks, symbols: &[&str], script: &str) -> Sim {
        let wall = Arc::new(SystemWall::new());
        let now = wall.now();
        let midnight = |n_days| now.utc_date().plus_days(n_days).utc_midnight();
        let listing = |symbol: &&str| Listing {
            silent_pct: 0,
            late_pct: 0,
            ..Listing::drawn(7, symbol.parse().expect("a symbol"))
        };
        let listings = symbols.iter().map(listing).collect();
        let span = midnight(-5)..now + Nanos::from_secs(86_400);
        let market = Market::new(7, Hours::RoundTheClock, span, listings);
        let script = Script::read(script).expect("a script");
        let exchange = Exchange::new(market, speaks, script);
        let server = Server::bind(exchange, wall, &ServerSettings::default()).expect("a port");
        let (url, control) = (format!("http://{}", server.address()), server.control());
        let thread = Some(std::thread::spawn(move || server.run()));
        let dates = [-2, 0].map(|n_days| now.utc_date().plus_days(n_days).to_string());
        Sim { url, control, thread, dates }
    }

    fn binance(script: &str) -> Sim {
        Sim::of(Speaks::binance(7), &["BTCUSDT", "ETHUSDT"], script)
    }

    fn n_requests(&self) -> u64 {
        self.control.exchange(|exchange| exchange.counts().requests)
    }

    /// The words of a fetch of two days of `symbols`.
    fn fetch<'a>(&'a self, vendor: &'a str, symbols: &'a str) -> Vec<&'a str> {
        let [since, until] = &self.dates;
        let whose = ["data", "fetch", "--vendor", vendor, "--symbols", symbols];
        let what = ["--interval", "1m", "--since", since, "--until", until];
        [&whose[..], &what, &["--store", "bars", "--endpoint", &self.url]].concat()
    }
}

impl Drop for Sim {
    fn drop(&mut self) {
        self.control.stop();
        if let Some(Err(panicked)) = self.thread.take().map(JoinHandle::join)
            && !std::thread::panicking()
        {
            std::panic::resume_unwind(panicked);
        }
    }
}

/// Text without dates and times, which are those of the day of the test.
fn undated(text: &str) -> String {
    let is_stamp =
        |word: &&str| word.contains(':') && word.starts_with(|c: char| c.is_ascii_digit());
    let is_date = |word: &&str| word.len() == 10 && word.matches('-').count() == 2;
    let words = |line: &str| {
        let kept = line.split(' ').filter(|word| !is_stamp(word) && !is_date(word));
        kept.collect::<Vec<_>>().join(" ")
    };
    text.lines().map(|line| words(line) + "\n").collect()
}

#[test]
fn a_fetch_stores_two_days_and_the_same_again_asks_for_nothing() {
    let (sim, folder) = (Sim::binance("[]"), Folder::new());
    let call = folder.run(&sim.fetch("binance", "BTCUSDT,ETHUSDT")).expect_code(0);
    assert_eq!(
        undated(&call.out),
        "\
BTCUSDT 1m of CRYPTO from binance: 2 sessions, 0 stored whole; asked for: to 2,880 intervals
ETHUSDT 1m of CRYPTO from binance: 2 sessions, 0 stored whole; asked for: to 2,880 intervals
BTCUSDT 1m: 2,880 rows: 2,880 added, 0 updated, 0 unchanged, 0 rejected
  to exchange time
ETHUSDT 1m: 2,880 rows: 2,880 added, 0 updated, 0 unchanged, 0 rejected
  to exchange time
"
    );
    assert_eq!(call.err, "");
    let n_requests = sim.n_requests();
    let call = folder.run(&sim.fetch("binance", "BTCUSDT,ETHUSDT")).expect_code(0);
    assert_eq!(
        undated(&call.out),
        "\
BTCUSDT 1m of CRYPTO from binance: 2 sessions, stored whole; nothing is asked for
ETHUSDT 1m of CRYPTO from binance: 2 sessions, stored whole; nothing is asked for
"
    );
    assert_eq!(sim.n_requests(), n_requests);
    let again = [&sim.fetch("binance", "BTCUSDT")[..], &["--again"]].concat();
    let call = folder.run(&again).expect_code(0);
    assert!(call.out.contains("0 added, 0 updated, 2,880 unchanged"), "{}", call.out);
    folder.run(&["data", "verify", "bars"]).expect_code(0);
    let listed = folder.run(&["data", "ls", "bars"]).expect_code(0).out;
    assert!(listed.contains("synthetic"), "a simulated exchange makes its bars up: {listed}");
}

#[test]
fn a_dry_run_says_what_would_be_asked_for_and_asks_nothing() {
    let (sim, folder) = (Sim::binance("[]"), Folder::new());
    let dry = [&sim.fetch("kraken", "BTC/USD")[..], &["--dry-run"]].concat();
    let call = folder.run(&dry).expect_code(0);
    let asked = "BTC/USD 1m of CRYPTO from kraken: 2 sessions, 0 stored whole; asked for: ";
    assert!(call.out.starts_with(asked), "{}", call.out);
    let beyond = "warning: kraken keeps the newest 720 bars of 1m: what opens before ";
    assert!(call.err.starts_with(beyond), "{}", call.err);
    assert_eq!((sim.n_requests(), folder.has("bars")), (0, false));
}

#[test]
fn a_fetch_waits_when_it_is_told_to_and_says_so() {
    let script = r#"[{"request": 2, "do": "status", "code": 429, "retry_after": 1},
        {"request": 4, "do": "status", "code": 502}]"#;
    let (sim, folder) = (Sim::binance(script), Folder::new());
    let call = folder.run(&sim.fetch("binance", "BTCUSDT")).expect_code(0);
    assert!(call.out.contains("2,880 added"), "{}", call.out);
    assert!(call.err.contains("binance wants to be left alone until "), "{}", call.err);
    assert!(call.err.contains("binance has not answered (HTTP 502: )"), "{}", call.err);
}

#[test]
fn what_a_vendor_refuses_is_said_and_does_not_keep_the_others_out() {
    let (sim, folder) = (Sim::binance("[]"), Folder::new());
    let call = folder.run(&sim.fetch("binance", "NOPE,BTCUSDT")).expect_code(7);
    assert!(call.out.contains("BTCUSDT 1m: 2,880 rows: 2,880 added"), "{}", call.out);
    assert_eq!(call.err, "error: binance refuses NOPE 1m: -1121 Invalid symbol.\n");
}

#[test]
fn what_is_no_address_no_interval_and_no_date_is_refused_before_anything_is_asked() {
    let folder = Folder::new();
    let base = ["data", "fetch", "--vendor", "alpaca", "--symbols", "SPY", "--store", "bars"];
    let run = |more: &[&str]| folder.run(&[&base[..], more].concat());
    let since = ["--since", "2025-07-01"];
    run(&[&since[..], &["--interval", "5m"]].concat()).expect_error(
        2,
        "error: alpaca has no 5m bars; it has 1m, and a session derives longer ones from them\n",
    );
    let minute = [&since[..], &["--interval", "1m"]].concat();
    let call = run(&[&minute[..], &["--endpoint", "localhost"]].concat()).expect_code(2);
    assert!(call.err.starts_with("error: --endpoint is no address "), "{}", call.err);
    let call = run(&[&minute[..], &["--until", "2025-07-01"]].concat()).expect_code(2);
    assert!(call.err.contains("no date lies in 2025-07-01..2025-07-01"), "{}", call.err);
    let future = ["--interval", "1m", "--since", "2060-01-05", "--until", "2060-02-01"];
    let call = run(&future).expect_code(4);
    assert!(call.err.contains("no session of US_EQUITY from 2060-01-05 on"), "{}", call.err);
}

/// The program without a key in its environment, or with one.
fn with_key(folder: &Folder, args: &[&str], key: Option<[&str; 2]>) -> Call {
    let mut command = folder.command(args);
    for (place, name) in ["APCA_API_KEY_ID", "APCA_API_SECRET_KEY"].into_iter().enumerate() {
        match key {
            Some(key) => command.env(name, key[place]),
            None => command.env_remove(name),
        };
    }
    command.output().expect("the program starts").into()
}

#[test]
fn a_key_is_read_from_the_environment_and_shown_nowhere() {
    let key = ["PKIDENTITY0123456789", "s3cret-of-the-key"];
    let switches = openbell_vendor_sim::AlpacaSwitches {
        key: key[0].to_owned(),
        secret: key[1].to_owned(),
        ..openbell_vendor_sim::AlpacaSwitches::drawn(7)
    };
    let sim = Sim::of(Speaks::Alpaca(switches), &["SPY"], "[]");
    let folder = Folder::new();
    // Days that hold a session, whatever day it is. The simulated exchange trades around the clock, so
    // rows lie outside the hours of the group.
    let since = SystemWall::new().now().utc_date().plus_days(-5).to_string();
    let what = ["--symbols", "SPY", "--interval", "1m", "--since", &since, "--store", "bars"];
    let how = ["--endpoint", &sim.url, "--force", "zone", "--log", "trace"];
    let args = [&["data", "fetch", "--vendor", "alpaca"], &what[..], &how].concat();
    let none = with_key(&folder, &args, None);
    assert!(
        none.err.ends_with(
            "error: alpaca wants a key, and APCA_API_KEY_ID is not set in the environment; set it, or \
             name another variable with --key-env\n"
        ),
        "{}",
        none.err
    );
    let none = none.expect_code(2);
    let listed = with_key(&folder, &["vendors"], Some(key));
    let set = "APCA_API_KEY_ID is set, APCA_API_SECRET_KEY is set";
    assert!(listed.out.contains(set), "{}", listed.out);
    let again = [&args[..], &["--again"]].concat();
    let wrong = ["PKWRONGWRONGWRONG000", "another-s3cret-of-it"];
    let wrong = with_key(&folder, &args, Some(wrong)).expect_code(7);
    assert!(wrong.err.contains("alpaca refuses SPY 1m: alpaca: 403 forbidden."), "{}", wrong.err);
    let call = with_key(&folder, &again, Some(key)).expect_code(0);
    let doctor = ["vendors", "doctor", "alpaca", "--seconds", "2", "--log", "trace", "--endpoint"];
    let doctor = with_key(&folder, &[&doctor[..], &[&sim.url]].concat(), Some(key));
    assert!(doctor.out.contains("held"), "{}{}", doctor.out, doctor.err);
    let mut told: Vec<Vec<u8>> = Vec::new();
    for call in [none, listed, call, wrong, doctor] {
        told.extend([call.out.into_bytes(), call.err.into_bytes()]);
    }
    told.extend(files_under(&folder.path("bars")));
    for secret in [key[0], key[1], "PKWRONGWRONGWRONG000", "another-s3cret-of-it"] {
        for text in &told {
            let is_there = text.windows(secret.len()).any(|part| part == secret.as_bytes());
            assert!(!is_there, "{secret} is shown in {}", String::from_utf8_lossy(text));
        }
    }
}

fn files_under(folder: &std::path::Path) -> Vec<Vec<u8>> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            found.extend(files_under(&path));
        } else {
            found.extend(std::fs::read(path).ok());
        }
    }
    found
}

#[test]
fn vendors_are_listed_with_what_is_known_of_them() {
    let folder = Folder::new();
    let listed = with_key(&folder, &["vendors"], None).expect_code(0).out;
    for words in [
        "binance: CRYPTO\n  bars              1s, 1m, 3m, ",
        "kraken: CRYPTO\n",
        "  history           the newest 720 bars of each interval: 12 h of 1m\n",
        "  closed is         the next bar, or the vendor's clock 2 s after the close\n",
        "  key               APCA_API_KEY_ID is not set, APCA_API_SECRET_KEY is not set\n",
    ] {
        assert!(listed.contains(words), "{words}\n{listed}");
    }
    let json = with_key(&folder, &["vendors", "--json"], None).expect_code(0).json();
    let names: Vec<&str> = json
        .as_array()
        .expect("a list")
        .iter()
        .filter_map(|vendor| vendor["vendor"].as_str())
        .collect();
    assert_eq!(names, ["binance", "kraken", "alpaca"]);
    assert_eq!(json[1]["history_rows"], 720);
    assert_eq!(json[2]["key"][0]["is_set"], false);
}

#[test]
fn the_doctor_says_what_holds_what_does_not_and_that_nobody_was_reached() {
    let folder = Folder::new();
    let doctor = |sim: &Sim, seconds: &str| {
        let args = ["vendors", "doctor", "binance", "--seconds", seconds, "--endpoint", &sim.url];
        folder.run(&args)
    };
    let call = doctor(&Sim::binance("[]"), "3").expect_code(0);
    assert!(call.out.contains("  held      the last row is the one that runs\n"), "{}", call.out);
    assert!(call.out.contains("  held      the stream is connected\n"), "{}", call.out);
    assert!(call.out.contains(" held, 0 did not, "), "{}", call.out);
    let lags = r#"[{"request": 1, "do": "lag_rows", "rows": 1}]"#;
    let call = doctor(&Sim::binance(lags), "0").expect_code(4);
    assert!(call.out.contains("  not held  the last row is the one that runs\n"), "{}", call.out);
    let nobody = ["vendors", "doctor", "binance", "--seconds", "0", "--endpoint"];
    let call = folder.run(&[&nobody[..], &["http://127.0.0.1:9"]].concat()).expect_code(7);
    assert!(call.out.contains("no answer from 127.0.0.1:9"), "{}", call.out);
}

#[cfg(unix)]
#[test]
fn a_fetch_that_is_interrupted_keeps_what_has_come_and_goes_on_later() {
    let ban = r#"[{"request": 3, "do": "status", "code": 418, "retry_after": 600}]"#;
    let (sim, folder) = (Sim::binance(ban), Folder::new());
    let mut command = folder.command(&sim.fetch("binance", "BTCUSDT"));
    let mut child =
        command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().expect("the program starts");
    let mut errors = BufReader::new(child.stderr.take().expect("it is piped"));
    let mut line = String::new();
    while !line.contains("left alone") {
        line.clear();
        assert!(errors.read_line(&mut line).expect("text") > 0, "it ended by itself");
    }
    let sent = Command::new("kill").args(["-INT", &child.id().to_string()]).status();
    assert!(sent.expect("kill is there").success());
    let mut rest = String::new();
    errors.read_to_string(&mut rest).expect("text");
    assert_eq!(child.wait().expect("it ends").code(), Some(130));
    assert_eq!(
        rest,
        "interrupted: what had come is stored; the same command goes on where this one has ended\n"
    );
    let call = folder.run(&sim.fetch("binance", "BTCUSDT")).expect_code(0);
    assert!(call.out.contains("880 rows: 880 added, 0 updated, 0 unchanged"), "{}", call.out);
}
