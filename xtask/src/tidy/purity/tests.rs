use super::{check_exceptions, check_sources};
use crate::repository::{Edge, File, Purpose};

fn edge(from: &str, to: &str, purpose: Purpose) -> Edge {
    Edge { from: from.to_owned(), to: to.to_owned(), purpose }
}

fn source_problems(path: &str, text: &str) -> Vec<String> {
    let mut problems = Vec::new();
    check_sources(&[File { path: path.to_owned(), text: text.to_owned() }], &mut problems);
    problems
}

#[test]
fn a_dependency_that_reaches_out_is_a_problem_in_a_pure_crate() {
    let edges = [
        edge("nines-slo", "tokio", Purpose::Product),
        edge("nines-slo", "serde", Purpose::Product),
        edge("nines-slo", "nines-base", Purpose::Product),
        edge("nines-slo", "proptest", Purpose::Tests),
        edge("nines-server", "tokio", Purpose::Product),
    ];
    let mut problems = Vec::new();
    check_exceptions(&edges, &[], &mut problems);
    assert_eq!(problems, ["nines-slo is pure and must not depend on tokio"]);
}

#[test]
fn an_exception_grants_one_dependency_to_one_crate_and_is_taken_back_when_unused() {
    let exceptions = [("nines-base", "regex"), ("nines-slo", "regex")];
    let edges = [
        edge("nines-base", "regex", Purpose::Product),
        edge("nines-slo", "regex", Purpose::Tests),
        edge("nines-alert", "regex", Purpose::Product),
    ];
    let mut problems = Vec::new();
    check_exceptions(&edges, &exceptions, &mut problems);
    let expected = [
        "nines-alert is pure and must not depend on regex",
        "nines-slo no longer uses regex; take it out of PURE_EXCEPTIONS",
    ];
    assert_eq!(problems, expected);
}

#[test]
fn a_clock_or_async_in_a_pure_source_is_a_problem_with_its_line() {
    let text = "//! Timestamp::now\nlet now = Timestamp::now();\nasync fn f() {}\n\"tokio\"";
    let expected = [
        "crates/nines-slo/src/a.rs:3: `async fn` in a pure crate",
        "crates/nines-slo/src/a.rs:2: `Timestamp::now` in a pure crate",
    ];
    assert_eq!(source_problems("crates/nines-slo/src/a.rs", text), expected);
}

#[test]
fn tests_and_higher_layers_may_reach_out() {
    assert!(source_problems("crates/nines-slo/src/a/tests.rs", "std::fs").is_empty());
    assert!(source_problems("crates/nines-store/src/a.rs", "std::fs").is_empty());
}
