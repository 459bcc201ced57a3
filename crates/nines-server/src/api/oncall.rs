//! On-call: who has it, what people change of it, whether pages would reach somebody.

use std::collections::BTreeSet;

use axum::extract::rejection::{JsonRejection, QueryRejection};
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use nines_engine::{Command, Reply};
use nines_oncall::fairness::{
    Candidate, Consecutive, Constraints, Proposal, TURNS_MAX, Weights, carried, propose,
};
use nines_oncall::rota::{self, Change, Entry, Offer, Range, What};
use nines_oncall::{Coverage, Crew, Schedule};
use serde::Deserialize;
use serde_json::{Value, json};

use super::slos::query;
use super::time::Instant;
use crate::access::Caller;
use crate::app::{App, OnCall, Shared};
use crate::oncall_views::{RotaView, ScheduleView, VERIFY_AHEAD};
use crate::problem::Problem;

/// The longest range of one answer.
const RANGE_MAX: SignedDuration = SignedDuration::from_hours(400 * 24);
/// What a schedule shows without a range.
const RANGE_DEFAULT: SignedDuration = SignedDuration::from_hours(14 * 24);
/// The longest proposal, in weeks.
const WEEKS_MAX: i64 = 52;
/// What was carried before a proposal counts so far back.
const CARRIED: SignedDuration = SignedDuration::from_hours(90 * 24);
/// Between two turns of one person, in a proposal.
const REST: SignedDuration = SignedDuration::from_hours(12);

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WhoQuery {
    at: Option<Instant>,
    schedule: Option<String>,
}

/// `GET /oncall?at=&schedule=`: also of the past, as it was.
pub(super) async fn who(
    State(app): State<App>,
    asked: Result<Query<WhoQuery>, QueryRejection>,
) -> Result<Json<Vec<OnCall>>, Problem> {
    let WhoQuery { at, schedule } = query(asked)?;
    let mut all = app.on_call(at.map_or_else(|| app.clock.now(), |it| it.0));
    if let Some(name) = schedule {
        all.retain(|it| it.schedule == name);
        if all.is_empty() {
            return Err(Problem::not_found("schedule", &name));
        }
    }
    Ok(Json(all))
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RangeQuery {
    from: Option<Instant>,
    until: Option<Instant>,
}

impl RangeQuery {
    fn range(&self, now: Timestamp, default: SignedDuration) -> Result<Range, Problem> {
        let from = self.from.map_or(now, |it| it.0);
        let until = self.until.map_or_else(|| from.checked_add(default).unwrap_or(from), |it| it.0);
        if until <= from || RANGE_MAX < until.duration_since(from) {
            let detail = "`until` is after `from`, and at most 400 days later";
            return Err(Problem::bad_request(detail));
        }
        Ok(Range { from, until })
    }
}

/// `GET /oncall/schedules/{name}?from=&until=`
pub(super) async fn schedule(
    State(app): State<App>,
    Path(name): Path<String>,
    asked: Result<Query<RangeQuery>, QueryRejection>,
) -> Result<Json<ScheduleView>, Problem> {
    let range = query(asked)?.range(app.clock.now(), RANGE_DEFAULT)?;
    let view = app.schedule_view(&name, range.from, range.until);
    view.map(Json).ok_or_else(|| Problem::not_found("schedule", &name))
}

/// `GET /oncall/changes`: what has not ended.
pub(super) async fn changes(State(app): State<App>) -> Json<RotaView> {
    Json(app.rota_view(None, app.clock.now()))
}

/// `GET /oncall/verify?from=&until=`: gaps, what is thin, buffers; of the next 90 days.
pub(super) async fn verify(
    State(app): State<App>,
    asked: Result<Query<RangeQuery>, QueryRejection>,
) -> Result<Json<Coverage>, Problem> {
    let Range { from, until } = query(asked)?.range(app.clock.now(), VERIFY_AHEAD)?;
    let look = tokio::task::spawn_blocking(move || app.coverage(from, until));
    let found = look.await.map_err(|_| Problem::unavailable("looking at coverage failed"))?;
    Ok(Json(found))
}

type Body<T> = Result<Json<T>, JsonRejection>;

fn body<T>(body: Body<T>) -> Result<T, Problem> {
    body.map(|it| it.0).map_err(|error| Problem::bad_request(error.body_text()))
}

/// Asks the engine, and names what came of it.
pub(crate) async fn change(app: &Shared, command: rota::Command) -> Result<Vec<String>, Problem> {
    match app.ask(Command::Rota(command)).await? {
        Reply::Rota(numbers) => Ok(numbers.into_iter().map(|it| format!("O-{it}")).collect()),
        _ => Ok(Vec::new()),
    }
}

fn made(names: &[String]) -> Response {
    (StatusCode::CREATED, Json(json!({ "made": names }))).into_response()
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NewChange {
    schedule: String,
    /// Exactly one of `add`, `remove`, `replace`, `only`.
    add: Option<String>,
    remove: Option<String>,
    replace: Option<String>,
    /// Who is on call instead of `replace`.
    with: Option<String>,
    only: Option<Vec<String>>,
    /// Now when it is missing.
    from: Option<Instant>,
    until: Instant,
    #[serde(default)]
    reason: String,
    by: Option<String>,
}

impl NewChange {
    fn what(&self) -> Result<What, Problem> {
        let schedule = self.schedule.clone();
        let change = match (&self.add, &self.remove, &self.replace, &self.with, &self.only) {
            (Some(person), None, None, None, None) => Change::Add { person: person.clone() },
            (None, Some(person), None, None, None) => Change::Remove { person: person.clone() },
            (None, None, Some(whom), Some(with), None) => {
                Change::Replace { whom: whom.clone(), with: with.clone() }
            }
            (None, None, None, None, Some(people)) => {
                return Ok(What::Temporary { schedule, people: people.clone() });
            }
            _ => {
                let detail = "say one of `add`, `remove`, `replace` and `with`, or `only`";
                return Err(Problem::bad_request(detail));
            }
        };
        Ok(What::Override { schedule, change, swap: None })
    }
}

/// `POST /oncall/changes`: an override, or a temporary shift.
pub(super) async fn create(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    asked: Body<NewChange>,
) -> Result<Response, Problem> {
    let asked = body(asked)?;
    let from = asked.from.map_or_else(|| minute_of(app.clock.now()), |it| it.0);
    let (what, until) = (asked.what()?, asked.until.0);
    let by = caller.name(asked.by.as_deref());
    let entry = Entry { what, from, until, by, reason: asked.reason };
    Ok(made(&change(&app, rota::Command::Enter(entry)).await?))
}

/// The beginning of the minute, because hand-offs are on whole ones.
pub(crate) fn minute_of(at: Timestamp) -> Timestamp {
    let second = at.as_second().div_euclid(60) * 60;
    Timestamp::from_second(second).unwrap_or(at)
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ByQuery {
    by: Option<String>,
}

/// `DELETE /oncall/changes/{name}?by=`: ends a change, a vacation or an offer.
pub(super) async fn withdraw(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Path(name): Path<String>,
    asked: Result<Query<ByQuery>, QueryRejection>,
) -> Result<StatusCode, Problem> {
    let (number, by) = (number(&name)?, caller.name(query(asked)?.by.as_deref()));
    change(&app, rota::Command::Withdraw { number, by }).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `O-12`, or `12`.
pub(crate) fn number(name: &str) -> Result<u32, Problem> {
    let digits = name.strip_prefix("O-").unwrap_or(name);
    digits.parse().map_err(|_| Problem::not_found("change", name))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Take {
    schedule: String,
    /// Whoever asks, when it is missing.
    person: Option<String>,
    /// The end of the shift, when it is missing.
    until: Option<Instant>,
    #[serde(default)]
    reason: String,
    by: Option<String>,
}

/// `POST /oncall/take`: be on call from now on.
pub(super) async fn take(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    asked: Body<Take>,
) -> Result<Response, Problem> {
    let Take { schedule, person, until, reason, by } = body(asked)?;
    let by = caller.name(by.as_deref());
    let (person, until) = (person.unwrap_or_else(|| by.clone()), until.map(|it| it.0));
    let command = rota::Command::Take { schedule, person, until, by, reason };
    Ok(made(&change(&app, command).await?))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NewVacation {
    person: String,
    from: Instant,
    until: Instant,
    #[serde(default)]
    reason: String,
    by: Option<String>,
}

/// `POST /oncall/vacations`
pub(super) async fn vacation(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    asked: Body<NewVacation>,
) -> Result<Response, Problem> {
    let NewVacation { person, from, until, reason, by } = body(asked)?;
    let by = caller.name(by.as_deref());
    let what = What::Vacation { person };
    let entry = Entry { what, from: from.0, until: until.0, by, reason };
    Ok(made(&change(&app, rota::Command::Enter(entry)).await?))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NewOffer {
    schedule: String,
    from: Instant,
    until: Instant,
    /// Everybody, when it is missing.
    to: Option<String>,
    #[serde(default)]
    reason: String,
    by: Option<String>,
}

/// `POST /oncall/swaps`
pub(super) async fn offer(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    asked: Body<NewOffer>,
) -> Result<Response, Problem> {
    let NewOffer { schedule, from, until, to, reason, by } = body(asked)?;
    let (by, range) = (caller.name(by.as_deref()), Range { from: from.0, until: until.0 });
    let offer = Offer { schedule, range, by, to, reason };
    Ok(made(&change(&app, rota::Command::Offer(offer)).await?))
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Answer {
    by: Option<String>,
    give_from: Option<Instant>,
    give_until: Option<Instant>,
}

/// `POST /oncall/swaps/{name}/take`
pub(super) async fn answer(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Path(name): Path<String>,
    asked: Body<Answer>,
) -> Result<Json<Value>, Problem> {
    let Answer { by, give_from, give_until } = body(asked)?;
    let give = match (give_from, give_until) {
        (Some(from), Some(until)) => Some(Range { from: from.0, until: until.0 }),
        (None, None) => None,
        _ => return Err(Problem::bad_request("say both `give_from` and `give_until`")),
    };
    let (number, by) = (number(&name)?, caller.name(by.as_deref()));
    change(&app, rota::Command::Answer { number, by, give }).await?;
    Ok(Json(json!({ "made": [] })))
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Confirm {
    by: Option<String>,
}

/// `POST /oncall/swaps/{name}/confirm`
pub(super) async fn confirm(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Path(name): Path<String>,
    asked: Body<Confirm>,
) -> Result<Json<Value>, Problem> {
    let (number, by) = (number(&name)?, caller.name(body(asked)?.by.as_deref()));
    let made = change(&app, rota::Command::Confirm { number, by }).await?;
    Ok(Json(json!({ "made": made })))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ProposalQuery {
    schedule: String,
    /// 12 when it is missing.
    weeks: Option<i64>,
    /// How many people are on call together; 1 when it is missing.
    seats: Option<usize>,
    from: Option<Instant>,
    /// Dates that weigh more, with commas.
    holidays: Option<String>,
}

/// `GET /oncall/proposal?schedule=&weeks=&seats=&from=&holidays=`: a fair distribution of the turns that the
/// schedule has. Nothing is applied.
pub(super) async fn proposal(
    State(app): State<App>,
    asked: Result<Query<ProposalQuery>, QueryRejection>,
) -> Result<Json<Proposal>, Problem> {
    let asked = query(asked)?;
    let now = app.clock.now();
    let look = tokio::task::spawn_blocking(move || proposed(&app, &asked, now));
    look.await.map_err(|_| Problem::unavailable("the proposal failed"))?.map(Json)
}

fn proposed(app: &Shared, asked: &ProposalQuery, now: Timestamp) -> Result<Proposal, Problem> {
    let watch = app.watch();
    let duty = watch.duty();
    let schedule = watch.config.roster.schedules.get(&asked.schedule);
    let schedule = schedule.ok_or_else(|| Problem::not_found("schedule", &asked.schedule))?;
    let weeks = asked.weeks.unwrap_or(12);
    let seats = asked.seats.unwrap_or(1);
    if !(1..=WEEKS_MAX).contains(&weeks) || !(1..=10).contains(&seats) {
        return Err(Problem::bad_request("`weeks` is 1 to 52, and `seats` 1 to 10"));
    }
    let holidays = holidays(asked.holidays.as_deref())?;
    let from = asked.from.map_or(now, |it| it.0);
    let until = from.checked_add(SignedDuration::from_hours(weeks * 7 * 24)).unwrap_or(from);
    let turns = turns(schedule, from, until);
    let before = from.checked_sub(CARRIED).unwrap_or(from);
    let carried_shifts = duty.shifts(&asked.schedule, before, from);
    let candidate = |name: &str| {
        let zone = watch.config.roster.people.get(name).and_then(|it| it.rules.zone.as_deref());
        let zone = zone.and_then(|it| TimeZone::get(it).ok());
        let shifts = carried_shifts.iter().filter(|it| it.person == name);
        Candidate {
            name: name.to_owned(),
            zone: zone.unwrap_or_else(|| schedule.zone.clone()),
            away: watch.rota.away(name, from, until),
            holidays: holidays.clone(),
            load: 0,
            last_until: shifts.map(|it| it.until).max(),
        }
    };
    let people = schedule.people().into_iter().map(|it| (it.to_owned(), candidate(it)));
    let mut people: std::collections::BTreeMap<String, Candidate> = people.collect();
    let loads = carried(&carried_shifts, &people, Weights::default());
    let known = u64::try_from(loads.len()).unwrap_or(1).max(1);
    // Whoever is new is not behind.
    let mean = loads.values().sum::<u64>() / known;
    for (name, person) in &mut people {
        person.load = loads.get(name).copied().unwrap_or(mean);
    }
    let candidates: Vec<Candidate> = people.into_values().collect();
    let constraints = Constraints {
        seats,
        rest: REST,
        consecutive: Consecutive::Avoided,
        apart: Vec::new(),
        together: Vec::new(),
    };
    Ok(propose(&turns, &candidates, &constraints, Weights::default()))
}

fn holidays(text: Option<&str>) -> Result<BTreeSet<Date>, Problem> {
    let dates = text.unwrap_or("").split(',').map(str::trim).filter(|it| !it.is_empty());
    let parse = |it: &str| {
        it.parse().map_err(|_| Problem::bad_request(format!("{it:?} is no date; write 2026-12-25")))
    };
    dates.map(parse).collect()
}

/// The turns of the lowest layer that has turns; else weeks.
fn turns(schedule: &Schedule, from: Timestamp, until: Timestamp) -> Vec<Range> {
    let base = schedule.layers.iter().find(|it| matches!(it.crew, Crew::Rotation(_)));
    let Some(base) = base else {
        let week = SignedDuration::from_hours(7 * 24);
        let mut turns = Vec::new();
        let mut at = from;
        while at < until {
            let end = at.checked_add(week).unwrap_or(until).min(until);
            turns.push(Range { from: at, until: end });
            at = end;
        }
        return turns;
    };
    let alone = Schedule { layers: vec![base.clone()], ..schedule.clone() };
    let mut turns: Vec<Range> = Vec::new();
    for shift in alone.shifts(from, until).into_iter().take(TURNS_MAX) {
        let range = Range { from: shift.from, until: shift.until };
        if turns.last() != Some(&range) {
            turns.push(range);
        }
    }
    turns
}
