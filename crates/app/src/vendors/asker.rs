//! Whoever asks a vendor's history and waits for it, by the wall clock and with the courier.

use std::sync::Arc;

use openbell_data_manager::fetch::{Answered, Asker, GoOn};
use openbell_data_manager::live::{Request, Waiting};
use openbell_time::{SystemWall, Timestamp, WallClock};
use openbell_vendors::{Courier, SecretHeaders};

use crate::interrupt::Interrupt;
use crate::progress::Progress;

/// What the simulated exchange calls itself in each answer.
const SIMULATED: &str = "openbell-vendor-sim";

/// Asks, waits, and moves the bar that a person watches.
pub(crate) struct BlockingAsker<'a> {
    courier: Courier,
    secrets: SecretHeaders,
    wall: Arc<SystemWall>,
    interrupt: &'a Interrupt,
    progress: &'a Progress,
    vendor: &'static str,
    share: f64,
    is_synthetic: bool,
}

impl<'a> BlockingAsker<'a> {
    pub(crate) fn new(
        courier: Courier,
        secrets: SecretHeaders,
        wall: Arc<SystemWall>,
        interrupt: &'a Interrupt,
        progress: &'a Progress,
        vendor: &'static str,
    ) -> BlockingAsker<'a> {
        let (share, is_synthetic) = (0.0, false);
        BlockingAsker { courier, secrets, wall, interrupt, progress, vendor, share, is_synthetic }
    }

    fn go_on(&self) -> GoOn {
        if self.interrupt.is_asked() { GoOn::No } else { GoOn::Yes }
    }

    fn show(&self, what: String) {
        self.progress.run(self.share, what);
    }
}

impl Asker for BlockingAsker<'_> {
    fn now(&self) -> Timestamp {
        self.wall.now()
    }

    fn wait(&mut self, until: Timestamp, why: &Waiting) -> GoOn {
        let vendor = self.vendor;
        let at = Timestamp::from_secs(until.as_secs()).unwrap_or(until);
        match why {
            Waiting::Turn => {}
            Waiting::Proof => self.show(format!("{vendor}: asks again whether that is all")),
            Waiting::LeftAlone(said) => {
                tracing::warn!("{vendor} wants to be left alone until {at} ({said})");
                self.show(format!("{vendor}: left alone until {at}"));
            }
            Waiting::Failed(said) => {
                tracing::warn!("{vendor} has not answered ({said}); it is asked again at {at}");
                self.show(format!("{vendor}: no answer, again at {at}"));
            }
        }
        while !self.interrupt.is_asked() && self.wall.now() < until {
            let _ = self.wall.wait_until(until); // Whatever ended the wait, the clock says how far it is.
        }
        self.go_on()
    }

    fn ask(&mut self, request: &Request, answered: &mut Answered<'_>) {
        match self.courier.ask(request, &self.secrets) {
            Ok(response) => {
                tracing::debug!(url = request.url, status = response.status, "asked");
                let response = response.borrowed();
                self.is_synthetic |= response.header("server") == Some(SIMULATED);
                answered(self.wall.now(), Ok(response));
            }
            Err(error) => answered(self.wall.now(), Err(&error.to_string())),
        }
    }

    fn has_come(&mut self, share: f64) -> GoOn {
        self.share = share;
        self.show(self.vendor.to_owned());
        self.go_on()
    }

    fn is_synthetic(&self) -> bool {
        self.is_synthetic
    }
}
