//! Answers as bytes: JSON, lines, text; none of them is kept by a cache on the way.

use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use sha2::{Digest, Sha256};

/// `value` as JSON.
pub(crate) fn json(status: StatusCode, value: &impl Serialize) -> Response {
    let text = serde_json::to_string(value).expect("text keys and finite shapes are JSON");
    text_of(status, "application/json", text)
}

/// A text of that media type.
pub(crate) fn text_of(status: StatusCode, media: &'static str, text: String) -> Response {
    let mut response = (status, text).into_response();
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(media));
    response
}

/// `value` as JSON, and nothing but its tag where whoever asks has that very text.
pub(crate) fn tagged_json(asked: &HeaderMap, value: &impl Serialize) -> Response {
    let text = serde_json::to_string(value).expect("text keys and finite shapes are JSON");
    let hash = Sha256::digest(text.as_bytes());
    let tag: String = hash[..8].iter().map(|byte| format!("{byte:02x}")).collect();
    let tag = format!("\"{tag}\"");
    let has = asked.get(header::IF_NONE_MATCH).and_then(|held| held.to_str().ok());
    let mut response = match has {
        Some(held) if held.split(',').any(|held| held.trim() == tag) => {
            StatusCode::NOT_MODIFIED.into_response()
        }
        _ => text_of(StatusCode::OK, "application/json", text),
    };
    let tag = HeaderValue::from_str(&tag).expect("a tag is hexadecimal digits");
    response.headers_mut().insert(header::ETAG, tag);
    response
}
