//! The three ways in which vendors write an instant.

use openbell_time::Timestamp;
use serde::de::{Deserialize, Deserializer, Error};

/// Milliseconds since the epoch.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Millis(pub Timestamp);

/// Seconds since the epoch.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Seconds(pub Timestamp);

/// RFC 3339, with up to nine digits of a second.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rfc3339(pub Timestamp);

/// The whole milliseconds since the epoch, rounded down.
pub(crate) fn as_millis(instant: Timestamp) -> i64 {
    instant.as_nanos().div_euclid(1_000_000)
}

impl<'de> Deserialize<'de> for Millis {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Millis, D::Error> {
        let ms = i64::deserialize(deserializer)?;
        let instant = ms.checked_mul(1_000).and_then(Timestamp::from_micros);
        instant.map(Millis).ok_or_else(|| D::Error::custom(format!("{ms} ms are no instant")))
    }
}

impl<'de> Deserialize<'de> for Seconds {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Seconds, D::Error> {
        let s = i64::deserialize(deserializer)?;
        let instant = Timestamp::from_secs(s).map(Seconds);
        instant.ok_or_else(|| D::Error::custom(format!("{s} s are no instant")))
    }
}

impl<'de> Deserialize<'de> for Rfc3339 {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Rfc3339, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map(Rfc3339).map_err(D::Error::custom)
    }
}
