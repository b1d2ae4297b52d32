//! Laws over random days: whatever breaks, when, and for how long, in the end each bar of the truth is
//! there once, or a gap has a name.

use openbell_data_manager::live::{Found, LineId, Note};
use openbell_market::Ohlcv;
use proptest::collection::vec;
use proptest::prelude::*;

use super::exchange::{Exchange, History, Kind, MINUTE, Minute, of_price};
use super::world::{World, second, stamp};

const SYMBOLS: [&str; 3] = ["ABC", "DEF", "BUSY"];
/// The seconds in which something may break.
const TROUBLE: i64 = 1_800;

/// Something that goes wrong, from a second on and for so long.
#[derive(Clone, Debug)]
struct Fault {
    since: i64,
    length: i64,
    what: What,
}

#[derive(Clone, Debug)]
enum What {
    Cut,
    HalfOpen,
    Unreachable,
    Silent(usize),
    History(History),
    Unconfirmed,
    Taken,
    Slow(i64),
    Noise,
    Replay,
}

fn faults() -> impl Strategy<Value = Vec<Fault>> {
    let history = prop_oneof![
        Just(History::Empty),
        (1..150_i64).prop_map(History::Lags),
        Just(History::Status(500, 0)),
        Just(History::Status(429, 20)),
        Just(History::Hangs),
    ];
    let what = prop_oneof![
        3 => Just(What::Cut),
        1 => Just(What::HalfOpen),
        2 => Just(What::Unreachable),
        2 => (0..3_usize).prop_map(What::Silent),
        3 => history.prop_map(What::History),
        1 => Just(What::Unconfirmed),
        1 => Just(What::Taken),
        1 => (1..20_i64).prop_map(What::Slow),
        1 => Just(What::Noise),
        2 => Just(What::Replay),
    ];
    let length = prop_oneof![1..130_i64, 130..400_i64];
    let fault = (0..TROUBLE, length, what);
    vec(fault.prop_map(|(since, length, what)| Fault { since, length, what }), 0..10)
}

fn kinds() -> impl Strategy<Value = Kind> {
    prop_oneof![Just(Kind::Flag), Just(Kind::Unflagged), Just(Kind::OnlyClosed)]
}

/// Minutes of which some have no trade: as `quiet` says, in turn.
fn market(kind: Kind, quiet: &[bool], revised_after: i64) -> Exchange {
    let mut exchange = Exchange::new(kind);
    for (at, symbol) in SYMBOLS.iter().enumerate() {
        for n in 0..200_usize {
            let open = second("09:30:00") + n as i64 * MINUTE;
            if *symbol != "BUSY" && quiet[(n * (at + 2)) % quiet.len()] {
                continue;
            }
            let first = of_price(10.0 + (n * 7 % 50) as f64);
            let is_revised = revised_after > 0 && n % 3 == 0;
            let last = if is_revised { of_price(11.0 + first.open) } else { first };
            let revised_after = if is_revised { revised_after } else { 0 };
            exchange
                .minutes
                .insert((symbol.to_string(), open), Minute { first, last, revised_after });
        }
    }
    exchange
}

/// Plays a day with its faults, and ten minutes without any after the last one.
fn played(exchange: Exchange, faults: &[Fault]) -> World {
    let mut world = World::new(exchange, second("10:00:30"));
    for symbol in SYMBOLS {
        world.want(symbol, second("09:30:00"));
    }
    let start = world.now;
    for at in 0..TROUBLE + 400 {
        begin_and_end(&mut world, faults, at);
        world.run_to(start + at + 1);
    }
    world.run_to(start + TROUBLE + 400 + 600);
    world
}

fn begin_and_end(world: &mut World, faults: &[Fault], at: i64) {
    for fault in faults.iter().filter(|fault| fault.since + fault.length == at) {
        match fault.what {
            What::Unreachable => world.exchange.is_reachable = true,
            What::Silent(symbol) => drop(world.exchange.silent.take(SYMBOLS[symbol])),
            What::History(_) => world.exchange.history = History::Answers,
            What::Unconfirmed => world.exchange.confirms = true,
            What::Taken => world.exchange.is_taken = false,
            What::Slow(_) => world.exchange.delay = 1,
            What::Cut | What::HalfOpen | What::Noise | What::Replay => {}
        }
    }
    for fault in faults.iter().filter(|fault| fault.since == at) {
        match &fault.what {
            What::Cut => world.cut(),
            What::HalfOpen => world.half_open(),
            What::Unreachable => {
                world.exchange.is_reachable = false;
                world.cut();
            }
            What::Silent(symbol) => {
                world.exchange.silent.insert(SYMBOLS[*symbol].to_owned());
            }
            What::History(history) => world.exchange.history = *history,
            What::Unconfirmed => world.exchange.confirms = false,
            What::Taken => world.exchange.is_taken = true,
            What::Slow(delay) => world.exchange.delay = *delay,
            What::Noise => world.says("%&$"),
            What::Replay => replay(world, fault.length),
        }
    }
}

/// Bars of the last minutes come again, in any order.
fn replay(world: &mut World, n: i64) {
    if world.exchange.kind == Kind::Unflagged {
        return; // Its snapshots are that already.
    }
    let running = world.now.div_euclid(MINUTE) * MINUTE;
    for step in [3, 1, 4, 2 + n % 3] {
        let open = running - step * MINUTE;
        if let Some(minute) = world.exchange.minutes.get(&("ABC".to_owned(), open)) {
            let Ohlcv { open: o, high: h, low: l, close: c, volume: v } = minute.last;
            world.says(&format!("bar ABC {open} {o} {h} {l} {c} {v} 1 closed"));
        }
    }
}

/// What holds of every day, in the end.
fn check(world: &World) {
    for symbol in SYMBOLS {
        world.check_truth(symbol);
        let is_there = |open: &i64| !world.is_named(symbol, *open);
        let opens = world.of(symbol).opens();
        assert!(opens.iter().filter(|open| is_there(open)).is_sorted(), "{symbol}: in order");
        let behind = stamp(world.now) - world.of(symbol).through;
        assert!(behind.as_secs() <= 75, "{symbol} is {behind} behind, long after the last fault");
    }
    for (_, note) in &world.notes {
        if let Note::Series { key, found: Found::Late { opens_at } } = note {
            // What is given up may be found all the same.
            let is_given_up = world.is_named(key.symbol.as_str(), opens_at.as_secs());
            assert!(is_given_up, "{note:?}");
        }
    }
    let sent = world.exchange.received.iter().map(|(at, line, _)| (*line, *at)).collect();
    let asked = world.exchange.asked.iter().map(|(at, _)| (LineId(0), *at)).collect();
    let opened = world.exchange.opened.iter().map(|at| (LineId(0), *at)).collect();
    assert!(most_within(sent, 1) <= 5, "messages in a second");
    assert!(most_within(asked, 60) <= 125, "requests in a minute");
    assert!(most_within(opened, 300) <= 30, "attempts to connect in five minutes");
}

/// The most that happened within so many seconds.
fn most_within(mut all: Vec<(LineId, i64)>, seconds: i64) -> usize {
    all.sort();
    let count = |&(line, at): &(LineId, i64)| {
        all.iter().filter(|(l, a)| *l == line && (at..at + seconds).contains(a)).count()
    };
    all.iter().map(count).max().unwrap_or(0)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 120, ..ProptestConfig::default() })]

    #[test]
    fn every_bar_of_the_truth_is_there_once_whatever_breaks(
        kind in kinds(),
        quiet in vec(any::<bool>(), 1..9),
        faults in faults(),
    ) {
        check(&played(market(kind, &quiet, 0), &faults));
    }

    #[test]
    fn every_revision_is_known_in_the_end_where_lines_break(
        kind in kinds(),
        faults in faults(),
    ) {
        let of_lines: Vec<Fault> = faults
            .into_iter()
            .filter(|fault| matches!(fault.what, What::Cut | What::HalfOpen | What::Unreachable))
            .collect();
        let revised_after = match kind {
            Kind::Flag => 0,
            Kind::Unflagged => 3,
            Kind::OnlyClosed => 30,
        };
        check(&played(market(kind, &[false], revised_after), &of_lines));
    }
}

#[test]
fn the_same_day_is_the_same_in_every_detail() {
    let day = || {
        let faults =
            [(40, 150, What::Unreachable), (500, 200, What::Silent(0)), (900, 1, What::Cut)];
        let faults = faults.map(|(since, length, what)| Fault { since, length, what });
        let world = played(market(Kind::OnlyClosed, &[false, true], 30), &faults);
        (format!("{:?}", world.notes), world.of("ABC").rows.clone(), world.exchange.opened)
    };
    assert_eq!(day(), day());
}
