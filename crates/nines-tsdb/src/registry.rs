//! All series that have samples anywhere, by number, by labels and by matcher.
//!
//! It must not know files.

use std::collections::HashMap;

use nines_base::{Labels, Matcher};

use crate::postings::{Postings, SeriesId};
use crate::series::Series;

/// All series.
#[derive(Debug, Default)]
pub(crate) struct Registry {
    slots: Vec<Option<Series>>,
    free: Vec<SeriesId>,
    by_labels: HashMap<Labels, SeriesId>,
    postings: Postings,
    active: usize,
}

impl Registry {
    pub(crate) fn id(&self, labels: &Labels) -> Option<SeriesId> {
        self.by_labels.get(labels).copied()
    }

    pub(crate) fn get(&self, id: SeriesId) -> Option<&Series> {
        self.slots.get(id as usize)?.as_ref()
    }

    pub(crate) fn get_mut(&mut self, id: SeriesId) -> Option<&mut Series> {
        self.slots.get_mut(id as usize)?.as_mut()
    }

    pub(crate) fn postings(&self) -> &Postings {
        &self.postings
    }

    pub(crate) fn len(&self) -> usize {
        self.by_labels.len()
    }

    /// How many series have a number in the write-ahead log.
    pub(crate) fn active(&self) -> usize {
        self.active
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Series> {
        self.slots.iter().flatten()
    }

    pub(crate) fn ids(&self) -> Vec<SeriesId> {
        self.postings.all().to_vec()
    }

    pub(crate) fn resolve(&self, matchers: &[Matcher]) -> Vec<SeriesId> {
        self.postings.resolve(matchers, |id| self.get(id).map(|it| &it.labels))
    }

    /// The series with these labels, made if there is none.
    pub(crate) fn get_or_insert(&mut self, labels: &Labels) -> SeriesId {
        if let Some(id) = self.id(labels) {
            return id;
        }
        let series = Series::new(labels.clone());
        let id = self.free.pop().unwrap_or_else(|| {
            self.slots.push(None);
            SeriesId::try_from(self.slots.len() - 1).expect("memory ends long before 2^32 series")
        });
        if let Some(slot) = self.slots.get_mut(id as usize) {
            *slot = Some(series);
        }
        self.by_labels.insert(labels.clone(), id);
        self.postings.insert(id, labels);
        id
    }

    /// Gives the series its number in the write-ahead log.
    pub(crate) fn activate(&mut self, id: SeriesId, wal_ref: u64) {
        if let Some(series) = self.get_mut(id)
            && series.wal_ref.replace(wal_ref).is_none()
        {
            self.active += 1;
        }
    }

    /// Forgets what is not needed: the log's number without samples in memory, the series without any.
    pub(crate) fn tidy(&mut self, id: SeriesId) {
        let Some(series) = self.get_mut(id) else { return };
        if !series.head.is_empty() {
            return;
        }
        let was_active = series.wal_ref.take().is_some();
        let labels = series.stored.is_empty().then(|| series.labels.clone());
        self.active -= usize::from(was_active);
        if let Some(labels) = labels {
            self.postings.remove(id, &labels);
            self.by_labels.remove(&labels);
            if let Some(slot) = self.slots.get_mut(id as usize) {
                *slot = None;
            }
            self.free.push(id);
        }
    }
}
