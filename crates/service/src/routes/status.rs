//! The state of the run.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderMap, Uri};
use openbell_wire::served::status::RunStatus;
use openbell_wire::status::Symbol;

use crate::answer::tagged_json;
use crate::problem::Answered;
use crate::query::Query;
use crate::served::Inner;

/// `GET /v1/status?symbols=none|lagging|all`
pub(crate) async fn status(
    State(served): State<Arc<Inner>>,
    headers: HeaderMap,
    uri: Uri,
) -> Answered {
    let query = Query::of(&uri, &["symbols"])?;
    let which = query.word("symbols", &["none", "lagging", "all"])?.unwrap_or("lagging");
    let status = run_status(&served, |symbol| match which {
        "none" => false,
        "all" => true,
        _ => is_behind(symbol),
    });
    Ok(tagged_json(&headers, &status))
}

/// The state with the symbols that `is_asked` wants.
pub(crate) fn run_status(served: &Inner, is_asked: impl Fn(&Symbol) -> bool) -> RunStatus {
    let snapshot = served.snapshot();
    let mut status =
        openbell_wire::status::Status { symbols: Vec::new(), ..copy(&snapshot.status) };
    status.symbols = snapshot.status.symbols.iter().filter(|of| is_asked(of)).cloned().collect();
    RunStatus {
        run: served.run,
        status,
        publication: snapshot.publication,
        epoch: snapshot.epoch,
        log: served.log_place(),
    }
}

/// Whether a symbol does not go with the clock.
pub(crate) fn is_behind(symbol: &Symbol) -> bool {
    ["loading", "catching_up", "late", "dead", "skewed", "gone"].contains(&symbol.state.as_str())
}

/// All of it but the symbols, which may be thousands.
fn copy(status: &openbell_wire::status::Status) -> openbell_wire::status::Status {
    openbell_wire::status::Status {
        session_name: status.session_name.clone(),
        mode: status.mode.clone(),
        exchange_group: status.exchange_group.clone(),
        zone: status.zone.clone(),
        phase: status.phase.clone(),
        is_paused: status.is_paused,
        clock: status.clock.clone(),
        session: status.session.clone(),
        gate: status.gate.clone(),
        n_symbols: status.n_symbols,
        symbols: Vec::new(),
    }
}
