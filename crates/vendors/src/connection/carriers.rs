//! What is run on a thread each: one who tells the vendor the time, one who makes its requests, and
//! one for each line.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use crossbeam::channel::Receiver;
use openbell_data_manager::live::{LineId, Outgoing, Protocol};
use openbell_time::{Timestamp, WaitEnd};

use super::InternalFault;
use super::desk::{Ask, Desk, Mailbox, Open};
use super::passage::{Way, text_of_answer, text_of_frame, text_of_outgoing, text_of_request};
use crate::wire::{ConnectError, Sending, Wire, connect};
use crate::{OwnedResponse, Transport};

/// Tells the vendor the time, whenever something is due.
pub(super) struct Teller<P> {
    pub(super) desk: Arc<Desk<P>>,
}

/// Makes the vendor's requests, one after the other.
pub(super) struct Asker<P> {
    pub(super) desk: Arc<Desk<P>>,
    pub(super) asks: Receiver<Ask>,
}

/// Carries one line at a time.
pub(super) struct Liner<P> {
    pub(super) desk: Arc<Desk<P>>,
    pub(super) opens: Receiver<Open>,
    pub(super) transport: Transport,
}

impl<P: Protocol> Teller<P> {
    pub(super) fn run(self) -> Result<(), InternalFault> {
        while let Some(due) = self.desk.due() {
            let told = catch_unwind(AssertUnwindSafe(|| self.wait_and_tell(due)));
            if let Err(panic) = told {
                self.desk.carrier_panicked(None, &*panic);
            }
        }
        self.desk.failure().map_or(Ok(()), Err)
    }

    fn wait_and_tell(&self, due: Timestamp) {
        let has_stepped = self.desk.clock.wait_until(due) == WaitEnd::Stepped;
        self.desk.tell(None, |vendor, now| {
            if has_stepped {
                vendor.clock_stepped(now);
            }
        });
        if has_stepped {
            self.desk.clock.take_steps();
        }
    }
}

impl<P: Protocol> Asker<P> {
    pub(super) fn run(self) -> Result<(), InternalFault> {
        while let Ok(Ask { ask, request }) = self.asks.recv() {
            self.desk.passed(Way::Requests, false, || text_of_request(&request));
            let asked = catch_unwind(AssertUnwindSafe(|| {
                self.desk.courier.ask(&request, &self.desk.secrets())
            }));
            let answer = match asked {
                Ok(answer) => answer.map_err(|error| error.to_string()),
                Err(panic) => {
                    self.desk.carrier_panicked(None, &*panic);
                    Err("internal: the request was not made".to_owned())
                }
            };
            self.desk.passed(Way::Requests, true, || text_of_answer(&answer));
            self.desk.tell(None, |vendor, now| {
                let got = answer.as_ref().map(OwnedResponse::borrowed).map_err(String::as_str);
                vendor.answered(ask, now, got);
            });
        }
        Ok(())
    }
}

impl<P: Protocol> Liner<P> {
    pub(super) fn run(self) -> Result<(), InternalFault> {
        while let Ok(open) = self.opens.recv() {
            let carried = catch_unwind(AssertUnwindSafe(|| self.carry(&open)));
            if let Err(panic) = carried {
                self.desk.carrier_panicked(Some(open.line), &*panic);
            }
        }
        Ok(())
    }

    /// Carries a line from its beginning to its end.
    fn carry(&self, open: &Open) {
        let Open { line, url, mailbox } = open;
        let clock = self.desk.clock.as_ref();
        let mut wire = match connect(url, &self.transport, clock, &|| mailbox.is_left()) {
            Ok(wire) => wire,
            Err(ConnectError::Left) => return,
            Err(error) => return self.desk.closed(*line, &error.to_string()),
        };
        self.desk.passed(Way::Line(*line), false, || format!("open {url}"));
        self.desk.tell(Some(*line), |vendor, now| vendor.opened(*line, now));
        match self.speak(*line, &mut wire, mailbox) {
            Ok(()) => wire.close(clock),
            Err(_) if mailbox.is_left() => {} // Nothing more is said of it.
            Err(said) => self.desk.closed(*line, &said),
        }
    }

    /// Reads and writes until the line is to be left.
    fn speak(&self, line: LineId, wire: &mut Wire, mailbox: &Mailbox) -> Result<(), String> {
        while !mailbox.is_left() {
            while let Some(message) = mailbox.next() {
                self.desk.passed(Way::Line(line), false, || text_of_outgoing(&message));
                wire.send(match message {
                    Outgoing::Text(text) => Sending::Text(text),
                    Outgoing::Ping => Sending::Ping,
                    Outgoing::Login => match self.desk.login() {
                        Some(login) => Sending::Login(login),
                        None => continue,
                    },
                })?;
            }
            wire.read(|frame| {
                self.desk.passed(Way::Line(line), true, || text_of_frame(&frame));
                self.desk.tell(Some(line), |vendor, now| vendor.heard(line, now, frame));
            })?;
        }
        Ok(())
    }
}
