//! The indicators once more, plain and slow: every value from its definition, over whole series
//! and by windows that are looked through again at each bar.

use openbell_market::indicator::{IndicatorName, IndicatorSpec};
use openbell_processor::indicator::{InputBar, MarketFacts, SessionLength, SessionStart};

/// One entry for each bar, absent at the front only.
type Series = Vec<Option<f64>>;

/// A session and its bars.
#[derive(Clone, Debug)]
pub struct Day {
    pub start: SessionStart,
    pub bars: Vec<InputBar>,
}

/// The values of `spec` at each bar of `days`, by field.
pub fn plain(spec: &IndicatorSpec, facts: &MarketFacts, days: &[Day]) -> Vec<Series> {
    use IndicatorName as N;
    let bars: Vec<InputBar> = days.iter().flat_map(|day| day.bars.clone()).collect();
    let of =
        |take: fn(&InputBar) -> f64| -> Series { bars.iter().map(|bar| Some(take(bar))).collect() };
    let n = spec.period().unwrap_or(0) as usize;
    let close = of(|bar| bar.ohlcv.close);
    let volume = of(|bar| bar.ohlcv.volume);
    let range = of(|bar| bar.ohlcv.high - bar.ohlcv.low);
    let highest =
        |n| window(&of(|bar| bar.ohlcv.high), n, |w| w.iter().copied().fold(-1e300, f64::max));
    let lowest =
        |n| window(&of(|bar| bar.ohlcv.low), n, |w| w.iter().copied().fold(1e300, f64::min));
    match spec.name() {
        N::Sma => vec![window(&close, n, mean)],
        N::Wma => vec![window(&close, n, weighted_mean)],
        N::Ema => vec![ema(&close, n)],
        N::Dema => {
            let e1 = ema(&close, n);
            let e2 = ema(&e1, n);
            vec![join(&e1, &e2, |a, b| 2.0 * a - b)]
        }
        N::Tema => {
            let e1 = ema(&close, n);
            let e2 = ema(&e1, n);
            let e3 = ema(&e2, n);
            vec![join(&join(&e1, &e2, |a, b| 3.0 * a - 3.0 * b), &e3, |a, b| a + b)]
        }
        N::Hma => {
            let half = window(&close, n / 2, weighted_mean);
            let whole = window(&close, n, weighted_mean);
            let raw = join(&half, &whole, |a, b| 2.0 * a - b);
            let root = (1..=n).filter(|root| root * root <= n).max().unwrap();
            vec![window(&raw, root, weighted_mean)]
        }
        N::Vwap => vec![by_session(days, |bars| {
            let money: f64 = bars.iter().map(|bar| typical(bar) * bar.ohlcv.volume).sum();
            let traded: f64 = bars.iter().map(|bar| bar.ohlcv.volume).sum();
            (traded > 0.0).then(|| money / traded)
        })],
        N::Twap => vec![by_session(days, |bars| {
            Some(bars.iter().map(|bar| bar.ohlcv.close).sum::<f64>() / bars.len() as f64)
        })],
        N::Rsi => {
            let change = changes(&close);
            let gain = wilder(&map(&change, |c| c.max(0.0)), n);
            let loss = wilder(&map(&change, |c| (-c).max(0.0)), n);
            vec![join(&gain, &loss, |g, l| 100.0 * over(g, g + l))]
        }
        N::Macd => {
            let [fast, slow, signal] = ["fast", "slow", "signal"].map(|p| spec.count(p) as usize);
            let mut later = close.clone();
            later.iter_mut().take(slow - fast).for_each(|value| *value = None);
            let macd = join(&ema(&later, fast), &ema(&close, slow), |f, s| f - s);
            let signal = ema(&macd, signal);
            let ready = join(&macd, &signal, |macd, _| macd);
            vec![ready, signal.clone(), join(&macd, &signal, |m, s| m - s)]
        }
        N::Stochastic => {
            let reach = join(&highest(n), &lowest(n), |h, l| h - l);
            let above = join(&close, &lowest(n), |c, l| c - l);
            let raw = join(&above, &reach, |a, r| 100.0 * over(a, r));
            let k = window(&raw, spec.count("k_period") as usize, mean);
            let d = window(&k, spec.count("d_period") as usize, mean);
            vec![join(&k, &d, |k, _| k), d.clone()]
        }
        N::Cci => vec![window(&of(typical), n, |w| {
            let mean = mean(w);
            let deviation = w.iter().map(|tp| (tp - mean).abs()).sum::<f64>() / w.len() as f64;
            if deviation < 1e-12 * mean {
                0.0
            } else {
                (w[w.len() - 1] - mean) / (0.015 * deviation)
            }
        })],
        N::Roc => vec![window(&close, n + 1, |w| 100.0 * over(w[w.len() - 1] - w[0], w[0]))],
        N::Mom => vec![window(&close, n + 1, |w| w[w.len() - 1] - w[0])],
        N::WilliamsR => {
            let reach = join(&highest(n), &lowest(n), |h, l| h - l);
            let below = join(&highest(n), &close, |h, c| h - c);
            vec![join(&below, &reach, |b, r| -100.0 * over(b, r))]
        }
        N::UltimateOsc => {
            let pressure = from_second(&bars, |bar, last| {
                bar.ohlcv.close - bar.ohlcv.low.min(last.ohlcv.close)
            });
            let range = from_second(&bars, true_range);
            let share = |period| {
                let n = spec.count(period) as usize;
                join(&window(&pressure, n, sum), &window(&range, n, sum), over)
            };
            let short = join(&share("period1"), &share("period2"), |a, b| 4.0 * a + 2.0 * b);
            vec![join(&short, &share("period3"), |a, b| 100.0 * (a + b) / 7.0)]
        }
        N::PlusDi => vec![movement(&bars, n).0],
        N::MinusDi => vec![movement(&bars, n).1],
        N::Adx => {
            let (plus, minus) = movement(&bars, n);
            let dx = join(&plus, &minus, |p, m| 100.0 * over((p - m).abs(), p + m));
            vec![wilder(&dx, n)]
        }
        N::Mfi => {
            let flow = |wanted: f64| {
                from_second(&bars, move |bar, last| {
                    let change = typical(bar) - typical(last);
                    let moved = change.abs() > 1e-12 * typical(bar).abs();
                    let flows = moved && change * wanted > 0.0;
                    if flows { typical(bar) * bar.ohlcv.volume } else { 0.0 }
                })
            };
            let (up, down) = (window(&flow(1.0), n, sum), window(&flow(-1.0), n, sum));
            vec![join(&up, &down, |u, d| 100.0 * over(u, u + d))]
        }
        N::Trange => vec![from_second(&bars, true_range)],
        N::Atr | N::AtrDaily => vec![wilder(&from_second(&bars, true_range), n)],
        N::Bbands => {
            let middle = window(&close, n, mean);
            let half = map(&window(&close, n, |w| squares(w) / w.len() as f64), |v| {
                spec.factor("num_std") * v.sqrt()
            });
            let upper = join(&middle, &half, |m, h| m + h);
            let lower = join(&middle, &half, |m, h| m - h);
            let width = join(&upper, &lower, |u, l| u - l);
            let bandwidth = join(&width, &middle, over);
            vec![upper, middle, lower, bandwidth]
        }
        N::Keltner => {
            let atr = wilder(&from_second(&bars, true_range), spec.count("atr_period") as usize);
            let half = map(&atr, |atr| spec.factor("atr_multiplier") * atr);
            let middle = join(&ema(&close, n), &half, |m, _| m);
            let upper = join(&middle, &half, |m, h| m + h);
            let lower = join(&middle, &half, |m, h| m - h);
            vec![upper, middle, lower]
        }
        N::Donchian => {
            let middle = join(&highest(n), &lowest(n), |h, l| (h + l) / 2.0);
            vec![highest(n), lowest(n), middle]
        }
        N::Stddev => vec![window(&close, n, |w| (squares(w) / w.len() as f64).sqrt())],
        N::Histvol => {
            let year = f64::from(facts.sessions_per_year * facts.bars_per_full_session);
            let returns = from_second(&bars, |bar, last| {
                libm::log(bar.ohlcv.close) - libm::log(last.ohlcv.close)
            });
            vec![window(&returns, n, |w| {
                (squares(w) / (w.len() - 1) as f64).sqrt() * year.sqrt() * 100.0
            })]
        }
        N::Obv => vec![running(&bars, Some, |bar, last| {
            bar.ohlcv.volume * (bar.ohlcv.close - last.ohlcv.close).signum_or_zero()
        })],
        N::Pvt => vec![running(
            &bars,
            |_| None,
            |bar, last| bar.ohlcv.volume * (bar.ohlcv.close - last.ohlcv.close) / last.ohlcv.close,
        )],
        N::VolumeSma | N::AvgVolume => vec![window(&volume, n, mean)],
        N::AvgRange => vec![window(&range, n, mean)],
        N::VolumeRatio => vec![window(&volume, n + 1, last_over_mean)],
        N::RangeRatio => vec![window(&range, n + 1, last_over_mean)],
        N::PivotPoints => pivots(days),
        N::HighLow => vec![highest(n), lowest(n)],
        N::SwingHigh => swings(&bars, n, |bar| bar.ohlcv.high),
        N::SwingLow => {
            let mut found = swings(&bars, n, |bar| -bar.ohlcv.low);
            found[0] = map(&found[0], |price| -price);
            found
        }
        N::GapStats => {
            let gap = from_second(&bars, |bar, last| bar.ohlcv.open - last.ohlcv.close);
            let count = |keep: fn(f64) -> bool| {
                window(&gap, n, |w| w.iter().filter(|gap| keep(**gap)).count() as f64)
            };
            let mean = window(&gap, n, mean);
            vec![mean, count(|gap| gap != 0.0), count(|gap| gap > 0.0), count(|gap| gap < 0.0)]
        }
        N::AvgVolumeIntraday => vec![slot_means(days, n)],
    }
}

trait SignumOrZero {
    fn signum_or_zero(self) -> f64;
}

impl SignumOrZero for f64 {
    fn signum_or_zero(self) -> f64 {
        if self == 0.0 { 0.0 } else { self.signum() }
    }
}

fn sum(values: &[f64]) -> f64 {
    values.iter().sum()
}

fn mean(values: &[f64]) -> f64 {
    sum(values) / values.len() as f64
}

fn squares(values: &[f64]) -> f64 {
    let mean = mean(values);
    values.iter().map(|value| (value - mean) * (value - mean)).sum()
}

fn weighted_mean(values: &[f64]) -> f64 {
    let weights = (1..=values.len()).map(|weight| weight as f64);
    let total: f64 = weights.clone().sum();
    values.iter().zip(weights).map(|(value, weight)| value * weight).sum::<f64>() / total
}

fn last_over_mean(values: &[f64]) -> f64 {
    let (last, before) = values.split_last().unwrap();
    over(*last, mean(before))
}

fn over(part: f64, whole: f64) -> f64 {
    if whole == 0.0 { 0.0 } else { part / whole }
}

fn typical(bar: &InputBar) -> f64 {
    (bar.ohlcv.high + bar.ohlcv.low + bar.ohlcv.close) / 3.0
}

fn true_range(bar: &InputBar, last: &InputBar) -> f64 {
    let (high, low, close) = (bar.ohlcv.high, bar.ohlcv.low, last.ohlcv.close);
    (high - low).max((high - close).abs()).max((low - close).abs())
}

fn map(values: &Series, to: impl Fn(f64) -> f64) -> Series {
    values.iter().map(|value| value.map(&to)).collect()
}

fn join(left: &Series, right: &Series, to: impl Fn(f64, f64) -> f64) -> Series {
    left.iter().zip(right).map(|(left, right)| Some(to((*left)?, (*right)?))).collect()
}

fn changes(values: &Series) -> Series {
    let mut found = vec![None; values.len()];
    for i in 1..values.len() {
        found[i] = Some(values[i].unwrap() - values[i - 1].unwrap());
    }
    found
}

fn from_second(bars: &[InputBar], to: impl Fn(&InputBar, &InputBar) -> f64) -> Series {
    (0..bars.len()).map(|i| Some(to(&bars[i], &bars[i.checked_sub(1)?]))).collect()
}

fn window(values: &Series, n: usize, to: impl Fn(&[f64]) -> f64) -> Series {
    (0..values.len())
        .map(|i| {
            let last: Option<Vec<f64>> =
                values[(i + 1).checked_sub(n)?..=i].iter().copied().collect();
            last.map(|last| to(&last))
        })
        .collect()
}

fn smooth(values: &Series, n: usize, next: impl Fn(f64, f64) -> f64) -> Series {
    let first = values.iter().position(Option::is_some).unwrap_or(values.len());
    let mut found: Series = vec![None; values.len()];
    let mut state = None;
    for i in (first + n).saturating_sub(1)..values.len() {
        let value = values[i].unwrap();
        state = Some(match state {
            None => {
                let seed: Vec<f64> = values[first..=i].iter().map(|v| v.unwrap()).collect();
                mean(&seed)
            }
            Some(state) => next(state, value),
        });
        found[i] = state;
    }
    found
}

fn ema(values: &Series, n: usize) -> Series {
    let k = 2.0 / (n as f64 + 1.0);
    smooth(values, n, |state, value| (1.0 - k) * state + k * value)
}

fn wilder(values: &Series, n: usize) -> Series {
    let n_f = n as f64;
    smooth(values, n, |state, value| (state * (n_f - 1.0) + value) / n_f)
}

fn running(
    bars: &[InputBar],
    first: impl Fn(f64) -> Option<f64>,
    term: impl Fn(&InputBar, &InputBar) -> f64,
) -> Series {
    (0..bars.len())
        .map(|i| {
            let start = first(bars[0].ohlcv.volume);
            let terms: f64 = (1..=i).map(|j| term(&bars[j], &bars[j - 1])).sum();
            if i == 0 { start } else { Some(start.unwrap_or(0.0) + terms) }
        })
        .collect()
}

fn movement(bars: &[InputBar], n: usize) -> (Series, Series) {
    let moves: Vec<[f64; 3]> = (1..bars.len())
        .map(|i| {
            let up = bars[i].ohlcv.high - bars[i - 1].ohlcv.high;
            let down = bars[i - 1].ohlcv.low - bars[i].ohlcv.low;
            let plus = if up > down { up.max(0.0) } else { 0.0 };
            let minus = if down > up { down.max(0.0) } else { 0.0 };
            [plus, minus, true_range(&bars[i], &bars[i - 1])]
        })
        .collect();
    let mut found = (vec![None; bars.len()], vec![None; bars.len()]);
    let mut sums = [0.0; 3];
    for (i, terms) in moves.iter().enumerate() {
        for (sum, term) in sums.iter_mut().zip(terms) {
            *sum = if i + 1 < n { *sum + term } else { *sum - *sum / n as f64 + term };
        }
        if i + 1 >= n {
            found.0[i + 1] = Some(100.0 * over(sums[0], sums[2]));
            found.1[i + 1] = Some(100.0 * over(sums[1], sums[2]));
        }
    }
    found
}

fn by_session(days: &[Day], to: impl Fn(&[InputBar]) -> Option<f64>) -> Series {
    days.iter()
        .flat_map(|day| {
            (1..=day.bars.len()).map(|until| to(&day.bars[..until])).collect::<Vec<_>>()
        })
        .collect()
}

fn pivots(days: &[Day]) -> Vec<Series> {
    let mut found: Vec<Series> = vec![Vec::new(); 7];
    for (i, day) in days.iter().enumerate() {
        let earlier = days[..i].iter().rev().find(|day| !day.bars.is_empty());
        let levels = earlier.map(|day| {
            let h = day.bars.iter().map(|bar| bar.ohlcv.high).fold(f64::MIN, f64::max);
            let l = day.bars.iter().map(|bar| bar.ohlcv.low).fold(f64::MAX, f64::min);
            let c = day.bars.last().unwrap().ohlcv.close;
            let pp = (h + l + c) / 3.0;
            [
                pp,
                2.0 * pp - l,
                pp + h - l,
                h + 2.0 * (pp - l),
                2.0 * pp - h,
                pp - (h - l),
                l - 2.0 * (h - pp),
            ]
        });
        for _ in &day.bars {
            for (field, series) in found.iter_mut().enumerate() {
                series.push(levels.map(|levels| levels[field]));
            }
        }
    }
    found
}

fn swings(bars: &[InputBar], n: usize, of: impl Fn(&InputBar) -> f64) -> Vec<Series> {
    let stands_out = |center: usize| {
        let price = of(&bars[center]);
        (center - n..=center + n).all(|i| i == center || of(&bars[i]) < price)
    };
    let at: Vec<Option<usize>> = (0..bars.len())
        .map(|i| (n..(i + 1).saturating_sub(n)).rev().find(|&center| stands_out(center)))
        .collect();
    vec![
        at.iter().map(|center| center.map(|center| of(&bars[center]))).collect(),
        at.iter()
            .map(|center| center.map(|center| bars[center].opens_at.as_micros() as f64))
            .collect(),
    ]
}

fn slot_means(days: &[Day], n: usize) -> Series {
    // A symbol begins with its first bar.
    let first = days.iter().position(|day| !day.bars.is_empty()).unwrap_or(days.len());
    let days = &days[first..];
    let mut found = Vec::new();
    for (i, day) in days.iter().enumerate() {
        let past: Vec<&Day> = days[..i]
            .iter()
            .rev()
            .filter(|day| day.start.length == SessionLength::Normal)
            .take(n)
            .collect();
        for bar in &day.bars {
            let volumes: f64 = past
                .iter()
                .flat_map(|day| &day.bars)
                .filter(|other| other.slot == bar.slot)
                .map(|other| other.ohlcv.volume)
                .sum();
            found.push((past.len() == n).then_some(volumes / n as f64));
        }
    }
    found
}
