//! Indicators: states that take in closed bars one by one and know their values at the last one.
//!
//! Every indicator of the [catalogue](openbell_market::indicator) is here. A state is made for one
//! symbol, interval, name and set of parameters. It costs a constant number of operations and a
//! constant amount of memory for each bar; the value at bar i follows from bars 0 to i. What is not
//! ready is absent and never 0; what is ready though nothing moved, nothing was traded or high
//! equals low is 0. No NaN and no infinity leaves a state: a value that float64 cannot hold is
//! absent, and so is one whose sums it cannot hold, as Σ tp·v of prices of 1e300; sums without end
//! (`obv`, `pvt`) do not come back from there. The value of every indicator where nothing moves,
//! the tests `indicator_degenerate` write down name by name.
//!
//! # Formulas
//!
//! n is the period; o, h, l, c, v are those of a bar; HH and LL are the highest high and the lowest
//! low of the last n bars, the bar itself included; tp = (h + l + c)/3; tr is the true range. Ready
//! after so many bars, by [`IndicatorState::ready_after`].
//!
//! | name | value | unit | ready after | at the open |
//! |---|---|---|---|---|
//! | sma | Σc/n | price | n | runs on |
//! | wma | Σ i·c / (n(n+1)/2), i = n for the newest | price | n | runs on |
//! | ema | e += (c − e)·2/(n+1), first Σc/n | price | n | runs on |
//! | dema | 2·E1 − E2 | price | 2n − 1 | runs on |
//! | tema | 3·E1 − 3·E2 + E3 | price | 3n − 2 | runs on |
//! | hma | WMA(⌊√n⌋) of 2·WMA(⌊n/2⌋) − WMA(n) | price | n + ⌊√n⌋ − 1 | runs on |
//! | vwap | Σ tp·v / Σv since the open; absent while Σv is 0 | price | 1 | begins afresh |
//! | twap | mean of c since the open | price | 1 | begins afresh |
//! | rsi | 100·G/(G + L), Wilder means of gains and losses | 0 to 100 | n + 1 | runs on |
//! | macd | EMA(fast) − EMA(slow), both begun together; its EMA(signal); the difference | price | slow + signal − 1 | runs on |
//! | stochastic | k = mean of 100·(c − LL)/(HH − LL); d = mean of k | 0 to 100 | n + k + d − 2 | runs on |
//! | cci | (tp − mean)/(0.015·mean deviation) | none | n | runs on |
//! | roc | 100·(c − c₋ₙ)/c₋ₙ | percent | n + 1 | runs on |
//! | mom | c − c₋ₙ | price | n + 1 | runs on |
//! | williams_r | −100·(HH − c)/(HH − LL) | −100 to 0 | n | runs on |
//! | ultimate_osc | 100·(4·R1 + 2·R2 + R3)/7, R = Σ(c − min(l, c₋₁))/Σtr over each period | 0 to 100 | period3 + 1 | runs on |
//! | plus_di, minus_di | 100·smoothed movement/smoothed tr | 0 to 100 | n + 1 | runs on |
//! | adx | Wilder mean of 100·abs(plus_di − minus_di)/(plus_di + minus_di) | 0 to 100 | 2n | runs on |
//! | mfi | 100·up/(up + down), flows tp·v of the last n bars | 0 to 100 | n + 1 | runs on |
//! | trange | max(h − l, abs(h − c₋₁), abs(l − c₋₁)) | price | 2 | runs on |
//! | atr, atr_daily | Wilder mean of tr | price | n + 1 | runs on |
//! | bbands | SMA ± num_std·σ, σ over n; bandwidth (upper − lower)/middle | price; none | n | runs on |
//! | keltner | EMA ± atr_multiplier·ATR(atr_period) | price | max(n, atr_period + 1) | runs on |
//! | donchian | HH, LL, their mean | price | n | runs on |
//! | stddev | √(Σ(c − mean)²/n) | price | n | runs on |
//! | histvol | √(Σ(r − mean)²/(n − 1))·√(bars a year)·100, r = ln(c/c₋₁) | percent a year | n + 1 | runs on |
//! | obv | v of the first bar, then ± v as c rises or falls | volume | 1 | runs on |
//! | pvt | Σ v·(c − c₋₁)/c₋₁ | volume | 2 | runs on |
//! | volume_sma, avg_volume | Σv/n | volume | n | runs on |
//! | volume_ratio | v over the mean of the n before it | none | n + 1 | runs on |
//! | pivot_points | pp = (h + l + c)/3 of the last earlier session with bars, and its levels | price | one session | takes in the last one |
//! | high_low | HH, LL | price | n | runs on |
//! | swing_high, swing_low | price and open of the last bar strictly above (below) n bars on each side | price; microseconds | 2n + 1 or later | runs on |
//! | avg_range | Σ(h − l)/n | price | n | runs on |
//! | gap_stats | mean of o − c₋₁ over n bars; how many are not 0, above, below | price; bars | n + 1 | runs on |
//! | range_ratio | h − l over the mean of the n before it | none | n + 1 | runs on |
//! | avg_volume_intraday | the mean volume of the bar's slot in the last n sessions of normal length | volume | n sessions | takes in the last one |
//!
//! *Sources*: the definitions are those of TA-Lib 0.8.1, unstable period 0, where TA-Lib has the
//! indicator; Wilder's own (`rsi`, `atr`, the directional ones, pivots) are from "New Concepts in
//! Technical Trading Systems" (1978); `hma` is Alan Hull's, `ultimate_osc` Larry Williams',
//! `keltner` in Linda Raschke's form, `pvt` as in Colby's encyclopedia. A year has 52 weeks for
//! `histvol` of weeks. A logarithm of a price of 0 or below does not exist, and `histvol` is absent
//! while such a return is in its window.
//!
//! # Numbers
//!
//! Sums are taken in a fixed order, without fused multiplication, and logarithms from `libm`, so
//! that every machine has the same bits. Windows never subtract what has left, so nothing drifts
//! and nothing is left behind: a window is the join of a suffix of older values and a prefix of
//! newer ones, both summed anew (the file `window.rs` has the argument). Bands and deviations come
//! from Welford's sums, not from the difference of two squares. The mean of `cci` alone is summed
//! at each bar, in TA-Lib's order, because its deviation can be as small as the rounding of that
//! sum. What a bar costs, the bench `indicators` says.
//!
//! # Why not a published crate
//!
//! As of these releases: `quantedge-ta` 0.21 has the right shape (one bar at a time, absent until
//! ready, seeded like TA-Lib) but half of the names, sums that subtract what leaves, a variance
//! from the difference of two squares, and fused multiplication, whose bits differ from those of
//! machines without it; `kand` 0.2 is TA-Lib in Rust, but its incremental functions are deltas on
//! the last output that leave the windows to the caller and drift, again with fused multiplication;
//! `ta` 0.5 and `yata` 0.7 seed their means with the first value and have values from the first
//! bar on, which is another definition; bindings to TA-Lib's C recompute columns. Each is a
//! fair choice elsewhere. Here nothing would be left of them but the formulas, one line each.
//!
//! Not here: names, parameters, keys (`openbell_market::indicator`); which indicators run on which
//! series, and when (the rest of this crate).

mod average;
mod directional;
mod extremes;
mod formula;
mod historical;
mod input;
mod level;
mod momentum;
mod session;
mod state;
mod volatility;
mod volume;
mod window;

pub use formula::ReadyAfter;
pub use historical::historical_values;
pub use input::{InputBar, InputRows, MarketFacts, SessionLength, SessionStart};
pub use state::{IndicatorState, N_VALUES_MAX};
