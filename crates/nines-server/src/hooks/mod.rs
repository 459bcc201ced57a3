//! Doors for machines that roll out: Flagger, Argo Rollouts, Kubernetes, GitHub, GitLab, CDEvents.
//!
//! Each has its own address, because a body does not say what its sender will do with an answer. They translate:
//! a question to the gate, an answer to what that machine understands. Every doubt is told as a doubt, in the one
//! way in which that machine does not go on.
//!
//! Most of these machines can send no header. So whoever reaches the port may ask; only who proves itself, by the
//! token or by the key of hooks in the address, gets an answer that is recorded, and may tell of changes.

mod answers;
mod argo;
mod cdevents;
mod flagger;
mod github;
mod gitlab;
mod kubernetes;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::routing::{get, post};
use nines_engine::{Command, Reply};
use nines_incident::changes::{self, Change};
use nines_release::{Decision, Verdict};
use serde::Deserialize;

use crate::access::Caller;
use crate::api::{self, GateQuery};
use crate::app::{App, Shared};
use crate::problem::Problem;

/// The longest body; Kubernetes sends whole objects, twice.
const BODY_BYTES_MAX: usize = 4 << 20;
/// The name of the secret that opens hooks in an address: `?key=`.
const KEY_SECRET: &str = "hooks";
/// Where nothing else is told.
const ENV_DEFAULT: &str = "prod";

/// The routes.
pub(crate) fn router() -> Router<App> {
    Router::new()
        .route("/hooks/flagger/gate", post(flagger::gate))
        .route("/hooks/flagger/rollback", post(flagger::rollback))
        .route("/hooks/flagger/event", post(flagger::event))
        .route("/hooks/argo/gate", get(argo::gate))
        .route("/hooks/kubernetes/admission", post(kubernetes::admission))
        .route("/hooks/github/deployment-protection", post(github::deployment_protection))
        .route("/hooks/gitlab", post(gitlab::deployment))
        .route("/hooks/cdevents", post(cdevents::event))
        .merge(answers::router())
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
}

/// Whether a path is one of these, which bring their own proof or need none.
pub(crate) fn is_hook(path: &str) -> bool {
    path.starts_with("/hooks/")
}

/// What an address may add to a hook.
#[derive(Debug, Clone, Default, Deserialize)]
struct Extra {
    key: Option<String>,
    service: Option<String>,
    env: Option<String>,
}

/// Whether a caller has proved itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Proof {
    Given,
    Missing,
}

fn proof(app: &Shared, caller: &Caller, extra: &Extra) -> Proof {
    let secret = app.access.webhook_secrets.get(KEY_SECRET);
    let given = extra.key.as_deref();
    let has_key =
        secret.zip(given).is_some_and(|(secret, given)| app.access.are_same(secret, given));
    if *caller != Caller::Anonymous || has_key { Proof::Given } else { Proof::Missing }
}

/// Asks the gate. The decision is a fact if the caller has proved itself.
async fn ask(app: &Shared, proof: Proof, query: GateQuery) -> Result<Box<Decision>, Problem> {
    let question = api::gate_question(app, query)?;
    if proof == Proof::Given {
        Ok(api::ask_gate(app, question).await?)
    } else {
        Ok(Box::new(api::preview_gate(app, &question)))
    }
}

/// Records a change that a machine tells of; a repeat is no news.
async fn record(app: &Shared, change: Change) -> Result<&'static str, Problem> {
    match app.ask(Command::RecordChange(changes::Command::Record(change))).await? {
        Reply::Change { is_new: true } => Ok("recorded\n"),
        _ => Ok("known already\n"),
    }
}

fn unproven() -> Problem {
    Problem::unauthorized(
        "send `Authorization: Bearer TOKEN`, or `?key=` with the webhook secret named `hooks`",
    )
}

/// In one line, ready for a log.
fn line(decision: &Decision) -> String {
    let line: String =
        decision.line().chars().map(|it| if it == '\n' { ' ' } else { it }).collect();
    let next = decision.next_possible.map_or(String::new(), |it| format!("; next possible {it}"));
    format!("{line}{next}")
}

/// A word that is only said if nothing is known.
fn doubt(problem: &Problem) -> (Verdict, String) {
    (Verdict::Unknown, format!("unknown: {}", problem.detail()))
}
