//! What a strategy pays for a read: the gate, the latest bar, the last hundred, a column; alone,
//! and beside a core that publishes on another thread; of a replay, and of a live run, whose readers
//! hold the core's deadline against a coarse clock.
#![expect(clippy::disallowed_methods, reason = "the core beside the reader is a thread here")]

use std::hint::black_box;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use criterion::{Criterion, criterion_group, criterion_main};
use openbell_market::{BarInterval, Grid, Ohlcv, Symbol, SymbolIdx};
use openbell_session_data::{
    BoardWriter, DeliveredThrough, Member, OutsideReader, SegmentGrid, SegmentShape, SegmentWriter,
    SeriesFacts, SeriesRole, SessionFacts, SymbolHandle, Visibility,
};
use openbell_time::{CoarseTicker, NANOS_PER_SECOND, SessionPart, Timestamp, TradingDate};

const MINUTE_NS: i64 = 60 * NANOS_PER_SECOND;
/// Minutes of a US session.
const N_MINUTES: i64 = 390;
const N_SYMBOLS: u32 = 100;
/// 2025-07-02, 09:30 in New York.
const OPEN_NS: i64 = 1_751_463_000 * NANOS_PER_SECOND;
const BASE: BarInterval = BarInterval::from_mins(1).unwrap();

/// The instant `n` minutes after the open.
fn minute(n: i64) -> Timestamp {
    Timestamp::from_nanos(OPEN_NS + n * MINUTE_NS)
}

/// A whole day of minutes, as a replay has it computed ahead of the clock.
fn series() -> SeriesFacts {
    let part = SessionPart { since: minute(0), until: minute(N_MINUTES) };
    let grid = Grid::clock(vec![part], MINUTE_NS);
    let shape = SegmentShape {
        interval: BASE,
        role: SeriesRole::Base,
        visibility: Visibility::AtClose,
        indicators: Arc::from([]),
    };
    let session_date = TradingDate::from_ymd(2025, 7, 2).unwrap();
    let day = SegmentGrid { session_date, grid: grid.clone(), base_grid: grid };
    let mut writer = SegmentWriter::new(shape, day, N_MINUTES as usize);
    let mut tail = writer.tail();
    for row in 0..N_MINUTES as usize {
        let (price, volume) = (row as f64, 0.0);
        let ohlcv = Ohlcv { open: price, high: price, low: price, close: price, volume };
        tail.bars.write(row, minute(row as i64), ohlcv);
        tail.closes_at_ns[row] = minute(row as i64 + 1).as_nanos();
    }
    writer.commit(N_MINUTES as usize);
    SeriesFacts {
        interval: BASE,
        role: SeriesRole::Base,
        today: Some(Arc::clone(writer.segment())),
        trailing: Arc::from([]),
    }
}

/// Lays a hundred symbols on `board`; a reader, and the handle of one of them.
fn lay(board: &mut BoardWriter) -> (OutsideReader, SymbolHandle) {
    let member = |n: u32| {
        let symbol = Symbol::new(&format!("S{n:03}")).unwrap();
        let through = DeliveredThrough::with_the_clock();
        let idx = SymbolIdx::new(n);
        Arc::new(Member::new(symbol, idx, 1, vec![series()], Arc::from([]), through))
    };
    let session = SessionFacts {
        date: TradingDate::from_ymd(2025, 7, 2).unwrap(),
        open: minute(0),
        close: minute(N_MINUTES),
        keeps_quality: true,
    };
    board.change_members(Some(session), (0..N_SYMBOLS).map(member).collect(), Vec::new());
    let _ = board.publish(minute(200));
    board.hold_until(minute(N_MINUTES));
    let mut reader = board.outside_reader();
    let handle = reader.view().unwrap().symbol("S050").unwrap().handle();
    (reader, handle)
}

fn latest(reader: &mut OutsideReader, handle: SymbolHandle) -> f64 {
    let view = reader.view().unwrap();
    let series = view.by_handle(handle).unwrap().series(BASE).unwrap();
    series.latest().unwrap().ohlcv.close
}

fn last_hundred(reader: &mut OutsideReader, handle: SymbolHandle) -> f64 {
    let view = reader.view().unwrap();
    let series = view.by_handle(handle).unwrap().series(BASE).unwrap();
    series.last(100).map(|bar| bar.ohlcv.close).sum()
}

fn column(reader: &mut OutsideReader, handle: SymbolHandle) -> usize {
    let view = reader.view().unwrap();
    black_box(view.by_handle(handle).unwrap().series(BASE).unwrap().today().close()).len()
}

fn measure(criterion: &mut Criterion, beside: &str, reader: &mut OutsideReader, of: SymbolHandle) {
    let mut group = criterion.benchmark_group(beside);
    group.bench_function("gate", |bench| {
        bench.iter(|| reader.view().unwrap().publication());
    });
    let symbol = reader.view().unwrap().by_handle(of).unwrap().symbol().clone();
    let mut minutes = reader.series_reader(&symbol, BASE);
    group.bench_function("latest bar, series reader", |bench| {
        bench.iter(|| minutes.latest().unwrap().unwrap().ohlcv.close);
    });
    group.bench_function("latest bar, view", |bench| {
        bench.iter(|| latest(reader, black_box(of)));
    });
    group.bench_function("column", |bench| bench.iter(|| column(reader, black_box(of))));
    group
        .bench_function("last hundred", |bench| bench.iter(|| last_hundred(reader, black_box(of))));
    group.finish();
}

fn reads(criterion: &mut Criterion) {
    let (_ticker, clock) = CoarseTicker::new(minute(0));
    let kinds = [("replay", BoardWriter::new()), ("live", BoardWriter::live(clock))];
    for (kind, board) in kinds {
        reads_of(criterion, kind, board);
    }
}

fn reads_of(criterion: &mut Criterion, kind: &str, mut board: BoardWriter) {
    let (mut reader, handle) = lay(&mut board);
    measure(criterion, &format!("{kind}, alone"), &mut reader, handle);

    let mut group = criterion.benchmark_group(format!("{kind}, at each publication"));
    let mut minutes = reader.series_reader(&Symbol::new("S050").unwrap(), BASE);
    let mut instants = (1..=N_MINUTES).cycle().map(minute);
    group.bench_function("publication only", |bench| {
        bench.iter(|| black_box(board.publish(instants.next().unwrap())));
    });
    group.bench_function("publication and latest bar, series reader", |bench| {
        bench.iter(|| {
            let _ = board.publish(instants.next().unwrap());
            minutes.latest().unwrap().unwrap().ohlcv.close
        });
    });
    group.bench_function("publication and latest bar, view", |bench| {
        bench.iter(|| {
            let _ = board.publish(instants.next().unwrap());
            latest(&mut reader, black_box(handle))
        });
    });
    group.finish();

    let is_over = AtomicBool::new(false);
    thread::scope(|threads| {
        threads.spawn(|| {
            while !is_over.load(Ordering::Relaxed) {
                for n in 1..=N_MINUTES {
                    let _ = board.publish(minute(n));
                    // A core publishes after work: about a microsecond of it here.
                    (0..1_000).for_each(|k| _ = black_box(k));
                }
            }
        });
        measure(criterion, &format!("{kind}, beside a core"), &mut reader, handle);
        is_over.store(true, Ordering::Relaxed);
    });
}

criterion_group!(benches, reads);
criterion_main!(benches);
