use expect_test::expect;

use super::*;
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
        allowed: Allowed::of(12_096_000, "99.5%".parse().unwrap()),
        pairs: vec![PairEvidence {
            pair,
            long: known_window(long, 18_000, 2_400),
            short: known_window(short, 1_500, 600),
        }],
        exhausts_in,
        exhausts_earliest: exhausts_in,
        exhausts_latest: exhausts_in,
        rate_window: long,
    }
}

/// Evidence: sloth#489.
#[test]
fn a_sentence_says_how_long_the_budget_lasts() {
    let sentence = |window, minutes: Option<i64>| {
        evidence(window, minutes.map(SignedDuration::from_mins)).sentence()
    };
    let in_calendar = |period| {
        let window = Window::Calendar(Calendar { period, zone: jiff::tz::TimeZone::UTC });
        BurnEvidence { window, ..evidence(days(28), Some(SignedDuration::ZERO)) }.sentence()
    };
    let sentences = [
        sentence(days(28), Some(310)),
        sentence(days(28), Some(0)),
        sentence(days(7), Some(59)),
        sentence(SignedDuration::from_hours(6), Some(120)),
        sentence(SignedDuration::from_mins(90), Some(24 * 60 * 3 + 61)),
        sentence(days(28), None),
        in_calendar(Period::Month),
        in_calendar(Period::Every { days: 14, from: "2026-06-01".parse().unwrap() }),
    ];
    expect![[r#"
        at this rate the 28-day budget is gone in 5 h 10 m
        the 28-day budget is gone
        at this rate the 7-day budget is gone in 59 m
        at this rate the 6-hour budget is gone in 2 h
        at this rate the 90-minute budget is gone in 3 d 1 h
        at this rate the 28-day budget is not gone within one window
        the month's budget is gone
        the 14-day budget is gone
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

fn measured(window: WindowCounts, objective: &str) -> Measured {
    Measured { window, allowed: Allowed::of(window.counts.total, objective.parse().unwrap()) }
}

#[test]
fn nobody_is_calm_without_data() {
    let is_calm = |it| measured(it, "99.5%").is_calm();
    let quiet = known_window(SignedDuration::from_mins(5), 0, 0);
    assert!(is_calm(quiet));
    assert!(!is_calm(WindowCounts { known: SignedDuration::ZERO, ..quiet }));
    assert!(is_calm(known_window(SignedDuration::from_mins(5), 1_000, 5)));
    assert!(!is_calm(known_window(SignedDuration::from_mins(5), 1_000, 6)));
}

fn pair(severity: Severity, hold_minutes: i64) -> BurnPair {
    BurnPair {
        severity,
        long: SignedDuration::from_hours(1),
        short: SignedDuration::from_mins(5),
        factor: BurnFactor(13_440_000_000),
        hold: SignedDuration::from_mins(hold_minutes),
    }
}

/// A pair with 40 events in the long window, of which so many are bad, all in the short one.
fn status(pair: BurnPair, bad: u64, mode: AlertMode, guard: Guard) -> PairStatus {
    let rules = Alerting { mode, guard, pairs: vec![pair], escalation: None };
    let window = |length, total| measured(known_window(length, total, bad), "99.5%");
    PairStatus::new(pair, window(pair.long, 40), window(pair.short, 10), &rules)
}

#[test]
fn guards_let_different_numbers_of_failures_through() {
    let first = |mode, guard| {
        let statuses = (0..=10).map(|bad| status(pair(Severity::Page, 0), bad, mode, guard));
        let statuses: Vec<PairStatus> = statuses.collect();
        let holds = statuses.iter().position(|it| it.holds);
        let held_back: Vec<usize> = (0..=10).filter(|it| statuses[*it].is_held_back).collect();
        (holds, held_back)
    };
    assert_eq!(first(AlertMode::Safe, Guard::Off), (Some(3), vec![]));
    assert_eq!(first(AlertMode::Safe, Guard::Tail), (Some(6), vec![3, 4, 5]));
    assert_eq!(first(AlertMode::Safe, Guard::MinBad(5)), (Some(5), vec![3, 4]));
    assert_eq!(first(AlertMode::Safe, Guard::MinBad(2)), (Some(3), vec![]));
    assert_eq!(first(AlertMode::Prometheus, Guard::Tail), (Some(3), vec![]));
}

#[test]
fn what_is_held_back_says_how_many_it_takes() {
    let status = |bad| status(pair(Severity::Page, 0), bad, AlertMode::Safe, Guard::Tail);
    assert_eq!(status(3).guarded_min, Some(6));
    assert_eq!(status(6).guarded_min, None);
}

#[test]
fn a_pair_must_hold_for_as_long_as_it_says() {
    let mut activations = Activations::default();
    let mut seen = String::new();
    // Minute by minute: whether the pair holds.
    for (minute, bad) in [(0, 6), (1, 6), (2, 6), (3, 0), (4, 6), (5, 6), (6, 6), (7, 6)] {
        let pairs = [2, 0, 3]
            .map(|hold| status(pair(Severity::Page, hold), bad, AlertMode::Safe, Guard::Tail));
        let due = activations.hold(&pairs, at(minute * 60_000));
        seen += &format!("{minute}m {due:?}\n");
    }
    expect![[r#"
        0m [false, true, false]
        1m [false, true, false]
        2m [true, true, false]
        3m [false, false, false]
        4m [false, true, false]
        5m [false, true, false]
        6m [true, true, false]
        7m [true, true, true]
    "#]]
    .assert_eq(&seen);
}

#[test]
fn a_resumed_alert_need_not_hold_again() {
    let pairs = [Severity::Page, Severity::Ticket]
        .map(|it| status(pair(it, 15), 6, AlertMode::Safe, Guard::Tail));
    let mut activations = Activations::default();
    activations.resume(Severity::Page, at(600_000));
    assert_eq!(activations.hold(&pairs, at(660_000)), [true, false]);
    assert_eq!(activations.hold(&pairs, at(720_000)), [true, false]);
}
