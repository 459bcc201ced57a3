//! All routes, and what lies around them.

use std::sync::Arc;

use axum::Router;
use axum::http::StatusCode;
use axum::middleware::from_fn_with_state;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use reqwest::Client;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::CompressionLayer;

use crate::access::guard;
use crate::app::App;
use crate::health::Health;
use crate::{am, api, events, heartbeats, hooks, own_metrics, pages, prom, standby};

pub(super) fn router(app: &App, demo_routes: Option<Router>, passing_on: Client) -> Router {
    let panics = Arc::clone(app);
    let own = Router::new()
        .merge(prom::router(app))
        .merge(am::router(app))
        .merge(api::router())
        .merge(events::router())
        .merge(heartbeats::router())
        .merge(hooks::router())
        .merge(pages::router())
        .route("/metrics", get(own_metrics::metrics))
        .fallback(pages::not_found)
        .with_state(Arc::clone(app));
    let all = own
        .merge(demo_routes.unwrap_or_default())
        .layer(from_fn_with_state(Arc::clone(app), guard))
        .layer(from_fn_with_state((Arc::clone(app), passing_on), standby::answer))
        .layer(CompressionLayer::new())
        .layer(CatchPanicLayer::custom(move |_| {
            Health::add(&panics.health.panics, 1);
            let body = "nines failed on this request; it is counted and logged\n";
            let response: Response = (StatusCode::INTERNAL_SERVER_ERROR, body).into_response();
            response
        }));
    match app.prom.route_prefix.as_str() {
        "" => all,
        // Who asks for the root is shown where everything is.
        prefix => {
            let home = Redirect::to(&format!("{prefix}/"));
            Router::new().nest_service(prefix, all).route("/", get(move || async move { home }))
        }
    }
}
