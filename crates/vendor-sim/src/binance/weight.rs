//! What requests weigh, and what becomes of who asks too much.

use openbell_time::{Nanos, Timestamp};

use crate::http::Reply;
use crate::limits::Window;
use crate::market::{MINUTE, slot_of};
use crate::outbox::Outbox;

const WEIGHT_A_MINUTE: u64 = 6_000;
const REQUESTS_IN_FIVE_MINUTES: usize = 61_000;
/// The first ban; each that follows is twice as long, three days at most.
const FIRST_BAN: Nanos = Nanos::from_secs(120);
const N_DOUBLINGS_MAX: u32 = 11;

#[derive(Debug)]
pub(super) struct Weights {
    minute: Timestamp,
    used: u64,
    requests: Window,
    /// Until when the client was asked to wait.
    barred_until: Timestamp,
    banned_until: Timestamp,
    n_bans: u32,
}

impl Weights {
    pub(super) fn new() -> Weights {
        Weights {
            minute: Timestamp::MIN,
            used: 0,
            requests: Window::new(REQUESTS_IN_FIVE_MINUTES, Nanos::from_secs(300)),
            barred_until: Timestamp::MIN,
            banned_until: Timestamp::MIN,
            n_bans: 0,
        }
    }

    /// Counts a request, and yields the weight used in its minute.
    pub(super) fn used(&mut self, weight: u64, out: &mut Outbox<'_>) -> Result<u64, Reply> {
        if let Some(reply) = self.ban(out) {
            return Err(reply);
        }
        if out.now < self.barred_until {
            out.counts.over_limit += 1;
            self.begin_ban(out);
            return Err(self.banned(out.now));
        }
        let minute = slot_of(MINUTE, out.now);
        if self.minute != minute.since {
            self.minute = minute.since;
            self.used = 0;
        }
        self.used += weight;
        let is_frequent = !self.requests.allows(out.now);
        if self.used > WEIGHT_A_MINUTE || is_frequent {
            out.counts.over_limit += 1;
            self.barred_until = minute.until;
            let message = r#"{"code":-1003,"msg":"Too much request weight used; current limit is 6000 request weight per 1 MINUTE."}"#;
            let reply = Reply::new(429, message);
            return Err(reply.with("Retry-After", seconds_until(minute.until, out.now)));
        }
        Ok(self.used)
    }

    /// The reply to a banned client, whose ban grows by asking.
    pub(super) fn ban(&mut self, out: &mut Outbox<'_>) -> Option<Reply> {
        if out.now >= self.banned_until {
            return None;
        }
        out.counts.over_limit += 1;
        self.begin_ban(out);
        Some(self.banned(out.now))
    }

    pub(super) fn begin_ban(&mut self, out: &mut Outbox<'_>) {
        out.counts.bans += 1;
        let length = FIRST_BAN.as_nanos() << self.n_bans.min(N_DOUBLINGS_MAX);
        self.n_bans += 1;
        self.banned_until = out.now + Nanos::from_nanos(length);
    }

    fn banned(&self, now: Timestamp) -> Reply {
        let until_ms = super::kline::ms(self.banned_until);
        let message = format!("Way too much request weight used; IP banned until {until_ms}.");
        let body = serde_json::json!({"code": -1003, "msg": message});
        Reply::new(418, body).with("Retry-After", seconds_until(self.banned_until, now))
    }
}

fn seconds_until(until: Timestamp, now: Timestamp) -> i64 {
    (until - now).as_secs() + 1
}
