//! What is scraped, and what it says about its metrics.

use std::collections::BTreeMap;
use std::net::IpAddr;

use axum::extract::State;
use axum::response::Response;
use jiff::Timestamp;
use nines_base::{Labels, METRIC_NAME, Matcher};
use nines_ingest::{DroppedTarget, Health, TargetStatus};
use nines_promql::parse_selector;
use serde_json::{Value, json};
use url::Url;

use super::answer::{PromError, success};
use super::params::{Params, named};
use super::series::off_thread;
use crate::app::{App, Shared};

/// Names of metrics that are looked at for one target.
const METRICS_MAX: usize = 10_000;
/// Entries of one answer about targets' metrics.
const ENTRIES_MAX: usize = 100_000;
/// Only series with samples so recent belong to what a target exposes now.
const RECENT_MS: i64 = 10 * 60 * 1_000;

/// `/api/v1/targets`
pub(super) async fn targets(State(app): State<App>, params: Params) -> Result<Response, PromError> {
    let state = params.get("state").unwrap_or("any").to_lowercase();
    let pool = params.get("scrapePool");
    let wanted = |job: &str| pool.is_none_or(|it| it == job);
    let own = own_host(&app.installation.external_url);
    let mut data = json!({ "activeTargets": [], "droppedTargets": [], "droppedTargetCounts": {} });
    if state != "dropped" {
        let targets = app.targets.snapshot().into_iter().filter(|it| wanted(&it.job));
        data["activeTargets"] = targets.map(|it| view(&it, &own)).collect();
    }
    if state != "active" {
        let dropped = app.targets.dropped().into_iter().filter(|it| wanted(&it.job));
        let view = |it: DroppedTarget| json!({ "discoveredLabels": it.discovered_labels, "scrapePool": it.job });
        data["droppedTargets"] = dropped.map(view).collect();
        let counts = app.targets.dropped_counts().into_iter().filter(|(job, _)| wanted(job));
        data["droppedTargetCounts"] = json!(counts.collect::<BTreeMap<_, _>>());
    }
    Ok(success(data))
}

fn view(it: &TargetStatus, own_host: &str) -> Value {
    json!({
        "discoveredLabels": it.discovered_labels,
        "labels": it.labels,
        "scrapePool": it.job,
        "scrapeUrl": it.url,
        "globalUrl": from_elsewhere(&it.url, own_host),
        "lastError": it.last_error.as_deref().unwrap_or_default(),
        "lastScrape": it.last_scrape.map_or_else(|| ZERO_TIME.to_owned(), |it| it.to_string()),
        "lastScrapeDuration": it.last_duration.map_or(0.0, |it| it.as_secs_f64()),
        "health": health_word(it.health),
        "scrapeInterval": nines_base::format_duration(it.interval),
        "scrapeTimeout": nines_base::format_duration(it.timeout),
    })
}

/// How other machines call this one.
fn own_host(external_url: &str) -> String {
    let external = Url::parse(external_url).ok();
    let host = external.as_ref().and_then(Url::host_str).filter(|it| !is_loopback(it));
    host.map_or_else(
        || rustix::system::uname().nodename().to_string_lossy().into_owned(),
        str::to_owned,
    )
}

/// A loopback address means something else on every machine.
///
/// Source: Prometheus, `web/api/v1`, `getGlobalURL`.
fn from_elsewhere(url: &str, own_host: &str) -> String {
    let parsed = Url::parse(url).ok().filter(|it| it.host_str().is_some_and(is_loopback));
    let moved = parsed.and_then(|mut it| it.set_host(Some(own_host)).ok().map(|()| it.to_string()));
    moved.unwrap_or_else(|| url.to_owned())
}

fn is_loopback(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || bare.parse::<IpAddr>().is_ok_and(|it| it.is_loopback())
}

/// What Go prints for a time that was not set.
pub(super) const ZERO_TIME: &str = "0001-01-01T00:00:00Z";

fn health_word(health: Health) -> &'static str {
    match health {
        Health::Unknown => "unknown",
        Health::Up => "up",
        Health::Down => "down",
    }
}

/// `/api/v1/scrape_pools`
pub(super) async fn scrape_pools(State(app): State<App>) -> Response {
    success(json!({ "scrapePools": app.targets.pools() }))
}

/// `/api/v1/targets/metadata`
pub(super) async fn metadata(
    State(app): State<App>,
    params: Params,
) -> Result<Response, PromError> {
    let selector = params.get("match_target").map(parse_selector).transpose();
    let selector = selector.map_err(|error| named("match_target", error))?.unwrap_or_default();
    let metric = params.get("metric").map(str::to_owned);
    let limit = metadata_limit(&params, "limit")?.unwrap_or(ENTRIES_MAX);
    let now = app.clock.now();
    let entries = off_thread(move || {
        let targets = app.targets.snapshot().into_iter().map(|it| it.labels);
        let targets = targets.filter(|it| selector.iter().all(|matcher| matcher.matches(it)));
        let entries = targets.flat_map(|target| of_target(&app, &target, metric.as_deref(), now));
        entries.take(limit.min(ENTRIES_MAX)).collect::<Vec<_>>()
    });
    let entries = entries.await?;
    if entries.is_empty() {
        return Err(PromError::not_found("specified metadata not found"));
    }
    Ok(success(entries))
}

/// What is known of the metrics whose series a target has had lately.
fn of_target(app: &Shared, target: &Labels, metric: Option<&str>, now: Timestamp) -> Vec<Value> {
    let own = ["job", "instance"].map(|it| Matcher::equal(it, target.value(it)));
    let now_ms = now.as_millisecond();
    let names = app.metrics.store.label_values(
        METRIC_NAME,
        &[own.to_vec()],
        now_ms - RECENT_MS,
        now_ms,
        METRICS_MAX,
    );
    let families: BTreeMap<_, _> =
        names.iter().filter_map(|it| app.metrics.metadata.of_series(it)).collect();
    let chosen = families.into_iter().filter(|(name, _)| metric.is_none_or(|it| it == name));
    let entry = |(name, meaning): (String, crate::metadata::Meaning)| {
        let mut entry = json!(meaning);
        entry["target"] = json!(target);
        if metric.is_none() {
            entry["metric"] = name.into();
        }
        entry
    };
    chosen.map(entry).collect()
}

/// `/api/v1/metadata`
pub(super) async fn of_metrics(
    State(app): State<App>,
    params: Params,
) -> Result<Response, PromError> {
    let limit = metadata_limit(&params, "limit")?.unwrap_or(usize::MAX);
    let per_metric = metadata_limit(&params, "limit_per_metric")?.unwrap_or(usize::MAX);
    let mut list = app.metrics.metadata.list(params.get("metric"), limit);
    for meanings in list.values_mut() {
        // The newest first: it is what a limit should keep.
        meanings.reverse();
        if 0 < per_metric {
            meanings.truncate(per_metric);
        }
    }
    Ok(success(list))
}

/// Here 0 is a limit, and below it there is none.
fn metadata_limit(params: &Params, name: &str) -> Result<Option<usize>, PromError> {
    let Some(text) = params.get(name) else { return Ok(None) };
    let limit: i64 =
        text.parse().map_err(|_| PromError::bad_data(format!("{name} must be a number")))?;
    Ok(usize::try_from(limit).ok())
}
