//! What is fixed for a run, what it came to, and its metrics.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{StatusCode, Uri};
use openbell_wire::metrics::{CONTENT_TYPE, prometheus_text};

use crate::answer::{json, text_of};
use crate::problem::{Answered, Code, Problem};
use crate::query::Query;
use crate::served::Inner;

/// `GET /v1/config`
pub(crate) async fn config(State(served): State<Arc<Inner>>, uri: Uri) -> Answered {
    let _ = Query::of(&uri, &[])?;
    Ok(json(StatusCode::OK, &served.config.to_json()))
}

/// `GET /v1/plan`
pub(crate) async fn plan(State(served): State<Arc<Inner>>, uri: Uri) -> Answered {
    let _ = Query::of(&uri, &[])?;
    Ok(json(StatusCode::OK, &served.plan))
}

/// `GET /v1/calendar`
pub(crate) async fn calendar(State(served): State<Arc<Inner>>, uri: Uri) -> Answered {
    let _ = Query::of(&uri, &[])?;
    Ok(json(StatusCode::OK, &served.sessions))
}

/// `GET /v1/report`
pub(crate) async fn report(State(served): State<Arc<Inner>>, uri: Uri) -> Answered {
    let _ = Query::of(&uri, &[])?;
    match served.log.report() {
        Some(report) => Ok(json(StatusCode::OK, report.as_ref())),
        None => {
            let detail = "the report is made when the run ends";
            Err(Problem::new(Code::RunGoesOn, detail))
        }
    }
}

/// `GET /metrics`
pub(crate) async fn metrics(State(served): State<Arc<Inner>>, uri: Uri) -> Answered {
    let _ = Query::of(&uri, &[])?;
    let _turn = served.turn().await?;
    Ok(text_of(StatusCode::OK, CONTENT_TYPE, prometheus_text(served.figures())))
}
