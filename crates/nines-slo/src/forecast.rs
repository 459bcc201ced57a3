//! When will the budget be gone? A forecast for people; nothing is decided by it.

use jiff::SignedDuration;

use crate::time::millis;
use crate::{Counts, Objective, WindowCounts};

const MINUTE_MS: i64 = 60_000;
const HOUR_MS: i64 = 60 * MINUTE_MS;

/// Short budgets are stepped through in so many parts.
const STEPS_MIN: i64 = 24;

/// No forecast looks further than so many steps.
const STEPS_MAX: i64 = 24 * 400;

/// How long the budget lasts if traffic and errors go on as in `rate`; whole minutes, rounded down.
/// Nothing when it outlives one window.
///
/// Hourly steps: the events of `rate` come in, and what is older than the window leaves. `leaving` tells
/// the events of the first so many milliseconds of the window.
pub(crate) fn exhausts_in(
    budget: &WindowCounts,
    rate: &WindowCounts,
    objective: Objective,
    leaving: impl Fn(i64) -> Counts,
) -> Option<SignedDuration> {
    let permitted = objective.allowed() as f64 / Objective::SCALE as f64;
    let known_ms = millis(rate.known);
    if known_ms <= 0 || (rate.counts.bad == 0 && budget.counts.bad == 0) {
        return None;
    }
    let left_at = |ahead_ms: i64| {
        let gone = leaving(ahead_ms);
        let grown = |kept: u64, left: u64, per_rate: u64| {
            kept.saturating_sub(left) as f64 + per_rate as f64 * ahead_ms as f64 / known_ms as f64
        };
        let total = grown(budget.counts.total, gone.total, rate.counts.total);
        let bad = grown(budget.counts.bad, gone.bad, rate.counts.bad);
        permitted * total - bad
    };
    let mut left = left_at(0);
    if left <= 0.0 {
        return Some(SignedDuration::ZERO);
    }
    let window_ms = millis(budget.length());
    let step_ms = (window_ms / STEPS_MIN).clamp(MINUTE_MS, HOUR_MS);
    for step in 1..=(window_ms / step_ms).min(STEPS_MAX) {
        let next = left_at(step * step_ms);
        if next < 0.0 {
            return Some(between(step - 1, step_ms, left / (left - next)));
        }
        left = next;
    }
    None
}

/// `share` of the way through the step after `steps` of them.
fn between(steps: i64, step_ms: i64, share: f64) -> SignedDuration {
    #[expect(clippy::cast_possible_truncation, reason = "a share of at most an hour")]
    let part_ms = (step_ms as f64 * share) as i64;
    let total_ms = steps * step_ms + part_ms;
    SignedDuration::from_millis(total_ms - total_ms % MINUTE_MS)
}

#[cfg(test)]
mod tests;
