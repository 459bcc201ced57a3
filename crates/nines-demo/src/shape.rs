//! How busy the shop is at which time of day. Pure: the live traffic and the history share it.

use std::f64::consts::TAU;

use jiff::Timestamp;

/// Requests per second at the gateway when the shop is busiest.
pub(crate) const PEAK_PER_SECOND: f64 = 40.0;

/// What is left of the traffic in the quietest hour.
const NIGHT_RATIO: f64 = 0.35;

/// The busiest hour of the day, in UTC.
const PEAK_HOUR: f64 = 15.0;

const DAY_SECONDS: i64 = 86_400;

/// The traffic at `at` relative to the daily peak: 1 at 15:00 UTC, 0.35 at 03:00 UTC, a cosine between.
pub fn shape(at: Timestamp) -> f64 {
    let second_of_day = at.as_second().rem_euclid(DAY_SECONDS);
    let turns = second_of_day as f64 / DAY_SECONDS as f64 - PEAK_HOUR / 24.0;
    let middle = f64::midpoint(1.0, NIGHT_RATIO);
    middle + (1.0 - middle) * (turns * TAU).cos()
}

#[cfg(test)]
mod tests;
