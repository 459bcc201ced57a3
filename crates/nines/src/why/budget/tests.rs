use expect_test::expect;
use serde_json::{Value, json};

use super::*;

fn answer(change: impl Fn(&mut Value)) -> Budget {
    let mut answer = json!({
        "state": "fine", "source": "live",
        "goals": [{
            "state": "fine", "objective": "99.5%", "objective_name": "slo", "window": "28d",
            "now": "99.98 %", "remaining_ratio": 0.960_317, "remaining": "0.960317460",
            "from": "2026-05-13T15:00:00Z", "to": "2026-06-10T15:00:00Z",
            "good": 12_093_600, "bad": 2_400, "total": 12_096_000, "allowed": "60480",
            "parts": [{"objective": "99.5%", "effective": null, "total": 12_096_000, "allowed": "60480"}],
            "exact": true, "coverage_ratio": 1.0, "burns": [], "empty_in": "> 28d",
            "versions": [{"effective": null, "objective": "99.5%"}],
            "exclusions": [], "before_exclusions": null, "muted_by": null,
            "exhausts_in_seconds": null, "exhausts_earliest_seconds": null, "exhausts_latest_seconds": null,
            "rate_window": "6h", "window_kind": "rolling",
        }],
        "spent": {
            "stretches": [{
                "from": "2026-06-10T14:00:00Z", "to": "2026-06-10T14:20:00Z", "bad": 2_400, "total": 6_000,
                "causes": ["deploy v2.33 (13:58)", "INC-42"],
            }],
            "incidents": {"causes": [], "unattributed": 2_400},
        },
        "exclusions": [],
    });
    change(&mut answer);
    serde_json::from_value(answer).unwrap()
}

/// With plain spaces in numbers.
fn shown(budget: &Budget) -> String {
    render(budget, 0).unwrap().replace('\u{202f}', " ")
}

#[test]
fn a_budget_is_shown_with_everything_that_it_was_made_from() {
    expect![[r#"
        96.03 % left of 28 d (2026-05-13 15:00 → 2026-06-10 15:00 UTC), coverage 100 %, exact
          total  12 096 000   allowed (1 − 99.5 %) = 60 480   bad 2 400   consumed 2 400 / 60 480 = 3.97 %
          14:00 – 14:20   2 400 bad of 6 000   deploy v2.33 (13:58), INC-42
          excluded  none     objective versions  1"#]]
    .assert_eq(&shown(&answer(|_| {})));
}

#[test]
fn several_promises_exclusions_and_incidents_are_told() {
    let budget = answer(|it| {
        let goal = &mut it["goals"][0];
        goal["parts"] = json!([
            {"objective": "99.9%", "effective": null, "total": 96_000, "allowed": "96"},
            {"objective": "99.5%", "effective": "2026-05-20T00:00:00Z", "total": 12_000_000, "allowed": "60000"},
        ]);
        goal["allowed"] = json!("60096.25");
        goal["versions"] = json!([{"effective": null, "objective": "99.9%"}, {"effective": "2026-05-20T00:00:00Z", "objective": "99.5%"}]);
        goal["exclusions"] = json!(["db"]);
        goal["before_exclusions"] = json!({"good": 1, "bad": 9_000, "total": 12_100_000});
        goal["bad"] = json!(3_000);
        it["exclusions"] = json!([
            {"name": "db", "when": "2026-06-01 02:00 to 03:00", "reason": "maintenance"},
            {"name": "old", "when": "long ago", "reason": "moved"},
        ]);
        it["spent"]["incidents"] = json!({"causes": [{"name": "INC-42", "bad": 2_400, "seconds": 1_200}], "unattributed": 600});
        it["source"] = json!("rebuilt");
    });
    expect![[r#"
        96.03 % left of 28 d (2026-05-13 15:00 → 2026-06-10 15:00 UTC), coverage 100 %, exact, counted again from samples
          total  12 096 000   allowed (1 − 99.9 %) × 96 000 + (1 − 99.5 %) × 12 000 000 = 60 096.25   bad 3 000   consumed 3 000 / 60 096.25 = 3.97 %
          14:00 – 14:20   2 400 bad of 6 000   deploy v2.33 (13:58), INC-42
          elsewhere       600 bad
          by incident     INC-42 2 400, none 600
          excluded  db (2026-06-01 02:00 to 03:00, maintenance); before 9 000 bad of 12 100 000     objective versions  2"#]]
    .assert_eq(&shown(&budget));
}

#[test]
fn a_time_of_day_is_that_of_the_last_day() {
    let now: Timestamp = "2026-06-10T15:30:00Z".parse().unwrap();
    let at = |text: &str| instant(text, now).map_or_else(|it| it.to_string(), |it| it.to_string());
    expect![[r#"
        2026-06-10T15:00:00Z
        2026-06-09T16:00:00Z
        2026-01-01T00:00:00Z
        `noon` is no time; write 2026-06-10T15:00:00Z, or 15:00"#]]
    .assert_eq(&["15:00", "16:00", "2026-01-01T00:00:00Z", "noon"].map(at).join("\n"));
}
