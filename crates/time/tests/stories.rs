//! Days that are easily got wrong, one by one.

use openbell_time::{
    Calendar, MarketPhase, Session, TimeError, TimeManager, Timestamp, TradingDate, UnusualKind,
};

fn date(text: &str) -> TradingDate {
    text.parse().expect("a date of this test")
}

fn at(text: &str) -> Timestamp {
    text.parse().expect("an instant of this test")
}

fn calendar(name: &str) -> Calendar {
    TimeManager::new().calendar(name).expect("a calendar of this test")
}

/// The hours of a session on its exchange's clock, `none` where there is none:
/// `09:30-16:00`, `17:00*-16:00` where it opens on the evening before, breaks as `|11:30-12:30|`.
#[track_caller]
fn check(name: &str, rows: &[(&str, &str)]) {
    let calendar = calendar(name);
    for (day, expected) in rows {
        let session = calendar.session(date(day)).expect("covered");
        let found = session.map_or("none".to_owned(), |session| hours(&calendar, &session));
        assert_eq!(&found, expected, "{name} on {day}");
    }
}

pub(crate) fn hours(calendar: &Calendar, session: &Session) -> String {
    let clock = |instant| {
        let shown = calendar.local_time(instant);
        let text = shown.time_of_day.to_string();
        let day_before = if shown.date < session.date { "*" } else { "" };
        format!("{}{day_before}", &text[..5])
    };
    let shut = session
        .break_hours
        .map_or(String::new(), |shut| format!("|{}-{}|", clock(shut.since), clock(shut.until)));
    format!("{}-{shut}{}", clock(session.open), clock(session.close))
        .replace("-|", "|")
        .replace("||", "|")
}

#[test]
fn a_half_day_closes_at_one_pm() {
    check(
        "XNYS",
        &[
            ("2024-11-29", "09:30-13:00"),
            ("2024-12-24", "09:30-13:00"),
            ("2025-07-03", "09:30-13:00"),
            ("1992-11-27", "09:30-14:00"),
            ("2002-07-05", "09:30-13:00"),
            ("2014-12-26", "09:30-16:00"),
            ("2020-07-02", "09:30-16:00"),
        ],
    );
}

#[test]
fn a_new_year_on_a_saturday_is_not_observed_in_new_york() {
    check(
        "XNYS",
        &[
            ("2021-12-31", "09:30-16:00"),
            ("2022-01-03", "09:30-16:00"),
            ("2023-01-02", "none"),
            ("2021-06-18", "09:30-16:00"),
            ("2022-06-20", "none"),
            ("2025-01-09", "none"),
            ("2012-10-30", "none"),
        ],
    );
}

#[test]
fn london_makes_up_for_a_weekend_of_christmas_on_monday_and_tuesday() {
    check(
        "XLON",
        &[
            ("2021-12-24", "08:00-12:30"),
            ("2021-12-27", "none"),
            ("2021-12-28", "none"),
            ("2022-12-26", "none"),
            ("2022-12-27", "none"),
            ("2022-06-02", "none"),
            ("2022-05-30", "08:00-16:30"),
        ],
    );
}

#[test]
fn an_early_close_in_hong_kong_leaves_no_lunch_break() {
    check(
        "XHKG",
        &[
            ("2024-12-23", "09:30|12:00-13:00|16:00"),
            ("2024-12-24", "09:30-12:00"),
            ("2010-12-23", "10:00|12:30-14:30|16:00"),
            ("2010-12-24", "10:00-12:30"),
            ("2023-09-08", "none"),
        ],
    );
}

#[test]
fn the_cities_of_euronext_keep_one_calendar_and_dublin_and_oslo_more() {
    // Euronext's press release of 2018-10-18; Spotlight's table of 2024 for Oslo.
    let christmas_of_2019 = [
        ("2019-05-01", "none"),
        ("2019-12-23", "09:00-17:30"),
        ("2019-12-24", "09:00-14:05"),
        ("2019-12-26", "none"),
        ("2019-12-31", "09:00-14:05"),
    ];
    check("XAMS", &christmas_of_2019);
    check("XBRU", &christmas_of_2019);
    check("XPAR", &christmas_of_2019);
    check("XLIS", &[("2019-12-24", "08:00-13:05"), ("2019-06-10", "08:00-16:30")]);
    check(
        "XDUB",
        &[("2019-05-06", "08:00-16:28"), ("2024-05-06", "none"), ("2022-12-23", "08:00-12:28")],
    );
    check("XOSL", &[("2024-03-27", "09:00-13:00"), ("2024-03-28", "none"), ("2024-05-17", "none")]);
}

#[test]
fn milan_closes_on_both_eves_and_trades_on_liberation_day() {
    // Borsa Italiana's calendars of 2008 and 2024.
    check(
        "XMIL",
        &[
            ("2008-08-15", "none"),
            ("2008-12-24", "none"),
            ("2024-04-25", "09:00-17:30"),
            ("2024-12-31", "none"),
        ],
    );
}

#[test]
fn stockholm_has_half_days_where_its_neighbours_have_none() {
    // OMX's notice of 2007-04-04 and Spotlight's table of 2024.
    check(
        "XSTO",
        &[
            ("2007-04-05", "09:00-13:00"),
            ("2024-01-05", "09:00-13:00"),
            ("2024-04-30", "09:00-13:00"),
            ("2024-05-08", "09:00-13:00"),
            ("2024-06-06", "none"),
            ("2024-06-21", "none"),
            ("2024-11-01", "09:00-13:00"),
            ("2024-05-10", "09:00-17:30"),
        ],
    );
    check("XHEL", &[("2007-04-05", "10:00-18:30"), ("2007-04-06", "none")]);
    check(
        "XCSE",
        &[
            ("2007-04-05", "none"),
            ("2023-05-05", "none"),
            ("2024-04-26", "09:00-17:00"),
            ("2024-05-10", "none"),
            ("2024-06-05", "none"),
        ],
    );
    check("XSWX", &[("2024-01-02", "none"), ("2024-08-01", "none"), ("2024-12-27", "09:00-17:30")]);
}

#[test]
fn shenzhen_keeps_the_sessions_of_shanghai_under_its_own_name() {
    let (shanghai, shenzhen) = (calendar("XSHG"), calendar("XSHE"));
    assert_eq!(shenzhen.name(), "XSHE");
    let (first, last) = (date("2020-01-01"), date("2026-12-31"));
    assert_eq!(shenzhen.sessions(first..=last), shanghai.sessions(first..=last));
    assert_eq!(shenzhen.is_session(date("2024-02-09")), Ok(false));
}

#[test]
fn seoul_opens_later_on_the_day_of_the_examination_and_on_the_first_of_a_year() {
    // The exchange by Yonhap and by Seoul Shinmun of 2017-11-15: the examination was put off, the
    // later hours were not.
    check(
        "XKRX",
        &[
            ("2016-07-29", "09:00-15:00"),
            ("2016-08-01", "09:00-15:30"),
            ("2017-11-16", "10:00-16:30"),
            ("2017-11-23", "10:00-16:30"),
            ("2020-12-03", "10:00-16:30"),
            ("2021-11-18", "10:00-16:30"),
            ("2022-11-17", "10:00-16:30"),
            ("2023-11-16", "10:00-16:30"),
            ("2024-01-02", "10:00-15:30"),
            ("2024-10-01", "none"),
            ("2025-06-03", "none"),
            ("2025-12-31", "none"),
            ("2026-06-03", "none"),
        ],
    );
}

#[test]
fn taipei_settles_without_trading_before_new_year_and_closes_for_a_typhoon() {
    // The exchange's calendar of 2023 as Yahoo and KGI have it; Bloomberg and NDTV of 2024.
    check(
        "XTAI",
        &[
            ("2023-01-17", "09:00-13:30"),
            ("2023-01-18", "none"),
            ("2023-01-30", "09:00-13:30"),
            ("2024-07-25", "none"),
            ("2024-10-02", "none"),
            ("2024-10-31", "none"),
            ("2024-11-01", "09:00-13:30"),
            // Offices worked on this Saturday, the exchange no longer did.
            ("2023-02-18", "none"),
        ],
    );
}

#[test]
fn a_typhoon_takes_a_part_of_the_day_in_hong_kong_until_september_2024() {
    // HKEX news releases of the days; Bloomberg, Reuters and the Straits Times for 2012 to 2019.
    check(
        "XHKG",
        &[
            ("2012-07-24", "13:00-16:00"),
            ("2014-09-16", "13:00-16:00"),
            ("2017-08-23", "none"),
            ("2019-07-31", "09:30|12:00-13:00|13:55"),
            ("2020-08-19", "13:30-16:00"),
            ("2021-06-28", "13:30-16:00"),
            ("2021-10-13", "none"),
            ("2022-08-25", "13:00-16:00"),
            ("2022-11-02", "09:30|12:00-13:00|13:55"),
            ("2023-07-17", "none"),
            ("2023-09-01", "none"),
            ("2023-10-09", "14:00-16:00"),
            ("2024-09-06", "none"),
            // A signal 10 passed over an open market.
            ("2025-09-24", "09:30|12:00-13:00|16:00"),
        ],
    );
}

#[test]
fn sydney_and_toronto_had_half_days_at_christmas_before_2010() {
    // The exchanges' own calendars of the years, and a broker's of December 2008.
    check(
        "XASX",
        &[
            ("2005-12-23", "10:00-14:10"),
            ("2008-12-31", "10:00-14:10"),
            ("2022-12-23", "10:00-16:00"),
            ("2024-12-24", "10:00-14:10"),
        ],
    );
    check("XTSE", &[("2008-12-24", "09:30-13:00"), ("2008-12-31", "09:30-16:00")]);
}

#[test]
fn chicago_keeps_the_night_before_a_day_of_mourning_or_of_a_hurricane() {
    // CME releases of 2001-09-12 and 2001-09-14, 2004-06-09, 2012-10-29, 2018-12-02 and 2024-12-30.
    check(
        "CME_EQUITY",
        &[
            ("2001-09-12", "none"),
            ("2001-09-13", "none"),
            ("2001-09-14", "none"),
            ("2004-06-11", "17:00*-08:00"),
            ("2012-10-26", "17:00*|15:15-15:30|16:15"),
            ("2012-10-29", "17:00*-08:15"),
            ("2012-10-30", "17:00*-08:15"),
            ("2018-12-05", "17:00*-08:30"),
            ("2025-01-09", "17:00*-08:30"),
        ],
    );
    assert_eq!(calendar("CME_EQUITY").is_session(date("2001-09-17")), Ok(true));
}

#[test]
fn madrid_has_half_days_on_both_eves_except_in_2021() {
    // EFE of 2013-12-23, BME's release of 2018-11-21 and El Economista of January 2021.
    check(
        "XMAD",
        &[
            ("2012-12-24", "09:00-14:00"),
            ("2013-12-26", "none"),
            ("2019-12-31", "09:00-14:00"),
            ("2021-10-12", "09:00-17:30"),
            ("2021-12-24", "none"),
            ("2021-12-31", "none"),
            ("2024-12-24", "09:00-14:00"),
        ],
    );
}

#[test]
fn singapore_breaks_at_noon_since_november_2017() {
    // The exchange's release of 2017-07-18 by the Straits Times.
    check(
        "XSES",
        &[
            ("2017-11-10", "09:00-17:00"),
            ("2017-11-13", "09:00|12:00-13:00|17:00"),
            ("2018-12-24", "09:00-12:00"),
            ("2020-07-10", "none"),
        ],
    );
}

#[test]
fn johannesburg_closes_for_elections_and_for_days_made_holidays() {
    check(
        "XJSE",
        &[
            ("2021-11-01", "none"),
            ("2022-12-26", "none"),
            ("2022-12-27", "none"),
            ("2023-12-15", "none"),
            ("2024-05-29", "none"),
            ("2024-12-24", "09:00-12:00"),
        ],
    );
}

#[test]
fn wellington_makes_up_for_weekends_of_christmas_and_since_2014_for_two_days_more() {
    // Class rulings of the exchange of 2022-09-19 for the day of mourning.
    check(
        "XNZE",
        &[
            ("2010-04-26", "10:00-16:45"),
            ("2021-04-26", "none"),
            ("2021-12-28", "none"),
            ("2022-01-04", "none"),
            ("2022-06-24", "none"),
            ("2022-09-26", "none"),
            ("2022-12-23", "10:00-12:45"),
        ],
    );
}

#[test]
fn warsaw_lost_a_day_to_its_new_system() {
    check("XWAR", &[("2013-04-16", "none"), ("2018-11-12", "none"), ("2024-05-30", "none")]);
}

#[test]
fn tokyo_closes_later_since_november_2024_and_lost_a_day_to_a_failure() {
    check(
        "XTKS",
        &[
            ("2020-10-01", "none"),
            ("2024-11-01", "09:00|11:30-12:30|15:00"),
            ("2024-11-05", "09:00|11:30-12:30|15:30"),
            ("2009-09-22", "none"),
            ("1998-05-06", "09:00|11:00-12:30|15:00"),
        ],
    );
}

#[test]
fn india_trades_for_an_hour_on_diwali_whatever_the_weekday() {
    // Circulars of both exchanges, as the press had them: afternoons of 2012 and 2025 too.
    let hours_of_diwali = [
        ("2012-11-13", "15:45-17:00"),
        ("2013-11-04", "none"),
        ("2016-10-30", "18:30-19:30"),
        ("2019-10-27", "18:15-19:15"),
        ("2020-11-14", "18:15-19:15"),
        ("2021-11-04", "18:15-19:15"),
        ("2023-11-12", "18:15-19:15"),
        ("2024-11-01", "18:00-19:00"),
        ("2025-10-21", "13:45-14:45"),
        ("2025-10-22", "none"),
    ];
    check("XBOM", &hours_of_diwali);
    check("XNSE", &hours_of_diwali);
}

#[test]
fn india_trades_on_the_weekends_of_a_budget_or_a_test() {
    // Exchange circulars; 2010 by Business Standard of 2010-02-05, 2012 by Zee News of 2012-09-08.
    let weekends = [
        ("2010-02-06", "11:00-12:30"),
        ("2012-09-08", "11:15-12:45"),
        ("2014-03-22", "11:15-12:45"),
        ("2015-02-28", "09:15-15:30"),
        ("2020-02-01", "09:15-15:30"),
        ("2024-01-20", "09:15-15:30"),
        ("2024-01-22", "none"),
        ("2024-03-02", "09:15|10:00-11:30|12:30"),
        ("2024-05-18", "09:15|10:00-11:30|12:30"),
        ("2024-05-20", "none"),
        ("2025-02-01", "09:15-15:30"),
        ("2025-02-02", "none"),
        ("2026-02-01", "09:15-15:30"),
        ("2026-01-15", "none"),
    ];
    check("XBOM", &weekends);
    check("XNSE", &weekends);
}

#[test]
fn the_indian_exchanges_differ_where_one_of_them_failed_or_kept_new_year() {
    // SEBI's statement of 2021-02-24; the holiday lists of 2001 and 2004.
    check(
        "XNSE",
        &[
            ("2021-02-24", "09:15|11:40-15:45|17:00"),
            ("2004-01-01", "09:55-15:30"),
            ("2010-01-04", "09:00-15:30"),
            ("2010-10-18", "09:15-15:30"),
        ],
    );
    check("XBOM", &[("2021-02-24", "09:15-17:00"), ("2004-01-01", "none")]);
}

#[test]
fn index_futures_trade_on_a_good_friday_with_a_jobs_report() {
    check(
        "CME_EQUITY",
        &[
            ("2023-04-07", "17:00*-08:15"),
            ("2024-03-29", "none"),
            ("2025-01-09", "17:00*-08:30"),
            ("2025-07-03", "17:00*-12:15"),
            ("2021-06-25", "17:00*|15:15-15:30|16:00"),
            ("2021-06-28", "17:00*-16:00"),
        ],
    );
}

#[test]
fn the_evening_before_belongs_to_the_session_of_the_next_date() {
    let globex = calendar("CME_EQUITY");
    // Sunday 17:00 in Chicago is Monday's open; under winter time that is 23:00 UTC.
    let monday = globex.session(date("2024-01-08")).expect("covered").expect("a Monday");
    assert_eq!(monday.open, at("2024-01-07T23:00:00Z"));
    let evening = globex.session_at(at("2024-01-07T23:30:00Z")).expect("covered");
    assert_eq!(evening.map(|session| session.date), Some(date("2024-01-08")));
    let shown = globex.instant_of(date("2024-01-08"), "17:30".parse().expect("a time"));
    assert_eq!(shown, Ok(Some(at("2024-01-07T23:30:00Z"))));
    let hour_of_rest = globex.instant_of(date("2024-01-08"), "16:30".parse().expect("a time"));
    assert_eq!(hour_of_rest, Ok(None));
}

#[test]
fn new_york_and_london_change_their_clocks_on_different_sundays() {
    let (new_york, london) = (calendar("XNYS"), calendar("XLON"));
    let open = |calendar: &Calendar, day: &str| {
        calendar.session(date(day)).expect("covered").expect("a session").open
    };
    assert_eq!(open(&new_york, "2024-03-08"), at("2024-03-08T14:30:00Z"));
    assert_eq!(open(&new_york, "2024-03-11"), at("2024-03-11T13:30:00Z"));
    assert_eq!(open(&london, "2024-03-11"), at("2024-03-11T08:00:00Z"));
    assert_eq!(open(&london, "2024-04-02"), at("2024-04-02T07:00:00Z"));
}

#[test]
fn extended_hours_end_four_hours_after_the_close() {
    let extended = calendar("NYSE_EXT");
    assert_eq!(extended.name(), "NYSE_EXT");
    let phases = [
        ("2024-11-29T08:59:59Z", MarketPhase::Closed),
        ("2024-11-29T09:00:00Z", MarketPhase::Pre),
        ("2024-11-29T14:30:00Z", MarketPhase::Regular),
        ("2024-11-29T18:00:00Z", MarketPhase::Post),
        ("2024-11-29T22:00:00Z", MarketPhase::Closed),
        ("2024-12-03T00:59:59Z", MarketPhase::Post),
        ("2024-12-03T01:00:00Z", MarketPhase::Closed),
    ];
    for (instant, phase) in phases {
        assert_eq!(extended.phase(at(instant)), Ok(phase), "{instant}");
    }
}

#[test]
fn a_window_of_sessions_is_exact_or_an_error() {
    let new_york = calendar("XNYS");
    let window = new_york.sessions_before(date("1990-01-09"), 5).expect("there are five");
    let first = window.first().map(|session| session.date);
    assert_eq!((window.len(), first), (5, Some(date("1990-01-02"))));
    let too_long = new_york.sessions_before(date("1990-01-09"), 6);
    assert!(matches!(too_long, Err(TimeError::TooFewSessions { needed: 6, found: 5, .. })));
}

#[test]
fn a_date_outside_the_facts_is_an_error_that_names_them() {
    let new_york = calendar("XNYS");
    let before = new_york.is_session(date("1989-12-29"));
    let message = before.expect_err("before the facts").to_string();
    assert!(message.contains("XNYS says nothing about 1989-12-29"), "{message}");
    assert!(message.contains("1990-01-01") && message.contains("2061-01-01"), "{message}");
    assert!(new_york.next_session(date("2060-12-31")).is_err());
    assert!(new_york.previous_session(date("1990-01-02")).is_err());
    assert!(new_york.phase(at("1989-12-31T00:00:00Z")).is_err());
    assert!(new_york.phase(at("2061-01-02T00:00:00Z")).is_err());
    assert!(new_york.cursor().phase(Timestamp::MIN).is_err());
    assert!(new_york.cursor().phase(Timestamp::MAX).is_err());
    assert!(new_york.session(TradingDate::from_days(i32::MAX)).is_err());
    assert!(new_york.sessions_of_week(TradingDate::from_days(i32::MIN)).is_err());
    assert!(new_york.next_session(TradingDate::from_days(i32::MAX)).is_err());
}

#[test]
fn past_what_is_announced_a_session_says_that_it_is_projected() {
    let new_york = calendar("XNYS");
    let known = new_york.known_through();
    let is_projected =
        |day| new_york.next_session(day).map(|session| session.is_projected).expect("covered");
    assert!(!is_projected(known.plus_days(-10)));
    assert!(is_projected(known));
    // Independence Day of 2040 by its rule.
    assert_eq!(new_york.is_session(date("2040-07-04")), Ok(false));
}

#[test]
fn a_week_holds_the_sessions_of_its_days() {
    let new_york = calendar("XNYS");
    let days = |monday: &str| -> Vec<String> {
        let week = new_york.sessions_of_week(date(monday)).expect("covered");
        week.iter().map(|session| session.date.to_string()).collect()
    };
    assert_eq!(days("2025-06-30"), ["2025-06-30", "2025-07-01", "2025-07-02", "2025-07-03"]);
    assert_eq!(days("2025-07-03"), days("2025-06-30"));
    assert_eq!(days("1990-01-01"), ["1990-01-02", "1990-01-03", "1990-01-04", "1990-01-05"]);
}

#[test]
fn lag_counts_no_weekend_no_night_and_no_lunch() {
    let tokyo = calendar("XTKS");
    let lag =
        |since, until| tokyo.open_time_between(at(since), at(until)).expect("covered").as_secs();
    // 11:29 to 12:31 in Tokyo; then a Friday's last minute and a Monday's first.
    assert_eq!(lag("2022-06-03T02:29:00Z", "2022-06-03T03:31:00Z"), 120);
    assert_eq!(lag("2022-06-03T05:59:00Z", "2022-06-06T00:01:00Z"), 120);
    assert_eq!(lag("2022-06-04T05:59:00Z", "2022-06-05T00:01:00Z"), 0);
}

#[test]
fn the_days_that_are_not_usual_are_listed_with_their_reasons() {
    let new_york = calendar("XNYS");
    let days = new_york.unusual_days(date("2024-11-01")..=date("2024-12-31")).expect("covered");
    let found: Vec<_> =
        days.iter().map(|day| (day.date.to_string(), day.kind, day.reason.as_str())).collect();
    let expected = [
        ("2024-11-28".to_owned(), UnusualKind::Closed, "Thanksgiving"),
        ("2024-11-29".to_owned(), UnusualKind::EarlyClose, "day after Thanksgiving"),
        ("2024-12-24".to_owned(), UnusualKind::EarlyClose, "Christmas Eve"),
        ("2024-12-25".to_owned(), UnusualKind::Closed, "Christmas"),
    ];
    assert_eq!(found, expected);
}
