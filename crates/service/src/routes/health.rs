//! Whether the process answers, and whether the session is active: for supervisors, without a token.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{StatusCode, Uri};
use axum::response::IntoResponse;

use crate::problem::Answered;
use crate::query::Query;
use crate::served::Inner;

/// `GET /livez`
pub(crate) async fn live(uri: Uri) -> Answered {
    let _ = Query::of(&uri, &[])?;
    Ok(StatusCode::OK.into_response())
}

/// `GET /readyz?ready=open|alive`
pub(crate) async fn ready(State(served): State<Arc<Inner>>, uri: Uri) -> Answered {
    let query = Query::of(&uri, &["ready"])?;
    let is_ready = match query.word("ready", &["open", "alive"])? {
        Some("alive") => served.is_alive(),
        _ => served.is_active(),
    };
    let status = if is_ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    Ok(status.into_response())
}
