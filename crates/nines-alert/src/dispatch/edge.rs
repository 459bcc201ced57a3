//! The leading edge: a group whose route wants it speaks at once when the first of its alerts fires, and when the last
//! one ends. What happens in between waits for the next tick.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::State;
use super::fact::{Event, Expired, Seen};
use super::group::GroupNumber;
use crate::{AlertKey, Phase};

/// The known groups that speak now, because these alerts began or ended. Groups that begin now are due by themselves.
pub(super) fn speak_now(
    state: &State,
    seen: &[Seen],
    expired: &[Expired],
    now: Timestamp,
) -> Vec<(GroupNumber, Timestamp)> {
    let mut fires: BTreeMap<AlertKey, bool> = BTreeMap::new();
    let mut begins: BTreeSet<GroupNumber> = BTreeSet::new();
    let mut touched: BTreeSet<GroupNumber> = BTreeSet::new();
    let groups_of = |key: &AlertKey| state.alert(*key).into_iter().flat_map(|it| &it.groups);
    for Expired { key, .. } in expired {
        fires.insert(*key, false);
        touched.extend(groups_of(key));
    }
    for Seen { key, event } in seen {
        match event {
            Event::Fired { groups, .. } => {
                fires.insert(*key, true);
                begins.extend(groups);
                touched.extend(groups);
            }
            Event::Resolved { .. } => {
                fires.insert(*key, false);
                touched.extend(groups_of(key));
            }
            Event::Changed { .. } => {}
        }
    }
    let turns = |number: &GroupNumber| {
        let Some(group) = state.group(*number) else { return false };
        if !state.node_of(group).is_some_and(|it| it.leading_edge) {
            return false;
        }
        let fired =
            |key: &AlertKey| state.alert(*key).is_some_and(|it| it.phase() == Phase::Firing);
        let before = group.members.keys().any(fired);
        let still = |key: &AlertKey| fires.get(key).copied().unwrap_or_else(|| fired(key));
        let after = begins.contains(number) || group.members.keys().any(still);
        before != after
    };
    touched.into_iter().filter(turns).map(|it| (it, now)).collect()
}
