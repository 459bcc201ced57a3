//! From budgets to levels: what objectives say is told to policies again and again.

use std::time::Duration;

use jiff::Timestamp;
use nines_engine::{Command, policy_inputs};
use nines_release::PolicyInput;
use tokio::sync::watch;
use tokio::time::MissedTickBehavior;

use crate::app::{App, Shared};

/// How often. A question to the gate looks by itself, so nobody waits for this.
const EVERY: Duration = Duration::from_secs(15);

/// Tells until `shutdown`.
pub(crate) async fn watch_policies(app: App, mut shutdown: watch::Receiver<bool>) {
    let mut ticks = tokio::time::interval(EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = shutdown.changed() => return,
            _ = ticks.tick() => {}
        }
        let inputs = inputs(&app, app.clock.now());
        if let Err(error) = app.ask(Command::ObservePolicies(inputs)).await {
            tracing::error!(%error, "levels of policies were not looked at; they are again soon");
        }
    }
}

/// What objectives say now, by service.
fn inputs(app: &Shared, now: Timestamp) -> Vec<PolicyInput> {
    policy_inputs(&app.metrics.tracker().statuses(now))
}
