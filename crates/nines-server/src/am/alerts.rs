//! `/alerts`: told and asked for.

use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use nines_alert::AlertKey;
use nines_alert::dispatch::Source;
use nines_engine::{Command, Reply};
use xxhash_rust::xxh3::xxh3_64;

use super::BODY_BYTES_MAX;
use super::incoming::{self, Posted};
use super::query::Query;
use super::refusal::AmError;
use super::table::{Filter, Page, Table};
use crate::app::{App, Shared};

/// Tables up to this size are answered in one piece, with a tag.
const WHOLE_MAX: usize = 20_000;
/// Bodies up to this size are read where they arrive; a batch of Prometheus is no longer.
const BODY_BYTES_SMALL: usize = 128 << 10;
/// Alerts of one piece of a stream.
const PIECE: usize = 1_024;
/// The header with where the next page begins.
const NEXT: &str = "nines-next-cursor";

/// `POST /api/v2/alerts`: answered when the journal has them. Of a bad batch the good ones count.
pub(super) async fn post(State(app): State<App>, request: Request) -> Result<Response, AmError> {
    let body = to_bytes(request.into_body(), BODY_BYTES_MAX).await;
    let body = body.map_err(|_| {
        AmError::too_large(&format!("the body is longer than {BODY_BYTES_MAX} bytes"))
    })?;
    let Posted { alerts, mut invalid } = if body.len() < BODY_BYTES_SMALL {
        incoming::read(&body)?
    } else {
        aside(move || incoming::read(&body)).await??
    };
    if !alerts.is_empty() {
        let command = Command::ObserveAlerts { source: Source::Api, alerts };
        if let Reply::Alerts { refused, .. } = app.ask(command).await? {
            let told = refused.into_iter().map(|it| format!("alert {}: {}", it.place, it.why));
            invalid.extend(told);
        }
    }
    if invalid.is_empty() {
        return Ok(StatusCode::OK.into_response());
    }
    Err(AmError::bad(invalid.join("; ")))
}

/// `GET /api/v2/alerts`: by fingerprint.
pub(super) async fn list(
    State(app): State<App>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, AmError> {
    let query = Query::read(uri.query());
    let (filter, limit) = (Filter::read(&query)?, query.limit()?);
    let after = query.get("cursor").map(|text| {
        text.parse::<AlertKey>()
            .map_err(|_| AmError::bad(format!("`cursor` is a fingerprint, not `{text}`")))
    });
    let page = Page { after: after.transpose()?, limit, ..Page::default() };
    let count = app.engine.read(|state| state.dispatch.alerts().len());
    if limit.is_none() && WHOLE_MAX < count {
        return Ok(stream_all(&app, filter, page.after));
    }
    let (body, next) = aside(move || write(&app, &filter, page)).await?;
    let mut response = tagged(&headers, body);
    if let Some(next) = next.and_then(|it| HeaderValue::from_str(&it.to_string()).ok()) {
        response.headers_mut().insert(NEXT, next);
    }
    Ok(response)
}

/// Work that would hold up other requests, beside them.
pub(super) async fn aside<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, AmError> {
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(|_| AmError::unavailable("the request was not finished"))
}

fn write(app: &Shared, filter: &Filter, mut page: Page) -> (Vec<u8>, Option<AlertKey>) {
    let (state, now) = (app.engine.state(), app.clock.now());
    let inhibitions = state.dispatch.inhibitions();
    let table = Table::new(&state, &inhibitions, now);
    let mut out = vec![b'['];
    let next = table.write_alerts(&mut out, filter, &mut page);
    out.extend(b"]\n");
    (out, next)
}

/// One state from the first piece to the last, written no faster than the client takes it.
fn stream_all(app: &Shared, filter: Filter, after: Option<AlertKey>) -> Response {
    let (state, now) = (app.engine.state(), app.clock.now());
    let page = Page { after, looks_max: Some(PIECE), ..Page::default() };
    let begin = Some((state, None, filter, page));
    let pieces = stream::try_unfold(begin, move |rest| async move {
        let Some((state, inhibitions, filter, mut page)) = rest else { return Ok(None) };
        let written = tokio::task::spawn_blocking(move || {
            let is_first = inhibitions.is_none();
            let inhibitions = inhibitions.unwrap_or_else(|| state.dispatch.inhibitions());
            let table = Table::new(&state, &inhibitions, now);
            let mut out = Vec::new();
            if is_first {
                out.push(b'[');
            }
            page.looked = 0;
            let more = table.write_alerts(&mut out, &filter, &mut page).is_some();
            if !more {
                out.extend(b"]\n");
            }
            let rest = more.then(|| (state, Some(inhibitions), filter, page));
            (Bytes::from(out), rest)
        });
        written.await.map(Some).map_err(std::io::Error::other)
    });
    json(Body::from_stream(pieces))
}

fn json(body: Body) -> Response {
    let mut response = Response::new(body);
    let kind = HeaderValue::from_static("application/json");
    response.headers_mut().insert(header::CONTENT_TYPE, kind);
    response
}

/// An answer with a tag of its bytes; whoever has them already is told so.
pub(super) fn tagged(headers: &HeaderMap, body: Vec<u8>) -> Response {
    let tag = format!("W/\"{:016x}\"", xxh3_64(&body));
    let known = headers.get(header::IF_NONE_MATCH).and_then(|it| it.to_str().ok());
    let is_known = known.is_some_and(|it| it.split(',').any(|it| it.trim() == tag));
    let mut response = if is_known {
        let mut response = json(Body::empty());
        *response.status_mut() = StatusCode::NOT_MODIFIED;
        response
    } else {
        json(Body::from(body))
    };
    if let Ok(tag) = HeaderValue::from_str(&tag) {
        response.headers_mut().insert(header::ETAG, tag);
    }
    response
}

/// `GET /api/v2/alerts/groups`
pub(super) async fn groups(
    State(app): State<App>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, AmError> {
    let filter = Filter::read(&Query::read(uri.query()))?;
    let body = aside(move || {
        let (state, now) = (app.engine.state(), app.clock.now());
        let inhibitions = state.dispatch.inhibitions();
        let table = Table::new(&state, &inhibitions, now);
        let mut out = Vec::new();
        table.write_groups(&mut out, &filter);
        out.push(b'\n');
        out
    })
    .await?;
    Ok(tagged(&headers, body))
}
