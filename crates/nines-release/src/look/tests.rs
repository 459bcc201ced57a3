use proptest::prelude::*;

use super::*;
use crate::condition::tests::conditions;
use crate::testing::{budget, situation, tier1};
use crate::{Dependency, OpenIncident, Period};

fn truth(condition: &str, budgets: Vec<BudgetInput>) -> Truth {
    let (policy, situation) = (tier1(), situation(budgets));
    let look = Look { policy: &policy, situation: &situation, now: Timestamp::UNIX_EPOCH };
    look.truth(&condition.parse().unwrap())
}

fn without_data(slo: &str) -> BudgetInput {
    BudgetInput { seen_billionths: None, trust: Trust::NoData, ..budget(slo, 0) }
}

fn young(slo: &str, percent_left: i128) -> BudgetInput {
    BudgetInput { coverage_billionths: 249_999_999, ..budget(slo, percent_left) }
}

#[test]
fn of_several_budgets_the_worst_decides() {
    let two = || vec![budget("errors", 10), budget("latency", 90)];
    assert_eq!(truth("budget.remaining < 25%", two()), Truth::True);
    assert_eq!(truth("budget.remaining > 25%", two()), Truth::False);
    assert_eq!(truth("budget.consumed > 75%", two()), Truth::True);
    assert_eq!(truth("budget.consumed < 75%", two()), Truth::False);
    assert_eq!(truth("budget.remaining > 5%", two()), Truth::True);
}

#[test]
fn what_is_missing_decides_nothing_and_hides_nothing() {
    let unknown = Truth::Unknown(Cause::NoData);
    let one_missing = |left| vec![budget("errors", left), without_data("latency")];
    assert_eq!(truth("budget.remaining < 25%", one_missing(10)), Truth::True);
    assert_eq!(truth("budget.remaining < 25%", one_missing(90)), unknown);
    assert_eq!(truth("budget.remaining > 25%", one_missing(90)), unknown);
    assert_eq!(truth("budget.remaining > 25%", one_missing(10)), Truth::False);
    assert_eq!(truth("not budget.remaining <= 0%", one_missing(90)), unknown);
    assert_eq!(truth("burn.page", one_missing(90)), unknown);
    assert_eq!(truth("budget.remaining > 0%", Vec::new()), unknown);
    assert_eq!(truth("budget.remaining <= 0%", Vec::new()), unknown);
    assert_eq!(truth("not burn.page", Vec::new()), unknown);
}

#[test]
fn a_young_or_stale_budget_can_close_but_not_open() {
    let is_young = Truth::Unknown(Cause::Young);
    assert_eq!(truth("budget.remaining <= 0%", vec![young("errors", -1)]), Truth::True);
    assert_eq!(truth("budget.remaining <= 0%", vec![young("errors", 90)]), is_young);
    assert_eq!(truth("budget.remaining > 10%", vec![young("errors", 90)]), is_young);
    assert_eq!(truth("budget.remaining > 10%", vec![young("errors", 5)]), Truth::False);
    let stale = |left| vec![BudgetInput { trust: Trust::Stale, ..budget("errors", left) }];
    assert_eq!(truth("budget.remaining <= 0%", stale(-1)), Truth::True);
    assert_eq!(truth("budget.remaining > 10%", stale(90)), Truth::Unknown(Cause::Stale));
}

#[test]
fn numbers_that_contradict_each_other_say_nothing_at_all() {
    let suspect = || vec![BudgetInput { trust: Trust::Suspect, ..budget("errors", -50) }];
    let unknown = Truth::Unknown(Cause::Suspect);
    assert_eq!(truth("budget.remaining <= 0%", suspect()), unknown);
    assert_eq!(truth("budget.remaining > 0%", suspect()), unknown);
    assert_eq!(truth("burn.page", suspect()), unknown);
}

#[test]
fn only_the_objective_and_window_of_the_policy_count() {
    let mut policy = tier1();
    policy.budget.objective = Some("sla".to_owned());
    let situation = situation(vec![
        budget("errors", -50),
        BudgetInput { objective: "sla".to_owned(), ..budget("errors", 50) },
    ]);
    let look = Look { policy: &policy, situation: &situation, now: Timestamp::UNIX_EPOCH };
    assert_eq!(look.truth(&"budget.remaining > 40%".parse().unwrap()), Truth::True);
    policy.budget.window = Some("7d".to_owned());
    let look = Look { policy: &policy, situation: &situation, now: Timestamp::UNIX_EPOCH };
    let nothing = Truth::Unknown(Cause::NoData);
    assert_eq!(look.truth(&"budget.remaining > 40%".parse().unwrap()), nothing);
}

#[test]
fn a_budget_that_outlives_its_window_lasts_longer_than_anything() {
    let lasts = |hours| BudgetInput {
        exhausts_in: Some(jiff::SignedDuration::from_hours(hours)),
        ..budget("errors", 50)
    };
    assert_eq!(truth("budget.exhausts_in < 3d", vec![budget("errors", 50)]), Truth::False);
    assert_eq!(truth("budget.exhausts_in < 3d", vec![lasts(71), lasts(100)]), Truth::True);
    assert_eq!(truth("budget.exhausts_in >= 3d", vec![lasts(72), lasts(100)]), Truth::True);
}

#[test]
fn no_open_incident_is_milder_than_any() {
    assert_eq!(truth("incident.open_severity <= SEV5", Vec::new()), Truth::False);
    assert_eq!(truth("incident.open_severity > SEV2", Vec::new()), Truth::True);
    let mut situation = situation(Vec::new());
    situation.open_incidents =
        [3, 2].map(|it| OpenIncident { number: 1, severity: it, title: String::new() }).into();
    let policy = tier1();
    let look = Look { policy: &policy, situation: &situation, now: Timestamp::UNIX_EPOCH };
    assert_eq!(look.truth(&"incident.open_severity <= SEV2".parse().unwrap()), Truth::True);
    assert_eq!(look.truth(&"incident.open_severity <= SEV1".parse().unwrap()), Truth::False);
}

/// Budgets with every sort of doubt.
pub(crate) fn budgets() -> impl Strategy<Value = Vec<BudgetInput>> {
    let trust = prop_oneof![
        6 => Just(Trust::Good),
        1 => Just(Trust::Stale),
        1 => Just(Trust::Suspect),
        1 => Just(Trust::NoData),
        1 => Just(Trust::Unreachable),
    ];
    let one = (
        -100..=100_i128,
        any::<bool>(),
        proptest::option::weighted(0.8, 0..100_i64),
        trust,
        (any::<bool>(), any::<bool>()),
    );
    let budgets = proptest::collection::vec(one, 0..4);
    budgets.prop_map(|all| {
        let make = |(left, is_young, lasts, trust, (burn_page, burn_ticket))| BudgetInput {
            coverage_billionths: if is_young { 100_000_000 } else { 900_000_000 },
            exhausts_in: Option::map(lasts, jiff::SignedDuration::from_hours),
            trust,
            burn_page,
            burn_ticket,
            ..budget("slo", left)
        };
        all.into_iter().map(make).collect()
    })
}

/// Situations with every sort of doubt.
pub(crate) fn situations() -> impl Strategy<Value = Situation> {
    let dependency = (proptest::option::of("normal|careful|frozen"), any::<bool>());
    (
        budgets(),
        proptest::option::of(-50..150_i128),
        proptest::option::of(0..50_i64),
        proptest::option::of(0..4_u64),
        proptest::collection::vec(1..=5_u8, 0..3),
        proptest::collection::vec(dependency, 0..3),
    )
        .prop_map(|(budgets, share, drill, overdue, severities, dependencies)| {
            let mut it = situation(budgets);
            it.input.incident_share = share.map(|it| it * 10_000_000);
            it.input.class_shares =
                share.map(|it| (Period::Quarter, it * 10_000_000)).into_iter().collect();
            it.input.drill_age = drill.map(jiff::SignedDuration::from_hours);
            it.input.actions_overdue = overdue;
            let incident =
                |severity| OpenIncident { number: 7, severity, title: "slow".to_owned() };
            it.open_incidents = severities.into_iter().map(incident).collect();
            let dependency = |(level, is_frozen)| Dependency {
                service: "payments".to_owned(),
                level,
                is_frozen,
            };
            it.dependencies = dependencies.into_iter().map(dependency).collect();
            it
        })
}

/// Without the reason: two unknowns are one.
fn bare(truth: Truth) -> Option<bool> {
    match truth {
        Truth::True => Some(true),
        Truth::False => Some(false),
        Truth::Unknown(_) => None,
    }
}

proptest! {
    #[test]
    fn the_reverse_of_a_condition_has_the_reverse_answer(
        condition in conditions(), situation in situations(),
    ) {
        let policy = tier1();
        let look = Look { policy: &policy, situation: &situation, now: Timestamp::UNIX_EPOCH };
        let reverse = bare(look.truth(&condition).negated());
        prop_assert_eq!(bare(look.truth(&condition.negated())), reverse);
    }

    #[test]
    fn learning_more_never_contradicts_an_answer(
        condition in conditions(), situation in situations(), left in -100..=100_i128,
    ) {
        let policy = tier1();
        let mut more = situation.clone();
        for it in &mut more.input.budgets {
            let is_lost = matches!(it.trust, Trust::NoData | Trust::Unreachable | Trust::Suspect);
            if is_lost && !it.burn_page && !it.burn_ticket {
                it.trust = Trust::Good;
                it.seen_billionths = Some(left * 10_000_000);
                it.coverage_billionths = 900_000_000;
            }
        }
        let share = Some(left * 10_000_000);
        more.input.incident_share = more.input.incident_share.or(share);
        more.input.actions_overdue = more.input.actions_overdue.or(Some(2));
        for it in &mut more.dependencies {
            it.level.get_or_insert_with(|| "frozen".to_owned());
        }
        let look = |situation| Look { policy: &policy, situation, now: Timestamp::UNIX_EPOCH };
        if let Some(before) = bare(look(&situation).truth(&condition)) {
            prop_assert_eq!(bare(look(&more).truth(&condition)), Some(before));
        }
    }
}
