//! Running counts against a plain sum.

use jiff::SignedDuration;
use nines_base::{Labels, Origin};
use proptest::prelude::*;

use super::*;

const MINUTE_MS: i64 = 60_000;

fn at(minutes: i64) -> Timestamp {
    Timestamp::from_millisecond(minutes * MINUTE_MS).unwrap()
}

fn input(rate: &str, history_minutes: i64, faults: Vec<Fault>) -> SloInput {
    SloInput {
        slo: "checkout/availability".parse().unwrap(),
        labels: Labels::empty(),
        history: SignedDuration::from_mins(history_minutes),
        total: rate.parse().unwrap(),
        faults,
        origin: Origin::default(),
    }
}

fn fault(from: i64, to: i64, bad_percent: u64, total: Option<&str>) -> Fault {
    let total = total.map(|it| it.parse().unwrap());
    Fault { from: at(from), to: at(to), bad: bad_percent * 10_000_000, total, is_silent: false }
}

#[test]
fn a_fault_spends_its_share_and_nothing_else() {
    let traffic = Traffic::new(&input("300/min", 60, vec![fault(0, 20, 40, None)]), at(0));
    let counts = |minute| {
        [Events::All, Events::Good, Events::Bad].map(|it| traffic.count(it, minute * MINUTE_MS))
    };
    assert_eq!(counts(-60), [0, 0, 0]);
    assert_eq!(counts(0), [18_000, 18_000, 0]);
    assert_eq!(counts(20), [24_000, 21_600, 2_400]);
    assert_eq!(counts(60), [36_000, 33_600, 2_400]);
}

#[test]
fn of_two_faults_the_later_in_the_list_holds() {
    let faults = vec![fault(0, 10, 100, None), fault(5, 10, 0, Some("0/min"))];
    let traffic = Traffic::new(&input("60/min", 0, faults), at(0));
    let count = |events, minute| traffic.count(events, minute * MINUTE_MS);
    assert_eq!((count(Events::All, 10), count(Events::Bad, 10)), (300, 300));
    assert_eq!(count(Events::All, 11), 360);
}

#[test]
fn silence_begins_after_its_first_instant_and_ends_with_its_last() {
    let silent = Fault { is_silent: true, ..fault(5, 10, 0, None) };
    let traffic = Traffic::new(&input("60/min", 0, vec![silent]), at(0));
    let is_silent = |minute| traffic.is_silent(minute * MINUTE_MS);
    assert_eq!([5, 6, 10, 11].map(is_silent), [false, true, true, false]);
}

proptest! {
    /// Slow: minute by minute. Every minute has whole events, so nothing is rounded.
    #[test]
    fn running_counts_are_sums_of_minutes(
        per_minute in 0..50_u64,
        faults in prop::collection::vec((0..60_i64, 0..30_i64, 0..=100_u64, 0..3_u64), 0..6),
        until in 0..90_i64,
    ) {
        let faults: Vec<Fault> = faults
            .into_iter()
            .map(|(from, length, bad, times)| {
                let rate = format!("{}/min", times * 100);
                fault(from, from + length, bad, (times != 0).then_some(rate.as_str()))
            })
            .collect();
        let usual = per_minute * 100;
        let traffic = Traffic::new(&input(&format!("{usual}/min"), 10, faults.clone()), at(0));
        let (mut total, mut bad) = (0, 0);
        for minute in -10..until {
            let fault = faults.iter().rev().find(|it| it.from <= at(minute) && at(minute) < it.to);
            let rate = fault.and_then(|it| it.total).map_or(usual, |it| it.events);
            total += rate;
            bad += rate * fault.map_or(0, |it| it.bad) / 1_000_000_000;
        }
        prop_assert_eq!(traffic.count(Events::All, until * MINUTE_MS), total);
        prop_assert_eq!(traffic.count(Events::Bad, until * MINUTE_MS), bad);
    }
}
