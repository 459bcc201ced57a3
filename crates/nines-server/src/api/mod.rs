//! Our own API, below `/api/nines/v1`, and the intake of change events.

mod audit;
mod backup;
mod calendars;
mod config;
mod contacts;
mod deploys;
mod etag;
mod events;
mod exclusions;
mod explain;
mod gate;
mod learn;
mod load;
pub(crate) mod oncall;
mod once;
mod policies;
mod read;
mod respond;
mod run;
mod silences;
mod slos;
mod stream;
mod time;
mod why;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::from_fn;
use axum::routing::{delete, get, post};

use crate::app::App;

/// The longest body of a request to our own API.
const BODY_BYTES_MAX: usize = 1 << 20;

/// The routes.
pub(crate) fn router() -> Router<App> {
    let own = Router::new()
        .route("/overview", get(read::overview))
        .route("/slos", get(slos::list))
        .route("/slos/{service}/{slo}", get(slos::one))
        .route("/slos/{service}/{slo}/budget", get(slos::budget))
        .route("/slos/{service}/{slo}/slices", get(slos::slices))
        .route("/slos/{service}/{slo}/explain", get(explain::explain))
        .route("/exclusions", get(exclusions::list).post(exclusions::create))
        .route("/exclusions/{name}", delete(exclusions::withdraw))
        .route("/silences", get(silences::list).post(silences::create))
        .route("/silences/try", get(silences::attempt))
        .route("/silences/{id}", get(silences::one).delete(silences::expire))
        .route("/silences/{id}/extend", post(silences::extend))
        .route("/silences/{id}/confirm", post(silences::confirm))
        .route("/alerts", get(read::alerts))
        .route("/alerts/{key}", get(read::alert))
        .route("/why", get(why::why))
        .route("/why-not", get(why::why_not))
        .route("/pages", get(read::pages))
        .route("/pages/test", post(respond::test_page))
        .route("/contacts", get(contacts::list))
        .route("/contacts/code", post(contacts::code))
        .route("/contacts/confirm", post(contacts::confirm))
        .route("/oncall", get(oncall::who))
        .route("/oncall/schedules/{name}", get(oncall::schedule))
        .route("/oncall/changes", get(oncall::changes).post(oncall::create))
        .route("/oncall/changes/{name}", delete(oncall::withdraw))
        .route("/oncall/take", post(oncall::take))
        .route("/oncall/vacations", post(oncall::vacation))
        .route("/oncall/swaps", post(oncall::offer))
        .route("/oncall/swaps/{name}/take", post(oncall::answer))
        .route("/oncall/swaps/{name}/confirm", post(oncall::confirm))
        .route("/oncall/calendars/{kind}/{name}", post(calendars::address))
        .route("/oncall/calendars/{kind}/{name}/revoke", post(calendars::revoke))
        .route("/oncall/verify", get(oncall::verify))
        .route("/oncall/proposal", get(oncall::proposal))
        .route("/changes", get(read::changes))
        .route("/config", get(read::config))
        .route("/config/files", get(config::files))
        .route("/config/revisions", get(config::revisions))
        .route("/config/revisions/{number}/apply", post(config::restore))
        .route(
            "/config/plans",
            post(config::plan).layer(DefaultBodyLimit::max(config::FILES_BYTES_MAX)),
        )
        .route("/config/plans/{id}/apply", post(config::apply))
        .route("/ack", post(respond::acknowledge))
        .route("/escalate", post(respond::escalate))
        .route("/responders", post(respond::add))
        .route("/snooze", post(respond::snooze))
        .route("/load", get(load::load))
        .route("/load.csv", get(load::csv))
        .route("/incidents", get(read::incidents))
        .route("/incidents/{number}", get(read::incident))
        .route("/incidents/{number}/note", post(respond::note))
        .route("/incidents/{number}/severity", post(respond::severity))
        .route("/incidents/{number}/status", post(respond::status))
        .route("/incidents/{number}/resolve", post(respond::resolve))
        .route("/incidents/{number}/postmortem", get(learn::postmortem))
        .route("/runbooks", get(run::runbooks))
        .route("/runs", get(run::runs).post(run::start))
        .route("/runs/{id}", get(run::run))
        .route("/runs/{id}/answer", post(run::answer))
        .route("/runs/{id}/abort", post(run::abort))
        .route("/backup", post(backup::backup))
        .route("/gate", get(gate::gate))
        .route("/decisions", get(policies::decisions))
        .route("/decisions/{id}", get(policies::decision))
        .route("/waivers", get(policies::waivers).post(policies::waive))
        .route("/policies", get(policies::policies))
        .route("/policies/replay", post(policies::replay))
        .merge(crate::heartbeats::api())
        .route("/integrations", get(crate::events::list))
        .route("/deploys", get(deploys::deploys).post(events::record))
        .route("/audit", get(audit::verify))
        .route("/stream", get(stream::stream));
    Router::new()
        .nest("/api/nines/v1", own.layer(from_fn(etag::tag)).layer(from_fn(once::name)))
        .route("/api/v1/events", post(events::record))
        .route("/ical/{kind}/{name}/{token}", get(calendars::calendar))
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
}

pub(crate) use events::check_signature;
pub(crate) use gate::{
    GateQuery, ask as ask_gate, input as policy_input, preview as preview_gate,
    question as gate_question, status as gate_status,
};
pub(crate) use learn::draft as draft_postmortem;
pub(crate) use once::under_key;
pub(crate) use run::{RunView, read_answer, run_view};
