//! Style sheet, script and icon, compiled into the program.

use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use sha2::{Digest, Sha256};

const STYLE: &str = include_str!("../../assets/style.css");
const LIVE: &str = include_str!("../../assets/live.js");
const ICON: &str = include_str!("../../assets/icon.svg");

/// `GET /assets/style.css`
pub(super) async fn style(headers: HeaderMap) -> Response {
    asset(STYLE, "text/css; charset=utf-8", &headers)
}

/// `GET /assets/live.js`
pub(super) async fn live(headers: HeaderMap) -> Response {
    asset(LIVE, "text/javascript; charset=utf-8", &headers)
}

/// `GET /assets/icon.svg`
pub(super) async fn icon(headers: HeaderMap) -> Response {
    asset(ICON, "image/svg+xml", &headers)
}

/// Browsers keep it and ask each time whether it is the same still: an upgrade must never mix versions.
fn asset(text: &'static str, kind: &'static str, headers: &HeaderMap) -> Response {
    let digest = Sha256::digest(text.as_bytes());
    let tag = format!("\"{}\"", crate::text::hex(&digest.as_slice()[..8]));
    let known = headers.get(header::IF_NONE_MATCH).and_then(|it| it.to_str().ok());
    let fixed = [
        (header::CACHE_CONTROL, "no-cache".to_owned()),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff".to_owned()),
        (header::ETAG, tag.clone()),
    ];
    if known.is_some_and(|it| it.contains(&tag)) {
        return (StatusCode::NOT_MODIFIED, fixed).into_response();
    }
    (fixed, [(header::CONTENT_TYPE, kind)], text).into_response()
}
