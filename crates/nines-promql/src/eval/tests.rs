use std::cell::Cell;
use std::fmt::Write;
use std::sync::atomic::{AtomicUsize, Ordering};

use expect_test::{Expect, expect};
use nines_base::{Labels, Matcher, Sample, stale_marker};
use proptest::prelude::*;

use crate::{
    Answer, QUERY_DEPTH_MAX, QueryError, QueryLimits, SelectLimits, SeriesSamples, SeriesSource,
    SourceError, Value, check,
};

const MINUTE_MS: i64 = 60_000;

/// Series in memory, and how often they were read.
struct Source {
    series: Vec<SeriesSamples>,
    reads: AtomicUsize,
}

impl SeriesSource for Source {
    fn select(
        &self,
        matchers: &[Matcher],
        from_ms: i64,
        to_ms: i64,
        limits: &SelectLimits,
    ) -> Result<Vec<SeriesSamples>, SourceError> {
        self.reads.fetch_add(1, Ordering::Relaxed);
        let found = self
            .series
            .iter()
            .filter(|it| matchers.iter().all(|matcher| matcher.matches(&it.labels)));
        let found: Vec<_> = found
            .map(|it| {
                let samples =
                    it.samples.iter().copied().filter(|it| (from_ms..=to_ms).contains(&it.at_ms));
                SeriesSamples {
                    labels: it.labels.clone(),
                    samples: samples.collect(),
                    histograms: Vec::new(),
                }
            })
            .filter(|it| !it.samples.is_empty())
            .collect();
        if found.iter().map(|it| it.samples.len()).sum::<usize>() > limits.samples_max {
            return Err(SourceError::TooManySamples { limit: limits.samples_max });
        }
        Ok(found)
    }
}

/// Name, labels and values.
type Given<'a> = (&'a str, &'a [(&'a str, &'a str)], &'a [Option<f64>]);

/// Series with one sample per minute from 0 on; `None` is a gap.
fn source(series: &[Given<'_>]) -> Source {
    let series = series.iter().map(|(name, labels, values)| {
        let pairs = labels.iter().copied().chain([("__name__", *name)]);
        let samples = values.iter().zip(0..).filter_map(|(value, index)| {
            Some(Sample { at_ms: index * MINUTE_MS, value: (*value)? })
        });
        SeriesSamples {
            labels: Labels::new(pairs).unwrap(),
            samples: samples.collect(),
            histograms: Vec::new(),
        }
    });
    let mut series: Vec<_> = series.collect();
    series.sort_by(|one, two| one.labels.cmp(&two.labels));
    Source { series, reads: AtomicUsize::new(0) }
}

fn counters() -> Source {
    let rising: Vec<_> = (0..=10).map(|it| Some(f64::from(it) * 60.0)).collect();
    let steep: Vec<_> = (0..=10).map(|it| Some(f64::from(it) * 180.0)).collect();
    source(&[
        ("requests_total", &[("code", "200"), ("job", "shop")], &steep),
        ("requests_total", &[("code", "500"), ("job", "shop")], &rising),
        ("up", &[("job", "shop")], &[Some(1.0), Some(0.0), Some(1.0)]),
    ])
}

fn show(answer: Result<Answer, QueryError>) -> String {
    let mut out = String::new();
    match answer {
        Err(error) => writeln!(out, "error: {error}").unwrap(),
        Ok(Answer { value, warnings, infos, .. }) => {
            match value {
                Value::Scalar(it) => writeln!(out, "{}", it.value).unwrap(),
                Value::String { value, .. } => writeln!(out, "{value:?}").unwrap(),
                Value::Vector(it) => {
                    for it in it {
                        writeln!(out, "{} {}", it.labels, it.value).unwrap();
                    }
                }
                Value::Matrix(it) => it.iter().for_each(|it| {
                    let points =
                        it.samples.iter().map(|it| format!("{}@{}", it.value, it.at_ms / 1_000));
                    writeln!(out, "{} {}", it.labels, points.collect::<Vec<_>>().join(" "))
                        .unwrap();
                }),
            }
            warnings.iter().chain(&infos).for_each(|it| writeln!(out, "{it}").unwrap());
        }
    }
    out
}

fn check_instant(query: &str, expect: &Expect) {
    let answer =
        check(query).unwrap().instant(&counters(), 10 * MINUTE_MS, &QueryLimits::default());
    expect.assert_eq(&show(answer));
}

fn check_range(query: &str, expect: &Expect) {
    let limits = QueryLimits::default();
    let answer =
        check(query).unwrap().range(&counters(), 0, 10 * MINUTE_MS, 5 * MINUTE_MS, &limits);
    expect.assert_eq(&show(answer));
}

#[test]
fn an_error_ratio_is_computed_per_job() {
    check_instant(
        r#"sum by (job) (rate(requests_total{code="500"}[5m])) / sum by (job) (rate(requests_total[5m]))"#,
        &expect![[r#"
            {job="shop"} 0.25
        "#]],
    );
}

#[test]
fn a_rate_of_a_gauge_is_told() {
    check_instant(
        "rate(up[10m])",
        &expect![[r#"
            {job="shop"} 0.0025
            PromQL info: metric might not be a counter, name does not end in _total/_sum/_count/_bucket: "up" (1:6)
        "#]],
    );
}

#[test]
fn a_range_query_has_a_value_per_step() {
    check_range(
        "sum(increase(requests_total[5m]))",
        &expect![[r#"
        {} 1200@300 1200@600
    "#]],
    );
    check_range(
        "up",
        &expect![[r#"
        up{job="shop"} 1@0 1@300
    "#]],
    );
}

#[test]
fn a_range_query_of_a_window_is_refused() {
    check_range(
        "up[5m]",
        &expect![[r#"
        error: invalid query: a range query needs a scalar or a vector, got a matrix
    "#]],
    );
}

#[test]
fn a_value_ends_with_the_staleness_marker_and_after_five_minutes() {
    let ends = source(&[("up", &[], &[Some(1.0), Some(1.0), Some(stale_marker())])]);
    let up = check("up").unwrap();
    let at = |source: &Source, at_ms| show(up.instant(source, at_ms, &QueryLimits::default()));
    expect!["up 1\n"].assert_eq(&at(&ends, 2 * MINUTE_MS - 1));
    expect![""].assert_eq(&at(&ends, 2 * MINUTE_MS));
    let fades = source(&[("up", &[], &[Some(1.0)])]);
    expect!["up 1\n"].assert_eq(&at(&fades, 5 * MINUTE_MS - 1));
    expect![""].assert_eq(&at(&fades, 5 * MINUTE_MS));
}

#[test]
fn each_selector_is_read_once_for_the_whole_range() {
    let source = counters();
    let query =
        check("rate(requests_total[5m]) + on (code, job) rate(requests_total[1m:10s])").unwrap();
    query.range(&source, 0, 10 * MINUTE_MS, 1_000, &QueryLimits::default()).unwrap();
    assert_eq!(source.reads.load(Ordering::Relaxed), 2);
}

#[test]
fn a_limit_is_named_when_it_is_passed() {
    let run = |query: &str, limits: &QueryLimits<'_>| {
        show(check(query).unwrap().range(&counters(), 0, 600_000, 1_000, limits))
    };
    let limits = QueryLimits::default();
    let mut out = run("up", &QueryLimits { points_max: 10, ..limits });
    out += &run("requests_total", &QueryLimits { series_max: 1, ..limits });
    out += &run("requests_total", &QueryLimits { samples_max: 10, ..limits });
    out += &run("sum_over_time(vector(1)[30d:1ms])", &limits);
    out += &run("up", &QueryLimits { cancelled: Some(&|| true), ..limits });
    expect![[r#"
        error: the query needs more than 10 points per series; shorten the range or enlarge the step
        error: the query needs more than 1 series; narrow its matchers or raise `series_max`
        error: the query reads more than 10 samples; shorten its range or raise `samples_max`
        error: the query needs more than 50000000 samples; shorten its range, enlarge its step or raise `samples_max`
        error: the query was cancelled or took too long
    "#]].assert_eq(&out);
}

#[test]
fn extreme_times_do_not_overflow() {
    let limits = QueryLimits::default();
    for query in ["up", "up[290y]", "up offset -290y", "up @ 1e15", "sum_over_time(up[1y:1d])"] {
        let query = check(query).unwrap();
        for at_ms in [i64::MIN, -1, 0, i64::MAX] {
            drop(query.instant(&counters(), at_ms, &limits));
        }
    }
}

#[test]
fn the_deepest_query_fits_the_stack() {
    const DEEP: usize = QUERY_DEPTH_MAX - 2;
    let deep = [
        format!("{}up{}", "abs(".repeat(DEEP), ")".repeat(DEEP)),
        "up + ".repeat(DEEP) + "up",
        format!("{}up{}", "sum(".repeat(DEEP), ")".repeat(DEEP)),
        format!("{}up{}", "max_over_time(".repeat(DEEP / 2), "[1m:1m])".repeat(DEEP / 2)),
    ];
    for query in deep {
        let answer = check(&query).unwrap().instant(&counters(), 0, &QueryLimits::default());
        assert!(answer.is_ok(), "{answer:?}");
    }
}

#[test]
fn what_was_read_is_counted() {
    let answer =
        check("requests_total").unwrap().instant(&counters(), MINUTE_MS, &QueryLimits::default());
    let answer = answer.unwrap();
    assert_eq!((answer.series_read, answer.samples_read), (2, 4));
}

#[test]
fn work_is_polled_while_it_goes_on() {
    let left = Cell::new(3);
    let asked = std::sync::Mutex::new(left);
    let stop = || {
        let cell = asked.lock().unwrap();
        cell.set(cell.get() - 1);
        cell.get() == 0
    };
    let limits = QueryLimits { cancelled: Some(&stop), ..QueryLimits::default() };
    let query = check("sum_over_time(vector(1)[1h:1s]) + sum_over_time(vector(1)[1h:1s])").unwrap();
    let answer = query.range(&counters(), 0, 3_600_000, 1_000, &limits);
    assert!(matches!(answer, Err(QueryError::Cancelled)), "{answer:?}");
}

#[test]
fn what_occurs_twice_is_evaluated_once() {
    let query =
        check("sum(requests_total) / sum(requests_total) + sum(rate(requests_total[5m]))").unwrap();
    expect![[r#"
        +
          /
            #1 sum
              select requests_total
            #1 sum
              select requests_total
          sum
            rate
              select requests_total over 5m
    "#]]
    .assert_eq(&query.explain());
    let source = counters();
    query.range(&source, 0, 600_000, 60_000, &QueryLimits::default()).unwrap();
    assert_eq!(source.reads.load(Ordering::Relaxed), 2);
}

#[test]
fn an_answer_says_what_each_selector_read() {
    let query = check("sum(requests_total) - requests_total{code=\"500\"} offset 1m").unwrap();
    let answer = query.instant(&counters(), 600_000, &QueryLimits::default()).unwrap();
    let lines = answer.reads.iter().map(|it| {
        format!(
            "{} {} series {} samples {} histograms\n",
            it.selector, it.series, it.samples, it.histograms
        )
    });
    expect![[r#"
        requests_total 2 series 10 samples 0 histograms
        requests_total{code="500"} offset 1m 1 series 5 samples 0 histograms
    "#]]
    .assert_eq(&lines.collect::<String>());
}

#[test]
fn the_lookback_and_the_steps_of_subqueries_can_be_set() {
    let source = source(&[("m", &[], &[Some(1.0), Some(2.0)])]);
    let limits = QueryLimits {
        lookback_ms: 10 * MINUTE_MS,
        subquery_step_ms: 30_000,
        ..QueryLimits::default()
    };
    let (old, steps) = (check("m").unwrap(), check("count_over_time(m[1m:])").unwrap());
    let values = |limits: &QueryLimits<'_>| {
        show(old.instant(&source, 10 * MINUTE_MS, limits))
            + &show(steps.instant(&source, MINUTE_MS, limits))
    };
    expect![[r#"
        {} 1

        m 2
        {} 2
    "#]]
    .assert_eq(&(values(&QueryLimits::default()) + "\n" + &values(&limits)));
}

#[test]
fn a_series_that_moves_from_one_side_of_or_to_the_other_stays_one() {
    let source = source(&[("m", &[], &[Some(1.0), Some(2.0)])]);
    let query = check("count_over_time((-m or -m offset 10m)[20m:1m])").unwrap();
    // Six steps see the value of minute 1 or the one before, and as many see them ten minutes later.
    let answer = query.instant(&source, 19 * MINUTE_MS, &QueryLimits::default());
    expect![[r#"
        {} 12
    "#]]
    .assert_eq(&show(answer));
}

#[test]
fn limits_treat_nan_and_infinity_as_upstream() {
    let shown = |query: &str| {
        let answer = check(query).unwrap().instant(&counters(), 0, &QueryLimits::default());
        format!("{query}\n  {}", show(answer))
    };
    let queries = [
        "clamp_max(vector(NaN), -Inf)",
        "clamp_max(vector(NaN), 1)",
        "clamp_min(vector(NaN), Inf)",
        "clamp(vector(5), NaN, 9)",
        "clamp(vector(5), 6, 9)",
        "clamp(vector(5), 9, 6)",
        "vector(min_of(NaN, -Inf))",
        "vector(max_of(NaN, 3))",
    ];
    expect![[r#"
        clamp_max(vector(NaN), -Inf)
          {} -inf
        clamp_max(vector(NaN), 1)
          {} NaN
        clamp_min(vector(NaN), Inf)
          {} inf
        clamp(vector(5), NaN, 9)
          {} NaN
        clamp(vector(5), 6, 9)
          {} 6
        clamp(vector(5), 9, 6)
          vector(min_of(NaN, -Inf))
          {} -inf
        vector(max_of(NaN, 3))
          {} NaN
    "#]]
    .assert_eq(&queries.map(shown).concat());
}

#[test]
fn a_mean_of_huge_values_does_not_overflow() {
    let huge = [Some(f64::MAX), Some(f64::MAX), Some(f64::MAX / 2.0)];
    let source = source(&[("m", &[("a", "1")], &huge), ("m", &[("a", "2")], &huge)]);
    let ratio = |query: &str| {
        let answer = check(query).unwrap().instant(&source, 2 * MINUTE_MS, &QueryLimits::default());
        let Value::Vector(found) = answer.unwrap().value else { panic!("no vector") };
        found.iter().map(|it| format!("{:.6}", it.value / f64::MAX)).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(ratio("avg_over_time(m[5m])"), "0.833333 0.833333");
    assert_eq!(ratio("avg(m)"), "0.500000");
    assert_eq!(ratio("avg(m @ 0)"), "1.000000");
    assert_eq!(ratio("sum(m @ 0)"), "inf");
}

proptest! {
    #[test]
    fn a_sum_over_gaps_equals_the_sum_of_what_is_there(
        rows in proptest::collection::vec(
            proptest::collection::vec(proptest::option::weighted(0.7, -1e6..1e6), 20), 1..6,
        ),
    ) {
        let names: Vec<_> = (0..rows.len()).map(|it| it.to_string()).collect();
        let labels: Vec<_> = names.iter().map(|it| [("a", it.as_str())]).collect();
        let given: Vec<Given<'_>> =
            labels.iter().zip(&rows).map(|(it, row)| ("m", it.as_slice(), row.as_slice())).collect();
        let source = source(&given);
        let query = check("sum(last_over_time(m[1m]))").unwrap();
        let Value::Matrix(found) =
            query.range(&source, 0, 19 * MINUTE_MS, MINUTE_MS, &QueryLimits::default()).unwrap().value
        else {
            panic!("no matrix");
        };
        let found: Vec<_> = found.iter().flat_map(|it| &it.samples).map(|it| (it.at_ms, it.value)).collect();
        let expected = (0..20_usize).zip(0..).filter_map(|(index, minute)| {
            let there: Vec<_> = rows.iter().filter_map(|it| it[index]).collect();
            (!there.is_empty()).then(|| (minute * MINUTE_MS, there.iter().sum::<f64>()))
        });
        let expected: Vec<_> = expected.collect();
        prop_assert_eq!(found.len(), expected.len());
        for ((at, one), (at_too, two)) in found.into_iter().zip(expected) {
            prop_assert!(at == at_too && (one - two).abs() < 1e-6, "{one} instead of {two}");
        }
    }

    #[test]
    fn a_range_query_equals_its_instant_queries(
        values in proptest::collection::vec(proptest::option::weighted(0.8, -100.0..100.0), 1..30),
        query in proptest::sample::select(vec![
            "m", "rate(m[3m])", "avg_over_time(m[4m])", "m offset 2m", "sum(m) > 0", "m - m offset 1m",
            "max_over_time(rate(m[2m])[5m:30s])", "absent(m)", "m @ 120", "topk(1, m)", "timestamp(m)",
            "deriv(m[5m])", "scalar(m)", "m unless m > 3", "predict_linear(m[5m] @ 300, 60)",
        ]),
    ) {
        let source = source(&[("m", &[("a", "b")], &values)]);
        let (query, limits) = (check(query).unwrap(), QueryLimits::default());
        let Value::Matrix(range) = query.range(&source, 0, 1_800_000, 45_000, &limits).unwrap().value else {
            panic!("no matrix");
        };
        for step in 0..=40 {
            let at_ms = step * 45_000;
            let mut expected = Vec::new();
            for series in &range {
                expected.extend(series.samples.iter().filter(|it| it.at_ms == at_ms).map(|it| it.value));
            }
            let found = match query.instant(&source, at_ms, &limits).unwrap().value {
                Value::Scalar(it) => vec![it.value],
                Value::Vector(it) => it.iter().map(|it| it.value).collect(),
                it => panic!("{it:?}"),
            };
            prop_assert_eq!(format!("{:?}", found), format!("{:?}", expected));
        }
    }

    #[test]
    fn an_increase_of_a_counter_is_never_negative(
        steps in proptest::collection::vec(0.0..100.0, 2..30), reset_at in 0_usize..30,
    ) {
        let mut total = 0.0;
        let values = steps.iter().enumerate().map(|(index, step)| {
            total = if index == reset_at { *step } else { total + step };
            Some(total)
        });
        let source = source(&[("c_total", &[], &values.collect::<Vec<_>>())]);
        let query = check("increase(c_total[10m])").unwrap();
        let answer = query.range(&source, 0, 1_800_000, 60_000, &QueryLimits::default()).unwrap();
        let Value::Matrix(series) = answer.value else { panic!("no matrix") };
        let samples = series.iter().flat_map(|it| &it.samples);
        prop_assert!(samples.into_iter().all(|it| it.value >= 0.0));
    }
}
