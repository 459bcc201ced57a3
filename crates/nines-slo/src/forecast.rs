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

/// Steps grow with the way that lies behind them, so that what is far is looked at as precisely as what is near, and a
/// year takes little longer than a month.
const WAY_PER_STEP: i64 = 16;

/// No forecast takes more steps; 400 days need some 130.
const STEPS_MAX: usize = 1_000;

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
/// Hourly steps, growing ones after sixteen hours, up to `horizon`: the events of `rate` come in under `target`, and what
/// is older than the window leaves.
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
    let shortest_ms = (horizon_ms / STEPS_MIN).clamp(MINUTE_MS, HOUR_MS);
    let mut courses = [rate.worst_bad, rate.bad, rate.best_bad].map(Course::new);
    let (mut now_ms, mut left) = (0, left_at(0));
    for _ in 0..STEPS_MAX {
        if horizon_ms <= now_ms || courses.iter().all(|it| it.end.is_some()) {
            break;
        }
        let next_ms = horizon_ms.min(now_ms + shortest_ms.max(now_ms / WAY_PER_STEP));
        let next = left_at(next_ms);
        for course in &mut courses {
            course.step((now_ms, left), (next_ms, next));
        }
        (now_ms, left) = (next_ms, next);
    }
    let [earliest, likely, latest] = courses.map(|it| it.end);
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

    /// Looks for the end between two moments, at which so much would be left without new errors.
    fn step(&mut self, (from_ms, left): (i64, f64), (to_ms, next): (i64, f64)) {
        let spent = |at_ms: i64| self.bad_per_ms * at_ms as f64;
        let (left, next) = (left - spent(from_ms), next - spent(to_ms));
        if self.end.is_none() && next < 0.0 {
            let share = if 0.0 < left { left / (left - next) } else { 0.0 };
            #[expect(clippy::cast_possible_truncation, reason = "a share of one step")]
            let part_ms = ((to_ms - from_ms) as f64 * share) as i64;
            let end_ms = from_ms + part_ms;
            self.end = Some(SignedDuration::from_millis(end_ms - end_ms % MINUTE_MS));
        }
    }
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
