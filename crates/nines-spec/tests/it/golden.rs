//! Golden cases: files in, the rendered findings out.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use expect_test::expect_file;
use nines_spec::{
    FILE_BYTES_MAX, FILES_MAX, FINDINGS_MAX, Reading, RuleTests, SourceFile, Spec, Style, TestFile,
    codes, explain, read_dir, read_files, read_rule_tests, read_tests, render,
};

fn cases() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/cases")
}

fn source(path: &str, text: String) -> SourceFile {
    SourceFile { path: path.to_owned(), text }
}

/// Each case with its name, in order.
fn readings() -> Vec<(String, Reading)> {
    let mut readings = Vec::new();
    for entry in fs::read_dir(cases()).unwrap() {
        let path = entry.unwrap().path();
        let (file, stem) = (path.file_name().unwrap(), path.file_stem().unwrap());
        let (file, name) = (file.to_str().unwrap(), stem.to_str().unwrap().to_owned());
        let text = || fs::read_to_string(&path).unwrap();
        match path.extension().and_then(|it| it.to_str()) {
            Some("yaml") if name.starts_with("rule_test_") => {
                let RuleTests { findings, sources, .. } = read_rule_tests(&path).unwrap();
                readings.push((name, Reading { spec: Spec::default(), findings, sources }));
            }
            Some("yaml") if name.starts_with("test_") => {
                let TestFile { findings, sources, .. } = read_tests(&path).unwrap();
                readings.push((name, Reading { spec: Spec::default(), findings, sources }));
            }
            Some("yaml") => readings.push((name, read_files(vec![source(file, text())]))),
            Some("md") => {
                let place = format!("runbooks/{file}");
                readings.push((name, read_files(vec![source(&place, text())])));
            }
            None => readings.push((name, read_dir(&path).unwrap())),
            Some(_) => {}
        }
    }
    readings.extend(made());
    readings.sort_by(|one, other| one.0.cmp(&other.0));
    readings
}

/// Cases that are too large, or too broken, to lie in a repository.
fn made() -> Vec<(String, Reading)> {
    let large = source("large.yaml", "#".repeat(FILE_BYTES_MAX + 1));
    let many = (0..=FILES_MAX).map(|it| source(&format!("{it:05}.yaml"), String::new())).collect();
    let mistakes = "1\n---\n".repeat(900) + &"1: 2\n---\n".repeat(90);
    let mistakes = [source("a.yaml", mistakes.clone()), source("b.yaml", mistakes)];
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("latin1.yaml"), b"# caf\xe9\n").unwrap();
    vec![
        ("file_too_large".to_owned(), read_files(vec![large])),
        ("too_many_files".to_owned(), read_files(many)),
        ("too_many_findings".to_owned(), last_of(read_files(mistakes.into()))),
        ("not_utf8".to_owned(), read_dir(folder.path()).unwrap()),
    ]
}

/// A thousand pictures would be no golden file.
fn last_of(mut reading: Reading) -> Reading {
    assert_eq!(reading.findings.len(), FINDINGS_MAX + 1);
    reading.findings.retain(|it| it.code == "N0006");
    reading
}

#[test]
fn every_mistake_is_shown_with_its_place_its_consequence_and_a_fix() {
    for (name, reading) in readings() {
        let shown = render(&reading.findings, &reading.sources, Style::Unicode);
        expect_file![cases().join(format!("{name}.txt"))].assert_eq(&shown);
    }
}

#[test]
fn every_code_has_a_page_and_a_golden_case() {
    let shown: BTreeSet<String> =
        readings().iter().flat_map(|(_, it)| &it.findings).map(|it| it.code.clone()).collect();
    let pages: BTreeSet<String> = codes().map(str::to_owned).collect();
    let mistakes = fs::read_to_string(cases().join("../../../src/mistake.rs")).unwrap();
    let written: BTreeSet<String> = mistakes
        .split("code(")
        .skip(1)
        .filter_map(|it| it.split(')').next())
        .map(str::to_owned)
        .collect();
    assert_eq!(written, shown, "codes of mistake.rs against golden cases");
    assert_eq!(written, pages, "codes of mistake.rs against pages.md");
    for code in written {
        let page = explain(&code).unwrap();
        for part in ["Cause", "Example", "Fix"] {
            assert!(page.contains(&format!("**{part}**")), "{code} has no {part}");
        }
    }
}

#[test]
fn every_golden_text_has_its_case() {
    let names: BTreeSet<String> = readings().into_iter().map(|(name, _)| name).collect();
    for entry in fs::read_dir(cases()).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap();
        assert!(names.contains(name), "{path:?} belongs to no case");
    }
}

#[test]
fn findings_are_sorted_by_file_and_place() {
    for (name, reading) in readings() {
        let places: Vec<_> =
            reading.findings.iter().map(|it| (&it.file, it.line, it.column)).collect();
        assert!(places.is_sorted(), "{name}: {places:?}");
    }
}
