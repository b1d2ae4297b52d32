//! That a key is in no note, no error, no `Debug` and no log, whoever writes logs and however much.

use std::sync::{Mutex, PoisonError};

use log::{LevelFilter, Log, Metadata, Record};
use openbell_data_manager::live::{CloseCause, Note, Request};
use openbell_vendors::{Courier, KeyPair, SecretHeaders, Trust};

use super::session::{Session, alpaca, before};
use super::sim::Setup;
use crate::support::key;

/// Keeps all that any library logs.
struct Kept(Mutex<Vec<String>>);

impl Log for Kept {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &Record<'_>) {
        let line = format!("{} {}", record.target(), record.args());
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(line);
    }

    fn flush(&self) {}
}

static KEPT: Kept = Kept(Mutex::new(Vec::new()));

const ID: &str = "PKVERYPUBLIC77";
const SECRET: &str = "sVerySecret99";

/// The ways in which a library may write bytes down.
fn ways(text: &str) -> [String; 3] {
    let hex: String = text.bytes().map(|byte| format!("{byte:02x}")).collect();
    let list = format!("{:?}", text.as_bytes());
    [text.to_owned(), hex, list.trim_matches(['[', ']']).to_owned()]
}

#[test]
fn a_key_that_is_refused_is_in_no_log_at_any_level_and_in_no_error() {
    log::set_logger(&KEPT).expect("this is the one logger");
    log::set_max_level(LevelFilter::Trace);
    let sim = Setup::alpaca().serve();
    let pair = KeyPair::new(ID, SECRET);
    let vendor = alpaca(&sim, pair.clone());
    let transport = sim.transport(Trust::platform());

    let courier = Courier::new(&transport);
    let url = sim.endpoint("", "/v2/stocks/bars?symbols=AAPL&timeframe=1Min").history;
    let headers = SecretHeaders::of(&vendor);
    let answer = courier.ask(&Request { url, weight: 1 }, &headers).unwrap();
    assert!(
        [401, 403].contains(&answer.status),
        "the key reached it, and is another's: {answer:?}"
    );

    let shown = format!("{pair:?} {vendor:?} {courier:?} {headers:?}");
    let series = key("AAPL", "1m");
    let mut session = Session::begin(vendor, &transport, &sim.clock, &series, before(&sim));
    let refused = session.until_note("the login is refused", |note| {
        matches!(note, Note::LineOver { why: CloseCause::Forbidden(_), .. })
    });
    let passed = session.passed();
    let texts: Vec<&str> = passed.iter().map(|passage| passage.text.as_str()).collect();
    assert!(texts.contains(&"auth ***") && texts[0].starts_with("open "), "{texts:?}");
    assert!(passed.iter().any(|passage| passage.is_heard), "{texts:?}");
    let said = format!("{shown} {refused:?} {:?} {:?}", session.notes(), session.link());
    let said = format!("{said} {passed:?}");
    drop(session);
    log::set_max_level(LevelFilter::Off);

    let logged = KEPT.0.lock().unwrap_or_else(PoisonError::into_inner).join("\n");
    assert!(logged.contains("ureq"), "libraries were listened to");
    assert!(logged.contains("tungstenite"), "libraries were listened to");
    for way in [ID, SECRET].into_iter().flat_map(ways) {
        assert!(!said.contains(&way), "{way} in {said}");
        let lines: Vec<&str> = logged.lines().filter(|line| line.contains(&way)).collect();
        assert!(lines.is_empty(), "{way} in {lines:#?}");
    }
}

#[test]
fn a_key_with_a_line_break_is_refused_without_being_shown() {
    let sim = Setup::alpaca().serve();
    let vendor = alpaca(&sim, KeyPair::new(ID, "sVery\nSecret99"));
    let url = sim.endpoint("", "/v2/stocks/bars").history;
    let courier = Courier::new(&sim.transport(Trust::platform()));
    let error = courier.ask(&Request { url, weight: 1 }, &SecretHeaders::of(&vendor)).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the header APCA-API-SECRET-KEY has characters that no header may have; look at the key that \
         it is made from"
    );
}
