//! Laws of what is read, each held against a plain reference over random days.

use std::sync::Arc;

use openbell_market::{Bar, BarColumns, BarInterval, Coverage, Gap, Grid, Ohlcv, Quality};
use openbell_session_data::{
    BoardWriter, HeldView, Segment, SegmentGrid, SegmentShape, SegmentWriter, SeriesFacts,
    SeriesRole, SessionMetrics, Visibility, WholeBars,
};
use openbell_time::SessionPart;
use proptest::prelude::*;

use crate::sample::{
    BASE, STEP_NS, at, base_series, base_shape, day, day_of, member, part, push, session,
};

/// A view at `as_of` of the one member `A` with these series.
fn view_at(as_of: i64, day: &SegmentGrid, series: Vec<SeriesFacts>) -> HeldView {
    let mut board = BoardWriter::new();
    board.change_members(Some(session(day)), vec![member("A", 0, 1, series)], Vec::new());
    let _ = board.publish(at(as_of));
    board.outside_reader().view().unwrap().hold()
}

/// Instants that rise by the given steps.
fn rising(steps: &[i64]) -> Vec<i64> {
    steps
        .iter()
        .scan(0, |instant, step| {
            *instant += step;
            Some(*instant)
        })
        .collect()
}

/// Steps of a dense day, of a thin one, and of one with long silences.
fn steps() -> impl Strategy<Value = Vec<i64>> {
    let step = prop_oneof![8 => Just(60), 2 => 1..200_i64, 1 => 1_000..1_000_000_000_000_i64];
    proptest::collection::vec(step, 0..60)
}

proptest! {
    #[test]
    fn no_bar_is_seen_before_it_closes_and_every_bar_once_it_has(
        steps in steps(),
        delays in proptest::collection::vec(0..150_i64, 60),
        around in 0..60_usize,
        offset in -70..70_i64,
    ) {
        let closes = rising(&steps);
        // A live bar is published at or after its close, and in order.
        let visible: Vec<i64> = closes
            .iter()
            .zip(delays)
            .scan(i64::MIN, |last, (close, delay)| {
                *last = (*last).max(close + delay);
                Some(*last)
            })
            .collect();
        let as_of = closes.get(around).or(closes.last()).unwrap_or(&0) + offset;
        for (visibility, instants) in [(Visibility::AtClose, &closes), (Visibility::Recorded, &visible)] {
            let shape = SegmentShape { visibility, ..base_shape() };
            let day = day(0, 0, 100);
            let mut writer = SegmentWriter::new(shape, day.clone(), closes.len());
            for (row, &close) in closes.iter().enumerate() {
                if let Some(column) = writer.tail().visible_at_ns {
                    column[0] = visible[row];
                }
                push(&mut writer, close - 1, close, row as f64);
            }
            let n_due = instants.iter().filter(|&&instant| instant <= as_of).count();
            prop_assert_eq!(writer.rows_at(at(as_of)).len(), n_due);
            let held = view_at(as_of, &day, vec![base_series(writer.segment())]);
            let series = held.view().symbol("A").unwrap().series(BASE).unwrap();
            prop_assert_eq!(series.today().len(), n_due);
            prop_assert_eq!(series.today().closes_at_ns(), &closes[..n_due]);
            let latest = series.latest().map(|bar| bar.closes_at.as_nanos());
            prop_assert_eq!(latest, closes[..n_due].last().copied());
        }
    }

    #[test]
    fn the_last_bars_are_the_end_of_all_sessions_laid_end_to_end(
        lengths in proptest::collection::vec(0..6_i64, 0..5),
        n_today in prop_oneof![1 => Just(None), 4 => (0..6_i64).prop_map(Some)],
        n_seen in 0..6_i64,
        n_asked in 0..30_usize,
        sequence in 0..8_usize,
    ) {
        let session_of = |number: usize, n_rows: i64| {
            let since = number as i64 * 1_000;
            let mut writer = SegmentWriter::new(base_shape(), day(number as i32, since, 6), 6);
            for row in 0..n_rows {
                let opens = since + row * STEP_NS;
                push(&mut writer, opens, opens + STEP_NS, opens as f64);
            }
            Arc::clone(writer.segment())
        };
        let trailing: Vec<Arc<Segment>> =
            lengths.iter().enumerate().map(|(number, &n)| session_of(number, n)).collect();
        let today = n_today.map(|n_rows| session_of(lengths.len(), n_rows));
        let opens = lengths.len() as i64 * 1_000;
        let as_of = opens + n_seen * STEP_NS;

        let all_of = |segment: &Arc<Segment>| -> Vec<Bar> {
            let rows = segment.rows();
            (0..rows.len()).map(|row| rows.bar(row).unwrap()).collect()
        };
        let bars_today: Vec<Bar> = today
            .iter()
            .flat_map(all_of)
            .filter(|bar| bar.closes_at <= at(as_of))
            .collect();
        let mut bars: Vec<Bar> = trailing.iter().flat_map(all_of).collect();
        bars.extend(&bars_today);

        let series = SeriesFacts {
            interval: BASE,
            role: SeriesRole::Base,
            today,
            trailing: Arc::from(trailing),
        };
        let held = view_at(as_of, &day(lengths.len() as i32, opens, 6), vec![series]);
        let series = held.view().symbol("A").unwrap().series(BASE).unwrap();
        let last: Vec<Bar> = series.last(n_asked).collect();
        prop_assert_eq!(&last[..], &bars[bars.len().saturating_sub(n_asked)..]);
        let since: Vec<Bar> = series.since(sequence).collect();
        prop_assert_eq!(&since[..], &bars_today[sequence.min(bars_today.len())..]);
        prop_assert_eq!(series.latest(), bars_today.last().copied());
        let n_trailing: Vec<usize> = series.trailing().map(|rows| rows.len()).collect();
        prop_assert_eq!(n_trailing, lengths.iter().map(|&n| n as usize).collect::<Vec<_>>());
    }
}

/// One random day: its parts, which of its base slots have a bar, and how many rows stand in a
/// row before the open and after the close.
#[derive(Clone, Debug)]
struct RandomDay {
    parts: Vec<SessionPart>,
    has_bar: Vec<bool>,
    n_before: i64,
    n_after: i64,
    as_of: i64,
}

/// The open of every random day, so that there is room before it.
const OPEN: i64 = 100;

fn random_day() -> impl Strategy<Value = RandomDay> {
    let parts = proptest::collection::vec((1..90_i64, 1..40_i64), 1..3);
    let has_bar = proptest::collection::vec(prop::bool::weighted(0.7), 20);
    (parts, has_bar, 0..4_i64, 0..4_i64, 0..420_i64).prop_map(
        |(lengths, has_bar, n_before, n_after, as_of)| {
            let mut since = OPEN;
            let parts = lengths
                .iter()
                .map(|(length, pause)| {
                    let stretch = part(since, since + length);
                    since += length + pause;
                    stretch
                })
                .collect();
            RandomDay { parts, has_bar, n_before, n_after, as_of }
        },
    )
}

impl RandomDay {
    fn day(&self) -> SegmentGrid {
        day_of(0, self.parts.clone())
    }

    /// The base slots in order, each with whether it has a bar.
    fn slots(&self) -> Vec<(SessionPart, bool)> {
        let grid = self.day().grid;
        (0..grid.n_slots()).map(|slot| (grid.slot(slot).unwrap(), self.has_bar[slot])).collect()
    }

    fn close(&self) -> i64 {
        self.parts.last().unwrap().until.as_nanos()
    }

    /// The bars of the day in order: those before the open, the regular ones, those after.
    fn bars(&self) -> Vec<(SessionPart, f64)> {
        let around = |since: i64| part(since, since + STEP_NS);
        let before = (0..self.n_before).rev().map(|k| around(OPEN - (k + 1) * STEP_NS));
        let regular = self.slots().into_iter().filter(|(_, has_bar)| *has_bar).map(|(s, _)| s);
        let after = (0..self.n_after).map(|k| around(self.close() + k * STEP_NS));
        let bounds = before.chain(regular).chain(after);
        // Prices that rise and fall, so that high and low are somewhere in the middle.
        bounds.enumerate().map(|(k, bounds)| (bounds, ((k * 7) % 10 + 1) as f64)).collect()
    }

    fn is_regular(&self, bounds: &SessionPart) -> bool {
        bounds.since >= at(OPEN) && bounds.since < at(self.close())
    }

    /// The base series.
    fn base(&self) -> SeriesFacts {
        let bars = self.bars();
        let mut writer = SegmentWriter::new(base_shape(), self.day(), bars.len());
        for (bounds, value) in bars {
            push(&mut writer, bounds.since.as_nanos(), bounds.until.as_nanos(), value);
        }
        base_series(writer.segment())
    }
}

/// The metrics of bars whose prices and volume are all one number.
fn fold(values: &[f64]) -> Option<SessionMetrics> {
    let (first, last) = (values.first()?, values.last()?);
    let volume: f64 = values.iter().sum();
    Some(SessionMetrics {
        open: *first,
        high: values.iter().copied().fold(f64::MIN, f64::max),
        low: values.iter().copied().fold(f64::MAX, f64::min),
        last: *last,
        volume,
        vwap: Some(values.iter().map(|v| v * v).sum::<f64>() / volume),
    })
}

/// Missing slots among those closed, run by run.
fn plain_gaps(closed: &[(SessionPart, bool)]) -> Vec<Gap> {
    closed
        .chunk_by(|(_, a), (_, b)| a == b)
        .filter(|run| !run[0].1)
        .map(|run| Gap {
            since: run[0].0.since,
            until: run[run.len() - 1].0.until,
            n_bars: run.len() as u32,
        })
        .collect()
}

proptest! {
    /// Bars that were there whole are read as bars that came one by one.
    #[test]
    fn a_segment_of_whole_bars_is_read_as_one_that_was_filled(day in random_day()) {
        let mut columns = BarColumns::default();
        for (bounds, value) in day.bars() {
            let flat =
                Ohlcv { open: value, high: value, low: value, close: value, volume: value };
            columns.push(bounds.since, flat);
        }
        let closes_at_ns = day.bars().iter().map(|(bounds, _)| bounds.until.as_nanos()).collect();
        let n_bars = columns.len();
        let whole = WholeBars { bars: columns.into(), closes_at_ns };
        let mut writer =
            SegmentWriter::of_whole(None, base_shape(), Arc::new(day.day()), whole);
        prop_assert!(writer.rows().is_empty(), "nothing is read before it is committed");
        writer.commit(n_bars);
        let facts_of = |series| {
            let held = view_at(day.as_of, &day.day(), vec![series]);
            let series = held.view().symbol("A").unwrap().base().unwrap();
            let bars: Vec<_> = series.since(0).collect();
            (bars, series.coverage(), series.gaps(), held.view().symbol("A").unwrap().metrics())
        };
        prop_assert_eq!(facts_of(base_series(writer.segment())), facts_of(day.base()));
    }

    #[test]
    fn base_quality_counts_regular_bars_over_the_slots_that_have_closed(day in random_day()) {
        let held = view_at(day.as_of, &day.day(), vec![day.base()]);
        let series = held.view().symbol("A").unwrap().base().unwrap();

        let closed: Vec<(SessionPart, bool)> =
            day.slots().into_iter().filter(|(slot, _)| slot.until <= at(day.as_of)).collect();
        let n = closed.iter().filter(|(_, has_bar)| *has_bar).count() as u32;
        let expected = closed.len() as u32;
        let coverage = (expected > 0).then_some(Coverage { n, expected });
        prop_assert_eq!(series.coverage(), coverage);
        prop_assert_eq!(series.quality(), Quality::of(u64::from(n), u64::from(expected)));
        prop_assert_eq!(series.gaps(), plain_gaps(&closed));
        let n_missing: u32 = series.gaps().iter().map(|gap| gap.n_bars).sum();
        prop_assert_eq!(n_missing, expected - n);
    }

    #[test]
    fn derived_quality_sums_its_closed_windows_and_counts_empty_ones(
        day in random_day(),
        n_steps in 1..5_i64,
    ) {
        let grid = Grid::clock(day.parts.clone(), n_steps * STEP_NS);
        let interval = BarInterval::from_mins(n_steps as u32 + 1).unwrap();
        let shape = SegmentShape { interval, role: SeriesRole::Derived, ..base_shape() };
        let segment_day = SegmentGrid { grid: grid.clone(), ..day.day() };
        let mut writer = SegmentWriter::new(shape, segment_day, grid.n_slots());
        let (mut n_closed, mut expected_closed) = (0, 0);
        for window in (0..grid.n_slots()).map(|slot| grid.slot(slot).unwrap()) {
            let inside: Vec<bool> = day
                .slots()
                .into_iter()
                .filter(|(slot, _)| window.since <= slot.since && slot.since < window.until)
                .map(|(_, has_bar)| has_bar)
                .collect();
            let n = inside.iter().filter(|&&has_bar| has_bar).count();
            if window.until <= at(day.as_of) {
                n_closed += n;
                expected_closed += inside.len();
            }
            if n > 0 {
                let (seen, expected) = writer.tail().coverage.unwrap();
                (seen[0], expected[0]) = (n as i64, inside.len() as i64);
                push(&mut writer, window.since.as_nanos(), window.until.as_nanos(), 1.0);
                let row = writer.rows().coverage(writer.rows().len() - 1).unwrap();
                prop_assert_eq!(row, Coverage { n: n as u32, expected: inside.len() as u32 });
            }
        }
        let series = SeriesFacts {
            interval,
            role: SeriesRole::Derived,
            today: Some(Arc::clone(writer.segment())),
            trailing: Arc::from([]),
        };
        let held = view_at(day.as_of, &day.day(), vec![day.base(), series]);
        let series = held.view().symbol("A").unwrap().series(interval).unwrap();
        let coverage = (expected_closed > 0)
            .then_some(Coverage { n: n_closed as u32, expected: expected_closed as u32 });
        prop_assert_eq!(series.coverage(), coverage);
    }

    #[test]
    fn metrics_are_the_fold_of_the_regular_bars_that_can_be_seen(day in random_day()) {
        let held = view_at(day.as_of, &day.day(), vec![day.base()]);
        let seen: Vec<f64> = day
            .bars()
            .into_iter()
            .filter(|(bounds, _)| day.is_regular(bounds) && bounds.until <= at(day.as_of))
            .map(|(_, value)| value)
            .collect();
        prop_assert_eq!(held.view().symbol("A").unwrap().metrics(), fold(&seen));
    }
}
