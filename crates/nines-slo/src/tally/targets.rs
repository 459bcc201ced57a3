//! The targets that are scraped for an SLI: how old they are, and how far their samples have come.

use std::collections::BTreeMap;

use nines_base::Labels;
use serde::{Deserialize, Serialize};

use super::Limits;
use crate::presence::{Presence, Starts};
use crate::reader::Roles;
use crate::series::Rules;

/// Everything that is scraped for an SLI.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct Targets {
    pub(super) all: Vec<Target>,
    indexes: BTreeMap<(String, String), usize>,
    /// Targets that have good or bad events only.
    part_only: usize,
    /// Some target is known to be older now.
    pub(super) has_older: bool,
}

/// What is scraped as one, known by the labels `job` and `instance`.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Target {
    presence: Presence,
    roles: Roles,
    /// First samples must be judged again: it is known now that it was there earlier.
    pub(super) is_older_now: bool,
}

/// What the surroundings of a series are.
pub(super) struct TargetRules<'a> {
    pub(super) target: &'a Target,
    pub(super) limits: Limits,
}

impl Rules for TargetRules<'_> {
    fn forget_after_ms(&self) -> i64 {
        self.limits.forget_after_ms
    }

    fn counts_from_zero(&self, at_ms: i64) -> Option<bool> {
        self.target.presence.began_before(at_ms)
    }
}

impl Target {
    fn is_part_only(&self) -> bool {
        self.roles.part && !self.roles.whole
    }
}

impl Targets {
    pub(super) fn admit(&mut self, labels: &Labels, roles: Roles, stale_after_ms: i64) -> usize {
        let key = (labels.value("job").to_owned(), labels.value("instance").to_owned());
        let index = *self.indexes.entry(key).or_insert_with(|| {
            let presence = Presence::new(stale_after_ms);
            self.all.push(Target { presence, roles: Roles::default(), is_older_now: false });
            self.all.len() - 1
        });
        let target = &mut self.all[index];
        self.part_only -= usize::from(target.is_part_only());
        target.roles.whole |= roles.whole;
        target.roles.part |= roles.part;
        self.part_only += usize::from(target.is_part_only());
        index
    }

    pub(super) fn touch(&mut self, index: usize, at_ms: i64) {
        let target = &mut self.all[index];
        if target.presence.touch(at_ms).starts == Starts::Moved {
            target.is_older_now = true;
            self.has_older = true;
        }
    }

    /// Whether good and all events come from different targets, which are not scraped at the same instants.
    pub(super) fn is_split(&self) -> bool {
        0 < self.part_only
    }

    /// The latest instant that all have passed; those that are late are waited for so long.
    pub(super) fn watermark_ms(&self, settle_ms: i64) -> Option<i64> {
        let last = || self.all.iter().filter_map(|it| it.presence.last_ms());
        let (first, last) = (last().min()?, last().max()?);
        Some(first.max(last.saturating_sub(settle_ms)))
    }
}
