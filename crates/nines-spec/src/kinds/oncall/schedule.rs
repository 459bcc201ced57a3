//! Kind `Schedule`: who is on call when.

use jiff::civil::{Date, DateTime};
use nines_oncall::{ClockRange, Crew, Edits, Layer, Member, Rotation, Schedule, Unit, Weekdays};

use crate::draft::{Noun, Page};
use crate::fields::{Fields, Text};
use crate::kinds::exclusion::{clock, days_of};
use crate::mistake::Mistake;
use crate::node::{Node, Value};
use crate::shape::{Field, NAME, Pattern, Shape, Type, ZONE, words};

use super::Envelope;

/// The longest turn, in weeks; longer ones are not on call but employed.
const WEEKS_MAX: u32 = 52;
/// The most members of one rotation.
const MEMBERS_MAX: usize = 200;
/// The most people of one turn.
const TURN_PEOPLE_MAX: usize = 20;
/// The most layers of one schedule.
const LAYERS_MAX: usize = 20;
/// The most clock ranges of one layer.
pub(super) const HOURS_MAX: usize = 20;

const EDITS: [(&str, Edits); 2] = [("hand-off", Edits::AtHandOff), ("now", Edits::Now)];
static EDIT_WORDS: [&str; 2] = words(&EDITS);

const TURN_START: Field =
    Field::new("start", Type::Like(&START), "The first hand-off, in clock time.");
const TURN_EVERY: Field =
    Field::new("every", Type::Like(&EVERY), "The length of a turn: hours, days, weeks or months.")
        .default("1w");
const TURN_MEMBERS: Field = Field::new(
    "members",
    Type::List { of: &MEMBER, min: 1, max: MEMBERS_MAX },
    "The people, in the order of their turns.",
);
const TURN_SKIP: Field = Field::new(
    "skip",
    Type::Like(&DAYS),
    "No hand-off on these days: the turn in progress goes on. For turns of hours or days.",
);

pub(crate) static SCHEDULE: Shape = Shape::new(
    "Schedule spec",
    &[
        Field::new("zone", Type::Like(&ZONE), "Where clock times are meant.")
            .needed("zone: Europe/Warsaw"),
        TURN_START,
        TURN_EVERY,
        TURN_MEMBERS,
        TURN_SKIP,
        Field::new(
            "layers",
            Type::List { of: &Type::Map(&LAYER), min: 1, max: LAYERS_MAX },
            "Instead of `start`, `every`, `members` and `skip`: several layers, the later ones over the earlier ones.",
        ),
        Field::new(
            "edits",
            Type::Word(&EDIT_WORDS),
            "When an edit of this document changes who is on call: with the next hand-off, or at once.",
        )
        .default("hand-off"),
    ],
)
.one_of(&["members", "layers"]);
static LAYER: Shape = Shape::new(
    "a layer",
    &[
        Field::new("name", Type::Like(&NAME), "Unique in the schedule.").needed("name: weekly"),
        TURN_START,
        TURN_EVERY,
        TURN_MEMBERS,
        TURN_SKIP,
        Field::new(
            "people",
            Type::List { of: &Type::Text, min: 1, max: TURN_PEOPLE_MAX },
            "Instead of turns: these people always.",
        ),
        Field::new(
            "hours",
            Type::AnyOf(&[
                Type::Like(&HOURS),
                Type::List { of: &Type::Like(&HOURS), min: 1, max: HOURS_MAX },
            ]),
            "The layer counts only then, in clock time; an end that is not after its beginning is on the next day.",
        )
        .default("always"),
        Field::new("from", Type::Like(&START), "The layer counts from then on, in clock time."),
        Field::new("until", Type::Like(&START), "The layer counts until then, in clock time."),
    ],
)
.one_of(&["members", "people"]);
static MEMBER: Type = Type::AnyOf(&[
    Type::Text,
    Type::List { of: &Type::Text, min: 1, max: TURN_PEOPLE_MAX },
    Type::Map(&MEMBER_FIELDS),
]);
static MEMBER_FIELDS: Shape = Shape::new(
    "a member",
    &[
        Field::new("person", Type::Text, "Who."),
        Field::new(
            "people",
            Type::List { of: &Type::Text, min: 1, max: TURN_PEOPLE_MAX },
            "Who is on call together.",
        ),
        Field::new("buffer", Type::Boolean, "`true`: nobody is meant to be on call in this turn."),
        Field::new("from", Type::Like(&START), "Takes the turns that begin from then on."),
        Field::new("until", Type::Like(&START), "Takes no turn that begins then or later."),
    ],
)
.one_of(&["person", "people", "buffer"]);
static START: Pattern = Pattern {
    noun: "a date or a clock time",
    regex: "^[0-9]{4}-[0-9]{2}-[0-9]{2}",
    example: "2026-01-05T09:00",
};
static EVERY: Pattern = Pattern {
    noun: "whole hours, days, weeks or months",
    regex: "^[1-9][0-9]*(h|d|w|mo)$",
    example: "1w",
};
static DAYS: Pattern =
    Pattern { noun: "days of the week", regex: "^[a-z][a-z, -]*$", example: "sat,sun" };
pub(super) static HOURS: Pattern = Pattern {
    noun: "days and clock times",
    regex: "^ *[a-z][a-z, -]* +[0-9]{2}:[0-9]{2} *- *[0-9]{2}:[0-9]{2} *$",
    example: "mon-fri 09:00-17:00",
};

pub(in crate::kinds) fn schedule(page: &mut Page<'_, '_>, document: &Envelope<'_>) {
    let name = document.name(page, Noun::Schedule);
    let Some(spec) = page.shape(document.spec, &SCHEDULE) else { return };
    let zone = page.needed(&spec, "zone").and_then(|it| page.zone(it));
    let edits = spec.get("edits").and_then(|it| page.word(it, "`edits`", &EDITS));
    let layers = match spec.get("layers") {
        Some(node) => layers(page, &spec, node),
        None => {
            // Both are asked for, so that one reading tells all that is missing.
            let has_start = page.need(&spec, "start", "start: 2026-01-05T09:00").is_some();
            let has_members = page.need(&spec, "members", "members: [ana, ben]").is_some();
            let crew = rotation(page, &spec).filter(|_| has_start && has_members);
            crew.map(|crew| vec![plain(crew)])
        }
    };
    if let (Some(name), Some(zone), Some(layers)) = (name, zone, layers) {
        let (name, origin) = (name.text.to_owned(), document.origin.clone());
        let edits = edits.unwrap_or_default();
        page.draft.spec.schedules.push(Schedule { name, zone, layers, edits, origin });
    }
}

/// The only layer of a schedule that names none.
fn plain(rotation: Rotation) -> Layer {
    let (name, hours, from, until) = (String::new(), Vec::new(), None, None);
    Layer { name, crew: Crew::Rotation(rotation), hours, from, until }
}

fn layers(page: &mut Page<'_, '_>, spec: &Fields<'_>, node: &Node) -> Option<Vec<Layer>> {
    for field in ["start", "every", "members", "skip"] {
        if !page.apart(spec, field, "layers") {
            return None;
        }
    }
    let items = page.list(node, "`layers`")?;
    page.check_length(items.len(), 1, LAYERS_MAX, "`layers`", node.span);
    let mut layers: Vec<Layer> = Vec::new();
    let mut is_whole = !items.is_empty();
    for item in items.iter().take(LAYERS_MAX) {
        let Some(layer) = layer(page, item, &layers) else {
            is_whole = false;
            continue;
        };
        layers.push(layer);
    }
    // A schedule that lacks a layer would put somebody else on call.
    is_whole.then_some(layers)
}

fn layer(page: &mut Page<'_, '_>, node: &Node, before: &[Layer]) -> Option<Layer> {
    let fields = page.shape(node, &LAYER)?;
    let named = page.needed(&fields, "name").and_then(|it| page.name(it, "`name`"));
    let is_taken = |it: &Text<'_>| before.iter().any(|other| other.name == it.text);
    if let Some(it) = named.filter(is_taken) {
        let (name, at) = (it.text.to_owned(), it.span);
        page.report(&Mistake::DuplicateLayer { name, at });
        return None;
    }
    let hours = match fields.get("hours") {
        Some(it) => hours(page, it),
        None => Some(Vec::new()),
    };
    let from = civil(page, &fields, "from");
    let until = civil(page, &fields, "until");
    let crew = match page.chosen(&fields)? {
        ("members", _) => {
            page.need(&fields, "start", "start: 2026-01-05T09:00")?;
            Crew::Rotation(rotation(page, &fields)?)
        }
        (_, node) => {
            for field in ["start", "every", "skip"] {
                if !page.apart(&fields, "people", field) {
                    return None;
                }
            }
            Crew::Always(people(page, node, "`people`")?)
        }
    };
    let (name, hours) = (named?.text.to_owned(), hours?);
    let layer = Layer { name, crew, hours, from: from?, until: until? };
    if let (Some(from), Some(until)) = (layer.from, layer.until)
        && until <= from
    {
        page.report(&Mistake::EndsBeforeItBegins { at: fields.key("until") });
        return None;
    }
    Some(layer)
}

fn rotation(page: &mut Page<'_, '_>, fields: &Fields<'_>) -> Option<Rotation> {
    let start = fields.get("start").and_then(|it| start_of(page, it, "`start`"));
    let every = match fields.get("every") {
        Some(it) => every(page, it),
        None => Some((Unit::Week, 1)),
    };
    let members = members(page, fields);
    let skip = match page.maybe(fields, "skip") {
        Some(text) => skip(page, text, every),
        None => Some(Weekdays::NONE),
    };
    let ((unit, length), members) = (every?, members?);
    Some(Rotation { start: start?, unit, length, members, skip: skip? })
}

fn members(page: &mut Page<'_, '_>, fields: &Fields<'_>) -> Option<Vec<Member>> {
    let node = fields.get("members")?;
    let items = page.list(node, "`members`")?;
    page.check_length(items.len(), 1, MEMBERS_MAX, "`members`", node.span);
    let members: Vec<_> = items.iter().take(MEMBERS_MAX).map(|it| member(page, it)).collect();
    let members: Option<Vec<Member>> = members.into_iter().collect();
    members.filter(|it| !it.is_empty())
}

fn member(page: &mut Page<'_, '_>, node: &Node) -> Option<Member> {
    if !matches!(node.value, Value::Map(_)) {
        let people = people(page, node, "a member")?;
        return Some(Member { people, from: None, until: None });
    }
    let fields = page.shape(node, &MEMBER_FIELDS)?;
    let people = match page.chosen(&fields)? {
        ("buffer", node) => {
            if page.boolean(&fields, "buffer")? {
                Vec::new()
            } else {
                page.report(&Mistake::EmptyBuffer { at: node.span });
                return None;
            }
        }
        (_, node) => people(page, node, "`people`")?,
    };
    let (from, until) = (civil(page, &fields, "from")?, civil(page, &fields, "until")?);
    if let (Some(from), Some(until)) = (from, until)
        && until <= from
    {
        page.report(&Mistake::EndsBeforeItBegins { at: fields.key("until") });
        return None;
    }
    Some(Member { people, from, until })
}

/// One name, or several, each once.
fn people(page: &mut Page<'_, '_>, node: &Node, what: &str) -> Option<Vec<String>> {
    let items = page.one_or_more(node, what);
    page.check_length(items.len(), 1, TURN_PEOPLE_MAX, what, node.span);
    let mut people: Vec<String> = Vec::new();
    for item in items.iter().take(TURN_PEOPLE_MAX) {
        let it = page.scalar(item, what)?;
        page.refer(Noun::Person, it.text, it.span, "nobody would be on call in this turn");
        if people.iter().any(|other| other == it.text) {
            page.report(&Mistake::TwiceInTurn { person: it.text.to_owned(), at: it.span });
            continue;
        }
        people.push(it.text.to_owned());
    }
    (!people.is_empty()).then_some(people)
}

/// An optional clock time; `None` when it is wrong.
#[expect(clippy::option_option, reason = "absent is fine, wrong is not")]
fn civil(page: &mut Page<'_, '_>, fields: &Fields<'_>, field: &str) -> Option<Option<DateTime>> {
    match fields.get(field) {
        Some(node) => start_of(page, node, &format!("`{field}`")).map(Some),
        None => Some(None),
    }
}

fn start_of(page: &mut Page<'_, '_>, node: &Node, what: &str) -> Option<DateTime> {
    let text = page.scalar(node, what)?;
    // An offset would be a second opinion about the zone, so only civil times are read.
    let has_offset = text.text.contains(['Z', 'z', '+', '[']);
    let parsed = text.text.parse::<DateTime>().ok();
    let parsed = parsed.or_else(|| Some(text.text.parse::<Date>().ok()?.at(0, 0, 0, 0)));
    let start = parsed.filter(|it| !has_offset && it.second() == 0 && it.subsec_nanosecond() == 0);
    if start.is_none() {
        page.report(&Mistake::BadStart { text: text.text.to_owned(), at: text.span });
    }
    start
}

/// `12h`, `1d`, `2w`, `1mo`.
fn every(page: &mut Page<'_, '_>, node: &Node) -> Option<(Unit, u32)> {
    let text = page.scalar(node, "`every`")?;
    let units = [
        ("mo", Unit::Month, 12),
        ("h", Unit::Hour, WEEKS_MAX * 7 * 24),
        ("d", Unit::Day, WEEKS_MAX * 7),
        ("w", Unit::Week, WEEKS_MAX),
    ];
    let parsed = units.into_iter().find_map(|(suffix, unit, max)| {
        let digits = text.text.strip_suffix(suffix)?;
        let is_number = digits.bytes().all(|it| it.is_ascii_digit());
        let count: u32 = digits.parse().ok().filter(|_| is_number)?;
        (1..=max).contains(&count).then_some((unit, count))
    });
    if parsed.is_none() {
        page.report(&Mistake::BadRotation { weeks_max: WEEKS_MAX, at: text.span });
    }
    parsed
}

/// Days without a hand-off; some must remain with one.
fn skip(page: &mut Page<'_, '_>, text: Text<'_>, every: Option<(Unit, u32)>) -> Option<Weekdays> {
    let Some(days) = days_of(text.text) else {
        let (text, at) = (text.text.to_owned(), text.span);
        let (expected, example) = ("days of the week", "sat,sun");
        page.report(&Mistake::BadInstant { text, expected, example, at });
        return None;
    };
    let skip: Weekdays = days.into_iter().collect();
    // Whoever turns by whole weeks or months has no weekday to skip.
    let turns_daily = match every {
        Some((Unit::Hour, hours)) => hours % (7 * 24) != 0,
        Some((Unit::Day, days)) => days % 7 != 0,
        Some((Unit::Week | Unit::Month, _)) => false,
        None => true,
    };
    if skip == Weekdays::ALL || !turns_daily {
        page.report(&Mistake::SkipsEveryHandOff { at: text.span });
        return None;
    }
    Some(skip)
}

/// One clock range, or several.
pub(super) fn hours(page: &mut Page<'_, '_>, node: &Node) -> Option<Vec<ClockRange>> {
    let items = page.one_or_more(node, "`hours`");
    page.check_length(items.len(), 1, HOURS_MAX, "`hours`", node.span);
    let hours: Vec<_> = items.iter().take(HOURS_MAX).map(|it| range(page, it)).collect();
    let hours: Option<Vec<ClockRange>> = hours.into_iter().collect();
    hours.filter(|it| !it.is_empty())
}

/// `mon-fri 09:00-17:00`, `daily 22:00-06:00`, `sat,sun 00:00-24:00`.
fn range(page: &mut Page<'_, '_>, node: &Node) -> Option<ClockRange> {
    let text = page.scalar(node, "`hours`")?;
    let parsed = text.text.trim().rsplit_once(char::is_whitespace).and_then(|(days, times)| {
        let (begin, end) = times.split_once('-')?;
        let end = match end.trim() {
            "24:00" | "00:00" => ClockRange::DAY_MINUTES,
            it => minute_of(it)?,
        };
        let weekdays = days_of(days)?.into_iter().collect();
        Some(ClockRange { weekdays, begin_minute: minute_of(begin)?, end_minute: end })
    });
    if parsed.is_none() {
        let (text, at) = (text.text.to_owned(), text.span);
        let (expected, example) = ("days and clock times", "mon-fri 09:00-17:00");
        page.report(&Mistake::BadInstant { text, expected, example, at });
    }
    parsed
}

fn minute_of(text: &str) -> Option<u16> {
    let time = clock(text)?;
    u16::try_from(i32::from(time.hour()) * 60 + i32::from(time.minute())).ok()
}
