//! Runbooks and postmortems.

use serde_json::json;

use crate::house::House;

const RUNBOOK: &str = r#"---
kind: Runbook
title: The api fails
services: [api]
---
# The api fails

```sh {"name":"look","read_only":true}
echo "looked at $NINES_URL with $NINES_STEP_KEY"
```

```promql {"name":"is-up","read_only":true}
vector(1) > 0
```

```manual {"name":"say"}
Say what you saw.
```
"#;

#[tokio::test(flavor = "multi_thread")]
async fn a_runbook_runs_its_steps_and_waits_for_the_one_by_hand() {
    let house = House::new();
    std::fs::create_dir(house.config_dir().join("runbooks")).unwrap();
    house.write("runbooks/api-fails.md", RUNBOOK);
    let guest = house.open().await;
    let (status, refused) = guest.post("/api/nines/v1/runs", &json!({ "runbook": "nope" })).await;
    assert_eq!(status, 404, "{refused}");
    assert!(
        refused["detail"].as_str().unwrap().contains("api-fails"),
        "known ones are named: {refused}"
    );

    let start = json!({ "runbook": "api-fails", "reason": "a try", "by": "ana" });
    let (status, run) = guest.post("/api/nines/v1/runs", &start).await;
    assert_eq!(status, 200, "{run}");
    let path = format!("/api/nines/v1/runs/{}", run["id"].as_str().unwrap());
    let run = guest.until(&path, |it| it["waiting"]["step"] == "say").await;
    let looked = run["steps"][0]["stdout"].as_str().unwrap();
    assert!(looked.starts_with(&format!("looked at {} with run_", guest.url)), "{looked}");
    assert_eq!(run["steps"][1]["status"], "succeeded");
    guest.leave().await;

    // The person takes longer than the process lives.
    let guest = house.open().await;
    let answer = json!({ "step": "say", "answer": "done", "by": "ana" });
    let (status, run) = guest.post(&format!("{path}/answer"), &answer).await;
    assert_eq!(
        (status, &run["ended"], &run["status"]),
        (200, &json!(true), &json!("succeeded")),
        "{run}"
    );
    assert_eq!(run["steps"][0]["attempts"], 1, "finished steps never run again");
    guest.leave().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_postmortem_is_the_same_bytes_from_the_same_facts() {
    let house = House::new();
    let guest = house.open().await;
    guest.traffic(700.0, 20).await;
    guest.until("/api/nines/v1/incidents", |it| it[0]["number"] == 1).await;
    let resolve = json!({ "reason": "rolled back", "by": "ana" });
    assert_eq!(guest.post("/api/nines/v1/incidents/1/resolve", &resolve).await.0, 200);
    let path = "/api/nines/v1/incidents/1/postmortem";
    let first = guest.get(path).await;
    assert_eq!(first, guest.get(path).await);
    let text = first.as_str().unwrap();
    for part in ["INC-1", "api/availability", "14 000", "E-", "TODO(human)"] {
        assert!(text.contains(part), "{part} is missing in:\n{text}");
    }
    guest.leave().await;
}
