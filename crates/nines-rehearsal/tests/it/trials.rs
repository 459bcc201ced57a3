//! Each file of `trials` is played; what comes of it is in the `.txt` beside it.

use std::fs;
use std::path::{Path, PathBuf};

use expect_test::expect_file;
use nines_rehearsal::{Setup, play};
use nines_server::engine_config;
use nines_spec::{Style, read_tests, render};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/trials")
}

/// The findings and the verdicts of a file of tests.
fn played(path: &Path) -> String {
    let file = read_tests(path).unwrap();
    let mut out = String::new();
    if !file.findings.is_empty() {
        out.push_str(&render(&file.findings, &file.sources, Style::Unicode));
    }
    if file.has_errors() {
        return out;
    }
    for test in &file.tests {
        let setup = Setup::new(&test.spec, engine_config(&test.spec));
        let verdict = play(&test.case, &setup).unwrap();
        let word = if verdict.failures.is_empty() { "passed" } else { "failed" };
        out.push_str(&format!("{word}: {}\n", verdict.name));
        for it in &verdict.failures {
            out.push_str(&format!("  {}\n", it.to_string().replace('\n', "\n  ")));
        }
    }
    out
}

#[test]
fn every_trial_ends_as_it_is_written_down() {
    let mut count = 0;
    for entry in fs::read_dir(folder()).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap();
        if path.extension().is_none_or(|it| it != "yaml") || !name.ends_with("_test") {
            continue;
        }
        expect_file![path.with_extension("txt")].assert_eq(&played(&path));
        count += 1;
    }
    assert!(4 <= count, "{count} trials are too few");
}

#[test]
fn the_example_is_green() {
    let path =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/tests/checkout_test.yaml");
    assert_eq!(played(&path), "passed: a bad release breaks checkout for 20 minutes\n");
}

#[test]
fn the_example_of_alerts_and_people_is_green() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../examples/tests/alert_to_person_test.yaml");
    let played = played(&path);
    assert_eq!(played.lines().filter(|it| it.starts_with("passed: ")).count(), 3, "{played}");
    assert_eq!(played.lines().count(), 3, "{played}");
}

#[test]
fn the_same_test_has_the_same_verdict_every_time() {
    let path = folder().join("red_test.yaml");
    assert_eq!(played(&path), played(&path));
}
