//! What burn alerts do at steady traffic with steady errors, without playing it: detection, recovery, cost.
//!
//! All of it holds for windows of which all time is known, without bad events before the fault, and with so much
//! traffic that no guard wakes. Error shares are in billionths, as objectives are.

use jiff::SignedDuration;

use crate::time::millis;
use crate::wide::Wide;
use crate::{BurnFactor, BurnPair, Objective};

/// A share of 1.
const WHOLE: u64 = Objective::SCALE;

/// The bad time that `window` needs for a burn of `factor`: window · factor · (1 − objective) ÷ errors, in
/// milliseconds, rounded down. A burn is beyond the factor once there is more.
fn needed_ms(
    window: SignedDuration,
    factor: BurnFactor,
    objective: Objective,
    errors: u64,
) -> Option<i64> {
    let errors = errors.min(WHOLE);
    let share = u128::from(factor.0) * u128::from(objective.allowed());
    // As often as the factor allows, or less: it never fires.
    if u128::from(errors) * u128::from(BurnFactor::ONE.0) <= share {
        return None;
    }
    let window_ms = millis(window).max(0).unsigned_abs();
    let needed = Wide::product(share, u128::from(window_ms)).divided_by(errors * WHOLE);
    i64::try_from(needed).ok()
}

/// The first whole millisecond after so many and a rest.
fn after(whole_ms: i64) -> SignedDuration {
    SignedDuration::from_millis(whole_ms.saturating_add(1))
}

/// How long after the first error a pair holds: W · F · (1 − o) ÷ e. Nothing when it never does.
///
/// The long window decides; the short one has reached its share by then.
pub fn detection(pair: &BurnPair, objective: Objective, errors: u64) -> Option<SignedDuration> {
    needed_ms(pair.long.max(pair.short), pair.factor, objective, errors).map(after)
}

/// How long after a fault a pair that holds at its end goes on holding: until one of its windows has let go of enough.
/// Nothing when it does not hold at the end of the fault.
pub fn reset(
    pair: &BurnPair,
    objective: Objective,
    errors: u64,
    fault: SignedDuration,
) -> Option<SignedDuration> {
    let of = |window| over(window, pair.factor, objective, errors, fault);
    Some(of(pair.long)?.min(of(pair.short)?))
}

/// How long after a fault its alert recovers: until the burn over the SLO's shortest window is 1 again. Nothing when
/// it burns no faster at the end of the fault.
pub fn recovery(
    shortest: SignedDuration,
    objective: Objective,
    errors: u64,
    fault: SignedDuration,
) -> Option<SignedDuration> {
    over(shortest, BurnFactor::ONE, objective, errors, fault)
}

/// How long after a fault a window no longer burns faster than the factor.
fn over(
    window: SignedDuration,
    factor: BurnFactor,
    objective: Objective,
    errors: u64,
    fault: SignedDuration,
) -> Option<SignedDuration> {
    let needed_ms = needed_ms(window, factor, objective, errors)?;
    let window_ms = millis(window);
    (needed_ms < millis(fault).min(window_ms))
        .then(|| SignedDuration::from_millis(window_ms - needed_ms))
}

/// The share of the budget of a `period` that is gone when a pair holds: F · W ÷ P, in billionths, rounded down.
pub fn budget_share(pair: &BurnPair, period: SignedDuration) -> u64 {
    let length = |it: SignedDuration| millis(it).max(0).unsigned_abs();
    let spent = Wide::product(u128::from(pair.factor.0), u128::from(length(pair.long)));
    u64::try_from(spent.divided_by(length(period).max(1))).unwrap_or(u64::MAX)
}

/// The burn of a total outage: 1 ÷ (1 − o), rounded down to a billionth. Nothing where no event may be bad.
pub fn worst_burn(objective: Objective) -> Option<BurnFactor> {
    (BurnFactor::ONE.0 * WHOLE).checked_div(objective.allowed()).map(BurnFactor)
}

#[cfg(test)]
mod tests;
