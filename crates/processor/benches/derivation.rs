//! What a derived bar costs: a day of 390 one-minute bars, folded into each longer interval.
//!
//! The time is that of the whole day, the base series included; `bars` are base bars.

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use openbell_market::{BarColumns, BarInterval, Grid, Ohlcv};
use openbell_processor::{IndicatorSet, SeriesLayout, SeriesMemory, SymbolProcessor};
use openbell_session_data::{SegmentGrid, Visibility};
use openbell_time::{NANOS_PER_SECOND, SessionPart, Timestamp, TradingDate};

const N_MINUTES: i64 = 390;
const MINUTE_NS: i64 = 60 * NANOS_PER_SECOND;

fn minute(of_day: i64) -> Timestamp {
    Timestamp::from_nanos(of_day * MINUTE_NS)
}

fn layout(parts: &[SessionPart], base: BarInterval, derived: &[BarInterval]) -> SeriesLayout {
    let segment_day = |interval| SegmentGrid {
        session_date: TradingDate::from_days(0),
        grid: Grid::of(interval, parts),
        base_grid: Grid::of(base, parts),
    };
    SeriesLayout {
        base: segment_day(base).into(),
        derived: derived.iter().map(|&interval| (interval, segment_day(interval).into())).collect(),
        n_base_slots: N_MINUTES as usize,
        until: minute(N_MINUTES),
    }
}

fn derivation(criterion: &mut Criterion) {
    let mut bars = BarColumns::default();
    for slot in 0..N_MINUTES {
        let open = 100.0 + (slot * 37 % 101) as f64 / 64.0;
        let (high, low, close) = (open + 0.5, open - 0.25, open + 0.125);
        bars.push(minute(slot), Ohlcv { open, high, low, close, volume: 100.0 });
    }
    let closes_at_ns: Vec<i64> = bars.opens_at_ns.iter().map(|ns| ns + MINUTE_NS).collect();
    let parts = [SessionPart { since: minute(0), until: minute(N_MINUTES) }];
    let interval = |text: &str| text.parse::<BarInterval>().expect("an interval");
    let base = interval("1m");
    let mut group = criterion.benchmark_group("derivation");
    group.throughput(Throughput::Elements(N_MINUTES as u64));
    for derived in [&[][..], &["5m"], &["1h"], &["1d"], &["5m", "15m", "1h", "1d"]] {
        let intervals: Vec<BarInterval> = derived.iter().map(|text| interval(text)).collect();
        let day = layout(&parts, base, &intervals);
        let mut processor = SymbolProcessor::new(base, &intervals, |_| IndicatorSet::default());
        let name = if derived.is_empty() { "base alone".to_owned() } else { derived.join(" ") };
        group.bench_function(name, |bencher| {
            bencher.iter(|| {
                let mut series =
                    processor.start_session(&day, Visibility::AtClose, SeriesMemory::default());
                let rows = 0..bars.len();
                processor.append(&bars, &closes_at_ns, rows, day.until, &mut series, None);
                black_box(series.base.rows().len())
            });
        });
    }
    group.finish();
}

criterion_group!(benches, derivation);
criterion_main!(benches);
