//! What is remembered of releases: levels of policies, decisions, overrides. Facts alone change it.

use std::collections::{BTreeMap, VecDeque};

use jiff::Timestamp;
use nines_release::{
    Cause, Decision, DecisionId, LevelFact, LevelKey, Levels, Verdict, Waiver, WaiverId,
    evolve_levels,
};
use serde::{Deserialize, Serialize};

/// The most decisions in memory; older ones stay in the journal.
pub const DECISIONS_MAX: usize = 2_000;
/// The most changes of levels in memory; older ones stay in the journal.
const LEVEL_CHANGES_MAX: usize = 10_000;
/// The most overrides in memory. Quotas are counted from them, so they outlive their quarter.
const WAIVERS_MAX: usize = 10_000;

/// A fact about a level, and when it was recorded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LevelChange {
    /// When.
    pub at: Timestamp,
    /// The journal's sequence number.
    pub seq: u64,
    /// Whose.
    pub key: LevelKey,
    /// What.
    pub fact: LevelFact,
}

/// The fold of all facts about releases.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Releases {
    levels: BTreeMap<LevelKey, Levels>,
    /// Oldest first.
    changes: VecDeque<LevelChange>,
    /// Whether changes were forgotten, and up to when.
    forgotten_until: Option<Timestamp>,
    /// By id, so by age.
    decisions: BTreeMap<DecisionId, Decision>,
    /// How many there ever were, by answer and sort of reason.
    decided: BTreeMap<(Verdict, Cause), u64>,
    /// By id, so by age.
    waivers: BTreeMap<WaiverId, Waiver>,
}

impl Releases {
    /// Where a service stands under a policy, if anybody has looked.
    pub fn levels(&self, key: &LevelKey) -> Option<&Levels> {
        self.levels.get(key)
    }

    /// Every service that has been looked at, with its levels.
    pub fn all_levels(&self) -> impl Iterator<Item = (&LevelKey, &Levels)> {
        self.levels.iter()
    }

    /// Where a service stood under a policy at an instant; nothing where that is no longer in memory.
    pub fn levels_at(&self, key: &LevelKey, at: Timestamp) -> Option<Levels> {
        if self.forgotten_until.is_some_and(|it| at <= it) {
            return None;
        }
        let mut levels = Levels::default();
        let changes = self.changes.iter().filter(|it| it.key == *key);
        for it in changes.take_while(|it| it.at <= at) {
            evolve_levels(&mut levels, &it.fact, it.at, it.seq);
        }
        levels.digest.is_some().then_some(levels)
    }

    /// Changes of levels, oldest first; that one still leaves is no change.
    pub fn changes(&self) -> impl DoubleEndedIterator<Item = &LevelChange> {
        self.changes.iter()
    }

    /// Decisions, oldest first.
    pub fn decisions(&self) -> impl DoubleEndedIterator<Item = &Decision> {
        self.decisions.values()
    }

    /// How many decisions there ever were, by answer and sort of reason.
    pub fn decided(&self) -> impl Iterator<Item = (Verdict, Cause, u64)> {
        self.decided.iter().map(|((verdict, cause), count)| (*verdict, *cause, *count))
    }

    /// The decision of this name.
    pub fn decision(&self, id: DecisionId) -> Option<&Decision> {
        self.decisions.get(&id)
    }

    /// Overrides, oldest first.
    pub fn waivers(&self) -> impl DoubleEndedIterator<Item = &Waiver> + Clone {
        self.waivers.values()
    }

    pub(crate) fn evolve_level(
        &mut self,
        key: &LevelKey,
        fact: &LevelFact,
        at: Timestamp,
        seq: u64,
    ) {
        evolve_levels(self.levels.entry(key.clone()).or_default(), fact, at, seq);
        if matches!(fact, LevelFact::LeaveSeen { .. }) {
            return;
        }
        self.changes.push_back(LevelChange { at, seq, key: key.clone(), fact: fact.clone() });
        if LEVEL_CHANGES_MAX < self.changes.len() {
            self.forgotten_until = self.changes.pop_front().map(|it| it.at);
        }
    }

    pub(crate) fn evolve_decision(&mut self, decision: &Decision) {
        *self.decided.entry((decision.verdict, decision.cause)).or_default() += 1;
        self.decisions.insert(decision.id, decision.clone());
        if DECISIONS_MAX < self.decisions.len() {
            self.decisions.pop_first();
        }
    }

    pub(crate) fn evolve_waiver(&mut self, waiver: &Waiver) {
        self.waivers.insert(waiver.id, waiver.clone());
        if WAIVERS_MAX < self.waivers.len() {
            self.waivers.pop_first();
        }
    }
}
