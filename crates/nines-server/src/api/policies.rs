//! Policies: where they stand, what was decided, who overrode it, and what others would have done.

use std::sync::Arc;

use axum::extract::{Path, Query, State};
use axum::{Extension, Json};
use jiff::{SignedDuration, Timestamp};
use nines_base::parse_duration;
use nines_engine::{Command, Replay, Reply, policy_inputs};
use nines_release::{
    Decision, LevelKey, Lint, Policy, Rulebook, Verdict, Waive, Waiver, lint, quota_left,
};
use nines_spec::{SourceFile, Style, read_files, render};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::access::Caller;
use crate::app::{App, Shared};
use crate::problem::Problem;

/// The most rows of one answer.
const ROWS_MAX: usize = 500;
/// How far a replay looks back, at most.
const SINCE_MAX: SignedDuration = SignedDuration::from_hours(400 * 24);
/// And when nothing is said.
const SINCE_DEFAULT: SignedDuration = SignedDuration::from_hours(28 * 24);
/// How often a replay looks; less than a level's end may go unseen.
const REPLAY_STEP: SignedDuration = SignedDuration::from_mins(15);

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct DecisionsQuery {
    service: Option<String>,
    env: Option<String>,
    verdict: Option<Verdict>,
    limit: Option<usize>,
}

/// `GET /decisions?service=&env=&verdict=&limit=`: the newest first.
pub(super) async fn decisions(
    State(app): State<App>,
    Query(query): Query<DecisionsQuery>,
) -> Json<Vec<Decision>> {
    let limit = query.limit.unwrap_or(ROWS_MAX).min(ROWS_MAX);
    let is_meant = |it: &&Decision| {
        query.service.as_ref().is_none_or(|wanted| *wanted == it.change.service)
            && query.env.as_ref().is_none_or(|wanted| *wanted == it.change.env)
            && query.verdict.is_none_or(|wanted| wanted == it.verdict)
    };
    Json(app.engine.read(|state| {
        let decisions = state.releases.decisions().rev().filter(is_meant);
        decisions.take(limit).cloned().collect()
    }))
}

/// `GET /decisions/{id}`
pub(super) async fn decision(
    State(app): State<App>,
    Path(id): Path<String>,
) -> Result<Json<Decision>, Problem> {
    let missing = || Problem::not_found("decision", &id);
    let name = id.parse().map_err(|_| missing())?;
    let found = app.engine.read(|state| state.releases.decision(name).cloned());
    found.map(Json).ok_or_else(missing)
}

/// `GET /waivers`: the newest first.
pub(super) async fn waivers(State(app): State<App>) -> Json<Vec<Waiver>> {
    Json(app.engine.read(|state| state.releases.waivers().rev().take(ROWS_MAX).cloned().collect()))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WaiveBody {
    service: String,
    version: String,
    env: Option<String>,
    reason: String,
    evidence: String,
    /// Who asks; else the session's person.
    by: Option<String>,
    /// Who made the change; else who asks.
    author: Option<String>,
    approved_by: String,
    expires: Option<String>,
}

/// `POST /waivers`
pub(super) async fn waive(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Json(body): Json<WaiveBody>,
) -> Result<Json<Value>, Problem> {
    let requested_by = caller.name(body.by.as_deref());
    let expires = body.expires.as_deref().map(parse_duration).transpose();
    let expires = expires.map_err(|error| Problem::bad_request(error.to_string()))?;
    let request = Waive {
        service: body.service,
        env: body.env.unwrap_or_else(|| "prod".to_owned()),
        version: body.version,
        reason: body.reason,
        evidence: body.evidence,
        author: body.author.unwrap_or_else(|| requested_by.clone()),
        requested_by,
        approved_by: body.approved_by,
        expires,
    };
    match app.ask(Command::Waive(Box::new(request))).await? {
        Reply::Waiver(waiver) => {
            let config = Arc::clone(&app.loaded().engine_config);
            let left = app.engine.read(|state| {
                let policy = config.release.policy(&waiver.policy)?;
                quota_left(policy, state.releases.waivers(), &waiver.team, waiver.from)
            });
            Ok(Json(json!({ "waiver": waiver, "left": left })))
        }
        _ => Err(Problem::unavailable("the engine answered something else")),
    }
}

/// Where a policy stands.
#[derive(Debug, Serialize)]
pub(super) struct PolicyView {
    name: String,
    origin: String,
    digest: String,
    mode: String,
    owners: Vec<String>,
    revisit: Option<Timestamp>,
    /// What is doubtful in it today.
    notes: Vec<String>,
    services: Vec<StandingView>,
    overrides: Option<u32>,
}

/// Where a service stands under a policy.
#[derive(Debug, Serialize)]
struct StandingView {
    service: String,
    level: String,
    since: Option<Timestamp>,
    because: Option<String>,
    /// Since when what ends the level holds.
    leaving: Option<Timestamp>,
    /// Every active level and rule.
    active: Vec<String>,
    /// The overrides that its team has left in this quarter.
    overrides_left: Option<u32>,
}

/// `GET /policies`
pub(super) async fn policies(State(app): State<App>) -> Json<Vec<PolicyView>> {
    let config = Arc::clone(&app.loaded().engine_config);
    let now = app.clock.now();
    let release = &config.release;
    let policies = release.policies.iter().chain([&release.default]);
    let view = |policy: &Policy| app.engine.read(|state| view(state, release, policy, now));
    let shown = policies.map(view).filter(|it| !it.services.is_empty() || it.name != "default");
    Json(shown.collect())
}

fn view(
    state: &nines_engine::State,
    release: &Rulebook,
    policy: &Policy,
    now: Timestamp,
) -> PolicyView {
    let of_policy = |it: &&(&LevelKey, &nines_release::Levels)| it.0.policy == policy.name;
    let all: Vec<_> = state.releases.all_levels().collect();
    let services = all.iter().filter(of_policy).map(|(key, levels)| {
        let worst = levels.worst(policy).map(|(_, it)| it);
        let team = release.team(&key.service);
        StandingView {
            service: key.service.clone(),
            level: levels.name(policy).to_owned(),
            since: worst.map(|it| it.since),
            because: worst.map(|it| it.because.clone()),
            leaving: worst.and_then(|it| it.leaving).map(|(since, _)| since),
            active: levels.active.keys().cloned().collect(),
            overrides_left: quota_left(policy, state.releases.waivers(), &team, now),
        }
    });
    PolicyView {
        name: policy.name.clone(),
        origin: policy.origin.to_string(),
        digest: policy.digest.clone(),
        mode: policy.mode.to_string(),
        owners: policy.owners.clone(),
        revisit: policy.revisit,
        notes: lint(policy, Some(now)).iter().filter_map(note).collect(),
        services: services.collect(),
        overrides: policy.overrides.as_ref().map(|it| it.team),
    }
}

/// What only a clock can tell; the rest is told where files are checked.
fn note(lint: &Lint) -> Option<String> {
    match lint {
        Lint::RevisitPast { revisit } => Some(format!("it was to be looked at again by {revisit}")),
        _ => None,
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ReplayBody {
    /// How far back, such as `90d`.
    since: Option<String>,
    /// Other policies, as YAML; else those that rule.
    against: Option<String>,
}

/// What policies would have done.
#[derive(Debug, Serialize)]
pub(super) struct ReplayView {
    from: Timestamp,
    to: Timestamp,
    /// `the policies that rule`, or `the policies that were sent`.
    policies: &'static str,
    #[serde(flatten)]
    replay: Replay,
}

/// `POST /policies/replay`
pub(super) async fn replay(
    State(app): State<App>,
    Json(body): Json<ReplayBody>,
) -> Result<Json<ReplayView>, Problem> {
    let since = body.since.as_deref().map_or(Ok(SINCE_DEFAULT), parse_duration);
    let since = since.map_err(|error| Problem::bad_request(error.to_string()))?;
    if !since.is_positive() || SINCE_MAX < since {
        let longest = nines_base::format_duration(SINCE_MAX);
        return Err(Problem::bad_request(format!("`since` is more than 0 and at most {longest}")));
    }
    let (rulebook, policies) = match body.against {
        Some(text) => (other_policies(&app, text)?, "the policies that were sent"),
        None => (app.loaded().engine_config.release.clone(), "the policies that rule"),
    };
    let to = app.clock.now();
    let from = to - since;
    let replayed = tokio::task::spawn_blocking(move || {
        let changes: Vec<_> =
            app.engine.read(|state| state.changes.iter().map(|it| it.change.clone()).collect());
        let inputs = |at| policy_inputs(&app.metrics.tracker().statuses(at));
        nines_engine::replay(&rulebook, &changes, from, to, REPLAY_STEP, inputs)
    });
    let replay = replayed.await.map_err(|error| Problem::unavailable(error.to_string()))?;
    Ok(Json(ReplayView { from, to, policies, replay }))
}

/// The policies of a text, for the services and people that there are.
fn other_policies(app: &Shared, text: String) -> Result<Rulebook, Problem> {
    let file = SourceFile { path: "against.yaml".to_owned(), text };
    let reading = read_files(vec![file]);
    // What the text names may be defined in the files that rule, so only what is about policies counts.
    let is_about = |code: &str| !matches!(code, "N0110" | "N0401" | "N0402" | "N0403");
    if reading.findings.iter().any(|it| it.level == nines_spec::Level::Error && is_about(&it.code))
    {
        let drawn = render(&reading.findings, &reading.sources, Style::Plain);
        return Err(Problem::bad_request(drawn));
    }
    if reading.spec.release_policies.is_empty() {
        return Err(Problem::bad_request("the text holds no policy"));
    }
    let now = app.loaded().engine_config.release.clone();
    Ok(Rulebook { policies: reading.spec.release_policies, ..now })
}
