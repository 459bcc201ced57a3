use super::check;
use crate::repository::File;

const GOOD: &str = "\
[package]
name = \"nines-slo\"
description = \"SLIs\"
edition.workspace = true
license.workspace = true
publish.workspace = true
rust-version.workspace = true
version.workspace = true

[lib]
doctest = false

[lints]
workspace = true

[dependencies]
# A reason.
jiff.workspace = true
tokio = { workspace = true, features = [\"test-util\"] }

[dev-dependencies]
expect-test.workspace = true
";

fn problems_of(manifest: &str) -> Vec<String> {
    let file = |path: &str, text: &str| File { path: path.to_owned(), text: text.to_owned() };
    let mut problems = Vec::new();
    let manifest = file("crates/nines-slo/Cargo.toml", manifest);
    check(
        &[manifest, file("crates/nines-slo/src/lib.rs", ""), file("Cargo.toml", "")],
        &mut problems,
    );
    let prefix = "crates/nines-slo/Cargo.toml: ";
    problems.iter().map(|it| it.strip_prefix(prefix).unwrap().to_owned()).collect()
}

#[test]
fn the_form_has_no_problems() {
    assert!(problems_of(GOOD).is_empty(), "{:?}", problems_of(GOOD));
}

#[test]
fn each_departure_from_the_form_is_a_problem() {
    let check = |from: &str, to: &str, problem: &str| {
        assert!(GOOD.contains(from), "{from}");
        assert_eq!(problems_of(&GOOD.replace(from, to)), [problem]);
    };
    check(
        "version.workspace = true\n\n",
        "version = \"1.0.0\"\n\n",
        "[package] needs `version.workspace = true`",
    );
    check("description = \"SLIs\"\n", "", "[package] needs a description");
    check("[lints]\nworkspace = true\n", "", "[lints] needs `workspace = true`");
    check("doctest = false", "test = false", "[lib] needs `doctest = false`");
    check("[lib]", "[features]\n\n[lib]", "[features]: nines has no features");
    check("jiff.workspace = true", "zstd.workspace = true", "[dependencies] is not sorted");
    check(
        "expect-test.workspace = true",
        "expect-test = \"1.5\"",
        "[dev-dependencies] `expect-test = \"1.5\"`: the version belongs into the workspace's table",
    );
}
