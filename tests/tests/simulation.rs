//! Some simulated sessions with every run of the tests; `cargo xtask simulate` runs many more.

use openbell_tests::simulation::live::{LiveScenario, Troubles};
use openbell_tests::simulation::{Campaign, Scenario, Shrinking, simulate};

#[test]
fn the_first_seeds_keep_every_promise() {
    let campaign = Campaign { from: 0, n_seeds: 150 };
    match campaign.run(1, Shrinking::Full, |_| true) {
        Ok((n_seeds, figures)) => {
            assert_eq!(n_seeds, 150);
            assert!(figures.n_sessions > 150, "{figures:?}");
            assert!(figures.n_adds_in_catch_up > 0, "{figures:?}");
        }
        Err(failure) => panic!(
            "seed {}: {}: {}\n{}",
            failure.seed, failure.violation.invariant, failure.violation.found, failure.scenario
        ),
    }
}

#[test]
fn the_first_live_seeds_keep_every_promise() {
    let campaign = Campaign { from: 0, n_seeds: 300 };
    match campaign.run_live(1, Shrinking::Full, |_| true) {
        Ok((n_seeds, figures)) => {
            assert_eq!(n_seeds, 300);
            assert!(figures.n_sessions > 300 && figures.n_legs > 300, "{figures:?}");
            assert!(figures.n_shut > 100 && figures.n_corrected > 100, "{figures:?}");
        }
        Err(failure) => panic!(
            "seed {}: {}: {}\n{}",
            failure.seed, failure.violation.invariant, failure.violation.found, failure.scenario
        ),
    }
}

#[test]
fn live_seeds_are_of_every_kind_of_market() {
    let scenarios = (0..1_000).map(|seed| LiveScenario::of(seed, Troubles::EVERY));
    let (mut n_extended, mut n_by_second, mut n_short) = (0, 0, 0);
    for scenario in scenarios {
        n_extended += usize::from(scenario.extended);
        n_by_second += usize::from(scenario.base.to_string() == "1s");
        let n_days = scenario.days.len();
        let is_short = scenario.symbols.iter().any(|symbol| symbol.n_history_days < n_days);
        n_short += usize::from(is_short);
    }
    assert!(n_extended > 20 && n_by_second > 0 && n_short > 100);
}

/// Seeds that once failed, each by another mistake, beyond the first ones.
#[test]
fn live_seeds_that_once_failed_keep_every_promise() {
    let seeds = [
        4, 133, 445, 446, 2_678, 6_119, 8_552, 11_600, 12_573, 12_702, 19_400, 20_675, 26_432,
        42_982, 75_510, 90_952,
    ];
    for seed in seeds {
        let ran = Campaign { from: seed, n_seeds: 1 }.run_live(1, Shrinking::None, |_| true);
        ran.unwrap_or_else(|failure| panic!("seed {}: {:?}", failure.seed, failure.violation));
    }
}

#[test]
fn what_comes_of_live_seeds_does_not_depend_on_the_number_of_threads() {
    let ran = |n_threads| {
        let ran =
            Campaign { from: 500, n_seeds: 40 }.run_live(n_threads, Shrinking::None, |_| true);
        ran.unwrap_or_else(|failure| panic!("seed {}: {:?}", failure.seed, failure.violation))
    };
    assert_eq!(ran(1), ran(3));
}

/// Seeds that once failed, of which the first ones have none of the kind.
#[test]
fn a_symbol_that_comes_back_at_the_close_counts_its_rejections_anew() {
    let ran = Campaign { from: 42_856, n_seeds: 1 }.run(1, Shrinking::None, |_| true);
    ran.unwrap_or_else(|failure| panic!("seed {}: {:?}", failure.seed, failure.violation));
}

#[test]
fn what_comes_of_the_seeds_does_not_depend_on_the_number_of_threads() {
    let ran = |n_threads| {
        let ran = Campaign { from: 500, n_seeds: 40 }.run(n_threads, Shrinking::None, |_| true);
        ran.unwrap_or_else(|failure| panic!("seed {}: {:?}", failure.seed, failure.violation))
    };
    assert_eq!(ran(1), ran(3));
}

#[test]
fn the_same_seed_twice_is_the_same_run() {
    for seed in 1_000..1_020 {
        let digest = || match simulate(&Scenario::of(seed)) {
            Ok(figures) => figures,
            Err(violation) => panic!("seed {seed}: {violation:?}"),
        };
        assert_eq!(digest(), digest(), "seed {seed}");
    }
}
