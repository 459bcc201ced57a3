//! Policies meet budgets, incidents and changes: level facts, decisions, overrides, and the work that levels ask for.

use std::borrow::Cow;
use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use nines_alert::{AlertKey, Evidence, ResolveReason, dispatch};
use nines_base::{Id, Labels, Origin};
use nines_incident::changes::ChangeKind;
use nines_port::Urgency;
use nines_release::{
    BudgetInput, Case, Change, Decision, DecisionId, Dependency, Deploy, Effects, GateQuestion,
    LevelFact, LevelKey, Levels, Look, OpenIncident, Policy, PolicyInput, Situation, Trust, Waive,
    decide, decide_waiver, observe, units,
};
use nines_slo::{GoalStatus, Objective, Severity, SloState, SloStatus};

use crate::command::{Coverage, Observation, Refusal, Reply};
use crate::config::Config;
use crate::decide::{Draft, POLICY_ALERT};
use crate::fact::{Fact, Of};
use crate::state::State;

/// The most services of one observation.
const SERVICES_MAX: usize = 10_000;
/// Billionths in one.
const BILLION: u128 = 1_000_000_000;

/// What objectives say to policies, by service: one input for each service that has an objective.
///
/// Pure, so that rehearsals on virtual time tell the engine exactly what a server tells it.
pub fn policy_inputs(statuses: &[SloStatus]) -> Vec<PolicyInput> {
    let mut inputs: BTreeMap<&str, PolicyInput> = BTreeMap::new();
    for status in statuses {
        let service = status.name.service.as_str();
        let input = inputs.entry(service).or_default();
        service.clone_into(&mut input.service);
        input.budgets.extend(status.goals.iter().map(|goal| budget_input(status, goal)));
    }
    inputs.into_values().collect()
}

fn budget_input(status: &SloStatus, goal: &GoalStatus) -> BudgetInput {
    let counts = goal.budget;
    let length = counts.length().as_millis().unsigned_abs().max(1);
    let known = counts.known.as_millis().unsigned_abs();
    let coverage = (known.saturating_mul(BILLION) / length).min(BILLION);
    let burns = |severity| goal.burns.iter().any(|it| it.holds && it.pair.severity == severity);
    let is_quiet = goal.state == SloState::NoData;
    BudgetInput {
        slo: status.name.to_string(),
        objective: goal.objective.clone(),
        window: goal.window.to_string(),
        seen_billionths: goal.remaining_billionths,
        whole_billionths: goal.whole.remaining_billionths,
        bad: counts.counts.bad,
        allowed_billionths: goal
            .allowed
            .numerator
            .saturating_mul(BILLION / u128::from(Objective::SCALE)),
        from: counts.from,
        to: counts.to,
        coverage_billionths: u64::try_from(coverage).unwrap_or(u64::MAX),
        exhausts_in: goal.exhausts_in,
        trust: match (status.suspect.is_some(), is_quiet, status.last_sample) {
            (true, _, _) => Trust::Suspect,
            (false, true, None) => Trust::NoData,
            (false, true, Some(_)) => Trust::Stale,
            (false, false, _) => Trust::Good,
        },
        burn_page: burns(Severity::Page) || goal.firing == Some(Severity::Page),
        burn_ticket: burns(Severity::Ticket) || goal.firing == Some(Severity::Ticket),
    }
}

/// Which state decides.
#[derive(Debug, Clone, Copy)]
struct Known<'a> {
    state: &'a State,
    config: &'a Config,
    /// Only what was so at this instant; else what is so now.
    past: Option<Timestamp>,
}

impl<'a> Known<'a> {
    fn levels(self, key: &LevelKey) -> Option<Cow<'a, Levels>> {
        match self.past {
            None => self.state.releases.levels(key).map(Cow::Borrowed),
            Some(at) => self.state.releases.levels_at(key, at).map(Cow::Owned),
        }
    }

    fn incidents(self, service: &str) -> Vec<OpenIncident> {
        let is_open = |it: &nines_incident::State| match self.past {
            None => it.is_open(),
            Some(at) => {
                it.opened_at.is_some_and(|opened| opened <= at)
                    && it.resolved_at.is_none_or(|resolved| at < resolved)
            }
        };
        let open = self.state.incidents.values().filter(|it| it.service == service && is_open(it));
        open.map(|it| OpenIncident {
            number: it.number,
            severity: it.severity.number(),
            title: it.title.clone(),
        })
        .collect()
    }

    fn situation(self, input: PolicyInput) -> Situation {
        let needed = self.config.depends_on.get(&input.service).into_iter().flatten();
        let dependencies = needed.map(|it| self.dependency(it)).collect();
        Situation { open_incidents: self.incidents(&input.service), dependencies, input }
    }

    fn dependency(self, service: &str) -> Dependency {
        let policy = self.config.release.ruling(service).into_iter().next();
        let policy = policy.unwrap_or(&self.config.release.default);
        let levels = self.levels(&key(policy, service)).filter(|it| it.digest.is_some());
        let is_frozen = levels.as_ref().is_some_and(|levels| {
            let mut active = policy.levels.iter().filter(|it| levels.active.contains_key(&it.name));
            active.any(|it| it.effects.blocks())
        });
        let level = levels.map(|it| it.name(policy).to_owned());
        Dependency { service: service.to_owned(), level, is_frozen }
    }

    /// The deploys of a service to an environment, oldest first, each with what happened while it served.
    fn deploys(self, change: &Change) -> Vec<Deploy> {
        let changes = self.state.changes.iter().map(|it| &it.change);
        let is_here = |it: &&nines_incident::changes::Change| {
            it.kind == ChangeKind::Deploy
                && it.service == change.service
                && it.env == change.env
                && self.past.is_none_or(|at| it.started <= at)
        };
        let mut deploys: Vec<Deploy> = changes
            .filter(is_here)
            .filter_map(|it| {
                let version = it.version.clone()?;
                let (started, finished) = (it.started, it.finished);
                Some(Deploy { version, started, finished, did_harm: false })
            })
            .collect();
        let incidents = self.state.incidents.values().filter(|it| it.service == change.service);
        let begins: Vec<Timestamp> =
            incidents.filter_map(|it| it.impact_start.or(it.opened_at)).collect();
        let ends: Vec<Timestamp> = deploys.iter().skip(1).map(|it| it.started).collect();
        for (index, deploy) in deploys.iter_mut().enumerate() {
            let end = ends.get(index).copied().unwrap_or(Timestamp::MAX);
            deploy.did_harm = begins.iter().any(|it| deploy.started <= *it && *it < end);
        }
        deploys
    }

    fn decide(self, question: &GateQuestion, id: DecisionId, now: Timestamp) -> Decision {
        let (change, release) = (&question.change, &self.config.release);
        let policy = release.policy_for(change);
        let levels = self.levels(&key(policy, &change.service));
        let mut input = PolicyInput { service: change.service.clone(), ..question.input.clone() };
        if self.past.is_some() && levels.is_none() {
            // Nobody knows the levels of that time any more, so nothing that budgets say may open.
            input.budgets.clear();
        }
        let waiver = self.state.releases.waivers().rev().find(|it| it.covers(change, now));
        decide(&Case {
            id,
            now,
            revision: self.state.seq,
            rulebook: release,
            policy,
            levels: &levels.unwrap_or_default(),
            situation: &self.situation(input),
            question,
            deploys: &self.deploys(change),
            waiver,
        })
    }
}

fn key(policy: &Policy, service: &str) -> LevelKey {
    LevelKey { policy: policy.name.clone(), service: service.to_owned() }
}

/// The decision that the present state makes. It is asked for by [`crate::Command::AskGate`] where it shall be a
/// fact, and by itself where it is only shown.
pub fn decide_gate(
    state: &State,
    config: &Config,
    question: &GateQuestion,
    id: DecisionId,
    now: Timestamp,
) -> Decision {
    Known { state, config, past: None }.decide(question, id, now)
}

/// What would have been decided at `at`, under the present policies and with the levels, incidents, deploys and
/// overrides of that time. The question brings the budgets of that time. Never a fact.
pub fn decide_gate_at(
    state: &State,
    config: &Config,
    question: &GateQuestion,
    at: Timestamp,
) -> Decision {
    Known { state, config, past: Some(at) }.decide(question, unrecorded(at), at)
}

impl Draft<'_> {
    pub(crate) fn observe_policies(&mut self, inputs: Vec<PolicyInput>) -> Result<Reply, Refusal> {
        let config = self.config.ok_or(Refusal::NoConfig)?;
        for input in inputs.into_iter().take(SERVICES_MAX) {
            self.judge(config, input)?;
        }
        Ok(Reply::Done)
    }

    pub(crate) fn ask_gate(&mut self, mut question: GateQuestion) -> Result<Reply, Refusal> {
        let config = self.config.ok_or(Refusal::NoConfig)?;
        question.change.service.clone_into(&mut question.input.service);
        self.judge(config, question.input.clone())?;
        let id = self.new_id();
        let decision = Box::new(decide_gate(self.state, config, &question, id, self.now));
        self.apply(Fact::Decision(decision.clone()));
        Ok(Reply::Decision(decision))
    }

    pub(crate) fn waive(&mut self, request: Waive) -> Result<Reply, Refusal> {
        let config = self.config.ok_or(Refusal::NoConfig)?;
        let change = Change {
            service: request.service.clone(),
            env: request.env.clone(),
            version: Some(request.version.clone()),
            sha: None,
            kind: nines_release::ChangeKind::Code,
        };
        let policy = config.release.policy_for(&change);
        let id = self.new_id();
        let waivers = self.state.releases.waivers();
        let waiver = decide_waiver(&config.release, policy, waivers, request, id, self.now)?;
        self.apply(Fact::Waiver(Box::new(waiver.clone())));
        Ok(Reply::Waiver(Box::new(waiver)))
    }

    /// The levels of one service, under every policy that rules it.
    fn judge(&mut self, config: &Config, input: PolicyInput) -> Result<(), Refusal> {
        let service = input.service.clone();
        let known = Known { state: self.state, config, past: None };
        let situation = known.situation(input);
        let ruling = config.release.ruling(&service);
        self.leave_others(&service, &ruling);
        for policy in ruling {
            let id = key(policy, &service);
            let unseen = Levels::default();
            let levels = self.state.releases.levels(&id).unwrap_or(&unseen);
            let look = Look { policy, situation: &situation, now: self.now };
            for fact in observe(levels, &look) {
                self.apply(Fact::Level(Of { id: id.clone(), fact: fact.clone() }));
                self.follow(&id, policy, &fact)?;
            }
        }
        Ok(())
    }

    /// Levels of policies that rule the service no longer are over.
    fn leave_others(&mut self, service: &str, ruling: &[&Policy]) {
        let is_other = |key: &LevelKey| {
            key.service == service && !ruling.iter().any(|it| it.name == key.policy)
        };
        let others = self.state.releases.all_levels().filter(|(key, _)| is_other(key));
        let left: Vec<(LevelKey, String)> = others
            .flat_map(|(key, it)| it.active.keys().map(|level| (key.clone(), level.clone())))
            .collect();
        for (id, level) in left {
            let because = format!("policy {} does not rule {service} any more", id.policy);
            let fact = LevelFact::Left { level: level.clone(), because };
            self.apply(Fact::Level(Of { id: id.clone(), fact }));
            self.end_work(&id, &level);
        }
    }

    /// Tells people what a level asks of them, and that it is over.
    fn follow(&mut self, id: &LevelKey, policy: &Policy, fact: &LevelFact) -> Result<(), Refusal> {
        match fact {
            LevelFact::Entered { level, because } => {
                let unit = units(policy).find(|it| it.name == level);
                let Some(unit) = unit.filter(|it| it.effects.asks_for_work()) else {
                    return Ok(());
                };
                let work = self.work(id, level, unit.effects, because, &policy.origin);
                self.observe(work, dispatch::Source::Policies, Coverage::Partial)?;
                Ok(())
            }
            LevelFact::Left { level, .. } => {
                self.end_work(id, level);
                Ok(())
            }
            LevelFact::Watched { .. }
            | LevelFact::LeaveBegan { .. }
            | LevelFact::LeaveSeen { .. }
            | LevelFact::LeaveBroken { .. } => Ok(()),
        }
    }

    /// One alert of urgency *ticket* for each thing that is asked for. Nobody is woken by a policy.
    fn work(
        &self,
        id: &LevelKey,
        level: &str,
        effects: &Effects,
        because: &str,
        origin: &Origin,
    ) -> Vec<Observation> {
        let LevelKey { policy, service } = id;
        let must = |what: &str| format!("{service} is at level {level} of policy {policy}: {what}");
        let asked = [
            ("notify", effects.notify.as_deref(), must("changes are restricted")),
            (
                "ticket",
                effects.ticket.as_deref(),
                must("somebody has to look into its reliability"),
            ),
            ("postmortem", effects.postmortem.then_some(""), must("a postmortem is required")),
            ("action", effects.action.as_deref(), must("an action is required")),
            ("plan_item", effects.plan_item.as_deref(), must("a plan item is required")),
        ];
        let roster = self.config.map(|it| &it.roster.policies);
        let mut work = Vec::new();
        for (effect, value, summary) in asked {
            let Some(value) = value else { continue };
            let mut labels = BTreeMap::from([
                ("alertname", POLICY_ALERT),
                ("service", service),
                ("policy", policy),
                ("level", level),
                ("effect", effect),
                ("severity", "ticket"),
            ]);
            match effect {
                "notify" | "ticket" => drop(labels.insert("team", value)),
                _ if !value.is_empty() => drop(labels.insert("priority", value)),
                _ => {}
            }
            let text = |it: &str| it.to_owned();
            let labels = labels.into_iter().map(|(name, value)| (text(name), text(value)));
            // Names and values of a policy are short texts without line breaks.
            let Ok(labels) = Labels::new(labels.collect::<BTreeMap<_, _>>()) else { continue };
            let is_escalation = roster.is_some_and(|it| it.contains_key(value));
            let about = format!("{service} {level}");
            work.push(Observation {
                labels,
                annotations: BTreeMap::from([(text("summary"), summary)]),
                evidence: Evidence {
                    subject: about,
                    sentence: because.to_owned(),
                    windows: Vec::new(),
                    origin: origin.clone(),
                },
                gist: text(level),
                urgency: Urgency::Ticket,
                escalation: is_escalation.then(|| text(value)),
                impact_start: self.now,
            });
        }
        work
    }

    fn end_work(&mut self, id: &LevelKey, level: &str) {
        let is_meant = |labels: &Labels| {
            labels.value("alertname") == POLICY_ALERT
                && labels.value("service") == id.service
                && labels.value("policy") == id.policy
                && labels.value("level") == level
        };
        let firing = self.state.firing().filter(|(_, it)| is_meant(&it.labels));
        let over: Vec<AlertKey> = firing.map(|(key, _)| key).collect();
        self.resolve_alerts(over, ResolveReason::ConditionCleared);
    }
}

/// How often each service shall be scraped, where an active level wants it more often than usual.
pub fn scrape_intervals(state: &State, config: &Config) -> BTreeMap<String, SignedDuration> {
    let mut intervals: BTreeMap<String, SignedDuration> = BTreeMap::new();
    for (key, levels) in state.releases.all_levels() {
        let Some(policy) = config.release.policy(&key.policy) else { continue };
        let active = units(policy).filter(|it| levels.active.contains_key(it.name));
        if let Some(interval) = active.filter_map(|it| it.effects.scrape).min() {
            let known = intervals.entry(key.service.clone()).or_insert(interval);
            *known = interval.min(*known);
        }
    }
    intervals
}

/// A name for a decision that is only shown.
pub fn unrecorded(now: Timestamp) -> DecisionId {
    Id::from_parts(now, 0)
}

#[cfg(test)]
mod tests;
