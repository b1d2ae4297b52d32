//! The event log: written as a run goes, and read again for a replay.
//!
//! Not here: the form of its lines ([`crate::log`]), its file.

use std::collections::BTreeMap;

use openbell_config::{RawSession, SessionConfig};
use openbell_coordinator::{DIGEST_FORM, Event, Report, SessionCommand, StepAt};
use serde::Deserialize;
use serde_json::Value;

use super::error::{CommandError, LogError};
use crate::command::Command;
use crate::event::Taken;
use crate::log::{End, FORM, Head, Line, Resumed};

/// What was run, for the first line.
#[derive(Clone, Debug)]
pub struct LogHead {
    /// The program and its version.
    pub program: String,
    /// The session.
    pub config: SessionConfig,
    /// The folder of its store, absolute.
    pub store: String,
    /// The text of its calendar overlay, where it has one.
    pub overlay: Option<String>,
    /// The texts of the files that its modules name, by the path as it stands there.
    pub texts: BTreeMap<String, String>,
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
    /// Where other processes went on with the run, in order.
    pub resumed: Vec<Resumed>,
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
            digest_form: DIGEST_FORM,
            program: self.program.clone(),
            config: self.config.to_json(),
            store: self.store.clone(),
            overlay: self.overlay.clone(),
            texts: self.texts.clone(),
        };
        Line::Run(head).text()
    }
}

/// The line of one event.
///
/// ```
/// use openbell_coordinator::Event;
/// use openbell_wire::engine::event_line;
///
/// let completed = Event::Completed { at: "2025-07-02T20:00:00Z".parse()? };
/// assert_eq!(event_line(&completed), r#"{"event":"completed","at":"2025-07-02T20:00:00Z"}"#);
/// # Ok::<(), openbell_time::TimeError>(())
/// ```
pub fn event_line(event: &Event) -> String {
    Line::Event(event.into()).text()
}

/// The line with which a process goes on with a run that was interrupted.
pub fn resumed_line(resumed: Resumed) -> String {
    Line::Resumed(resumed).text()
}

/// Whether a line is one that a process says of itself ([`resumed_line`]), and no event of the run.
pub fn is_resumed_line(line: &str) -> bool {
    serde_json::from_str::<Value>(line).is_ok_and(|value| value["event"] == "resumed")
}

/// The last line of the log of a run.
pub fn end_line(report: &Report) -> String {
    let end = End {
        phase: report.phase.name().to_owned(),
        n_bars: report.n_bars,
        n_steps: report.n_steps,
        digest: report.digest.to_string(),
        digest_parts: Some((&report.digest_parts).into()),
    };
    Line::End(end).text()
}

impl EventLog {
    /// Reads a log. What a program that was killed in a line has left of it says nothing, and is
    /// passed over.
    ///
    /// # Errors
    ///
    /// The line that cannot be read, and what is wrong with it.
    ///
    /// # Example
    ///
    /// ```
    /// use openbell_wire::engine::EventLog;
    ///
    /// let log = EventLog::read(r#"{"event":"run","form":1,"digest_form":2,"program":"openbell 0.1.0","overlay":null,
    ///     "store":"/data","config":{"session_name":"noon","mode":"backtest",
    ///         "backtest_config":{"start_date":"2025-07-02","end_date":"2025-07-02"},
    ///         "session_data_config":{"symbols":["AAPL"],"streams":["1m"]}}}
    /// {"event":"completed","at":"2025-07-02T20:00:00Z"}
    /// "#.replace("\n    ", "").as_str())?;
    /// assert_eq!(log.head.config.session_name, "noon");
    /// assert_eq!(log.lines, [r#"{"event":"completed","at":"2025-07-02T20:00:00Z"}"#]);
    /// assert_eq!(log.digest, None); // It has no last line: it was cut off.
    /// # Ok::<(), openbell_wire::engine::LogError>(())
    /// ```
    pub fn read(text: &str) -> Result<EventLog, LogError> {
        let text = text.trim_start_matches('\u{feff}');
        // A line is written whole; a program that is killed in it leaves a part, which says nothing.
        let n_whole = text.rfind('\n').map_or(0, |at| at + 1);
        let (whole, rest) = text.split_at(n_whole);
        let text = if serde_json::from_str::<Value>(rest).is_ok() { text } else { whole };
        let mut lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
        let (_, first) = lines.next().ok_or(LogError::Empty)?;
        let head = read_head(first)?;
        let (lines_of, resumed, commands) = (Vec::new(), Vec::new(), Vec::new());
        let mut log = EventLog { head, lines: lines_of, resumed, commands, digest: None };
        for (i, text) in lines {
            log.read_line(i + 1, text)?;
        }
        // Logged when they were answered; an add in the middle of catch-up was taken before.
        log.commands.sort_by_key(|logged| (logged.taken.session, logged.taken));
        Ok(log)
    }

    fn read_line(&mut self, line: usize, text: &str) -> Result<(), LogError> {
        if self.digest.is_some() {
            return Err(LogError::AfterEnd { line });
        }
        let wrong = |error| LogError::Shape { line, error };
        let value: Value = serde_json::from_str(text).map_err(wrong)?;
        match value["event"].as_str() {
            None => return Err(LogError::NoEvent { line }),
            Some("end") => {
                self.digest = Some(End::deserialize(&value).map_err(wrong)?.digest);
                return Ok(());
            }
            Some("resumed") => {
                self.resumed.push(Resumed::deserialize(&value).map_err(wrong)?);
                return Ok(());
            }
            Some("commanded") if value["origin"] == "handle" => {
                self.commands.push(read_command(line, &value)?);
            }
            Some(_) => {}
        }
        self.lines.push(text.to_owned());
        Ok(())
    }

    /// How many events a log that was cut off has behind `events`, where it has all of them before: a
    /// recording that has lost its last looks to a power cut leads to fewer events than were logged. 0
    /// where it has no more, is another one, or was ended.
    pub fn n_beyond(&self, events: &[Event]) -> usize {
        let is_same =
            || events.iter().map(event_line).eq(self.lines.iter().take(events.len()).cloned());
        match self.lines.len().checked_sub(events.len()) {
            Some(n) if self.digest.is_none() && is_same() => n,
            Some(_) | None => 0,
        }
    }

    /// Where `events` differ first from those logged, in words; a log may be cut off.
    pub fn difference(&self, events: &[Event]) -> Option<String> {
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
}

fn read_head(text: &str) -> Result<LogHead, LogError> {
    let value: Value = serde_json::from_str(text).unwrap_or_default(); // Then it names no event.
    if value["event"] != "run" {
        return Err(LogError::NoHead);
    }
    if value["form"] != FORM {
        return Err(LogError::OtherForm { found: value["form"].clone() });
    }
    let head = Head::deserialize(value).map_err(|error| LogError::Shape { line: 1, error })?;
    if head.digest_form != DIGEST_FORM {
        let (found, program) = (head.digest_form, head.program);
        return Err(LogError::OtherDigests { found, program });
    }
    let raw = RawSession::read(&head.config.to_string());
    let config = raw.and_then(|raw| SessionConfig::from_raw(&raw));
    let (config, _) = config.map_err(|error| LogError::Config { error })?;
    let Head { program, store, overlay, texts, .. } = head;
    Ok(LogHead { program, config, store, overlay, texts })
}

fn read_command(line: usize, event: &Value) -> Result<LoggedCommand, LogError> {
    let shape = |error| LogError::Shape { line, error };
    let time = |error| LogError::Taken { line, error };
    let taken = Taken::deserialize(&event["taken"]).map_err(shape)?;
    let command = Command::deserialize(&event["command"]).map_err(shape)?;
    let taken = StepAt {
        step: taken.step,
        order: taken.order,
        clock: taken.clock.parse().map_err(time)?,
        session: taken.session.parse().map_err(time)?,
    };
    let command =
        command.try_into().map_err(|error: CommandError| LogError::Command { line, error })?;
    Ok(LoggedCommand { taken, command })
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = r#"{"event":"run","config":{"backtest_config":{"end_date":"2025-07-02","start_date":"2025-07-02"},"mode":"backtest","session_data_config":{"streams":["1m"],"symbols":["AAPL"]},"session_name":"noon"},"digest_form":2,"form":1,"overlay":null,"program":"openbell 0.1.0","store":"/data","texts":{}}"#;
    const OPENED: &str = r#"{"event":"gate_opened","at":"2025-07-02T13:30:00Z","epoch":1}"#;
    const END: &str = r#"{"event":"end","digest":"8a42033fba4b5859","n_bars":390,"n_steps":391,"phase":"closed"}"#;

    fn commanded(symbol: &str, step: u64, order: u32, origin: &str) -> String {
        format!(
            r#"{{"event":"commanded","answer":"done","command":{{"name":"lock","symbol":"{symbol}"}},"origin":{origin},"taken":{{"clock":"2025-07-02T13:31:00Z","order":{order},"session":"2025-07-02","step":{step}}}}}"#
        )
    }

    fn log(lines: &[&str]) -> String {
        lines.iter().map(|line| format!("{line}\n")).collect()
    }

    fn read(lines: &[&str]) -> EventLog {
        EventLog::read(&log(lines)).unwrap()
    }

    #[test]
    fn a_head_says_what_was_run_and_is_written_as_it_was_read() {
        let head = read(&[HEAD]).head;
        assert_eq!((head.program.as_str(), head.store.as_str()), ("openbell 0.1.0", "/data"));
        let again = read(&[&head.line()]).head;
        assert_eq!(again.line(), head.line());
        assert_eq!(again.config, head.config);
    }

    #[test]
    fn commands_from_outside_come_in_the_order_in_which_they_were_taken() {
        let first = commanded("A", 7, 0, r#""handle""#);
        let second = commanded("B", 7, 1, r#""handle""#);
        let of_consumer = commanded("C", 7, 2, r#"{"consumer":"noon"}"#);
        let log = read(&[HEAD, &second, &of_consumer, &first, END]);
        let of = |logged: &LoggedCommand| logged.command.clone();
        let lock = |symbol: &str| SessionCommand::Lock { symbol: symbol.parse().unwrap() };
        assert_eq!(log.commands.iter().map(of).collect::<Vec<_>>(), [lock("A"), lock("B")]);
        assert_eq!(log.lines, [second, of_consumer, first]);
        assert_eq!(log.digest.as_deref(), Some("8a42033fba4b5859"));
    }

    #[test]
    fn a_line_that_a_killed_program_has_begun_says_nothing() {
        for n in 0..OPENED.len() {
            let text = log(&[HEAD]) + &OPENED[..n];
            assert_eq!(EventLog::read(&text).unwrap().lines, [""; 0], "{n} bytes of it");
        }
        let whole = log(&[HEAD]) + OPENED;
        assert_eq!(EventLog::read(&whole).unwrap().lines, [OPENED]);
    }

    #[test]
    fn what_cannot_be_read_is_named_with_its_line() {
        let lock = commanded("A", 7, 0, r#""handle""#);
        let said = |lines: &[&str]| EventLog::read(&log(lines)).unwrap_err().to_string();
        assert_eq!(said(&[]), "it is empty");
        let none = "line 1: no event log begins so; write one with `openbell run --events`";
        assert_eq!(said(&[OPENED]), none);
        assert_eq!(said(&["nonsense"]), none);
        assert_eq!(
            said(&[&HEAD.replace("\"form\":1", "\"form\":9")]),
            "line 1: form 9 is not read, only form 1"
        );
        assert_eq!(
            said(&[&HEAD.replace("\"digest_form\":2,", "")]),
            "line 1: its digests are of form 1, and this program makes form 2; replay it with openbell 0.1.0, \
             which wrote it, or run its session again with --events"
        );
        let unknown = said(&[&HEAD.replace("session_name", "session_naim")]);
        assert!(unknown.starts_with("line 1: ") && unknown.contains("session_naim"), "{unknown}");
        let store = said(&[&HEAD.replace("\"/data\"", "7")]);
        assert!(store.starts_with("line 1: invalid type: integer `7`"), "{store}");
        let nonsense = said(&[HEAD, OPENED, "nonsense"]);
        assert!(nonsense.starts_with("line 3: "), "{nonsense}");
        assert_eq!(said(&[HEAD, "{\"a\":1}"]), "line 2: no \"event\" is named");
        assert_eq!(said(&[HEAD, END, OPENED]), "line 3: something follows the line \"end\"");
        let end = said(&[HEAD, &END.replace("390", "\"x\"")]);
        assert!(end.starts_with("line 2: invalid type: string \"x\""), "{end}");
        let symbol = said(&[HEAD, "", &lock.replace("\"A\"", "\"A B\"")]);
        assert!(symbol.starts_with("line 3: ") && symbol.contains("\"A B\""), "{symbol}");
        let clock = said(&[HEAD, &lock.replace("2025-07-02T13:31:00Z", "noon")]);
        assert!(clock.starts_with("line 2: cannot read \"noon\" as an instant"), "{clock}");
        let untaken = said(&[HEAD, &lock.replace("\"step\":7", "\"step\":-7")]);
        assert!(untaken.starts_with("line 2: invalid value: integer `-7`"), "{untaken}");
    }

    #[test]
    fn a_difference_is_the_first_event_that_is_not_that_of_the_log() {
        let at = "2025-07-02T13:30:00Z".parse().unwrap();
        let opened = |epoch| Event::GateOpened { at, epoch };
        let whole = read(&[HEAD, OPENED, END]);
        assert_eq!(whole.difference(&[opened(1)]), None);
        let differs = "the replay differs from the log at event 1\n  logged    ".to_owned()
            + OPENED
            + "\n  replayed  "
            + &event_line(&opened(3));
        assert_eq!(whole.difference(&[opened(3)]), Some(differs));
        let more = whole.difference(&[opened(1), opened(3)]).unwrap();
        assert!(more.contains("at event 2\n  logged    nothing more\n"), "{more}");
        // A log that was cut off says nothing of what came after.
        assert_eq!(read(&[HEAD, OPENED]).difference(&[opened(1), opened(3)]), None);
        assert!(read(&[HEAD, OPENED]).difference(&[]).unwrap().ends_with("replayed  nothing more"));
    }

    #[test]
    fn what_a_process_says_of_itself_is_no_event_of_the_run() {
        let resumed = Resumed {
            at: "2025-07-02T13:30:00Z".to_owned(),
            wall: "2025-07-02T13:31:00Z".to_owned(),
            n_looks: 5,
            n_events: 1,
            program: "openbell 0.1.0".to_owned(),
        };
        let line = resumed_line(resumed.clone());
        assert!(is_resumed_line(&line) && !is_resumed_line(OPENED) && !is_resumed_line("{"));
        let log = read(&[HEAD, OPENED, &line, END]);
        assert_eq!((log.lines, log.resumed), (vec![OPENED.to_owned()], vec![resumed]));
        let wrong = EventLog::read(&self::log(&[HEAD, &line.replace(":5", ":-5")]));
        assert!(wrong.unwrap_err().to_string().starts_with("line 2: invalid value: integer `-5`"));
    }

    #[test]
    fn events_are_beyond_those_that_a_log_begins_with_and_never_of_one_that_was_ended() {
        let at = "2025-07-02T13:30:00Z".parse().unwrap();
        let opened = |epoch| Event::GateOpened { at, epoch };
        let shut = commanded("A", 7, 0, r#""handle""#);
        let cut_off = read(&[HEAD, OPENED, &shut]);
        assert_eq!((cut_off.n_beyond(&[opened(1)]), cut_off.n_beyond(&[])), (1, 2));
        assert_eq!(cut_off.n_beyond(&[opened(3)]), 0, "it is another run");
        assert_eq!(cut_off.n_beyond(&[opened(1), opened(3), opened(5)]), 0, "it is shorter");
        assert_eq!(read(&[HEAD, OPENED, END]).n_beyond(&[]), 0, "it was ended");
    }
}
