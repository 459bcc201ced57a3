//! Services with one objective each: their documents, and the counters that they expose.

use fastrand::Rng;

use crate::bench::wire::{WriteRequest, labels};

/// The same numbers in every run.
const SEED: u64 = 9;
/// Each service has so many instances with these codes: ten series, as in the part `scale`.
const INSTANCES: usize = 2;
const CODES: [&str; 5] = ["200", "201", "404", "500", "503"];
/// Requests per step of a series that goes well, at most.
const BUSY: u32 = 400;
/// A series of failures counts one in so many steps: far from any alert.
const STEPS_PER_FAILURE: u32 = 20;
/// Series of one request.
const SERIES_PER_REQUEST: usize = 5_000;

/// Who is told; nothing fires.
const PEOPLE: &str = "\
apiVersion: nines/v1
kind: Person
metadata: {name: ana}
spec: {contacts: [inbox: {}]}
---
apiVersion: nines/v1
kind: Escalation
metadata: {name: bench}
spec: {steps: [{notify: [person: ana], wait: 10m}]}
";

/// Two levels and a rule, so that a question evaluates conditions. A run is too short to know a share of the window.
pub(super) const POLICY: &str = "\
apiVersion: nines/v1
kind: Policy
metadata: {name: bench, owners: [bench], approvers: [ana]}
spec:
  budget: {min_coverage: 0%}
  levels:
    - name: careful
      enter: budget.remaining < 25%
      leave: budget.remaining > 35%
      hold: 12h
      effects: {max_step: 5%, min_bake: 30m}
    - name: frozen
      enter: budget.remaining <= 10%
      leave: budget.remaining > 20%
      hold: 1h
      effects: {freeze: true, exempt: [p0, security]}
  rules:
    - {name: burning, when: burn.page, then: {hold: true}}
";

/// The name of a service.
pub(super) fn service(index: usize) -> String {
    format!("service-{index:05}")
}

/// One file of nines: so many services, each with an objective of 99.9 % over 28 days and four burn pairs.
pub(super) fn documents(slos: usize) -> String {
    let mut text = PEOPLE.to_owned();
    for name in (0..slos).map(service) {
        text.push_str(&format!(
            "\
---
apiVersion: nines/v1
kind: Service
metadata: {{name: {name}, owner: bench}}
spec: {{tier: 1}}
---
apiVersion: nines/v1
kind: SLO
metadata: {{name: {name}/availability, owner: bench}}
spec:
  sli:
    counter:
      bad: 'http_requests_total{{job=\"{name}\",code=~\"5..\"}}'
      total: 'http_requests_total{{job=\"{name}\"}}'
  objective: 99.9%
  window: 28d
  alerting: {{preset: scaled, escalation: bench}}
"
        ));
    }
    text
}

/// The counters of all services with their newest values.
#[derive(Debug)]
pub(super) struct Fleet {
    rng: Rng,
    series: Vec<Series>,
}

#[derive(Debug)]
struct Series {
    labels: Vec<u8>,
    is_failure: bool,
    value: f64,
}

impl Fleet {
    pub(super) fn new(slos: usize) -> Self {
        let mut series = Vec::with_capacity(slos * INSTANCES * CODES.len());
        for job in (0..slos).map(service) {
            for instance in 0..INSTANCES {
                for code in CODES {
                    let pairs = [
                        ("__name__", "http_requests_total".to_owned()),
                        ("code", code.to_owned()),
                        ("instance", format!("10.0.0.{instance}:8080")),
                        ("job", job.clone()),
                        ("method", "GET".to_owned()),
                    ];
                    let is_failure = code.starts_with('5');
                    series.push(Series { labels: labels(&pairs), is_failure, value: 0.0 });
                }
            }
        }
        Self { rng: Rng::with_seed(SEED), series }
    }

    pub(super) fn series(&self) -> usize {
        self.series.len()
    }

    /// Goes on by one step, and returns one sample of every series.
    pub(super) fn step(&mut self, at_ms: i64) -> Vec<Vec<u8>> {
        for Series { is_failure, value, .. } in &mut self.series {
            *value += if *is_failure {
                f64::from(u32::from(self.rng.u32(0..STEPS_PER_FAILURE) == 0))
            } else {
                f64::from(self.rng.u32(0..BUSY))
            };
        }
        let requests = self.series.chunks(SERIES_PER_REQUEST).map(|part| {
            let mut request = WriteRequest::default();
            for it in part {
                request.add(&it.labels, std::iter::once((at_ms, it.value)));
            }
            request.finish()
        });
        requests.collect()
    }
}
