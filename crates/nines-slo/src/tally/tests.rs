use jiff::SignedDuration;
use nines_base::{METRIC_NAME, Sample};

use super::*;
use crate::testing::{DAY_MS, MINUTE_MS, at, requests, series};
use crate::{CounterSli, Counts, HistogramSli, Sli, SliKind};

fn tally(sli: &Sli) -> Tally {
    let slo = Slo { sli: sli.clone(), ..crate::testing::slo("99%", crate::testing::days(28)) };
    let grains =
        Grains { hot_ms: 15_000, hot_span_ms: DAY_MS, cold_ms: MINUTE_MS, span_ms: 28 * DAY_MS };
    let limits =
        Limits { stale_after_ms: 5 * MINUTE_MS, forget_after_ms: DAY_MS, settle_ms: 30_000 };
    Tally::new(&slo, grains, limits)
}

/// A sample each minute for two hours; the counters grow by these numbers.
fn feed(tally: &mut Tally, growth: &[(Labels, f64)]) {
    for (labels, by) in growth {
        let Some(mut feed) = tally.admit(labels, 0) else { continue };
        for minute in 0..=120_i32 {
            let sample =
                Sample { at_ms: i64::from(minute) * MINUTE_MS, value: by * f64::from(minute) };
            let batch = SampleBatch::new(labels.clone(), vec![sample]);
            tally.take(&mut feed, &batch, i64::MAX);
        }
    }
    tally.settle();
}

const NOW_MS: i64 = 120 * MINUTE_MS;

fn bucket(le: &str) -> Labels {
    Labels::new([(METRIC_NAME, "latency_seconds_bucket"), ("le", le), ("job", "shop")]).unwrap()
}

fn histogram(below: f64) -> Tally {
    let metric = "latency_seconds".to_owned();
    let mut tally =
        tally(&Sli::from(SliKind::Histogram(HistogramSli { metric, matchers: Vec::new(), below })));
    let growth =
        [(bucket("0.1"), 5.0), (bucket("0.3"), 9.0), (bucket("1.0"), 10.0), (bucket("+Inf"), 10.0)];
    feed(&mut tally, &growth);
    tally
}

#[test]
fn observations_at_or_below_the_threshold_are_good() {
    let tally = histogram(0.3);
    assert_eq!(
        tally.total().last(60 * MINUTE_MS, at(NOW_MS)).counts,
        Counts { total: 600, bad: 60 }
    );
    assert_eq!(tally.total().suspect(NOW_MS), None);
    assert!(tally.total().has_data(NOW_MS));
}

#[test]
fn a_threshold_between_buckets_is_no_data_and_names_its_neighbours() {
    for (below, nearest) in [(0.2, vec![0.1, 0.3]), (0.05, vec![0.1]), (5.0, vec![1.0])] {
        let tally = histogram(below);
        assert_eq!(tally.total().suspect(NOW_MS), Some(Suspect::NoSuchBucket { below, nearest }));
        let window = tally.total().last(60 * MINUTE_MS, at(NOW_MS));
        assert_eq!((window.counts, window.known), (Counts::default(), SignedDuration::ZERO));
        assert!(!tally.total().has_data(NOW_MS));
    }
}

fn good_of_total() -> Tally {
    tally(&Sli::from(SliKind::Counter(CounterSli {
        good: vec![requests(Some("2.."))],
        bad: Vec::new(),
        total: vec![requests(Some("[^2]..|2.."))],
        scale: 0,
    })))
}

#[test]
fn good_events_that_were_never_seen_are_no_data_rather_than_all_bad() {
    let mut tally = good_of_total();
    feed(&mut tally, &[(series("a", "500"), 10.0)]);
    assert_eq!(tally.total().suspect(NOW_MS), Some(Suspect::GoodNeverSeen));
    assert!(!tally.total().has_data(NOW_MS));
    feed(&mut tally, &[(series("a", "200"), 10.0)]);
    assert_eq!(tally.total().suspect(NOW_MS), None);
    assert_eq!(
        tally.total().last(60 * MINUTE_MS, at(NOW_MS)).counts,
        Counts { total: 1_200, bad: 600 }
    );
}

#[test]
fn bad_events_that_were_never_seen_are_none() {
    let mut tally = tally(&crate::testing::slo("99%", crate::testing::days(28)).sli);
    feed(&mut tally, &[(series("a", "200"), 10.0)]);
    assert_eq!(tally.total().suspect(NOW_MS), None);
    assert_eq!(
        tally.total().last(60 * MINUTE_MS, at(NOW_MS)).counts,
        Counts { total: 600, bad: 0 }
    );
}

#[test]
fn more_good_than_all_events_is_suspect_and_never_negative() {
    let mut tally = tally(&Sli::from(SliKind::Counter(CounterSli {
        good: vec![requests(Some("2.."))],
        bad: Vec::new(),
        total: vec![requests(Some("5.."))],
        scale: 0,
    })));
    feed(&mut tally, &[(series("a", "200"), 10.0), (series("a", "500"), 1.0)]);
    assert_eq!(
        tally.total().suspect(NOW_MS),
        Some(Suspect::PartExceedsTotal { total: 60, part: 600 })
    );
    assert_eq!(tally.total().last(60 * MINUTE_MS, at(NOW_MS)).counts, Counts { total: 60, bad: 0 });
}

#[test]
fn bad_events_alone_do_not_show_that_data_are_known() {
    let errors = crate::testing::selector(vec![Matcher::equal(METRIC_NAME, "errors_total")]);
    let mut tally = tally(&Sli::from(SliKind::Counter(CounterSli {
        good: Vec::new(),
        bad: vec![errors],
        total: vec![requests(None)],
        scale: 0,
    })));
    feed(&mut tally, &[(Labels::new([(METRIC_NAME, "errors_total")]).unwrap(), 1.0)]);
    assert_eq!(tally.total().last(60 * MINUTE_MS, at(NOW_MS)).known, SignedDuration::ZERO);
    assert!(!tally.total().has_data(NOW_MS));
}
