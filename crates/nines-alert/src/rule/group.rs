//! A group from one evaluation to the next.

use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use nines_base::{HistogramSample, Labels, Sample, SampleBatch, stale_marker};
use nines_promql::{SelectLimits, VectorSample};

use super::alerting::Row;
use super::expand::query_vector;
use super::{Alerting, Environment, Rule, RuleAlert, RuleGroup, RuleKind, recording};

/// How a rule's last evaluation went.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum RuleHealth {
    /// There was none.
    #[default]
    Unknown,
    /// It went well.
    Good,
    /// It failed, and why.
    Bad(String),
}

/// What is known of one rule, for people.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct RuleState {
    /// How the last evaluation went.
    pub health: RuleHealth,
    /// When it was.
    pub evaluated_at: Option<Timestamp>,
    /// How long it took.
    pub took: SignedDuration,
    /// Its alerts; empty for recording rules.
    pub alerting: Alerting,
}

/// A group and what is known from its evaluations.
#[derive(Debug, Clone)]
pub struct GroupState {
    group: Arc<RuleGroup>,
    rules: Vec<RuleState>,
    /// What each rule wrote last, sorted.
    written: Vec<Vec<Labels>>,
    /// What rules wrote that are no more.
    orphans: BTreeSet<Labels>,
    /// Evaluations to come before the past is read; `None` when it has been, or need not be.
    restores_in: Option<u32>,
    /// When the last evaluation was.
    pub evaluated_at: Option<Timestamp>,
    /// How long it took.
    pub took: SignedDuration,
    /// Evaluations of rules so far.
    pub evaluations_total: u64,
    /// Evaluations of rules that failed.
    pub failures_total: u64,
    /// Samples that the last evaluation gave.
    pub samples: u64,
}

impl GroupState {
    /// A group whose past, if it has one, is known already: nothing is restored.
    pub fn new(group: Arc<RuleGroup>) -> Self {
        let count = group.rules.len();
        let alerting = Alerting { is_restored: true, ..Alerting::default() };
        Self {
            rules: vec![RuleState { alerting, ..RuleState::default() }; count],
            written: vec![Vec::new(); count],
            group,
            orphans: BTreeSet::new(),
            restores_in: None,
            evaluated_at: None,
            took: SignedDuration::ZERO,
            evaluations_total: 0,
            failures_total: 0,
            samples: 0,
        }
    }

    /// A group after a restart: after two evaluations, when everything that its rules depend on has arrived again,
    /// it reads from the store since when its alerts are active.
    pub fn after_restart(group: Arc<RuleGroup>) -> Self {
        let mut state = Self::new(group);
        for rule in &mut state.rules {
            rule.alerting.is_restored = false;
        }
        state.restores_in = Some(2);
        state
    }

    /// The group under a new configuration. Rules with the same name and labels keep their alerts and series.
    #[must_use]
    pub fn reconfigured(&self, group: &Arc<RuleGroup>) -> Self {
        let mut next = Self::new(Arc::clone(group));
        let mut free: Vec<bool> = vec![true; self.rules.len()];
        for (index, rule) in group.rules.iter().enumerate() {
            let is_same = |(at, it): &(usize, &Rule)| {
                free.get(*at) == Some(&true) && it.name == rule.name && it.labels == rule.labels
            };
            let Some((from, old)) = self.group.rules.iter().enumerate().find(is_same) else {
                continue;
            };
            free[from] = false;
            next.written[index].clone_from(&self.written[from]);
            next.rules[index].alerting.is_restored = self.rules[from].alerting.is_restored;
            if rule.as_alert().is_some() && old.as_alert().is_some() {
                next.rules[index].clone_from(&self.rules[from]);
            }
        }
        next.orphans.clone_from(&self.orphans);
        for (written, _) in self.written.iter().zip(&free).filter(|(_, is_free)| **is_free) {
            next.orphans.extend(written.iter().cloned());
        }
        next.restores_in = self.restores_in;
        (next.evaluated_at, next.took) = (self.evaluated_at, self.took);
        (next.evaluations_total, next.failures_total) =
            (self.evaluations_total, self.failures_total);
        next
    }

    /// The group itself.
    pub fn group(&self) -> &Arc<RuleGroup> {
        &self.group
    }

    /// What is known of each rule, in the order of the group.
    pub fn rules(&self) -> &[RuleState] {
        &self.rules
    }

    /// Whether the alerts are what they would be without a restart.
    pub fn is_settled(&self) -> bool {
        self.restores_in.is_none() && self.evaluated_at.is_some()
    }

    /// Everything that the rules have written last, for when the group is removed.
    pub fn written(&self) -> impl Iterator<Item = &Labels> {
        self.written.iter().flatten().chain(&self.orphans)
    }

    /// Evaluates all rules in their order, as of `at`.
    pub fn evaluate(&mut self, at: Timestamp, environment: &Environment<'_>) {
        let started = (environment.stopwatch)();
        self.samples = 0;
        for index in 0..self.group.rules.len() {
            self.evaluate_rule(index, at, environment);
        }
        self.end_orphans(at, environment);
        if self.restores_in == Some(0) {
            // The evaluation after the past was read: alerts that were firing fire again.
            self.restores_in = None;
        }
        if let Some(left) = self.restores_in.as_mut() {
            *left = left.saturating_sub(1);
            if *left == 0 {
                self.restore(at, environment);
            }
        }
        self.evaluated_at = Some(at);
        self.took = (environment.stopwatch)() - started;
    }

    fn restore(&mut self, at: Timestamp, environment: &Environment<'_>) {
        let limits = SelectLimits {
            series_max: environment.limits.series_max,
            samples_max: environment.limits.samples_max,
        };
        let group = Arc::clone(&self.group);
        for (rule, state) in group.rules.iter().zip(&mut self.rules) {
            let Some(alert) = rule.as_alert() else { continue };
            let restored = state.alerting.restore((rule, alert), at, environment.source, &limits);
            if let Err(error) = restored {
                let message = format!("the alerts begin anew, their past cannot be read: {error}");
                state.health = RuleHealth::Bad(message);
            }
        }
    }

    fn evaluate_rule(&mut self, index: usize, at: Timestamp, environment: &Environment<'_>) {
        let group = Arc::clone(&self.group);
        let Some(rule) = group.rules.get(index) else { return };
        let started = (environment.stopwatch)();
        let stamp = at.saturating_sub(group.query_offset).unwrap_or(at);
        let result = self.answer(rule, index, at, stamp, environment).and_then(|samples| {
            self.samples += samples.len() as u64;
            self.write(index, samples, stamp, environment)
        });
        self.evaluations_total += 1;
        self.failures_total += u64::from(result.is_err());
        let Some(state) = self.rules.get_mut(index) else { return };
        state.health = result.map_or_else(RuleHealth::Bad, |()| RuleHealth::Good);
        state.evaluated_at = Some(at);
        state.took = (environment.stopwatch)() - started;
    }

    /// The samples that a rule gives.
    fn answer(
        &mut self,
        rule: &Rule,
        index: usize,
        at: Timestamp,
        stamp: Timestamp,
        environment: &Environment<'_>,
    ) -> Result<Vec<VectorSample>, String> {
        let vector = query_vector(&rule.query, stamp.as_millisecond(), environment)?;
        let limit = self.group.limit;
        let alert = match &rule.kind {
            RuleKind::Record => return recording::record(rule, vector, limit),
            RuleKind::Alert(alert) => alert,
        };
        let Some(state) = self.rules.get_mut(index) else { return Ok(Vec::new()) };
        let rows = state.alerting.evaluate((rule, alert), &vector, at, limit, environment)?;
        let at_ms = stamp.as_millisecond();
        let sample = |(labels, value): Row| VectorSample { labels, at_ms, value, histogram: None };
        Ok(rows.into_iter().map(sample).collect())
    }

    /// Writes a rule's samples, and ends the series that it does not give any more.
    fn write(
        &mut self,
        index: usize,
        mut samples: Vec<VectorSample>,
        stamp: Timestamp,
        environment: &Environment<'_>,
    ) -> Result<(), String> {
        samples.sort_by(|one, two| one.labels.cmp(&two.labels));
        let at_ms = stamp.as_millisecond();
        // What a rule before this one has taken over goes on.
        let Some((earlier, [before, ..])) = self.written.split_at_mut_checked(index) else {
            return Ok(());
        };
        let is_good = |(rule, _): &(&RuleState, &Vec<Labels>)| rule.health == RuleHealth::Good;
        let earlier: Vec<_> = self.rules.iter().zip(&*earlier).filter(is_good).collect();
        let given: Vec<Labels> = samples.iter().map(|it| it.labels.clone()).collect();
        // Mostly nothing has ended, and that is seen at once.
        let candidates: &[Labels] = if given == *before { &[] } else { before };
        let ended = candidates
            .iter()
            .filter(|it| given.binary_search(it).is_err())
            .filter(|it| !earlier.iter().any(|(_, written)| written.binary_search(it).is_ok()));
        let ended = ended.map(|it| end_of(it, at_ms));
        let mut batch: Vec<SampleBatch> =
            samples.into_iter().map(|it| row(it, at_ms)).chain(ended).collect();
        if batch.is_empty() {
            return Ok(());
        }
        batch.sort_by(|one, two| one.labels.cmp(&two.labels));
        let appended = environment.sink.append(&batch);
        let appended = appended.map_err(|it| format!("{it}: {}", it.source))?;
        *before = given;
        if !appended.refused.is_empty() {
            before.retain(|it| appended.refused.iter().all(|refused| refused.labels != *it));
        }
        match appended.refused.first() {
            Some(it) => Err(format!("{} was not stored: {}", it.labels, it.reason)),
            None => Ok(()),
        }
    }

    fn end_orphans(&mut self, at: Timestamp, environment: &Environment<'_>) {
        let stamp = at.saturating_sub(self.group.query_offset).unwrap_or(at);
        let still_written =
            |it: &&Labels| !self.written.iter().any(|all| all.binary_search(it).is_ok());
        let ended = self.orphans.iter().filter(still_written);
        let batch: Vec<_> = ended.map(|it| end_of(it, stamp.as_millisecond())).collect();
        // What cannot be written now is tried again with the next evaluation.
        if batch.is_empty() || environment.sink.append(&batch).is_ok() {
            self.orphans.clear();
        }
    }

    /// The alerts that others must hear of now, noted as told.
    pub fn take_due(&mut self, at: Timestamp) -> Vec<(usize, RuleAlert)> {
        let interval = self.group.interval;
        let mut due = Vec::new();
        for (index, rule) in self.rules.iter_mut().enumerate() {
            for alert in rule.alerting.active.values_mut().filter(|it| it.is_due(at)) {
                alert.send(at, interval);
                due.push((index, alert.clone()));
            }
        }
        due
    }
}

fn row(it: VectorSample, at_ms: i64) -> SampleBatch {
    match it.histogram {
        Some(histogram) => SampleBatch {
            labels: it.labels,
            samples: Vec::new(),
            histograms: vec![HistogramSample { at_ms, histogram }],
        },
        None => SampleBatch::new(it.labels, vec![Sample { at_ms, value: it.value }]),
    }
}

fn end_of(labels: &Labels, at_ms: i64) -> SampleBatch {
    SampleBatch::new(labels.clone(), vec![Sample { at_ms, value: stale_marker() }])
}
