//! The examples of other tools, read into our own form: what comes out is right, and what is lost is told.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use expect_test::expect_file;
use nines_spec::{
    Import, ImportFormat, ImportOptions, Reading, RuleOptions, SourceFile, Style, export_rules,
    import, import_paths, read_files, render,
};
use proptest::prelude::*;

const FORMATS: [(&str, ImportFormat); 4] = [
    ("sloth", ImportFormat::Sloth),
    ("pyrra", ImportFormat::Pyrra),
    ("openslo", ImportFormat::OpenSlo),
    ("slo-generator", ImportFormat::SloGenerator),
];

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/import").join(name)
}

fn example(name: &str, format: ImportFormat) -> Import {
    let import = import_paths(format, &[folder(name)], &ImportOptions::default()).unwrap();
    let prefix = format!("{}/", folder(name).display());
    let shorten = |it: &str| it.replace(&prefix, "");
    let mut import = import;
    for it in &mut import.losses {
        it.origin.file = shorten(&it.origin.file);
    }
    for it in &mut import.findings {
        it.file = shorten(&it.file);
    }
    for it in &mut import.sources {
        it.path = shorten(&it.path);
    }
    import
}

/// As `nines check` reads what was written.
fn read_back(import: &Import) -> Reading {
    let mut files = import.files.clone();
    // OpenSLO names an escalation that stands beside it.
    if import.files.iter().any(|it| it.text.contains("escalation: on-call")) {
        let text = std::fs::read_to_string(folder("openslo/oncall.yaml")).unwrap();
        files.push(SourceFile { path: "oncall.yaml".to_owned(), text });
    }
    read_files(files)
}

#[test]
fn examples_of_other_tools_become_files_of_nines_and_reports_of_what_is_lost() {
    for (name, format) in FORMATS {
        let import = example(name, format);
        assert!(
            !import.has_errors(),
            "{}",
            render(&import.findings, &import.sources, Style::Plain)
        );
        let mut shown = String::new();
        for it in &import.files {
            write!(shown, "# {}\n{}\n", it.path, it.text).unwrap();
        }
        shown.push_str("# lost\n");
        for it in &import.losses {
            writeln!(
                shown,
                "{} {}: {}; {}; {}",
                it.origin, it.subject, it.what, it.why, it.instead
            )
            .unwrap();
        }
        shown.push_str("# findings\n");
        shown.push_str(&render(&import.findings, &import.sources, Style::Unicode));
        expect_file![format!("import/{name}.txt")].assert_eq(&shown);
    }
}

#[test]
fn what_comes_out_passes_the_check_and_says_the_same() {
    for (name, format) in FORMATS {
        let import = example(name, format);
        let reading = read_back(&import);
        assert!(
            reading.findings.is_empty(),
            "{name}: {}",
            render(&reading.findings, &reading.sources, Style::Plain)
        );
        let mut read = reading.spec.slos;
        let mut meant = import.slos;
        for it in read.iter_mut().chain(&mut meant) {
            it.origin = nines_base::Origin::default();
        }
        read.sort_by(|one, other| one.name.cmp(&other.name));
        meant.sort_by(|one, other| one.name.cmp(&other.name));
        assert_eq!(read, meant, "{name}");
        // And Prometheus could take it from there.
        assert!(
            export_rules(&read, RuleOptions::default()).text.contains("alert: SLOBurn"),
            "{name}"
        );
    }
}

#[test]
fn a_named_escalation_is_told() {
    let options = ImportOptions { escalation: Some("shop-primary".to_owned()) };
    let import = import_paths(ImportFormat::Pyrra, &[folder("pyrra")], &options).unwrap();
    assert!(import.files.iter().all(|it| it.path.starts_with("slo/")));
    assert!(import.files.iter().any(|it| it.text.contains("escalation: shop-primary")));
}

/// A word is put into, or cut out of, a file that is right.
fn damaged() -> impl Strategy<Value = (usize, String)> {
    let texts: Vec<String> = FORMATS
        .iter()
        .map(|(name, _)| {
            let mut files: Vec<_> = std::fs::read_dir(folder(name)).unwrap().collect();
            files.sort_by_key(|it| it.as_ref().unwrap().path());
            let yaml = files.into_iter().map(|it| it.unwrap().path());
            let yaml = yaml.filter(|it| it.extension().is_some_and(|it| it == "yaml"));
            yaml.map(|it| std::fs::read_to_string(it).unwrap()).collect::<Vec<_>>().join("---\n")
        })
        .collect();
    (0..FORMATS.len(), any::<prop::sample::Index>(), 0..30_usize, "\\PC{0,10}").prop_map(
        move |(format, at, cut, put)| {
            let chars: Vec<char> = texts[format].chars().collect();
            let at = at.index(chars.len());
            let text = chars[..at]
                .iter()
                .copied()
                .chain(put.chars())
                .chain(chars[at..].iter().skip(cut).copied());
            (format, text.collect())
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(200) })]

    #[test]
    fn a_damaged_file_of_any_tool_is_read_without_panic((format, text) in damaged()) {
        let source = SourceFile { path: "any.yaml".to_owned(), text };
        let import = import(FORMATS[format].1, vec![source], &ImportOptions::default());
        // What is written is always of our form.
        let reading = read_files(import.files.clone());
        for it in reading.findings.iter().filter(|it| ["N0001", "N0102", "N0103", "N0104"].contains(&it.code.as_str())) {
            prop_assert!(false, "{it:?}\n{}", import.files[0].text);
        }
    }
}
