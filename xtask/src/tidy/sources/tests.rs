use super::{check_module_docs, check_unsafe};
use crate::repository::File;

fn file(path: &str, text: &str) -> File {
    File { path: path.to_owned(), text: text.to_owned() }
}

#[test]
fn a_module_without_docs_is_a_problem_and_a_test_is_none() {
    let files = [
        file("crates/a/src/lib.rs", "\n//! Its job.\n"),
        file("crates/a/src/b.rs", "use c;\n//! Too late.\n"),
        file("crates/a/src/b/tests.rs", "use super::*;\n"),
        file("crates/a/src/b.txt", ""),
    ];
    let mut problems = Vec::new();
    check_module_docs(&files, &mut problems);
    assert_eq!(problems, ["crates/a/src/b.rs:1: no module docs; begin with `//! `"]);
}

#[test]
fn unsafe_without_an_argument_or_in_another_crate_is_a_problem() {
    let argued = "// SAFETY: the map lives as long as `file`,\n// which nobody truncates.\n#[expect(unsafe_code)]\nunsafe { map() }\n";
    let files = [
        file("crates/nines-tsdb/src/a.rs", argued),
        file("crates/nines-tsdb/src/b.rs", "// SAFETY: too far\n\nunsafe { map() }\n"),
        file("crates/nines/src/main.rs", argued),
        file("crates/nines/src/b.rs", "// unsafe in a comment"),
    ];
    let mut problems = Vec::new();
    check_unsafe(&files, &mut problems);
    let expected = [
        "crates/nines-tsdb/src/b.rs:3: `unsafe` without `// SAFETY:` above it",
        "crates/nines/src/main.rs:4: `unsafe` outside of crates/nines-tsdb/src/",
    ];
    assert_eq!(problems, expected);
}
