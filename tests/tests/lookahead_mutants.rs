//! Planted mistakes that let the future be seen are found by the check for look-ahead, which names
//! whose it is. One test, since a mistake is planted in the whole program.

use openbell_coordinator::{Cause, Subject};
use openbell_market::planted::{Planted, plant};
use openbell_tests::{Rehearsed, config_of_hunts, market_of_hunts};

/// Whose the first finding of such a mistake may be: a symbol, and whether one of its series.
const OF_THE_FUTURE: [(Planted, &str); 4] = [
    (Planted::DerivedBeforeClose, "series"),
    (Planted::HistoryIncludesToday, "series"),
    (Planted::RejectionsKnownEarly, "symbol"),
    (Planted::QuietKnownEarly, "symbol"),
];

#[test]
fn every_mistake_that_shows_the_future_is_found_and_named() {
    let found = |mistake: Option<Planted>| {
        plant(mistake);
        let report = Rehearsed::over(market_of_hunts()).check(&config_of_hunts(), 60, 1);
        plant(None);
        report.findings
    };
    assert!(found(None).is_empty());
    for (mistake, whose) in OF_THE_FUTURE {
        let findings = found(Some(mistake));
        let Some(first) = findings.first() else { panic!("{mistake:?} is not found") };
        println!("{mistake:?}: {} findings, the first: {first}", findings.len());
        assert_eq!(first.cause, Cause::Lookahead, "{first}");
        let kind = match first.difference.subject {
            Subject::Series { .. } => "series",
            Subject::Symbol { .. } => "symbol",
            _ => "another",
        };
        assert_eq!(kind, whose, "{mistake:?}: {first}");
    }
}
