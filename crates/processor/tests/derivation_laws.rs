//! Laws of bars made from bars, over random sessions with breaks, cut ends and missing minutes.

use openbell_market::{BarColumns, BarInterval, Grid, Ohlcv};
use openbell_processor::{IndicatorSet, SeriesLayout, SeriesMemory, SymbolProcessor};
use openbell_session_data::{Rows, SegmentGrid, Visibility};
use openbell_time::{NANOS_PER_SECOND, SessionPart, Timestamp, TradingDate};
use proptest::prelude::*;

const MINUTE_NS: i64 = 60 * NANOS_PER_SECOND;

/// A session of minutes: its parts, and the bars that there are.
#[derive(Clone, Debug)]
struct Day {
    parts: Vec<SessionPart>,
    bars: BarColumns,
}

fn minute(of_day: i64) -> Timestamp {
    Timestamp::from_nanos(of_day * MINUTE_NS)
}

/// One or two parts of any length, of whose minutes some are missing; volumes are whole numbers,
/// so that their sums do not depend on their order.
fn day() -> impl Strategy<Value = Day> {
    let bar = (1_u32..10_000, 0_u32..50, 0_u32..50, 0_u32..1_000);
    let bars = proptest::collection::vec(proptest::option::weighted(0.7, bar), 400);
    (1_i64..200, 0_i64..3, 1_i64..200, bars).prop_map(|(first, pause, second, bars)| {
        let mut parts = vec![SessionPart { since: minute(0), until: minute(first) }];
        if pause > 0 {
            let since = first + 30 * pause;
            parts.push(SessionPart { since: minute(since), until: minute(since + second) });
        }
        let slots = parts.iter().flat_map(|part| {
            (part.since.as_nanos() / MINUTE_NS)..(part.until.as_nanos() / MINUTE_NS)
        });
        let mut columns = BarColumns::default();
        for (slot, bar) in slots.collect::<Vec<_>>().into_iter().zip(bars) {
            let Some((open, up, down, volume)) = bar else { continue };
            let open = f64::from(open) / 64.0;
            let (high, low) = (open + f64::from(up) / 64.0, open - f64::from(down) / 256.0);
            let ohlcv = Ohlcv { open, high, low, close: low, volume: f64::from(volume) };
            columns.push(minute(slot), ohlcv);
        }
        Day { parts, bars: columns }
    })
}

/// A bar, and how many base bars it saw of how many.
type Made = (i64, i64, [u64; 5], i64, i64);

fn made(rows: Rows<'_>) -> Vec<Made> {
    let (n, expected) = rows.coverage_columns().expect("a derived series");
    let bars = (0..rows.len()).map(|row| {
        let bar = rows.bar(row).expect("a row");
        let o = bar.ohlcv;
        let values = [o.open, o.high, o.low, o.close, o.volume].map(f64::to_bits);
        (bar.opens_at.as_nanos(), bar.closes_at.as_nanos(), values, n[row], expected[row])
    });
    bars.collect()
}

fn interval(minutes: u32) -> BarInterval {
    BarInterval::from_mins(minutes).expect("a length of minutes")
}

/// The bars of `wanted` made of the rows `bars` of `base`, in the pieces that end at `pieces`.
fn derive(
    parts: &[SessionPart],
    base: BarInterval,
    wanted: BarInterval,
    bars: &BarColumns,
    pieces: &[usize],
) -> Vec<Made> {
    let base_grid = Grid::of(base, parts);
    let segment_day = |interval| SegmentGrid {
        session_date: TradingDate::from_days(0),
        grid: Grid::of(interval, parts),
        base_grid: base_grid.clone(),
    };
    let until = parts.last().expect("a part").until;
    let layout = SeriesLayout {
        base: segment_day(base).into(),
        derived: vec![(wanted, segment_day(wanted).into())],
        n_base_slots: base_grid.n_slots(),
        until,
    };
    let mut processor = SymbolProcessor::new(base, &[wanted], |_| IndicatorSet::default());
    let mut series = processor.start_session(&layout, Visibility::AtClose, SeriesMemory::default());
    let closes: Vec<i64> = bars
        .opens_at_ns
        .iter()
        .map(|&ns| {
            let slot = base_grid.slot_containing(Timestamp::from_nanos(ns)).expect("a slot");
            base_grid.slot(slot).expect("a slot").until.as_nanos()
        })
        .collect();
    let mut from = 0;
    for &to in pieces.iter().chain([&bars.len()]) {
        let to = to.clamp(from, bars.len());
        let through = if to == bars.len() { until } else { closed(&closes, to) };
        processor.append(bars, &closes, from..to, through, &mut series, None);
        from = to;
    }
    made(series.derived[0].rows())
}

fn closed(closes_at_ns: &[i64], n_bars: usize) -> Timestamp {
    let last = n_bars.checked_sub(1).map_or(0, |row| closes_at_ns[row]);
    Timestamp::from_nanos(last)
}

fn columns(bars: &[Made]) -> BarColumns {
    let mut columns = BarColumns::default();
    for (opens_at_ns, _, values, _, _) in bars {
        let [open, high, low, close, volume] = values.map(f64::from_bits);
        let ohlcv = Ohlcv { open, high, low, close, volume };
        columns.push(Timestamp::from_nanos(*opens_at_ns), ohlcv);
    }
    columns
}

fn sum(volumes: impl Iterator<Item = f64>) -> f64 {
    volumes.sum()
}

const LONGER: [u32; 6] = [2, 5, 7, 15, 60, 390];

proptest! {
    #[test]
    fn volume_is_conserved_by_any_derivation(day in day(), longer in 0..LONGER.len()) {
        let bars = derive(&day.parts, interval(1), interval(LONGER[longer]), &day.bars, &[]);
        let before = sum(day.bars.volume.iter().copied());
        prop_assert_eq!(sum(columns(&bars).volume.into_iter()), before);
        prop_assert_eq!(bars.iter().map(|bar| bar.3).sum::<i64>(), day.bars.len() as i64);
    }

    #[test]
    fn deriving_in_two_steps_equals_deriving_in_one(day in day(), first in 2_u32..8, times in 2_u32..6) {
        let (short, long) = (interval(first), interval(first * times));
        let in_one = derive(&day.parts, interval(1), long, &day.bars, &[]);
        let short_bars = columns(&derive(&day.parts, interval(1), short, &day.bars, &[]));
        let in_two = derive(&day.parts, short, long, &short_bars, &[]);
        let values = |bars: &[Made]| bars.iter().map(|b| (b.0, b.1, b.2)).collect::<Vec<_>>();
        prop_assert_eq!(values(&in_two), values(&in_one));
    }

    #[test]
    fn a_day_in_pieces_equals_a_day_at_once(
        day in day(),
        longer in 0..LONGER.len(),
        mut pieces in proptest::collection::vec(0_usize..400, 0..40),
    ) {
        pieces.sort_unstable();
        let wanted = interval(LONGER[longer]);
        let at_once = derive(&day.parts, interval(1), wanted, &day.bars, &[]);
        prop_assert_eq!(derive(&day.parts, interval(1), wanted, &day.bars, &pieces), at_once);
    }

    #[test]
    fn no_value_depends_on_a_later_bar(
        day in day(),
        longer in 0..LONGER.len(),
        cut in 0_usize..400,
    ) {
        let wanted = interval(LONGER[longer]);
        let cut = cut.min(day.bars.len());
        let mut other = day.bars.clone();
        for price in [&mut other.open, &mut other.high, &mut other.low, &mut other.close] {
            price[cut..].iter_mut().for_each(|price| *price *= 3.0);
        }
        let known_until = day.bars.opens_at_ns.get(cut).copied().unwrap_or(i64::MAX);
        let known = |bars: &BarColumns| {
            let mut bars = derive(&day.parts, interval(1), wanted, bars, &[]);
            bars.retain(|bar| bar.1 <= known_until);
            bars
        };
        prop_assert_eq!(known(&other), known(&day.bars));
    }

    #[test]
    fn doubled_prices_double_prices_and_nothing_else(day in day(), longer in 0..LONGER.len()) {
        let wanted = interval(LONGER[longer]);
        let mut doubled = day.bars.clone();
        for prices in [&mut doubled.open, &mut doubled.high, &mut doubled.low, &mut doubled.close] {
            prices.iter_mut().for_each(|price| *price *= 2.0);
        }
        let once = derive(&day.parts, interval(1), wanted, &day.bars, &[]);
        let twice = derive(&day.parts, interval(1), wanted, &doubled, &[]);
        let expected: Vec<Made> = once
            .into_iter()
            .map(|(opens, closes, values, n, of)| {
                let [o, h, l, c, v] = values.map(f64::from_bits);
                let values = [o * 2.0, h * 2.0, l * 2.0, c * 2.0, v].map(f64::to_bits);
                (opens, closes, values, n, of)
            })
            .collect();
        prop_assert_eq!(twice, expected);
    }
}
