//! The control of the demo over HTTP: break, heal, look. Who may use it is the caller's to decide.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::Serialize;
use serde_json::json;

use crate::{ChangeNotice, Fault, Service, Shop, ShopError, ShopState};

/// `POST /demo/break/{fault}`, `POST /demo/heal` and `GET /demo/state`.
pub fn control_router(shop: Arc<Shop>) -> Router {
    Router::new()
        .route("/demo/break/{fault}", post(break_it))
        .route("/demo/heal", post(heal))
        .route("/demo/state", get(state))
        .with_state(shop)
}

/// What was done.
#[derive(Debug, Serialize)]
struct Changes {
    changes: Vec<ChangeNotice>,
}

/// What is, and what could be broken.
#[derive(Debug, Serialize)]
struct StateView {
    #[serde(flatten)]
    shop: ShopState,
    available: Vec<FaultView>,
}

#[derive(Debug, Serialize)]
struct FaultView {
    name: Fault,
    service: Service,
    watch: &'static str,
}

async fn break_it(
    State(shop): State<Arc<Shop>>,
    Path(fault): Path<String>,
) -> Result<Json<Changes>, Problem> {
    let fault: Fault = fault.parse().map_err(|error: crate::UnknownFault| Problem {
        status: StatusCode::NOT_FOUND,
        kind: "unknown-fault",
        detail: error.to_string(),
    })?;
    // In its own task: a client that goes away must not leave the change half done.
    let changed = tokio::spawn(async move { shop.break_it(fault).await }).await;
    let notice = changed.map_err(Problem::panicked)??;
    Ok(Json(Changes { changes: vec![notice] }))
}

async fn heal(State(shop): State<Arc<Shop>>) -> Result<Json<Changes>, Problem> {
    let changed = tokio::spawn(async move { shop.heal().await }).await;
    let changes = changed.map_err(Problem::panicked)??;
    Ok(Json(Changes { changes }))
}

async fn state(State(shop): State<Arc<Shop>>) -> Json<StateView> {
    let view = |it: Fault| FaultView { name: it, service: it.service(), watch: it.watch() };
    let available = Fault::ALL.into_iter().map(view).collect();
    Json(StateView { shop: shop.state(), available })
}

/// An error as RFC 9457 wants it.
#[derive(Debug)]
struct Problem {
    status: StatusCode,
    kind: &'static str,
    detail: String,
}

impl Problem {
    #[expect(clippy::needless_pass_by_value, reason = "the shape that `map_err` wants")]
    fn panicked(error: tokio::task::JoinError) -> Self {
        let status = StatusCode::INTERNAL_SERVER_ERROR;
        Self { status, kind: "internal", detail: error.to_string() }
    }
}

impl From<ShopError> for Problem {
    fn from(error: ShopError) -> Self {
        let (status, kind) = match &error {
            ShopError::AlreadyBroken { .. } => (StatusCode::CONFLICT, "already-broken"),
            ShopError::Stopped => (StatusCode::SERVICE_UNAVAILABLE, "stopped"),
            _ => (StatusCode::INTERNAL_SERVER_ERROR, "internal"),
        };
        Self { status, kind, detail: error.to_string() }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let title = self.status.canonical_reason().unwrap_or("error");
        let body = json!({
            "type": format!("urn:nines:demo:{}", self.kind),
            "title": title,
            "status": self.status.as_u16(),
            "detail": self.detail,
        });
        (self.status, [(CONTENT_TYPE, "application/problem+json")], body.to_string())
            .into_response()
    }
}
