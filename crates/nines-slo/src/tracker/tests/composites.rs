//! Composites of SLOs that are counted from samples.

use super::*;
use crate::testing::{requests, selector};
use crate::{CompositeRule, CompositeSli, Member, Method, OnMissing, Sli, SliKind, Suspect};
use nines_base::Matcher;

const WIDTH: SignedDuration = SignedDuration::from_mins(1);

/// An SLO that reads the requests of one instance.
fn part(instance: &str) -> Slo {
    let of = |code| {
        let mut matchers = requests(code).matchers;
        matchers.push(Matcher::equal("instance", instance));
        selector(matchers)
    };
    let kind = SliKind::Counter(crate::CounterSli {
        good: Vec::new(),
        bad: vec![of(Some("5.."))],
        total: vec![of(None)],
        scale: 0,
    });
    Slo { name: name(&format!("part/{instance}")), sli: Sli::from(kind), ..slo("99%", days(28)) }
}

fn composite(rule: CompositeRule, on_missing: OnMissing, members: &[(&str, i64)]) -> Slo {
    let member = |(slo, weight): &(&str, i64)| Member {
        slo: name(slo),
        weight: crate::Decimal::whole(*weight),
    };
    let members = members.iter().map(member).collect();
    Slo {
        sli: Sli::from(SliKind::Composite(CompositeSli { members, rule, on_missing })),
        method: Method::Timeslices { slice_target: None, width: WIDTH },
        ..slo("98%", days(28))
    }
}

const BOTH: [(&str, i64); 2] = [("part/a", 3), ("part/b", 1)];

/// Ten minutes, 100 requests each minute and instance; the bad ones of a in minutes 1 and 2, of b in 2 and 3.
fn story(tracker: &mut Tracker) -> Timestamp {
    let (mut a, mut b) = (0, 0);
    for minute in 0..=10_i64 {
        let at_ms = START_MS + minute * MINUTE_MS;
        a += if matches!(minute, 1 | 2) { 10 } else { 0 };
        b += if matches!(minute, 2 | 3) { 30 } else { 0 };
        let counter = |instance, bad: i64| {
            [
                batch(series(instance, "200"), &[(at_ms, (100 * minute - bad) as f64)]),
                batch(series(instance, "500"), &[(at_ms, bad as f64)]),
            ]
        };
        tracker.observe(&[counter("a", a), counter("b", b)].concat());
        drop(tracker.evaluate(at(at_ms)));
    }
    at(START_MS + 10 * MINUTE_MS)
}

fn hour(tracker: &Tracker, now: Timestamp) -> WindowCounts {
    tracker.window(&availability(), SignedDuration::from_hours(1), now).unwrap()
}

fn told(rule: CompositeRule) -> Counts {
    let mut tracker =
        tracker(vec![part("a"), part("b"), composite(rule, OnMissing::NoData, &BOTH)]);
    let now = story(&mut tracker);
    hour(&tracker, now).counts
}

#[test]
fn a_slice_is_bad_when_it_is_bad_for_any_member_or_for_too_many() {
    assert_eq!(told(CompositeRule::AnyBad), Counts { total: 10, bad: 3 });
    assert_eq!(told(CompositeRule::AtLeast(2)), Counts { total: 10, bad: 3 });
    assert_eq!(told(CompositeRule::AtLeast(1)), Counts { total: 10, bad: 1 });
}

#[test]
fn a_weighted_composite_burns_as_the_weighted_sum_of_its_members() {
    // 2 % and 6 % bad of 1 % allowed: 3/4 · 2 + 1/4 · 6 = 3 times, which is 6 % of 2 % allowed.
    let counts = told(CompositeRule::Weighted);
    assert_eq!(counts.total, 10_000_000_000_000);
    assert_eq!(counts.bad, 600_000_000_000);
    // The shares themselves: 3 %.
    let counts = told(CompositeRule::Missing);
    assert_eq!(counts, Counts { total: 10_000_000_000_000, bad: 300_000_000_000 });
}

#[test]
fn only_composites_by_slices_are_exact() {
    let is_exact = |rule| {
        let slos = vec![part("a"), part("b"), composite(rule, OnMissing::NoData, &BOTH)];
        tracker(slos).is_exact(&availability())
    };
    assert!(is_exact(CompositeRule::AnyBad) && is_exact(CompositeRule::AtLeast(1)));
    assert!(!is_exact(CompositeRule::Weighted) && !is_exact(CompositeRule::Missing));
}

#[test]
fn a_member_that_is_missing_is_no_data_or_left_out() {
    let members = [("part/a", 3), ("no/such", 5)];
    let status = |rule, on_missing| {
        let mut tracker = tracker(vec![part("a"), composite(rule, on_missing, &members)]);
        let now = story(&mut tracker);
        (tracker.status(&availability(), now).unwrap().state, hour(&tracker, now).counts)
    };
    for rule in [CompositeRule::Missing, CompositeRule::AtLeast(2)] {
        let (state, counts) = status(rule, OnMissing::NoData);
        // That one is bad already decides a slice in which both must be good.
        let bad = if rule == CompositeRule::Missing { 0 } else { 2 };
        assert_eq!((state, counts), (SloState::NoData, Counts { total: bad, bad }), "{rule:?}");
    }
    let (state, counts) = status(CompositeRule::Missing, OnMissing::Drop);
    assert_ne!(state, SloState::NoData);
    assert_eq!(counts, Counts { total: 10_000_000_000_000, bad: 200_000_000_000 });
    assert_eq!(status(CompositeRule::AtLeast(2), OnMissing::Drop).1, Counts { total: 10, bad: 2 });
}

#[test]
fn a_composite_of_itself_is_survived() {
    let rules = [CompositeRule::AnyBad, CompositeRule::Weighted, CompositeRule::AtLeast(9)];
    for (rule, on_missing) in
        rules.into_iter().zip([OnMissing::NoData, OnMissing::Drop, OnMissing::Drop])
    {
        let members = [("checkout/availability", 1), ("z/loop", 1), ("part/a", 1)];
        let other = Slo { name: name("z/loop"), ..composite(rule, on_missing, &members) };
        let mut tracker = tracker(vec![part("a"), composite(rule, on_missing, &members), other]);
        let now = story(&mut tracker);
        assert_eq!(tracker.statuses(now).len(), 3);
    }
}

#[test]
fn a_composite_of_composites_follows_their_slices() {
    let inner = Slo {
        name: name("z/inner"),
        ..composite(CompositeRule::AtLeast(1), OnMissing::NoData, &BOTH)
    };
    let members = [("z/inner", 1), ("part/a", 1)];
    let outer = composite(CompositeRule::AnyBad, OnMissing::NoData, &members);
    let mut tracker = tracker(vec![part("a"), part("b"), inner, outer]);
    let now = story(&mut tracker);
    assert_eq!(hour(&tracker, now).counts, Counts { total: 10, bad: 2 });
}

#[test]
fn a_late_sample_of_a_member_changes_the_slices_of_the_composite() {
    let rule = CompositeRule::AnyBad;
    let mut tracker =
        tracker(vec![part("a"), part("b"), composite(rule, OnMissing::NoData, &BOTH)]);
    let now = story(&mut tracker);
    assert_eq!(hour(&tracker, now).counts.bad, 3);
    // Half of the bad events of b in the second minute were in the first half of it; the others before a reset.
    let late_ms = START_MS + 5 * MINUTE_MS + MINUTE_MS / 2;
    tracker.observe(&[batch(series("b", "500"), &[(late_ms, 80.0)])]);
    assert_eq!(hour(&tracker, now).counts.bad, 4);
}

#[test]
fn doubts_about_a_member_are_doubts_about_the_composite() {
    let kind = SliKind::Counter(crate::CounterSli {
        good: vec![requests(Some("2.."))],
        bad: Vec::new(),
        total: vec![requests(Some("5.."))],
        scale: 0,
    });
    let odd = Slo { name: name("part/odd"), sli: Sli::from(kind), ..slo("99%", days(28)) };
    let rule = CompositeRule::Missing;
    let members = [("part/a", 1), ("part/odd", 1)];
    let mut tracker = tracker(vec![part("a"), odd, composite(rule, OnMissing::NoData, &members)]);
    let now = story(&mut tracker);
    let later = at(now.as_millisecond() + 5 * MINUTE_MS);
    let suspect = tracker.status(&availability(), later).unwrap().suspect;
    assert_eq!(suspect, Some(Suspect::Member { slo: name("part/odd") }));
}

#[test]
fn a_configuration_may_turn_a_composite_into_a_counter_and_back() {
    let one = composite(CompositeRule::AnyBad, OnMissing::NoData, &BOTH);
    let mut tracker = tracker(vec![part("a"), part("b"), one.clone()]);
    let now = story(&mut tracker);
    assert_eq!(
        tracker.reconfigure(vec![part("a"), part("b"), slo("99%", days(28))]),
        [availability()]
    );
    assert_eq!(hour(&tracker, now).counts.total, 0);
    // Members know the past, so nothing is to be counted again.
    assert_eq!(tracker.reconfigure(vec![part("a"), part("b"), one]), []);
    drop(tracker.evaluate(now));
    assert_eq!(hour(&tracker, now).counts, Counts { total: 10, bad: 3 });
}
