use super::{PACKAGES_MAX, check_count, check_listed};
use crate::repository::Package;

fn package(name: &str, version: &str) -> Package {
    Package { name: name.to_owned(), version: version.to_owned(), licence: None, is_member: false }
}

#[test]
fn an_unlisted_duplicate_and_a_stale_exception_are_problems() {
    let packages = [
        package("a", "1.0.0"),
        package("a", "2.0.0"),
        package("b", "1.0.0"),
        package("b", "2.0.0"),
        package("c", "1.0.0"),
    ];
    let mut problems = Vec::new();
    check_listed(&packages, &[("b", "why"), ("c", "why")], &mut problems);
    let expected = [
        "a is there as 1.0.0 and 2.0.0; `cargo tree -i a` says for whom",
        "c is there once; take it out of DUPLICATES",
    ];
    assert_eq!(problems, expected);
}

#[test]
fn too_many_packages_are_a_problem() {
    let mut packages = vec![package("a", "1.0.0"); PACKAGES_MAX];
    let mut problems = Vec::new();
    check_count(&packages, &mut problems);
    assert!(problems.is_empty());
    packages.push(package("b", "1.0.0"));
    check_count(&packages, &mut problems);
    assert_eq!(problems, ["386 packages; at most 385 are allowed"]);
}
