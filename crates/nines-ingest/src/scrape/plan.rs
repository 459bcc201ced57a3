//! From jobs and what was discovered to the targets that are asked, and those that are not.
//!
//! Source: Prometheus, "Configuration", sections `scrape_config` and `relabel_config`.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::SignedDuration;
use nines_base::{Labels, format_duration, parse_duration};
use url::Url;

use super::job::{ScrapeJob, Target};
use super::read::Times;
use super::target::{INTERVAL_MIN, Settings, TargetKey};
use crate::relabel::relabel;

/// More targets than this are left out, and said to be.
const TARGETS_MAX: usize = 10_000;
/// Targets without a place in the plan that are remembered, of each job.
const DROPPED_MAX: usize = 1_000;

const ADDRESS: &str = "__address__";
const SCHEME: &str = "__scheme__";
const PATH: &str = "__metrics_path__";
const INTERVAL: &str = "__scrape_interval__";
const TIMEOUT: &str = "__scrape_timeout__";
const PARAM: &str = "__param_";

/// How every target should be scraped.
#[derive(Debug, Default)]
pub(super) struct Plan {
    pub(super) wanted: BTreeMap<TargetKey, Settings>,
    /// By job; also jobs without targets.
    pub(super) pools: BTreeMap<String, Dropped>,
}

/// The targets of one job that are not asked.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Dropped {
    pub(super) count: usize,
    /// The first ones, as they were found.
    pub(super) discovered: Vec<Labels>,
}

/// `discovered` gives what was found for a job, beside its own targets.
pub(super) fn plan(jobs: &[ScrapeJob], discovered: impl Fn(&ScrapeJob) -> Vec<Target>) -> Plan {
    let mut plan = Plan::default();
    for job in jobs {
        let found = discovered(job);
        plan.add(job, job.targets.iter().chain(&found));
    }
    plan
}

impl Plan {
    fn add<'t>(&mut self, job: &ScrapeJob, targets: impl Iterator<Item = &'t Target>) {
        let shared = Shared::new(job);
        let mut of_job = BTreeMap::new();
        let dropped = self.pools.entry(job.name.clone()).or_default();
        for target in targets {
            let labels = with_defaults(job, target);
            match settings(job, &shared, &labels) {
                Ok(Some(settings)) => {
                    let (url, labels) = (settings.url.clone(), settings.labels.clone());
                    of_job.insert(TargetKey { pool: job.name.clone(), url, labels }, settings);
                }
                Ok(None) => {
                    dropped.count += 1;
                    if dropped.discovered.len() < DROPPED_MAX {
                        dropped.discovered.push(labels);
                    }
                }
                Err(reason) => {
                    let (job, address) = (&job.name, &target.address);
                    tracing::error!(job, address, reason, "a target cannot be asked");
                }
            }
        }
        if job.target_limit < of_job.len() {
            let (found, max) = (of_job.len(), job.target_limit);
            let refusal = format!("the job has {found} targets, and its target limit is {max}");
            for it in of_job.values_mut() {
                it.refusal = Some(refusal.clone());
            }
        }
        let room = TARGETS_MAX.saturating_sub(self.wanted.len());
        if room < of_job.len() {
            tracing::error!(
                job = job.name,
                "more than {TARGETS_MAX} targets: the rest is left out"
            );
        }
        self.wanted.extend(of_job.into_iter().take(room));
    }
}

/// What all targets of a job have in common.
struct Shared {
    http: Arc<nines_port::HttpSettings>,
    metric_relabel_rules: Arc<[crate::relabel::Relabel]>,
}

impl Shared {
    fn new(job: &ScrapeJob) -> Self {
        Self {
            http: Arc::new(job.http.clone()),
            metric_relabel_rules: Arc::from(job.metric_relabel_rules.as_slice()),
        }
    }
}

/// The labels before relabelling.
fn with_defaults(job: &ScrapeJob, target: &Target) -> Labels {
    let mut labels = target.labels.with(ADDRESS, &target.address);
    let first = |(name, values): &(String, Vec<String>)| {
        (format!("{PARAM}{name}"), values.first().cloned().unwrap_or_default())
    };
    let params = job.params.iter().map(first);
    let own = [
        ("job".to_owned(), job.name.clone()),
        (SCHEME.to_owned(), job.scheme.to_string()),
        (PATH.to_owned(), job.path.clone()),
        (INTERVAL.to_owned(), format_duration(job.interval)),
        (TIMEOUT.to_owned(), format_duration(job.timeout)),
    ];
    for (name, value) in own.into_iter().chain(params) {
        if labels.get(&name).is_none() {
            labels = labels.with(&name, &value);
        }
    }
    labels
}

/// How a target is asked; nothing when a rule drops it.
fn settings(
    job: &ScrapeJob,
    shared: &Shared,
    discovered: &Labels,
) -> Result<Option<Settings>, String> {
    let labels = relabel(discovered, &job.relabel_rules).map_err(|it| it.to_string())?;
    let Some(labels) = labels else { return Ok(None) };
    let address = labels.get(ADDRESS).ok_or("relabelling has left no address")?.to_owned();
    let interval = duration(&labels, INTERVAL, job.interval)?.max(INTERVAL_MIN);
    let timeout = duration(&labels, TIMEOUT, job.timeout)?;
    let timeout = if timeout.is_positive() { timeout.min(interval) } else { interval };
    let mut public = labels.filtered(|name| !name.starts_with("__"));
    if public.get("instance").is_none() {
        public = public.with("instance", &address);
    }
    Ok(Some(Settings {
        url: url(job, &labels, &address)?,
        address,
        labels: public,
        discovered: discovered.clone(),
        interval,
        timeout,
        honor_labels: job.honor_labels,
        times: match (job.honor_timestamps, job.track_timestamps_staleness) {
            (false, _) => Times::Ignored,
            (true, false) => Times::Honored,
            (true, true) => Times::Tracked,
        },
        native_histograms: job.native_histograms,
        extra_metrics: job.extra_metrics,
        sample_limit: job.sample_limit,
        label_limits: job.label_limits,
        body_bytes_max: job.body_bytes_max,
        http: Arc::clone(&shared.http),
        metric_relabel_rules: Arc::clone(&shared.metric_relabel_rules),
        refusal: None,
    }))
}

fn duration(
    labels: &Labels,
    name: &str,
    unchanged: SignedDuration,
) -> Result<SignedDuration, String> {
    let text = labels.value(name);
    // What nobody has touched needs no text that can be read back.
    if text.is_empty() || text == format_duration(unchanged) {
        return Ok(unchanged);
    }
    parse_duration(text).map_err(|_| format!("`{text}` is not a duration, in `{name}`"))
}

fn url(job: &ScrapeJob, labels: &Labels, address: &str) -> Result<String, String> {
    let (scheme, path) = (labels.value(SCHEME), labels.value(PATH));
    if !matches!(scheme, "http" | "https") {
        return Err(format!("`{scheme}` is not a scheme: http and https are"));
    }
    let slash = if path.starts_with('/') { "" } else { "/" };
    let text = format!("{scheme}://{address}{slash}{path}");
    let mut params: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (name, values) in &job.params {
        params.insert(name, values.iter().map(String::as_str).collect());
    }
    for (name, value) in labels.iter() {
        let Some(name) = name.strip_prefix(PARAM) else { continue };
        let values = params.entry(name).or_default();
        if values.is_empty() {
            values.push(value);
        } else if let Some(first) = values.first_mut() {
            *first = value;
        }
    }
    let wrong = |_| format!("`{text}` is not an address");
    let mut url = Url::parse(&text).map_err(wrong)?;
    let address_is_alone = url.host_str().is_some_and(|it| !it.is_empty())
        && url.username().is_empty()
        && !address.contains(['/', '?', '#']);
    if !address_is_alone {
        return Err(format!("`{address}` is not a host with a port"));
    }
    if !params.is_empty() {
        let mut query = url.query_pairs_mut();
        for (name, values) in params {
            for value in values {
                query.append_pair(name, value);
            }
        }
    }
    Ok(url.to_string())
}

#[cfg(test)]
mod tests;
