//! Kind `Silence`: what nobody wants to be told of for a while, written in a file.

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use nines_alert::silence::{Ending, Filed, Recurrence, Terms};

use crate::draft::{Noun, Page};
use crate::fields::Fields;
use crate::mistake::Mistake;
use crate::shape::{DURATION, Field, INSTANT, Shape, Type, ZONE};

use super::super::Envelope;
use super::MATCH;

/// A silence that nobody ends is forgotten; this is the longest.
const LONGEST: SignedDuration = SignedDuration::from_hours(366 * 24);

pub(crate) static SPEC: Shape = Shape::new(
    "Silence spec",
    &[
        Field::new("match", MATCH, "Which alerts are hidden.").needed("match: {team: shop}"),
        Field::new("from", Type::Like(&INSTANT), "When it begins.")
            .needed("from: 2026-07-01T02:00"),
        Field::new("to", Type::Like(&INSTANT), "When it ends, at the latest.")
            .needed("to: 2026-07-01T06:00"),
        Field::new("zone", Type::Like(&ZONE), "Where clock times are meant.").default("UTC"),
        Field::new("reason", Type::Text, "Why.").needed("reason: moving the database"),
        Field::new("author", Type::Text, "Who wants it."),
        Field::new("team", Type::Text, "Whose it is.").default("the team that `match` demands"),
        Field::new(
            "until_resolved",
            Type::Boolean,
            "Whether it ends as soon as nothing that it hides has fired for five minutes.",
        )
        .default("false"),
        Field::new("recurring", Type::Map(&RECURRING), "When it holds between `from` and `to`.")
            .default("all the time"),
        Field::new(
            "confirm_by",
            Type::Like(&INSTANT),
            "It ends then unless somebody says that it is still wanted.",
        ),
    ],
);
static RECURRING: Shape = Shape::new(
    "recurring",
    &[
        Field::new("rule", Type::Text, "A recurrence rule of RFC 5545; daily or less often.")
            .needed("rule: FREQ=WEEKLY;BYDAY=SU"),
        Field::new("length", Type::Like(&DURATION), "How long each occurrence lasts.")
            .needed("length: 2h"),
    ],
);

pub(crate) fn read(page: &mut Page<'_, '_>, document: &Envelope<'_>) {
    let name = document.name(page, Noun::Silence);
    let Some(spec) = page.shape(document.spec, &SPEC) else { return };
    let matchers = page.needed(&spec, "match").and_then(|it| page.matchers(it));
    if let Some(matchers) = &matchers
        && matchers.iter().all(nines_base::Matcher::matches_absent)
    {
        let problem = "it would hide every alert".to_owned();
        page.report(&Mistake::BadSilence { problem, at: spec.key("match") });
    }
    let zone = spec.get("zone").map_or(Some(TimeZone::UTC), |it| page.zone(it));
    let zone_name = page.maybe(&spec, "zone").map_or("UTC", |it| it.text).to_owned();
    let zone = zone.unwrap_or(TimeZone::UTC);
    let starts_at = needed_instant(page, &spec, "from", &zone);
    let ends_at = needed_instant(page, &spec, "to", &zone);
    let confirm_by = page.maybe(&spec, "confirm_by").and_then(|it| page.instant(it, &zone));
    let reason = page.needed(&spec, "reason").and_then(|it| page.scalar(it, "`reason`"));
    let until_resolved = page.boolean(&spec, "until_resolved").unwrap_or(false);
    let text =
        |page: &mut Page<'_, '_>, field| page.maybe(&spec, field).map(|it| it.text.to_owned());
    let (author, team) = (text(page, "author"), text(page, "team"));
    let (Some(starts_at), Some(ends_at)) = (starts_at, ends_at) else { return };
    if ends_at <= starts_at {
        let problem = "it ends before it begins".to_owned();
        page.report(&Mistake::BadSilence { problem, at: spec.key("to") });
    } else if LONGEST < ends_at.duration_since(starts_at) {
        let problem = "it would last for more than a year".to_owned();
        page.report(&Mistake::BadSilence { problem, at: spec.key("to") });
    }
    let recurrence = recurrence(page, &spec, zone_name, (starts_at, ends_at));
    let (Some(name), Some(matchers), Some(reason)) = (name, matchers, reason) else { return };
    page.draft.spec.dispatch.silences.push(Filed {
        name: name.text.to_owned(),
        terms: Terms {
            author: author.unwrap_or_default(),
            reason: reason.text.to_owned(),
            team,
            ending: if until_resolved { Ending::Resolved } else { Ending::AtEnd },
            recurrence,
            confirm_by,
            ..Terms::new(vec![matchers], starts_at, ends_at)
        },
        origin: document.origin.clone(),
    });
}

fn needed_instant(
    page: &mut Page<'_, '_>,
    spec: &Fields<'_>,
    field: &'static str,
    zone: &TimeZone,
) -> Option<Timestamp> {
    let node = page.needed(spec, field)?;
    let text = page.scalar(node, &format!("`{field}`"))?;
    page.instant(text, zone)
}

fn recurrence(
    page: &mut Page<'_, '_>,
    spec: &Fields<'_>,
    zone: String,
    (from, to): (Timestamp, Timestamp),
) -> Option<Recurrence> {
    let node = spec.get("recurring")?;
    let fields = page.shape(node, &RECURRING)?;
    let rule = page.needed(&fields, "rule").and_then(|it| page.scalar(it, "`rule`"));
    let length = page.needed(&fields, "length").and_then(|it| page.duration(it, "`length`"));
    let (rule, length) = (rule?, length?);
    let recurrence = Recurrence { rule: rule.text.to_owned(), zone, length };
    if let Err(error) = recurrence.occurrence(from, to, from) {
        page.report(&Mistake::BadSilence { problem: error.to_string(), at: rule.span });
        return None;
    }
    Some(recurrence)
}
