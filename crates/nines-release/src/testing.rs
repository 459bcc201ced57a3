//! What the tests of several modules are made from.

use jiff::{SignedDuration, Timestamp};
use nines_base::Origin;

use crate::{
    Basis, BudgetInput, BudgetView, Claim, Effects, Level, Mode, OnDependency, OnOpenIncident,
    Overrides, Policy, PolicyInput, Rule, Scope, Situation, Trust, Unknowns,
};

/// A minute after the epoch, and so on.
pub(crate) fn minute(number: i64) -> Timestamp {
    Timestamp::UNIX_EPOCH + SignedDuration::from_mins(number)
}

/// A budget of which so many percent are left.
pub(crate) fn budget(slo: &str, percent_left: i128) -> BudgetInput {
    BudgetInput {
        slo: format!("checkout/{slo}"),
        objective: "slo".to_owned(),
        window: "28d".to_owned(),
        seen_billionths: Some(percent_left * 10_000_000),
        whole_billionths: None,
        bad: 63_000,
        allowed_billionths: 60_519_500_000_000,
        from: Timestamp::UNIX_EPOCH,
        to: Timestamp::UNIX_EPOCH + SignedDuration::from_hours(28 * 24),
        coverage_billionths: 900_000_000,
        exhausts_in: None,
        trust: Trust::Good,
        burn_page: false,
        burn_ticket: false,
    }
}

/// The situation of a service with these budgets.
pub(crate) fn situation(budgets: Vec<BudgetInput>) -> Situation {
    let input = PolicyInput { service: "checkout".to_owned(), budgets, ..PolicyInput::default() };
    Situation { input, ..Situation::default() }
}

/// The policy of the design document: careful below 25 %, frozen at 0 %, held while a page fires.
pub(crate) fn tier1() -> Policy {
    let condition = |text: &str| text.parse().unwrap();
    let level = |name: &str, enter, leave, hours, effects| Level {
        name: name.to_owned(),
        enter: condition(enter),
        leave: condition(leave),
        hold: SignedDuration::from_hours(hours),
        effects,
    };
    let careful = Effects {
        max_step: Some(50_000_000),
        min_bake: Some(SignedDuration::from_mins(30)),
        approvals: 1,
        ..Effects::default()
    };
    let frozen = Effects {
        freeze: true,
        exempt: vec![Claim::P0, Claim::Security],
        ticket: Some("reliability".to_owned()),
        notify: Some("shop".to_owned()),
        ..Effects::default()
    };
    let hold = Effects { hold: true, ..Effects::default() };
    Policy {
        name: "tier1".to_owned(),
        owners: vec!["shop".to_owned()],
        approvers: vec!["ben".to_owned()],
        revisit: None,
        mode: Mode::Enforce,
        scope: Scope::default(),
        budget: BudgetView {
            objective: None,
            window: None,
            basis: Basis::Seen,
            min_coverage: 250_000_000,
        },
        levels: vec![
            level(
                "careful",
                "budget.remaining < 25% or budget.exhausts_in < 3d",
                "budget.remaining > 35%",
                12,
                careful,
            ),
            level("frozen", "budget.remaining <= 0%", "budget.remaining > 10%", 24, frozen),
        ],
        rules: vec![Rule { name: "rule 1".to_owned(), when: condition("burn.page"), then: hold }],
        calendar: Vec::new(),
        open_incident: OnOpenIncident::Close,
        dependency: OnDependency::Note,
        unknown: Unknowns::STRICT,
        overrides: Some(Overrides {
            team: 2,
            expires: SignedDuration::from_hours(4),
            approvers: vec!["ben".to_owned()],
            higher: vec!["cto".to_owned()],
        }),
        digest: "sha256:3b0c".to_owned(),
        origin: Origin { file: "policy.yaml".to_owned(), line: 3 },
    }
}
