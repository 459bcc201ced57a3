//! Kind `Inhibition`: alerts that need not be told of while others fire.

use nines_alert::inhibit::{Clause, Missing, Rule};
use nines_base::Matcher;

use crate::alertmanager::sort;
use crate::draft::{Noun, Page};
use crate::fields::{Fields, LIST_MAX};
use crate::mistake::Mistake;
use crate::node::Node;
use crate::shape::{Field, Shape, Type, words};

use super::super::Envelope;
use super::MATCH;

/// The most alerts that a clause may wait for.
const MIN_MAX: u32 = 10_000;
const MISSING: [(&str, Missing); 2] = [("equal", Missing::Equal), ("distinct", Missing::Distinct)];

static MISSING_WORDS: [&str; 2] = words(&MISSING);

pub(crate) static SPEC: Shape = Shape::new(
    "Inhibition spec",
    &[
        Field::new("while", MATCH, "What must fire."),
        Field::new(
            "all_of",
            Type::List { of: &Type::Map(&CLAUSE), min: 0, max: LIST_MAX },
            "Several conditions, which must all hold.",
        ),
        Field::new("mute", MATCH, "What is not told of meanwhile.")
            .needed("mute: {severity: ticket}"),
        Field::new(
            "equal",
            Type::List { of: &Type::Text, min: 0, max: LIST_MAX },
            "Labels whose values must be the same on both sides.",
        ),
        Field::new(
            "missing",
            Type::Word(&MISSING_WORDS),
            "Whether labels that both sides lack have the same value.",
        )
        .default("equal"),
    ],
)
.one_of(&["while", "all_of"]);
static CLAUSE: Shape = Shape::new(
    "a condition",
    &[
        Field::new("match", MATCH, "Conditions on the labels of an alert.")
            .needed("match: {alertname: Down}"),
        Field::new(
            "min",
            Type::Whole { min: 1, max: MIN_MAX as u64 },
            "How many such alerts must fire.",
        )
        .default("1"),
    ],
);

pub(crate) fn read(page: &mut Page<'_, '_>, document: &Envelope<'_>) {
    let name = document.name(page, Noun::Inhibition);
    let Some(spec) = page.shape(document.spec, &SPEC) else { return };
    let sources = sources(page, &spec);
    let target = page.needed(&spec, "mute").and_then(|it| conditions(page, it));
    if let Some(target) = &target
        && target.is_empty()
    {
        let at = spec.key("mute");
        let problem = "every alert would be muted, the ones that mute included".to_owned();
        page.report(&Mistake::BadInhibition { problem, at });
    }
    let mut equal = Vec::new();
    for text in page.texts(&spec, "equal") {
        if page.label_name(text) {
            equal.push(text.text.to_owned());
        }
    }
    let missing = spec.get("missing").and_then(|it| page.word(it, "`missing`", &MISSING));
    let (Some(name), Some(sources), Some(target)) = (name, sources, target) else { return };
    page.draft.spec.dispatch.inhibitions.push(Rule {
        name: name.text.to_owned(),
        sources,
        target,
        equal,
        missing: missing.unwrap_or_default(),
        origin: document.origin.clone(),
    });
}

fn sources(page: &mut Page<'_, '_>, spec: &Fields<'_>) -> Option<Vec<Clause>> {
    let (field, node) = page.chosen(spec)?;
    if field == "while" {
        let matchers = conditions(page, node)?;
        return Some(vec![Clause { matchers, min: 1 }]);
    }
    let items = page.list(node, "`all_of`")?;
    if items.is_empty() {
        let problem = "nothing needs to fire, so nothing would ever be muted".to_owned();
        page.report(&Mistake::BadInhibition { problem, at: node.anchor() });
    }
    let clauses: Vec<Option<Clause>> = items.iter().map(|it| clause(page, it)).collect();
    clauses.into_iter().collect()
}

fn clause(page: &mut Page<'_, '_>, node: &Node) -> Option<Clause> {
    let fields = page.shape(node, &CLAUSE)?;
    let matchers = page.needed(&fields, "match").and_then(|it| conditions(page, it));
    let min = page.whole_number(&fields, "min", 1, MIN_MAX).unwrap_or(1);
    Some(Clause { matchers: matchers?, min })
}

fn conditions(page: &mut Page<'_, '_>, node: &Node) -> Option<Vec<Matcher>> {
    let mut matchers = page.matchers(node)?;
    sort(&mut matchers);
    Some(matchers)
}
