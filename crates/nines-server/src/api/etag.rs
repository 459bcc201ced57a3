//! Entity tags: whoever has an answer already is told that it is still the same.

use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use sha2::{Digest, Sha256};

use crate::problem::Problem;
use crate::text;

/// The longest answer that gets a tag. Lists are bounded, so no answer is longer.
const BODY_BYTES_MAX: usize = 64 * 1024 * 1024;
/// Bytes of the digest that tell answers apart.
const TAG_BYTES: usize = 16;

/// Tags what is read as one JSON document; streams and refusals pass.
pub(super) async fn tag(request: Request, next: Next) -> Response {
    let reads = *request.method() == Method::GET;
    let known = request.headers().get(header::IF_NONE_MATCH).cloned();
    let response = next.run(request).await;
    if !reads || response.status() != StatusCode::OK || !is_json(response.headers()) {
        return response;
    }
    let (mut parts, body) = response.into_parts();
    let Ok(bytes) = to_bytes(body, BODY_BYTES_MAX).await else {
        return Problem::unavailable("the answer could not be written as a whole").into_response();
    };
    let digest = Sha256::digest(&bytes);
    let code = digest.get(..TAG_BYTES).map(text::hex).unwrap_or_default();
    // Weak: compression may change the bytes on the way.
    let tag = format!("W/\"{code}\"");
    let is_known =
        known.as_ref().and_then(|it| it.to_str().ok()).is_some_and(|it| names(it, &code));
    let headers = &mut parts.headers;
    if let Ok(tag) = HeaderValue::from_str(&tag) {
        headers.insert(header::ETAG, tag);
    }
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    if is_known {
        parts.status = StatusCode::NOT_MODIFIED;
        parts.headers.remove(header::CONTENT_LENGTH);
        return Response::from_parts(parts, Body::empty());
    }
    Response::from_parts(parts, Body::from(bytes))
}

fn is_json(headers: &HeaderMap) -> bool {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|it| it.to_str().ok());
    kind.is_some_and(|it| it.starts_with("application/json"))
}

/// Whether a list of tags holds this one, weak or strong.
fn names(list: &str, code: &str) -> bool {
    let bare = |it: &str| it.trim().trim_start_matches("W/").trim_matches('"') == code;
    list.split(',').any(|it| it.trim() == "*" || bare(it))
}
