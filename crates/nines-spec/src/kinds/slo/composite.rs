//! SLIs made of other SLOs.

use nines_slo::{CompositeRule, CompositeSli, Decimal, Member, OnMissing, SliKind};

use crate::draft::{Noun, Page};
use crate::fields::Text;
use crate::finding::Span;
use crate::mistake::Mistake;
use crate::node::{Node, Value};
use crate::shape::{DECIMAL, Field, Pattern, SLO_NAME, Shape, Type, words};

use super::event::quorum;
use super::slo_name;

/// More members than that hide each other.
const MEMBERS_MAX: usize = 64;
/// Weights beyond it say that the others do not count.
const WEIGHT_MAX: i64 = 1_000_000;

const ON_MISSING: [(&str, OnMissing); 2] =
    [("no_data", OnMissing::NoData), ("drop", OnMissing::Drop)];
static ON_MISSING_WORDS: [&str; 2] = words(&ON_MISSING);
static RULE: Pattern = Pattern {
    noun: "`weighted`, `any_bad`, `missing` or a quorum",
    regex: "^(weighted|any_bad|missing|[0-9]+ +of +[0-9]+)$",
    example: "2 of 3",
};

pub(super) static COMPOSITE: Shape = Shape::new(
    "a composite SLI",
    &[
        Field::new(
            "members",
            Type::List {
                of: &Type::AnyOf(&[Type::Like(&SLO_NAME), Type::Map(&MEMBER)]),
                min: 1,
                max: MEMBERS_MAX,
            },
            "The SLOs, each by name or with its weight; the first objective and window of each count.",
        )
        .needed("members: [checkout/availability, payments/availability]"),
        Field::new(
            "rule",
            Type::Like(&RULE),
            "`weighted`: burns as fast as Σ weight × burn. `any_bad`: a slice is bad when any member's is. \
             `missing`: the bad share is Σ weight × bad share. `2 of 3`: a slice is good when so many are.",
        )
        .needed("rule: any_bad"),
        Field::new(
            "on_missing",
            Type::Word(&ON_MISSING_WORDS),
            "What happens when a member has no data: the whole has none, or the others count alone.",
        )
        .default("no_data"),
    ],
);
static MEMBER: Shape = Shape::new(
    "a member",
    &[
        Field::new("slo", Type::Like(&SLO_NAME), "Which SLO.").needed("slo: checkout/availability"),
        Field::new("weight", Type::Like(&DECIMAL), "Positive; weights are divided by their sum.")
            .default("1"),
    ],
);

pub(super) fn read(page: &mut Page<'_, '_>, node: &Node) -> Option<SliKind> {
    let fields = page.shape(node, &COMPOSITE)?;
    let list = page.needed(&fields, "members");
    let items = list.and_then(|it| {
        let items = page.list(it, "`members`")?;
        page.check_length(items.len(), 1, MEMBERS_MAX, "`members`", it.anchor());
        Some(items.get(..MEMBERS_MAX).unwrap_or(items))
    });
    let items = items.unwrap_or_default();
    let mut members: Vec<Member> = Vec::new();
    for node in items {
        let Some((member, at)) = member(page, node) else { continue };
        if members.iter().any(|it| it.slo == member.slo) {
            let problem = format!("`{}` is a member twice", member.slo);
            let help = "leave one of them out, or give it a `weight`".to_owned();
            page.report(&Mistake::BadComposite { problem, help, at });
            continue;
        }
        members.push(member);
    }
    let rule = page.needed(&fields, "rule").and_then(|it| rule(page, it, items.len()));
    let on_missing = fields.get("on_missing");
    let on_missing = on_missing.and_then(|it| page.word(it, "`on_missing`", &ON_MISSING));
    let rule = rule?;
    if !matches!(rule, CompositeRule::Weighted | CompositeRule::Missing) {
        ignored_weights(page, items);
    }
    let on_missing = on_missing.unwrap_or(OnMissing::NoData);
    (!members.is_empty()).then_some(SliKind::Composite(CompositeSli { members, rule, on_missing }))
}

fn member(page: &mut Page<'_, '_>, node: &Node) -> Option<(Member, Span)> {
    let one = Decimal::whole(1);
    let (text, weight) = match &node.value {
        Value::Map(_) => {
            let fields = page.shape(node, &MEMBER)?;
            let text = page.needed(&fields, "slo").and_then(|it| page.scalar(it, "`slo`"));
            let weight = match fields.get("weight") {
                Some(it) => weight(page, it),
                None => Some(one),
            };
            (text?, weight)
        }
        _ => (page.scalar(node, "a member")?, Some(one)),
    };
    let slo = slo_name(page, text)?;
    let consequence = "the composite would never have data";
    page.refer(Noun::Slo, text.text, text.span, consequence);
    Some((Member { slo, weight: weight? }, text.span))
}

fn weight(page: &mut Page<'_, '_>, node: &Node) -> Option<Decimal> {
    let text = page.scalar(node, "`weight`")?;
    let weight = text.text.parse::<Decimal>().ok();
    let weight = weight.filter(|it| Decimal::default() < *it && *it <= Decimal::whole(WEIGHT_MAX));
    if weight.is_none() {
        let range = format!("a positive decimal of at most {WEIGHT_MAX}");
        page.report(&Mistake::OutOfRange { what: "`weight`".to_owned(), range, at: text.span });
    }
    weight
}

fn rule(page: &mut Page<'_, '_>, node: &Node, members: usize) -> Option<CompositeRule> {
    let Text { text, span } = page.scalar(node, "`rule`")?;
    match text {
        "weighted" => return Some(CompositeRule::Weighted),
        "any_bad" => return Some(CompositeRule::AnyBad),
        "missing" => return Some(CompositeRule::Missing),
        _ => {}
    }
    let (problem, help) = match quorum(text) {
        Some((needed, of)) if usize::try_from(of).ok() == Some(members) => {
            return Some(CompositeRule::AtLeast(needed));
        }
        Some((needed, of)) => (
            format!("`{text}` needs {of} members, not {members}"),
            match usize::try_from(needed) {
                Ok(needed) if needed <= members => {
                    format!("write `{needed} of {members}`, or change `members`")
                }
                _ => "name as many members as the rule says".to_owned(),
            },
        ),
        None => (
            format!("`{text}` is not a rule for a composite"),
            "it is `weighted`, `any_bad`, `missing`, or a quorum such as `2 of 3`".to_owned(),
        ),
    };
    page.report(&Mistake::BadComposite { problem, help, at: span });
    None
}

fn ignored_weights(page: &mut Page<'_, '_>, items: &[Node]) {
    for weight in items.iter().filter_map(|it| it.field("weight")) {
        let (what, at) = ("`weight`".to_owned(), weight.span);
        let help = "slices are good or bad here; weights belong to `weighted` and `missing`";
        page.report(&Mistake::Ignored { what, help, at });
    }
}
