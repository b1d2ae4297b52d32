//! What is served, and what a problem means.

use std::sync::Arc;

use axum::Extension;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::{StatusCode, Uri};
use openbell_config::Mode;
use openbell_wire::served::{About, Limits};

use crate::answer::{json, text_of};
use crate::problem::{Answered, Code, Problem};
use crate::query::Query;
use crate::routes::place::part;
use crate::served::Inner;
use crate::settings::{BAR_ROWS, BODY_BYTES, SYMBOLS};
use crate::tickets;
use crate::token::Role;

/// The version of the interface.
const API: &str = "1.0";

/// Where to begin.
const LINKS: &[&str] = &[
    "/livez",
    "/readyz",
    "/metrics",
    "/v1/status",
    "/v1/symbols",
    "/v1/why",
    "/v1/gate",
    "/v1/events",
    "/v1/stream",
    "/v1/bars",
    "/v1/config",
    "/v1/plan",
    "/v1/calendar",
    "/v1/report",
    "/v1/commands",
    "/v1/stop",
];

/// `GET /v1`
pub(crate) async fn about(
    State(served): State<Arc<Inner>>,
    Extension(role): Extension<Role>,
    uri: Uri,
) -> Answered {
    let _ = Query::of(&uri, &[])?;
    let capabilities: &[&str] = match served.config.mode {
        Mode::Live(_) => &["commands", "stream", "live"],
        Mode::Backtest(_) => &["commands", "pace", "stream"],
    };
    let about = About {
        program: served.program.clone(),
        api: API.to_owned(),
        run: served.run,
        session_name: served.config.session_name.clone(),
        role: role.name().to_owned(),
        capabilities: capabilities.iter().map(|name| (*name).to_owned()).collect(),
        limits: Limits {
            body_bytes: BODY_BYTES,
            bar_rows: BAR_ROWS,
            symbols: SYMBOLS,
            streams: served.settings.streams,
            tickets: tickets::KEPT,
        },
        links: LINKS.iter().map(|link| (*link).to_owned()).collect(),
    };
    Ok(json(StatusCode::OK, &about))
}

/// `GET /v1/problems/{code}`
pub(crate) async fn problem(name: Result<Path<String>, PathRejection>, uri: Uri) -> Answered {
    let _ = Query::of(&uri, &[])?;
    let name = part(name)?;
    let code = Code::named(&name).ok_or_else(|| {
        Problem::new(Code::NotFound, format!("there is no problem of the name {name:?}"))
    })?;
    let (name, status, title, text) = code.facts();
    let text = format!("{name} ({status}): {title}\n\n{text}\n");
    Ok(text_of(StatusCode::OK, "text/plain; charset=utf-8", text))
}
