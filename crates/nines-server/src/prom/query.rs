//! `query` and `query_range`.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::extract::State;
use axum::response::Response;
use nines_promql::{Answer, Query, QueryError, QueryLimits, check};
use tokio::sync::Semaphore;

use super::answer::{PromError, answer};
use super::params::Params;
use crate::app::App;
use crate::health::Health;

/// The longest that one query may take.
pub(crate) const QUERY_TIME_MAX: Duration = Duration::from_mins(1);
/// Queries that run at once; others wait.
static RUNNING: Semaphore = Semaphore::const_new(20);

/// `/api/v1/query`: the value at one instant.
pub(super) async fn instant(State(app): State<App>, params: Params) -> Result<Response, PromError> {
    let query = check(params.require("query")?)?;
    let at_ms = params.time_ms("time")?.unwrap_or_else(|| app.clock.now().as_millisecond());
    let answered = evaluate(app, query, move |query, app, limits| {
        query.instant(&app.metrics.store, at_ms, limits)
    });
    Ok(answer(&answered.await?))
}

/// `/api/v1/query_range`: the values over a stretch of time.
pub(super) async fn range(State(app): State<App>, params: Params) -> Result<Response, PromError> {
    let missing = |name| move || PromError::bad_data(format!("parameter {name:?} is missing"));
    let start_ms = params.time_ms("start")?.ok_or_else(missing("start"))?;
    let end_ms = params.time_ms("end")?.ok_or_else(missing("end"))?;
    if end_ms < start_ms {
        let message = "invalid parameter \"end\": end timestamp must not be before start time";
        return Err(PromError::bad_data(message));
    }
    let step_ms = params.step_ms("step")?;
    if QueryLimits::default().points_max
        < usize::try_from((end_ms - start_ms) / step_ms).unwrap_or(usize::MAX)
    {
        return Err(PromError::bad_data(
            "exceeded maximum resolution of 11,000 points per timeseries. Try decreasing the query resolution (?step=XX)",
        ));
    }
    let query = check(params.require("query")?)?;
    let answered = evaluate(app, query, move |query, app, limits| {
        query.range(&app.metrics.store, start_ms, end_ms, step_ms, limits)
    });
    Ok(answer(&answered.await?))
}

/// Runs the query off the async threads. It is cancelled when the client has gone or time is up.
async fn evaluate(
    app: App,
    query: Query,
    run: impl FnOnce(&Query, &App, &QueryLimits<'_>) -> Result<Answer, QueryError> + Send + 'static,
) -> Result<Answer, PromError> {
    Health::add(&app.health.queries, 1);
    let permit = RUNNING.acquire().await;
    let permit = permit.map_err(|_| PromError::internal("the server is stopping"))?;
    let wanted = Arc::new(());
    let still_wanted = Arc::downgrade(&wanted);
    let counted = Arc::clone(&app);
    let result = tokio::task::spawn_blocking(move || {
        let started = Instant::now();
        let cancelled = || still_wanted.strong_count() == 0 || QUERY_TIME_MAX < started.elapsed();
        let limits = QueryLimits { cancelled: Some(&cancelled), ..QueryLimits::default() };
        run(&query, &app, &limits)
    });
    let result = result.await.map_err(|error| PromError::internal(error.to_string()));
    drop((permit, wanted));
    let result = result.and_then(|it| it.map_err(PromError::from));
    if result.is_err() {
        Health::add(&counted.health.query_failures, 1);
    }
    result
}
