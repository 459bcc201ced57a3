use expect_test::expect;
use nines_base::Labels;
use nines_slo::{BurnFactor, PromqlSli, Severity, SlicesSli};
use proptest::prelude::*;

use super::*;
use crate::exchange::testing::{availability, days, selector, slo};
use crate::{Level, SourceFile, read_files};

fn read_back(slos: &[Slo], text: &str) -> Vec<Slo> {
    let file = SourceFile { path: "openslo.yaml".to_owned(), text: text.to_owned() };
    let reading = read_files(vec![file]);
    // Nobody is on call here, and whether alerts can fire is another matter.
    let others = ["N0213", "N0214", "N0215", "N0405"];
    let is_error =
        |it: &&crate::Finding| it.level == Level::Error && !others.contains(&it.code.as_str());
    let errors: Vec<_> = reading.findings.iter().filter(is_error).collect();
    assert!(errors.is_empty(), "{text}\n{errors:#?}");
    let mut read = reading.spec.slos;
    read.sort_by(|one, other| one.name.cmp(&other.name));
    for it in &mut read {
        it.origin = slos[0].origin.clone();
    }
    read
}

#[test]
fn an_slo_is_a_service_an_slo_and_the_targets_of_its_policies() {
    let export = export_openslo(&[availability()]);
    assert_eq!(export.losses, []);
    expect![[r#"
        apiVersion: openslo/v1
        kind: Service
        metadata:
          name: checkout
        spec:
          description: checkout
        ---
        apiVersion: openslo/v1
        kind: SLO
        metadata:
          name: availability
        spec:
          service: checkout
          indicator:
            metadata:
              name: availability-sli
            spec:
              ratioMetric:
                counter: true
                bad:
                  metricSource:
                    type: Prometheus
                    spec:
                      query: 'http_requests_total{job="checkout",code=~"5.."}'
                total:
                  metricSource:
                    type: Prometheus
                    spec:
                      query: 'http_requests_total{job="checkout"}'
          budgetingMethod: Occurrences
          timeWindow:
            - {duration: 4w, isRolling: true}
          objectives:
            - target: 0.9995
          alertPolicies:
            - kind: AlertPolicy
              metadata: {name: availability-burn}
              spec:
                alertWhenBreaching: true
                conditions:
                  - kind: AlertCondition
                    metadata: {name: page-1}
                    spec:
                      severity: page
                      condition: {kind: burnrate, op: gt, threshold: 13.44, lookbackWindow: 1h}
                  - kind: AlertCondition
                    metadata: {name: page-2}
                    spec:
                      severity: page
                      condition: {kind: burnrate, op: gt, threshold: 5.6, lookbackWindow: 6h}
                  - kind: AlertCondition
                    metadata: {name: ticket-3}
                    spec:
                      severity: ticket
                      condition: {kind: burnrate, op: gt, threshold: 2.8, lookbackWindow: 1d}
                  - kind: AlertCondition
                    metadata: {name: ticket-4}
                    spec:
                      severity: ticket
                      condition: {kind: burnrate, op: gt, threshold: 1, lookbackWindow: 3d}
                notificationTargets:
                  - {targetRef: shop}
        ---
        apiVersion: openslo/v1
        kind: AlertNotificationTarget
        metadata:
          name: shop
        spec:
          target: nines
    "#]]
    .assert_eq(&export.text);
}

#[test]
fn what_has_no_word_is_told() {
    let mut whole = availability();
    whole.owner = Some("shop".to_owned());
    whole.goals.push(Goal { window: Window::Rolling(days(90)), ..whole.goals[0].clone() });
    whole.goals[0].alerting.guard = Guard::Off;
    let told: Vec<String> = export_openslo(&[whole]).losses.into_iter().map(|it| it.what).collect();
    expect![[r#"
        owner and runbook
        mode and guard of alerts
        windows side by side"#]]
    .assert_eq(&told.join("\n"));
}

fn kind() -> impl Strategy<Value = SliKind> {
    let counter = |it: &str| selector(&format!("{it}{{job=\"a\",code=~\"5..|4[0-9]'\"}}"));
    let metric = "[a-z]{1,6}_total";
    let width = (1_i64..90).prop_map(SignedDuration::from_mins);
    let target = (0..4_usize, 0_i64..1_000_000).prop_map(|(op, value)| Target {
        op: [TargetOp::Below, TargetOp::AtMost, TargetOp::Above, TargetOp::AtLeast][op],
        value: nines_slo::Decimal { billionths: i128::from(value) * 12_500_000 },
    });
    let promql = |queries, width| SliKind::Promql(PromqlSli { queries, width });
    prop_oneof![
        (metric, metric, any::<bool>()).prop_map(move |(part, total, is_good)| {
            let part = vec![counter(&part)];
            let (good, bad) = if is_good { (part, Vec::new()) } else { (Vec::new(), part) };
            SliKind::Counter(CounterSli { good, bad, total: vec![counter(&total)], scale: 0 })
        }),
        (metric, width.clone(), any::<bool>()).prop_map(move |(metric, width, is_good)| {
            let query = format!("avg_over_time({metric}[$slice])");
            let query = if is_good { query } else { format!("1 - ({query})") };
            promql(PromqlQueries::Ratio(query), width)
        }),
        (metric, width.clone(), target.clone()).prop_map(move |(metric, width, target)| {
            let query = format!("max(rate({metric}[$slice]))\n/ 2");
            promql(PromqlQueries::Value { query, target }, width)
        }),
        (metric, width, target).prop_map(|(metric, width, target)| {
            let value = SliceValue::Gauge { selector: selector(&metric), by: GaugeBy::Average };
            SliKind::Slices(SlicesSli { value, target, width })
        }),
    ]
}

fn window() -> impl Strategy<Value = Window> {
    let zone = |it: &str| jiff::tz::TimeZone::get(it).unwrap();
    let weekday = (1_i8..8).prop_map(|it| Weekday::from_monday_one_offset(it).unwrap());
    let period = prop_oneof![
        Just(Period::Day),
        weekday.prop_map(|starts| Period::Week { starts }),
        Just(Period::Month),
        Just(Period::Quarter),
        Just(Period::Year),
        (2_u16..400)
            .prop_filter("a week has its own word", |it| *it != 7)
            .prop_map(|days| { Period::Every { days, from: jiff::civil::date(2026, 2, 28) } }),
    ];
    prop_oneof![
        (2_i64..9_000).prop_map(|it| Window::Rolling(SignedDuration::from_hours(it))),
        (period, prop::sample::select(vec!["UTC", "Europe/Warsaw", "Asia/Kolkata"]))
            .prop_map(move |(period, it)| Window::Calendar(Calendar { period, zone: zone(it) })),
    ]
}

fn pairs() -> impl Strategy<Value = Vec<BurnPair>> {
    let pair = (any::<bool>(), 2_i64..5_000, 1_000_000_000_u64..900_000_000_000, 0_i64..90);
    let pair = pair.prop_map(|(pages, minutes, factor, hold)| {
        let long = SignedDuration::from_mins(minutes);
        BurnPair {
            severity: if pages { Severity::Page } else { Severity::Ticket },
            long,
            short: short_of(long),
            factor: BurnFactor(factor),
            hold: SignedDuration::from_mins(hold),
        }
    });
    prop::collection::vec(pair, 0..4)
}

fn any_slo() -> impl Strategy<Value = Slo> {
    let objective = (1_u64..Objective::SCALE).prop_map(|it| {
        format!("{}.{:07}%", it / 10_000_000, it % 10_000_000).parse::<Objective>().unwrap()
    });
    let goals = prop::collection::vec(objective.clone(), 1..4);
    let labels = prop::collection::btree_map("[a-z][a-z_]{0,4}[a-z]", "[a-zA-Z0-9 :#-]{0,8}", 0..3);
    let method = (0..3_usize, objective, (1_i64..90).prop_map(SignedDuration::from_mins));
    let name = "[a-z][a-z0-9-]{0,8}[a-z0-9]";
    (kind(), goals, window(), proptest::option::of(pairs()), labels, method, name).prop_map(
        |(kind, targets, window, pairs, labels, (method, slice_target, width), name)| {
            let mut slo = slo(&format!("shop/{name}"), kind);
            slo.labels = labels.into_iter().fold(Labels::empty(), |it, (name, value)| it.with(&name, &value));
            let usual = Alerting::preset(Preset::Scaled, &window, None);
            let alerting = Alerting { pairs: pairs.unwrap_or_else(|| usual.pairs.clone()), ..usual };
            let own = crate::exchange::rules::width_of_sli(&slo);
            let width = own.unwrap_or(width);
            let is_share = matches!(&slo.sli.kind, SliKind::Promql(it) if matches!(it.queries, PromqlQueries::Ratio(_)));
            let needs_target = own.is_none() || is_share;
            slo.method = match method {
                0 => Method::Occurrences,
                1 => Method::Timeslices { slice_target: needs_target.then_some(slice_target), width },
                _ => Method::RatioTimeslices { width },
            };
            slo.goals = targets
                .into_iter()
                .enumerate()
                .map(|(index, target)| {
                    let objective = if index == 0 { "slo".to_owned() } else { format!("goal-{index}") };
                    Goal { objective, ..Goal::new(target, window.clone(), alerting.clone()) }
                })
                .collect();
            slo
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(150) })]

    #[test]
    fn what_the_format_can_say_comes_back_as_it_was(slo in any_slo()) {
        let export = export_openslo(std::slice::from_ref(&slo));
        prop_assert_eq!(&export.losses, &[]);
        let read = read_back(std::slice::from_ref(&slo), &export.text);
        prop_assert_eq!(&read, &[slo], "{}", export.text);
    }
}

/// What our reader makes of a composite is written as one again.
#[test]
fn a_composite_comes_back_with_its_parts() {
    let text = include_str!("../../../tests/it/openslo/v1.yaml");
    let first = read_files(vec![SourceFile { path: "v1.yaml".to_owned(), text: text.to_owned() }]);
    let mut slos = first.spec.slos;
    for it in &mut slos {
        it.origin = nines_base::Origin::default();
        for goal in &mut it.goals {
            goal.alerting.escalation = None;
        }
    }
    slos.sort_by(|one, other| one.name.cmp(&other.name));
    let export = export_openslo(&slos);
    assert_eq!(export.losses, []);
    assert_eq!(read_back(&slos, &export.text), slos, "{}", export.text);
}
