//! `labels`, `label/…/values`, `series`.

use axum::extract::{Path, State};
use axum::response::Response;
use nines_base::Matcher;

use super::answer::{PromError, metric, success};
use super::params::Params;
use crate::app::App;

/// The most names, values or series of one answer.
const LIST_MAX: usize = 100_000;

/// What a listing is restricted to.
struct Restriction {
    matchers: Vec<Vec<Matcher>>,
    from_ms: i64,
    to_ms: i64,
    limit: usize,
}

impl Restriction {
    fn of(params: &Params) -> Result<Self, PromError> {
        Ok(Self {
            matchers: params.matchers()?,
            from_ms: params.time_ms("start")?.unwrap_or(i64::MIN),
            to_ms: params.time_ms("end")?.unwrap_or(i64::MAX),
            limit: params.limit(LIST_MAX)?,
        })
    }
}

async fn off_thread<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, PromError> {
    let result = tokio::task::spawn_blocking(work).await;
    result.map_err(|error| PromError::internal(error.to_string()))
}

/// `/api/v1/labels`
pub(super) async fn labels(State(app): State<App>, params: Params) -> Result<Response, PromError> {
    let Restriction { matchers, from_ms, to_ms, limit } = Restriction::of(&params)?;
    let names = off_thread(move || app.metrics.store.label_names(&matchers, from_ms, to_ms, limit));
    Ok(success(names.await?))
}

/// `/api/v1/label/{name}/values`
pub(super) async fn label_values(
    State(app): State<App>,
    Path(name): Path<String>,
    params: Params,
) -> Result<Response, PromError> {
    let Restriction { matchers, from_ms, to_ms, limit } = Restriction::of(&params)?;
    let values =
        off_thread(move || app.metrics.store.label_values(&name, &matchers, from_ms, to_ms, limit));
    Ok(success(values.await?))
}

/// `/api/v1/series`
pub(super) async fn series(State(app): State<App>, params: Params) -> Result<Response, PromError> {
    let Restriction { matchers, from_ms, to_ms, limit } = Restriction::of(&params)?;
    if matchers.is_empty() {
        return Err(PromError::bad_data("no match[] parameter provided"));
    }
    let series = off_thread(move || app.metrics.store.series(&matchers, from_ms, to_ms, limit));
    Ok(success(series.await?.iter().map(metric).collect::<Vec<_>>()))
}
