//! A bar as somebody told it, and which of two tellings is the older one.

use openbell_market::Ohlcv;

use crate::live::Heard;

/// Who told a bar.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Teller {
    Stream,
    History,
}

/// A bar as the stream or the history told it.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) struct Told {
    pub(super) by: Teller,
    pub(super) ohlcv: Ohlcv,
    /// The number of its trades, where it was said.
    pub(super) n_trades: Option<u64>,
}

impl Told {
    pub(super) fn by_stream(row: &Heard) -> Told {
        Told { by: Teller::Stream, ohlcv: row.ohlcv, n_trades: row.n_trades }
    }

    pub(super) fn by_history(row: &Heard) -> Told {
        Told { by: Teller::History, ohlcv: row.ohlcv, n_trades: row.n_trades }
    }

    /// Its values, bit for bit.
    pub(super) fn bits(&self) -> [u64; 5] {
        let Ohlcv { open, high, low, close, volume } = self.ohlcv;
        [open, high, low, close, volume].map(f64::to_bits)
    }

    pub(super) fn same(&self, other: &Told) -> bool {
        self.bits() == other.bits()
    }

    /// Whether it is of an earlier time than `other`: trades are only added.
    pub(super) fn is_older_than(&self, other: &Told) -> bool {
        self.n_trades.zip(other.n_trades).is_some_and(|(own, others)| own < others)
    }
}
