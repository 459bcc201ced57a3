//! Kind `Escalation`: whom to tell, in which order, until somebody answers.

use jiff::SignedDuration;
use nines_oncall::{Acks, Action, Condition, Hours, Policy, Step, Target};

use crate::draft::{Noun, Page};
use crate::fields::Fields;
use crate::mistake::Mistake;
use crate::node::{Node, Value};
use crate::shape::{DURATION, Field, Shape, Type, ZONE, words};

use super::schedule::{HOURS, HOURS_MAX, hours};
use super::{Envelope, short_duration};

/// The most steps of one escalation, and targets of one step.
const STEPS_MAX: usize = 20;
/// More repeats wake people for hours; then a last resort is better.
const REPEATS_MAX: u32 = 9;
/// The most people who take turns, and severities of one step.
const NAMES_MAX: usize = 50;
/// More alerts are a flood, whatever the number.
const ALERTS_MAX: u32 = 10_000;
/// Without a `wait` the next step begins after so long.
const WAIT_DEFAULT: SignedDuration = SignedDuration::from_mins(5);
/// Without an `ack_expiry`.
const ACK_EXPIRY_DEFAULT: SignedDuration = SignedDuration::from_mins(30);
/// Without a `within` next to `more_than`.
const WITHIN_DEFAULT: SignedDuration = SignedDuration::from_mins(5);

const ACKS: [(&str, Acks); 2] = [("one", Acks::One), ("each", Acks::Each)];
static ACK_WORDS: [&str; 2] = words(&ACKS);

const TARGETS: Type = Type::AnyOf(&[
    Type::Map(&TARGET),
    Type::List { of: &Type::Map(&TARGET), min: 1, max: STEPS_MAX },
]);

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
        Field::new(
            "last_resort",
            TARGETS,
            "Who is told when nobody has answered in any round, and again every 30 minutes of a day.",
        ),
        Field::new(
            "ack_expiry",
            Type::Like(&DURATION),
            "Whoever acknowledged and brings no news for so long is asked, at most 24h.",
        )
        .default("30m"),
    ],
);
static STEP: Shape = Shape::new(
    "a step",
    &[
        Field::new("notify", TARGETS, "Who is told at once.")
            .needed("notify: [schedule: shop-primary]"),
        Field::new("wait", Type::Like(&DURATION), "How long to wait for an answer, at most 24h.")
            .default("5m"),
        Field::new(
            "acks",
            Type::Word(&ACK_WORDS),
            "Whether the first answer counts for all, or everybody who is told must answer.",
        )
        .default("one"),
        Field::new(
            "when",
            Type::Map(&CONDITIONS),
            "Without all of these the step is passed at once.",
        ),
        Field::new(
            "declare_incident",
            Type::AnyOf(&[Type::Boolean, Type::Word(&SEVERITY_WORDS)]),
            "There must be an incident, at least as severe as this; `true` leaves the severity alone.",
        ),
        Field::new("run", Type::Text, "A runbook that is started when the step first begins."),
    ],
);
static CONDITIONS: Shape = Shape::new(
    "`when`",
    &[
        Field::new(
            "hours",
            Type::AnyOf(&[
                Type::Like(&HOURS),
                Type::List { of: &Type::Like(&HOURS), min: 1, max: HOURS_MAX },
            ]),
            "The step begins then, in clock time.",
        ),
        Field::new("zone", Type::Like(&ZONE), "Where `hours` are meant.").default("UTC"),
        Field::new(
            "severity",
            Type::AnyOf(&[Type::Text, Type::List { of: &Type::Text, min: 1, max: NAMES_MAX }]),
            "The gravest label `severity` of the alerts is one of these.",
        ),
        Field::new(
            "more_than",
            Type::Whole { min: 1, max: ALERTS_MAX as u64 },
            "More alerts than this have come.",
        ),
        Field::new("within", Type::Like(&DURATION), "In so long, at most 24h.").default("5m"),
    ],
);
static TARGET: Shape = Shape::new(
    "a target",
    &[
        Field::new("schedule", Type::Text, "Who is on call in it."),
        Field::new("person", Type::Text, "This person."),
        Field::new("next_on_call", Type::Text, "Who will be on call in this schedule next."),
        Field::new(
            "round_robin",
            Type::List { of: &Type::Text, min: 1, max: NAMES_MAX },
            "One of these people: each escalation and each round goes on to the next.",
        ),
        Field::new("team", Type::Text, "All members of this team."),
        Field::new("receiver", Type::Text, "A receiver, such as a chat room."),
    ],
)
.one_of(&["schedule", "person", "next_on_call", "round_robin", "team", "receiver"]);

const SEVERITIES: [(&str, &str); 5] =
    [("SEV1", "SEV1"), ("SEV2", "SEV2"), ("SEV3", "SEV3"), ("SEV4", "SEV4"), ("SEV5", "SEV5")];
static SEVERITY_WORDS: [&str; 5] = words(&SEVERITIES);

const CONSEQUENCE: &str = "this step would tell nobody";

pub(in crate::kinds) fn escalation(page: &mut Page<'_, '_>, document: &Envelope<'_>) {
    let name = document.name(page, Noun::Escalation);
    let Some(spec) = page.shape(document.spec, &ESCALATION) else { return };
    let repeat = page.whole_number(&spec, "repeat", 0, REPEATS_MAX).unwrap_or(0);
    let last_resort = match spec.get("last_resort") {
        Some(node) => targets(page, node, "`last_resort`"),
        None => Vec::new(),
    };
    let ack_expiry = short_duration(page, &spec, "ack_expiry").unwrap_or(ACK_EXPIRY_DEFAULT);
    let Some(node) = page.needed(&spec, "steps") else { return };
    let Some(items) = page.list(node, "`steps`") else { return };
    page.check_length(items.len(), 1, STEPS_MAX, "`steps`", node.span);
    let steps: Vec<Step> = items.iter().take(STEPS_MAX).filter_map(|it| step(page, it)).collect();
    let Some(name) = name.filter(|_| !steps.is_empty()) else { return };
    page.draft.spec.policies.push(Policy {
        name: name.text.to_owned(),
        steps,
        repeat,
        last_resort,
        ack_expiry: Some(ack_expiry),
        origin: document.origin.clone(),
    });
}

fn step(page: &mut Page<'_, '_>, node: &Node) -> Option<Step> {
    let fields = page.shape(node, &STEP)?;
    let wait = short_duration(page, &fields, "wait").unwrap_or(WAIT_DEFAULT);
    let acks = fields.get("acks").and_then(|it| page.word(it, "`acks`", &ACKS));
    let when = fields.get("when").map(|it| conditions(page, it)).unwrap_or_default();
    let mut actions = Vec::new();
    actions.extend(fields.get("declare_incident").and_then(|it| incident(page, &fields, it)));
    if let Some(it) = page.maybe(&fields, "run") {
        page.refer(Noun::Runbook, it.text, it.span, "nothing would be started");
        actions.push(Action::StartRunbook { runbook: it.text.to_owned() });
    }
    let notify = page.needed(&fields, "notify")?;
    let targets = targets(page, notify, "`notify`");
    Some(Step { targets, wait, when, acks: acks.unwrap_or_default(), actions })
}

fn incident(page: &mut Page<'_, '_>, fields: &Fields<'_>, node: &Node) -> Option<Action> {
    if matches!(node.value, Value::Bool(_)) {
        let wanted = page.boolean(fields, "declare_incident")?;
        return wanted.then_some(Action::DeclareIncident { severity: None });
    }
    let severity = page.word(node, "`declare_incident`", &SEVERITIES)?;
    Some(Action::DeclareIncident { severity: Some(severity.to_owned()) })
}

fn conditions(page: &mut Page<'_, '_>, node: &Node) -> Vec<Condition> {
    let mut conditions = Vec::new();
    let Some(fields) = page.shape(node, &CONDITIONS) else { return conditions };
    conditions.extend(during(page, &fields, "UTC").map(Condition::During));
    if let Some(node) = fields.get("severity") {
        let items = page.one_or_more(node, "`severity`");
        page.check_length(items.len(), 1, NAMES_MAX, "`severity`", node.span);
        let severities = items.iter().filter_map(|it| page.scalar(it, "`severity`"));
        conditions.push(Condition::Severity(severities.map(|it| it.text.to_owned()).collect()));
    }
    if let Some(count) = page.whole_number(&fields, "more_than", 1, ALERTS_MAX) {
        let within = short_duration(page, &fields, "within").unwrap_or(WITHIN_DEFAULT);
        conditions.push(Condition::MoreAlerts { count, within });
    } else if fields.get("within").is_some() {
        page.need(&fields, "more_than", "more_than: 10");
    }
    conditions
}

/// The fields `hours` and `zone`.
pub(super) fn during(
    page: &mut Page<'_, '_>,
    fields: &Fields<'_>,
    zone_default: &str,
) -> Option<Hours> {
    let zone = match fields.get("zone") {
        Some(it) => page.zone(it)?.iana_name().unwrap_or(zone_default).to_owned(),
        None => zone_default.to_owned(),
    };
    let ranges = hours(page, fields.get("hours")?)?;
    Some(Hours { zone, ranges })
}

fn targets(page: &mut Page<'_, '_>, node: &Node, what: &str) -> Vec<Target> {
    let items = page.one_or_more(node, what);
    page.check_length(items.len(), 1, STEPS_MAX, what, node.span);
    items.iter().take(STEPS_MAX).filter_map(|it| target(page, it)).collect()
}

fn target(page: &mut Page<'_, '_>, node: &Node) -> Option<Target> {
    let fields = page.shape(node, &TARGET)?;
    let given: Vec<&'static str> =
        TARGET.names().into_iter().filter(|it| fields.get(it).is_some()).collect();
    if let [one, other, ..] = given.as_slice() {
        let (owner, at) = ("a target", fields.key(other));
        page.report(&Mistake::Conflict { owner, one, other, at });
        return None;
    }
    let field = given.first().copied().unwrap_or("schedule");
    let node = page.need(&fields, field, "schedule: shop-primary")?;
    if field == "round_robin" {
        let people = page.texts(&fields, "round_robin");
        page.check_length(people.len(), 1, NAMES_MAX, "`round_robin`", node.span);
        for it in &people {
            page.refer(Noun::Person, it.text, it.span, "the turn would be the next one's");
        }
        return Some(Target::RoundRobin(people.iter().map(|it| it.text.to_owned()).collect()));
    }
    let it = page.scalar(node, &format!("`{field}`"))?;
    let name = it.text.to_owned();
    let (noun, target) = match field {
        "person" => (Noun::Person, Target::Person(name)),
        "next_on_call" => (Noun::Schedule, Target::NextOnCall(name)),
        "team" => (Noun::Team, Target::Team(name)),
        "receiver" => (Noun::Receiver, Target::Receiver(name)),
        _ => (Noun::Schedule, Target::Schedule(name)),
    };
    page.refer(noun, it.text, it.span, CONSEQUENCE);
    if noun == Noun::Receiver {
        page.draft.alerts.used_receivers.insert(it.text.to_owned());
    }
    Some(target)
}
