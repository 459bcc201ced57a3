//! No traffic, no data, an absent numerator: three different things.

use super::kinds::{labels, metric, of, target};
use super::*;
use crate::{
    DataRules, GaugeBy, Method, NoData, NoTraffic, Sli, SliKind, SliceValue, SlicesSli, TargetOp,
};

const WIDTH: SignedDuration = SignedDuration::from_mins(1);

fn by_slices(data: DataRules) -> Slo {
    let plain = slo("99.5%", days(28));
    let method = Method::Timeslices { slice_target: Some("99%".parse().unwrap()), width: WIDTH };
    Slo { sli: Sli { data, ..plain.sli.clone() }, method, ..plain }
}

/// Ten minutes of which the last is bad, 15 minutes of silence, five idle minutes.
fn story(tracker: &mut Tracker) -> Timestamp {
    let scrape_at = |tracker: &mut Tracker, minute: i64, total: u64, bad: u64| {
        tracker.observe(&scrape(START_MS + minute * MINUTE_MS, total, bad));
        drop(tracker.evaluate(at(START_MS + minute * MINUTE_MS)));
    };
    for minute in 0..=10_i64 {
        let total = 100 * minute.unsigned_abs();
        scrape_at(tracker, minute, total, if minute == 10 { 50 } else { 0 });
    }
    for minute in 11..25 {
        drop(tracker.evaluate(at(START_MS + minute * MINUTE_MS)));
    }
    for minute in 25..=30 {
        scrape_at(tracker, minute, 1_000, 50);
    }
    at(START_MS + 30 * MINUTE_MS)
}

fn told(data: DataRules) -> (u64, u64) {
    let mut tracker = tracker(vec![by_slices(data)]);
    let now = story(&mut tracker);
    let window = tracker.window(&availability(), SignedDuration::from_hours(1), now).unwrap();
    (window.counts.total, window.counts.bad)
}

#[test]
fn a_slice_without_data_is_what_its_rule_says() {
    let with = |no_data| told(DataRules { no_data, ..DataRules::default() });
    // Ten with traffic, 14 whole slices of silence, six at its end and after it: one shows the end of the gap.
    assert_eq!(with(NoData::Ignore), (15, 1));
    assert_eq!(with(NoData::Good), (30, 1));
    assert_eq!(with(NoData::Bad), (30, 16));
    let carry = |minutes| NoData::Carry { at_most: SignedDuration::from_mins(minutes) };
    assert_eq!(with(carry(4)), (19, 5));
    assert_eq!(with(carry(60)), (30, 16));
}

#[test]
fn an_idle_slice_is_what_its_rule_says() {
    let with = |no_traffic| told(DataRules { no_traffic, ..DataRules::default() });
    assert_eq!(with(NoTraffic::Good), (15, 1));
    assert_eq!(with(NoTraffic::Bad), (15, 6));
    assert_eq!(with(NoTraffic::Ignore), (10, 1));
}

#[test]
fn late_samples_mend_the_verdicts_of_the_silence() {
    for no_data in
        [NoData::Ignore, NoData::Bad, NoData::Carry { at_most: SignedDuration::from_mins(4) }]
    {
        let data = DataRules { no_data, ..DataRules::default() };
        let (mut late, mut steady) =
            (tracker(vec![by_slices(data)]), tracker(vec![by_slices(data)]));
        let silence = 11..25_i64;
        let now = story(&mut late);
        for minute in silence.clone().rev() {
            late.observe(&scrape(START_MS + minute * MINUTE_MS, 1_000, 50));
        }
        for minute in 0..=30_i64 {
            let total = 100 * minute.min(10).unsigned_abs();
            steady.observe(&scrape(
                START_MS + minute * MINUTE_MS,
                total,
                if 9 < minute { 50 } else { 0 },
            ));
        }
        let window =
            |it: &Tracker| it.window(&availability(), SignedDuration::from_hours(1), now).unwrap();
        assert_eq!(window(&late), window(&steady), "{no_data:?}");
        assert_eq!(window(&late).counts, Counts { total: 30, bad: 1 });
    }
}

/// pyrra#820: nobody is paged because a rarely used endpoint has no series.
#[test]
fn absent_bad_events_are_none() {
    let mut tracker = tracker(vec![slo("99.99%", days(28))]);
    for minute in 0..=60_i64 {
        let at_ms = START_MS + minute * MINUTE_MS;
        tracker.observe(&[batch(series("a", "200"), &[(at_ms, minute as f64)])]);
        assert_eq!(tracker.evaluate(at(at_ms)), []);
    }
    let status = tracker.status(&availability(), at(START_MS + HOUR_MS)).unwrap();
    assert_eq!((status.state, status.suspect), (SloState::Fine, None));
}

/// pyrra#1397: how long there are no data, and since when.
#[test]
fn silence_has_a_beginning() {
    let mut tracker = tracker(vec![slo("99.5%", days(28))]);
    let since = |it: &Tracker, minute: i64| {
        it.no_data_since(&availability(), at(START_MS + minute * MINUTE_MS))
    };
    assert_eq!(tracker.evaluate(at(START_MS)), []);
    assert_eq!(since(&tracker, 10), Some(at(START_MS)));
    steady(&mut tracker, 20, 10, 0);
    assert_eq!(since(&tracker, 25), None);
    assert_eq!(since(&tracker, 26), Some(at(START_MS + 20 * MINUTE_MS)));
    assert_eq!(tracker.no_data_since(&name("no/such"), at(START_MS)), None);
}

#[test]
fn an_sli_says_itself_when_it_is_stale() {
    let plain = slo("99.5%", days(28));
    let stale_after = Some(SignedDuration::from_mins(20));
    let data = DataRules { stale_after, ..DataRules::default() };
    let patient = Slo { sli: Sli { data, ..plain.sli.clone() }, ..plain };
    let mut tracker = tracker(vec![patient]);
    tracker.observe(&scrape(START_MS, 100, 0));
    tracker.observe(&scrape(START_MS + 19 * MINUTE_MS, 200, 0));
    let now = at(START_MS + 30 * MINUTE_MS);
    let window = tracker.window(&availability(), SignedDuration::from_hours(1), now).unwrap();
    assert_eq!(window.known, SignedDuration::from_mins(30));
    assert_eq!(tracker.status(&availability(), now).unwrap().state, SloState::Fine);
}

/// sloth#531, #133: one odd value, gap or idle hour has no effect that lasts.
#[test]
fn an_odd_value_of_a_gauge_is_no_slice() {
    let value = SliceValue::Gauge { selector: metric("depth"), by: GaugeBy::Max };
    let sli = SlicesSli { value, target: target(TargetOp::AtMost, "3"), width: WIDTH };
    let mut tracker = tracker(vec![of(SliKind::Slices(sli))]);
    for (minute, value) in [(0, 1.0), (1, f64::NAN), (2, f64::INFINITY), (3, 1.0), (4, 1.0)] {
        tracker.observe(&[batch(labels("depth", &[]), &[(START_MS + minute * MINUTE_MS, value)])]);
    }
    let now = at(START_MS + 4 * MINUTE_MS);
    let window = tracker.window(&availability(), SignedDuration::from_hours(1), now).unwrap();
    assert_eq!(window.counts, Counts { total: 4, bad: 1 });
}

/// Totals and errors of different targets: the total of one is scraped before the good events of the other.
#[test]
fn an_evaluation_waits_for_the_target_that_is_late() {
    use crate::CounterSli;
    let sli = CounterSli {
        good: vec![metric("served")],
        bad: Vec::new(),
        total: vec![metric("accepted")],
        scale: 0,
    };
    let mut tracker = tracker(vec![of(SliKind::Counter(sli))]);
    let series = |name, instance| labels(name, &[("instance", instance)]);
    for step in 0..240_i64 {
        let (at_ms, value) = (START_MS + step * 15_000, 1_000.0 * step as f64);
        tracker.observe(&[batch(series("accepted", "a"), &[(at_ms, value)])]);
        // The other one has not been scraped yet. Its first samples come later too, which shows for five minutes.
        let bad = tracker.window(&availability(), SignedDuration::from_mins(5), at(at_ms)).unwrap();
        assert!(step < 24 || bad.counts.bad == 0, "{step}: {bad:?}");
        tracker.observe(&[batch(series("served", "b"), &[(at_ms + 7_000, value)])]);
    }
    let window =
        tracker.window(&availability(), SignedDuration::from_mins(5), at(START_MS + HOUR_MS));
    assert_eq!(window.unwrap().counts.bad, 0);
}
