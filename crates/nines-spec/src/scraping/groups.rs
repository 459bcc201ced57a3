//! Files of `file_sd_configs` that are YAML.

use std::collections::BTreeMap;

use super::TargetGroupSpec;
use crate::finding::line_and_column;
use crate::node::{Node, Value, parse};

/// Reads `- targets: [host:port]` with `labels: {name: value}`.
///
/// # Errors
/// The first mistake with its line, as a sentence.
pub fn read_target_groups(text: &str) -> Result<Vec<TargetGroupSpec>, String> {
    let line = |at: usize| line_and_column(text, at).0;
    let root =
        parse(text, 0).map_err(|it| format!("line {}: {}", line(it.at.start), it.problem))?;
    let wrong = |node: &Node, expected: &str| {
        format!("line {}: {} instead of {expected}", line(node.anchor().start), node.kind())
    };
    let groups = match &root.value {
        Value::Null => return Ok(Vec::new()),
        Value::List(groups) => groups,
        _ => return Err(wrong(&root, "a list of groups")),
    };
    let text_of = |node: &Node| match &node.value {
        Value::Text(text) | Value::Number(text) | Value::Bool(text) => Ok(text.clone()),
        _ => Err(wrong(node, "text")),
    };
    let mut out = Vec::new();
    for group in groups {
        let Value::Map(fields) = &group.value else {
            return Err(wrong(group, "a group with `targets`"));
        };
        let mut found = TargetGroupSpec { targets: Vec::new(), labels: BTreeMap::new() };
        for (key, node) in fields {
            match (key.text.as_str(), &node.value) {
                (_, Value::Null) => {}
                ("targets", Value::List(items)) => {
                    found.targets = items.iter().map(text_of).collect::<Result<_, _>>()?;
                }
                ("targets", _) => return Err(wrong(node, "a list of targets")),
                ("labels", Value::Map(entries)) => {
                    for (name, value) in entries {
                        found.labels.insert(name.text.clone(), text_of(value)?);
                    }
                }
                ("labels", _) => return Err(wrong(node, "labels")),
                (other, _) => {
                    let line = line(key.span.start);
                    return Err(format!("line {line}: unknown field `{other}`"));
                }
            }
        }
        out.push(found);
    }
    Ok(out)
}

#[cfg(test)]
mod tests;
