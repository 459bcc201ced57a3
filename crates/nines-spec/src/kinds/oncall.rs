//! Kinds `Person`, `Team`, `Schedule` and `Escalation`.

mod contact;
mod escalation;
mod person;
mod rules;
mod schedule;
mod team;

use jiff::SignedDuration;

use crate::draft::Page;
use crate::fields::Fields;
use crate::mistake::Mistake;

use super::Envelope;

pub(super) use escalation::{ESCALATION, escalation};
pub(super) use person::{PERSON, person};
pub(super) use schedule::{SCHEDULE, schedule};
pub(super) use team::{TEAM, team};

/// Nobody waits longer for a page, or for an answer to one.
const WAIT_MAX: SignedDuration = SignedDuration::from_hours(24);

/// A duration from zero to a day.
fn short_duration(
    page: &mut Page<'_, '_>,
    fields: &Fields<'_>,
    field: &str,
) -> Option<SignedDuration> {
    let duration = page.maybe_duration(fields, field)?;
    if duration <= WAIT_MAX {
        return Some(duration);
    }
    let (what, range) = (format!("`{field}`"), "at most 24h".to_owned());
    let at = fields.get(field).map_or(fields.at, |it| it.span);
    page.report(&Mistake::OutOfRange { what, range, at });
    None
}
