//! Lines: how they are made, how they end, and how often they and the requests are tried.

use openbell_data_manager::live::{CloseCause, Found, Note};
use openbell_data_manager::{DownCause, Link};
use openbell_time::Nanos;

use super::exchange::{Exchange, History, Kind, MINUTE};
use super::world::{World, second, stamp};

fn market(kind: Kind, symbols: &[&str]) -> Exchange {
    let mut exchange = Exchange::new(kind);
    for symbol in symbols.iter().chain(&["BUSY"]) {
        for n in 0..400 {
            exchange.trades(symbol, second("09:30:00") + n * MINUTE, 10.0 + n as f64);
        }
    }
    exchange
}

fn live(kind: Kind) -> World {
    let mut world = World::new(market(kind, &["ABC"]), second("10:00:30"));
    world.want("ABC", second("09:30:00"));
    world.run_until("10:05:30");
    world
}

#[test]
fn the_wanted_series_outlive_every_outage() {
    for kind in [Kind::Flag, Kind::Unflagged, Kind::OnlyClosed] {
        let mut world = World::new(market(kind, &["ABC", "DEF"]), second("10:00:30"));
        world.want("ABC", second("09:30:00"));
        world.run_until("10:03:00");
        for n in 0..4 {
            world.exchange.is_reachable = false;
            world.cut();
            if n == 1 {
                world.want("DEF", second("09:30:00")); // Wanted while nothing is connected.
            }
            world.run_to(world.now + 100);
            world.exchange.is_reachable = true;
            world.run_to(world.now + 180);
        }
        for symbol in ["ABC", "DEF"] {
            world.check_truth(symbol);
            let through = world.of(symbol).through;
            assert!(
                stamp(world.now) - through <= Nanos::from_secs(75),
                "{kind:?} {symbol} {through}"
            );
        }
    }
}

#[test]
fn a_half_open_line_is_given_up_when_nothing_is_heard_for_longer_than_the_limit() {
    for (kind, limit) in [(Kind::Unflagged, 10), (Kind::OnlyClosed, 25), (Kind::Flag, 25)] {
        let mut world = live(kind);
        world.exchange.is_reachable = false;
        world.half_open();
        let silent_since = world.now; // At most ten seconds after the last answer to a ping.
        world.run_to(silent_since + limit - 10);
        assert_eq!(world.of("ABC").n_down(), 0, "{kind:?}");
        world.run_to(silent_since + limit + 2);
        let over = world.notes.iter().find_map(|(at, note)| match note {
            Note::LineOver { why: CloseCause::Silent(_), link, .. } => Some((at, link)),
            _ => None,
        });
        let (down_at, link) = over.unwrap();
        assert!(down_at - silent_since <= limit + 1, "{kind:?}: {down_at}");
        assert!(matches!(link, Link::Down { why: DownCause::Silent, next_try: Some(_), .. }));
    }
}

#[test]
fn attempts_become_rare_and_a_connection_that_brings_nothing_forgives_nothing() {
    for accepts in [false, true] {
        let mut world = live(Kind::Flag);
        world.exchange.opened.clear();
        world.exchange.is_reachable = false;
        world.cut();
        if accepts {
            world.exchange.is_reachable = true;
            world.exchange.silent.insert("ABC".to_owned());
        }
        let began_at = world.now;
        while world.now < began_at + 300 {
            world.run_to(world.now + 1);
            world.cut(); // Also where it was accepted: cut at once.
        }
        let opened = &world.exchange.opened;
        assert_eq!(opened[0], began_at, "the line before had lived and delivered");
        assert!((10..=20).contains(&opened.len()), "{accepts}: {} attempts", opened.len());
        world.exchange.silent.clear();
        world.exchange.is_reachable = true;
        world.run_to(world.now + 180);
        world.check_truth("ABC");
        assert!(world.of("ABC").through >= stamp(world.now - 75));
    }
}

#[test]
fn a_ban_of_two_minutes_during_the_catching_up_is_obeyed_to_the_second() {
    for (status, wait) in [(418, 120), (429, 30), (429, 0)] {
        let mut world = live(Kind::Flag);
        world.exchange.is_reachable = false;
        world.cut();
        world.run_until("10:08:30");
        world.exchange.is_reachable = true;
        world.exchange.history = History::Status(status, wait);
        world.exchange.asked.clear();
        while world.exchange.asked.is_empty() {
            world.run_to(world.now + 1);
        }
        let asked_at = world.now;
        world.exchange.history = History::Answers;
        world.run_to(world.now + 150);
        let wait = if wait == 0 { 60 } else { wait }; // It does not say how long.
        let next = world.exchange.asked[1].0;
        assert!(
            (asked_at + wait..=asked_at + wait * 11 / 10 + 1).contains(&next),
            "{wait}: {next}"
        );
        assert!(world.notes.iter().any(|(_, note)| matches!(note, Note::Paused { .. })));
        world.check_truth("ABC");
        assert!(world.of("ABC").through >= stamp(world.now - 75));
    }
}

#[test]
fn a_place_that_is_taken_is_waited_for_quietly_for_two_minutes() {
    let mut world = live(Kind::OnlyClosed);
    world.exchange.is_taken = true;
    world.cut();
    let began_at = world.now;
    world.run_to(began_at + 90);
    world.exchange.opened.clear();
    let said = |world: &World| match &world.of("ABC").link {
        Link::Down { why: DownCause::Refused(said), .. } => said.to_string(),
        link => panic!("{link}"),
    };
    assert_eq!(said(&world), "in use");
    world.run_to(began_at + 180);
    assert_eq!(said(&world), "another program uses this key: in use");
    assert!((6..=9).contains(&world.exchange.opened.len()), "each 10 to 15 s");
    world.exchange.is_taken = false;
    world.run_to(began_at + 290);
    world.check_truth("ABC");
    assert!(world.of("ABC").through >= stamp(world.now - 75));
}

#[test]
fn a_key_that_is_refused_is_gone_and_tried_again_after_five_minutes() {
    let mut world = live(Kind::OnlyClosed);
    world.exchange.opened.clear();
    world.says("forbidden");
    world.look();
    assert_eq!(world.of("ABC").link, Link::Gone { why: "no key".into() });
    let began_at = world.now;
    world.run_to(began_at + 400);
    assert_eq!(world.exchange.opened, [began_at + 300]);
    world.check_truth("ABC");
    assert!(matches!(world.of("ABC").link, Link::Up { .. }));
}

#[test]
fn one_bad_name_does_not_spoil_its_batch() {
    let mut exchange = market(Kind::Flag, &["ABC", "DEF"]);
    exchange.refused.insert("BAD".to_owned());
    let mut world = World::new(exchange, second("10:00:30"));
    for symbol in ["ABC", "BAD", "DEF"] {
        world.want(symbol, second("09:30:00"));
    }
    world.run_until("10:05:30");
    assert_eq!(world.of("BAD").link, Link::Gone { why: "unknown".into() });
    for symbol in ["ABC", "DEF"] {
        assert!(matches!(world.of(symbol).link, Link::Up { .. }));
        world.check_truth(symbol);
    }
    let about_bad = world.exchange.received.iter().filter(|(_, _, text)| text.contains("BAD"));
    assert_eq!(about_bad.count(), 2, "once in company, once alone");
}

#[test]
fn a_subscription_that_is_never_confirmed_is_sent_twice_and_then_the_line_is_made_anew() {
    let mut exchange = market(Kind::Flag, &["ABC"]);
    exchange.confirms = false;
    let mut world = World::new(exchange, second("10:00:30"));
    world.want("ABC", second("09:30:00"));
    world.run_until("10:00:45");
    let received: Vec<i64> =
        world.exchange.received.iter().map(|(at, ..)| at - second("10:00:31")).collect();
    assert_eq!(received[..2], [0, 5]);
    let again = world.exchange.opened[1] - second("10:00:31");
    assert!((11..=12).contains(&again), "about a second after 5 s twice: {again}");
    assert_eq!(world.of("ABC").rows, []);
}

#[test]
fn two_hundred_series_are_subscribed_in_batches_of_twenty_three_in_a_second() {
    let symbols: Vec<String> = (0..200).map(|n| format!("S{n}")).collect();
    let mut exchange = market(Kind::Flag, &[]);
    exchange.history = History::Empty;
    let mut world = World::new(exchange, second("10:00:30"));
    for symbol in &symbols {
        world.want(symbol, second("10:00:00"));
    }
    world.run_until("10:01:30");
    let received = &world.exchange.received;
    assert_eq!(received.len(), 10);
    assert!(received.iter().all(|(_, _, text)| text.split(' ').count() == 21));
    assert_eq!(world.exchange.lines.len(), 2, "a hundred a line");
    assert!(world.exchange.lines.values().all(|subscribed| subscribed.len() == 100));
}

#[test]
fn a_line_at_the_end_of_its_life_is_left_when_another_one_has_all() {
    for kind in [Kind::Flag, Kind::OnlyClosed] {
        let lifetime = Some(Nanos::from_secs(1_200));
        let mut world = World::with(market(kind, &["ABC"]), second("10:00:30"), |traits| {
            traits.lifetime = lifetime;
        });
        world.want("ABC", second("09:30:00"));
        world.run_until("11:30:30");
        world.check_truth("ABC");
        assert!((4..=6).contains(&world.exchange.opened.len()), "{kind:?}");
        assert_eq!(world.exchange.lines.len(), 1, "{kind:?}: the old ones are closed");
        let n_down = world.of("ABC").n_down();
        match kind {
            Kind::Flag => assert_eq!(n_down, 0, "the new one is made before the old one is left"),
            _ => assert!(n_down <= 5, "one at a time"),
        }
        let late = world
            .of("ABC")
            .rows
            .iter()
            .filter(|(came, open, _)| *open >= second("10:01:00") && came - open > MINUTE + 30);
        assert_eq!(late.count(), 0, "{kind:?}");
    }
}

#[test]
fn a_vendor_that_says_that_it_will_close_is_left_before_it_does() {
    let mut world = live(Kind::Flag);
    world.run_until("10:05:57");
    world.says("leaving");
    world.run_until("10:05:59");
    assert_eq!(world.exchange.lines.len(), 2, "both, until the new one has brought a bar");
    world.run_until("10:07:30");
    assert_eq!(world.exchange.lines.len(), 1);
    assert_eq!(world.of("ABC").n_down(), 0);
    world.check_truth("ABC");
}

#[test]
fn three_messages_in_a_minute_that_cannot_be_read_end_the_line() {
    let mut world = live(Kind::Flag);
    let n_opened = world.exchange.opened.len();
    world.says("%&$");
    world.says("%&$");
    world.run_until("10:06:40");
    world.says("%&$");
    assert_eq!(world.exchange.opened.len(), n_opened, "not three in one minute");
    world.says("%&$");
    world.says("%&$");
    assert_eq!(world.exchange.opened.len(), n_opened + 1);
    world.run_until("10:09:30");
    world.check_truth("ABC");
}

#[test]
fn a_request_that_hangs_is_given_up_after_half_a_minute_and_asked_again() {
    let mut exchange = market(Kind::Flag, &["ABC"]);
    exchange.history = History::Hangs;
    let mut world = World::new(exchange, second("10:00:30"));
    world.want("ABC", second("09:30:00"));
    world.run_until("10:01:00");
    assert_eq!(world.n_hanging, 1, "one at a time");
    world.exchange.history = History::Answers;
    world.run_until("10:03:30");
    world.check_truth("ABC");
    assert_eq!(world.of("ABC").through, stamp(second("10:03:00")));
}

#[test]
fn a_series_that_is_left_is_unsubscribed_and_its_line_closed_with_the_last() {
    let mut world = World::new(market(Kind::Flag, &["ABC", "DEF"]), second("10:00:30"));
    world.want("ABC", second("09:30:00"));
    world.want("DEF", second("09:30:00"));
    world.run_until("10:02:00");
    world.watched.remove("DEF");
    world.settle();
    world.run_until("10:02:02");
    assert_eq!(world.exchange.received.last().unwrap().2, "unsub DEF");
    world.watched.remove("ABC");
    world.settle();
    assert_eq!(world.exchange.lines.len(), 0);
    assert_eq!(world.door.n_waiting(), 0);
}

#[test]
fn a_series_more_than_the_vendor_allows_is_refused_with_the_number() {
    let mut exchange = market(Kind::OnlyClosed, &[]);
    exchange.history = History::Empty;
    let mut world = World::new(exchange, second("10:00:30"));
    for n in 0..101 {
        world.want(&format!("S{n}"), second("10:00:00"));
    }
    world.run_until("10:00:40");
    let gone = world
        .watched
        .values()
        .filter(|w| w.link == Link::Gone { why: "words allows 100 series".into() });
    assert_eq!(gone.count(), 1);
}

#[test]
fn a_machine_that_slept_or_whose_clock_was_set_back_connects_anew_and_catches_up() {
    for by in [-3_600, 3_600] {
        let mut world = live(Kind::Flag);
        let n_opened = world.exchange.opened.len();
        if by > 0 {
            world.half_open();
            world.now += by; // Asleep: the market went on.
        } else {
            world.clock_ahead = 0;
            world.look();
        }
        let now = world.our_now();
        world.vendor.clock_stepped(now);
        world.run_to(world.now + 150);
        assert_eq!(world.exchange.opened.len(), n_opened + 1);
        world.check_truth("ABC");
        assert!(world.of("ABC").through >= stamp(world.now - 75));
        assert_eq!(world.found(|found| matches!(found, Found::GapLeft { .. })), 0);
    }
}
