pub(crate) mod fixture;

use axum::http::StatusCode;
use expect_test::expect;
use fixture::{Fixture, HOSTILE, TOKEN};

/// Every page of a burning shop.
fn paths(fixture: &Fixture) -> Vec<String> {
    let fixed = [
        "/",
        "/slos",
        "/slo/shop/availability",
        "/alerts",
        "/oncall",
        "/inbox",
        "/inbox?all=1",
        "/incidents",
        "/i/1",
        "/pm/1",
        "/rb",
        "/rb/shop-errors",
        "/gate",
        "/gate/shop",
        "/login",
        "/self",
        "/nothing",
        "/i/7",
    ];
    let alert = format!("/a/{}", fixture.alert());
    fixed.into_iter().map(str::to_owned).chain([alert, fixture.ack_path()]).collect()
}

fn between<'a>(text: &'a str, before: &str, after: &str) -> &'a str {
    let (_, rest) = text.split_once(before).unwrap_or_else(|| panic!("no {before:?} in {text}"));
    rest.split_once(after).unwrap_or_else(|| panic!("no {after:?} in {rest}")).0
}

#[tokio::test]
async fn looking_at_an_acknowledge_link_does_not_act_and_sending_its_form_does() {
    let fixture = Fixture::burning();
    let path = fixture.ack_path();
    for _ in 0..2 {
        let page = fixture.get(&path).await;
        assert_eq!(page.status, StatusCode::OK);
        assert!(page.body.contains("<button>Acknowledge</button>"), "{}", page.body);
        assert_eq!(fixture.acknowledged(), None);
    }
    let page = fixture.post(&path, "").await;
    assert_eq!(page.status, StatusCode::OK);
    assert_eq!(fixture.acknowledged(), Some(("ana".to_owned(), "link".to_owned())));
    for page in [page, fixture.get(&path).await, fixture.post(&path, "").await] {
        expect!["<strong>ana has it</strong>: acknowledged by link"].assert_eq(between(
            &page.body,
            "<p role=\"status\">",
            " at ",
        ));
        assert!(!page.body.contains("<button"), "{}", page.body);
    }
}

#[tokio::test]
async fn an_acknowledge_page_is_small_and_has_no_script() {
    let fixture = Fixture::burning();
    let page = fixture.get(&fixture.ack_path()).await;
    assert!(page.body.len() <= 10_000, "{} bytes", page.body.len());
    assert!(!page.body.contains("<script"), "{}", page.body);
    assert_eq!(page.headers["referrer-policy"], "no-referrer");
    let policy = page.headers["content-security-policy"].to_str().unwrap();
    assert!(policy.contains("style-src 'sha256-"), "{policy}");
}

#[tokio::test]
async fn a_link_that_was_made_up_says_what_to_do_instead() {
    let fixture = Fixture::burning();
    let mut wrong = fixture.ack_path();
    let last = if wrong.pop() == Some('0') { '1' } else { '0' };
    wrong.push(last);
    for path in [wrong.as_str(), "/ack/1", "/ack/x-y"] {
        let page = fixture.post(path, "").await;
        assert_eq!(page.status, StatusCode::NOT_FOUND);
        assert!(page.body.contains("This link names no page"), "{}", page.body);
    }
    assert_eq!(fixture.acknowledged(), None);
}

#[tokio::test]
async fn a_budget_is_printed_the_same_on_every_page() {
    let fixture = Fixture::burning();
    let view = fixture.app.slo_views().remove(0);
    let budget = &view.primary;
    assert_eq!((budget.bad, budget.total), (5, 10_000), "{view:#?}");
    expect!["50.0\u{a0}%"].assert_eq(&super::parts::budget_left(budget));
    for path in ["/", "/slos", "/slo/shop/availability"] {
        let page = fixture.get(path).await;
        let number = between(&page.body, "</svg> <span class=\"num\">", "</span>");
        assert_eq!(number, "50.0\u{a0}%", "{path}");
    }
    let page = fixture.get("/slo/shop/availability").await;
    let sentence = "50.0\u{a0}% of the budget is left at 2026-11-24 03:00:00 UTC: 5 bad of 10.0 allowed of 10\u{202f}000.";
    assert!(page.body.contains(sentence), "{}", page.body);
}

#[tokio::test]
async fn hostile_text_stays_text_on_every_page() {
    let fixture = Fixture::burning();
    let note = format!("text={HOSTILE}");
    let answer = fixture.post_as("ana", "/i/1/note", &note.replace('&', "%26")).await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER);
    for path in paths(&fixture) {
        let page = fixture.get_as("ana", &path).await;
        for hostile in ["<script>alert", "<b>Lima", "onclick=", "javascript:"] {
            let body = page.body.replace("&lt;b onclick=", "");
            assert!(!body.contains(hostile), "{path}: {hostile} in {}", page.body);
        }
    }
    let page = fixture.get("/i/1").await;
    assert!(page.body.contains("&lt;script&gt;alert(1)&lt;/script&gt;"), "{}", page.body);
}

#[tokio::test]
async fn every_page_has_one_first_heading_and_a_policy_and_nothing_inline() {
    let fixture = Fixture::burning();
    for path in paths(&fixture) {
        let page = fixture.get_as("ana", &path).await;
        assert_eq!(page.body.matches("<h1").count(), 1, "{path}");
        assert!(!page.body.contains(" style=\""), "{path}");
        let policy = page.headers["content-security-policy"].to_str().unwrap();
        for part in [
            "default-src 'self'",
            "frame-ancestors 'none'",
            "form-action 'self'",
            "base-uri 'none'",
        ] {
            assert!(policy.contains(part), "{path}: {policy}");
        }
        assert_eq!(page.headers["x-content-type-options"], "nosniff", "{path}");
    }
}

#[tokio::test]
async fn a_refused_form_is_shown_again_with_the_reason() {
    let fixture = Fixture::burning();
    let page = fixture.post_as("ana", "/i/1/resolve", "reason=").await;
    assert_eq!(page.status, StatusCode::CONFLICT);
    let reason = between(&page.body, "<strong>■ Not done: </strong>", "</p>");
    assert!(reason.starts_with("linked alerts still fire"), "{reason}");
    let page = fixture.post_as("ana", "/i/1/resolve", "reason=measured+wrongly").await;
    assert_eq!(page.status, StatusCode::SEE_OTHER);
    assert_eq!(page.headers["location"], "/i/1");
}

#[tokio::test]
async fn the_incident_forms_do_what_they_say() {
    let fixture = Fixture::burning();
    for (path, form, to) in [
        ("/i/1/ack", "", "/i/1"),
        ("/i/1/status", "status=identified", "/i/1"),
        ("/i/1/severity", "severity=SEV1", "/i/1"),
        ("/i/1/note", "text=5xx+only+on+pay", "/i/1"),
    ] {
        let answer = fixture.post_as("ana", path, form).await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{path}: {}", answer.body);
        assert_eq!(answer.headers["location"], to);
    }
    let detail = fixture.app.incident_detail(1).unwrap();
    let incident = &detail.incident;
    expect!["SEV1 identified ana"].assert_eq(&format!(
        "{} {} {}",
        incident.severity,
        incident.status,
        incident.acknowledged_by.as_deref().unwrap_or("nobody")
    ));
    assert!(detail.timeline.iter().any(|it| it.text.contains("5xx only on pay")));
}

#[tokio::test]
async fn a_runbook_is_started_answered_and_shown() {
    let fixture = Fixture::burning();
    let answer = fixture.post_as("ana", "/i/1/run", "runbook=shop-errors").await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.body);
    let run = answer.headers["location"].to_str().unwrap().to_owned();
    let page = fixture.get_as("ana", &run).await;
    assert!(page.body.contains("waits for a person"), "{}", page.body);
    let page =
        fixture.post_as("ana", &format!("{run}/answer"), "step=Look-at-it.&answer=perhaps").await;
    assert_eq!(page.status, StatusCode::BAD_REQUEST);
    let answer =
        fixture.post_as("ana", &format!("{run}/answer"), "step=Look-at-it.&answer=done").await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.body);
    let page = fixture.get_as("ana", &run).await;
    assert!(page.body.contains("succeeded"), "{}", page.body);
}

#[tokio::test]
async fn nobody_acts_without_a_session_and_pages_say_how_to_get_one() {
    let fixture = Fixture::burning();
    let alert = format!("/a/{}", fixture.alert());
    assert_eq!(fixture.post(&format!("{alert}/ack"), "").await.status, StatusCode::UNAUTHORIZED);
    assert_eq!(fixture.acknowledged(), None);
    let page = fixture.get(&alert).await;
    assert!(page.body.contains(&format!("/login?next={alert}")), "{}", page.body);
    let wrong = fixture.post("/login", "person=ana&token=guessed&next=/").await;
    assert_eq!(wrong.status, StatusCode::UNAUTHORIZED);
    assert!(!wrong.headers.contains_key("set-cookie"));
    let form = format!("person=ana&token={TOKEN}&next={alert}");
    let right = fixture.post("/login", &form).await;
    assert_eq!(
        (right.status, right.headers["location"].to_str().unwrap()),
        (StatusCode::SEE_OTHER, alert.as_str())
    );
    assert!(right.headers["set-cookie"].to_str().unwrap().contains("HttpOnly; SameSite=Strict"));
    let acked = fixture.post_as("ana", &format!("{alert}/ack"), "from=inbox").await;
    assert_eq!(acked.headers["location"], "/inbox");
    assert_eq!(fixture.acknowledged(), Some(("ana".to_owned(), "console".to_owned())));
}

#[tokio::test]
async fn a_server_without_any_event_has_pages_too() {
    let fixture = Fixture::quiet();
    for path in
        ["/", "/slo/shop/availability", "/alerts", "/inbox", "/incidents", "/gate/shop", "/self"]
    {
        let page = fixture.get(path).await;
        assert_eq!(page.status, StatusCode::OK, "{path}: {}", page.body);
    }
    let page = fixture.get("/slo/shop/availability").await;
    assert!(page.body.contains("no sample was ever seen"), "{}", page.body);
}
