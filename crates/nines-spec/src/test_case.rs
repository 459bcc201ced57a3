//! Unit tests of a configuration: what goes in on virtual time, and what must come out. Plain data.

use std::str::FromStr;

use jiff::{SignedDuration, Timestamp};
use nines_alert::rule::trial::InputSeries;
use nines_base::{Labels, Matcher, Origin};
use nines_release::{Change, Verdict};
use nines_slo::{SloName, SloState};

/// One test.
#[derive(Debug, Clone, PartialEq)]
pub struct TestCase {
    /// For people; unique only by habit.
    pub name: String,
    /// Files and folders of the configuration under test, relative to the test's own folder.
    pub uses: Vec<String>,
    /// When it is played.
    pub clock: TestClock,
    /// What happens.
    pub inputs: Vec<TestInput>,
    /// What else happens, oldest first.
    pub happenings: Vec<Happening>,
    /// What must come of it, oldest first.
    pub expectations: Vec<Expectation>,
    /// Where it was written.
    pub origin: Origin,
}

/// The virtual clock of a test.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TestClock {
    /// The first evaluation.
    pub start: Timestamp,
    /// From one evaluation to the next; above zero.
    pub step: SignedDuration,
    /// The last evaluation is not later than this after the start.
    pub run: SignedDuration,
}

/// What happens in a test.
#[derive(Debug, Clone, PartialEq)]
pub enum TestInput {
    /// Events of an SLI.
    Slo(SloInput),
    /// Samples, in promtool's notation: the first at the start, then one a step.
    Series(InputSeries),
}

/// Something that happens once.
#[derive(Debug, Clone, PartialEq)]
pub struct Happening {
    /// When.
    pub at: Timestamp,
    /// What.
    pub what: HappeningKind,
    /// Where it was written.
    pub origin: Origin,
}

/// What happens once.
#[derive(Debug, Clone, PartialEq)]
pub enum HappeningKind {
    /// Somebody says that an alert fires.
    Fires {
        /// The alert.
        labels: Labels,
        /// For people.
        annotations: Labels,
    },
    /// And that it is over.
    Ends {
        /// The alert.
        labels: Labels,
    },
    /// A silence begins.
    Silence {
        /// All must match.
        matchers: Vec<Matcher>,
        /// Its end.
        until: Timestamp,
    },
    /// Somebody is on call beside, or instead of, whom the files say.
    Override {
        /// For which schedule.
        schedule: String,
        /// Who.
        person: String,
        /// Instead of whom, while they are on call.
        instead_of: Option<String>,
        /// Its end.
        until: Timestamp,
    },
    /// Somebody acknowledges everything.
    Ack {
        /// Who.
        person: String,
    },
    /// Somebody is not able, and says so.
    NotAble {
        /// Who.
        person: String,
    },
}

/// Events of one SLI.
#[derive(Debug, Clone, PartialEq)]
pub struct SloInput {
    /// Whose.
    pub slo: SloName,
    /// Put on its series, so that groups can be told apart.
    pub labels: Labels,
    /// Events come since so long before the start.
    pub history: SignedDuration,
    /// How many, while no fault says otherwise.
    pub total: Rate,
    /// HappeningKind goes wrong. Where two overlap the later in the list holds.
    pub faults: Vec<Fault>,
    /// Where it was written.
    pub origin: Origin,
}

/// Events per time: `300/min`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    /// So many.
    pub events: u64,
    /// In so long; above zero.
    pub per: SignedDuration,
}

/// Reads `300/min`, `5/s`, `1000/h`, `20/d`.
impl FromStr for Rate {
    type Err = RateError;

    fn from_str(text: &str) -> Result<Self, RateError> {
        let error = || RateError { text: text.to_owned() };
        let (events, unit) = text.split_once('/').ok_or_else(error)?;
        let events = events.trim().parse().map_err(|_| error())?;
        let seconds = match unit.trim() {
            "s" | "sec" => 1,
            "m" | "min" => 60,
            "h" | "hour" => 3_600,
            "d" | "day" => 86_400,
            _ => return Err(error()),
        };
        Ok(Self { events, per: SignedDuration::from_secs(seconds) })
    }
}

/// A text that is no rate.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not a rate; write events per `s`, `min`, `h` or `d`, e.g. `300/min`")]
pub struct RateError {
    /// HappeningKind was written.
    pub text: String,
}

/// HappeningKind goes wrong in (`from`, `to`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fault {
    /// When it begins.
    pub from: Timestamp,
    /// When it is over.
    pub to: Timestamp,
    /// The bad share of events, in billionths.
    pub bad: u64,
    /// How many events come meanwhile, if not as many as usual.
    pub total: Option<Rate>,
    /// No sample arrives meanwhile; events go on.
    pub is_silent: bool,
}

/// What must be so at one instant.
#[derive(Debug, Clone, PartialEq)]
pub struct Expectation {
    /// When; looked at after the last evaluation that is not later.
    pub at: Timestamp,
    /// How alerts and pages are compared.
    pub lists: Lists,
    /// The alerts that fire.
    pub alerts: Option<Vec<ExpectedAlert>>,
    /// The pages since the last expectation of pages, or since the start.
    pub pages: Option<Vec<ExpectedPage>>,
    /// People who have not been paged since the start.
    pub not_paged: Vec<String>,
    /// How budgets stand.
    pub budgets: Vec<ExpectedBudget>,
    /// In which state SLOs are.
    pub states: Vec<ExpectedState>,
    /// HappeningKind a gate says.
    pub decisions: Vec<ExpectedDecision>,
    /// Where it was written.
    pub origin: Origin,
}

/// How a list of what is expected is compared with what is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lists {
    /// Nothing else may be there.
    Exact,
    /// More may be there.
    Contained,
}

/// One goal of an SLO; what is not said may be anything.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct GoalName {
    /// `service/slo`.
    pub slo: Option<String>,
    /// The objective's name.
    pub objective: Option<String>,
    /// As it is written, such as `28d` or `month`.
    pub window: Option<String>,
}

/// An alert that fires; what is not said may be anything.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExpectedAlert {
    /// For burn alerts.
    pub goal: GoalName,
    /// All of these labels.
    pub labels: Labels,
    /// Where it was written.
    pub origin: Origin,
}

/// A message that left.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExpectedPage {
    /// To whom.
    pub person: Option<String>,
    /// How: `inbox`, `webhook`, `email`.
    pub channel: Option<String>,
    /// When, in whole seconds.
    pub at: Option<Timestamp>,
    /// HappeningKind its text says, such as `on call for schedule shop`.
    pub because: Option<String>,
    /// Where it was written.
    pub origin: Origin,
}

/// How a budget stands; what is not said may be anything.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExpectedBudget {
    /// Whose.
    pub goal: GoalName,
    /// All events of the window.
    pub total: Option<u64>,
    /// The good ones.
    pub good: Option<u64>,
    /// The bad ones.
    pub bad: Option<u64>,
    /// HappeningKind is left, compared at the digits given.
    pub remaining: Option<Percent>,
    /// Where it was written.
    pub origin: Origin,
}

/// A percentage as it was written: `96.03%` is 9603 with two digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Percent {
    /// In the last digit that was given.
    pub value: i64,
    /// So many digits behind the point, at most 7.
    pub digits: u32,
}

/// In which state an SLO is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExpectedState {
    /// Which; without an objective or a window the SLO as a whole.
    pub goal: GoalName,
    /// In one word.
    pub state: SloState,
    /// Where it was written.
    pub origin: Origin,
}

/// HappeningKind a gate must say to a change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExpectedDecision {
    /// HappeningKind wants to proceed.
    pub change: Change,
    /// The answer.
    pub gate: Verdict,
    /// The level that rules.
    pub level: Option<String>,
    /// Why, in a word: `policy`, `no_data`, `young`, …
    pub cause: Option<String>,
    /// Where it was written.
    pub origin: Origin,
}
