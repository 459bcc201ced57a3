use expect_test::expect;

use super::*;
use crate::exchange::testing::{availability, latency, slo};

#[test]
fn an_slo_is_two_counts_two_alerts_and_a_budget() {
    expect![[r##"
        # Written by `nines export prometheus-rules`; changes are lost at the next export.
        # Counts are recorded each step and summed over windows. Rules judge whatever data exist.
        # What rules cannot say:
        #   escalations (checkout/availability): rules name nobody; route by the labels `service`, `slo` and `severity`
        #   exclusions, corrections and late samples (checkout/availability): recorded counts are never changed; ask nines for the budget that counts
        #   mode: safe (checkout/availability): rules take whatever data exist for the whole window and know no `recovering`; a young SLO may alert early, and alerts end later
        #   the low-traffic guard (checkout/availability): rules cannot weigh luck; one failure in a quiet hour may page
        groups:
          - name: checkout/availability
            interval: 1m
            rules:
              - record: 'slo:total_events:increase1m'
                expr: |-
                  sum(
                    http_requests_total{job="checkout"} - http_requests_total{job="checkout"} offset 1m >= 0
                    or
                    http_requests_total{job="checkout"} and http_requests_total{job="checkout"} offset 1m > http_requests_total{job="checkout"}
                  )
                labels:
                  service: checkout
                  slo: availability
              - record: 'slo:bad_events:increase1m'
                expr: |-
                  sum(
                    http_requests_total{job="checkout",code=~"5.."} - http_requests_total{job="checkout",code=~"5.."} offset 1m >= 0
                    or
                    http_requests_total{job="checkout",code=~"5.."} and http_requests_total{job="checkout",code=~"5.."} offset 1m > http_requests_total{job="checkout",code=~"5.."}
                  )
                  or on () slo:total_events:increase1m{service="checkout",slo="availability"} * 0
                labels:
                  service: checkout
                  slo: availability
              - record: 'slo:bad_share:ratio5m'
                expr: |-
                  sum_over_time(slo:bad_events:increase1m{service="checkout",slo="availability"}[4m59s])
                  /
                  sum_over_time(slo:total_events:increase1m{service="checkout",slo="availability"}[4m59s])
                labels:
                  service: checkout
                  slo: availability
              - record: 'slo:bad_share:ratio30m'
                expr: |-
                  sum_over_time(slo:bad_events:increase1m{service="checkout",slo="availability"}[29m59s])
                  /
                  sum_over_time(slo:total_events:increase1m{service="checkout",slo="availability"}[29m59s])
                labels:
                  service: checkout
                  slo: availability
              - record: 'slo:bad_share:ratio1h'
                expr: |-
                  sum_over_time(slo:bad_events:increase1m{service="checkout",slo="availability"}[59m59s])
                  /
                  sum_over_time(slo:total_events:increase1m{service="checkout",slo="availability"}[59m59s])
                labels:
                  service: checkout
                  slo: availability
              - record: 'slo:bad_share:ratio2h'
                expr: |-
                  sum_over_time(slo:bad_events:increase1m{service="checkout",slo="availability"}[1h59m59s])
                  /
                  sum_over_time(slo:total_events:increase1m{service="checkout",slo="availability"}[1h59m59s])
                labels:
                  service: checkout
                  slo: availability
              - record: 'slo:bad_share:ratio6h'
                expr: |-
                  sum_over_time(slo:bad_events:increase1m{service="checkout",slo="availability"}[5h59m59s])
                  /
                  sum_over_time(slo:total_events:increase1m{service="checkout",slo="availability"}[5h59m59s])
                labels:
                  service: checkout
                  slo: availability
              - record: 'slo:bad_share:ratio1d'
                expr: |-
                  sum_over_time(slo:bad_events:increase1m{service="checkout",slo="availability"}[23h59m59s])
                  /
                  sum_over_time(slo:total_events:increase1m{service="checkout",slo="availability"}[23h59m59s])
                labels:
                  service: checkout
                  slo: availability
              - record: 'slo:bad_share:ratio3d'
                expr: |-
                  sum_over_time(slo:bad_events:increase1m{service="checkout",slo="availability"}[2d23h59m59s])
                  /
                  sum_over_time(slo:total_events:increase1m{service="checkout",slo="availability"}[2d23h59m59s])
                labels:
                  service: checkout
                  slo: availability
              - alert: SLOBurn
                expr: |-
                  (slo:bad_share:ratio1h{service="checkout",slo="availability"} > 0.00672
                  and
                  slo:bad_share:ratio5m{service="checkout",slo="availability"} > 0.00672)
                  or
                  (slo:bad_share:ratio6h{service="checkout",slo="availability"} > 0.0028
                  and
                  slo:bad_share:ratio30m{service="checkout",slo="availability"} > 0.0028)
                labels:
                  service: checkout
                  slo: availability
                  severity: page
                annotations:
                  summary: 'checkout/availability spends its error budget: {{ $value | humanizePercentage }} are bad (1h or 6h, objective 99.95% over 28d)'
              - alert: SLOBurn
                expr: |-
                  (slo:bad_share:ratio1d{service="checkout",slo="availability"} > 0.0014
                  and
                  slo:bad_share:ratio2h{service="checkout",slo="availability"} > 0.0014)
                  or
                  (slo:bad_share:ratio3d{service="checkout",slo="availability"} > 0.0005
                  and
                  slo:bad_share:ratio6h{service="checkout",slo="availability"} > 0.0005)
                labels:
                  service: checkout
                  slo: availability
                  severity: ticket
                annotations:
                  summary: 'checkout/availability spends its error budget: {{ $value | humanizePercentage }} are bad (1d or 3d, objective 99.95% over 28d)'
          - name: checkout/availability budget
            interval: 5m
            rules:
              - record: 'slo:objective:ratio'
                expr: vector(0.9995)
                labels:
                  service: checkout
                  slo: availability
              - record: 'slo:budget_remaining:ratio'
                expr: |-
                  1 - sum_over_time(slo:bad_events:increase1m{service="checkout",slo="availability"}[27d23h59m59s])
                  /
                  sum_over_time(slo:total_events:increase1m{service="checkout",slo="availability"}[27d23h59m59s])
                  / 0.0005
                labels:
                  service: checkout
                  slo: availability
    "##]].assert_eq(&export_rules(&[availability()], RuleOptions::default()).text);
}

#[test]
fn thresholds_are_exact_decimals() {
    let allowed = |it: &str| it.parse::<Objective>().unwrap().allowed();
    let factor = |it: u64| BurnFactor(it * 1_000_000);
    assert_eq!(product(allowed("99.95%"), factor(14_400)), "0.0072");
    assert_eq!(product(allowed("99.9999999%"), BurnFactor(1)), "0.000000000000000001");
    assert_eq!(product(allowed("50%"), factor(2_000)), "1");
}

/// Whatever is exported, our own parser takes it, as promtool does.
#[test]
fn every_kind_of_sli_is_promql() {
    for slo in [availability(), slo("search/latency", latency())] {
        let export = export_rules(&[slo], RuleOptions::default());
        let file = crate::SourceFile { path: "rules.yaml".to_owned(), text: export.text.clone() };
        let reading = crate::read_files(vec![file]);
        assert!(reading.findings.is_empty(), "{}\n{:?}", export.text, reading.findings);
    }
}
