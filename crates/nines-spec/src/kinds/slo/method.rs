//! `method`: how counts spend the budget.

use jiff::SignedDuration;
use nines_slo::{Method, Objective, SliKind};

use crate::draft::Page;
use crate::fields::Fields;
use crate::mistake::Mistake;
use crate::node::{Node, Value};
use crate::shape::{Field, OBJECTIVE, Shape, Type, words};

use super::objective::target;
use super::sli::{WIDTH, WIDTH_DEFAULT, own_width, width};

const METHODS: [(&str, Word); 3] = [
    ("occurrences", Word::Occurrences),
    ("timeslices", Word::Timeslices),
    ("ratio_timeslices", Word::RatioTimeslices),
];
static WORDS: [&str; 3] = words(&METHODS);

pub(super) const TYPE: Type = Type::AnyOf(&[Type::Word(&WORDS), Type::Map(&METHOD)]);

static METHOD: Shape = Shape::new(
    "a method",
    &[
        Field::new("timeslices", Type::Map(&TIMESLICES), "Every bad slice spends."),
        Field::new(
            "ratio_timeslices",
            Type::Map(&RATIO_TIMESLICES),
            "Every slice spends its share of bad events.",
        ),
    ],
)
.one_of(&["timeslices", "ratio_timeslices"]);
static TIMESLICES: Shape = Shape::new(
    "`timeslices`",
    &[
        Field::new(
            "slice_target",
            Type::Like(&OBJECTIVE),
            "The share of good events that makes a slice good, where events are counted.",
        ),
        WIDTH,
    ],
);
static RATIO_TIMESLICES: Shape = Shape::new("`ratio_timeslices`", &[WIDTH]);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Word {
    Occurrences,
    Timeslices,
    RatioTimeslices,
}

/// What slices are made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Made {
    /// Of many events.
    Events,
    /// Of one value or verdict.
    Value,
    /// Of a share.
    Share,
    /// Nobody knows, because the SLI is wrong.
    Unknown,
}

pub(super) fn read(page: &mut Page<'_, '_>, spec: &Fields<'_>, kind: Option<&SliKind>) -> Method {
    let Some(node) = spec.get("method") else { return Method::Occurrences };
    let made = kind.map_or(Made::Unknown, made_of);
    let (word, settings) = match &node.value {
        Value::Map(_) => {
            let chosen = page.shape(node, &METHOD).and_then(|it| page.chosen(&it));
            let Some((name, settings)) = chosen else { return Method::Occurrences };
            let word = METHODS.iter().find(|(it, _)| *it == name).map(|(_, word)| *word);
            (word, Some(settings))
        }
        _ => (page.word(node, "`method`", &METHODS), None),
    };
    let own = kind.and_then(own_width);
    match word {
        None | Some(Word::Occurrences) => Method::Occurrences,
        Some(Word::RatioTimeslices) => {
            if made == Made::Value {
                let problem = "this SLI gives a verdict per slice, not a share".to_owned();
                let help = "write `method: timeslices`".to_owned();
                page.report(&Mistake::BadMethod { problem, help, at: node.anchor() });
            }
            let fields = settings.and_then(|it| page.shape(it, &RATIO_TIMESLICES));
            let width = width_of(page, fields.as_ref(), own);
            Method::RatioTimeslices { width }
        }
        Some(Word::Timeslices) => {
            let fields = settings.and_then(|it| page.shape(it, &TIMESLICES));
            let slice_target = slice_target(page, fields.as_ref(), made, node);
            let width = width_of(page, fields.as_ref(), own);
            Method::Timeslices { slice_target, width }
        }
    }
}

fn made_of(kind: &SliKind) -> Made {
    use nines_slo::BooleanRule::EachSample;
    use nines_slo::PromqlQueries::{Events, Ratio, Value};
    match kind {
        SliKind::Counter(_) | SliKind::Histogram(_) | SliKind::Composite(_) => Made::Events,
        SliKind::Boolean(it) if it.rule == EachSample => Made::Events,
        SliKind::Boolean(_) | SliKind::Slices(_) => Made::Value,
        SliKind::Promql(it) => match it.queries {
            Events { .. } => Made::Events,
            Ratio(_) => Made::Share,
            Value { .. } => Made::Value,
        },
    }
}

/// Needed for slices of many events or of a share, and without meaning where a slice has a target of its own.
fn slice_target(
    page: &mut Page<'_, '_>,
    fields: Option<&Fields<'_>>,
    made: Made,
    method: &Node,
) -> Option<Objective> {
    let written = fields.and_then(|it| it.get("slice_target"));
    match (written, made) {
        (Some(node), Made::Value) => {
            let (what, at) = ("`slice_target`".to_owned(), node.span);
            let help = "the SLI says itself when a slice is good";
            page.report(&Mistake::Ignored { what, help, at });
            None
        }
        (Some(node), _) => target(page, node),
        (None, Made::Events | Made::Share) => {
            let problem = "nobody knows when a slice of many events is good".to_owned();
            let help = "write `method: {timeslices: {slice_target: 95%, width: 1m}}`".to_owned();
            page.report(&Mistake::BadMethod { problem, help, at: method.anchor() });
            None
        }
        (None, Made::Value | Made::Unknown) => None,
    }
}

/// An SLI of slices has a width of its own; then the method has none.
fn width_of(
    page: &mut Page<'_, '_>,
    fields: Option<&Fields<'_>>,
    own: Option<SignedDuration>,
) -> SignedDuration {
    let given = fields.and_then(|it| it.get("width"));
    if let (Some(own), Some(given)) = (own, given) {
        let (what, at) = ("`width`".to_owned(), given.span);
        let help = "the SLI has a `width`, and its slices are counted";
        page.report(&Mistake::Ignored { what, help, at });
        return own;
    }
    let written = fields.and_then(|it| width(page, it));
    own.or(written).unwrap_or(WIDTH_DEFAULT)
}
