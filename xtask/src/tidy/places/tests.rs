use super::check;
use crate::repository::File;

fn problems_of(path: &str, text: &str) -> Vec<String> {
    let mut problems = Vec::new();
    check(&[File { path: path.to_owned(), text: text.to_owned() }], &mut problems);
    problems
}

#[test]
fn a_path_of_a_machine_is_a_problem_outside_of_tests() {
    let expected = ["README.md:2: `/tmp/` is a place of one machine or network"];
    assert_eq!(problems_of("README.md", "a\ncd /tmp/x\n"), expected);
    assert!(problems_of("crates/a/src/b/tests.rs", "/tmp/x").is_empty());
    assert!(problems_of("README.md", "/var/lib/nines").is_empty());
}

#[test]
fn a_host_of_a_registry_is_a_problem_everywhere() {
    assert_eq!(problems_of("crates/a/tests/it/main.rs", "https://registry.npmjs.org/x").len(), 1);
    assert_eq!(
        problems_of("tests/browser/package-lock.json", "  \"resolved\": \"https://x/y.tgz\",")
            .len(),
        1
    );
    assert_eq!(problems_of("Cargo.lock", "source = \"registry+https://mirror/\"").len(), 1);
    let default = "source = \"registry+https://github.com/rust-lang/crates.io-index\"";
    assert!(problems_of("Cargo.lock", default).is_empty());
}
