//! The words of the first file.

use std::fmt::Write;

use nines_slo::Objective;
use url::Url;

use super::SCHEMA;
use super::discover::Found;
use crate::exit::Failure;

/// What the file is made from.
pub(super) struct Facts<'a> {
    pub(super) url: &'a Url,
    pub(super) service: &'a str,
    pub(super) person: &'a str,
    pub(super) email: Option<&'a str>,
    pub(super) objective: Objective,
    pub(super) found: &'a Found,
}

/// The whole file.
pub(super) fn write(facts: &Facts<'_>) -> anyhow::Result<String> {
    let Facts { url, service, person, email, objective, found } = facts;
    let host = url.host_str().filter(|_| matches!(url.scheme(), "http" | "https"));
    let host =
        host.ok_or_else(|| Failure::usage(format!("`{url}` is no http or https address")))?;
    let address = format!("{host}:{}", url.port_or_known_default().unwrap_or(80));
    let (scheme, path) = (url.scheme(), url.path());
    let Found { counter, status, histogram } = found;
    let mut out = format!(
        "# yaml-language-server: $schema={SCHEMA}
# What is scraped, what is promised, who is told. `nines check` finds mistakes in it.
apiVersion: nines/v1
kind: Scrape
spec:
  scrape_interval: 15s
  scrape_configs:
    - job_name: {service}
      scheme: {scheme}
      metrics_path: {path}
      static_configs:
        - targets: ['{address}']
---
apiVersion: nines/v1
kind: SLO
metadata: {{name: {service}/availability}}
spec:
  sli:
    counter:
      bad: '{counter}{{job=\"{service}\",{status}=~\"5..\"}}'
      total: '{counter}{{job=\"{service}\"}}'
  objective: {objective}
  window: 28d
  alerting: {{preset: scaled, escalation: {service}}}
"
    );
    if let Some((metric, below)) = histogram {
        write!(
            out,
            "---
apiVersion: nines/v1
kind: SLO
metadata: {{name: {service}/latency}}
spec:
  sli:
    histogram:
      metric: {metric}
      match: '{{job=\"{service}\"}}'
      below: {}ms
  objective: 99%
  window: 28d
  alerting: {{preset: scaled, escalation: {service}}}
",
            (below * 1_000.0).round()
        )?;
    }
    let email =
        email.map_or(String::new(), |it| format!(", email: {it}").replacen(", ", "}, {", 1));
    write!(
        out,
        "---
apiVersion: nines/v1
kind: Person
metadata: {{name: {person}}}
spec:
  contacts: [{{inbox: {{}}{email}}}]
---
apiVersion: nines/v1
kind: Escalation
metadata: {{name: {service}}}
spec:
  steps: [{{notify: [person: {person}], wait: 5m}}]
"
    )?;
    Ok(out)
}
