//! The outbox: messages that must reach somebody, from the order to the receipt.
//!
//! ```text
//! waiting ─► sending(n) ─► accepted
//!    ▲           ├─► waiting (temporary; later, and not for ever)
//!    │           ├─► refused
//!    └───────────┴─► unknown: sent again, marked, where a repeat does less harm than a loss
//! any of the first two ─► cancelled
//! ```
//! A message that nobody could deliver goes another way: a page to the person's next contact, a notice to the receiver
//! that its own names as fallback. A provider that fails again and again is left alone for a while.
//!
//! `AttemptStarted` is durable before the first byte leaves, so that a restart can tell *never started*
//! from *unknown*.

mod breaker;

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use nines_alert::AlertKey;
use nines_alert::dispatch::Notice;
use nines_oncall::EscalationId;
use nines_port::{Channel, Delivery, Payload, Urgency};
use serde::{Deserialize, Serialize};

pub use breaker::Breakers;

/// After this a page that could not be delivered is given up; the escalation goes on without it.
const PAGE_DEADLINE: SignedDuration = SignedDuration::from_mins(10);
/// The same for what wakes nobody.
const NOTICE_DEADLINE: SignedDuration = SignedDuration::from_hours(1);
/// The wait after the first failure; each later one is half as long again.
const RETRY_FIRST: SignedDuration = SignedDuration::from_millis(500);
/// The longest wait between two attempts.
const RETRY_MAX: SignedDuration = SignedDuration::from_secs(60);
/// A message that fails for so long goes another way too.
const DETOUR_AFTER: SignedDuration = SignedDuration::from_mins(2);
/// More attempts than the deadlines leave time for; a bound all the same.
const ATTEMPTS_MAX: u32 = 100;

/// Names one intent: the escalation, and which message of it.
pub type IntentId = String;

/// What a message is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Purpose {
    /// Somebody must answer.
    Page,
    /// Whoever was told learns that it is over.
    Resolved,
    /// A receiver hears of a group.
    Notice,
    /// Somebody should know of it, and need not answer.
    Told,
    /// Somebody wants to know whether a person can be reached.
    Test,
}

/// What goes first, when more waits than can be sent at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Class {
    /// Somebody must act now.
    Page,
    /// Somebody waits to see whether a message arrives.
    Verification,
    /// Somebody is told of a change of duty.
    HandOff,
    /// Somebody should act within days, or a chat hears of a group.
    Ticket,
    /// It is over.
    Status,
}

/// Integrations that wake people themselves.
const PAGING_KINDS: &[&str] = &["pagerduty", "opsgenie", "victorops", "pushover"];

/// The order to send one message. Its words never change, so every attempt sends the same.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Intent {
    /// Unique.
    pub id: IntentId,
    /// What ordered it; a notice to a receiver has none.
    pub escalation: Option<EscalationId>,
    /// What it is about.
    pub alert: AlertKey,
    /// What it is for.
    pub purpose: Purpose,
    /// Whom it may wake.
    pub urgency: Urgency,
    /// To whom.
    pub person: String,
    /// Where to.
    pub channel: Channel,
    /// Not before then.
    pub due: Timestamp,
    /// One line.
    pub subject: String,
    /// Several lines, without the link to acknowledge.
    pub text: String,
    /// For machines.
    pub details: BTreeMap<String, String>,
    /// What a receiver is told of which group.
    #[serde(default)]
    pub notice: Option<Notice>,
    /// How the receiver is told.
    #[serde(default)]
    pub payload: Option<Arc<Payload>>,
}

impl Intent {
    /// Whether it only proves that messages arrive; see [`crate::Command::Watch`].
    pub fn is_to_ourselves(&self) -> bool {
        matches!(&self.channel, Channel::Receiver { kind, .. } if kind == crate::LOOPBACK)
    }

    /// Which class it belongs to.
    pub fn class(&self) -> Class {
        match (self.purpose, self.urgency) {
            (Purpose::Page, Urgency::Page) => Class::Page,
            (Purpose::Page, Urgency::Ticket) => Class::Ticket,
            (Purpose::Test, _) => Class::Verification,
            (Purpose::Told, _) => Class::HandOff,
            (Purpose::Resolved, _) => Class::Status,
            (Purpose::Notice, _) => match &self.channel {
                Channel::Receiver { kind, .. } if PAGING_KINDS.contains(&kind.as_str()) => {
                    Class::Page
                }
                _ => Class::Ticket,
            },
        }
    }

    /// What goes first among those of one class: the worst. Unknown severities are the mildest.
    pub fn severity_rank(&self) -> u8 {
        match self.details.get("severity").map_or("", String::as_str) {
            "page" | "critical" => 0,
            "ticket" | "warning" => 1,
            _ => 2,
        }
    }
}

/// What happened to an intent. Journaled: a released shape never changes, a new one is a new version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Fact {
    /// It must be sent.
    Recorded(Arc<Intent>),
    /// The first byte may leave now.
    AttemptStarted {
        /// Counts from 1.
        attempt: u32,
    },
    /// The channel said this.
    ReceiptRecorded {
        /// Counts from 1.
        attempt: u32,
        /// What it said.
        delivery: Delivery,
        /// After a failure that may pass: when to try again.
        retry_at: Option<Timestamp>,
    },
    /// The process ended while sending; nobody knows whether it arrived.
    OutcomeLost {
        /// Counts from 1.
        attempt: u32,
        /// Whether it is sent again, marked as a possible repeat.
        again: bool,
    },
    /// It need not be sent any more.
    Cancelled {
        /// Why.
        why: CancelReason,
    },
    /// It is sent at another time than it was to be.
    Moved {
        /// When.
        not_before: Timestamp,
        /// Why.
        why: MoveReason,
    },
}

/// Why an intent is sent earlier or later.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum MoveReason {
    /// The provider fails, and is left alone for a while.
    ProviderFails,
    /// An earlier contact of the same person cannot be reached, so this one need not wait.
    EarlierContactFails,
}

/// Why an intent need not be sent any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum CancelReason {
    /// Somebody answered.
    Acknowledged,
    /// The alert is over.
    Resolved,
    /// A newer message says what is true now.
    Superseded,
}

/// Where an intent stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Phase {
    /// To be sent at or after then.
    Waiting {
        /// When.
        not_before: Timestamp,
    },
    /// Being sent.
    Sending,
    /// The channel has it.
    Accepted {
        /// The channel's reference.
        reference: String,
        /// When.
        at: Timestamp,
    },
    /// It will not be sent again, and did not arrive.
    Failed {
        /// In the channel's words.
        reason: String,
        /// When.
        at: Timestamp,
    },
    /// It may have arrived, and is not sent again.
    Unknown {
        /// When.
        at: Timestamp,
    },
    /// It was not needed any more.
    Cancelled {
        /// Why.
        why: CancelReason,
        /// When.
        at: Timestamp,
    },
}

/// The fold of one intent's facts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outgoing {
    /// The order.
    pub intent: Arc<Intent>,
    /// The journal's sequence number of the order; acknowledge links carry it.
    pub seq: u64,
    /// When it was ordered.
    pub recorded_at: Timestamp,
    /// Where it stands.
    pub phase: Phase,
    /// Attempts that were started.
    pub attempts: u32,
    /// Whether an earlier attempt may have arrived.
    pub possible_repeat: bool,
    /// What the last failure said.
    pub last_error: Option<String>,
    /// When the first attempt began.
    pub first_attempt_at: Option<Timestamp>,
}

impl Outgoing {
    /// A fresh order.
    pub fn new(intent: Arc<Intent>, recorded_at: Timestamp, seq: u64) -> Self {
        let phase = Phase::Waiting { not_before: intent.due };
        let (attempts, possible_repeat, last_error, first_attempt_at) = (0, false, None, None);
        Self {
            intent,
            seq,
            recorded_at,
            phase,
            attempts,
            possible_repeat,
            last_error,
            first_attempt_at,
        }
    }

    /// When it should be sent, if it waits.
    pub fn not_before(&self) -> Option<Timestamp> {
        match self.phase {
            Phase::Waiting { not_before } => Some(not_before),
            _ => None,
        }
    }

    /// Whether nothing will happen to it any more.
    pub fn is_closed(&self) -> bool {
        !matches!(self.phase, Phase::Waiting { .. } | Phase::Sending)
    }

    fn deadline(&self) -> Timestamp {
        let wait = match self.intent.urgency {
            Urgency::Page => PAGE_DEADLINE,
            Urgency::Ticket => NOTICE_DEADLINE,
        };
        self.intent.due.max(self.recorded_at) + wait
    }

    /// The fact of beginning an attempt, if it is due.
    pub fn start(&self, now: Timestamp) -> Option<Fact> {
        let due = self.not_before().is_some_and(|it| it <= now);
        due.then_some(Fact::AttemptStarted { attempt: self.attempts + 1 })
    }

    /// The fact of a receipt; one for another attempt than the running one is no news.
    ///
    /// `jitter` lies in 0…1 and spreads retries by half their length to both sides.
    pub fn receive(
        &self,
        attempt: u32,
        delivery: Delivery,
        now: Timestamp,
        jitter: f64,
    ) -> Option<Fact> {
        if self.phase != Phase::Sending || attempt != self.attempts {
            return None;
        }
        let retry_at = match &delivery {
            Delivery::Temporary { after, .. } => self.retry_at(now, jitter, *after),
            Delivery::Unknown { .. } if self.repeats_unknown() => self.retry_at(now, jitter, None),
            _ => None,
        };
        Some(Fact::ReceiptRecorded { attempt, delivery, retry_at })
    }

    /// The fact of a restart in the middle of an attempt.
    pub fn lose_outcome(&self) -> Option<Fact> {
        let attempt = self.attempts;
        let again = self.repeats_unknown();
        (self.phase == Phase::Sending).then_some(Fact::OutcomeLost { attempt, again })
    }

    /// The fact of not being needed any more, unless it is done or on its way.
    pub fn cancel(&self, why: CancelReason) -> Option<Fact> {
        self.not_before().map(|_| Fact::Cancelled { why })
    }

    /// The fact of another time to be sent at, for one that waits.
    pub fn move_to(&self, not_before: Timestamp, why: MoveReason) -> Option<Fact> {
        self.not_before().filter(|it| *it != not_before).map(|_| Fact::Moved { not_before, why })
    }

    /// Whether it should go another way too: it was refused, given up, or fails for long.
    pub fn needs_detour(&self, now: Timestamp) -> bool {
        let fails_since = self.first_attempt_at.filter(|_| self.last_error.is_some());
        match self.phase {
            Phase::Failed { .. } => true,
            Phase::Waiting { .. } => fails_since.is_some_and(|it| it + DETOUR_AFTER <= now),
            _ => false,
        }
    }

    /// Whether it is sent again when nobody knows whether it arrived. Where repeats are dropped, always. Elsewhere a
    /// lost page is worse than one marked repeat, and a lost notice is not.
    fn repeats_unknown(&self) -> bool {
        let page = self.intent.purpose == Purpose::Page && !self.possible_repeat;
        page || self.intent.channel.drops_repeats()
    }

    /// A provider may ask for a longer wait than ours.
    fn retry_at(
        &self,
        now: Timestamp,
        jitter: f64,
        after: Option<SignedDuration>,
    ) -> Option<Timestamp> {
        let exponent = i32::try_from(self.attempts.saturating_sub(1).min(16)).unwrap_or(16);
        let wait = RETRY_FIRST.as_secs_f64() * 1.5_f64.powi(exponent);
        let wait = wait.min(RETRY_MAX.as_secs_f64()) * (0.5 + jitter.clamp(0.0, 1.0));
        let wait = SignedDuration::from_secs_f64(wait).max(after.unwrap_or_default());
        let at = now + wait;
        (at <= self.deadline() && self.attempts < ATTEMPTS_MAX).then_some(at)
    }

    /// Applies one fact that was recorded at `at`.
    pub fn evolve(&mut self, fact: &Fact, at: Timestamp) {
        match fact {
            Fact::Recorded(_) => {}
            Fact::AttemptStarted { attempt } => {
                self.attempts = *attempt;
                self.first_attempt_at = self.first_attempt_at.or(Some(at));
                self.phase = Phase::Sending;
            }
            Fact::ReceiptRecorded { delivery, retry_at, .. } => {
                self.last_error = match delivery {
                    Delivery::Accepted { .. } => None,
                    Delivery::Temporary { reason, .. }
                    | Delivery::Refused { reason }
                    | Delivery::Unknown { reason } => Some(reason.clone()),
                };
                self.possible_repeat |= matches!(delivery, Delivery::Unknown { .. });
                self.phase = match (delivery, retry_at) {
                    (Delivery::Accepted { reference }, _) => {
                        Phase::Accepted { reference: reference.clone(), at }
                    }
                    (_, Some(not_before)) => Phase::Waiting { not_before: *not_before },
                    (Delivery::Unknown { .. }, None) => Phase::Unknown { at },
                    (Delivery::Temporary { reason, .. } | Delivery::Refused { reason }, None) => {
                        Phase::Failed { reason: reason.clone(), at }
                    }
                };
            }
            Fact::OutcomeLost { again, .. } => {
                self.possible_repeat = true;
                self.phase = match again {
                    true => Phase::Waiting { not_before: at },
                    false => Phase::Unknown { at },
                };
            }
            Fact::Cancelled { why } => self.phase = Phase::Cancelled { why: *why, at },
            Fact::Moved { not_before, .. } => {
                self.phase = Phase::Waiting { not_before: *not_before }
            }
        }
    }
}

#[cfg(test)]
mod tests;
