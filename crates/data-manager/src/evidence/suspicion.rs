//! Values that a bar can have and that are hardly true.

use std::fmt;

use openbell_market::{BarColumns, Ohlcv};

/// Neighbouring closes of which one is so many times the other.
const JUMP: f64 = 10.0;

/// A high so many times the open and the close, or a low that is so small a part of them.
const SPIKE: f64 = 100.0;

/// What is suspicious about a bar.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Suspicion {
    /// All four prices are 0.
    Zeros,
    /// The close is ten times that of the bar before, or a tenth.
    Jump,
    /// The high is a hundred times open and close, or the low a hundredth.
    Spike,
}

impl Suspicion {
    /// All of them.
    pub const ALL: [Suspicion; 3] = [Suspicion::Zeros, Suspicion::Jump, Suspicion::Spike];

    /// The word in reports and in the metadata of files.
    pub fn name(self) -> &'static str {
        match self {
            Suspicion::Zeros => "zeros",
            Suspicion::Jump => "jump",
            Suspicion::Spike => "spike",
        }
    }
}

impl fmt::Display for Suspicion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Suspicion::Zeros => "a bar of zeros",
            Suspicion::Jump => "a close ten times that of the bar before, or a tenth",
            Suspicion::Spike => "a high or low a hundred times away from open and close",
        })
    }
}

/// What is suspicious about a bar after one that closed at `before`, and the value that is.
pub(crate) fn suspicion(ohlcv: &Ohlcv, before: Option<f64>) -> Option<(Suspicion, f64)> {
    let [open, high, low, close] = [ohlcv.open, ohlcv.high, ohlcv.low, ohlcv.close];
    if [open, high, low, close] == [0.0; 4] {
        return Some((Suspicion::Zeros, 0.0));
    }
    let (most, least) = (open.max(close), open.min(close));
    if least > 0.0 && high > SPIKE * most {
        return Some((Suspicion::Spike, high));
    }
    if low > 0.0 && SPIKE * low < least {
        return Some((Suspicion::Spike, low));
    }
    let before = before.filter(|&before| before > 0.0 && close > 0.0)?;
    (close >= JUMP * before || before >= JUMP * close).then_some((Suspicion::Jump, close))
}

/// How many bars of ascending `rows` are suspicious, and how.
pub(crate) fn n_suspicious(rows: &BarColumns) -> [(Suspicion, u64); 3] {
    let mut counts = Suspicion::ALL.map(|suspicion| (suspicion, 0));
    let mut before = None;
    for row in 0..rows.len() {
        let ohlcv = rows.ohlcv(row);
        if let Some((found, _)) = suspicion(&ohlcv, before.replace(ohlcv.close)) {
            counts.iter_mut().filter(|(known, _)| *known == found).for_each(|(_, n)| *n += 1);
        }
    }
    counts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn real_prices_are_not_suspicious_whatever_their_size() {
        let bar = |open: f64, high: f64, low: f64, close: f64| Ohlcv {
            open,
            high,
            low,
            close,
            volume: 1.0,
        };
        for (before, found, expected) in [
            (None, bar(0.0, 0.0, 0.0, 0.0), Some(Suspicion::Zeros)),
            (Some(100.0), bar(100.0, 1e9, 99.0, 100.0), Some(Suspicion::Spike)),
            (Some(100.0), bar(100.0, 101.0, 0.1, 100.0), Some(Suspicion::Spike)),
            (Some(100.0), bar(1_000.0, 1_001.0, 999.0, 1_000.0), Some(Suspicion::Jump)),
            (Some(1_000.0), bar(100.0, 101.0, 99.0, 100.0), Some(Suspicion::Jump)),
            (Some(100.0), bar(100.0, 101.0, 99.0, 100.0), None),
            (Some(-37.0), bar(-30.0, 10.0, -40.0, 10.0), None),
            (Some(10.0), bar(-30.0, 10.0, -40.0, -37.0), None),
            (Some(0.000_000_1), bar(0.000_000_1, 0.000_000_2, 0.000_000_1, 0.000_000_2), None),
            (Some(730_000.0), bar(730_000.0, 735_000.0, 728_000.0, 731_000.0), None),
            (Some(0.0), bar(0.0, 5.0, 0.0, 5.0), None),
            (None, bar(100.0, 101.0, 99.0, 100.0), None),
        ] {
            assert_eq!(suspicion(&found, before).map(|(kind, _)| kind), expected, "{found:?}");
        }
    }
}
