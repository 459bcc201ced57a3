//! The direction of dependencies. What the layers mean is in `ARCHITECTURE.md`.

#[cfg(test)]
mod tests;

use crate::repository::{Edge, Purpose, Tree};

/// The layers, bottom first. A crate may depend on crates of lower layers only.
pub(crate) const LAYERS: &[&[&str]] = &[
    &["nines-base"],
    &["nines-port", "nines-promql"],
    &[
        "nines-alert",
        "nines-incident",
        "nines-oncall",
        "nines-release",
        "nines-runbook",
        "nines-slo",
    ],
    &["nines-http"],
    &[
        "nines-engine",
        "nines-ingest",
        "nines-notify",
        "nines-runner",
        "nines-spec",
        "nines-store",
        "nines-tsdb",
    ],
    &["nines-demo", "nines-rehearsal", "nines-server", "nines-sim"],
    &["nines"],
];

/// Every member of the workspace but this program has a layer, and depends downwards.
pub(super) fn check(tree: &Tree, problems: &mut Vec<String>) {
    let members = || tree.packages.iter().filter(|it| it.is_member).map(|it| it.name.as_str());
    for name in members().filter(|it| *it != "xtask" && layer(it).is_none()) {
        problems.push(format!("{name} has no layer; add it to LAYERS"));
    }
    for name in
        LAYERS.iter().copied().flatten().filter(|it| !members().any(|member| member == **it))
    {
        problems.push(format!("{name} is in LAYERS, and there is no such crate; take it out"));
    }
    check_edges(&tree.edges, problems);
}

fn check_edges(edges: &[Edge], problems: &mut Vec<String>) {
    for Edge { from, to, purpose } in edges {
        let (Some(above), Some(below)) = (layer(from), layer(to)) else { continue };
        // Tests may use a neighbour: the engine's tests need a journal.
        let is_allowed = below < above || (*purpose == Purpose::Tests && below == above);
        if !is_allowed {
            problems.push(format!("{from} must not depend on {to}: its layer is not lower"));
        }
    }
}

/// Counts from 0 at the bottom.
pub(super) fn layer(name: &str) -> Option<usize> {
    LAYERS.iter().position(|it| it.contains(&name))
}
