use expect_test::expect;

use super::*;
use crate::exchange::testing::{availability, latency, slo};
use crate::{SourceFile, read_files};

/// What is written is read as the same SLO; only the place differs.
fn check_round_trip(slo: &Slo) {
    let text = document(slo);
    let file = SourceFile { path: "slo.yaml".to_owned(), text: text.clone() };
    let reading = read_files(vec![file]);
    let read = reading.spec.slos.into_iter().next();
    let read = read.map(|it| Slo { origin: slo.origin.clone(), ..it });
    assert_eq!(read.as_ref(), Some(slo), "{text}\n{:#?}", reading.findings);
}

#[test]
fn an_slo_is_written_as_people_write_it() {
    expect![[r#"
        apiVersion: nines/v1
        kind: SLO
        metadata:
          name: checkout/availability
        spec:
          sli:
            counter:
              bad: 'http_requests_total{job="checkout",code=~"5.."}'
              total: 'http_requests_total{job="checkout"}'
          objective: 99.95%
          window: 28d
          alerting:
            preset: scaled
            escalation: shop
    "#]]
    .assert_eq(&document(&availability()));
}

#[test]
fn what_is_written_is_read_back() {
    check_round_trip(&availability());
    check_round_trip(&slo("search/latency", latency()));
}
