//! The first seeds of each vendor's campaign; `cargo xtask simulate --vendor V` runs many more.

use openbell_tests::simulation::vendors::VendorKind;
use openbell_tests::simulation::{Campaign, Shrinking};

fn keeps(kind: VendorKind) {
    let campaign = Campaign { from: 0, n_seeds: 150 };
    match campaign.run_vendor(kind, 1, Shrinking::Full, |_| true) {
        Ok((n_seeds, figures)) => {
            assert_eq!(n_seeds, 150);
            assert!(figures.n_sessions == 150 && figures.n_bars > 5_000, "{figures:?}");
            assert!(figures.n_connects > 200 && figures.n_shut > 200, "{figures:?}");
        }
        Err(failure) => panic!(
            "seed {}: {}: {}\n{}",
            failure.seed, failure.violation.invariant, failure.violation.found, failure.scenario
        ),
    }
}

#[test]
fn the_first_seeds_of_binance_keep_every_law() {
    keeps(VendorKind::Binance);
}

#[test]
fn the_first_seeds_of_kraken_keep_every_law() {
    keeps(VendorKind::Kraken);
}

#[test]
fn the_first_seeds_of_alpaca_keep_every_law() {
    keeps(VendorKind::Alpaca);
}

/// Seeds that once failed, beyond the first ones.
fn once_failed() -> impl Iterator<Item = (VendorKind, u64)> {
    let alpaca = [1_629, 1_860];
    let kraken = [333, 1_439, 2_212, 3_183, 3_262, 7_799];
    let alpaca = alpaca.into_iter().map(|seed| (VendorKind::Alpaca, seed));
    alpaca.chain(kraken.into_iter().map(|seed| (VendorKind::Kraken, seed)))
}

#[test]
fn seeds_of_vendors_that_once_failed_keep_every_law() {
    for (kind, seed) in once_failed() {
        let campaign = Campaign { from: seed, n_seeds: 1 };
        let ran = campaign.run_vendor(kind, 1, Shrinking::None, |_| true);
        ran.unwrap_or_else(|failure| panic!("seed {}: {:?}", failure.seed, failure.violation));
    }
}
