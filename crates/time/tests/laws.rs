//! What holds for every calendar, whatever its exchange does: over every session from 1990 to
//! 2030, around every change of its clock, and at random.

use openbell_time::{
    Calendar, ExchangeGroup, MarketPhase, Nanos, Session, TimeManager, TimeOfDay, Timestamp,
    TradingDate,
};
use proptest::prelude::*;

const NS: Nanos = Nanos::from_nanos(1);

fn date(text: &str) -> TradingDate {
    text.parse().expect("a date of this test")
}

/// Every calendar once, by its own name.
fn calendars() -> Vec<Calendar> {
    let time = TimeManager::new();
    let own = |group: &&ExchangeGroup| group.name == group.calendar;
    let named = |group: &ExchangeGroup| time.calendar(group.name).expect("a calendar of the table");
    ExchangeGroup::ALL.iter().filter(own).map(named).collect()
}

/// The dates from 1990 to 2030 that the calendar covers.
fn dates(calendar: &Calendar) -> (TradingDate, TradingDate) {
    let first = calendar.facts_since().max(date("1990-01-01"));
    (first, calendar.until().plus_days(-1).min(date("2030-12-31")))
}

fn sessions(calendar: &Calendar) -> &[Session] {
    let (first, last) = dates(calendar);
    calendar.sessions(first..=last).expect("covered dates")
}

#[test]
fn a_session_opens_before_it_closes_and_after_the_one_before() {
    for calendar in calendars() {
        for session in sessions(&calendar) {
            assert!(session.open < session.close, "{calendar:?} {session:?}");
            if let Some(shut) = session.break_hours {
                assert!(session.open < shut.since, "{calendar:?} {session:?}");
                assert!(shut.since < shut.until, "{calendar:?} {session:?}");
                assert!(shut.until < session.close, "{calendar:?} {session:?}");
            }
            assert!(
                session.pre_open.is_none_or(|at| at < session.open),
                "{calendar:?} {session:?}"
            );
            assert!(session.post_close.is_none_or(|at| session.close < at), "{session:?}");
            let parts: Nanos = session.parts().fold(Nanos::ZERO, |sum, part| sum + part.length());
            assert_eq!(parts, session.open_length(), "{calendar:?} {session:?}");
        }
        for pair in sessions(&calendar).windows(2) {
            assert!(pair[0].date < pair[1].date, "{calendar:?} {pair:?}");
            assert!(pair[0].close <= pair[1].open, "{calendar:?} {pair:?}");
        }
    }
}

#[test]
fn a_session_is_named_by_the_date_on_which_it_closes() {
    for calendar in calendars() {
        for session in sessions(&calendar) {
            let last = calendar.local_time(session.close - NS);
            assert_eq!(last.date, session.date, "{calendar:?} {session:?}");
        }
    }
}

#[test]
fn next_and_previous_are_inverse_and_agree_with_every_date_between() {
    for calendar in calendars() {
        let sessions = sessions(&calendar);
        for pair in sessions.windows(2) {
            let (one, other) = (pair[0], pair[1]);
            assert_eq!(calendar.next_session(one.date), Ok(other));
            assert_eq!(calendar.previous_session(other.date), Ok(one));
            for days in one.date.as_days() + 1..other.date.as_days() {
                let between = TradingDate::from_days(days);
                assert_eq!(calendar.is_session(between), Ok(false));
                assert_eq!(calendar.session(between), Ok(None));
                assert_eq!(calendar.next_session(between), Ok(other));
                assert_eq!(calendar.previous_session(between), Ok(one));
                assert_eq!(calendar.trailing_session(between, 0), Ok(one));
            }
            assert_eq!(calendar.session(one.date), Ok(Some(one)));
            assert_eq!(calendar.is_session(one.date), Ok(true));
        }
    }
}

#[test]
fn a_session_of_a_weekend_is_a_session_like_any_other() {
    let mut n_weekend = 0;
    for calendar in calendars() {
        let all = sessions(&calendar);
        for (idx, session) in all.iter().enumerate() {
            let days_past_monday = i32::from(session.date.weekday().days_from_monday());
            if days_past_monday < 5 || idx == 0 || idx + 1 == all.len() {
                continue;
            }
            n_weekend += 1;
            let (day, before, after) = (session.date, all[idx - 1], all[idx + 1]);
            assert_eq!(calendar.is_session(day), Ok(true), "{calendar:?} {day}");
            assert_eq!(calendar.next_session(before.date), Ok(*session));
            assert_eq!(calendar.previous_session(after.date), Ok(*session));
            assert_eq!(calendar.trailing_session(after.date, 1), Ok(*session));
            assert_eq!(calendar.count(before.date, after.date), Ok(3));
            assert_eq!(calendar.session_at(session.open), Ok(Some(*session)));
            assert_eq!(calendar.phase(session.open), Ok(MarketPhase::Regular));
            assert_eq!(calendar.next_open(before.open), Ok(session.open));
            assert_eq!(
                calendar.open_time_between(before.close, after.open),
                Ok(session.open_length()),
                "{calendar:?} {day}"
            );
            // Its week is the one of the Monday before it, and ends with it.
            let monday = day.plus_days(-days_past_monday);
            let week = calendar.sessions_of_week(monday).expect("covered");
            assert!(week.contains(session), "{calendar:?} {day}");
            assert_eq!(calendar.sessions_of_week(day), Ok(week));
            assert!(
                week.iter()
                    .all(|other| { monday <= other.date && other.date < monday.plus_days(7) })
            );
        }
    }
    // Every day of 24/7 and the weekends of India.
    assert!(n_weekend > 2 * 52 * 40 + 40, "{n_weekend}");
}

#[test]
fn the_nth_trailing_session_agrees_with_counting() {
    for calendar in calendars() {
        let sessions = sessions(&calendar);
        let last = sessions.len() - 1;
        for n in 0..sessions.len() {
            let session = sessions[last - n];
            assert_eq!(calendar.trailing_session(sessions[last].date, n), Ok(session));
            assert_eq!(calendar.count(session.date, sessions[last].date), Ok(n + 1));
        }
        let before = calendar.sessions_before(sessions[last].date, last).expect("covered");
        assert_eq!(before, &sessions[..last]);
    }
}

#[test]
fn the_phase_agrees_with_the_bounds_one_nanosecond_around_each() {
    for calendar in calendars() {
        let mut cursor = calendar.cursor();
        let covered = calendar.instants();
        for session in sessions(&calendar) {
            let mut bounds = vec![session.open, session.close];
            bounds.extend(session.break_hours.into_iter().flat_map(|b| [b.since, b.until]));
            bounds.extend(session.pre_open);
            bounds.extend(session.post_close);
            bounds.sort_unstable();
            for at in bounds.into_iter().flat_map(|at| [at - NS, at, at + NS]) {
                if !covered.contains(&at) {
                    continue;
                }
                let phase = calendar.phase(at).expect("covered");
                let own = session.phase_at(at);
                // At its edges another session may have begun or not ended; inside there is none.
                if own != MarketPhase::Closed {
                    assert_eq!(phase, own, "{calendar:?} {session:?} at {at}");
                }
                let is_open = phase == MarketPhase::Regular;
                assert_eq!(calendar.is_open(at), Ok(is_open), "{calendar:?} at {at}");
                assert_eq!(cursor.phase(at), Ok(phase), "{calendar:?} at {at}");
                assert_eq!(cursor.is_open(at), Ok(is_open), "{calendar:?} at {at}");
                let holding = calendar.session_at(at).expect("covered");
                assert_eq!(cursor.session(at).map(|found| found.copied()), Ok(holding));
                assert_eq!(
                    holding.is_some(),
                    matches!(phase, MarketPhase::Regular | MarketPhase::Break)
                );
            }
        }
    }
}

#[test]
fn the_next_open_and_close_are_strictly_after() {
    for calendar in calendars() {
        for pair in sessions(&calendar).windows(2) {
            let (one, other) = (pair[0], pair[1]);
            assert_eq!(calendar.next_open(one.open), Ok(other.open), "{calendar:?} {one:?}");
            assert_eq!(calendar.next_open(other.open - NS), Ok(other.open));
            assert_eq!(calendar.next_close(one.close), Ok(other.close));
            assert_eq!(calendar.next_close(one.close - NS), Ok(one.close));
        }
    }
}

#[test]
fn a_change_of_the_clock_moves_the_instants_and_not_the_hours() {
    for calendar in calendars() {
        for (at, offset_s) in calendar.offset_changes() {
            let (before, after) = (calendar.local_time(at - NS), calendar.local_time(at));
            assert_eq!(after.offset_s, offset_s);
            assert_ne!(before.offset_s, after.offset_s, "{calendar:?} at {at}");
            let Ok(before) = calendar.previous_session(after.date) else { continue };
            let Ok(after) = calendar.next_session(after.date) else { continue };
            // The hours may change in the same days by a line of the facts; then they differ.
            let clock = |instant| calendar.local_time(instant).time_of_day;
            if !before.is_late_open && !after.is_late_open {
                assert_eq!(clock(before.open), clock(after.open), "{calendar:?} around {at}");
            }
            if !before.is_early_close && !after.is_early_close {
                assert_eq!(clock(before.close), clock(after.close), "{calendar:?} around {at}");
            }
        }
        let has_changes = calendar.offset_changes().count() > 20;
        let is_changing = calendar.zone_name().starts_with("America/")
            || calendar.zone_name().starts_with("Europe/")
            || calendar.zone_name().starts_with("Australia/")
            || calendar.zone_name() == "Pacific/Auckland";
        assert_eq!(has_changes, is_changing, "{calendar:?}");
    }
}

fn any_calendar() -> impl Strategy<Value = Calendar> {
    let all = calendars();
    (0..all.len()).prop_map(move |idx| all[idx].clone())
}

/// A calendar with instants of its years, in whatever order, many of them near an edge.
fn any_instants(n: usize) -> impl Strategy<Value = (Calendar, Vec<Timestamp>)> {
    let seeds = proptest::collection::vec((any::<u32>(), -3_i64..=3, any::<bool>()), n);
    (any_calendar(), seeds).prop_map(|(calendar, seeds)| {
        let (first, last) = dates(&calendar);
        let span = u64::try_from(last.as_days() - first.as_days()).expect("first before last");
        let n_sessions = sessions(&calendar).len();
        let instant = |(place, ns, is_edge): (u32, i64, bool)| {
            let place = u64::from(place);
            if is_edge {
                let session = sessions(&calendar)[place as usize % n_sessions];
                let edge = if place % 2 == 0 { session.open } else { session.close };
                return edge + Nanos::from_nanos(ns);
            }
            let days = 1 + place % (span - 2);
            let midnight = first.plus_days(days as i32).utc_midnight();
            midnight + Nanos::from_secs((place % 86_400) as i64)
        };
        let covered = calendar.instants();
        let instants = seeds.into_iter().map(instant).filter(|at| covered.contains(at)).collect();
        (calendar, instants)
    })
}

proptest! {
    #[test]
    fn a_cursor_answers_as_the_calendar_in_whatever_order((calendar, instants) in any_instants(40)) {
        let mut cursor = calendar.cursor();
        for at in instants {
            prop_assert_eq!(cursor.phase(at), calendar.phase(at), "{:?} at {}", calendar, at);
        }
    }

    #[test]
    fn open_time_is_the_sum_of_what_the_sessions_hold((calendar, mut at) in any_instants(2)) {
        prop_assume!(at.len() == 2);
        at.sort_unstable();
        let (since, until) = (at[0], at[1]);
        let held = |session: &Session| {
            session.parts().fold(Nanos::ZERO, |sum, part| {
                let (from, to) = (part.since.max(since), part.until.min(until));
                if from < to { sum + (to - from) } else { sum }
            })
        };
        let all = calendar
            .sessions(calendar.facts_since()..=calendar.until().plus_days(-1))
            .expect("covered");
        let sum = all.iter().fold(Nanos::ZERO, |sum, session| sum + held(session));
        prop_assert_eq!(calendar.open_time_between(since, until), Ok(sum));
        prop_assert_eq!(calendar.open_time_between(until, since), Ok(-sum));
    }

    #[test]
    fn what_the_clock_shows_leads_back_to_the_instant((calendar, instants) in any_instants(20)) {
        for at in instants {
            let Some(session) = calendar.session_at(at).expect("covered") else { continue };
            let shown = calendar.local_time(at);
            let back = calendar.instant_of(session.date, shown.time_of_day).expect("covered");
            // A session of a whole day shows the time of its edge once, at its open.
            let whole = at - Nanos::from_nanos(i64::from(shown.subsec_ns));
            prop_assert!(back == Some(whole) || whole < session.open, "{:?} at {}", calendar, at);
        }
    }

    #[test]
    fn a_time_of_day_lies_in_the_session_or_nowhere(
        (calendar, instants) in any_instants(10),
        second in 0_u32..86_400,
    ) {
        let time = TimeOfDay::from_hms(second / 3600, second / 60 % 60, second % 60).expect("in a day");
        for at in instants {
            let day = at.utc_date();
            let Some(session) = calendar.session(day).expect("covered") else { continue };
            if let Some(found) = calendar.instant_of(day, time).expect("covered") {
                prop_assert!(session.open <= found && found < session.close);
                prop_assert_eq!(calendar.local_time(found).time_of_day, time);
            }
        }
    }
}
