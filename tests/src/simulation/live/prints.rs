//! What can be read of a symbol at a session's close, series by series, so that two runs can be
//! compared in what they have in common.

use std::collections::BTreeMap;

use openbell_market::{BarInterval, Coverage};
use openbell_session_data::{Rows, SymbolView};

/// The rows of one series.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct SeriesPrint {
    /// Stamp, close, and values as bits, of the trailing sessions' rows and of the day's.
    bars: Vec<[u64; 7]>,
    coverage: Option<Coverage>,
    /// The values of each field of each indicator on the day's rows, as bits.
    indicators: BTreeMap<(String, usize), Vec<u64>>,
}

/// The series of one symbol, by interval.
pub type SymbolPrint = BTreeMap<BarInterval, SeriesPrint>;

fn take(rows: &Rows<'_>, bars: &mut Vec<[u64; 7]>) {
    for bar in rows.bars_since(0) {
        let values = bar.ohlcv;
        bars.push([
            bar.opens_at.as_nanos() as u64,
            bar.closes_at.as_nanos() as u64,
            values.open.to_bits(),
            values.high.to_bits(),
            values.low.to_bits(),
            values.close.to_bits(),
            values.volume.to_bits(),
        ]);
    }
}

/// What `symbol` shows.
pub fn print_of(symbol: &SymbolView<'_>) -> SymbolPrint {
    let mut prints = SymbolPrint::new();
    for interval in symbol.intervals() {
        let Ok(series) = symbol.series(interval) else { continue };
        let mut print = SeriesPrint { coverage: series.coverage(), ..SeriesPrint::default() };
        for rows in series.trailing() {
            take(&rows, &mut print.bars);
        }
        take(&series.today(), &mut print.bars);
        for (indicator, field, values) in series.today().indicator_columns() {
            let bits = values.iter().map(|value| value.to_bits()).collect();
            print.indicators.insert((indicator.key.to_string(), field), bits);
        }
        prints.insert(interval, print);
    }
    prints
}

/// What of `met` is not as in `due`, which has it all.
pub fn difference(met: &SymbolPrint, due: &SymbolPrint) -> Option<String> {
    for (interval, met) in met {
        let Some(due) = due.get(interval) else { return Some(format!("no {interval}")) };
        if met.bars != due.bars {
            let differs = met.bars.iter().zip(&due.bars).position(|(a, b)| a != b);
            let (n_met, n_due) = (met.bars.len(), due.bars.len());
            return Some(format!(
                "{interval}: {n_met} bars, {n_due} due, first other: {differs:?}"
            ));
        }
        if met.coverage != due.coverage {
            return Some(format!("{interval}: {:?}, due {:?}", met.coverage, due.coverage));
        }
        for (key, values) in &met.indicators {
            let Some(due) = due.indicators.get(key) else {
                return Some(format!("{interval}: no {key:?}"));
            };
            if values != due {
                let differs = values.iter().zip(due).position(|(a, b)| a != b);
                return Some(format!("{interval}: {key:?} differs from row {differs:?} on"));
            }
        }
    }
    None
}
