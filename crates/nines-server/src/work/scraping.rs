//! From what the files say about scraping to what the scraper does.

use std::path::Path;
use std::sync::Arc;

use nines_ingest::{
    BODY_BYTES_MAX_DEFAULT, Discovery, DnsRecord, ForwardSettings, LabelLimits, Pattern,
    ReadGroups, Relabel, RelabelAction, SAMPLE_LIMIT_DEFAULT, Scheme, ScrapeJob, Target,
    TargetGroup, Version,
};
use nines_port::{
    Authorization, Compression, HttpSettings, Redirects, Secret, TlsSettings, Verification,
};
use nines_spec::{
    AuthorizationSpec, DiscoverySpec, DnsRecordSpec, HttpSpec, RelabelSpec, RemoteWriteSpec,
    ScrapeLimitsSpec, ScrapeSpec, SecretSpec, Spec,
};

/// Requests that wait for one receiver: hours of a small fleet.
const QUEUE_BYTES_MAX: u64 = 512 << 20;

/// What the scraper asks. Files that jobs name are looked for in `folder`.
pub(crate) fn scrape_jobs(spec: &Spec, folder: &Path, extra: &[ScrapeJob]) -> Vec<ScrapeJob> {
    let jobs = spec.scrapes.iter().map(|it| job(it, folder));
    jobs.chain(extra.iter().cloned()).collect()
}

/// Who gets our samples, by the names of the sections.
pub(crate) fn receivers(spec: &Spec, folder: &Path) -> Vec<(String, ForwardSettings)> {
    let receiver = |it: &RemoteWriteSpec| ForwardSettings {
        url: it.url.clone(),
        version: if it.version == 2 { Version::Two } else { Version::One },
        http: http(&it.http, folder),
        external_labels: spec.external_labels.clone(),
        relabel_rules: rules(&it.relabel_rules),
        timeout: it.timeout.unsigned_abs(),
        queue_bytes_max: QUEUE_BYTES_MAX,
    };
    spec.remote_writes.iter().map(|it| (it.name.clone(), receiver(it))).collect()
}

/// Lets the scraper read lists of targets that are YAML.
pub(crate) fn read_groups() -> ReadGroups {
    Arc::new(|text| {
        let groups = nines_spec::read_target_groups(text)?;
        let group = |it: nines_spec::TargetGroupSpec| TargetGroup {
            targets: it.targets,
            labels: it.labels.into_iter().collect(),
        };
        Ok(groups.into_iter().map(group).collect())
    })
}

fn job(spec: &ScrapeSpec, folder: &Path) -> ScrapeJob {
    let target = |(address, labels): &(String, nines_base::Labels)| Target {
        address: address.clone(),
        labels: labels.clone(),
    };
    let ScrapeLimitsSpec {
        samples,
        targets,
        labels,
        label_name_bytes,
        label_value_bytes,
        body_bytes,
    } = spec.limits;
    let or_none = |limit: Option<u32>| limit.map_or(usize::MAX, |it| it as usize);
    ScrapeJob {
        targets: spec.targets.iter().map(target).collect(),
        discoveries: spec.discoveries.iter().map(|it| discovery(it, folder)).collect(),
        scheme: if spec.scheme == "https" { Scheme::Https } else { Scheme::Http },
        path: spec.path.clone(),
        params: spec.params.clone(),
        interval: spec.interval,
        timeout: spec.timeout,
        honor_labels: spec.honor_labels,
        honor_timestamps: spec.honor_timestamps,
        track_timestamps_staleness: spec.track_timestamps_staleness,
        native_histograms: spec.native_histograms,
        extra_metrics: spec.extra_metrics,
        sample_limit: samples.map_or(SAMPLE_LIMIT_DEFAULT, |it| it as usize),
        target_limit: or_none(targets),
        label_limits: LabelLimits {
            labels_max: or_none(labels),
            name_bytes_max: or_none(label_name_bytes),
            value_bytes_max: or_none(label_value_bytes),
        },
        body_bytes_max: body_bytes
            .map_or(BODY_BYTES_MAX_DEFAULT, |it| usize::try_from(it).unwrap_or(usize::MAX)),
        http: http(&spec.http, folder),
        relabel_rules: rules(&spec.relabel_rules),
        metric_relabel_rules: rules(&spec.metric_relabel_rules),
        origin: spec.origin.clone(),
        ..ScrapeJob::new(&spec.job)
    }
}

fn discovery(spec: &DiscoverySpec, folder: &Path) -> Discovery {
    match spec {
        DiscoverySpec::Files { patterns, refresh } => Discovery::Files {
            patterns: patterns.iter().map(|it| folder.join(it)).collect(),
            refresh: *refresh,
        },
        DiscoverySpec::Web { url, refresh, http: settings } => Discovery::Web {
            url: url.clone(),
            refresh: *refresh,
            http: Box::new(http(settings, folder)),
        },
        DiscoverySpec::Dns { names, record, port, refresh } => Discovery::Dns {
            names: names.clone(),
            record: match record {
                DnsRecordSpec::A => DnsRecord::A,
                DnsRecordSpec::Aaaa => DnsRecord::Aaaa,
                DnsRecordSpec::Srv => DnsRecord::Srv,
                DnsRecordSpec::Mx => DnsRecord::Mx,
            },
            port: *port,
            refresh: *refresh,
        },
    }
}

/// Files are looked for in `folder`.
pub(super) fn http(spec: &HttpSpec, folder: &Path) -> HttpSettings {
    let secret = |it: &SecretSpec| match it {
        SecretSpec::Inline(text) => Secret::Inline(text.clone()),
        SecretSpec::File(path) => Secret::File(folder.join(path)),
    };
    HttpSettings {
        authorization: match &spec.authorization {
            AuthorizationSpec::None => Authorization::None,
            AuthorizationSpec::Basic { username, password } => {
                Authorization::Basic { username: secret(username), password: secret(password) }
            }
            AuthorizationSpec::Header { kind, credentials } => {
                Authorization::Header { kind: kind.clone(), credentials: secret(credentials) }
            }
        },
        headers: spec.headers.iter().map(|(name, it)| (name.clone(), secret(it))).collect(),
        tls: TlsSettings {
            authorities: spec.authorities.as_ref().map(secret),
            identity: spec.identity.as_ref().map(|(one, key)| (secret(one), secret(key))),
            server_name: spec.server_name.clone(),
            verification: if spec.skips_verification {
                Verification::Skipped
            } else {
                Verification::Full
            },
        },
        proxy_url: spec.proxy_url.clone(),
        redirects: if spec.follows_redirects { Redirects::Followed } else { Redirects::Refused },
        compression: if spec.compresses { Compression::Gzip } else { Compression::None },
    }
}

fn rules(specs: &[RelabelSpec]) -> Vec<Relabel> {
    let rule = |it: &RelabelSpec| Relabel {
        action: RelabelAction::from_word(&it.action).expect("the readers know the same words"),
        source_labels: it.source_labels.clone(),
        separator: it.separator.clone(),
        pattern: Pattern::new(&it.regex).expect("it has been compiled when it was read"),
        modulus: it.modulus,
        target_label: it.target_label.clone(),
        replacement: it.replacement.clone(),
    };
    specs.iter().map(rule).collect()
}

#[cfg(test)]
mod tests;
