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
    for part in ["slo", "oncall", "policy"] {
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
        ("gate: closed}", "gate: open}"),
        ("level: careful", "level: frozen"),
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
                      fired     2026-06-10T14:11:00Z  {alertname="SLOBurn", service="checkout-demo", severity="page", slo="availability", team="shop"} (activation 1, fact 5)
                      measured  2026-06-10T14:11:00Z  14.7× > 13.44× (1320 bad of 18000, 2026-06-10T13:11:00Z to 2026-06-10T14:11:00Z)
                      measured  2026-06-10T14:11:00Z  80.0× > 13.44× (600 bad of 1500, 2026-06-10T14:06:00Z to 2026-06-10T14:11:00Z)
                      impact    at this rate the 28-day budget is gone in 1 d 20 h
                      group     2026-06-10T14:11:00Z  escalation/shop-primary:{alertname="SLOBurn", service="checkout-demo", severity="page", slo="availability", team="shop"}, 1 alerts, speaks next at 2026-06-10T14:16:00Z
                      told      2026-06-10T14:11:00Z  escalation/shop-primary, integration 0, has heard of it
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
              <failure message="2026-06-10T15:00:00Z budgets (checkout_test.yaml:21)">2026-06-10T15:00:00Z budgets (checkout_test.yaml:21)"#]].assert_eq(&head.join("\n"));
}

#[test]
fn a_test_that_cannot_be_played_is_no_red_test() {
    let (_folder, file) = changed(|text| text.replace("history: 28d", "historry: 28d"));
    let ours = ours(&["test", &file]);
    assert_eq!(ours.code, 2, "{}", ours.stdout);
    let said = ["N0102", "did you mean `history`?", "not played"];
    assert!(said.iter().all(|it| ours.stdout.contains(it)), "{}", ours.stdout);
}

#[test]
fn alerts_are_simulated_at_a_team_s_own_traffic() {
    let folder = example();
    let config = folder.to_str().unwrap();
    let args = [
        "slo",
        "simulate",
        "checkout-demo/availability",
        "--traffic",
        "300/min",
        "--config",
        config,
    ];
    let ours = ours(&args);
    assert_eq!(ours.code, 0, "{}", ours.stderr);
    expect![[r#"
        ERRORS  PAGE AFTER      TICKET AFTER    PAGE, AFTER A FAULT OF 30 M
         100 %  4 m 02 s (1h)   20 m 10 s (1d)  recovering 4 m 59 s, ok 29 m 10 s
          40 %  10 m 05 s (1h)  50 m 24 s (1d)  recovering 4 m 56 s, ok 27 m 54 s
           5 %  3 h 22 m (6h)   6 h 43 m (1d)   nothing fires
         0.8 %  never           45 h (3d)       nothing fires
    "#]]
    .assert_eq(&ours.stdout);
}

/// Ten days of counters; on the ninth two fifths of the requests fail for an hour.
fn recorded() -> String {
    let (mut total, mut bad, mut out) = (0, 0, String::new());
    for minute in 0..10 * 1_440 {
        total += 300;
        bad += if (12_360..12_420).contains(&minute) { 120 } else { 0 };
        let at = 1_780_272_000 + minute * 60;
        for (code, value) in [("200", total - bad), ("500", bad)] {
            let labels = format!("job=\"checkout-demo\",code=\"{code}\"");
            out.push_str(&format!("http_requests_total{{{labels}}} {value} {at}\n"));
        }
    }
    out + "# EOF\n"
}

#[test]
fn a_backtest_tells_who_would_have_been_paged_and_what_would_have_waited() {
    let home = tempfile::tempdir().unwrap();
    let samples = home.path().join("samples.om");
    fs::write(&samples, recorded()).unwrap();
    let folder = example();
    let (config, samples) = (folder.to_str().unwrap(), samples.to_str().unwrap());
    let change = "2026-06-09T14:30:00Z,checkout-demo,v2.33";
    let args =
        ["backtest", "--config", config, "--samples", samples, "--since", "2d", "--change", change];
    let text = ours(&args);
    assert_eq!(text.code, 0, "{}", text.stderr);
    expect![[r#"
        2026-06-08T23:59:00Z to 2026-06-10T23:59:00Z
        1 page, 1 ticket
          2026-06-09T14:10:00Z page    checkout-demo/availability burns 14.7× (limit 13.44×), for 54m  → ana by inbox 2026-06-09T14:10:00Z, ben by inbox 2026-06-09T14:15:00Z
          2026-06-09T14:50:00Z ticket  checkout-demo/availability burns 2.8× (limit 2.8×), for 14m  → ana by inbox 2026-06-09T14:50:00Z
        1 change, 1 not open
          2026-06-09T14:30:00Z checkout-demo v2.33 → prod  closed: burn rate a page fires for checkout-demo/availability, needs not burn.page
          level careful of checkout-demo (checkout): 2026-06-09T14:04:00Z to goes on
          level rule 1 of checkout-demo (checkout): 2026-06-09T14:14:00Z to 2026-06-09T15:29:00Z
        budgets at the end
          checkout-demo/availability 99.5% over 28d: 66.7 % left, 7200 bad of 4319700, fine; 1 page, 1 ticket
    "#]].assert_eq(&text.stdout);
    let json = ours(&[&args[..], &["--json"]].concat());
    let json: serde_json::Value = serde_json::from_str(&json.stdout).unwrap();
    assert_eq!((&json["pages"], &json["closed"]), (&1.into(), &1.into()));
    let same = ours(&[&args[..], &["--against", config]].concat());
    let last = same.stdout.lines().last().unwrap().to_owned();
    assert_eq!(last, "against the first: as many pages, as many tickets, as many refusals");
}
