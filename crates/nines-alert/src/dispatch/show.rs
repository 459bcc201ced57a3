//! What readers ask of the table: who hears of an alert now, and why not.

use jiff::Timestamp;

use super::group::Group;
use super::{State, Text, tick};
use crate::{Phase, inhibit};

impl State {
    /// Who hears of a group; none if its route is not configured any more.
    pub fn receiver_of(&self, group: &Group) -> Option<Text> {
        self.node_of(group).map(|it| it.receiver.clone())
    }

    /// The time interval that keeps a group silent at `t`, if one does.
    pub fn muted_by(&self, group: &Group, t: Timestamp) -> Option<String> {
        tick::interval(&*self.node_of(group)?, self.rules()?, t)
    }

    /// Which alerts inhibit which. A state that only answers keeps no index, so whoever asks more than once keeps this.
    pub fn inhibitions(&self) -> inhibit::Index {
        let mut index = inhibit::Index::new(self.rules().map_or(&[], |it| &it.inhibitions));
        if index.is_empty() {
            return index;
        }
        for (key, alert) in self.alerts() {
            // As ticks see it: what fires has no end until a fact says so.
            let end = alert.span().ends_at.filter(|_| alert.phase() != Phase::Firing);
            index.set(*key, &alert.labels, end);
        }
        index
    }
}
