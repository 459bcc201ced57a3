//! Buttons of Slack, Mattermost, Discord and Telegram.

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use nines_port::Provider;
use serde_json::{Value, json};

use super::{acknowledge, page_of, person, proof, unproven, values};
use crate::app::App;
use crate::problem::Problem;

/// A message that only whoever pressed the button sees.
const EPHEMERAL: u64 = 64;

fn header<'h>(headers: &'h HeaderMap, name: &str) -> &'h str {
    headers.get(name).and_then(|it| it.to_str().ok()).unwrap_or("")
}

fn json_of(body: &[u8]) -> Result<Value, Problem> {
    serde_json::from_slice(body)
        .map_err(|error| Problem::bad_request(format!("the body is not JSON: {error}")))
}

fn text<'v>(value: &'v Value, pointer: &str) -> &'v str {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or("")
}

/// What people read, also of a refusal.
fn sentence(outcome: Result<String, Problem>) -> String {
    outcome.unwrap_or_else(|problem| format!("not done: {}", problem.detail()))
}

/// `POST /hooks/slack`: the interactivity address of the app.
pub(super) async fn slack(
    State(app): State<App>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Problem> {
    let at = header(&headers, "x-slack-request-timestamp");
    let given = header(&headers, "x-slack-signature");
    let secrets = values(&app, "slack", "signing_secret");
    let is_signed = |it: &String| app.access.are_same(&proof::slack(it, at, &body), given);
    if !proof::is_fresh(at, app.clock.now()) || !secrets.iter().any(is_signed) {
        return Err(unproven("signing secret"));
    }
    let payload = url::form_urlencoded::parse(&body).find(|(name, _)| name == "payload");
    let (_, payload) = payload.ok_or_else(|| Problem::bad_request("the form has no `payload`"))?;
    let payload = json_of(payload.as_bytes())?;
    let actions = payload["actions"].as_array().into_iter().flatten();
    for action in actions.filter(|it| it["action_id"] == "ack") {
        let user = text(&payload, "/user/id");
        let by = person(&app, Provider::Slack, user, text(&payload, "/user/username"));
        let page = page_of(&app, text(action, "/value"))?;
        acknowledge(&app, page, &by, Provider::Slack).await?;
    }
    Ok(().into_response())
}

/// `POST /hooks/mattermost`: the address of the button. Mattermost signs nothing; the token in the button's context,
/// which only its server and we know, is the proof.
pub(super) async fn mattermost(State(app): State<App>, body: Bytes) -> Result<Response, Problem> {
    let body = json_of(&body)?;
    let page = page_of(&app, text(&body, "/context/token"))?;
    let shown = text(&body, "/user_name");
    let by = person(&app, Provider::Mattermost, text(&body, "/user_id"), shown);
    let said = sentence(acknowledge(&app, page, &by, Provider::Mattermost).await);
    Ok(Json(json!({ "ephemeral_text": said })).into_response())
}

/// `POST /hooks/discord`: the interactions address of the application.
pub(super) async fn discord(
    State(app): State<App>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Problem> {
    /// Discord asks whether we check signatures.
    const PING: u64 = 1;
    const COMPONENT: u64 = 3;
    const CHANNEL_MESSAGE: u64 = 4;
    let signature = header(&headers, "x-signature-ed25519");
    let at = header(&headers, "x-signature-timestamp");
    let keys = values(&app, "discord", "public_key");
    let is_signed = |it: &String| proof::discord(it, signature, at, &body);
    if !proof::is_fresh(at, app.clock.now()) || !keys.iter().any(is_signed) {
        return Err(unproven("public key"));
    }
    let body = json_of(&body)?;
    match body["type"].as_u64() {
        Some(PING) => Ok(Json(json!({ "type": PING })).into_response()),
        Some(COMPONENT) => {
            let token = text(&body, "/data/custom_id").strip_prefix("ack:").unwrap_or("");
            let user = if body["member"].is_object() { "/member/user" } else { "/user" };
            let shown = text(&body, &format!("{user}/username"));
            let by = person(&app, Provider::Discord, text(&body, &format!("{user}/id")), shown);
            let done = match page_of(&app, token) {
                Ok(page) => acknowledge(&app, page, &by, Provider::Discord).await,
                Err(problem) => Err(problem),
            };
            let data = json!({ "content": sentence(done), "flags": EPHEMERAL });
            Ok(Json(json!({ "type": CHANNEL_MESSAGE, "data": data })).into_response())
        }
        _ => Err(Problem::bad_request("neither a ping nor a button")),
    }
}

/// `POST /hooks/telegram`: the bot's webhook. It is answered with the call that Telegram shall make.
pub(super) async fn telegram(
    State(app): State<App>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Problem> {
    let given = header(&headers, "x-telegram-bot-api-secret-token");
    let secrets = values(&app, "telegram", "webhook_secret");
    if !secrets.iter().any(|it| app.access.are_same(it, given)) {
        return Err(unproven("webhook secret"));
    }
    let body = json_of(&body)?;
    let query = &body["callback_query"];
    let page = text(query, "/data").strip_prefix("ack:").and_then(|it| it.parse().ok());
    let Some(page) = page else { return Ok(().into_response()) };
    let user = query["from"]["id"].as_i64().map(|it| it.to_string()).unwrap_or_default();
    let by = person(&app, Provider::Telegram, &user, text(query, "/from/username"));
    let said = sentence(acknowledge(&app, page, &by, Provider::Telegram).await);
    let id = text(query, "/id");
    let call = json!({ "method": "answerCallbackQuery", "callback_query_id": id, "text": said });
    Ok(Json(call).into_response())
}
