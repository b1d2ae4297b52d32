//! Live runs that are recorded on disk come again from there: the same event log, the same digest.

use openbell_tests::simulation::live::{LiveScenario, Troubles, simulate_on_disk};

fn runs(seeds: std::ops::Range<u64>, is_read_each_time: bool) -> u64 {
    let mut n_looks = 0;
    for seed in seeds {
        let root = tempfile::tempdir().unwrap();
        let scenario = LiveScenario::of(seed, Troubles::EVERY);
        let ran = simulate_on_disk(&scenario, root.path(), is_read_each_time);
        n_looks += ran.unwrap_or_else(|violation| panic!("seed {seed}: {violation:?}"));
    }
    n_looks
}

#[test]
fn live_runs_of_many_seeds_come_again_from_their_recordings() {
    assert!(runs(0..200, false) > 20_000);
}

#[test]
fn every_look_is_on_disk_before_anything_of_it_is_visible() {
    assert!(runs(200..206, true) > 300);
}
