//! Inhibition: alerts that need not be told of while others fire.
//!
//! What a rule means is a scan of all alerts; [`Index`] gives the same answer without one. It keeps, for each clause
//! and each tuple of values that must be equal, *all* sources and not only one: one that resolves must not free what
//! others still inhibit, and one that does not count for some target must not hide one that does.
//!
//! Source: Alertmanager's documentation, `inhibit_rule`; its issues 5162 and 4504.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use nines_base::{Labels, Matcher, Origin};

use crate::AlertKey;
use crate::lookup::Lookup;

/// While sources fire, targets with equal values of some labels are not told of.
#[derive(Debug, Clone, PartialEq)]
pub struct Rule {
    /// May be empty.
    pub name: String,
    /// All must hold; Alertmanager's rules have one. Without any the rule inhibits nothing.
    pub sources: Vec<Clause>,
    /// All must match the alert that is inhibited.
    pub target: Vec<Matcher>,
    /// Labels whose values must be the same on sources and target.
    pub equal: Vec<String>,
    /// What a label of `equal` that both sides lack means.
    pub missing: Missing,
    /// Where it was written.
    pub origin: Origin,
}

/// What must fire for targets to be inhibited.
#[derive(Debug, Clone, PartialEq)]
pub struct Clause {
    /// All must match the alert that inhibits.
    pub matchers: Vec<Matcher>,
    /// How many such alerts must fire; 0 is the same as 1.
    pub min: u32,
}

/// What a label means that both sides lack.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Missing {
    /// They have the same value, as in Alertmanager (its issues 507 and 1727).
    #[default]
    Equal,
    /// They have nothing in common.
    Distinct,
}

impl Rule {
    /// A rule of Alertmanager: one source is enough.
    pub fn new(source: Vec<Matcher>, target: Vec<Matcher>, equal: Vec<String>) -> Self {
        Self {
            name: String::new(),
            sources: vec![Clause { matchers: source, min: 1 }],
            target,
            equal,
            missing: Missing::default(),
            origin: Origin::default(),
        }
    }

    /// The values of `equal`; none if they make this alert distinct from every other.
    fn tuple(&self, labels: &Labels) -> Option<Vec<String>> {
        let values: Vec<String> =
            self.equal.iter().map(|name| labels.value(name).to_owned()).collect();
        let is_distinct = self.missing == Missing::Distinct && values.iter().any(String::is_empty);
        (!is_distinct).then_some(values)
    }
}

/// Why an alert is not told of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Inhibition {
    /// Which rule; the first that inhibits. Counts from 0.
    pub rule_index: usize,
    /// The source with the smallest fingerprint, of the first clause.
    pub by: AlertKey,
    /// Until when, if no alert changes: an alert whose end is not later does not fire. None: without end.
    pub until: Option<Timestamp>,
}

/// Finds inhibited alerts; told of every change of every alert. Soft: rebuilt from alerts and rules.
#[derive(Debug, Clone, Default)]
pub struct Index {
    rules: Vec<Rule>,
    /// By target matchers: the rules, by number.
    targets: Lookup<usize>,
    /// By source matchers: the clauses, by number of rule and of clause.
    sources: Lookup<(usize, usize)>,
    /// The sources of each clause, by the values that must be equal.
    buckets: BTreeMap<(usize, usize), BTreeMap<Vec<String>, Bucket>>,
    /// Where each source is, to take it out again.
    places: BTreeMap<AlertKey, Vec<Place>>,
}

#[derive(Debug, Clone)]
struct Place {
    clause: (usize, usize),
    tuple: Vec<String>,
    side: Side,
    ends_at: Timestamp,
}

/// Whether a source could itself be a target of the rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Side {
    Source,
    Both,
}

/// The sources of one clause with equal values.
#[derive(Debug, Clone, Default)]
struct Bucket {
    one_sided: Sources,
    two_sided: Sources,
}

/// By end and by fingerprint; alerts without an end have the last instant there is.
#[derive(Debug, Clone, Default)]
struct Sources {
    by_end: BTreeSet<(Timestamp, AlertKey)>,
    by_key: BTreeMap<AlertKey, Timestamp>,
}

impl Index {
    /// Without alerts.
    pub fn new(rules: &[Rule]) -> Self {
        let mut index = Self { rules: rules.to_vec(), ..Self::default() };
        for (rule_index, rule) in rules.iter().enumerate().filter(|(_, it)| !it.sources.is_empty())
        {
            index.targets.insert(rule_index, &rule.target);
            for (clause_index, clause) in rule.sources.iter().enumerate() {
                index.sources.insert((rule_index, clause_index), &clause.matchers);
            }
        }
        index
    }

    /// Whether there is no rule, so that nothing is ever inhibited.
    pub fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }

    /// This alert fires until `ends_at`, or without end; an end that has passed says that it is resolved.
    pub fn set(&mut self, key: AlertKey, labels: &Labels, ends_at: Option<Timestamp>) {
        self.remove(key);
        let ends_at = ends_at.unwrap_or(Timestamp::MAX);
        let clauses: Vec<(usize, usize)> = self.sources.matching(labels).collect();
        for clause in clauses {
            let Some(rule) = self.rules.get(clause.0) else { continue };
            let Some(tuple) = rule.tuple(labels) else { continue };
            let side = if matches(&rule.target, labels) { Side::Both } else { Side::Source };
            let bucket = self.buckets.entry(clause).or_default().entry(tuple.clone()).or_default();
            bucket.sources_mut(side).insert(key, ends_at);
            self.places.entry(key).or_default().push(Place { clause, tuple, side, ends_at });
        }
    }

    /// There is no such alert any more.
    pub fn remove(&mut self, key: AlertKey) {
        for Place { clause, tuple, side, ends_at } in self.places.remove(&key).unwrap_or_default() {
            let Some(buckets) = self.buckets.get_mut(&clause) else { continue };
            if let Some(bucket) = buckets.get_mut(&tuple) {
                bucket.sources_mut(side).remove(key, ends_at);
                if bucket.is_empty() {
                    buckets.remove(&tuple);
                }
            }
        }
    }

    /// Whether an alert with these labels is inhibited at `now`, firing or resolved.
    pub fn inhibited(&self, labels: &Labels, now: Timestamp) -> Option<Inhibition> {
        let mut rules: Vec<usize> = self.targets.matching(labels).collect();
        rules.sort_unstable();
        rules.into_iter().find_map(|it| self.inhibited_by(it, labels, now))
    }

    fn inhibited_by(
        &self,
        rule_index: usize,
        labels: &Labels,
        now: Timestamp,
    ) -> Option<Inhibition> {
        let rule = self.rules.get(rule_index)?;
        let tuple = rule.tuple(labels)?;
        let mut answer: Option<(AlertKey, Timestamp)> = None;
        for (clause_index, clause) in rule.sources.iter().enumerate() {
            let bucket = self.buckets.get(&(rule_index, clause_index))?.get(&tuple)?;
            // A target that could be a source of this clause is not inhibited by its like, nor by itself.
            let is_like = matches(&clause.matchers, labels);
            let sides: &[&Sources] = if is_like {
                &[&bucket.one_sided]
            } else {
                &[&bucket.one_sided, &bucket.two_sided]
            };
            let until = nth_latest_end(sides, clause.min.max(1), now)?;
            let by = sides.iter().filter_map(|it| it.first_firing(now)).min()?;
            answer = Some(answer.map_or((by, until), |(first, end)| (first, end.min(until))));
        }
        let (by, until) = answer?;
        Some(Inhibition { rule_index, by, until: (until != Timestamp::MAX).then_some(until) })
    }
}

/// Until when at least `count` of these sources fire, if they do at `now`.
fn nth_latest_end(sides: &[&Sources], count: u32, now: Timestamp) -> Option<Timestamp> {
    let count = usize::try_from(count).ok()?;
    let latest = |it: &&Sources| it.by_end.iter().rev().take(count).map(|(end, _)| *end).collect();
    let mut ends: Vec<Timestamp> =
        sides.iter().flat_map(|it| -> Vec<Timestamp> { latest(it) }).collect();
    ends.sort_unstable_by(|a, b| b.cmp(a));
    ends.get(count - 1).copied().filter(|end| now < *end)
}

fn matches(matchers: &[Matcher], labels: &Labels) -> bool {
    matchers.iter().all(|it| it.matches(labels))
}

impl Bucket {
    fn sources_mut(&mut self, side: Side) -> &mut Sources {
        match side {
            Side::Source => &mut self.one_sided,
            Side::Both => &mut self.two_sided,
        }
    }

    fn is_empty(&self) -> bool {
        self.one_sided.by_key.is_empty() && self.two_sided.by_key.is_empty()
    }
}

impl Sources {
    /// So many firing sources are looked at one by one.
    const FEW: usize = 16;

    fn insert(&mut self, key: AlertKey, ends_at: Timestamp) {
        self.by_key.insert(key, ends_at);
        self.by_end.insert((ends_at, key));
    }

    fn remove(&mut self, key: AlertKey, ends_at: Timestamp) {
        self.by_key.remove(&key);
        self.by_end.remove(&(ends_at, key));
    }

    /// The smallest fingerprint of a source that fires at `now`.
    ///
    /// Few that fire are compared; of many, one is soon met in the order of fingerprints, which are as good as random.
    fn first_firing(&self, now: Timestamp) -> Option<AlertKey> {
        let firing = || self.by_end.iter().rev().take_while(|(end, _)| now < *end);
        if firing().nth(Self::FEW).is_none() {
            return firing().map(|(_, key)| *key).min();
        }
        self.by_key.iter().find(|(_, end)| now < **end).map(|(key, _)| *key)
    }
}

#[cfg(test)]
mod tests;
