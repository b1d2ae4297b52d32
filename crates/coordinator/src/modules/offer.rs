//! What a session has to offer to its modules: what they ask for and it will never have is refused,
//! with the nearest name of what it has.
//!
//! Not here: what is wrong with the settings themselves ([`super::settings`]).

use std::collections::BTreeMap;
use std::fmt;

use openbell_config::{SessionConfig, SessionDataConfig, nearest_name};
use openbell_market::indicator::{HistoricalSpec, IndicatorSpec};
use openbell_market::{BarInterval, Symbol};
use openbell_session_data::{HistoricalHandle, IndicatorHandle};
use openbell_time::{Nanos, Session};
use thiserror::Error;

use crate::consumers::subscription::Subscription;
use crate::plan::Plan;

/// What a module asks for in vain.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
#[non_exhaustive]
pub enum AskedInVain {
    /// Bars of an interval that is not delivered.
    #[error("found {found}, of which this session delivers no bars; the nearest is {nearest} (it delivers {}); take one of them, or add {found} to streams", Listed(.delivered))]
    Interval {
        /// The interval.
        found: BarInterval,
        /// The one that is nearest in length.
        nearest: BarInterval,
        /// Those that are delivered, shortest first.
        delivered: Vec<BarInterval>,
    },
    /// An indicator that is not computed.
    #[error("no {class} indicator of this session has the value {found:?}{}", among(.nearest.as_ref(), .known))]
    Indicator {
        /// The list of `indicators` in which it was looked for: session or historical.
        class: &'static str,
        /// The name of the value.
        found: String,
        /// The one that is most like it.
        nearest: Option<String>,
        /// Those that there are, in the order of the file.
        known: Vec<String>,
    },
    /// A value that an indicator does not have.
    #[error("{}", field_words(.key, .found, .known))]
    Field {
        /// The key of the indicator.
        key: String,
        /// The field.
        found: String,
        /// Those that it has; none where it has but one value, without a name.
        known: &'static [&'static str],
    },
    /// A symbol that never is a member.
    #[error("found {found}, which is in neither symbols nor symbol_schedule, and no scanner of this session can bring it in{}", .nearest.as_ref().map(|symbol| format!("; did you mean {symbol}?")).unwrap_or_default())]
    Symbol {
        /// The symbol.
        found: Symbol,
        /// The symbol of the session that is most like it, if one is.
        nearest: Option<Symbol>,
    },
    /// A subscription that includes no bar that is ever delivered.
    #[error(
        "it is never notified of a bar: its subscription includes no symbol and interval of this session"
    )]
    EveryBar,
}

/// What the file of a session has to offer.
#[derive(Clone, Copy)]
pub(super) struct Offer<'c> {
    data: &'c SessionDataConfig,
}

impl<'c> Offer<'c> {
    pub(super) fn of(config: &'c SessionConfig) -> Offer<'c> {
        Offer { data: &config.session_data_config }
    }

    /// Refuses an interval that the session cannot deliver, whatever is stored. What is not asked
    /// for is delivered where it is the base, which the plan knows.
    pub(super) fn check_interval(&self, found: BarInterval) -> Result<(), AskedInVain> {
        let mut delivered = self.data.intervals();
        let may_be_base = match self.data.base_interval {
            Some(base) => {
                delivered.push(base);
                false
            }
            None => {
                let wants_clock = delivered.iter().any(|interval| interval.clock().is_some());
                let yields_all = delivered.iter().all(|interval| interval.is_made_of(found));
                yields_all && (wants_clock || found == BarInterval::DAY)
            }
        };
        if may_be_base {
            return Ok(());
        }
        check_among(found, delivered)
    }

    /// Where the value `name` of a session indicator stands.
    pub(super) fn session_indicator(&self, name: &str) -> Result<IndicatorHandle, AskedInVain> {
        session_indicator(name, self.data.indicators.session.iter().map(|listed| listed.spec))
    }

    /// The value `name` among those that are fixed for the day.
    pub(super) fn historical_indicator(&self, name: &str) -> Result<HistoricalHandle, AskedInVain> {
        historical_indicator(name, self.data.indicators.historical.iter().map(|listed| listed.spec))
    }

    /// Refuses a symbol that the file does not name, where no scanner can bring it in.
    pub(super) fn check_symbol(&self, found: &Symbol) -> Result<(), AskedInVain> {
        if self.brings_in_any() || self.data.all_symbols().contains(found) {
            return Ok(());
        }
        let nearest = self.data.symbol_like(found);
        Err(AskedInVain::Symbol { found: found.clone(), nearest })
    }

    /// Whether a scanner can make any symbol a member.
    fn brings_in_any(&self) -> bool {
        self.data.scanners.iter().any(|scanner| scanner.enabled)
    }

    /// Refuses a subscription that names an interval that the session cannot deliver.
    pub(super) fn check_subscription(&self, asked: &Subscription) -> Result<(), AskedInVain> {
        asked.named_intervals().iter().try_for_each(|&interval| self.check_interval(interval))
    }
}

/// Refuses a subscription of which `plan` never delivers a bar, or not of each interval that it
/// names.
pub(super) fn check_planned(plan: &Plan, asked: &Subscription) -> Result<(), AskedInVain> {
    let delivered: Vec<BarInterval> =
        std::iter::once(plan.base()).chain(plan.derived().iter().copied()).collect();
    for &interval in asked.named_intervals() {
        check_among(interval, delivered.clone())?;
    }
    let offer = Offer::of(plan.config());
    if asked.is_none() || offer.brings_in_any() {
        return Ok(());
    }
    let symbols = plan.config().session_data_config.all_symbols();
    let speaks = |symbol: &Symbol| delivered.iter().any(|&i| asked.includes(symbol, i));
    if symbols.iter().any(speaks) { Ok(()) } else { Err(AskedInVain::EveryBar) }
}

fn check_among(found: BarInterval, mut delivered: Vec<BarInterval>) -> Result<(), AskedInVain> {
    delivered.sort_unstable();
    delivered.dedup();
    if delivered.contains(&found) {
        return Ok(());
    }
    let distance = |other: &&BarInterval| (nominal(**other) - nominal(found)).as_nanos().abs();
    let nearest = delivered.iter().min_by_key(distance).copied();
    let nearest = nearest.expect("a session streams an interval");
    Err(AskedInVain::Interval { found, nearest, delivered })
}

/// The length by which intervals are near or far.
fn nominal(interval: BarInterval) -> Nanos {
    const DAY_S: i64 = 86_400;
    match interval.clock() {
        Some(clock) => clock.length(),
        None if interval == BarInterval::DAY => Nanos::from_secs(DAY_S),
        None => Nanos::from_secs(7 * DAY_S),
    }
}

/// Where the value `name` stands among the values of `specs`, which are those of a run in their order.
pub(crate) fn session_indicator(
    name: &str,
    specs: impl Iterator<Item = IndicatorSpec>,
) -> Result<IndicatorHandle, AskedInVain> {
    let mut n_columns: BTreeMap<BarInterval, usize> = BTreeMap::new();
    let mut known = Vec::new();
    for spec in specs {
        let of_interval = n_columns.entry(spec.interval()).or_default();
        let fields = spec.name().fields();
        if let Some(at) = spec.columns().iter().position(|column| column == name) {
            return Ok(IndicatorHandle::new(spec.interval(), *of_interval + at));
        }
        *of_interval += fields.len().max(1);
        known.push((spec.key(), fields));
    }
    Err(no_value("session", name, known))
}

/// The value `name` among those of `specs`.
pub(crate) fn historical_indicator(
    name: &str,
    specs: impl Iterator<Item = HistoricalSpec>,
) -> Result<HistoricalHandle, AskedInVain> {
    let mut known = Vec::new();
    for spec in specs {
        let (key, fields) = (spec.key(), spec.spec().name().fields());
        if fields.is_empty() && key == name {
            return Ok(HistoricalHandle::new(&key, ""));
        }
        let field = name.strip_prefix(&key).and_then(|rest| rest.strip_prefix('.'));
        if let Some(field) = field.filter(|field| fields.contains(field)) {
            return Ok(HistoricalHandle::new(&key, field));
        }
        known.push((key, fields));
    }
    Err(no_value("historical", name, known))
}

/// Why there is no value `name`: its indicator has other values, or there is none of that key.
fn no_value(
    class: &'static str,
    name: &str,
    of_run: Vec<(String, &'static [&'static str])>,
) -> AskedInVain {
    for (key, known) in &of_run {
        let Some(rest) = name.strip_prefix(key.as_str()) else { continue };
        let field = rest.strip_prefix('.').or(rest.is_empty().then_some(""));
        if let Some(found) = field {
            return AskedInVain::Field { key: key.clone(), found: found.to_owned(), known };
        }
    }
    let values = |(key, fields): (String, &[&str])| match fields {
        [] => vec![key],
        fields => fields.iter().map(|field| format!("{key}.{field}")).collect(),
    };
    let known: Vec<String> = of_run.into_iter().flat_map(values).collect();
    let nearest = nearest_name(name, known.iter().map(String::as_str)).map(str::to_owned);
    AskedInVain::Indicator { class, found: name.to_owned(), nearest, known }
}

/// How many bars of `interval` a session that is as long as `longest` shows at its close: those of
/// the session and, where history is configured, those before it. Absent where the interval is not
/// one of seconds, minutes or hours.
pub(super) fn bars_within_reach(
    data: &SessionDataConfig,
    longest: &Session,
    interval: BarInterval,
) -> Option<u64> {
    let step_ns = interval.clock()?.length().as_nanos();
    let of_parts = longest.parts().map(|part| (part.length().as_nanos() + step_ns - 1) / step_ns);
    let a_session = of_parts.sum::<i64>() as u64;
    let with_interval = data.historical.data.iter().filter(|of| of.intervals.contains(&interval));
    let n_before = with_interval.map(|of| of.trailing_days).max().unwrap_or(0);
    Some(a_session * (1 + u64::from(n_before)))
}

struct Listed<'l>(&'l [BarInterval]);

impl fmt::Display for Listed<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, interval) in self.0.iter().enumerate() {
            write!(f, "{}{interval}", if i == 0 { "" } else { ", " })?;
        }
        Ok(())
    }
}

fn among(nearest: Option<&String>, known: &[String]) -> String {
    match nearest {
        None => "; it has none, add it to indicators".to_owned(),
        Some(nearest) => {
            format!("; the nearest is {nearest:?} (known here: {})", known.join(", "))
        }
    }
}

fn field_words(key: &str, found: &str, known: &'static [&'static str]) -> String {
    match (found, known, nearest_name(found, known.iter().copied())) {
        (_, [], _) => format!("{key} has one value, which has no name: write {key:?}"),
        ("", [first, ..], _) => {
            let known = known.join(", ");
            format!("{key} has the values {known}: name one, as \"{key}.{first}\"")
        }
        (found, known, nearest) => {
            let (nearest, known) = (nearest.unwrap_or(known[0]), known.join(", "));
            format!(
                "{key} has no value {found:?}; the nearest is {nearest:?} (known here: {known})"
            )
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(streams: &str, more: &str) -> SessionConfig {
        let text = format!(
            r#"{{"session_name": "test", "mode": "backtest",
                "backtest_config": {{"start_date": "2025-07-02", "end_date": "2025-07-02"}},
                "session_data_config": {{"symbols": ["AAPL"], "streams": {streams}{more}}}}}"#
        );
        SessionConfig::parse(&text).expect("a session file").0
    }

    fn interval(text: &str) -> BarInterval {
        text.parse().expect("an interval")
    }

    #[test]
    fn an_interval_that_no_store_can_make_the_session_deliver_is_refused() {
        let vain = |streams: &str, more: &str, asked: &str| {
            Offer::of(&config(streams, more)).check_interval(interval(asked)).err()
        };
        for (streams, more, asked, nearest) in [
            (r#"["1m", "5m"]"#, "", "7m", "5m"),
            (r#"["5m"]"#, "", "15m", "5m"),
            (r#"["5m", "1h"]"#, "", "2m", "5m"),
            (r#"["1d"]"#, "", "1m", "1d"),
            (r#"["5m"]"#, r#", "base_interval": "5m""#, "1m", "5m"),
            (r#"["1m", "1d"]"#, "", "1w", "1d"),
        ] {
            let nearest = interval(nearest);
            match vain(streams, more, asked) {
                Some(AskedInVain::Interval { nearest: found, .. }) => assert_eq!(found, nearest),
                other => panic!("{asked} of {streams}: {other:?}"),
            }
        }
        // The base may be any interval of which all can be made: the store decides.
        for (streams, more, asked) in [
            (r#"["5m"]"#, "", "1m"),
            (r#"["5m", "15m"]"#, "", "15m"),
            (r#"["5m"]"#, r#", "base_interval": "1m""#, "1m"),
            (r#"["1w"]"#, "", "1d"),
            (
                r#"["5m"]"#,
                r#", "indicators": {"session": [{"name": "sma", "period": 5, "interval": "1h"}]}"#,
                "1h",
            ),
        ] {
            assert_eq!(vain(streams, more, asked), None, "{asked} of {streams}{more}");
        }
    }

    #[test]
    fn a_value_of_an_indicator_is_found_once_and_a_misspelt_one_refused_with_the_nearest() {
        let config = config(
            r#"["5m"]"#,
            r#", "indicators": {"session": [
                {"name": "sma", "period": 20, "interval": "5m"}, {"name": "macd", "interval": "5m"}],
                "historical": [{"name": "sma", "period": 5, "interval": "1d"}]}"#,
        );
        let offer = Offer::of(&config);
        let refused = |name: &str| offer.session_indicator(name).expect_err("refused").to_string();
        let five: BarInterval = interval("5m");
        // On five minutes stand sma, then macd, its signal and its histogram.
        assert_eq!(offer.session_indicator("sma_20_5m"), Ok(IndicatorHandle::new(five, 0)));
        assert_eq!(offer.session_indicator("macd_5m.signal"), Ok(IndicatorHandle::new(five, 2)));
        assert_eq!(
            refused("sma_20"),
            "no session indicator of this session has the value \"sma_20\"; the nearest is \"sma_20_5m\" \
             (known here: sma_20_5m, macd_5m.macd, macd_5m.signal, macd_5m.histogram)"
        );
        assert_eq!(
            refused("macd_5m.signl"),
            "macd_5m has no value \"signl\"; the nearest is \"signal\" (known here: macd, signal, \
             histogram)"
        );
        assert_eq!(
            refused("macd_5m"),
            "macd_5m has the values macd, signal, histogram: name one, as \"macd_5m.macd\""
        );
        assert_eq!(
            refused("sma_20_5m.value"),
            "sma_20_5m has one value, which has no name: write \"sma_20_5m\""
        );
        assert_eq!(
            offer.historical_indicator("sma_5_1d"),
            Ok(HistoricalHandle::new("sma_5_1d", ""))
        );
        assert!(offer.historical_indicator("sma_20_5m").is_err());
        let none = super::tests::config(r#"["5m"]"#, "");
        let vain = Offer::of(&none).session_indicator("sma_20_5m").expect_err("none");
        assert!(vain.to_string().ends_with("it has none, add it to indicators"), "{vain}");
    }

    #[test]
    fn a_symbol_that_nobody_brings_in_is_refused_and_with_a_scanner_anyone_may_come() {
        let symbol = |name: &str| Symbol::new(name).expect("a symbol");
        let plain = config(r#"["5m"]"#, "");
        let vain = Offer::of(&plain).check_symbol(&symbol("APPL")).expect_err("unknown");
        assert!(vain.to_string().ends_with("can bring it in; did you mean AAPL?"), "{vain}");
        assert_eq!(Offer::of(&plain).check_symbol(&symbol("AAPL")), Ok(()));
        let add = r#", "symbol_schedule": [{"at": "12:00", "add": ["TSLA"]}]"#;
        assert_eq!(Offer::of(&config(r#"["5m"]"#, add)).check_symbol(&symbol("TSLA")), Ok(()));
        let scanner = |enabled: bool| {
            format!(
                r#", "scanners": [{{"module": "any", "pre_session": true, "enabled": {enabled}}}]"#
            )
        };
        for (enabled, is_refused) in [(true, false), (false, true)] {
            let config = config(r#"["5m"]"#, &scanner(enabled));
            assert_eq!(Offer::of(&config).check_symbol(&symbol("APPL")).is_err(), is_refused);
        }
    }
}
