//! What would have come of a configuration.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use nines_alert::AlertKey;
use nines_engine::Observation;
use nines_port::Urgency;
use nines_release::{Decision, LevelFact, LevelKey, Verdict};
use nines_slo::{SloState, SloStatus};
use serde::Serialize;

use super::Plan;
use crate::Stage;

/// What would have come of a configuration.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Report {
    /// Judged from then on.
    pub from: Timestamp,
    /// Until then.
    pub to: Timestamp,
    /// Every alert that would have fired, oldest first.
    pub alerts: Vec<FiredAlert>,
    /// What gates would have said, oldest first.
    pub decisions: Vec<AskedGate>,
    /// How long levels of policies would have been active, oldest first.
    pub levels: Vec<LevelSpan>,
    /// How budgets stand at the end.
    pub budgets: Vec<GoalAtEnd>,
}

/// An alert that would have fired.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FiredAlert {
    /// Of which objective, or of what else.
    pub subject: String,
    /// Its identity.
    pub labels: BTreeMap<String, String>,
    /// Whether somebody would have been woken.
    pub is_page: bool,
    /// When it would have begun.
    pub from: Timestamp,
    /// When it would have ended; nothing while it goes on.
    pub until: Option<Timestamp>,
    /// Why, in a line.
    pub summary: String,
    /// Who would have been told.
    pub told: Vec<ToldPerson>,
}

/// A message that would have left.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ToldPerson {
    /// When.
    pub at: Timestamp,
    /// Who.
    pub person: String,
    /// How.
    pub channel: String,
}

/// What a gate would have said.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AskedGate {
    /// When.
    pub at: Timestamp,
    /// Of which service.
    pub service: String,
    /// Where.
    pub env: String,
    /// To which version.
    pub version: Option<String>,
    /// The answer.
    pub verdict: Verdict,
    /// The level that rules.
    pub level: String,
    /// In a line.
    pub because: String,
}

/// A time in which a level of a policy is active.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LevelSpan {
    /// Which policy.
    pub policy: String,
    /// Of which service.
    pub service: String,
    /// Which level.
    pub level: String,
    /// Since when.
    pub from: Timestamp,
    /// Until when; nothing while it goes on.
    pub until: Option<Timestamp>,
    /// Why it was entered.
    pub because: String,
}

/// How a budget stands at the end.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct GoalAtEnd {
    /// Whose.
    pub slo: String,
    /// The objective's name.
    pub objective: String,
    /// The share that must be good.
    pub target: String,
    /// Over what.
    pub window: String,
    /// In a word.
    pub state: String,
    /// All events.
    pub total: u64,
    /// The bad ones.
    pub bad: u64,
    /// What is left; nothing when it cannot be known.
    pub remaining_ratio: Option<f64>,
    /// The share of the window that is known.
    pub coverage_ratio: f64,
    /// Pages of this objective in the whole time.
    pub pages: usize,
    /// Tickets of this objective in the whole time.
    pub tickets: usize,
    /// How long pages would have fired.
    pub paging: SignedDuration,
}

impl FiredAlert {
    pub(super) fn new(it: &Observation, now: Timestamp) -> Self {
        let labels = it.labels.iter().map(|(name, it)| (name.to_owned(), it.to_owned()));
        Self {
            subject: it.evidence.subject.clone(),
            labels: labels.collect(),
            is_page: it.urgency == Urgency::Page,
            from: now,
            until: None,
            summary: it.annotations.get("summary").cloned().unwrap_or_default(),
            told: Vec::new(),
        }
    }
}

impl AskedGate {
    pub(super) fn new(it: &Decision) -> Self {
        Self {
            at: it.at,
            service: it.change.service.clone(),
            env: it.change.env.clone(),
            version: it.change.version.clone(),
            verdict: it.verdict,
            level: it.policy.level.clone(),
            because: it.line(),
        }
    }
}

impl Report {
    pub(super) fn new(
        plan: &Plan,
        stage: &Stage,
        fired: Vec<(AlertKey, FiredAlert)>,
        decisions: Vec<AskedGate>,
        statuses: &[SloStatus],
    ) -> Self {
        let mut fired = fired;
        fired.sort_by(|one, other| {
            (one.1.from, &one.1.subject).cmp(&(other.1.from, &other.1.subject))
        });
        for it in stage.sent().iter().filter(|it| it.purpose == nines_engine::outbox::Purpose::Page)
        {
            // The activation that the message is about is the last that had begun.
            let mut about = fired.iter_mut().rev();
            let about = about.find(|(key, alert)| *key == it.alert && alert.from <= it.at);
            if let Some((_, alert)) = about {
                let (at, person, channel) = (it.at, it.person.clone(), it.channel.clone());
                alert.told.push(ToldPerson { at, person, channel });
            }
        }
        let alerts: Vec<FiredAlert> = fired.into_iter().map(|(_, it)| it).collect();
        let goals = statuses.iter().flat_map(|status| {
            let has_several = 1 < status.goals.len();
            status.goals.iter().map(move |goal| (status, goal, has_several))
        });
        let budgets = goals.map(|(status, goal, has_several)| {
            let is_own = |it: &&FiredAlert| {
                let label = |name: &str| it.labels.get(name).map_or("", String::as_str);
                label("service") == status.name.service
                    && label("slo") == status.name.slo
                    && (!has_several
                        || (label("objective") == goal.objective
                            && label("window") == goal.window.to_string()))
            };
            let own: Vec<&FiredAlert> = alerts.iter().filter(is_own).collect();
            let pages = || own.iter().filter(|it| it.is_page);
            let length =
                |it: &&&FiredAlert| it.until.unwrap_or(plan.range.end).duration_since(it.from);
            GoalAtEnd {
                slo: status.name.to_string(),
                objective: goal.objective.clone(),
                target: goal.target.to_string(),
                window: goal.window.to_string(),
                state: state(goal.state).to_owned(),
                total: goal.budget.counts.total,
                bad: goal.budget.counts.bad,
                remaining_ratio: goal.remaining_billionths.map(|_| rounded(goal.remaining_ratio)),
                coverage_ratio: rounded(goal.budget.coverage_ratio()),
                pages: pages().count(),
                tickets: own.iter().filter(|it| !it.is_page).count(),
                paging: pages().map(|it| length(&it)).sum(),
            }
        });
        let budgets = budgets.collect();
        let (from, to) = (plan.range.start, plan.range.end);
        Self { from, to, levels: levels(stage), budgets, alerts, decisions }
    }

    /// The pages of all objectives.
    pub fn pages(&self) -> impl Iterator<Item = &FiredAlert> {
        self.alerts.iter().filter(|it| it.is_page)
    }

    /// The tickets of all objectives.
    pub fn tickets(&self) -> impl Iterator<Item = &FiredAlert> {
        self.alerts.iter().filter(|it| !it.is_page)
    }

    /// The changes that would not have proceeded.
    pub fn blocked(&self) -> impl Iterator<Item = &AskedGate> {
        self.decisions.iter().filter(|it| it.verdict != Verdict::Open)
    }
}

fn levels(stage: &Stage) -> Vec<LevelSpan> {
    let mut open: BTreeMap<(LevelKey, String), LevelSpan> = BTreeMap::new();
    let mut spans = Vec::new();
    stage.read(|state| {
        for change in state.releases.changes() {
            let LevelKey { policy, service } = &change.key;
            match &change.fact {
                LevelFact::Entered { level, because } => {
                    let (policy, service) = (policy.clone(), service.clone());
                    let (from, until) = (change.at, None);
                    let because = because.clone();
                    let span =
                        LevelSpan { policy, service, level: level.clone(), from, until, because };
                    open.insert((change.key.clone(), level.clone()), span);
                }
                LevelFact::Left { level, .. } => {
                    if let Some(mut it) = open.remove(&(change.key.clone(), level.clone())) {
                        it.until = Some(change.at);
                        spans.push(it);
                    }
                }
                _ => {}
            }
        }
    });
    spans.extend(open.into_values());
    spans.sort_by(|one, other| (one.from, &one.service).cmp(&(other.from, &other.service)));
    spans
}

fn state(it: SloState) -> &'static str {
    match it {
        SloState::Fine => "fine",
        SloState::Ticket => "ticket",
        SloState::Page => "page",
        SloState::Spent => "spent",
        SloState::NoData => "no data",
        SloState::NoEvents => "no events",
    }
}

/// To millionths: reports are compared as text.
fn rounded(ratio: f64) -> f64 {
    (ratio * 1e6).round() / 1e6
}
