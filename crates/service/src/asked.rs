//! A command out of the body of a request: every name, every key and every value is known, or it is
//! refused with what is needed.

use openbell_config::{is_speed, nearest_name};
use openbell_coordinator::{PaceCommand, SessionCommand};
use openbell_time::{Calendar, TimeOfDay, Timestamp, TradingDate};
use openbell_wire::command::Command;
use openbell_wire::served::pace::PaceCommand as Pace;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::problem::{Code, Problem};
use crate::settings::SYMBOLS;

/// Instants that one `step` visits at most: so many commands wait in the core's queue.
const STEPS: u32 = 1_000;

/// What is asked of the run.
#[derive(Clone, PartialEq, Debug)]
pub(crate) enum Asked {
    /// Of the session.
    Session(SessionCommand),
    /// Of its pace, so many times.
    Pace(PaceCommand, u32),
}

/// The commands there are.
const SESSION: &[&str] =
    &["add_symbols", "remove_symbols", "lock", "unlock", "add_interval", "add_indicator", "signal"];
const PACE: &[&str] = &["pause", "resume", "step", "run_until", "change_speed"];

impl Asked {
    /// The command of `body`. The session of `date` is the one in which a time of the day is meant.
    pub(crate) fn of(
        body: &[u8],
        calendar: &Calendar,
        date: Option<TradingDate>,
    ) -> Result<Asked, Problem> {
        let value: Value = serde_json::from_slice(body)
            .map_err(|error| bad("", format!("it is not JSON: {error}")))?;
        let name = value["name"].as_str().ok_or_else(|| {
            bad("/name", "the name of a command is needed, as in {\"name\": \"pause\"}")
        })?;
        if SESSION.contains(&name) {
            let command: Command = shaped(&value)?;
            if let Command::AddSymbols { symbols, .. } | Command::RemoveSymbols { symbols } =
                &command
                && !(1..=SYMBOLS).contains(&symbols.len())
            {
                let found = symbols.len();
                return Err(bad(
                    "/symbols",
                    format!("{found} were found, 1 to {SYMBOLS} are needed"),
                ));
            }
            let command = SessionCommand::try_from(command).map_err(|error| bad("", error))?;
            return Ok(Asked::Session(command));
        }
        if PACE.contains(&name) {
            return paced(shaped(&value)?, calendar, date);
        }
        if name == "stop" {
            let says =
                "a run is ended by POST /v1/stop, with the name of the session to confirm it";
            return Err(bad("/name", says));
        }
        let all = || SESSION.iter().chain(PACE).copied();
        let nearest = nearest_name(name, all()).unwrap_or_default();
        let all: Vec<&str> = all().collect();
        let all = all.join(", ");
        Err(bad(
            "/name",
            format!("there is no command {name:?}; the nearest is {nearest}, all are {all}"),
        ))
    }

    /// The name.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Asked::Session(command) => command.name(),
            Asked::Pace(command, _) => command.name(),
        }
    }
}

fn paced(pace: Pace, calendar: &Calendar, date: Option<TradingDate>) -> Result<Asked, Problem> {
    let once = |command| Ok(Asked::Pace(command, 1));
    match pace {
        Pace::Pause => once(PaceCommand::Pause),
        Pace::Resume => once(PaceCommand::Resume),
        Pace::Step { n } if (1..=STEPS).contains(&n) => Ok(Asked::Pace(PaceCommand::Step, n)),
        Pace::Step { n } => Err(bad("/n", format!("{n} was found, 1 to {STEPS} are needed"))),
        Pace::RunUntil { until } => {
            once(PaceCommand::RunUntil { until: instant(&until, calendar, date)? })
        }
        Pace::ChangeSpeed { speed } if is_speed(speed) => {
            once(PaceCommand::ChangeSpeed { multiplier: speed })
        }
        Pace::ChangeSpeed { speed } => Err(bad(
            "/speed",
            format!("{speed} was found, 0 or a number that moves the clock is needed"),
        )),
    }
}

/// An instant, or a time of the day on the exchange's clock.
fn instant(
    text: &str,
    calendar: &Calendar,
    date: Option<TradingDate>,
) -> Result<Timestamp, Problem> {
    if let Ok(instant) = text.parse() {
        return Ok(instant);
    }
    let time: Result<TimeOfDay, _> = text.parse();
    let instant = time.ok().zip(date).and_then(|(time, date)| calendar.instant_at(date, time));
    instant.ok_or_else(|| {
        let zone = calendar.zone_name();
        let found = format!("{text:?} was found");
        bad(
            "/until",
            format!(
                "{found}, an instant as 2025-07-02T16:00:00Z or, in a session, a time of the day in {zone} \
                 as 12:30 is needed"
            ),
        )
    })
}

/// `value` in that shape, with no key that the shape has not.
fn shaped<T: DeserializeOwned + Serialize>(value: &Value) -> Result<T, Problem> {
    let shape: T = serde_json::from_value(value.clone()).map_err(|error| bad("", error))?;
    let known = serde_json::to_value(&shape).expect("text keys and finite shapes are JSON");
    let given = value.as_object().into_iter().flat_map(serde_json::Map::keys);
    for key in given {
        if known.get(key).is_none() {
            let names: Vec<&str> =
                known.as_object().into_iter().flatten().map(|(key, _)| key.as_str()).collect();
            let all = names.join(", ");
            return Err(bad(&format!("/{key}"), format!("there is no such key; there are {all}")));
        }
    }
    Ok(shape)
}

fn bad(at: &str, says: impl ToString) -> Problem {
    let says = says.to_string();
    let detail = if at.is_empty() { says } else { format!("{at}: {says}") };
    Problem::new(Code::BadBody, detail)
}

#[cfg(test)]
mod tests {
    use openbell_time::TimeManager;

    use super::*;

    fn asked(body: &str) -> Result<Asked, String> {
        let calendar = TimeManager::new().calendar("XNYS").unwrap();
        let date = Some("2025-07-02".parse().unwrap());
        Asked::of(body.as_bytes(), &calendar, date).map_err(|problem| {
            assert_eq!(problem.code(), Code::BadBody);
            problem.detail().to_owned()
        })
    }

    fn pace(command: PaceCommand, n: u32) -> Result<Asked, String> {
        Ok(Asked::Pace(command, n))
    }

    #[test]
    fn a_command_of_the_event_log_is_taken_as_it_stands_there() {
        let lock = SessionCommand::Lock { symbol: "AAPL".parse().unwrap() };
        assert_eq!(asked(r#"{"name":"lock","symbol":"AAPL"}"#), Ok(Asked::Session(lock)));
    }

    #[test]
    fn pace_is_asked_by_the_same_names_as_in_the_logs() {
        assert_eq!(asked(r#"{"name":"pause"}"#), pace(PaceCommand::Pause, 1));
        assert_eq!(asked(r#"{"name":"step"}"#), pace(PaceCommand::Step, 1));
        assert_eq!(asked(r#"{"name":"step","n":7}"#), pace(PaceCommand::Step, 7));
        let half = PaceCommand::ChangeSpeed { multiplier: 0.5 };
        assert_eq!(asked(r#"{"name":"change_speed","speed":0.5}"#), pace(half, 1));
    }

    #[test]
    fn a_run_goes_until_an_instant_or_a_time_of_the_exchanges_day() {
        // 12:30 in New York is 16:30 in summer.
        let noon = PaceCommand::RunUntil { until: "2025-07-02T16:30:00Z".parse().unwrap() };
        assert_eq!(asked(r#"{"name":"run_until","until":"2025-07-02T16:30:00Z"}"#), pace(noon, 1));
        assert_eq!(asked(r#"{"name":"run_until","until":"12:30"}"#), pace(noon, 1));
        let refused = asked(r#"{"name":"run_until","until":"noon"}"#).unwrap_err();
        assert!(refused.starts_with("/until: \"noon\" was found"), "{refused}");
    }

    #[test]
    fn what_is_wrong_is_said_with_its_place_and_what_is_needed() {
        for (body, said) in [
            ("{", "it is not JSON"),
            ("[]", "/name: the name of a command is needed"),
            (r#"{"name":"puase"}"#, "/name: there is no command \"puase\"; the nearest is pause"),
            (r#"{"name":"stop"}"#, "/name: a run is ended by POST /v1/stop"),
            (r#"{"name":"step","n":0}"#, "/n: 0 was found, 1 to 1000 are needed"),
            (r#"{"name":"step","n":1001}"#, "/n: 1001 was found"),
            (r#"{"name":"change_speed","speed":-1}"#, "/speed: -1 was found"),
            (r#"{"name":"add_symbols","symbols":[]}"#, "/symbols: 0 were found, 1 to 1000"),
            (r#"{"name":"add_symbols","symbol":"AAPL"}"#, "missing field `symbols`"),
            (
                r#"{"name":"add_symbols","symbols":["AAPL"],"stays":true}"#,
                "/stays: there is no such key; there are name, stay, symbols",
            ),
            (r#"{"name":"pause","n":2}"#, "/n: there is no such key; there are name"),
        ] {
            let refused = asked(body).unwrap_err();
            assert!(refused.starts_with(said), "{body}: {refused}");
        }
    }
}
