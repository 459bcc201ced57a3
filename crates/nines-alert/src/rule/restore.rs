//! After a restart: since when alerts have been active, read from what was written before.
//!
//! Source: Prometheus, `rules`, restoring the "for" state.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use nines_base::{Labels, METRIC_NAME, Matcher, Sample, is_stale};
use nines_promql::{SelectLimits, SeriesSource, SourceError};

use super::{ALERT_NAME, ALERTS_FOR_STATE, AlertRule, Alerting, Rule};

/// What was active longer ago than this begins anew.
pub const OUTAGE_TOLERANCE: SignedDuration = SignedDuration::from_hours(1);
/// After a restart an alert waits at least so long before it fires, if it was not firing before and waits longer
/// than this at all.
pub const FOR_GRACE_PERIOD: SignedDuration = SignedDuration::from_mins(10);

impl Alerting {
    /// Gives every alert the beginning that it had before a restart.
    ///
    /// # Errors
    /// The past cannot be read; the alerts begin anew then.
    pub(super) fn restore(
        &mut self,
        (rule, alert): (&Rule, &AlertRule),
        at: Timestamp,
        source: &dyn SeriesSource,
        limits: &SelectLimits,
    ) -> Result<(), SourceError> {
        self.is_restored = true;
        if alert.hold < FOR_GRACE_PERIOD {
            return Ok(());
        }
        let past = past(rule, at, source, limits)?;
        for (labels, known) in &mut self.active {
            if let Some(last) = past.get(labels).filter(|it| !is_stale(it.value)) {
                known.active_at = restored(*last, alert.hold, at).unwrap_or(known.active_at);
            }
        }
        Ok(())
    }
}

/// The last sample of `ALERTS_FOR_STATE` by the labels of alerts.
fn past(
    rule: &Rule,
    at: Timestamp,
    source: &dyn SeriesSource,
    limits: &SelectLimits,
) -> Result<BTreeMap<Labels, Sample>, SourceError> {
    let matchers =
        [Matcher::equal(METRIC_NAME, ALERTS_FOR_STATE), Matcher::equal(ALERT_NAME, &rule.name)];
    let to_ms = at.as_millisecond();
    let tolerance_ms = i64::try_from(OUTAGE_TOLERANCE.as_millis()).unwrap_or(0);
    let series = source.select(&matchers, to_ms.saturating_sub(tolerance_ms), to_ms, limits)?;
    let last = series.into_iter().filter_map(|it| {
        let sample = it.samples.last().copied()?;
        Some((it.labels.with(METRIC_NAME, ""), sample))
    });
    Ok(last.collect())
}

/// Since when an alert counts as active that was last seen with `last`.
fn restored(last: Sample, hold: SignedDuration, at: Timestamp) -> Option<Timestamp> {
    let down_at = Timestamp::from_millisecond(last.at_ms).ok()?;
    #[expect(clippy::cast_possible_truncation, reason = "whole seconds were written")]
    let active_at = Timestamp::from_second(last.value as i64).ok()?;
    let remaining = hold.checked_sub(down_at.duration_since(active_at))?;
    if remaining <= SignedDuration::ZERO {
        // It was firing, and is again with the next evaluation.
        return Some(active_at);
    }
    if remaining < FOR_GRACE_PERIOD {
        return at.checked_add(FOR_GRACE_PERIOD).ok()?.checked_sub(hold).ok();
    }
    // Time that nobody watched does not count.
    active_at.checked_add(at.duration_since(down_at)).ok()
}
