//! What was probably meant: the interval of a file that does not say it, and the symbol that was
//! perhaps misspelt.

use std::path::Path;
use std::sync::Arc;

use openbell_market::{BarInterval, Symbol};
use openbell_time::{NANOS_PER_DAY, NANOS_PER_SECOND, Timestamp, Weekday};

use crate::DataError;
use crate::codec::bar_file::BarFile;
use crate::codec::decode::Decoder;

/// The interval of the bars of a file: what its metadata say, else the largest one on whose grid
/// the stamps of its first rows lie; `None` where they lie on none, or there are fewer than two.
pub(crate) fn interval_of(path: &Path) -> Result<Option<BarInterval>, DataError> {
    let file = Arc::new(BarFile::open(path)?);
    if let Some(interval) = file.interval() {
        return Ok(Some(interval));
    }
    let mut decoder = Decoder::unchecked(file);
    Ok(interval_of_stamps(decoder.stamps()?))
}

/// The largest interval on whose grid all of `stamps_ns` lie, counted from the first.
pub(crate) fn interval_of_stamps(stamps_ns: &[i64]) -> Option<BarInterval> {
    let mut step_ns = 0;
    for pair in stamps_ns.windows(2) {
        step_ns = greatest_common_divisor(step_ns, pair[1].abs_diff(pair[0]));
    }
    let is_monday = |ns: i64| Timestamp::from_nanos(ns).utc_date().weekday() == Weekday::Mon;
    let first = *stamps_ns.first()?;
    let day_ns = NANOS_PER_DAY.unsigned_abs();
    if step_ns == 0 {
        None
    } else if step_ns % day_ns == 0 && first % NANOS_PER_DAY == 0 {
        let is_weekly = step_ns % (7 * day_ns) == 0 && is_monday(first);
        Some(if is_weekly { BarInterval::WEEK } else { BarInterval::DAY })
    } else {
        // Longer steps than a day by the clock are gaps between bars of some shorter interval.
        let step_ns = greatest_common_divisor(step_ns, day_ns);
        let seconds = step_ns / NANOS_PER_SECOND.unsigned_abs();
        step_ns
            .is_multiple_of(NANOS_PER_SECOND.unsigned_abs())
            .then(|| BarInterval::from_secs(u32::try_from(seconds).ok()?)) // `None`: no interval
            .flatten()
    }
}

fn greatest_common_divisor(mut a: u64, mut b: u64) -> u64 {
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a
}

/// Up to three of `known`, those whose text is nearest to `asked`; equally near ones in symbol
/// order.
pub(crate) fn nearest(asked: &Symbol, known: Vec<Symbol>) -> Vec<Symbol> {
    let mut ranked: Vec<(usize, Symbol)> = known
        .into_iter()
        .map(|symbol| (strsim::levenshtein(asked.as_str(), symbol.as_str()), symbol))
        .collect();
    ranked.sort();
    ranked.truncate(3);
    ranked.into_iter().map(|(_, symbol)| symbol).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stamps(texts: &[&str]) -> Vec<i64> {
        texts.iter().map(|text| text.parse::<Timestamp>().unwrap().as_nanos()).collect()
    }

    #[test]
    fn an_interval_is_guessed_from_the_grid_that_all_stamps_share() {
        let cases: [(&[&str], Option<&str>); 5] = [
            (&["2025-07-02T13:30:00Z", "2025-07-02T13:35:00Z", "2025-07-03T13:50:00Z"], Some("5m")),
            (&["2025-07-02T13:30:00Z", "2025-07-02T13:34:00Z", "2025-07-02T13:37:00Z"], Some("1m")),
            (&["2025-07-02T00:00:00Z", "2025-07-03T00:00:00Z", "2025-07-07T00:00:00Z"], Some("1d")),
            (&["2025-06-02T00:00:00Z", "2025-06-09T00:00:00Z"], Some("1w")),
            (&["2025-06-02T00:00:00Z"], None),
        ];
        for (texts, interval) in cases {
            let guessed = interval_of_stamps(&stamps(texts)).map(|interval| interval.to_string());
            assert_eq!(guessed.as_deref(), interval, "{texts:?}");
        }
    }

    #[test]
    fn the_nearest_names_come_first() {
        let symbol = |text: &str| text.parse::<Symbol>().unwrap();
        let known = ["AAPL", "MSFT", "AAL", "TSLA"].map(symbol).to_vec();
        assert_eq!(nearest(&symbol("APPL"), known)[0], symbol("AAPL"));
    }
}
