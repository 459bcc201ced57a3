//! The gate and everybody who asks it: requests as their senders write them.

use hmac::{Hmac, KeyInit, Mac};
use jiff::SignedDuration;
use reqwest::Method;
use serde_json::{Value, json};
use sha2::Sha256;

use crate::house::{Guest, House, json as body_of, now};

/// As [`crate::house::CONFIG`], ruled by a policy, with secrets for hooks.
const POLICY: &str = r#"
apiVersion: nines/v1
kind: SLO
metadata: {name: api/availability, labels: {team: api}}
spec:
  sli:
    counter:
      bad: 'http_requests_total{job="api",code=~"5.."}'
      total: 'http_requests_total{job="api"}'
  objective: 99.9%
  window: 28d
  alerting: {preset: scaled, escalation: primary}
---
apiVersion: nines/v1
kind: Person
metadata: {name: ana}
spec: {display_name: Ana, contacts: [inbox: {}]}
---
apiVersion: nines/v1
kind: Escalation
metadata: {name: primary}
spec:
  steps: [{notify: [person: ana], wait: 5m}]
---
apiVersion: nines/v1
kind: Service
metadata: {name: api, owner: api-team}
spec: {tier: "1"}
---
apiVersion: nines/v1
kind: Policy
metadata: {name: tier1, owners: [api-team], approvers: [primary]}
spec:
  scope: {services: 'tier=1'}
  budget: {min_coverage: 0%}
  open_incident: note
  levels:
    - name: frozen
      enter: budget.remaining <= 0%
      leave: budget.remaining > 10%
      hold: 24h
      effects: {freeze: true, exempt: [security], ticket: api-team, notify: primary}
  rules:
    - {name: burn, when: burn.page, then: {hold: true}}
  overrides: {per: quarter, team: 1, expires: 4h, approvers: [primary]}
---
apiVersion: nines/v1
kind: Notify
metadata: {name: secrets}
spec:
  webhook_secrets: {hooks: secrets/hooks, github: secrets/github, gitlab: secrets/gitlab}
"#;

fn house() -> House {
    let house = House::new();
    std::fs::create_dir(house.config_dir().join("secrets")).unwrap();
    for (name, text) in [("hooks", "open-sesame"), ("github", "shared"), ("gitlab", "lab")] {
        house.write(&format!("secrets/{name}"), text);
    }
    house.write("nines.yaml", POLICY);
    house
}

/// A guest of a house whose only service has spent its budget.
async fn spent(house: &House) -> Guest {
    let guest = house.open().await;
    guest.traffic(500.0, 8).await;
    let path = "/api/nines/v1/gate?service=api";
    guest.until(path, |it| it["verdict"] == "closed").await;
    guest
}

async fn text(response: reqwest::Response) -> (u16, String) {
    (response.status().as_u16(), response.text().await.unwrap())
}

async fn hook(guest: &Guest, path: &str, body: &Value) -> (u16, String) {
    text(guest.anonymous(Method::POST, path).json(body).send().await.unwrap()).await
}

#[tokio::test(flavor = "multi_thread")]
async fn without_data_the_gate_is_unknown_for_everybody() {
    let guest = house().open().await;
    let path = "/api/nines/v1/gate?service=api&version=v2";
    let answer = guest.ask(Method::GET, path).send().await.unwrap();
    assert_eq!(answer.status(), 503);
    let decision = body_of(answer).await;
    assert_eq!((&decision["verdict"], &decision["cause"]), (&json!("unknown"), &json!("no_data")));
    assert_eq!(decision["policy"]["name"], "tier1");
    let flagger = json!({ "name": "api", "namespace": "shop", "phase": "Progressing" });
    let (status, line) = hook(&guest, "/hooks/flagger/gate", &flagger).await;
    assert_eq!(status, 503);
    assert_eq!(line.lines().count(), 1, "{line}");
    assert_eq!(hook(&guest, "/hooks/flagger/rollback", &flagger).await.0, 404);
    let argo = guest.get("/hooks/argo/gate?service=api").await;
    assert_eq!((&argo["verdict"], &argo["value"]), (&json!("unknown"), &json!(-1)));
    let (status, review) = review(&guest, &deployment("api", "v2", "v1"), "").await;
    assert_eq!((status, &review["allowed"]), (200, &json!(false)));
    assert_eq!(review["status"]["code"], 503);
    // Nobody knows a service that is not there.
    let stranger = guest.get("/api/nines/v1/gate?service=stranger").await;
    assert_eq!(stranger["verdict"], "unknown");
    guest.leave().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_question_that_nobody_understands_is_refused_and_never_guessed() {
    let guest = house().open().await;
    for query in [
        "",
        "service=",
        "service=api&kind=kode",
        "service=api&kind=rollback",
        "service=api&step=150%25",
        "service=api&step=5",
        "service=api&bake=soon",
        "service=api&exempt=because",
        "service=api&envv=staging",
        "service=api&at=tomorrow",
        "service=api&at=2100-01-01T00:00:00Z",
    ] {
        let path = format!("/api/nines/v1/gate?{query}");
        let answer = guest.ask(Method::GET, &path).send().await.unwrap();
        assert_eq!(answer.status(), 400, "{query}");
    }
    guest.leave().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_spent_budget_closes_every_door() {
    let house = house();
    let guest = spent(&house).await;
    let answer =
        guest.ask(Method::GET, "/api/nines/v1/gate?service=api&version=v2").send().await.unwrap();
    assert_eq!(answer.status(), 403);
    let decision = body_of(answer).await;
    assert_eq!(decision["policy"]["level"], "frozen");
    let flagger = json!({
        "name": "api", "namespace": "shop", "phase": "Progressing", "checksum": "85d557f47b",
        "metadata": { "version": "v2" },
    });
    let (status, line) = hook(&guest, "/hooks/flagger/gate", &flagger).await;
    assert_eq!(status, 403);
    assert!(line.starts_with("closed: "), "{line}");
    let (status, line) = hook(&guest, "/hooks/flagger/rollback", &flagger).await;
    assert_eq!((status, line.as_str()), (200, "rollback: a page fires for api/availability\n"));
    assert_eq!(hook(&guest, "/hooks/flagger/rollback", &json!({})).await.0, 404);
    assert_eq!(hook(&guest, "/hooks/flagger/rollback", &json!({"name": "cart"})).await.0, 404);
    let argo = guest.get("/hooks/argo/gate?service=api&version=v2").await;
    assert_eq!((&argo["verdict"], &argo["value"]), (&json!("closed"), &json!(0)));
    let (_, review) = review(&guest, &deployment("api", "v2", "v1"), "").await;
    assert_eq!((&review["allowed"], &review["status"]["code"]), (&json!(false), &json!(403)));
    guest.leave().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn decisions_are_kept_and_only_those_of_callers_who_proved_themselves() {
    let house = house();
    let guest = spent(&house).await;
    let count = async |guest: &Guest| {
        let all = guest.get("/api/nines/v1/decisions?service=api&limit=500").await;
        all.as_array().unwrap().len()
    };
    let before = count(&guest).await;
    let path = "/api/nines/v1/gate?service=api&version=v7";
    let looked = body_of(guest.anonymous(Method::GET, path).send().await.unwrap()).await;
    assert_eq!(looked["verdict"], "closed");
    let flagger = json!({ "name": "api", "metadata": { "version": "v7" } });
    hook(&guest, "/hooks/flagger/gate", &flagger).await;
    hook(&guest, "/hooks/flagger/gate?key=wrong", &flagger).await;
    assert_eq!(count(&guest).await, before);
    let asked = guest.get(path).await;
    hook(&guest, "/hooks/flagger/gate?key=open-sesame", &flagger).await;
    assert_eq!(count(&guest).await, before + 2);
    let id = asked["id"].as_str().unwrap();
    assert_eq!(guest.get(&format!("/api/nines/v1/decisions/{id}")).await, asked);
    guest.leave().await;
    // What was decided outlives the process.
    let guest = house.open().await;
    assert_eq!(guest.get(&format!("/api/nines/v1/decisions/{id}")).await, asked);
    let audit = guest.get("/api/nines/v1/audit").await;
    assert_eq!(audit["holds"], true);
    assert!(0 < audit["kinds"]["decision"].as_u64().unwrap());
    guest.leave().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_override_opens_for_one_version_and_its_quota_is_counted() {
    let house = house();
    let guest = spent(&house).await;
    let body = |version: &str, approved_by: &str| {
        json!({
            "service": "api", "version": version, "reason": "stops the leak",
            "evidence": "INC-1", "by": "ben", "approved_by": approved_by,
        })
    };
    let waive = "/api/nines/v1/waivers";
    assert_eq!(guest.post(waive, &body("v2", "ben")).await.0, 403, "nobody approves themselves");
    assert_eq!(guest.post(waive, &body("v2", "eve")).await.0, 403, "not an approver");
    let anonymous = guest.anonymous(Method::POST, waive).json(&body("v2", "ana")).send().await;
    assert_eq!(anonymous.unwrap().status(), 401);
    let (status, waived) = guest.post(waive, &body("v2", "ana")).await;
    assert_eq!((status, &waived["left"]), (200, &json!(0)));
    let gate = |version: &str| format!("/api/nines/v1/gate?service=api&version={version}");
    let open = guest.get(&gate("v2")).await;
    assert_eq!((&open["verdict"], &open["cause"]), (&json!("open"), &json!("waiver")));
    assert_eq!(open["waiver"], waived["waiver"]["id"]);
    assert_eq!(guest.get(&gate("v3")).await["verdict"], "closed");
    assert_eq!(guest.post(waive, &body("v3", "ana")).await.0, 403, "none is left");
    let policies = guest.get("/api/nines/v1/policies").await;
    let standing = &policies[0]["services"][0];
    assert_eq!((&standing["level"], &standing["overrides_left"]), (&json!("frozen"), &json!(0)));
    guest.leave().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_level_tells_people_and_the_past_can_be_asked() {
    let house = house();
    let guest = house.open().await;
    guest.traffic(0.0, 0).await;
    guest.until("/api/nines/v1/gate?service=api", |it| it["verdict"] == "open").await;
    let open_at = now();
    guest.traffic(500.0, 8).await;
    guest.until("/api/nines/v1/gate?service=api", |it| it["verdict"] == "closed").await;
    let is_told = |it: &Value| {
        let alerts = it.as_array().into_iter().flatten();
        alerts.filter(|it| it["labels"]["alertname"] == "PolicyLevel").count() == 2
    };
    guest.until("/api/nines/v1/alerts", is_told).await;
    let past = guest.get(&format!("/api/nines/v1/gate?service=api&at={open_at}")).await;
    assert_eq!(past["policy"]["level"], "normal", "the level came later");
    let before = now() - SignedDuration::from_hours(24 * 400);
    let past = guest.get(&format!("/api/nines/v1/gate?service=api&at={before}")).await;
    assert_eq!(past["verdict"], "unknown", "nobody knows so long ago");
    let (status, replay) = guest.post("/api/nines/v1/policies/replay", &json!({})).await;
    assert_eq!((status, &replay["deploys"]), (200, &json!(0)));
    let bad = json!({ "against": "kind: Policy" });
    assert_eq!(guest.post("/api/nines/v1/policies/replay", &bad).await.0, 400);
    guest.leave().await;
}

fn deployment(name: &str, version: &str, before: &str) -> Value {
    let object = |version: &str| {
        json!({
            "apiVersion": "apps/v1", "kind": "Deployment",
            "metadata": { "name": name, "namespace": "shop",
                "labels": { "app.kubernetes.io/name": name } },
            "spec": { "replicas": 3, "template": {
                "metadata": { "labels": { "app.kubernetes.io/name": name } },
                "spec": { "containers": [
                    { "name": "app", "image": format!("registry.example:5000/{name}:{version}") },
                ] },
            } },
        })
    };
    json!({
        "apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview",
        "request": {
            "uid": "705ab4f5-6393-11e8-b7cc-42010a800002",
            "kind": { "group": "apps", "version": "v1", "kind": "Deployment" },
            "resource": { "group": "apps", "version": "v1", "resource": "deployments" },
            "name": name, "namespace": "shop", "operation": "UPDATE", "dryRun": false,
            "userInfo": { "username": "cd" },
            "object": object(version), "oldObject": object(before),
        },
    })
}

/// The status and the `response` of a review, whose form is checked.
async fn review(guest: &Guest, body: &Value, query: &str) -> (u16, Value) {
    let path = format!("/hooks/kubernetes/admission{query}");
    let (status, text) = hook(guest, &path, body).await;
    let review: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(review["apiVersion"], "admission.k8s.io/v1");
    assert_eq!(review["kind"], "AdmissionReview");
    let uid = body.pointer("/request/uid").cloned().unwrap_or(json!(""));
    assert_eq!(review["response"]["uid"], uid);
    (status, review["response"].clone())
}

#[tokio::test(flavor = "multi_thread")]
async fn kubernetes_may_always_scale_and_never_gets_in_without_a_review() {
    let house = house();
    let guest = spent(&house).await;
    let mut scaled = deployment("api", "v1", "v1");
    scaled["request"]["object"]["spec"]["replicas"] = json!(9);
    assert_eq!(review(&guest, &scaled, "").await.1["allowed"], true);
    let mut deleted = deployment("api", "v2", "v1");
    deleted["request"]["operation"] = json!("DELETE");
    assert_eq!(review(&guest, &deleted, "").await.1["allowed"], true);
    let mut scale = deployment("api", "v2", "v1");
    scale["request"]["subResource"] = json!("scale");
    assert_eq!(review(&guest, &scale, "").await.1["allowed"], true);
    assert_eq!(review(&guest, &deployment("nines", "v2", "v1"), "").await.1["allowed"], true);
    assert_eq!(review(&guest, &deployment("cart", "v2", "v1"), "").await.1["allowed"], false);
    assert_eq!(review(&guest, &json!({}), "").await.1["allowed"], false);
    let answer = guest.anonymous(Method::POST, "/hooks/kubernetes/admission").body("nonsense");
    let answer = body_of(answer.send().await.unwrap()).await;
    assert_eq!(answer["response"]["allowed"], false);
    guest.leave().await;
}

fn signed(body: &[u8], secret: &str) -> String {
    let mut hmac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    hmac.update(body);
    let code = hmac.finalize().into_bytes();
    code.iter().fold("sha256=".to_owned(), |out, byte| format!("{out}{byte:02x}"))
}

/// GitHub's side: takes one answer and gives it back.
async fn callback() -> (String, tokio::task::JoinHandle<Value>) {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/callback", listener.local_addr().unwrap());
    let (sender, mut receiver) = tokio::sync::mpsc::channel(1);
    let app = axum::Router::new().route(
        "/callback",
        axum::routing::post(move |axum::Json(body): axum::Json<Value>| {
            let sender = sender.clone();
            async move { sender.send(body).await.unwrap() }
        }),
    );
    let serving = tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
    let answer = tokio::spawn(async move {
        let answer = receiver.recv().await.unwrap();
        serving.abort();
        answer
    });
    (url, answer)
}

#[tokio::test(flavor = "multi_thread")]
async fn github_gets_its_answer_at_its_callback_and_only_when_it_signed() {
    let house = house();
    let guest = spent(&house).await;
    let (url, answer) = callback().await;
    let payload = json!({
        "action": "requested", "environment": "production", "event": "push",
        "deployment_callback_url": url,
        "deployment": { "id": 7, "sha": "9f31c2", "ref": "v2", "environment": "production" },
        "repository": { "name": "api", "full_name": "shop/api" },
        "sender": { "login": "ana" },
    });
    let body = serde_json::to_vec(&payload).unwrap();
    let send = |code: String| {
        let request = guest.anonymous(Method::POST, "/hooks/github/deployment-protection");
        let request = request.header("X-GitHub-Event", "deployment_protection_rule");
        request.header("X-Hub-Signature-256", code).body(body.clone()).send()
    };
    assert_eq!(send(signed(&body, "guessed")).await.unwrap().status(), 401);
    assert_eq!(send(signed(&body, "shared")).await.unwrap().status(), 202);
    let answer = answer.await.unwrap();
    assert_eq!(answer["environment_name"], "production");
    assert_eq!(answer["state"], "rejected");
    assert!(answer["comment"].as_str().unwrap().starts_with("closed: "), "{answer}");
    guest.leave().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn deploys_come_from_everywhere_once_and_show_what_they_did_to_the_budget() {
    let house = house();
    let guest = house.open().await;
    guest.traffic(500.0, 8).await;
    let flagger = |phase: &str| {
        json!({
            "name": "api", "namespace": "shop", "phase": phase, "checksum": "85d557f47b",
            "metadata": { "version": "v1", "eventType": "Normal", "eventMessage": "canary" },
        })
    };
    let event = "/hooks/flagger/event";
    assert_eq!(hook(&guest, event, &flagger("Progressing")).await.0, 401);
    let keyed = format!("{event}?key=open-sesame");
    assert_eq!(hook(&guest, &keyed, &flagger("Progressing")).await, (200, "recorded\n".to_owned()));
    assert_eq!(hook(&guest, &keyed, &flagger("Progressing")).await.1, "known already\n");
    assert_eq!(hook(&guest, &keyed, &flagger("Succeeded")).await.0, 200);
    assert_eq!(hook(&guest, &keyed, &flagger("Waiting")).await.0, 202);
    let gitlab = json!({
        "object_kind": "deployment", "status": "success", "deployment_id": 15,
        "status_changed_at": "2021-04-28 21:50:00 +0200", "environment": "production",
        "deployable_url": "http://lab.example/job/7", "ref": "v0", "short_sha": "279484c0",
        "project": { "name": "api", "path_with_namespace": "shop/api" },
        "user": { "username": "ana" }, "commit_title": "Add a cart",
    });
    let lab = |token: &str| {
        let request = guest.anonymous(Method::POST, "/hooks/gitlab").json(&gitlab);
        request.header("X-Gitlab-Event", "Deployment Hook").header("X-Gitlab-Token", token).send()
    };
    assert_eq!(lab("guessed").await.unwrap().status(), 401);
    assert_eq!(lab("lab").await.unwrap().status(), 200);
    let cdevent = json!({
        "context": {
            "version": "0.4.1", "id": "271069a8", "source": "/cd/shop",
            "type": "dev.cdevents.service.upgraded.0.2.0", "timestamp": "2026-03-20T14:27:05Z",
        },
        "subject": { "id": "shop/api", "type": "service", "content": {
            "environment": { "id": "prod" },
            "artifactId": "pkg:oci/api@sha256:0b31b1?tag=v0.5",
        } },
    });
    let (status, _) =
        text(guest.ask(Method::POST, "/hooks/cdevents").json(&cdevent).send().await.unwrap()).await;
    assert_eq!(status, 200);
    let deploys = guest.get("/api/nines/v1/deploys?service=api&env=prod").await;
    let told = |field: &str| {
        let deploys = deploys.as_array().unwrap().iter();
        deploys.map(|it| it[field].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(told("source"), ["flagger", "cdevents", "gitlab"]);
    assert_eq!(told("version"), ["v1", "v0.5", "v0"]);
    let budget = &deploys[0]["budgets"][0];
    assert_eq!(budget["slo"], "api/availability");
    assert!(0 < budget["before"]["bad"].as_u64().unwrap(), "{budget}");
    assert_eq!(budget["is_worse"], Value::Null, "nothing has happened after it");
    guest.leave().await;
}
