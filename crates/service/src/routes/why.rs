//! Why somebody gets no data.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{StatusCode, Uri};
use openbell_wire::why::Why;

use crate::answer::json;
use crate::problem::Answered;
use crate::query::Query;
use crate::served::Inner;

/// `GET /v1/why?symbol=&interval=&consumer=`
pub(crate) async fn why(State(served): State<Arc<Inner>>, uri: Uri) -> Answered {
    let query = Query::of(&uri, &["symbol", "interval", "consumer"])?;
    let symbol = query.parsed("symbol", "a symbol as AAPL")?;
    let interval = query.parsed("interval", "an interval as 5m")?;
    let consumer = query.text("consumer").map(str::to_owned);
    let found = served.handle.why(symbol, interval, consumer);
    Ok(json(StatusCode::OK, &Why::from(&found)))
}
