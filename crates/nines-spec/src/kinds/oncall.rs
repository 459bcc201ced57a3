//! Kinds `Person`, `Schedule` and `Escalation`.

use jiff::SignedDuration;
use jiff::civil::{Date, DateTime};
use nines_oncall::{Contact, Person, Policy, Schedule, Step, Target};
use nines_port::Channel;

use crate::draft::{Noun, Page};
use crate::fields::Fields;
use crate::mistake::Mistake;
use crate::node::Node;
use crate::shape::{DURATION, Field, Pattern, Shape, Type, URL, ZONE};

use super::Envelope;

/// The most contacts of one person.
const CONTACTS_MAX: usize = 20;
/// The longest shift.
const WEEKS_MAX: u32 = 52;
/// The most members of one schedule.
const MEMBERS_MAX: usize = 200;
/// The most steps of one escalation, and targets of one step.
const STEPS_MAX: usize = 20;
/// More repeats wake people for hours; then a last resort is better.
const REPEATS_MAX: u32 = 9;
/// Without a `wait` the next step begins after so long.
const WAIT_DEFAULT: SignedDuration = SignedDuration::from_mins(5);
/// Nobody waits longer for a page, or for an answer to one.
const WAIT_MAX: SignedDuration = SignedDuration::from_hours(24);

pub(crate) static PERSON: Shape = Shape::new(
    "Person spec",
    &[
        Field::new("display_name", Type::Text, "How others see the name."),
        Field::new(
            "contacts",
            Type::List { of: &Type::Map(&CONTACT), min: 0, max: CONTACTS_MAX },
            "The ways to the person.",
        ),
    ],
);
static CONTACT: Shape = Shape::new(
    "a contact",
    &[
        Field::new("inbox", Type::Map(&INBOX), "The inbox of the console; it has no settings."),
        Field::new("webhook", Type::Map(&WEBHOOK), "An address that is posted to."),
        Field::new("email", Type::Like(&MAIL), "A mail address; needs a mail server."),
        Field::new("delay", Type::Like(&DURATION), "Used so long after the page, at most 24h.")
            .default("0s"),
    ],
)
.one_of(&["inbox", "webhook", "email"]);
static INBOX: Shape = Shape::new("inbox", &[]);
static MAIL: Pattern =
    Pattern { noun: "a mail address", regex: "^[^@]+@[^@]+$", example: "ana@example.org" };
static WEBHOOK: Shape = Shape::new(
    "a webhook",
    &[
        Field::new("url", Type::Like(&URL), "Where to.").needed("url: https://example.org/hook"),
        Field::new("secret", Type::Text, "The name of the secret that signs messages."),
    ],
);

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

pub(crate) static ESCALATION: Shape = Shape::new(
    "Escalation spec",
    &[
        Field::new(
            "steps",
            Type::List { of: &Type::Map(&STEP), min: 1, max: STEPS_MAX },
            "Whom to tell, in order, until somebody answers.",
        )
        .needed("steps: [{notify: [schedule: shop-primary], wait: 5m}]"),
        Field::new(
            "repeat",
            Type::Whole { min: 0, max: REPEATS_MAX as u64 },
            "How often all steps are repeated.",
        )
        .default("0"),
    ],
);
static STEP: Shape = Shape::new(
    "a step",
    &[
        Field::new(
            "notify",
            Type::AnyOf(&[
                Type::Map(&TARGET),
                Type::List { of: &Type::Map(&TARGET), min: 1, max: STEPS_MAX },
            ]),
            "Who is told at once.",
        )
        .needed("notify: [schedule: shop-primary]"),
        Field::new("wait", Type::Like(&DURATION), "How long to wait for an answer, at most 24h.")
            .default("5m"),
    ],
);
static TARGET: Shape = Shape::new(
    "a target",
    &[
        Field::new("schedule", Type::Text, "Who is on call in it."),
        Field::new("person", Type::Text, "This person."),
    ],
)
.one_of(&["schedule", "person"]);

pub(super) fn person(page: &mut Page<'_, '_>, document: &Envelope<'_>) {
    let name = document.name(page, Noun::Person);
    let Some(spec) = page.shape(document.spec, &PERSON) else { return };
    let display_name = page.maybe(&spec, "display_name");
    let items = spec.get("contacts").and_then(|it| {
        let items = page.list(it, "`contacts`")?;
        page.check_length(items.len(), 0, CONTACTS_MAX, "`contacts`", it.span);
        Some(items)
    });
    let items = items.unwrap_or_default();
    let mut contacts: Vec<Contact> = items.iter().filter_map(|it| contact(page, it)).collect();
    contacts.sort_by_key(|it| it.delay);
    let Some(name) = name else { return };
    if items.is_empty() {
        page.report(&Mistake::NoContact { person: name.text.to_owned(), at: name.span });
    }
    page.draft.spec.people.push(Person {
        name: name.text.to_owned(),
        display_name: display_name.unwrap_or(name).text.to_owned(),
        contacts,
        origin: document.origin.clone(),
    });
}

fn contact(page: &mut Page<'_, '_>, node: &Node) -> Option<Contact> {
    let fields = page.shape(node, &CONTACT)?;
    let given = ["inbox", "webhook", "email"].into_iter().filter(|it| fields.get(it).is_some());
    let given: Vec<&'static str> = given.collect();
    if let [one, other, ..] = given.as_slice() {
        let at = fields.key(other);
        page.report(&Mistake::Conflict { owner: "a contact", one, other, at });
        return None;
    }
    let channel = match given.first() {
        Some(&"inbox") => {
            let node = fields.get("inbox")?;
            page.empty(node, "inbox").map(|()| Channel::Inbox)
        }
        Some(&"webhook") => webhook(page, fields.get("webhook")?),
        Some(_) => email(page, fields.get("email")?),
        None => {
            let (owner, field, at) = ("a contact", "inbox", fields.at);
            let example = "inbox: {}";
            page.report(&Mistake::MissingField { owner, field, example, at });
            None
        }
    };
    let delay = short_duration(page, &fields, "delay");
    Some(Contact { channel: channel?, delay: delay.unwrap_or(SignedDuration::ZERO) })
}

fn webhook(page: &mut Page<'_, '_>, node: &Node) -> Option<Channel> {
    let fields = page.shape(node, &WEBHOOK)?;
    let secret = page.maybe(&fields, "secret");
    if let Some(secret) = secret {
        page.refer(Noun::Secret, secret.text, secret.span, "messages could not be signed");
    }
    let url = page.needed(&fields, "url")?;
    let url = page.scalar(url, "`url`")?;
    let url = page.url(url)?;
    Some(Channel::Webhook { url, secret: secret.map(|it| it.text.to_owned()) })
}

fn email(page: &mut Page<'_, '_>, node: &Node) -> Option<Channel> {
    let text = page.scalar(node, "`email`")?;
    let address = page.mail_address(text)?;
    let place = page.place(text.span);
    page.draft.mail_places.push(place);
    Some(Channel::Email { address })
}

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

pub(super) fn schedule(page: &mut Page<'_, '_>, document: &Envelope<'_>) {
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

pub(super) fn escalation(page: &mut Page<'_, '_>, document: &Envelope<'_>) {
    let name = document.name(page, Noun::Escalation);
    let Some(spec) = page.shape(document.spec, &ESCALATION) else { return };
    let repeat = page.whole_number(&spec, "repeat", 0, REPEATS_MAX).unwrap_or(0);
    let Some(node) = page.needed(&spec, "steps") else { return };
    let Some(items) = page.list(node, "`steps`") else { return };
    page.check_length(items.len(), 1, STEPS_MAX, "`steps`", node.span);
    let steps: Vec<Step> = items.iter().take(STEPS_MAX).filter_map(|it| step(page, it)).collect();
    let Some(name) = name.filter(|_| !steps.is_empty()) else { return };
    let (name, origin) = (name.text.to_owned(), document.origin.clone());
    page.draft.spec.policies.push(Policy { name, steps, repeat, origin });
}

fn step(page: &mut Page<'_, '_>, node: &Node) -> Option<Step> {
    let fields = page.shape(node, &STEP)?;
    let wait = short_duration(page, &fields, "wait").unwrap_or(WAIT_DEFAULT);
    let notify = page.needed(&fields, "notify")?;
    let items = page.one_or_more(notify, "`notify`");
    page.check_length(items.len(), 1, STEPS_MAX, "`notify`", notify.span);
    let targets: Vec<Target> =
        items.iter().take(STEPS_MAX).filter_map(|it| target(page, it)).collect();
    Some(Step { targets, wait })
}

fn target(page: &mut Page<'_, '_>, node: &Node) -> Option<Target> {
    let fields = page.shape(node, &TARGET)?;
    if fields.get("schedule").is_some() && fields.get("person").is_some() {
        let (owner, one, other) = ("a target", "schedule", "person");
        let at = fields.key("person");
        page.report(&Mistake::Conflict { owner, one, other, at });
        return None;
    }
    let consequence = "this step would tell nobody";
    if let Some(it) = page.maybe(&fields, "person") {
        page.refer(Noun::Person, it.text, it.span, consequence);
        return Some(Target::Person(it.text.to_owned()));
    }
    let node = page.need(&fields, "schedule", "schedule: shop-primary")?;
    let it = page.scalar(node, "`schedule`")?;
    page.refer(Noun::Schedule, it.text, it.span, consequence);
    Some(Target::Schedule(it.text.to_owned()))
}
