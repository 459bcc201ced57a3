//! `nines compat alertmanager` where Alertmanager was: amtool and Prometheus talk to it as to their own.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};

use reqwest::Method;
use serde_json::Value;

use crate::drop_in::{Foreign, ask, free_port, get, until};
use crate::process::{Running, program};

/// What a receiver of webhooks got.
#[derive(Debug, Clone, Default)]
struct Hook {
    bodies: Arc<Mutex<Vec<Value>>>,
}

impl Hook {
    /// Answers 200 to everything. It ends with the test.
    fn listen() -> (Self, u16) {
        let hook = Self::default();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let bodies = Arc::clone(&hook.bodies);
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let mut reader = BufReader::new(stream);
                let (mut length, mut line) = (0, String::new());
                while reader.read_line(&mut line).is_ok() && !line.trim().is_empty() {
                    let header = line.to_ascii_lowercase();
                    if let Some(value) = header.strip_prefix("content-length:") {
                        length = value.trim().parse().unwrap_or(0);
                    }
                    line.clear();
                }
                let mut body = vec![0; length];
                if reader.read_exact(&mut body).is_ok()
                    && let Ok(body) = serde_json::from_slice(&body)
                {
                    bodies.lock().unwrap().push(body);
                }
                let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
                drop(reader.get_mut().write_all(answer));
            }
        });
        (hook, port)
    }

    /// The names of alerts that fire in some body.
    fn firing(&self) -> Vec<String> {
        let bodies = self.bodies.lock().unwrap();
        let alerts = bodies.iter().filter_map(|it| it["alerts"].as_array()).flatten();
        let firing = alerts.filter(|it| it["status"] == "firing");
        firing.filter_map(|it| Some(it["labels"]["alertname"].as_str()?.to_owned())).collect()
    }
}

/// A server where Alertmanager was.
fn serve(home: &Path, configuration: &str) -> Running {
    let file = home.join("alertmanager.yml");
    std::fs::write(&file, configuration).unwrap();
    let ready = home.join("ready.json");
    let mut command = program(home);
    command.args(["compat", "alertmanager", "--web.listen-address=127.0.0.1:0"]);
    command.arg(format!("--config.file={}", file.display()));
    command.arg(format!("--storage.path={}", home.join("data").display()));
    command.arg(format!("--nines.ready-file={}", ready.display()));
    command.args(["--cluster.listen-address=", "--log.level=warn"]);
    Running::launch(command, &ready)
}

/// Runs amtool; nothing if it is not installed and need not be.
fn amtool(home: &Path, server: &Running, args: &[&str], input: &str) -> Option<(bool, String)> {
    let mut command = Command::new("amtool");
    command.env("HOME", home).arg(format!("--alertmanager.url={}", server.url)).args(args);
    let piped = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = match piped.spawn() {
        Ok(child) => child,
        Err(error) => {
            let required = std::env::var("NINES_REQUIRE").is_ok_and(|it| it == "all");
            assert!(!required, "amtool is required: {error}");
            return None;
        }
    };
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    let told =
        String::from_utf8(output.stdout).unwrap() + &String::from_utf8(output.stderr).unwrap();
    Some((output.status.success(), told))
}

const CONFIGURATION: &str = "\
route:
  receiver: everybody
  group_by: [alertname]
  routes:
  - matchers: [team=\"shop\"]
    receiver: shop
    mute_time_intervals: [nights]
receivers:
- name: everybody
- name: shop
inhibit_rules:
- source_matchers: [severity=\"critical\"]
  target_matchers: [severity=\"warning\"]
  equal: [service]
time_intervals:
- name: nights
  time_intervals:
  - times: [{start_time: '22:00', end_time: '24:00'}]
    weekdays: ['monday:friday']
    days_of_month: ['1:5', '-3:-1']
    months: ['january:march']
    years: ['2020:2021']
    location: Europe/Berlin
";

#[track_caller]
fn yes(home: &Path, server: &Running, args: &[&str], input: &str) -> String {
    let (is_done, told) = amtool(home, server, args, input).unwrap();
    assert!(is_done, "amtool {args:?}: {told}");
    told
}

#[test]
fn amtool_is_content_with_every_command() {
    let home = tempfile::tempdir().unwrap();
    let home = home.path();
    let server = serve(home, CONFIGURATION);
    let Some((true, _)) = amtool(home, &server, &["--version"], "") else { return };
    let told = |args: &[&str]| yes(home, &server, args, "");

    let add = ["alert", "add", "alertname=Slow", "team=shop", "service=cart", "severity=warning"];
    told(&[&add[..], &["--annotation=summary=slow", "--generator-url=http://g/"]].concat());
    told(&["alert", "add", "Down", "team=shop", "service=cart", "severity=critical"]);
    told(&["alert", "add", "Over", "--start=2020-01-01T00:00:00Z", "--end=2020-01-01T01:00:00Z"]);
    let simple = told(&["alert", "query"]);
    assert!(
        simple.contains("Down") && !simple.contains("Slow"),
        "inhibited alerts are left out: {simple}"
    );
    let inhibited = told(&["alert", "query", "--inhibited", "--output=extended"]);
    assert!(inhibited.contains("Slow") && inhibited.contains("http://g/"), "{inhibited}");
    assert!(!told(&["alert", "query", "--receiver=everybody"]).contains("Down"));
    assert!(
        told(&["alert", "query", "team=~sh.+", "service!=x", "--output=json"]).contains("Down")
    );

    let made = told(&["silence", "add", "--author=ana", "--comment=rack moves", "alertname=Down"]);
    let id = made.lines().next().unwrap_or_default();
    assert_eq!(id.len(), 36, "{made}");
    assert!(!told(&["alert", "query"]).contains("Down"), "silenced");
    assert!(told(&["alert", "query", "--silenced"]).contains("Down"));
    let query = told(&["silence", "query", "--output=extended", "alertname=Down"]);
    assert!(query.contains(id) && query.contains("rack moves"), "{query}");
    let updated = told(&["silence", "update", "--duration=3h", "--comment=longer", id]);
    assert!(updated.contains(id) && updated.contains("longer"), "in place: {updated}");
    let exported = told(&["silence", "query", "--output=json"]);
    told(&["silence", "expire", id]);
    assert!(!told(&["silence", "query"]).contains(id));
    assert!(told(&["silence", "query", "--expired", "--within=1h"]).contains(id));
    let imported = yes(home, &server, &["silence", "import", "--force"], &exported);
    let quiet = told(&["silence", "query", "--quiet"]);
    assert_eq!(quiet.lines().next().map(str::len), Some(36), "{imported}");

    let shown = told(&["config", "show"]);
    assert!(shown.contains("shop"), "{shown}");
    let routes = told(&["config", "routes", "show"]);
    assert!(routes.contains("default-route") && routes.contains("{team=\"shop\"}"), "{routes}");
    assert_eq!(told(&["config", "routes", "test", "team=shop"]).lines().next(), Some("shop"));
    assert_eq!(
        told(&["config", "routes", "test", "--verify.receivers=everybody", "a=b"]).lines().next(),
        Some("everybody")
    );
    assert!(told(&["cluster", "show"]).contains("disabled"));
    let original = get(&format!("{}/api/v2/status", server.url), &[]).unwrap();
    let file = home.join("original.yml");
    std::fs::write(&file, original["config"]["original"].as_str().unwrap()).unwrap();
    let checked = told(&["check-config", &file.display().to_string()]);
    assert!(checked.contains("SUCCESS") && checked.contains("1 inhibit rules"), "{checked}");

    // What makes no sense is an error with a reason.
    let silence = ["silence", "add", "--author=a", "--comment=c", "alertname=~.*"];
    let (is_done, told) = amtool(home, &server, &silence, "").unwrap();
    assert!(!is_done && told.contains("must not match the empty string"), "{told}");
}

#[test]
fn prometheus_sends_its_alerts_and_the_receiver_hears_of_them() {
    let home = tempfile::tempdir().unwrap();
    let home = home.path();
    let (hook, port) = Hook::listen();
    let configuration = format!(
        "route:\n  receiver: hook\n  group_by: [alertname]\n  group_wait: 0s\n  group_interval: 1s\n\
         receivers:\n- name: hook\n  webhook_configs:\n  - url: http://127.0.0.1:{port}/\n"
    );
    let server = serve(home, &configuration);
    let rules = home.join("rules.yml");
    std::fs::write(
        &rules,
        "groups:\n- name: g\n  interval: 1s\n  rules:\n  - alert: AlwaysThere\n    expr: vector(1)\n    labels: {team: shop}\n    annotations: {summary: 'value {{ $value }}'}\n",
    )
    .unwrap();
    let address = server.url.trim_start_matches("http://");
    let file = home.join("prometheus.yml");
    let text = format!(
        "global: {{external_labels: {{dc: test}}}}\nrule_files: ['{}']\nalerting:\n  alertmanagers:\n  - static_configs: [{{targets: ['{address}']}}]\n",
        rules.display()
    );
    std::fs::write(&file, text).unwrap();
    let args = [
        format!("--config.file={}", file.display()),
        format!("--storage.tsdb.path={}", home.join("tsdb").display()),
        format!("--web.listen-address=127.0.0.1:{}", free_port()),
        "--rules.alert.resend-delay=1s".to_owned(),
        "--log.level=error".to_owned(),
    ];
    let Some(prometheus) = Foreign::start("prometheus", &args) else { return };
    until("the alert of Prometheus", || hook.firing().contains(&"AlwaysThere".to_owned()));
    let alerts = get(&format!("{}/api/v2/alerts", server.url), &[]).unwrap();
    assert_eq!(alerts[0]["labels"]["dc"], "test");
    assert_eq!(alerts[0]["annotations"]["summary"], "value 1");
    assert_eq!(alerts[0]["receivers"][0]["name"], "hook");
    drop(prometheus);
    let bodies = hook.bodies.lock().unwrap().clone();
    assert_eq!(bodies.len(), 1, "what is known is not said again: {bodies:#?}");
    assert_eq!(bodies[0]["groupKey"], r#"{}:{alertname="AlwaysThere"}"#);
    assert_eq!(bodies[0]["alerts"][0]["endsAt"], "0001-01-01T00:00:00Z");
}

#[test]
fn a_bad_file_starts_nothing_and_a_bad_reload_changes_nothing() {
    let home = tempfile::tempdir().unwrap();
    let home = home.path();
    let server = serve(home, CONFIGURATION);
    let file = home.join("alertmanager.yml");
    let reload = || ask(Method::POST, &format!("{}/-/reload", server.url), &[]).unwrap().0;
    std::fs::write(&file, CONFIGURATION.replace("receiver: shop", "receiver: nobody")).unwrap();
    assert_eq!(reload(), 500);
    let names = || get(&format!("{}/api/v2/receivers", server.url), &[]).unwrap().to_string();
    assert!(names().contains("shop"));
    std::fs::write(&file, CONFIGURATION.replace("shop", "store")).unwrap();
    assert_eq!(reload(), 200);
    assert!(names().contains("store") && !names().contains("shop"));
    let open = |path: &str| ask(Method::POST, &format!("{}{path}", server.url), &[]).unwrap().0;
    assert_eq!(open("/api/v2/alerts"), 400, "no token is needed, but an empty body is no request");
    assert_eq!(open("/api/nines/v1/silences"), 401, "everything else needs one");
    assert_eq!(open("/api/v1/alerts"), 410);
}
