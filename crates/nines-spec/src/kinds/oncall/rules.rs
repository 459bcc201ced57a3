//! How a person wants to be told: the fields `rules`, `hours` and `zone` of kind `Person`.

use jiff::SignedDuration;
use nines_oncall::{Contact, Rule, Rules};

use crate::draft::Page;
use crate::fields::{Fields, Text};
use crate::mistake::Mistake;
use crate::node::Node;
use crate::shape::{DURATION, Field, Pattern, Shape, Type};

use super::escalation::during;
use super::short_duration;

/// The most rules of one list.
const RULES_MAX: usize = 50;

pub(super) static RULES: Shape = Shape::new(
    "`rules`",
    &[
        Field::new(
            "high",
            Type::List { of: &Type::Map(&RULE), min: 1, max: RULES_MAX },
            "For what must be seen to now; without it every contact is used after its own `delay`.",
        ),
        Field::new(
            "low",
            Type::List { of: &Type::Map(&RULE), min: 1, max: RULES_MAX },
            "For what can wait; without it as `high`.",
        ),
    ],
);
static RULE: Shape = Shape::new(
    "a rule",
    &[
        Field::new(
            "contact",
            Type::Like(&CONTACT),
            "A contact by its kind; with a number the first, second, … of that kind.",
        )
        .needed("contact: email"),
        Field::new("delay", Type::Like(&DURATION), "Used so long after the page, at most 24h.")
            .default("0s"),
    ],
);
static CONTACT: Pattern = Pattern {
    noun: "the kind of a contact, and maybe a number",
    regex: "^[a-z_]+( [1-9][0-9]*)?$",
    example: "email 2",
};

/// Reads them; `contacts` are in the order of their delays.
pub(super) fn rules(page: &mut Page<'_, '_>, spec: &Fields<'_>, contacts: &[Contact]) -> Rules {
    let zone = spec.get("zone").and_then(|it| page.zone(it));
    let zone = zone.and_then(|it| it.iana_name().map(str::to_owned));
    let hours = during(page, spec, "UTC");
    let (mut high, mut low) = (Vec::new(), Vec::new());
    if let Some(fields) = spec.get("rules").and_then(|it| page.shape(it, &RULES)) {
        high = list(page, &fields, "high", contacts);
        low = list(page, &fields, "low", contacts);
    }
    Rules { high, low, hours, zone }
}

fn list(
    page: &mut Page<'_, '_>,
    fields: &Fields<'_>,
    field: &str,
    contacts: &[Contact],
) -> Vec<Rule> {
    let Some(node) = fields.get(field) else { return Vec::new() };
    let what = format!("`{field}`");
    let items = page.list(node, &what).unwrap_or_default();
    page.check_length(items.len(), 1, RULES_MAX, &what, node.span);
    let mut rules: Vec<Rule> = items.iter().filter_map(|it| rule(page, it, contacts)).collect();
    rules.sort_by_key(|it| it.delay);
    rules
}

fn rule(page: &mut Page<'_, '_>, node: &Node, contacts: &[Contact]) -> Option<Rule> {
    let fields = page.shape(node, &RULE)?;
    let delay = short_duration(page, &fields, "delay").unwrap_or(SignedDuration::ZERO);
    let node = page.needed(&fields, "contact")?;
    let text = page.scalar(node, "`contact`")?;
    let found = find(text, contacts);
    if found.is_none() {
        let known = names(contacts).join(", ");
        let contact = text.text.to_owned();
        page.report(&Mistake::UnknownContact { contact, known, at: text.span });
    }
    Some(Rule { contact: found?, delay })
}

/// `email` and `email 1` are the first of that kind.
fn find(text: Text<'_>, contacts: &[Contact]) -> Option<u32> {
    let (kind, number) = match text.text.split_once(' ') {
        Some((kind, number)) => (kind, number.parse().ok()?),
        None => (text.text, 1_usize),
    };
    let of_kind = (0_u32..).zip(contacts).filter(|(_, it)| it.channel.to_string() == kind);
    of_kind.map(|(index, _)| index).nth(number.checked_sub(1)?)
}

fn names(contacts: &[Contact]) -> Vec<String> {
    let kinds: Vec<String> = contacts.iter().map(|it| it.channel.to_string()).collect();
    let name = |(index, kind): (usize, &String)| {
        let before = kinds.iter().take(index).filter(|it| *it == kind).count();
        if before == 0 { kind.clone() } else { format!("{kind} {}", before + 1) }
    };
    kinds.iter().enumerate().map(name).collect()
}
