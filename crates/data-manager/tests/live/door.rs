//! The door: what is pushed comes out in order, waits for its close, and is never more than may wait.

#![allow(clippy::disallowed_methods)] // Tests start threads.

use std::sync::Arc;

use openbell_data_manager::live::{Delivery, Door, Evidence, Inlet};
use openbell_data_manager::{DownCause, Feed, Link, contract};
use openbell_market::BarColumns;
use openbell_time::{Nanos, SimulatedWall, Timestamp, WaitEnd, WallClock};

use super::exchange::{Exchange, Kind, MINUTE};
use super::world::{World, second};
use crate::support::{at, bar, minutes, series};

fn door() -> (Door, Inlet, Arc<SimulatedWall>) {
    let wall = Arc::new(SimulatedWall::new(at("2025-07-02T13:00:00Z")));
    let (door, inlet) = Door::new(Arc::clone(&wall) as Arc<dyn WallClock>, 1_000);
    (door, inlet, wall)
}

fn row(open: &str, price: f64) -> Delivery {
    Delivery::Row { opens_at: at(open), ohlcv: bar(price) }
}

fn complete(through: &str) -> Delivery {
    Delivery::Complete { through: at(through), evidence: Evidence::ClosedBar }
}

#[test]
fn a_door_feed_passes_the_live_contract() {
    let key = series("ABC 1m");
    let expected = minutes("2025-07-02T13:30:00Z", 90);
    let make = || {
        let (door, inlet, _) = door();
        let mut feed = door.feed(&key).unwrap();
        feed.seek(expected.opens_at(0)).unwrap();
        for row in 0..expected.len() {
            let (opens_at, ohlcv) = (expected.opens_at(row), expected.ohlcv(row));
            let through = opens_at + Nanos::from_secs(MINUTE);
            let evidence = Evidence::ClosedBar;
            let delivered =
                [Delivery::Row { opens_at, ohlcv }, Delivery::Complete { through, evidence }];
            inlet.push(&key, delivered);
        }
        inlet.push(
            &key,
            [Delivery::Revision { opens_at: at("2025-07-02T13:31:00Z"), ohlcv: expected.ohlcv(1) }],
        );
        feed
    };
    let looks = at("2025-07-02T13:20:00Z")..at("2025-07-02T15:10:00Z");
    contract::check_live(make, &expected, |open| open + Nanos::from_secs(MINUTE), looks);
}

#[test]
fn a_row_ahead_of_its_close_waits_for_it_and_so_does_what_it_proves() {
    let (door, inlet, wall) = door();
    let mut feed = door.feed(&series("ABC 1m")).unwrap();
    assert!(!feed.has_news(at("2025-07-02T13:30:59Z")));
    inlet.push(
        &series("ABC 1m"),
        [row("2025-07-02T13:30:00Z", 10.0), complete("2025-07-02T13:31:00Z")],
    );
    assert_eq!(wall.wait_until(Timestamp::MAX), WaitEnd::Woken);
    let mut out = BarColumns::default();
    let early = at("2025-07-02T13:30:58Z");
    assert!(feed.has_news(early));
    let progress = feed.poll(early, Timestamp::MAX, &mut out).unwrap();
    assert_eq!((out.len(), progress.complete_through), (0, Timestamp::MIN));
    assert_eq!(feed.next_due(), at("2025-07-02T13:31:00Z"));
    assert!(!feed.has_news(at("2025-07-02T13:30:59Z")));
    // Its values change meanwhile: it comes once, as it is by then.
    let (opens_at, ohlcv) = (at("2025-07-02T13:30:00Z"), bar(11.0));
    inlet.push(&series("ABC 1m"), [Delivery::Revision { opens_at, ohlcv }]);
    let due = at("2025-07-02T13:31:00Z");
    let progress = feed.poll(due, Timestamp::MAX, &mut out).unwrap();
    assert_eq!((out.ohlcv(0), progress.complete_through), (bar(11.0), due));
    let mut revised = BarColumns::default();
    feed.poll_revisions(due, &mut revised);
    assert!(revised.is_empty());
}

#[test]
fn a_mark_that_waits_when_the_way_breaks_is_void() {
    let (door, inlet, _) = door();
    let mut feed = door.feed(&series("ABC 1m")).unwrap();
    let since = at("2025-07-02T13:30:30Z");
    let down = Link::Down { since, why: DownCause::Silent, next_try: None };
    inlet.push(&series("ABC 1m"), [complete("2025-07-02T13:31:00Z"), Delivery::Link(down.clone())]);
    let mut out = BarColumns::default();
    for now in ["2025-07-02T13:30:40Z", "2025-07-02T13:32:00Z"] {
        let progress = feed.poll(at(now), Timestamp::MAX, &mut out).unwrap();
        assert_eq!((progress.complete_through, &progress.link), (Timestamp::MIN, &down));
    }
}

#[test]
fn what_waits_is_counted_and_a_feed_that_is_gone_takes_it_along() {
    let (door, inlet, _) = door();
    let key = series("ABC 1m");
    inlet.push(&key, [complete("2025-07-02T13:31:00Z")]);
    assert_eq!(door.n_waiting(), 0, "nobody wants it");
    let first = door.feed(&key).unwrap();
    inlet.push(&key, (0..1_000).map(|_| complete("2025-07-02T13:31:00Z")));
    assert!(inlet.is_full() && !inlet.has_room());
    let mut second = door.feed(&key).unwrap();
    assert_eq!(door.n_waiting(), 0, "a second feed takes the place of the first");
    second.seek(at("2025-07-02T13:30:00Z")).unwrap();
    drop(first);
    inlet.push(&key, [complete("2025-07-02T13:31:00Z")]);
    assert_eq!(door.n_waiting(), 1, "the first is gone, and the series is wanted still");
    assert_eq!(inlet.take_wishes().len(), 1);
    drop(second);
    assert_eq!((door.n_waiting(), inlet.take_wishes().len()), (0, 1));
    assert!(door.feed(&series("ABC 1d")).is_none());
}

#[test]
fn a_core_that_does_not_take_what_comes_has_the_lines_closed_and_loses_nothing() {
    let mut exchange = Exchange::new(Kind::Flag);
    for symbol in ["ABC", "DEF"] {
        for n in 0..400 {
            exchange.trades(symbol, second("09:30:00") + n * MINUTE, 10.0);
        }
    }
    let mut world = World::new(exchange, second("10:00:30"));
    world.want("ABC", second("09:30:00"));
    world.want("DEF", second("09:30:00"));
    world.run_until("10:02:30");
    // DEF is not looked at any more, and something floods it.
    let mut def = world.watched.remove("DEF").unwrap();
    for n in 0..6_000 {
        let open = second("10:02:00");
        world.says(&format!("bar DEF {open} 10 20 9 10 {n} 1 closed"));
        world.says(&format!("bar DEF {} 10 20 9 10 {n} 1 closed", second("10:01:00")));
    }
    assert!(world.door.n_waiting() <= 5_010, "{}", world.door.n_waiting());
    assert_eq!(world.exchange.lines.len(), 0, "closed, not read on");
    world.run_until("10:04:30");
    assert_eq!(world.exchange.lines.len(), 0, "not opened before there is room");
    let mut out = BarColumns::default();
    def.feed.poll(world.our_now(), Timestamp::MAX, &mut out).unwrap();
    assert_eq!(world.door.n_waiting(), 0);
    world.run_until("10:07:30");
    world.check_truth("ABC");
    assert!(world.of("ABC").through.as_secs() >= second("10:06:00"));
}

#[test]
fn a_series_keeps_its_order_and_loses_nothing_between_two_threads() {
    let (door, inlet, _) = door();
    let key = series("ABC 1m");
    let mut feed = door.feed(&key).unwrap();
    let first = at("2025-07-02T00:00:00Z");
    let mut out = BarColumns::default();
    std::thread::scope(|threads| {
        let pusher = inlet.clone();
        threads.spawn(|| {
            let inlet = pusher;
            for n in 0..20_000 {
                let opens_at = first + Nanos::from_secs(n);
                while inlet.is_full() {
                    std::thread::yield_now();
                }
                inlet.push(&key, [Delivery::Row { opens_at, ohlcv: bar(10.0) }]);
            }
        });
        while out.len() < 20_000 {
            if feed.has_news(at("2025-07-03T00:00:00Z")) {
                feed.poll(at("2025-07-03T00:00:00Z"), Timestamp::MAX, &mut out).unwrap();
            }
        }
    });
    assert!(out.opens_at_ns.is_sorted());
    assert_eq!(door.n_waiting(), 0);
}

#[test]
fn what_the_core_wishes_wakes_whoever_runs_the_vendor() {
    let (door, inlet, wall) = door();
    let carriers_wall = Arc::new(SimulatedWall::new(wall.now()));
    inlet.wake_by(Arc::clone(&carriers_wall) as Arc<dyn WallClock>);
    let until = wall.now() + Nanos::from_secs(60);
    let mut feed = door.feed(&series("ABC 1m")).unwrap();
    feed.seek(at("2025-07-02T13:30:00Z")).unwrap();
    assert_eq!(carriers_wall.wait_until(until), WaitEnd::Woken, "it is wanted");
    drop(feed);
    assert_eq!(carriers_wall.wait_until(until), WaitEnd::Woken, "it is left");
    assert_eq!(carriers_wall.wait_until(until), WaitEnd::Reached);
    assert_eq!(wall.wait_until(until), WaitEnd::Reached, "the core has nothing of it");
}
