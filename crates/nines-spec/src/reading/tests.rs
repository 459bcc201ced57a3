use super::*;

fn read_one(text: &str) -> Reading {
    read_files(vec![SourceFile { path: "a.yaml".to_owned(), text: text.to_owned() }])
}

fn check(text: &str, expect: &expect_test::Expect) {
    let reading = read_one(text);
    assert!(reading.findings.is_empty(), "{:#?}", reading.findings);
    let spec = Spec { revision: "…".to_owned(), ..reading.spec };
    expect.assert_eq(&format!("{spec:#?}\n"));
}

const ONCALL: &str = "
---
apiVersion: nines/v1
kind: Person
metadata: {name: ana}
spec: {contacts: [{email: ana@example.org, delay: 2m}, inbox: {}]}
---
apiVersion: nines/v1
kind: Escalation
metadata: {name: shop}
spec: {steps: [{notify: [person: ana], wait: 10m}], repeat: 2}
---
apiVersion: nines/v1
kind: Notify
spec: {smtp: {host: mail, from: 'nines <nines@example.org>'}}
";

#[test]
fn people_are_told_in_the_order_of_their_delays() {
    let spec = read_one(ONCALL).spec;
    let delays: Vec<i64> =
        spec.people.iter().flat_map(|it| &it.contacts).map(|it| it.delay.as_secs()).collect();
    assert_eq!(delays, [0, 120]);
    let smtp = spec.notify.smtp.unwrap();
    assert_eq!((smtp.port, smtp.tls), (587, crate::SmtpTls::StartTls));
}

#[test]
fn an_openslo_document_says_the_same_as_a_native_one() {
    let native = r#"apiVersion: nines/v1
kind: SLO
metadata: {name: shop/availability, labels: {team: shop}}
spec:
  sli: {counter: {bad: 'requests_total{code=~"5.."}', total: requests_total}}
  objective: 99.95%
  window: 28d
  alerting: {escalation: shop}
"#;
    let foreign = r#"apiVersion: openslo/v1
kind: SLO
metadata: {name: availability, displayName: Shop, labels: {team: shop}}
spec:
  service: shop
  description: people can buy
  indicator:
    metadata: {name: errors}
    spec:
      ratioMetric:
        counter: true
        bad: {metricSource: {type: Prometheus, spec: {query: 'sum(rate(requests_total{code=~"5.."}[5m]))'}}}
        total: {metricSource: {type: Prometheus, spec: {query: requests_total}}}
  timeWindow: [{duration: 4w, isRolling: true}]
  budgetingMethod: Occurrences
  objectives: [{displayName: slo, target: 0.9995}]
---
apiVersion: nines/v1
kind: Routing
spec: {routes: [{match: {team: shop, severity: page}, escalation: shop}]}
"#;
    let [native, foreign] = [native, foreign].map(|it| {
        let reading = read_one(&format!("{it}{ONCALL}"));
        assert!(reading.findings.is_empty(), "{:#?}", reading.findings);
        reading.spec.slos.into_iter().next().unwrap()
    });
    let (one, other) = (native.primary(), foreign.primary());
    assert_eq!((&native.name, &one.versions), (&foreign.name, &other.versions));
    assert_eq!((&native.sli, &one.window), (&foreign.sli, &other.window));
    assert_eq!((&native.labels, &one.alerting.pairs), (&foreign.labels, &other.alerting.pairs));
}

#[test]
fn an_sli_document_may_be_shared_and_stand_behind_its_slos() {
    let slo = |name: &str| {
        format!(
            "apiVersion: openslo/v1\nkind: SLO\nmetadata: {{name: {name}}}\nspec: {{service: shop, \
             indicatorRef: errors, budgetingMethod: Occurrences, timeWindow: [{{duration: 28d, isRolling: true}}], \
             objectives: [{{targetPercent: 99.9}}]}}\n---\n"
        )
    };
    let sli = "apiVersion: openslo/v1\nkind: SLI\nmetadata: {name: errors}\nspec: {ratioMetric: {\
               good: {metricSource: {spec: {query: good_total}}}, \
               total: {metricSource: {spec: {query: all_total}}}}}\n";
    let route = "---\napiVersion: nines/v1\nkind: Routing\nspec: {routes: [{escalation: shop}]}";
    let reading = read_one(&format!("{}{}{sli}{route}{ONCALL}", slo("one"), slo("two")));
    assert!(reading.findings.is_empty(), "{:#?}", reading.findings);
    assert_eq!(reading.spec.slos.len(), 2);
}

#[test]
fn thresholds_are_the_same_floats_as_the_bounds_that_they_name() {
    let below = |text: &str| {
        let reading = read_one(&format!(
            "apiVersion: nines/v1\nkind: SLO\nmetadata: {{name: a/b}}\nspec: {{objective: 99%, \
             alerting: {{preset: none}}, sli: {{histogram: {{metric: x, below: {text}}}}}}}"
        ));
        match reading.spec.slos.into_iter().next().map(|it| it.sli.kind) {
            Some(nines_slo::SliKind::Histogram(it)) => it.below.to_bits(),
            other => panic!("{text}: {other:?}"),
        }
    };
    assert_eq!(below("300ms"), 0.3_f64.to_bits());
    assert_eq!(below("0.3"), 0.3_f64.to_bits());
    assert_eq!(below("1m30s"), 90.0_f64.to_bits());
}

#[test]
fn a_scrape_job_is_written_as_in_prometheus() {
    check(
        r#"apiVersion: nines/v1
kind: Scrape
spec:
  scrape_interval: 5s
  scrape_configs:
    - job_name: shop
      scheme: https
      honor_labels: true
      static_configs: [{targets: ['shop-1:9090', 'shop-2:9090'], labels: {env: prod}}]
"#,
        &expect_test::expect![[r#"
            Spec {
                slos: [],
                overlays: [],
                people: [],
                teams: [],
                schedules: [],
                policies: [],
                dispatch: Rules {
                    root: Route {
                        matchers: [],
                        receiver: "",
                        group_by: Labels(
                            [],
                        ),
                        timing: Timing {
                            wait: 30s,
                            interval: 300s,
                            repeat: 14400s,
                        },
                        mute_intervals: [],
                        active_intervals: [],
                        continues: false,
                        leading_edge: false,
                        children: [],
                        origin: Origin {
                            file: "",
                            line: 0,
                        },
                    },
                    receivers: {},
                    inhibitions: [],
                    intervals: {},
                    silences: [],
                    silence_limits: Limits {
                        count_max: 10000,
                        bytes_max: 65536,
                        longest: None,
                        longest_of_team: {},
                        retention: 432000s,
                    },
                    resolve_timeout: 300s,
                    templates: Templates(ours),
                },
                receivers: [],
                fallbacks: FallbackSpec {
                    of: {},
                    last_resort: None,
                },
                alertmanager: None,
                heartbeats: [],
                integrations: [],
                runbooks: [],
                release_policies: [],
                services: [],
                scrapes: [
                    ScrapeSpec {
                        job: "shop",
                        targets: [
                            (
                                "shop-1:9090",
                                {env="prod"},
                            ),
                            (
                                "shop-2:9090",
                                {env="prod"},
                            ),
                        ],
                        discoveries: [],
                        interval: 5s,
                        timeout: 5s,
                        path: "/metrics",
                        scheme: "https",
                        params: [],
                        honor_labels: true,
                        honor_timestamps: true,
                        track_timestamps_staleness: false,
                        native_histograms: false,
                        extra_metrics: false,
                        limits: ScrapeLimitsSpec {
                            samples: None,
                            targets: None,
                            labels: None,
                            label_name_bytes: None,
                            label_value_bytes: None,
                            body_bytes: None,
                        },
                        http: HttpSpec {
                            authorization: None,
                            headers: [],
                            authorities: None,
                            identity: None,
                            server_name: None,
                            skips_verification: false,
                            proxy_url: None,
                            follows_redirects: true,
                            compresses: true,
                        },
                        relabel_rules: [],
                        metric_relabel_rules: [],
                        origin: Origin {
                            file: "a.yaml",
                            line: 6,
                        },
                    },
                ],
                remote_writes: [],
                otlp: OtlpSpec {
                    promoted_attributes: [],
                    keeps_identifying_attributes: false,
                },
                storage: StorageSpec {
                    retention: None,
                    retention_bytes: None,
                    durability: Batch,
                    series_max: None,
                },
                backend: None,
                rule_groups: [],
                rule_settings: RuleSettings {
                    evaluation_interval: 60s,
                    query_offset: 0s,
                    alertmanagers: [],
                },
                external_labels: {},
                notify: NotifySpec {
                    smtp: None,
                    webhook_secrets: {},
                    accounts: {},
                    external_url: None,
                    dead_man: None,
                },
                revision: "…",
                files: 1,
            }
        "#]],
    );
}

#[test]
fn the_revision_follows_names_and_texts() {
    let file = |path: &str, text: &str| SourceFile { path: path.to_owned(), text: text.to_owned() };
    let revision = |files: Vec<SourceFile>| read_files(files).spec.revision;
    let one = revision(vec![file("a.yaml", "# b")]);
    assert_eq!(one.len(), REVISION_DIGITS);
    assert_eq!(one, revision(vec![file("a.yaml", "# b")]));
    assert_ne!(one, revision(vec![file("b.yaml", "# b")]));
    assert_ne!(one, revision(vec![file("a.yaml", "# c")]));
    assert_ne!(one, revision(vec![file("a.yaml", "# "), file("b", "b")]));
}

#[test]
fn a_runbook_lies_in_its_folder_or_says_what_it_is() {
    let names = |path: &str, text: &str| {
        let file = SourceFile { path: path.to_owned(), text: text.to_owned() };
        let books = read_files(vec![file]).spec.runbooks;
        books.into_iter().map(|it| format!("{} {}", it.name, it.title)).collect::<Vec<_>>()
    };
    assert_eq!(names("runbooks/a.md", "# Restart it\n"), ["a Restart it"]);
    assert_eq!(names("x/runbooks/y/a.md", "text\n"), ["a a"]);
    assert_eq!(names("a.md", "---\nkind: Runbook\ntitle: T\n---\n# H\n"), ["a T"]);
    assert_eq!(names("README.md", "# Read me\n"), [""; 0]);
    assert_eq!(names("README.md", "---\nlayout: page\n---\n# Read me\n"), [""; 0]);
}

#[test]
fn steps_of_a_runbook_know_their_lines_in_the_file() {
    let text = "---\ntitle: T\n---\n# H\n\n```sh\ntrue\n```\n".to_owned();
    let file = SourceFile { path: "runbooks/a.md".to_owned(), text };
    let books = read_files(vec![file]).spec.runbooks;
    let lines: Vec<u32> = books.iter().flat_map(|it| &it.steps).map(|it| it.line).collect();
    assert_eq!(lines, [6]);
}

#[test]
fn what_cannot_be_read_does_not_make_others_undefined() {
    let slo = "apiVersion: nines/v1\nkind: SLO\nmetadata: {name: a/b}\nspec: {objective: 99%, \
               alerting: {escalation: shop}, sli: {counter: {bad: b, total: t}}}\n---\n[";
    let codes: Vec<String> = read_one(slo).findings.into_iter().map(|it| it.code).collect();
    assert_eq!(codes, ["N0001"]);
}

#[test]
fn a_configuration_of_prometheus_is_read_as_it_is() {
    let reading = read_files(vec![SourceFile {
        path: "prometheus.yml".to_owned(),
        text: "global: {scrape_interval: 7s, external_labels: {dc: eu}}\nremote_read: []\nscrape_configs:\n- job_name: node\n  static_configs: [{targets: ['n:9100']}]\n".to_owned(),
    }]);
    let findings: Vec<_> =
        reading.findings.iter().map(|it| (it.level, it.message.as_str())).collect();
    assert!(!reading.has_errors(), "{findings:?}");
    assert_eq!(findings.len(), 1, "what has no meaning is told: {findings:?}");
    assert_eq!(reading.spec.external_labels.value("dc"), "eu");
    let job = &reading.spec.scrapes[0];
    assert_eq!(
        (job.job.as_str(), job.interval, job.timeout),
        ("node", jiff::SignedDuration::from_secs(7), jiff::SignedDuration::from_secs(7))
    );
}

#[test]
fn a_metrics_backend_has_an_address_headers_and_a_tenant() {
    let read = |spec: &str| {
        let text = format!("apiVersion: nines/v1\nkind: Metrics\nspec: {spec}\n");
        read_files(vec![SourceFile { path: "a.yaml".to_owned(), text }])
    };
    let reading =
        read("{backend: {url: 'http://prom:9090/', tenant: a, headers: {X-Key: k}, slice: 2m}}");
    assert_eq!(reading.findings, []);
    let backend = reading.spec.backend.unwrap();
    assert_eq!((backend.url.as_str(), backend.tenant.as_deref()), ("http://prom:9090", Some("a")));
    assert_eq!(backend.headers["X-Key"], "k");
    assert_eq!(backend.slice, jiff::SignedDuration::from_mins(2));
    for wrong in [
        "{backend: {url: prom}}",
        "{backend: {url: 'http://a', slice: 1h}}",
        "{backend: {url: 'http://a', uri: b}}",
    ] {
        assert!(read(wrong).has_errors(), "{wrong}");
    }
}

#[test]
fn the_store_has_its_settings_in_a_document_of_its_own() {
    let text = "apiVersion: nines/v1\nkind: Metrics\nspec:\n  store: {retention: 90d, retention_size: 2GB, durability: sync, series_max: 5000}\n";
    let files = vec![SourceFile { path: "a.yaml".to_owned(), text: text.to_owned() }];
    let reading = read_files(files);
    assert_eq!(reading.findings, []);
    let storage = reading.spec.storage;
    assert_eq!(storage.retention, Some(jiff::SignedDuration::from_hours(90 * 24)));
    assert_eq!((storage.retention_bytes, storage.series_max), (Some(2 << 30), Some(5_000)));
    assert_eq!(storage.durability, crate::DurabilitySpec::Sync);
}
