//! The release gate: may this change proceed now?

use axum::Json;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use nines_release::{BudgetInput, Change, Decision, GateInput, GatePolicy, OpenIncident, Verdict};
use nines_slo::{Objective, Severity};
use serde::Deserialize;

use crate::app::{App, Shared};
use crate::views::state_word;

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct GateQuery {
    pub(crate) service: String,
    pub(crate) version: Option<String>,
    pub(crate) env: Option<String>,
    pub(crate) kind: Option<String>,
}

/// `GET /gate?service=&version=&env=&kind=`: 200 open, 403 closed, 503 unknown; the decision is the body.
pub(super) async fn gate(State(app): State<App>, Query(query): Query<GateQuery>) -> Response {
    let decision = decide(&app, query);
    let status = match decision.verdict {
        Verdict::Open => StatusCode::OK,
        Verdict::Closed => StatusCode::FORBIDDEN,
        Verdict::Unknown => StatusCode::SERVICE_UNAVAILABLE,
    };
    (status, Json(decision)).into_response()
}

/// Decides from budgets and open incidents, under the policy that rules the service.
pub(crate) fn decide(app: &Shared, query: GateQuery) -> Decision {
    let now = app.clock.now();
    let spec = app.spec();
    let named = spec.gates.iter().find(|it| it.services.contains(&query.service));
    let general = spec.gates.iter().find(|it| it.services.is_empty());
    let default = GatePolicy::default_policy();
    let policy = named.or(general).unwrap_or(&default);
    let statuses = app.metrics.tracker().statuses(now);
    let of_service = statuses.iter().filter(|it| it.name.service == query.service);
    let goals = of_service.flat_map(|status| status.goals.iter().map(move |it| (status, it)));
    let budgets = goals.map(|(status, it)| {
        let billion = 1_000_000_000_u128;
        let length = it.budget.length().as_millis().unsigned_abs().max(1);
        let known = it.budget.known.as_millis().unsigned_abs();
        let coverage = (known * billion / length).min(billion);
        let counts = it.budget.counts;
        BudgetInput {
            slo: status.name.to_string(),
            remaining_billionths: it.remaining_billionths,
            bad: counts.bad,
            allowed_billionths: u128::from(counts.total)
                * u128::from(it.target.allowed())
                * (billion / u128::from(Objective::SCALE)),
            coverage_billionths: u64::try_from(coverage).unwrap_or(u64::MAX),
            state: state_word(status).to_owned(),
            burn_page: it.burns.iter().any(|it| it.holds && it.pair.severity == Severity::Page),
        }
    });
    let open_incidents = app.engine.read(|state| {
        let open = state.incidents.values().filter(|it| it.is_open());
        let of_service = open.filter(|it| it.service == query.service);
        of_service
            .map(|it| OpenIncident {
                number: it.number,
                severity: it.severity.to_string(),
                title: it.title.clone(),
            })
            .collect()
    });
    let input = GateInput {
        budgets: budgets.collect(),
        open_incidents,
        at: now,
        change: Change {
            service: query.service,
            version: query.version,
            env: query.env.unwrap_or_else(|| "prod".to_owned()),
            kind: query.kind.unwrap_or_else(|| "code".to_owned()),
        },
    };
    nines_release::decide(policy, &input)
}
