//! Which pages of other origins may read answers in a browser.
//!
//! Source: Prometheus, `util/httputil`, `SetCORS`; Fetch standard, "CORS protocol".

use axum::extract::{Request, State};
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use regex::Regex;

use crate::app::App;

/// What every allowed answer carries.
const ALLOWED: [(header::HeaderName, &str); 3] = [
    (header::ACCESS_CONTROL_ALLOW_HEADERS, "Accept, Authorization, Content-Type, Origin"),
    (header::ACCESS_CONTROL_ALLOW_METHODS, "GET, POST, OPTIONS"),
    (header::ACCESS_CONTROL_EXPOSE_HEADERS, "Date"),
];

/// Answers `OPTIONS`, and adds the headers if the origin is one of those that may read.
pub(super) async fn allow(State(app): State<App>, request: Request, next: Next) -> Response {
    let origin = request.headers().get(header::ORIGIN).cloned();
    let is_question = *request.method() == Method::OPTIONS;
    let mut response =
        if is_question { StatusCode::NO_CONTENT.into_response() } else { next.run(request).await };
    let Some(allowed) = &app.prom.cors_origin else { return response };
    let headers = response.headers_mut();
    headers.append(header::VARY, HeaderValue::from_static("Origin"));
    if let Some(origin) = origin.and_then(|it| answer_to(allowed, &it)) {
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        for (name, value) in ALLOWED {
            headers.insert(name, HeaderValue::from_static(value));
        }
    }
    response
}

/// `*` where every origin may read: it can be cached, and it never goes with credentials.
fn answer_to(allowed: &Regex, origin: &HeaderValue) -> Option<HeaderValue> {
    if allowed.as_str() == ANY {
        return Some(HeaderValue::from_static("*"));
    }
    origin.to_str().is_ok_and(|it| allowed.is_match(it)).then(|| origin.clone())
}

/// The pattern of [`anchored`] for `.*`.
const ANY: &str = "^(?s:.*)$";

/// `pattern` for whole origins.
///
/// # Errors
/// It is no regular expression.
pub fn anchored(pattern: &str) -> Result<Regex, regex::Error> {
    Regex::new(&format!("^(?s:{pattern})$"))
}

#[cfg(test)]
mod tests {
    use super::{HeaderValue, anchored, answer_to};

    #[test]
    fn a_whole_origin_must_match_and_is_named_in_the_answer() {
        let answer = |pattern, origin| {
            answer_to(&anchored(pattern).unwrap(), &HeaderValue::from_static(origin))
                .map(|it| it.to_str().unwrap().to_owned())
        };
        assert_eq!(answer(".*", "https://any.example").as_deref(), Some("*"));
        let shop = "https?://shop\\.example";
        assert_eq!(answer(shop, "https://shop.example").as_deref(), Some("https://shop.example"));
        assert_eq!(answer(shop, "https://shop.example.evil"), None);
        assert_eq!(answer("a|b", "ab"), None);
    }
}
