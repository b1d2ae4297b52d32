//! Every feed passes the contract; a stored one is read by row, in order, and in bounded memory.

#![allow(clippy::disallowed_methods)] // Tests make files and look for the shared data.

use std::ops::Range;
use std::path::Path;

use openbell_data_manager::{
    Arrival, DataError, DataManager, DownCause, Feed, Link, MemoryFeed, Prefetch, ScriptedFeed,
    StoreOptions, contract,
};
use openbell_market::BarColumns;
use openbell_time::{Nanos, Timestamp};

use crate::reference::{Size, references};
use crate::support::{at, minutes, open, read_all, rows, series, store_with, us_equity};

#[test]
fn a_memory_feed_passes_the_contract() {
    let key = series("AAPL 1m");
    let expected = minutes("2025-06-30T13:30:00Z", 700);
    contract::check_all(
        || MemoryFeed::new(key.clone(), expected.clone()),
        &expected,
        Timestamp::MAX,
    );
}

#[test]
fn a_parquet_feed_over_three_months_passes_the_contract() {
    let key = series("BTC-USD 1m");
    let expected = minutes("2025-05-31T20:00:00Z", 44_000);
    let folder = store_with(&key, &expected);
    let store = open(&folder);
    assert_eq!(store.series()[0].files.len(), 3);
    let calendar = us_equity();
    contract::check_all(|| store.feed(&key, &calendar).unwrap(), &expected, Timestamp::MAX);
}

/// Minutes of so many hours of so many days, from 13:30Z on the first.
fn hours_of_days(first: &str, n_days: i32, n_minutes: usize) -> BarColumns {
    let mut all = BarColumns::default();
    for day in 0..n_days {
        let open = at(first) + Nanos::from_secs(86_400 * i64::from(day));
        let of_day = minutes(&open.to_string(), n_minutes);
        all.extend_from(&of_day, 0..n_minutes);
    }
    all
}

/// What a feed says is ready is delivered though its files are gone; the next row is not.
#[test]
fn what_is_ready_takes_no_file() {
    let key = series("BTC-USD 1m");
    // Sessions of 6.5 hours end with their row groups; a market that never closes has none that do.
    let in_sessions = hours_of_days("2025-07-01T13:30:00Z", 30, 390);
    let day_and_night = minutes("2025-07-01T13:30:00Z", 40_000);
    for (mut expected, n_ready_min, n_ready_max) in
        [(in_sessions, 1_900, 2_048), (day_and_night, 4_096, 4_096)]
    {
        // So different that the file is too large to be held whole.
        for (row, volume) in expected.volume.iter_mut().enumerate() {
            *volume = (row * 7_919 % 1_000_003) as f64 / 7.0;
        }
        let folder = store_with(&key, &expected);
        let mut feed = open(&folder).feed(&key, &us_equity()).unwrap();
        assert_eq!(feed.ready_until(), Timestamp::MIN, "nothing is read before the first poll");
        let mut out = BarColumns::default();
        let until = at("2025-07-01T20:00:00Z");
        feed.poll(until, until, &mut out).unwrap();
        assert_eq!(out.len(), 390);
        let ready = feed.ready_until();
        let n_ready = expected.opens_at_ns.partition_point(|&ns| ns < ready.as_nanos());
        assert!((n_ready_min..=n_ready_max).contains(&n_ready), "{n_ready} rows are ready");
        std::fs::remove_dir_all(folder.path().join("exchange_group=US_EQUITY")).unwrap();
        let mut day = until;
        while day < ready {
            day = (day + Nanos::from_secs(86_400)).min(ready);
            feed.poll(day, day, &mut out).unwrap();
        }
        let mut wanted = BarColumns::default();
        wanted.extend_from(&expected, 0..n_ready);
        assert_eq!(out, wanted);
        let error = feed.poll(day, Timestamp::MAX, &mut out).unwrap_err();
        assert!(error.to_string().contains("cannot be read from"), "{error}");
    }
}

/// One window a day, midnight to midnight.
fn day_windows(first: &str, n_days: i32) -> Vec<Range<Timestamp>> {
    let first = at(first).utc_date();
    (0..n_days)
        .map(|day| first.plus_days(day).utc_midnight()..first.plus_days(day + 1).utc_midnight())
        .collect()
}

#[test]
fn a_prefetched_feed_passes_the_contract_inside_and_outside_its_windows() {
    let key = series("BTC-USD 1m");
    let expected = minutes("2025-06-28T20:00:00Z", 9_000);
    for (windows, n_ahead) in [
        (Vec::new(), 1),
        (day_windows("2025-06-28T00:00:00Z", 10), 1),
        (day_windows("2025-06-30T00:00:00Z", 2), 0),
        (day_windows("2025-06-30T00:00:00Z", 3), 5),
    ] {
        let prefetch = Prefetch::start(windows, n_ahead).unwrap();
        let make = || prefetch.feed(MemoryFeed::new(key.clone(), expected.clone()));
        contract::check_all(make, &expected, Timestamp::MAX);
    }
}

#[test]
fn a_prefetched_feed_fails_where_the_bare_one_fails() {
    let key = series("AAPL 1m");
    let mut unsorted = minutes("2025-07-02T13:30:00Z", 300);
    unsorted.opens_at_ns.swap(200, 201);
    let prefetch = Prefetch::start(day_windows("2025-07-02T00:00:00Z", 1), 1).unwrap();
    let mut ahead = prefetch.feed(MemoryFeed::new(key.clone(), unsorted.clone()));
    let mut bare = MemoryFeed::new(key, unsorted);
    let (mut out_ahead, mut out_bare) = (BarColumns::default(), BarColumns::default());
    for minute in 0..310 {
        let until = at("2025-07-02T13:30:00Z") + Nanos::from_secs(60 * minute);
        let a = ahead.poll(until, until, &mut out_ahead).map_err(|error| error.to_string());
        let b = bare.poll(until, until, &mut out_bare).map_err(|error| error.to_string());
        assert_eq!(a, b, "minute {minute}");
        assert_eq!(out_ahead, out_bare, "minute {minute}");
    }
    assert_eq!(out_bare.len(), 201);
}

#[test]
fn a_prefetched_feed_says_so_when_the_thread_is_gone() {
    let rows = minutes("2025-07-02T13:30:00Z", 5);
    let prefetch = Prefetch::start(day_windows("2025-07-02T00:00:00Z", 1), 1).unwrap();
    let mut feed = prefetch.feed(MemoryFeed::new(series("AAPL 1m"), rows));
    drop(prefetch);
    let error = feed.poll(Timestamp::MAX, Timestamp::MAX, &mut BarColumns::default()).unwrap_err();
    assert!(matches!(error, DataError::PrefetchEnded { .. }), "{error}");
}

#[test]
fn many_feeds_are_read_ahead_by_one_thread() {
    let expected = minutes("2025-06-30T00:00:00Z", 4_000);
    let prefetch = Prefetch::start(day_windows("2025-06-30T00:00:00Z", 3), 2).unwrap();
    let mut feeds: Vec<_> = (0..50)
        .map(|n| prefetch.feed(MemoryFeed::new(series(&format!("S{n} 1m")), expected.clone())))
        .collect();
    for feed in &mut feeds {
        feed.seek(at("2025-06-30T00:00:00Z")).unwrap();
    }
    for window in day_windows("2025-06-30T00:00:00Z", 3) {
        let last = feeds.len() - 1;
        feeds.swap(0, last);
        for feed in &mut feeds {
            let mut out = BarColumns::default();
            feed.poll(window.end, window.end, &mut out).unwrap();
            assert_eq!(out.opens_at(0), window.start);
        }
    }
}

#[test]
fn a_scripted_feed_passes_the_contract() {
    let expected = minutes("2025-07-02T13:30:00Z", 390);
    let make = || {
        let mut feed =
            ScriptedFeed::new(series("AAPL 1m"), at("2025-07-02T13:00:00Z"), Nanos::from_secs(30));
        feed.arrive_after_close(&expected, Nanos::from_secs(1));
        feed
    };
    contract::check_all(make, &expected, at("2025-07-02T20:00:01Z"));
}

#[test]
fn scripted_feeds_of_a_sound_source_keep_the_promises_of_a_live_feed() {
    let expected = minutes("2025-07-02T13:30:00Z", 390);
    let (since, until) = (at("2025-07-02T13:00:00Z"), at("2025-07-02T20:01:00Z"));
    let closes_at = |opens_at: Timestamp| opens_at + Nanos::from_secs(60);
    let healthy = || {
        let mut feed = ScriptedFeed::new(series("AAPL 1m"), since, Nanos::from_secs(90));
        feed.continuous().arrive_after_close(&expected, Nanos::from_secs(1));
        let (opens_at, ohlcv) = (expected.opens_at(20), expected.ohlcv(21));
        feed.arrives(at("2025-07-02T14:00:00Z"), Arrival::Revision { opens_at, ohlcv });
        feed
    };
    contract::check_live(healthy, &expected, closes_at, since..until);
    // From 14:10 on nothing comes for ten minutes; then history has what was missed.
    let (cut, back) = (at("2025-07-02T14:10:00Z"), at("2025-07-02T14:20:00Z"));
    let interrupted = || {
        let mut feed = ScriptedFeed::new(series("AAPL 1m"), since, Nanos::from_secs(90));
        feed.continuous();
        for row in 0..expected.len() {
            let (opens_at, ohlcv) = (expected.opens_at(row), expected.ohlcv(row));
            let comes_at = closes_at(opens_at) + Nanos::from_secs(1);
            let is_missed = cut < comes_at && comes_at < back;
            feed.arrives(if is_missed { back } else { comes_at }, Arrival::Bar { opens_at, ohlcv });
        }
        feed
    };
    contract::check_live(interrupted, &expected, closes_at, since..until);
}

#[test]
#[should_panic(expected = "nothing is evidence for")]
fn a_feed_that_says_to_be_complete_ahead_of_time_breaks_its_contract() {
    let expected = minutes("2025-07-02T13:30:00Z", 10);
    let (since, until) = (at("2025-07-02T13:00:00Z"), at("2025-07-02T13:41:00Z"));
    let make = || {
        let mut feed = ScriptedFeed::new(series("AAPL 1m"), since, Nanos::from_secs(90));
        feed.arrive_after_close(&expected, Nanos::from_secs(1));
        let ahead = at("2025-07-02T13:40:30Z");
        feed.arrives(at("2025-07-02T13:35:00Z"), Arrival::CompleteThrough(ahead));
        feed
    };
    contract::check_live(make, &expected, |at| at + Nanos::from_secs(60), since..until);
}

#[test]
fn a_live_bar_is_there_from_its_arrival_on() {
    let mut feed =
        ScriptedFeed::new(series("AAPL 1m"), at("2025-07-02T13:30:00Z"), Nanos::from_secs(30));
    feed.continuous();
    feed.arrive_after_close(&minutes("2025-07-02T13:30:00Z", 2), Nanos::from_secs(90));
    let mut out = BarColumns::default();
    let end = at("2025-07-02T20:00:00Z");
    let early = feed.poll(at("2025-07-02T13:32:29Z"), end, &mut out).unwrap();
    assert!(out.is_empty());
    assert_eq!(early.complete_through, at("2025-07-02T13:30:00Z"));
    let since = at("2025-07-02T13:30:00Z");
    assert_eq!(early.link, Link::Down { since, why: DownCause::Silent, next_try: None });
    let late = feed.poll(at("2025-07-02T13:32:30Z"), end, &mut out).unwrap();
    assert_eq!(out.len(), 1);
    assert_eq!(late.complete_through, at("2025-07-02T13:31:00Z"));
    assert_eq!(late.link, Link::Up { heard_at: at("2025-07-02T13:32:30Z") });
}

#[test]
fn an_interval_end_mark_says_that_a_quiet_minute_is_whole() {
    let mut feed =
        ScriptedFeed::new(series("AAPL 1m"), at("2025-07-02T13:30:00Z"), Nanos::from_secs(30));
    feed.arrives(at("2025-07-02T13:31:02Z"), Arrival::CompleteThrough(at("2025-07-02T13:31:00Z")));
    let end = at("2025-07-02T20:00:00Z");
    let progress = feed.poll(at("2025-07-02T13:31:02Z"), end, &mut BarColumns::default()).unwrap();
    assert_eq!(progress.complete_through, at("2025-07-02T13:31:00Z"));
}

#[test]
fn a_failure_of_the_source_lasts_until_the_next_seek() {
    let mut feed =
        ScriptedFeed::new(series("AAPL 1m"), at("2025-07-02T13:30:00Z"), Nanos::from_secs(600));
    feed.arrive_after_close(&minutes("2025-07-02T13:30:00Z", 3), Nanos::ZERO);
    feed.arrives(at("2025-07-02T13:31:30Z"), Arrival::Failure("link lost".to_owned()));
    let mut out = BarColumns::default();
    let end = at("2025-07-02T20:00:00Z");
    for _ in 0..2 {
        assert!(feed.poll(end, end, &mut out).is_err());
    }
    assert_eq!(out.len(), 1, "what was said before the failure is there");
    feed.seek(at("2025-07-02T13:31:00Z")).unwrap();
    feed.poll(end, end, &mut out).unwrap();
    assert_eq!(out.len(), 3);
}

#[test]
fn a_day_is_stamped_with_the_open_of_its_session() {
    let key = series("AAPL 1d");
    let written = rows(&[
        "2025-07-02T00:00:00Z",
        "2025-07-03T00:00:00Z",
        "2025-07-04T00:00:00Z",
        "2025-07-07T00:00:00Z",
    ]);
    let folder = store_with(&key, &written);
    let read = read_all(&open(&folder), &key, &us_equity());
    // The fourth of July is no session: its label stays.
    let expected = [
        "2025-07-02T13:30:00Z",
        "2025-07-03T13:30:00Z",
        "2025-07-04T00:00:00Z",
        "2025-07-07T13:30:00Z",
    ]
    .map(|text| at(text).as_nanos());
    assert_eq!(read.opens_at_ns, expected);
    assert_eq!(read.close, written.close);
}

#[test]
fn a_week_is_stamped_with_the_open_of_its_first_session() {
    let key = series("AAPL 1w");
    // Monday the first of September is Labor Day.
    let folder = store_with(&key, &rows(&["2025-08-25T00:00:00Z", "2025-09-01T00:00:00Z"]));
    let read = read_all(&open(&folder), &key, &us_equity());
    let expected = ["2025-08-25T13:30:00Z", "2025-09-02T13:30:00Z"].map(|text| at(text).as_nanos());
    assert_eq!(read.opens_at_ns, expected);
}

#[test]
fn days_are_sought_and_cut_by_the_open_of_their_session() {
    let key = series("AAPL 1d");
    let folder = store_with(
        &key,
        &rows(&["2024-12-31T00:00:00Z", "2025-01-02T00:00:00Z", "2025-01-03T00:00:00Z"]),
    );
    let store = open(&folder);
    let mut feed = store.feed(&key, &us_equity()).unwrap();
    let mut out = BarColumns::default();
    feed.seek(at("2024-12-31T14:30:01Z")).unwrap();
    feed.poll(Timestamp::MAX, at("2025-01-03T14:30:00Z"), &mut out).unwrap();
    assert_eq!(out.opens_at_ns, [at("2025-01-02T14:30:00Z").as_nanos()]);
}

#[test]
fn an_unsorted_source_ends_at_the_row_that_goes_back() {
    let key = series("AAPL 1m");
    let mut unsorted = minutes("2025-07-02T13:30:00Z", 5);
    unsorted.opens_at_ns.swap(3, 4);
    let mut feed = MemoryFeed::new(key, unsorted);
    let mut out = BarColumns::default();
    let day_end = at("2025-07-02T20:00:00Z");
    let error = feed.poll(day_end, day_end, &mut out).unwrap_err();
    assert_eq!(out.len(), 4);
    assert_eq!(error.unreadable_since(), Some(at("2025-07-02T13:34:00.000000001Z")));
    assert!(feed.poll(day_end, at("2025-07-02T13:34:00Z"), &mut out).is_ok());
}

#[test]
fn an_unknown_series_is_answered_with_the_nearest() {
    let folder = store_with(&series("AAPL 1m"), &minutes("2025-07-02T13:30:00Z", 3));
    let store = open(&folder);
    let error = store.feed(&series("APPL 1m"), &us_equity()).unwrap_err();
    assert!(error.to_string().ends_with("the nearest are AAPL"), "{error}");
    let error = store.feed(&series("AAPL 5m"), &us_equity()).unwrap_err();
    assert!(error.to_string().ends_with("it holds that symbol at 1m"), "{error}");
}

#[test]
fn a_folder_that_holds_no_bars_is_refused_with_what_it_holds() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("notes.txt"), "x").unwrap();
    std::fs::create_dir_all(folder.path().join("us/1m")).unwrap();
    std::fs::write(folder.path().join("us/1m/AAPL.parquet"), "x").unwrap();
    let error = DataManager::open(folder.path(), &StoreOptions::default()).unwrap_err();
    let DataError::NotAStore { found, nested, .. } = &error else { panic!("{error}") };
    assert_eq!(found, "notes.txt, us");
    assert_eq!(nested.len(), 1, "{error}");
}

#[test]
fn the_reference_folders_are_read_as_they_are() {
    let calendar = us_equity();
    for reference in references() {
        let (dataset, n_symbols, symbol, intervals, n_minutes, first_day) = match reference.size {
            Size::Small => ("us-small", 2, "AAA", "1m 1d", 1_004, "2024-08-19T13:30:00Z"),
            Size::Large => ("us-rth-2019", 12, "SPY", "1m 15m 1d", 1_950, "2018-01-02T14:30:00Z"),
        };
        let folder = reference.data().join("bars").join(dataset);
        let store = DataManager::open(folder, &StoreOptions::default()).unwrap();
        assert_eq!(store.symbols().len(), n_symbols);
        let key = series(&format!("{symbol} 1m"));
        let found: Vec<String> =
            store.intervals(&key.symbol).iter().map(ToString::to_string).collect();
        assert_eq!(found.join(" "), intervals);
        let expected = read_all(&store, &key, &calendar);
        assert_eq!(expected.len(), n_minutes);
        contract::check_all(|| store.feed(&key, &calendar).unwrap(), &expected, Timestamp::MAX);
        let days = read_all(&store, &series(&format!("{symbol} 1d")), &calendar);
        assert_eq!(days.opens_at(0), at(first_day));
    }
}

#[test]
fn every_reference_series_has_the_rows_that_its_list_names() {
    for reference in references() {
        let n_series = n_series_that_are_as_listed(&reference.data());
        let n_expected = match reference.size {
            Size::Small => 3,
            Size::Large => 41,
        };
        assert!(n_series >= n_expected, "{n_series}");
    }
}

fn n_series_that_are_as_listed(data: &Path) -> usize {
    let calendar = us_equity();
    let list = std::fs::read_to_string(data.join("series.csv")).unwrap();
    let mut n_series = 0;
    for line in list.lines().skip(1) {
        let fields: Vec<&str> = line.split(',').collect();
        let (kind, dataset, interval, symbol, n_rows) =
            (fields[1], fields[2], fields[3], fields[4], fields[6]);
        if kind != "bars" {
            continue;
        }
        let store =
            DataManager::open(data.join("bars").join(dataset), &StoreOptions::default()).unwrap();
        let key = series(&format!("{symbol} {interval}"));
        let info = store.info(&key).unwrap();
        assert_eq!(info.n_rows.to_string(), n_rows, "{line}");
        let (first, last) = info.span.unwrap();
        assert_eq!((first, last), (at(fields[7]), at(fields[8])), "{line}");
        assert_eq!(read_all(&store, &key, &calendar).len().to_string(), n_rows, "{line}");
        n_series += 1;
    }
    n_series
}
