//! Deploys with what they did to budgets: the hour after against the hour before.

use axum::Json;
use axum::extract::{Query, State};
use jiff::{SignedDuration, Timestamp};
use nines_incident::changes::{Change, ChangeKind};
use nines_slo::{Counts, SloName};
use serde::{Deserialize, Serialize};

use crate::app::{App, Shared};

/// The most deploys of one answer.
const DEPLOYS_MAX: usize = 100;
/// What is compared.
const HOUR: SignedDuration = SignedDuration::from_hours(1);
/// The finest slices that are kept for long.
const STEP: SignedDuration = SignedDuration::from_mins(1);

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct DeploysQuery {
    service: Option<String>,
    env: Option<String>,
    limit: Option<usize>,
}

/// A deploy, and the budgets of its service around it.
#[derive(Debug, Serialize)]
pub(super) struct DeployView {
    #[serde(flatten)]
    change: Change,
    budgets: Vec<AroundView>,
}

/// One SLO around a deploy.
#[derive(Debug, Serialize)]
struct AroundView {
    slo: String,
    before: Counts,
    after: Counts,
    /// Whether the bad share of the hour after is larger; nothing while that hour has no events.
    is_worse: Option<bool>,
}

/// `GET /deploys?service=&env=&limit=`: the newest first.
pub(super) async fn deploys(
    State(app): State<App>,
    Query(query): Query<DeploysQuery>,
) -> Json<Vec<DeployView>> {
    let limit = query.limit.unwrap_or(DEPLOYS_MAX).min(DEPLOYS_MAX);
    let is_meant = |it: &Change| {
        it.kind == ChangeKind::Deploy
            && query.service.as_ref().is_none_or(|wanted| *wanted == it.service)
            && query.env.as_ref().is_none_or(|wanted| *wanted == it.env)
    };
    let newest: Vec<Change> = app.engine.read(|state| {
        let changes = state.changes.iter().rev().map(|it| &it.change).filter(|it| is_meant(it));
        changes.take(limit).cloned().collect()
    });
    let view = |change: Change| DeployView { budgets: around(&app, &change), change };
    Json(newest.into_iter().map(view).collect())
}

fn around(app: &Shared, change: &Change) -> Vec<AroundView> {
    let spec = app.spec();
    let names = spec.slos.iter().map(|it| &it.name).filter(|it| it.service == change.service);
    let at = change.started;
    let view = |name: &SloName| {
        let (before, after) = (count(app, name, at - HOUR, at), count(app, name, at, at + HOUR));
        AroundView { slo: name.to_string(), before, after, is_worse: is_worse(before, after) }
    };
    names.map(view).collect()
}

fn count(app: &Shared, name: &SloName, from: Timestamp, to: Timestamp) -> Counts {
    const POINTS_MAX: usize = 100;
    let slices = app.metrics.tracker().slices(name, from, to, STEP, POINTS_MAX);
    // A slice that reaches over an end belongs to neither hour.
    let within = slices.iter().filter(|it| from <= it.from && it.to <= to);
    within.fold(Counts::default(), |sum, it| Counts {
        total: sum.total + it.counts.total,
        bad: sum.bad + it.counts.bad,
    })
}

/// Shares are compared by their products, so no float decides.
fn is_worse(before: Counts, after: Counts) -> Option<bool> {
    let product = |one: u64, other: u64| u128::from(one) * u128::from(other);
    (0 < before.total && 0 < after.total)
        .then(|| product(before.bad, after.total) < product(after.bad, before.total))
}
