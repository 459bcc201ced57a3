//! Every rule of OpenSLO that a document can break, and what its documents become.

use std::fmt::Write as _;

use expect_test::expect_file;
use nines_spec::{Level, Reading, SourceFile, read_files};

const V1: &str = include_str!("openslo/v1.yaml");
const V1ALPHA: &str = include_str!("openslo/v1alpha.yaml");
const V2ALPHA: &str = include_str!("openslo/v2alpha.yaml");
/// A rule in each line: its name, the version, what is replaced by what.
const RULES: &str = include_str!("openslo/rules.txt");

fn read(text: &str) -> Reading {
    // Somebody is paged, so that findings are about OpenSLO alone.
    let people = SourceFile {
        path: "z.yaml".to_owned(),
        text: "apiVersion: nines/v1\nkind: Person\nmetadata: {name: ana}\nspec: {contacts: [inbox: {}]}\n---\n\
               apiVersion: nines/v1\nkind: Escalation\nmetadata: {name: on-call}\n\
               spec: {steps: [{notify: [person: ana], wait: 10m}]}\n---\n\
               apiVersion: nines/v1\nkind: Routing\nspec: {routes: [{escalation: on-call}]}\n"
            .to_owned(),
    };
    read_files(vec![SourceFile { path: "openslo.yaml".to_owned(), text: text.to_owned() }, people])
}

fn lines(reading: &Reading) -> String {
    reading.findings.iter().fold(String::new(), |mut out, it| {
        let (level, code, at) = (it.level, &it.code, format!("{}:{}", it.line, it.column));
        writeln!(out, "  {level} {code} {at} {}; {}", it.message, it.help).unwrap();
        out
    })
}

#[test]
fn every_rule_that_a_document_can_break_is_found_at_its_place() {
    let mut shown = String::new();
    for line in RULES.lines().filter(|it| !it.starts_with('#') && !it.is_empty()) {
        let parts: Vec<&str> = line.split(" | ").collect();
        let [version, rule, from, to] = parts.as_slice() else { panic!("{line}") };
        let base = match *version {
            "v1" => V1,
            "v1alpha" => V1ALPHA,
            "v2alpha" => V2ALPHA,
            _ => panic!("{line}"),
        };
        let from = from.replace("\\n", "\n");
        assert_eq!(base.matches(&from).count(), 1, "{from} in {version}");
        let reading = read(&base.replace(&from, &to.replace("\\n", "\n")));
        let before = read(base);
        let is_new = |it: &&nines_spec::Finding| {
            before
                .findings
                .iter()
                .all(|other| other.message != it.message || it.level == Level::Error)
        };
        let new = Reading {
            findings: reading.findings.iter().filter(is_new).cloned().collect(),
            ..reading.clone()
        };
        assert!(reading.has_errors() || rule.contains("(warning)"), "{rule}\n{}", lines(&reading));
        write!(shown, "{version}: {rule}\n{}", lines(&new)).unwrap();
    }
    expect_file!["openslo/rules.expected"].assert_eq(&shown);
}

#[test]
fn documents_of_every_version_become_slos() {
    let mut shown = String::new();
    for (version, text) in [("v1", V1), ("v1alpha", V1ALPHA), ("v2alpha", V2ALPHA)] {
        let reading = read(text);
        assert!(!reading.has_errors(), "{version}\n{}", lines(&reading));
        write!(shown, "{version}\n{}", lines(&reading)).unwrap();
        for slo in &reading.spec.slos {
            writeln!(shown, "  {} {:?}", slo.name, slo.method).unwrap();
            writeln!(shown, "    {:?}", slo.sli.kind).unwrap();
            for goal in &slo.goals {
                let pairs = goal.alerting.pairs.iter();
                let pairs: Vec<String> = pairs
                    .map(|it| {
                        format!("{} {} over {:?}/{:?}", it.severity, it.factor, it.long, it.short)
                    })
                    .collect();
                let (target, window) = (goal.latest(), &goal.window);
                let who = goal.alerting.escalation.as_deref().unwrap_or("routing");
                let pairs = pairs.join(", ");
                writeln!(shown, "    {} {target} {window} {who}: {pairs}", goal.objective).unwrap();
            }
        }
    }
    expect_file!["openslo/documents.expected"].assert_eq(&shown);
}
