//! Days of a vendor, and what is read of a world.

use openbell_coordinator::{Event, SymbolStatus};
use openbell_data_manager::live::{Found, Note};
use openbell_tests::simulation::vendors::{Handed, VendorKind, VendorScenario, World, truth};
use openbell_time::{Nanos, Timestamp};

/// A day of full length.
const DAY: &str = "2025-07-09";

pub fn secs(seconds: i64) -> Nanos {
    Nanos::from_secs(seconds)
}

/// A full day of one symbol that trades in every minute, all of it known at once.
pub fn day(kind: VendorKind) -> VendorScenario {
    let mut scenario = VendorScenario::sound(kind, 7, DAY);
    for listing in &mut scenario.listings {
        (listing.silent_pct, listing.late_pct) = (0, 0);
    }
    scenario.wanted = vec![1];
    scenario
}

/// The same of half an hour, which comes to its close.
pub fn short_day(kind: VendorKind) -> VendorScenario {
    let full = day(kind);
    let sound = VendorScenario::sound(kind, 7, "2025-07-02");
    VendorScenario { listings: full.listings, wanted: full.wanted, ..sound }
}

/// So many hours, minutes and seconds after the open, which New York's clock shows as 09:30.
pub fn after(scenario: &VendorScenario, clock: &str) -> Timestamp {
    let parts: Vec<i64> = clock.split(':').map(|part| part.parse().unwrap()).collect();
    scenario.hours.start + secs((parts[0] * 60 + parts[1]) * 60 + parts[2])
}

pub fn handed(world: &World) -> Handed {
    world.session.handed.lock().values().next().cloned().unwrap_or_default()
}

pub fn status(world: &World) -> SymbolStatus {
    world.session.engine.handle().status().symbols.remove(0)
}

/// The gate's switches: the seconds since `since`, and the reason where it shut.
pub fn switches(world: &World, since: Timestamp) -> Vec<(i64, &'static str)> {
    let switches = world.session.engine.events().iter().filter_map(|event| match event {
        Event::GateOpened { at, .. } => Some(((*at - since).as_secs(), "open")),
        Event::GateShut { at, reason, .. } => Some(((*at - since).as_secs(), reason.name())),
        _ => None,
    });
    switches.collect()
}

pub fn found(world: &World, is_it: impl Fn(&Found) -> bool) -> Vec<Timestamp> {
    let found = world.notes.iter().filter_map(|(at, note)| match note {
        Note::Series { found, .. } if is_it(found) => Some(*at),
        _ => None,
    });
    found.collect()
}

/// Holds every bar that has come against the truth, and yields how many there are.
pub fn check_truth(scenario: &VendorScenario, world: &World, until: Timestamp) -> usize {
    let market = world.network.exchange.market();
    let due = truth(scenario.kind, market, scenario.wanted[0], scenario.hours.start..until);
    let handed = handed(world);
    let met: Vec<_> =
        handed.rows.range(scenario.hours.start..until).map(|(at, bar)| (*at, *bar)).collect();
    let due: Vec<_> = due.into_iter().map(|bar| (bar.opens_at, bar.ohlcv)).collect();
    assert_eq!(met, due);
    assert_eq!((handed.n_twice, handed.late), (0, Vec::new()));
    due.len()
}
