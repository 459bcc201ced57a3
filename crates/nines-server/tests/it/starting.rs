//! Starting, stopping, and what is wrong then.

use std::time::Duration;

use reqwest::Method;

use crate::house::{CONFIG, House};

/// An error with its sources, as the command line prints it.
fn line(error: &dyn std::error::Error) -> String {
    let mut out = error.to_string();
    let mut source = error.source();
    while let Some(it) = source {
        out = format!("{out}: {it}");
        source = it.source();
    }
    out
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_server_on_the_same_folder_or_port_is_told_why_not() {
    let house = House::new();
    let first = house.start().await.unwrap();
    let second = house.start().await.unwrap_err();
    let text = line(&second);
    assert!(
        text.contains("is in use by process") && text.contains("choose another --data"),
        "{text}"
    );

    let elsewhere = House::new();
    let address = first.url().trim_start_matches("http://").parse().unwrap();
    let text = line(&elsewhere.start_at(address).await.unwrap_err());
    assert!(text.contains("failed to listen on 127.0.0.1:") && text.contains("--listen"), "{text}");
    assert!(!elsewhere.data_dir().exists(), "nothing is left behind");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_configuration_with_errors_starts_nothing_and_shows_all_of_them() {
    let house = House::new();
    house.write("broken.yaml", "kind: SLO\nmetadata: {name: nowhere}\nspec: {objective: 100%}\n");
    let text = line(&house.start().await.unwrap_err());
    assert!(text.contains("broken.yaml") && text.contains("error[N"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_running_server_keeps_the_last_good_configuration_and_says_so() {
    let house = House::new();
    let guest = house.open().await;
    let good = guest.get("/api/nines/v1/config").await;
    assert_eq!(good["current"], true);

    house.write("nines.yaml", &CONFIG.replace("objective: 99.9%", "objective: 0.999"));
    let kept = guest.until("/api/nines/v1/config", |it| it["current"] == false).await;
    assert_eq!(kept["revision"], good["revision"], "the last good one decides");
    assert!(kept["findings"][0]["message"].is_string(), "{kept}");
    assert_eq!(guest.get("/api/nines/v1/slos").await[0]["objective"], "99.9%");

    house.write("nines.yaml", &CONFIG.replace("objective: 99.9%", "objective: 99.5%"));
    let next = guest.until("/api/nines/v1/config", |it| it["current"] == true).await;
    assert_ne!(next["revision"], good["revision"]);
    assert_eq!(guest.get("/api/nines/v1/slos").await[0]["objective"], "99.5%");
    guest.leave().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_orderly_stop_is_quick_and_loses_nothing_even_with_open_streams() {
    let house = House::new();
    let guest = house.open().await;
    let body = serde_json::json!({ "service": "api", "version": "v1", "author": "ana" });
    assert_eq!(guest.post("/api/v1/events", &body).await.0, 201);
    let stream = guest.ask(Method::GET, "/api/nines/v1/stream").send().await.unwrap();
    assert_eq!(stream.status(), 200);
    tokio::time::timeout(Duration::from_secs(4), guest.leave()).await.expect("it stops in time");
    drop(stream);

    let guest = house.open().await;
    assert_eq!(guest.get("/api/nines/v1/changes").await[0]["version"], "v1");
    assert_eq!(guest.post("/api/v1/events", &body).await.0, 201, "another start is another change");
    guest.leave().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_writes_without_a_proof_of_who_they_are() {
    let house = House::new();
    let guest = house.open().await;
    let ack = serde_json::json!({ "target": "all" });
    for path in ["/api/nines/v1/ack", "/api/nines/v1/runs", "/api/v1/write", "/api/v1/events"] {
        let refused = guest.anonymous(Method::POST, path).json(&ack).send().await.unwrap();
        assert_eq!(refused.status(), 401, "{path}");
        let wrong = guest.anonymous(Method::POST, path).bearer_auth("wrong").json(&ack);
        assert_eq!(wrong.send().await.unwrap().status(), 401, "{path}");
    }
    assert_eq!(guest.post("/api/nines/v1/ack", &ack).await.0, 200);

    // A browser that was lied to about our name.
    let rebound = guest.ask(Method::GET, "/api/nines/v1/slos").header("Host", "evil.example");
    assert_eq!(rebound.send().await.unwrap().status(), 403);
    guest.leave().await;
}
