//! Kind `Schedule`: who is on call when.

use jiff::civil::{Date, DateTime};
use nines_oncall::Schedule;

use crate::draft::{Noun, Page};
use crate::mistake::Mistake;
use crate::node::Node;
use crate::shape::{DURATION, Field, Pattern, Shape, Type, ZONE};

use super::Envelope;

/// The longest shift.
const WEEKS_MAX: u32 = 52;
/// The most members of one schedule.
const MEMBERS_MAX: usize = 200;

pub(crate) static SCHEDULE: Shape = Shape::new(
    "Schedule spec",
    &[
        Field::new("zone", Type::Like(&ZONE), "Where clock times are meant.")
            .needed("zone: Europe/Warsaw"),
        Field::new("start", Type::Like(&START), "The first hand-off, in clock time.")
            .needed("start: 2026-01-05T09:00"),
        Field::new("every", Type::Like(&DURATION), "The length of a shift, in whole weeks.")
            .default("1w"),
        Field::new(
            "members",
            Type::List { of: &Type::Text, min: 1, max: MEMBERS_MAX },
            "The people, in the order of their turns.",
        )
        .needed("members: [ana, ben]"),
    ],
);
static START: Pattern = Pattern {
    noun: "a date or a clock time",
    regex: "^[0-9]{4}-[0-9]{2}-[0-9]{2}",
    example: "2026-01-05T09:00",
};

pub(in crate::kinds) fn schedule(page: &mut Page<'_, '_>, document: &Envelope<'_>) {
    let name = document.name(page, Noun::Schedule);
    let Some(spec) = page.shape(document.spec, &SCHEDULE) else { return };
    let zone = page.needed(&spec, "zone").and_then(|it| page.zone(it));
    let start = page.needed(&spec, "start");
    let start = start.and_then(|it| start_of(page, it));
    let weeks = match spec.get("every") {
        Some(it) => weeks(page, it),
        None => Some(1),
    };
    let needed = page.needed(&spec, "members").map(|it| it.span);
    let found = page.texts(&spec, "members");
    if let Some(at) = needed {
        page.check_length(found.len(), 1, MEMBERS_MAX, "`members`", at);
    }
    for it in &found {
        page.refer(Noun::Person, it.text, it.span, "nobody would be on call in this turn");
    }
    let members: Vec<String> =
        found.iter().take(MEMBERS_MAX).map(|it| it.text.to_owned()).collect();
    if let (Some(name), Some(zone), Some(start), Some(weeks)) = (name, zone, start, weeks)
        && !members.is_empty()
    {
        let (name, origin) = (name.text.to_owned(), document.origin.clone());
        page.draft.spec.schedules.push(Schedule { name, zone, start, weeks, members, origin });
    }
}

fn start_of(page: &mut Page<'_, '_>, node: &Node) -> Option<DateTime> {
    let text = page.scalar(node, "`start`")?;
    // An offset would be a second opinion about the zone, so only civil times are read.
    let has_offset = text.text.contains(['Z', 'z', '+', '[']);
    let parsed = text.text.parse::<DateTime>().ok();
    let parsed = parsed.or_else(|| Some(text.text.parse::<Date>().ok()?.at(0, 0, 0, 0)));
    let start = parsed.filter(|_| !has_offset);
    if start.is_none() {
        page.report(&Mistake::BadStart { text: text.text.to_owned(), at: text.span });
    }
    start
}

fn weeks(page: &mut Page<'_, '_>, node: &Node) -> Option<u32> {
    const WEEK_SECONDS: i64 = 7 * 86_400;
    let every = page.duration(node, "`every`")?;
    let weeks = u32::try_from(every.as_secs() / WEEK_SECONDS).ok();
    let is_whole = every.as_secs() % WEEK_SECONDS == 0 && every.subsec_nanos() == 0;
    let weeks = weeks.filter(|it| is_whole && (1..=WEEKS_MAX).contains(it));
    if weeks.is_none() {
        page.report(&Mistake::BadRotation { weeks_max: WEEKS_MAX, at: node.span });
    }
    weeks
}
