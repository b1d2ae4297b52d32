//! Bodies of requests: JSON, so long and no longer, in time.

use axum::body::Body;
use axum::extract::Request;
use axum::http::{HeaderMap, header};
use http_body_util::{BodyExt, LengthLimitError, Limited};

use crate::problem::{Code, Problem};
use crate::settings::{BODY_BYTES, BODY_WITHIN};
use crate::timer::within;

/// The body of `request`, which says that it is JSON.
pub(crate) async fn json_bytes(request: Request<Body>) -> Result<Vec<u8>, Problem> {
    is_json(request.headers())?;
    let body = Limited::new(request.into_body(), BODY_BYTES).collect();
    match within(BODY_WITHIN, body).await {
        None => {
            let detail = format!("it did not arrive within {} s", BODY_WITHIN.as_secs());
            Err(Problem::new(Code::TooSlow, detail))
        }
        Some(Ok(body)) => Ok(body.to_bytes().to_vec()),
        Some(Err(error)) if error.is::<LengthLimitError>() => {
            let detail = format!("more than {BODY_BYTES} bytes came");
            Err(Problem::new(Code::TooLarge, detail))
        }
        Some(Err(error)) => {
            Err(Problem::new(Code::BadBody, format!("the body cannot be read: {error}")))
        }
    }
}

fn is_json(headers: &HeaderMap) -> Result<(), Problem> {
    let found = headers.get(header::CONTENT_TYPE).and_then(|media| media.to_str().ok());
    let media = found.unwrap_or_default().split(';').next().unwrap_or_default().trim();
    if media.eq_ignore_ascii_case("application/json") {
        return Ok(());
    }
    let detail = format!("{media:?} came, application/json is needed");
    Err(Problem::new(Code::Media, detail))
}
