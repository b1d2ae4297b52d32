//! What every vendor's protocol offers the exchange around it.

use std::fmt::Debug;

use openbell_time::Timestamp;

use crate::http::{Distortion, Reply, Request};
use crate::market::Market;
use crate::outbox::Outbox;
use crate::wire::{Ended, Heard, LineId};

/// One vendor's protocol; all instants are the exchange's own.
pub(crate) trait Speaker: Debug + Send {
    /// Whether a connection to this path may be opened; counts the attempt.
    ///
    /// # Errors
    ///
    /// The reply to the upgrade where not.
    fn admit(&mut self, path: &str, out: &mut Outbox<'_>) -> Result<(), Reply>;

    /// A connection is open.
    fn opened(&mut self, market: &Market, line: LineId, path: &str, out: &mut Outbox<'_>);

    /// The client has sent a frame.
    fn heard(&mut self, market: &Market, line: LineId, heard: &Heard, out: &mut Outbox<'_>);

    /// A connection is over, whoever ended it.
    fn ended(&mut self, line: LineId, how: Ended, now: Timestamp);

    /// A reply to a request.
    fn reply(
        &mut self,
        market: &Market,
        request: &Request,
        distortion: Distortion,
        out: &mut Outbox<'_>,
    ) -> Reply;

    /// When something is to be said unasked.
    fn due(&self) -> Option<Timestamp>;

    /// Says what is due by the outbox's instant, one thing at a time.
    fn speak(&mut self, market: &Market, out: &mut Outbox<'_>);

    /// A trade of the symbol, which traded at `at`, will become known late.
    fn reported_late(&mut self, symbol: usize, at: Timestamp, reported_at: Timestamp);

    /// Sends no more pings on a connection, and waits for no pong.
    fn stop_pings(&mut self, line: LineId);

    /// Announces that the connection will end, where the protocol can.
    fn announce_end(&mut self, line: LineId, out: &mut Outbox<'_>);

    /// The frame of an error code, where the protocol has such.
    fn error(&self, code: u32) -> Option<String>;
}
