//! What readers ask of the table: who hears of an alert now, and why not.

use jiff::Timestamp;
use nines_base::Labels;

use super::group::Group;
use super::{State, Text, tick};
use crate::inhibit::Inhibition;

impl State {
    /// Who hears of a group; none if its route is not configured any more.
    pub fn receiver_of(&self, group: &Group) -> Option<Text> {
        self.node_of(group).map(|it| it.receiver.clone())
    }

    /// The time interval that keeps a group silent at `t`, if one does.
    pub fn muted_by(&self, group: &Group, t: Timestamp) -> Option<String> {
        tick::interval(&*self.node_of(group)?, self.rules()?, t)
    }

    /// Why an alert with these labels is not told of at `t`, if others inhibit it.
    pub fn inhibited(&self, labels: &Labels, t: Timestamp) -> Option<Inhibition> {
        self.soft.inhibitions.inhibited(labels, t)
    }
}
