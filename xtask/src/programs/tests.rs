use std::ffi::OsStr;

use super::{find_in, missing_peers};

#[test]
fn a_missing_peer_is_named_with_its_package() {
    let missing = missing_peers(OsStr::new(""));
    let expected = "the tests against promtool: no promtool; install the package prometheus";
    assert_eq!(missing.first().map(String::as_str), Some(expected));
    assert!(missing.iter().all(|it| it.contains("install the package")), "{missing:?}");
}

#[test]
fn a_program_is_found_in_the_first_folder_that_has_it() {
    let here = concat!(env!("CARGO_MANIFEST_DIR"), "/src");
    let found = find_in(OsStr::new(&format!("/nowhere:{here}")), "main.rs").unwrap();
    assert_eq!(found, std::path::Path::new(here).join("main.rs"));
    assert_eq!(find_in(OsStr::new(here), "no such program"), None);
}
