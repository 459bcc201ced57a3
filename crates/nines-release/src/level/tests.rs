use expect_test::{Expect, expect};
use jiff::SignedDuration;
use proptest::prelude::*;

use super::*;
use crate::situation::{BudgetInput, Situation, Trust};
use crate::testing::{budget, minute, situation, tier1};

/// What a series of looks makes of no levels, one line for each fact but `Watched`.
fn story(policy: &Policy, looks: &[(i64, Situation)]) -> String {
    let (mut levels, mut out) = (Levels::default(), String::new());
    for (at, situation) in looks {
        let now = minute(*at);
        for fact in observe(&levels, &Look { policy, situation, now }) {
            evolve(&mut levels, &fact, now, 7);
            let (word, because) = match &fact {
                LevelFact::Watched { .. } | LevelFact::LeaveSeen { .. } => continue,
                LevelFact::Entered { because, .. } => ("entered", because.as_str()),
                LevelFact::LeaveBegan { because, .. } => ("leaves", because.as_str()),
                LevelFact::LeaveBroken { because, .. } => ("stays", because.as_str()),
                LevelFact::Left { because, .. } => ("left", because.as_str()),
            };
            let level = fact.level().unwrap_or_default();
            out.push_str(&format!("{at:>5} {level} {word} {because}\n"));
        }
    }
    out.push_str(&format!("now {}\n", levels.name(policy)));
    out
}

fn check(looks: &[(i64, Situation)], expect: &Expect) {
    expect.assert_eq(&story(&tier1(), looks));
}

/// So many percent left, looked at every ten minutes from the first to the last minute.
fn steady(from: i64, to: i64, left: i128) -> Vec<(i64, Situation)> {
    let times = (from..=to).step_by(10);
    times.map(|it| (it, situation(vec![budget("errors", left)]))).collect()
}

#[test]
fn a_level_is_entered_at_once_and_left_after_its_hold() {
    let spent = (0, situation(vec![budget("errors", -4)]));
    let rest = steady(10, 10 + 24 * 60, 12);
    check(
        &[&[spent], rest.as_slice()].concat(),
        &expect![[r#"
                0 careful entered budget.remaining < 25% or budget.exhausts_in < 3d: checkout/errors -4.00% left of 28d (63000 bad, 60519.5 allowed)
                0 frozen entered budget.remaining <= 0%: checkout/errors -4.00% left of 28d (63000 bad, 60519.5 allowed)
               10 frozen leaves budget.remaining > 10%: checkout/errors 12.00% left of 28d (63000 bad, 60519.5 allowed)
             1450 frozen left budget.remaining > 10%: checkout/errors 12.00% left of 28d (63000 bad, 60519.5 allowed)
            now careful
        "#]],
    );
}

#[test]
fn a_break_and_what_is_unknown_begin_the_hold_anew() {
    let at = |minute, left| (minute, situation(vec![budget("errors", left)]));
    let silent = BudgetInput { trust: Trust::NoData, seen_billionths: None, ..budget("errors", 0) };
    check(
        &[at(0, 0), at(10, 11), at(20, 10), at(30, 11), (40, situation(vec![silent])), at(50, 11)],
        &expect![[r#"
                0 careful entered budget.remaining < 25% or budget.exhausts_in < 3d: checkout/errors 0.00% left of 28d (63000 bad, 60519.5 allowed)
                0 frozen entered budget.remaining <= 0%: checkout/errors 0.00% left of 28d (63000 bad, 60519.5 allowed)
               10 frozen leaves budget.remaining > 10%: checkout/errors 11.00% left of 28d (63000 bad, 60519.5 allowed)
               20 frozen stays budget.remaining > 10%: checkout/errors 10.00% left of 28d (63000 bad, 60519.5 allowed)
               30 frozen leaves budget.remaining > 10%: checkout/errors 11.00% left of 28d (63000 bad, 60519.5 allowed)
               40 frozen stays budget.remaining > 10%: slo checkout/errors, not known (no_data)
               50 frozen leaves budget.remaining > 10%: checkout/errors 11.00% left of 28d (63000 bad, 60519.5 allowed)
            now frozen
        "#]],
    );
}

#[test]
fn when_nobody_looked_for_long_nobody_knows_that_it_held() {
    let at = |minute, left| (minute, situation(vec![budget("errors", left)]));
    check(
        &[at(0, 0), at(10, 50), at(40, 50), at(71, 50)],
        &expect![[r#"
                0 careful entered budget.remaining < 25% or budget.exhausts_in < 3d: checkout/errors 0.00% left of 28d (63000 bad, 60519.5 allowed)
                0 frozen entered budget.remaining <= 0%: checkout/errors 0.00% left of 28d (63000 bad, 60519.5 allowed)
               10 careful leaves budget.remaining > 35%: checkout/errors 50.00% left of 28d (63000 bad, 60519.5 allowed)
               10 frozen leaves budget.remaining > 10%: checkout/errors 50.00% left of 28d (63000 bad, 60519.5 allowed)
               71 careful leaves budget.remaining > 35%: checkout/errors 50.00% left of 28d (63000 bad, 60519.5 allowed)
               71 frozen leaves budget.remaining > 10%: checkout/errors 50.00% left of 28d (63000 bad, 60519.5 allowed)
            now frozen
        "#]],
    );
}

#[test]
fn a_rule_ends_with_its_condition_and_a_level_with_its_policy() {
    let burning = BudgetInput { burn_page: true, ..budget("errors", 50) };
    check(
        &[(0, situation(vec![burning])), (1, situation(vec![budget("errors", 50)]))],
        &expect![[r#"
                0 rule 1 entered burn.page: a page fires for checkout/errors
                1 rule 1 left burn.page: no page fires
            now normal
        "#]],
    );
    let mut levels = Levels::default();
    let entered = LevelFact::Entered { level: "old".to_owned(), because: String::new() };
    evolve(&mut levels, &entered, minute(0), 1);
    let (policy, situation) = (tier1(), situation(vec![budget("errors", 50)]));
    let facts = observe(&levels, &Look { policy: &policy, situation: &situation, now: minute(1) });
    expect![[r#"[Watched { digest: "sha256:3b0c" }, Left { level: "old", because: "policy tier1 has no such level any more" }]"#]].assert_eq(&format!("{facts:?}"));
}

/// The oracle: whether a level is active after the last of some looks, found by reading all of them again.
///
/// It knows nothing of facts and folds: a level is active if it was entered, and since then no run of looks, without
/// a gap, held its end for as long as it must.
fn is_active(looks: &[(i64, Option<i128>)], level: &Naive) -> bool {
    let enters = |left: &Option<i128>| left.is_some_and(|it| it <= level.enter_at);
    let leaves =
        |left: &Option<i128>| left.is_some_and(|it| level.leave_above < it) && !enters(left);
    let Some(last_enter) = looks.iter().rposition(|(_, left)| enters(left)) else { return false };
    let after = looks.get(last_enter + 1..).unwrap_or_default();
    // Every stretch of looks that might be a hold: each begins somewhere and ends somewhere.
    for (start, (from, _)) in after.iter().enumerate() {
        for (end, (to, _)) in after.iter().enumerate().skip(start) {
            let run = after.get(start..=end).unwrap_or_default();
            let has_gap = run.windows(2).any(|it| match it {
                [(one, _), (other, _)] => level.gap_max < other - one,
                _ => false,
            });
            let holds = run.iter().all(|(_, left)| leaves(left));
            if holds && !has_gap && level.hold <= to - from {
                return false;
            }
        }
    }
    true
}

struct Naive {
    enter_at: i128,
    leave_above: i128,
    hold: i64,
    gap_max: i64,
}

proptest! {
    #[test]
    fn levels_are_those_of_an_interpreter_that_reads_the_past_again(
        steps in proptest::collection::vec((1..5_i64, proptest::option::weighted(0.9, -20..60_i128)), 1..60),
        hold in 0..90_i64,
    ) {
        let mut policy = tier1();
        policy.levels.remove(0);
        policy.levels[0].hold = SignedDuration::from_mins(hold);
        let naive = Naive { enter_at: 0, leave_above: 10, hold, gap_max: GAP_MAX.as_mins() };
        let (mut levels, mut seen, mut at) = (Levels::default(), Vec::new(), 0);
        for (pause, left) in steps {
            // Looks on a grid of ten minutes are all noted, so that the oracle knows the same gaps.
            at += pause * SEEN_EVERY.as_mins();
            let budget = match left {
                Some(left) => budget("errors", left),
                None => BudgetInput { trust: Trust::NoData, seen_billionths: None, ..budget("errors", 0) },
            };
            let situation = situation(vec![budget]);
            let look = Look { policy: &policy, situation: &situation, now: minute(at) };
            for fact in observe(&levels, &look) {
                evolve(&mut levels, &fact, minute(at), 1);
            }
            seen.push((at, left));
            prop_assert_eq!(levels.active.contains_key("frozen"), is_active(&seen, &naive), "{:?}", seen);
        }
    }

    #[test]
    fn a_worse_budget_never_gives_a_milder_level(
        steps in proptest::collection::vec((1..15_i64, -20..60_i128, 0..30_i128), 1..80),
    ) {
        let policy = tier1();
        let rank = |levels: &Levels| {
            let worst = levels.worst(&policy).map(|(name, _)| name.to_owned());
            policy.levels.iter().position(|it| Some(&it.name) == worst.as_ref()).map_or(0, |it| it + 1)
        };
        let (mut better, mut worse, mut at) = (Levels::default(), Levels::default(), 0);
        for (pause, left, less) in steps {
            at += pause;
            for (levels, left) in [(&mut better, left), (&mut worse, left - less)] {
                let situation = situation(vec![budget("errors", left)]);
                let look = Look { policy: &policy, situation: &situation, now: minute(at) };
                for fact in observe(levels, &look) {
                    evolve(levels, &fact, minute(at), 1);
                }
            }
            prop_assert!(rank(&better) <= rank(&worse));
        }
    }

    #[test]
    fn looking_twice_at_one_instant_is_looking_once(left in -20..60_i128, before in -20..60_i128) {
        let policy = tier1();
        let mut levels = Levels::default();
        for (at, left) in [(0, before), (1, left)] {
            let situation = situation(vec![budget("errors", left)]);
            let look = Look { policy: &policy, situation: &situation, now: minute(at) };
            for fact in observe(&levels, &look) {
                evolve(&mut levels, &fact, minute(at), 1);
            }
            prop_assert_eq!(observe(&levels, &look), Vec::new());
        }
    }

    #[test]
    fn what_is_unknown_never_leaves_a_level(steps in proptest::collection::vec(1..60_i64, 1..60)) {
        let policy = tier1();
        let mut levels = Levels::default();
        let mut at = 0;
        let spent = situation(vec![budget("errors", -1)]);
        let silent = BudgetInput { trust: Trust::Stale, ..budget("errors", 90) };
        let silent = situation(vec![silent]);
        for (index, pause) in steps.into_iter().enumerate() {
            at += pause;
            let seen = if index == 0 { &spent } else { &silent };
            for fact in observe(&levels, &Look { policy: &policy, situation: seen, now: minute(at) }) {
                evolve(&mut levels, &fact, minute(at), 1);
            }
            prop_assert_eq!(levels.name(&policy), "frozen");
        }
    }
}
