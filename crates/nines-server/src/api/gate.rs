//! The release gate: may this change proceed now?

use std::sync::Arc;

use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use jiff::{SignedDuration, Timestamp};
use nines_base::parse_duration;
use nines_engine::{
    Command, Reply, SubmitError, decide_gate, decide_gate_at, policy_inputs, unrecorded,
};
use nines_release::{
    Change, ChangeKind, Claim, Decision, Exemption, GateQuestion, PolicyInput, Verdict,
};
use serde::Deserialize;

use crate::access::Caller;
use crate::app::{App, AskError, Shared};
use crate::problem::Problem;

/// The longest text of a question.
const TEXT_BYTES_MAX: usize = 200;
/// What was so long ago is the past.
const PRESENT: SignedDuration = SignedDuration::from_mins(1);
/// The most people who have approved.
const APPROVALS_MAX: usize = 20;

/// What is asked, as an address tells it.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct GateQuery {
    pub(crate) service: String,
    pub(crate) version: Option<String>,
    pub(crate) env: Option<String>,
    pub(crate) kind: Option<String>,
    pub(crate) sha: Option<String>,
    /// The share of users that the next step reaches: `5%`.
    pub(crate) step: Option<String>,
    /// How long that step lasts: `30m`.
    pub(crate) bake: Option<String>,
    /// Who made the change.
    pub(crate) author: Option<String>,
    /// Who approved it, with commas between.
    pub(crate) approvals: Option<String>,
    /// What it claims to be: `security`.
    pub(crate) exempt: Option<String>,
    /// Where that can be read.
    pub(crate) evidence: Option<String>,
    /// Who claims it.
    pub(crate) by: Option<String>,
    /// What would have been answered then.
    pub(crate) at: Option<Timestamp>,
}

/// `GET /gate?service=&version=&env=&kind=`: 200 open, 403 closed, 503 unknown; the decision is the body.
///
/// Reading is open to everybody and leaves nothing behind, so only an answer to a caller who has proved itself is a
/// fact; and what would have been answered in the past is none.
pub(super) async fn gate(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Query(query): Query<GateQuery>,
) -> Result<Response, Problem> {
    let past = query.at;
    let question = question(&app, query)?;
    let decision = match (past, caller) {
        (Some(at), _) => Box::new(in_the_past(&app, question, at)?),
        (None, Caller::Anonymous) => Box::new(preview(&app, &question)),
        (None, _) => ask(&app, question).await?,
    };
    Ok((status(decision.verdict), Json(decision)).into_response())
}

/// The decision of another time; the past is counted, never guessed.
fn in_the_past(app: &Shared, question: GateQuestion, at: Timestamp) -> Result<Decision, Problem> {
    let now = app.clock.now();
    if now < at {
        return Err(Problem::bad_request(format!("`at` is {at}, which is yet to come")));
    }
    let input = input(app, &question.change.service, at);
    let question = GateQuestion { input, ..question };
    let config = Arc::clone(&app.loaded().engine_config);
    Ok(app.engine.read(|state| decide_gate_at(state, &config, &question, at)))
}

/// How a verdict is told where only a status is read.
pub(crate) fn status(verdict: Verdict) -> StatusCode {
    match verdict {
        Verdict::Open => StatusCode::OK,
        Verdict::Closed => StatusCode::FORBIDDEN,
        Verdict::Unknown => StatusCode::SERVICE_UNAVAILABLE,
    }
}

/// Asks the engine; the decision is a fact.
pub(crate) async fn ask(app: &Shared, question: GateQuestion) -> Result<Box<Decision>, AskError> {
    match app.ask(Command::AskGate(Box::new(question))).await? {
        Reply::Decision(decision) => Ok(decision),
        _ => Err(AskError::Submit(SubmitError::Stopped)),
    }
}

/// The decision that would be made now; nothing is recorded.
pub(crate) fn preview(app: &Shared, question: &GateQuestion) -> Decision {
    let now = app.clock.now();
    let config = Arc::clone(&app.loaded().engine_config);
    app.engine.read(|state| decide_gate(state, &config, question, unrecorded(now), now))
}

/// What is measured of a service now; without objectives there is nothing.
pub(crate) fn input(app: &Shared, service: &str, now: Timestamp) -> PolicyInput {
    let spec = app.spec();
    let names = spec.slos.iter().map(|it| &it.name).filter(|it| it.service == service);
    let tracker = app.metrics.tracker();
    let mut of_service: Vec<_> = names.filter_map(|it| tracker.status(it, now)).collect();
    drop(tracker);
    if now < app.clock.now() - PRESENT {
        // What fires now says nothing about then.
        of_service.iter_mut().flat_map(|it| &mut it.goals).for_each(|it| it.firing = None);
    }
    let empty = PolicyInput { service: service.to_owned(), ..PolicyInput::default() };
    policy_inputs(&of_service).pop().unwrap_or(empty)
}

/// A question from an address. What nobody understands is refused: a guess might open.
pub(crate) fn question(app: &Shared, query: GateQuery) -> Result<GateQuestion, Problem> {
    let input = input(app, &query.service, app.clock.now());
    read_question(query, input).map_err(Problem::bad_request)
}

fn read_question(query: GateQuery, input: PolicyInput) -> Result<GateQuestion, String> {
    let short = |what: &str, text: Option<String>| match text.filter(|it| !it.is_empty()) {
        Some(it) if TEXT_BYTES_MAX < it.len() => {
            Err(format!("`{what}` has more than {TEXT_BYTES_MAX} bytes"))
        }
        other => Ok(other),
    };
    let Some(service) = short("service", Some(query.service))? else {
        return Err("`service` is missing; ask for /api/nines/v1/gate?service=checkout".to_owned());
    };
    let kind = match query.kind.as_deref().filter(|it| !it.is_empty()) {
        None => ChangeKind::Code,
        Some(word) => word_of(&ChangeKind::ALL, "kind", word)?,
    };
    let share = |text: String| {
        let number = text.strip_suffix('%').and_then(|it| it.parse::<u64>().ok());
        let number = number.filter(|it| (1..=100).contains(it));
        let wrong = || format!("`step` is a whole percentage from 1% to 100%, not `{text}`");
        number.map(|it| it * 10_000_000).ok_or_else(wrong)
    };
    let length = |text: String| {
        parse_duration(&text).map_err(|_| format!("`bake` is a duration such as 30m, not `{text}`"))
    };
    let approvals = query.approvals.unwrap_or_default();
    let approvals = approvals.split(',').map(str::trim).filter(|it| !it.is_empty());
    let approvals: Vec<String> = approvals.take(APPROVALS_MAX).map(str::to_owned).collect();
    let evidence = short("evidence", query.evidence)?.unwrap_or_default();
    let by = short("by", query.by)?.unwrap_or_default();
    let exemption = match query.exempt.as_deref().filter(|it| !it.is_empty()) {
        None => None,
        Some(word) => {
            Some(Exemption { claim: word_of(&Claim::ALL, "exempt", word)?, evidence, by })
        }
    };
    let change = Change {
        service,
        env: short("env", query.env)?.unwrap_or_else(|| "prod".to_owned()),
        version: short("version", query.version)?,
        sha: short("sha", query.sha)?,
        kind,
    };
    Ok(GateQuestion {
        step: query.step.map(share).transpose()?,
        bake: query.bake.map(length).transpose()?.filter(SignedDuration::is_positive),
        author: short("author", query.author)?,
        approvals,
        exemption,
        ..GateQuestion::new(change, input)
    })
}

fn word_of<T: Copy>(known: &[(&str, T)], what: &str, word: &str) -> Result<T, String> {
    let found = known.iter().find(|(it, _)| *it == word).map(|(_, it)| *it);
    let words = || known.iter().map(|(it, _)| *it).collect::<Vec<_>>().join(", ");
    found.ok_or_else(|| format!("`{what}` is one of {}, not `{word}`", words()))
}
