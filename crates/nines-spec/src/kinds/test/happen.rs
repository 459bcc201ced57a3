//! What happens in a test beside samples: alerts of others, silences, overrides, and what people do.

use jiff::Timestamp;

use super::{Clock, list, origin};
use crate::draft::Page;
use crate::fields::Fields;
use crate::mistake::Mistake;
use crate::node::Node;
use crate::test_case::{Happening, HappeningKind};

/// The fields of a test that this module reads.
pub(super) const FIELDS: [&str; 4] = ["alerts", "silences", "overrides", "acts"];

/// All of them, in the order of time.
pub(super) fn read(page: &mut Page<'_, '_>, fields: &Fields<'_>, clock: &Clock) -> Vec<Happening> {
    let mut all = Vec::new();
    for node in list(page, fields, "alerts") {
        alert(page, node, clock, &mut all);
    }
    for (field, read) in [
        ("silences", silence as fn(&mut Page<'_, '_>, &Node, &Clock) -> Option<Happening>),
        ("overrides", change_of_duty),
        ("acts", act),
    ] {
        all.extend(list(page, fields, field).iter().filter_map(|it| read(page, it, clock)));
    }
    all.sort_by_key(|it| it.at);
    all
}

/// `{labels: {alertname: Down}, at: 03:12, until: 03:40}`: it fires, and is over.
fn alert(page: &mut Page<'_, '_>, node: &Node, clock: &Clock, all: &mut Vec<Happening>) {
    let known = ["labels", "annotations", "at", "until"];
    let Some(fields) = page.fields(node, "an alert", &known) else { return };
    let example = "labels: {alertname: Down, severity: page}";
    let has_labels = page.need(&fields, "labels", example).is_some();
    let labels = page.labels(&fields, "labels");
    let annotations = page.labels(&fields, "annotations");
    let Some((at, until)) = span(page, &fields, clock, "at") else { return };
    if !has_labels {
        return;
    }
    let origin = origin(page, node);
    let fires = HappeningKind::Fires { labels: labels.clone(), annotations };
    all.push(Happening { at, what: fires, origin: origin.clone() });
    all.extend(until.map(|at| Happening { at, what: HappeningKind::Ends { labels }, origin }));
}

/// `{matchers: ['team="shop"'], from: 03:00, until: 04:00}`.
fn silence(page: &mut Page<'_, '_>, node: &Node, clock: &Clock) -> Option<Happening> {
    let fields = page.fields(node, "a silence", &["matchers", "from", "until"])?;
    let matchers = page.need(&fields, "matchers", "matchers: ['team=\"shop\"']")?;
    let matchers = page.matchers(matchers);
    page.need(&fields, "until", "until: 04:00");
    let (at, until) = span(page, &fields, clock, "from")?;
    let what = HappeningKind::Silence { matchers: matchers?, until: until? };
    Some(Happening { at, what, origin: origin(page, node) })
}

/// `{schedule: shop, person: ben, instead_of: ana, from: 03:00, until: 04:00}`.
fn change_of_duty(page: &mut Page<'_, '_>, node: &Node, clock: &Clock) -> Option<Happening> {
    let known = ["schedule", "person", "instead_of", "from", "until"];
    let fields = page.fields(node, "an override", &known)?;
    let schedule = page.need(&fields, "schedule", "schedule: shop-primary");
    let schedule = schedule.and_then(|it| page.scalar(it, "`schedule`"));
    let person = page.need(&fields, "person", "person: ben");
    let person = person.and_then(|it| page.scalar(it, "`person`"));
    let instead_of = page.maybe(&fields, "instead_of").map(|it| it.text.to_owned());
    page.need(&fields, "until", "until: 04:00");
    let (at, until) = span(page, &fields, clock, "from")?;
    let (schedule, person) = (schedule?.text.to_owned(), person?.text.to_owned());
    let what = HappeningKind::Override { schedule, person, instead_of, until: until? };
    Some(Happening { at, what, origin: origin(page, node) })
}

/// `{at: 03:15, ack: ana}` or `{at: 03:15, not_able: ana}`.
fn act(page: &mut Page<'_, '_>, node: &Node, clock: &Clock) -> Option<Happening> {
    let fields = page.fields(node, "an act", &["at", "ack", "not_able"])?;
    let (at, _) = span(page, &fields, clock, "at")?;
    if !page.apart(&fields, "ack", "not_able") {
        return None;
    }
    let what = match page.maybe(&fields, "not_able") {
        Some(it) => HappeningKind::NotAble { person: it.text.to_owned() },
        None => {
            let person = page.need(&fields, "ack", "ack: ana")?;
            HappeningKind::Ack { person: page.scalar(person, "`ack`")?.text.to_owned() }
        }
    };
    Some(Happening { at, what, origin: origin(page, node) })
}

/// When it begins, by the field `begins` or with the test, and when it ends, if that is said.
fn span(
    page: &mut Page<'_, '_>,
    fields: &Fields<'_>,
    clock: &Clock,
    begins: &str,
) -> Option<(Timestamp, Option<Timestamp>)> {
    let at = match fields.get(begins) {
        Some(it) => clock.time(page, it)?,
        None => clock.clock.start,
    };
    let until = match fields.get("until") {
        Some(it) => Some(clock.time(page, it)?),
        None => None,
    };
    let range = clock.clock.start..=clock.end();
    if !range.contains(&at) {
        let (from, to) = (clock.clock.start.to_string(), clock.end().to_string());
        page.report(&Mistake::OutsideOfTest { from, to, at: fields.key(begins) });
        return None;
    }
    if until.is_some_and(|it| it <= at) {
        page.report(&Mistake::EndsBeforeItBegins { at: fields.key("until") });
        return None;
    }
    Some((at, until))
}
