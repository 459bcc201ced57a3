//! `query` and `query_range`.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::extract::State;
use axum::http::Method;
use axum::response::Response;
use nines_promql::{Answer, Query, QueryError, QueryLimits, ValueType, format_query, parse_query};
use tokio::sync::OwnedSemaphorePermit;

use super::answer::{PromError, success};
use super::params::{Params, named};
use super::proxy::pass_on;
use super::result::{self, Cost};
use super::stream::{Out, Packing, Stop, streamed};
use crate::app::App;
use crate::health::Health;

/// What a request says beside the query itself.
#[derive(Debug, Clone, Copy)]
struct Wishes {
    time_max: Duration,
    lookback_ms: i64,
    /// Series of the answer.
    series_max: usize,
    with_stats: bool,
}

impl Wishes {
    fn of(params: &Params, app: &App) -> Result<Self, PromError> {
        let settings = &app.prom;
        let asked = params.duration_ms("timeout")?;
        let asked = asked.and_then(|it| u64::try_from(it).ok()).filter(|it| 0 < *it);
        let lookback_ms = params.duration_ms("lookback_delta")?.filter(|it| 0 < *it);
        Ok(Self {
            lookback_ms: lookback_ms.unwrap_or_else(|| settings.lookback_ms()),
            time_max: asked
                .map_or(settings.query_time_max, Duration::from_millis)
                .min(settings.query_time_max),
            series_max: params.limit("limit", usize::MAX)?,
            with_stats: params.get("stats").is_some(),
        })
    }
}

/// `/api/v1/query`: the value at one instant.
pub(super) async fn instant(State(app): State<App>, params: Params) -> Result<Response, PromError> {
    if let Some(backend) = &app.loaded().backend {
        return pass_on(backend, Method::POST, "/api/v1/query", &params).await;
    }
    let at_ms = params.time_ms("time")?.unwrap_or_else(|| app.clock.now().as_millisecond());
    let wishes = Wishes::of(&params, &app)?;
    let query = params.query()?;
    let plan = query.explain();
    evaluate(app, &params, (wishes, plan), move |app, limits| {
        query.instant(&app.metrics.store, at_ms, limits)
    })
    .await
}

/// `/api/v1/query_range`: the values over a stretch of time.
pub(super) async fn range(State(app): State<App>, params: Params) -> Result<Response, PromError> {
    if let Some(backend) = &app.loaded().backend {
        return pass_on(backend, Method::POST, "/api/v1/query_range", &params).await;
    }
    let start_ms = params.required_time_ms("start")?;
    let end_ms = params.required_time_ms("end")?;
    if end_ms < start_ms {
        let problem = "end timestamp must not be before start time";
        return Err(PromError::bad_parameter("end", problem));
    }
    let step_ms = params.step_ms()?;
    let points = end_ms.saturating_sub(start_ms) / step_ms;
    if QueryLimits::default().points_max < usize::try_from(points).unwrap_or(usize::MAX) {
        return Err(PromError::bad_data(
            "exceeded maximum resolution of 11,000 points per timeseries. Try decreasing the query resolution (?step=XX)",
        ));
    }
    let wishes = Wishes::of(&params, &app)?;
    let query = params.query()?;
    check_is_columnar(&query)?;
    let plan = query.explain();
    evaluate(app, &params, (wishes, plan), move |app, limits| {
        query.range(&app.metrics.store, start_ms, end_ms, step_ms, limits)
    })
    .await
}

/// `/api/v1/format_query`
pub(super) async fn format(params: Params) -> Result<Response, PromError> {
    let formatted = format_query(params.get("query").unwrap_or(""));
    formatted.map(success).map_err(|error| named("query", error))
}

/// `/api/v1/parse_query`
pub(super) async fn parse(params: Params) -> Result<Response, PromError> {
    let parsed = parse_query(params.get("query").unwrap_or(""));
    parsed.map(success).map_err(|error| named("query", error))
}

fn check_is_columnar(query: &Query) -> Result<(), PromError> {
    let name = match query.value_type() {
        ValueType::Scalar | ValueType::Vector => return Ok(()),
        ValueType::String => "string",
        ValueType::Matrix => "range vector",
    };
    Err(PromError::bad_data(format!(
        "invalid expression type {name:?} for range query, must be Scalar or instant Vector"
    )))
}

/// Runs the query off the async threads, and writes the answer from there. It is cancelled when the client has gone
/// or time is up.
async fn evaluate(
    app: App,
    params: &Params,
    (wishes, plan): (Wishes, String),
    run: impl FnOnce(&App, &QueryLimits<'_>) -> Result<Answer, QueryError> + Send + 'static,
) -> Result<Response, PromError> {
    Health::add(&app.health.queries, 1);
    let came = Instant::now();
    let permit = tokio::time::timeout(wishes.time_max, Arc::clone(&app.queries).acquire_owned());
    let counted = Arc::clone(&app);
    let answered = match permit.await {
        Err(_) => Err(PromError::timeout("query timed out in query queue")),
        Ok(Err(_)) => Err(PromError::unavailable("the server is stopping")),
        Ok(Ok(permit)) => {
            let packing = Packing { content_type: "application/json", gzip: params.gzip() };
            let evaluation = Evaluation { app, wishes, plan, came, permit };
            streamed(packing, move |out| evaluation.run(out, run)).await
        }
    };
    if answered.is_err() {
        Health::add(&counted.health.query_failures, 1);
    }
    answered
}

struct Evaluation {
    app: App,
    wishes: Wishes,
    plan: String,
    came: Instant,
    permit: OwnedSemaphorePermit,
}

impl Evaluation {
    fn run(
        self,
        out: &mut Out,
        run: impl FnOnce(&App, &QueryLimits<'_>) -> Result<Answer, QueryError>,
    ) -> Result<(), Stop> {
        let Self { app, wishes, plan, came, permit } = self;
        let began = Instant::now();
        let answer = {
            let cancelled = || out.is_unwanted() || wishes.time_max < came.elapsed();
            let limits = app.prom.limits(&cancelled);
            let limits = QueryLimits { lookback_ms: wishes.lookback_ms, ..limits };
            run(&app, &limits)
        };
        // Others may evaluate while this client reads.
        drop(permit);
        let answer = answer.map_err(|error| match error {
            QueryError::Cancelled if out.is_unwanted() => PromError::canceled(),
            error => error.into(),
        })?;
        let evaluated = began.elapsed().as_secs_f64();
        let cost = Cost { queued: (began - came).as_secs_f64(), evaluated, plan };
        result::write(out, &answer, wishes.series_max, wishes.with_stats.then_some(&cost))
    }
}
