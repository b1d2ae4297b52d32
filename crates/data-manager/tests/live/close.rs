//! What is owed at the end of a session.

use super::exchange::{History, Kind};
use super::seams::{KINDS, live};
use super::world::{second, stamp};

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
