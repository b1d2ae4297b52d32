//! The bars of one symbol and interval, as small as they can be kept while more are to come.

use std::ops::Range;

/// The finest part of a price that is kept: a hundred-millionth.
const DECIMALS_MAX: u32 = 8;

/// Bars in order of their opens.
#[derive(Clone, PartialEq, Debug, Default)]
pub(crate) struct Kept {
    /// When each opens, in seconds since 1970.
    pub(crate) opens_s: Vec<u32>,
    /// Open, high, low and close, in units of `10^-decimals`.
    pub(crate) prices: [Vec<i32>; 4],
    /// Volumes, to seven digits.
    pub(crate) volumes: Vec<f32>,
    /// Values of each indicator field by its name; NaN where there is none yet.
    pub(crate) indicators: Vec<(String, Vec<f32>)>,
    /// Decimals of the prices.
    pub(crate) decimals: u32,
    /// Whether a price is not exactly what was delivered: it has no tick that could be kept.
    pub(crate) is_rounded: bool,
}

/// One bar before it is kept.
#[derive(Clone, Copy, Debug)]
pub(crate) struct KeptBar {
    pub(crate) opens_s: u32,
    /// Open, high, low, close.
    pub(crate) prices: [f64; 4],
    pub(crate) volume: f64,
}

impl Kept {
    pub(crate) fn len(&self) -> usize {
        self.opens_s.len()
    }

    /// Numbers that are kept: what memory goes by.
    pub(crate) fn n_cells(&self) -> usize {
        self.len() * (6 + self.indicators.len())
    }

    pub(crate) fn push(&mut self, bar: KeptBar) {
        let ticks = self.ticks(bar.prices);
        self.opens_s.push(bar.opens_s);
        for (column, tick) in self.prices.iter_mut().zip(ticks) {
            column.push(tick);
        }
        self.volumes.push(bar.volume as f32);
    }

    /// The prices in units of this series, which is made finer where it must be and can be.
    fn ticks(&mut self, prices: [f64; 4]) -> [i32; 4] {
        loop {
            let scale = power(self.decimals);
            let scaled = prices.map(|price| (price * scale).round());
            let fits = |value: f64| value.abs() < f64::from(i32::MAX);
            let is_exact = scaled.iter().zip(prices).all(|(scaled, price)| scaled / scale == price);
            if (is_exact && scaled.iter().all(|it| fits(*it))) || !self.can_be_finer(&prices) {
                self.is_rounded |= !is_exact;
                return scaled.map(|it| it as i32); // Saturates where one price is beyond all others.
            }
            self.decimals += 1;
            for tick in self.prices.iter_mut().flatten() {
                *tick *= 10;
            }
        }
    }

    /// Whether one more decimal leaves room for all that is kept, and for `prices`.
    fn can_be_finer(&self, prices: &[f64; 4]) -> bool {
        let scale = power(self.decimals + 1);
        let limit = f64::from(i32::MAX) - 1.0;
        self.decimals < DECIMALS_MAX
            && prices.iter().all(|price| (price * scale).abs() < limit)
            && self.prices.iter().flatten().all(|tick| f64::from(*tick).abs() * 10.0 < limit)
    }

    /// Values of indicators for the bars from `first` on.
    pub(crate) fn indicate(&mut self, first: usize, name: &str, values: &[f64]) {
        let place = self.indicators.iter().position(|(known, _)| known == name);
        let place = place.unwrap_or_else(|| {
            self.indicators.push((name.to_owned(), Vec::new()));
            self.indicators.len() - 1
        });
        let column = &mut self.indicators[place].1;
        column.resize(first, f32::NAN);
        column.extend(values.iter().map(|value| *value as f32));
    }

    /// Brings every indicator to the length of the bars: one that a session lacked has no value there.
    pub(crate) fn level(&mut self) {
        let n = self.len();
        for (_, column) in &mut self.indicators {
            column.resize(n, f32::NAN);
        }
    }

    /// The bars, in order.
    pub(crate) fn bars(&self) -> impl Iterator<Item = KeptBar> + '_ {
        let scale = power(self.decimals);
        (0..self.len()).map(move |i| KeptBar {
            opens_s: self.opens_s[i],
            prices: [0, 1, 2, 3].map(|column| f64::from(self.prices[column][i]) / scale),
            volume: self.volumes[i].into(),
        })
    }
}

/// Appends `bars` to `into` in windows of `width_s`, counted from the open of their session, which
/// `session_of` finds: from its open to that of the next. No window reaches over two sessions. Indicators are
/// not carried over: they are of their interval.
pub(crate) fn fold(
    bars: impl Iterator<Item = KeptBar>,
    width_s: u32,
    session_of: impl Fn(u32) -> Range<u32>,
    into: &mut Kept,
) {
    let mut window: Option<KeptBar> = None;
    let mut until = 0; // Of the window: most bars are not divided by anything.
    for bar in bars {
        match &mut window {
            Some(known) if (known.opens_s..until).contains(&bar.opens_s) => {
                let [_, high, low, close] = &mut known.prices;
                *high = high.max(bar.prices[1]);
                *low = low.min(bar.prices[2]);
                *close = bar.prices[3];
                known.volume += bar.volume;
            }
            _ => {
                let session = session_of(bar.opens_s);
                let began = session.start.min(bar.opens_s);
                let since = began + (bar.opens_s - began) / width_s * width_s;
                until = since.saturating_add(width_s).min(session.end);
                if let Some(whole) = window.replace(KeptBar { opens_s: since, ..bar }) {
                    into.push(whole);
                }
            }
        }
    }
    if let Some(whole) = window {
        into.push(whole);
    }
}

/// A power of ten that is a double exactly.
pub(crate) fn power(decimals: u32) -> f64 {
    10_u32.pow(decimals.min(9)).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bar(opens_s: u32, prices: [f64; 4]) -> KeptBar {
        KeptBar { opens_s, prices, volume: 10.0 }
    }

    #[test]
    fn prices_come_back_as_they_were_also_where_later_ones_are_finer() {
        let mut kept = Kept::default();
        let given = [[100.0, 101.0, 99.0, 100.5], [100.25, 100.25, 100.2501, 100.25]];
        for (i, prices) in given.iter().enumerate() {
            kept.push(bar(i as u32 * 60, *prices));
        }
        assert!(!kept.is_rounded);
        assert_eq!(kept.decimals, 4);
        for (i, prices) in given.iter().enumerate() {
            for (column, price) in prices.iter().enumerate() {
                assert_eq!(f64::from(kept.prices[column][i]) / power(kept.decimals), *price);
            }
        }
    }

    #[test]
    fn a_price_without_a_tick_is_kept_to_its_digits_and_said_to_be() {
        let mut kept = Kept::default();
        kept.push(bar(0, [100.0 / 3.0; 4]));
        assert!(kept.is_rounded);
        let shown = f64::from(kept.prices[0][0]) / power(kept.decimals);
        assert!((shown - 100.0 / 3.0).abs() < 1e-6, "{shown}");
    }

    #[test]
    fn folding_takes_the_first_open_the_extremes_the_last_close_and_all_volume() {
        let mut kept = Kept::default();
        for (i, prices) in
            [[1.0, 3.0, 1.0, 2.0], [2.0, 5.0, 2.0, 4.0], [4.0, 4.0, 0.5, 1.0]].iter().enumerate()
        {
            kept.push(bar(1000 + i as u32 * 60, *prices));
        }
        let mut folded = Kept::default();
        fold(kept.bars(), 120, |_| 1000..2000, &mut folded);
        let price =
            |column: usize, i: usize| f64::from(folded.prices[column][i]) / power(folded.decimals);
        assert_eq!(folded.opens_s, [1000, 1120]);
        assert_eq!([price(0, 0), price(1, 0), price(2, 0), price(3, 0)], [1.0, 5.0, 1.0, 4.0]);
        assert_eq!([price(0, 1), price(1, 1), price(2, 1), price(3, 1)], [4.0, 4.0, 0.5, 1.0]);
        assert_eq!(folded.volumes, [20.0, 10.0]);
    }

    #[test]
    fn a_window_ends_where_the_next_session_opens() {
        let mut kept = Kept::default();
        for opens_s in [1000, 1060, 1100, 1160] {
            kept.push(bar(opens_s, [1.0; 4]));
        }
        let mut folded = Kept::default();
        let session_of = |opens_s| if opens_s < 1100 { 1000..1100 } else { 1100..2000 };
        fold(kept.bars(), 86_400, session_of, &mut folded);
        assert_eq!(folded.opens_s, [1000, 1100]);
    }
}
