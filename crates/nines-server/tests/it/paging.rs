//! From errors to a page, an answer, a closed gate, and the end.

use reqwest::Method;
use serde_json::json;

use crate::house::House;

#[tokio::test(flavor = "multi_thread")]
async fn errors_become_an_incident_a_page_and_a_closed_gate_that_say_why() {
    let house = House::new();
    let guest = house.open().await;
    let deploy = json!({ "service": "api", "version": "v2", "kind": "deploy", "author": "cyd" });
    assert_eq!(guest.post("/api/v1/events", &deploy).await.0, 201);
    guest.traffic(700.0, 20).await;

    let waits = |it: &serde_json::Value| it[0]["waits"] == true && it[0]["state"] == "delivered";
    let pages = guest.until("/api/nines/v1/pages", waits).await;
    assert_eq!(pages[0]["person"], "ana");
    let text = pages[0]["text"].as_str().unwrap();
    assert!(text.contains("suspect  deploy api v2"), "{text}");

    let why = guest.get("/api/nines/v1/why?alert=api/availability").await;
    let chain = why[0]["links"].to_string();
    for part in ["nines.yaml:", "bad of", "escalation primary", "person ana", "inbox accepted"] {
        assert!(chain.contains(part), "{part} is missing in {chain}");
    }

    let gate = guest.ask(Method::GET, "/api/nines/v1/gate?service=api&version=v3");
    let gate = gate.send().await.unwrap();
    assert_eq!(gate.status(), 403);
    let decision = crate::house::json(gate).await;
    assert_eq!(decision["verdict"], "closed", "{decision}");
    let unknown = guest.ask(Method::GET, "/api/nines/v1/gate?service=nobody").send().await.unwrap();
    assert_eq!(unknown.status(), 503, "nothing opens for lack of knowledge");

    let ack = json!({ "target": "INC-1", "by": "ana", "via": "cli" });
    let (status, answer) = guest.post("/api/nines/v1/ack", &ack).await;
    assert_eq!((status, &answer["by"]), (200, &json!("ana")), "{answer}");
    assert_eq!(guest.get("/api/nines/v1/pages").await[0]["waits"], false);

    let (refused, problem) = guest.post("/api/nines/v1/incidents/1/resolve", &json!({})).await;
    assert_eq!(refused, 409, "it still fires: {problem}");
    let resolve = json!({ "reason": "rolled back", "by": "ana" });
    assert_eq!(guest.post("/api/nines/v1/incidents/1/resolve", &resolve).await.0, 200);
    guest.leave().await;

    // All of it is there after a restart, and nothing is paged again.
    let guest = house.open().await;
    let incident = guest.get("/api/nines/v1/incidents/1").await;
    assert_eq!((&incident["open"], &incident["acknowledged_by"]), (&json!(false), &json!("ana")));
    let suspect = &incident["suspects"][0];
    assert_eq!((&suspect["version"], &suspect["author"]), (&json!("v2"), &json!("cyd")));
    assert_eq!(guest.get("/api/nines/v1/pages").await.as_array().unwrap().len(), 1);
    guest.leave().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_webhook_of_github_proves_itself_by_its_signature() {
    use hmac::{Hmac, KeyInit, Mac};

    let house = House::new();
    house.write("github.secret", "s3cret\n");
    house.write(
        "notify.yaml",
        "apiVersion: nines/v1\nkind: Notify\nspec:\n  webhook_secrets: {github: github.secret}\n",
    );
    let guest = house.open().await;
    let body = json!({
        "deployment": {
            "id": 7, "ref": "v9", "sha": "abc", "environment": "prod", "created_at": "2026-01-01T00:00:00Z",
        },
        "repository": { "name": "api", "html_url": "https://example.org/api" },
        "sender": { "login": "cyd" },
    })
    .to_string();
    let mut hmac = Hmac::<sha2::Sha256>::new_from_slice(b"s3cret").unwrap();
    hmac.update(body.as_bytes());
    let code = hmac.finalize().into_bytes();
    let code = code.iter().fold(String::new(), |code, it| format!("{code}{it:02x}"));
    let post = |signature: String| {
        guest
            .anonymous(Method::POST, "/api/v1/events")
            .header("X-GitHub-Event", "deployment")
            .header("X-Hub-Signature-256", signature)
            .body(body.clone())
            .send()
    };
    assert_eq!(post("sha256=00".to_owned()).await.unwrap().status(), 401);
    assert_eq!(post(format!("sha256={code}")).await.unwrap().status(), 201);
    assert_eq!(post(format!("sha256={code}")).await.unwrap().status(), 200, "a repeat is no news");
    let changes = guest.get("/api/nines/v1/changes").await;
    assert_eq!(changes.as_array().unwrap().len(), 1);
    assert_eq!((&changes[0]["service"], &changes[0]["version"]), (&json!("api"), &json!("v9")));
    guest.leave().await;
}
