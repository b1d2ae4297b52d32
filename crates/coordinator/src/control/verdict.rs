//! The closed list of what can keep data from somebody, each with the facts behind it.
//!
//! Not here: how one is found (`why.rs`).

use std::fmt;

use openbell_market::{BarInterval, Symbol};
use openbell_session_data::{LaggingSymbol, Why};
use openbell_time::{Nanos, Timestamp, TradingDate};

/// What keeps data from whoever asks, or that nothing does.
///
/// In this order: of several that are true the first is the verdict.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Verdict {
    /// Nobody has stepped the run yet.
    NotBegun,
    /// The run has failed.
    RunFailed {
        /// Of what; absent before the failing step has been noted.
        said: Option<String>,
    },
    /// The run was stopped.
    RunStopped,
    /// The last session is closed.
    RunCompleted,
    /// What an earlier process has stepped is stepped again, and consumers were told of it then.
    Rehearsing,
    /// The core has not been heard by its deadline (live).
    Stalled {
        /// When it was heard last.
        heard_at: Timestamp,
        /// When it should have been heard again; absent where nobody renews the clock that it is
        /// held against.
        due_by: Option<Timestamp>,
    },
    /// History is read for the next session.
    Preparing,
    /// No session is open.
    MarketClosed {
        /// When the next one opens; absent where none follows.
        next_open: Option<Timestamp>,
    },
    /// The session has closed, and what follows is not prepared yet.
    SessionClosed,
    /// The exchange rests inside its session.
    Break {
        /// When it goes on.
        until: Timestamp,
    },
    /// The session is open, and its feeds have not been complete through its open yet.
    Starting,
    /// The wall clock has jumped (live).
    ClockStepped {
        /// By how much; negative where it was set back.
        by: Nanos,
    },
    /// The clock is paused.
    Paused,
    /// A lock-step consumer has no worker, and the run waits for it.
    WaitsForSeat {
        /// The consumer.
        consumer: String,
    },
    /// The run has never had such a symbol.
    UnknownSymbol {
        /// The member whose name comes nearest.
        nearest: Option<Symbol>,
    },
    /// It was asked for, and could not join.
    FailedToJoin {
        /// What the answer said.
        said: String,
    },
    /// It has left.
    NotAMember {
        /// By the session clock.
        left_at: Timestamp,
    },
    /// Its data is being read.
    Loading {
        /// How far that is.
        why: Why,
    },
    /// Its backlog is being delivered.
    CatchingUp {
        /// The lag at its last check.
        lag: Nanos,
        /// Bars at or before the clock that are not delivered yet.
        n_backlog: u64,
    },
    /// An expected bar is overdue (live).
    Late {
        /// Which.
        why: Why,
    },
    /// Nothing comes over its link (live).
    Dead {
        /// Since when, and what is done about it.
        why: Why,
    },
    /// This machine's clock and that of its source differ too much (live).
    Skewed {
        /// By how much.
        why: Why,
    },
    /// Its source refuses it for good (live).
    Gone {
        /// What it said.
        why: Why,
    },
    /// Its data is withheld for another reason than those above.
    Withheld {
        /// The lag at its last check.
        lag: Nanos,
    },
    /// Others hold the gate.
    HeldByOthers {
        /// Who, in symbol order.
        holders: Vec<LaggingSymbol>,
    },
    /// The exchange has halted it, so that no bar is owed (live).
    Halted {
        /// Since when.
        why: Why,
    },
    /// No bar has come for longer than a symbol may be behind: live that is proven to be no fault, in
    /// a replay there was none up to the clock.
    Quiet {
        /// The close of its last bar in this session, or the open of the session.
        since: Timestamp,
    },
    /// It had no bar in earlier sessions, and has none in this one: its data has ended.
    DataEnded {
        /// The first of the sessions without a bar.
        since: TradingDate,
    },
    /// The session has no series of that interval.
    NoSuchSeries {
        /// The intervals that it has.
        there: Vec<BarInterval>,
    },
    /// The first bar of the series has not closed yet.
    NoBarYet {
        /// When it does at the earliest.
        first_close: Timestamp,
    },
    /// No consumer has that name.
    NoSuchConsumer {
        /// Those that there are, in order of registration.
        there: Vec<String>,
    },
    /// The consumer has not asked for bars of the series.
    NotSubscribed,
    /// The consumer is called no more.
    ConsumerFailed {
        /// Why.
        said: String,
    },
    /// The queue of a free consumer is full, or has lost notices that it was not told of yet.
    ConsumerBehind {
        /// Notices that wait for it.
        n_waiting: u64,
        /// Notices that made room since it took one.
        n_displaced: u64,
    },
    /// Data is read, and bars of this session were given up (live).
    GapLeft {
        /// The open of the first of them.
        since: Timestamp,
        /// The close of the last of them.
        until: Timestamp,
        /// How many.
        n_bars: u32,
    },
    /// Data is read, and a paced run is ahead of the wall clock.
    WaitingForPace {
        /// The instant of the wall clock at which the next step is due.
        until: Timestamp,
    },
    /// Data is read.
    NothingIsWrong {
        /// The close of the newest bar of the series; absent where no series was asked about.
        newest: Option<Timestamp>,
        /// When its next bar closes at the earliest.
        next_due: Option<Timestamp>,
    },
}

impl Verdict {
    /// The name in answers and logs.
    pub fn name(&self) -> &'static str {
        match self {
            Verdict::NotBegun => "not_begun",
            Verdict::RunFailed { .. } => "run_failed",
            Verdict::RunStopped => "run_stopped",
            Verdict::RunCompleted => "run_completed",
            Verdict::Rehearsing => "rehearsing",
            Verdict::Stalled { .. } => "stalled",
            Verdict::Preparing => "preparing",
            Verdict::MarketClosed { .. } => "market_closed",
            Verdict::SessionClosed => "session_closed",
            Verdict::Break { .. } => "break",
            Verdict::Starting => "starting",
            Verdict::ClockStepped { .. } => "clock_stepped",
            Verdict::Paused => "paused",
            Verdict::WaitsForSeat { .. } => "waits_for_seat",
            Verdict::UnknownSymbol { .. } => "unknown_symbol",
            Verdict::FailedToJoin { .. } => "failed_to_join",
            Verdict::NotAMember { .. } => "not_a_member",
            Verdict::Loading { .. } => "loading",
            Verdict::CatchingUp { .. } => "catching_up",
            Verdict::Late { .. } => "late",
            Verdict::Dead { .. } => "dead",
            Verdict::Skewed { .. } => "skewed",
            Verdict::Gone { .. } => "gone",
            Verdict::Withheld { .. } => "withheld",
            Verdict::HeldByOthers { .. } => "held_by_others",
            Verdict::Halted { .. } => "halted",
            Verdict::Quiet { .. } => "quiet",
            Verdict::DataEnded { .. } => "data_ended",
            Verdict::NoSuchSeries { .. } => "no_such_series",
            Verdict::NoBarYet { .. } => "no_bar_yet",
            Verdict::NoSuchConsumer { .. } => "no_such_consumer",
            Verdict::NotSubscribed => "not_subscribed",
            Verdict::ConsumerFailed { .. } => "consumer_failed",
            Verdict::ConsumerBehind { .. } => "consumer_behind",
            Verdict::GapLeft { .. } => "gap_left",
            Verdict::WaitingForPace { .. } => "waiting_for_pace",
            Verdict::NothingIsWrong { .. } => "nothing_is_wrong",
        }
    }

    /// Whether data is kept from whoever asked, or a part of it is missing.
    pub fn is_wrong(&self) -> bool {
        !matches!(self, Verdict::NothingIsWrong { .. } | Verdict::WaitingForPace { .. })
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Verdict::NotBegun => f.write_str("the run has not begun: nobody has stepped it"),
            Verdict::RunFailed { said: Some(said) } => write!(f, "the run has failed: {said}"),
            Verdict::RunFailed { said: None } => f.write_str("the run has failed"),
            Verdict::RunStopped => f.write_str("the run was stopped"),
            Verdict::RunCompleted => {
                f.write_str("the run has completed: its last session is closed")
            }
            Verdict::Rehearsing => f.write_str("an earlier process's steps are being repeated"),
            Verdict::Stalled { heard_at, due_by: Some(due_by) } => {
                write!(f, "the core has not been heard since {heard_at}, it was due by {due_by}")
            }
            Verdict::Stalled { heard_at, due_by: None } => write!(
                f,
                "the clock that the core is held against has stopped; it was last heard at {heard_at}"
            ),
            Verdict::Preparing => f.write_str("the next session is being prepared"),
            Verdict::MarketClosed { next_open: Some(at) } => {
                write!(f, "no session is open; the next one opens at {at}")
            }
            Verdict::MarketClosed { next_open: None } => {
                f.write_str("no session is open, and none follows in this run")
            }
            Verdict::SessionClosed => f.write_str("the session is closed"),
            Verdict::Break { until } => write!(f, "the exchange rests until {until}"),
            Verdict::Starting => f.write_str(
                "the session is open, and its feeds are not complete through its open yet",
            ),
            Verdict::ClockStepped { by } => write!(f, "the wall clock has jumped by {by}"),
            Verdict::Paused => f.write_str("the clock is paused"),
            Verdict::WaitsForSeat { consumer } => {
                write!(f, "the run waits for the worker of {consumer}, which nobody runs")
            }
            Verdict::UnknownSymbol { nearest: Some(name) } => {
                write!(f, "the run has never had such a symbol; the nearest is {name}")
            }
            Verdict::UnknownSymbol { nearest: None } => {
                f.write_str("the run has never had such a symbol")
            }
            Verdict::FailedToJoin { said } => write!(f, "it could not join: {said}"),
            Verdict::NotAMember { left_at } => write!(f, "it has left the session at {left_at}"),
            Verdict::CatchingUp { lag, n_backlog } => {
                write!(
                    f,
                    "it is catching up: {lag} behind at its last check, {n_backlog} bars left"
                )
            }
            Verdict::Loading { why }
            | Verdict::Late { why }
            | Verdict::Dead { why }
            | Verdict::Skewed { why }
            | Verdict::Gone { why }
            | Verdict::Halted { why } => why.fmt(f),
            Verdict::Withheld { lag } => {
                write!(f, "it is withheld: {lag} behind at its last check")
            }
            Verdict::HeldByOthers { holders } => {
                f.write_str("others hold the gate")?;
                for (n, holder) in holders.iter().enumerate() {
                    write!(f, "{} {holder}", if n == 0 { ":" } else { "," })?;
                }
                Ok(())
            }
            Verdict::Quiet { since } => write!(f, "no bar since {since}, and none is owed"),
            Verdict::DataEnded { since } => write!(f, "no bar in any session since {since}"),
            Verdict::NoSuchSeries { there } => write!(f, "no such series; {}", listed(there)),
            Verdict::NoBarYet { first_close } => {
                write!(f, "no bar has closed yet; the first does at {first_close}")
            }
            Verdict::NoSuchConsumer { there } => write!(f, "no such consumer; {}", listed(there)),
            Verdict::NotSubscribed => f.write_str("the consumer has not asked for these bars"),
            Verdict::ConsumerFailed { said } => write!(f, "the consumer is called no more: {said}"),
            Verdict::ConsumerBehind { n_waiting, n_displaced } => write!(
                f,
                "the consumer is behind: {n_waiting} notices wait, {n_displaced} were displaced"
            ),
            Verdict::GapLeft { since, until, n_bars } => {
                write!(
                    f,
                    "{n_bars} bars from {since} to {until} could not be had, and were given up"
                )
            }
            Verdict::WaitingForPace { until } => {
                write!(f, "nothing is wrong; the run is ahead of its pace until {until}")
            }
            Verdict::NothingIsWrong { newest, next_due } => {
                f.write_str("nothing is wrong")?;
                if let Some(newest) = newest {
                    write!(f, "; the newest bar closed at {newest}")?;
                }
                next_due.map_or(Ok(()), |due| write!(f, ", the next one does at {due}"))
            }
        }
    }
}

fn listed<T: fmt::Display>(there: &[T]) -> String {
    if there.is_empty() {
        return "there is none".to_owned();
    }
    let names: Vec<String> = there.iter().map(ToString::to_string).collect();
    format!("there are {}", names.join(", "))
}
