//! Between a stream that breaks and a history that lags: each bar once, complete only with evidence.

use openbell_data_manager::Link;
use openbell_data_manager::live::{Found, Frame};
use openbell_time::Nanos;

use super::exchange::{Exchange, History, Kind, MINUTE, Minute, of_price};
use super::world::{World, second, stamp};

pub const KINDS: [Kind; 3] = [Kind::Flag, Kind::Unflagged, Kind::OnlyClosed];

/// A morning in which ABC and BUSY trade in every minute from 09:30 on.
pub fn morning(kind: Kind) -> Exchange {
    let mut exchange = Exchange::new(kind);
    for n in 0..360 {
        let open = second("09:30:00") + n * MINUTE;
        exchange.trades("ABC", open, 10.0 + n as f64);
        exchange.trades("BUSY", open, 500.0);
    }
    exchange
}

/// Live since 10:00:30 with all bars from 09:30 on.
pub fn live(kind: Kind) -> World {
    live_in(morning(kind))
}

pub fn live_in(exchange: Exchange) -> World {
    let mut world = World::new(exchange, second("10:00:30"));
    world.want("ABC", second("09:30:00"));
    world.run_until("10:05:30");
    world.check_truth("ABC");
    world
}

/// When the bar of an open came, by our clock.
pub fn came(world: &World, open: &str) -> Option<i64> {
    let open = second(open);
    world.of("ABC").rows.iter().find(|(_, known, _)| *known == open).map(|(came, ..)| *came)
}

#[test]
fn a_start_at_eleven_has_the_ninety_bars_of_the_day_before_the_next_one_comes() {
    for kind in KINDS {
        let mut world = World::new(morning(kind), second("11:00:30"));
        world.want("ABC", second("09:30:00"));
        world.run_until("11:00:55");
        let abc = world.of("ABC");
        assert_eq!(abc.rows.len(), 90, "{kind:?}");
        assert_eq!(abc.through, stamp(second("11:00:00")), "{kind:?}");
        assert!(matches!(abc.link, Link::Up { .. }), "{kind:?}: {}", abc.link);
        assert_eq!(world.found(|found| *found == Found::CaughtUp { n_bars: 90 }), 1, "{kind:?}");
        world.run_until("11:30:30");
        assert_eq!(world.of("ABC").rows.len(), 120, "{kind:?}");
        world.check_truth("ABC");
    }
}

#[test]
fn history_is_asked_once_the_subscription_is_confirmed_and_not_before() {
    let mut exchange = morning(Kind::Flag);
    exchange.confirms = false;
    let mut world = World::new(exchange, second("10:00:30"));
    world.want("ABC", second("09:30:00"));
    world.run_until("10:00:33");
    assert_eq!(world.exchange.received.len(), 1);
    assert_eq!(world.exchange.asked, []);
    world.exchange.confirms = true;
    world.run_until("10:01:00");
    assert_eq!(world.exchange.asked[0].0, second("10:00:36"), "with the second attempt's answer");
    world.run_until("10:05:30");
    world.check_truth("ABC");
}

#[test]
fn an_outage_of_minutes_is_caught_up_in_order_and_says_down_meanwhile() {
    for kind in KINDS {
        let mut world = live(kind);
        world.run_until("10:06:25");
        world.exchange.is_reachable = false;
        world.cut();
        world.run_until("10:11:00");
        let abc = world.of("ABC");
        assert!(matches!(abc.link, Link::Down { .. }), "{kind:?}: {}", abc.link);
        assert_eq!(
            abc.through,
            stamp(second("10:06:00")),
            "{kind:?}: nothing is proven by silence"
        );
        world.exchange.is_reachable = true;
        world.run_until("10:13:30");
        let opens = world.of("ABC").opens();
        assert!(opens.is_sorted(), "{kind:?}");
        assert!(came(&world, "10:10:00").unwrap() <= second("10:12:00"), "{kind:?}");
        assert_eq!(world.of("ABC").through, stamp(second("10:13:00")), "{kind:?}");
        world.check_truth("ABC");
    }
}

#[test]
fn a_cut_of_eight_seconds_within_a_minute_costs_no_request() {
    let mut world = live(Kind::Flag);
    world.run_until("10:06:20");
    let n_asked = world.exchange.asked.len();
    world.exchange.is_reachable = false;
    world.cut();
    world.run_until("10:06:28");
    world.exchange.is_reachable = true;
    world.run_until("10:08:30");
    assert_eq!(world.exchange.asked.len(), n_asked);
    assert_eq!(came(&world, "10:06:00"), Some(second("10:07:01")));
    world.check_truth("ABC");
}

#[test]
fn a_bar_that_runs_when_the_line_breaks_is_not_handed_out() {
    for kind in [Kind::Flag, Kind::Unflagged] {
        let mut world = live(kind);
        world.run_until("10:06:40");
        world.exchange.is_reachable = false;
        world.exchange.history = History::Empty;
        world.cut();
        world.run_until("10:20:00");
        assert_eq!(came(&world, "10:06:00"), None, "{kind:?}");
        world.exchange.is_reachable = true;
        world.exchange.history = History::Answers;
        world.run_until("10:22:30");
        world.check_truth("ABC");
        assert_eq!(world.of("ABC").revisions, [], "{kind:?}: it was whole at once");
    }
}

#[test]
fn a_history_that_lags_is_asked_again_after_one_two_four_and_eight_seconds() {
    let mut exchange = morning(Kind::Flag);
    exchange.history = History::Lags(90);
    let mut world = World::new(exchange, second("10:00:30"));
    world.want("ABC", second("09:30:00"));
    world.run_until("10:00:59");
    let asked: Vec<i64> =
        world.exchange.asked.iter().map(|(at, _)| at - second("10:00:31")).collect();
    assert_eq!(asked, [0, 1, 3, 7, 15, 23]);
    assert_eq!(world.of("ABC").rows.len(), 29, "what it has is handed out");
    assert_eq!(world.of("ABC").through, stamp(second("09:59:00")));
    // The stream has brought 10:00 by then, and it waits for 09:59.
    world.run_until("10:01:20");
    assert_eq!(came(&world, "10:00:00"), None);
    world.run_until("10:02:30");
    assert!(world.of("ABC").opens().is_sorted());
    world.check_truth("ABC");
}

#[test]
fn rows_that_nobody_asked_for_are_not_handed_out_and_pages_are_turned() {
    for kind in KINDS {
        let mut exchange = morning(kind);
        exchange.page = 7;
        let mut world = World::new(exchange, second("10:00:30"));
        world.want("ABC", second("09:33:20"));
        world.run_until("10:05:30");
        assert_eq!(world.of("ABC").opens()[0], second("09:34:00"), "{kind:?}");
        world.check_truth("ABC");
    }
}

#[test]
fn a_silent_topic_is_found_by_its_history_then_resubscribed_then_reconnected() {
    let mut world = live(Kind::Flag);
    world.run_until("10:06:30");
    world.exchange.silent.insert("ABC".to_owned());
    let (n_lines, n_sent) = (world.exchange.opened.len(), world.exchange.received.len());
    world.run_until("10:07:11");
    assert_eq!(came(&world, "10:06:00"), Some(second("10:07:10")));
    assert_eq!(world.exchange.received.len(), n_sent, "once is no proof");
    world.run_until("10:08:12");
    let sent: Vec<&str> =
        world.exchange.received[n_sent..].iter().map(|(_, _, text)| text.as_str()).collect();
    assert_eq!(sent, ["unsub ABC", "sub ABC"]);
    world.run_until("10:09:12");
    assert_eq!(world.exchange.opened.len(), n_lines + 1);
    assert_eq!(world.exchange.opened[n_lines], second("10:09:10"), "at once: it had delivered");
    world.run_until("10:40:30");
    assert_eq!(world.exchange.opened.len(), n_lines + 1, "what does not help is not repeated");
    for (came, open, _) in &world.of("ABC").rows {
        assert!(
            came - open <= MINUTE + 15 || *open < second("10:06:00"),
            "{} {came}",
            stamp(*open)
        );
    }
    world.check_truth("ABC");
}

#[test]
fn an_empty_answer_proves_nothing_traded_no_more_than_a_lagging_one() {
    for kind in KINDS {
        for history in [History::Empty, History::Lags(3_600), History::Status(500, 0)] {
            let mut world = live(kind);
            world.run_until("10:06:30");
            world.exchange.silent.insert("ABC".to_owned());
            world.exchange.history = history;
            world.run_until("10:12:00");
            let abc = world.of("ABC");
            // The vendor's clock closes the one that ran, with what was heard of it.
            let n_closed = i64::from(kind == Kind::Unflagged);
            let through = stamp(second("10:06:00") + n_closed * MINUTE);
            assert_eq!(abc.through, through, "{kind:?} {history:?}");
            world.exchange.history = History::Answers;
            world.run_until("10:16:50");
            world.check_truth("ABC");
            let through = world.of("ABC").through;
            assert!(through >= stamp(second("10:15:00")), "{kind:?} {history:?}: {through}");
        }
    }
}

#[test]
fn minutes_without_a_trade_are_proven_ten_seconds_after_their_close() {
    for kind in [Kind::Unflagged, Kind::OnlyClosed] {
        let mut exchange = morning(kind);
        for n in 6..36 {
            exchange.minutes.remove(&("ABC".to_owned(), second("10:00:00") + n * MINUTE));
        }
        let mut world = live_in(exchange);
        for n in 7..36 {
            world.run_to(second("10:00:00") + n * MINUTE + 12);
            let abc = world.of("ABC");
            assert_eq!(abc.through, stamp(second("10:00:00") + n * MINUTE), "{kind:?}");
            assert_eq!(abc.rows.last().unwrap().1, second("10:05:00"), "{kind:?}");
        }
        world.run_until("10:40:30");
        world.check_truth("ABC");
        assert_eq!(world.of("ABC").n_down(), 0, "{kind:?}");
        assert_eq!(world.found(|found| matches!(found, Found::Silent { .. })), 0, "{kind:?}");
    }
}

#[test]
fn a_vendor_with_a_bar_for_each_minute_owes_one_that_is_missing() {
    let mut world = live(Kind::Flag);
    // A minute without a trade has a bar of its own.
    world.exchange.minutes.remove(&("ABC".to_owned(), second("10:06:00")));
    world.run_until("10:07:30");
    assert_eq!(world.of("ABC").rows.last().unwrap().2.volume, 0.0);
    // One that is nowhere is late: neither quiet, nor passed over by the next one.
    world.exchange.silent.insert("ABC".to_owned());
    world.exchange.history = History::Lags(600);
    world.run_until("10:08:30");
    world.exchange.silent.clear();
    world.run_until("10:11:30");
    assert_eq!(world.of("ABC").through, stamp(second("10:07:00")));
    assert_eq!(came(&world, "10:08:00"), None, "what came after it waits");
    world.exchange.history = History::Answers;
    world.run_until("10:12:30");
    assert!(world.of("ABC").opens().is_sorted());
    world.check_truth("ABC");
}

#[test]
fn where_each_minute_has_a_bar_a_later_one_passes_over_none_that_is_not_asked_for_yet() {
    let mut world = World::probing_after(morning(Kind::Flag), second("10:00:30"), 90);
    world.want("ABC", second("10:00:00"));
    world.run_until("10:05:30");
    world.exchange.silent.insert("ABC".to_owned()); // The bar of 10:05 is lost.
    world.run_until("10:06:30");
    world.exchange.silent.clear();
    world.run_until("10:07:25"); // That of 10:06 has come, and nobody has asked for anything.
    assert_eq!(world.of("ABC").through, stamp(second("10:07:00")));
    world.check_truth("ABC");
}

#[test]
fn a_heartbeat_is_evidence_for_no_series() {
    let mut world = live(Kind::Unflagged);
    world.run_until("10:06:30");
    world.exchange.silent.insert("ABC".to_owned());
    world.exchange.history = History::Hangs;
    world.run_until("10:20:00"); // Its clock is in a message each second.
    assert_eq!(world.of("ABC").n_down(), 0);
    // What was heard of 10:06 at :31 is closed by the vendor's clock, and then nothing is.
    assert_eq!(world.of("ABC").through, stamp(second("10:07:00")));
}

#[test]
fn a_bar_without_a_flag_is_closed_by_the_vendors_clock_and_a_later_update_revises_it() {
    let mut exchange = morning(Kind::Unflagged);
    let open = second("10:07:00");
    let (first, last) = (of_price(20.0), of_price(21.0));
    exchange.minutes.insert(("ABC".to_owned(), open), Minute { first, last, revised_after: 3 });
    let mut world = live_in(exchange);
    world.run_until("10:08:02");
    assert_eq!(world.of("ABC").rows.last(), Some(&(second("10:08:02"), open, first)));
    world.run_until("10:08:03");
    assert_eq!(world.of("ABC").revisions, [(second("10:08:03"), open, last)]);
    world.run_until("10:10:30");
    world.check_truth("ABC");
}

#[test]
fn a_revision_is_told_once_and_a_repetition_not_at_all() {
    let mut exchange = morning(Kind::OnlyClosed);
    let open = second("10:07:00");
    let (first, last) = (of_price(10.0), of_price(11.0));
    exchange.minutes.insert(("ABC".to_owned(), open), Minute { first, last, revised_after: 30 });
    let mut world = live_in(exchange);
    world.run_until("10:08:40");
    assert_eq!(world.of("ABC").revisions, [(second("10:08:30"), open, last)]);
    let again = format!("bar ABC {open} 11 12 10 11.5 100 1 closed");
    world.says(&again);
    world.says(&again);
    world.run_until("10:10:30");
    assert_eq!(world.of("ABC").revisions.len(), 1);
    assert_eq!(world.found(|found| *found == Found::Duplicate), 2);
    world.check_truth("ABC");
}

#[test]
fn a_revision_that_came_during_an_outage_is_found_in_the_history() {
    for kind in [Kind::Unflagged, Kind::OnlyClosed] {
        let mut exchange = morning(kind);
        let (open, after) = (second("10:07:00"), 30);
        let (first, last) = (of_price(20.0), of_price(21.0));
        exchange
            .minutes
            .insert(("ABC".to_owned(), open), Minute { first, last, revised_after: after });
        let mut world = live_in(exchange);
        world.run_until("10:08:20");
        world.exchange.is_reachable = false;
        world.cut();
        world.run_until("10:09:05");
        world.exchange.is_reachable = true;
        world.run_until("10:12:30");
        assert_eq!(world.of("ABC").revisions.len(), 1, "{kind:?}");
        world.check_truth("ABC");
    }
}

#[test]
fn a_bar_that_only_the_clock_has_closed_is_held_against_the_history_soon_after() {
    // Whether the topic is silent over the bar's end for a quarter of a minute or for a minute and more.
    for until in ["10:08:05", "10:09:05"] {
        let mut world = live(Kind::Unflagged);
        let open = second("10:07:00");
        world.run_until("10:07:50");
        world.exchange.silent.insert("ABC".to_owned());
        world.run_until("10:08:03");
        let whole = world.exchange.truth("ABC", open).unwrap();
        let (came, _, told) = *world.of("ABC").rows.last().unwrap();
        assert_eq!(came, second("10:08:02"));
        assert_ne!(told, whole, "its last trade is not known");
        world.run_until(until);
        world.exchange.silent.clear();
        world.run_until("10:12:30");
        assert_eq!(world.of("ABC").revisions, [(second("10:08:05"), open, whole)]);
        world.check_truth("ABC");
    }
}

#[test]
fn a_revision_of_which_the_stream_says_nothing_is_found_when_its_time_is_over() {
    let mut exchange = morning(Kind::Unflagged);
    let open = second("10:07:00");
    let (first, last) = (of_price(20.0), of_price(21.0));
    exchange.minutes.insert(("ABC".to_owned(), open), Minute { first, last, revised_after: 50 });
    let mut world = live_in(exchange);
    world.run_until("10:08:40");
    world.exchange.silent.insert("ABC".to_owned());
    world.run_until("10:08:54");
    world.exchange.silent.clear();
    world.run_until("10:12:30");
    assert_eq!(world.of("ABC").revisions, [(second("10:09:05"), open, last)]);
    world.check_truth("ABC");
}

#[test]
fn a_message_that_cannot_be_read_may_have_been_a_bar_and_no_later_one_proves_that_it_was_not() {
    let mut world = live(Kind::OnlyClosed);
    world.run_until("10:06:50");
    world.exchange.history = History::Status(500, 0);
    world.exchange.silent.insert("ABC".to_owned());
    world.run_until("10:07:01");
    world.says("%&$");
    world.run_until("10:07:05");
    world.exchange.silent.clear();
    world.run_until("10:10:30");
    assert_eq!(world.of("ABC").through, stamp(second("10:06:00")), "that of 10:06 is not there");
    world.exchange.history = History::Answers;
    world.run_until("10:12:30");
    assert_eq!(world.of("ABC").through, stamp(second("10:12:00")));
    assert_eq!(world.found(|found| matches!(found, Found::Late { .. })), 0);
    world.check_truth("ABC");
}

#[test]
fn a_bar_that_is_owed_is_asked_for_before_others_are_verified() {
    let mut exchange = morning(Kind::Unflagged);
    let names: Vec<String> = (0..80).map(|n| format!("S{n}")).collect();
    for name in &names {
        for n in 0..360 {
            exchange.trades(name, second("09:30:00") + n * MINUTE, 10.0);
        }
    }
    let mut world = World::with(exchange, second("10:00:30"), |traits| {
        traits.requests.each = Nanos::from_secs(1)
    });
    for name in names.iter().map(String::as_str).chain(["ABC"]) {
        world.want(name, second("10:00:00"));
    }
    world.run_until("10:06:30");
    world.exchange.silent.insert("ABC".to_owned());
    world.run_until("10:10:11");
    for open in ["10:07:00", "10:08:00", "10:09:00"] {
        let late = came(&world, open).expect("it comes") - second(open) - MINUTE;
        assert!((10..=13).contains(&late), "that of {open} came {late} s after its close");
    }
    let n_asked = |name: &str| {
        let begins = format!("bars {name} ");
        let after = world.exchange.asked.iter().filter(|(at, _)| *at > second("10:06:30"));
        after.filter(|(_, url)| url.starts_with(&begins)).count()
    };
    let counts: Vec<usize> = names.iter().map(|name| n_asked(name)).collect();
    assert!(counts.iter().all(|&n| n >= 2), "each in its turn: {counts:?}");
}

#[test]
fn a_verification_that_fails_is_asked_again_and_costs_nothing_else() {
    for history in
        [History::Status(500, 0), History::Status(429, 30), History::Lags(400), History::Empty]
    {
        let mut world = live(Kind::Unflagged);
        world.run_until("10:07:50");
        world.exchange.history = history;
        world.exchange.silent.insert("ABC".to_owned());
        world.run_until("10:08:10");
        world.exchange.silent.clear();
        world.run_until("10:10:30");
        assert_eq!(world.of("ABC").through, stamp(second("10:10:00")), "{history:?}");
        assert!(world.of("ABC").revisions.is_empty(), "{history:?}");
        world.exchange.history = History::Answers;
        world.run_until("10:13:30");
        assert_eq!(world.of("ABC").revisions.len(), 1, "{history:?}");
        assert_eq!(world.exchange.opened.len(), 1, "{history:?}");
        world.check_truth("ABC");
    }
}

#[test]
fn bars_made_up_by_the_history_are_none() {
    let mut exchange = morning(Kind::Unflagged);
    for n in 0..20 {
        exchange.minutes.remove(&("ABC".to_owned(), second("09:35:00") + n * MINUTE));
    }
    let world = live_in(exchange);
    assert_eq!(world.of("ABC").rows.len(), 35 - 20);
}

#[test]
fn a_history_of_720_rows_leaves_a_gap_with_a_name() {
    let mut exchange = Exchange::new(Kind::Unflagged);
    let first = second("10:00:00") - 1_000 * MINUTE;
    for n in 0..1_100 {
        exchange.trades("ABC", first + n * MINUTE, 10.0);
    }
    let mut world = World::new(exchange, second("10:00:30"));
    world.want("ABC", first);
    world.run_until("10:02:30");
    let missing = stamp(first)..stamp(second("10:00:00") - 719 * MINUTE);
    assert_eq!(world.of("ABC").opens()[0], missing.end.as_secs());
    assert_eq!(world.found(|f| matches!(f, Found::GapLeft { missing: m, .. } if *m == missing)), 1);
    assert_eq!(world.of("ABC").through, stamp(second("10:02:00")));
}

#[test]
fn a_history_that_fails_is_given_up_after_five_more_attempts_and_the_hole_is_named() {
    let mut world = live(Kind::Flag);
    world.run_until("10:06:30");
    world.exchange.history = History::Status(500, 0);
    world.exchange.is_reachable = false;
    world.cut();
    world.run_until("10:10:30");
    world.exchange.is_reachable = true;
    let n_asked = world.exchange.asked.len();
    world.run_until("10:14:00");
    assert_eq!(world.of("ABC").through, stamp(second("10:06:00")), "until then it holds");
    world.run_until("10:18:30");
    assert_eq!(world.exchange.asked.len() - n_asked, 6);
    let missing = stamp(second("10:06:00"))..stamp(second("10:10:00"));
    assert_eq!(world.of("ABC").given_up, std::slice::from_ref(&missing), "the core is told");
    assert_eq!(world.found(|f| matches!(f, Found::GapLeft { missing: m, .. } if *m == missing)), 1);
    assert_eq!(world.of("ABC").through, stamp(second("10:18:00")));
}

#[test]
fn a_bar_with_impossible_values_is_named_and_fetched() {
    let mut world = live(Kind::OnlyClosed);
    world.run_until("10:06:59");
    world.exchange.silent.insert("ABC".to_owned());
    let open = second("10:06:00");
    world.run_until("10:07:02");
    world.says(&format!("bar ABC {open} 10 9 11 10 5 1 closed"));
    world.exchange.silent.clear();
    world.run_until("10:07:30");
    assert_eq!(world.found(|f| *f == Found::Impossible { opens_at: stamp(open) }), 1);
    assert!(came(&world, "10:06:00").is_some());
    world.run_until("10:10:30");
    world.check_truth("ABC");
}

#[test]
fn stamps_that_no_bar_can_have_are_named_and_move_nothing() {
    for kind in KINDS {
        let mut world = live(kind);
        for open in [9_200_000_000, second("10:05:17"), second("10:05:00") + 9 * 86_400] {
            world.says(&format!("bar ABC {open} 10 11 9 10 5 1 closed"));
        }
        world.says("sent 9200000000");
        world.says("end ABC 9200000000");
        world.run_until("10:20:30");
        assert_eq!(world.found(|found| matches!(found, Found::Impossible { .. })), 3, "{kind:?}");
        assert_eq!(world.of("ABC").through, stamp(second("10:20:00")), "{kind:?}");
        world.check_truth("ABC");
    }
}

#[test]
fn a_bar_that_a_topic_kept_to_itself_while_its_series_caught_up_is_not_passed_over() {
    for kind in KINDS {
        let mut world = live(kind);
        world.run_until("10:05:50");
        world.exchange.history = History::Lags(130);
        world.exchange.silent.insert("ABC".to_owned());
        world.run_until("10:07:05");
        world.cut(); // It is confirmed again at once, and once more at 10:08:15, and says nothing.
        world.run_until("10:09:05");
        world.exchange.silent.clear();
        world.run_until("10:10:05"); // The bar of 10:09 has come, that of 10:08 never does.
        assert!(world.of("ABC").through < stamp(second("10:08:00")), "{kind:?}: it is behind");
        world.run_until("10:11:30");
        world.exchange.history = History::Answers;
        world.run_until("10:14:30");
        assert_eq!(world.of("ABC").through, stamp(second("10:14:00")), "{kind:?}");
        world.check_truth("ABC");
        assert_eq!(world.found(|found| matches!(found, Found::GapLeft { .. })), 0, "{kind:?}");
    }
}

#[test]
fn a_mark_of_the_vendor_ends_an_interval_without_a_bar() {
    let mut world = live(Kind::OnlyClosed);
    world.run_until("10:06:02");
    world.exchange.silent.insert("ABC".to_owned());
    world.run_until("10:07:01");
    world.says(&format!("end ABC {}", second("10:07:00")));
    world.look();
    assert_eq!(world.of("ABC").through, stamp(second("10:07:00")));
    let line = *world.exchange.lines.keys().next().unwrap();
    world.cut();
    world.vendor.heard(line, world.our_now(), Frame::Text("end ABC 1751452080"));
    world.look();
    assert_eq!(world.of("ABC").through, stamp(second("10:07:00")), "not of a line that is gone");
}

#[test]
fn a_name_that_the_history_refuses_is_gone_and_a_second_seek_goes_back() {
    let mut world = live(Kind::Flag);
    world.exchange.history = History::Status(404, 0);
    world.want("XYZ", second("10:00:00"));
    world.run_until("10:06:30");
    assert_eq!(world.of("XYZ").link, Link::Gone { why: "no".into() });
    world.exchange.history = History::Answers;
    // The feed is made anew, and begins where it is told to.
    world.want("ABC", second("09:50:00"));
    world.run_until("10:09:30");
    assert_eq!(world.of("ABC").opens()[0], second("09:50:00"));
    world.check_truth("ABC");
}
