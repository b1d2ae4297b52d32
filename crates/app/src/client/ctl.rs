//! `openbell ctl`: commands to a run that is served.

use clap::{Args, Parser, Subcommand};
use openbell_wire::command::{Answer, SymbolOutcome};
use openbell_wire::served::ticket::{State, Ticket};
use serde_json::{Value, json};

use super::asker::{Asker, Whom};
use crate::exit::{Exit, Failure, Outcome};
use crate::terminal::Terminal;

/// Gives a command to a run that is served, and says what became of it.
///
/// The exit code is 0 where it was done, and 10 where it was refused or the run could not be asked.
#[derive(Args, Debug)]
#[command(arg_required_else_help = true, after_help = EXAMPLES)]
pub struct CtlArgs {
    #[command(flatten)]
    whom: Whom,
    /// The command and what it takes: pause, resume, step [N], run-until INSTANT, speed N, add SYMBOL...,
    /// remove SYMBOL..., lock SYMBOL, unlock SYMBOL, or stop SESSION.
    #[arg(
        required = true,
        trailing_var_arg = true,
        allow_hyphen_values = true,
        value_name = "COMMAND"
    )]
    words: Vec<String>,
}

/// The words of a command, read apart: they stand behind the run that is asked.
#[derive(Parser, Debug)]
#[command(no_binary_name = true, name = "ctl URL", disable_help_subcommand = true)]
struct Words {
    #[command(subcommand)]
    command: Ctl,
}

const EXAMPLES: &str = "\
Examples:
  openbell ctl 'http://127.0.0.1:8430/#token=...' pause
  openbell ctl 127.0.0.1:8430 --token-file tokens add TSLA MSFT
  openbell ctl 127.0.0.1:8430 --token-file tokens run-until 12:30
  openbell ctl 127.0.0.1:8430 --token-file tokens stop noon";

/// What can be asked of a run.
#[derive(Subcommand, Debug)]
enum Ctl {
    /// Lets the session clock stand (backtest).
    Pause,
    /// Lets it go on.
    Resume,
    /// Lets the paused clock visit further instants.
    Step {
        /// How many.
        #[arg(default_value_t = 1)]
        n: u32,
    },
    /// Lets the clock go on up to an instant, and stand then.
    RunUntil {
        /// The instant, or the time of the day on the exchange's clock, as 12:30.
        until: String,
    },
    /// Changes the speed: 0 as fast as possible, 60 an hour a minute.
    Speed {
        /// The speed.
        speed: f64,
    },
    /// Adds symbols.
    Add {
        /// The symbols.
        #[arg(required = true)]
        symbols: Vec<String>,
        /// For all later sessions of the run too.
        #[arg(long)]
        stay: bool,
    },
    /// Removes symbols.
    Remove {
        /// The symbols.
        #[arg(required = true)]
        symbols: Vec<String>,
    },
    /// Keeps a symbol from being removed.
    Lock {
        /// The symbol.
        symbol: String,
    },
    /// Lets a symbol be removed again.
    Unlock {
        /// The symbol.
        symbol: String,
    },
    /// Ends the run in order.
    Stop {
        /// The name of its session, to confirm it.
        session_name: String,
    },
}

impl Ctl {
    /// The path and the body of the request.
    fn request(&self) -> (&'static str, Value) {
        let body = match self {
            Ctl::Pause => json!({"name": "pause"}),
            Ctl::Resume => json!({"name": "resume"}),
            Ctl::Step { n } => json!({"name": "step", "n": n}),
            Ctl::RunUntil { until } => json!({"name": "run_until", "until": until}),
            Ctl::Speed { speed } => json!({"name": "change_speed", "speed": speed}),
            Ctl::Add { symbols, stay } => {
                json!({"name": "add_symbols", "symbols": symbols, "stay": stay})
            }
            Ctl::Remove { symbols } => json!({"name": "remove_symbols", "symbols": symbols}),
            Ctl::Lock { symbol } => json!({"name": "lock", "symbol": symbol}),
            Ctl::Unlock { symbol } => json!({"name": "unlock", "symbol": symbol}),
            Ctl::Stop { session_name } => {
                return ("/v1/stop?wait_ms=30000", json!({"confirm": session_name}));
            }
        };
        ("/v1/commands?wait_ms=30000", body)
    }
}

/// What is wrong with the words, without the word that every failure of the program begins with.
fn said(error: &clap::Error) -> String {
    let text = error.to_string();
    text.strip_prefix("error: ").unwrap_or(&text).trim_end().to_owned()
}

/// Gives the command, and says what became of it.
pub fn ctl(args: &CtlArgs, terminal: &mut Terminal) -> Outcome {
    let words = Words::try_parse_from(&args.words)
        .map_err(|error| Failure::says(Exit::Usage, said(&error)))?;
    let asker = Asker::of(&args.whom)?;
    let (path, body) = words.command.request();
    let ticket: Ticket = asker.post(path, &body)?;
    let exit = show(&ticket, terminal)?;
    terminal.flush()?;
    Ok(exit)
}

fn show(ticket: &Ticket, terminal: &mut Terminal) -> std::io::Result<Exit> {
    let Ticket { id, name, state, answer } = ticket;
    if *state == State::Waiting {
        terminal.line(format!("{name} ({id}): it waits, and is answered at /v1/commands/{id}"))?;
        return Ok(Exit::Done);
    }
    let mut exit = Exit::Done;
    match answer {
        Some(Answer::Symbols(each)) => {
            for of in each {
                let said = match &of.outcome {
                    SymbolOutcome::Added(_) => "added".to_owned(),
                    SymbolOutcome::Removed(_) => "removed".to_owned(),
                    SymbolOutcome::Present(true) => "there already".to_owned(),
                    SymbolOutcome::Present(false) => "no member".to_owned(),
                    SymbolOutcome::Refused(why) | SymbolOutcome::Failed(why) => {
                        exit = Exit::Unanswered;
                        format!("refused: {why}")
                    }
                };
                terminal.line(format!("{}: {said}", of.symbol))?;
            }
        }
        Some(Answer::Refused(why)) => {
            exit = Exit::Unanswered;
            terminal.line(format!("{name}: refused: {why}"))?;
        }
        Some(Answer::NotPresent) => {
            exit = Exit::Unanswered;
            terminal.line(format!("{name}: no member of the session"))?;
        }
        Some(Answer::AlreadyPresent) => terminal.line(format!("{name}: there already"))?,
        Some(Answer::Done | Answer::Stopped) | None => terminal.line(format!("{name}: done"))?,
    }
    Ok(exit)
}
