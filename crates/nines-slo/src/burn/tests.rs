use expect_test::expect;

use super::*;
use crate::BurnFactor;
use crate::testing::{at, days, known_window};

fn evidence(length: SignedDuration, exhausts_in: Option<SignedDuration>) -> BurnEvidence {
    let (long, short) = (SignedDuration::from_hours(1), SignedDuration::from_mins(5));
    let pair = BurnPair {
        severity: Severity::Page,
        long,
        short,
        factor: BurnFactor(13_440_000_000),
        hold: SignedDuration::ZERO,
    };
    BurnEvidence {
        objective: "99.5%".parse().unwrap(),
        window: Window::Rolling(length),
        budget: known_window(length, 12_096_000, 2_400),
        pairs: vec![PairEvidence {
            pair,
            long: known_window(long, 18_000, 2_400),
            short: known_window(short, 1_500, 600),
        }],
        exhausts_in,
        rate_window: long,
    }
}

#[test]
fn a_sentence_says_how_long_the_budget_lasts() {
    let sentence = |window, minutes: Option<i64>| {
        evidence(window, minutes.map(SignedDuration::from_mins)).sentence()
    };
    let sentences = [
        sentence(days(28), Some(310)),
        sentence(days(28), Some(0)),
        sentence(days(7), Some(59)),
        sentence(SignedDuration::from_hours(6), Some(120)),
        sentence(SignedDuration::from_mins(90), Some(24 * 60 * 3 + 61)),
        sentence(days(28), None),
    ];
    expect![[r#"
        at this rate the 28-day budget is gone in 5 h 10 m
        the 28-day budget is gone
        at this rate the 7-day budget is gone in 59 m
        at this rate the 6-hour budget is gone in 2 h
        at this rate the 90-minute budget is gone in 3 d 1 h
        at this rate the 28-day budget is not gone within one window
    "#]]
    .assert_eq(&(sentences.join("\n") + "\n"));
}

#[test]
fn a_relapse_keeps_its_beginning() {
    use Judgement::{Burning, OnlyPast, Over};
    let (mut activation, mut seen) = (None, String::new());
    let judgements = [Over, OnlyPast, Burning, Burning, OnlyPast, Burning, OnlyPast, Over, Burning];
    for (second, judgement) in (0..).zip(judgements) {
        activation = step(activation, judgement, at(second * 1_000));
        let since = activation
            .map_or("ok".to_owned(), |it| format!("{:?} since {}", it.phase, it.since.as_second()));
        seen += &format!("{judgement:?} -> {since}\n");
    }
    expect![[r#"
        Over -> ok
        OnlyPast -> ok
        Burning -> Firing since 2
        Burning -> Firing since 2
        OnlyPast -> Recovering since 2
        Burning -> Firing since 2
        OnlyPast -> Recovering since 2
        Over -> ok
        Burning -> Firing since 8
    "#]]
    .assert_eq(&seen);
}

#[test]
fn nobody_is_calm_without_data() {
    let objective = "99.5%".parse().unwrap();
    let quiet = known_window(SignedDuration::from_mins(5), 0, 0);
    assert!(is_calm(&quiet, objective));
    assert!(!is_calm(&WindowCounts { known: SignedDuration::ZERO, ..quiet }, objective));
    assert!(is_calm(&known_window(SignedDuration::from_mins(5), 1_000, 5), objective));
    assert!(!is_calm(&known_window(SignedDuration::from_mins(5), 1_000, 6), objective));
}
