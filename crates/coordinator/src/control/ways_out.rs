//! What can be done about a verdict.

use openbell_market::Symbol;

use crate::control::asked::Asked;
use crate::control::command::{Command, PaceCommand, SessionCommand, Stay};
use crate::control::verdict::Verdict;

/// One way out.
#[derive(Clone, PartialEq, Debug)]
pub struct WayOut {
    /// What is to be done.
    pub action: Action,
    /// What comes of it, in words.
    pub says: String,
}

/// What is to be done.
#[derive(Clone, PartialEq, Debug)]
pub enum Action {
    /// Nothing but waiting.
    Wait,
    /// A command to the run.
    Command(Command),
    /// A change of the session file, which the next run has.
    Config {
        /// Which setting, as `session_data_config.streaming.scope`.
        path: &'static str,
        /// Its value; absent where only whoever asks knows it.
        value: Option<&'static str>,
    },
    /// Something outside of the run.
    Outside,
}

fn way(action: Action, says: impl Into<String>) -> WayOut {
    WayOut { action, says: says.into() }
}

fn remove(symbols: Vec<Symbol>, says: &str) -> WayOut {
    way(Action::Command(SessionCommand::RemoveSymbols { symbols }.into()), says)
}

/// The ways out of `verdict` for whoever asked, the nearest first.
pub(crate) fn ways_out(verdict: &Verdict, asked: &Asked) -> Vec<WayOut> {
    let own = || asked.symbol.iter().cloned().collect::<Vec<Symbol>>();
    let add = |says: &str| match &asked.symbol {
        None => Vec::new(),
        Some(symbol) => {
            let symbols = vec![symbol.clone()];
            let command = SessionCommand::AddSymbols { symbols, stay: Stay::Session };
            vec![way(Action::Command(command.into()), says)]
        }
    };
    match verdict {
        Verdict::NothingIsWrong { .. } => Vec::new(),
        Verdict::NotBegun => vec![way(Action::Outside, "step the run, or let the program run it")],
        Verdict::RunFailed { .. } => vec![way(Action::Outside, "mend what failed and run again")],
        Verdict::RunStopped | Verdict::RunCompleted => {
            vec![way(Action::Outside, "run again; the report has what it came to")]
        }
        Verdict::Stalled { .. } => vec![
            way(Action::Wait, "data is read again as soon as the core is heard"),
            way(
                Action::Outside,
                "where it is not, a callback hangs or the thread has ended: restart",
            ),
        ],
        Verdict::ClockStepped { .. } | Verdict::Skewed { .. } => {
            vec![way(Action::Outside, "set this machine's clock by a time server")]
        }
        Verdict::Paused => {
            vec![way(Action::Command(PaceCommand::Resume.into()), "then the clock goes on")]
        }
        Verdict::WaitsForSeat { consumer } => {
            vec![way(Action::Outside, format!("run the worker of {consumer} on a thread"))]
        }
        Verdict::UnknownSymbol { .. } | Verdict::NotAMember { .. } => {
            add("then it is caught up and joins the session")
        }
        Verdict::FailedToJoin { .. } => add("once what the answer names is mended"),
        Verdict::Dead { .. } | Verdict::Late { .. } | Verdict::Gone { .. } => vec![
            way(Action::Wait, "its feed tries by itself, and fetches what is missing"),
            remove(own(), "without it the gate waits for it no more"),
        ],
        Verdict::HeldByOthers { holders } => vec![
            way(Action::Wait, "the gate opens when they have caught up"),
            remove(
                holders.iter().map(|holder| holder.symbol.clone()).collect(),
                "without them the gate opens at the next publication",
            ),
            way(
                Action::Config {
                    path: "session_data_config.streaming.scope",
                    value: Some("symbol"),
                },
                "then only they are withheld",
            ),
        ],
        Verdict::NoSuchSeries { .. } => match asked.interval {
            None => Vec::new(),
            Some(interval) => vec![way(
                Action::Command(SessionCommand::AddInterval { interval }.into()),
                "then it is derived, where it can be made of the base bars",
            )],
        },
        Verdict::NoSuchConsumer { .. } => vec![way(Action::Outside, "ask for one that there is")],
        Verdict::NotSubscribed => {
            vec![way(Action::Outside, "widen what the consumer's `subscription` includes")]
        }
        Verdict::ConsumerFailed { .. } => {
            vec![way(Action::Outside, "mend the consumer and run again")]
        }
        Verdict::ConsumerBehind { .. } => {
            vec![way(Action::Outside, "make its callbacks shorter, or its queue longer")]
        }
        Verdict::DataEnded { .. } => vec![
            way(Action::Outside, "import the data that is missing"),
            remove(own(), "then it is asked for no more"),
        ],
        Verdict::GapLeft { .. } => {
            vec![way(Action::Outside, "read around the gap, or import the bars for a later replay")]
        }
        Verdict::Rehearsing
        | Verdict::Preparing
        | Verdict::MarketClosed { .. }
        | Verdict::SessionClosed
        | Verdict::Break { .. }
        | Verdict::Starting
        | Verdict::Loading { .. }
        | Verdict::CatchingUp { .. }
        | Verdict::Withheld { .. }
        | Verdict::Halted { .. }
        | Verdict::Quiet { .. }
        | Verdict::NoBarYet { .. }
        | Verdict::WaitingForPace { .. } => {
            vec![way(Action::Wait, "it ends by itself")]
        }
    }
}
