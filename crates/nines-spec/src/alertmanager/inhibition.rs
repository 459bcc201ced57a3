//! `inhibit_rules`.

use nines_alert::inhibit::Rule;

use super::matchers;
use crate::draft::Page;
use crate::mistake::Mistake;
use crate::node::Node;

const FIELDS: [&str; 8] = [
    "name",
    "source_match",
    "source_match_re",
    "source_matchers",
    "target_match",
    "target_match_re",
    "target_matchers",
    "equal",
];

pub(super) fn read(page: &mut Page<'_, '_>, node: &Node) -> Option<Rule> {
    let fields = page.fields(node, "an inhibition rule", &FIELDS)?;
    let source = ["source_matchers", "source_match", "source_match_re"];
    let source = matchers(page, &fields, source);
    let target = ["target_matchers", "target_match", "target_match_re"];
    let target = matchers(page, &fields, target);
    let equal = page.texts(&fields, "equal");
    let mut names = Vec::new();
    for text in equal {
        if text.text.is_empty() {
            page.report(&Mistake::BadLabelName { name: String::new(), at: text.span });
        } else {
            names.push(text.text.to_owned());
        }
    }
    let name = page.maybe(&fields, "name").map_or("", |it| it.text).to_owned();
    let rule = Rule::new(source?, target?, names);
    Some(Rule { name, origin: page.origin(fields.at), ..rule })
}
