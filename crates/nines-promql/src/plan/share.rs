//! Common sub-expressions: what occurs more than once in a query is evaluated once.

use std::collections::BTreeMap;

use super::Node;
use super::explain::identity;

/// Marks what occurs more than once and reads series.
pub(super) fn share(mut root: Node) -> Node {
    let mut counts = BTreeMap::new();
    count(&root, &mut counts);
    if counts.values().any(|it| *it > 1) {
        let mut ids = BTreeMap::new();
        mark(&mut root, 1, &counts, &mut ids);
    }
    root
}

/// Whether a value of its own can be kept: range vectors exist only inside of functions.
fn is_candidate(node: &Node) -> bool {
    match node {
        Node::Selector(_) | Node::Aggregate(_) | Node::Binary(_) | Node::Negate(_) => {
            reads_series(node)
        }
        // The second argument of `info` is no vector of its own.
        Node::Call(it) => reads_series(node) && it.name != "info",
        _ => false,
    }
}

fn reads_series(node: &Node) -> bool {
    matches!(node, Node::Selector(_) | Node::Range(_))
        || node.children().into_iter().any(reads_series)
}

/// The operands that have a value of their own.
fn operands(node: &Node) -> Vec<&Node> {
    match node {
        Node::Call(it) if is_lent(it.name) => Vec::new(),
        _ => node.children(),
    }
}

/// Functions that look at their argument instead of its value.
fn is_lent(name: &str) -> bool {
    matches!(name, "info" | "absent" | "absent_over_time" | "timestamp")
}

fn count(node: &Node, counts: &mut BTreeMap<String, usize>) {
    if is_candidate(node) {
        *counts.entry(identity(node)).or_default() += 1;
    }
    for operand in operands(node) {
        count(operand, counts);
    }
}

/// `above` is how often the nearest marked node above occurs: what is only part of it needs no mark.
fn mark(
    node: &mut Node,
    above: usize,
    counts: &BTreeMap<String, usize>,
    ids: &mut BTreeMap<String, usize>,
) {
    let mut own = above;
    if is_candidate(node) {
        let identity = identity(node);
        let occurs = counts.get(&identity).copied().unwrap_or(1);
        if occurs > above {
            own = occurs;
            let next = ids.len() + 1;
            let id = *ids.entry(identity).or_insert(next);
            let of = std::mem::replace(node, Node::Number(0.0));
            *node = Node::Shared(id, Box::new(of));
        }
    }
    let inner = match node {
        Node::Shared(_, of) => of,
        _ => node,
    };
    if let Node::Call(it) = inner
        && is_lent(it.name)
    {
        return;
    }
    for child in inner.children_mut() {
        mark(child, own, counts, ids);
    }
}
