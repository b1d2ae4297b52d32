//! Stories of live sessions over the real protocols, with their values.

use openbell_coordinator::{Event, SymbolState};
use openbell_data_manager::live::{CloseCause, Found, Note};
use openbell_session_data::Why;
use openbell_tests::simulation::vendors::{Trouble, VendorKind, World, minute};
use openbell_time::{Nanos, Timestamp};
use openbell_vendor_sim::{BinanceSwitches, Halt, KrakenSwitches, Speaks};
use serde_json::json;

use super::support::{after, check_truth, day, found, handed, secs, short_day, status, switches};

#[test]
fn a_start_at_eleven_has_ninety_bars_and_opens_in_the_look_that_delivers_the_last_of_them() {
    let mut scenario = day(VendorKind::Alpaca);
    scenario.start = after(&scenario, "1:30:30");
    let mut world = scenario.world();
    world.go(after(&scenario, "1:30:59"));
    assert_eq!(check_truth(&scenario, &world, after(&scenario, "1:30:00")), 90);
    let events = world.session.engine.events();
    let caught_up = events.iter().find_map(|event| match event {
        Event::CaughtUp { n_bars, at, .. } => Some((*n_bars, *at)),
        _ => None,
    });
    let (n_bars, caught_up_at) = caught_up.expect("it catches up");
    assert_eq!(n_bars, 90);
    let last_came = handed(&world).came[&after(&scenario, "1:29:00")];
    assert_eq!(caught_up_at, last_came);
    let opened = events.iter().find_map(|event| match event {
        Event::GateOpened { at, .. } => Some(*at),
        _ => None,
    });
    assert_eq!(opened, Some(last_came));
    let is_corrected = |event: &Event| matches!(event, Event::Corrected { .. });
    assert!(!events.iter().any(is_corrected));
    let market = world.network.exchange.market();
    assert_eq!(market.bars(1, minute(), after(&scenario, "1:29:00")..last_came).len(), 2);
}

#[test]
fn a_silent_topic_is_served_from_history_subscribed_again_and_connected_again() {
    let mut scenario = day(VendorKind::Alpaca);
    let ten = after(&scenario, "0:30:00");
    let symbol = scenario.listings[1].symbol.clone();
    scenario.troubles = vec![Trouble::Silent(symbol, ten + secs(1)..ten + secs(280))];
    let mut world = scenario.world();
    world.go(ten + secs(60));
    let n_said = world.network.said.len();
    world.go(ten + secs(420));
    assert_eq!(switches(&world, ten), [(-1_800, "open")], "the gate stays open");
    let handed = handed(&world);
    for n in 0..3 {
        let closes_at = ten + secs(60 * (n + 1));
        let late = handed.came[&(ten + secs(60 * n))] - closes_at;
        assert!(late >= secs(10) && late <= secs(12), "bar {n} came {late} after its close");
    }
    let silent = found(&world, |found| matches!(found, Found::Silent { .. }));
    let silent: Vec<i64> = silent.iter().map(|at| (*at - ten).as_secs()).collect();
    assert_eq!(silent[..3], [70, 130, 190]);
    let again = &world.network.said[n_said..];
    let subscribed = again.iter().find(|(_, text)| text.contains("\"action\":\"subscribe\""));
    assert_eq!((subscribed.expect("subscribed again").0 - ten).as_secs(), 130);
    let over = world.notes.iter().find_map(|(at, note)| match note {
        Note::LineOver { why: CloseCause::Silent(_), .. } => Some((*at - ten).as_secs()),
        _ => None,
    });
    assert_eq!(over, Some(190));
    check_truth(&scenario, &world, ten + secs(360));
}

#[test]
fn a_topic_speaks_again_once_it_is_subscribed_again_or_over_another_connection() {
    for kind in VendorKind::ALL {
        let mut n_by_subscription = 0;
        for seed in 0..8 {
            let mut scenario = day(kind);
            scenario.seed = seed; // From which it follows whether a subscription is enough.
            let symbol = scenario.listings[1].symbol.as_str().to_owned();
            let fault = json!({"after_s": 300, "do": "swallow", "symbol": symbol});
            scenario.faults = vec![fault];
            let mut world = scenario.world();
            world.go(scenario.hours.start + secs(900));
            let silent = found(&world, |found| matches!(found, Found::Silent { .. })).len();
            let connects = world.network.exchange.counts().connects;
            // The first is no proof, the second has it subscribed again, the third connects again.
            assert!((1..=3).contains(&silent), "{kind:?} {seed}: {silent}");
            assert_eq!(connects, if silent == 3 { 2 } else { 1 }, "{kind:?} {seed}");
            n_by_subscription += u32::from(silent == 2);
            let came = &handed(&world).came;
            let last = scenario.hours.start + secs(780);
            assert!(came[&last] - last < secs(64), "{kind:?} {seed}: it comes by the stream");
            check_truth(&scenario, &world, scenario.hours.start + secs(840));
        }
        assert!((1..8).contains(&n_by_subscription), "{kind:?}: of both kinds");
    }
}

#[test]
fn a_silent_topic_without_history_is_late_after_two_minutes_and_never_quiet() {
    for kind in VendorKind::ALL {
        let mut scenario = day(kind);
        let ten = after(&scenario, "0:30:00");
        let span = ten + secs(1)..ten + secs(280);
        let symbol = scenario.listings[1].symbol.clone();
        scenario.troubles =
            vec![Trouble::Silent(symbol, span.clone()), Trouble::NoHistory(span.clone())];
        scenario.start = ten - secs(300);
        let mut world = scenario.world();
        let mut states = Vec::new();
        while world.go_on(span.end) {
            let state = status(&world).state;
            if world.now > ten && states.last() != Some(&state) {
                states.push(state);
            }
        }
        assert_eq!(states, [SymbolState::Live, SymbolState::Late], "{kind:?}");
        let shut: Vec<i64> = switches(&world, ten)
            .into_iter()
            .filter_map(|(at, why)| (why == "late").then_some(at))
            .collect();
        assert_eq!(shut, [121], "{kind:?}");
        world.go(ten + secs(500));
        check_truth(&scenario, &world, ten + secs(420));
    }
}

#[test]
fn half_an_hour_without_a_trade_is_quiet_with_proof_and_holds_nobody() {
    let mut scenario = day(VendorKind::Alpaca);
    let ten = after(&scenario, "0:30:00");
    scenario.silences = vec![Halt { symbol: 1, since: ten, until: ten + secs(1_800) }];
    let mut world = scenario.world();
    world.go(ten + secs(60));
    assert_eq!(status(&world).state, SymbolState::Live);
    world.go(ten + secs(72));
    let quiet = status(&world);
    assert_eq!(quiet.why, Why::NoTrade { since: ten });
    let since = quiet.since.expect("since when") - ten;
    assert!(since >= secs(70) && since <= secs(72), "quiet {since} after ten");
    world.go(ten + secs(1_859));
    assert_eq!(status(&world).state, SymbolState::Quiet);
    assert_eq!(status(&world).since, quiet.since, "it does not flap");
    assert_eq!(switches(&world, ten), [(-1_800, "open")]);
    let coverage = status(&world).coverage.expect("the gate is open");
    assert_eq!(coverage.expected - coverage.n, 30, "half an hour is missing in the quality");
    world.go(ten + secs(2_000));
    assert_eq!(status(&world).state, SymbolState::Live);
    check_truth(&scenario, &world, ten + secs(1_920));
}

#[test]
fn a_ban_of_two_minutes_during_catch_up_is_kept_and_then_all_is_there() {
    let mut scenario = day(VendorKind::Binance);
    scenario.start = after(&scenario, "2:00:20");
    scenario.faults = vec![json!({"request": 1, "do": "status", "code": 418, "retry_after": 120})];
    let mut world = scenario.world();
    world.go(scenario.start + secs(300));
    let asked: Vec<Timestamp> = world
        .network
        .said
        .iter()
        .filter(|(_, text)| text.starts_with("GET"))
        .map(|(at, _)| *at)
        .collect();
    let wait = asked[1] - asked[0];
    assert!(wait >= secs(120) && wait <= secs(133), "asked again after {wait}");
    assert_eq!(world.network.exchange.counts().bans, 0);
    let opened = switches(&world, scenario.start);
    assert!((120..135).contains(&opened[0].0) && opened.len() == 1, "{opened:?}");
    check_truth(&scenario, &world, scenario.start + secs(220));
}

#[test]
fn a_place_that_is_taken_for_ninety_seconds_is_waited_for_and_no_error() {
    let mut scenario = day(VendorKind::Alpaca);
    let ten = after(&scenario, "0:30:00");
    let cut = ten + secs(10);
    scenario.troubles = vec![Trouble::Cut(cut..cut + secs(1))];
    scenario.start = ten - secs(600);
    let mut world = scenario.world();
    world.go(ten + secs(60));
    let dead = status(&world);
    assert_eq!(dead.state, SymbolState::Dead, "{dead:?}");
    assert!(matches!(&dead.why, Why::Down { said, .. } if said.contains("406")), "{dead:?}");
    world.go(ten + secs(300));
    assert!(world.network.traffic.n_taken >= 5, "{:?}", world.network.traffic);
    let switched = switches(&world, cut);
    let [_, (shut_at, "silent"), (opened_at, "open")] = switched[..] else {
        panic!("{switched:?}");
    };
    assert_eq!(shut_at, 25);
    assert!((90..125).contains(&opened_at), "open again {opened_at} s after the cut");
    check_truth(&scenario, &world, ten + secs(240));
}

#[test]
fn a_cut_of_eight_seconds_within_a_minute_switches_nothing() {
    let mut scenario = day(VendorKind::Binance);
    let cut = after(&scenario, "4:06:25");
    scenario.troubles = vec![Trouble::Cut(cut..cut + secs(8))];
    scenario.start = cut - secs(600);
    let mut world = scenario.world();
    world.go(cut + secs(120));
    assert_eq!(switches(&world, cut), [(-600, "open")]);
    check_truth(&scenario, &world, cut + secs(35));
}

#[test]
fn a_cut_of_minutes_shuts_after_the_silent_limit_and_opens_with_the_bars_that_were_missed() {
    let mut scenario = day(VendorKind::Binance);
    let cut = after(&scenario, "4:06:25");
    scenario.troubles = vec![Trouble::Cut(cut..cut + secs(275))];
    scenario.start = cut - secs(600);
    let mut world = scenario.world();
    world.go(cut + secs(400));
    let switched = switches(&world, cut);
    let [_, (30, "silent"), (opened_at, "open")] = switched[..] else { panic!("{switched:?}") };
    assert!((275..325).contains(&opened_at), "{opened_at}");
    let caught_up = found(&world, |found| matches!(found, Found::CaughtUp { n_bars: 5 }));
    assert_eq!(caught_up.len(), 1);
    check_truth(&scenario, &world, cut + secs(335));
}

#[test]
fn a_minute_of_kraken_is_closed_by_its_clock_and_a_late_trade_revises_it_once() {
    let mut n_revised = 0;
    for at_frame in 240..280 {
        let mut scenario = day(VendorKind::Kraken);
        let switches = KrakenSwitches { sends_late: true, beats_unasked: true, ..switches_of(7) };
        scenario.speaks = Speaks::Kraken(switches);
        scenario.listings[1].trades_a_minute = 3;
        scenario.faults = vec![json!({"line": 1, "at_frame": at_frame, "do": "revise"})];
        let mut world = scenario.world();
        world.go(scenario.hours.start + secs(420));
        check_truth(&scenario, &world, scenario.hours.start + secs(360));
        let revised = found(&world, |found| matches!(found, Found::Revised { .. }));
        assert!(revised.len() <= 1);
        assert_eq!(handed(&world).n_revised, revised.len() as u64);
        if let Some(at) = revised.first() {
            n_revised += 1;
            let after = at.as_nanos().rem_euclid(60_000_000_000) / 1_000_000;
            assert!((2_990..3_300).contains(&after), "{after} ms after the close");
            let opens_at = *at - Nanos::from_nanos(after * 1_000_000) - secs(60);
            let opens_at =
                Timestamp::from_nanos(opens_at.as_nanos() / 60_000_000_000 * 60_000_000_000);
            let came = handed(&world).came[&opens_at] - (opens_at + secs(60));
            assert!(came < secs(3), "it was there {came} after its close");
        }
    }
    assert!(n_revised >= 1, "none of the late trades came after its minute");
}

fn switches_of(seed: u64) -> KrakenSwitches {
    KrakenSwitches::drawn(seed)
}

#[test]
fn a_topic_of_kraken_that_is_silent_for_a_while_costs_no_trade_of_any_minute() {
    // Of whatever length it is, and wherever in a minute it begins: a candle says nothing of what the
    // stream has not said of it.
    for (begins, lasts) in [(6, 101), (50, 15), (57, 6), (59, 2), (20, 60), (30, 150)] {
        let mut scenario = day(VendorKind::Kraken);
        let ten = after(&scenario, "0:10:00");
        scenario.listings[1].trades_a_minute = 90;
        let symbol = scenario.listings[1].symbol.clone();
        let silent = ten + secs(begins)..ten + secs(begins + lasts);
        scenario.troubles = vec![Trouble::Silent(symbol, silent)];
        let mut world = scenario.world();
        world.go(ten + secs(66));
        let n_revised = handed(&world).n_revised;
        let known = handed(&world).rows.get(&ten).copied();
        world.go(ten + secs(420));
        assert_eq!(switches(&world, ten), [(-600, "open")], "silent at :{begins} for {lasts} s");
        check_truth(&scenario, &world, ten + secs(360));
        assert_eq!(known.as_ref(), handed(&world).rows.get(&ten), "six seconds after its close");
        assert_eq!(n_revised, 1, "silent at :{begins} for {lasts} s");
    }
}

#[test]
fn a_candle_that_still_changes_in_the_history_of_binance_is_read_again_when_it_has_settled() {
    let mut scenario = day(VendorKind::Binance);
    let switches = BinanceSwitches { is_rest_settling: true, ..BinanceSwitches::drawn(7) };
    scenario.speaks = Speaks::Binance(switches);
    scenario.listings[1].late_pct = 100;
    scenario.listings[1].trades_a_minute = 40;
    let ten = after(&scenario, "0:10:00");
    scenario.start = ten + Nanos::from_nanos(300_000_000);
    let mut world = scenario.world();
    world.go(ten + secs(20));
    let last = ten - secs(60);
    let early = handed(&world).rows[&last];
    world.go(ten + secs(150));
    assert_ne!(early, handed(&world).rows[&last], "it was asked for before it had settled");
    assert_eq!(handed(&world).n_revised, 1, "what the stream itself has closed stands");
    check_truth(&scenario, &world, ten + secs(120));
}

#[test]
fn a_revision_that_a_silent_topic_of_alpaca_keeps_to_itself_is_found_in_the_history() {
    let mut scenario = day(VendorKind::Alpaca);
    scenario.listings[1].late_pct = 100;
    let ten = after(&scenario, "0:30:00");
    let symbol = scenario.listings[1].symbol.clone();
    scenario.start = ten - secs(300);
    // Over the half minute in which the bar of ten would be revised, and no other bar.
    scenario.troubles = vec![Trouble::Silent(symbol, ten + secs(80)..ten + secs(110))];
    let mut world = scenario.world();
    world.go(ten + secs(85));
    let unrevised = handed(&world).rows[&ten];
    world.go(ten + secs(240));
    assert_ne!(unrevised, handed(&world).rows[&ten]);
    assert_eq!(switches(&world, ten).len(), 1, "it opens, and stays open");
    world.go(ten + secs(300));
    check_truth(&scenario, &world, ten + secs(240));
}

#[test]
fn a_halt_excuses_no_bar_that_was_missed_before_it() {
    for is_missed in [false, true] {
        let mut scenario = day(VendorKind::Kraken);
        let ten = after(&scenario, "0:10:00");
        let (since, until) = (ten + secs(310), ten + secs(500));
        let symbols = 0..scenario.listings.len();
        scenario.halts = symbols.map(|symbol| Halt { symbol, since, until }).collect();
        if is_missed {
            let symbol = scenario.listings[1].symbol.clone();
            let missed = ten + secs(1)..ten + secs(400);
            scenario.troubles =
                vec![Trouble::Silent(symbol, missed.clone()), Trouble::NoHistory(missed)];
        }
        let mut world = scenario.world();
        world.go(ten + secs(365));
        let due = if is_missed { SymbolState::Late } else { SymbolState::Halted };
        while world.go_on(until) {
            assert_eq!(status(&world).state, due, "at {}", world.now);
            let is_shut = world.session.outside.clone().view().is_err();
            assert_eq!(is_shut, is_missed, "at {}", world.now);
        }
        world.go(ten + secs(660));
        assert_eq!(status(&world).state, SymbolState::Live);
        check_truth(&scenario, &world, ten + secs(600));
    }
}

#[test]
fn a_connection_that_breaks_in_the_middle_of_a_minute_of_kraken_emits_nothing() {
    let mut scenario = day(VendorKind::Kraken);
    let half_past = after(&scenario, "0:20:30");
    let span = half_past..half_past + secs(90);
    scenario.troubles = vec![Trouble::Cut(span.clone())];
    scenario.start = half_past - secs(600);
    let mut world = scenario.world();
    world.go(span.end);
    assert!(!handed(&world).rows.contains_key(&after(&scenario, "0:20:00")));
    world.go(span.end + secs(180));
    assert_eq!(handed(&world).n_revised, 0, "what was handed over was whole at once");
    check_truth(&scenario, &world, span.end + secs(120));
}

#[test]
fn flat_rows_of_krakens_history_are_no_bars() {
    let mut scenario = day(VendorKind::Kraken);
    scenario.listings[1].silent_pct = 60;
    scenario.start = after(&scenario, "3:00:10");
    let mut world = scenario.world();
    world.go(after(&scenario, "3:10:30"));
    let n_bars = check_truth(&scenario, &world, after(&scenario, "3:10:00"));
    assert!((40..120).contains(&n_bars), "{n_bars} of 190 minutes");
}

#[test]
fn a_minute_of_binance_without_a_trade_is_a_bar_without_volume_and_no_minute_is_quiet() {
    for has_empty_bars in [true, false] {
        let mut scenario = day(VendorKind::Binance);
        let switches = BinanceSwitches { has_empty_bars, ..BinanceSwitches::drawn(7) };
        scenario.speaks = Speaks::Binance(switches);
        let since = after(&scenario, "0:10:00");
        scenario.silences = vec![Halt { symbol: 1, since, until: since + secs(600) }];
        let mut world = scenario.world();
        let until = since + secs(720);
        while world.go_on(until) {
            assert_ne!(status_of(&world), Some(SymbolState::Quiet));
        }
        check_truth(&scenario, &world, since + secs(660));
        let handed = handed(&world);
        let flat: Vec<_> =
            handed.rows.range(since..since + secs(600)).map(|(_, bar)| bar).collect();
        assert!(
            flat.len() == 10 && flat.iter().all(|bar| bar.volume == 0.0 && bar.high == bar.low)
        );
        assert_eq!(switches_count(&world), 1, "the gate stays open: {has_empty_bars}");
        assert_eq!(world.network.exchange.counts().connects, 1, "no topic was taken for dead");
    }
}

#[test]
fn a_topic_that_falls_silent_shortly_before_the_close_has_its_last_minute_all_the_same() {
    for kind in VendorKind::ALL {
        // What Kraken has said of a minute is closed by its clock; this is of one of which it said nothing.
        let befores = if kind == VendorKind::Kraken { [62, 75, 100] } else { [20, 58, 100] };
        for before in befores {
            let mut scenario = short_day(kind);
            let end = scenario.hours.end;
            let symbol = scenario.listings[1].symbol.clone();
            scenario.troubles = vec![Trouble::Silent(symbol, end - secs(before)..end + secs(600))];
            let mut world = scenario.world();
            while world.go_on(end + secs(400)) {}
            assert!(world.now < end + secs(10), "{kind:?}: closed at {}", world.now);
            check_truth(&scenario, &world, end);
            let report = world.session.engine.report();
            let symbol = &report.sessions[0].symbols[0];
            assert_eq!(symbol.n_missing(), Some(0), "{kind:?}, silent for {before} s");
        }
    }
}

#[test]
fn bars_that_the_vendors_client_has_given_up_are_missing_and_not_without_a_trade() {
    for kind in VendorKind::ALL {
        let mut scenario = short_day(kind);
        let ten = scenario.hours.start + secs(600);
        let cut = ten + secs(4)..ten + secs(130);
        if kind == VendorKind::Kraken {
            // Its stream begins with the candle that runs, and none before.
            scenario.speaks = Speaks::Kraken(KrakenSwitches { n_snapshot: 1, ..switches_of(7) });
        }
        scenario.troubles = vec![Trouble::Cut(cut), Trouble::NoHistory(ten..ten + secs(3_600))];
        let mut world = scenario.world();
        let mut is_over = false;
        while !is_over && world.now < scenario.hours.end + secs(400) {
            is_over = !world.go_on(scenario.hours.end + secs(400));
            let is_quiet = status_of(&world) == Some(SymbolState::Quiet);
            assert!(is_over || !is_quiet, "{kind:?}: at {} nobody knows of no trade", world.now);
        }
        let gaps = world.session.engine.events().iter().filter_map(|event| match event {
            Event::GapLeft { since, until, n_bars, .. } => {
                Some(((*since - ten).as_secs(), (*until - ten).as_secs(), *n_bars))
            }
            _ => None,
        });
        let gaps: Vec<_> = gaps.collect();
        assert_eq!(gaps, [(0, 120, 2)], "{kind:?}");
        let report = world.session.engine.report();
        let symbol = &report.sessions[0].symbols[0];
        assert_eq!(symbol.live.unwrap().n_no_trade, Some(0), "{kind:?}");
        assert_eq!(symbol.n_missing(), Some(2), "{kind:?}");
    }
}

#[test]
fn a_symbol_that_nobody_has_ever_traded_is_quiet_with_proof_and_holds_nobody() {
    for (kind, seed) in VendorKind::ALL.into_iter().flat_map(|kind| [(kind, 0), (kind, 1)]) {
        let mut scenario = day(kind);
        scenario.speaks = match kind {
            VendorKind::Binance => {
                let drawn = BinanceSwitches::drawn(seed);
                Speaks::Binance(BinanceSwitches { has_empty_statistics: true, ..drawn })
            }
            VendorKind::Kraken => {
                let drawn = KrakenSwitches::drawn(seed);
                Speaks::Kraken(KrakenSwitches { has_empty_ticker: seed == 0, ..drawn })
            }
            VendorKind::Alpaca => kind.speaks(seed),
        };
        scenario.listings[0].trades_a_minute = 90; // The one by which it is seen how far others are.
        let first = after(&scenario, "0:40:00");
        let since = scenario.hours.start - secs(6 * 3_600);
        scenario.silences = vec![Halt { symbol: 1, since, until: first }];
        scenario.start = after(&scenario, "0:10:20");
        let mut world = scenario.world();
        world.go(scenario.start + secs(35));
        assert_eq!(status(&world).state, SymbolState::Quiet, "{kind:?}");
        let opened = switches(&world, scenario.start);
        assert!(matches!(opened[..], [(0..35, "open")]), "{kind:?}: {opened:?}");
        let mut states = Vec::new();
        while world.go_on(first) {
            let state = status(&world).state;
            if states.last() != Some(&state) {
                states.push(state);
            }
        }
        assert_eq!(states, [SymbolState::Quiet], "{kind:?}: for half an hour");
        world.go(first + secs(200));
        assert_eq!(status(&world).state, SymbolState::Live, "{kind:?}");
        assert!(check_truth(&scenario, &world, first + secs(180)) == 3, "{kind:?}");
        assert_eq!(switches(&world, scenario.start).len(), 1, "{kind:?}");
        let connects = world.network.exchange.counts().connects;
        assert_eq!(connects, 1, "{kind:?}: no topic was taken for dead");
    }
}

fn status_of(world: &World) -> Option<SymbolState> {
    world.session.engine.handle().status().symbols.first().map(|symbol| symbol.state)
}

fn switches_count(world: &World) -> usize {
    switches(world, world.now).len()
}
