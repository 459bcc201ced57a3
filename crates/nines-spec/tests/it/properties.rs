//! Laws that hold for any text.

use nines_spec::{Reading, SourceFile, Style, fix, format, read_files, render};
use proptest::prelude::*;

fn read(path: &str, text: String) {
    let reading = read_files(vec![SourceFile { path: path.to_owned(), text }]);
    for style in [Style::Plain, Style::Unicode, Style::Color] {
        render(&reading.findings, &reading.sources, style);
    }
}

/// A working configuration with one piece of text put into it.
fn damaged() -> impl Strategy<Value = String> {
    let whole = include_str!("../../../../examples/minimal/nines.yaml");
    (any::<prop::sample::Index>(), 0..40_usize, "\\PC{0,12}").prop_map(|(at, cut, put)| {
        let chars: Vec<char> = whole.chars().collect();
        let at = at.index(chars.len());
        let before = chars.iter().take(at);
        let after = chars.iter().skip(at + cut);
        before.copied().chain(put.chars()).chain(after.copied()).collect()
    })
}

/// What a text says, without where: the configuration, and every finding.
fn said(text: &str) -> (String, Vec<(String, String)>) {
    let file = SourceFile { path: "a.yaml".to_owned(), text: text.to_owned() };
    let Reading { mut spec, findings, .. } = read_files(vec![file]);
    spec.revision.clear();
    let spec = std::format!("{spec:#?}");
    let lines = spec.lines().filter(|it| !it.trim_start().starts_with("line:"));
    // Messages may name lines, of things that are there twice.
    let has_line = |it: &str| it.contains(".yaml:");
    let mut findings: Vec<_> = findings.into_iter().map(|it| (it.code, it.message)).collect();
    findings.retain(|(_, message)| !has_line(message));
    findings.sort();
    (lines.collect::<Vec<_>>().join("\n"), findings)
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(100) })]

    #[test]
    fn any_text_is_read_without_panic(text in "\\PC{0,200}") {
        read("any.yaml", text.clone());
        read("runbooks/any.md", text);
    }

    #[test]
    fn anything_that_looks_like_yaml_is_read_without_panic(
        text in "([a-z]{0,4}[:{}\\[\\]\\-|>'\"&*!#%@,?~ü0-9.\n ]{0,3}){0,60}"
    ) {
        read("any.yaml", text.clone());
        read("any.yaml", format!("apiVersion: nines/v1\nkind: SLO\nspec:\n{text}"));
        read("runbooks/any.md", format!("---\n{text}\n---\n{text}"));
    }

    #[test]
    fn a_damaged_configuration_is_read_without_panic(text in damaged()) {
        read("any.yaml", text);
    }

    #[test]
    fn laying_out_changes_nothing_that_is_read_and_happens_once(text in damaged()) {
        let laid = format(&text);
        prop_assert_eq!(format(&laid), laid.clone());
        prop_assert_eq!(said(&text), said(&laid));
    }

    #[test]
    fn laying_out_changes_no_meaning_of_anything_that_looks_like_yaml(
        text in "((  ){0,3}(- )?([a-z]{1,2}: )?([a-z0-9 #|>'\"{}\\[\\],-]{0,6})\n){0,12}"
    ) {
        let laid = format(&text);
        prop_assert_eq!(format(&laid), laid.clone());
        let document = format!("apiVersion: nines/v1\nkind: SLO\nspec:\n{text}");
        prop_assert_eq!(said(&document), said(&format(&document)));
    }

    #[test]
    fn mending_leaves_nothing_to_mend_and_moves_no_line(text in damaged()) {
        let reading = read_files(vec![SourceFile { path: "a.yaml".to_owned(), text: text.clone() }]);
        for it in fix(reading) {
            prop_assert_eq!(it.before.lines().count(), it.after.lines().count());
            prop_assert!(!it.diff().is_empty());
        }
    }

    #[test]
    fn the_order_of_files_changes_nothing(
        texts in prop::collection::vec("(apiVersion: nines/v1\n|kind: SLO\n|---\n|a: 1\n){0,6}", 1..4)
    ) {
        let files: Vec<SourceFile> = texts
            .into_iter()
            .enumerate()
            .map(|(index, text)| SourceFile { path: format!("{index}.yaml"), text })
            .collect();
        let turned = files.iter().rev().cloned().collect();
        prop_assert_eq!(read_files(files), read_files(turned));
    }
}
