//! When will the budget be gone, and how many events will a window have? Forecasts for people; of them only the number
//! of events enters a decision, and only once it was recorded.

use jiff::{SignedDuration, Timestamp};

use crate::burn::Measured;
use crate::meter::Meter;
use crate::time::millis;
use crate::{Objective, WindowCounts};

const MINUTE_MS: i64 = 60_000;
const HOUR_MS: i64 = 60 * MINUTE_MS;

/// Short budgets are stepped through in so many parts.
const STEPS_MIN: i64 = 24;

/// No forecast looks further than so many steps.
const STEPS_MAX: i64 = 24 * 400;

/// The window of a rate is looked at in so many parts, of which the worst and the best give the range.
const PARTS: i64 = 4;

/// How long a budget lasts; nothing when it outlives its window.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Forecast {
    /// If all goes on as in the whole window of the rate.
    pub(crate) likely: Option<SignedDuration>,
    /// If errors go on as in its worst quarter.
    pub(crate) earliest: Option<SignedDuration>,
    /// If errors go on as in its best quarter.
    pub(crate) latest: Option<SignedDuration>,
    /// How long the window of the rate is.
    pub(crate) rate_window: SignedDuration,
}

/// How fast events come, per millisecond of known time.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct Rate {
    length: SignedDuration,
    is_known: bool,
    total: f64,
    bad: f64,
    worst_bad: f64,
    best_bad: f64,
}

impl Rate {
    /// That of the last `length` before `now`.
    pub(crate) fn of(meter: &dyn Meter, length: SignedDuration, now: Timestamp) -> Self {
        let (length_ms, now_ms) = (millis(length), now.as_millisecond());
        let window = meter.last(length_ms, now);
        let per_ms = |count: u64, it: &WindowCounts| count as f64 / millis(it.known) as f64;
        if !window.known.is_positive() {
            return Self { length, ..Self::default() };
        }
        let bad = per_ms(window.counts.bad, &window);
        let edge = |part: i64| now_ms.saturating_sub(length_ms / PARTS * part);
        let parts = (0..PARTS).map(|it| meter.between(edge(it + 1), edge(it)));
        let known = parts.filter(|it| it.known.is_positive());
        let (worst_bad, best_bad) = known
            .map(|it| per_ms(it.counts.bad, &it))
            .fold((bad, bad), |(worst, best), it| (it.max(worst), it.min(best)));
        let total = per_ms(window.counts.total, &window);
        Self { length, is_known: true, total, bad, worst_bad, best_bad }
    }
}

/// How long the budget lasts if traffic and errors go on as in `rate`; whole minutes, rounded down.
///
/// Hourly steps up to `horizon`: the events of `rate` come in under `target`, and what is older than the window leaves.
/// `leaving` tells what the first so many milliseconds of the window hold.
pub(crate) fn forecast(
    budget: &Measured,
    rate: &Rate,
    target: Objective,
    horizon: SignedDuration,
    leaving: impl Fn(i64) -> Measured,
) -> Forecast {
    let rate_window = rate.length;
    if budget.allowed.is_spent_by(budget.bad()) {
        let now = Some(SignedDuration::ZERO);
        return Forecast { likely: now, earliest: now, latest: now, rate_window };
    }
    if !rate.is_known || (rate.worst_bad <= 0.0 && budget.bad() == 0) {
        return Forecast { rate_window, ..Forecast::default() };
    }
    let permitted = target.allowed() as f64 / Objective::SCALE as f64;
    // What is left after so long, but for new errors.
    let left_at = |ahead_ms: i64| {
        let gone = leaving(ahead_ms);
        let allowed = budget.allowed.events() - gone.allowed.events();
        let kept_bad = budget.bad().saturating_sub(gone.bad());
        allowed.max(0.0) + permitted * rate.total * ahead_ms as f64 - kept_bad as f64
    };
    let horizon_ms = millis(horizon);
    let step_ms = (horizon_ms / STEPS_MIN).clamp(MINUTE_MS, HOUR_MS);
    let mut ends = [Course::new(rate.worst_bad), Course::new(rate.bad), Course::new(rate.best_bad)];
    let mut left = left_at(0);
    for step in 1..=(horizon_ms / step_ms).min(STEPS_MAX) {
        let next = left_at(step * step_ms);
        for course in &mut ends {
            course.step(step, step_ms, left, next);
        }
        left = next;
        if ends.iter().all(|it| it.end.is_some()) {
            break;
        }
    }
    let [earliest, likely, latest] = ends.map(|it| it.end);
    Forecast { likely, earliest, latest, rate_window }
}

/// One way in which it may go on.
#[derive(Debug, Clone, Copy)]
struct Course {
    bad_per_ms: f64,
    end: Option<SignedDuration>,
}

impl Course {
    fn new(bad_per_ms: f64) -> Self {
        Self { bad_per_ms, end: None }
    }

    /// Looks for the end in one step, at whose ends so much would be left without new errors.
    fn step(&mut self, step: i64, step_ms: i64, left: f64, next: f64) {
        let spent = |steps: i64| self.bad_per_ms * (steps * step_ms) as f64;
        let (left, next) = (left - spent(step - 1), next - spent(step));
        if self.end.is_none() && next < 0.0 {
            let share = if 0.0 < left { left / (left - next) } else { 0.0 };
            self.end = Some(between(step - 1, step_ms, share));
        }
    }
}

/// `share` of the way through the step after `steps` of them.
fn between(steps: i64, step_ms: i64, share: f64) -> SignedDuration {
    #[expect(clippy::cast_possible_truncation, reason = "a share of at most an hour")]
    let part_ms = (step_ms as f64 * share) as i64;
    let total_ms = steps * step_ms + part_ms;
    SignedDuration::from_millis(total_ms - total_ms % MINUTE_MS)
}

/// How many events a window of which `seen` is over will have after `ahead` more, with the traffic of `rate`: rounded
/// down. Nothing when the rate is not known.
///
/// The number is meant to be recorded, so that what is decided by it can be decided again.
pub fn expected_total(seen: u64, rate: &WindowCounts, ahead: SignedDuration) -> Option<u64> {
    let known_ms = u128::try_from(millis(rate.known)).ok().filter(|it| 0 < *it)?;
    let ahead_ms = u128::from(millis(ahead).max(0).unsigned_abs());
    let coming = u128::from(rate.counts.total) * ahead_ms / known_ms;
    Some(seen.saturating_add(u64::try_from(coming).unwrap_or(u64::MAX)))
}

#[cfg(test)]
mod tests;
