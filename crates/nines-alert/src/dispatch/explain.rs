//! What would become of an alert: the code that decides, on a copy.

use jiff::Timestamp;
use nines_base::Id;

use super::decide::{Refusal, decide};
use super::fact::Outcome;
use super::fold::evolve;
use super::tick::{self, Around, tick};
use super::tree::{Routed, escalation_of};
use super::{Command, Incoming, Muted, Source, State};
use crate::{AlertKey, silence};

/// What would become of an alert on one of its routes.
#[derive(Debug, Clone, PartialEq)]
pub struct Explained {
    /// The route, and why this one.
    pub route: Routed,
    /// `<route key>:{labels}`.
    pub group: String,
    /// The next tick of the group.
    pub tick: Timestamp,
    /// Why the alert would not be spoken of then.
    pub muted: Option<Muted>,
    /// What that tick would mean for each integration of the receiver.
    pub outcomes: Vec<Outcome>,
}

impl State {
    /// What would become of an alert that its source tells at `at`, route by route. Everything else stays as it is
    /// until the ticks, and silences are asked by the ticks' times.
    ///
    /// # Errors
    /// There is no configuration, or no such alert can be.
    pub fn explain(
        &self,
        incoming: Incoming,
        silences: &silence::State,
        at: Timestamp,
    ) -> Result<Vec<Explained>, Refusal> {
        let mut copy = self.clone();
        if let (None, Some(rules)) = (copy.live(), self.rules()) {
            copy.configure(rules);
        }
        let mut ids = || Id::from_parts(at, 0);
        let key = AlertKey::of(&incoming.labels);
        let origin = incoming.detail.as_ref().map(|it| it.evidence.origin.clone());
        let observe =
            Command::Observe { source: Source::Own, alerts: vec![incoming], is_complete: false };
        let decided = decide(&copy, observe, silences, &mut ids, at)?;
        if let Some(refused) = decided.refused.into_iter().next() {
            return Err(refused.why);
        }
        for fact in &decided.facts {
            evolve(&mut copy, fact, at, 0);
        }
        let (Some(alert), Some(rules)) = (copy.alert(key), copy.rules()) else {
            return Ok(Vec::new());
        };
        let routes = rules.route(&alert.labels);
        let mut explained = Vec::new();
        for number in &alert.groups {
            let Some(group) = copy.group(*number) else { continue };
            let (Some(node), Some(due)) = (copy.node_of(group), copy.due(*number)) else {
                continue;
            };
            let route = match escalation_of(&group.route) {
                Some(name) => Routed::by_rule(name, &group.labels, origin.clone()),
                None => {
                    let same = |it: &&Routed| *it.key == *group.route;
                    let Some(found) =
                        routes.iter().filter(same).nth(explained_with(&explained, &group.route))
                    else {
                        continue;
                    };
                    found.clone()
                }
            };
            let around = Around { rules, silences, now: due.max(at) };
            let interval = tick::interval(&node, rules, due);
            let muted = tick::mute(&copy, alert, interval.as_deref(), silences, due);
            let flushed = tick(&copy, (*number, group, &node), due, &around, &mut ids);
            let (group, outcomes) = (group.key(), flushed.outcomes);
            explained.push(Explained { route, group, tick: due, muted, outcomes });
        }
        Ok(explained)
    }
}

/// How many routes with this key came before.
fn explained_with(explained: &[Explained], key: &str) -> usize {
    explained.iter().filter(|it| it.route.key == key).count()
}
