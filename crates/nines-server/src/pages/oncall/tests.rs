use axum::http::StatusCode;
use expect_test::expect;
use serde_json::{Value, json};

use crate::pages::tests::fixture::Fixture;

fn lines(text: &str, marks: &[&str]) -> String {
    let told = text.lines().filter(|line| marks.iter().any(|it| line.starts_with(it)));
    told.flat_map(|it| [it, "\n"]).collect()
}

#[tokio::test]
async fn the_page_shows_who_is_on_call_and_takes_changes_of_people_with_a_session() {
    let fixture = Fixture::quiet();
    let page = fixture.get("/oncall").await;
    assert!(
        page.body.contains("Every page would reach") || page.body.contains("thin"),
        "{}",
        page.body
    );
    assert!(!page.body.contains("/oncall/override"), "{}", page.body);
    let form =
        "schedule=shop&change=remove&person=ana&from=2026-11-25T09:00&until=2026-11-25T17:00";
    assert_eq!(fixture.post("/oncall/override", form).await.status, StatusCode::UNAUTHORIZED);
    let done = fixture.post_as("ana", "/oncall/override", form).await;
    assert_eq!(done.status, StatusCode::SEE_OTHER, "{}", done.body);
    let page = fixture.get_as("ana", "/oncall").await;
    assert!(page.body.contains("O-1 <strong>without ana</strong>"), "{}", page.body);
    assert!(page.body.contains("1 gap: "), "{}", page.body);
    assert!(page.body.contains("nobody is on call for shop"), "{}", page.body);
    assert!(page.body.contains("rect class=\"gap\""), "{}", page.body);
    let again = fixture.post_as("ana", "/oncall/override", form).await;
    assert!(again.body.contains("it contradicts O-1 (without ana)"), "{}", again.body);
    let undone = fixture.post_as("ana", "/oncall/withdraw", "number=O-1").await;
    assert_eq!(undone.status, StatusCode::SEE_OTHER, "{}", undone.body);
    let page = fixture.get_as("ana", "/oncall").await;
    assert!(!page.body.contains("gap"), "{}", page.body);
}

#[tokio::test]
async fn the_api_tells_and_changes_who_is_on_call() {
    let fixture = Fixture::quiet();
    let root = "/api/nines/v1/oncall";
    let body = json!({
        "schedule": "shop", "remove": "ana", "from": "2026-11-26T00:00:00Z",
        "until": "2026-11-27T00:00:00Z", "by": "ana", "reason": "dentist",
    });
    let made = fixture.api("POST", &format!("{root}/changes"), Some(&body)).await;
    assert_eq!((made.status, made.body.as_str()), (StatusCode::CREATED, r#"{"made":["O-1"]}"#));
    let unknown = json!({ "schedule": "shop", "add": "eve", "until": "2026-11-27T00:00:00Z" });
    let refused = fixture.api("POST", &format!("{root}/changes"), Some(&unknown)).await;
    assert_eq!(refused.status, StatusCode::NOT_FOUND, "{}", refused.body);
    let range = "from=2026-11-25T00:00:00Z&until=2026-11-28T00:00:00Z";
    let shown = fixture.api("GET", &format!("{root}/schedules/shop?{range}"), None).await;
    let shown: Value = serde_json::from_str(&shown.body).unwrap();
    expect![[r#"
        [
          {
            "from": "2026-11-25T00:00:00Z",
            "people": [
              {
                "person": "ana",
                "source": null
              }
            ],
            "state": "staffed",
            "until": "2026-11-26T00:00:00Z"
          },
          {
            "from": "2026-11-26T00:00:00Z",
            "people": [],
            "state": "nobody",
            "until": "2026-11-27T00:00:00Z"
          },
          {
            "from": "2026-11-27T00:00:00Z",
            "people": [
              {
                "person": "ana",
                "source": null
              }
            ],
            "state": "staffed",
            "until": "2026-11-28T00:00:00Z"
          }
        ]"#]]
    .assert_eq(&serde_json::to_string_pretty(&shown["stretches"]).unwrap());
    let verified = fixture.api("GET", &format!("{root}/verify"), None).await;
    let verified: Value = serde_json::from_str(&verified.body).unwrap();
    let gaps = verified["findings"].as_array().unwrap().iter().filter(|it| it["verdict"] == "gap");
    assert_eq!(gaps.count(), 1, "{verified}");
    let who = fixture.api("GET", &format!("{root}?at=2026-11-26T12:00:00Z"), None).await;
    assert!(who.body.contains(r#""shifts":[]"#), "{}", who.body);
    let path = format!("{root}/changes/O-1?by=ana");
    assert_eq!(fixture.api("DELETE", &path, None).await.status, StatusCode::NO_CONTENT);
    let proposal = format!("{root}/proposal?schedule=shop&weeks=2");
    let proposal = fixture.api("GET", &proposal, None).await;
    assert_eq!(proposal.status, StatusCode::OK, "{}", proposal.body);
    assert!(proposal.body.contains(r#""people":["ana"]"#), "{}", proposal.body);
}

#[tokio::test]
async fn a_calendar_is_behind_an_address_that_can_be_made_worthless() {
    let fixture = Fixture::quiet();
    let path = "/api/nines/v1/oncall/calendars/person/ana";
    let told = fixture.api("POST", path, Some(&json!({}))).await;
    let told: Value = serde_json::from_str(&told.body).unwrap();
    let address =
        told["url"].as_str().unwrap().strip_prefix("http://localhost").unwrap().to_owned();
    let calendar = fixture.api_open(&address).await;
    assert_eq!(calendar.headers["content-type"], "text/calendar; charset=utf-8");
    expect![[r#"
        UID:shop-ana-20261123T080000Z@localhost
        DTSTART:20261123T080000Z
        DTEND:20261130T080000Z
    "#]]
    .assert_eq(&lines(
        &calendar.body,
        &["UID:shop-ana-20261123", "DTSTART:20261123", "DTEND:20261130"],
    ));
    let guessed = "/ical/person/ana/00000000000000000000000000000000.ics";
    assert_eq!(fixture.api_open(guessed).await.status, StatusCode::NOT_FOUND);
    let other = address.replace("person/ana", "schedule/shop");
    assert_eq!(fixture.api_open(&other).await.status, StatusCode::NOT_FOUND);
    let revoked = fixture.api("POST", &format!("{path}/revoke"), Some(&json!({}))).await;
    assert_eq!(fixture.api_open(&address).await.status, StatusCode::NOT_FOUND);
    let revoked: Value = serde_json::from_str(&revoked.body).unwrap();
    let fresh = revoked["url"].as_str().unwrap().strip_prefix("http://localhost").unwrap();
    assert_eq!(fixture.api_open(fresh).await.status, StatusCode::OK);
}
