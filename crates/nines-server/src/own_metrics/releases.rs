//! How gates answer, and where policies stand.

use std::fmt;

use prometheus_client::encoding::DescriptorEncoder;

use super::{LabelPairs, counters, gauges};
use crate::app::App;

pub(super) fn encode(encoder: &mut DescriptorEncoder<'_>, app: &App) -> fmt::Result {
    let config = std::sync::Arc::clone(&app.loaded().engine_config);
    let (decided, levels) = app.engine.read(|state| {
        let decided: Vec<_> = state.releases.decided().collect();
        let levels = state.releases.all_levels().filter_map(|(key, levels)| {
            let policy = config.release.policy(&key.policy)?;
            let worst = levels.worst(policy).map(|(name, _)| name.to_owned());
            let number = policy.levels.iter().position(|it| Some(&it.name) == worst.as_ref());
            Some((key.clone(), number.map_or(0, |it| it + 1)))
        });
        (decided, levels.collect::<Vec<_>>())
    });
    let decided = decided.into_iter().map(|(verdict, cause, count)| {
        let labels: LabelPairs =
            vec![("verdict", verdict.to_string()), ("cause", cause.to_string())];
        (labels, count)
    });
    counters(encoder, "nines_gate_decisions", "Recorded answers of gates", decided)?;
    let levels = levels.into_iter().map(|(key, number)| {
        let labels: LabelPairs = vec![("policy", key.policy), ("service", key.service)];
        (labels, number as f64)
    });
    let help = "The worst active level: 0 is normal, 1 the mildest of the policy";
    gauges(encoder, "nines_policy_level", help, levels)
}
