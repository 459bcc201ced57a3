use std::collections::BTreeMap;

use jiff::SignedDuration;
use proptest::prelude::*;

use super::*;

const WIDTH_MS: i64 = 60_000;

fn verdicts(unit: Unit, no_data: NoData) -> Verdicts {
    let rules = Rules { width_ms: WIDTH_MS, unit, no_traffic: NoTraffic::Good, no_data };
    Verdicts::new(rules, 28 * 24 * 3_600_000)
}

fn carry(slices: i64) -> NoData {
    NoData::Carry { at_most: SignedDuration::from_millis(slices * WIDTH_MS) }
}

/// By number of the slice.
type Story = BTreeMap<i64, Shown>;

fn look(story: &Story) -> impl Fn(i64) -> Shown + '_ {
    |end_ms| story.get(&(end_ms / WIDTH_MS)).copied().unwrap_or(Shown::Nothing)
}

fn slice(verdicts: &Verdicts, number: i64) -> Counts {
    verdicts.window((number - 1) * WIDTH_MS, number * WIDTH_MS).counts
}

/// Each slice by itself, as the rules are written.
fn judged_slowly(story: &Story, no_data: NoData, number: i64) -> Option<u64> {
    match story.get(&number).copied().unwrap_or(Shown::Nothing) {
        Shown::Unread => None,
        Shown::Idle => Some(0),
        Shown::Bad(bad) => Some(bad),
        Shown::Nothing => match no_data {
            NoData::Ignore => None,
            NoData::Good => Some(0),
            NoData::Bad => Some(SHARE),
            NoData::Carry { at_most } => {
                let steps = millis(at_most) / WIDTH_MS;
                let earlier = story.range(number - steps..number).next_back();
                let (last, _) = earlier.filter(|(it, _)| 0 < **it)?;
                judged_slowly(story, NoData::Ignore, *last)
            }
        },
    }
}

#[test]
fn a_slice_is_judged_when_it_is_ready_and_once() {
    let mut verdicts = verdicts(Unit::Slice, NoData::Ignore);
    let story = Story::from([(1, Shown::from(true)), (2, Shown::from(false)), (3, Shown::Idle)]);
    assert_eq!(verdicts.settle(None, 10 * WIDTH_MS, &look(&story)), None);
    assert_eq!(verdicts.settle(Some(0), 2 * WIDTH_MS + 1, &look(&story)), Some(0));
    assert_eq!(verdicts.until_ms(), Some(2 * WIDTH_MS));
    assert_eq!(verdicts.settle(Some(0), 2 * WIDTH_MS + 2, &look(&story)), None);
    assert_eq!(verdicts.settle(Some(0), 9 * WIDTH_MS, &look(&story)), Some(2 * WIDTH_MS));
    let window = verdicts.window(0, 9 * WIDTH_MS);
    assert_eq!(window.counts, Counts { total: 3, bad: 1 });
    assert_eq!(window.known, SignedDuration::from_mins(3));
}

#[test]
fn shares_are_rounded_half_to_even_once() {
    assert_eq!(share(1, 3), 333_333_333_333);
    assert_eq!(share(2, 3), 666_666_666_667);
    // 10¹² ÷ 2¹³ is 122,070,312.5 and three times that is 366,210,937.5.
    assert_eq!((share(1, 1 << 13), share(3, 1 << 13)), (122_070_312, 366_210_938));
    assert_eq!((share(7, 7), share(9, 7), share(u64::MAX, u64::MAX)), (SHARE, SHARE, SHARE));
}

#[test]
fn a_mean_is_compared_as_a_fraction() {
    let target = |op, value: &str| Target { op, value: value.parse().unwrap() };
    let third = |it| meets(it, 1_000_000_000, 3);
    assert!(third(target(TargetOp::Below, "0.333333334")));
    assert!(!third(target(TargetOp::AtMost, "0.333333333")));
    assert!(third(target(TargetOp::Above, "0.333333333")));
    let equal = |it| meets(it, 600_000_000, 2);
    assert!(equal(target(TargetOp::AtMost, "0.3")) && equal(target(TargetOp::AtLeast, "0.3")));
    assert!(!equal(target(TargetOp::Below, "0.3")) && !equal(target(TargetOp::Above, "0.3")));
    let negative = |it| meets(it, -700_000_000, 2);
    assert!(
        negative(target(TargetOp::Below, "-0.3")) && !negative(target(TargetOp::Above, "-0.35"))
    );
    assert!(meets(target(TargetOp::AtLeast, "-0.35"), -700_000_000, 2));
}

fn shown() -> impl Strategy<Value = Shown> {
    prop_oneof![
        Just(Shown::Idle),
        Just(Shown::Unread),
        Just(Shown::from(true)),
        Just(Shown::from(false)),
        (0..=SHARE).prop_map(Shown::Bad),
    ]
}

fn no_data() -> impl Strategy<Value = NoData> {
    prop_oneof![
        Just(NoData::Ignore),
        Just(NoData::Good),
        Just(NoData::Bad),
        (0..12_i64).prop_map(carry),
    ]
}

proptest! {
    #[test]
    fn whatever_is_marked_ends_as_if_it_had_been_known_from_the_start(
        story in prop::collection::btree_map(1..60_i64, shown(), 1..40),
        late in prop::collection::btree_map(1..60_i64, shown(), 0..20), no_data in no_data(),
        ready in 1..60_i64,
    ) {
        let mut verdicts = verdicts(Unit::Share, no_data);
        verdicts.settle(Some(0), ready * WIDTH_MS, &look(&story));
        let mut known = story.clone();
        known.extend(&late);
        for number in late.keys() {
            verdicts.mark((number - 1) * WIDTH_MS, number * WIDTH_MS);
        }
        verdicts.settle(Some(0), 60 * WIDTH_MS, &look(&known));
        for number in 1..=60 {
            let expected = judged_slowly(&known, no_data, number);
            let counts = slice(&verdicts, number);
            let total = if expected.is_some() { SHARE } else { 0 };
            let expected = Counts { total, bad: expected.unwrap_or(0) };
            prop_assert_eq!(counts, expected, "{} {:?}", number, &known);
        }
    }

    #[test]
    fn a_share_and_its_rest_are_one(total in 1..u64::MAX, part: u64) {
        let bad = part % total;
        let sum = share(bad, total) + share(total - bad, total);
        // Both may be halves, which go to the even number.
        prop_assert!(sum.abs_diff(SHARE) <= 1);
    }
}
