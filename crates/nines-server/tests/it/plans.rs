//! What a plan says of the history that the server holds.

use serde_json::json;

use crate::house::{CONFIG, House};

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_says_what_a_stricter_objective_would_have_meant() {
    let house = House::new();
    let guest = house.open().await;
    // 2 % errors for a quarter of an hour: much for 99.99 %, little for 99.9 %.
    guest.traffic(20.0, 60).await;
    let stricter = CONFIG.replace("objective: 99.9%", "objective: 99.99%");
    let files = json!({ "files": [{ "path": "nines.yaml", "text": stricter }], "since": "2h" });
    let (status, plan) = guest.post("/api/nines/v1/config/plans", &files).await;
    assert_eq!(status, 200, "{plan}");
    assert_eq!(plan["summary"], json!({ "add": 0, "change": 1, "delete": 0, "warnings": 0 }));
    let change = &plan["changes"][0];
    assert_eq!(
        (&change["kind"], &change["name"], &change["fields"][0]),
        (
            &json!("SLO"),
            &json!("api/availability"),
            &json!({ "path": "objective", "before": "99.9%", "after": "99.99%" })
        )
    );
    let effect = change["effects"][0].as_str().unwrap();
    assert!(effect.starts_with("on the last 2h: budget left "), "{effect}");
    assert!(effect.contains(" → ") && effect.contains("1 page more would have fired"), "{effect}");
    // A server that follows a folder says so, and nobody without a token sees the files.
    assert!(plan["not_applicable"].as_str().unwrap().contains("follows"), "{plan}");
    let anonymous = guest.anonymous(reqwest::Method::GET, "/api/nines/v1/config/files");
    assert_eq!(anonymous.send().await.unwrap().status(), 401);
    guest.leave().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn paths_that_leave_the_folder_and_files_with_errors_are_refused() {
    let house = House::new();
    let guest = house.open().await;
    for (path, text, problem) in [
        ("../evil.yaml", "", "goes down from the configuration folder"),
        ("run.sh", "", ".yaml, .yml and .md"),
        ("slo.yaml", "kind: SLO\n", "the files have errors"),
    ] {
        let files = json!({ "files": [{ "path": path, "text": text }] });
        let (status, answer) = guest.post("/api/nines/v1/config/plans", &files).await;
        assert_eq!(status, 400, "{answer}");
        assert!(answer["detail"].as_str().unwrap().contains(problem), "{answer}");
    }
    guest.leave().await;
}
