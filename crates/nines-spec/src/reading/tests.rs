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
        &expect_test::expect![[r##"
            Spec {
                slos: [],
                overlays: [],
                people: [],
                schedules: [],
                policies: [],
                routing: Routing {
                    routes: [],
                },
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
                    templates: Templates {
                        library: Library {
                            texts: [
                                "{{/* Names that files of Alertmanager refer to; the words and the design are ours. */}}\n\n{{ define \"__alertmanager\" }}nines{{ end }}\n{{ define \"__alertmanagerURL\" }}{{ .ExternalURL }}/alerts{{ end }}\n\n{{/* How many, what, and what tells it from others: one line. */}}\n{{ define \"__subject\" -}}\n[{{ .Status | toUpper }}{{ if eq .Status \"firing\" }}:{{ .Alerts.Firing | len }}{{ end }}] {{ with .CommonLabels.alertname }}{{ . }}{{ else }}{{ .Alerts | len }} alerts{{ end }}\n{{- range (.CommonLabels.Remove (stringSlice \"alertname\")).SortedPairs }} {{ .Name }}={{ .Value }}{{ end }}\n{{- end }}\n\n{{ define \"__description\" }}{{ with .CommonAnnotations.summary }}{{ . }}{{ else }}{{ .CommonAnnotations.description }}{{ end }}{{ end }}\n\n{{/* One alert, as several lines of plain text. */}}\n{{ define \"nines.alert\" -}}\n{{ if eq .Status \"firing\" }}■{{ else }}✓{{ end }} {{ with .Labels.alertname }}{{ . }}{{ else }}alert{{ end }}, since {{ .StartsAt.Format \"2006-01-02 15:04:05 MST\" }}\n{{- if eq .Status \"resolved\" }}, until {{ .EndsAt.Format \"15:04:05 MST\" }}{{ end }}\n{{ range .Annotations.SortedPairs }}  {{ .Name }}: {{ .Value }}\n{{ end }}  {{ range $index, $it := (.Labels.Remove (stringSlice \"alertname\")).SortedPairs }}{{ if $index }}, {{ end }}{{ $it.Name }}={{ $it.Value }}{{ end }}\n{{ with .GeneratorURL }}  {{ . }}\n{{ end }}{{ end }}\n\n{{ define \"__text_alert_list\" }}{{ range . }}{{ template \"nines.alert\" . }}{{ end }}{{ end }}\n\n{{ define \"__text_alert_list_markdown\" }}{{ range . }}\n**{{ with .Labels.alertname }}{{ . }}{{ else }}alert{{ end }}** since {{ .StartsAt.Format \"2006-01-02 15:04:05 MST\" }}\n{{ range .Annotations.SortedPairs }}- {{ .Name }}: {{ .Value }}\n{{ end }}- {{ range $index, $it := (.Labels.Remove (stringSlice \"alertname\")).SortedPairs }}{{ if $index }}, {{ end }}`{{ $it.Name }}={{ $it.Value }}`{{ end }}\n{{ with .GeneratorURL }}- [source]({{ . }})\n{{ end }}{{ end }}{{ end }}\n\n{{/* Firing alerts first, then what is over. */}}\n{{ define \"nines.text\" -}}\n{{ if .Alerts.Firing }}Firing:\n{{ template \"__text_alert_list\" .Alerts.Firing }}{{ end }}\n{{- if .Alerts.Resolved }}Resolved:\n{{ template \"__text_alert_list\" .Alerts.Resolved }}{{ end }}\n{{- template \"__alertmanagerURL\" . }}\n{{ end }}\n\n{{ define \"nines.markdown\" -}}\n{{ if .Alerts.Firing }}**Firing**\n{{ template \"__text_alert_list_markdown\" .Alerts.Firing }}{{ end }}\n{{- if .Alerts.Resolved }}**Resolved**\n{{ template \"__text_alert_list_markdown\" .Alerts.Resolved }}{{ end }}\n{{- end }}\n\n{{ define \"slack.default.title\" }}{{ template \"__subject\" . }}{{ end }}\n{{ define \"slack.default.username\" }}{{ template \"__alertmanager\" . }}{{ end }}\n{{ define \"slack.default.fallback\" }}{{ template \"slack.default.title\" . }} {{ template \"slack.default.titlelink\" . }}{{ end }}\n{{ define \"slack.default.callbackid\" }}{{ end }}\n{{ define \"slack.default.color\" }}{{ if eq .Status \"firing\" }}danger{{ else }}good{{ end }}{{ end }}\n{{ define \"slack.default.pretext\" }}{{ end }}\n{{ define \"slack.default.titlelink\" }}{{ template \"__alertmanagerURL\" . }}{{ end }}\n{{ define \"slack.default.iconemoji\" }}{{ end }}\n{{ define \"slack.default.iconurl\" }}{{ end }}\n{{ define \"slack.default.text\" }}{{ range .Alerts }}{{ with .Annotations.summary }}{{ . }}\n{{ else }}{{ with .Annotations.description }}{{ . }}\n{{ end }}{{ end }}{{ end }}{{ end }}\n{{ define \"slack.default.footer\" }}{{ end }}\n\n{{ define \"mattermost.default.title\" }}{{ template \"__subject\" . }}{{ end }}\n{{ define \"mattermost.default.username\" }}{{ template \"__alertmanager\" . }}{{ end }}\n{{ define \"mattermost.default.fallback\" }}{{ template \"__subject\" . }} {{ template \"__alertmanagerURL\" . }}{{ end }}\n{{ define \"mattermost.default.color\" }}{{ if eq .Status \"firing\" }}#b3261e{{ else }}#2e7d32{{ end }}{{ end }}\n{{ define \"mattermost.default.titlelink\" }}{{ template \"__alertmanagerURL\" . }}{{ end }}\n{{ define \"mattermost.default.text\" }}{{ template \"nines.markdown\" . }}{{ end }}\n\n{{ define \"rocketchat.default.title\" }}{{ template \"__subject\" . }}{{ end }}\n{{ define \"rocketchat.default.alias\" }}{{ template \"__alertmanager\" . }}{{ end }}\n{{ define \"rocketchat.default.titlelink\" }}{{ template \"__alertmanagerURL\" . }}{{ end }}\n{{ define \"rocketchat.default.emoji\" }}{{ end }}\n{{ define \"rocketchat.default.iconurl\" }}{{ end }}\n{{ define \"rocketchat.default.text\" }}{{ template \"slack.default.text\" . }}{{ end }}\n\n{{ define \"pagerduty.default.description\" }}{{ template \"__subject\" . }}{{ end }}\n{{ define \"pagerduty.default.client\" }}{{ template \"__alertmanager\" . }}{{ end }}\n{{ define \"pagerduty.default.clientURL\" }}{{ template \"__alertmanagerURL\" . }}{{ end }}\n{{ define \"pagerduty.default.instances\" }}{{ template \"__text_alert_list\" . }}{{ end }}\n\n{{ define \"opsgenie.default.message\" }}{{ template \"__subject\" . }}{{ end }}\n{{ define \"opsgenie.default.description\" }}{{ template \"nines.text\" . }}{{ end }}\n{{ define \"opsgenie.default.source\" }}{{ template \"__alertmanagerURL\" . }}{{ end }}\n\n{{ define \"victorops.default.state_message\" }}{{ template \"nines.text\" . }}{{ end }}\n{{ define \"victorops.default.entity_display_name\" }}{{ template \"__subject\" . }}{{ end }}\n{{ define \"victorops.default.monitoring_tool\" }}{{ template \"__alertmanager\" . }}{{ end }}\n\n{{ define \"pushover.default.title\" }}{{ template \"__subject\" . }}{{ end }}\n{{ define \"pushover.default.message\" }}{{ with .CommonAnnotations.SortedPairs }}{{ range . }}{{ .Name }}: {{ .Value }}\n{{ end }}{{ else }}{{ template \"nines.text\" . }}{{ end }}{{ end }}\n{{ define \"pushover.default.url\" }}{{ template \"__alertmanagerURL\" . }}{{ end }}\n\n{{ define \"sns.default.subject\" }}{{ template \"__subject\" . }}{{ end }}\n{{ define \"sns.default.message\" }}{{ template \"nines.text\" . }}{{ end }}\n\n{{ define \"telegram.default.message\" }}{{ template \"nines.text\" . }}{{ end }}\n\n{{ define \"discord.default.content\" }}{{ end }}\n{{ define \"discord.default.title\" }}{{ template \"__subject\" . }}{{ end }}\n{{ define \"discord.default.message\" }}{{ template \"nines.markdown\" . }}{{ end }}\n\n{{ define \"webex.default.message\" }}**{{ template \"__subject\" . }}**\n{{ template \"nines.markdown\" . }}{{ end }}\n\n{{ define \"msteams.default.summary\" }}{{ template \"__subject\" . }}{{ end }}\n{{ define \"msteams.default.title\" }}{{ template \"__subject\" . }}{{ end }}\n{{ define \"msteams.default.text\" }}{{ template \"nines.markdown\" . }}{{ end }}\n{{ define \"msteamsv2.default.title\" }}{{ template \"__subject\" . }}{{ end }}\n{{ define \"msteamsv2.default.text\" }}{{ template \"nines.markdown\" . }}{{ end }}\n\n{{ define \"jira.default.summary\" }}{{ template \"__subject\" . }}{{ end }}\n{{ define \"jira.default.description\" }}{{ template \"nines.text\" . }}{{ end }}\n{{ define \"jira.default.priority\" }}{{ with .CommonLabels.severity }}{{ if eq . \"critical\" \"page\" }}High{{ else if eq . \"warning\" \"ticket\" }}Medium{{ else }}Low{{ end }}{{ else }}Medium{{ end }}{{ end }}\n\n{{ define \"wechat.default.message\" }}{{ template \"__subject\" . }}\n{{ template \"nines.text\" . }}{{ end }}\n{{ define \"wechat.default.to_user\" }}{{ end }}\n{{ define \"wechat.default.to_party\" }}{{ end }}\n{{ define \"wechat.default.to_tag\" }}{{ end }}\n{{ define \"wechat.default.agent_id\" }}{{ end }}\n\n{{ define \"email.default.subject\" }}{{ template \"__subject\" . }}{{ end }}\n{{ define \"email.default.text\" }}{{ template \"nines.text\" . }}{{ end }}\n\n{{ define \"nines.html.alert\" -}}\n<tr><td style=\"padding:12px 20px;border-top:1px solid #d8dde3\">\n<div style=\"font-weight:600\">{{ with .Labels.alertname }}{{ . }}{{ else }}alert{{ end }}</div>\n<div style=\"color:#5b6570;font-size:13px\">since {{ .StartsAt.Format \"2006-01-02 15:04:05 MST\" }}{{ if eq .Status \"resolved\" }}, until {{ .EndsAt.Format \"2006-01-02 15:04:05 MST\" }}{{ end }}</div>\n{{ range .Annotations.SortedPairs }}<div style=\"margin-top:4px\"><span style=\"color:#5b6570\">{{ .Name }}</span> {{ .Value }}</div>\n{{ end }}<div style=\"margin-top:4px;font-family:monospace;font-size:13px\">{{ range $index, $it := .Labels.SortedPairs }}{{ if $index }}, {{ end }}{{ $it.Name }}={{ $it.Value }}{{ end }}</div>\n{{ with .GeneratorURL }}<div style=\"margin-top:4px\"><a href=\"{{ . }}\">source</a></div>\n{{ end }}</td></tr>\n{{ end }}\n\n{{ define \"email.default.html\" -}}\n<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\"><title>{{ template \"__subject\" . }}</title></head>\n<body style=\"margin:0;padding:16px;background:#f3f5f7;color:#1c2127;font-family:sans-serif;font-size:15px;line-height:1.45\">\n<table role=\"presentation\" style=\"max-width:640px;width:100%;margin:0 auto;background:#ffffff;border-collapse:collapse\">\n<tr><td style=\"padding:16px 20px;color:#ffffff;background:{{ if eq .Status \"firing\" }}#b3261e{{ else }}#2e7d32{{ end }}\"><div style=\"font-size:17px;font-weight:600\">{{ template \"__subject\" . }}</div></td></tr>\n{{ if .Alerts.Firing }}<tr><td style=\"padding:12px 20px 4px;font-weight:600\">Firing: {{ .Alerts.Firing | len }}</td></tr>\n{{ range .Alerts.Firing }}{{ template \"nines.html.alert\" . }}{{ end }}{{ end -}}\n{{ if .Alerts.Resolved }}<tr><td style=\"padding:12px 20px 4px;font-weight:600\">Resolved: {{ .Alerts.Resolved | len }}</td></tr>\n{{ range .Alerts.Resolved }}{{ template \"nines.html.alert\" . }}{{ end }}{{ end -}}\n<tr><td style=\"padding:12px 20px;border-top:1px solid #d8dde3;font-size:13px\"><a href=\"{{ template \"__alertmanagerURL\" . }}\">{{ template \"__alertmanager\" . }}</a></td></tr>\n</table></body></html>\n{{ end }}\n",
                            ],
                            named: {
                                "__alertmanager": [
                                    Text(
                                        "nines",
                                    ),
                                ],
                                "__alertmanagerURL": [
                                    Output(
                                        Pipeline {
                                            bind: Nothing,
                                            commands: [
                                                Command {
                                                    operands: [
                                                        Operand {
                                                            at: 168,
                                                            base: Dot,
                                                            fields: [
                                                                "ExternalURL",
                                                            ],
                                                        },
                                                    ],
                                                },
                                            ],
                                        },
                                    ),
                                    Text(
                                        "/alerts",
                                    ),
                                ],
                                "__description": [
                                    With {
                                        value: Pipeline {
                                            bind: Nothing,
                                            commands: [
                                                Command {
                                                    operands: [
                                                        Operand {
                                                            at: 627,
                                                            base: Dot,
                                                            fields: [
                                                                "CommonAnnotations",
                                                                "summary",
                                                            ],
                                                        },
                                                    ],
                                                },
                                            ],
                                        },
                                        then: [
                                            Output(
                                                Pipeline {
                                                    bind: Nothing,
                                                    commands: [
                                                        Command {
                                                            operands: [
                                                                Operand {
                                                                    at: 659,
                                                                    base: Dot,
                                                                    fields: [],
                                                                },
                                                            ],
                                                        },
                                                    ],
                                                },
                                            ),
                                        ],
                                        otherwise: [
                                            Output(
                                                Pipeline {
                                                    bind: Nothing,
                                                    commands: [
                                                        Command {
                                                            operands: [
                                                                Operand {
                                                                    at: 676,
                                                                    base: Dot,
                                                                    fields: [
                                                                        "CommonAnnotations",
                                                                        "description",
                                                                    ],
                                                                },
                                                            ],
                                                        },
                                                    ],
                                                },
                                            ),
                                        ],
                                    },
                                ],
                                "__subject": [
                                    Text(
                                        "[",
                                    ),
                                    Output(
                                        Pipeline {
                                            bind: Nothing,
                                            commands: [
                                                Command {
                                                    operands: [
                                                        Operand {
                                                            at: 298,
                                                            base: Dot,
                                                            fields: [
                                                                "Status",
                                                            ],
                                                        },
                                                    ],
                                                },
                                                Command {
                                                    operands: [
                                                        Operand {
                                                            at: 308,
                                                            base: Function(
                                                                "toUpper",
                                                            ),
                                                            fields: [],
                                                        },
                                                    ],
                                                },
                                            ],
                                        },
                                    ),
                                    If {
                                        condition: Pipeline {
                                            bind: Nothing,
                                            commands: [
                                                Command {
                                                    operands: [
                                                        Operand {
                                                            at: 324,
                                                            base: Function(
                                                                "eq",
                                                            ),
                                                            fields: [],
                                                        },
                                                        Operand {
                                                            at: 327,
                                                            base: Dot,
                                                            fields: [
                                                                "Status",
                                                            ],
                                                        },
                                                        Operand {
                                                            at: 335,
                                                            base: Constant(
                                                                Text(
                                                                    "firing",
                                                                ),
                                                            ),
                                                            fields: [],
                                                        },
                                                    ],
                                                },
                                            ],
                                        },
                                        then: [
                                            Text(
                                                ":",
                                            ),
                                            Output(
                                                Pipeline {
                                                    bind: Nothing,
                                                    commands: [
                                                        Command {
                                                            operands: [
                                                                Operand {
                                                                    at: 350,
                                                                    base: Dot,
                                                                    fields: [
                                                                        "Alerts",
                                                                        "Firing",
                                                                    ],
                                                                },
                                                            ],
                                                        },
                                                        Command {
                                                            operands: [
                                                                Operand {
                                                                    at: 367,
                                                                    base: Function(
                                                                        "len",
                                                                    ),
                                                                    fields: [],
                                                                },
                                                            ],
                                                        },
                                                    ],
                                                },
                                            ),
                                        ],
                                        otherwise: [],
                                    },
                                    Text(
                                        "] ",
                                    ),
                                    With {
                                        value: Pipeline {
                                            bind: Nothing,
                                            commands: [
                                                Command {
                                                    operands: [
                                                        Operand {
                                                            at: 392,
                                                            base: Dot,
                                                            fields: [
                                                                "CommonLabels",
                                                                "alertname",
                                                            ],
                                                        },
                                                    ],
                                                },
                                            ],
                                        },
                                        then: [
                                            Output(
                                                Pipeline {
                                                    bind: Nothing,
                                                    commands: [
                                                        Command {
                                                            operands: [
                                                                Operand {
                                                                    at: 421,
                                                                    base: Dot,
                                                                    fields: [],
                                                                },
                                                            ],
                                                        },
                                                    ],
                                                },
                                            ),
                                        ],
                                        otherwise: [
                                            Output(
                                                Pipeline {
                                                    bind: Nothing,
                                                    commands: [
                                                        Command {
                                                            operands: [
                                                                Operand {
                                                                    at: 438,
                                                                    base: Dot,
                                                                    fields: [
                                                                        "Alerts",
                                                                    ],
                                                                },
                                                            ],
                                                        },
                                                        Command {
                                                            operands: [
                                                                Operand {
                                                                    at: 448,
                                                                    base: Function(
                                                                        "len",
                                                                    ),
                                                                    fields: [],
                                                                },
                                                            ],
                                                        },
                                                    ],
                                                },
                                            ),
                                            Text(
                                                " alerts",
                                            ),
                                        ],
                                    },
                                    Range {
                                        over: Pipeline {
                                            bind: Nothing,
                                            commands: [
                                                Command {
                                                    operands: [
                                                        Operand {
                                                            at: 481,
                                                            base: Group(
                                                                Pipeline {
                                                                    bind: Nothing,
                                                                    commands: [
                                                                        Command {
                                                                            operands: [
                                                                                Operand {
                                                                                    at: 482,
                                                                                    base: Dot,
                                                                                    fields: [
                                                                                        "CommonLabels",
                                                                                        "Remove",
                                                                                    ],
                                                                                },
                                                                                Operand {
                                                                                    at: 503,
                                                                                    base: Group(
                                                                                        Pipeline {
                                                                                            bind: Nothing,
                                                                                            commands: [
                                                                                                Command {
                                                                                                    operands: [
                                                                                                        Operand {
                                                                                                            at: 504,
                                                                                                            base: Function(
                                                                                                                "stringSlice",
                                                                                                            ),
                                                                                                            fields: [],
                                                                                                        },
                                                                                                        Operand {
                                                                                                            at: 516,
                                                                                                            base: Constant(
                                                                                                                Text(
                                                                                                                    "alertname",
                                                                                                                ),
                                                                                                            ),
                                                                                                            fields: [],
                                                                                                        },
                                                                                                    ],
                                                                                                },
                                                                                            ],
                                                                                        },
                                                                                    ),
                                                                                    fields: [],
                                                                                },
                                                                            ],
                                                                        },
                                                                    ],
                                                                },
                                                            ),
                                                            fields: [
                                                                "SortedPairs",
                                                            ],
                                                        },
                                                    ],
                                                },
                                            ],
                                        },
                                        body: [
                                            Text(
                                                " ",
                                            ),
                                            Output(
                                                Pipeline {
                                                    bind: Nothing,
                                                    commands: [
                                                        Command {
                                                            operands: [
                                                                Operand {
                                                                    at: 548,
                                                                    base: Dot,
                                                                    fields: [
                                                                        "Name",
                                                                    ],
                                                                },
                                                            ],
                                                        },
                                                    ],
                                                },
                                            ),
                                            Text(
                                                "=",
                                            ),
                                            Output(
                                                Pipeline {
                                                    bind: Nothing,
                                                    commands: [
                                                        Command {
                                                            operands: [
                                                                Operand {
                                                                    at: 560,
                                                                    base: Dot,
                                                                    fields: [
                                                                        "Value",
                                                                    ],
                                                                },
                                                            ],
                                                        },
                                                    ],
                                                },
                                            ),
                                        ],
                                        otherwise: [],
                                    },
                                ],
                                "__text_alert_list": [
                                    Range {
                                        over: Pipeline {
                                            bind: Nothing,
                                            commands: [
                                                Command {
                                                    operands: [
                                                        Operand {
                                                            at: 1381,
                                                            base: Dot,
                                                            fields: [],
                                                        },
                                                    ],
                                                },
                                            ],
                                        },
                                        body: [
                                            Template {
                                                at: 1388,
                                                name: "nines.alert",
                                                data: Some(
                                                    Pipeline {
                                                        bind: Nothing,
                                                        commands: [
                                                            Command {
                                                                operands: [
                                                                    Operand {
                                                                        at: 1411,
                                                                        base: Dot,
                                                                        fields: [],
                                                                    },
                                                                ],
                                                            },
                                                        ],
                                                    },
                                                ),
                                            },
                                        ],
                                        otherwise: [],
                                    },
                                ],
                                "__text_alert_list_markdown": [
                                    Range {
                                        over: Pipeline {
                                            bind: Nothing,
                                            commands: [
                                                Command {
                                                    operands: [
                                                        Operand {
                                                            at: 1485,
                                                            base: Dot,
                                                            fields: [],
                                                        },
                                                    ],
                                                },
                                            ],
                                        },
                                        body: [
                                            Text(
                                                "\n**",
                                            ),
                                            With {
                                                value: Pipeline {
                                                    bind: Nothing,
                                                    commands: [
                                                        Command {
                                                            operands: [
                                                                Operand {
                                                                    at: 1500,
                                                                    base: Dot,
                                                                    fields: [
                                                                        "Labels",
                                                                        "alertname",
                                                                    ],
                                                                },
                                                            ],
                                                        },
                                                    ],
                                                },
                                                then: [
                                                    Output(
                                                        Pipeline {
                                                            bind: Nothing,
                                                            commands: [
                                                                Command {
                                                                    operands: [
                                                                        Operand {
                                                                            at: 1523,
                                                                            base: Dot,
                                                                            fields: [],
                                                                        },
                                                                    ],
                                                                },
                                                            ],
                                                        },
                                                    ),
                                                ],
                                                otherwise: [
                                                    Text(
                                                        "alert",
                                                    ),
                                                ],
                                            },
                                            Text(
                                                "** since ",
                                            ),
                                            Output(
                                                Pipeline {
                                                    bind: Nothing,
                                                    commands: [
                                                        Command {
                                                            operands: [
                                                                Operand {
                                                                    at: 1563,
                                                                    base: Dot,
                                                                    fields: [
                                                                        "StartsAt",
                                                                        "Format",
                                                                    ],
                                                                },
                                                                Operand {
                                                                    at: 1580,
                                                                    base: Constant(
                                                                        Text(
                                                                            "2006-01-02 15:04:05 MST",
                                                                        ),
                                                                    ),
                                                                    fields: [],
                                                                },
                                                            ],
                                                        },
                                                    ],
                                                },
                                            ),
                                            Text(
                                                "\n",
                                            ),
                                            Range {
                                                over: Pipeline {
                                                    bind: Nothing,
                                                    commands: [
                                                        Command {
                                                            operands: [
                                                                Operand {
                                                                    at: 1618,
                                                                    base: Dot,
                                                                    fields: [
                                                                        "Annotations",
                                                                        "SortedPairs",
                                                                    ],
                                                                },
                                                            ],
                                                        },
                                                    ],
                                                },
                                                body: [
                                                    Text(
                                                        "- ",
                                                    ),
                                                    Output(
                                                        Pipeline {
                                                            bind: Nothing,
                                                            commands: [
                                                                Command {
                                                                    operands: [
                                                                        Operand {
                                                                            at: 1650,
                                                                            base: Dot,
                                                                            fields: [
                                                                                "Name",
                                                                            ],
                                                                        },
                                                                    ],
                                                                },
                                                            ],
                                                        },
                                                    ),
                                                    Text(
                                                        ": ",
                                                    ),
                                                    Output(
                                                        Pipeline {
                                                            bind: Nothing,
                                                            commands: [
                                                                Command {
                                                                    operands: [
                                                                        Operand {
                                                                            at: 1663,
                                                                            base: Dot,
                                                                            fields: [
                                                                                "Value",
                                                                            ],
                                                                        },
                                                                    ],
                                                                },
                                                            ],
                                                        },
                                                    ),
                                                    Text(
                                                        "\n",
                                                    ),
                                                ],
                                                otherwise: [],
                                            },
                                            Text(
                                                "- ",
                                            ),
                                            Range {
                                                over: Pipeline {
                                                    bind: Declare(
                                                        [
                                                            "index",
                                                            "it",
                                                        ],
                                                    ),
                                                    commands: [
                                                        Command {
                                                            operands: [
                                                                Operand {
                                                                    at: 1708,
                                                                    base: Group(
                                                                        Pipeline {
                                                                            bind: Nothing,
                                                                            commands: [
                                                                                Command {
                                                                                    operands: [
                                                                                        Operand {
                                                                                            at: 1709,
                                                                                            base: Dot,
                                                                                            fields: [
                                                                                                "Labels",
                                                                                                "Remove",
                                                                                            ],
                                                                                        },
                                                                                        Operand {
                                                                                            at: 1724,
                                                                                            base: Group(
                                                                                                Pipeline {
                                                                                                    bind: Nothing,
                                                                                                    commands: [
                                                                                                        Command {
                                                                                                            operands: [
                                                                                                                Operand {
                                                                                                                    at: 1725,
                                                                                                                    base: Function(
                                                                                                                        "stringSlice",
                                                                                                                    ),
                                                                                                                    fields: [],
                                                                                                                },
                                                                                                                Operand {
                                                                                                                    at: 1737,
                                                                                                                    base: Constant(
                                                                                                                        Text(
                                                                                                                            "alertname",
                                                                                                                        ),
                                                                                                                    ),
                                                                                                                    fields: [],
                                                                                                                },
                                                                                                            ],
                                                                                                        },
                                                                                                    ],
                                                                                                },
                                                                                            ),
                                                                                            fields: [],
                                                                                        },
                                                                                    ],
                                                                                },
                                                                            ],
                                                                        },
                                                                    ),
                                                                    fields: [
                                                                        "SortedPairs",
                                                                    ],
                                                                },
                                                            ],
                                                        },
                                                    ],
                                                },
                                                body: [
                                                    If {
                                                        condition: Pipeline {
                                                            bind: Nothing,
                                                            commands: [
                                                                Command {
                                                                    operands: [
                                                                        Operand {
                                                                            at: 1771,
                                                                            base: Variable(
                                                                                "index",
                                                                            ),
                                                                            fields: [],
                                                                        },
                                                                    ],
                                                                },
                                                            ],
                                                        },
                                                        then: [
                                                            Text(
                                                                ", ",
                                                            ),
                                                        ],
                                                        otherwise: [],
                                                    },
                                                    Text(
                                                        "`",
                                                    ),
                                                    Output(
                                                        Pipeline {
                                                            bind: Nothing,
                                                            commands: [
                                                                Command {
                                                                    operands: [
                                                                        Operand {
                                                                            at: 1795,
                                                                            base: Variable(
                                                                                "it",
                                                                            ),
                                                                            fields: [
                                                                                "Name",
                                                                            ],
                                                                        },
                                                                    ],
                                                                },
                                                            ],
                                                        },
                                                    ),
                                                    Text(
                                                        "=",
                                                    ),
                                                    Output(
                                                        Pipeline {
                                                            bind: Nothing,
                                                            commands: [
                                                                Command {
                                                                    operands: [
                                                                        Operand {
                                                                            at: 1810,
                                                                            base: Variable(
                                                                                "it",
                                                                            ),
                                                                            fields: [
                                                                                "Value",
                                                                            ],
                                                                        },
                                                                    ],
                                                                },
                                                            ],
                                                        },
                                                    ),
                                                    Text(
                                                        "`",
                                                    ),
                                                ],
                                                otherwise: [],
                                            },
                                            Text(
                                                "\n",
                                            ),
                                            With {
                                                value: Pipeline {
                                                    bind: Nothing,
                                                    commands: [
                                                        Command {
                                                            operands: [
                                                                Operand {
                                                                    at: 1841,
                                                                    base: Dot,
                                                                    fields: [
                                                                        "GeneratorURL",
                                                                    ],
                                                                },
                                                            ],
                                                        },
                                                    ],
                                                },
                                                then: [
                                                    Text(
                                                        "- [source](",
                                                    ),
                                                    Output(
                                                        Pipeline {
                                                            bind: Nothing,
                                                            commands: [
                                                                Command {
                                                                    operands: [
                                                                        Operand {
                                                                            at: 1871,
                                                                            base: Dot,
                                                                            fields: [],
                                                                        },
                                                                    ],
                                                                },
                                                            ],
                                                        },
                                                    ),
                                                    Text(
                                                        ")\n",
                                                    ),
                                                ],
                                                otherwise: [],
                                            },
                                        ],
                                        otherwise: [],
                                    },
                                ],
                                "discord.default.content": [],
                                "discord.default.message": [
                                    Template {
                                        at: 5931,
                                        name: "nines.markdown",
                                        data: Some(
                                            Pipeline {
                                                bind: Nothing,
                                                commands: [
                                                    Command {
                                                        operands: [
                                                            Operand {
                                                                at: 5957,
                                                                base: Dot,
                                                                fields: [],
                                                            },
                                                        ],
                                                    },
                                                ],
                                            },
                                        ),
                                    },
                                ],
                                "discord.default.title": [
                                    Template {
                                        at: 5855,
                                        name: "__subject",
                                        data: Some(
                                            Pipeline {
                                                bind: Nothing,
                                                commands: [
                                                    Command {
                                                        operands: [
                                                            Operand {
                                                                at: 5876,
                                                                base: Dot,
                                                                fields: [],
                                                            },
                                                        ],
                                                    },
                                                ],
                                            },
                                        ),
                                    },
                                ],
                                "email.default.html": [
                                    Text(
                                        "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\"><title>",
                                    ),
                                    Template {
                                        at: 8252,
                                        name: "__subject",
                                        data: Some(
                                            Pipeline {
                                                bind: Nothing,
                                                commands: [
                                                    Command {
                                                        operands: [
                                                            Operand {
                                                                at: 8273,
                                                                base: Dot,
                                                                fields: [],
                                                            },
                                                        ],
                                                    },
                                                ],
                                            },
                                        ),
                                    },
                                    Text(
                                        "</title></head>\n<body style=\"margin:0;padding:16px;background:#f3f5f7;color:#1c2127;font-family:sans-serif;font-size:15px;line-height:1.45\">\n<table role=\"presentation\" style=\"max-width:640px;width:100%;margin:0 auto;background:#ffffff;border-collapse:collapse\">\n<tr><td style=\"padding:16px 20px;color:#ffffff;background:",
                                    ),
                                    If {
                                        condition: Pipeline {
                                            bind: Nothing,
                                            commands: [
                                                Command {
                                                    operands: [
                                                        Operand {
                                                            at: 8603,
                                                            base: Function(
                                                                "eq",
                                                            ),
                                                            fields: [],
                                                        },
                                                        Operand {
                                                            at: 8606,
                                                            base: Dot,
                                                            fields: [
                                                                "Status",
                                                            ],
                                                        },
                                                        Operand {
                                                            at: 8614,
                                                            base: Constant(
                                                                Text(
                                                                    "firing",
                                                                ),
                                                            ),
                                                            fields: [],
                                                        },
                                                    ],
                                                },
                                            ],
                                        },
                                        then: [
                                            Text(
                                                "#b3261e",
                                            ),
                                        ],
                                        otherwise: [
                                            Text(
                                                "#2e7d32",
                                            ),
                                        ],
                                    },
                                    Text(
                                        "\"><div style=\"font-size:17px;font-weight:600\">",
                                    ),
                                    Template {
                                        at: 8707,
                                        name: "__subject",
                                        data: Some(
                                            Pipeline {
                                                bind: Nothing,
                                                commands: [
                                                    Command {
                                                        operands: [
                                                            Operand {
                                                                at: 8728,
                                                                base: Dot,
                                                                fields: [],
                                                            },
                                                        ],
                                                    },
                                                ],
                                            },
                                        ),
                                    },
                                    Text(
                                        "</div></td></tr>\n",
                                    ),
                                    If {
                                        condition: Pipeline {
                                            bind: Nothing,
                                            commands: [
                                                Command {
                                                    operands: [
                                                        Operand {
                                                            at: 8755,
                                                            base: Dot,
                                                            fields: [
                                                                "Alerts",
                                                                "Firing",
                                                            ],
                                                        },
                                                    ],
                                                },
                                            ],
                                        },
                                        then: [
                                            Text(
                                                "<tr><td style=\"padding:12px 20px 4px;font-weight:600\">Firing: ",
                                            ),
                                            Output(
                                                Pipeline {
                                                    bind: Nothing,
                                                    commands: [
                                                        Command {
                                                            operands: [
                                                                Operand {
                                                                    at: 8837,
                                                                    base: Dot,
                                                                    fields: [
                                                                        "Alerts",
                                                                        "Firing",
                                                                    ],
                                                                },
                                                            ],
                                                        },
                                                        Command {
                                                            operands: [
                                                                Operand {
                                                                    at: 8854,
                                                                    base: Function(
                                                                        "len",
                                                                    ),
                                                                    fields: [],
                                                                },
                                                            ],
                                                        },
                                                    ],
                                                },
                                            ),
                                            Text(
                                                "</td></tr>\n",
                                            ),
                                            Range {
                                                over: Pipeline {
                                                    bind: Nothing,
                                                    commands: [
                                                        Command {
                                                            operands: [
                                                                Operand {
                                                                    at: 8880,
                                                                    base: Dot,
                                                                    fields: [
                                                                        "Alerts",
                                                                        "Firing",
                                                                    ],
                                                                },
                                                            ],
                                                        },
                                                    ],
                                                },
                                                body: [
                                                    Template {
                                                        at: 8900,
                                                        name: "nines.html.alert",
                                                        data: Some(
                                                            Pipeline {
                                                                bind: Nothing,
                                                                commands: [
                                                                    Command {
                                                                        operands: [
                                                                            Operand {
                                                                                at: 8928,
                                                                                base: Dot,
                                                                                fields: [],
                                                                            },
                                                                        ],
                                                                    },
                                                                ],
                                                            },
                                                        ),
                                                    },
                                                ],
                                                otherwise: [],
                                            },
                                        ],
                                        otherwise: [],
                                    },
                                    If {
                                        condition: Pipeline {
                                            bind: Nothing,
                                            commands: [
                                                Command {
                                                    operands: [
                                                        Operand {
                                                            at: 8958,
                                                            base: Dot,
                                                            fields: [
                                                                "Alerts",
                                                                "Resolved",
                                                            ],
                                                        },
                                                    ],
                                                },
                                            ],
                                        },
                                        then: [
                                            Text(
                                                "<tr><td style=\"padding:12px 20px 4px;font-weight:600\">Resolved: ",
                                            ),
                                            Output(
                                                Pipeline {
                                                    bind: Nothing,
                                                    commands: [
                                                        Command {
                                                            operands: [
                                                                Operand {
                                                                    at: 9044,
                                                                    base: Dot,
                                                                    fields: [
                                                                        "Alerts",
                                                                        "Resolved",
                                                                    ],
                                                                },
                                                            ],
                                                        },
                                                        Command {
                                                            operands: [
                                                                Operand {
                                                                    at: 9063,
                                                                    base: Function(
                                                                        "len",
                                                                    ),
                                                                    fields: [],
                                                                },
                                                            ],
                                                        },
                                                    ],
                                                },
                                            ),
                                            Text(
                                                "</td></tr>\n",
                                            ),
                                            Range {
                                                over: Pipeline {
                                                    bind: Nothing,
                                                    commands: [
                                                        Command {
                                                            operands: [
                                                                Operand {
                                                                    at: 9089,
                                                                    base: Dot,
                                                                    fields: [
                                                                        "Alerts",
                                                                        "Resolved",
                                                                    ],
                                                                },
                                                            ],
                                                        },
                                                    ],
                                                },
                                                body: [
                                                    Template {
                                                        at: 9111,
                                                        name: "nines.html.alert",
                                                        data: Some(
                                                            Pipeline {
                                                                bind: Nothing,
                                                                commands: [
                                                                    Command {
                                                                        operands: [
                                                                            Operand {
                                                                                at: 9139,
                                                                                base: Dot,
                                                                                fields: [],
                                                                            },
                                                                        ],
                                                                    },
                                                                ],
                                                            },
                                                        ),
                                                    },
                                                ],
                                                otherwise: [],
                                            },
                                        ],
                                        otherwise: [],
                                    },
                                    Text(
                                        "<tr><td style=\"padding:12px 20px;border-top:1px solid #d8dde3;font-size:13px\"><a href=\"",
                                    ),
                                    Template {
                                        at: 9253,
                                        name: "__alertmanagerURL",
                                        data: Some(
                                            Pipeline {
                                                bind: Nothing,
                                                commands: [
                                                    Command {
                                                        operands: [
                                                            Operand {
                                                                at: 9282,
                                                                base: Dot,
                                                                fields: [],
                                                            },
                                                        ],
                                                    },
                                                ],
                                            },
                                        ),
                                    },
                                    Text(
                                        "\">",
                                    ),
                                    Template {
                                        at: 9291,
                                        name: "__alertmanager",
                                        data: Some(
                                            Pipeline {
                                                bind: Nothing,
                                                commands: [
                                                    Command {
                                                        operands: [
                                                            Operand {
                                                                at: 9317,
                                                                base: Dot,
                                                                fields: [],
                                                            },
                                                        ],
                                                    },
                                                ],
                                            },
                                        ),
                                    },
                                    Text(
                                        "</a></td></tr>\n</table></body></html>\n",
                                    ),
                                ],
                                "email.default.subject": [
                                    Template {
                                        at: 7160,
                                        name: "__subject",
                                        data: Some(
                                            Pipeline {
                                                bind: Nothing,
                                                commands: [
                                                    Command {
                                                        operands: [
                                                            Operand {
                                                                at: 7181,
                                                                base: Dot,
                                                                fields: [],
                                                            },
                                                        ],
                                                    },
                                                ],
                                            },
                                        ),
                                    },
                                ],
                                "email.default.text": [
                                    Template {
                                        at: 7231,
                                        name: "nines.text",
                                        data: Some(
                                            Pipeline {
                                                bind: Nothing,
                                                commands: [
                                                    Command {
                                                        operands: [
                                                            Operand {
                                                                at: 7253,
                                                                base: Dot,
                                                                fields: [],
                                                            },
                                                        ],
                                                    },
                                                ],
                                            },
                                        ),
                                    },
                                ],
                                "jira.default.description": [
                                    Template {
                                        at: 6585,
                                        name: "nines.text",
                                        data: Some(
                                            Pipeline {
                                                bind: Nothing,
                                                commands: [
                                                    Command {
                                                        operands: [
                                                            Operand {
                                                                at: 6607,
                                                                base: Dot,
                                                                fields: [],
                                                            },
                                                        ],
                                                    },
                                                ],
                                            },
                                        ),
                                    },
                                ],
                                "jira.default.priority": [
                                    With {
                                        value: Pipeline {
                                            bind: Nothing,
                                            commands: [
                                                Command {
                                                    operands: [
                                                        Operand {
                                                            at: 6665,
                                                            base: Dot,
                                                            fields: [
                                                                "CommonLabels",
                                                                "severity",
                                                            ],
                                                        },
                                                    ],
                                                },
                                            ],
                                        },
                                        then: [
                                            If {
                                                condition: Pipeline {
                                                    bind: Nothing,
                                                    commands: [
                                                        Command {
                                                            operands: [
                                                                Operand {
                                                                    at: 6696,
                                                                    base: Function(
                                                                        "eq",
                                                                    ),
                                                                    fields: [],
                                                                },
                                                                Operand {
                                                                    at: 6699,
                                                                    base: Dot,
                                                                    fields: [],
                                                                },
                                                                Operand {
                                                                    at: 6701,
                                                                    base: Constant(
                                                                        Text(
                                                                            "critical",
                                                                        ),
                                                                    ),
                                                                    fields: [],
                                                                },
                                                                Operand {
                                                                    at: 6712,
                                                                    base: Constant(
                                                                        Text(
                                                                            "page",
                                                                        ),
                                                                    ),
                                                                    fields: [],
                                                                },
                                                            ],
                                                        },
                                                    ],
                                                },
                                                then: [
                                                    Text(
                                                        "High",
                                                    ),
                                                ],
                                                otherwise: [
                                                    If {
                                                        condition: Pipeline {
                                                            bind: Nothing,
                                                            commands: [
                                                                Command {
                                                                    operands: [
                                                                        Operand {
                                                                            at: 6736,
                                                                            base: Function(
                                                                                "eq",
                                                                            ),
                                                                            fields: [],
                                                                        },
                                                                        Operand {
                                                                            at: 6739,
                                                                            base: Dot,
                                                                            fields: [],
                                                                        },
                                                                        Operand {
                                                                            at: 6741,
                                                                            base: Constant(
                                                                                Text(
                                                                                    "warning",
                                                                                ),
                                                                            ),
                                                                            fields: [],
                                                                        },
                                                                        Operand {
                                                                            at: 6751,
                                                                            base: Constant(
                                                                                Text(
                                                                                    "ticket",
                                                                                ),
                                                                            ),
                                                                            fields: [],
                                                                        },
                                                                    ],
                                                                },
                                                            ],
                                                        },
                                                        then: [
                                                            Text(
                                                                "Medium",
                                                            ),
                                                        ],
                                                        otherwise: [
                                                            Text(
                                                                "Low",
                                                            ),
                                                        ],
                                                    },
                                                ],
                                            },
                                        ],
                                        otherwise: [
                                            Text(
                                                "Medium",
                                            ),
                                        ],
                                    },
                                ],
                                "jira.default.summary": [
                                    Template {
                                        at: 6508,
                                        name: "__subject",
                                        data: Some(
                                            Pipeline {
                                                bind: Nothing,
                                                commands: [
                                                    Command {
                                                        operands: [
                                                            Operand {
                                                                at: 6529,
                                                                base: Dot,
                                                                fields: [],
                                                            },
                                                        ],
                                                    },
                                                ],
                                            },
                                        ),
                                    },
                                ],
                                "mattermost.default.color": [
                                    If {
                                        condition: Pipeline {
                                            bind: Nothing,
                                            commands: [
                                                Command {
                                                    operands: [
                                                        Operand {
                                                            at: 3678,
                                                            base: Function(
                                                                "eq",
                                                            ),
                                                            fields: [],
                                                        },
                                                        Operand {
                                                            at: 3681,
                                                            base: Dot,
                                                            fields: [
                                                                "Status",
                                                            ],
                                                        },
                                                        Operand {
                                                            at: 3689,
                                                            base: Constant(
                                                                Text(
                                                                    "firing",
                                                                ),
                                                            ),
                                                            fields: [],
                                                        },
                                                    ],
                                                },
                                            ],
                                        },
                                        then: [
                                            Text(
                                                "#b3261e",
                                            ),
                                        ],
                                        otherwise: [
                                            Text(
                                                "#2e7d32",
                                            ),
                                        ],
                                    },
                                ],
                                "mattermost.default.fallback": [
                                    Template {
                                        at: 3561,
                                        name: "__subject",
                                        data: Some(
                                            Pipeline {
                                                bind: Nothing,
                                                commands: [
                                                    Command {
                                                        operands: [
                                                            Operand {
                                                                at: 3582,
                                                                base: Dot,
                                                                fields: [],
                                                            },
                                                        ],
                                                    },
                                                ],
                                            },
                                        ),
                                    },
                                    Text(
                                        " ",
                                    ),
                                    Template {
                                        at: 3590,
                                        name: "__alertmanagerURL",
                                        data: Some(
                                            Pipeline {
                                                bind: Nothing,
                                                commands: [
                                                    Command {
                                                        operands: [
                                                            Operand {
                                                                at: 3619,
                                                                base: Dot,
                                                                fields: [],
                                                            },
                                                        ],
                                                    },
                                                ],
                                            },
                                        ),
                                    },
                                ],
                                "mattermost.default.text": [
                                    Template {
                                        at: 3873,
                                        name: "nines.markdown",
                                        data: Some(
                                            Pipeline {
                                                bind: Nothing,
                                                commands: [
                                                    Command {
                                                        operands: [
                                                            Operand {
                                                                at: 3899,
                                                                base: Dot,
                                                                fields: [],
                                                            },
                                                        ],
                                                    },
                                                ],
                                            },
                                        ),
                                    },
                                ],
                                "mattermost.default.title": [
                                    Template {
                                        at: 3396,
                                        name: "__subject",
                                        data: Some(
                                            Pipeline {
                                                bind: Nothing,
                                                commands: [
                                                    Command {
                                                        operands: [
                                                            Operand {
                                                                at: 3417,
                                                                base: Dot,
                                                                fields: [],
                                                            },
                                                        ],
                                                    },
                                                ],
                                            },
                                        ),
                                    },
                                ],
                                "mattermost.default.titlelink": [
                                    Template {
                                        at: 3789,
                                        name: "__alertmanagerURL",
                                        data: Some(
                                            Pipeline {
                                                bind: Nothing,
                                                commands: [
                                                    Command {
                                                        operands: [
                                                            Operand {
                                                                at: 3818,
                                                                base: Dot,
                                                                fields: [],
                                                            },
                                                        ],
                                                    },
                                                ],
                                            },
                                        ),
                                    },
                                ],
                                "mattermost.default.username": [
                                    Template {
                                        at: 3476,
                                        name: "__alertmanager",
                                        data: Some(
                                            Pipeline {
                                                bind: Nothing,
                                                commands: [
                                                    Command {
                                                        operands: [
                                                            Operand {
                                                                at: 3502,
                                                                base: Dot,
                                                                fields: [],
                                                            },
                                                        ],
                                                    },
                                                ],
                                            },
                                        ),
                                    },
                                ],
                                "msteams.default.summary": [
                                    Template {
                                        at: 6126,
                                        name: "__subject",
                                        data: Some(
                                            Pipeline {
                                                bind: Nothing,
                                                commands: [
                                                    Command {
                                                        operands: [
                                                            Operand {
                                                                at: 6147,
                                                                base: Dot,
                                                                fields: [],
                                                            },
                                                        ],
                                                    },
                                                ],
                                            },
                                        ),
                                    },
                                ],
                                "msteams.default.text": [
                                    Template {
                                        at: 6273,
                                        name: "nines.markdown",
                                        data: Some(
                                            Pipeline {
                                                bind: Nothing,
                                                commands: [
                                                    Command {
                                                        operands: [
                                                            Operand {
                                                                at: 6299,
                                                                base: Dot,
                                                                fields: [],
                                                            },
                                                        ],
                                                    },
                                                ],
                                            },
                                        ),
                                    },
                                ],
                                "msteams.default.title": [
                                    Template {
                                        at: 6200,
                                        name: "__subject",
                                        data: Some(
                                            Pipeline {
                                                bind: Nothing,
                                                commands: [
                                                    Command {
                                                        operands: [
                                                            Operand {
                                                                at: 6221,
                                                                base: Dot,
                                                                fields: [],
                                                            },
                                                        ],
                                                    },
                                                ],
                                            },
                                        ),
                                    },
                                ],
                                "msteamsv2.default.text": [
                                    Template {
                                        at: 6429,
                                        name: "nines.markdown",
                                        data: Some(
                                            Pipeline {
                                                bind: Nothing,
                                                commands: [
                                                    Command {
                                                        operands: [
                                                            Operand {
                                                                at: 6455,
                                                                base: Dot,
                                                                fields: [],
                                                            },
                                                        ],
                                                    },
                                                ],
                                            },
                                        ),
                                    },
                                ],
                                "msteamsv2.default.title": [
                                    Template {
                                        at: 6354,
                                        name: "__subject",
                                        data: Some(
                                            Pipeline {
                                                bind: Nothing,
                                                commands: [
                                                    Command {
                                                        operands: [
                                                            Operand {
                                                                at: 6375,
                                                                base: Dot,
                                                                fields: [],
                                                            },
                                                        ],
                                                    },
                                                ],
                                            },
                                        ),
                                    },
                                ],
                                "nines.alert": [
                                    If {
                                        condition: Pipeline {
                                            bind: Nothing,
                                            commands: [
                                                Command {
                                                    operands: [
                                                        Operand {
                                                            at: 816,
                                                            base: Function(
                                                                "eq",
                                                            ),
                                                            fields: [],
                                                        },
                                                        Operand {
                                                            at: 819,
                                                            base: Dot,
                                                            fields: [
                                                                "Status",
                                                            ],
                                                        },
                                                        Operand {
                                                            at: 827,
                                                            base: Constant(
                                                                Text(
                                                                    "firing",
                                                                ),
                                                            ),
                                                            fields: [],
                                                        },
                                                    ],
                                                },
                                            ],
                                        },
                                        then: [
                                            Text(
                                                "■",
                                            ),
                                        ],
                                        otherwise: [
                                            Text(
                                                "✓",
                                            ),
                                        ],
                                    },
                                    Text(
                                        " ",
                                    ),
                                    With {
                                        value: Pipeline {
                                            bind: Nothing,
                                            commands: [
                                                Command {
                                                    operands: [
                                                        Operand {
                                                            at: 872,
                                                            base: Dot,
                                                            fields: [
                                                                "Labels",
                                                                "alertname",
                                                            ],
                                                        },
                                                    ],
                                                },
                                            ],
                                        },
                                        then: [
                                            Output(
                                                Pipeline {
                                                    bind: Nothing,
                                                    commands: [
                                                        Command {
                                                            operands: [
                                                                Operand {
                                                                    at: 895,
                                                                    base: Dot,
                                                                    fields: [],
                                                                },
                                                            ],
                                                        },
                                                    ],
                                                },
                                            ),
                                        ],
                                        otherwise: [
                                            Text(
                                                "alert",
                                            ),
                                        ],
                                    },
                                    Text(
                                        ", since ",
                                    ),
                                    Output(
                                        Pipeline {
                                            bind: Nothing,
                                            commands: [
                                                Command {
                                                    operands: [
                                                        Operand {
                                                            at: 934,
                                                            base: Dot,
                                                            fields: [
                                                                "StartsAt",
                                                                "Format",
                                                            ],
                                                        },
                                                        Operand {
                                                            at: 951,
                                                            base: Constant(
                                                                Text(
                                                                    "2006-01-02 15:04:05 MST",
                                                                ),
                                                            ),
                                                            fields: [],
                                                        },
                                                    ],
                                                },
                                            ],
                                        },
                                    ),
                                    If {
                                        condition: Pipeline {
                                            bind: Nothing,
                                            commands: [
                                                Command {
                                                    operands: [
                                                        Operand {
                                                            at: 987,
                                                            base: Function(
                                                                "eq",
                                                            ),
                                                            fields: [],
                                                        },
                                                        Operand {
                                                            at: 990,
                                                            base: Dot,
                                                            fields: [
                                                                "Status",
                                                            ],
                                                        },
                                                        Operand {
                                                            at: 998,
                                                            base: Constant(
                                                                Text(
                                                                    "resolved",
                                                                ),
                                                            ),
                                                            fields: [],
                                                        },
                                                    ],
                                                },
                                            ],
                                        },
                                        then: [
                                            Text(
                                                ", until ",
                                            ),
                                            Output(
                                                Pipeline {
                                                    bind: Nothing,
                                                    commands: [
                                                        Command {
                                                            operands: [
                                                                Operand {
                                                                    at: 1022,
                                                                    base: Dot,
                                                                    fields: [
                                                                        "EndsAt",
                                                                        "Format",
                                                                    ],
                                                                },
                                                                Operand {
                                                                    at: 1037,
                                                                    base: Constant(
                                                                        Text(
                                                                            "15:04:05 MST",
                                                                        ),
                                                                    ),
                                                                    fields: [],
                                                                },
                                                            ],
                                                        },
                                                    ],
                                                },
                                            ),
                                        ],
                                        otherwise: [],
                                    },
                                    Text(
                                        "\n",
                                    ),
                                    Range {
                                        over: Pipeline {
                                            bind: Nothing,
                                            commands: [
                                                Command {
                                                    operands: [
                                                        Operand {
                                                            at: 1073,
                                                            base: Dot,
                                                            fields: [
                                                                "Annotations",
                                                                "SortedPairs",
                                                            ],
                                                        },
                                                    ],
                                                },
                                            ],
                                        },
                                        body: [
                                            Text(
                                                "  ",
                                            ),
                                            Output(
                                                Pipeline {
                                                    bind: Nothing,
                                                    commands: [
                                                        Command {
                                                            operands: [
                                                                Operand {
                                                                    at: 1105,
                                                                    base: Dot,
                                                                    fields: [
                                                                        "Name",
                                                                    ],
                                                                },
                                                            ],
                                                        },
                                                    ],
                                                },
                                            ),
                                            Text(
                                                ": ",
                                            ),
                                            Output(
                                                Pipeline {
                                                    bind: Nothing,
                                                    commands: [
                                                        Command {
                                                            operands: [
                                                                Operand {
                                                                    at: 1118,
                                                                    base: Dot,
                                                                    fields: [
                                                                        "Value",
                                                                    ],
                                                                },
                                                            ],
                                                        },
                                                    ],
                                                },
                                            ),
                                            Text(
                                                "\n",
                                            ),
                                        ],
                                        otherwise: [],
                                    },
                                    Text(
                                        "  ",
                                    ),
                                    Range {
                                        over: Pipeline {
                                            bind: Declare(
                                                [
                                                    "index",
                                                    "it",
                                                ],
                                            ),
                                            commands: [
                                                Command {
                                                    operands: [
                                                        Operand {
                                                            at: 1163,
                                                            base: Group(
                                                                Pipeline {
                                                                    bind: Nothing,
                                                                    commands: [
                                                                        Command {
                                                                            operands: [
                                                                                Operand {
                                                                                    at: 1164,
                                                                                    base: Dot,
                                                                                    fields: [
                                                                                        "Labels",
                                                                                        "Remove",
                                                                                    ],
                                                                                },
                                                                                Operand {
                                                                                    at: 1179,
                                                                                    base: Group(
                                                                                        Pipeline {
                                                                                            bind: Nothing,
                                                                                            commands: [
                                                                                                Command {
                                                                                                    operands: [
                                                                                                        Operand {
                                                                                                            at: 1180,
                                                                                                            base: Function(
                                                                                                                "stringSlice",
                                                                                                            ),
                                                                                                            fields: [],
                                                                                                        },
                                                                                                        Operand {
                                                                                                            at: 1192,
                                                                                                            base: Constant(
                                                                                                                Text(
                                                                                                                    "alertname",
                                                                                                                ),
                                                                                                            ),
                                                                                                            fields: [],
                                                                                                        },
                                                                                                    ],
                                                                                                },
                                                                                            ],
                                                                                        },
                                                                                    ),
                                                                                    fields: [],
                                                                                },
                                                                            ],
                                                                        },
                                                                    ],
                                                                },
                                                            ),
                                                            fields: [
                                                                "SortedPairs",
                                                            ],
                                                        },
                                                    ],
                                                },
                                            ],
                                        },
                                        body: [
                                            If {
                                                condition: Pipeline {
                                                    bind: Nothing,
                                                    commands: [
                                                        Command {
                                                            operands: [
                                                                Operand {
                                                                    at: 1226,
                                                                    base: Variable(
                                                                        "index",
                                                                    ),
                                                                    fields: [],
                                                                },
                                                            ],
                                                        },
                                                    ],
                                                },
                                                then: [
                                                    Text(
                                                        ", ",
                                                    ),
                                                ],
                                                otherwise: [],
                                            },
                                            Output(
                                                Pipeline {
                                                    bind: Nothing,
                                                    commands: [
                                                        Command {
                                                            operands: [
                                                                Operand {
                                                                    at: 1249,
                                                                    base: Variable(
                                                                        "it",
                                                                    ),
                                                                    fields: [
                                                                        "Name",
                                                                    ],
                                                                },
                                                            ],
                                                        },
                                                    ],
                                                },
                                            ),
                                            Text(
                                                "=",
                                            ),
                                            Output(
                                                Pipeline {
                                                    bind: Nothing,
                                                    commands: [
                                                        Command {
                                                            operands: [
                                                                Operand {
                                                                    at: 1264,
                                                                    base: Variable(
                                                                        "it",
                                                                    ),
                                                                    fields: [
                                                                        "Value",
                                                                    ],
                                                                },
                                                            ],
                                                        },
                                                    ],
                                                },
                                            ),
                                        ],
                                        otherwise: [],
                                    },
                                    Text(
                                        "\n",
                                    ),
                                    With {
                                        value: Pipeline {
                                            bind: Nothing,
                                            commands: [
                                                Command {
                                                    operands: [
                                                        Operand {
                                                            at: 1294,
                                                            base: Dot,
                                                            fields: [
                                                                "GeneratorURL",
                                                            ],
                                                        },
                                                    ],
                                                },
                                            ],
                                        },
                                        then: [
                                            Text(
                                                "  ",
                                            ),
                                            Output(
                                                Pipeline {
                                                    bind: Nothing,
                                                    commands: [
                                                        Command {
                                                            operands: [
                                                                Operand {
                                                                    at: 1315,
                                                                    base: Dot,
                                                                    fields: [],
                                                                },
                                                            ],
                                                        },
                                                    ],
                                                },
                                            ),
                                            Text(
                                                "\n",
                                            ),
                                        ],
                                        otherwise: [],
                                    },
                                ],
                                "nines.html.alert": [
                                    Text(
                                        "<tr><td style=\"padding:12px 20px;border-top:1px solid #d8dde3\">\n<div style=\"font-weight:600\">",
                                    ),
                                    With {
                                        value: Pipeline {
                                            bind: Nothing,
                                            commands: [
                                                Command {
                                                    operands: [
                                                        Operand {
                                                            at: 7402,
                                                            base: Dot,
                                                            fields: [
                                                                "Labels",
                                                                "alertname",
                                                            ],
                                                        },
                                                    ],
                                                },
                                            ],
                                        },
                                        then: [
                                            Output(
                                                Pipeline {
                                                    bind: Nothing,
                                                    commands: [
                                                        Command {
                                                            operands: [
                                                                Operand {
                                                                    at: 7425,
                                                                    base: Dot,
                                                                    fields: [],
                                                                },
                                                            ],
                                                        },
                                                    ],
                                                },
                                            ),
                                        ],
                                        otherwise: [
                                            Text(
                                                "alert",
                                            ),
                                        ],
                                    },
                                    Text(
                                        "</div>\n<div style=\"color:#5b6570;font-size:13px\">since ",
                                    ),
                                    Output(
                                        Pipeline {
                                            bind: Nothing,
                                            commands: [
                                                Command {
                                                    operands: [
                                                        Operand {
                                                            at: 7511,
                                                            base: Dot,
                                                            fields: [
                                                                "StartsAt",
                                                                "Format",
                                                            ],
                                                        },
                                                        Operand {
                                                            at: 7528,
                                                            base: Constant(
                                                                Text(
                                                                    "2006-01-02 15:04:05 MST",
                                                                ),
                                                            ),
                                                            fields: [],
                                                        },
                                                    ],
                                                },
                                            ],
                                        },
                                    ),
                                    If {
                                        condition: Pipeline {
                                            bind: Nothing,
                                            commands: [
                                                Command {
                                                    operands: [
                                                        Operand {
                                                            at: 7562,
                                                            base: Function(
                                                                "eq",
                                                            ),
                                                            fields: [],
                                                        },
                                                        Operand {
                                                            at: 7565,
                                                            base: Dot,
                                                            fields: [
                                                                "Status",
                                                            ],
                                                        },
                                                        Operand {
                                                            at: 7573,
                                                            base: Constant(
                                                                Text(
                                                                    "resolved",
                                                                ),
                                                            ),
                                                            fields: [],
                                                        },
                                                    ],
                                                },
                                            ],
                                        },
                                        then: [
                                            Text(
                                                ", until ",
                                            ),
                                            Output(
                                                Pipeline {
                                                    bind: Nothing,
                                                    commands: [
                                                        Command {
                                                            operands: [
                                                                Operand {
                                                                    at: 7597,
                                                                    base: Dot,
                                                                    fields: [
                                                                        "EndsAt",
                                                                        "Format",
                                                                    ],
                                                                },
                                                                Operand {
                                                                    at: 7612,
                                                                    base: Constant(
                                                                        Text(
                                                                            "2006-01-02 15:04:05 MST",
                                                                        ),
                                                                    ),
                                                                    fields: [],
                                                                },
                                                            ],
                                                        },
                                                    ],
                                                },
                                            ),
                                        ],
                                        otherwise: [],
                                    },
                                    Text(
                                        "</div>\n",
                                    ),
                                    Range {
                                        over: Pipeline {
                                            bind: Nothing,
                                            commands: [
                                                Command {
                                                    operands: [
                                                        Operand {
                                                            at: 7665,
                                                            base: Dot,
                                                            fields: [
                                                                "Annotations",
                                                                "SortedPairs",
                                                            ],
                                                        },
                                                    ],
                                                },
                                            ],
                                        },
                                        body: [
                                            Text(
                                                "<div style=\"margin-top:4px\"><span style=\"color:#5b6570\">",
                                            ),
                                            Output(
                                                Pipeline {
                                                    bind: Nothing,
                                                    commands: [
                                                        Command {
                                                            operands: [
                                                                Operand {
                                                                    at: 7751,
                                                                    base: Dot,
                                                                    fields: [
                                                                        "Name",
                                                                    ],
                                                                },
                                                            ],
                                                        },
                                                    ],
                                                },
                                            ),
                                            Text(
                                                "</span> ",
                                            ),
                                            Output(
                                                Pipeline {
                                                    bind: Nothing,
                                                    commands: [
                                                        Command {
                                                            operands: [
                                                                Operand {
                                                                    at: 7770,
                                                                    base: Dot,
                                                                    fields: [
                                                                        "Value",
                                                                    ],
                                                                },
                                                            ],
                                                        },
                                                    ],
                                                },
                                            ),
                                            Text(
                                                "</div>\n",
                                            ),
                                        ],
                                        otherwise: [],
                                    },
                                    Text(
                                        "<div style=\"margin-top:4px;font-family:monospace;font-size:13px\">",
                                    ),
                                    Range {
                                        over: Pipeline {
                                            bind: Declare(
                                                [
                                                    "index",
                                                    "it",
                                                ],
                                            ),
                                            commands: [
                                                Command {
                                                    operands: [
                                                        Operand {
                                                            at: 7884,
                                                            base: Dot,
                                                            fields: [
                                                                "Labels",
                                                                "SortedPairs",
                                                            ],
                                                        },
                                                    ],
                                                },
                                            ],
                                        },
                                        body: [
                                            If {
                                                condition: Pipeline {
                                                    bind: Nothing,
                                                    commands: [
                                                        Command {
                                                            operands: [
                                                                Operand {
                                                                    at: 7912,
                                                                    base: Variable(
                                                                        "index",
                                                                    ),
                                                                    fields: [],
                                                                },
                                                            ],
                                                        },
                                                    ],
                                                },
                                                then: [
                                                    Text(
                                                        ", ",
                                                    ),
                                                ],
                                                otherwise: [],
                                            },
                                            Output(
                                                Pipeline {
                                                    bind: Nothing,
                                                    commands: [
                                                        Command {
                                                            operands: [
                                                                Operand {
                                                                    at: 7935,
                                                                    base: Variable(
                                                                        "it",
                                                                    ),
                                                                    fields: [
                                                                        "Name",
                                                                    ],
                                                                },
                                                            ],
                                                        },
                                                    ],
                                                },
                                            ),
                                            Text(
                                                "=",
                                            ),
                                            Output(
                                                Pipeline {
                                                    bind: Nothing,
                                                    commands: [
                                                        Command {
                                                            operands: [
                                                                Operand {
                                                                    at: 7950,
                                                                    base: Variable(
                                                                        "it",
                                                                    ),
                                                                    fields: [
                                                                        "Value",
                                                                    ],
                                                                },
                                                            ],
                                                        },
                                                    ],
                                                },
                                            ),
                                        ],
                                        otherwise: [],
                                    },
                                    Text(
                                        "</div>\n",
                                    ),
                                    With {
                                        value: Pipeline {
                                            bind: Nothing,
                                            commands: [
                                                Command {
                                                    operands: [
                                                        Operand {
                                                            at: 7986,
                                                            base: Dot,
                                                            fields: [
                                                                "GeneratorURL",
                                                            ],
                                                        },
                                                    ],
                                                },
                                            ],
                                        },
                                        then: [
                                            Text(
                                                "<div style=\"margin-top:4px\"><a href=\"",
                                            ),
                                            Output(
                                                Pipeline {
                                                    bind: Nothing,
                                                    commands: [
                                                        Command {
                                                            operands: [
                                                                Operand {
                                                                    at: 8042,
                                                                    base: Dot,
                                                                    fields: [],
                                                                },
                                                            ],
                                                        },
                                                    ],
                                                },
                                            ),
                                            Text(
                                                "\">source</a></div>\n",
                                            ),
                                        ],
                                        otherwise: [],
                                    },
                                    Text(
                                        "</td></tr>\n",
                                    ),
                                ],
                                "nines.markdown": [
                                    If {
                                        condition: Pipeline {
                                            bind: Nothing,
                                            commands: [
                                                Command {
                                                    operands: [
                                                        Operand {
                                                            at: 2256,
                                                            base: Dot,
                                                            fields: [
                                                                "Alerts",
                                                                "Firing",
                                                            ],
                                                        },
                                                    ],
                                                },
                                            ],
                                        },
                                        then: [
                                            Text(
                                                "**Firing**\n",
                                            ),
                                            Template {
                                                at: 2287,
                                                name: "__text_alert_list_markdown",
                                                data: Some(
                                                    Pipeline {
                                                        bind: Nothing,
                                                        commands: [
                                                            Command {
                                                                operands: [
                                                                    Operand {
                                                                        at: 2325,
                                                                        base: Dot,
                                                                        fields: [
                                                                            "Alerts",
                                                                            "Firing",
                                                                        ],
                                                                    },
                                                                ],
                                                            },
                                                        ],
                                                    },
                                                ),
                                            },
                                        ],
                                        otherwise: [],
                                    },
                                    If {
                                        condition: Pipeline {
                                            bind: Nothing,
                                            commands: [
                                                Command {
                                                    operands: [
                                                        Operand {
                                                            at: 2359,
                                                            base: Dot,
                                                            fields: [
                                                                "Alerts",
                                                                "Resolved",
                                                            ],
                                                        },
                                                    ],
                                                },
                                            ],
                                        },
                                        then: [
                                            Text(
                                                "**Resolved**\n",
                                            ),
                                            Template {
                                                at: 2394,
                                                name: "__text_alert_list_markdown",
                                                data: Some(
                                                    Pipeline {
                                                        bind: Nothing,
                                                        commands: [
                                                            Command {
                                                                operands: [
                                                                    Operand {
                                                                        at: 2432,
                                                                        base: Dot,
                                                                        fields: [
                                                                            "Alerts",
                                                                            "Resolved",
                                                                        ],
                                                                    },
                                                                ],
                                                            },
                                                        ],
                                                    },
                                                ),
                                            },
                                        ],
                                        otherwise: [],
                                    },
                                ],
                                "nines.text": [
                                    If {
                                        condition: Pipeline {
                                            bind: Nothing,
                                            commands: [
                                                Command {
                                                    operands: [
                                                        Operand {
                                                            at: 1989,
                                                            base: Dot,
                                                            fields: [
                                                                "Alerts",
                                                                "Firing",
                                                            ],
                                                        },
                                                    ],
                                                },
                                            ],
                                        },
                                        then: [
                                            Text(
                                                "Firing:\n",
                                            ),
                                            Template {
                                                at: 2017,
                                                name: "__text_alert_list",
                                                data: Some(
                                                    Pipeline {
                                                        bind: Nothing,
                                                        commands: [
                                                            Command {
                                                                operands: [
                                                                    Operand {
                                                                        at: 2046,
                                                                        base: Dot,
                                                                        fields: [
                                                                            "Alerts",
                                                                            "Firing",
                                                                        ],
                                                                    },
                                                                ],
                                                            },
                                                        ],
                                                    },
                                                ),
                                            },
                                        ],
                                        otherwise: [],
                                    },
                                    If {
                                        condition: Pipeline {
                                            bind: Nothing,
                                            commands: [
                                                Command {
                                                    operands: [
                                                        Operand {
                                                            at: 2080,
                                                            base: Dot,
                                                            fields: [
                                                                "Alerts",
                                                                "Resolved",
                                                            ],
                                                        },
                                                    ],
                                                },
                                            ],
                                        },
                                        then: [
                                            Text(
                                                "Resolved:\n",
                                            ),
                                            Template {
                                                at: 2112,
                                                name: "__text_alert_list",
                                                data: Some(
                                                    Pipeline {
                                                        bind: Nothing,
                                                        commands: [
                                                            Command {
                                                                operands: [
                                                                    Operand {
                                                                        at: 2141,
                                                                        base: Dot,
                                                                        fields: [
                                                                            "Alerts",
                                                                            "Resolved",
                                                                        ],
                                                                    },
                                                                ],
                                                            },
                                                        ],
                                                    },
                                                ),
                                            },
                                        ],
                                        otherwise: [],
                                    },
                                    Template {
                                        at: 2174,
                                        name: "__alertmanagerURL",
                                        data: Some(
                                            Pipeline {
                                                bind: Nothing,
                                                commands: [
                                                    Command {
                                                        operands: [
                                                            Operand {
                                                                at: 2203,
                                                                base: Dot,
                                                                fields: [],
                                                            },
                                                        ],
                                                    },
                                                ],
                                            },
                                        ),
                                    },
                                    Text(
                                        "\n",
                                    ),
                                ],
                                "opsgenie.default.description": [
                                    Template {
                                        at: 4812,
                                        name: "nines.text",
                                        data: Some(
                                            Pipeline {
                                                bind: Nothing,
                                                commands: [
                                                    Command {
                                                        operands: [
                                                            Operand {
                                                                at: 4834,
                                                                base: Dot,
                                                                fields: [],
                                                            },
                                                        ],
                                                    },
                                                ],
                                            },
                                        ),
                                    },
                                ],
                                "opsgenie.default.message": [
                                    Template {
                                        at: 4731,
                                        name: "__subject",
                                        data: Some(
                                            Pipeline {
                                                bind: Nothing,
                                                commands: [
                                                    Command {
                                                        operands: [
                                                            Operand {
                                                                at: 4752,
                                                                base: Dot,
                                                                fields: [],
                                                            },
                                                        ],
                                                    },
                                                ],
                                            },
                                        ),
                                    },
                                ],
                                "opsgenie.default.source": [
                                    Template {
                                        at: 4889,
                                        name: "__alertmanagerURL",
                                        data: Some(
                                            Pipeline {
                                                bind: Nothing,
                                                commands: [
                                                    Command {
                                                        operands: [
                                                            Operand {
                                                                at: 4918,
                                                                base: Dot,
                                                                fields: [],
                                                            },
                                                        ],
                                                    },
                                                ],
                                            },
                                        ),
                                    },
                                ],
                                "pagerduty.default.client": [
                                    Template {
                                        at: 4472,
                                        name: "__alertmanager",
                                        data: Some(
                                            Pipeline {
                                                bind: Nothing,
                                                commands: [
                                                    Command {
                                                        operands: [
                                                            Operand {
                                                                at: 4498,
                                                                base: Dot,
                                                                fields: [],
                                                            },
                                                        ],
                                                    },
                                                ],
                                            },
                                        ),
                                    },
                                ],
                                "pagerduty.default.clientURL": [
                                    Template {
                                        at: 4557,
                                        name: "__alertmanagerURL",
                                        data: Some(
                                            Pipeline {
                                                bind: Nothing,
                                                commands: [
                                                    Command {
                                                        operands: [
                                                            Operand {
                                                                at: 4586,
                                                                base: Dot,
                                                                fields: [],
                                                            },
                                                        ],
                                                    },
                                                ],
                                            },
                                        ),
                                    },
                                ],
                                "pagerduty.default.description": [
                                    Template {
                                        at: 4395,
                                        name: "__subject",
                                        data: Some(
                                            Pipeline {
                                                bind: Nothing,
                                                commands: [
                                                    Command {
                                                        operands: [
                                                            Operand {
                                                                at: 4416,
                                                                base: Dot,
                                                                fields: [],
                                                            },
                                                        ],
                                                    },
                                                ],
                                            },
                                        ),
                                    },
                                ],
                                "pagerduty.default.instances": [
                                    Template {
                                        at: 4645,
                                        name: "__text_alert_list",
                                        data: Some(
                                            Pipeline {
                                                bind: Nothing,
                                                commands: [
                                                    Command {
                                                        operands: [
                                                            Operand {
                                                                at: 4674,
                                                                base: Dot,
                                                                fields: [],
                                                            },
                                                        ],
                                                    },
                                                ],
                                            },
                                        ),
                                    },
                                ],
                                "pushover.default.message": [
                                    With {
                                        value: Pipeline {
                                            bind: Nothing,
                                            commands: [
                                                Command {
                                                    operands: [
                                                        Operand {
                                                            at: 5322,
                                                            base: Dot,
                                                            fields: [
                                                                "CommonAnnotations",
                                                                "SortedPairs",
                                                            ],
                                                        },
                                                    ],
                                                },
                                            ],
                                        },
                                        then: [
                                            Range {
                                                over: Pipeline {
                                                    bind: Nothing,
                                                    commands: [
                                                        Command {
                                                            operands: [
                                                                Operand {
                                                                    at: 5364,
                                                                    base: Dot,
                                                                    fields: [],
                                                                },
                                                            ],
                                                        },
                                                    ],
                                                },
                                                body: [
                                                    Output(
                                                        Pipeline {
                                                            bind: Nothing,
                                                            commands: [
                                                                Command {
                                                                    operands: [
                                                                        Operand {
                                                                            at: 5371,
                                                                            base: Dot,
                                                                            fields: [
                                                                                "Name",
                                                                            ],
                                                                        },
                                                                    ],
                                                                },
                                                            ],
                                                        },
                                                    ),
                                                    Text(
                                                        ": ",
                                                    ),
                                                    Output(
                                                        Pipeline {
                                                            bind: Nothing,
                                                            commands: [
                                                                Command {
                                                                    operands: [
                                                                        Operand {
                                                                            at: 5384,
                                                                            base: Dot,
                                                                            fields: [
                                                                                "Value",
                                                                            ],
                                                                        },
                                                                    ],
                                                                },
                                                            ],
                                                        },
                                                    ),
                                                    Text(
                                                        "\n",
                                                    ),
                                                ],
                                                otherwise: [],
                                            },
                                        ],
                                        otherwise: [
                                            Template {
                                                at: 5416,
                                                name: "nines.text",
                                                data: Some(
                                                    Pipeline {
                                                        bind: Nothing,
                                                        commands: [
                                                            Command {
                                                                operands: [
                                                                    Operand {
                                                                        at: 5438,
                                                                        base: Dot,
                                                                        fields: [],
                                                                    },
                                                                ],
                                                            },
                                                        ],
                                                    },
                                                ),
                                            },
                                        ],
                                    },
                                ],
                                "pushover.default.title": [
                                    Template {
                                        at: 5240,
                                        name: "__subject",
                                        data: Some(
                                            Pipeline {
                                                bind: Nothing,
                                                commands: [
                                                    Command {
                                                        operands: [
                                                            Operand {
                                                                at: 5261,
                                                                base: Dot,
                                                                fields: [],
                                                            },
                                                        ],
                                                    },
                                                ],
                                            },
                                        ),
                                    },
                                ],
                                "pushover.default.url": [
                                    Template {
                                        at: 5499,
                                        name: "__alertmanagerURL",
                                        data: Some(
                                            Pipeline {
                                                bind: Nothing,
                                                commands: [
                                                    Command {
                                                        operands: [
                                                            Operand {
                                                                at: 5528,
                                                                base: Dot,
                                                                fields: [],
                                                            },
                                                        ],
                                                    },
                                                ],
                                            },
                                        ),
                                    },
                                ],
                                "rocketchat.default.alias": [
                                    Template {
                                        at: 4033,
                                        name: "__alertmanager",
                                        data: Some(
                                            Pipeline {
                                                bind: Nothing,
                                                commands: [
                                                    Command {
                                                        operands: [
                                                            Operand {
                                                                at: 4059,
                                                                base: Dot,
                                                                fields: [],
                                                            },
                                                        ],
                                                    },
                                                ],
                                            },
                                        ),
                                    },
                                ],
                                "rocketchat.default.emoji": [],
                                "rocketchat.default.iconurl": [],
                                "rocketchat.default.text": [
                                    Template {
                                        at: 4303,
                                        name: "slack.default.text",
                                        data: Some(
                                            Pipeline {
                                                bind: Nothing,
                                                commands: [
                                                    Command {
                                                        operands: [
                                                            Operand {
                                                                at: 4333,
                                                                base: Dot,
                                                                fields: [],
                                                            },
                                                        ],
                                                    },
                                                ],
                                            },
                                        ),
                                    },
                                ],
                                "rocketchat.default.title": [
                                    Template {
                                        at: 3956,
                                        name: "__subject",
                                        data: Some(
                                            Pipeline {
                                                bind: Nothing,
                                                commands: [
                                                    Command {
                                                        operands: [
                                                            Operand {
                                                                at: 3977,
                                                                base: Dot,
                                                                fields: [],
                                                            },
                                                        ],
                                                    },
                                                ],
                                            },
                                        ),
                                    },
                                ],
                                "rocketchat.default.titlelink": [
                                    Template {
                                        at: 4119,
                                        name: "__alertmanagerURL",
                                        data: Some(
                                            Pipeline {
                                                bind: Nothing,
                                                commands: [
                                                    Command {
                                                        operands: [
                                                            Operand {
                                                                at: 4148,
                                                                base: Dot,
                                                                fields: [],
                                                            },
                                                        ],
                                                    },
                                                ],
                                            },
                                        ),
                                    },
                                ],
                                "slack.default.callbackid": [],
                                "slack.default.color": [
                                    If {
                                        condition: Pipeline {
                                            bind: Nothing,
                                            commands: [
                                                Command {
                                                    operands: [
                                                        Operand {
                                                            at: 2842,
                                                            base: Function(
                                                                "eq",
                                                            ),
                                                            fields: [],
                                                        },
                                                        Operand {
                                                            at: 2845,
                                                            base: Dot,
                                                            fields: [
                                                                "Status",
                                                            ],
                                                        },
                                                        Operand {
                                                            at: 2853,
                                                            base: Constant(
                                                                Text(
                                                                    "firing",
                                                                ),
                                                            ),
                                                            fields: [],
                                                        },
                                                    ],
                                                },
                                            ],
                                        },
                                        then: [
                                            Text(
                                                "danger",
                                            ),
                                        ],
                                        otherwise: [
                                            Text(
                                                "good",
                                            ),
                                        ],
                                    },
                                ],
                                "slack.default.fallback": [
                                    Template {
                                        at: 2665,
                                        name: "slack.default.title",
                                        data: Some(
                                            Pipeline {
                                                bind: Nothing,
                                                commands: [
                                                    Command {
                                                        operands: [
                                                            Operand {
                                                                at: 2696,
                                                                base: Dot,
                                                                fields: [],
                                                            },
                                                        ],
                                                    },
                                                ],
                                            },
                                        ),
                                    },
                                    Text(
                                        " ",
                                    ),
                                    Template {
                                        at: 2704,
                                        name: "slack.default.titlelink",
                                        data: Some(
                                            Pipeline {
                                                bind: Nothing,
                                                commands: [
                                                    Command {
                                                        operands: [
                                                            Operand {
                                                                at: 2739,
                                                                base: Dot,
                                                                fields: [],
                                                            },
                                                        ],
                                                    },
                                                ],
                                            },
                                        ),
                                    },
                                ],
                                "slack.default.footer": [],
                                "slack.default.iconemoji": [],
                                "slack.default.iconurl": [],
                                "slack.default.pretext": [],
                                "slack.default.text": [
                                    Range {
                                        over: Pipeline {
                                            bind: Nothing,
                                            commands: [
                                                Command {
                                                    operands: [
                                                        Operand {
                                                            at: 3169,
                                                            base: Dot,
                                                            fields: [
                                                                "Alerts",
                                                            ],
                                                        },
                                                    ],
                                                },
                                            ],
                                        },
                                        body: [
                                            With {
                                                value: Pipeline {
                                                    bind: Nothing,
                                                    commands: [
                                                        Command {
                                                            operands: [
                                                                Operand {
                                                                    at: 3187,
                                                                    base: Dot,
                                                                    fields: [
                                                                        "Annotations",
                                                                        "summary",
                                                                    ],
                                                                },
                                                            ],
                                                        },
                                                    ],
                                                },
                                                then: [
                                                    Output(
                                                        Pipeline {
                                                            bind: Nothing,
                                                            commands: [
                                                                Command {
                                                                    operands: [
                                                                        Operand {
                                                                            at: 3213,
                                                                            base: Dot,
                                                                            fields: [],
                                                                        },
                                                                    ],
                                                                },
                                                            ],
                                                        },
                                                    ),
                                                    Text(
                                                        "\n",
                                                    ),
                                                ],
                                                otherwise: [
                                                    With {
                                                        value: Pipeline {
                                                            bind: Nothing,
                                                            commands: [
                                                                Command {
                                                                    operands: [
                                                                        Operand {
                                                                            at: 3236,
                                                                            base: Dot,
                                                                            fields: [
                                                                                "Annotations",
                                                                                "description",
                                                                            ],
                                                                        },
                                                                    ],
                                                                },
                                                            ],
                                                        },
                                                        then: [
                                                            Output(
                                                                Pipeline {
                                                                    bind: Nothing,
                                                                    commands: [
                                                                        Command {
                                                                            operands: [
                                                                                Operand {
                                                                                    at: 3266,
                                                                                    base: Dot,
                                                                                    fields: [],
                                                                                },
                                                                            ],
                                                                        },
                                                                    ],
                                                                },
                                                            ),
                                                            Text(
                                                                "\n",
                                                            ),
                                                        ],
                                                        otherwise: [],
                                                    },
                                                ],
                                            },
                                        ],
                                        otherwise: [],
                                    },
                                ],
                                "slack.default.title": [
                                    Template {
                                        at: 2510,
                                        name: "__subject",
                                        data: Some(
                                            Pipeline {
                                                bind: Nothing,
                                                commands: [
                                                    Command {
                                                        operands: [
                                                            Operand {
                                                                at: 2531,
                                                                base: Dot,
                                                                fields: [],
                                                            },
                                                        ],
                                                    },
                                                ],
                                            },
                                        ),
                                    },
                                ],
                                "slack.default.titlelink": [
                                    Template {
                                        at: 2990,
                                        name: "__alertmanagerURL",
                                        data: Some(
                                            Pipeline {
                                                bind: Nothing,
                                                commands: [
                                                    Command {
                                                        operands: [
                                                            Operand {
                                                                at: 3019,
                                                                base: Dot,
                                                                fields: [],
                                                            },
                                                        ],
                                                    },
                                                ],
                                            },
                                        ),
                                    },
                                ],
                                "slack.default.username": [
                                    Template {
                                        at: 2585,
                                        name: "__alertmanager",
                                        data: Some(
                                            Pipeline {
                                                bind: Nothing,
                                                commands: [
                                                    Command {
                                                        operands: [
                                                            Operand {
                                                                at: 2611,
                                                                base: Dot,
                                                                fields: [],
                                                            },
                                                        ],
                                                    },
                                                ],
                                            },
                                        ),
                                    },
                                ],
                                "sns.default.message": [
                                    Template {
                                        at: 5652,
                                        name: "nines.text",
                                        data: Some(
                                            Pipeline {
                                                bind: Nothing,
                                                commands: [
                                                    Command {
                                                        operands: [
                                                            Operand {
                                                                at: 5674,
                                                                base: Dot,
                                                                fields: [],
                                                            },
                                                        ],
                                                    },
                                                ],
                                            },
                                        ),
                                    },
                                ],
                                "sns.default.subject": [
                                    Template {
                                        at: 5580,
                                        name: "__subject",
                                        data: Some(
                                            Pipeline {
                                                bind: Nothing,
                                                commands: [
                                                    Command {
                                                        operands: [
                                                            Operand {
                                                                at: 5601,
                                                                base: Dot,
                                                                fields: [],
                                                            },
                                                        ],
                                                    },
                                                ],
                                            },
                                        ),
                                    },
                                ],
                                "telegram.default.message": [
                                    Template {
                                        at: 5731,
                                        name: "nines.text",
                                        data: Some(
                                            Pipeline {
                                                bind: Nothing,
                                                commands: [
                                                    Command {
                                                        operands: [
                                                            Operand {
                                                                at: 5753,
                                                                base: Dot,
                                                                fields: [],
                                                            },
                                                        ],
                                                    },
                                                ],
                                            },
                                        ),
                                    },
                                ],
                                "victorops.default.entity_display_name": [
                                    Template {
                                        at: 5073,
                                        name: "__subject",
                                        data: Some(
                                            Pipeline {
                                                bind: Nothing,
                                                commands: [
                                                    Command {
                                                        operands: [
                                                            Operand {
                                                                at: 5094,
                                                                base: Dot,
                                                                fields: [],
                                                            },
                                                        ],
                                                    },
                                                ],
                                            },
                                        ),
                                    },
                                ],
                                "victorops.default.monitoring_tool": [
                                    Template {
                                        at: 5159,
                                        name: "__alertmanager",
                                        data: Some(
                                            Pipeline {
                                                bind: Nothing,
                                                commands: [
                                                    Command {
                                                        operands: [
                                                            Operand {
                                                                at: 5185,
                                                                base: Dot,
                                                                fields: [],
                                                            },
                                                        ],
                                                    },
                                                ],
                                            },
                                        ),
                                    },
                                ],
                                "victorops.default.state_message": [
                                    Template {
                                        at: 4982,
                                        name: "nines.text",
                                        data: Some(
                                            Pipeline {
                                                bind: Nothing,
                                                commands: [
                                                    Command {
                                                        operands: [
                                                            Operand {
                                                                at: 5004,
                                                                base: Dot,
                                                                fields: [],
                                                            },
                                                        ],
                                                    },
                                                ],
                                            },
                                        ),
                                    },
                                ],
                                "webex.default.message": [
                                    Text(
                                        "**",
                                    ),
                                    Template {
                                        at: 6013,
                                        name: "__subject",
                                        data: Some(
                                            Pipeline {
                                                bind: Nothing,
                                                commands: [
                                                    Command {
                                                        operands: [
                                                            Operand {
                                                                at: 6034,
                                                                base: Dot,
                                                                fields: [],
                                                            },
                                                        ],
                                                    },
                                                ],
                                            },
                                        ),
                                    },
                                    Text(
                                        "**\n",
                                    ),
                                    Template {
                                        at: 6044,
                                        name: "nines.markdown",
                                        data: Some(
                                            Pipeline {
                                                bind: Nothing,
                                                commands: [
                                                    Command {
                                                        operands: [
                                                            Operand {
                                                                at: 6070,
                                                                base: Dot,
                                                                fields: [],
                                                            },
                                                        ],
                                                    },
                                                ],
                                            },
                                        ),
                                    },
                                ],
                                "wechat.default.agent_id": [],
                                "wechat.default.message": [
                                    Template {
                                        at: 6866,
                                        name: "__subject",
                                        data: Some(
                                            Pipeline {
                                                bind: Nothing,
                                                commands: [
                                                    Command {
                                                        operands: [
                                                            Operand {
                                                                at: 6887,
                                                                base: Dot,
                                                                fields: [],
                                                            },
                                                        ],
                                                    },
                                                ],
                                            },
                                        ),
                                    },
                                    Text(
                                        "\n",
                                    ),
                                    Template {
                                        at: 6895,
                                        name: "nines.text",
                                        data: Some(
                                            Pipeline {
                                                bind: Nothing,
                                                commands: [
                                                    Command {
                                                        operands: [
                                                            Operand {
                                                                at: 6917,
                                                                base: Dot,
                                                                fields: [],
                                                            },
                                                        ],
                                                    },
                                                ],
                                            },
                                        ),
                                    },
                                ],
                                "wechat.default.to_party": [],
                                "wechat.default.to_tag": [],
                                "wechat.default.to_user": [],
                            },
                        },
                    },
                },
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
                },
                revision: "…",
                files: 1,
            }
        "##]],
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
