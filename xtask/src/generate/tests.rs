use expect_test::expect;

use super::{PARTS, check, crates, renewed};
use crate::repository::File;

fn file(path: &str, text: &str) -> File {
    File { path: path.to_owned(), text: text.to_owned() }
}

#[test]
fn a_part_is_renewed_between_its_marks_only() {
    let part = super::Part { path: "a.md", name: "x", make: |_| "new\n".to_owned() };
    let text = "before\n<!-- x: written by cargo xtask gen -->\nold\n<!-- /x -->\nafter\n";
    let expected = "before\n<!-- x: written by cargo xtask gen -->\nnew\n<!-- /x -->\nafter\n";
    assert_eq!(renewed(text, &part, &[]).as_deref(), Some(expected));
    assert_eq!(renewed("no marks", &part, &[]), None);
}

#[test]
fn a_stale_part_is_a_problem_that_says_what_to_run() {
    let stale =
        file("ARCHITECTURE.md", "<!-- crates: written by cargo xtask gen -->\n<!-- /crates -->");
    let mut problems = Vec::new();
    check(std::slice::from_ref(&stale), &mut problems);
    assert_eq!(problems, ["ARCHITECTURE.md: `crates` is not current; run `cargo xtask gen`"]);

    problems.clear();
    let current = renewed(&stale.text, &PARTS[0], &[]).unwrap();
    check(&[file("ARCHITECTURE.md", &current)], &mut problems);
    assert!(problems.is_empty());
}

#[test]
fn the_table_of_crates_has_the_descriptions_of_the_manifests() {
    let manifest = file("crates/nines-base/Cargo.toml", "[package]\ndescription = \"Words\"\n");
    let table = crates(&[manifest]);
    let lines: Vec<&str> = table.lines().take(3).collect();
    expect![[r#"
        | layer | crate | job |
        |---|---|---|
        | 0 | `nines-base` | Words |"#]]
    .assert_eq(&lines.join("\n"));
}
