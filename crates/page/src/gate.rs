//! What the gate did, as stretches of time: when it was open, and who held it shut.

use std::collections::BTreeMap;

use openbell_time::Timestamp;
use openbell_wire::event::Reason;
use openbell_wire::report::Session;

use crate::markup::{count, counted, seconds, short};
use crate::moment::instant;
use crate::run::Run;

/// A stretch in which the gate stood still.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stretch<'r> {
    pub(crate) since: Timestamp,
    pub(crate) until: Timestamp,
    /// Why it was shut; absent where it was open.
    pub(crate) reason: Option<&'r Reason>,
}

impl Stretch<'_> {
    pub(crate) fn length_s(&self) -> f64 {
        (self.until - self.since).as_secs_f64().max(0.0)
    }

    /// Whether it is shut for another reason than the hour of the day.
    pub(crate) fn is_mid_session(&self) -> bool {
        self.reason.is_some_and(|reason| !matches!(reason.name.as_str(), "closed" | "not_open"))
    }
}

/// The stretches of a session between its open and its end, in order; before its first switch it is shut
/// without a word.
pub(crate) fn stretches<'r>(run: &'r Run<'_>, session: &'r Session) -> Vec<Stretch<'r>> {
    let (Some(open), Some(end)) = (instant(&session.open), instant(run.end_of(session))) else {
        return Vec::new();
    };
    let switches = session.gate.iter().filter_map(|switch| Some((instant(&switch.at)?, switch)));
    let switches: Vec<_> = switches.collect();
    let mut found = Vec::new();
    for (i, (at, switch)) in switches.iter().enumerate() {
        let next = switches.get(i + 1).map_or(end, |(next, _)| *next);
        let (since, until) = ((*at).max(open), next.min(end));
        if since < until || (switch.reason.is_some() && *at == next && *at >= open && *at <= end) {
            let reason = switch.reason.as_ref();
            found.push(Stretch { since, until: until.max(since), reason });
        }
    }
    found
}

/// What is said of a reason.
pub(crate) fn words(reason: &Reason) -> String {
    let name = reason.name.replace('_', " ");
    let Some(holders) = reason.holders.as_ref().filter(|holders| !holders.is_empty()) else {
        return name;
    };
    let shown: Vec<String> = holders
        .iter()
        .take(HOLDERS_SHOWN)
        .map(|holder| match holder.lag_s {
            Some(lag_s) => format!("{} {} behind", short(&holder.symbol), seconds(lag_s)),
            None => format!("{} not complete", short(&holder.symbol)),
        })
        .collect();
    let more = holders.len().saturating_sub(HOLDERS_SHOWN);
    let more = if more == 0 { String::new() } else { format!(" and {} more", count(more as u64)) };
    format!("{name}: {}{more}", shown.join(", "))
}

const HOLDERS_SHOWN: usize = 8;

/// How a symbol held the gate.
#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub(crate) struct Holding {
    /// The longest lag that a switch names; absent where none names one.
    pub(crate) lag_max_s: Option<f64>,
    /// How long it was among those that held the gate, in seconds of the session clock.
    pub(crate) held_s: f64,
    /// Stretches in which it was.
    pub(crate) n_stretches: u64,
}

/// The gate over the whole run.
#[derive(Clone, Debug, Default)]
pub(crate) struct GateFigures {
    pub(crate) open_s: f64,
    pub(crate) shut_s: f64,
    pub(crate) n_switches: u64,
    pub(crate) n_mid_session: u64,
    pub(crate) holders: BTreeMap<String, Holding>,
}

impl GateFigures {
    pub(crate) fn of(run: &Run<'_>) -> GateFigures {
        let mut figures = GateFigures::default();
        for session in run.sessions() {
            figures.n_switches += session.gate.len() as u64;
            for stretch in stretches(run, session) {
                if stretch.reason.is_none() {
                    figures.open_s += stretch.length_s();
                }
                if stretch.is_mid_session() {
                    figures.shut_s += stretch.length_s();
                    figures.n_mid_session += 1;
                }
                for holder in stretch.reason.iter().flat_map(|it| it.holders.iter().flatten()) {
                    let holding = figures.holders.entry(holder.symbol.clone()).or_default();
                    holding.held_s += stretch.length_s();
                    holding.n_stretches += 1;
                    holding.lag_max_s =
                        [holding.lag_max_s, holder.lag_s].into_iter().flatten().reduce(f64::max);
                }
            }
        }
        figures
    }

    /// The symbol that was behind the most, and by how much.
    pub(crate) fn worst(&self) -> Option<(&str, f64)> {
        let lagged =
            self.holders.iter().filter_map(|(name, it)| Some((name.as_str(), it.lag_max_s?)));
        lagged.max_by(|a, b| a.1.total_cmp(&b.1).then(b.0.cmp(a.0)))
    }

    /// In how many stretches the gate was shut in mid-session, and for how long.
    pub(crate) fn words(&self) -> String {
        match self.n_mid_session {
            0 => "It was never shut in mid-session.".to_owned(),
            n => format!(
                "In mid-session it was shut in {}, {} of the session clock in all.",
                counted(n, "stretch"),
                seconds(self.shut_s)
            ),
        }
    }
}
