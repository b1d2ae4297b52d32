//! The event log as lines of JSON: written as a run goes, and read again for a replay.
//!
//! Not here: the form of the lines ([`crate::wire::log`]).

use std::path::Path;

use openbell_config::{RawSession, SessionConfig};
use openbell_coordinator::{
    Added, Answer, Engine, Event, Origin, Removed, Report, SessionCommand, Signal, Stay, StepAt,
};
use openbell_market::indicator::{IndicatorName, IndicatorSpec, ParameterRange};
use openbell_market::{BarInterval, Symbol};
use openbell_session_data::{LaggingSymbol, Reason};
use openbell_time::Nanos;
use serde::Deserialize;
use serde_json::Value;

use crate::exit::{Exit, Failure};
use crate::modules::ModuleTexts;
use crate::wire;
use crate::wire::command::{ParameterValue, SymbolAnswer, SymbolOutcome};
use crate::wire::log::{End, FORM, Head, Line};

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
    /// The digest of its last line; absent where the log was cut off before.
    pub digest: Option<String>,
}

impl LogHead {
    /// The first line of the log.
    pub fn line(&self) -> String {
        let head = Head {
            form: FORM,
            program: concat!("openbell ", env!("CARGO_PKG_VERSION")).to_owned(),
            config: self.config.to_json(),
            store: self.store.clone(),
            overlay: self.overlay.clone(),
            texts: self.texts.clone(),
        };
        Line::Run(head).text()
    }
}

/// The last line of the log of a run.
pub fn end_line(report: &Report) -> String {
    let end = End {
        phase: report.phase.name().to_owned(),
        n_bars: report.n_bars,
        n_steps: report.n_steps,
        digest: report.digest.to_string(),
    };
    Line::End(end).text()
}

/// The line of one event.
pub fn event_line(event: &Event) -> String {
    Line::Event(shape_of(event)).text()
}

/// A command as it stands in the log.
pub fn command_text(command: &SessionCommand) -> String {
    let text = serde_json::to_string(&command_shape(command));
    text.expect("text keys and finite numbers are JSON")
}

/// The command of such a text.
///
/// # Errors
///
/// A sentence that says what is wrong with it.
pub fn command_of_text(text: &str) -> Result<SessionCommand, String> {
    let shape: wire::command::Command =
        serde_json::from_str(text).map_err(|error| error.to_string())?;
    command_of(shape)
}

fn shape_of(event: &Event) -> wire::event::Event {
    use wire::event::Event as Shape;

    match event {
        Event::SessionOpened { date, at, until } => Shape::SessionOpened {
            date: date.to_string(),
            at: at.to_string(),
            until: until.to_string(),
        },
        Event::Joined { symbol, generation, at, n_backlog } => Shape::Joined {
            symbol: symbol.to_string(),
            generation: *generation,
            at: at.to_string(),
            n_backlog: *n_backlog,
        },
        Event::Left { symbol, at } => {
            Shape::Left { symbol: symbol.to_string(), at: at.to_string() }
        }
        Event::Commanded { taken, origin, command, answer } => Shape::Commanded {
            taken: wire::event::Taken {
                step: taken.step,
                order: taken.order,
                clock: taken.clock.to_string(),
                session: taken.session.to_string(),
            },
            origin: origin_shape(origin),
            command: command_shape(command),
            answer: answer_shape(answer),
        },
        Event::GateOpened { at, epoch } => Shape::GateOpened { at: at.to_string(), epoch: *epoch },
        Event::GateShut { at, epoch, reason } => {
            Shape::GateShut { at: at.to_string(), epoch: *epoch, reason: reason_shape(reason) }
        }
        Event::Rejected { symbol, at, reason, n_rows, first, last } => Shape::Rejected {
            symbol: symbol.to_string(),
            at: at.to_string(),
            reason: reason.name().to_owned(),
            n_rows: *n_rows,
            first: first.to_string(),
            last: last.to_string(),
        },
        Event::CaughtUp { symbol, at, n_bars } => {
            Shape::CaughtUp { symbol: symbol.to_string(), at: at.to_string(), n_bars: *n_bars }
        }
        Event::Corrected { symbol, at, kind, n_bars, first, last } => Shape::Corrected {
            symbol: symbol.to_string(),
            at: at.to_string(),
            kind: kind.name().to_owned(),
            n_bars: *n_bars,
            first: first.to_string(),
            last: last.to_string(),
        },
        Event::ScheduleSkipped { date, entry } => {
            Shape::ScheduleSkipped { date: date.to_string(), entry: *entry }
        }
        Event::LeftOut { date, symbol, missing } => Shape::LeftOut {
            date: date.to_string(),
            symbol: symbol.to_string(),
            missing: missing.to_string(),
        },
        Event::NoData { date, symbol } => {
            Shape::NoData { date: date.to_string(), symbol: symbol.to_string() }
        }
        Event::Signalled { at, signal } => {
            Shape::Signalled { at: at.to_string(), signal: signal_shape(signal) }
        }
        Event::ConsumerFailed { at, consumer, why } => Shape::ConsumerFailed {
            at: at.to_string(),
            consumer: consumer.clone(),
            why: why.clone(),
        },
        Event::SessionClosed { date, at, n_bars } => {
            Shape::SessionClosed { date: date.to_string(), at: at.to_string(), n_bars: *n_bars }
        }
        Event::Completed { at } => Shape::Completed { at: at.to_string() },
        Event::Stopped { at } => Shape::Stopped { at: at.map(|at| at.to_string()) },
        Event::Failed { at, failure } => {
            Shape::Failed { at: at.map(|at| at.to_string()), why: failure.to_string() }
        }
    }
}

/// Why the gate shut: its name, and the symbols that hold it with their lag.
pub fn reason_shape(reason: &Reason) -> wire::event::Reason {
    let holder = |holder: &LaggingSymbol| wire::event::LaggingSymbol {
        symbol: holder.symbol.to_string(),
        lag_s: holder.lag.map(Nanos::as_secs_f64),
    };
    let holders = match reason {
        Reason::CatchingUp { holders }
        | Reason::Late { holders }
        | Reason::Silent { holders }
        | Reason::Skewed { holders }
        | Reason::Gone { holders } => Some(holders.iter().map(holder).collect()),
        Reason::NotOpen
        | Reason::ClockStepped { .. }
        | Reason::Stalled { .. }
        | Reason::Closed
        | Reason::Failed
        | Reason::Stopped => None,
    };
    wire::event::Reason { name: reason.name().to_owned(), holders }
}

fn origin_shape(origin: &Origin) -> wire::event::Origin {
    match origin {
        Origin::Schedule { entry } => wire::event::Origin::Schedule(*entry),
        Origin::Handle => wire::event::Origin::Handle,
        Origin::Consumer { name } => wire::event::Origin::Consumer(name.clone()),
    }
}

/// A signal as it is written.
pub fn signal_shape(signal: &Signal) -> wire::command::Signal {
    wire::command::Signal {
        consumer: signal.consumer.clone(),
        symbol: signal.symbol.to_string(),
        kind: signal.kind.clone(),
        value: signal.value,
    }
}

fn command_shape(command: &SessionCommand) -> wire::command::Command {
    use wire::command::Command as Shape;

    let texts = |symbols: &[Symbol]| symbols.iter().map(Symbol::to_string).collect();
    match command {
        SessionCommand::AddSymbols { symbols, stay } => {
            Shape::AddSymbols { symbols: texts(symbols), stay: *stay == Stay::Run }
        }
        SessionCommand::RemoveSymbols { symbols } => {
            Shape::RemoveSymbols { symbols: texts(symbols) }
        }
        SessionCommand::Lock { symbol } => Shape::Lock { symbol: symbol.to_string() },
        SessionCommand::Unlock { symbol } => Shape::Unlock { symbol: symbol.to_string() },
        SessionCommand::AddInterval { interval } => {
            Shape::AddInterval { interval: interval.to_string() }
        }
        SessionCommand::AddIndicator { spec } => Shape::AddIndicator {
            indicator: spec.name().name().to_owned(),
            interval: spec.interval().to_string(),
            params: spec
                .name()
                .parameters()
                .iter()
                .map(|parameter| {
                    let value = match parameter.range {
                        ParameterRange::Count { .. } => {
                            ParameterValue::Count(spec.count(parameter.name))
                        }
                        ParameterRange::Factor { .. } => {
                            ParameterValue::Factor(spec.factor(parameter.name))
                        }
                    };
                    (parameter.name.to_owned(), value)
                })
                .collect(),
        },
        SessionCommand::Signal { signal } => Shape::Signal { signal: signal_shape(signal) },
        SessionCommand::Stop => Shape::Stop,
    }
}

fn answer_shape(answer: &Answer) -> wire::command::Answer {
    use wire::command::Answer as Shape;

    match answer {
        Answer::Added(each) => {
            Shape::Symbols(each.iter().map(|(symbol, added)| added_shape(symbol, added)).collect())
        }
        Answer::Removed(each) => Shape::Symbols(
            each.iter().map(|(symbol, removed)| removed_shape(symbol, removed)).collect(),
        ),
        Answer::Done => Shape::Done,
        Answer::AlreadyPresent => Shape::AlreadyPresent,
        Answer::NotPresent => Shape::NotPresent,
        Answer::Refused(why) => Shape::Refused(why.to_string()),
        Answer::Stopped => Shape::Stopped,
    }
}

fn added_shape(symbol: &Symbol, added: &Added) -> SymbolAnswer {
    let outcome = match added {
        Added::Added { generation } => SymbolOutcome::Added(*generation),
        Added::AlreadyPresent => SymbolOutcome::Present(true),
        Added::Refused(why) => SymbolOutcome::Refused(why.to_string()),
        Added::Failed(failure) => SymbolOutcome::Failed(failure.to_string()),
    };
    SymbolAnswer { symbol: symbol.to_string(), outcome }
}

fn removed_shape(symbol: &Symbol, removed: &Removed) -> SymbolAnswer {
    let outcome = match removed {
        Removed::Removed => SymbolOutcome::Removed(true),
        Removed::NotPresent => SymbolOutcome::Present(false),
        Removed::Refused(why) => SymbolOutcome::Refused(why.to_string()),
    };
    SymbolAnswer { symbol: symbol.to_string(), outcome }
}

impl EventLog {
    /// The log in the file at `path`.
    ///
    /// # Errors
    ///
    /// One that cannot be read.
    pub fn load(path: &Path) -> Result<EventLog, Failure> {
        let wrong = |why: String| {
            let text = format!("cannot read the event log {}: {why}", path.display());
            Failure::says(Exit::Data, text)
        };
        let text = std::fs::read_to_string(path).map_err(|error| wrong(error.to_string()))?;
        EventLog::read(text.trim_start_matches('\u{feff}')).map_err(wrong)
    }

    /// Where the events of `engine` differ first from those logged, in words; a log may be cut off.
    pub fn difference(&self, engine: &Engine) -> Option<String> {
        self.difference_of(engine.events())
    }

    /// Where `events` differ first from those logged, in words; a log may be cut off.
    pub fn difference_of(&self, events: &[Event]) -> Option<String> {
        let lines: Vec<String> = events.iter().map(event_line).collect();
        let is_same = |(ours, theirs): &(&String, &String)| ours == theirs;
        let n_same = lines.iter().zip(&self.lines).take_while(is_same).count();
        let n_logged = self.lines.len();
        let n_compared = if self.digest.is_none() { n_logged } else { lines.len().max(n_logged) };
        if n_same == n_compared {
            return None;
        }
        let shown = |lines: &[String]| {
            lines.get(n_same).cloned().unwrap_or_else(|| "nothing more".to_owned())
        };
        Some(format!(
            "the replay differs from the log at event {}\n  logged    {}\n  replayed  {}",
            n_same + 1,
            shown(&self.lines),
            shown(&lines)
        ))
    }

    /// Reads a log.
    ///
    /// # Errors
    ///
    /// A sentence that names the line and what is wrong with it.
    pub fn read(text: &str) -> Result<EventLog, String> {
        // A line is written whole; a program that is killed in it leaves a part, which says nothing.
        let n_whole = text.rfind('\n').map_or(0, |at| at + 1);
        let (whole, rest) = text.split_at(n_whole);
        let text = if serde_json::from_str::<Value>(rest).is_ok() { text } else { whole };
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
                    let end = End::deserialize(&value).map_err(|error| at(&error.to_string()))?;
                    log.digest = Some(end.digest);
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
    let head = Head::deserialize(value).map_err(|error| format!("line 1: {error}"))?;
    let raw = RawSession::read(&head.config.to_string()).map_err(|e| e.to_string())?;
    let (config, _) =
        SessionConfig::from_raw(&raw).map_err(|errors| format!("line 1: {errors}"))?;
    Ok(LogHead { config, store: head.store, overlay: head.overlay, texts: head.texts })
}

fn read_command(event: &Value) -> Result<LoggedCommand, String> {
    let in_words = |error: &dyn std::fmt::Display| error.to_string();
    let taken = wire::event::Taken::deserialize(&event["taken"]).map_err(|e| in_words(&e))?;
    let command =
        wire::command::Command::deserialize(&event["command"]).map_err(|e| in_words(&e))?;
    let taken = StepAt {
        step: taken.step,
        order: taken.order,
        clock: taken.clock.parse().map_err(|e: openbell_time::TimeError| in_words(&e))?,
        session: taken.session.parse().map_err(|e: openbell_time::TimeError| in_words(&e))?,
    };
    Ok(LoggedCommand { taken, command: command_of(command)? })
}

fn command_of(shape: wire::command::Command) -> Result<SessionCommand, String> {
    use wire::command::Command as Shape;

    let symbol = |text: String| Symbol::new(&text).map_err(|error| error.to_string());
    let symbols = |texts: Vec<String>| texts.into_iter().map(symbol).collect::<Result<_, _>>();
    let interval = |text: String| text.parse::<BarInterval>().map_err(|error| error.to_string());
    Ok(match shape {
        Shape::AddSymbols { symbols: texts, stay } => SessionCommand::AddSymbols {
            symbols: symbols(texts)?,
            stay: if stay { Stay::Run } else { Stay::Session },
        },
        Shape::RemoveSymbols { symbols: texts } => {
            SessionCommand::RemoveSymbols { symbols: symbols(texts)? }
        }
        Shape::Lock { symbol: text } => SessionCommand::Lock { symbol: symbol(text)? },
        Shape::Unlock { symbol: text } => SessionCommand::Unlock { symbol: symbol(text)? },
        Shape::AddInterval { interval: text } => {
            SessionCommand::AddInterval { interval: interval(text)? }
        }
        Shape::AddIndicator { indicator, interval: text, params } => {
            let name: IndicatorName = indicator
                .parse()
                .map_err(|e: openbell_market::indicator::IndicatorError| e.to_string())?;
            let params = params.iter().map(|(key, value)| (key.as_str(), value.as_f64()));
            let spec = IndicatorSpec::new(name, None, params, interval(text)?)
                .map_err(|error| error.to_string())?;
            SessionCommand::AddIndicator { spec }
        }
        Shape::Signal { signal } => SessionCommand::Signal {
            signal: Signal {
                consumer: signal.consumer,
                symbol: symbol(signal.symbol)?,
                kind: signal.kind,
                value: signal.value,
            },
        },
        Shape::Stop => SessionCommand::Stop,
    })
}
