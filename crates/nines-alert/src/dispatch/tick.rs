//! A group's tick: which of its alerts are spoken of, and to whom.

use jiff::{SignedDuration, Timestamp};

use super::dedup::{self, Wanted};
use super::fact::{Flushed, Judged, Outcome};
use super::group::{Group, GroupNumber};
use super::live::Live;
use super::state::not_before;
use super::tree::Node;
use super::{Muted, Notice, NoticeId, Rules, Shared, State, Text};
use crate::{AlertKey, Phase, silence};

/// What a tick needs to know besides the state.
pub(super) struct Around<'a> {
    pub(super) rules: &'a Rules,
    pub(super) silences: &'a silence::State,
    pub(super) now: Timestamp,
}

/// Judges one group by its due time `t`, which is the only clock of all that is asked here.
pub(super) fn tick(
    state: &State,
    (number, group, node): (GroupNumber, &Group, &Node),
    t: Timestamp,
    around: &Around<'_>,
    ids: &mut dyn FnMut() -> NoticeId,
) -> Flushed {
    let Around { rules, silences, now } = around;
    let next = next_tick(group, node, t, *now);
    // Written only for those who are told.
    let mut group_key: Option<Text> = None;
    let interval = interval(node, rules, t);
    let (mut firing, mut resolved) = (Vec::new(), Vec::new());
    let (mut judged, mut done, mut forgotten) = (Vec::new(), Vec::new(), Vec::new());
    for (alert_key, member) in &group.members {
        let Some(alert) = state.alert(*alert_key) else { continue };
        let is_resolved = alert.span().is_over(t);
        let muted = mute(state, alert, interval.as_deref(), silences, t);
        if muted.is_none() {
            if is_resolved { &mut resolved } else { &mut firing }.push((*alert_key, member));
        }
        if is_resolved && alert.phase() == Phase::Quiet && !member.is_done {
            done.push(*alert_key);
            if muted.is_some() {
                forgotten.push(*alert_key);
            }
        }
        if member.is_news || member.muted.as_deref() != muted.as_ref() {
            judged.push(Judged { key: *alert_key, is_resolved, muted });
        }
    }
    let mut outcomes = Vec::new();
    if !firing.is_empty() || !resolved.is_empty() {
        let firing: Vec<AlertKey> = firing.iter().map(|(key, _)| *key).collect();
        let firing = Shared::from(firing);
        let integrations = rules.integrations(&node.receiver);
        for (integration, settings) in (0..).zip(&integrations) {
            let memory = state.memory(group.hash, &node.receiver, integration);
            let told = memory.and_then(|it| it.told.as_ref());
            // What stays for the sake of another integration is not said twice.
            let is_known =
                |it: AlertKey| told.is_some_and(|told| told.resolved.binary_search(&it).is_ok());
            let resolved = resolved.iter().filter(|(key, it)| !it.is_done || !is_known(*key));
            let resolved: Vec<AlertKey> = resolved.map(|(key, _)| *key).collect();
            let resolved = Shared::from(resolved);
            let wanted = Wanted {
                firing: &firing,
                resolved: &resolved,
                send_resolved: settings.send_resolved,
                repeat: node.timing.repeat,
                at: t,
            };
            outcomes.push(match dedup::judge(memory, wanted) {
                Ok(reason) => Outcome::Notice(Notice {
                    id: ids(),
                    group: group_key.get_or_insert_with(|| group.key().into()).clone(),
                    group_labels: group.labels.clone(),
                    receiver: node.receiver.clone(),
                    integration,
                    at: t,
                    reason,
                    firing: firing.clone(),
                    resolved: if settings.send_resolved {
                        resolved
                    } else {
                        Shared::from(Vec::new())
                    },
                }),
                Err(why) => Outcome::Quiet { integration, why },
            });
        }
    }
    Flushed {
        group: number,
        at: t,
        next,
        receiver: node.receiver.clone(),
        alerts: judged,
        outcomes,
        done,
        forgotten,
    }
}

/// The first tick after the one at `t` that is not missed already.
fn next_tick(group: &Group, node: &Node, t: Timestamp, now: Timestamp) -> Timestamp {
    let is_led = node.leading_edge && group.flushed_at.is_none();
    let is_led = is_led && node.timing.wait.is_positive();
    let first = t + if is_led { node.timing.wait } else { node.timing.interval };
    not_before(first, node.timing.interval, now + SignedDuration::from_nanos(1))
}

/// The interval that mutes the whole route at `t`, if one does.
pub(super) fn interval(node: &Node, rules: &Rules, t: Timestamp) -> Option<String> {
    let holds = |name: &String| {
        let elements = rules.intervals.get(name);
        elements.is_some_and(|it| it.iter().any(|it| it.contains(t)))
    };
    if let Some(first) = node.active_intervals.first()
        && !node.active_intervals.iter().any(holds)
    {
        return Some(first.clone());
    }
    node.mute_intervals.iter().find(|it| holds(it)).cloned()
}

/// Why an alert is not spoken of at `t`: inhibition comes first, then the intervals of the route, then silences.
pub(super) fn mute(
    state: &State,
    alert: &super::Alert,
    interval: Option<&str>,
    silences: &silence::State,
    t: Timestamp,
) -> Option<Muted> {
    let inhibitions = state.live().map(Live::inhibitions);
    if let Some(inhibition) = inhibitions.and_then(|it| it.inhibited(&alert.labels, t)) {
        return Some(Muted::Inhibited(inhibition.by));
    }
    if let Some(name) = interval {
        return Some(Muted::Interval(name.to_owned()));
    }
    let silencing = silences.silencing(&alert.labels, t);
    let by = || silencing.iter().map(ToString::to_string).collect();
    (!silencing.is_empty()).then(|| Muted::Silenced(by()))
}
