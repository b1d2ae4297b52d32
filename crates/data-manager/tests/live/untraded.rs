//! Symbols that nobody has traded yet: complete by proof, and without a gap before their first trade.

use openbell_data_manager::Link;
use openbell_data_manager::live::Found;

use super::exchange::{Exchange, Kind, MINUTE};
use super::seams::{KINDS, morning};
use super::world::{World, second, stamp};

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
fn a_message_that_cannot_be_read_makes_a_symbol_that_was_never_traded_neither_late_nor_asked_for_more()
 {
    for kind in [Kind::Flag, Kind::Unflagged] {
        let mut exchange = beside_one_that_begins(kind, None);
        exchange.confirms = false;
        let mut world = World::new(exchange, second("09:59:00"));
        world.want("DEF", second("10:00:00"));
        world.run_until("09:59:02");
        world.says("%&$"); // Before the subscription is confirmed.
        world.exchange.confirms = true;
        world.run_until("10:02:30");
        assert_eq!(world.of("DEF").through, stamp(second("10:02:00")), "{kind:?}");
        let n_asked = world.exchange.asked.len();
        assert!(n_asked < 20, "{kind:?}: {n_asked} requests");
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
fn the_minute_before_the_first_trade_of_all_is_quiet_while_the_first_bar_still_runs() {
    for kind in KINDS {
        let exchange = beside_one_that_begins(kind, Some("10:21:00"));
        let mut world = World::new(exchange, second("10:18:31"));
        world.want("DEF", second("10:20:00")); // Nothing of it is owed before 10:21.
        world.run_until("10:21:25");
        let def = world.of("DEF");
        assert_eq!(def.through, stamp(second("10:21:00")), "{kind:?}");
        assert!(matches!(def.link, Link::Up { .. }), "{kind:?}: {}", def.link);
        world.run_until("10:24:30");
        assert_eq!(world.of("DEF").opens()[0], second("10:21:00"), "{kind:?}");
        assert_eq!(world.of("DEF").through, stamp(second("10:24:00")), "{kind:?}");
        let is_amiss =
            |found: &Found| matches!(found, Found::Silent { .. } | Found::GapLeft { .. });
        assert_eq!(world.found(is_amiss), 0, "{kind:?}");
    }
}

#[test]
fn a_minute_that_the_vendor_has_lost_is_missing_and_not_quiet() {
    let mut exchange = beside_one_that_begins(Kind::Flag, Some("09:30:00"));
    exchange.lost.insert(("DEF".to_owned(), second("10:20:00")));
    let mut world = World::new(exchange, second("10:18:31"));
    world.want("DEF", second("10:20:00"));
    world.run_until("10:21:55");
    let def = world.of("DEF");
    assert!(def.through <= stamp(second("10:20:00")), "{}", def.through);
    let n_first = world.exchange.asked.iter().filter(|(_, url)| url.starts_with("first")).count();
    assert_eq!(n_first, 1, "it was traded before, and that does not change");
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
