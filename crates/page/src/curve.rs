//! What is read off a curve of equity: where it stood at closes, how it fell, what a month came to.

use std::collections::BTreeMap;

use openbell_time::Timestamp;

use crate::moment::instant;
use crate::run::{EquityAt, Run};

/// What a curve stood at as sessions closed, with their dates; sessions before its first point are left
/// out.
pub(crate) fn at_closes<'r>(run: &'r Run<'_>, curve: &[EquityAt]) -> Vec<(&'r str, f64)> {
    let mut found = Vec::new();
    for session in run.sessions() {
        let Some(end) = instant(run.end_of(session)) else { continue };
        let n_before = curve.partition_point(|point| point.at <= end);
        if let Some(point) = n_before.checked_sub(1).map(|last| &curve[last]) {
            found.push((session.date.as_str(), point.equity));
        }
    }
    found
}

/// The share by which a curve lies below its highest point so far, at each of its points; 0 or below.
pub(crate) fn falls(curve: &[EquityAt]) -> Vec<(Timestamp, f64)> {
    let mut peak = f64::NEG_INFINITY;
    let fall = |point: &EquityAt| {
        peak = peak.max(point.equity);
        (point.at, if peak > 0.0 { point.equity / peak - 1.0 } else { 0.0 })
    };
    curve.iter().map(fall).collect()
}

/// What each month came to, by year and month: from the last close of the month before, or the start.
pub(crate) fn months(start: f64, closes: &[(&str, f64)]) -> BTreeMap<(String, u32), f64> {
    let mut ends: BTreeMap<(String, u32), f64> = BTreeMap::new();
    for (date, equity) in closes {
        let year = date.get(..4).unwrap_or_default().to_owned();
        let month = date.get(5..7).and_then(|month| month.parse().ok()).unwrap_or(1); // It is a date.
        ends.insert((year, month), *equity);
    }
    let mut before = start;
    for end in ends.values_mut() {
        let equity = *end;
        *end = if before > 0.0 { equity / before - 1.0 } else { 0.0 };
        before = equity;
    }
    ends
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn months_multiply_to_the_whole() {
        let closes = [
            ("2025-06-27", 105.0),
            ("2025-06-30", 110.0),
            ("2025-07-01", 99.0),
            ("2026-01-02", 121.0),
        ];
        let months = months(100.0, &closes);
        let of = |year: &str, month| months[&(year.to_owned(), month)];
        assert!((of("2025", 6) - 0.1).abs() < 1e-12);
        assert!((of("2025", 7) - -0.1).abs() < 1e-12);
        let whole: f64 = months.values().map(|month| 1.0 + month).product();
        assert!((whole - 1.21).abs() < 1e-12);
    }

    #[test]
    fn a_fall_is_measured_from_the_highest_point_so_far() {
        let at = |n, equity| EquityAt { at: Timestamp::from_nanos(n), equity };
        let falls = falls(&[at(1, 100.0), at(2, 120.0), at(3, 90.0), at(4, 130.0)]);
        assert_eq!(falls.iter().map(|fall| fall.1).collect::<Vec<_>>(), [0.0, 0.0, -0.25, 0.0]);
    }
}
