//! Kind `Exclusion`: stretches of time whose counts do not count, or count otherwise.

use jiff::Timestamp;
use jiff::civil::{Time, Weekday};
use jiff::tz::TimeZone;
use nines_slo::{Overlay, OverlayAlerts, OverlayEffect, SloPattern, When};

use crate::draft::{Noun, Page};
use crate::fields::Fields;
use crate::mistake::Mistake;
use crate::node::Node;
use crate::shape::{Field, INSTANT, Pattern, Shape, Type, ZONE, words};

use super::Envelope;

/// The longest reason.
const REASON_CHARS_MAX: usize = 500;
/// The most events of a correction.
const EVENTS_MAX: u64 = 1_000_000_000_000_000;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Effect {
    Exclude,
    Correct,
}

const EFFECTS: [(&str, Effect); 2] = [("exclude", Effect::Exclude), ("correct", Effect::Correct)];
static EFFECT_WORDS: [&str; 2] = words(&EFFECTS);
const ALERTS: [(&str, OverlayAlerts); 2] =
    [("mute", OverlayAlerts::Mute), ("keep", OverlayAlerts::Keep)];
static ALERT_WORDS: [&str; 2] = words(&ALERTS);
const DAYS: [(&str, Weekday); 7] = [
    ("mon", Weekday::Monday),
    ("tue", Weekday::Tuesday),
    ("wed", Weekday::Wednesday),
    ("thu", Weekday::Thursday),
    ("fri", Weekday::Friday),
    ("sat", Weekday::Saturday),
    ("sun", Weekday::Sunday),
];
static EVERY: Pattern = Pattern {
    noun: "days and clock times",
    regex: "^ *[a-z][a-z, -]* +[0-9]{2}:[0-9]{2} *- *[0-9]{2}:[0-9]{2} *$",
    example: "sun 02:00-03:00",
};
static PATTERN: Pattern = Pattern {
    noun: "a name or a pattern of names",
    regex: "^[A-Za-z0-9_.*/-]+$",
    example: "checkout/*",
};

pub(crate) static SPEC: Shape = Shape::new(
    "Exclusion spec",
    &[
        Field::new("slo", Type::Like(&PATTERN), "Whose counts; `*` stands for any part of a name.")
            .needed("slo: 'checkout/*'"),
        Field::new(
            "from",
            Type::Like(&INSTANT),
            "The beginning; of a recurring one, not before it.",
        ),
        Field::new("to", Type::Like(&INSTANT), "The end."),
        Field::new("every", Type::Like(&EVERY), "Days and clock times, again every week."),
        Field::new("zone", Type::Like(&ZONE), "Where it is so late.").default("UTC"),
        Field::new(
            "kind",
            Type::Word(&EFFECT_WORDS),
            "The time counts as unknown, or other counts hold instead.",
        )
        .default("exclude"),
        Field::new("good", Type::Whole { min: 0, max: EVENTS_MAX }, "Good events of a correction."),
        Field::new("total", Type::Whole { min: 0, max: EVENTS_MAX }, "All events of a correction."),
        Field::new(
            "alerts",
            Type::Word(&ALERT_WORDS),
            "What burn alerts do during one that was there before its time began.",
        )
        .default("mute"),
        Field::new("author", Type::Text, "Who is answerable for it.").needed("author: ana"),
        Field::new("reason", Type::Text, "Why.").needed("reason: announced maintenance"),
        Field::new("evidence", Type::Text, "A link to what shows it."),
        Field::new(
            "expires",
            Type::Like(&INSTANT),
            "No effect from here on; recurring ones must have one.",
        ),
    ],
);

pub(super) fn read(page: &mut Page<'_, '_>, document: &Envelope<'_>) {
    let name = document.name(page, Noun::Exclusion);
    let Some(spec) = page.shape(document.spec, &SPEC) else { return };
    let slos = page.needed(&spec, "slo").and_then(|it| pattern(page, it));
    let zone = match spec.get("zone") {
        Some(it) => page.zone(it),
        None => Some(TimeZone::UTC),
    };
    let when = zone.and_then(|it| when(page, &spec, it));
    let effect = effect(page, &spec);
    let alerts = spec.get("alerts").and_then(|it| page.word(it, "`alerts`", &ALERTS));
    let author = page.needed(&spec, "author").and_then(|it| page.scalar(it, "`author`"));
    let reason = page.needed(&spec, "reason").and_then(|it| page.scalar(it, "`reason`"));
    for text in [author, reason].into_iter().flatten() {
        let chars = text.text.trim().chars().count();
        if chars == 0 || REASON_CHARS_MAX < chars {
            let range = format!("from 1 to {REASON_CHARS_MAX} characters");
            let what = "a text that others will read".to_owned();
            page.report(&Mistake::OutOfRange { what, range, at: text.span });
        }
    }
    let evidence = page.maybe(&spec, "evidence").map(|it| it.text.to_owned());
    let expires = instant(page, &spec, "expires", &TimeZone::UTC);
    let (Some(name), Some(slos), Some(when), Some(effect)) = (name, slos, when, effect) else {
        return;
    };
    let (Some(author), Some(reason)) = (author, reason) else { return };
    if let (When::Once { from, .. }, Some(expires)) = (&when, expires)
        && expires <= *from
    {
        let problem = "it expires before it begins".to_owned();
        let help = "leave `expires` out; it is for recurring ones".to_owned();
        page.report(&Mistake::BadExclusion { problem, help, at: spec.key("expires") });
    }
    page.draft.spec.overlays.push(Overlay {
        name: name.text.to_owned(),
        slos,
        when,
        effect,
        alerts: alerts.unwrap_or(OverlayAlerts::Mute),
        author: author.text.to_owned(),
        reason: reason.text.to_owned(),
        evidence,
        expires,
        origin: document.origin.clone(),
    });
}

/// What it matches is known when everything is read.
fn pattern(page: &mut Page<'_, '_>, node: &Node) -> Option<SloPattern> {
    let text = page.scalar(node, "`slo`")?;
    let allowed =
        |it: char| it.is_ascii_alphanumeric() || matches!(it, '-' | '_' | '.' | '/' | '*');
    if text.text.is_empty() || !text.text.chars().all(allowed) {
        let rule = "`service/slo`, where `*` stands for any part";
        page.report(&Mistake::BadName { name: text.text.to_owned(), rule, at: text.span });
        return None;
    }
    let (pattern, place) = (SloPattern { text: text.text.to_owned() }, page.place(text.span));
    page.draft.slo_patterns.push((pattern.clone(), place));
    Some(pattern)
}

fn when(page: &mut Page<'_, '_>, spec: &Fields<'_>, zone: TimeZone) -> Option<When> {
    let from = instant(page, spec, "from", &zone);
    let Some(every) = spec.get("every") else {
        let field = if spec.get("from").is_none() { "from" } else { "to" };
        page.need(spec, field, "from: 2026-07-01T02:00:00Z")?;
        page.need(spec, "to", "to: 2026-07-01T03:00:00Z")?;
        let to = instant(page, spec, "to", &zone);
        let (from, to) = (from?, to?);
        if to <= from {
            let problem = "it ends before it begins".to_owned();
            let help = "give a `to` that is later than `from`".to_owned();
            page.report(&Mistake::BadExclusion { problem, help, at: spec.key("to") });
            return None;
        }
        return Some(When::Once { from, to });
    };
    page.apart(spec, "every", "to");
    page.need(spec, "expires", "expires: 2027-01-01");
    let weekly = weekly(page, every);
    let since = spec.get("from").is_some().then_some(from);
    let (days, begins, ends) = weekly?;
    let since = match since {
        Some(from) => Some(from?),
        None => None,
    };
    Some(When::Weekly { days, from: begins, to: ends, zone, since })
}

/// `sun 02:00-03:00`, `mon-fri 22:00-02:00`, `sat,sun 00:00-06:00`, `daily 03:00-03:10`.
fn weekly(page: &mut Page<'_, '_>, node: &Node) -> Option<(Vec<Weekday>, Time, Time)> {
    let text = page.scalar(node, "`every`")?;
    let parsed = text.text.trim().rsplit_once(char::is_whitespace).and_then(|(days, times)| {
        let (from, to) = times.split_once('-')?;
        Some((days_of(days)?, clock(from)?, clock(to)?))
    });
    let Some((days, from, to)) = parsed else {
        let (text, at) = (text.text.to_owned(), text.span);
        let (expected, example) = ("days and clock times", "sun 02:00-03:00");
        page.report(&Mistake::BadInstant { text, expected, example, at });
        return None;
    };
    Some((days, from, to))
}

pub(super) fn days_of(text: &str) -> Option<Vec<Weekday>> {
    let index = |word: &str| DAYS.iter().position(|(it, _)| *it == word.trim());
    if text.trim() == "daily" {
        return Some(DAYS.map(|(_, day)| day).to_vec());
    }
    let mut days = Vec::new();
    for part in text.split(',') {
        let (first, last) = match part.split_once('-') {
            Some((first, last)) => (index(first)?, index(last)?),
            None => (index(part)?, index(part)?),
        };
        // `sat-mon` goes over the end of the week.
        let count = (last + DAYS.len() - first) % DAYS.len();
        days.extend((0..=count).map(|it| DAYS[(first + it) % DAYS.len()].1));
    }
    days.sort_by_key(|it| it.to_monday_zero_offset());
    days.dedup();
    Some(days)
}

/// `02:00`.
pub(super) fn clock(text: &str) -> Option<Time> {
    let (hour, minute) = text.trim().split_once(':')?;
    let is_short = |it: &str| it.len() == 2 && it.bytes().all(|it| it.is_ascii_digit());
    let (hour, minute) = Some((hour, minute)).filter(|it| is_short(it.0) && is_short(it.1))?;
    Time::new(hour.parse().ok()?, minute.parse().ok()?, 0, 0).ok()
}

fn effect(page: &mut Page<'_, '_>, spec: &Fields<'_>) -> Option<OverlayEffect> {
    let kind = spec.get("kind").and_then(|it| page.word(it, "`kind`", &EFFECTS));
    if kind != Some(Effect::Correct) {
        for field in ["good", "total"] {
            if spec.get(field).is_some() {
                let (what, at) = (format!("`{field}`"), spec.key(field));
                let help = "only `kind: correct` has counts of its own";
                page.report(&Mistake::Ignored { what, help, at });
            }
        }
        return Some(OverlayEffect::Exclude);
    }
    if spec.get("every").is_some() {
        let problem = "the same counts cannot be right every week".to_owned();
        let help = "write `from` and `to`, or `kind: exclude`".to_owned();
        page.report(&Mistake::BadExclusion { problem, help, at: spec.key("kind") });
        return None;
    }
    let good = page.need(spec, "good", "good: 11990").is_some();
    let total = page.need(spec, "total", "total: 12000").is_some();
    if !good || !total {
        return None;
    }
    let good = page.count(spec, "good", EVENTS_MAX)?;
    let total = page.count(spec, "total", EVENTS_MAX)?;
    if total < good {
        let problem = format!("{good} of {total} events cannot be good");
        let help = "`total` counts the good ones too".to_owned();
        page.report(&Mistake::BadExclusion { problem, help, at: spec.key("good") });
        return None;
    }
    Some(OverlayEffect::Correct { good, total })
}

fn instant(
    page: &mut Page<'_, '_>,
    spec: &Fields<'_>,
    field: &str,
    zone: &TimeZone,
) -> Option<Timestamp> {
    let text = page.maybe(spec, field)?;
    page.instant(text, zone)
}
