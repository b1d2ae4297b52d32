//! A clock that is not the vendor's: bars at their close by ours, and what is said of the difference.

use openbell_data_manager::Link;
use openbell_time::Nanos;

use super::exchange::Kind;
use super::seams::{came, morning};
use super::world::{World, second};

#[test]
fn a_clock_two_seconds_behind_hands_out_each_bar_at_its_close_by_our_clock() {
    let mut world = World::new(morning(Kind::Unflagged), second("10:00:30"));
    world.clock_ahead = -2;
    world.want("ABC", second("09:30:00"));
    world.run_until("10:30:30");
    world.check_truth("ABC");
    assert_eq!(world.vendor.skew(), Some(Nanos::from_secs(-2)));
    assert!(matches!(world.of("ABC").link, Link::Up { .. }));
    assert!(came(&world, "10:20:00").unwrap() <= second("10:21:01"));
}

#[test]
fn a_clock_seven_seconds_behind_says_so_until_it_is_right_again() {
    let mut world = World::new(morning(Kind::Unflagged), second("10:00:30"));
    world.clock_ahead = -7;
    world.want("ABC", second("09:30:00"));
    world.run_until("10:10:30");
    let by = Nanos::from_secs(-7);
    assert_eq!(world.of("ABC").link, Link::Skewed { by });
    world.check_truth("ABC");
    world.clock_ahead = 0;
    let now = world.our_now();
    world.vendor.clock_stepped(now);
    world.run_until("10:20:30");
    assert!(matches!(world.of("ABC").link, Link::Up { .. }));
    world.check_truth("ABC");
}

#[test]
fn a_clock_that_no_message_tells_is_asked_for_at_each_connection_and_each_ten_minutes() {
    let mut exchange = morning(Kind::OnlyClosed);
    exchange.tells_clock = true;
    exchange.minutes.clear();
    let mut world = World::new(exchange, second("10:00:30"));
    world.clock_ahead = -7;
    world.want("ABC", second("10:00:00"));
    world.run_until("10:01:00");
    let by = Nanos::from_secs(-7);
    assert_eq!(world.of("ABC").link, Link::Skewed { by }, "before any bar has come");
    let asked = |world: &World| -> Vec<i64> {
        let asked = world.exchange.asked.iter().filter(|(_, url)| url == "time");
        asked.map(|(at, _)| at - second("10:00:30")).collect()
    };
    world.run_until("10:07:45");
    assert_eq!(asked(&world), [1, 61, 121, 181, 241, 301, 361, 421], "while it is too far");
    world.clock_ahead = 0;
    world.run_until("10:08:45");
    assert!(!matches!(world.of("ABC").link, Link::Skewed { .. }), "{}", world.of("ABC").link);
    world.run_until("10:24:30");
    let times = asked(&world);
    assert_eq!(times[8..], [474, 534, 1_134], "once more, a minute later, and then each ten");
    let n_asked = times.len();
    world.cut();
    world.run_until("10:24:40");
    assert_eq!(asked(&world).len(), n_asked + 1, "connected again");
}
