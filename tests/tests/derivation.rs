//! Derived bars of whole runs beside a plain reference that knows nothing but the sessions' hours
//! and the stored rows: exchanges with breaks, half days, changes of the clock and of the hours,
//! markets around the clock and across midnight, from seconds, minutes and days.

use openbell_coordinator::{OnError, Phase};
use openbell_market::{Bar, BarInterval, Coverage, Ohlcv};
use openbell_tests::{CollectedBar, Collection, Collector, Market, Story, bar_at, finish, sym};
use openbell_time::{Calendar, Session, TimeManager, Timestamp};
use proptest::prelude::*;

/// Exchanges and days with something unusual in them.
const DAYS: [(&str, &str, &str, &str); 10] = [
    ("US_EQUITY", "XNYS", "2024-11-26", "2024-12-03"), // A half day after a holiday.
    ("US_EQUITY", "XNYS", "2024-03-06", "2024-03-12"), // Daylight saving begins.
    ("XTKS", "XTKS", "2024-10-31", "2024-11-07"),      // A break; the close moves to 15:30.
    ("XHKG", "XHKG", "2024-12-20", "2025-01-02"),      // A break; half days without an afternoon.
    ("CRYPTO", "24/7", "2024-02-27", "2024-03-04"),    // A leap day.
    ("FOREX", "FX_NY", "2024-03-06", "2024-03-13"),    // 17:00 to 17:00, over a change of clock.
    ("CME_EQUITY", "CME_EQUITY", "2018-11-20", "2018-11-27"), // Holidays that close early.
    ("XLON", "XLON", "2024-12-23", "2025-01-03"),      // Half days around the year's end.
    ("XASX", "XASX", "2024-10-03", "2024-10-09"),      // The other hemisphere's clock.
    ("XETR", "XETR", "2024-12-27", "2025-01-03"),
];

/// Bases, and what is derived of each.
const BASES: [(&str, &[&str]); 3] = [
    ("1m", &["2m", "5m", "7m", "15m", "1h", "90m", "2h", "390m", "1d", "1w"]),
    ("5m", &["15m", "35m", "1h", "4h", "1d", "1w"]),
    ("1d", &["1w"]),
];

fn interval(text: &str) -> BarInterval {
    text.parse().expect("an interval")
}

/// A generator of its own, so that a market depends on its seed alone.
fn chance(seed: u64, at: Timestamp) -> u64 {
    let mut x = seed ^ (at.as_secs() as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    x ^= x >> 29;
    x = x.wrapping_mul(0xbf58_476d_1ce4_e5b9);
    (x ^ (x >> 32)) % 100
}

/// The rows of `sessions` that are stored: of every hundred slots about `density`; with one before
/// the open and one at the close of each part, which are no bars of the session.
fn rows_of(
    sessions: &[Session],
    base: BarInterval,
    density: u64,
    seed: u64,
) -> Vec<(Timestamp, Ohlcv)> {
    let mut rows = Vec::new();
    for session in sessions {
        let Some(clock) = base.clock() else {
            if chance(seed, session.open) < density {
                rows.push((session.open, bar_at("AAA", session.open)));
            }
            continue;
        };
        for part in session.parts() {
            let mut at = part.since - clock.length();
            while at < part.until + clock.length() {
                if chance(seed, at) < density && rows.last().is_none_or(|&(last, _)| last < at) {
                    rows.push((at, bar_at("AAA", at)));
                }
                at += clock.length();
            }
        }
    }
    rows
}

/// The windows of `wanted` over `sessions`, each with what it is expected to hold: its stretches of
/// time, and the number of base bars in them.
fn windows(
    wanted: BarInterval,
    base: BarInterval,
    sessions: &[Session],
) -> Vec<(Timestamp, Timestamp, u32)> {
    let slots = |since: Timestamp, until: Timestamp| match base.clock() {
        Some(clock) => {
            let (length, step) = ((until - since).as_nanos(), clock.length().as_nanos());
            ((length + step - 1) / step) as u32
        }
        None => 1,
    };
    match wanted.clock() {
        Some(clock) => {
            let mut windows = Vec::new();
            for part in sessions.iter().flat_map(Session::parts) {
                let mut since = part.since;
                while since < part.until {
                    let until = (since + clock.length()).min(part.until);
                    windows.push((since, until, slots(since, until)));
                    since = until;
                }
            }
            windows
        }
        None => {
            let expected = |session: &Session| match base.clock() {
                Some(_) => session.parts().map(|part| slots(part.since, part.until)).sum(),
                None => 1_u32,
            };
            let total = sessions.iter().map(expected).sum();
            let (first, last) = (sessions.first(), sessions.last());
            let bounds = first.zip(last).expect("a session");
            vec![(bounds.0.open, bounds.1.close, total)]
        }
    }
}

/// What `wanted` holds of `rows` in the windows over `sessions`, one after the other.
fn folded(
    wanted: BarInterval,
    base: BarInterval,
    sessions: &[Session],
    rows: &[(Timestamp, Ohlcv)],
) -> Vec<CollectedBar> {
    let session_date = match wanted {
        BarInterval::Week => sessions[0].date.monday(),
        _ => sessions[0].date,
    };
    let is_regular = |at: Timestamp| {
        sessions.iter().flat_map(Session::parts).any(|p| p.since <= at && at < p.until)
    };
    let bars =
        windows(wanted, base, sessions).into_iter().filter_map(|(since, until, expected)| {
            let inside: Vec<Ohlcv> = rows
                .iter()
                .filter(|&&(at, _)| since <= at && at < until && is_regular(at))
                .map(|&(_, bar)| bar)
                .collect();
            let (first, last) = inside.first().zip(inside.last())?;
            let highest = inside.iter().map(|bar| bar.high).fold(f64::MIN, f64::max);
            let lowest = inside.iter().map(|bar| bar.low).fold(f64::MAX, f64::min);
            let ohlcv = Ohlcv {
                open: first.open,
                high: highest,
                low: lowest,
                close: last.close,
                volume: inside.iter().map(|bar| bar.volume).sum(),
            };
            Some(CollectedBar {
                session_date,
                bar: Bar { opens_at: since, closes_at: until, ohlcv },
                coverage: Coverage { n: inside.len() as u32, expected },
            })
        });
    bars.collect()
}

/// Every bar of `wanted` that a run over the sessions `first` to `last` shows.
fn reference(
    calendar: &Calendar,
    dates: (&str, &str),
    wanted: BarInterval,
    base: BarInterval,
    rows: &[(Timestamp, Ohlcv)],
) -> Vec<CollectedBar> {
    let dates = dates.0.parse().expect("a date")..=dates.1.parse().expect("a date");
    let sessions = calendar.sessions(dates).expect("known dates");
    let mut bars = Vec::new();
    for session in sessions {
        let week = calendar.sessions_of_week(session.date.monday()).expect("known dates");
        match wanted {
            BarInterval::Week if week.last() == Some(session) => {
                bars.extend(folded(wanted, base, week, rows));
            }
            BarInterval::Week => {}
            _ => bars.extend(folded(wanted, base, &[*session], rows)),
        }
    }
    bars
}

/// Runs `base` with everything in `derived`, and compares every series with the reference.
fn check(
    (group, calendar, first, last): (&str, &str, &str, &str),
    base: &str,
    derived: &[&str],
    density: u64,
    seed: u64,
) {
    let calendar = TimeManager::new().calendar(calendar).expect("an embedded calendar");
    let monday = first.parse::<openbell_time::TradingDate>().expect("a date").monday();
    let until = last.parse().expect("a date");
    let sessions = calendar.sessions(monday..=until).expect("known dates");
    let rows = rows_of(sessions, interval(base), density, seed);
    let streams: Vec<&str> = std::iter::once(base).chain(derived.iter().copied()).collect();
    let json = format!(
        r#"{{"session_name": "derivation", "exchange_group": "{group}", "mode": "backtest",
            "backtest_config": {{"start_date": "{first}", "end_date": "{last}"}},
            "session_data_config": {{"symbols": ["AAA"], "streams": {streams:?}}}}}"#
    );
    let market = Market::new().with_rows("AAA", base, rows.iter().copied());
    let mut story = Story::new(&json, market);
    let collection = Collection::default();
    story.engine.register(Box::new(Collector(collection.clone())), OnError::StopRun);
    let finished = finish(&mut story.engine);
    assert_eq!(finished.phase, Phase::Closed, "{:?}", finished.report.failure);
    let found = collection.all();
    for wanted in derived {
        let place = format!("{group} {base} {wanted}, density {density}, seed {seed}");
        let wanted = interval(wanted);
        let expected = reference(&calendar, (first, last), wanted, interval(base), &rows);
        let found = found.get(&(sym("AAA"), wanted)).map_or(&[][..], Vec::as_slice);
        assert_eq!(found.len(), expected.len(), "{place}");
        for (found, expected) in found.iter().zip(&expected) {
            assert_eq!(found, expected, "{place}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn every_interval_from_every_base_equals_a_plain_fold(
        day in 0..DAYS.len(),
        base in 0..BASES.len(),
        density in prop_oneof![Just(100_u64), 60..100_u64, 1..8_u64],
        seed in any::<u64>(),
    ) {
        let (base, derived) = BASES[base];
        check(DAYS[day], base, derived, density, seed);
    }
}

/// Seconds are many: two days of them, a whole one and a half one.
#[test]
fn seconds_make_every_longer_interval_to_the_week() {
    let derived = ["5s", "30s", "1m", "5m", "1h", "1d", "1w"];
    for density in [100, 3] {
        check(("US_EQUITY", "XNYS", "2024-11-27", "2024-11-29"), "1s", &derived, density, 7);
    }
    check(("XTKS", "XTKS", "2024-11-05", "2024-11-08"), "5s", &["1m", "1h", "1d", "1w"], 40, 8);
}

/// A week that began before the run is whole, and says so.
#[test]
fn the_first_week_of_a_run_holds_the_days_before_it() {
    let days = ("US_EQUITY", "XNYS", "2024-11-28", "2024-11-29");
    check(days, "1m", &["1w"], 100, 1);
    check(days, "1d", &["1w"], 100, 1);
}
