//! One alert of a rule: pending, firing, resolved.

use std::collections::BTreeMap;
use std::fmt;

use jiff::{SignedDuration, Timestamp};
use nines_base::Labels;

use super::RESEND_DELAY;

/// How far an alert is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum AlertState {
    /// It was firing; its series has gone.
    Inactive,
    /// Its series is there, but not for long enough.
    Pending,
    /// It fires.
    Firing,
}

/// The words of the HTTP API and of `ALERTS`.
impl fmt::Display for AlertState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Inactive => "inactive",
            Self::Pending => "pending",
            Self::Firing => "firing",
        })
    }
}

/// One alert of a rule.
#[derive(Debug, Clone, PartialEq)]
pub struct RuleAlert {
    /// The identity: the series' labels and the rule's, `alertname` included.
    pub labels: Labels,
    /// As of the last evaluation that had its series.
    pub annotations: BTreeMap<String, String>,
    /// As of the last evaluation that had its series.
    pub value: f64,
    /// How far it is.
    pub state: AlertState,
    /// Since when its series is there.
    pub active_at: Timestamp,
    /// Since when it fires.
    pub fired_at: Option<Timestamp>,
    /// When it ended.
    pub resolved_at: Option<Timestamp>,
    /// Since when it fires without its series.
    pub keep_firing_since: Option<Timestamp>,
    /// When others heard of it last.
    pub sent_at: Option<Timestamp>,
    /// Until when those who heard of it shall believe it.
    pub valid_until: Option<Timestamp>,
}

impl RuleAlert {
    /// Whether it is pending or firing.
    pub fn is_active(&self) -> bool {
        self.resolved_at.is_none()
    }

    /// Whether others must hear of it now: a firing one now and then, a resolved one at once, then now and then.
    pub(super) fn is_due(&self, at: Timestamp) -> bool {
        if self.state == AlertState::Pending {
            return false;
        }
        let Some(sent_at) = self.sent_at else { return true };
        let resolved_since = self.resolved_at.is_some_and(|it| sent_at < it);
        resolved_since || sent_at.saturating_add(RESEND_DELAY).is_ok_and(|it| it < at)
    }

    /// Notes that others hear of it now; they shall believe it for four times as long as it takes to tell again.
    pub(super) fn send(&mut self, at: Timestamp, interval: SignedDuration) {
        let pause = RESEND_DELAY.max(interval);
        self.sent_at = Some(at);
        self.valid_until = at.saturating_add(pause.saturating_mul(4)).ok();
    }
}
