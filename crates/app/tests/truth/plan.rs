//! Which runs the reference files ask for: one for each data set and base interval, over all that
//! the reference has of it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use openbell_market::BarInterval;
use openbell_market::indicator::IndicatorSpec;
use openbell_time::{Timestamp, TradingDate};

use super::table::{Table, parquet_files};

/// What a deviation of an indicator is measured against.
#[derive(Clone, Copy)]
pub enum Scale {
    Price,
    Hundred,
    Itself,
}

/// Columns of the reference, each with the indicator and the field that it is.
pub const INDICATORS: [(&str, &str, Option<f64>, &str, Scale); 25] = [
    ("sma_20", "sma", Some(20.0), "", Scale::Price),
    ("wma_20", "wma", Some(20.0), "", Scale::Price),
    ("ema_20", "ema", Some(20.0), "", Scale::Price),
    ("rsi_14", "rsi", None, "", Scale::Hundred),
    ("trange", "trange", None, "", Scale::Price),
    ("atr_14", "atr", None, "", Scale::Price),
    ("macd", "macd", None, "macd", Scale::Price),
    ("macd_signal", "macd", None, "signal", Scale::Price),
    ("macd_hist", "macd", None, "histogram", Scale::Price),
    ("bb_upper", "bbands", None, "upper", Scale::Price),
    ("bb_middle", "bbands", None, "middle", Scale::Price),
    ("bb_lower", "bbands", None, "lower", Scale::Price),
    ("stddev_20", "stddev", None, "", Scale::Price),
    ("stoch_k", "stochastic", None, "k", Scale::Hundred),
    ("stoch_d", "stochastic", None, "d", Scale::Hundred),
    ("plus_di_14", "plus_di", None, "", Scale::Hundred),
    ("minus_di_14", "minus_di", None, "", Scale::Hundred),
    ("adx_14", "adx", None, "", Scale::Hundred),
    ("cci_20", "cci", None, "", Scale::Hundred),
    ("mfi_14", "mfi", None, "", Scale::Hundred),
    ("obv", "obv", None, "", Scale::Itself),
    ("roc_10", "roc", None, "", Scale::Hundred),
    ("mom_10", "mom", None, "", Scale::Price),
    ("willr_14", "williams_r", None, "", Scale::Hundred),
    ("vwap", "vwap", None, "", Scale::Price),
];

/// The key of a reference column's indicator at `interval`; `None` where it is not asked there.
pub fn key_of(name: &str, period: Option<f64>, interval: &str) -> Option<String> {
    let interval: BarInterval = interval.parse().expect("an interval");
    let spec = IndicatorSpec::new(name.parse().expect("a name"), period, [], interval);
    spec.ok().map(|spec| spec.key())
}

/// One reference file.
pub struct Reference {
    pub path: PathBuf,
    pub interval: String,
    pub symbol: String,
}

/// One run, and the reference files that it is compared with.
#[derive(Default)]
pub struct Run {
    pub dataset: String,
    pub base: String,
    pub symbols: BTreeSet<String>,
    pub aggregates: Vec<Reference>,
    pub indicators: Vec<Reference>,
}

/// All runs over `data`, by data set and base interval.
pub fn runs(data: &Path) -> Vec<Run> {
    let mut runs: BTreeMap<(String, String), Run> = BTreeMap::new();
    for (folder, is_indicators) in [("agg", false), ("ind", true)] {
        for path in parquet_files(&data.join("truth").join(folder)) {
            let (dataset, interval, stem) = parts_of(&path);
            let (symbol, from) = match stem.split_once(".from_") {
                Some((symbol, from)) => (symbol.to_owned(), Some(from.to_owned())),
                None => (stem, None),
            };
            let base = if is_indicators {
                base_of_indicators(data, &dataset, &interval, &symbol)
            } else {
                from.unwrap_or_else(|| made_of(&interval))
            };
            let run = runs.entry((dataset.clone(), base.clone())).or_default();
            (run.dataset, run.base) = (dataset, base);
            run.symbols.insert(symbol.clone());
            let list = if is_indicators { &mut run.indicators } else { &mut run.aggregates };
            list.push(Reference { path, interval, symbol });
        }
    }
    runs.into_values().collect()
}

fn parts_of(path: &Path) -> (String, String, String) {
    let part = |up: usize| {
        let folder = path.ancestors().nth(up).and_then(Path::file_name).expect("a folder");
        folder.to_str().expect("plain names").to_owned()
    };
    let stem = path.file_stem().and_then(|stem| stem.to_str()).expect("plain names");
    (part(2), part(1), stem.to_owned())
}

/// What the reference folds unless a file's name says otherwise.
fn made_of(interval: &str) -> String {
    if interval == "1w" { "1d" } else { "1m" }.to_owned()
}

/// What the bars under an indicator are made of: themselves, where the reference takes stored
/// ones; else what their aggregate is made of.
fn base_of_indicators(data: &Path, dataset: &str, interval: &str, symbol: &str) -> String {
    let is_stored =
        data.join("bars").join(dataset).join(interval).join(format!("{symbol}.parquet")).is_file();
    let takes_stored = match interval {
        "1d" | "1m" => true,
        "5m" => dataset.starts_with("crypto"),
        _ => false,
    };
    if is_stored && takes_stored {
        return interval.to_owned();
    }
    let folded = |from: &str| {
        let file = format!("{symbol}.from_{from}.parquet");
        data.join("truth/agg").join(dataset).join(interval).join(file).is_file()
    };
    let from = ["1s", "5m"].into_iter().find(|from| folded(from));
    from.map_or_else(|| made_of(interval), str::to_owned)
}

impl Run {
    pub fn name(&self) -> String {
        format!("{} from {}", self.dataset, self.base)
    }

    /// The exchange group of the data set; `None` for a market of which there is no calendar.
    pub fn group(&self) -> Option<&'static str> {
        let kinds = [
            ("us-", "US_EQUITY"),
            ("crypto", "CRYPTO"),
            ("fx-", "FOREX"),
            ("fut-globex", "CME_EQUITY"),
        ];
        kinds.iter().find(|(kind, _)| self.dataset.starts_with(kind)).map(|&(_, group)| group)
    }

    /// Whether the reference follows the exchange's calendar, holidays and half days included.
    pub fn knows_holidays(&self) -> bool {
        self.dataset.starts_with("us-") || self.dataset.starts_with("crypto")
    }

    fn bars_of(&self, data: &Path, symbol: &str) -> PathBuf {
        let folder = data.join("bars").join(&self.dataset).join(&self.base);
        folder.join(format!("{symbol}.parquet"))
    }

    /// The session file of this run.
    pub fn session(&self, data: &Path) -> String {
        let (first, last) = self.dates(data);
        let all = || self.aggregates.iter().chain(&self.indicators);
        let mut streams: BTreeSet<&str> = all().map(|file| file.interval.as_str()).collect();
        streams.insert(&self.base);
        let mut specs = BTreeSet::new();
        for file in &self.indicators {
            let table = Table::read(&file.path);
            for (column, name, period, _, _) in INDICATORS {
                if table.has(column) && key_of(name, period, &file.interval).is_some() {
                    let period = period.map(|n| format!("\"period\": {n}, ")).unwrap_or_default();
                    let interval = &file.interval;
                    specs.insert(format!(
                        "{{\"name\": {name:?}, {period}\"interval\": {interval:?}}}"
                    ));
                }
            }
        }
        format!(
            r#"{{
  "session_name": "truth",
  "exchange_group": "{group}",
  "mode": "backtest",
  "backtest_config": {{ "start_date": "{first}", "end_date": "{last}" }},
  "session_data_config": {{
    "symbols": {symbols:?},
    "streams": {streams:?},
    "base_interval": "{base}",
    "indicators": {{ "session": [{specs}] }}
  }},
  "data_config": {{ "store": {store:?} }}
}}
"#,
            group = self.group().expect("a known market"),
            symbols = self.symbols.iter().collect::<Vec<_>>(),
            streams = streams.into_iter().collect::<Vec<_>>(),
            base = self.base,
            specs = specs.into_iter().collect::<Vec<_>>().join(", "),
            store = data.join("bars").join(&self.dataset),
        )
    }

    /// From the day of the first bar to the day after the last, since evenings belong to the next
    /// session; where weeks are asked, to the end of the last one.
    fn dates(&self, data: &Path) -> (TradingDate, TradingDate) {
        let mut span: Option<(i64, i64)> = None;
        for symbol in &self.symbols {
            let table = Table::read(&self.bars_of(data, symbol));
            let ends = (table.int("ts", 0), table.int("ts", table.n_rows - 1));
            span = Some(span.map_or(ends, |(a, b)| (a.min(ends.0), b.max(ends.1))));
        }
        let (first, last) = span.expect("a data set holds bars");
        let date = |us: i64| {
            let at = Timestamp::from_micros(us).expect("an instant of market data");
            TradingDate::from_days(at.as_secs().div_euclid(86_400) as i32)
        };
        let has_weeks = self.aggregates.iter().any(|file| file.interval == "1w");
        let end = match (has_weeks, self.base.as_str()) {
            (true, _) => date(last).monday().plus_days(6),
            (false, "1d") => date(last),
            (false, _) => date(last).plus_days(1),
        };
        (date(first), end)
    }
}
