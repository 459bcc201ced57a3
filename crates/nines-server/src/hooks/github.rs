//! GitHub: a custom deployment protection rule of an environment.
//!
//! Source: GitHub, "Creating custom deployment protection rules": the body is signed, and the answer is a POST of
//! `{"environment_name", "state": "approved"|"rejected", "comment"}` to the address that the body brings. There is no
//! third answer, so what is unknown is asked about again until a deadline, and then rejected.

use std::time::Duration;

use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use nines_release::Verdict;
use reqwest::Client;
use serde_json::{Value, json};
use url::Url;

use super::{ENV_DEFAULT, Proof, ask, doubt, line};
use crate::api::{GateQuery, check_signature};
use crate::app::App;
use crate::problem::Problem;

/// The name of the secret that GitHub lets us answer with.
const TOKEN_SECRET: &str = "github-token";
/// What is unknown is asked about again after this.
const AGAIN: Duration = Duration::from_secs(30);
/// And so often, which is ten minutes.
const ASKED_MAX: u32 = 20;
/// How long GitHub may take.
const TIME_MAX: Duration = Duration::from_secs(10);
/// How often an answer that was not taken is sent.
const SENT_MAX: u32 = 3;
/// The longest comment that GitHub shows.
const COMMENT_CHARS_MAX: usize = 1_000;

/// `POST /hooks/github/deployment-protection`
pub(super) async fn deployment_protection(
    State(app): State<App>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Problem> {
    let header = |name: &str| headers.get(name).and_then(|it| it.to_str().ok());
    let event = header("x-github-event");
    check_signature(&app, event, header("x-hub-signature-256"), &body)?;
    if event != Some("deployment_protection_rule") {
        return Ok((StatusCode::ACCEPTED, "not a deployment protection rule\n").into_response());
    }
    let payload: Value = serde_json::from_slice(&body)
        .map_err(|error| Problem::bad_request(format!("the body is not JSON: {error}")))?;
    let request = Request::read(&payload).map_err(Problem::bad_request)?;
    tokio::spawn(answer(app, request));
    Ok((StatusCode::ACCEPTED, "the answer follows\n").into_response())
}

/// What GitHub asks, and where it wants its answer.
#[derive(Debug)]
struct Request {
    query: GateQuery,
    environment: String,
    callback: Url,
}

impl Request {
    fn read(payload: &Value) -> Result<Self, String> {
        let text =
            |pointer: &str| payload.pointer(pointer).and_then(Value::as_str).map(str::to_owned);
        let environment = text("/environment").ok_or("the body names no environment")?;
        let callback = text("/deployment_callback_url").ok_or("the body names no callback")?;
        let callback = Url::parse(&callback).map_err(|error| format!("the callback: {error}"))?;
        let is_loopback = matches!(callback.host_str(), Some("127.0.0.1" | "localhost"));
        if callback.scheme() != "https" && !is_loopback {
            return Err("the callback is not https; the token would travel in the clear".to_owned());
        }
        let service = text("/deployment/payload/service").or_else(|| text("/repository/name"));
        let env = match environment.as_str() {
            "production" => ENV_DEFAULT.to_owned(),
            other => other.to_owned(),
        };
        let query = GateQuery {
            service: service.ok_or("the body names no repository")?,
            env: Some(env),
            version: text("/deployment/ref"),
            sha: text("/deployment/sha"),
            author: text("/sender/login"),
            ..GateQuery::default()
        };
        Ok(Self { query, environment, callback })
    }
}

/// Asks until it is known, at most [`ASKED_MAX`] times, and tells GitHub.
async fn answer(app: App, request: Request) {
    let mut stopping = app.committed.clone();
    let (mut state, mut comment) = ("rejected", String::new());
    for _ in 0..ASKED_MAX {
        let (verdict, said) = match ask(&app, Proof::Given, request.query.clone()).await {
            Ok(decision) => (decision.verdict, format!("{} ({})", line(&decision), decision.id)),
            Err(problem) => doubt(&problem),
        };
        comment = said;
        state = match verdict {
            Verdict::Open => "approved",
            Verdict::Closed | Verdict::Unknown => "rejected",
        };
        if verdict != Verdict::Unknown {
            break;
        }
        tokio::time::sleep(AGAIN).await;
        // When the engine is gone there is nobody left to ask.
        if stopping.has_changed().is_err() {
            break;
        }
        stopping.borrow_and_update();
    }
    let comment: String = comment.chars().take(COMMENT_CHARS_MAX).collect();
    let body = json!({
        "environment_name": request.environment,
        "state": state,
        "comment": comment,
    });
    if let Err(error) = tell(&app, &request.callback, &body).await {
        tracing::error!(%error, callback = %request.callback, "GitHub did not take the answer; the deployment waits for it");
    }
}

async fn tell(app: &App, callback: &Url, body: &Value) -> Result<(), String> {
    let client = Client::builder().timeout(TIME_MAX).user_agent("nines").no_proxy().build();
    let client = client.map_err(|error| error.to_string())?;
    let token = app.access.webhook_secrets.get(TOKEN_SECRET);
    let mut failure = String::new();
    for attempt in 0..SENT_MAX {
        if 0 < attempt {
            tokio::time::sleep(AGAIN / 10).await;
        }
        let mut request = client.post(callback.clone()).json(body);
        request = request.header("Accept", "application/vnd.github+json");
        if let Some(token) = token {
            request = request.bearer_auth(token.trim());
        }
        match request.send().await {
            Ok(response) if response.status().is_success() => return Ok(()),
            Ok(response) => failure = format!("it answered {}", response.status()),
            Err(error) => failure = error.without_url().to_string(),
        }
    }
    Err(failure)
}
