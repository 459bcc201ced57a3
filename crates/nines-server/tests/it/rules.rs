//! Rules of Prometheus: evaluated, shown, routed, sent to an Alertmanager, and over a restart.

use std::process::{Child, Command, Stdio};
use std::time::Duration;

use jiff::SignedDuration;
use reqwest::Method;
use serde_json::{Value, json};

use crate::house::{Guest, House, now};

const RULES: &str = r#"
groups:
  - name: shop
    interval: 200ms
    limit: 5
    rules:
      - record: job:depth:max
        expr: max by (job) (queue_depth)
        labels: {team: shop}
      - alert: QueueFull
        expr: job:depth:max > 10
        labels: {severity: page, service: api}
        annotations: {summary: "{{ $labels.job }} holds {{ $value }}"}
      - alert: QueueGrows
        expr: job:depth:max > 10
        for: 1h
  - name: broken
    interval: 200ms
    rules:
      - alert: NoVector
        expr: '"text"'
"#;

const ROUTING: &str = "
apiVersion: nines/v1
kind: Routing
metadata: {name: all}
spec: {routes: [{match: {severity: page}, escalation: primary}]}
";

async fn depth(guest: &Guest, value: f64) {
    let labels = [("__name__", "queue_depth"), ("job", "mail")];
    assert_eq!(guest.write(now(), &[(&labels, value)]).await.status(), 204);
}

fn house() -> House {
    let house = House::new();
    house.write("rules.yaml", RULES);
    house.write("routing.yaml", ROUTING);
    house
}

fn firing(answer: &Value) -> usize {
    let alerts = answer["data"]["alerts"].as_array().unwrap();
    alerts.iter().filter(|it| it["state"] == "firing").count()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rule_records_an_alert_pages_and_both_end_with_their_series() {
    let house = house();
    let guest = house.open().await;
    depth(&guest, 12.0).await;
    let alerts = guest.until("/api/v1/alerts", |it| firing(it) == 1).await;
    let alert = alerts["data"]["alerts"].as_array().unwrap();
    let alert = alert.iter().find(|it| it["state"] == "firing").unwrap();
    assert_eq!(alert["annotations"], json!({ "summary": "mail holds 12" }));
    let labels = json!({ "alertname": "QueueFull", "job": "mail", "service": "api", "severity": "page", "team": "shop" });
    assert_eq!((&alert["labels"], &alert["value"]), (&labels, &json!("1.2e+01")));

    let waits = |it: &Value| it[0]["waits"] == true && it[0]["state"] == "delivered";
    let pages = guest.until("/api/nines/v1/pages", waits).await;
    assert_eq!(pages[0]["person"], "ana");
    assert!(pages[0]["text"].as_str().unwrap().contains("mail holds 12"), "{pages}");

    let key = guest.get("/api/nines/v1/alerts").await[0]["key"].as_str().unwrap().to_owned();
    let why = guest.get(&format!("/api/nines/v1/why?alert={key}")).await.to_string();
    for part in ["rules.yaml:", "job:depth:max > 10 is 12", "escalation primary", "person ana"] {
        assert!(why.contains(part), "{part} is missing in {why}");
    }

    // Written only from the third evaluation on: before, the past has to stay readable.
    let written = "/api/v1/query?query=ALERTS{alertname=\"QueueGrows\"}";
    let pending = |it: &Value| it["data"]["result"][0]["metric"]["alertstate"] == "pending";
    guest.until(written, pending).await;
    let recorded = guest.get("/api/v1/query?query=job:depth:max").await;
    assert_eq!(recorded["data"]["result"][0]["metric"]["team"], "shop", "{recorded}");

    depth(&guest, 3.0).await;
    guest.until("/api/v1/alerts", |it| firing(it) == 0).await;
    let resolved = |it: &Value| it[0]["state"] != "firing";
    guest.until("/api/nines/v1/alerts", resolved).await;
    let over = |it: &Value| it["data"]["result"].as_array().is_some_and(Vec::is_empty);
    guest.until("/api/v1/query?query=ALERTS", over).await;
    guest.leave().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn groups_are_shown_as_clients_of_prometheus_know_them() {
    let house = house();
    let guest = house.open().await;
    depth(&guest, 12.0).await;
    guest.until("/api/v1/alerts", |it| firing(it) == 1).await;
    // Groups have instants of their own.
    let has_failed = |it: &Value| it["data"]["groups"][0]["rules"][0]["health"] == "err";
    guest.until("/api/v1/rules?rule_group[]=broken", has_failed).await;
    let all = guest.get("/api/v1/rules").await;
    let groups = all["data"]["groups"].as_array().unwrap();
    let names: Vec<_> = groups.iter().map(|it| it["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["api/availability", "broken", "shop"]);
    let shop = &groups[2];
    assert_eq!(
        (&shop["file"], &shop["interval"], &shop["limit"]),
        (&json!("rules.yaml"), &json!(0.2), &json!(5))
    );
    assert!(shop["lastEvaluation"].as_str().unwrap().starts_with("20"), "{shop}");
    let [record, full, grows] = shop["rules"].as_array().unwrap().as_slice() else {
        panic!("{shop}")
    };
    assert_eq!((&record["type"], &record["health"]), (&json!("recording"), &json!("ok")));
    assert_eq!((&full["type"], &full["state"]), (&json!("alerting"), &json!("firing")));
    assert_eq!(full["query"], "job:depth:max > 10");
    assert_eq!(full["annotations"], json!({ "summary": "{{ $labels.job }} holds {{ $value }}" }));
    assert_eq!((&grows["duration"], &grows["state"]), (&json!(3600), &json!("pending")));
    assert_eq!(grows["alerts"].as_array().unwrap().len(), 1);
    assert!(grows.get("lastError").is_none());
    let broken = &groups[1]["rules"][0];
    assert_eq!(broken["health"], "err", "{broken}");
    assert_eq!(broken["lastError"], "rule result is not a vector or scalar");

    for (filter, expected) in [
        ("type=record", "shop/job:depth:max"),
        ("type=alert&rule_group[]=shop", "shop/QueueFull shop/QueueGrows"),
        ("rule_name[]=QueueFull&rule_name[]=nobody", "shop/QueueFull"),
        ("file[]=nobody.yaml", ""),
        ("match[]={severity=\"page\"}", "shop/QueueFull"),
        (
            "match[]={severity=\"page\"}&match[]={team=\"shop\"}&file[]=rules.yaml",
            "shop/job:depth:max shop/QueueFull",
        ),
    ] {
        let found = guest.get(&format!("/api/v1/rules?{filter}")).await;
        assert_eq!(rules_of(&found), expected, "{filter}");
    }
    let without = guest.get("/api/v1/rules?exclude_alerts=true&rule_name[]=QueueFull").await;
    assert_eq!(without["data"]["groups"][0]["rules"][0]["alerts"], json!([]));
    let first = guest.get("/api/v1/rules?group_limit=2").await;
    assert_eq!(first["data"]["groups"].as_array().unwrap().len(), 2);
    let token = first["data"]["groupNextToken"].as_str().unwrap();
    let rest = guest.get(&format!("/api/v1/rules?group_limit=2&group_next_token={token}")).await;
    assert_eq!(rest["data"]["groups"][0]["name"], "shop");
    assert!(rest["data"].get("groupNextToken").is_none());
    for wrong in [
        "type=x",
        "exclude_alerts=x",
        "group_limit=0",
        "group_next_token=x",
        "group_limit=1&group_next_token=x",
    ] {
        let answer =
            guest.ask(Method::GET, &format!("/api/v1/rules?{wrong}")).send().await.unwrap();
        assert_eq!(answer.status(), 400, "{wrong}");
    }
    guest.leave().await;
}

fn rules_of(answer: &Value) -> String {
    let mut names = Vec::new();
    for group in answer["data"]["groups"].as_array().unwrap() {
        for rule in group["rules"].as_array().unwrap() {
            names.push(format!(
                "{}/{}",
                group["name"].as_str().unwrap(),
                rule["name"].as_str().unwrap()
            ));
        }
    }
    names.join(" ")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_neither_ends_an_alert_nor_pages_for_it_again() {
    let house = house();
    let guest = house.open().await;
    depth(&guest, 12.0).await;
    guest.until("/api/nines/v1/pages", |it| it[0]["state"] == "delivered").await;
    guest.leave().await;
    let guest = house.open().await;
    guest.until("/api/v1/alerts", |it| firing(it) == 1).await;
    let settled = "/api/v1/query?query=count(count_over_time(ALERTS_FOR_STATE[5s]))";
    guest.until(settled, |it| it["data"]["result"][0]["value"][1] == "2").await;
    let alerts = guest.get("/api/nines/v1/alerts").await;
    assert_eq!(alerts.as_array().unwrap().len(), 1, "{alerts}");
    assert_eq!(
        (&alerts[0]["state"], &alerts[0]["activation"]),
        (&json!("firing"), &json!(1)),
        "{alerts}"
    );
    let pages = guest.get("/api/nines/v1/pages").await;
    assert_eq!(pages.as_array().unwrap().len(), 1, "{pages}");
    guest.leave().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reload_keeps_pending_alerts_and_ends_the_series_of_removed_rules() {
    let house = house();
    let guest = house.open().await;
    depth(&guest, 12.0).await;
    let active = |answer: &Value| {
        let alerts = answer["data"]["alerts"].as_array().unwrap();
        let grows = alerts.iter().find(|it| it["labels"]["alertname"] == "QueueGrows");
        grows.map(|it| it["activeAt"].clone())
    };
    let before = guest.until("/api/v1/alerts", |it| active(it).is_some()).await;
    let without = RULES.replace("alert: QueueFull", "alert: QueueOverflows");
    house.write("rules.yaml", &without);
    let has_new = |it: &Value| rules_of(it).contains("QueueOverflows");
    guest.until("/api/v1/rules", has_new).await;
    let after = guest.until("/api/v1/alerts", |it| active(it).is_some()).await;
    assert_eq!(active(&after), active(&before), "the rule that stayed goes on");
    let gone = "/api/v1/query?query=ALERTS{alertname=\"QueueFull\"}";
    guest.until(gone, |it| it["data"]["result"].as_array().is_some_and(Vec::is_empty)).await;
    house.write("rules.yaml", "groups: []\n");
    let none = "/api/v1/query?query=job:depth:max";
    guest.until(none, |it| it["data"]["result"].as_array().is_some_and(Vec::is_empty)).await;
    guest.leave().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rule_files_that_prometheus_yml_names_are_read() {
    let house = House::new();
    std::fs::create_dir(house.config_dir().join("more")).unwrap();
    house.write("more/one.rules", RULES);
    house.write(
        "prometheus.yml",
        "global: {external_labels: {region: eu}}\nrule_files: ['more/*.rules']\n",
    );
    let guest = house.open().await;
    let path = "/api/v1/rules?file[]=more/one.rules&rule_group[]=broken";
    guest.until(path, |it| rules_of(it) == "broken/NoVector").await;
    guest.leave().await;
}

/// Debian's Alertmanager on a free port; it ends with the test.
struct Alertmanager {
    child: Child,
    address: String,
    _folder: tempfile::TempDir,
}

impl Alertmanager {
    /// Nothing when it is not installed and need not be.
    fn start() -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let config = folder.path().join("alertmanager.yml");
        std::fs::write(&config, "route: {receiver: none}\nreceivers: [{name: none}]\n").unwrap();
        let address = {
            let probe = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
            probe.local_addr().unwrap().to_string()
        };
        let started = Command::new("prometheus-alertmanager")
            .arg(format!("--config.file={}", config.display()))
            .arg(format!("--storage.path={}", folder.path().display()))
            .arg(format!("--web.listen-address={address}"))
            .arg("--cluster.listen-address=")
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        match started {
            Ok(child) => Some(Self { child, address, _folder: folder }),
            Err(error) => {
                #[expect(
                    clippy::disallowed_methods,
                    reason = "CI says that nothing may be skipped"
                )]
                let required = std::env::var("NINES_REQUIRE").is_ok_and(|it| it == "all");
                assert!(!required, "prometheus-alertmanager is required: {error}");
                #[expect(clippy::print_stdout, reason = "a skip is told")]
                {
                    println!("skipped: prometheus-alertmanager is not installed");
                }
                None
            }
        }
    }

    /// Asks until `is_done` accepts what it holds.
    async fn until(&self, client: &reqwest::Client, is_done: impl Fn(&Value) -> bool) -> Value {
        let url = format!("http://{}/api/v2/alerts", self.address);
        let mut answer = Value::Null;
        for _ in 0..150 {
            if let Ok(response) = client.get(&url).send().await {
                answer = crate::house::json(response).await;
                if is_done(&answer) {
                    return answer;
                }
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        panic!("the Alertmanager holds {answer}");
    }
}

impl Drop for Alertmanager {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_alertmanager_hears_of_beginning_and_end() {
    let Some(alertmanager) = Alertmanager::start() else { return };
    let house = house();
    let prometheus = format!(
        "global: {{external_labels: {{region: eu, job: outside}}}}\nalerting:\n  alertmanagers: [{{static_configs: [{{targets: ['{}']}}]}}]\n",
        alertmanager.address
    );
    house.write("prometheus.yml", &prometheus);
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    alertmanager.until(&client, Value::is_array).await;
    let guest = house.open().await;
    depth(&guest, 12.0).await;
    let held = alertmanager.until(&client, |it| it[0]["labels"]["alertname"] == "QueueFull").await;
    let alert = &held[0];
    assert_eq!(
        (&alert["labels"]["region"], &alert["labels"]["job"]),
        (&json!("eu"), &json!("mail"))
    );
    assert_eq!(alert["annotations"], json!({ "summary": "mail holds 12" }));
    let generator = alert["generatorURL"].as_str().unwrap();
    assert!(generator.ends_with("/graph?g0.expr=job%3Adepth%3Amax+%3E+10&g0.tab=1"), "{generator}");
    let ends_at: jiff::Timestamp = alert["endsAt"].as_str().unwrap().parse().unwrap();
    let left = ends_at.duration_since(now());
    assert!(SignedDuration::from_mins(3) < left && left < SignedDuration::from_mins(5), "{left:?}");
    depth(&guest, 3.0).await;
    alertmanager.until(&client, |it| it.as_array().is_some_and(Vec::is_empty)).await;
    guest.leave().await;
}
