//! Kind `Escalation`: whom to tell, in which order, until somebody answers.

use jiff::SignedDuration;
use nines_oncall::{Policy, Step, Target};

use crate::draft::{Noun, Page};
use crate::mistake::Mistake;
use crate::node::Node;
use crate::shape::{DURATION, Field, Shape, Type};

use super::{Envelope, short_duration};

/// The most steps of one escalation, and targets of one step.
const STEPS_MAX: usize = 20;
/// More repeats wake people for hours; then a last resort is better.
const REPEATS_MAX: u32 = 9;
/// Without a `wait` the next step begins after so long.
const WAIT_DEFAULT: SignedDuration = SignedDuration::from_mins(5);

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

pub(in crate::kinds) fn escalation(page: &mut Page<'_, '_>, document: &Envelope<'_>) {
    let name = document.name(page, Noun::Escalation);
    let Some(spec) = page.shape(document.spec, &ESCALATION) else { return };
    let repeat = page.whole_number(&spec, "repeat", 0, REPEATS_MAX).unwrap_or(0);
    let Some(node) = page.needed(&spec, "steps") else { return };
    let Some(items) = page.list(node, "`steps`") else { return };
    page.check_length(items.len(), 1, STEPS_MAX, "`steps`", node.span);
    let steps: Vec<Step> = items.iter().take(STEPS_MAX).filter_map(|it| step(page, it)).collect();
    let Some(name) = name.filter(|_| !steps.is_empty()) else { return };
    let (name, origin) = (name.text.to_owned(), document.origin.clone());
    page.draft.spec.policies.push(Policy { name, steps, repeat, origin, ..Policy::default() });
}

fn step(page: &mut Page<'_, '_>, node: &Node) -> Option<Step> {
    let fields = page.shape(node, &STEP)?;
    let wait = short_duration(page, &fields, "wait").unwrap_or(WAIT_DEFAULT);
    let notify = page.needed(&fields, "notify")?;
    let items = page.one_or_more(notify, "`notify`");
    page.check_length(items.len(), 1, STEPS_MAX, "`notify`", notify.span);
    let targets: Vec<Target> =
        items.iter().take(STEPS_MAX).filter_map(|it| target(page, it)).collect();
    Some(Step::new(targets, wait))
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
