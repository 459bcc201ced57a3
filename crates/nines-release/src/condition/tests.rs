use expect_test::{Expect, expect};
use proptest::prelude::*;

use super::*;

fn check(text: &str, expect: &Expect) {
    let shown = match text.parse::<Condition>() {
        Ok(condition) => format!("{condition} / not: {}\n", condition.negated()),
        Err(error) => {
            let ConditionError { problem, help, start, length } = error;
            format!("{problem} at {start}+{length}: {help}\n")
        }
    };
    expect.assert_eq(&shown);
}

#[test]
fn conditions_of_the_design_are_read() {
    check(
        "budget.remaining < 25% or budget.exhausts_in < 3d",
        &expect![[r#"
            budget.remaining < 25% or budget.exhausts_in < 3d / not: budget.remaining >= 25% and budget.exhausts_in >= 3d
        "#]],
    );
    check(
        "class.share(quarter) > 20% and not burn.page",
        &expect![[r#"
            class.share(quarter) > 20% and not burn.page / not: class.share(quarter) <= 20% or burn.page
        "#]],
    );
    check(
        "incident.open_severity <= SEV2 or dependency.level = frozen or actions.overdue > 0",
        &expect![[r#"
            incident.open_severity <= SEV2 or dependency.level = frozen or actions.overdue > 0 / not: incident.open_severity > SEV2 and not dependency.level = frozen and actions.overdue <= 0
        "#]],
    );
}

#[test]
fn not_binds_closer_than_and_which_binds_closer_than_or() {
    check(
        "not burn.page and burn.ticket or calendar.freeze",
        &expect![[r#"
            not burn.page and burn.ticket or calendar.freeze / not: (burn.page or not burn.ticket) and not calendar.freeze
        "#]],
    );
    check(
        "not (burn.page and (burn.ticket or calendar.freeze))",
        &expect![[r#"
            not (burn.page and (burn.ticket or calendar.freeze)) / not: burn.page and (burn.ticket or calendar.freeze)
        "#]],
    );
}

#[test]
fn mistakes_have_their_place() {
    check(
        "",
        &expect![[r#"
        the condition ends where a condition is expected at 0+0: write like `budget.remaining < 25%`
    "#]],
    );
    check(
        "budget.remaining < 25% and bürn.page",
        &expect![[r#"
        `ü` has no meaning in a condition at 28+2: write like `budget.remaining < 25% or burn.page`
    "#]],
    );
    check(
        "dependency.level = 7",
        &expect![[r#"
        `7` is not the name of a level at 19+1: write like `dependency.level = frozen`
    "#]],
    );
    check(
        &format!("{}burn.page", "not ".repeat(40)),
        &expect![[r#"
        more than 32 brackets lie in each other at 128+3: split it into several rules
    "#]],
    );
}

/// Conditions of any shape, by the random bits of a test.
pub(crate) fn conditions() -> impl Strategy<Value = Condition> {
    let order = prop_oneof![
        Just(Order::Less),
        Just(Order::AtMost),
        Just(Order::More),
        Just(Order::AtLeast)
    ];
    let share_field = prop_oneof![
        Just(ShareField::BudgetRemaining),
        Just(ShareField::BudgetConsumed),
        Just(ShareField::IncidentShare),
        Just(ShareField::ClassShare(Period::Quarter)),
    ];
    let duration_field =
        prop_oneof![Just(DurationField::BudgetExhaustsIn), Just(DurationField::DrillAge)];
    let flag = prop_oneof![
        Just(FlagField::BurnPage),
        Just(FlagField::BurnTicket),
        Just(FlagField::CalendarFreeze)
    ];
    let atom = prop_oneof![
        4 => (share_field, order.clone(), -100..200_i128).prop_map(|(field, order, percent)| {
            Atom::Share { field, order, limit: percent * 10_000_000 }
        }),
        1 => (duration_field, order.clone(), 0..100_i64).prop_map(|(field, order, hours)| {
            Atom::Duration { field, order, limit: SignedDuration::from_hours(hours) }
        }),
        1 => (order.clone(), 0..4_u64).prop_map(|(order, limit)| {
            Atom::ActionsOverdue { order, limit }
        }),
        1 => (order, 1..=5_u8).prop_map(|(order, limit)| Atom::OpenSeverity { order, limit }),
        1 => Just(Atom::DependencyAt { level: "frozen".to_owned() }),
        1 => Just(Atom::DependencyNotAt { level: "normal".to_owned() }),
        2 => flag.prop_map(Atom::Flag),
    ];
    let leaf = atom.prop_map(Condition::Atom);
    leaf.prop_recursive(4, 16, 2, |inner| {
        prop_oneof![
            inner.clone().prop_map(|it| Condition::Not(Box::new(it))),
            (inner.clone(), inner.clone())
                .prop_map(|(left, right)| Condition::And(Box::new(left), Box::new(right))),
            (inner.clone(), inner)
                .prop_map(|(left, right)| Condition::Or(Box::new(left), Box::new(right))),
        ]
    })
}

proptest! {
    #[test]
    fn a_condition_is_read_as_it_is_written(condition in conditions()) {
        prop_assert_eq!(condition.to_string().parse::<Condition>().unwrap(), condition);
    }

    #[test]
    fn no_text_is_too_much(text in "[ a-z.()<>=!%0-9SEV-]{0,80}|.{0,40}") {
        if let Err(error) = text.parse::<Condition>() {
            prop_assert!(error.start + error.length <= text.len());
            prop_assert!(text.is_char_boundary(error.start));
            prop_assert!(text.is_char_boundary(error.start + error.length));
        }
    }
}
