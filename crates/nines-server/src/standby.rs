//! What a process answers that does not decide: reads from what it has seen, with their age; everything else is
//! passed on to the process that does.

use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use nines_engine::Following;
use reqwest::Client;

use crate::app::App;
use crate::problem::Problem;

/// On every answer of a standby: who decides.
const HOLDER: HeaderName = HeaderName::from_static("nines-standby-of");
/// How old what it says may be, in seconds.
const LAG: HeaderName = HeaderName::from_static("nines-lag");
/// On requests that were passed on once; they are not passed on again.
const PASSED_ON: HeaderName = HeaderName::from_static("nines-passed-on");
/// The longest body that is passed on.
const BODY_BYTES_MAX: usize = 32 << 20;
/// The process that decides answers by then, or somebody else does soon.
const ANSWER_MAX: Duration = Duration::from_secs(10);
/// Paths that speak to this process and no other.
const OWN: &[&str] = &["/-/"];
/// Paths that change something when they are read.
const CHANGING: &[&str] = &["/ping/"];

/// Source: RFC 9110, section 7.6.1, and what the client sets itself.
const HOP_BY_HOP: &[HeaderName] = &[
    header::CONNECTION,
    header::CONTENT_LENGTH,
    header::PROXY_AUTHENTICATE,
    header::PROXY_AUTHORIZATION,
    header::TE,
    header::TRAILER,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
];

/// A client for passing requests on.
pub(crate) fn client() -> reqwest::Result<Client> {
    let client = Client::builder().no_proxy().timeout(ANSWER_MAX);
    client.redirect(reqwest::redirect::Policy::none()).build()
}

/// Around everything: a process that decides answers as always.
pub(crate) async fn answer(
    State((app, client)): State<(App, Client)>,
    request: Request,
    next: Next,
) -> Response {
    let Some(following) = app.engine.following() else { return next.run(request).await };
    let path = request.uri().path();
    let is_among = |paths: &[&str]| paths.iter().any(|it| path.starts_with(it));
    let is_read = matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS);
    let is_ours = is_among(OWN) || is_read && !is_among(CHANGING);
    let mut response = if is_ours {
        next.run(request).await
    } else {
        pass_on(&client, &following, request).await.unwrap_or_else(IntoResponse::into_response)
    };
    mark(response.headers_mut(), &app, &following);
    response
}

fn mark(headers: &mut HeaderMap, app: &App, following: &Following) {
    let holder = following.holder.as_ref().map_or("nobody", |it| it.address.as_str());
    headers.extend(HeaderValue::from_str(holder).ok().map(|it| (HOLDER, it)));
    let lag = app.clock.now().duration_since(following.current_at).as_secs_f64().max(0.0);
    headers.extend(HeaderValue::from_str(&format!("{lag:.1}")).ok().map(|it| (LAG, it)));
}

async fn pass_on(
    client: &Client,
    following: &Following,
    request: Request,
) -> Result<Response, Problem> {
    let holder = following.holder.as_ref();
    let holder = holder.ok_or_else(|| {
        Problem::unavailable("no process decides at the moment; one will within two seconds")
    })?;
    let (parts, body) = request.into_parts();
    if parts.headers.contains_key(PASSED_ON) {
        let problem = "this process does not decide, and the one that asked it does not either";
        return Err(Problem::unavailable(problem));
    }
    let path = parts.uri.path_and_query().map_or("/", |it| it.as_str());
    let url = format!("{}{path}", holder.address);
    let body = to_bytes(body, BODY_BYTES_MAX).await;
    let body = body.map_err(|error| Problem::bad_request(error.to_string()))?;
    let mut headers = parts.headers;
    for name in HOP_BY_HOP {
        headers.remove(name);
    }
    headers.insert(PASSED_ON, HeaderValue::from_static("1"));
    let unreachable = |error: reqwest::Error| {
        let address = &holder.address;
        tracing::debug!(address, %error, "the process that decides did not answer");
        Problem::unavailable(format!(
            "the process that decides, at {address}, did not answer; what became of this request is not known"
        ))
    };
    let sent = client.request(parts.method, url).headers(headers).body(body).send().await;
    let answer = sent.map_err(unreachable)?;
    let (status, mut headers) = (answer.status(), answer.headers().clone());
    for name in HOP_BY_HOP {
        headers.remove(name);
    }
    let body = answer.bytes().await.map_err(unreachable)?;
    Ok((status, headers, Body::from(body)).into_response())
}
