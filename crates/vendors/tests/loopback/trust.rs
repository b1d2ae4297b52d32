//! Whose certificates are believed, and in which words others are not.

use openbell_data_manager::live::{CloseCause, Note, Request};
use openbell_vendors::{AskError, Courier, SecretHeaders, Trust};
use rcgen::{CertificateParams, date_time_ymd};

use super::session::{Session, before, binance};
use super::sim::{Authority, Setup};
use crate::support::key;

/// What is said of a server with a certificate like that, over both ways.
fn said(setup: Setup, trust: &Trust) -> String {
    let sim = setup.serve();
    let transport = sim.transport(trust.clone());
    let url = sim.endpoint("", "/api/v3/time").history;
    let asked = Courier::new(&transport).ask(&Request { url, weight: 1 }, &SecretHeaders::none());
    let Err(AskError::Untrusted { words }) = asked else { panic!("{asked:?}") };
    let key = key("BTCUSDT", "1m");
    let mut session = Session::begin(binance(&sim), &transport, &sim.clock, &key, before(&sim));
    let note = session.until_note("refused", |note| matches!(note, Note::LineOver { .. }));
    let Note::LineOver { why: CloseCause::Broken(line), .. } = note else { panic!("{note:?}") };
    let port = sim.port.to_string();
    let (words, line) = (words.replace(&port, "PORT"), line.replace(&port, "PORT"));
    assert_eq!(words, line, "both have one opinion");
    words
}

#[test]
fn a_root_that_nobody_trusts_is_named_with_the_way_out() {
    let (ours, theirs) = (Authority::new(), Authority::new());
    let setup = || Setup::binance().certified(theirs.identity("localhost"));
    let words = "the certificate of localhost:PORT is signed by nobody whom this machine trusts; \
                 behind a proxy that opens connections, its root has to be among those of the machine";
    assert_eq!(said(setup(), &ours.trust()), words);
    assert_eq!(said(setup(), &Trust::platform()), words, "nor does the machine");
}

#[test]
fn a_certificate_for_another_name_is_refused_in_words() {
    let authority = Authority::new();
    let setup = Setup::binance().certified(authority.identity("exchange.example"));
    assert_eq!(
        said(setup, &authority.trust()),
        "the certificate that localhost:PORT shows is made out to another name"
    );
}

#[test]
fn a_certificate_that_has_expired_asks_whether_the_clock_is_right() {
    let authority = Authority::new();
    let mut params = CertificateParams::new(["localhost".to_owned()]).unwrap();
    params.not_before = date_time_ymd(2020, 1, 1);
    params.not_after = date_time_ymd(2021, 1, 1);
    let setup = Setup::binance().certified(authority.identity_of(params));
    assert_eq!(
        said(setup, &authority.trust()),
        "the certificate of localhost:PORT has expired by the clock of this machine; is the clock right?"
    );
}

#[test]
fn a_root_that_cannot_be_read_is_named_by_its_place() {
    let broken = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    let said = Trust::only(broken).unwrap_err().to_string();
    assert!(
        said.starts_with("certificate 1 in the PEM of trusted roots cannot be read: "),
        "{said}"
    );
}
