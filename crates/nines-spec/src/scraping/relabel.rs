//! `relabel_configs` and its like.

use super::RelabelSpec;
use crate::draft::Page;
use crate::fields::Fields;
use crate::mistake::Mistake;
use crate::node::Node;

const FIELDS: [&str; 7] =
    ["source_labels", "separator", "regex", "modulus", "target_label", "replacement", "action"];
/// Bytes of a compiled expression: what one rule may cost.
const REGEX_BYTES_MAX: usize = 1 << 20;

/// What a rule needs, by its action.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Needs {
    Nothing,
    Target,
    TargetAndModulus,
    /// Nothing but an expression may be there.
    OnlyRegex,
}

const ACTIONS: [(&str, (&str, Needs)); 11] = [
    ("replace", ("replace", Needs::Target)),
    ("keep", ("keep", Needs::Nothing)),
    ("drop", ("drop", Needs::Nothing)),
    ("hashmod", ("hashmod", Needs::TargetAndModulus)),
    ("labelmap", ("labelmap", Needs::Nothing)),
    ("labeldrop", ("labeldrop", Needs::OnlyRegex)),
    ("labelkeep", ("labelkeep", Needs::OnlyRegex)),
    ("lowercase", ("lowercase", Needs::Target)),
    ("uppercase", ("uppercase", Needs::Target)),
    ("keepequal", ("keepequal", Needs::Target)),
    ("dropequal", ("dropequal", Needs::Target)),
];

/// The rules of one field. A rule with a mistake is left out: half a rule would keep what it should drop.
pub(super) fn rules(page: &mut Page<'_, '_>, fields: &Fields<'_>, field: &str) -> Vec<RelabelSpec> {
    let Some(node) = fields.get(field) else { return Vec::new() };
    let items = page.list(node, &format!("`{field}`")).unwrap_or_default();
    items.iter().filter_map(|it| rule(page, it)).collect()
}

fn rule(page: &mut Page<'_, '_>, node: &Node) -> Option<RelabelSpec> {
    let fields = page.fields(node, "a relabel rule", &FIELDS)?;
    let written = page.maybe(&fields, "action").map(|it| it.text.to_ascii_lowercase());
    let (action, needs) = match (fields.get("action"), written) {
        (Some(node), Some(word)) => match ACTIONS.iter().find(|(name, _)| *name == word) {
            Some((_, found)) => *found,
            None => page.word(node, "`action`", &ACTIONS)?,
        },
        _ => ("replace", Needs::Target),
    };
    let source_labels = page.texts(&fields, "source_labels");
    let regex = regex(page, &fields)?;
    let modulus = page.whole_number(&fields, "modulus", 1, u32::MAX);
    let target = page.maybe(&fields, "target_label").map_or("", |it| it.text);
    let missing = match needs {
        Needs::Target | Needs::TargetAndModulus if target.is_empty() => Some("target_label"),
        Needs::TargetAndModulus if modulus.is_none() => Some("modulus"),
        _ => None,
    };
    if let Some(field) = missing {
        let owner = "a rule with this action";
        let example = if field == "modulus" { "modulus: 8" } else { "target_label: instance" };
        page.report(&Mistake::MissingField { owner, field, example, at: fields.at });
        return None;
    }
    if needs == Needs::OnlyRegex {
        let others = ["source_labels", "separator", "modulus", "target_label", "replacement"];
        if let Some(other) = others.into_iter().find(|it| fields.get(it).is_some()) {
            let (owner, at) = ("a rule about the names of labels", fields.key(other));
            page.report(&Mistake::Conflict { owner, one: "action", other, at });
            return None;
        }
    }
    Some(RelabelSpec {
        action: action.to_owned(),
        source_labels: source_labels.iter().map(|it| it.text.to_owned()).collect(),
        separator: page.maybe(&fields, "separator").map_or(";", |it| it.text).to_owned(),
        regex,
        modulus: u64::from(modulus.unwrap_or(0)),
        target_label: target.to_owned(),
        replacement: page.maybe(&fields, "replacement").map_or("$1", |it| it.text).to_owned(),
    })
}

fn regex(page: &mut Page<'_, '_>, fields: &Fields<'_>) -> Option<String> {
    let Some(node) = fields.get("regex") else { return Some("(.*)".to_owned()) };
    // YAML takes `true` and `5` for more than text, and here they are text.
    let text = match &node.value {
        crate::node::Value::Bool(text) => crate::fields::Text { text, span: node.span },
        _ => page.scalar(node, "`regex`")?,
    };
    let whole = format!("^(?s:{})$", text.text);
    match regex::RegexBuilder::new(&whole).size_limit(REGEX_BYTES_MAX).build() {
        Ok(_) => Some(text.text.to_owned()),
        Err(error) => {
            let shown = error.to_string();
            let problem = shown.lines().last().unwrap_or("").trim_start_matches("error: ");
            let (problem, at) = (problem.to_owned(), text.span);
            page.report(&Mistake::BadRegex { problem, at });
            None
        }
    }
}
