//! The gate: budgets, coverage, burn and incidents of one service become one verdict with its reasons.

use std::fmt;

use jiff::Timestamp;
use nines_base::Origin;
use serde::{Deserialize, Serialize};

use crate::numbers::{decimal, exact_percent, percent, thousands};
use crate::policy::{GatePolicy, OnBurnPage, OnOpenIncident};

/// What wants to proceed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// Of which service.
    pub service: String,
    /// To which version, if that is told.
    pub version: Option<String>,
    /// Where, such as `prod`.
    pub env: String,
    /// What sort: `code`, `config`, `data`, `flag`, `infra`.
    pub kind: String,
}

/// One error budget of the service, as counted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BudgetInput {
    /// The objective's name.
    pub slo: String,
    /// What is left, in billionths of the whole budget; negative when overspent, `None` without data.
    pub remaining_billionths: Option<i128>,
    /// Bad events in the window.
    pub bad: u64,
    /// How many may be bad in the window, in billionths of an event: total × allowed share.
    pub allowed_billionths: u128,
    /// The share of the window with known data, in billionths.
    pub coverage_billionths: u64,
    /// The objective's state in a word, such as `ok`, `young`, `stale`, `no data`.
    pub state: String,
    /// Whether a page for its burn rate fires.
    pub burn_page: bool,
}

/// An incident of the service that is not resolved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenIncident {
    /// Counts from 1.
    pub number: u64,
    /// Such as `SEV2`.
    pub severity: String,
    /// What is wrong, in a line.
    pub title: String,
}

/// Everything that a gate looks at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GateInput {
    /// What wants to proceed.
    pub change: Change,
    /// Every budget of the service.
    pub budgets: Vec<BudgetInput>,
    /// Every open incident of the service.
    pub open_incidents: Vec<OpenIncident>,
    /// The present.
    pub at: Timestamp,
}

/// The answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Verdict {
    /// Proceed.
    #[serde(rename = "open")]
    Open,
    /// Do not proceed.
    #[serde(rename = "closed")]
    Closed,
    /// nines does not know; who asks decides, and the decision says so.
    #[serde(rename = "unknown")]
    Unknown,
}

/// `open`, `closed`, `unknown`.
impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Open => "open",
            Self::Closed => "closed",
            Self::Unknown => "unknown",
        })
    }
}

/// What sort of reason the verdict has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Cause {
    /// The policy permits it, or forbids it.
    #[serde(rename = "policy")]
    Policy,
    /// A budget has no data, or the service has no objective.
    #[serde(rename = "no_data")]
    NoData,
    /// Too little of a window is known.
    #[serde(rename = "young")]
    Young,
}

/// `policy`, `no_data`, `young`.
impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Policy => "policy",
            Self::NoData => "no_data",
            Self::Young => "young",
        })
    }
}

/// How one check ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum CheckResult {
    /// It speaks for proceeding.
    #[serde(rename = "pass")]
    Pass,
    /// It forbids proceeding.
    #[serde(rename = "fail")]
    Fail,
    /// It cannot be told.
    #[serde(rename = "unknown")]
    Unknown,
}

/// `pass`, `fail`, `unknown`.
impl fmt::Display for CheckResult {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Pass => "pass",
            Self::Fail => "fail",
            Self::Unknown => "unknown",
        })
    }
}

/// One reason.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Check {
    /// What was looked at: `error budget checkout`.
    pub name: String,
    /// How it ended.
    pub result: CheckResult,
    /// What the policy demands, in words with numbers.
    pub need: String,
    /// What there is, in words with numbers.
    pub have: String,
}

/// The policy that ruled.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PolicyRef {
    /// Its name.
    pub name: String,
    /// Where it was written.
    pub origin: Origin,
}

/// A verdict with everything that it was made from. Equal inputs give equal decisions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decision {
    /// When it was made.
    pub at: Timestamp,
    /// The answer.
    pub verdict: Verdict,
    /// What sort of reason it has.
    pub cause: Cause,
    /// What wanted to proceed.
    pub change: Change,
    /// What ruled.
    pub policy: PolicyRef,
    /// Every check: budgets first, then burn, then incidents.
    pub checks: Vec<Check>,
}

/// Whether the change may proceed: any failed check closes, else any unknown one is unknown, else open.
pub fn decide(policy: &GatePolicy, input: &GateInput) -> Decision {
    let mut checks = Vec::new();
    let mut unknown_causes = Vec::new();
    for budget in &input.budgets {
        let (check, cause) = check_budget(policy, budget);
        checks.push(check);
        unknown_causes.extend(cause);
    }
    if input.budgets.is_empty() {
        checks.push(Check {
            name: "error budget".to_owned(),
            result: CheckResult::Unknown,
            need: "at least one objective".to_owned(),
            have: format!("no objective watches {}", input.change.service),
        });
        unknown_causes.push(Cause::NoData);
    } else {
        checks.push(check_burn(policy, &input.budgets));
    }
    checks.extend(check_incidents(policy, &input.open_incidents));

    let any = |result| checks.iter().any(|it| it.result == result);
    let (verdict, cause) = if any(CheckResult::Fail) {
        (Verdict::Closed, Cause::Policy)
    } else if any(CheckResult::Unknown) {
        (Verdict::Unknown, unknown_causes.first().copied().unwrap_or(Cause::NoData))
    } else {
        (Verdict::Open, Cause::Policy)
    };
    let policy = PolicyRef { name: policy.name.clone(), origin: policy.origin.clone() };
    Decision { at: input.at, verdict, cause, change: input.change.clone(), policy, checks }
}

/// A spent budget closes even when little of its window is known: what is missing cannot give it back.
fn check_budget(policy: &GatePolicy, budget: &BudgetInput) -> (Check, Option<Cause>) {
    let name = format!("error budget {}", budget.slo);
    let need = format!("more than {} left", exact_percent(policy.min_remaining));
    let Some(remaining) = budget.remaining_billionths else {
        let have = format!("no data ({})", budget.state);
        return (Check { name, result: CheckResult::Unknown, need, have }, Some(Cause::NoData));
    };
    let have = format!(
        "{} left ({} bad, {} allowed)",
        percent(remaining),
        thousands(u128::from(budget.bad)),
        decimal(budget.allowed_billionths)
    );
    if remaining <= i128::from(policy.min_remaining) {
        return (Check { name, result: CheckResult::Fail, need, have }, None);
    }
    if budget.coverage_billionths < policy.min_coverage {
        let need = format!("{need}, {} of the window known", exact_percent(policy.min_coverage));
        let known = percent(i128::from(budget.coverage_billionths));
        let have = format!("{have}, {known} of the window known ({})", budget.state);
        return (Check { name, result: CheckResult::Unknown, need, have }, Some(Cause::Young));
    }
    (Check { name, result: CheckResult::Pass, need, have }, None)
}

fn check_burn(policy: &GatePolicy, budgets: &[BudgetInput]) -> Check {
    let burning: Vec<&str> =
        budgets.iter().filter(|it| it.burn_page).map(|it| it.slo.as_str()).collect();
    let (need, result) = match (policy.burn_page, burning.is_empty()) {
        (OnBurnPage::Close, true) => ("no page for burn", CheckResult::Pass),
        (OnBurnPage::Close, false) => ("no page for burn", CheckResult::Fail),
        (OnBurnPage::Note, _) => ("nothing (noted only)", CheckResult::Pass),
    };
    let have = match burning.as_slice() {
        [] => "no page fires".to_owned(),
        names => format!("a page fires for {}", names.join(", ")),
    };
    Check { name: "burn rate".to_owned(), result, need: need.to_owned(), have }
}

/// One check per open incident, or one that says that there is none.
fn check_incidents(policy: &GatePolicy, open: &[OpenIncident]) -> Vec<Check> {
    let check = |result, need: &str, have| {
        let name = "open incident".to_owned();
        Check { name, result, need: need.to_owned(), have }
    };
    if open.is_empty() {
        return vec![check(CheckResult::Pass, "no open incident", "none".to_owned())];
    }
    let (need, result) = match policy.open_incident {
        OnOpenIncident::Close => ("no open incident", CheckResult::Fail),
        OnOpenIncident::Note => ("nothing (noted only)", CheckResult::Pass),
    };
    let say = |it: &OpenIncident| format!("INC-{} {} {}", it.number, it.severity, it.title);
    open.iter().map(|it| check(result, need, say(it))).collect()
}

#[cfg(test)]
mod tests;
