//! How it ends: in order, whatever is under way, and how often a fault of ours is forgiven.

use openbell_data_manager::Link;
use openbell_data_manager::live::{
    Answer, AskFault, Doings, Frame, LineId, Note, Protocol, Query, Request, Response, VendorTraits,
};
use openbell_market::SeriesKey;
use openbell_time::{Nanos, SystemWall, Timestamp, WallClock as _};
use openbell_vendors::Trust;
use openbell_vendors::binance::Binance;

use super::session::{Session, before, binance};
use super::sim::{Setup, Sim};
use crate::support::key;

fn session<P: Protocol + 'static>(sim: &Sim, protocol: P) -> Session {
    let (transport, series) = (sim.transport(Trust::platform()), key("BTCUSDT", "1s"));
    Session::begin(protocol, &transport, &sim.clock, &series, before(sim))
}

#[test]
fn a_line_that_is_up_and_a_request_under_way_end_with_the_session() {
    let sim = Setup::binance().with(r#"[{"request": 1, "do": "hang"}]"#).serve();
    let mut session = session(&sim, binance(&sim));
    session.until_note("a line", |note| matches!(note, Note::LineUp { .. }));
    let control = sim.control.clone();
    session.until("a request", |_| control.exchange(|exchange| exchange.counts().requests) == 1);
    let clock = SystemWall::new();
    assert!(session.end().into_iter().all(|ended| ended.is_ok()));
    assert!(clock.passed() < Nanos::from_secs(2), "in {}", clock.passed());
}

/// Binance in words that panic at some frames.
struct Panicking {
    vendor: Binance,
    n_frames: u32,
    panics_at: fn(u32) -> bool,
}

impl Protocol for Panicking {
    fn traits(&self) -> &VendorTraits {
        self.vendor.traits()
    }

    fn stream_url(&self) -> String {
        self.vendor.stream_url()
    }

    fn opened(&mut self, line: LineId, now: Timestamp, out: &mut Doings) {
        self.vendor.opened(line, now, out);
    }

    fn subscribe(&mut self, line: LineId, keys: &[SeriesKey], out: &mut Doings) {
        self.vendor.subscribe(line, keys, out);
    }

    fn unsubscribe(&mut self, line: LineId, keys: &[SeriesKey], out: &mut Doings) {
        self.vendor.unsubscribe(line, keys, out);
    }

    fn heard(&mut self, line: LineId, now: Timestamp, frame: Frame<'_>, out: &mut Doings) {
        self.n_frames += 1;
        assert!(!(self.panics_at)(self.n_frames), "a mistake of ours");
        self.vendor.heard(line, now, frame, out);
    }

    fn closed(&mut self, line: LineId) {
        self.vendor.closed(line);
    }

    fn request(&mut self, query: &Query) -> Request {
        self.vendor.request(query)
    }

    fn answered(
        &mut self,
        query: &Query,
        now: Timestamp,
        response: &Response<'_>,
    ) -> Result<Answer, AskFault> {
        self.vendor.answered(query, now, response)
    }
}

#[test]
fn a_panic_is_a_fault_of_its_vendor_and_the_line_is_made_anew() {
    let sim = Setup::binance().serve();
    let vendor = Panicking { vendor: binance(&sim), n_frames: 0, panics_at: |n| n == 9 };
    let mut session = session(&sim, vendor);
    let note = session.until_note("a fault", |note| matches!(note, Note::Faulty { .. }));
    assert_eq!(note, Note::Faulty { said: "a mistake of ours".into() });
    session.until_complete(sim.clock.now() + Nanos::from_secs(10));
    assert!(session.end().into_iter().all(|ended| ended.is_ok()));
}

#[test]
fn the_fourth_panic_ends_the_vendor_and_says_so_everywhere() {
    let sim = Setup::binance().serve();
    let vendor = Panicking { vendor: binance(&sim), n_frames: 0, panics_at: |n| n > 2 };
    let mut session = session(&sim, vendor);
    session.until("gone", |session| matches!(session.link(), Link::Gone { .. }));
    let Link::Gone { why } = session.link().clone() else { panic!("it is gone") };
    let faults: Vec<String> =
        session.end().into_iter().filter_map(|ended| Some(ended.err()?.to_string())).collect();
    assert_eq!(faults, [&*why]);
    assert_eq!(
        &*why,
        "what works for binance has failed 4 times, the last time with: a mistake of ours; \
         this is a fault of ours, please report it"
    );
}
