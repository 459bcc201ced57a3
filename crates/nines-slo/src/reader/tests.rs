use super::*;
use crate::testing::{requests, series};
use crate::{CounterSli, HistogramSli};

fn counters(good: &[Selector], bad: &[Selector], total: &[Selector]) -> Reader {
    Reader::new(&Sli::from(SliKind::Counter(CounterSli {
        good: good.to_vec(),
        bad: bad.to_vec(),
        total: total.to_vec(),
        scale: 0,
    })))
}

fn buckets(below: f64) -> Reader {
    let metric = "http_request_duration_seconds".to_owned();
    Reader::new(&Sli::from(SliKind::Histogram(HistogramSli {
        metric,
        matchers: Vec::new(),
        below,
    })))
}

fn bucket(le: &str) -> Labels {
    Labels::new([(METRIC_NAME, "http_request_duration_seconds_bucket"), (LE, le)]).unwrap()
}

const INTAKE: Intake = Intake::Counter { scale: 0 };
const BOTH: Meaning = Meaning::Counted(Roles { whole: true, part: true }, INTAKE);
const WHOLE: Meaning = Meaning::Counted(Roles { whole: true, part: false }, INTAKE);
const PART: Meaning = Meaning::Counted(Roles { whole: false, part: true }, INTAKE);

#[test]
fn any_two_of_good_bad_and_total_are_enough() {
    let (fine, broken) = (series("a", "200"), series("a", "500"));
    let (good, bad, total) = ([requests(Some("2.."))], [requests(Some("5.."))], [requests(None)]);

    let reader = counters(&[], &bad, &total);
    assert_eq!((reader.read(&fine), reader.read(&broken)), (WHOLE, BOTH));
    assert_eq!(reader.part_kind(), PartKind::Bad);

    let reader = counters(&good, &[], &total);
    assert_eq!((reader.read(&fine), reader.read(&broken)), (BOTH, WHOLE));
    assert_eq!(reader.part_kind(), PartKind::Good);

    let reader = counters(&good, &bad, &[]);
    assert_eq!((reader.read(&fine), reader.read(&broken)), (WHOLE, BOTH));
    assert_eq!(reader.read(&series("a", "404")), Meaning::Unrelated);
    assert_eq!(reader.part_kind(), PartKind::Bad);
}

#[test]
fn bounds_are_compared_as_numbers() {
    let reader = buckets(1.0);
    for le in ["1", "1.0", "1.000", "1e0", "+1"] {
        assert_eq!(reader.read(&bucket(le)), PART, "{le}");
    }
    assert_eq!(reader.read(&bucket("+Inf")), WHOLE);
    assert_eq!(reader.read(&bucket("2.5")), Meaning::OtherBucket(2.5));
    assert_eq!(reader.read(&bucket("NaN")), Meaning::Unrelated);
    assert_eq!(reader.read(&bucket("fast")), Meaning::Unrelated);
    assert_eq!(buckets(f64::INFINITY).read(&bucket("+Inf")), BOTH);
}
