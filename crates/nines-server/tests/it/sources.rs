//! What tells of trouble besides metrics: jobs that ping, and systems that send events of PagerDuty's format.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::house::{Guest, House, json};

const SOURCES: &str = "
apiVersion: nines/v1
kind: Heartbeat
metadata: {name: backup}
spec: {every: 1d, labels: {service: api}, escalation: primary}
---
apiVersion: nines/v1
kind: Integration
metadata: {name: nagios}
spec: {labels: {service: api}, escalation: primary}
";

async fn open() -> (House, Guest) {
    let house = House::new();
    house.write("sources.yaml", SOURCES);
    let guest = house.open().await;
    (house, guest)
}

fn subjects(pages: &Value) -> Vec<&str> {
    pages.as_array().unwrap().iter().filter_map(|it| it["subject"].as_str()).collect()
}

async fn ping(guest: &Guest, method: Method, path: &str) -> (StatusCode, String) {
    let answer = guest.anonymous(method, path).send().await.unwrap();
    (answer.status(), answer.text().await.unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_pings_by_an_address_that_only_its_owner_sees() {
    let (_house, guest) = open().await;
    let shown = guest.anonymous(Method::GET, "/api/nines/v1/heartbeats").send().await.unwrap();
    let shown = json(shown).await;
    assert_eq!((shown[0]["status"].as_str(), shown[0]["ping_url"].as_str()), (Some("new"), None));
    let list = guest.ask(Method::GET, "/api/nines/v1/heartbeats").send().await.unwrap();
    let list = json(list).await;
    let path = list[0]["ping_url"].as_str().unwrap().strip_prefix(&guest.url).unwrap().to_owned();

    assert_eq!(ping(&guest, Method::GET, &path).await, (StatusCode::OK, "OK".to_owned()));
    assert_eq!(ping(&guest, Method::HEAD, &format!("{path}/start")).await.0, StatusCode::OK);
    let unknown = "/ping/00000000-0000-0000-0000-000000000000";
    assert_eq!(ping(&guest, Method::GET, unknown).await.0, StatusCode::NOT_FOUND);
    assert_eq!(
        ping(&guest, Method::GET, &format!("{path}/nonsense")).await.0,
        StatusCode::NOT_FOUND
    );

    assert_eq!(ping(&guest, Method::POST, &format!("{path}/7")).await.0, StatusCode::OK);
    let paged = |it: &Value| subjects(it).contains(&"[page] INC-1 heartbeat backup failed");
    guest.until("/api/nines/v1/pages", paged).await;
    ping(&guest, Method::POST, &format!("{path}/0")).await;
    let is_over = |it: &Value| it[0]["state"] == "resolved";
    guest.until("/api/nines/v1/alerts", is_over).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_pages_is_answered_and_ends() {
    let (_house, guest) = open().await;
    let list = guest.ask(Method::GET, "/api/nines/v1/integrations").send().await.unwrap();
    let list = json(list).await;
    let key = list[0]["routing_key"].as_str().unwrap();
    let send = async |body: Value| {
        let request = guest.anonymous(Method::POST, "/v2/enqueue").json(&body);
        let answer = request.send().await.unwrap();
        (answer.status(), json(answer).await)
    };
    let payload = json!({ "summary": "disk full", "source": "db-1", "severity": "critical" });
    let trigger = json!({ "routing_key": key, "event_action": "trigger", "payload": payload });
    let (status, answer) = send(trigger).await;
    assert_eq!((status, answer["status"].as_str()), (StatusCode::ACCEPTED, Some("success")));
    let dedup_key = answer["dedup_key"].as_str().unwrap().to_owned();
    let paged = |it: &Value| subjects(it).contains(&"[page] INC-1 disk full");
    guest.until("/api/nines/v1/pages", paged).await;

    let again = |action: &str| json!({ "routing_key": key, "event_action": action, "dedup_key": dedup_key });
    assert_eq!(send(again("acknowledge")).await.0, StatusCode::ACCEPTED);
    let answered = |it: &Value| it[0]["acknowledged_by"] == "integration nagios";
    guest.until("/api/nines/v1/pages", answered).await;
    assert_eq!(send(again("resolve")).await.0, StatusCode::ACCEPTED);
    let is_over = |it: &Value| it[0]["state"] == "resolved";
    guest.until("/api/nines/v1/alerts", is_over).await;

    let (status, answer) = send(json!({ "routing_key": "x", "event_action": "resolve" })).await;
    assert_eq!((status, answer["errors"].as_array().unwrap().len()), (StatusCode::BAD_REQUEST, 1));
}
