use super::{check, is_allowed};
use crate::repository::Package;

#[test]
fn expressions_are_read_as_spdx_means_them() {
    for allowed in [
        "MIT",
        "MIT/Apache-2.0",
        "MIT OR GPL-3.0-only",
        "(MIT OR Apache-2.0) AND Unicode-3.0",
        "GPL-3.0-only AND MIT OR MIT",
        "Apache-2.0 WITH LLVM-exception",
    ] {
        assert!(is_allowed(allowed), "{allowed}");
    }
    for refused in
        ["GPL-3.0-only", "MIT AND GPL-3.0-only", "(MIT", "MIT)", "", "MIT OR", "MIT WITH", "AND"]
    {
        assert!(!is_allowed(refused), "{refused}");
    }
}

#[test]
fn a_package_without_a_licence_or_with_another_is_a_problem() {
    let package = |name: &str, licence: Option<&str>| Package {
        name: name.to_owned(),
        version: "1.0.0".to_owned(),
        licence: licence.map(str::to_owned),
        is_member: false,
    };
    let mut problems = Vec::new();
    check(
        &[package("a", None), package("b", Some("SSPL-1.0")), package("c", Some("MIT"))],
        &mut problems,
    );
    let expected = ["a 1.0.0 names no licence", "b 1.0.0: the licence `SSPL-1.0` is not allowed"];
    assert_eq!(problems, expected);
}
