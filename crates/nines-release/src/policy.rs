//! Policies as configured: levels, rules, effects, and what may override them.

use std::fmt;

use jiff::{SignedDuration, Timestamp};
use nines_base::Origin;
use serde::{Deserialize, Serialize};

use crate::condition::{Atom, Condition, FlagField, Order, ShareField};
use crate::decision::{Cause, ChangeKind, Verdict};
use crate::rulebook::Scope;

/// The name of the level at which no level is active.
pub const NORMAL: &str = "normal";

/// What a budget permits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    /// Unique, such as `tier1`.
    pub name: String,
    /// The teams that keep it.
    pub owners: Vec<String>,
    /// Who may claim exemptions: people, schedules, or escalations, whose members may.
    pub approvers: Vec<String>,
    /// When it must have been looked at again.
    pub revisit: Option<Timestamp>,
    /// Whether it decides, or only says what it would decide.
    pub mode: Mode,
    /// What it rules.
    pub scope: Scope,
    /// Which budgets it looks at, and how.
    pub budget: BudgetView,
    /// Mildest first; the worst that is active names the state.
    pub levels: Vec<Level>,
    /// Without hysteresis.
    pub rules: Vec<Rule>,
    /// When no change may proceed, whatever the budget is.
    pub calendar: Vec<Freeze>,
    /// What an open incident does.
    pub open_incident: OnOpenIncident,
    /// What a frozen dependency does.
    pub dependency: OnDependency,
    /// What becomes of what is not known.
    pub unknown: Unknowns,
    /// Who may override a decision, and how often; nobody when absent.
    pub overrides: Option<Overrides>,
    /// Names its contents: `sha256:…` over [`Policy::canonical`]. Set by who reads it.
    pub digest: String,
    /// Where it was written.
    pub origin: Origin,
}

/// Whether a policy decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// It decides.
    Enforce,
    /// It decides and records, and never blocks.
    Shadow,
}

/// `enforce`, `shadow`.
impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Enforce => "enforce",
            Self::Shadow => "shadow",
        })
    }
}

/// Which budgets a policy looks at, and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BudgetView {
    /// Only objectives of this name; `None` is all.
    pub objective: Option<String>,
    /// Only budgets over this window, as it is written; `None` is all.
    pub window: Option<String>,
    /// What the allowed events are counted from.
    pub basis: Basis,
    /// The least share of the window with known data, in billionths. Below it a budget can close, but not open.
    pub min_coverage: u64,
}

/// What the allowed events are counted from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Basis {
    /// The events so far.
    Seen,
    /// The events of the whole period, as expected.
    Whole,
}

/// A state of a policy, with hysteresis.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Level {
    /// Unique in the policy.
    pub name: String,
    /// Makes it active at once.
    pub enter: Condition,
    /// Ends it, once it has held for `hold`.
    pub leave: Condition,
    /// How long `leave` must hold without a break.
    pub hold: SignedDuration,
    /// What it does while it is active.
    pub effects: Effects,
}

/// Effects while a condition holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    /// Unique in the policy; `rule 1` when none is written.
    pub name: String,
    /// While this holds.
    pub when: Condition,
    /// This is done.
    pub then: Effects,
}

/// What a level or a rule does. Of several that are active the strictest value counts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Effects {
    /// A change may reach at most this share of users at once, in billionths.
    pub max_step: Option<u64>,
    /// Each step must last so long.
    pub min_bake: Option<SignedDuration>,
    /// At most one change in so long.
    pub batch: Option<SignedDuration>,
    /// So many people, not the author, must have approved.
    pub approvals: u32,
    /// Nothing may proceed, without exemptions.
    pub hold: bool,
    /// Nothing may proceed, but what is exempt.
    pub freeze: bool,
    /// What a freeze does not stop.
    pub exempt: Vec<Claim>,
    /// A work item for this team.
    pub ticket: Option<String>,
    /// These are told: an escalation, or the team that routes know.
    pub notify: Option<String>,
    /// The service is scraped so often.
    pub scrape: Option<SignedDuration>,
    /// A postmortem is required.
    pub postmortem: bool,
    /// An action of this priority is required.
    pub action: Option<String>,
    /// A plan item of this priority is required.
    pub plan_item: Option<String>,
}

impl Effects {
    /// Whether it can make an answer anything but *open*.
    pub fn restricts(&self) -> bool {
        self.blocks() || self.limits()
    }

    /// Whether it stops changes.
    pub fn blocks(&self) -> bool {
        self.hold || self.freeze
    }

    /// Whether it lets changes proceed only under conditions.
    pub fn limits(&self) -> bool {
        self.max_step.is_some()
            || self.min_bake.is_some()
            || self.batch.is_some()
            || 0 < self.approvals
    }

    /// Whether somebody has to do something about it.
    pub fn asks_for_work(&self) -> bool {
        self.ticket.is_some()
            || self.notify.is_some()
            || self.postmortem
            || self.action.is_some()
            || self.plan_item.is_some()
    }
}

/// What a change may claim to be, so that a freeze does not stop it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Claim {
    /// It ends an emergency.
    P0,
    /// It closes a hole.
    Security,
    /// It takes an earlier change back.
    Revert,
    /// It makes the service more reliable.
    Reliability,
}

impl Claim {
    /// All, with their words.
    pub const ALL: [(&'static str, Self); 4] = [
        ("p0", Self::P0),
        ("security", Self::Security),
        ("revert", Self::Revert),
        ("reliability", Self::Reliability),
    ];
}

/// `p0`.
impl fmt::Display for Claim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = Self::ALL.iter().find(|(_, it)| it == self).map_or("", |(word, _)| *word);
        f.write_str(word)
    }
}

/// A claim with its evidence, as somebody makes it for one change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exemption {
    /// What the change claims to be.
    pub claim: Claim,
    /// Where that can be read.
    pub evidence: String,
    /// Who claims it.
    pub by: String,
}

/// A stretch of time in which nothing may proceed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Freeze {
    /// Such as `black-friday`.
    pub name: String,
    /// From here.
    pub from: Timestamp,
    /// Until here, exclusively.
    pub until: Timestamp,
    /// What it does not stop.
    pub exempt: Vec<Claim>,
}

/// What an open incident does to the gate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnOpenIncident {
    /// It closes the gate.
    Close,
    /// It is named, and nothing more.
    Note,
}

/// What a frozen dependency does to the service that needs it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnDependency {
    /// It is named, and nothing more.
    Note,
    /// It freezes the dependant too.
    Freeze,
    /// It excuses the dependant: budgets that it may have spent do not freeze.
    Excuse,
}

/// What a budget that burns fast enough to page does to the gate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnBurnPage {
    /// It closes the gate.
    Close,
    /// It is named, and nothing more.
    Note,
}

/// What becomes of what is not known. Everything but [`OnUnknown::Unknown`] must be written down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unknowns {
    /// There are no data.
    pub no_data: OnUnknown,
    /// The data are old.
    pub stale: OnUnknown,
    /// Too little of the window is known.
    pub young: OnUnknown,
    /// What measures does not answer.
    pub unreachable: OnUnknown,
}

impl Unknowns {
    /// Nothing opens for lack of knowledge.
    pub const STRICT: Self = Self {
        no_data: OnUnknown::Unknown,
        stale: OnUnknown::Unknown,
        young: OnUnknown::Unknown,
        unreachable: OnUnknown::Unknown,
    };

    /// What is written for a cause. Contradictions and our own mistakes are never anything but unknown.
    pub fn of(self, cause: Cause) -> OnUnknown {
        match cause {
            Cause::NoData => self.no_data,
            Cause::Stale => self.stale,
            Cause::Young => self.young,
            Cause::Unreachable => self.unreachable,
            Cause::Suspect
            | Cause::Internal
            | Cause::Policy
            | Cause::Rollback
            | Cause::SwitchOff
            | Cause::Waiver
            | Cause::Shadow => OnUnknown::Unknown,
        }
    }
}

/// What becomes of something that is not known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnUnknown {
    /// It stays unknown.
    Unknown,
    /// It counts as if it spoke for proceeding.
    Open,
    /// It counts as if it spoke against.
    Closed,
}

impl OnUnknown {
    /// All, with their words.
    pub const ALL: [(&'static str, Self); 3] =
        [("unknown", Self::Unknown), ("open", Self::Open), ("closed", Self::Closed)];

    /// As a verdict.
    pub fn verdict(self) -> Verdict {
        match self {
            Self::Unknown => Verdict::Unknown,
            Self::Open => Verdict::Open,
            Self::Closed => Verdict::Closed,
        }
    }
}

/// Who may override a decision, how often, and for how long.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Overrides {
    /// How many each team has in a quarter.
    pub team: u32,
    /// How long one lasts; at most [`crate::EXPIRES_MAX`].
    pub expires: SignedDuration,
    /// Who may approve: people, schedules, or escalations, whose members may.
    pub approvers: Vec<String>,
    /// Who may approve when none is left; nobody when empty.
    pub higher: Vec<String>,
}

/// A quarter of a calendar year, in UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Quarter {
    /// The year.
    pub year: i16,
    /// From 1 to 4.
    pub number: i8,
}

impl Quarter {
    /// The one that holds `at`.
    pub fn of(at: Timestamp) -> Self {
        let date = jiff::tz::TimeZone::UTC.to_datetime(at).date();
        Self { year: date.year(), number: (date.month() - 1) / 3 + 1 }
    }
}

/// `2026 Q2`.
impl fmt::Display for Quarter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} Q{}", self.year, self.number)
    }
}

impl Policy {
    /// What rules a service that no policy names: any budget left, a quarter of the window known, no open
    /// incident, no page for burn.
    pub fn default_policy() -> Self {
        let mut policy = Self::from(GatePolicy::default_policy());
        "built in".clone_into(&mut policy.digest);
        policy
    }

    /// Every condition of its levels and rules.
    pub fn conditions(&self) -> impl Iterator<Item = &Condition> {
        let levels = self.levels.iter().flat_map(|it| [&it.enter, &it.leave]);
        levels.chain(self.rules.iter().map(|it| &it.when))
    }

    /// The worst level of `active`, by the order of the policy.
    pub fn worst(&self, is_active: impl Fn(&str) -> bool) -> Option<&Level> {
        self.levels.iter().rev().find(|it| is_active(&it.name))
    }
}

/// The short form of a policy: one limit, no hysteresis.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GatePolicy {
    /// Unique, such as `tier1`.
    pub name: String,
    /// The services it rules; empty means all that no other policy names.
    pub services: Vec<String>,
    /// Every budget of the service must have more than this left, in billionths of the budget; may be 0.
    pub min_remaining: u64,
    /// Whether an open incident of the service closes the gate.
    pub open_incident: OnOpenIncident,
    /// Whether a budget that burns fast enough to page closes the gate.
    pub burn_page: OnBurnPage,
    /// The least share of the window with known data, in billionths; below it the answer is *unknown*.
    pub min_coverage: u64,
    /// Where it was written.
    pub origin: Origin,
}

impl GatePolicy {
    /// The short form of [`Policy::default_policy`].
    pub fn default_policy() -> Self {
        Self {
            name: "default".to_owned(),
            services: Vec::new(),
            min_remaining: 0,
            open_incident: OnOpenIncident::Close,
            burn_page: OnBurnPage::Close,
            min_coverage: 250_000_000,
            origin: Origin::default(),
        }
    }
}

/// One level `spent` that freezes without exemptions, and one rule that holds while a page fires.
impl From<GatePolicy> for Policy {
    fn from(gate: GatePolicy) -> Self {
        let limit = i128::from(gate.min_remaining);
        let remaining = |order| {
            Condition::Atom(Atom::Share { field: ShareField::BudgetRemaining, order, limit })
        };
        let hold = Effects { hold: true, ..Effects::default() };
        let burn = Rule {
            name: "burn".to_owned(),
            when: Condition::Atom(Atom::Flag(FlagField::BurnPage)),
            then: hold.clone(),
        };
        let rules = match gate.burn_page {
            OnBurnPage::Close => vec![burn],
            OnBurnPage::Note => Vec::new(),
        };
        let level = Level {
            name: "spent".to_owned(),
            enter: remaining(Order::AtMost),
            leave: remaining(Order::More),
            hold: SignedDuration::ZERO,
            effects: hold,
        };
        Self {
            name: gate.name,
            owners: Vec::new(),
            approvers: Vec::new(),
            revisit: None,
            mode: Mode::Enforce,
            scope: Scope::services(gate.services),
            budget: BudgetView {
                objective: None,
                window: None,
                basis: Basis::Seen,
                min_coverage: gate.min_coverage,
            },
            levels: vec![level],
            rules,
            calendar: Vec::new(),
            open_incident: gate.open_incident,
            dependency: OnDependency::Note,
            unknown: Unknowns::STRICT,
            overrides: None,
            digest: String::new(),
            origin: gate.origin,
        }
    }
}

impl ChangeKind {
    /// All, with their words.
    pub const ALL: [(&'static str, Self); 5] = [
        ("code", Self::Code),
        ("config", Self::Config),
        ("data", Self::Data),
        ("flag", Self::Flag),
        ("infra", Self::Infra),
    ];
}
