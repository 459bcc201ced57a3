//! Samples in and out: remote write, our own `/metrics`, promtool.

use std::process::Command;

use reqwest::Method;
use serde_json::Value;

use crate::house::{Guest, House, now};

#[tokio::test(flavor = "multi_thread")]
async fn what_was_written_is_answered_also_after_a_restart() {
    let house = House::new();
    let guest = house.open().await;
    let at = now();
    let labels = [("__name__", "queue_depth"), ("job", "api")];
    assert_eq!(guest.write(at, &[(&labels, 7.5)]).await.status(), 204);
    guest.leave().await;

    let guest = house.open().await;
    let path = format!("/api/v1/query?query=queue_depth&time={}", at.as_millisecond() as f64 / 1e3);
    let answer = guest.get(&path).await;
    assert_eq!(answer["data"]["resultType"], "vector");
    assert_eq!(answer["data"]["result"][0]["value"][1], "7.5");
    assert_eq!(answer["data"]["result"][0]["metric"]["job"], "api");

    let names = guest.get("/api/v1/labels").await;
    assert_eq!(names["data"], serde_json::json!(["__name__", "job"]));
    let values = guest.get("/api/v1/label/job/values").await;
    assert_eq!(values["data"], serde_json::json!(["api"]));
    let series = guest.get("/api/v1/series?match[]=queue_depth").await;
    assert_eq!(series["data"][0]["__name__"], "queue_depth");
    guest.leave().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn mistakes_have_the_shape_that_clients_of_prometheus_know() {
    let house = House::new();
    let guest = house.open().await;
    let far = format!("/api/v1/query_range?query=up&start=0&end={}&step=1", 86_400 * 30);
    for (path, kind) in [
        ("/api/v1/query?query=sum(", "bad_data"),
        ("/api/v1/query", "bad_data"),
        ("/api/v1/query?query=up&time=yesterday", "bad_data"),
        ("/api/v1/query_range?query=up&start=10&end=5&step=1", "bad_data"),
        ("/api/v1/query_range?query=up&start=1&end=5&step=0", "bad_data"),
        (far.as_str(), "bad_data"),
        ("/api/v1/series", "bad_data"),
    ] {
        let response = guest.ask(Method::GET, path).send().await.unwrap();
        assert_eq!(response.status(), 400, "{path}");
        let answer = crate::house::json(response).await;
        assert_eq!(
            (&answer["status"], &answer["errorType"]),
            (&"error".into(), &kind.into()),
            "{path}"
        );
    }
    let garbage = guest.ask(Method::POST, "/api/v1/write").body("not snappy").send().await.unwrap();
    assert_eq!(garbage.status(), 400, "the sender must not send it again");
    guest.leave().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn our_own_metrics_say_what_the_page_says() {
    let house = House::new();
    let guest = house.open().await;
    guest.traffic(0.0, 0).await;
    let slo = guest.until("/api/nines/v1/slos", |it| it[0]["total"] == 240_000).await;
    let response = guest.anonymous(Method::GET, "/metrics").send().await.unwrap();
    let text = response.text().await.unwrap();
    let budget = r#"{service="api",slo="availability",objective="slo",window="28d"} 240000"#;
    assert!(text.contains(&format!("nines_slo_window_events{budget}")), "{slo} {text}");
    let state = r#"window="28d",state="fine"} 1"#;
    assert!(text.contains(state), "{text}");
    assert!(!text.contains("NaN"), "{text}");
    assert_eq!(text.matches("# TYPE nines_slo_events counter").count(), 1, "{text}");
    assert!(text.ends_with("# EOF\n"));
    guest.leave().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn promtool_asks_and_understands() {
    let house = House::new();
    let guest = house.open().await;
    let at = now();
    let labels = [("__name__", "queue_depth"), ("job", "api")];
    guest.write(at, &[(&labels, 7.5)]).await;
    let Some(instant) = promtool(&guest, &["query", "instant"], &["queue_depth * 2"]).await else {
        return;
    };
    assert!(instant.contains(r#"{job="api"} => 15 @"#), "{instant}");
    let start = format!("--start={}", at.as_second() - 60);
    let end = format!("--end={}", at.as_second() + 60);
    let range = ["query", "range", &start, &end, "--step=30s"];
    let range = promtool(&guest, &range, &["queue_depth"]).await.unwrap();
    assert!(range.contains(r#"queue_depth{job="api"} =>"#) && range.contains("7.5 @"), "{range}");
    let series = ["query", "series", "--match=queue_depth"];
    let series = promtool(&guest, &series, &[]).await.unwrap();
    assert!(series.contains("queue_depth"), "{series}");
    let labels = promtool(&guest, &["query", "labels"], &["job"]).await.unwrap();
    assert_eq!(labels.trim(), "api");
    guest.leave().await;
}

/// What promtool prints, or nothing when it is not installed and need not be.
async fn promtool(guest: &Guest, before: &[&str], after: &[&str]) -> Option<String> {
    let mut command = Command::new("promtool");
    command.args(before).arg(&guest.url).args(after);
    let output = tokio::task::spawn_blocking(move || command.output()).await.unwrap();
    match output {
        Ok(output) => {
            let text = String::from_utf8_lossy(&output.stdout).into_owned();
            let problem = String::from_utf8_lossy(&output.stderr).into_owned();
            assert!(output.status.success(), "{text}{problem}");
            Some(text)
        }
        Err(error) => {
            #[expect(clippy::disallowed_methods, reason = "CI says that nothing may be skipped")]
            let required = std::env::var("NINES_REQUIRE").is_ok_and(|it| it == "all");
            assert!(!required, "promtool is required (package prometheus): {error}");
            #[expect(clippy::print_stdout, reason = "a skip is told")]
            {
                println!("skipped: promtool is not installed (package prometheus)");
            }
            None
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_endpoint_that_clients_ask_first_answers() {
    let house = House::new();
    let guest = house.open().await;
    for path in [
        "/api/v1/status/buildinfo",
        "/api/v1/status/runtimeinfo",
        "/api/v1/targets",
        "/api/v1/rules",
        "/api/v1/alerts",
        "/api/v1/metadata",
    ] {
        let answer: Value = guest.get(path).await;
        assert_eq!(answer["status"], "success", "{path}: {answer}");
    }
    assert_eq!(guest.ask(Method::GET, "/").send().await.unwrap().status(), 200);
    assert_eq!(guest.ask(Method::GET, "/-/ready").send().await.unwrap().status(), 200);
    guest.leave().await;
}
