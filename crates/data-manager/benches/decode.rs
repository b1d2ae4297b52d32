//! How fast stored bars become columns: the decoder alone, through a feed session by session, and
//! read ahead by a thread. Each prints bars per second, and first a digest of what it has read.

#![allow(clippy::disallowed_methods)] // A bench makes its own store.

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use openbell_data_manager::generate::{MarketPlan, SymbolPlan, generate};
use openbell_data_manager::{DataManager, Feed, Prefetch, StoreOptions, StoreWriter};
use openbell_market::{BarColumns, BarInterval, SeriesKey};
use openbell_time::{Calendar, Session, TimeManager, Timestamp};

const N_SYMBOLS: usize = 20;

struct Fixture {
    _folder: tempfile::TempDir,
    store: DataManager,
    keys: Vec<SeriesKey>,
    calendar: Calendar,
    sessions: Vec<Session>,
    n_bars: u64,
}

/// Twenty symbols over the sessions of one month.
fn fixture() -> Fixture {
    let folder = tempfile::tempdir().expect("a folder");
    let symbols = (0..N_SYMBOLS)
        .map(|n| SymbolPlan::liquid(format!("S{n:03}").parse().expect("a symbol")))
        .collect::<Vec<_>>();
    let plan = MarketPlan {
        exchange_group: "US_EQUITY".to_owned(),
        seed: 1,
        first: "2024-05-01".parse().expect("a date"),
        last: "2024-05-31".parse().expect("a date"),
        symbols,
    };
    let calendar = TimeManager::new().calendar("US_EQUITY").expect("a calendar");
    let mut writer = StoreWriter::open(folder.path()).expect("a store");
    let report = generate(&plan, &calendar, &mut writer).expect("a market");
    let store = DataManager::open(folder.path(), &StoreOptions::default()).expect("a store");
    let interval = BarInterval::from_mins(1).expect("a minute");
    let keys = plan.symbols.iter().map(|s| SeriesKey { symbol: s.symbol.clone(), interval });
    let keys = keys.collect();
    let sessions = calendar.sessions(plan.first..=plan.last).expect("sessions").to_vec();
    Fixture { _folder: folder, store, keys, calendar, sessions, n_bars: report.n_bars }
}

/// The sum of a hash of every row: the same however rows are cut and ordered, and none can be left
/// out.
fn digest(rows: &BarColumns) -> u64 {
    let row_hash = |row: usize| {
        let bar = rows.ohlcv(row);
        [bar.open, bar.high, bar.low, bar.close, bar.volume].iter().fold(
            rows.opens_at_ns[row] as u64,
            |state, value| {
                (state ^ value.to_bits()).wrapping_mul(0x0000_0100_0000_01B3).rotate_left(23)
            },
        )
    };
    (0..rows.len()).map(row_hash).fold(0, u64::wrapping_add)
}

fn read_whole(fixture: &Fixture, rows: &mut BarColumns, visit: &mut dyn FnMut(&BarColumns)) {
    for key in &fixture.keys {
        rows.clear();
        let all = Timestamp::MIN..Timestamp::MAX;
        fixture.store.read(key, all, &fixture.calendar, rows).expect("rows");
        visit(rows);
    }
}

fn read_by_session(fixture: &Fixture, rows: &mut BarColumns, visit: &mut dyn FnMut(&BarColumns)) {
    for key in &fixture.keys {
        let mut feed = fixture.store.feed(key, &fixture.calendar).expect("a feed");
        for session in &fixture.sessions {
            rows.clear();
            feed.poll(session.close, session.close, rows).expect("rows");
            visit(rows);
        }
    }
}

fn read_ahead(fixture: &Fixture, rows: &mut BarColumns, visit: &mut dyn FnMut(&BarColumns)) {
    let windows = fixture.sessions.iter().map(|s| s.open..s.close).collect();
    let prefetch = Prefetch::start(windows, 1).expect("a thread");
    let mut feeds: Vec<_> = fixture
        .keys
        .iter()
        .map(|key| prefetch.feed(fixture.store.feed(key, &fixture.calendar).expect("a feed")))
        .collect();
    for feed in &mut feeds {
        feed.seek(fixture.sessions[0].open).expect("a seek");
    }
    for session in &fixture.sessions {
        for feed in &mut feeds {
            rows.clear();
            feed.poll(session.close, session.close, rows).expect("rows");
            visit(rows);
        }
    }
}

fn decode(c: &mut Criterion) {
    type Read = fn(&Fixture, &mut BarColumns, &mut dyn FnMut(&BarColumns));
    let fixture = fixture();
    let reads: [(&str, Read); 3] =
        [("bare", read_whole), ("by session", read_by_session), ("read ahead", read_ahead)];
    let mut group = c.benchmark_group("decode");
    group.throughput(Throughput::Elements(fixture.n_bars));
    for (name, read) in reads {
        let mut rows = BarColumns::default();
        let (mut state, mut n_bars) = (0_u64, 0);
        read(&fixture, &mut rows, &mut |rows| {
            state = u64::wrapping_add(state, digest(rows));
            n_bars += rows.len() as u64;
        });
        assert_eq!(n_bars, fixture.n_bars, "{name} reads every bar once");
        println!("decode/{name}: {n_bars} bars, digest {state:016x}");
        group.bench_function(name, |bencher| {
            bencher.iter(|| {
                read(&fixture, &mut rows, &mut |rows| {
                    black_box(rows.close.last());
                });
            });
        });
    }
    group.finish();
}

criterion_group! {
    name = benches;
    config = Criterion::default().sample_size(20);
    targets = decode
}
criterion_main!(benches);
