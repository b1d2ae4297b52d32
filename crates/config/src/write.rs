//! Writing a session as the text of a file.

use openbell_market::indicator::{IndicatorClass, IndicatorSpec, ParameterRange, WindowUnit};
use serde_json::{Map, Value, json};

use crate::remarks::Remarks;
use crate::schedule::{ScheduleChange, ScheduleEntry};
use crate::session_data::{ApplyTo, HistoricalData, SessionDataConfig};
use crate::words::hh_mm;
use crate::{
    AccountConfig, DataFeed, LiveConfig, Mode, RecordConfig, ScannerConfig, SessionConfig,
    StrategyConfig,
};

impl SessionConfig {
    /// The session as a JSON value, every field written out, those with their default too.
    ///
    /// Read again it is the same session:
    ///
    /// ```
    /// use openbell_config::SessionConfig;
    /// # let text = r#"{"session_name": "a", "mode": "backtest",
    /// #   "backtest_config": {"start_date": "2025-07-02", "end_date": "2025-07-02"},
    /// #   "session_data_config": {"symbols": ["AAPL"], "streams": ["1m"]}}"#;
    /// let (config, _) = SessionConfig::parse(text)?;
    /// let (again, _) = SessionConfig::parse(&config.to_json().to_string())?;
    /// assert_eq!(again, config);
    /// # Ok::<(), openbell_config::ConfigErrors>(())
    /// ```
    pub fn to_json(&self) -> Value {
        let mut file = Map::new();
        insert_some(&mut file, "$schema", self.schema.as_ref());
        file.insert("session_name".into(), json!(self.session_name));
        file.insert("exchange_group".into(), json!(self.exchange_group.name));
        file.insert("asset_class".into(), json!(self.asset_class.name()));
        file.insert("mode".into(), json!(self.mode.name()));
        if let Mode::Backtest(backtest) = &self.mode {
            let part = json!({
                "start_date": backtest.start_date.to_string(),
                "end_date": backtest.end_date.to_string(),
                "speed_multiplier": number(backtest.speed_multiplier),
                "prefetch_days": backtest.prefetch_days,
            });
            file.insert("backtest_config".into(), remarked(part, &backtest.remarks));
        }
        if let Mode::Live(live) = &self.mode {
            file.insert("live_config".into(), live_config(live));
        }
        file.insert("session_data_config".into(), session_data(&self.session_data_config));
        let mut data = Map::new();
        insert_some(&mut data, "store", self.data_config.store.as_ref());
        file.insert("data_config".into(), remarked(data.into(), &self.data_config.remarks));
        if let Some(trading) = &self.trading_config {
            let limits = match &trading.limits {
                Some(limits) => json!({
                    "max_buying_power": number(limits.max_buying_power),
                    "max_per_trade": number(limits.max_per_trade),
                    "max_per_symbol": number(limits.max_per_symbol),
                    "max_open_positions": limits.max_open_positions,
                }),
                None => json!({}),
            };
            file.insert("trading_config".into(), remarked(limits, &trading.remarks));
        }
        if let Some(account) = &self.account {
            file.insert("account".into(), account_config(account));
        }
        if let Some(api) = &self.api_config {
            let mut part = Map::new();
            insert_some(&mut part, "data_api", api.data_api.as_ref());
            file.insert("api_config".into(), remarked(part.into(), &api.remarks));
        }
        if let Some(metadata) = &self.metadata {
            file.insert("metadata".into(), metadata.clone().into());
        }
        remarked(file.into(), &self.remarks)
    }
}

fn account_config(account: &AccountConfig) -> Value {
    let commission = json!({
        "per_trade": number(account.commission.per_trade),
        "per_share": number(account.commission.per_share),
        "bps": number(account.commission.bps),
        "min": number(account.commission.min),
    });
    let mut part = Map::new();
    part.insert("cash".into(), number(account.cash));
    part.insert("of".into(), json!(account.of.name()));
    part.insert("commission".into(), remarked(commission, &account.commission.remarks));
    part.insert("slippage_bps".into(), number(account.slippage_bps));
    part.insert("participation".into(), number(account.participation));
    part.insert("volume_unknown".into(), json!(account.volume_unknown));
    part.insert("lot".into(), number(account.lot));
    part.insert("equity".into(), json!(account.equity.name()));
    part.insert("short".into(), json!(account.short));
    let benchmark = account.benchmark.as_ref().map(ToString::to_string);
    insert_some(&mut part, "benchmark", benchmark.as_ref());
    remarked(part.into(), &account.remarks)
}

/// All but the vendor, which stands in `api_config`.
fn live_config(live: &LiveConfig) -> Value {
    let mut part = Map::new();
    part.insert("sessions".into(), live.sessions.map_or(json!("all"), |n| json!(n)));
    if !live.symbols.is_empty() {
        let names = live.symbols.iter().map(|(symbol, name)| (symbol.to_string(), json!(name)));
        part.insert("symbols".into(), names.collect::<Map<_, _>>().into());
    }
    insert_some(&mut part, "feed", live.feed.map(DataFeed::name).as_ref());
    insert_some(&mut part, "key_env", live.key_env.as_ref());
    insert_some(&mut part, "secret_env", live.secret_env.as_ref());
    if let Some(endpoint) = &live.endpoint {
        let addresses = json!({"stream": endpoint.stream, "history": endpoint.history});
        part.insert("endpoint".into(), remarked(addresses, &endpoint.remarks));
    }
    part.insert("revisions".into(), json!(live.revisions.name()));
    insert_some(&mut part, "silent_seconds", live.silent_seconds.map(number).as_ref());
    part.insert("probe_seconds".into(), number(live.probe_seconds));
    part.insert("max_skew_seconds".into(), number(live.max_skew_seconds));
    insert_some(&mut part, "give_up_minutes", live.give_up_minutes.as_ref());
    part.insert("record".into(), live.record.as_ref().map_or(json!(false), record));
    remarked(part.into(), &live.remarks)
}

fn record(record: &RecordConfig) -> Value {
    let part = json!({
        "folder": record.folder,
        "raw": record.raw,
        "sync": record.sync.name(),
        "restart": record.restart.name(),
        "keep_days": record.keep_days,
        "store": record.store,
    });
    remarked(part, &record.remarks)
}

fn session_data(data: &SessionDataConfig) -> Value {
    let streaming = json!({
        "catchup_threshold_seconds": data.streaming.catchup_threshold_seconds,
        "catchup_check_interval": data.streaming.catchup_check_interval,
        "recovery_threshold_seconds": data.streaming.recovery_threshold_seconds,
        "scope": data.streaming.scope.name(),
        "settle_seconds": data.streaming.settle_seconds,
    });
    let historical = json!({
        "enable_quality": data.historical.enable_quality,
        "data": data.historical.data.iter().map(historical_data).collect::<Vec<_>>(),
    });
    let gap_filler = json!({
        "enable_session_quality": data.gap_filler.enable_session_quality,
        "max_retries": data.gap_filler.max_retries,
        "retry_interval_seconds": data.gap_filler.retry_interval_seconds,
    });
    let session = data.indicators.session.iter();
    let historical_indicators = data.indicators.historical.iter();
    let indicators = json!({
        "session": session
            .map(|i| remarked(indicator(&i.spec, i.class, None, &i.params_remarks), &i.remarks))
            .collect::<Vec<_>>(),
        "historical": historical_indicators
            .map(|i| {
                let unit = Some(i.spec.unit());
                remarked(indicator(i.spec.spec(), i.class, unit, &i.params_remarks), &i.remarks)
            })
            .collect::<Vec<_>>(),
    });
    let mut part = Map::new();
    part.insert("symbols".into(), texts(&data.symbols));
    part.insert("streams".into(), texts(&data.streams));
    part.insert("hours".into(), json!(data.hours.name()));
    part.insert("streaming".into(), remarked(streaming, &data.streaming.remarks));
    part.insert("historical".into(), remarked(historical, &data.historical.remarks));
    part.insert("gap_filler".into(), remarked(gap_filler, &data.gap_filler.remarks));
    part.insert("indicators".into(), remarked(indicators, &data.indicators.remarks));
    insert_some(&mut part, "base_interval", data.base_interval.map(|i| i.to_string()).as_ref());
    insert_some(&mut part, "calendar_overlay", data.calendar_overlay.as_ref());
    let schedule: Vec<Value> = data.symbol_schedule.iter().map(schedule_entry).collect();
    part.insert("symbol_schedule".into(), schedule.into());
    let scanners: Vec<Value> = data.scanners.iter().map(scanner).collect();
    part.insert("scanners".into(), scanners.into());
    let strategies: Vec<Value> = data.strategies.iter().map(strategy).collect();
    part.insert("strategies".into(), strategies.into());
    remarked(part.into(), &data.remarks)
}

fn historical_data(data: &HistoricalData) -> Value {
    let apply_to = match &data.apply_to {
        ApplyTo::All => json!("all"),
        ApplyTo::Symbols(symbols) => texts(symbols),
    };
    let part = json!({
        "trailing_days": data.trailing_days,
        "intervals": texts(&data.intervals),
        "apply_to": apply_to,
    });
    remarked(part, &data.remarks)
}

fn indicator(
    spec: &IndicatorSpec,
    class: Option<IndicatorClass>,
    unit: Option<WindowUnit>,
    params_remarks: &Remarks,
) -> Value {
    let mut part = Map::new();
    part.insert("name".into(), json!(spec.name().name()));
    insert_some(&mut part, "period", spec.period().as_ref());
    part.insert("interval".into(), json!(spec.interval().to_string()));
    let mut params = Map::new();
    for parameter in spec.name().parameters().iter().filter(|known| known.name != "period") {
        let value = match parameter.range {
            ParameterRange::Count { .. } => json!(spec.count(parameter.name)),
            ParameterRange::Factor { .. } => number(spec.factor(parameter.name)),
        };
        params.insert(parameter.name.into(), value);
    }
    if !params.is_empty() || *params_remarks != Remarks::default() {
        part.insert("params".into(), remarked(params.into(), params_remarks));
    }
    insert_some(&mut part, "type", class.map(IndicatorClass::name).as_ref());
    insert_some(&mut part, "unit", unit.map(WindowUnit::name).as_ref());
    part.into()
}

fn schedule_entry(entry: &ScheduleEntry) -> Value {
    let part = match &entry.change {
        ScheduleChange::Add { symbols, stay } => {
            json!({"at": entry.at.to_string(), "add": texts(symbols), "stay": stay})
        }
        ScheduleChange::Remove { symbols } => {
            json!({"at": entry.at.to_string(), "remove": texts(symbols)})
        }
    };
    remarked(part, &entry.remarks)
}

fn scanner(scanner: &ScannerConfig) -> Value {
    let window = |window: &crate::ScanWindow| {
        let part = json!({
            "start": hh_mm(window.start),
            "end": hh_mm(window.end),
            "interval": window.interval.to_string(),
        });
        remarked(part, &window.remarks)
    };
    let part = json!({
        "module": scanner.module,
        "enabled": scanner.enabled,
        "pre_session": scanner.pre_session,
        "regular_session": scanner.regular_session.iter().map(window).collect::<Vec<_>>(),
        "config": scanner.config,
    });
    remarked(part, &scanner.remarks)
}

fn strategy(strategy: &StrategyConfig) -> Value {
    let part = json!({
        "module": strategy.module,
        "enabled": strategy.enabled,
        "config": strategy.config,
        "on_error": strategy.on_error.name(),
    });
    remarked(part, &strategy.remarks)
}

fn texts(items: &[impl ToString]) -> Value {
    items.iter().map(ToString::to_string).collect::<Vec<_>>().into()
}

// A whole number is written without a point, as a person would.
fn number(value: f64) -> Value {
    const EXACT_MAX: f64 = 9_007_199_254_740_992.0;
    if value == value.trunc() && value.abs() <= EXACT_MAX {
        json!(value as i64)
    } else {
        json!(value)
    }
}

fn insert_some(part: &mut Map<String, Value>, key: &str, value: Option<&impl serde::Serialize>) {
    if let Some(value) = value {
        part.insert(key.to_owned(), json!(value));
    }
}

fn remarked(mut part: Value, remarks: &Remarks) -> Value {
    if let Value::Object(part) = &mut part {
        insert_some(part, "comment", remarks.comment.as_ref());
        insert_some(part, "note", remarks.note.as_ref());
    }
    part
}
