use jiff::SignedDuration;

use super::*;
use crate::testing::{days, requests, selector};
use crate::{CounterSli, Decimal, PromqlSli, Sli, SlicesSli};

fn counter() -> SliKind {
    SliKind::Counter(CounterSli {
        good: Vec::new(),
        bad: vec![requests(Some("5.."))],
        total: vec![requests(None)],
        scale: 0,
    })
}

fn gauge(seconds: i64) -> SliKind {
    SliKind::Slices(SlicesSli {
        value: SliceValue::Gauge { selector: selector(Vec::new()), by: GaugeBy::Max },
        target: Target { op: TargetOp::Below, value: Decimal::whole(1) },
        width: SignedDuration::from_secs(seconds),
    })
}

fn ratio() -> SliKind {
    let queries = PromqlQueries::Ratio(String::new());
    SliKind::Promql(PromqlSli { queries, width: SignedDuration::from_secs(60) })
}

fn plan(kind: SliKind, method: Method) -> Plan {
    Plan::new(&Slo { sli: Sli::from(kind), method, ..crate::testing::slo("99%", days(28)) })
}

fn timeslices(seconds: i64) -> Method {
    Method::Timeslices { slice_target: None, width: SignedDuration::from_secs(seconds) }
}

#[test]
fn the_unit_follows_from_the_kind_and_the_method() {
    let shares = Method::RatioTimeslices { width: SignedDuration::from_secs(60) };
    let rows = [
        (counter(), Method::Occurrences, None),
        (counter(), timeslices(60), Some((Unit::Slice, 60_000))),
        (counter(), shares, Some((Unit::Share, 60_000))),
        (gauge(300), Method::Occurrences, Some((Unit::Slice, 300_000))),
        // A value per slice has a width of its own.
        (gauge(300), timeslices(60), Some((Unit::Slice, 300_000))),
        (ratio(), Method::Occurrences, Some((Unit::Share, 60_000))),
        (ratio(), timeslices(60), Some((Unit::Slice, 60_000))),
        (counter(), timeslices(0), Some((Unit::Slice, 1_000))),
    ];
    for (kind, method, expected) in rows {
        let rules = plan(kind.clone(), method).verdicts;
        assert_eq!(rules.map(|it| (it.unit, it.width_ms)), expected, "{kind:?} {method:?}");
    }
}

#[test]
fn without_a_target_of_its_own_a_slice_is_held_to_the_objective() {
    assert_eq!(plan(counter(), timeslices(60)).test, Test::GoodShare(990_000_000));
    assert_eq!(plan(ratio(), timeslices(60)).slice_target, Some(990_000_000));
    assert_eq!(plan(ratio(), Method::Occurrences).slice_target, None);
}

#[test]
fn whole_slices_can_be_made_of_the_grains_of_events() {
    let grains = Grains { hot_ms: 15_000, hot_span_ms: 1, cold_ms: 60_000, span_ms: 1 };
    let of = |method| {
        let grains = plan(counter(), method).event_grains(grains);
        (grains.hot_ms, grains.cold_ms)
    };
    assert_eq!(of(Method::Occurrences), (15_000, 60_000));
    assert_eq!(of(timeslices(300)), (15_000, 60_000));
    assert_eq!(of(timeslices(90)), (15_000, 30_000));
    assert_eq!(of(timeslices(20)), (5_000, 20_000));
}
