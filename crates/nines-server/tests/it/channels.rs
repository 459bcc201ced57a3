//! Out to providers and back: accounts, a test of a page, buttons and replies that prove themselves.

use base64::Engine as _;
use hmac::{Hmac, KeyInit, Mac};
use reqwest::{Method, Response};
use serde_json::{Value, json};
use wiremock::matchers::{method, path};
use wiremock::{Mock, MockServer, ResponseTemplate};

use crate::house::{CONFIG, Guest, House, now};

const NUMBER: &str = "+491701234567";

/// Slack and Twilio as far as a page needs them.
async fn providers() -> MockServer {
    let server = MockServer::start().await;
    let posted = r#"{"ok":true,"channel":"D1","ts":"1503435956.000247"}"#;
    let slack = ResponseTemplate::new(200).set_body_string(posted);
    Mock::given(path("/chat.postMessage")).respond_with(slack).mount(&server).await;
    let sent = ResponseTemplate::new(201).set_body_string(r#"{"sid":"SM1"}"#);
    let messages = Mock::given(method("POST")).and(path("/2010-04-01/Accounts/AC1/Messages.json"));
    messages.respond_with(sent).mount(&server).await;
    server
}

fn house(providers: &MockServer) -> House {
    let house = House::new();
    for (name, text) in [("slack", "xoxb"), ("signing", "s3cret\n"), ("twilio", "t0ken")] {
        house.write(name, text);
    }
    let base = providers.uri();
    house.write(
        "notify.yaml",
        &format!(
            "apiVersion: nines/v1\nkind: Notify\nspec:\n  accounts:\n    \
             slack: {{slack: {{token_file: slack, signing_secret_file: signing, base_url: '{base}'}}}}\n    \
             phone: {{twilio: {{account_sid: AC1, auth_token_file: twilio, from: '+15005550006', base_url: '{base}'}}}}\n"
        ),
    );
    let contacts =
        format!("contacts: [inbox: {{}}, slack: U1, sms: {{to: '{NUMBER}', account: phone}}]");
    house.write("nines.yaml", &CONFIG.replace("contacts: [inbox: {}]", &contacts));
    house
}

/// The value of the button in the newest message.
async fn button(providers: &MockServer) -> String {
    let requests = providers.received_requests().await.unwrap();
    let bodies = requests.iter().filter(|it| it.url.path() == "/chat.postMessage");
    let bodies = bodies.map(|it| serde_json::from_slice::<Value>(&it.body).unwrap());
    let value = |it: Value| {
        let button = it.pointer("/attachments/0/blocks/1/elements/0/value")?;
        button.as_str().map(str::to_owned)
    };
    bodies.filter_map(value).next_back().unwrap()
}

async fn press(guest: &Guest, secret: &str, payload: &Value) -> Response {
    let text = payload.to_string();
    let fields =
        url::form_urlencoded::Serializer::new(String::new()).append_pair("payload", &text).finish();
    let at = now().as_second().to_string();
    let mut hmac = Hmac::<sha2::Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    hmac.update(format!("v0:{at}:{fields}").as_bytes());
    let code = hmac.finalize().into_bytes();
    let code = code.iter().fold("v0=".to_owned(), |code, it| format!("{code}{it:02x}"));
    let request = guest.anonymous(Method::POST, "/hooks/slack");
    let request = request.header("x-slack-request-timestamp", at).header("x-slack-signature", code);
    request.body(fields).send().await.unwrap()
}

async fn text(guest: &Guest, token: &str, from: &str, body: &str) -> (u16, String) {
    let path = "/hooks/twilio/sms";
    let url = guest.anonymous(Method::POST, path).build().unwrap().url().to_string();
    let signed = format!("{url}Body{body}From{from}");
    let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, token.as_bytes());
    let tag = ring::hmac::sign(&key, signed.as_bytes());
    let code = base64::engine::general_purpose::STANDARD.encode(tag.as_ref());
    let fields = url::form_urlencoded::Serializer::new(String::new())
        .append_pair("From", from)
        .append_pair("Body", body)
        .finish();
    let request = guest.anonymous(Method::POST, path).header("x-twilio-signature", code);
    let answer = request.body(fields).send().await.unwrap();
    (answer.status().as_u16(), answer.text().await.unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_leave_by_providers_and_answers_come_back_with_proof() {
    let providers = providers().await;
    let house = house(&providers);
    let guest = house.open().await;

    let ask = json!({ "person": "ana", "by": "bea" });
    let (status, ordered) = guest.post("/api/nines/v1/pages/test", &ask).await;
    assert_eq!((status, ordered["ids"].as_array().unwrap().len()), (202, 3), "{ordered}");
    let all_arrived = |it: &Value| {
        let pages = it.as_array().unwrap();
        pages.len() == 3 && pages.iter().all(|it| it["state"] == "delivered")
    };
    let pages = guest.until("/api/nines/v1/pages", all_arrived).await;
    assert!(pages.to_string().contains("[test] nines reaches ana by slack"), "{pages}");
    let nobody = json!({ "person": "nobody" });
    let (status, problem) = guest.post("/api/nines/v1/pages/test", &nobody).await;
    assert_eq!(status, 404, "{problem}");
    assert!(problem.to_string().contains("known are ana"), "{problem}");

    guest.traffic(700.0, 20).await;
    let is_paged = |it: &Value| {
        let pages = it.as_array().unwrap();
        pages.len() == 6 && pages.iter().all(|it| it["state"] == "delivered")
    };
    guest.until("/api/nines/v1/pages", is_paged).await;

    // Nobody may answer without proof, nor for pages of others.
    let (status, _) = text(&guest, "wrong", NUMBER, "OK").await;
    assert_eq!(status, 401);
    let (status, said) = text(&guest, "t0ken", "+15550000000", "OK").await;
    assert_eq!((status, said.contains("<Message>")), (200, false), "{said}");
    let (_, said) = text(&guest, "t0ken", NUMBER, "99999").await;
    assert!(said.contains("There is no page 99999 to you."), "{said}");

    let token = button(&providers).await;
    let action = json!([{ "action_id": "ack", "value": token }]);
    let payload = json!({ "user": { "id": "U1", "username": "ana.b" }, "actions": action });
    assert_eq!(press(&guest, "wrong", &payload).await.status(), 401);
    assert_eq!(guest.get("/api/nines/v1/pages").await[0]["waits"], true);
    let forged = json!([{ "action_id": "ack", "value": format!("{token}0") }]);
    let forged = json!({ "user": { "id": "U1" }, "actions": forged });
    assert_eq!(press(&guest, "s3cret", &forged).await.status(), 400);
    assert_eq!(press(&guest, "s3cret", &payload).await.status(), 200);
    let pages = guest.get("/api/nines/v1/pages").await;
    assert_eq!((&pages[0]["waits"], &pages[0]["acknowledged_by"]), (&json!(false), &json!("ana")));
    let incident = guest.get("/api/nines/v1/incidents/1").await;
    assert_eq!(incident["acknowledged_by"], "ana");
    let (_, said) = text(&guest, "t0ken", NUMBER, "ok").await;
    assert!(said.contains("acknowledged."), "{said}");
    guest.leave().await;
}
