//! The configuration as code: its files, plans, applying them, and going back.

use axum::extract::{Path, State};
use axum::{Extension, Json};
use jiff::{SignedDuration, Timestamp};
use nines_base::parse_duration;
use nines_engine::Command;
use nines_incident::changes::{self, Change, ChangeKind};
use nines_spec::{FILE_BYTES_MAX, FILES_MAX, SourceFile};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::access::Caller;
use crate::app::{App, Configured};
use crate::applied::{Revisions, path_problem};
use crate::plan::{self, Base, HISTORY_DEFAULT, Plan, Proposal};
use crate::problem::Problem;

/// The longest body of a request with files.
pub(super) const FILES_BYTES_MAX: usize = 32 << 20;
/// No plan looks further back.
const SINCE_MAX: SignedDuration = SignedDuration::from_hours(400 * 24);
/// Services whose change an apply records.
const CHANGED_SERVICES_MAX: usize = 50;

/// Files of a configuration, as they lie in its folder.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Proposed {
    files: Vec<ProposedFile>,
    /// How far back it is asked what would have been, such as `28d`.
    since: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ProposedFile {
    path: String,
    text: String,
}

/// Who does it.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct By {
    by: Option<String>,
}

/// `GET /config/files`: the files that decide. They may hold addresses and names, so not for everybody.
pub(super) async fn files(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
) -> Result<Json<Value>, Problem> {
    if caller == Caller::Anonymous {
        let detail = "the files need `Authorization: Bearer TOKEN`; GET /config shows the rest";
        return Err(Problem::unauthorized(detail));
    }
    let loaded = app.loaded();
    let file = |it: &SourceFile| json!({ "path": it.path, "text": it.text });
    Ok(Json(json!({
        "base": base(&app)?,
        "files": loaded.sources.iter().map(file).collect::<Vec<_>>(),
    })))
}

/// `GET /config/revisions`
pub(super) async fn revisions(State(app): State<App>) -> Result<Json<Value>, Problem> {
    let revisions = applied(&app)?.list().map_err(storage)?;
    Ok(Json(json!({ "revisions": revisions })))
}

/// `POST /config/plans`: what these files would change. Changes nothing.
pub(super) async fn plan(
    State(app): State<App>,
    Json(Proposed { files, since }): Json<Proposed>,
) -> Result<Json<Plan>, Problem> {
    let files = checked(files)?;
    let since = since.map(|it| parse_since(&it)).transpose()?.unwrap_or(HISTORY_DEFAULT);
    // One at a time: plans read much history.
    let mut plans = app.configured.plans.lock().await;
    let (at, id) = (App::clone(&app), plan_id(&app, &files));
    let made = tokio::task::spawn_blocking(move || make(&at, id, &files, since)).await;
    let made = made.map_err(|error| Problem::unavailable(error.to_string()))??;
    let gone = plans.keep(made.clone());
    if let Some(revisions) = &app.configured.revisions {
        gone.iter().filter(|it| **it != made.id).for_each(|it| revisions.discard(it));
    }
    Ok(Json(made))
}

fn make(
    app: &App,
    id: String,
    files: &[SourceFile],
    since: SignedDuration,
) -> Result<Plan, Problem> {
    let Configured { revisions, followed, .. } = &app.configured;
    let (reading, not_applicable) = match revisions {
        Some(revisions) => {
            revisions.discard_quietly(&id);
            let staged = revisions.stage(&id, files).map_err(storage)?;
            let reading = nines_spec::read_paths(&[staged]);
            (reading.map_err(|error| Problem::unavailable(error.to_string()))?, None)
        }
        None => {
            let because = format!(
                "this server follows {followed}: change the files there, or run it with --applied"
            );
            (nines_spec::read_files(files.to_vec()), Some(because))
        }
    };
    if reading.has_errors() {
        if let Some(revisions) = revisions {
            revisions.discard(&id);
        }
        let style = nines_spec::Style::Unicode;
        let findings = nines_spec::render(&reading.findings, &reading.sources, style);
        return Err(Problem::bad_request(format!("the files have errors\n\n{findings}")));
    }
    let loaded = app.loaded();
    Ok(plan::make(Proposal {
        id,
        now: app.clock.now(),
        base: base(app)?,
        loaded: &loaded,
        files,
        reading: &reading,
        metrics: &app.metrics,
        since,
        not_applicable,
        rota: app.engine.read(|it| it.rota.clone()),
    }))
}

/// `POST /config/plans/{id}/apply`: exactly that plan, or nothing.
pub(super) async fn apply(
    State(app): State<App>,
    Path(id): Path<String>,
    Extension(caller): Extension<Caller>,
    by: Option<Json<By>>,
) -> Result<Json<Value>, Problem> {
    let by = caller.name(by.and_then(|it| it.0.by).as_deref());
    let revisions = applied(&app)?;
    let mut plans = app.configured.plans.lock().await;
    let Some(plan) = plans.get(&id) else {
        return Err(Problem::refused(format!(
            "there is no plan {id}: plans end after a day, after {} newer ones, or when the server starts again; \
             make a new one with `nines plan`",
            plan::PLANS_MAX
        )));
    };
    let now = base(&app)?;
    if plan.base != now {
        let made_on = shown(&plan.base);
        let detail = format!(
            "the server moved: the plan was made on {made_on}, and now {} decides; make a new one with `nines plan`",
            shown(&now)
        );
        return Err(Problem::refused(detail));
    }
    let Some(plan) = plans.take(&id) else { return Err(Problem::not_found("plan", &id)) };
    let number = revisions.promote(&id).map_err(storage)?;
    switch(&app, revisions, number).await?;
    record(&app, &plan, number, &by).await;
    Ok(Json(json!({ "applied": base(&app)?, "before": plan.base, "summary": plan.summary })))
}

/// `POST /config/revisions/{number}/apply`: what an older revision said, as a new one.
pub(super) async fn restore(
    State(app): State<App>,
    Path(number): Path<u32>,
) -> Result<Json<Value>, Problem> {
    let revisions = applied(&app)?;
    // Nobody plans or applies meanwhile.
    let _plans = app.configured.plans.lock().await;
    let before = base(&app)?;
    let repeated = revisions.repeat(number).map_err(storage)?;
    let next = repeated.ok_or_else(|| Problem::not_found("revision", &number.to_string()))?;
    switch(&app, revisions, next).await?;
    Ok(Json(json!({ "applied": base(&app)?, "before": before, "restored": number })))
}

/// Lets a revision decide; when it cannot, the one before goes on deciding.
async fn switch(app: &App, revisions: &Revisions, number: u32) -> Result<(), Problem> {
    let former = revisions.current().map_err(storage)?;
    revisions.point_to(number).map_err(storage)?;
    if let Err(problem) = app.reload.ask().await {
        revisions.point_to(former).map_err(storage)?;
        drop(app.reload.ask().await);
        let detail = format!("revision {former} goes on deciding: {problem}");
        return Err(Problem::refused(detail));
    }
    if let Err(error) = revisions.forget() {
        tracing::warn!(%error, "old revisions of the configuration stay");
    }
    Ok(())
}

/// An apply is a change of every service that it touches, so that incidents find it.
async fn record(app: &App, plan: &Plan, number: u32, by: &str) {
    let mut services: Vec<String> = plan
        .changes
        .iter()
        .filter_map(|it| {
            let change = &it.change;
            match change.kind.as_str() {
                "SLO" => change.name.split_once('/').map(|(service, _)| service.to_owned()),
                "Service" => Some(change.name.clone()),
                _ => None,
            }
        })
        .collect();
    services.sort();
    services.dedup();
    let now = app.clock.now();
    for service in services.into_iter().take(CHANGED_SERVICES_MAX) {
        let change = configuration_change(service, number, by, now);
        let command = Command::RecordChange(changes::Command::Record(change));
        if let Err(error) = app.ask(command).await {
            tracing::warn!(%error, "an applied configuration is not recorded as a change");
        }
    }
}

fn configuration_change(service: String, number: u32, by: &str, now: Timestamp) -> Change {
    Change {
        id: format!("nines:config-{number}-{service}"),
        service,
        env: String::new(),
        version: Some(format!("configuration {number}")),
        sha: None,
        kind: ChangeKind::Config,
        author: Some(by.to_owned()),
        started: now,
        finished: Some(now),
        summary: format!("revision {number} of the configuration was applied"),
        source: "nines".to_owned(),
        url: None,
    }
}

fn applied(app: &App) -> Result<&Revisions, Problem> {
    app.configured.revisions.as_ref().ok_or_else(|| {
        let followed = &app.configured.followed;
        Problem::refused(format!(
            "this server follows {followed}: change the files there, or run it with --applied"
        ))
    })
}

fn base(app: &App) -> Result<Base, Problem> {
    let number = app.configured.revisions.as_ref().map(Revisions::current).transpose();
    let number = number.map_err(storage)?;
    Ok(Base { revision: app.loaded().spec.revision.clone(), number })
}

fn shown(base: &Base) -> String {
    match base.number {
        Some(number) => format!("revision {number}"),
        None => format!("revision {}", base.revision),
    }
}

fn storage(error: impl std::fmt::Display) -> Problem {
    Problem::unavailable(format!("the applied configurations cannot be read or written: {error}"))
}

fn parse_since(text: &str) -> Result<SignedDuration, Problem> {
    let since = parse_duration(text).ok().filter(|it| it.is_positive() && *it <= SINCE_MAX);
    since.ok_or_else(|| {
        Problem::bad_request(format!("`since` is a duration up to 400d, such as 28d, not `{text}`"))
    })
}

/// Short, and another one for other files or another moment.
fn plan_id(app: &App, files: &[SourceFile]) -> String {
    use sha2::Digest;
    let mut hash = sha2::Sha256::new();
    hash.update(app.clock.now().to_string().as_bytes());
    for part in files.iter().flat_map(|it| [&it.path, &it.text]) {
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part.as_bytes());
    }
    let digits = crate::text::hex(&hash.finalize());
    format!("p-{}", digits.chars().take(8).collect::<String>())
}

fn checked(files: Vec<ProposedFile>) -> Result<Vec<SourceFile>, Problem> {
    if FILES_MAX < files.len() {
        let detail = format!("a configuration has at most {FILES_MAX} files");
        return Err(Problem::bad_request(detail));
    }
    let mut checked: Vec<SourceFile> = Vec::with_capacity(files.len());
    for ProposedFile { path, text } in files {
        if let Some(problem) = path_problem(&path) {
            return Err(Problem::bad_request(format!("`{path}`: {problem}")));
        }
        if FILE_BYTES_MAX < text.len() {
            let detail = format!("`{path}` is longer than {FILE_BYTES_MAX} bytes");
            return Err(Problem::bad_request(detail));
        }
        checked.push(SourceFile { path, text });
    }
    checked.sort_by(|one, other| one.path.cmp(&other.path));
    if let Some([one, _]) = checked.windows(2).find(|it| it[0].path == it[1].path) {
        return Err(Problem::bad_request(format!("`{}` comes twice", one.path)));
    }
    Ok(checked)
}
