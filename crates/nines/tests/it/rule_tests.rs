//! Unit tests of rules: ours and promtool's verdict on the same files.

use std::path::{Path, PathBuf};
use std::process::Command;

use expect_test::expect;

use crate::process::{Output, nines};

pub(crate) fn here(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// Every test file that is green.
fn files() -> Vec<PathBuf> {
    let paths = [
        "../../examples/rules/shop_test.yaml",
        "tests/it/rules/groups_test.yaml",
        "tests/it/rules/templates_test.yaml",
    ];
    paths.into_iter().map(here).collect()
}

fn ours(file: &Path) -> Output {
    let home = tempfile::tempdir().unwrap();
    nines(home.path(), &["test", file.to_str().unwrap()])
}

/// Whether promtool is content, and what it prints; nothing when it is not installed and need not be.
pub(crate) fn promtool(args: &[&str], file: &Path) -> Option<(bool, String)> {
    match Command::new("promtool").args(args).arg(file).output() {
        Ok(output) => {
            let text = [output.stdout, output.stderr].concat();
            Some((output.status.success(), String::from_utf8_lossy(&text).into_owned()))
        }
        Err(error) => {
            let required = std::env::var("NINES_REQUIRE").is_ok_and(|it| it == "all");
            assert!(!required, "promtool is required (package prometheus): {error}");
            #[expect(clippy::print_stdout, reason = "a skip is told")]
            {
                println!("skipped: promtool is not installed (package prometheus)");
            }
            None
        }
    }
}

#[test]
fn the_same_files_are_green_here_and_with_promtool() {
    for file in files() {
        let ours = ours(&file);
        assert_eq!(ours.code, 0, "{}{}", ours.stdout, ours.stderr);
        if let Some((is_content, text)) = promtool(&["test", "rules"], &file) {
            assert!(is_content, "{text}");
        }
    }
}

#[test]
fn promtool_and_nines_take_the_example_rules() {
    let home = tempfile::tempdir().unwrap();
    let folder = here("../../examples/rules");
    let ours = nines(home.path(), &["check", folder.to_str().unwrap()]);
    assert_eq!(ours.code, 0, "{}{}", ours.stdout, ours.stderr);
    if let Some((is_content, text)) = promtool(&["check", "rules"], &folder.join("shop.yaml")) {
        assert!(is_content, "{text}");
    }
}

#[test]
fn promtool_and_nines_take_and_refuse_the_same_rule_files() {
    let home = tempfile::tempdir().unwrap();
    let file = home.path().join("rules.yaml");
    let text = std::fs::read_to_string(here("tests/it/rules/files.txt")).unwrap();
    for line in text.lines().filter(|it| !it.starts_with('#')) {
        let is_newer = line.starts_with('~');
        std::fs::write(&file, line.trim_start_matches('~')).unwrap();
        let ours = nines(home.path(), &["check", file.to_str().unwrap()]);
        assert!([0, 2].contains(&ours.code), "{line}: {}", ours.stderr);
        let Some((is_content, text)) = promtool(&["check", "rules"], &file) else { return };
        let expected = is_content || is_newer;
        assert_eq!(ours.code == 0, expected, "{line}\n{text}{}", ours.stdout);
    }
}

/// promtool 2.42 knows no histograms here.
#[test]
fn native_histograms_are_played() {
    let ours = ours(&here("tests/it/rules/histograms_test.yaml"));
    assert_eq!(ours.code, 0, "{}{}", ours.stdout, ours.stderr);
}

/// Every expectation, changed one at a time, makes both fail: no test is green by accident.
#[test]
fn every_changed_expectation_is_red_here_and_with_promtool() {
    const CHANGES: [(&str, &str); 3] =
        [("value: ", "value: 9"), ("summary: ", "summary: x"), ("severity: ", "severity: x")];
    let file = here("../../examples/rules/shop_test.yaml");
    let rules = std::fs::read_to_string(here("../../examples/rules/shop.yaml")).unwrap();
    let text = std::fs::read_to_string(file).unwrap();
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("shop.yaml"), rules).unwrap();
    let changed = folder.path().join("changed_test.yaml");
    let mut count = 0;
    for (at, line) in text.lines().enumerate() {
        let change = CHANGES.iter().find(|(from, _)| line.trim_start().starts_with(from));
        let Some((from, to)) = change.filter(|_| !line.contains('"')) else { continue };
        let lines = text.lines().enumerate();
        let lines =
            lines.map(|(index, it)| if index == at { it.replace(from, to) } else { it.to_owned() });
        std::fs::write(&changed, lines.collect::<Vec<_>>().join("\n")).unwrap();
        let ours = ours(&changed);
        assert_eq!(ours.code, 1, "line {}: {line}\n{}{}", at + 1, ours.stdout, ours.stderr);
        if let Some((is_content, text)) = promtool(&["test", "rules"], &changed) {
            assert!(!is_content, "line {}: {line}\n{text}", at + 1);
        }
        count += 1;
    }
    assert!(5 <= count, "{count} changes are too few");
}

#[test]
fn a_failure_shows_what_was_expected_and_what_came() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("red_test.yaml");
    let text = "
tests:
  - name: red
    interval: 1m
    input_series: [{series: 'm{job=\"a\"}', values: 1 2}]
    promql_expr_test:
      - {expr: m, eval_time: 1m, exp_samples: [{labels: 'm{job=\"b\"}', value: 2}]}
      - {expr: m * on (x) group_left m, eval_time: 1m}
    alert_rule_test:
      - {eval_time: 1m, alertname: Down, exp_alerts: [{exp_labels: {a: b}}]}
";
    std::fs::write(&file, text).unwrap();
    let ours = ours(&file);
    assert_eq!(ours.code, 1);
    let shown = ours.stdout.replace(folder.path().to_str().unwrap(), "FOLDER");
    expect![[r#"
        FOLDER/red_test.yaml: FAILED
          name: red, alertname: Down, time: 1m
            exp: {a="b", alertname="Down"} {}
            got: nothing
          name: red, expr: "m", time: 1m
            exp: m{job="b"} 2
            got: m{job="a"} 2
          name: red, expr: "m * on (x) group_left m", time: 1m
            exp: nothing
            got: {job="a"} 4
    "#]]
    .assert_eq(&shown);
}

#[test]
fn a_file_that_cannot_be_read_is_no_red_test() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("broken_test.yaml");
    std::fs::write(&file, "tests: [{promql_expr_test: [{expr: 'sum('}]}]").unwrap();
    let ours = ours(&file);
    assert_eq!(ours.code, 2, "{}", ours.stdout);
    assert!(ours.stdout.contains("N0701") && ours.stdout.contains("not played"), "{}", ours.stdout);
    let home = tempfile::tempdir().unwrap();
    assert_eq!(nines(home.path(), &["test", "/nonexistent"]).code, 2);
}
