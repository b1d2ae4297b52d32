//! What is not known of the vendors: every doubt is a switch, and each of its values is spoken.

use crate::draw::{below, drawn};

/// The vendor whose protocol is spoken, with how its doubts are settled.
#[derive(Clone, Debug)]
pub enum Speaks {
    /// Binance spot: combined streams and REST.
    Binance(BinanceSwitches),
    /// Kraken spot: websocket v2 and REST.
    Kraken(KrakenSwitches),
    /// Alpaca market data v2.
    Alpaca(AlpacaSwitches),
}

impl Speaks {
    /// Binance, its doubts settled by seed.
    pub fn binance(seed: u64) -> Speaks {
        Speaks::Binance(BinanceSwitches::drawn(seed))
    }

    /// Kraken, its doubts settled by seed.
    pub fn kraken(seed: u64) -> Speaks {
        Speaks::Kraken(KrakenSwitches::drawn(seed))
    }

    /// Alpaca, its doubts settled by seed.
    pub fn alpaca(seed: u64) -> Speaks {
        Speaks::Alpaca(AlpacaSwitches::drawn(seed))
    }
}

/// A number below `n` for the `what`th switch.
fn number(seed: u64, what: u64, n: u64) -> u64 {
    below(drawn(seed ^ 0x5717, &[what]), n)
}

fn is_on(seed: u64, what: u64) -> bool {
    number(seed, what, 2) == 1
}

/// What is not known of Binance.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct BinanceSwitches {
    /// Whether an interval without a trade ends with a closed bar (of `1s` it is known to).
    pub has_empty_bars: bool,
    /// Whether a bar that opens at `endTime` is among the answer.
    pub is_end_inclusive: bool,
    /// Whether late trades change REST rows of bars that were closed on the stream without them; else
    /// everything is known in time.
    pub is_rest_settling: bool,
    /// Whether the day's statistics of a symbol without a trade end at the instant they are asked for;
    /// else they stand where they were begun.
    pub has_empty_statistics: bool,
    /// Whether a client from a blocked region gets 451; else 403.
    pub blocks_with_451: bool,
    /// Whether this client is blocked.
    pub is_blocked: bool,
    /// Whether a closed bar is sent again when a trade of it becomes known late. Binance is not known to;
    /// it is for who wants to see a correction.
    pub sends_late: bool,
}

impl BinanceSwitches {
    /// Each switch by seed; nobody is blocked, and nothing is sent again.
    pub fn drawn(seed: u64) -> BinanceSwitches {
        BinanceSwitches {
            has_empty_bars: is_on(seed, 0),
            is_end_inclusive: is_on(seed, 1),
            is_rest_settling: is_on(seed, 2),
            has_empty_statistics: is_on(seed, 4),
            blocks_with_451: is_on(seed, 3),
            is_blocked: false,
            sends_late: false,
        }
    }
}

/// What is not known of Kraken.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct KrakenSwitches {
    /// How many candles a snapshot has, at least 1.
    pub n_snapshot: usize,
    /// Whether a symbol can be subscribed in one interval only on a connection.
    pub is_one_interval: bool,
    /// Whether the stream sends a closed candle again that a late trade has changed.
    pub sends_late: bool,
    /// Whether heartbeats come by themselves; else the channel has to be subscribed.
    pub beats_unasked: bool,
    /// Whether the 151st connection within ten minutes is refused.
    pub limits_connects: bool,
    /// Whether a request too many is `EGeneral:Too many requests`; else `EAPI:Rate limit exceeded`.
    pub is_general_error: bool,
    /// Whether a pair that was never traded has a ticker, of zeros; else it is left out.
    pub has_empty_ticker: bool,
    /// Whether a request in maintenance is `EService:Busy`; else `EService:Unavailable`.
    pub is_busy_in_maintenance: bool,
}

impl KrakenSwitches {
    /// Each switch by seed.
    pub fn drawn(seed: u64) -> KrakenSwitches {
        KrakenSwitches {
            n_snapshot: [1, 2, 12, 60][number(seed, 0, 4) as usize],
            is_one_interval: is_on(seed, 1),
            sends_late: is_on(seed, 2),
            beats_unasked: is_on(seed, 3),
            limits_connects: is_on(seed, 4),
            is_general_error: is_on(seed, 5),
            is_busy_in_maintenance: is_on(seed, 6),
            has_empty_ticker: is_on(seed, 7),
        }
    }
}

/// What is not known of Alpaca, and the account that is served.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct AlpacaSwitches {
    /// How many symbols can be subscribed; `None` where there is no limit on bars.
    pub most_symbols: Option<usize>,
    /// Whether names that are not listed are left out of what is subscribed; else they are an error.
    pub drops_unknown: bool,
    /// For how many seconds after its end a bar is missing in REST.
    pub rest_lag_s: u32,
    /// Whether the account may use the consolidated tape, and its newest minutes.
    pub is_paid: bool,
    /// The key that is accepted.
    pub key: String,
    /// The secret that is accepted.
    pub secret: String,
}

impl AlpacaSwitches {
    /// Each switch by seed; a free account with the key `key` and the secret `secret`.
    pub fn drawn(seed: u64) -> AlpacaSwitches {
        AlpacaSwitches {
            most_symbols: is_on(seed, 0).then_some(30),
            drops_unknown: is_on(seed, 2),
            rest_lag_s: [0, 4][number(seed, 1, 2) as usize],
            is_paid: false,
            key: "key".to_owned(),
            secret: "secret".to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_switch_has_both_of_its_values_among_seeds() {
        let binance: Vec<_> = (0..64).map(BinanceSwitches::drawn).collect();
        let kraken: Vec<_> = (0..64).map(KrakenSwitches::drawn).collect();
        let alpaca: Vec<_> = (0..64).map(AlpacaSwitches::drawn).collect();
        let both = |values: Vec<bool>| values.contains(&true) && values.contains(&false);
        assert!(both(binance.iter().map(|s| s.has_empty_bars).collect()));
        assert!(both(binance.iter().map(|s| s.is_end_inclusive).collect()));
        assert!(both(binance.iter().map(|s| s.is_rest_settling).collect()));
        assert!(both(binance.iter().map(|s| s.has_empty_statistics).collect()));
        assert!(both(binance.iter().map(|s| s.blocks_with_451).collect()));
        assert!(both(kraken.iter().map(|s| s.is_one_interval).collect()));
        assert!(both(kraken.iter().map(|s| s.sends_late).collect()));
        assert!(both(kraken.iter().map(|s| s.beats_unasked).collect()));
        assert!(both(kraken.iter().map(|s| s.limits_connects).collect()));
        assert!(both(kraken.iter().map(|s| s.is_general_error).collect()));
        assert!(both(kraken.iter().map(|s| s.is_busy_in_maintenance).collect()));
        assert!(both(kraken.iter().map(|s| s.has_empty_ticker).collect()));
        assert!(both(alpaca.iter().map(|s| s.most_symbols.is_some()).collect()));
        assert!(both(alpaca.iter().map(|s| s.drops_unknown).collect()));
        assert!(both(alpaca.iter().map(|s| s.rest_lag_s == 0).collect()));
        assert_eq!(kraken.iter().map(|s| s.n_snapshot).collect::<BTreeSet<_>>().len(), 4);
    }
}
