//! Events and why the gate is shut, as they are written.

use openbell_coordinator::{Event, Origin};
use openbell_session_data::{LaggingSymbol, Reason};
use openbell_time::Nanos;

use crate::event as shape;

impl From<&Event> for shape::Event {
    fn from(event: &Event) -> shape::Event {
        use shape::Event as Shape;

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
                taken: shape::Taken {
                    step: taken.step,
                    order: taken.order,
                    clock: taken.clock.to_string(),
                    session: taken.session.to_string(),
                },
                origin: origin.into(),
                command: command.into(),
                answer: answer.into(),
            },
            Event::GateOpened { at, epoch } => {
                Shape::GateOpened { at: at.to_string(), epoch: *epoch }
            }
            Event::GateShut { at, epoch, reason } => {
                Shape::GateShut { at: at.to_string(), epoch: *epoch, reason: reason.into() }
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
            Event::GapLeft { symbol, at, since, until, n_bars } => Shape::GapLeft {
                symbol: symbol.to_string(),
                at: at.to_string(),
                since: since.to_string(),
                until: until.to_string(),
                n_bars: *n_bars,
            },
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
                Shape::Signalled { at: at.to_string(), signal: signal.into() }
            }
            Event::Traded { at, strategy, trade } => super::trade::event(*at, strategy, trade),
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
}

impl From<&Origin> for shape::Origin {
    fn from(origin: &Origin) -> shape::Origin {
        match origin {
            Origin::Schedule { entry } => shape::Origin::Schedule(*entry),
            Origin::Handle => shape::Origin::Handle,
            Origin::Consumer { name } => shape::Origin::Consumer(name.clone()),
        }
    }
}

impl From<&Reason> for shape::Reason {
    fn from(reason: &Reason) -> shape::Reason {
        let holders = match reason {
            Reason::CatchingUp { holders }
            | Reason::Late { holders }
            | Reason::Silent { holders }
            | Reason::Skewed { holders }
            | Reason::Gone { holders } => Some(holders.iter().map(Into::into).collect()),
            Reason::NotOpen
            | Reason::ClockStepped { .. }
            | Reason::Stalled { .. }
            | Reason::Closed
            | Reason::Failed
            | Reason::Stopped => None,
        };
        shape::Reason { name: reason.name().to_owned(), holders }
    }
}

impl From<&LaggingSymbol> for shape::LaggingSymbol {
    fn from(holder: &LaggingSymbol) -> shape::LaggingSymbol {
        shape::LaggingSymbol {
            symbol: holder.symbol.to_string(),
            lag_s: holder.lag.map(Nanos::as_secs_f64),
        }
    }
}
