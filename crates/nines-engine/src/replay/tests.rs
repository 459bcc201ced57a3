use expect_test::expect;
use nines_release::{BudgetInput, Policy, Trust};

use super::*;

fn hour(hour: i64) -> Timestamp {
    Timestamp::UNIX_EPOCH + SignedDuration::from_hours(hour)
}

fn input(percent_left: i128) -> PolicyInput {
    let budget = BudgetInput {
        slo: "checkout/availability".to_owned(),
        objective: "slo".to_owned(),
        window: "28d".to_owned(),
        seen_billionths: Some(percent_left * 10_000_000),
        whole_billionths: None,
        bad: 7,
        allowed_billionths: 10_000_000_000,
        from: hour(0),
        to: hour(1),
        coverage_billionths: 1_000_000_000,
        exhausts_in: None,
        trust: Trust::Good,
        burn_page: false,
        burn_ticket: false,
    };
    let service = "checkout".to_owned();
    PolicyInput { service, budgets: vec![budget], ..PolicyInput::default() }
}

fn deploy(version: &str, at: i64) -> Changed {
    Changed {
        id: version.to_owned(),
        service: "checkout".to_owned(),
        env: "prod".to_owned(),
        version: Some(version.to_owned()),
        sha: None,
        kind: Kind::Deploy,
        author: None,
        started: hour(at),
        finished: Some(hour(at)),
        summary: String::new(),
        source: "test".to_owned(),
        url: None,
    }
}

#[test]
fn a_replay_says_what_would_have_been_held_and_how_long_each_level_ruled() {
    let mut policy = Policy::default_policy();
    policy.levels[0].hold = SignedDuration::from_hours(2);
    let rulebook = Rulebook { policies: vec![policy], ..Rulebook::default() };
    // Spent from hour 3 to hour 5; held until 7; back to what served well is no question.
    let left = |at: Timestamp| if hour(3) <= at && at < hour(5) { -4 } else { 40 };
    let deploys =
        [deploy("v1", 1), deploy("v2", 2), deploy("v1", 4), deploy("v3", 6), deploy("v4", 9)];
    let step = SignedDuration::from_mins(10);
    let inputs = |at| vec![input(left(at))];
    let replay = replay(&rulebook, &deploys, hour(0), hour(10), step, inputs);
    expect![[r#"
        {
          "deploys": 5,
          "held": [
            {
              "at": "1970-01-01T06:00:00Z",
              "service": "checkout",
              "version": "v3",
              "verdict": "closed",
              "because": "closed: error budget checkout/availability 40.00% left of 28d (7 bad, 10 allowed), needs budget.remaining > 0% for 2h"
            }
          ],
          "levels": [
            {
              "policy": "default",
              "service": "checkout",
              "level": "spent",
              "minutes": 240
            }
          ]
        }"#]].assert_eq(&serde_json::to_string_pretty(&replay).unwrap());
}
