//! SLOs over HTTP: lists, budgets now and then, slices, explanations, exclusions.

use jiff::SignedDuration;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::house::{Guest, House, json as read_json, now};

/// Another SLO, which has no data.
const SILENT: &str = r#"
apiVersion: nines/v1
kind: SLO
metadata: {name: web/availability}
spec:
  sli: {counter: {bad: 'http_requests_total{job="web",code="500"}', total: 'http_requests_total{job="web"}'}}
  objective: 99%
  window: 7d
  alerting: {preset: none}
"#;

async fn status(guest: &Guest, path: &str) -> (StatusCode, Value) {
    let response = guest.ask(Method::GET, path).send().await.unwrap();
    (response.status(), read_json(response).await)
}

fn names(list: &Value) -> Vec<&str> {
    list.as_array().unwrap().iter().map(|it| it["slo"].as_str().unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_is_filtered_sorted_and_read_page_by_page() {
    let house = House::new();
    house.write("web.yaml", SILENT);
    let guest = house.open().await;
    guest.traffic(0.0, 0).await;
    guest.until("/api/nines/v1/slos?service=api", |it| it[0]["state"] == "fine").await;
    assert_eq!(
        names(&guest.get("/api/nines/v1/slos?sort=name").await),
        ["api/availability", "web/availability"]
    );
    assert_eq!(
        names(&guest.get("/api/nines/v1/slos?state=no_data,page").await),
        ["web/availability"]
    );

    let first =
        guest.ask(Method::GET, "/api/nines/v1/slos?sort=name&limit=1").send().await.unwrap();
    let link = first.headers()["link"].to_str().unwrap().to_owned();
    assert_eq!(names(&read_json(first).await), ["api/availability"]);
    let next = link.trim_start_matches('<').split_once('>').unwrap().0;
    let last = guest.ask(Method::GET, next).send().await.unwrap();
    assert!(last.headers().get("link").is_none(), "there is nothing after it");
    assert_eq!(names(&read_json(last).await), ["web/availability"]);

    for (query, part) in [
        ("sort=speed", "state, budget, burn, empty, name"),
        ("state=broken", "page, spent, ticket, no_data"),
        ("cursor=a/b", "begin without `cursor`"),
        ("stat=page", "unknown field `stat`"),
    ] {
        let (code, problem) = status(&guest, &format!("/api/nines/v1/slos?{query}")).await;
        assert_eq!(code, StatusCode::BAD_REQUEST, "{query}");
        assert!(problem["detail"].as_str().unwrap().contains(part), "{query}: {problem}");
    }
    guest.leave().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_is_known_is_not_sent_again() {
    let house = House::new();
    let guest = house.open().await;
    let path = "/api/nines/v1/config";
    let first = guest.ask(Method::GET, path).send().await.unwrap();
    let tag = first.headers()["etag"].clone();
    let again = guest.ask(Method::GET, path).header("If-None-Match", tag).send().await.unwrap();
    assert_eq!(again.status(), StatusCode::NOT_MODIFIED);
    assert_eq!(again.text().await.unwrap(), "");
    let other =
        guest.ask(Method::GET, path).header("If-None-Match", "W/\"0\"").send().await.unwrap();
    assert_eq!(other.status(), StatusCode::OK);
    guest.leave().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_budget_of_the_past_is_counted_again_from_samples() {
    let house = House::new();
    let guest = house.open().await;
    // 20 bad requests in each of the last ten samples.
    guest.traffic(20.0, 10).await;
    let live =
        guest.until("/api/nines/v1/slos/api/availability/budget", |it| it["bad"] == 200).await;
    assert_eq!((&live["source"], &live["total"]), (&json!("live"), &json!(240_000)));
    assert_eq!(live["allowed"], "240", "{live}");
    assert_eq!(live["remaining"], "0.166666666", "{live}");
    assert_eq!(live["goals"][0]["objective"], "99.9%");

    // Ten minutes ago nothing had failed yet.
    let at = now() - SignedDuration::from_mins(10);
    let path = format!("/api/nines/v1/slos/api/availability/budget?at={at}");
    let past = guest.get(&path).await;
    assert_eq!((&past["source"], &past["bad"]), (&json!("rebuilt"), &json!(0)), "{past}");
    let total = past["total"].as_u64().unwrap();
    assert!((190_000..=205_000).contains(&total), "{past}");

    let (from, to) = (at.as_second(), now().as_second() + 1);
    let path = format!("/api/nines/v1/slos/api/availability/budget?from={from}&to={to}");
    let stretch = &guest.get(&path).await["stretch"];
    assert_eq!(stretch["bad"], 200, "{stretch}");

    let future = now() + SignedDuration::from_hours(1);
    let path = format!("/api/nines/v1/slos/api/availability/budget?at={future}");
    assert_eq!(status(&guest, &path).await.0, StatusCode::BAD_REQUEST);
    assert_eq!(status(&guest, "/api/nines/v1/slos/api/none/budget").await.0, StatusCode::NOT_FOUND);
    guest.leave().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_number_leads_to_its_slices_series_and_samples() {
    let house = House::new();
    let guest = house.open().await;
    guest.traffic(20.0, 10).await;
    guest.until("/api/nines/v1/slos", |it| it[0]["bad"] == 200).await;
    let tree = guest.get("/api/nines/v1/slos/api/availability/explain").await;
    let slices = tree["slices"].as_array().unwrap();
    let bad: u64 = slices.iter().map(|it| it["bad"].as_u64().unwrap()).sum();
    assert_eq!(bad + tree["bad_elsewhere"].as_u64().unwrap(), 200, "{tree}");
    let series = tree["series"].as_array().unwrap();
    let grown: Vec<(&str, f64)> = series
        .iter()
        .map(|it| (it["labels"]["code"].as_str().unwrap(), it["increase"].as_f64().unwrap()))
        .collect();
    assert_eq!(grown, [("200", 239_800.0), ("500", 200.0)], "{tree}");
    assert_eq!(series[0]["samples"].as_array().unwrap().len(), 10, "{tree}");
    guest.leave().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_exclusion_is_recorded_changed_and_withdrawn_by_revision() {
    let house = House::new();
    let guest = house.open().await;
    let body = json!({
        "name": "db", "slo": "api/*", "from": "2026-06-01T02:00:00Z", "to": "2026-06-01T03:00:00Z",
        "reason": "announced maintenance", "author": "ana",
    });
    let (code, created) = guest.post("/api/nines/v1/exclusions", &body).await;
    assert_eq!((code, &created["kind"]), (201, &json!("exclude")), "{created}");
    let revision = created["revision"].as_u64().unwrap();
    assert_eq!(
        guest.post("/api/nines/v1/exclusions", &body).await.0,
        200,
        "telling it again is harmless"
    );

    let with = |name: &str, value: Value| {
        let mut body = body.clone();
        body[name] = value;
        body
    };
    let (code, conflict) =
        guest.post("/api/nines/v1/exclusions", &with("reason", json!("other"))).await;
    assert_eq!((code, &conflict["type"]), (409, &json!("/problems/conflict")), "{conflict}");
    for (name, value, part) in [
        ("slo", json!("nothing/*"), "names no SLO"),
        ("reason", json!(" "), "no reason"),
        ("to", json!("2026-06-01T01:00:00Z"), "not after it begins"),
        ("good", json!(1), "both `good` and `total`"),
        ("from", json!("yesterday"), "no instant"),
        ("reasn", json!("x"), "unknown field `reasn`"),
    ] {
        let (code, problem) = guest.post("/api/nines/v1/exclusions", &with(name, value)).await;
        assert_eq!(code, 400, "{name}: {problem}");
        assert!(problem["detail"].as_str().unwrap().contains(part), "{name}: {problem}");
    }

    let listed = guest.get("/api/nines/v1/exclusions?slo=api/availability").await;
    assert_eq!(
        (listed.as_array().unwrap().len(), &listed[0]["name"]),
        (1, &json!("db")),
        "{listed}"
    );
    let page =
        guest.ask(Method::GET, "/slo/api/availability").send().await.unwrap().text().await.unwrap();
    assert!(page.contains("announced maintenance"), "{page}");

    let delete = |query: String| {
        guest.ask(Method::DELETE, &format!("/api/nines/v1/exclusions/db{query}")).send()
    };
    assert_eq!(delete(String::new()).await.unwrap().status(), 400);
    assert_eq!(delete(format!("?revision={}", revision + 1)).await.unwrap().status(), 409);
    assert_eq!(delete(format!("?revision={revision}")).await.unwrap().status(), 204);
    assert_eq!(delete(format!("?revision={revision}")).await.unwrap().status(), 404);
    let anonymous = guest.anonymous(Method::POST, "/api/nines/v1/exclusions").json(&body);
    assert_eq!(anonymous.send().await.unwrap().status(), 401);
    guest.leave().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn groups_are_shown_worst_first() {
    let house = House::new();
    let by = "apiVersion: nines/v1\nkind: SLO\nmetadata: {name: web/codes}\nspec:\n  sli: {counter: {bad: 'http_requests_total{code=\"500\"}', total: 'http_requests_total'}}\n  objective: 99%\n  window: 7d\n  by: [code]\n  alerting: {preset: none}\n";
    house.write("codes.yaml", by);
    let guest = house.open().await;
    guest.traffic(20.0, 10).await;
    let path = "/api/nines/v1/slos/web/codes";
    let slo = guest.until(path, |it| it["groups"].as_array().is_some_and(|it| it.len() == 2)).await;
    let groups = slo["groups"].as_array().unwrap();
    let codes: Vec<_> =
        groups.iter().map(|it| (&it["labels"]["code"], &it["goals"][0]["bad"])).collect();
    assert_eq!(codes, [(&json!("500"), &json!(200)), (&json!("200"), &json!(0))], "{slo}");
    let page = guest.ask(Method::GET, "/slo/web/codes").send().await.unwrap().text().await.unwrap();
    assert!(page.contains("By code"), "{page}");
    guest.leave().await;
}

/// An SLO that is two queries, with two objectives, one of them over a month.
const QUERIES: &str = r#"
apiVersion: nines/v1
kind: SLO
metadata: {name: web/queries}
spec:
  sli:
    promql:
      good: 'sum(increase(http_requests_total{job="api",code="200"}[$slice]))'
      total: 'sum(increase(http_requests_total{job="api"}[$slice]))'
      width: 1m
  objectives:
    - {name: slo, target: 99.9%, window: 28d, alerts: none}
    - {name: sla, target: 99%, window: {calendar: month, zone: Europe/Warsaw}, alerts: none}
"#;

#[tokio::test(flavor = "multi_thread")]
async fn queries_are_asked_slice_by_slice_and_every_objective_is_shown() {
    let house = House::new();
    let guest = house.open().await;
    guest.traffic(20.0, 40).await;
    // Slices are asked once, so the samples are there first.
    house.write("queries.yaml", QUERIES);
    let path = "/api/nines/v1/slos/web/queries";
    // An hour of 1,000 requests every 15 s; PromQL extrapolates at the edges of slices.
    let slo = guest.until(path, |it| it["total"].as_u64().is_some_and(|it| 225_000 < it)).await;
    assert_eq!((&slo["sli"], &slo["exact"]), (&json!("promql"), &json!(false)), "{slo}");
    // 20 bad ones every 15 s for ten minutes, of which the last two may not be read yet.
    let bad = slo["bad"].as_u64().unwrap();
    assert!((600..=1_000).contains(&bad), "{slo}");
    let goals = slo["goals"].as_array().unwrap();
    let titles: Vec<_> =
        goals.iter().map(|it| (&it["objective_name"], &it["window_kind"])).collect();
    assert_eq!(titles, [(&json!("slo"), &json!("rolling")), (&json!("sla"), &json!("calendar"))]);
    for path in ["/slos", "/slo/web/queries", "/slo/web/queries?goal=1"] {
        let page = guest.ask(Method::GET, path).send().await.unwrap();
        assert_eq!(page.status(), StatusCode::OK, "{path}");
        let page = page.text().await.unwrap();
        assert!(page.contains("99%") && page.contains("month"), "{path}: {page}");
    }
    guest.leave().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_changed_objective_leaves_what_was_promised_before() {
    let house = House::new();
    let guest = house.open().await;
    guest.traffic(20.0, 10).await;
    guest.until("/api/nines/v1/slos", |it| it[0]["bad"] == 200).await;
    house.write("nines.yaml", &crate::house::CONFIG.replace("99.9%", "99.99%"));
    let path = "/api/nines/v1/slos/api/availability";
    let slo = guest.until(path, |it| it["objective"] == "99.99%").await;
    let versions = slo["versions"].as_array().unwrap();
    assert_eq!(versions.len(), 2, "{slo}");
    assert_eq!(
        (&versions[0]["objective"], &versions[0]["effective"]),
        (&json!("99.9%"), &Value::Null)
    );
    // The slice in which it changed is new; all others keep the budget that they earned.
    let allowed: f64 = slo["allowed"].as_str().unwrap().parse().unwrap();
    assert!((235.0..=240.0).contains(&allowed), "{slo}");
    guest.leave().await;

    let guest = house.open().await;
    let slo = guest.get(path).await;
    assert_eq!(slo["versions"].as_array().unwrap().len(), 2, "also after a restart: {slo}");
    guest.leave().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_excluded_does_not_count_and_the_counts_before_are_shown() {
    let house = House::new();
    let guest = house.open().await;
    guest.traffic(20.0, 10).await;
    guest.until("/api/nines/v1/slos", |it| it[0]["bad"] == 200).await;
    let (from, to) = (now() - SignedDuration::from_mins(10), now() + SignedDuration::from_mins(10));
    let body = json!({ "slo": "api/*", "from": from, "to": to, "reason": "a load test" });
    let (code, created) = guest.post("/api/nines/v1/exclusions", &body).await;
    assert_eq!((code, &created["name"]), (201, &json!("EXC-1")), "{created}");
    let slo = guest.get("/api/nines/v1/slos/api/availability").await;
    assert_eq!((&slo["bad"], &slo["before_exclusions"]["bad"]), (&json!(0), &json!(200)), "{slo}");
    assert_eq!(created["alerts"], "keep", "what explains the past silences nobody");
    let revision = created["revision"].as_u64().unwrap();
    let path = format!("/api/nines/v1/exclusions/EXC-1?revision={revision}");
    assert_eq!(guest.ask(Method::DELETE, &path).send().await.unwrap().status(), 204);
    assert_eq!(guest.get("/api/nines/v1/slos/api/availability").await["bad"], 200);
    guest.leave().await;
}
