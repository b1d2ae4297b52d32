//! Files against what is said of them: every kind of wrong word is refused with the check that found it
//! and leaves the store as it was; sound files of many kinds pass without a word.

#![allow(clippy::disallowed_methods)] // Tests look at folders.

use openbell_data_manager::import::{
    CsvOptions, ImportReason, Importer, StampedAt, SymbolChoice, VolumeSource,
};
use openbell_data_manager::{Check, DataError, DataManager, StoreOptions, StoreWriter};
use openbell_market::{BarInterval, Grid};
use openbell_time::{
    Calendar, Nanos, Session, SessionPart, TimeManager, Timestamp, TradingDate, Weekday,
};

use crate::support::importing::{
    Setup, file_of, import_into, import_text_of, import_with, minutes,
};
use crate::support::{at, read_all, series};

fn calendar(group: &str) -> Calendar {
    TimeManager::new().calendar(group).unwrap()
}

fn sessions(group: &str, since: &str, until: &str) -> Vec<Session> {
    let (since, until): (TradingDate, TradingDate) =
        (since.parse().unwrap(), until.parse().unwrap());
    calendar(group).sessions(since..=until).unwrap().to_vec()
}

/// The opens of all bars of the sessions.
fn opens(group: &str, interval: &str, since: &str, until: &str) -> Vec<Timestamp> {
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
fn dates(group: &str, since: &str, until: &str) -> Vec<String> {
    sessions(group, since, until).iter().map(|session| session.date.to_string()).collect()
}

fn written(stamps: &[Timestamp]) -> Vec<String> {
    stamps.iter().map(Timestamp::to_string).collect()
}

/// One in `one_in` of some, at places that follow no rule.
fn thin<T: Clone>(all: &[T], one_in: u64) -> Vec<T> {
    let is_kept = |n: &usize| {
        let mixed = (*n as u64 + 1).wrapping_mul(0xff51_afd7_ed55_8ccd);
        let mixed = (mixed ^ mixed >> 33).wrapping_mul(0xc4ce_b9fe_1a85_ec53);
        (mixed ^ mixed >> 29).is_multiple_of(one_in)
    };
    (0..all.len()).filter(is_kept).map(|n| all[n].clone()).collect()
}

fn later(stamps: &[Timestamp], seconds: i64) -> Vec<Timestamp> {
    stamps.iter().map(|stamp| *stamp + Nanos::from_secs(seconds)).collect()
}

/// A file of bars at the stamps, whose price wanders.
fn file(stamps: &[String]) -> String {
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

fn options(interval: &str) -> CsvOptions {
    CsvOptions::new(interval.parse().unwrap())
}

fn in_zone(interval: &str, zone: &str) -> CsvOptions {
    CsvOptions { zone: Some(zone.parse().unwrap()), ..options(interval) }
}

fn at_close(interval: &str) -> CsvOptions {
    CsvOptions { stamped_at: StampedAt::Close, ..options(interval) }
}

/// New York's clock at the stamps, without a zone.
fn local(group: &str, stamps: &[Timestamp]) -> Vec<String> {
    let calendar = calendar(group);
    stamps.iter().map(|stamp| calendar.local_time(*stamp).to_string()).collect()
}

fn epochs(stamps: &[Timestamp], unit_ns: i64) -> Vec<String> {
    stamps.iter().map(|stamp| (stamp.as_nanos() / unit_ns).to_string()).collect()
}

#[track_caller]
fn refusal(name: &str, group: &'static str, text: &str, options: &CsvOptions) -> Check {
    let folder = tempfile::tempdir().unwrap();
    let mut writer = StoreWriter::open(folder.path()).unwrap();
    let symbols = SymbolChoice::Only("AAA".parse().unwrap());
    let setup = Setup { group, ..Setup::default() };
    let file = file_of(text.as_bytes());
    let refused = import_into(&mut writer, file.path(), &symbols, options, &setup);
    let objection = match refused {
        Err(DataError::Refused { objection, .. }) => objection,
        other => panic!("{name}: {:?}", other.map(|(report, _)| report)),
    };
    let store = DataManager::open(folder.path(), &StoreOptions::default()).unwrap();
    assert_eq!(store.keys().count(), 0, "{name}: the store is as it was");
    // Whoever insists has his way, and it is said in the file.
    let waived = vec![objection.check()];
    let insisting = Setup { group, waived: waived.clone() };
    let forced = import_into(&mut writer, file.path(), &symbols, options, &insisting);
    if forced.is_ok() {
        let store = DataManager::open(folder.path(), &StoreOptions::default()).unwrap();
        let said = store.series().remove(0).provenance.waived;
        assert_eq!(said.into_iter().collect::<Vec<_>>(), waived, "{name}");
    }
    objection.check()
}

#[test]
fn what_is_said_wrong_is_refused_by_the_check_that_sees_it() {
    let us = |interval: &str| opens("US_EQUITY", interval, "2025-06-30", "2025-07-03");
    let day = |interval: &str| opens("US_EQUITY", interval, "2025-07-02", "2025-07-02");
    let coin = |interval: &str| opens("CRYPTO", interval, "2025-07-01", "2025-07-02");
    let days = dates("US_EQUITY", "2025-01-02", "2025-06-30");
    let coins = dates("CRYPTO", "2025-01-01", "2025-06-30");
    let fridays = sessions("US_EQUITY", "2025-01-02", "2025-06-30");
    let fridays = fridays.iter().filter(|session| session.date.weekday() == Weekday::Fri);
    let weekly: Vec<String> = fridays.map(|session| session.date.to_string()).collect();
    let thursdays: Vec<String> = coins.iter().skip(1).step_by(7).cloned().collect();
    let months: Vec<String> = (1..=12).map(|month| format!("2024-{month:02}-01")).collect();
    let weekends: Vec<String> = dates("CRYPTO", "2025-06-01", "2025-06-30");
    let half = us("1m").len() / 2;
    let mut units = epochs(&us("1m")[..half], 1_000_000_000);
    units.extend(epochs(&us("1m")[half..], 1_000_000));
    let mut rows_twice = written(&us("1m"));
    rows_twice.extend(rows_twice.clone().into_iter().take(20));
    for (name, group, stamps, options, check) in [
        ("5m as 1m", "US_EQUITY", written(&us("5m")), options("1m"), Check::Interval),
        ("a day of 5m as 1m", "US_EQUITY", written(&day("5m")), options("1m"), Check::Interval),
        ("15m as 1m", "US_EQUITY", written(&us("15m")), options("1m"), Check::Interval),
        ("1h as 1m", "US_EQUITY", written(&us("1h")), options("1m"), Check::Interval),
        ("a day of 1h as 30m", "US_EQUITY", written(&day("1h")), options("30m"), Check::Interval),
        ("2m as 1m", "CRYPTO", written(&coin("2m")), options("1m"), Check::Interval),
        ("1m as 5m", "US_EQUITY", written(&us("1m")), options("5m"), Check::Interval),
        ("1s as 1m", "CRYPTO", written(&coin("1s")[..900]), options("1m"), Check::Interval),
        ("1m as 1d", "US_EQUITY", written(&us("1m")), options("1d"), Check::Interval),
        ("1h as 1d", "CRYPTO", written(&coin("1h")), options("1d"), Check::Interval),
        ("1m as 1w", "US_EQUITY", written(&us("1m")), options("1w"), Check::Interval),
        ("days as 1w", "US_EQUITY", days.clone(), options("1w"), Check::Interval),
        (
            "days as 1h",
            "CRYPTO",
            written(&opens("CRYPTO", "24h", "2025-06-01", "2025-06-30")),
            options("1h"),
            Check::Interval,
        ),
        ("weeks as 1d", "US_EQUITY", weekly, options("1d"), Check::Interval),
        ("months as 1d", "CRYPTO", months.clone(), options("1d"), Check::Interval),
        ("months as 1w", "CRYPTO", months, options("1w"), Check::Interval),
        (
            "New York time as UTC",
            "US_EQUITY",
            local("US_EQUITY", &us("1m")),
            in_zone("1m", "UTC"),
            Check::Zone,
        ),
        (
            "UTC as New York time",
            "US_EQUITY",
            written(&us("1m")).iter().map(|s| s.replace('Z', "")).collect(),
            in_zone("1m", "America/New_York"),
            Check::Zone,
        ),
        (
            "an hour of summer time",
            "US_EQUITY",
            local("US_EQUITY", &us("1m")),
            in_zone("1m", "-05:00"),
            Check::Zone,
        ),
        (
            "Tokyo's hours in New York's group",
            "US_EQUITY",
            written(&opens("XTKS", "1m", "2025-07-01", "2025-07-03")),
            options("1m"),
            Check::Zone,
        ),
        ("coins in a group of shares", "US_EQUITY", weekends, options("1d"), Check::Zone),
        (
            "close as open",
            "US_EQUITY",
            written(&later(&us("1m"), 60)),
            options("1m"),
            Check::StampedAt,
        ),
        (
            "close as open, 5m",
            "XETR",
            written(&later(&opens("XETR", "5m", "2025-07-01", "2025-07-02"), 300)),
            options("5m"),
            Check::StampedAt,
        ),
        ("open as close", "US_EQUITY", written(&us("1m")), at_close("1m"), Check::StampedAt),
        ("the close of a date", "US_EQUITY", days.clone(), at_close("1d"), Check::StampedAt),
        ("the zone of a date", "US_EQUITY", days.clone(), in_zone("1d", "Asia/Tokyo"), Check::Zone),
        ("seconds, then milliseconds", "US_EQUITY", units, options("1m"), Check::Unit),
        (
            "milliseconds as microseconds",
            "US_EQUITY",
            epochs(&us("1m"), 1_000_000),
            CsvOptions { timestamp_format: Some("epoch_us".to_owned()), ..options("1m") },
            Check::Unit,
        ),
        (
            "the close of New York as an instant",
            "US_EQUITY",
            sessions("US_EQUITY", "2025-06-02", "2025-06-30")
                .iter()
                .map(|s| s.close.to_string())
                .collect(),
            options("1d"),
            Check::Label,
        ),
        ("weeks from Thursday", "CRYPTO", thursdays, options("1w"), Check::Label),
        (
            "rows that contradict each other",
            "US_EQUITY",
            rows_twice,
            options("1m"),
            Check::Conflicting,
        ),
    ] {
        assert_eq!(refusal(name, group, &file(&stamps), &options), check, "{name}");
    }
}

/// What passes: its name, the group, the stamps, and how they are read.
fn sound() -> Vec<(&'static str, &'static str, Vec<String>, CsvOptions)> {
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
fn closes_of(group: &str, interval: &str, date: &str) -> Vec<String> {
    let session = sessions(group, date, date)[0];
    let parts: Vec<SessionPart> = session.parts().collect();
    let grid = Grid::of(interval.parse().unwrap(), &parts);
    grid.closes_ns().map(|ns| Timestamp::from_nanos(ns).to_string()).collect()
}

#[test]
fn sound_files_of_many_kinds_pass_without_a_word() {
    let all = sound();
    assert!(all.len() >= 50, "{}", all.len());
    for (name, group, stamps, options) in all {
        let text = file(&stamps);
        let setup = Setup { group, ..Setup::default() };
        let imported = import_text_of(text.as_bytes(), &options, &setup);
        let imported = imported.unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(imported.report.n_rejected(), 0, "{name}: {:?}", imported.rejected);
        assert_eq!(imported.report.counts().added, stamps.len() as u64, "{name}");
        for series in &imported.report.series {
            assert_eq!(series.undeliverable.n(), 0, "{name}: {:?}", series.undeliverable);
            assert_eq!(series.findings, [], "{name}");
        }
    }
}

#[test]
fn weeks_of_currencies_are_those_of_the_sessions_that_they_span() {
    let setup = Setup { group: "FOREX", ..Setup::default() };
    for stamp in
        ["2025-07-06", "2025-07-06T21:00:00Z", "2025-07-07", "2025-07-11", "2025-07-11T21:00:00Z"]
    {
        let text = file(&[stamp.to_owned()]);
        let imported = import_text_of(text.as_bytes(), &options("1w"), &setup).unwrap();
        let first = imported.report.span().map(|(first, _)| first);
        assert_eq!(first, Some(at("2025-07-07T00:00:00Z")), "{stamp}");
    }
}

#[test]
fn the_first_of_two_rows_counts_in_one_file_in_two_and_contradictions_have_a_name() {
    let rows = |from: usize, n: usize, volume: usize| -> String {
        let opens = opens("US_EQUITY", "1m", "2025-06-23", "2025-07-03");
        let lines =
            opens[from..from + n].iter().map(|stamp| format!("{stamp},1,2,0.5,1.5,{volume}\n"));
        format!("ts,open,high,low,close,volume\n{}", lines.collect::<String>())
    };
    // Two rows of two thousand contradict, one is repeated.
    let (a, b) = (rows(0, 2_000, 7), rows(1_998, 500, 8));
    let both = format!("{a}{}", b.split_once('\n').unwrap().1);
    let key = series("AAA 1m");
    let symbols = SymbolChoice::Only(key.symbol.clone());
    let stored = |files: &[&str]| {
        let folder = tempfile::tempdir().unwrap();
        let mut writer = StoreWriter::open(folder.path()).unwrap();
        let mut importer = Importer::new(&mut writer);
        let mut n_conflicting = 0;
        for text in files {
            let file = file_of(text.as_bytes());
            let setup = Setup::default();
            let (report, rejected) =
                import_with(&mut importer, file.path(), &symbols, &minutes(), &setup).unwrap();
            n_conflicting += report.rejected.get(&ImportReason::Conflicting).copied().unwrap_or(0);
            let listed = rejected.iter().filter(|row| row.reason == ImportReason::Conflicting);
            assert_eq!(
                listed.count() as u64,
                report.rejected.get(&ImportReason::Conflicting).copied().unwrap_or(0)
            );
        }
        let store = DataManager::open(folder.path(), &StoreOptions::default()).unwrap();
        (read_all(&store, &key, &calendar("US_EQUITY")), n_conflicting)
    };
    let (in_one, n_conflicting) = stored(&[&both]);
    assert_eq!((in_one.len(), n_conflicting), (2_498, 2));
    assert_eq!(in_one.volume[1_998..2_001], [7.0, 7.0, 8.0]);
    assert_eq!(stored(&[&a, &b]), (in_one, 2));
    // A correction that comes later takes the place of what is stored.
    let folder = tempfile::tempdir().unwrap();
    let mut writer = StoreWriter::open(folder.path()).unwrap();
    let mut import = |text: &str, waived| {
        let setup = Setup { waived, ..Setup::default() };
        let file = file_of(text.as_bytes());
        import_into(&mut writer, file.path(), &symbols, &minutes(), &setup)
            .map(|(report, _)| report.counts())
    };
    import(&a, vec![]).unwrap();
    assert_eq!(import(&b, vec![]).unwrap().updated, 2);
    // So many are no correction.
    let other = rows(0, 2_000, 9);
    let refused = import(&other, vec![]).unwrap_err();
    assert!(refused.to_string().contains("contradict rows that are stored"), "{refused}");
    assert_eq!(import(&other, vec![Check::Conflicting]).unwrap().updated, 2_000);
}

#[test]
fn rows_that_are_stored_at_another_constant_offset_are_the_same_data() {
    let opens = opens("CRYPTO", "1m", "2025-07-01", "2025-07-02");
    let symbols = SymbolChoice::Only("AAA".parse().unwrap());
    let setup = Setup { group: "CRYPTO", ..Setup::default() };
    let folder = tempfile::tempdir().unwrap();
    let mut writer = StoreWriter::open(folder.path()).unwrap();
    let mut import = |stamps: &[Timestamp]| {
        let text = file(&written(stamps));
        let file = file_of(text.as_bytes());
        import_into(&mut writer, file.path(), &symbols, &minutes(), &setup).map(|_| ())
    };
    import(&opens).unwrap();
    for hours in [-4, 1, 9] {
        let error = import(&later(&opens, hours * 3_600)).unwrap_err().to_string();
        assert!(error.contains(&format!("stored already, {} h ", hours.abs())), "{error}");
    }
    import(&opens).unwrap();
}

#[test]
fn a_column_of_symbols_is_obeyed_under_whatever_heading() {
    let table = |heading: &str| {
        let mut text = format!("date,open,high,low,close,volume,{heading}\n");
        for (n, symbol) in ["AAA", "BBB", "CCC"].into_iter().enumerate() {
            for date in dates("US_EQUITY", "2025-06-02", "2025-06-30") {
                let price = 10.0 * (n + 1) as f64;
                text.push_str(&format!(
                    "{date},{price},{},{},{price},5,{symbol}\n",
                    price + 1.0,
                    price - 1.0
                ));
            }
        }
        text
    };
    for heading in ["symbol", "Ticker", "tic", "Name", "act_symbol", "isin", "Papier"] {
        let file = file_of(table(heading).as_bytes());
        let import = |symbols: SymbolChoice| {
            let folder = tempfile::tempdir().unwrap();
            let mut writer = StoreWriter::open(folder.path()).unwrap();
            let days = options("1d");
            let imported =
                import_into(&mut writer, file.path(), &symbols, &days, &Setup::default());
            let (report, _) = imported.unwrap_or_else(|error| panic!("{heading}: {error}"));
            let of = |series: &openbell_data_manager::import::SeriesImport| {
                (series.key.symbol.to_string(), series.counts.added)
            };
            report.series.iter().map(of).collect::<Vec<_>>()
        };
        let named =
            |names: &[&str]| names.iter().map(|name| ((*name).to_owned(), 20)).collect::<Vec<_>>();
        let each = import(SymbolChoice::InFile("file".parse().ok()));
        assert_eq!(each, named(&["AAA", "BBB", "CCC"]), "{heading}");
        if heading != "Papier" {
            assert_eq!(
                import(SymbolChoice::Only("BBB".parse().unwrap())),
                named(&["BBB"]),
                "{heading}"
            );
        }
    }
}

#[test]
fn volumes_prices_and_orders_that_no_heading_settles_are_asked() {
    let crypto = Setup { group: "CRYPTO", ..Setup::default() };
    let refused = |text: &str| {
        import_text_of(text.as_bytes(), &minutes(), &crypto).err().expect("a refusal").to_string()
    };
    let two = "ts,open,high,low,close,Volume USDT,Volume BTC\n1735603200,1,2,0.5,1.5,10,7\n";
    assert!(refused(two).contains("cannot tell which volume"));
    let order = "1735603200,92900,93100,93000,93050,12\n1735603260,92950,93150,93050,93100,11\n";
    assert!(refused(order).contains("not in the order open, high, low, close"));
    let named = CsvOptions {
        low: Some("2".parse().unwrap()),
        high: Some("3".parse().unwrap()),
        open: Some("4".parse().unwrap()),
        close: Some("5".parse().unwrap()),
        volume: VolumeSource::Column("6".parse().unwrap()),
        ..minutes()
    };
    assert_eq!(
        import_text_of(order.as_bytes(), &named, &crypto).unwrap().rows.low,
        [92_900.0, 92_950.0]
    );
    let interest = "ts,Open Interest,high,low,close,volume\n1735603200,1,2,0.5,1.5,10\n";
    assert!(refused(interest).contains("cannot find the column for open"));
    let scaled = CsvOptions { price_scale: 0.0001, ..minutes() };
    let text = "ts,open,high,low,close,volume\n1735603200,1234567,1234600,1234500,1234567,10\n";
    assert_eq!(import_text_of(text.as_bytes(), &scaled, &crypto).unwrap().rows.open, [123.4567]);
}

#[test]
fn values_that_are_hardly_true_are_imported_and_said() {
    let stamps = written(&opens("US_EQUITY", "1m", "2025-07-02", "2025-07-02"));
    let row = |n: usize, values: &str| format!("{},{values},5\n", stamps[n]);
    let text = format!(
        "ts,open,high,low,close,volume\n{}{}{}{}{}",
        row(0, "100,101,99,100"),
        row(1, "0,0,0,0"),
        row(2, "100,1000000000,99,100"),
        row(3, "100,101,99,100"),
        row(4, "1001,1002,1000,1001"),
    );
    let imported = import_text_of(text.as_bytes(), &minutes(), &Setup::default()).unwrap();
    assert_eq!(imported.rows.len(), 5);
    let found = &imported.report.series[0].findings;
    let lines: Vec<(u64, f64)> =
        found.iter().map(|finding| (finding.line, finding.value)).collect();
    assert_eq!(lines, [(3, 0.0), (4, 1e9), (6, 1_001.0)]);
}
