//! Kind `Heartbeat`: a job that says that it ran.

use jiff::SignedDuration;
use jiff::tz::TimeZone;
use nines_alert::heartbeat::{Calendar, CalendarError, Heartbeat, Schedule};

use crate::draft::{Noun, Page};
use crate::fields::{Fields, Text};
use crate::mistake::Mistake;
use crate::shape::{DURATION, Field, Shape, Type, ZONE};

use super::Envelope;

/// Without a `grace` a ping may be an hour late.
const GRACE_DEFAULT: SignedDuration = SignedDuration::from_hours(1);
/// Shorter stretches are the business of metrics.
const PERIOD_MIN: SignedDuration = SignedDuration::from_secs(10);
/// Nobody remembers what a job was for that runs less often.
const PERIOD_MAX: SignedDuration = SignedDuration::from_hours(400 * 24);

pub(crate) static SPEC: Shape = Shape::new(
    "Heartbeat spec",
    &[
        Field::new("every", Type::Like(&DURATION), "A ping is expected so long after the last."),
        Field::new("cron", Type::Text, "Pings are expected at these times, as in crontab."),
        Field::new("on_calendar", Type::Text, "The same, as in timers of systemd."),
        Field::new("zone", Type::Like(&ZONE), "Where clock times are meant.").default("UTC"),
        Field::new(
            "grace",
            Type::Like(&DURATION),
            "How late a ping may be, and how long a run takes.",
        )
        .default("1h"),
        Field::new("labels", Type::Names(&Type::Text), "Of its alerts."),
        Field::new("runbook", Type::Text, "The runbook to begin with."),
        Field::new("escalation", Type::Text, "Who is told; else the routes decide."),
    ],
)
.one_of(&["every", "cron", "on_calendar"]);

pub(super) fn read(page: &mut Page<'_, '_>, document: &Envelope<'_>) {
    let name = document.name(page, Noun::Heartbeat);
    let Some(spec) = page.shape(document.spec, &SPEC) else { return };
    let schedule = schedule(page, &spec);
    let grace = period(page, &spec, "grace").unwrap_or(GRACE_DEFAULT);
    let labels = page.labels(&spec, "labels");
    let runbook = page.maybe(&spec, "runbook");
    if let Some(runbook) = runbook {
        page.refer(Noun::Runbook, runbook.text, runbook.span, "its alerts would have no runbook");
    }
    let escalation = page.maybe(&spec, "escalation");
    if let Some(it) = escalation {
        page.refer(Noun::Escalation, it.text, it.span, "nobody would hear that it is missing");
    }
    let (Some(name), Some(schedule)) = (name, schedule) else { return };
    page.draft.spec.heartbeats.push(Heartbeat {
        name: name.text.to_owned(),
        schedule,
        grace,
        labels,
        runbook: runbook.map(|it| it.text.to_owned()),
        escalation: escalation.map(|it| it.text.to_owned()),
        origin: document.origin.clone(),
    });
}

fn schedule(page: &mut Page<'_, '_>, spec: &Fields<'_>) -> Option<Schedule> {
    let ways = ["every", "cron", "on_calendar"];
    let given: Vec<&'static str> = ways.into_iter().filter(|it| spec.get(it).is_some()).collect();
    match given.as_slice() {
        [one, other, ..] => {
            let at = spec.key(other);
            page.report(&Mistake::Conflict { owner: "a heartbeat", one, other, at });
            None
        }
        ["every"] => period(page, spec, "every").map(Schedule::Every),
        ["cron"] => calendar(page, spec, "cron", Calendar::cron),
        [_] => calendar(page, spec, "on_calendar", Calendar::on_calendar),
        [] => {
            let (owner, field, example) = ("Heartbeat spec", "every", "every: 1d");
            page.report(&Mistake::MissingField { owner, field, example, at: spec.at });
            None
        }
    }
}

fn calendar(
    page: &mut Page<'_, '_>,
    spec: &Fields<'_>,
    field: &'static str,
    parse: fn(&str) -> Result<Calendar, CalendarError>,
) -> Option<Schedule> {
    let zone = match spec.get("zone") {
        Some(it) => page.zone(it)?,
        None => TimeZone::UTC,
    };
    let Text { text, span } = page.maybe(spec, field)?;
    match parse(text) {
        Ok(calendar) => Some(Schedule::Calendar { calendar, zone }),
        Err(error) => {
            page.report(&Mistake::BadClockTimes { field, problem: error.to_string(), at: span });
            None
        }
    }
}

fn period(page: &mut Page<'_, '_>, spec: &Fields<'_>, field: &str) -> Option<SignedDuration> {
    let period = page.maybe_duration(spec, field)?;
    if (PERIOD_MIN..=PERIOD_MAX).contains(&period) {
        return Some(period);
    }
    let (what, range) = (format!("`{field}`"), "10s to 400d".to_owned());
    let at = spec.get(field).map_or(spec.at, |it| it.span);
    page.report(&Mistake::OutOfRange { what, range, at });
    None
}
