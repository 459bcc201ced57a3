//! The gate: levels, situation and question become one verdict with its reasons.

use jiff::{SignedDuration, Timestamp};
use nines_base::format_duration;

use crate::condition::{Atom, Condition, Subject};
use crate::decision::{
    Cause, Change, ChangeKind, Check, CheckResult, Decision, DecisionId, Have, Limits, PolicyRef,
    Verdict,
};
use crate::level::{Levels, Standing, Unit, units};
use crate::look::{Look, Truth};
use crate::numbers::{cut_percent, plain_decimal, plain_percent};
use crate::policy::{
    Claim, Exemption, Mode, NORMAL, OnDependency, OnOpenIncident, OnUnknown, Policy,
};
use crate::rulebook::Rulebook;
use crate::situation::{
    BudgetInput, Deploy, OpenIncident, PROVEN_AFTER, PolicyInput, Situation, Trust,
};
use crate::waiver::Waiver;

/// All users at once, in billionths.
const EVERYBODY: u64 = 1_000_000_000;

/// What is asked, with what was measured for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GateQuestion {
    /// What wants to proceed.
    pub change: Change,
    /// What is measured of its service now.
    pub input: PolicyInput,
    /// The share of users that the next step reaches, in billionths; all of them when it is not told.
    pub step: Option<u64>,
    /// How long that step lasts; no time when it is not told.
    pub bake: Option<SignedDuration>,
    /// Who made the change.
    pub author: Option<String>,
    /// Who has approved it.
    pub approvals: Vec<String>,
    /// What it claims to be.
    pub exemption: Option<Exemption>,
}

impl GateQuestion {
    /// A question without claims.
    pub fn new(change: Change, input: PolicyInput) -> Self {
        let (step, bake, author, exemption) = (None, None, None, None);
        Self { change, input, step, bake, author, approvals: Vec::new(), exemption }
    }
}

/// Everything that a decision is made from.
#[derive(Debug, Clone, Copy)]
pub struct Case<'a> {
    /// Names the decision.
    pub id: DecisionId,
    /// The present.
    pub now: Timestamp,
    /// The journal's sequence number up to which everything is known.
    pub revision: u64,
    /// Who may approve.
    pub rulebook: &'a Rulebook,
    /// What rules the change.
    pub policy: &'a Policy,
    /// Where the service stands under that policy.
    pub levels: &'a Levels,
    /// What the policy looks at.
    pub situation: &'a Situation,
    /// What is asked.
    pub question: &'a GateQuestion,
    /// The deploys of the service to the environment, oldest first.
    pub deploys: &'a [Deploy],
    /// An override; it counts only if it covers the change.
    pub waiver: Option<&'a Waiver>,
}

/// Whether the change may proceed: any failed check closes, else any unknown one is unknown, else open.
pub fn decide(case: &Case<'_>) -> Decision {
    let (checks, exempted) = case.checks();
    let base = weigh(case.policy, &checks);
    let waiver = case.waiver.filter(|it| it.covers(&case.question.change, case.now));
    let permit = match base.verdict {
        Verdict::Open => None,
        Verdict::Closed | Verdict::Unknown => case.permit(waiver),
    };
    let (verdict, cause) = permit.map_or((base.verdict, base.cause), |it| (Verdict::Open, it));
    let is_shadow = case.policy.mode == Mode::Shadow && verdict != Verdict::Open;
    let next_possible = match verdict {
        Verdict::Closed => latest_of_failed(&checks),
        Verdict::Open | Verdict::Unknown => None,
    };
    let worst = case.levels.worst(case.policy);
    Decision {
        id: case.id,
        at: case.now,
        verdict: if is_shadow { Verdict::Open } else { verdict },
        cause: if is_shadow { Cause::Shadow } else { cause },
        change: case.question.change.clone(),
        policy: PolicyRef {
            name: case.policy.name.clone(),
            digest: case.policy.digest.clone(),
            level: worst.map_or(NORMAL, |(name, _)| name).to_owned(),
            since: worst.map(|(_, it)| it.since),
            mode: case.policy.mode,
            origin: case.policy.origin.clone(),
        },
        checks,
        limits: case.limits().shown(),
        next_possible,
        applied_default: permit.is_none().then_some(base.applied_default).flatten(),
        waiver: (permit == Some(Cause::Waiver)).then(|| waiver.map(|it| it.id)).flatten(),
        exemption: exempted,
        shadow: is_shadow.then_some(verdict),
        revision: case.revision,
    }
}

/// The verdict of the checks alone.
struct Weighed {
    verdict: Verdict,
    cause: Cause,
    applied_default: Option<String>,
}

fn weigh(policy: &Policy, checks: &[Check]) -> Weighed {
    let unknown = |it: &&Check| it.result == CheckResult::Unknown;
    let causes = checks.iter().filter(unknown).map(|it| it.cause.unwrap_or(Cause::Internal));
    let causes: Vec<(Cause, OnUnknown)> = causes.map(|it| (it, policy.unknown.of(it))).collect();
    let first = |wanted| causes.iter().find(|(_, it)| *it == wanted).map(|(cause, _)| *cause);
    let default = |cause: Cause, verdict: Verdict| Some(format!("{cause}: {verdict}"));
    if checks.iter().any(|it| it.result == CheckResult::Fail) {
        return Weighed { verdict: Verdict::Closed, cause: Cause::Policy, applied_default: None };
    }
    let (verdict, cause) = match (first(OnUnknown::Closed), first(OnUnknown::Unknown)) {
        (Some(cause), _) => (Verdict::Closed, cause),
        (None, Some(cause)) => {
            return Weighed { verdict: Verdict::Unknown, cause, applied_default: None };
        }
        (None, None) => match first(OnUnknown::Open) {
            Some(cause) => (Verdict::Open, cause),
            None => {
                let (verdict, cause) = (Verdict::Open, Cause::Policy);
                return Weighed { verdict, cause, applied_default: None };
            }
        },
    };
    Weighed { verdict, cause, applied_default: default(cause, verdict) }
}

/// Checks that whoever asks can satisfy at any time.
const OWN_CHECKS: [&str; 2] = [ROLLOUT, APPROVALS];
const ROLLOUT: &str = "rollout";
const APPROVALS: &str = "approvals";

/// When the last of the failed checks passes, if time alone lets it; nothing when one of them cannot tell.
fn latest_of_failed(checks: &[Check]) -> Option<Timestamp> {
    let failed = checks.iter().filter(|it| it.result == CheckResult::Fail);
    let failed = failed.filter(|it| !OWN_CHECKS.contains(&it.name.as_str()));
    let times: Option<Vec<Timestamp>> = failed.map(|it| it.next_possible).collect();
    times.and_then(|it| it.into_iter().max())
}

/// The strictest of several effects.
#[derive(Debug, Clone, Copy, Default)]
struct Strictest {
    max_step: Option<u64>,
    min_bake: Option<SignedDuration>,
    batch: Option<SignedDuration>,
    approvals: u32,
}

impl Strictest {
    fn with(self, unit: &Unit<'_>) -> Self {
        let it = unit.effects;
        let steps = self.max_step.into_iter().chain(it.max_step);
        Self {
            max_step: steps.min(),
            min_bake: self.min_bake.max(it.min_bake),
            batch: self.batch.max(it.batch),
            approvals: self.approvals.max(it.approvals),
        }
    }

    fn shown(self) -> Limits {
        Limits {
            max_step: self.max_step.map(|it| plain_percent(i128::from(it))),
            min_bake: self.min_bake.map(format_duration),
            batch: self.batch.map(format_duration),
            approvals: self.approvals,
        }
    }
}

impl<'a> Case<'a> {
    fn look(&self) -> Look<'a> {
        Look { policy: self.policy, situation: self.situation, now: self.now }
    }

    /// Whether a unit is active: by the facts, or because it enters at this moment.
    fn is_active(&self, unit: &Unit<'_>) -> Truth {
        // An active rule has no hysteresis: what it says now counts.
        let is_kept = unit.leave.is_some() && self.levels.active.contains_key(unit.name);
        if is_kept { Truth::True } else { self.look().truth(unit.enter) }
    }

    /// The limits of everything that is active, or may be.
    fn limits(&self) -> Strictest {
        let active = units(self.policy).filter(|it| self.is_active(it) != Truth::False);
        active.fold(Strictest::default(), |strictest, it| strictest.with(&it))
    }

    /// Why a change may proceed that the checks do not let through.
    fn permit(&self, waiver: Option<&Waiver>) -> Option<Cause> {
        if is_proven_rollback(&self.question.change, self.deploys) {
            Some(Cause::Rollback)
        } else if is_switch_off(&self.question.change) {
            Some(Cause::SwitchOff)
        } else {
            waiver.map(|_| Cause::Waiver)
        }
    }

    fn checks(&self) -> (Vec<Check>, Option<Exemption>) {
        let mut checks = Vec::new();
        let mut exempted = None;
        for unit in units(self.policy).rev().filter(|it| it.effects.blocks()) {
            let (mut check, truth) = self.check_unit(&unit);
            let is_excused = truth != Truth::False && self.is_excused(&unit);
            let exemption = self.exemption(&unit.effects.exempt);
            let is_exempt = unit.effects.freeze && !unit.effects.hold && truth != Truth::False;
            if let Some(exemption) = exemption.filter(|_| is_exempt) {
                check.need = format!("nothing: {} is exempt", exemption.claim);
                (check.result, check.cause, check.next_possible) = (CheckResult::Pass, None, None);
                exempted = Some(exemption.clone());
            } else if is_excused {
                "nothing: a dependency is frozen, which excuses".clone_into(&mut check.need);
                (check.result, check.cause, check.next_possible) = (CheckResult::Pass, None, None);
            }
            checks.push(check);
        }
        checks.push(self.check_incident());
        let (calendar, exemption) = self.check_calendar();
        checks.push(calendar);
        exempted = exempted.or(exemption);
        checks.extend(self.check_dependencies());
        checks.extend(self.check_rollout());
        checks.extend(self.check_batch());
        checks.extend(self.check_approvals());
        (checks, exempted)
    }

    fn check_unit(&self, unit: &Unit<'_>) -> (Check, Truth) {
        let look = self.look();
        let truth = self.is_active(unit);
        let standing = self.levels.active.get(unit.name).filter(|_| unit.leave.is_some());
        let subject = look.decisive(unit.enter).map_or(Subject::Budget, Atom::subject);
        let (result, cause) = match truth {
            Truth::True => (CheckResult::Fail, None),
            Truth::Unknown(cause) => (CheckResult::Unknown, Some(cause)),
            Truth::False => (CheckResult::Pass, None),
        };
        let need = match (truth, unit.leave) {
            (Truth::True, Some(leave)) if unit.hold.is_positive() => {
                format!("{leave} for {}", format_duration(unit.hold))
            }
            (Truth::True, Some(leave)) => leave.to_string(),
            _ => unit.enter.negated().to_string(),
        };
        let (have, why) = have(&look, subject);
        let next_possible = standing.and_then(|it| ends(it, unit.hold));
        (Check { name: subject.to_string(), result, cause, need, have, why, next_possible }, truth)
    }

    /// The claim, if it is one of `allowed`, has evidence, and is made by somebody who may.
    fn exemption(&self, allowed: &[Claim]) -> Option<&'a Exemption> {
        let exemption = self.question.exemption.as_ref()?;
        let is_own = self.question.author.as_deref() == Some(exemption.by.as_str());
        let may = self.rulebook.is_approver(&self.policy.approvers, &exemption.by);
        let has_evidence = !exemption.evidence.trim().is_empty();
        (allowed.contains(&exemption.claim) && has_evidence && may && !is_own).then_some(exemption)
    }

    /// A frozen dependency excuses a spent budget, if the policy says so.
    fn is_excused(&self, unit: &Unit<'_>) -> bool {
        let mut about = unit.enter.atoms().into_iter().map(Atom::subject);
        self.policy.dependency == OnDependency::Excuse
            && about.all(|it| it == Subject::Budget)
            && self.situation.dependencies.iter().any(|it| it.is_frozen)
    }

    fn check_incident(&self) -> Check {
        let open = &self.situation.open_incidents;
        let (result, need) = match (self.policy.open_incident, open.is_empty()) {
            (OnOpenIncident::Note, _) => (CheckResult::Pass, "nothing (noted only)"),
            (OnOpenIncident::Close, true) => (CheckResult::Pass, "no open incident"),
            (OnOpenIncident::Close, false) => (CheckResult::Fail, "no open incident"),
        };
        let (have, why) = have_incidents(open);
        plain("open incident", result, need, have, why)
    }

    fn check_calendar(&self) -> (Check, Option<Exemption>) {
        let Some(freeze) = self.look().freeze() else {
            let have = Have::one("state", "no freeze");
            return (plain("calendar", CheckResult::Pass, "no freeze", have, None), None);
        };
        let have = Have::one("state", format!("{} until {}", freeze.name, freeze.until));
        let exemption = self.exemption(&freeze.exempt);
        let result = if exemption.is_some() { CheckResult::Pass } else { CheckResult::Fail };
        let need = match exemption {
            Some(it) => format!("nothing: {} is exempt", it.claim),
            None => "no freeze".to_owned(),
        };
        let check = plain("calendar", result, &need, have, None);
        (Check { next_possible: Some(freeze.until), ..check }, exemption.cloned())
    }

    fn check_dependencies(&self) -> Option<Check> {
        let dependencies = &self.situation.dependencies;
        let name = "dependency";
        if dependencies.is_empty() {
            return None;
        }
        let (have, _) = have(&self.look(), Subject::Dependency);
        let freezes = self.policy.dependency == OnDependency::Freeze;
        let need = if freezes { "no frozen dependency" } else { "nothing (noted only)" };
        let result = match freezes {
            true if dependencies.iter().any(|it| it.is_frozen) => CheckResult::Fail,
            true if dependencies.iter().any(|it| it.level.is_none()) => CheckResult::Unknown,
            true | false => CheckResult::Pass,
        };
        let check = plain(name, result, need, have, None);
        let cause = (result == CheckResult::Unknown).then_some(Cause::NoData);
        Some(Check { cause, ..check })
    }

    /// What is surely demanded, and what may be: limits of levels that nobody can judge.
    fn demanded(
        &self,
        demands: impl Fn(&Strictest) -> bool,
    ) -> Option<(CheckResult, Option<Cause>)> {
        let mut demanded = None;
        for unit in units(self.policy) {
            if !demands(&Strictest::default().with(&unit)) {
                continue;
            }
            match self.is_active(&unit) {
                Truth::True => return Some((CheckResult::Fail, None)),
                Truth::Unknown(cause) => {
                    demanded = demanded.or(Some((CheckResult::Unknown, Some(cause))));
                }
                Truth::False => {}
            }
        }
        demanded
    }

    /// What is not told is not small: a step of unknown size reaches everybody, and lasts no time.
    fn check_rollout(&self) -> Option<Check> {
        let limits = self.limits();
        if limits.max_step.is_none() && limits.min_bake.is_none() {
            return None;
        }
        let step = self.question.step.unwrap_or(EVERYBODY);
        let bake = self.question.bake.unwrap_or(SignedDuration::ZERO);
        let broken = self.demanded(|it| {
            it.max_step.is_some_and(|max| max < step) || it.min_bake.is_some_and(|min| bake < min)
        });
        let mut need = Vec::new();
        need.extend(
            limits.max_step.map(|it| format!("steps of at most {}", plain_percent(i128::from(it)))),
        );
        need.extend(limits.min_bake.map(|it| format!("each at least {}", format_duration(it))));
        let told = |is_told: bool| if is_told { "" } else { " (not told)" };
        let size = plain_percent(i128::from(step)) + told(self.question.step.is_some());
        let length = format_duration(bake) + told(self.question.bake.is_some());
        let have = Have::one("step", size).with("bake", length);
        let (result, cause) = broken.unwrap_or((CheckResult::Pass, None));
        Some(Check { cause, ..plain(ROLLOUT, result, &need.join(", "), have, None) })
    }

    fn check_batch(&self) -> Option<Check> {
        let batch = self.limits().batch?;
        // A change that is asked about again while it goes on does not wait for itself.
        let version = self.question.change.version.as_deref();
        let others = self.deploys.iter().filter(|it| Some(it.version.as_str()) != version);
        let last = others.map(|it| it.started).max();
        let until = last.and_then(|it| it.checked_add(batch).ok());
        let is_early = until.is_some_and(|it| self.now < it);
        let broken = self.demanded(|it| it.batch.is_some() && is_early);
        let (result, cause) = broken.unwrap_or((CheckResult::Pass, None));
        let need = format!("at most one change in {}", format_duration(batch));
        let have = match last {
            Some(last) => Have::one("last", last.to_string()),
            None => Have::one("state", "no change known"),
        };
        let check = plain("batch", result, &need, have, None);
        Some(Check { cause, next_possible: until.filter(|_| is_early), ..check })
    }

    fn check_approvals(&self) -> Option<Check> {
        let needed = self.limits().approvals;
        if needed == 0 {
            return None;
        }
        let GateQuestion { approvals, author, .. } = self.question;
        let mut by: Vec<&str> = approvals.iter().map(String::as_str).collect();
        by.retain(|it| !it.trim().is_empty() && Some(*it) != author.as_deref());
        by.sort_unstable();
        by.dedup();
        let given = u32::try_from(by.len()).unwrap_or(u32::MAX);
        let broken = self.demanded(|it| given < it.approvals);
        let (result, cause) = broken.unwrap_or((CheckResult::Pass, None));
        let need = format!("{needed} approved, not the author");
        let have = match by.as_slice() {
            [] => Have::one("state", "nobody approved"),
            some => Have::one("approved by", some.join(", ")),
        };
        Some(Check { cause, ..plain(APPROVALS, result, &need, have, None) })
    }
}

fn plain(name: &str, result: CheckResult, need: &str, have: Have, why: Option<String>) -> Check {
    let (name, need) = (name.to_owned(), need.to_owned());
    Check { name, result, cause: None, need, have, why, next_possible: None }
}

/// When a level that is being left is over, if nothing comes between.
fn ends(standing: &Standing, hold: SignedDuration) -> Option<Timestamp> {
    standing.leaving.and_then(|(since, _)| since.checked_add(hold).ok())
}

/// A version that served here without harm, before the present one. Being called a rollback proves nothing.
fn is_proven_rollback(change: &Change, deploys: &[Deploy]) -> bool {
    let Some(version) = change.version.as_deref() else { return false };
    let is_version = matches!(change.kind, ChangeKind::Code | ChangeKind::Config);
    let Some(present) = deploys.last().filter(|_| is_version) else { return false };
    if present.version == version {
        return false;
    }
    let mut spells = deploys.iter().zip(deploys.iter().skip(1)).rev();
    // Its last time counts: what was well once may have done harm since.
    spells.find(|(it, _)| it.version == version).is_some_and(|(it, next)| {
        it.finished.is_some_and(|finished| PROVEN_AFTER <= next.started.duration_since(finished))
            && !it.did_harm
    })
}

/// A flag that is switched off: `off`, or `old-cart=off`.
fn is_switch_off(change: &Change) -> bool {
    let version = change.version.as_deref().unwrap_or_default();
    change.kind == ChangeKind::Flag && (version == "off" || version.ends_with("=off"))
}

/// A condition and what there is for it, in words with numbers.
pub(crate) fn say_subject(look: &Look<'_>, condition: &Condition) -> String {
    let subject = look.decisive(condition).map_or(Subject::Budget, Atom::subject);
    format!("{condition}: {}", have(look, subject).0)
}

/// What there is, and where to read more.
fn have(look: &Look<'_>, subject: Subject) -> (Have, Option<String>) {
    let state = |text: String| (Have::one("state", text), None);
    let input = &look.situation.input;
    match subject {
        Subject::Budget => have_budget(look),
        Subject::Burn => state(burning(look)),
        Subject::Incident => {
            let (have, why) = have_incidents(&look.situation.open_incidents);
            match input.incident_share {
                Some(share) => (have.with("worst took", cut_percent(share)), why),
                None => (have, why),
            }
        }
        Subject::Class => {
            let shares = input.class_shares.iter();
            let shares = shares.map(|(period, it)| (period.to_string(), cut_percent(*it).into()));
            let have = Have(shares.collect());
            (if have.0.is_empty() { Have::one("state", "no class is known") } else { have }, None)
        }
        Subject::Dependency => {
            let level = |it: &Option<String>| it.clone().unwrap_or_else(|| "unknown".to_owned());
            let dependencies = look.situation.dependencies.iter();
            let have: Vec<_> =
                dependencies.map(|it| (it.service.clone(), level(&it.level).into())).collect();
            (if have.is_empty() { Have::one("state", "none") } else { Have(have) }, None)
        }
        Subject::Calendar => state(match look.freeze() {
            Some(it) => format!("{} until {}", it.name, it.until),
            None => "no freeze".to_owned(),
        }),
        Subject::Drill => state(match input.drill_age {
            Some(age) => format!("the last drill was {} ago", format_duration(age)),
            None => "no drill is known".to_owned(),
        }),
        Subject::Actions => state(match input.actions_overdue {
            Some(number) => format!("{number} overdue"),
            None => "no action is known".to_owned(),
        }),
    }
}

fn burning(look: &Look<'_>) -> String {
    let word = |it: &BudgetInput| if it.burn_page { "page" } else { "ticket" };
    let burns = look.budgets().filter(|it| it.burn_page || it.burn_ticket);
    let mut said: Vec<String> =
        burns.map(|it| format!("a {} fires for {}", word(it), it.slo)).collect();
    if said.is_empty() {
        said.push("no page fires".to_owned());
    }
    let silent = look.budgets().filter(|it| it.trust != Trust::Good);
    said.extend(silent.map(|it| format!("{} is not known", it.slo)));
    if look.budgets().next().is_none() {
        said.push(format!("no objective watches {}", look.situation.input.service));
    }
    said.join(", ")
}

fn have_budget(look: &Look<'_>) -> (Have, Option<String>) {
    let Some(budget) = look.worst_budget() else {
        let service = &look.situation.input.service;
        return (Have::one("state", format!("no objective watches {service}")), None);
    };
    let why = format!("/api/nines/v1/slos/{}/budget", budget.slo);
    let doubt = look.doubt(budget);
    let Some(left) = look.left_of(budget) else {
        let doubt = doubt.map_or(String::new(), |it| format!(" ({it})"));
        let have = Have::one("slo", budget.slo.as_str()).with("state", format!("not known{doubt}"));
        return (have, Some(why));
    };
    let mut have = Have::one("slo", budget.slo.as_str())
        .with("remaining", cut_percent(left))
        .with("window", budget.window.as_str())
        .with("bad", budget.bad)
        .with("allowed", plain_decimal(budget.allowed_billionths))
        .with("from", budget.from.to_string())
        .with("to", budget.to.to_string());
    if let Some(lasts) = budget.exhausts_in {
        have = have.with("exhausts_in", format_duration(lasts));
    }
    if let Some(cause) = doubt {
        let known = cut_percent(i128::from(budget.coverage_billionths));
        have = have.with("known", known).with("doubt", cause.to_string());
    }
    (have, Some(why))
}

fn have_incidents(open: &[OpenIncident]) -> (Have, Option<String>) {
    let say = |it: &OpenIncident| format!("INC-{} SEV{} {}", it.number, it.severity, it.title);
    let said: Vec<String> = open.iter().map(say).collect();
    let why = open.first().map(|it| format!("/api/nines/v1/incidents/{}", it.number));
    let text = if said.is_empty() { "none".to_owned() } else { said.join("; ") };
    (Have::one("state", text), why)
}

#[cfg(test)]
mod tests;
