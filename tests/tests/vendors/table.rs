//! Every fault at every message and every request of a short day: at its end every bar of the truth is
//! there once, or a gap is named, and every other law holds.

use openbell_tests::simulation::vendors::{VendorKind, fault_table, simulate_vendor};

/// Of so many combinations one is taken here; `cargo xtask simulate --vendor V --faults` takes all.
const ONE_OF: usize = 40;

fn some(kind: VendorKind, first: usize) {
    let table = fault_table(kind);
    let mut n_run = 0;
    for scenario in table.iter().skip(first).step_by(ONE_OF) {
        n_run += 1;
        if let Err(violation) = simulate_vendor(scenario) {
            panic!("{}: {}\n{scenario}", violation.invariant, violation.found);
        }
    }
    println!("{}: {n_run} of {} combinations", kind.name(), table.len());
    assert!(n_run > 20, "{n_run} of {}", table.len());
}

#[test]
fn a_fault_at_any_place_costs_binance_no_bar_that_is_not_named() {
    some(VendorKind::Binance, 11);
}

#[test]
fn a_fault_at_any_place_costs_kraken_no_bar_that_is_not_named() {
    some(VendorKind::Kraken, 12);
}

#[test]
fn a_fault_at_any_place_costs_alpaca_no_bar_that_is_not_named() {
    some(VendorKind::Alpaca, 13);
}
