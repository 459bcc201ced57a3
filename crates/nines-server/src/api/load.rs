//! What being on call costs people: `nines_oncall::load` over what the engine remembers.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Query, State};
use axum::http::header;
use axum::response::IntoResponse;
use jiff::{SignedDuration, Timestamp};
use nines_base::parse_duration;
use nines_engine::State as Everything;
use nines_oncall::load::{Call, LoadObjective, calls, loads, objective, pay_csv};
use nines_oncall::{Duty, Roster, Shift};
use nines_port::Urgency;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::app::App;
use crate::problem::Problem;

/// Without `since`.
const SINCE_DEFAULT: SignedDuration = SignedDuration::from_hours(28 * 24);
/// Facts are kept so long.
const SINCE_MAX: SignedDuration = SignedDuration::from_hours(400 * 24);

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct LoadQuery {
    since: Option<String>,
}

impl LoadQuery {
    fn from(&self, now: Timestamp) -> Result<Timestamp, Problem> {
        let length = match self.since.as_deref() {
            None => SINCE_DEFAULT,
            Some(text) => parse_duration(text)
                .map_err(|error| Problem::bad_request(format!("`since`: {error}")))?,
        };
        if SINCE_MAX < length {
            return Err(Problem::bad_request("`since` is at most 400d"));
        }
        Ok(now - length)
    }
}

/// `GET /load`: by person, and whether the promise to them is kept.
pub(super) async fn load(
    State(app): State<App>,
    Query(query): Query<LoadQuery>,
) -> Result<Json<Value>, Problem> {
    let now = app.clock.now();
    let from = query.from(now)?;
    let config = Arc::clone(&app.loaded().engine_config);
    let (calls, shifts) = app.engine.read(|state| seen(state, &config.roster, from, now));
    let shifts: Vec<Shift> = shifts.into_iter().map(|(_, shift)| shift).collect();
    let promise = objective(&calls, &shifts, now);
    let LoadObjective { pieces, bad } = promise;
    Ok(Json(json!({
        "from": from,
        "until": now,
        "people": loads(&calls, &config.roster.people, from, now),
        "objective": {
            "pieces": pieces,
            "bad": bad,
            "is_kept": promise.is_kept(),
            "burn_ratio": promise.burn_ratio(),
            "remaining_ratio": promise.remaining_ratio(),
        },
    })))
}

/// `GET /load.csv`: a line a shift, for whoever pays.
pub(super) async fn csv(
    State(app): State<App>,
    Query(query): Query<LoadQuery>,
) -> Result<impl IntoResponse, Problem> {
    let now = app.clock.now();
    let from = query.from(now)?;
    let config = Arc::clone(&app.loaded().engine_config);
    let (calls, shifts) = app.engine.read(|state| seen(state, &config.roster, from, now));
    let text = pay_csv(&calls, &shifts, &config.roster.people);
    Ok(([(header::CONTENT_TYPE, "text/csv; charset=utf-8")], text))
}

/// Calls that may wake, and the shifts of all schedules.
fn seen(
    state: &Everything,
    roster: &Roster,
    from: Timestamp,
    until: Timestamp,
) -> (Vec<Call>, Vec<(String, Shift)>) {
    let waking = state.escalations.values().filter(|it| it.urgency == Urgency::Page);
    let all = waking.flat_map(|it| {
        let incident = it.incident.and_then(|id| state.incidents.get(&id));
        let matter = match (incident, it.alerts.first()) {
            (Some(incident), _) => format!("INC-{}", incident.number),
            (None, Some((alert, _))) => alert.to_string(),
            (None, None) => String::new(),
        };
        calls(&it.state, &matter, None)
    });
    let all = all.collect();
    let duty = Duty { roster, rota: &state.rota };
    let shifts = roster.schedules.keys().flat_map(|schedule| {
        let shifts = duty.shifts(schedule, from, until);
        shifts.into_iter().map(|it| (schedule.clone(), it))
    });
    (all, shifts.collect())
}
