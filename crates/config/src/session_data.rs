//! The symbols of a session, their bars, and what is made of them.

use std::collections::BTreeSet;

use openbell_market::{BarInterval, Symbol};
use openbell_time::ExchangeGroup;

use crate::consumers::{ScannerConfig, StrategyConfig};
use crate::fault::{Fault, Idle, NotYet};
use crate::indicators::IndicatorsConfig;
use crate::path::JsonPath;
use crate::reader::{Item, Object, close_symbol};
use crate::remarks::Remarks;
use crate::schedule::{ScheduleChange, ScheduleEntry};
use crate::symbols::read_symbols;
use crate::words::{Asked, GateScope, Hours};

/// The symbols, their bars, and everything made of them.
#[derive(Clone, PartialEq, Debug)]
#[non_exhaustive]
pub struct SessionDataConfig {
    /// The symbols that are there from the open, in the order of the file; at least one, each once.
    pub symbols: Vec<Symbol>,
    /// The intervals that are delivered, in the order of the file; at least one, each once.
    pub streams: Vec<BarInterval>,
    /// Regular, the default, or extended.
    pub hours: Hours,
    /// When a symbol is lagging.
    pub streaming: StreamingConfig,
    /// The days before.
    pub historical: HistoricalConfig,
    /// Quality and gaps.
    pub gap_filler: GapFillerConfig,
    /// Indicators.
    pub indicators: IndicatorsConfig,
    /// The stored interval that all are made of; chosen by what is stored where it is absent. All
    /// intervals of `streams` and of session indicators can be made of it.
    pub base_interval: Option<BarInterval>,
    /// The path of extra closures and early closes, as the file has it: relative to the file.
    pub calendar_overlay: Option<String>,
    /// Symbols that join and leave, in the order of the file.
    pub symbol_schedule: Vec<ScheduleEntry>,
    /// Scanners, in the order of the file; also those that are not enabled.
    pub scanners: Vec<ScannerConfig>,
    /// Strategies, in the order of the file; also those that are not enabled.
    pub strategies: Vec<StrategyConfig>,
    /// The object's remarks.
    pub remarks: Remarks,
}

/// When a symbol counts as lagging, and what that withholds.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct StreamingConfig {
    /// Seconds of lag over which a symbol is lagging; at least 1, by default 60.
    pub catchup_threshold_seconds: u32,
    /// Bars from one check to the next, 1 to 100, by default 10.
    pub catchup_check_interval: u32,
    /// Seconds of lag at or under which a lagging symbol has caught up: 0 to the threshold, which
    /// it is by default.
    pub recovery_threshold_seconds: u32,
    /// Whom a lagging symbol withholds; by default the session.
    pub scope: GateScope,
    /// Seconds that a window waits for late bars, 0 to 60, by default 5; live only.
    pub settle_seconds: u32,
    /// The object's remarks.
    pub remarks: Remarks,
}

/// The bars of the days before the session.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct HistoricalConfig {
    /// Whether the quality of each day is to be computed, by default it is. Nothing computes it yet;
    /// a file that says so is warned.
    pub enable_quality: bool,
    /// What is loaded; where two entries name a series, the longer one holds.
    pub data: Vec<HistoricalData>,
    /// The object's remarks.
    pub remarks: Remarks,
}

/// So many sessions at these intervals.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct HistoricalData {
    /// Sessions before the session's day, the day itself excluded; at least 1.
    pub trailing_days: u32,
    /// The intervals, in the order of the file; at least one, each once.
    pub intervals: Vec<BarInterval>,
    /// For which symbols; by default all.
    pub apply_to: ApplyTo,
    /// The object's remarks.
    pub remarks: Remarks,
}

/// For which symbols history is loaded.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum ApplyTo {
    /// Every symbol, those that join later too.
    All,
    /// These, each a symbol of `symbols` or of the schedule; at least one, each once.
    Symbols(Vec<Symbol>),
}

impl ApplyTo {
    /// Whether history is loaded for `symbol`.
    pub fn includes(&self, symbol: &Symbol) -> bool {
        match self {
            ApplyTo::All => true,
            ApplyTo::Symbols(symbols) => symbols.contains(symbol),
        }
    }
}

/// Quality and gaps of the session's own bars.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct GapFillerConfig {
    /// Whether the session's quality is computed, by default it is; where not, it is absent.
    pub enable_session_quality: bool,
    /// Tries to fill a gap, 1 to 20, by default 5; live only.
    pub max_retries: u32,
    /// Seconds from one try to the next, at least 1, by default 60; live only.
    pub retry_interval_seconds: u32,
    /// The object's remarks.
    pub remarks: Remarks,
}

impl SessionDataConfig {
    pub(crate) fn read(
        part: &Object<'_>,
        asked: Option<Asked>,
        group: Option<ExchangeGroup>,
    ) -> Option<SessionDataConfig> {
        let symbols = part.given("symbols").and_then(|item| read_symbols(&item));
        let streams = part.given("streams").and_then(|item| read_streams(&item));
        let hours = part.word("hours");
        let streaming = part.part("streaming").and_then(|part| StreamingConfig::read(&part, asked));
        let symbol_schedule = read_schedule(part, asked);
        let session_symbols =
            symbols.as_ref().zip(symbol_schedule.as_ref()).map(|(s, sch)| all_symbols(s, sch));
        if let (Some(symbols), Some(known)) = (&symbols, &session_symbols)
            && part.is_right_so_far()
        {
            warn_of_idle_changes(part, symbols, known);
        }
        let historical = part
            .part("historical")
            .and_then(|part| HistoricalConfig::read(&part, session_symbols.as_deref()));
        let gap_filler =
            part.part("gap_filler").and_then(|part| GapFillerConfig::read(&part, asked));
        let indicators = part.part("indicators").and_then(|part| IndicatorsConfig::read(&part));
        let base_interval = part.optional("base_interval", Item::interval);
        if let (Some(Some(base)), Some(item)) = (base_interval, part.given("base_interval")) {
            check_base(&item, base, streams.as_deref(), indicators.as_ref());
        }
        let calendar_overlay = part.optional("calendar_overlay", Item::text);
        let scanners = part.objects("scanners", |entry| ScannerConfig::read(&entry, group));
        let strategies = part.objects("strategies", |entry| StrategyConfig::read(&entry));
        let remarks = part.remarks();
        Some(SessionDataConfig {
            symbols: symbols?,
            streams: streams?,
            hours: hours?,
            streaming: streaming?,
            historical: historical?,
            gap_filler: gap_filler?,
            indicators: indicators?,
            base_interval: base_interval?,
            calendar_overlay: calendar_overlay?,
            symbol_schedule: symbol_schedule?,
            scanners: scanners?,
            strategies: strategies?,
            remarks: remarks?,
        })
    }

    /// Every symbol that the file names: those of `symbols`, then those that the schedule adds,
    /// each once.
    pub fn all_symbols(&self) -> Vec<Symbol> {
        all_symbols(&self.symbols, &self.symbol_schedule)
    }

    /// The symbol of the file that is so like `found` that it may be meant.
    pub fn symbol_like(&self, found: &Symbol) -> Option<Symbol> {
        close_symbol(found, &self.all_symbols())
    }

    /// The intervals whose bars are asked for: those of `streams` and of session indicators,
    /// shortest first, each once.
    pub fn intervals(&self) -> Vec<BarInterval> {
        let mut intervals = self.streams.clone();
        intervals.extend(self.indicators.session.iter().map(|i| i.spec.interval()));
        intervals.sort_unstable();
        intervals.dedup();
        intervals
    }
}

fn read_streams(item: &Item<'_>) -> Option<Vec<BarInterval>> {
    let read = |item: &Item<'_>| {
        if item.raw_text() == Some("quotes") {
            item.error(Fault::Refused { found: item.snippet(), reason: NotYet::Quotes });
            return None;
        }
        item.interval()
    };
    item.distinct(read, BarInterval::to_string)
}

fn read_schedule(part: &Object<'_>, asked: Option<Asked>) -> Option<Vec<ScheduleEntry>> {
    if let (Some(Asked::Live), Some(item)) = (asked, part.given("symbol_schedule"))
        && !item.is_empty_list()
    {
        item.error(Fault::OtherMode {
            field: "symbol_schedule",
            needed: "backtest",
            found: "live",
        });
    }
    part.objects("symbol_schedule", |entry| ScheduleEntry::read(&entry))
}

fn all_symbols(symbols: &[Symbol], schedule: &[ScheduleEntry]) -> Vec<Symbol> {
    let mut known: BTreeSet<&Symbol> = symbols.iter().collect();
    let mut all = symbols.to_vec();
    for entry in schedule {
        if let ScheduleChange::Add { symbols, .. } = &entry.change {
            all.extend(symbols.iter().filter(|symbol| known.insert(*symbol)).cloned());
        }
    }
    all
}

/// Warns of what the schedule changes and is so already. Not an error: a strategy, a scanner or a
/// service may have changed it by then.
fn warn_of_idle_changes(part: &Object<'_>, symbols: &[Symbol], known: &[Symbol]) {
    let known: BTreeSet<&Symbol> = known.iter().collect();
    let symbols: BTreeSet<&Symbol> = symbols.iter().collect();
    let mut removed = BTreeSet::new();
    for_each_scheduled(part, "remove", |item, symbol| {
        if !known.contains(&symbol) {
            item.warn(Idle::RemovesNothing { symbol: symbol.clone() });
        }
        removed.insert(symbol);
    });
    for_each_scheduled(part, "add", |item, symbol| {
        if symbols.contains(&symbol) && !removed.contains(&symbol) {
            item.warn(Idle::AddsNothing { symbol });
        }
    });
}

fn for_each_scheduled(part: &Object<'_>, change: &str, mut look: impl FnMut(&Item<'_>, Symbol)) {
    let entries = part.given("symbol_schedule").and_then(|item| item.entries());
    for entry in entries.into_iter().flatten() {
        let items =
            entry.object().and_then(|entry| entry.given(change)).and_then(|item| item.entries());
        for item in items.into_iter().flatten() {
            if let Some(symbol) = item.symbol() {
                look(&item, symbol);
            }
        }
    }
}

fn check_base(
    item: &Item<'_>,
    base: BarInterval,
    streams: Option<&[BarInterval]>,
    indicators: Option<&IndicatorsConfig>,
) {
    let data = JsonPath::root().key("session_data_config");
    let streamed = streams
        .into_iter()
        .flatten()
        .enumerate()
        .map(|(i, interval)| (*interval, data.key("streams").item(i)));
    let computed =
        indicators.into_iter().flat_map(|part| &part.session).enumerate().map(|(i, indicator)| {
            let path = data.key("indicators").key("session").item(i).key("interval");
            (indicator.spec.interval(), path)
        });
    let misfit = streamed.chain(computed).find(|(interval, _)| !interval.is_made_of(base));
    if let Some((interval, asked_at)) = misfit {
        item.error(Fault::BaseTooLong { base, interval, asked_at });
    }
}

fn warn_if_live_only(part: &Object<'_>, asked: Option<Asked>, names: &[&str]) {
    if asked == Some(Asked::Backtest) {
        for name in names {
            part.given(name).inspect(|item| item.warn(Idle::LiveOnly));
        }
    }
}

impl StreamingConfig {
    fn read(part: &Object<'_>, asked: Option<Asked>) -> Option<StreamingConfig> {
        let threshold = part.whole_number("catchup_threshold_seconds");
        let catchup_check_interval = part.whole_number("catchup_check_interval");
        let recovery = part.optional("recovery_threshold_seconds", |item| {
            let found = item.whole_number()?;
            if let Some(threshold) = threshold
                && found > threshold
            {
                item.error(Fault::RecoveryAboveThreshold { found, threshold });
                return None;
            }
            Some(found)
        });
        let scope = part.word("scope");
        let settle_seconds = part.whole_number("settle_seconds");
        warn_if_live_only(part, asked, &["settle_seconds"]);
        let remarks = part.remarks();
        Some(StreamingConfig {
            catchup_threshold_seconds: threshold?,
            catchup_check_interval: catchup_check_interval?,
            recovery_threshold_seconds: recovery?.or(threshold)?,
            scope: scope?,
            settle_seconds: settle_seconds?,
            remarks: remarks?,
        })
    }
}

impl HistoricalConfig {
    fn read(part: &Object<'_>, session_symbols: Option<&[Symbol]>) -> Option<HistoricalConfig> {
        let enable_quality = part.true_or_false("enable_quality");
        part.given("enable_quality").inspect(|item| item.warn(Idle::NotComputed));
        let data = part.objects("data", |entry| HistoricalData::read(&entry, session_symbols));
        let remarks = part.remarks();
        Some(HistoricalConfig { enable_quality: enable_quality?, data: data?, remarks: remarks? })
    }
}

impl HistoricalData {
    fn read(entry: &Object<'_>, session_symbols: Option<&[Symbol]>) -> Option<HistoricalData> {
        let trailing_days = entry.given("trailing_days").and_then(|item| item.whole_number());
        let intervals = entry
            .given("intervals")
            .and_then(|item| item.distinct(Item::interval, BarInterval::to_string));
        let apply_to = match entry.given("apply_to") {
            Some(item) => ApplyTo::read(&item, session_symbols),
            None => Some(ApplyTo::All),
        };
        let remarks = entry.remarks();
        Some(HistoricalData {
            trailing_days: trailing_days?,
            intervals: intervals?,
            apply_to: apply_to?,
            remarks: remarks?,
        })
    }
}

impl ApplyTo {
    fn read(item: &Item<'_>, session_symbols: Option<&[Symbol]>) -> Option<ApplyTo> {
        if !item.is_list() {
            return item.read(|word| (word == "all").then_some(ApplyTo::All));
        }
        let read = |item: &Item<'_>| {
            let found = item.symbol()?;
            let Some(known) = session_symbols else { return Some(found) };
            if known.contains(&found) {
                return Some(found);
            }
            let nearest = close_symbol(&found, known);
            item.error(Fault::UnknownSymbol { found, nearest });
            None
        };
        item.distinct(read, Symbol::to_string).map(ApplyTo::Symbols)
    }
}

impl GapFillerConfig {
    fn read(part: &Object<'_>, asked: Option<Asked>) -> Option<GapFillerConfig> {
        let enable_session_quality = part.true_or_false("enable_session_quality");
        let max_retries = part.whole_number("max_retries");
        let retry_interval_seconds = part.whole_number("retry_interval_seconds");
        warn_if_live_only(part, asked, &["max_retries", "retry_interval_seconds"]);
        let remarks = part.remarks();
        Some(GapFillerConfig {
            enable_session_quality: enable_session_quality?,
            max_retries: max_retries?,
            retry_interval_seconds: retry_interval_seconds?,
            remarks: remarks?,
        })
    }
}
