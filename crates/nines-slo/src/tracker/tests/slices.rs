//! Slices against the oracle, and the laws of counting them.

use super::kinds::{labels, metric, of, target};
use super::laws::{ARRIVALS, deliver, end_ms, raw, scrapes, short_raw};
use super::oracle::{Raw, SliceRules, gauges, slices};
use super::*;
use crate::verdict::{SHARE, share};
use crate::{
    DataRules, GaugeBy, Method, NoData, NoTraffic, Sli, SliKind, SliceValue, SlicesSli, TargetOp,
};

const SLICE_TARGET: u64 = 950_000_000;

#[derive(Debug, Clone, Copy)]
enum By {
    Slices,
    Shares,
}

fn rules() -> impl Strategy<Value = SliceRules> {
    let no_data = prop_oneof![
        Just(NoData::Ignore),
        Just(NoData::Good),
        Just(NoData::Bad),
        (0..40_i64).prop_map(|it| NoData::Carry { at_most: SignedDuration::from_mins(it) }),
    ];
    let no_traffic =
        prop_oneof![Just(NoTraffic::Good), Just(NoTraffic::Bad), Just(NoTraffic::Ignore)];
    let width_ms = prop_oneof![Just(MINUTE_MS), Just(5 * MINUTE_MS), Just(20_000), Just(90_000)];
    (width_ms, no_traffic, no_data).prop_map(|(width_ms, no_traffic, no_data)| SliceRules {
        width_ms,
        no_traffic,
        no_data,
    })
}

fn by() -> impl Strategy<Value = By> {
    prop_oneof![Just(By::Slices), Just(By::Shares)]
}

fn sliced(rules: SliceRules, by: By) -> Slo {
    let width = SignedDuration::from_millis(rules.width_ms);
    let method = match by {
        By::Slices => Method::Timeslices { slice_target: Some("95%".parse().unwrap()), width },
        By::Shares => Method::RatioTimeslices { width },
    };
    let (no_traffic, no_data) = (rules.no_traffic, rules.no_data);
    let plain = slo("99.5%", days(28));
    let sli = Sli { data: DataRules { no_traffic, no_data, ..DataRules::default() }, ..plain.sli };
    Slo { sli, method, ..slo("99.5%", days(28)) }
}

fn expected(raw: &[Raw], rules: SliceRules, by: By, from_ms: i64, to_ms: i64) -> Counts {
    let slices = slices(raw, rules, from_ms, to_ms);
    let bad = slices.iter().map(|(bad, total)| match by {
        By::Slices => {
            let good = u128::from(total - bad) * 1_000_000_000;
            u64::from(good < u128::from(SLICE_TARGET) * u128::from(*total))
        }
        By::Shares => share(*bad, *total),
    });
    let whole = match by {
        By::Slices => 1,
        By::Shares => SHARE,
    };
    Counts { total: whole * u64::try_from(slices.len()).unwrap(), bad: bad.sum() }
}

/// All slices that are settled at the end, and where they end.
fn counted(tracker: &mut Tracker, raw: &[Raw]) -> WindowCounts {
    let now = at(end_ms(raw) + 7 * MINUTE_MS);
    drop(tracker.evaluate(now));
    tracker.window(&availability(), days(20), now).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn every_arrival_gives_the_slices_of_the_oracle(raw in short_raw(), rules in rules(), by in by()) {
        for arrival in ARRIVALS {
            let mut tracker = tracker(vec![sliced(rules, by)]);
            deliver(&mut tracker, &raw, arrival);
            let window = counted(&mut tracker, &raw);
            let (from_ms, to_ms) = (window.from.as_millisecond(), window.to.as_millisecond());
            prop_assert_eq!(to_ms, floor_to(end_ms(&raw) + 2 * MINUTE_MS, rules.width_ms));
            prop_assert_eq!(window.counts, expected(&raw, rules, by, from_ms, to_ms), "{:?}", arrival);
        }
    }

    #[test]
    fn evaluating_more_often_and_starting_again_change_no_slice(
        raw in short_raw(), rules in rules(), by in by(), stop in 0..100_usize, seconds in 1..600_i64,
    ) {
        let (mut often, mut again) = (tracker(vec![sliced(rules, by)]), tracker(vec![sliced(rules, by)]));
        let scrapes = scrapes(&raw);
        let mut now_ms = START_MS;
        for it in &scrapes {
            let at_ms = it[0].samples[0].at_ms;
            // Days of silence need not be looked at minute by minute.
            now_ms = now_ms.max(at_ms - HOUR_MS);
            while now_ms < at_ms {
                drop(often.evaluate(at(now_ms)));
                now_ms += seconds * 1_000;
            }
            often.observe(it);
        }
        let until_ms = scrapes.get(stop).map_or(i64::MAX, |it| it[0].samples[0].at_ms);
        for (labels, samples) in &raw {
            let stored: Vec<_> = samples.iter().filter(|it| it.0 < until_ms).copied().collect();
            again.observe(&[batch(labels.clone(), &stored)]);
        }
        for it in scrapes.iter().skip(stop) {
            again.observe(it);
        }
        let (often, again) = (counted(&mut often, &raw), counted(&mut again, &raw));
        prop_assert_eq!(often, again);
        let (from_ms, to_ms) = (often.from.as_millisecond(), often.to.as_millisecond());
        prop_assert_eq!(often.counts, expected(&raw, rules, by, from_ms, to_ms));
    }

    #[test]
    fn every_arrival_of_a_gauge_gives_the_slices_of_the_oracle(raw in short_raw(), limit in 0..600_i64) {
        let renamed: Vec<Raw> = raw
            .iter()
            .map(|(it, samples)| (labels("depth", &[("instance", it.value("instance")), ("code", it.value("code"))]), samples.clone()))
            .collect();
        let width = SignedDuration::from_millis(MINUTE_MS);
        for by in [GaugeBy::Min, GaugeBy::Max, GaugeBy::Average] {
            let is_bad = |it: &Vec<i64>| {
                let number = i64::try_from(it.len()).unwrap();
                match by {
                    GaugeBy::Min => limit < *it.iter().min().unwrap(),
                    GaugeBy::Max => limit < *it.iter().max().unwrap(),
                    _ => limit * number < it.iter().sum::<i64>(),
                }
            };
            for arrival in ARRIVALS {
                let value = SliceValue::Gauge { selector: metric("depth"), by };
                let target = target(TargetOp::AtMost, &limit.to_string());
                let mut tracker = tracker(vec![of(SliKind::Slices(SlicesSli { value, target, width }))]);
                deliver(&mut tracker, &renamed, arrival);
                let window = counted(&mut tracker, &renamed);
                let (from_ms, to_ms) = (window.from.as_millisecond(), window.to.as_millisecond());
                let slices = gauges(&renamed, MINUTE_MS, from_ms, to_ms);
                let bad = slices.iter().filter(|it| is_bad(it)).count();
                let total = u64::try_from(slices.len()).unwrap();
                let expected = Counts { total, bad: u64::try_from(bad).unwrap() };
                prop_assert_eq!(window.counts, expected, "{:?} {:?}", by, arrival);
            }
        }
    }

    #[test]
    fn groups_add_up_to_the_total(raw in raw()) {
        let grouping = crate::Grouping {
            by: vec!["instance".to_owned()], limit: 10, alert_on: crate::AlertOn::Total,
        };
        for arrival in ARRIVALS {
            let mut tracker = tracker(vec![Slo { grouping: Some(grouping.clone()), ..slo("99.5%", days(28)) }]);
            deliver(&mut tracker, &raw, arrival);
            let now = at(end_ms(&raw));
            let total = tracker.status(&availability(), now).unwrap().primary().budget.counts;
            let groups = tracker.groups(&availability(), now);
            let counts = || groups.iter().map(|it| it.goals[0].budget.counts);
            let sum = Counts { total: counts().map(|it| it.total).sum(), bad: counts().map(|it| it.bad).sum() };
            prop_assert_eq!(sum, total, "{:?}", arrival);
        }
    }
}
