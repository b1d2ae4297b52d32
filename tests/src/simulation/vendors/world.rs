//! The world of a run: an engine, a vendor's client, a network and the exchange, driven from one thing
//! that happens to the next.

use openbell_data_manager::live::{Frame, Note, Order, Protocol, Response, Settings, Vendor};
use openbell_time::{Nanos, Timestamp};
use openbell_vendor_sim::{Exchange, Request};

use super::kind::VendorKind;
use super::network::{Arrival, Network, path_of};
use super::session::Session;
use super::weather::Weather;
use crate::simulation::draw::Draw;

/// From a look to the next one where something came in the same instant.
const SOON: Nanos = Nanos::from_nanos(1_000_000);

/// How a world is made.
pub struct Making<'m> {
    /// The vendor.
    pub kind: VendorKind,
    /// The exchange.
    pub exchange: Exchange,
    /// The troubles of the network.
    pub weather: Weather,
    /// How long a message is on its way, and how much longer at most.
    pub delay: (Nanos, Nanos),
    /// Our clock minus the exchange's.
    pub our_skew: Nanos,
    /// The session file.
    pub json: &'m str,
    /// When the program starts.
    pub start: Timestamp,
    /// What all that is drawn follows from.
    pub seed: u64,
}

/// The world of a run.
pub struct World {
    /// The engine and its readers.
    pub session: Session,
    /// The vendor's client.
    pub vendor: Vendor<Box<dyn Protocol>>,
    /// The network, and the exchange behind it.
    pub network: Network,
    /// All that the client noted.
    pub notes: Vec<(Timestamp, Note)>,
    /// The true time, which is that of the exchange.
    pub now: Timestamp,
    our_skew: Nanos,
    vendor_due: Timestamp,
}

impl World {
    /// A world in which nothing has happened.
    pub fn new(making: Making<'_>) -> World {
        let Making { kind, exchange, weather, delay, our_skew, json, start, seed } = making;
        let (session, inlet) = Session::new(json, start + our_skew);
        let vendor = Vendor::new(kind.client(), Settings::new(seed), inlet);
        let draw = Draw::new(seed ^ 0x6e65_7477);
        let network = Network::new(exchange, weather, delay, draw);
        let (notes, vendor_due) = (Vec::new(), start + our_skew);
        World { session, vendor, network, notes, now: start, our_skew, vendor_due }
    }

    /// What our clock shows.
    pub fn wall(&self) -> Timestamp {
        self.now + self.our_skew
    }

    /// Goes on to what happens next, no further than `until`. Returns whether the run goes on.
    pub fn go_on(&mut self, until: Timestamp) -> bool {
        let ours = self.session.due().min(self.vendor_due);
        let ours = if ours == Timestamp::MAX { ours } else { ours - self.our_skew };
        self.now = self.network.next_due().min(ours).min(until).max(self.now);
        let wall = self.wall();
        for arrival in self.network.advance(self.now) {
            self.arrive(arrival, wall);
            self.tend(wall);
        }
        if self.vendor_due <= wall {
            self.tend(wall);
        }
        if self.session.due() <= wall || self.session.has_news() {
            self.session.look(wall);
            self.tend(wall); // What it wishes.
        }
        !self.session.is_over() && self.now < until
    }

    /// Goes on to `until`, or to the end of the run.
    pub fn go(&mut self, until: Timestamp) {
        while self.go_on(until) {}
    }

    fn arrive(&mut self, arrival: Arrival, wall: Timestamp) {
        match arrival {
            Arrival::Opened(line) => self.vendor.opened(line, wall),
            Arrival::Text(line, text) => self.vendor.heard(line, wall, Frame::Text(&text)),
            Arrival::Beat(line) => self.vendor.heard(line, wall, Frame::Beat),
            Arrival::Closed(line, said) => self.vendor.closed(line, wall, &said),
            Arrival::Answered(ask, Ok(reply)) => {
                let (status, headers) = (reply.status, reply.headers.as_slice());
                let response = Response { status, headers, body: &reply.body };
                self.vendor.answered(ask, wall, Ok(response));
            }
            Arrival::Answered(ask, Err(said)) => self.vendor.answered(ask, wall, Err(&said)),
        }
    }

    /// Lets the client do what is due, and carries its orders out.
    fn tend(&mut self, wall: Timestamp) {
        self.vendor_due = self.vendor.tick(wall);
        for order in self.vendor.take_orders() {
            let (mut login, mut asked) = (None, None);
            if let Order::Send { .. } = &order {
                self.vendor.protocol().login(&mut |text| login = Some(text.to_owned()));
            }
            if let Order::Ask { request, .. } = &order {
                let mut signed = Request::get(path_of(&request.url)).with("User-Agent", "openbell");
                self.vendor.protocol().sign(&mut |name, value| {
                    signed.headers.push((name.to_owned(), value.to_owned()));
                });
                asked = Some(signed);
            }
            self.network.carry(order, self.now, login, asked);
        }
        let notes = self.vendor.take_notes();
        self.notes.extend(notes.into_iter().map(|note| (wall, note)));
        if self.vendor_due <= wall {
            self.vendor_due = wall + SOON;
        }
    }
}
