//! Whether two texts say the same: the same values, and the same words and comments.

use crate::node::{self, Node, Value};

/// Whether two documents do. The order of their outermost fields does not matter.
pub(super) fn is_same(one: &str, other: &str) -> bool {
    let trees = (node::parse(one, 0), node::parse(other, 0));
    let (Ok(before), Ok(after)) = trees else { return false };
    outer(&before) == outer(&after) && words(one) == words(other)
}

/// Whether two files do, document by document.
pub(super) fn is_same_stream(one: &str, other: &str) -> bool {
    let (before, after) = (node::documents(one), node::documents(other));
    before.len() == after.len()
        && before
            .iter()
            .zip(&after)
            .all(|((_, one), (_, other))| one == other || is_same(one, other))
}

/// All lines that say something, in any order.
fn words(text: &str) -> Vec<&str> {
    let mut lines: Vec<&str> = text.lines().map(str::trim).filter(|it| !it.is_empty()).collect();
    lines.sort_unstable();
    lines
}

/// A tree without places.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Bare {
    Null,
    Number(String),
    Bool(String),
    Text(String),
    List(Vec<Bare>),
    Map(Vec<(String, Bare)>),
}

fn outer(node: &Node) -> Bare {
    match bare(node) {
        Bare::Map(mut entries) => {
            entries.sort();
            Bare::Map(entries)
        }
        other => other,
    }
}

fn bare(node: &Node) -> Bare {
    match &node.value {
        Value::Null => Bare::Null,
        Value::Number(it) => Bare::Number(it.clone()),
        Value::Bool(it) => Bare::Bool(it.clone()),
        Value::Text(it) => Bare::Text(it.clone()),
        Value::List(items) => Bare::List(items.iter().map(bare).collect()),
        Value::Map(entries) => {
            Bare::Map(entries.iter().map(|(key, it)| (key.text.clone(), bare(it))).collect())
        }
    }
}
