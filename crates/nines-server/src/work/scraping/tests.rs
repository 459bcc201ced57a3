use nines_spec::{SourceFile, read_files};

use super::*;

#[test]
fn every_action_and_expression_that_is_read_can_be_used() {
    let actions = [
        "replace",
        "keep",
        "drop",
        "hashmod",
        "labelmap",
        "labeldrop",
        "labelkeep",
        "lowercase",
        "uppercase",
        "keepequal",
        "dropequal",
    ];
    let rule = |action: &&str| {
        let rest = match *action {
            "labeldrop" | "labelkeep" => "",
            "hashmod" => ", target_label: a, modulus: 2",
            _ => ", target_label: a",
        };
        format!("{{action: {action}, regex: '10\\..*'{rest}}}")
    };
    let rules: Vec<String> = actions.iter().map(rule).collect();
    let text = format!(
        "scrape_configs: [{{job_name: a, tls_config: {{ca_file: ca.pem}}, file_sd_configs: [{{files: [t.json]}}], \
         relabel_configs: [{}]}}]",
        rules.join(", ")
    );
    let reading = read_files(vec![SourceFile { path: "prometheus.yml".to_owned(), text }]);
    assert!(reading.findings.is_empty(), "{:?}", reading.findings);
    let jobs = scrape_jobs(&reading.spec, Path::new("etc"), &[ScrapeJob::new("extra")]);
    let [job, extra] = jobs.as_slice() else { panic!("{jobs:?}") };
    assert_eq!((job.relabel_rules.len(), extra.name.as_str()), (actions.len(), "extra"));
    assert_eq!(job.http.tls.authorities, Some(Secret::File("etc/ca.pem".into())));
    let [Discovery::Files { patterns, .. }] = job.discoveries.as_slice() else { panic!("{job:?}") };
    assert_eq!(patterns, &[Path::new("etc/t.json")]);
    assert_eq!(job.sample_limit, SAMPLE_LIMIT_DEFAULT);
}

#[test]
fn lists_of_targets_may_be_yaml() {
    let read = read_groups();
    let groups = read("- targets: ['a:1']\n  labels: {env: prod}\n").unwrap();
    assert_eq!(groups[0].targets, ["a:1"]);
    assert_eq!(groups[0].labels, [("env".to_owned(), "prod".to_owned())]);
    assert!(read("- a").unwrap_err().contains("line 1"));
}
