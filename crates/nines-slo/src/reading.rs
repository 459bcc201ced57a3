//! The value of a counter as a whole number, and that of a gauge.

use serde::{Deserialize, Serialize};

use crate::ledger::Change;
use crate::series::Cumulative;

/// A usable value of a counter: not NaN, not negative, and below 4·10¹⁸ in its unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Reading {
    pub(crate) at_ms: i64,
    /// Events, or 10⁻ˢᶜᵃˡᵉ of them.
    events: i64,
}

impl Reading {
    /// Nothing for values that no counter has. Stale markers are NaN.
    ///
    /// Each cumulative value is rounded to 10⁻ˢᶜᵃˡᵉ once, so that errors of fractional counters do not add up.
    pub(crate) fn new(at_ms: i64, value: f64, scale: u8) -> Option<Self> {
        const LIMIT: f64 = 4e18;
        let events = (value * 10_f64.powi(i32::from(scale))).round();
        #[expect(clippy::cast_possible_truncation, reason = "the range is checked")]
        (0.0..LIMIT).contains(&events).then_some(Self { at_ms, events: events as i64 })
    }

    /// That a gauge was read; its value is kept elsewhere.
    pub(crate) fn of_gauge(at_ms: i64) -> Self {
        Self { at_ms, events: 0 }
    }
}

impl Cumulative for Reading {
    fn at_ms(&self) -> i64 {
        self.at_ms
    }

    fn increase_since(&self, earlier: &Self) -> Change {
        if self.events < earlier.events {
            return self.since_zero();
        }
        Change::same(self.events - earlier.events)
    }

    fn since_zero(&self) -> Change {
        Change::same(self.events)
    }
}

/// The value of a gauge in billionths, rounded half to even once; nothing for NaN. What is too large is as large as
/// can be written down.
pub(crate) fn billionths(value: f64) -> Option<i128> {
    const LIMIT: f64 = 1e27;
    if value.is_nan() {
        return None;
    }
    #[expect(clippy::cast_possible_truncation, reason = "clamped")]
    let billionths = (value * 1e9).round_ties_even().clamp(-LIMIT, LIMIT) as i128;
    Some(billionths)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_counter_is_rounded_to_its_scale() {
        let events = |value, scale| Reading::new(0, value, scale).map(|it| it.events);
        assert_eq!(events(0.3, 1), Some(3));
        assert_eq!(events(0.3, 0), Some(0));
        assert_eq!(events(-0.3, 1), None);
        assert_eq!(events(f64::NAN, 0), None);
        assert_eq!(events(5e9, 9), None);
    }

    #[test]
    fn a_gauge_is_rounded_to_the_digits_of_a_target() {
        assert_eq!(billionths(0.3), Some(300_000_000));
        assert_eq!(billionths(-1.5), Some(-1_500_000_000));
        assert_eq!(billionths(f64::NAN), None);
        assert_eq!(billionths(f64::INFINITY), billionths(1e300));
    }
}
