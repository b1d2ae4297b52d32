//! What goes wrong at a vendor, one thing at a time: how it is found, what is done, what outsiders see.

use openbell_coordinator::SymbolState;
use openbell_data_manager::live::{CloseCause, Found, Note};
use openbell_session_data::Why;
use openbell_tests::simulation::vendors::{Trouble, VendorKind, VendorScenario, World};
use openbell_time::{Nanos, Timestamp};
use openbell_vendor_sim::{AlpacaSwitches, BinanceSwitches, Halt, KrakenSwitches, Speaks};
use serde_json::{Value, json};

use super::support::{after, check_truth, day, found, handed, secs, status, switches};

/// What the lines were over of, and when.
fn ends(world: &World) -> Vec<(Timestamp, CloseCause)> {
    let over = world.notes.iter().filter_map(|(at, note)| match note {
        Note::LineOver { why, .. } => Some((*at, why.clone())),
        _ => None,
    });
    over.collect()
}

/// No trade from the twentieth minute of the session on, for an hour.
fn quiet(scenario: &VendorScenario) -> Halt {
    let since = after(scenario, "0:20:00");
    Halt { symbol: 1, since, until: since + secs(3_600) }
}

/// Ten minutes of a morning from its open on, with one fault at each of some frames of the first line;
/// every bar is there at the end, and what else holds is checked.
fn with_each(
    kind: VendorKind,
    fault: &Value,
    frames: &[u32],
    check: impl Fn(&VendorScenario, &World),
) {
    for at_frame in frames {
        let mut scenario = day(kind);
        let mut placed = fault.clone();
        (placed["line"], placed["at_frame"]) = (json!(1), json!(at_frame));
        scenario.faults = vec![placed];
        scenario.start = after(&scenario, "0:20:05");
        let mut world = scenario.world();
        world.go(after(&scenario, "0:30:00"));
        check(&scenario, &world);
        world.go(after(&scenario, "0:33:00"));
        check_truth(&scenario, &world, after(&scenario, "0:31:00"));
    }
}

#[test]
fn a_connection_that_dies_without_a_word_is_dead_after_the_silence_that_its_vendor_never_keeps() {
    for (kind, silent_after) in
        [(VendorKind::Binance, 30), (VendorKind::Kraken, 10), (VendorKind::Alpaca, 25)]
    {
        let mut scenario = day(kind);
        let died = after(&scenario, "0:30:05");
        scenario.troubles = vec![Trouble::Dark(died..died + secs(150))];
        scenario.start = died - secs(300);
        let mut world = scenario.world();
        world.go(died + secs(140));
        let (at, why) = ends(&world)[0].clone();
        assert!(matches!(why, CloseCause::Silent(_)), "{kind:?}: {why:?}");
        let n_silent_s = (at - died).as_secs();
        // What came last came up to a ping earlier, or two seconds.
        assert!(n_silent_s <= silent_after && n_silent_s > silent_after - 22, "{n_silent_s} s");
        let dead = status(&world);
        assert_eq!(dead.state, SymbolState::Dead, "{kind:?}");
        assert!(
            matches!(dead.why, Why::Down { next_try: Some(_), .. }),
            "{kind:?}: {:?}",
            dead.why
        );
        let inactive = world.session.outside.clone().view().err().expect("it is shut").to_string();
        assert!(inactive.contains("a connection is silent"), "{kind:?}: {inactive}");
        world.go(died + secs(330));
        let switched = switches(&world, died);
        assert!(matches!(switched[..], [_, (_, "silent"), (_, "open")]), "{kind:?}: {switched:?}");
        assert_eq!(found(&world, |found| matches!(found, Found::CaughtUp { .. })).len(), 2);
        check_truth(&scenario, &world, died + secs(235));
    }
}

#[test]
fn a_binance_that_goes_down_is_left_before_it_does_and_nobody_notices() {
    with_each(VendorKind::Binance, &json!({"do": "shutdown_notice"}), &[9, 70, 131], |_, world| {
        assert_eq!(world.network.exchange.counts().connects, 2);
        assert!(ends(world).is_empty(), "it is left, and not lost: {:?}", ends(world));
        assert_eq!(switches(world, world.now).len(), 1, "it opens, and stays open");
        assert_eq!(handed(world).n_revised, 0);
    });
}

#[test]
fn what_cannot_be_read_is_counted_and_a_message_without_end_ends_its_line() {
    for kind in VendorKind::ALL {
        let frames: &[u32] = if kind == VendorKind::Alpaca { &[4, 6] } else { &[20, 41] };
        with_each(kind, &json!({"do": "garbage"}), frames, |_, world| {
            let unread = world.notes.iter().filter(|(_, n)| matches!(n, Note::Undecodable { .. }));
            assert_eq!(unread.count(), 1, "{kind:?}");
            assert!(ends(world).is_empty(), "{kind:?}: one alone is no reason");
            assert_eq!(switches(world, world.now).len(), 1, "{kind:?}");
        });
        with_each(kind, &json!({"do": "oversize"}), frames, |_, world| {
            let (_, why) = ends(world)[0].clone();
            assert!(matches!(&why, CloseCause::Broken(said) if said.contains("16 MiB")), "{why:?}");
        });
    }
}

#[test]
fn what_is_sent_twice_in_another_order_or_long_after_is_told_once() {
    for kind in VendorKind::ALL {
        let frames: &[u32] = if kind == VendorKind::Alpaca { &[4, 5, 7] } else { &[20, 41, 90] };
        for what in ["duplicate", "reorder", "replay_old"] {
            with_each(kind, &json!({"do": what}), frames, |_, world| {
                assert_eq!(handed(world).n_revised, 0, "{kind:?} {what}");
                assert_eq!(switches(world, world.now).len(), 1, "{kind:?} {what}");
                assert_eq!(world.network.exchange.counts().connects, 1, "{kind:?} {what}");
            });
        }
    }
}

#[test]
fn a_slow_way_is_not_taken_for_a_clock_that_is_ahead() {
    for kind in [VendorKind::Binance, VendorKind::Kraken] {
        for (skew, is_shut) in [(4, false), (7, true), (-7, true)] {
            let mut scenario = day(kind);
            scenario.our_skew = secs(skew);
            // What a clock of four seconds and the way make together is more than the five that may be.
            scenario.delay = (Nanos::from_nanos(700_000_000), Nanos::from_nanos(500_000_000));
            scenario.start = after(&scenario, "0:02:05");
            let mut world = scenario.world();
            for n in 1..=24 {
                world.go(scenario.start + secs(60 + 30 * n));
                let of = status(&world);
                let is_skewed = of.state == SymbolState::Skewed;
                assert_eq!(is_skewed, is_shut, "{kind:?} {skew} s: {of:?}");
            }
        }
    }
}

#[test]
fn a_clock_that_is_too_far_from_the_vendors_shuts_also_where_nothing_trades() {
    for (skew, is_shut) in [(-7, true), (-2, false), (7, true), (2, false)] {
        for is_quiet in [false, true] {
            let mut scenario = day(VendorKind::Binance);
            // Where an interval without a trade has no frame either.
            let switches = BinanceSwitches { has_empty_bars: false, ..BinanceSwitches::drawn(7) };
            scenario.speaks = Speaks::Binance(switches);
            if is_quiet {
                scenario.silences = vec![quiet(&scenario)];
            }
            scenario.our_skew = secs(skew);
            scenario.start = after(&scenario, "0:20:05");
            let mut world = scenario.world();
            world.go(scenario.start + secs(200));
            let of = status(&world);
            assert_eq!(of.state == SymbolState::Skewed, is_shut, "{skew} s: {of:?}");
            assert_eq!(world.session.outside.clone().view().is_err(), is_shut, "{skew} s");
            let measured = world.vendor.skew().expect("it is asked for");
            let error = (measured - secs(skew)).as_nanos().abs();
            assert!(error < 300_000_000, "{measured} for {skew} s");
            check_truth(&scenario, &world, after(&scenario, "0:22:00"));
        }
    }
}

#[test]
fn a_halt_of_one_symbol_holds_nobody_and_ends_with_its_trades() {
    let mut scenario = day(VendorKind::Alpaca);
    let ten = after(&scenario, "0:30:00");
    let (since, until) = (ten + secs(130), ten + secs(600));
    scenario.halts = vec![Halt { symbol: 1, since, until }];
    scenario.start = ten - secs(300);
    let mut world = scenario.world();
    world.go(ten + secs(300));
    while world.go_on(until) {
        let halted = status(&world);
        assert_eq!(halted.state, SymbolState::Halted, "at {}", world.now);
        assert!(matches!(halted.why, Why::Halted { since: at, .. } if at == since), "{halted:?}");
    }
    world.go(until + secs(170));
    assert_eq!(status(&world).state, SymbolState::Live);
    assert_eq!(switches(&world, ten).len(), 1, "the gate stays open");
    check_truth(&scenario, &world, until + secs(60));
}

#[test]
fn a_key_that_is_refused_is_said_in_the_vendors_words_and_tried_again_after_five_minutes() {
    let mut scenario = day(VendorKind::Alpaca);
    let switches = AlpacaSwitches { key: "another".to_owned(), ..AlpacaSwitches::drawn(7) };
    scenario.speaks = Speaks::Alpaca(switches);
    scenario.start = after(&scenario, "0:20:05");
    let mut world = scenario.world();
    world.go(scenario.start + secs(320));
    let gone = status(&world);
    assert_eq!(gone.state, SymbolState::Gone, "{gone:?}");
    assert!(matches!(&gone.why, Why::Refused { said } if said.contains("402")), "{gone:?}");
    assert!(world.session.outside.clone().view().is_err());
    let tries = ends(&world);
    assert_eq!(tries.len(), 2);
    assert_eq!((tries[1].0 - tries[0].0).as_secs(), 300);
}

#[test]
fn the_session_follows_new_yorks_clock_over_both_of_its_changes() {
    for (friday, monday, apart_s) in [
        ("2025-03-07", "2025-03-10", 3 * 86_400 - 3_600),
        ("2025-10-31", "2025-11-03", 3 * 86_400 + 3_600),
    ] {
        let before = VendorScenario::sound(VendorKind::Alpaca, 7, friday).hours.start;
        let mut scenario = VendorScenario::sound(VendorKind::Alpaca, 7, monday);
        assert_eq!((scenario.hours.start - before).as_secs(), apart_s);
        scenario.listings[1].late_pct = 0;
        scenario.wanted = vec![1];
        let mut world = scenario.world();
        world.go(after(&scenario, "0:20:30"));
        assert!(check_truth(&scenario, &world, after(&scenario, "0:20:00")) > 0);
        assert_eq!(switches(&world, scenario.hours.start), [(0, "open")]);
    }
}

#[test]
fn a_history_behind_its_stream_is_asked_again_and_holds_nobody_longer_than_it_lags() {
    for kind in VendorKind::ALL {
        let mut scenario = day(kind);
        scenario.start = after(&scenario, "0:20:05");
        scenario.faults = vec![json!({"request": 2, "do": "lag_rows", "rows": 2})];
        let mut world = scenario.world();
        world.go(scenario.start + secs(90));
        check_truth(&scenario, &world, after(&scenario, "0:21:00"));
        let opened = switches(&world, scenario.start);
        assert!(opened.len() == 1 && opened[0].0 <= 60, "{kind:?}: {opened:?}");
    }
}

#[test]
fn a_frame_that_is_late_by_seconds_is_waited_for_and_asked_for_by_nobody() {
    for kind in VendorKind::ALL {
        let mut scenario = day(kind);
        let ten = after(&scenario, "0:30:00");
        scenario.start = ten - secs(300);
        scenario.troubles = vec![Trouble::Stall(ten + secs(58)..ten + secs(64))];
        let mut world = scenario.world();
        world.go(ten + secs(69));
        let late = handed(&world).came[&ten] - (ten + secs(60));
        assert!(late >= secs(4) && late <= secs(10), "{kind:?}: {late}");
        assert!(
            found(&world, |found| matches!(found, Found::Silent { .. })).is_empty(),
            "{kind:?}"
        );
        world.go(ten + secs(180));
        assert_eq!(switches(&world, ten).len(), 1, "{kind:?}");
        check_truth(&scenario, &world, ten + secs(120));
    }
}

#[test]
fn a_kraken_that_beats_only_when_it_is_asked_to_is_not_taken_for_dead_while_nothing_trades() {
    for beats_unasked in [true, false] {
        let mut scenario = day(VendorKind::Kraken);
        scenario.speaks =
            Speaks::Kraken(KrakenSwitches { beats_unasked, ..KrakenSwitches::drawn(7) });
        scenario.silences = vec![quiet(&scenario)];
        scenario.start = after(&scenario, "0:20:05");
        let mut world = scenario.world();
        world.go(after(&scenario, "0:40:05"));
        assert_eq!(world.network.exchange.counts().connects, 1, "unasked: {beats_unasked}");
        assert_eq!(status(&world).state, SymbolState::Quiet);
        assert_eq!(switches(&world, scenario.start).len(), 1);
    }
}
