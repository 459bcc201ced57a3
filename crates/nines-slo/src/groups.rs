//! Groups of an SLI: the same counts by the values of some labels, up to a limit.
//!
//! The total is counted by itself, so what no group holds is not lost.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use nines_base::Labels;
use serde::{Deserialize, Serialize};

use crate::stock::{SavedStock, Stock};
use crate::{GoalStatus, Grouping, SloState};

/// The value of every label of the group of those that found no place.
pub(crate) const OTHER: &str = "~other";

/// No SLI has more groups, whatever its limit says.
const GROUPS_MAX: usize = 1_000;

/// No more label sets of the last group are told apart.
const FALLEN_MAX: usize = 10_000;

/// How one group of an SLO stands at an instant.
#[derive(Debug, Clone, PartialEq)]
pub struct GroupStatus {
    /// The values that make the group; each is `~other` for the group of those that found no place.
    pub labels: Labels,
    /// In one word, that of its worst goal.
    pub state: SloState,
    /// Every budget, in the order of [`crate::Slo::goals`]; never empty.
    pub goals: Vec<GoalStatus>,
    /// The latest sample of a series that counts all events.
    pub last_sample: Option<Timestamp>,
}

/// Where the samples of a series go beside the total.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Place {
    /// It has not been looked for.
    Unknown,
    /// Nowhere.
    Nowhere,
    /// To the group with this index.
    Group(usize),
}

/// All groups of an SLI.
#[derive(Debug)]
pub(crate) struct Groups {
    grouping: Option<Grouping>,
    /// Empty where a group was dropped.
    slots: Vec<Option<Stock>>,
    indexes: BTreeMap<Labels, usize>,
    fallen: BTreeSet<Labels>,
}

/// What a later process needs to go on.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct SavedGroups {
    slots: Vec<Option<SavedStock>>,
    indexes: BTreeMap<Labels, usize>,
    fallen: BTreeSet<Labels>,
}

impl Groups {
    pub(crate) fn save(&self) -> SavedGroups {
        SavedGroups {
            slots: self.slots.iter().map(|it| it.as_ref().map(Stock::save)).collect(),
            indexes: self.indexes.clone(),
            fallen: self.fallen.clone(),
        }
    }

    pub(crate) fn restore(&mut self, saved: SavedGroups, stock: impl Fn() -> Stock) {
        let restored = |it: SavedStock| {
            let mut stock = stock();
            stock.restore(it);
            stock
        };
        self.slots = saved.slots.into_iter().map(|it| it.map(restored)).collect();
        self.indexes = saved.indexes;
        self.fallen = saved.fallen;
    }

    pub(crate) fn new(grouping: Option<Grouping>) -> Self {
        Self { grouping, slots: Vec::new(), indexes: BTreeMap::new(), fallen: BTreeSet::new() }
    }

    /// The place of a series, or of a group by its own labels. One without any of the labels is in no group.
    pub(crate) fn place(&mut self, labels: &Labels, stock: impl FnOnce() -> Stock) -> Place {
        let Some(grouping) = &self.grouping else { return Place::Nowhere };
        let key = labels.filtered(|it| grouping.by.iter().any(|by| by == it));
        if key.is_empty() {
            return Place::Nowhere;
        }
        if let Some(index) = self.indexes.get(&key) {
            return Place::Group(*index);
        }
        let other = Labels::new(grouping.by.iter().map(|it| (it.as_str(), OTHER)));
        let other = other.unwrap_or_else(|_| Labels::empty());
        let taken = self.indexes.keys().filter(|it| **it != other).count();
        let key = if taken < grouping.limit.clamp(1, GROUPS_MAX) {
            key
        } else {
            if self.fallen.len() < FALLEN_MAX {
                self.fallen.insert(key);
            }
            other
        };
        if let Some(index) = self.indexes.get(&key) {
            return Place::Group(*index);
        }
        let free = self.slots.iter().position(Option::is_none);
        let index = free.unwrap_or(self.slots.len());
        match free {
            Some(index) => self.slots[index] = Some(stock()),
            None => self.slots.push(Some(stock())),
        }
        self.indexes.insert(key, index);
        Place::Group(index)
    }

    pub(crate) fn get_mut(&mut self, place: Place) -> Option<&mut Stock> {
        match place {
            Place::Group(index) => self.slots.get_mut(index)?.as_mut(),
            Place::Unknown | Place::Nowhere => None,
        }
    }

    pub(crate) fn get(&self, labels: &Labels) -> Option<&Stock> {
        self.slots.get(*self.indexes.get(labels)?)?.as_ref()
    }

    /// By labels.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&Labels, &Stock)> {
        let slot = |index: &usize| self.slots.get(*index).and_then(Option::as_ref);
        self.indexes.iter().filter_map(move |(labels, index)| Some((labels, slot(index)?)))
    }

    pub(crate) fn iter_mut(&mut self) -> impl Iterator<Item = &mut Stock> {
        self.slots.iter_mut().flatten()
    }

    /// How many label sets share the last group.
    pub(crate) fn fallen(&self) -> usize {
        self.fallen.len()
    }

    /// Forgets the groups without a sample since `from_ms`; the places that are free now. Whoever holds one must
    /// look for another before it is used again.
    pub(crate) fn forget_before(&mut self, from_ms: i64) -> Vec<usize> {
        let is_over = |it: &Stock| it.last_ms().is_none_or(|last| last < from_ms);
        let mut freed = Vec::new();
        for (index, slot) in self.slots.iter_mut().enumerate() {
            if slot.as_ref().is_some_and(is_over) {
                *slot = None;
                freed.push(index);
            }
        }
        if !freed.is_empty() {
            self.indexes.retain(|_, index| !freed.contains(index));
        }
        freed
    }
}
