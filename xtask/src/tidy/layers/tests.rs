use super::{LAYERS, check, check_edges};
use crate::repository::{Edge, Package, Purpose, Tree};

fn problems_of(from: &str, to: &str, purpose: Purpose) -> Vec<String> {
    let mut problems = Vec::new();
    check_edges(&[Edge { from: from.to_owned(), to: to.to_owned(), purpose }], &mut problems);
    problems
}

#[test]
fn an_upward_or_sideward_dependency_is_a_problem() {
    let upward = problems_of("nines-slo", "nines-server", Purpose::Product);
    assert_eq!(upward, ["nines-slo must not depend on nines-server: its layer is not lower"]);
    assert_eq!(problems_of("nines-slo", "nines-alert", Purpose::Product).len(), 1);
    assert_eq!(problems_of("nines-slo", "nines-server", Purpose::Tests).len(), 1);
}

#[test]
fn a_downward_dependency_and_a_neighbour_in_tests_are_fine() {
    assert!(problems_of("nines-slo", "nines-base", Purpose::Product).is_empty());
    assert!(problems_of("nines-engine", "nines-store", Purpose::Tests).is_empty());
    assert!(problems_of("nines-engine", "serde", Purpose::Product).is_empty());
}

#[test]
fn a_crate_without_a_layer_and_a_layer_without_its_crate_are_problems() {
    let member = |name: &str| Package {
        name: name.to_owned(),
        version: String::new(),
        licence: None,
        is_member: true,
    };
    let mut packages: Vec<Package> =
        LAYERS.iter().copied().flatten().skip(1).map(|it| member(it)).collect();
    packages.push(member("nines-new"));
    let mut problems = Vec::new();
    check(&Tree { packages, edges: Vec::new() }, &mut problems);
    let expected = [
        "nines-new has no layer; add it to LAYERS",
        "nines-base is in LAYERS, and there is no such crate; take it out",
    ];
    assert_eq!(problems, expected);
}
