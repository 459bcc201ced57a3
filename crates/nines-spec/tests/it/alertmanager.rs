//! Files of Alertmanager: what is understood, and the same verdict as its own tool has.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;

use expect_test::{Expect, expect};
use jiff::Timestamp;
use nines_alert::dispatch::{GroupBy, Integration, Route, Rules, Settings};
use nines_alert::receivers::{
    AlertData, Kind, NoticeData, Provider, Setting, Templates, parse, render,
};
use nines_base::Labels;
use nines_spec::{
    Level, Reading, SecretSpec, SourceFile, export_alertmanager, read_dir, read_files,
};

fn reading(text: &str) -> Reading {
    let file = SourceFile { path: "alertmanager.yml".to_owned(), text: text.to_owned() };
    read_files(vec![file])
}

fn errors(reading: &Reading) -> Vec<String> {
    let errors = reading.findings.iter().filter(|it| it.level == Level::Error);
    errors.map(|it| format!("{} {}", it.code, it.message)).collect()
}

/// One line a route.
fn tree(rules: &Rules) -> String {
    fn node(out: &mut String, route: &Route, depth: usize) {
        let matchers = route.matchers.iter().map(ToString::to_string).collect::<Vec<_>>().join(",");
        let by = match &route.group_by {
            GroupBy::All => "...".to_owned(),
            GroupBy::Labels(names) => names.join(","),
        };
        let (wait, interval, repeat) = (
            route.timing.wait.as_secs(),
            route.timing.interval.as_secs(),
            route.timing.repeat.as_secs(),
        );
        let flags = [
            (route.continues, " continue".to_owned()),
            (route.leading_edge, " at once".to_owned()),
            (!route.mute_intervals.is_empty(), format!(" not {}", route.mute_intervals.join(","))),
            (
                !route.active_intervals.is_empty(),
                format!(" only {}", route.active_intervals.join(",")),
            ),
        ];
        let flags: String = flags.into_iter().filter(|(it, _)| *it).map(|(_, it)| it).collect();
        out.push_str(&format!(
            "{}{{{matchers}}} -> {} by [{by}] {wait}/{interval}/{repeat}{flags} ({})\n",
            "  ".repeat(depth),
            route.receiver,
            route.origin,
        ));
        for child in &route.children {
            node(out, child, depth + 1);
        }
    }
    let mut out = String::new();
    node(&mut out, &rules.root, 0);
    out
}

fn check_tree(text: &str, expect: &Expect) {
    let reading = reading(text);
    assert_eq!(errors(&reading), Vec::<String>::new());
    expect.assert_eq(&tree(&reading.spec.dispatch));
}

#[test]
fn children_have_what_their_parents_say_but_for_intervals() {
    check_tree(
        r#"
route:
  receiver: all
  group_by: [team, alertname]
  group_wait: 10s
  repeat_interval: 1h
  routes:
    - matchers: ['team="shop"', 'severity=~"page|ticket",zone!=""']
      mute_time_intervals: [night]
      group_by: []
      routes:
        - match: {zone: b, alertname: Down}
          match_re: {alertname: .+}
          active_time_intervals: [night]
          group_by: ['...']
          continue: true
        - receiver: other
          group_wait: 0s
receivers: [{name: all}, {name: other}]
mute_time_intervals: [{name: night, time_intervals: [{times: [{start_time: '22:00', end_time: '24:00'}]}]}]
"#,
        &expect![[r#"
            {} -> all by [team,alertname] 10/300/3600 (alertmanager.yml:3)
              {severity=~"page|ticket",team="shop",zone!=""} -> all by [] 10/300/3600 not night (alertmanager.yml:8)
                {alertname=~".+",alertname="Down",zone="b"} -> all by [...] 10/300/3600 continue only night (alertmanager.yml:12)
                {} -> other by [] 0/300/3600 (alertmanager.yml:17)
        "#]],
    );
}

#[test]
fn integrations_have_what_global_says_and_secrets_stay_apart() {
    let reading = reading(
        r#"
global:
  slack_api_url: https://hooks.slack.example/secret-word
  smtp_smarthost: mail.example.org:587
  smtp_from: nines@example.org
  smtp_auth_password_file: mail.password
  http_config: {proxy_url: 'http://proxy:3128'}
route: {receiver: all}
receivers:
  - name: all
    slack_configs:
      - channel: '#{{ .CommonLabels.team }}'
      - {channel: '#b', api_url_file: b.url, send_resolved: true}
    email_configs: [{to: ana@example.org, tls_config: {insecure_skip_verify: true}}]
    webhook_configs:
      - {url: 'http://127.0.0.1:9/secret-word', max_alerts: 5, http_config: {authorization: {credentials_file: t}}}
      - {url: 'http://x/{{ .GroupLabels.team }}'}
    pagerduty_configs: [{routing_key_file: pd.key}, {service_key: secret-word}]
"#,
    );
    assert_eq!(errors(&reading), Vec::<String>::new());
    let [receiver] = reading.spec.receivers.as_slice() else { panic!("one receiver") };
    let kinds: Vec<&str> = receiver.integrations.iter().map(|it| it.kind.as_str()).collect();
    assert_eq!(kinds, ["webhook", "webhook", "email", "pagerduty", "pagerduty", "slack", "slack"]);
    let integrations = &reading.spec.dispatch.receivers["all"].integrations;
    let decided: Vec<&str> = integrations.iter().map(|it| it.settings.kind()).collect();
    assert_eq!(kinds, decided, "both lists are in the same order");
    assert_eq!(integrations[0].settings, Settings::Webhook { max_alerts: 5 });
    assert!(matches!(integrations[1].settings, Settings::Provider(_)), "the address is a template");
    assert!(integrations[0].send_resolved && !integrations[5].send_resolved);
    assert!(integrations[6].send_resolved);
    let secret = |index: usize, name: &str| receiver.integrations[index].secrets.get(name).cloned();
    let inline = |it: &str| Some(SecretSpec::Inline(it.to_owned()));
    assert_eq!(secret(5, "api_url"), inline("https://hooks.slack.example/secret-word"));
    assert_eq!(secret(6, "api_url"), Some(SecretSpec::File("b.url".to_owned())));
    assert_eq!(secret(2, "auth_password"), Some(SecretSpec::File("mail.password".to_owned())));
    assert_eq!(secret(4, "service_key"), inline("secret-word"));
    assert_eq!(secret(1, "url"), None, "a text with holes is filled, and no secret");
    let mail = &receiver.integrations[2];
    assert_eq!(mail.options["smarthost"], "mail.example.org:587");
    assert_eq!(
        (mail.options["hello"].as_str(), mail.options["require_tls"].as_str()),
        ("localhost", "true")
    );
    assert!(mail.http.skips_verification);
    let proxy = |index: usize| receiver.integrations[index].http.proxy_url.is_some();
    assert!(!proxy(0) && proxy(1), "an own http_config is the whole of it");
    assert!(!format!("{:?}", reading.spec).contains("secret-word"), "secrets are not shown");
}

#[test]
fn templates_come_from_the_files_that_the_patterns_name() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
    fs::create_dir(folder.path().join("tmpl")).unwrap();
    write("tmpl/a.tmpl", "{{ define \"shop.title\" }}{{ .Status | toUpper }}{{ end }}");
    write("tmpl/b.tmpl", "{{ define \"slack.default.text\" }}ours{{ end }}");
    let main = "templates: ['tmpl/*.tmpl']\nroute: {receiver: a}\nreceivers: [{name: a, slack_configs: [{api_url: 'https://x/y', title: '{{ template \"shop.title\" . }}'}]}]\n";
    write("alertmanager.yml", main);
    let reading = read_dir(folder.path()).unwrap();
    assert_eq!(reading.findings, []);
    assert!(reading.spec.dispatch.templates.defines("shop.title"));
    let again = read_files(reading.sources.clone());
    assert_eq!(again.findings, [], "the same from memory");
    assert_eq!(again.spec.dispatch, reading.spec.dispatch);
}

/// What must be the same as Alertmanager says: the parts after `receivers:` of a small file, or all of it.
const GOOD: [&str; 14] = [
    "[{name: a}]",
    "[{name: a, webhook_configs: [{url: 'http://x/y', send_resolved: false}]}]",
    "[{name: a, slack_configs: [{api_url: 'https://x/y', actions: [{type: button, text: a, url: b}]}]}]",
    "[{name: a, pagerduty_configs: [{routing_key: a, details: {x: '{{ .Status }}'}}]}]",
    "[{name: a, email_configs: [{to: a@b.c, from: d@e.f, smarthost: 'm:25', require_tls: false}]}]",
    "[{name: a, opsgenie_configs: [{api_key: a, responders: [{type: Team, name: b}]}]}]",
    "[{name: a, victorops_configs: [{api_key: a, routing_key: b}]}]",
    "[{name: a, pushover_configs: [{user_key: a, token: b, retry: 1m, expire: 1h}]}]",
    "[{name: a, sns_configs: [{topic_arn: a, sigv4: {region: b}}]}]",
    "[{name: a, telegram_configs: [{bot_token: a, chat_id: -5, api_url: 'https://x'}]}]",
    "[{name: a, wechat_configs: [{corp_id: a, api_secret: b, message_type: markdown}]}]",
    "[{name: a}]\ninhibit_rules: [{source_match: {a: b}, target_match_re: {a: 'c|d'}, equal: [x]}]",
    "[{name: a}]\ntime_intervals: [{name: w, time_intervals: [{weekdays: ['monday:friday'], years: ['2020:2030'], days_of_month: ['1:-1']}]}]",
    "[{name: a}]\nmute_time_intervals: [{name: w, time_intervals: [{times: [{start_time: '00:00', end_time: '24:00'}], months: [january, '2:3']}]}]",
];
const BAD: [&str; 28] = [
    "[{name: a}, {name: a}]",
    "[{name: b}]",
    "[{name: ''}]",
    "[{name: a, webhook_configs: [{send_resolved: true}]}]",
    "[{name: a, slack_configs: [{channel: x}]}]",
    "[{name: a, slack_configs: [{api_url: 'https://x/y', fields: [{title: a}]}]}]",
    "[{name: a, slack_configs: [{api_url: 'https://x/y', actions: [{type: button, text: a}]}]}]",
    "[{name: a, pagerduty_configs: [{severity: x}]}]",
    "[{name: a, email_configs: [{from: d@e.f, smarthost: 'm:25'}]}]",
    "[{name: a, email_configs: [{to: a@b.c, smarthost: 'm:25'}]}]",
    "[{name: a, email_configs: [{to: a@b.c, from: d@e.f}]}]",
    "[{name: a, email_configs: [{to: a@b.c, from: d@e.f, smarthost: m}]}]",
    "[{name: a, email_configs: [{to: a@b.c, from: d@e.f, smarthost: 'm:25', headers: {Subject: a, subject: b}}]}]",
    "[{name: a, opsgenie_configs: [{api_key: a, responders: [{type: wrong, name: b}]}]}]",
    "[{name: a, opsgenie_configs: [{message: x}]}]",
    "[{name: a, victorops_configs: [{api_key: a}]}]",
    "[{name: a, pushover_configs: [{user_key: a}]}]",
    "[{name: a, sns_configs: [{subject: a}]}]",
    "[{name: a, telegram_configs: [{bot_token: a, api_url: 'https://x'}]}]",
    "[{name: a, wechat_configs: [{corp_id: a, api_secret: b, message_type: html}]}]",
    "[{name: a}]\ninhibit_rules: [{source_match_re: {a: '('}, target_match: {a: b}}]",
    "[{name: a}]\ninhibit_rules: [{source_matchers: ['a=~\"(\"'], target_matchers: [a=b]}]",
    "[{name: a}]\ntime_intervals: [{name: w}, {name: w}]",
    "[{name: a}]\ntime_intervals: [{name: w, time_intervals: [{weekdays: ['friday:monday']}]}]",
    "[{name: a}]\ntime_intervals: [{name: w, time_intervals: [{days_of_month: ['0']}]}]",
    "[{name: a}]\ntime_intervals: [{name: w, time_intervals: [{times: [{start_time: '17:00', end_time: '09:00'}]}]}]",
    "[{name: a}]\ntime_intervals: [{name: w, time_intervals: [{years: ['2030:2020']}]}]",
    "[{name: a}]\ntime_intervals: [{name: w, time_intervals: [{location: Nowhere/Town}]}]",
];
/// The same of whole files.
const BAD_FILES: [&str; 12] = [
    "receivers: [{name: a}]",
    "route: {group_wait: 1s}\nreceivers: [{name: a}]",
    "route: {receiver: a, matchers: [a=b]}\nreceivers: [{name: a}]",
    "route: {receiver: a, match: {a: b}}\nreceivers: [{name: a}]",
    "route: {receiver: a, continue: true}\nreceivers: [{name: a}]",
    "route: {receiver: a, mute_time_intervals: [w]}\nreceivers: [{name: a}]\ntime_intervals: [{name: w}]",
    "route: {receiver: a, group_by: [a, '...']}\nreceivers: [{name: a}]",
    "route: {receiver: a, group_by: [a, a]}\nreceivers: [{name: a}]",
    "route: {receiver: a, group_interval: 0s}\nreceivers: [{name: a}]",
    "route: {receiver: a, repeat_interval: 0s}\nreceivers: [{name: a}]",
    "route: {receiver: a, routes: [{matchers: ['a']}]}\nreceivers: [{name: a}]",
    "route: {receiver: a, routes: [{mute_time_intervals: [w]}]}\nreceivers: [{name: a}]",
];

/// Whether amtool is content; nothing when it is not installed.
fn amtool(folder: &Path, text: &str) -> Option<bool> {
    let file = folder.join("alertmanager.yml");
    fs::write(&file, text).unwrap();
    match Command::new("amtool").arg("check-config").arg(&file).output() {
        Ok(output) => Some(output.status.success()),
        Err(error) => {
            #[expect(clippy::disallowed_methods, reason = "says whether a skip is a failure")]
            let required = std::env::var("NINES_REQUIRE").is_ok_and(|it| it == "all");
            assert!(!required, "amtool is required (package prometheus-alertmanager): {error}");
            None
        }
    }
}

#[test]
fn the_verdict_is_that_of_amtool() {
    let folder = tempfile::tempdir().unwrap();
    let small = |it: &&str| format!("route: {{receiver: a}}\nreceivers: {it}\n");
    let good = GOOD.iter().map(|it| (small(it), true));
    let bad = BAD.iter().map(|it| (small(it), false));
    let bad_files = BAD_FILES.iter().map(|it| ((*it).to_owned(), false));
    for (text, is_good) in good.chain(bad).chain(bad_files) {
        let errors = errors(&reading(&text));
        assert_eq!(errors.is_empty(), is_good, "{text}\n{errors:?}");
        if let Some(verdict) = amtool(folder.path(), &text) {
            assert_eq!(verdict, is_good, "amtool says otherwise of\n{text}");
        }
    }
}

const EVERYTHING: &str = r#"
global: {resolve_timeout: 3m, slack_api_url_file: slack.url, smtp_smarthost: 'm:25', smtp_from: a@b.c}
route:
  receiver: all
  group_by: [alertname]
  routes:
    - matchers: ['team="shop"', 'severity=~"page|ticket"']
      receiver: chat
      group_by: ['...']
      group_wait: 1s
      mute_time_intervals: [nights]
      continue: true
      routes: [{match: {zone: b}, receiver: mail, active_time_intervals: [nights]}]
    - receiver: mail
receivers:
  - name: all
    webhook_configs: [{url: 'http://hooks.example/secret-word', max_alerts: 3}]
  - name: chat
    slack_configs: [{channel: '#a', title: '{{ .Status }}', fields: [{title: a, value: b, short: true}], send_resolved: true}]
    pagerduty_configs: [{routing_key: secret-word, details: {x: '{{ .GroupLabels.team }}'}}]
  - name: mail
    email_configs: [{to: x@y.z, require_tls: false, headers: {X-Team: shop}}]
    pushover_configs: [{user_key: secret-word, token: secret-word, retry: 2m}]
    telegram_configs: [{bot_token: secret-word, chat_id: -7, api_url: 'https://t.example'}]
    opsgenie_configs: [{api_key: secret-word, responders: [{type: team, name: shop}]}]
inhibit_rules: [{source_matchers: ['a="b"'], target_matchers: ['c!="d"'], equal: [team]}]
time_intervals:
  - name: nights
    time_intervals:
      - times: [{start_time: '22:00', end_time: '24:00'}]
        weekdays: ['monday:friday', sunday]
        days_of_month: ['-3:-1']
        months: ['1:3']
        years: ['2030']
        location: Europe/Warsaw
"#;

#[test]
fn what_is_written_means_the_same_and_amtool_reads_it() {
    let before = reading(EVERYTHING);
    assert_eq!(errors(&before), Vec::<String>::new());
    let export = export_alertmanager(&before.spec);
    assert_eq!(export.losses, []);
    assert!(!export.text.contains("secret-word"), "{}", export.text);
    let after = reading(&export.text);
    assert_eq!(errors(&after), Vec::<String>::new(), "{}", export.text);
    let without_places = |rules: &Rules| {
        let text = format!("{rules:#?}");
        let lines = text.lines().filter(|it| !it.trim_start().starts_with("line: "));
        lines.collect::<Vec<_>>().join("\n")
    };
    let (one, other) = (&before.spec.dispatch, &after.spec.dispatch);
    assert_eq!(without_places(one), without_places(other), "{}", export.text);
    let folder = tempfile::tempdir().unwrap();
    assert_ne!(amtool(folder.path(), &export.text), Some(false), "{}", export.text);
    let shown = before.spec.alertmanager.unwrap();
    assert!(!shown.contains("secret-word"), "{shown}");
    assert_ne!(amtool(folder.path(), &shown), Some(false), "{shown}");
}

#[test]
fn what_alertmanager_cannot_say_is_reduced_and_told() {
    let document = |kind: &str, name: &str, spec: &str| {
        format!(
            "apiVersion: nines/v1\nkind: {kind}\nmetadata: {{name: {name}}}\nspec: {spec}\n---\n"
        )
    };
    let text = [
        document("Person", "ana", "{contacts: [inbox: {}]}"),
        document("Escalation", "shop", "{steps: [{notify: [person: ana]}]}"),
        document(
            "Receiver",
            "chat",
            "{slack_configs: [{api_url_file: s, channel: '#a'}], fallback: rest}",
        ),
        document("Receiver", "rest", "{escalation: shop}"),
        document("TimeInterval", "nights", "{time_intervals: [{weekdays: [sunday]}]}"),
        document(
            "Inhibition",
            "zone",
            "{while: {alertname: ZoneDown}, mute: {severity: page}, equal: [zone], missing: distinct}",
        ),
        document(
            "Inhibition",
            "many",
            "{all_of: [{match: {alertname: Down}, min: 3}], mute: {severity: ticket}}",
        ),
        document(
            "Silence",
            "move",
            "{match: {service: db}, from: 2026-07-01T02:00, to: 2026-07-01T06:00, reason: moving}",
        ),
        document(
            "Routing",
            "all",
            "{last_resort: {escalation: shop}, routes: [{match: {team: shop}, escalation: shop}, {match: {severity: ticket}, receiver: chat, group_by: [team], mute_time_intervals: [nights], routes: [{match: {zone: b}, leading_edge: false}]}]}",
        ),
    ];
    let reading = read_files(vec![SourceFile { path: "a.yaml".to_owned(), text: text.concat() }]);
    assert_eq!(reading.findings, []);
    let export = export_alertmanager(&reading.spec);
    let losses =
        export.losses.iter().map(|it| format!("{}: {}; {}\n", it.subject, it.what, it.instead));
    expect![[r#"
        severity="ticket": its leading edge; the first alert waits too
        escalation/shop: the escalation shop; nobody is told; send alerts on to nines by `webhook_configs`
        rest: the escalation shop; nobody is told; send alerts on to nines by `webhook_configs`
        zone: `missing: distinct`; more is muted
        many: several sources; the rule is left out, and nothing is muted
        move: the silence; amtool makes one
        chat: its fallback rest; it is left out
    "#]].assert_eq(&losses.collect::<String>());
    expect![[r#"
        global:
          resolve_timeout: 5m
        route:
          receiver: nobody
          group_by: []
          group_wait: 30s
          group_interval: 5m
          repeat_interval: 4h
          routes:
            - matchers:
                - 'team="shop"'
              receiver: escalation/shop
              group_by:
                - '...'
              group_wait: 0s
              group_interval: 5m
              repeat_interval: 4h
            - matchers:
                - 'severity="ticket"'
              receiver: chat
              group_by:
                - team
              group_wait: 30s
              group_interval: 5m
              repeat_interval: 4h
              mute_time_intervals:
                - nights
              routes:
                - matchers:
                    - 'zone="b"'
                  receiver: chat
                  group_by:
                    - team
                  group_wait: 30s
                  group_interval: 5m
                  repeat_interval: 4h
        receivers:
          - name: nobody
          - name: chat
            slack_configs:
              - api_url_file: s
                channel: '#a'
          - name: escalation/shop
          - name: rest
        inhibit_rules:
          - source_matchers:
              - 'alertname="ZoneDown"'
            target_matchers:
              - 'severity="page"'
            equal:
              - zone
        time_intervals:
          - name: nights
            time_intervals:
              - weekdays:
                  - sunday
    "#]]
    .assert_eq(&export.text);
    let folder = tempfile::tempdir().unwrap();
    assert_ne!(amtool(folder.path(), &export.text), Some(false), "{}", export.text);
    expect![[r#"
        {} ->  by [] 30/300/14400 (built in)
          {team="shop"} -> escalation/shop by [...] 0/300/14400 at once (a.yaml:44)
          {severity="ticket"} -> chat by [team] 30/300/14400 at once not nights (a.yaml:44)
            {zone="b"} -> chat by [team] 30/300/14400 (a.yaml:44)
    "#]]
    .assert_eq(&tree(&reading.spec.dispatch));
}

/// What both write the same.
const TEMPLATES: [&str; 34] = [
    "{{ .Status }} {{ .Receiver }} {{ .ExternalURL }} {{ len .Alerts }}",
    "{{ .Alerts.Firing | len }}/{{ .Alerts.Resolved | len }}",
    "{{ .CommonLabels.alertname }} [{{ .CommonLabels.missing }}] {{ .GroupLabels.alertname | toUpper }}",
    "{{ range .Alerts }}{{ .Status }} {{ .Labels.instance }} {{ .Annotations.summary }};{{ end }}",
    "{{ range .Alerts.Firing }}{{ .Labels.SortedPairs.Names | join \",\" }}={{ .Labels.SortedPairs.Values | join \",\" }}{{ end }}",
    "{{ .CommonLabels.SortedPairs.Values | join \" \" }}",
    "{{ .CommonLabels.Names | join \"|\" }} {{ .CommonLabels.Values | join \"|\" }}",
    "{{ range (.CommonLabels.Remove (stringSlice \"alertname\" \"x\")).SortedPairs }}{{ .Name }}:{{ .Value }} {{ end }}",
    "{{ .CommonLabels.Remove .GroupLabels.Names | len }}",
    "{{ with .CommonLabels.Remove .GroupLabels.Names }}{{ .SortedPairs.Values | join \" \" }}{{ end }}",
    "{{ if gt (len .CommonLabels) (len .GroupLabels) }}more{{ else }}same{{ end }}",
    "{{ (index .Alerts 0).Labels.instance }} {{ index .CommonLabels \"job\" }}",
    "{{ .CommonLabels }} {{ .GroupLabels }}",
    "{{ (index .Alerts 0).StartsAt.Format \"2006-01-02 15:04:05 MST\" }}",
    "{{ (index .Alerts 0).StartsAt.Format \"Jan _2, 06 at 3:04pm (Monday) .000 Z07:00 -0700\" }}",
    "{{ (index .Alerts 0).StartsAt }}",
    "{{ (index .Alerts 0).EndsAt.IsZero }} {{ (index .Alerts 1).EndsAt.IsZero }}",
    "{{ (index .Alerts 0).StartsAt.Unix }} {{ (index .Alerts 0).StartsAt.Year }} {{ (index .Alerts 0).StartsAt.Month }} {{ (index .Alerts 0).StartsAt.Weekday }}",
    "{{ ((index .Alerts 0).StartsAt.Add 28800e9).Format \"15:04\" }}",
    "{{ (index .Alerts 0).EndsAt.Sub (index .Alerts 0).StartsAt }}",
    "{{ ((index .Alerts 0).EndsAt.Sub (index .Alerts 0).StartsAt).Minutes }}",
    "{{ (index .Alerts 0).Fingerprint }} {{ (index .Alerts 0).GeneratorURL }}",
    "{{ \"hELLO wOrld it's a-b c_d e.f\" | title }}",
    "{{ \"a.b.c\" | reReplaceAll \"([a-z])\\\\.\" \"$1-\" }} {{ match \"^a\" \"abc\" }}",
    "{{ \"<b>\" | safeHtml }} {{ \"x y&z\" | urlquery }} {{ html \"<a>\" }}",
    "{{ define \"one\" }}[{{ . }}]{{ end }}{{ template \"one\" .Status }}{{ template \"one\" \"x\" }}",
    "{{ $n := len .Alerts }}{{ range $i, $it := .Alerts }}{{ $i }}/{{ $n }} {{ end }}",
    "{{ range $name, $value := .CommonLabels }}{{ $name }}={{ $value }} {{ end }}",
    "{{- /* nothing */ -}} a {{- \"b\" -}} c ",
    "{{ if and .CommonLabels.job (not .CommonLabels.x) }}yes{{ end }} {{ or .CommonLabels.x \"or\" }}",
    "{{ printf \"%s-%d-%v-%q\" .Status (len .Alerts) .CommonLabels.job \"q\" }}",
    "{{ eq .Status \"firing\" \"resolved\" }} {{ ne .Status \"x\" }} {{ lt 1 2 }}",
    "{{ block \"two\" .Alerts }}{{ len . }}{{ end }}",
    "{{ slice \"abcdef\" 1 3 }} {{ print 1 2 \"a\" }} {{ println \"x\" }}",
];

#[test]
fn templates_give_what_amtool_gives() {
    let alert = |instance: &str, ends_at: Option<i64>| AlertData {
        labels: Labels::new([("alertname", "Down"), ("job", "api"), ("instance", instance)])
            .unwrap(),
        annotations: [("summary".to_owned(), format!("{instance} <is> down"))].into(),
        starts_at: Timestamp::from_millisecond(1_780_000_000_120).unwrap(),
        ends_at: ends_at.map(|it| Timestamp::from_second(1_780_000_000 + it).unwrap()),
        generator_url: "http://prometheus/graph?g0.expr=up".to_owned(),
    };
    let group = Labels::new([("alertname", "Down")]).unwrap();
    let alerts = vec![alert("a", Some(90)), alert("b", None)];
    let at = Timestamp::from_second(1_780_000_100).unwrap();
    let notice = NoticeData::new("shop", "{}:{}", &group, alerts, "http://nines.example", at);
    let rendered = |settings: Settings| {
        render(&Integration { send_resolved: true, settings }, &notice, &Templates::default())
    };
    let data = rendered(Settings::Webhook { max_alerts: 0 }).body;
    let folder = tempfile::tempdir().unwrap();
    let (file, none) = (folder.path().join("data.json"), folder.path().join("none.tmpl"));
    fs::write(&file, data).unwrap();
    fs::write(&none, "").unwrap();
    for text in TEMPLATES {
        let settings = BTreeMap::from([("text".to_owned(), Setting::Text(parse(text).unwrap()))]);
        let kind = Kind::of("email").unwrap();
        let ours = rendered(Settings::Provider(Box::new(Provider { kind, settings })));
        let ours = ours.fields.get("text").cloned().unwrap_or_default();
        assert!(!ours.contains("failed:"), "{text}: {ours}");
        let mut amtool = Command::new("amtool");
        amtool.args(["template", "render", "--template.text", text]);
        amtool.arg("--template.glob").arg(&none).arg("--template.data").arg(&file);
        let Ok(output) = amtool.output() else { continue };
        assert!(output.status.success(), "{text}: {}", String::from_utf8_lossy(&output.stderr));
        assert_eq!(ours, String::from_utf8_lossy(&output.stdout), "{text}");
    }
}
