//! The final bars of a recorded session: by the engine's rules, with late ones and revisions, into a
//! store, and as far as they can be read of a damaged recording.

use openbell_coordinator::{Digest, Occasion};
use openbell_data_manager::{
    DataManager, Link, MergeCounts, Progress, Provenance, StoreOptions, StoreWriter, Trading,
};
use openbell_market::{Adjustment, BarColumns, BarInterval, Ohlcv, SeriesKey};
use openbell_recorder::{
    Durability, RecordedHeard, RecordedLook, RecorderError, RecordingWriter, StoredSession,
    into_store, session_bars,
};
use openbell_time::{Nanos, Timestamp};
use serde_json::json;

use super::support::{Place, date, plain};

/// A row: minutes after the open of 2026-11-24, and a price.
type Row = (i64, f64);

fn minute(n: i64) -> Timestamp {
    let open: Timestamp = "2026-11-24T14:30:00Z".parse().unwrap();
    open + Nanos::from_secs(60 * n)
}

fn bar(price: f64) -> Ohlcv {
    Ohlcv { open: price, high: price + 1.0, low: price, close: price, volume: 5.0 }
}

fn columns(rows: &[Row]) -> BarColumns {
    let mut columns = BarColumns::default();
    rows.iter().for_each(|&(n, price)| columns.push(minute(n), bar(price)));
    columns
}

fn key(symbol: &str) -> SeriesKey {
    SeriesKey { symbol: symbol.parse().unwrap(), interval: BarInterval::from_mins(1).unwrap() }
}

/// What was heard of one series: rows, and revisions.
fn heard(symbol: &str, rows: &[Row], revisions: &[Row]) -> RecordedHeard {
    let SeriesKey { symbol, interval } = key(symbol);
    let (link, trading) = (Link::Up { heard_at: minute(0) }, Trading::Normal);
    let said = Ok(Progress {
        complete_through: minute(0),
        given_up: Vec::new(),
        link,
        trading,
        is_exhausted: false,
    });
    RecordedHeard { symbol, interval, rows: columns(rows), revisions: columns(revisions), said }
}

fn look(number: u64, heard: Vec<RecordedHeard>) -> RecordedLook {
    let wall = minute(number as i64);
    RecordedLook { occasion: Occasion::Look, step: number, wall, heard, ..plain(number, 0) }
}

/// A recording of such looks, of the stocks AAA and BBB; ended where `is_ended`.
fn recorded(place: &Place, heard: Vec<Vec<RecordedHeard>>, is_ended: bool) {
    let mut setup = place.setup(Durability::Normal, None);
    setup.head.config = json!({"session_name": "coins", "mode": "backtest",
        "backtest_config": {"start_date": "2026-11-24", "end_date": "2026-11-24"},
        "session_data_config": {"symbols": ["AAA"], "streams": ["1m", "5m"],
            "historical": {"data": [{"trailing_days": 20, "intervals": ["1m"]}]},
            "indicators": {"session": [{"name": "sma", "period": 3, "interval": "5m"}]}}});
    setup.head.vendor = Some("sim".to_owned());
    let (mut writer, keeper) = RecordingWriter::begin(setup, date(24)).unwrap();
    for (n, heard) in heard.into_iter().enumerate() {
        look(n as u64 + 1, heard).hand_to(&mut writer).unwrap();
    }
    drop(writer);
    if is_ended {
        keeper.end(minute(390), "closed", Digest(1)).unwrap();
    }
}

fn counts(added: u64, updated: u64, unchanged: u64) -> MergeCounts {
    MergeCounts { added, updated, unchanged }
}

/// Merges what is recorded into the place's store.
fn stored(place: &Place) -> StoredSession {
    let bars = session_bars(&place.folder(24)).unwrap();
    let mut writer = StoreWriter::open(place.root.path().join("bars")).unwrap();
    into_store(&bars, &mut writer).unwrap()
}

fn is_marked(place: &Place) -> bool {
    place.folder(24).join("stored.json").exists()
}

#[test]
fn late_bars_find_their_place_and_the_last_value_of_a_bar_holds() {
    let place = Place::new();
    recorded(
        &place,
        vec![
            vec![heard("AAA", &[(0, 10.0)], &[]), heard("BBB", &[(0, 20.0), (1, 21.0)], &[])],
            vec![heard("AAA", &[(2, 12.0)], &[])],
            vec![heard("AAA", &[(1, 11.0)], &[(0, 10.5)])],
            vec![heard("AAA", &[(0, 10.7), (3, 13.0)], &[]), heard("BBB", &[], &[(1, 21.5)])],
            vec![heard("AAA", &[], &[(0, 10.9), (3, 13.5)])],
        ],
        true,
    );
    let bars = session_bars(&place.folder(24)).unwrap();
    let due = [
        (key("AAA"), columns(&[(0, 10.9), (1, 11.0), (2, 12.0), (3, 13.5)])),
        (key("BBB"), columns(&[(0, 20.0), (1, 21.5)])),
    ];
    assert_eq!(bars.series, due);
    assert_eq!((bars.n_looks, bars.exchange_group.as_str()), (5, "US_EQUITY"));
    assert!(bars.damage.is_none() && bars.rejected.is_empty(), "{:?}", bars.rejected);
}

#[test]
fn a_row_that_a_run_rejects_is_in_no_store() {
    let place = Place::new();
    let mut wrong = heard("AAA", &[(0, 10.0), (1, 11.0)], &[]);
    wrong.rows.high[1] = 3.0; // Below its low.
    wrong.rows.push(minute(2) + Nanos::from_secs(7), bar(12.0)); // Between two minutes.
    wrong.rows.push(minute(-30), bar(9.0)); // Before the open.
    wrong.rows.push(minute(390), bar(9.0)); // After the close.
    wrong.rows.push(minute(5), Ohlcv { close: f64::NAN, ..bar(15.0) });
    wrong.rows.push(minute(0), bar(10.0)); // Once more.
    recorded(&place, vec![vec![wrong], vec![heard("AAA", &[(389, 14.0)], &[(5, 15.0)])]], true);
    let bars = session_bars(&place.folder(24)).unwrap();
    let due = columns(&[(0, 10.0), (5, 15.0), (389, 14.0)]);
    assert_eq!(bars.series, [(key("AAA"), due)]);
    assert_eq!(bars.rejected.values().sum::<u64>(), 6, "{:?}", bars.rejected);
    assert_eq!(stored(&place).counts(), counts(3, 0, 0));
}

#[test]
fn what_is_stored_again_adds_nothing_and_all_is_unchanged() {
    let place = Place::new();
    recorded(&place, vec![vec![heard("AAA", &[(0, 10.0), (1, 11.0)], &[])]], true);
    assert!(!is_marked(&place));
    let merged = stored(&place);
    assert_eq!((merged.counts(), merged.is_whole), (counts(2, 0, 0), true));
    assert!(is_marked(&place));
    assert_eq!(stored(&place).counts(), counts(0, 0, 2));
    let options = StoreOptions { exchange_group: Some("US_EQUITY".to_owned()) };
    let store = DataManager::open(place.root.path().join("bars"), &options).unwrap();
    let series = &store.series()[0];
    assert_eq!((&series.key, series.n_rows), (&key("AAA"), 2));
    let provenance = &series.provenance;
    assert_eq!(provenance.provider.as_deref(), Some("sim (recorded)"));
    assert_eq!(provenance.adjustment, Adjustment::Raw);
}

#[test]
fn a_series_that_the_store_refuses_is_named_and_keeps_no_other_out() {
    let place = Place::new();
    let rows = |name| heard(name, &[(0, 10.0), (1, 11.0)], &[]);
    recorded(&place, vec![vec![rows("AAA"), rows("BBB")]], true);
    let mut writer = StoreWriter::open(place.root.path().join("bars")).unwrap();
    let adjusted = Provenance { adjustment: Adjustment::Splits, ..Provenance::default() };
    writer.merge("US_EQUITY", &key("AAA"), &adjusted, &columns(&[(0, 5.0)])).unwrap();
    drop(writer);
    let merged = stored(&place);
    assert_eq!((merged.counts(), merged.is_whole), (counts(2, 0, 0), false));
    let refused: Vec<_> = merged.series.iter().filter(|s| s.merged.is_err()).collect();
    assert_eq!(refused.len(), 1);
    assert_eq!(refused[0].key, key("AAA"));
    assert!(!is_marked(&place));
}

#[test]
fn of_a_damaged_recording_what_can_be_read_is_stored_and_said_to_be_a_part() {
    let place = Place::new();
    let minutes = |n: i64| vec![heard("AAA", &[(n, 10.0 + n as f64)], &[])];
    recorded(&place, (0..40).map(minutes).collect(), true);
    let path = place.folder(24).join("inputs.sqlite");
    let database = rusqlite::Connection::open(&path).unwrap();
    database.execute("UPDATE row SET close = 1 WHERE look = 31", []).unwrap();
    drop(database);
    let bars = session_bars(&place.folder(24)).unwrap();
    assert_eq!((bars.n_looks, bars.series[0].1.len()), (30, 30));
    let damage = bars.damage.as_ref().expect("look 31").to_string();
    assert!(damage.contains("look 31: it is not what was written"), "{damage}");
    let merged = stored(&place);
    assert_eq!((merged.counts(), merged.is_whole), (counts(30, 0, 0), false));
    assert!(!is_marked(&place));
}

#[test]
fn a_file_that_is_cut_off_gives_the_looks_before_the_cut_or_none() {
    let place = Place::new();
    let minutes = |n: i64| vec![heard("AAA", &[(n, 10.0 + n as f64)], &[])];
    recorded(&place, (0..390).map(minutes).collect(), true);
    let path = place.folder(24).join("inputs.sqlite");
    let bytes = std::fs::read(&path).unwrap();
    let mut most = 0;
    for n_pages in 1..bytes.len() / 4096 {
        std::fs::write(&path, &bytes[..n_pages * 4096]).unwrap();
        let bars = session_bars(&place.folder(24)).unwrap();
        assert!(bars.damage.is_some(), "{n_pages} pages");

        let rows = bars.series.first().map(|(_, rows)| rows.clone()).unwrap_or_default();
        let due: Vec<Row> = (0..rows.len() as i64).map(|n| (n, 10.0 + n as f64)).collect();
        assert_eq!(rows, columns(&due), "{n_pages} pages");
        most = most.max(rows.len());
    }
    assert!(most > 100, "{most}");
}

#[test]
fn a_recording_that_goes_on_after_it_was_stored_is_stored_again() {
    let place = Place::new();
    recorded(&place, vec![vec![heard("AAA", &[(0, 10.0)], &[])]], false);
    assert_eq!(stored(&place).counts(), counts(1, 0, 0));
    let setup = place.setup(Durability::Normal, None);
    let (mut writer, _keeper) = RecordingWriter::go_on(setup, date(24)).unwrap();
    let more = vec![heard("AAA", &[(1, 11.0)], &[(0, 10.5)])];
    look(2, more).hand_to(&mut writer).unwrap();
    assert_eq!(stored(&place).counts(), counts(1, 1, 0));
}

#[test]
fn a_head_that_names_no_session_is_refused_by_name() {
    let place = Place::new();
    let setup = place.setup(Durability::Normal, None);
    let (mut writer, _keeper) = RecordingWriter::begin(setup, date(24)).unwrap();
    look(1, vec![heard("AAA", &[(0, 10.0)], &[])]).hand_to(&mut writer).unwrap();
    let error = session_bars(&place.folder(24)).expect_err("the config is none");
    assert!(matches!(error, RecorderError::BadHead { .. }), "{error}");
}
