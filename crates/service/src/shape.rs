//! What the engine knows, in the shapes of `openbell-wire`; what logs and reports say too is made there.

use openbell_coordinator::Plan;
use openbell_market::Gap;
use openbell_session_data::{FormingBar, SeriesRole, SessionMetrics, View};
use openbell_time::Session;
use openbell_wire::served::bars::{AsOf, Forming};
use openbell_wire::served::session::{Break, Hours, PlannedRun, RunCalendar};
use openbell_wire::served::status as wire;

pub(crate) fn plan_of(plan: &Plan) -> PlannedRun {
    PlannedRun {
        base: plan.base().to_string(),
        derived: plan.derived().iter().map(ToString::to_string).collect(),
        symbols: plan.symbols().iter().map(ToString::to_string).collect(),
        indicators: plan.indicators().iter().map(ToString::to_string).collect(),
        sessions: plan.sessions().iter().map(|session| session.date.to_string()).collect(),
    }
}

pub(crate) fn calendar_of(plan: &Plan) -> RunCalendar {
    let calendar = plan.calendar();
    RunCalendar {
        exchange_group: plan.config().exchange_group.name.to_owned(),
        name: calendar.name().to_owned(),
        zone: calendar.zone_name().to_owned(),
        known_through: calendar.known_through().to_string(),
        sessions: plan.sessions().iter().map(hours).collect(),
    }
}

fn hours(session: &Session) -> Hours {
    Hours {
        date: session.date.to_string(),
        open: session.open.to_string(),
        close: session.close.to_string(),
        break_hours: session
            .break_hours
            .map(|shut| Break { since: shut.since.to_string(), until: shut.until.to_string() }),
        is_early_close: session.is_early_close,
        is_late_open: session.is_late_open,
        is_projected: session.is_projected,
    }
}

pub(crate) fn as_of(view: &View<'_>) -> AsOf {
    AsOf {
        instant: view.instant().to_string(),
        epoch: view.epoch(),
        publication: view.publication(),
    }
}

pub(crate) fn role(role: SeriesRole) -> String {
    match role {
        SeriesRole::Base => "base".to_owned(),
        SeriesRole::Derived => "derived".to_owned(),
    }
}

pub(crate) fn gap(gap: &Gap) -> wire::Gap {
    wire::Gap {
        since: gap.since.to_string(),
        until: gap.until.to_string(),
        n_bars: gap.n_bars.into(),
    }
}

pub(crate) fn metrics(metrics: SessionMetrics) -> wire::Metrics {
    let SessionMetrics { open, high, low, last, volume, vwap, .. } = metrics;
    wire::Metrics { open, high, low, last, volume, vwap }
}

pub(crate) fn forming(bar: FormingBar) -> Forming {
    let FormingBar { since, until, ohlcv, coverage, .. } = bar;
    Forming {
        since: since.to_string(),
        until: until.to_string(),
        open: ohlcv.open,
        high: ohlcv.high,
        low: ohlcv.low,
        close: ohlcv.close,
        volume: ohlcv.volume,
        n: coverage.n,
        expected: coverage.expected,
    }
}
