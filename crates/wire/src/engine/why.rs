//! Why somebody gets no data, as it is written.

use openbell_coordinator::{Action, Check, Diagnosis, WayOut};
use openbell_session_data::Reason;

use crate::event::LaggingSymbol;
use crate::status::Gate;
use crate::why as shape;

impl From<&Diagnosis> for shape::Why {
    fn from(found: &Diagnosis) -> shape::Why {
        let inactive = found.status.inactive.as_ref().map(|inactive| inactive.facts());
        let holders = inactive.map_or(&[][..], |facts| Reason::holders(&facts.reason));
        let holders = holders.iter().take(Gate::HOLDERS_SHOWN);
        shape::Why {
            asked: shape::Asked {
                symbol: found.asked.symbol.as_ref().map(ToString::to_string),
                interval: found.asked.interval.as_ref().map(ToString::to_string),
                consumer: found.asked.consumer.clone(),
            },
            verdict: found.verdict.name().to_owned(),
            is_wrong: found.verdict.is_wrong(),
            sentence: found.to_string(),
            since: found.since.map(|since| since.to_string()),
            holders: holders.map(LaggingSymbol::from).collect(),
            ways_out: found.ways_out.iter().map(Into::into).collect(),
            checks: found.checks.iter().map(Into::into).collect(),
            as_of: shape::AsOf {
                clock: found.clock.map(|clock| clock.to_string()),
                epoch: found.epoch,
                publication: found.publication,
            },
        }
    }
}

impl From<&Check> for shape::Check {
    fn from(check: &Check) -> shape::Check {
        let found = check.found.as_ref();
        shape::Check {
            check: check.about.name().to_owned(),
            ok: found.is_none(),
            verdict: found.map(|verdict| verdict.name().to_owned()),
            sentence: found.map(ToString::to_string),
        }
    }
}

impl From<&WayOut> for shape::WayOut {
    fn from(way: &WayOut) -> shape::WayOut {
        let mut written = shape::WayOut {
            action: String::new(),
            command: None,
            path: None,
            value: None,
            says: way.says.clone(),
        };
        let action = match &way.action {
            Action::Wait => "wait",
            Action::Outside => "outside",
            Action::Command(command) => {
                written.command = Some(command.name().to_owned());
                "command"
            }
            Action::Config { path, value } => {
                written.path = Some((*path).to_owned());
                written.value = value.map(str::to_owned);
                "config"
            }
        };
        written.action = action.to_owned();
        written
    }
}
