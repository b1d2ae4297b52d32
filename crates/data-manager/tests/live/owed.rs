//! What is owed: at the end of a session it is asked for at once, and of a symbol that was never traded
//! nothing is.

use openbell_data_manager::Link;
use openbell_data_manager::live::Found;

use super::exchange::{Exchange, History, Kind, MINUTE};
use super::seams::{KINDS, live, morning};
use super::world::{World, second, stamp};

#[test]
fn what_is_owed_at_the_end_of_the_session_is_asked_for_at_once() {
    for kind in KINDS {
        let mut world = live(kind);
        // Of a minute without a flag the vendor's clock closes what was heard, so it is none that was begun.
        world.run_until(if kind == Kind::Unflagged { "10:06:58" } else { "10:07:20" });
        world.exchange.silent.insert("ABC".to_owned());
        world.run_until("10:07:50");
        let n_asked = world.exchange.asked.len();
        world.run_until("10:08:00");
        world.hurry("ABC", second("10:08:00"));
        world.run_until("10:08:04");
        assert_eq!(world.of("ABC").through, stamp(second("10:08:00")), "{kind:?}");
        world.check_truth("ABC");
        let n_asked = world.exchange.asked.len() - n_asked;
        assert!(n_asked <= 4, "{kind:?}: {n_asked} requests");
    }
}

#[test]
fn what_could_not_be_had_in_a_hurry_is_asked_for_each_half_minute_as_ever() {
    for kind in KINDS {
        let mut world = live(kind);
        world.run_until("10:06:58");
        world.exchange.silent.insert("ABC".to_owned());
        world.exchange.history = History::Status(500, 0);
        world.run_until("10:08:00");
        world.hurry("ABC", second("10:08:00"));
        world.run_until("10:10:00");
        world.exchange.history = History::Answers;
        world.run_until("10:10:40");
        assert!(world.of("ABC").through >= stamp(second("10:08:00")), "{kind:?}");
    }
}

#[test]
fn who_has_all_at_the_end_of_the_session_asks_for_nothing_more() {
    for kind in [Kind::Flag, Kind::OnlyClosed] {
        let mut world = live(kind);
        world.run_until("10:08:00");
        let n_asked = world.exchange.asked.len();
        world.hurry("ABC", second("10:08:00"));
        world.run_until("10:08:04");
        assert_eq!(world.of("ABC").through, stamp(second("10:08:00")), "{kind:?}");
        assert_eq!(world.exchange.asked.len(), n_asked, "{kind:?}: it came by the stream");
    }
}

/// DEF is listed, and is traded from an open on, or never.
fn beside_one_that_begins(kind: Kind, begins: Option<&str>) -> Exchange {
    let mut exchange = morning(kind);
    let begins = begins.map_or(i64::MAX, second);
    exchange.begins.insert("DEF".to_owned(), begins);
    let opens = (0..360).map(|n| second("09:30:00") + n * MINUTE);
    for open in opens.filter(|open| *open >= begins) {
        exchange.trades("DEF", open, 3.0);
    }
    exchange
}

#[test]
fn a_symbol_that_was_never_traded_is_complete_by_the_vendors_count_of_trades() {
    for kind in KINDS {
        let mut world = World::new(beside_one_that_begins(kind, None), second("10:00:30"));
        world.want("DEF", second("09:30:00"));
        world.run_until("10:00:55");
        let def = world.of("DEF");
        assert_eq!(def.through, stamp(second("10:00:00")), "{kind:?}");
        assert!(matches!(def.link, Link::Up { .. }), "{kind:?}: {}", def.link);
        for n in 1..60 {
            world.run_to(second("10:00:00") + n * MINUTE + 25);
            let due = stamp(second("10:00:00") + n * MINUTE);
            assert_eq!(world.of("DEF").through, due, "{kind:?}");
        }
        assert_eq!((world.of("DEF").rows.len(), world.of("DEF").n_down()), (0, 0), "{kind:?}");
        let is_amiss =
            |found: &Found| matches!(found, Found::Silent { .. } | Found::GapLeft { .. });
        assert_eq!(world.found(is_amiss), 0, "{kind:?}");
        assert_eq!(world.exchange.opened.len(), 1, "{kind:?}: its line is not taken for dead");
    }
}

#[test]
fn the_first_trade_of_all_has_its_bar_and_no_gap_before_it() {
    for kind in KINDS {
        for is_cut in [false, true] {
            let exchange = beside_one_that_begins(kind, Some("10:20:00"));
            let mut world = World::new(exchange, second("10:00:30"));
            world.want("DEF", second("09:30:00"));
            world.run_until("10:16:40");
            if is_cut {
                world.exchange.is_reachable = false;
                world.cut();
                world.run_until("10:22:30");
                world.exchange.is_reachable = true;
            }
            world.run_until("10:24:30");
            let def = world.of("DEF");
            assert_eq!(def.opens()[0], second("10:20:00"), "{kind:?} {is_cut}");
            assert_eq!(def.through, stamp(second("10:24:00")), "{kind:?} {is_cut}");
            assert_eq!(world.found(|found| matches!(found, Found::GapLeft { .. })), 0, "{kind:?}");
            assert_eq!(world.found(|found| matches!(found, Found::Late { .. })), 0, "{kind:?}");
        }
    }
}

#[test]
fn a_start_after_the_first_trade_of_all_has_no_gap_before_it() {
    let exchange = beside_one_that_begins(Kind::Flag, Some("09:50:00"));
    let mut world = World::new(exchange, second("10:00:30"));
    world.want("DEF", second("09:30:00"));
    world.run_until("10:00:45");
    let def = world.of("DEF");
    assert_eq!((def.opens()[0], def.rows.len()), (second("09:50:00"), 10));
    assert_eq!(def.through, stamp(second("10:00:00")));
    world.run_until("10:03:30");
    assert_eq!(world.found(|found| matches!(found, Found::GapLeft { .. })), 0);
    world.check_truth("DEF");
}

#[test]
fn an_empty_answer_and_figures_that_stand_still_prove_nothing() {
    for kind in [Kind::Flag, Kind::Unflagged] {
        let mut exchange = beside_one_that_begins(kind, None);
        exchange.counts = false;
        let mut world = World::new(exchange, second("10:00:30"));
        world.want("DEF", second("09:30:00"));
        world.run_until("10:20:00");
        let def = world.of("DEF");
        assert!(def.through <= stamp(second("09:30:00")), "{kind:?}");
        assert!(matches!(def.link, Link::CatchingUp { .. }), "{kind:?}: {}", def.link);
        world.exchange.counts = true;
        world.run_until("10:21:30");
        assert_eq!(world.of("DEF").through, stamp(second("10:21:00")), "{kind:?}");
    }
}
