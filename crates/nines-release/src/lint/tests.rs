use jiff::SignedDuration;

use super::*;
use crate::testing::{minute, tier1};

#[test]
fn the_policy_of_the_design_has_nothing_to_mend() {
    assert_eq!(lint(&tier1(), Some(minute(0))), Vec::new());
}

#[test]
fn what_is_doubtful_is_named() {
    let mut policy = tier1();
    policy.owners.clear();
    policy.revisit = Some(minute(0));
    let past = Lint::RevisitPast { revisit: minute(0) };
    assert_eq!(lint(&policy, Some(minute(1))), [past, Lint::NoOwner]);
    assert_eq!(lint(&policy, None), [Lint::NoOwner]);
    policy.levels.clear();
    policy.rules.clear();
    assert_eq!(lint(&policy, None), [Lint::NoOwner, Lint::NeverRestricts]);
}

#[test]
fn a_level_that_is_left_where_it_is_entered_flaps() {
    let is_doubtful = |enter: &str, leave: &str| {
        let mut policy = tier1();
        policy.levels.truncate(1);
        policy.levels[0].enter = enter.parse().unwrap();
        policy.levels[0].leave = leave.parse().unwrap();
        policy.levels[0].hold = SignedDuration::ZERO;
        lint(&policy, None) == [Lint::LeaveWithinEnter { level_index: 0 }]
    };
    assert!(!is_doubtful("budget.remaining < 25%", "budget.remaining >= 25%"));
    assert!(!is_doubtful("budget.remaining <= 25%", "budget.remaining > 25%"));
    assert!(is_doubtful("budget.remaining <= 25%", "budget.remaining >= 25%"));
    assert!(is_doubtful("budget.remaining < 25%", "budget.remaining > 20%"));
    assert!(is_doubtful("budget.remaining < 25%", "budget.remaining < 50%"));
    assert!(!is_doubtful("budget.consumed > 75%", "budget.consumed < 65%"));
    assert!(is_doubtful("drill.age > 90d", "drill.age < 91d"));
    assert!(is_doubtful("burn.page", "burn.page"));
    assert!(!is_doubtful("burn.page", "not burn.page"));
}

#[test]
fn of_two_levels_that_are_entered_alike_the_first_never_rules() {
    let mut policy = tier1();
    policy.levels[1].enter = policy.levels[0].enter.clone();
    assert!(lint(&policy, None).contains(&Lint::Unreachable { level_index: 0, behind_index: 1 }));
}
