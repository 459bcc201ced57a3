//! What is understood of Prometheus' own file.

use std::path::Path;

use jiff::SignedDuration;
use nines_spec::{
    AuthorizationSpec, DiscoverySpec, DnsRecordSpec, Reading, ScrapeSpec, SecretSpec, SourceFile,
    read_dir, read_files,
};

fn reading() -> Reading {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/cases/prometheus.yaml");
    let text = std::fs::read_to_string(path).unwrap();
    read_files(vec![SourceFile { path: "prometheus.yml".to_owned(), text }])
}

fn job<'s>(reading: &'s Reading, name: &str) -> &'s ScrapeSpec {
    reading.spec.scrapes.iter().find(|it| it.job == name).unwrap()
}

#[test]
fn a_file_that_prometheus_takes_has_no_errors() {
    assert!(!reading().has_errors());
}

#[test]
fn jobs_have_the_defaults_of_global() {
    let reading = reading();
    let own = job(&reading, "prometheus");
    assert_eq!(own.interval, SignedDuration::from_secs(15));
    assert_eq!(own.timeout, SignedDuration::from_secs(10));
    assert_eq!((own.path.as_str(), own.limits.samples), ("/metrics", Some(5_000)));
    assert!(own.honor_timestamps && own.http.follows_redirects && own.http.compresses);
    assert_eq!(job(&reading, "nodes").limits.samples, None, "zero is no limit");
}

#[test]
fn targets_may_be_anything_that_rules_make_an_address_of() {
    let reading = reading();
    let probe = job(&reading, "probe");
    let (address, labels) = &probe.targets[0];
    assert_eq!(address, "https://shop.example/");
    assert_eq!(labels.to_string(), r#"{__scheme__="http", team="web"}"#);
    assert_eq!(probe.params, [("module".to_owned(), vec!["http_2xx".to_owned()])]);
    let last = &probe.relabel_rules[2];
    assert_eq!((last.action.as_str(), last.regex.as_str()), ("replace", "(.*)"));
    assert_eq!((last.separator.as_str(), last.replacement.as_str()), (";", "blackbox:9115"));
}

#[test]
fn everything_about_a_job_is_read() {
    let reading = reading();
    let nodes = job(&reading, "nodes");
    assert!(nodes.honor_labels && !nodes.honor_timestamps && nodes.track_timestamps_staleness);
    assert!(nodes.native_histograms && !nodes.http.compresses && !nodes.http.follows_redirects);
    assert_eq!(nodes.limits.body_bytes, Some(10 << 20));
    assert_eq!((nodes.limits.labels, nodes.limits.targets), (Some(30), Some(50)));
    let file = |it: &str| SecretSpec::File(it.to_owned());
    let credentials = file("token");
    let kind = "Bearer".to_owned();
    assert_eq!(nodes.http.authorization, AuthorizationSpec::Header { kind, credentials });
    assert_eq!(nodes.http.authorities, Some(file("ca.pem")));
    assert_eq!(nodes.http.identity, Some((file("own.pem"), file("own.key"))));
    assert_eq!(nodes.http.headers.len(), 2);
    assert_eq!(nodes.metric_relabel_rules[1].action, "hashmod");
    assert_eq!(nodes.metric_relabel_rules[1].modulus, 8);
    let [DiscoverySpec::Files { patterns, .. }, DiscoverySpec::Web { http, .. }, first, second] =
        nodes.discoveries.as_slice()
    else {
        panic!("{:?}", nodes.discoveries);
    };
    assert_eq!(patterns.as_slice(), ["nodes/*.json", "more.yml"]);
    assert_ne!(http.authorization, AuthorizationSpec::None);
    assert!(!format!("{http:?}").contains("abc"), "a secret is not shown");
    let record = |it: &DiscoverySpec| match it {
        DiscoverySpec::Dns { record, port, .. } => (*record, *port),
        other => panic!("{other:?}"),
    };
    assert_eq!(
        (record(first), record(second)),
        ((DnsRecordSpec::Srv, 0), (DnsRecordSpec::A, 9_100))
    );
    assert!(job(&reading, "pods").targets.is_empty(), "the others are scraped all the same");
}

#[test]
fn the_other_parts_are_read_too() {
    let spec = reading().spec;
    assert_eq!(spec.otlp.promoted_attributes, ["k8s.pod.name"]);
    assert!(spec.otlp.keeps_identifying_attributes);
    assert_eq!(spec.storage.retention, Some(SignedDuration::from_hours(15 * 24)));
    assert_eq!(spec.storage.retention_bytes, Some(10 << 30));
    let [remote] = spec.remote_writes.as_slice() else { panic!("{:?}", spec.remote_writes) };
    assert_eq!((remote.version, remote.relabel_rules.len()), (2, 1));
    assert_eq!(remote.name, remote.url);
    assert_eq!(spec.external_labels.value("region"), "eu");
}

#[test]
fn files_with_jobs_are_loaded_and_have_the_defaults_of_the_one_that_names_them() {
    let folder = tempfile::tempdir().unwrap();
    let main = folder.path().join("prometheus.yml");
    std::fs::write(&main, "global: {scrape_interval: 7s}\nscrape_config_files: ['jobs/*.yml']\n")
        .unwrap();
    std::fs::create_dir(folder.path().join("jobs")).unwrap();
    let jobs = "scrape_configs: [{job_name: shop, static_configs: [{targets: ['shop:80']}]}]\n";
    std::fs::write(folder.path().join("jobs/shop.yml"), jobs).unwrap();
    let reading = read_dir(&main).unwrap();
    assert_eq!(reading.findings, []);
    assert_eq!(job(&reading, "shop").interval, SignedDuration::from_secs(7));
    assert_eq!(job(&reading, "shop").origin.file, "jobs/shop.yml");
}
