//! A vendor with the ways to it, as values that the program runs, each on a thread of its own.
//!
//! Not here: sockets (`wire`, `courier`), and what is done over them (`openbell_data_manager::live`).

mod carriers;
mod desk;
mod passage;

use std::fmt;
use std::sync::Arc;

use openbell_data_manager::live::{Note, Protocol, Vendor};
use openbell_time::{Nanos, Timestamp, WallClock};

use crate::Transport;
use carriers::{Asker, Liner, Teller};
use desk::{Desk, Notes};
use passage::Tap;
pub use passage::{Passage, Way};

/// A vendor with the ways to it.
///
/// ```no_run
/// use std::sync::Arc;
/// use std::thread;
/// use openbell_data_manager::live::{Door, Settings, Vendor};
/// use openbell_time::SystemWall;
/// use openbell_vendors::kraken::{self, Kraken};
/// use openbell_vendors::{Connection, Names, Transport, Trust};
///
/// let wall = Arc::new(SystemWall::new()); // That of the engine.
/// let (door, inlet) = Door::new(wall, Door::LIMIT);
/// let kraken = Kraken::new(Names::default(), kraken::endpoint());
/// let vendor = Vendor::new(kraken, Settings::new(1), inlet);
/// let transport = Transport::new(Trust::platform());
/// let clock = Arc::new(SystemWall::new()); // One of its own: each has one waiter.
/// let Connection { carriers, control } =
///     Connection::new(vendor, &transport, clock, |at, note| println!("{at} {note:?}"));
/// let threads: Vec<_> =
///     carriers.into_iter().map(|carrier| thread::spawn(move || carrier.run())).collect();
/// // The engine takes its feeds from the door, and runs to its end.
/// control.stop();
/// for thread in threads {
///     thread.join().unwrap()?; // Within two seconds.
/// }
/// # Ok::<(), openbell_vendors::InternalFault>(())
/// ```
#[derive(Debug)]
pub struct Connection {
    /// What is to be run, each on a thread of its own, until [`Control::stop`].
    pub carriers: Vec<Carrier>,
    /// What ends it.
    pub control: Control,
}

/// Something that is run on a thread of its own.
pub struct Carrier {
    name: String,
    run: Run,
}

type Run = Box<dyn FnOnce() -> Result<(), InternalFault> + Send>;

/// What ends a connection, from any thread.
#[derive(Clone)]
pub struct Control {
    vendor: &'static str,
    controlled: Arc<dyn Controlled>,
}

/// Code of ours that works for a vendor has panicked again and again. Every series of the vendor is
/// gone by then, and its lines are closed.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error(
    "what works for {vendor} has failed {n_times} times, the last time with: {said}; this is a fault of ours, please report it"
)]
pub struct InternalFault {
    /// Which vendor.
    pub vendor: &'static str,
    /// How often.
    pub n_times: u32,
    /// What the last panic said.
    pub said: Arc<str>,
}

/// What the control of any vendor can do.
trait Controlled: Send + Sync {
    fn stop(&self);
    fn skew(&self) -> Option<Nanos>;
}

impl Connection {
    /// The ways to a vendor within the bounds of `transport`.
    ///
    /// `clock` tells the time of all that happens at the vendor's side, and wakes one of the carriers:
    /// it has to be one that nobody else waits by. `notes` is told of what happens, on the thread on
    /// which it happens, with nothing locked.
    pub fn new<P: Protocol + 'static>(
        vendor: Vendor<P>,
        transport: &Transport,
        clock: Arc<dyn WallClock>,
        notes: impl Fn(Timestamp, &Note) + Send + Sync + 'static,
    ) -> Connection {
        Connection::with(vendor, transport, clock, Box::new(notes), None)
    }

    /// As [`Connection::new`]; `tap` is told of all that goes to the vendor and comes from it, on the
    /// thread that carries it, and must not block. What is secret is left out.
    pub fn tapped<P: Protocol + 'static>(
        vendor: Vendor<P>,
        transport: &Transport,
        clock: Arc<dyn WallClock>,
        notes: impl Fn(Timestamp, &Note) + Send + Sync + 'static,
        tap: impl Fn(&Passage) + Send + Sync + 'static,
    ) -> Connection {
        Connection::with(vendor, transport, clock, Box::new(notes), Some(Box::new(tap)))
    }

    fn with<P: Protocol + 'static>(
        vendor: Vendor<P>,
        transport: &Transport,
        clock: Arc<dyn WallClock>,
        notes: Notes,
        tap: Option<Tap>,
    ) -> Connection {
        let traits = vendor.protocol().traits();
        let (name, n_lines) = (traits.name, traits.n_lines);
        let (desk, opens, asks) = Desk::new(vendor, name, transport, clock, (notes, tap));
        let desk = Arc::new(desk);
        let mut carriers = Vec::new();
        let mut add = |what: String, run: Run| {
            carriers.push(Carrier { name: format!("{name} {what}"), run });
        };
        let teller = Teller { desk: Arc::clone(&desk) };
        add("clock".to_owned(), Box::new(move || teller.run()));
        let asker = Asker { desk: Arc::clone(&desk), asks };
        add("history".to_owned(), Box::new(move || asker.run()));
        // A line that is left lives on until the one in its place has all.
        for number in 1..=2 * n_lines {
            let liner = Liner {
                desk: Arc::clone(&desk),
                opens: opens.clone(),
                transport: transport.clone(),
            };
            add(format!("line {number}"), Box::new(move || liner.run()));
        }
        Connection { carriers, control: Control { vendor: name, controlled: desk } }
    }
}

impl Carrier {
    /// What it does, for the name of its thread.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Does it, until [`Control::stop`]; it then returns within two seconds.
    ///
    /// A panic within is a fault of the vendor that it works for: three of them are noted, and what
    /// they were about is begun anew.
    ///
    /// # Errors
    ///
    /// [`InternalFault`] where there are more; one of the carriers says so, and all of them end.
    pub fn run(self) -> Result<(), InternalFault> {
        (self.run)()
    }
}

impl Control {
    /// Ends everything: lines are closed in order where the vendor answers within half a second,
    /// requests are given up, nothing is made any more.
    pub fn stop(&self) {
        self.controlled.stop();
    }

    /// The machine's clock minus the vendor's, as far as it is known.
    pub fn skew(&self) -> Option<Nanos> {
        self.controlled.skew()
    }
}

impl fmt::Debug for Carrier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Carrier({})", self.name)
    }
}

impl fmt::Debug for Control {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Control({})", self.vendor)
    }
}
