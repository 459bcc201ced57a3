//! The Prometheus API beyond the first question: forms, limits, lists, federation, large answers, CORS, reload.

use jiff::{SignedDuration, Timestamp};
use nines_server::{Open, Switch, anchored};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::house::{CONFIG, Guest, House, json as body, now};

async fn one_series(guest: &Guest) -> Timestamp {
    let at = now();
    let labels = [("__name__", "queue_depth"), ("job", "api"), ("path", "a\"b")];
    assert_eq!(guest.write(at, &[(&labels, 7.5)]).await.status(), 204);
    at
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_asks_what_an_address_asks() {
    let house = House::new();
    let guest = house.open().await;
    let at = one_series(&guest).await;
    let time = format!("{}", at.as_millisecond() as f64 / 1e3);
    let form = [("query", "queue_depth * 2"), ("time", &time)];
    let form = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
    let response = guest
        .anonymous(Method::POST, "/api/v1/query")
        .header("Content-Type", "application/x-www-form-urlencoded")
        .body(form)
        .send()
        .await
        .unwrap();
    let answer = body(response).await;
    assert_eq!(answer["data"]["result"][0]["value"][1], "15");
    assert_eq!(answer["data"]["result"][0]["metric"], json!({ "job": "api", "path": "a\"b" }));
    guest.leave().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn limits_cut_with_a_warning() {
    let house = House::new();
    let guest = house.open().await;
    let at = now();
    for path in ["/a", "/b", "/c"] {
        let labels = [("__name__", "hits"), ("path", path)];
        guest.write(at, &[(&labels, 1.0)]).await;
    }
    for path in [
        "/api/v1/query?query=hits",
        "/api/v1/series?match[]=hits",
        "/api/v1/label/path/values?",
        "/api/v1/labels?",
    ] {
        let list = |answer: &Value| {
            let result = answer["data"].get("result").unwrap_or(&answer["data"]);
            result.as_array().unwrap().len()
        };
        let whole = guest.get(path).await;
        assert!(2 <= list(&whole) && whole.get("warnings").is_none(), "{whole}");
        let cut = guest.get(&format!("{path}&limit=1")).await;
        assert_eq!(list(&cut), 1, "{cut}");
        assert_eq!(cut["warnings"], json!(["results truncated due to limit"]), "{path}");
    }
    guest.leave().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn mistakes_name_their_parameter() {
    let house = House::new();
    let guest = house.open().await;
    for (path, message) in [
        (
            "query?query=up&time=x",
            r#"invalid parameter "time": cannot parse "x" to a valid timestamp"#,
        ),
        (
            "query?query=up&timeout=x",
            r#"invalid parameter "timeout": cannot parse "x" to a valid duration"#,
        ),
        ("query?query=up&limit=-1", r#"invalid parameter "limit": limit must be non-negative"#),
        (
            "query_range?query=up",
            r#"invalid parameter "start": cannot parse "" to a valid timestamp"#,
        ),
        (
            "query_range?query=\"a\"&start=1&end=2&step=1",
            r#"invalid expression type "string" for range query, must be Scalar or instant Vector"#,
        ),
        (
            "query_range?query=up[5m]&start=1&end=2&step=1",
            r#"invalid expression type "range vector" for range query, must be Scalar or instant Vector"#,
        ),
        ("label/U__/values", r#"invalid label name: """#),
        ("metadata?limit=many", "limit must be a number"),
    ] {
        let response =
            guest.anonymous(Method::GET, &format!("/api/v1/{path}")).send().await.unwrap();
        assert_eq!(response.status(), 400, "{path}");
        let answer = body(response).await;
        assert_eq!((&answer["errorType"], &answer["error"]), (&json!("bad_data"), &json!(message)));
    }
    guest.leave().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_query_without_time_is_a_timeout_and_one_without_room_an_execution_error() {
    let house = House::new();
    let guest = house.open().await;
    one_series(&guest).await;
    let deep = "sum_over_time(vector(1)[50d:1s])";
    let path = format!("/api/v1/query?query={deep}&timeout=1ms");
    let response = guest.anonymous(Method::GET, &path).send().await.unwrap();
    assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(body(response).await["errorType"], "timeout");
    guest.leave().await;

    let mut small = House::new();
    small.prom.query_samples_max = 10;
    let guest = small.open().await;
    let path = "/api/v1/query_range?query=vector(1)&start=0&end=100&step=1";
    let response = guest.anonymous(Method::GET, path).send().await.unwrap();
    assert_eq!(response.status(), StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(body(response).await["errorType"], "execution");
    guest.leave().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_large_answer_is_the_same_packed_and_plain() {
    let house = House::new();
    let guest = house.open().await;
    let query = "vector(1)%20or%20label_replace(vector(2),\"a\",\"b\",\"\",\"\")";
    let path = format!("/api/v1/query_range?query={query}&start=0&end=10000.5&step=1&stats=all");
    let plain = guest.anonymous(Method::GET, &path).header("Accept-Encoding", "identity");
    let plain = plain.send().await.unwrap();
    assert_eq!(plain.headers().get("content-encoding"), None);
    let plain = body(plain).await;
    assert_eq!(plain["data"]["result"][1]["values"].as_array().unwrap().len(), 10_001);
    assert_eq!(plain["data"]["result"][1]["values"][10_000], json!([10_000, "2"]));
    assert!(plain["data"]["stats"]["timings"]["execTotalTime"].is_number());
    // reqwest is built with gzip: it asks for it and unpacks.
    let packed = guest.anonymous(Method::GET, &path).send().await.unwrap();
    assert_eq!(body(packed).await["data"]["result"], plain["data"]["result"]);
    guest.leave().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_federates_gets_the_newest_samples_and_none_of_series_that_ended() {
    let house = House::new();
    let guest = house.open().await;
    let at = one_series(&guest).await;
    let ended = [("__name__", "queue_depth"), ("job", "old")];
    guest.write(at - SignedDuration::from_secs(10), &[(&ended, 1.0)]).await;
    guest.write(at, &[(&ended, nines_base::stale_marker())]).await;
    let path = "/federate?match[]=queue_depth&match[]={job=\"api\"}";
    let text = guest.anonymous(Method::GET, path).send().await.unwrap().text().await.unwrap();
    let line =
        format!(r#"queue_depth{{job="api",path="a\"b",instance=""}} 7.5 {}"#, at.as_millisecond());
    assert_eq!(text, format!("# TYPE queue_depth untyped\n{line}\n"));

    let open = guest.anonymous(Method::GET, path).header("Accept", "application/openmetrics-text");
    let text = open.send().await.unwrap().text().await.unwrap();
    assert!(
        text.starts_with("# TYPE queue_depth unknown\n") && text.ends_with("\n# EOF\n"),
        "{text}"
    );

    let wrong = guest.anonymous(Method::GET, "/federate?match[]=sum(").send().await.unwrap();
    assert_eq!(wrong.status(), 400);
    guest.leave().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_endpoint_has_an_answer_of_its_shape() {
    let house = House::new();
    let guest = house.open().await;
    for (path, data) in [
        (
            "targets?state=active",
            json!({ "activeTargets": [], "droppedTargets": [], "droppedTargetCounts": {} }),
        ),
        ("scrape_pools", json!({ "scrapePools": [] })),
        ("metadata", json!({})),
        ("notifications", json!([])),
        ("status/flags", json!({})),
        ("status/walreplay", json!({ "min": 0, "max": 0, "current": 0, "state": "done" })),
    ] {
        let answer = guest.get(&format!("/api/v1/{path}")).await;
        assert_eq!(answer, json!({ "status": "success", "data": data }), "{path}");
    }
    let flat = guest.get("/api/v1/format_query?query=sum(a)by(b)").await;
    assert_eq!(flat["data"], "sum by (b) (a)");
    let tree = guest.get("/api/v1/parse_query?query=a{b=\"c\"}").await;
    assert_eq!(
        (&tree["data"]["type"], &tree["data"]["name"]),
        (&json!("vectorSelector"), &json!("a"))
    );
    let store = guest.get("/api/v1/status/tsdb").await;
    assert_eq!(store["data"]["headStats"]["numSeries"], 0);
    let exemplars = guest.get("/api/v1/query_exemplars?query=up").await;
    assert_eq!(exemplars["data"], json!([]));
    let features = guest.get("/api/v1/features").await;
    assert_eq!(features["data"]["api"]["query_stats"], true);
    let everything = guest.get("/api/v1/series?match[]={job=\"\"}").await;
    let error = everything["error"].as_str().unwrap();
    assert!(error.contains("must contain at least one non-empty matcher"), "{error}");
    let nothing = guest.anonymous(Method::GET, "/api/v1/targets/metadata").send().await.unwrap();
    assert_eq!(nothing.status(), 404);
    for path in ["/api/v1/alerts", "/api/v1/silences"] {
        let old = guest.ask(Method::POST, path).send().await.unwrap();
        assert_eq!(old.status(), StatusCode::GONE, "Alertmanager's first API");
    }
    guest.leave().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lookback_of_its_own_finds_older_samples() {
    let house = House::new();
    let guest = house.open().await;
    let at = one_series(&guest).await + SignedDuration::from_mins(10);
    let found = async |lookback: &str| {
        let time = at.as_millisecond() as f64 / 1e3;
        let path = format!("/api/v1/query?query=queue_depth&time={time}{lookback}");
        guest.get(&path).await["data"]["result"].as_array().unwrap().len()
    };
    assert_eq!((found("").await, found("&lookback_delta=11m").await), (0, 1));
    guest.leave().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_store_is_copied_while_it_is_used_and_the_copy_can_be_served() {
    let house = House::new();
    let guest = house.open().await;
    let at = one_series(&guest).await;
    let stats = guest.get("/api/v1/status/tsdb").await;
    let by_metric = &stats["data"]["seriesCountByMetricName"];
    assert_eq!(by_metric, &json!([{ "name": "queue_depth", "value": 1 }]));
    let (status, answer) = guest.post("/api/v1/admin/tsdb/snapshot", &Value::Null).await;
    assert_eq!(status, 200, "{answer}");
    let name = answer["data"]["name"].as_str().unwrap();
    assert!(house.data_dir().join("snapshots").join(name).is_dir());
    let deleted = guest.post("/api/v1/admin/tsdb/delete_series?match[]=queue_depth", &Value::Null);
    assert_eq!(deleted.await.0, 422, "refused by name");

    let other = House::new();
    let target = other.data_dir();
    let backup = json!({ "to": target });
    assert_eq!(guest.post("/api/nines/v1/backup", &backup).await.0, 200);
    let (status, again) = guest.post("/api/nines/v1/backup", &backup).await;
    assert_eq!(status, 409, "{again}");
    assert_eq!(guest.post("/api/nines/v1/backup", &json!({ "to": "here" })).await.0, 400);
    let anonymous = guest.anonymous(Method::POST, "/api/nines/v1/backup").json(&backup);
    assert_eq!(anonymous.send().await.unwrap().status(), 401);
    guest.leave().await;

    let guest = other.open().await;
    let time = at.as_millisecond() as f64 / 1e3;
    let answer = guest.get(&format!("/api/v1/query?query=queue_depth&time={time}")).await;
    assert_eq!(answer["data"]["result"][0]["value"][1], "7.5");
    guest.leave().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn other_origins_read_only_where_they_are_allowed() {
    let asked = |guest: &Guest, method| {
        guest.anonymous(method, "/api/v1/query?query=1").header("Origin", "https://shop.example")
    };
    let mut house = House::new();
    let guest = house.open().await;
    let answer = asked(&guest, Method::GET).send().await.unwrap();
    assert_eq!(answer.headers().get("access-control-allow-origin"), None);
    guest.leave().await;

    house.prom.cors_origin = Some(anchored(".*").unwrap());
    let guest = house.open().await;
    let answer = asked(&guest, Method::GET).send().await.unwrap();
    assert_eq!(answer.headers()["access-control-allow-origin"], "*");
    assert_eq!(answer.headers()["access-control-allow-methods"], "GET, POST, OPTIONS");
    assert_eq!(asked(&guest, Method::OPTIONS).send().await.unwrap().status(), 204);
    guest.leave().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reload_says_whether_the_files_decide_now() {
    let house = House::new();
    let guest = house.open().await;
    let reload = || guest.ask(Method::POST, "/-/reload").send();
    assert_eq!(reload().await.unwrap().status(), 200);
    let anonymous = guest.anonymous(Method::POST, "/-/reload").send().await.unwrap();
    assert_eq!(anonymous.status(), 401);
    assert_eq!(guest.ask(Method::GET, "/-/reload").send().await.unwrap().status(), 405);
    assert_eq!(guest.ask(Method::POST, "/-/quit").send().await.unwrap().status(), 403);

    house.write("nines.yaml", &CONFIG.replace("objective: 99.9%", "objective: 0.999"));
    let refused = reload().await.unwrap();
    assert_eq!(refused.status(), 500);
    let text = refused.text().await.unwrap();
    assert!(text.contains("failed to reload config") && text.contains("nines.yaml:"), "{text}");
    let told = guest.get("/api/v1/notifications").await;
    assert_eq!(told["data"][0]["text"], "Configuration reload has failed.");
    house.write("nines.yaml", &CONFIG.replace("objective: 99.9%", "objective: 99.5%"));
    assert_eq!(reload().await.unwrap().status(), 200);
    let slos = guest.get("/api/nines/v1/slos").await;
    assert_eq!(slos[0]["objective"], "99.5%");
    guest.leave().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn settings_open_calls_and_move_everything_below_a_prefix() {
    let mut house = House::new();
    house.prom.lifecycle = Switch::Off;
    let guest = house.open().await;
    assert_eq!(guest.ask(Method::POST, "/-/reload").send().await.unwrap().status(), 403);
    guest.leave().await;

    house.prom.lifecycle = Switch::On;
    house.prom.route_prefix = "/prom".to_owned();
    house.prom.open = Open { paths: vec!["/-/reload"], any_host: Switch::On };
    let guest = house.open().await;
    let reload = guest.anonymous(Method::POST, "/prom/-/reload").header("Host", "prometheus:9090");
    assert_eq!(reload.send().await.unwrap().status(), 200);
    let write = guest.anonymous(Method::POST, "/prom/api/v1/write").send().await.unwrap();
    assert_eq!(write.status(), 401, "only what is named is open");
    assert_eq!(guest.get("/prom/api/v1/query?query=1").await["status"], "success");
    // The client follows to where everything is.
    let home = guest.anonymous(Method::GET, "/").send().await.unwrap();
    assert_eq!((home.status(), home.url().path()), (StatusCode::OK, "/prom/"));
    guest.leave().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn notifications_are_streamed_as_they_come() {
    let house = House::new();
    let guest = house.open().await;
    house.write("nines.yaml", "kind: Nothing");
    let mut live = guest.anonymous(Method::GET, "/api/v1/notifications/live").send().await.unwrap();
    assert_eq!(live.headers()["content-type"], "text/event-stream");
    assert_eq!(guest.ask(Method::POST, "/-/reload").send().await.unwrap().status(), 500);
    let event = live.chunk().await.unwrap().unwrap();
    let event = String::from_utf8(event.to_vec()).unwrap();
    let event = event.strip_prefix("data: ").unwrap();
    let event: Value = serde_json::from_str(event.trim()).unwrap();
    assert_eq!(
        (&event["active"], &event["text"]),
        (&json!(true), &json!("Configuration reload has failed."))
    );
    drop(live);
    guest.leave().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_taken_goes_on_to_receivers_of_remote_write_also_after_they_were_away() {
    let mut far = House::new();
    far.prom.open = Open { paths: vec!["/api/v1/write"], any_host: Switch::Off };
    let receiver = far.open().await;
    let address = receiver.url.trim_start_matches("http://").parse().unwrap();
    let near = House::new();
    let document = format!(
        "global: {{external_labels: {{dc: near}}}}\nremote_write:\n- url: {}/api/v1/write\n  write_relabel_configs:\n  - {{source_labels: [job], regex: secret, action: drop}}\n  - {{regex: path, action: labeldrop}}\n",
        receiver.url
    );
    near.write("prometheus.yml", &document);
    let guest = near.open().await;
    guest
        .until("/metrics", |it| {
            it.as_str().unwrap().contains("nines_forward_queued_bytes{receiver=")
        })
        .await;
    let at = one_series(&guest).await;
    let secret = [("__name__", "hidden"), ("job", "secret")];
    guest.write(at, &[(&secret, 1.0)]).await;
    let arrived = |it: &Value| it["data"].as_array().is_some_and(|it| !it.is_empty());
    let path = "/api/v1/series?match[]={job=~\".%2B\"}";
    let path = path.replace('"', "%22");
    let series = receiver.until(&path, arrived).await;
    assert_eq!(series["data"], json!([{ "__name__": "queue_depth", "dc": "near", "job": "api" }]));
    receiver.leave().await;

    let labels = [("__name__", "later"), ("job", "api")];
    guest.write(now(), &[(&labels, 2.0)]).await;
    let receiver = far.open_at(address).await;
    receiver.until("/api/v1/series?match[]=later", arrived).await;
    receiver.leave().await;
    guest.leave().await;
}
