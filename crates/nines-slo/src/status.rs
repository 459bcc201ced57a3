//! How an SLO stands: plain data for people, gates and metrics.

use jiff::{SignedDuration, Timestamp};

use crate::{
    Allowed, Bounds, Objective, PairStatus, Permitted, Severity, SloName, Window, WindowCounts,
};

/// How one SLO stands at an instant.
#[derive(Debug, Clone, PartialEq)]
pub struct SloStatus {
    /// Which.
    pub name: SloName,
    /// In one word, that of its worst goal.
    pub state: SloState,
    /// The gravest alert that fires, as of the last evaluation.
    pub firing: Option<Severity>,
    /// Every budget, in the order of [`crate::Slo::goals`]; never empty.
    pub goals: Vec<GoalStatus>,
    /// The latest sample of a series that counts all events.
    pub last_sample: Option<Timestamp>,
    /// The good share of the shortest window; nothing without events.
    pub now_ratio: Option<f64>,
    /// Why the numbers should not be believed.
    pub suspect: Option<Suspect>,
}

impl SloStatus {
    /// The first goal, which stands for the SLO where there is room for one.
    ///
    /// # Panics
    /// Without goals; the tracker gives every status one.
    pub fn primary(&self) -> &GoalStatus {
        self.goals.first().expect("an SLO has a goal")
    }
}

/// How one budget stands at an instant.
#[derive(Debug, Clone, PartialEq)]
pub struct GoalStatus {
    /// The objective's name.
    pub objective: String,
    /// The share that must be good now.
    pub target: Objective,
    /// The period of the budget.
    pub window: Window,
    /// The period itself; of a calendar window its end lies ahead.
    pub bounds: Bounds,
    /// The events of the period so far, under the overlays.
    pub budget: WindowCounts,
    /// As `budget`, before any overlay.
    pub raw: WindowCounts,
    /// The bad events that these many events permit.
    pub allowed: Allowed,
    /// The parts of the period under each version of the objective, oldest first.
    pub permitted: Vec<Permitted>,
    /// The names of the overlays that hold in some part of the period.
    pub overlays: Vec<String>,
    /// The overlay that silences burn alerts now.
    pub muted_by: Option<String>,
    /// Whether the counts are those that were sent, neither estimated nor rounded on the way.
    pub is_exact: bool,
    /// What is left: 1 is untouched, 0 is spent, negative is overspent; for people to read.
    pub remaining_ratio: f64,
    /// What is left, in billionths, rounded down; for decisions. Nothing when it cannot be known.
    pub remaining_billionths: Option<i128>,
    /// The budget of the whole period rather than of what was seen of it, see [`Basis::Whole`].
    pub whole: Standing,
    /// In one word.
    pub state: SloState,
    /// The gravest alert of this goal that fires, as of the last evaluation.
    pub firing: Option<Severity>,
    /// The burn pairs in their order.
    pub burns: Vec<PairStatus>,
    /// How long the budget lasts at the present rate; nothing when it outlives a window.
    pub exhausts_in: Option<SignedDuration>,
    /// As `exhausts_in`, with the errors of the worst quarter of the rate's window.
    pub exhausts_earliest: Option<SignedDuration>,
    /// As `exhausts_in`, with the errors of the best quarter of the rate's window.
    pub exhausts_latest: Option<SignedDuration>,
    /// The window whose rate `exhausts_in` goes on with.
    pub rate_window: SignedDuration,
}

impl GoalStatus {
    /// The budget on a basis.
    pub fn on(&self, basis: Basis) -> Standing {
        match basis {
            Basis::Whole => self.whole,
            Basis::Seen => Standing {
                total: self.budget.counts.total,
                allowed: self.allowed,
                remaining_ratio: self.remaining_ratio,
                remaining_billionths: self.remaining_billionths,
            },
        }
    }
}

/// Of how many events a budget is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Basis {
    /// Of those that were seen so far.
    Seen,
    /// Of those of the whole period: a rolling window of which a part is unknown is scaled to its full length, a
    /// calendar window has the total that was recorded as expected, or what was seen where none was.
    Whole,
}

/// A budget on one basis; the bad events are the same on each.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Standing {
    /// All events.
    pub total: u64,
    /// The bad events that they permit.
    pub allowed: Allowed,
    /// As [`GoalStatus::remaining_ratio`].
    pub remaining_ratio: f64,
    /// As [`GoalStatus::remaining_billionths`].
    pub remaining_billionths: Option<i128>,
}

/// How an SLO stands, in one word: the last that applies, where missing data hides the rest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum SloState {
    /// Nothing to do.
    Fine,
    /// A ticket fires.
    Ticket,
    /// A page fires.
    Page,
    /// Nothing is left of the budget.
    Spent,
    /// No sample for too long, or never one.
    NoData,
    /// Samples come, but nothing happened in the whole period.
    NoEvents,
}

/// Why the numbers of an SLO should not be believed.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Suspect {
    /// More good, or more bad, events than events in the last settled hour.
    PartExceedsTotal {
        /// All events.
        total: u64,
        /// The good or bad ones.
        part: u64,
    },
    /// The series of the good events was never seen, though that of all events was.
    GoodNeverSeen,
    /// The threshold is not a bound of the histogram's buckets.
    NoSuchBucket {
        /// The threshold.
        below: f64,
        /// The bounds next to it, at most two, rising.
        nearest: Vec<f64>,
    },
    /// A query gave a share of good events that is not between 0 and 1.
    NoRatio {
        /// What it gave.
        ratio: f64,
    },
    /// One histogram came as buckets and as a native histogram, one after the other, and was counted twice.
    CountedTwice,
    /// The numbers of a member of a composite should not be believed.
    Member {
        /// Which.
        slo: SloName,
    },
    /// Some series are not counted, because there are too many.
    TooManySeries {
        /// How many are counted.
        limit: usize,
    },
}
