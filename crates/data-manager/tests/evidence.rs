//! Files against what is said of them: every kind of wrong word is refused with the check that found it
//! and leaves the store as it was; sound files of many kinds pass without a word.

#![allow(clippy::disallowed_methods)] // Tests look at folders.

use openbell_data_manager::import::{
    CsvOptions, ImportReason, Importer, SymbolChoice, VolumeSource,
};
use openbell_data_manager::{Check, DataError, DataManager, StoreOptions, StoreWriter};
use openbell_time::{Timestamp, Weekday};

use crate::evidence_files::{
    at_close, calendar, dates, epochs, file, in_zone, later, local, opens, options, sessions,
    sound, written,
};
use crate::support::importing::{
    Setup, file_of, import_into, import_text_of, import_with, minutes,
};
use crate::support::{at, read_all, series};

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
fn a_file_that_says_another_symbol_in_every_row_is_asked_and_another_spelling_is_not() {
    let file = |symbol: &str| {
        file_of(
            format!("symbol,date,open,high,low,close,volume\n{symbol},2025-07-02,1,1,1,1,5\n")
                .as_bytes(),
        )
    };
    let import = |said: &str, asked: &str, waived: Vec<Check>| {
        let folder = tempfile::tempdir().unwrap();
        let mut writer = StoreWriter::open(folder.path()).unwrap();
        let symbols = SymbolChoice::Only(asked.parse().unwrap());
        let setup = Setup { waived, ..Setup::default() };
        import_into(&mut writer, file(said).path(), &symbols, &options("1d"), &setup)
            .map(|(report, _)| report.series[0].key.symbol.to_string())
    };
    for (said, asked) in
        [("AAA", "AAA"), ("aaa", "AAA"), ("BTCUSDT", "BTC/USDT"), ("BRK-B", "BRK.B")]
    {
        assert_eq!(import(said, asked, vec![]).unwrap(), asked, "{said}");
    }
    let refused = import("AAA", "BBB", vec![]).unwrap_err();
    assert!(refused.to_string().contains("says \"AAA\" in every row, and not BBB"), "{refused}");
    assert_eq!(import("AAA US Equity", "AAA", vec![Check::Symbol]).unwrap(), "AAA");
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

#[test]
fn a_form_that_reads_every_row_is_preferred_and_two_that_do_are_asked() {
    let crypto = Setup { group: "CRYPTO", ..Setup::default() };
    let day_first = |n_days: u32| -> Vec<String> {
        let hours = (1..=n_days).flat_map(|day| (0..24).map(move |hour| (day, hour)));
        hours.map(|(day, hour)| format!("{day:02}/06/2025 {hour:02}:00:00")).collect()
    };
    // The first five hundred rows fit month and day in either order, row 601 only one.
    let zone = in_zone("1h", "UTC");
    let read = import_text_of(file(&day_first(30)).as_bytes(), &zone, &crypto).unwrap();
    assert_eq!(read.rows.opens_at(0), at("2025-06-01T00:00:00Z"));
    let asked = import_text_of(file(&day_first(12)).as_bytes(), &zone, &crypto).err().unwrap();
    assert!(asked.to_string().contains("can be read as"), "{asked}");
    // Times whose zeros a spreadsheet has taken away: the last is none of hours and minutes.
    let night: String =
        (0..25).map(|n| format!("20250702;{};1;2;0.5;1.5;{n}\n", n * 100)).collect();
    let text = format!("<DATE>;<TIME>;<OPEN>;<HIGH>;<LOW>;<CLOSE>;<VOL>\n{night}");
    let read = import_text_of(text.as_bytes(), &in_zone("1m", "UTC"), &crypto).unwrap();
    assert_eq!((read.rows.len(), read.rows.opens_at(24)), (25, at("2025-07-02T00:24:00Z")));
    let hours: String =
        (0..24).map(|n| format!("20250702;{};1;2;0.5;1.5;{n}\n", n * 100)).collect();
    let text = format!("<DATE>;<TIME>;<OPEN>;<HIGH>;<LOW>;<CLOSE>;<VOL>\n{hours}");
    let read = import_text_of(text.as_bytes(), &in_zone("1h", "UTC"), &crypto).unwrap();
    assert_eq!(read.rows.opens_at(23), at("2025-07-02T23:00:00Z"));
}

#[test]
fn the_end_of_a_day_and_a_leap_second_are_known_by_name() {
    let crypto = Setup { group: "CRYPTO", ..Setup::default() };
    let stamps =
        ["2016-12-31 23:59:00", "2016-12-31 23:59:60", "2016-12-31 24:00:00"].map(str::to_owned);
    let read = import_text_of(file(&stamps).as_bytes(), &in_zone("1m", "UTC"), &crypto).unwrap();
    assert_eq!(
        read.rows.opens_at_ns,
        [at("2016-12-31T23:59:00Z"), at("2017-01-01T00:00:00Z")].map(Timestamp::as_nanos)
    );
    assert_eq!(read.report.rejected[&ImportReason::LeapSecond], 1);
}
