//! The event log as lines of JSON: written as a run goes, and read again for a replay.
//!
//! The first line says what was run, the last what came of it; between them stands one event a
//! line, in the order in which they happened.

use openbell_config::{RawSession, SessionConfig};
use openbell_coordinator::{
    Added, Answer, Event, Origin, Refusal, Removed, Report, SessionCommand, Signal, Stay, StepAt,
};
use openbell_market::indicator::{IndicatorName, IndicatorSpec, ParameterRange};
use openbell_market::{BarInterval, Symbol};
use openbell_session_data::Reason;
use serde_json::{Map, Value, json};

use crate::modules::ModuleTexts;

/// The version of this form; a log of another is refused.
const FORM: u64 = 1;

/// What was run, for the first line.
#[derive(Clone, Debug)]
pub struct LogHead {
    /// The session.
    pub config: SessionConfig,
    /// The folder of its store, absolute.
    pub store: String,
    /// The text of its calendar overlay, where it has one.
    pub overlay: Option<String>,
    /// The texts of the files that its modules name.
    pub texts: ModuleTexts,
}

/// A command that came from outside, and when it was taken.
#[derive(Clone, PartialEq, Debug)]
pub struct LoggedCommand {
    /// When.
    pub taken: StepAt,
    /// What was asked.
    pub command: SessionCommand,
}

/// A log that was read again.
#[derive(Clone, Debug)]
pub struct EventLog {
    /// Its first line.
    pub head: LogHead,
    /// The lines of its events, as they stand.
    pub lines: Vec<String>,
    /// The commands from outside, in the order in which they were taken.
    pub commands: Vec<LoggedCommand>,
    /// The digest of its last line; absent where the run never came to its end.
    pub digest: Option<String>,
}

impl LogHead {
    /// The first line of the log.
    pub fn line(&self) -> String {
        let fields = json!({
            "form": FORM,
            "program": concat!("openbell ", env!("CARGO_PKG_VERSION")),
            "config": self.config.to_json(),
            "store": self.store,
            "overlay": self.overlay,
            "texts": self.texts,
        });
        named_line("run", &fields)
    }
}

/// The last line of the log of a run.
pub fn end_line(report: &Report) -> String {
    let fields = json!({
        "phase": report.phase.name(),
        "n_bars": report.n_bars,
        "n_steps": report.n_steps,
        "digest": report.digest.to_string(),
    });
    named_line("end", &fields)
}

/// The line of one event.
pub fn event_line(event: &Event) -> String {
    let (name, fields) = event_fields(event);
    named_line(name, &fields)
}

/// An object with the event's name before its fields, for people who read the log.
fn named_line(name: &str, fields: &Value) -> String {
    let fields = fields.to_string();
    format!("{{\"event\":{name:?},{}", fields.strip_prefix('{').unwrap_or("}"))
}

fn event_fields(event: &Event) -> (&'static str, Value) {
    match event {
        Event::SessionOpened { date, at, until } => (
            "session_opened",
            json!({"date": date.to_string(), "at": at.to_string(), "until": until.to_string()}),
        ),
        Event::Joined { symbol, generation, at, n_backlog } => (
            "joined",
            json!({
                "symbol": symbol.as_str(), "generation": generation, "at": at.to_string(),
                "n_backlog": n_backlog,
            }),
        ),
        Event::Left { symbol, at } => {
            ("left", json!({"symbol": symbol.as_str(), "at": at.to_string()}))
        }
        Event::Commanded { taken, origin, command, answer } => (
            "commanded",
            json!({
                "taken": {
                    "step": taken.step, "order": taken.order, "clock": taken.clock.to_string(),
                    "session": taken.session.to_string(),
                },
                "origin": origin_json(origin),
                "command": command_json(command),
                "answer": answer_json(answer),
            }),
        ),
        Event::GateOpened { at, epoch } => {
            ("gate_opened", json!({"at": at.to_string(), "epoch": epoch}))
        }
        Event::GateShut { at, epoch, reason } => (
            "gate_shut",
            json!({"at": at.to_string(), "epoch": epoch, "reason": reason_json(reason)}),
        ),
        Event::Rejected { symbol, at, reason, n_rows, first, last } => (
            "rejected",
            json!({
                "symbol": symbol.as_str(), "at": at.to_string(), "reason": reason.name(),
                "n_rows": n_rows, "first": first.to_string(), "last": last.to_string(),
            }),
        ),
        Event::ScheduleSkipped { date, entry } => {
            ("schedule_skipped", json!({"date": date.to_string(), "entry": entry}))
        }
        Event::NoData { date, symbol } => {
            ("no_data", json!({"date": date.to_string(), "symbol": symbol.as_str()}))
        }
        Event::Signalled { at, signal } => {
            let mut fields = json!({"at": at.to_string()});
            if let (Some(fields), Value::Object(said)) =
                (fields.as_object_mut(), signal_json(signal))
            {
                fields.extend(said);
            }
            ("signalled", fields)
        }
        Event::ConsumerFailed { at, consumer, why } => {
            ("consumer_failed", json!({"at": at.to_string(), "consumer": consumer, "why": why}))
        }
        Event::SessionClosed { date, at, n_bars } => (
            "session_closed",
            json!({"date": date.to_string(), "at": at.to_string(), "n_bars": n_bars}),
        ),
        Event::Completed { at } => ("completed", json!({"at": at.to_string()})),
        Event::Stopped { at } => ("stopped", json!({"at": at.map(|at| at.to_string())})),
        Event::Failed { at, why } => {
            ("failed", json!({"at": at.map(|at| at.to_string()), "why": why}))
        }
    }
}

/// Why the gate shut, as JSON: its name, and the symbols that hold it with their lag in seconds.
pub fn reason_json(reason: &Reason) -> Value {
    match reason {
        Reason::CatchingUp { holders } | Reason::Late { holders } | Reason::Silent { holders } => {
            let holder = |holder: &openbell_session_data::LaggingSymbol| {
                json!({
                    "symbol": holder.symbol.as_str(),
                    "lag_s": holder.lag.map(openbell_time::Nanos::as_secs_f64),
                })
            };
            let holders: Vec<Value> = holders.iter().map(holder).collect();
            json!({"name": reason.name(), "holders": holders})
        }
        Reason::NotOpen | Reason::Closed | Reason::Failed | Reason::Stopped => {
            json!({"name": reason.name()})
        }
    }
}

fn origin_json(origin: &Origin) -> Value {
    match origin {
        Origin::Schedule { entry } => json!({"schedule": entry}),
        Origin::Handle => json!("handle"),
        Origin::Consumer { name } => json!({"consumer": name}),
    }
}

/// A signal, as JSON.
pub fn signal_json(signal: &Signal) -> Value {
    json!({
        "consumer": signal.consumer, "symbol": signal.symbol.as_str(), "kind": signal.kind,
        "value": signal.value,
    })
}

fn symbols_json(symbols: &[Symbol]) -> Value {
    symbols.iter().map(Symbol::as_str).collect::<Vec<_>>().into()
}

fn command_json(command: &SessionCommand) -> Value {
    let name = command.name();
    match command {
        SessionCommand::AddSymbols { symbols, stay } => json!({
            "name": name, "symbols": symbols_json(symbols), "stay": *stay == Stay::Run,
        }),
        SessionCommand::RemoveSymbols { symbols } => {
            json!({"name": name, "symbols": symbols_json(symbols)})
        }
        SessionCommand::Lock { symbol } | SessionCommand::Unlock { symbol } => {
            json!({"name": name, "symbol": symbol.as_str()})
        }
        SessionCommand::AddInterval { interval } => {
            json!({"name": name, "interval": interval.to_string()})
        }
        SessionCommand::AddIndicator { spec } => {
            let params: Map<String, Value> = spec
                .name()
                .parameters()
                .iter()
                .map(|parameter| {
                    let value = match parameter.range {
                        ParameterRange::Count { .. } => json!(spec.count(parameter.name)),
                        ParameterRange::Factor { .. } => json!(spec.factor(parameter.name)),
                    };
                    (parameter.name.to_owned(), value)
                })
                .collect();
            json!({
                "name": name, "indicator": spec.name().as_str(),
                "interval": spec.interval().to_string(), "params": params,
            })
        }
        SessionCommand::Signal { signal } => json!({"name": name, "signal": signal_json(signal)}),
        SessionCommand::Stop => json!({"name": name}),
    }
}

fn answer_json(answer: &Answer) -> Value {
    match answer {
        Answer::Added(each) => each
            .iter()
            .map(|(symbol, added)| match added {
                Added::Added { generation } => {
                    json!({"symbol": symbol.as_str(), "added": generation})
                }
                Added::AlreadyPresent => json!({"symbol": symbol.as_str(), "present": true}),
                Added::Refused(why) => refused_json(Some(symbol), why),
                Added::Failed { why } => json!({"symbol": symbol.as_str(), "failed": why}),
            })
            .collect(),
        Answer::Removed(each) => each
            .iter()
            .map(|(symbol, removed)| match removed {
                Removed::Removed => json!({"symbol": symbol.as_str(), "removed": true}),
                Removed::NotPresent => json!({"symbol": symbol.as_str(), "present": false}),
                Removed::Refused(why) => refused_json(Some(symbol), why),
            })
            .collect(),
        Answer::Done => json!("done"),
        Answer::AlreadyPresent => json!("already_present"),
        Answer::NotPresent => json!("not_present"),
        Answer::Refused(why) => refused_json(None, why),
        Answer::Stopped => json!("stopped"),
    }
}

fn refused_json(symbol: Option<&Symbol>, why: &Refusal) -> Value {
    match symbol {
        Some(symbol) => json!({"symbol": symbol.as_str(), "refused": why.to_string()}),
        None => json!({"refused": why.to_string()}),
    }
}

impl EventLog {
    /// Reads a log.
    ///
    /// *Errors*: a sentence that names the line and what is wrong with it.
    pub fn read(text: &str) -> Result<EventLog, String> {
        let mut lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
        let (_, first) = lines.next().ok_or("it is empty")?;
        let head = read_head(first)?;
        let mut log = EventLog { head, lines: Vec::new(), commands: Vec::new(), digest: None };
        for (i, line) in lines {
            let at = |why: &str| format!("line {}: {why}", i + 1);
            if log.digest.is_some() {
                return Err(at("something follows the line \"end\""));
            }
            let value: Value =
                serde_json::from_str(line).map_err(|error| at(&error.to_string()))?;
            match value["event"].as_str() {
                None => return Err(at("no \"event\" is named")),
                Some("end") => {
                    let digest = value["digest"].as_str().ok_or_else(|| at("no digest"))?;
                    log.digest = Some(digest.to_owned());
                    continue;
                }
                Some("commanded") if value["origin"] == "handle" => {
                    log.commands.push(read_command(&value).map_err(|why| at(&why))?);
                }
                Some(_) => {}
            }
            log.lines.push(line.to_owned());
        }
        // Logged when they were answered; an add in the middle of catch-up was taken before.
        log.commands.sort_by_key(|logged| (logged.taken.session, logged.taken));
        Ok(log)
    }
}

fn read_head(line: &str) -> Result<LogHead, String> {
    let value: Value = serde_json::from_str(line).unwrap_or_default();
    if value["event"] != "run" {
        return Err("line 1: no event log begins so; write one with `openbell run --events`".into());
    }
    if value["form"] != FORM {
        return Err(format!("line 1: form {} is not read, only form {FORM}", value["form"]));
    }
    let raw = RawSession::read(&value["config"].to_string()).map_err(|e| e.to_string())?;
    let (config, _) =
        SessionConfig::from_raw(&raw).map_err(|errors| format!("line 1: {errors}"))?;
    let store = value["store"].as_str().ok_or("line 1: no store")?.to_owned();
    let overlay = value["overlay"].as_str().map(str::to_owned);
    let text = |(path, text): (&String, &Value)| Some((path.clone(), text.as_str()?.to_owned()));
    let texts = value["texts"].as_object().into_iter().flatten().filter_map(text).collect();
    Ok(LogHead { config, store, overlay, texts })
}

fn read_command(event: &Value) -> Result<LoggedCommand, String> {
    let (taken, command) = (&event["taken"], &event["command"]);
    let text = |value: &Value, key: &str| {
        value[key].as_str().map(str::to_owned).ok_or_else(|| format!("no text {key:?}"))
    };
    let taken = StepAt {
        step: taken["step"].as_u64().ok_or("no step")?,
        order: taken["order"].as_u64().and_then(|n| u32::try_from(n).ok()).ok_or("no order")?,
        clock: text(taken, "clock")?
            .parse()
            .map_err(|e: openbell_time::TimeError| e.to_string())?,
        session: text(taken, "session")?
            .parse()
            .map_err(|e: openbell_time::TimeError| e.to_string())?,
    };
    let symbol = |text: &str| Symbol::new(text).map_err(|error| error.to_string());
    let symbols = || -> Result<Vec<Symbol>, String> {
        let list = command["symbols"].as_array().ok_or("no symbols")?;
        list.iter().map(|item| symbol(item.as_str().unwrap_or_default())).collect()
    };
    let interval =
        || text(command, "interval")?.parse::<BarInterval>().map_err(|error| error.to_string());
    let name = text(command, "name")?;
    let command = match name.as_str() {
        "add_symbols" => SessionCommand::AddSymbols {
            symbols: symbols()?,
            stay: if command["stay"] == true { Stay::Run } else { Stay::Session },
        },
        "remove_symbols" => SessionCommand::RemoveSymbols { symbols: symbols()? },
        "lock" => SessionCommand::Lock { symbol: symbol(&text(command, "symbol")?)? },
        "unlock" => SessionCommand::Unlock { symbol: symbol(&text(command, "symbol")?)? },
        "add_interval" => SessionCommand::AddInterval { interval: interval()? },
        "add_indicator" => {
            let name: IndicatorName = text(command, "indicator")?
                .parse()
                .map_err(|e: openbell_market::indicator::IndicatorError| e.to_string())?;
            let params = command["params"].as_object().ok_or("no params")?;
            let params = params
                .iter()
                .map(|(key, value)| (key.as_str(), value.as_f64().unwrap_or(f64::NAN)));
            let spec = IndicatorSpec::new(name, None, params, interval()?)
                .map_err(|error| error.to_string())?;
            SessionCommand::AddIndicator { spec }
        }
        "signal" => {
            let said = &command["signal"];
            let signal = Signal {
                consumer: text(said, "consumer")?,
                symbol: symbol(&text(said, "symbol")?)?,
                kind: text(said, "kind")?,
                value: said["value"].as_f64(),
            };
            SessionCommand::Signal { signal }
        }
        "stop" => SessionCommand::Stop,
        other => return Err(format!("command {other:?} is not known")),
    };
    Ok(LoggedCommand { taken, command })
}
