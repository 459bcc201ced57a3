//! Unit tests of a configuration: green, red, and unplayable.

use std::fs;
use std::path::{Path, PathBuf};

use expect_test::expect;

use crate::process::{Output, nines};

fn example() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/tests")
}

fn ours(args: &[&str]) -> Output {
    let home = tempfile::tempdir().unwrap();
    nines(home.path(), args)
}

/// The example in a folder of its own, with its test changed.
fn changed(change: impl Fn(&str) -> String) -> (tempfile::TempDir, String) {
    let folder = tempfile::tempdir().unwrap();
    for part in ["slo", "oncall"] {
        fs::create_dir(folder.path().join(part)).unwrap();
        for entry in fs::read_dir(example().join(part)).unwrap() {
            let entry = entry.unwrap();
            fs::copy(entry.path(), folder.path().join(part).join(entry.file_name())).unwrap();
        }
    }
    let text = fs::read_to_string(example().join("checkout_test.yaml")).unwrap();
    let file = folder.path().join("checkout_test.yaml");
    fs::write(&file, change(&text)).unwrap();
    let name = file.to_str().unwrap().to_owned();
    (folder, name)
}

#[test]
fn the_example_is_green_as_a_file_and_as_a_folder() {
    let folder = example();
    for path in [folder.clone(), folder.join("checkout_test.yaml")] {
        let ours = ours(&["test", path.to_str().unwrap()]);
        assert_eq!(ours.code, 0, "{}{}", ours.stdout, ours.stderr);
        assert!(ours.stdout.ends_with("checkout_test.yaml: SUCCESS, 1 test\n"), "{}", ours.stdout);
    }
}

#[test]
fn the_folder_of_the_example_can_be_served_with_its_test_in_it() {
    let ours = ours(&["check", example().to_str().unwrap()]);
    assert_eq!(ours.code, 0, "{}{}", ours.stdout, ours.stderr);
}

/// Every expectation, changed one at a time: no test is green by accident.
#[test]
fn every_changed_expectation_is_red() {
    let changes = [
        ("at: 14:10, alerts: []", "at: 14:11, alerts: []"),
        ("at: 14:11\n", "at: 14:10\n"),
        ("severity: page, window: 28d", "severity: ticket, window: 28d"),
        ("severity: page, window: 28d", "severity: page, window: 7d"),
        ("person: ana", "person: ben"),
        ("channel: inbox", "channel: email"),
        ("at: 14:24, alerts", "at: 14:25, alerts"),
        ("at: 14:25, alerts: []", "at: 14:24, alerts: []"),
        ("good: 12093600", "good: 12093599"),
        ("total: 12096000", "total: 12096001"),
        ("remaining: 96.03%", "remaining: 96.04%"),
        ("bad: 40%", "bad: 41%"),
    ];
    for (from, to) in changes {
        let (_folder, file) = changed(|text| {
            assert!(text.contains(from), "{from}");
            text.replacen(from, to, 1)
        });
        let ours = ours(&["test", &file]);
        assert_eq!(ours.code, 1, "{from} → {to}\n{}{}", ours.stdout, ours.stderr);
    }
}

#[test]
fn a_failure_is_told_with_what_came_and_why() {
    let (folder, file) = changed(|text| text.replace("person: ana", "person: ben"));
    let ours = ours(&["test", &file]);
    let shown = ours.stdout.replace(folder.path().to_str().unwrap(), "FOLDER");
    expect![[r#"
        FOLDER/checkout_test.yaml: FAILED
          a bad release breaks checkout for 20 minutes
          2026-06-10T14:11:00Z pages (checkout_test.yaml:14)
            expected  {person: ben, channel: inbox}
            got       {person: ana, channel: inbox, at: 2026-06-10T14:11:00Z}
            why       checkout-demo/availability burns 14.7× (limit 13.44×)
                      fired     2026-06-10T14:11:00Z  {alertname="SLOBurn", service="checkout-demo", severity="page", slo="availability", team="shop"} (activation 1, fact 3)
                      measured  2026-06-10T14:11:00Z  14.7× > 13.44× (1320 bad of 18000, 2026-06-10T13:11:00Z to 2026-06-10T14:11:00Z)
                      measured  2026-06-10T14:11:00Z  80.0× > 13.44× (600 bad of 1500, 2026-06-10T14:06:00Z to 2026-06-10T14:11:00Z)
                      impact    at this rate the 28-day budget is gone in 1 d 20 h
                      routed    page: named by the rule itself → escalation shop-primary
                      incident  2026-06-10T14:11:00Z  INC-1 SEV2 checkout-demo/availability burns 14.7× (limit 13.44×)
                      step      2026-06-10T14:11:00Z  round 1 step 1: schedule shop-primary → ana, on call 2026-06-08T07:00:00Z to 2026-06-15T07:00:00Z
                      page      2026-06-10T14:11:00Z  ana by inbox accepted rehearsal
                      ack       waits for an answer; the next step begins at 2026-06-10T14:16:00Z
    "#]].assert_eq(&shown);
}

#[test]
fn machines_read_the_results_as_json_and_as_junit() {
    let (folder, file) = changed(|text| text.replace("remaining: 96.03%", "remaining: 50%"));
    let json = ours(&["test", "-o", "json", &file]);
    assert_eq!(json.code, 1);
    let json: serde_json::Value = serde_json::from_str(&json.stdout).unwrap();
    assert_eq!(json["tests"][0]["failures"][0]["got"][0], "remaining: 96%");
    assert_eq!((&json["passed"], &json["trials"]), (&false.into(), &1.into()));
    let junit = ours(&["test", "-o", "junit", &file]);
    assert_eq!(junit.code, 1);
    let shown = junit.stdout.replace(folder.path().to_str().unwrap(), "FOLDER");
    let head: Vec<&str> = shown.lines().take(5).collect();
    expect![[r#"
        <?xml version="1.0" encoding="UTF-8"?>
        <testsuites>
          <testsuite name="FOLDER/checkout_test.yaml" tests="1" failures="1" errors="0">
            <testcase name="a bad release breaks checkout for 20 minutes" classname="FOLDER/checkout_test.yaml">
              <failure message="2026-06-10T15:00:00Z budgets (checkout_test.yaml:20)">2026-06-10T15:00:00Z budgets (checkout_test.yaml:20)"#]].assert_eq(&head.join("\n"));
}

#[test]
fn a_test_that_cannot_be_played_is_no_red_test() {
    let (_folder, file) = changed(|text| text.replace("history: 28d", "historry: 28d"));
    let ours = ours(&["test", &file]);
    assert_eq!(ours.code, 2, "{}", ours.stdout);
    let said = ["N0102", "did you mean `history`?", "not played"];
    assert!(said.iter().all(|it| ours.stdout.contains(it)), "{}", ours.stdout);
}
