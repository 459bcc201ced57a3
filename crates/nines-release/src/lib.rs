//! Error-budget policies and release gates: may this change proceed now, and what follows from the budget?
//!
//! Pure. It must not know how budgets are counted; it gets them as numbers with their counts. Nothing opens for lack
//! of knowledge, unless the policy says so in writing.
//!
//! From words to a verdict: a [`Policy`] holds [`Condition`]s; [`Look`] answers them from a [`Situation`] in
//! three-valued logic; [`observe`] turns answers into level facts, which [`Levels`] folds; [`decide`] makes a
//! [`Decision`] from all of it.

#![warn(missing_docs)]

mod canonical;
mod condition;
mod decision;
mod gate;
mod level;
mod lint;
mod look;
mod numbers;
mod policy;
mod rulebook;
mod situation;
#[cfg(test)]
mod testing;
mod waiver;

pub use condition::{
    Atom, Condition, ConditionError, DurationField, FlagField, Order, Period, ShareField, Subject,
};
pub use decision::{
    Cause, Change, ChangeKind, Check, CheckResult, Decision, DecisionId, DecisionIdKind, Have,
    HaveValue, Limits, PolicyRef, Verdict,
};
pub use gate::{Case, GateQuestion, decide};
pub use level::{
    GAP_MAX, LevelFact, LevelKey, Levels, SEEN_EVERY, Standing, Unit, evolve as evolve_levels,
    observe, units,
};
pub use lint::{Lint, lint};
pub use look::{Look, Truth};
pub use policy::{
    Basis, BudgetView, Claim, Effects, Exemption, Freeze, GatePolicy, Level, Mode, NORMAL,
    OnBurnPage, OnDependency, OnOpenIncident, OnUnknown, Overrides, Policy, Quarter, Rule,
    Unknowns,
};
pub use rulebook::{Rulebook, Scope, ServiceFacts, ServicePattern};
pub use situation::{
    BudgetInput, Dependency, Deploy, OpenIncident, PROVEN_AFTER, PolicyInput, Situation, Trust,
};
pub use waiver::{
    EXPIRES_MAX, Waive, Waiver, WaiverId, WaiverIdKind, WaiverRefusal, decide_waiver, quota_left,
};
