//! Files for the tests of evidence: bars of any group and interval, written in many ways, and a table of
//! sound ones.

use openbell_data_manager::import::{CsvOptions, StampedAt};
use openbell_market::{BarInterval, Grid};
use openbell_time::{Calendar, Nanos, Session, SessionPart, TimeManager, Timestamp, TradingDate};

pub fn calendar(group: &str) -> Calendar {
    TimeManager::new().calendar(group).unwrap()
}

pub fn sessions(group: &str, since: &str, until: &str) -> Vec<Session> {
    let (since, until): (TradingDate, TradingDate) =
        (since.parse().unwrap(), until.parse().unwrap());
    calendar(group).sessions(since..=until).unwrap().to_vec()
}

/// The opens of all bars of the sessions.
pub fn opens(group: &str, interval: &str, since: &str, until: &str) -> Vec<Timestamp> {
    let interval: BarInterval = interval.parse().unwrap();
    let of_session = |session: &Session| -> Vec<Timestamp> {
        let parts: Vec<SessionPart> = session.parts().collect();
        let clock = interval.clock().expect("of a clock").length().as_nanos();
        let opens = parts.iter().flat_map(|part| {
            let n_slots = (part.length().as_nanos() + clock - 1) / clock;
            (0..n_slots).map(|n| part.since + Nanos::from_nanos(n * clock))
        });
        opens.collect()
    };
    sessions(group, since, until).iter().flat_map(of_session).collect()
}

/// Dates of the sessions, as they are written in a file of days.
pub fn dates(group: &str, since: &str, until: &str) -> Vec<String> {
    sessions(group, since, until).iter().map(|session| session.date.to_string()).collect()
}

pub fn written(stamps: &[Timestamp]) -> Vec<String> {
    stamps.iter().map(Timestamp::to_string).collect()
}

/// One in `one_in` of some, at places that follow no rule.
pub fn thin<T: Clone>(all: &[T], one_in: u64) -> Vec<T> {
    let is_kept = |n: &usize| {
        let mixed = (*n as u64 + 1).wrapping_mul(0xff51_afd7_ed55_8ccd);
        let mixed = (mixed ^ mixed >> 33).wrapping_mul(0xc4ce_b9fe_1a85_ec53);
        (mixed ^ mixed >> 29).is_multiple_of(one_in)
    };
    (0..all.len()).filter(is_kept).map(|n| all[n].clone()).collect()
}

pub fn later(stamps: &[Timestamp], seconds: i64) -> Vec<Timestamp> {
    stamps.iter().map(|stamp| *stamp + Nanos::from_secs(seconds)).collect()
}

/// A file of bars at the stamps, whose price wanders.
pub fn file(stamps: &[String]) -> String {
    let mut text = "time,open,high,low,close,volume\n".to_owned();
    for (n, stamp) in stamps.iter().enumerate() {
        let price = 100.0 + ((n * 37) % 101) as f64 * 0.01;
        let (high, low) = (price + 0.05, price - 0.04);
        text.push_str(&format!(
            "{stamp},{price},{high},{low},{:.2},{}\n",
            price + 0.01,
            10 + n % 90
        ));
    }
    text
}

pub fn options(interval: &str) -> CsvOptions {
    CsvOptions::new(interval.parse().unwrap())
}

pub fn in_zone(interval: &str, zone: &str) -> CsvOptions {
    CsvOptions { zone: Some(zone.parse().unwrap()), ..options(interval) }
}

pub fn at_close(interval: &str) -> CsvOptions {
    CsvOptions { stamped_at: StampedAt::Close, ..options(interval) }
}

/// New York's clock at the stamps, without a zone.
pub fn local(group: &str, stamps: &[Timestamp]) -> Vec<String> {
    let calendar = calendar(group);
    stamps.iter().map(|stamp| calendar.local_time(*stamp).to_string()).collect()
}

pub fn epochs(stamps: &[Timestamp], unit_ns: i64) -> Vec<String> {
    stamps.iter().map(|stamp| (stamp.as_nanos() / unit_ns).to_string()).collect()
}

/// What passes: its name, the group, the stamps, and how they are read.
pub fn sound() -> Vec<(&'static str, &'static str, Vec<String>, CsvOptions)> {
    let us = |interval: &str| opens("US_EQUITY", interval, "2025-06-30", "2025-07-03");
    let many = |interval: &str| opens("US_EQUITY", interval, "2025-03-03", "2025-03-12");
    let coin = |interval: &str| opens("CRYPTO", interval, "2025-03-29", "2025-03-31");
    let days = dates("US_EQUITY", "2025-01-02", "2025-06-30");
    let of = |group: &str, pick: fn(&Session) -> Timestamp| -> Vec<String> {
        sessions(group, "2025-01-06", "2025-06-30").iter().map(|s| pick(s).to_string()).collect()
    };
    let weeks = |group: &str, n: i32| -> Vec<String> {
        let mondays = sessions(group, "2025-01-06", "2025-06-30");
        let mut found: Vec<TradingDate> = mondays.iter().map(|s| s.date.monday()).collect();
        found.dedup();
        found.iter().map(|monday| monday.plus_days(n).to_string()).collect()
    };
    let with_hours = |one_in: u64| {
        let mut all = opens("US_EQUITY", "1m", "2025-03-05", "2025-03-11");
        for session in sessions("US_EQUITY", "2025-03-05", "2025-03-11") {
            let around = (-330..0).chain(390..630);
            all.extend(around.map(|minute| session.open + Nanos::from_secs(60 * minute)));
        }
        all.sort();
        thin(&all, one_in)
    };
    let spring = opens("US_EQUITY", "1m", "2025-03-07", "2025-03-10");
    let mut listed = opens("US_EQUITY", "1m", "2025-07-02", "2025-07-03");
    listed.drain(..97);
    vec![
        ("minutes", "US_EQUITY", written(&us("1m")), options("1m")),
        (
            "minutes on New York's clock",
            "US_EQUITY",
            local("US_EQUITY", &us("1m")),
            in_zone("1m", "America/New_York"),
        ),
        (
            "a half day",
            "US_EQUITY",
            written(&opens("US_EQUITY", "1m", "2025-07-03", "2025-07-03")),
            options("1m"),
        ),
        (
            "a half day of 1h at the close",
            "US_EQUITY",
            closes_of("US_EQUITY", "1h", "2025-07-03"),
            at_close("1h"),
        ),
        ("5m", "US_EQUITY", written(&us("5m")), options("5m")),
        ("15m", "US_EQUITY", written(&us("15m")), options("15m")),
        ("30m", "US_EQUITY", written(&us("30m")), options("30m")),
        ("1h", "US_EQUITY", written(&us("1h")), options("1h")),
        ("4h", "US_EQUITY", written(&us("4h")), options("4h")),
        ("minutes at the close", "US_EQUITY", written(&later(&us("1m"), 60)), at_close("1m")),
        (
            "minutes a tick before the close",
            "CRYPTO",
            epochs(&later(&coin("1m"), 60), 1_000_000)
                .iter()
                .map(|ms| (ms.parse::<i64>().unwrap() - 1).to_string())
                .collect(),
            at_close("1m"),
        ),
        (
            "5m a second before the close",
            "US_EQUITY",
            written(&later(&us("5m"), 299)),
            at_close("5m"),
        ),
        (
            "a thin symbol, one minute in three",
            "US_EQUITY",
            written(&thin(&many("1m"), 3)),
            options("1m"),
        ),
        (
            "a thin symbol, one in twenty",
            "US_EQUITY",
            written(&thin(&many("1m"), 20)),
            options("1m"),
        ),
        (
            "a thin symbol, one in a hundred",
            "US_EQUITY",
            written(&thin(&many("1m"), 100)),
            options("1m"),
        ),
        ("a thin symbol of 5m", "US_EQUITY", written(&thin(&many("5m"), 7)), options("5m")),
        (
            "a symbol that trades once a day or twice",
            "US_EQUITY",
            written(&thin(&many("1m"), 300)),
            options("1m"),
        ),
        ("two rows", "US_EQUITY", written(&us("1m")[..2]), options("1m")),
        ("one row", "US_EQUITY", written(&us("1m")[..1]), options("1m")),
        (
            "three rows with holes",
            "US_EQUITY",
            vec![
                "2025-07-02T13:30:00Z".into(),
                "2025-07-02T13:41:00Z".into(),
                "2025-07-02T15:02:00Z".into(),
            ],
            options("1m"),
        ),
        ("extended hours", "US_EQUITY", written(&with_hours(1)), options("1m")),
        ("thin extended hours", "US_EQUITY", written(&with_hours(9)), options("1m")),
        ("the week of summer time", "US_EQUITY", written(&spring), options("1m")),
        (
            "the week of summer time on the clock",
            "US_EQUITY",
            local("US_EQUITY", &spring),
            in_zone("1m", "America/New_York"),
        ),
        ("a new listing from eleven on", "US_EQUITY", written(&listed), options("1m")),
        ("coins over summer time", "CRYPTO", written(&coin("1m")), options("1m")),
        ("seconds of coins", "CRYPTO", written(&coin("1s")[..4_000]), options("1s")),
        ("thin coins", "CRYPTO", written(&thin(&coin("1m"), 40)), options("1m")),
        ("coins of 4h", "CRYPTO", written(&coin("4h")), options("4h")),
        ("seconds since 1970", "US_EQUITY", epochs(&us("1m"), 1_000_000_000), options("1m")),
        ("milliseconds", "CRYPTO", epochs(&coin("5m"), 1_000_000), options("5m")),
        ("microseconds", "CRYPTO", epochs(&coin("1h"), 1_000), options("1h")),
        (
            "Hong Kong with its break",
            "XHKG",
            written(&opens("XHKG", "1m", "2025-07-02", "2025-07-04")),
            options("1m"),
        ),
        (
            "Tokyo with its break, 5m",
            "XTKS",
            written(&opens("XTKS", "5m", "2025-07-02", "2025-07-04")),
            options("5m"),
        ),
        (
            "Shanghai at the close",
            "XSHG",
            written(&later(&opens("XSHG", "1m", "2025-07-02", "2025-07-04"), 60)),
            at_close("1m"),
        ),
        (
            "Frankfurt on its clock",
            "XETR",
            local("XETR", &opens("XETR", "1m", "2025-07-02", "2025-07-03")),
            in_zone("1m", "Europe/Berlin"),
        ),
        (
            "Bombay over a budget Saturday",
            "XBOM",
            written(&opens("XBOM", "1m", "2025-01-30", "2025-02-04")),
            options("1m"),
        ),
        (
            "Bombay's Saturday in two parts, on its clock",
            "XBOM",
            local("XBOM", &opens("XBOM", "5m", "2024-02-29", "2024-03-05")),
            in_zone("5m", "Asia/Kolkata"),
        ),
        (
            "the hour of Diwali at the close",
            "XNSE",
            written(&later(&opens("XNSE", "1m", "2024-10-30", "2024-11-05"), 60)),
            at_close("1m"),
        ),
        (
            "a Sunday evening of Diwali, 15m",
            "XNSE",
            written(&opens("XNSE", "15m", "2023-11-09", "2023-11-15")),
            options("15m"),
        ),
        (
            "days of Bombay with their weekends",
            "XBOM",
            dates("XBOM", "2024-01-01", "2025-02-28"),
            options("1d"),
        ),
        (
            "weeks of Bombay by their Monday, one with a Saturday",
            "XBOM",
            weeks("XBOM", 0),
            options("1w"),
        ),
        ("weeks of Bombay by their Friday", "XBOM", weeks("XBOM", 4), options("1w")),
        (
            "Hong Kong after a typhoon",
            "XHKG",
            written(&opens("XHKG", "1m", "2023-10-06", "2023-10-10")),
            options("1m"),
        ),
        (
            "Seoul on the day of the examination",
            "XKRX",
            written(&opens("XKRX", "1h", "2024-11-12", "2024-11-18")),
            options("1h"),
        ),
        (
            "Singapore when its break came back",
            "XSES",
            written(&opens("XSES", "5m", "2017-11-09", "2017-11-15")),
            options("5m"),
        ),
        (
            "currencies over a weekend",
            "FOREX",
            written(&opens("FOREX", "1m", "2025-07-03", "2025-07-07")),
            options("1m"),
        ),
        (
            "futures of a night",
            "CME_EQUITY",
            written(&opens("CME_EQUITY", "1m", "2025-06-30", "2025-07-02")),
            options("1m"),
        ),
        ("days", "US_EQUITY", days.clone(), options("1d")),
        ("days of coins", "CRYPTO", dates("CRYPTO", "2024-12-01", "2025-03-31"), options("1d")),
        ("days with holes", "US_EQUITY", thin(&days, 4), options("1d")),
        (
            "days at midnight in UTC",
            "US_EQUITY",
            days.iter().map(|day| format!("{day}T00:00:00Z")).collect(),
            options("1d"),
        ),
        (
            "days at midnight in New York",
            "US_EQUITY",
            days.iter().map(|day| format!("{day} 00:00:00-05:00")).collect(),
            options("1d"),
        ),
        ("days at the open as an instant", "US_EQUITY", of("US_EQUITY", |s| s.open), options("1d")),
        (
            "days at the close as an instant",
            "US_EQUITY",
            of("US_EQUITY", |s| s.close),
            at_close("1d"),
        ),
        ("days of Hong Kong at the open", "XHKG", of("XHKG", |s| s.open), options("1d")),
        (
            "days of currencies at five in the evening",
            "FOREX",
            of("FOREX", |s| s.open),
            options("1d"),
        ),
        ("days of coins at the close", "CRYPTO", of("CRYPTO", |s| s.close), at_close("1d")),
        ("weeks by their Monday", "US_EQUITY", weeks("US_EQUITY", 0), options("1w")),
        ("weeks by their Friday", "US_EQUITY", weeks("US_EQUITY", 4), options("1w")),
        ("weeks by their Sunday", "US_EQUITY", weeks("US_EQUITY", 6), options("1w")),
        ("weeks of coins by their Monday", "CRYPTO", weeks("CRYPTO", 0), options("1w")),
        (
            "weeks by the Friday that closes them",
            "US_EQUITY",
            weeks("US_EQUITY", 4),
            at_close("1w"),
        ),
    ]
}

/// The closes of the bars of a day, the last cut by the session's.
pub fn closes_of(group: &str, interval: &str, date: &str) -> Vec<String> {
    let session = sessions(group, date, date)[0];
    let parts: Vec<SessionPart> = session.parts().collect();
    let grid = Grid::of(interval.parse().unwrap(), &parts);
    grid.closes_ns().map(|ns| Timestamp::from_nanos(ns).to_string()).collect()
}
