use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;

const JOIN_MS: i64 = 10;

fn presence(instants: &[i64]) -> Presence {
    let mut presence = Presence::new(JOIN_MS);
    for at_ms in instants {
        presence.touch(*at_ms);
    }
    presence
}

/// Counts the milliseconds one by one.
fn known_slowly(instants: &BTreeSet<i64>, from_ms: i64, to_ms: i64) -> i64 {
    let is_known = |end_ms: i64| {
        let previous = instants.range(..end_ms).next_back();
        let next = instants.range(end_ms..).next().copied();
        let joined = |it: &i64| next.unwrap_or(to_ms) - it <= JOIN_MS;
        previous.is_some_and(joined)
    };
    i64::try_from((from_ms + 1..=to_ms).filter(|it| is_known(*it)).count()).unwrap()
}

#[test]
fn a_gap_is_unknown_and_the_last_stretch_goes_on_for_a_while() {
    let presence = presence(&[0, 10, 21, 30]);
    assert_eq!(presence.known_ms(-5, 30), 19);
    assert_eq!(presence.known_ms(-5, 40), 29);
    assert_eq!(presence.known_ms(-5, 41), 19);
    assert_eq!(presence.known_ms(35, 38), 3);
}

#[test]
fn an_instant_that_closes_a_gap_moves_a_start() {
    let mut presence = presence(&[0, 20]);
    assert_eq!(presence.began_before(20), Some(false));
    assert_eq!(presence.touch(10).starts, Starts::Moved);
    assert_eq!(presence.began_before(20), Some(true));
    assert_eq!(presence.began_before(21), None);
}

#[test]
fn stretches_are_limited() {
    let presence = presence(&(0..20_000).map(|it| 100 * it).collect::<Vec<_>>());
    assert!(presence.spans.len() <= SPANS_MAX);
    assert_eq!(presence.last_ms(), Some(1_999_900));
}

proptest! {
    #[test]
    fn any_order_gives_the_known_time_of_the_set(
        instants in prop::collection::vec(0..300_i64, 0..40), from_ms in -20..320_i64, length in 0..340_i64,
    ) {
        let set: BTreeSet<i64> = instants.iter().copied().collect();
        let to_ms = (from_ms + length).max(set.last().copied().unwrap_or(0));
        let known = presence(&instants).known_ms(from_ms, to_ms);
        prop_assert_eq!(known, known_slowly(&set, from_ms, to_ms));
        for at_ms in &set {
            let expected = set.range(at_ms - JOIN_MS..*at_ms).next().is_some();
            prop_assert_eq!(presence(&instants).began_before(*at_ms), Some(expected));
        }
    }

    #[test]
    fn starts_that_move_are_told(instants in prop::collection::vec(0..300_i64, 1..40), at_ms in 0..300_i64) {
        let before = presence(&instants);
        let mut after = before.clone();
        let touched = after.touch(at_ms).starts;
        let is_same = instants.iter().all(|it| before.began_before(*it) == after.began_before(*it));
        prop_assert!(is_same || touched == Starts::Moved);
    }

    #[test]
    fn time_that_is_known_now_is_told(
        instants in prop::collection::vec(0..300_i64, 1..40), from_ms in 0..300_i64, length in 0..30_i64,
    ) {
        let before = presence(&instants);
        let mut after = before.clone();
        let touched = after.cover(from_ms, from_ms + length);
        for end_ms in 1..330 {
            let covered = |it: &Presence| it.covered_ms(end_ms - 1, end_ms);
            let is_told = touched.from_ms < end_ms && end_ms <= touched.to_ms;
            prop_assert!(covered(&before) == covered(&after) || is_told, "{end_ms}: {touched:?}");
            prop_assert!(from_ms + length < end_ms || end_ms <= from_ms || covered(&after) == 1);
        }
    }

    #[test]
    fn steps_in_no_stretch_are_missing(slices in prop::collection::btree_set(1..30_i64, 0..30), max in 0..40_usize) {
        let mut presence = Presence::new(0);
        for it in &slices {
            presence.cover((it - 1) * 10, it * 10);
        }
        let expected = (1..30).rev().filter(|it| !slices.contains(it)).map(|it| it * 10).take(max);
        prop_assert_eq!(presence.missing(0, 299, 10, max), expected.collect::<Vec<_>>());
    }
}
