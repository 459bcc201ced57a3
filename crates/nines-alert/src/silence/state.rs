//! The fold of silences, and what is kept beside it to answer fast.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use nines_base::{Labels, Origin};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{Ending, Fact, Filed, Limits, Phase, QUIET, SilenceId, Terms, Why, phase};
use crate::lookup::Lookup;

/// A silence ends when its last instant is over, and that is a millisecond, which is what the API counts in.
const INSTANT: SignedDuration = SignedDuration::from_millis(1);

/// The fold of one silence's facts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Silence {
    /// What it says.
    pub terms: Terms,
    /// When it holds; of a recurring one, the present or next occurrence.
    pub starts_at: Timestamp,
    /// Until when; both ends count.
    pub ends_at: Timestamp,
    /// When it was made.
    pub made_at: Timestamp,
    /// When its words changed last.
    pub updated_at: Timestamp,
    /// Since when its confirmation is waited for, if it needs one.
    pub confirmed_at: Timestamp,
    /// Who confirmed it last.
    pub confirmed_by: Option<String>,
    /// Whether its owner was reminded to confirm it.
    pub is_reminded: bool,
    /// Since when nothing that it hides fires, as far as it is watched.
    pub quiet_since: Option<Timestamp>,
    /// That it is over, and why.
    pub ended: Option<Ended>,
    /// Where it was written, if it was.
    pub origin: Option<Origin>,
}

/// That a silence is over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ended {
    /// Since when.
    pub at: Timestamp,
    /// Why.
    pub why: Why,
}

impl Silence {
    pub(super) fn new(
        terms: Terms,
        (starts_at, ends_at): (Timestamp, Timestamp),
        at: Timestamp,
    ) -> Self {
        Self {
            terms,
            starts_at,
            ends_at,
            made_at: at,
            updated_at: at,
            confirmed_at: at,
            confirmed_by: None,
            is_reminded: false,
            quiet_since: None,
            ended: None,
            origin: None,
        }
    }

    /// Whether it holds.
    pub fn phase(&self, now: Timestamp) -> Phase {
        if self.ended.is_some() { Phase::Expired } else { phase(self.starts_at, self.end(), now) }
    }

    /// Whether it hides an alert with these labels while it holds.
    pub fn matches(&self, labels: &Labels) -> bool {
        self.terms.sets.iter().any(|set| set.iter().all(|it| it.matches(labels)))
    }

    /// When it ends as things are, or ended: earlier than its terms say if nothing that it hides fires.
    pub fn end(&self) -> Timestamp {
        match &self.ended {
            Some(ended) => ended.at,
            None => self.resolved_at().map_or(self.ends_at, |it| it.min(self.ends_at)),
        }
    }

    /// When it ends for quiet.
    fn resolved_at(&self) -> Option<Timestamp> {
        let waits = self.terms.ending == Ending::Resolved;
        let since = self.quiet_since.filter(|_| waits)?.max(self.starts_at);
        since.checked_add(QUIET).ok()
    }

    /// When its owner is to be reminded: after three quarters of the time.
    fn remind_at(&self) -> Option<Timestamp> {
        let by = self.terms.confirm_by.filter(|_| !self.is_reminded)?;
        let time = by.duration_since(self.confirmed_at);
        self.confirmed_at.checked_add(time / 4 * 3).ok()
    }

    /// When time matters for it next.
    fn wake_at(&self, limits: &Limits) -> Timestamp {
        if let Some(ended) = &self.ended {
            return later(ended.at, limits.retention);
        }
        let ends = later(self.ends_at, INSTANT);
        let early = [self.resolved_at(), self.remind_at(), self.terms.confirm_by];
        early.into_iter().flatten().fold(ends, Timestamp::min)
    }

    /// What is due at `now`, apart from a next occurrence.
    pub(super) fn due(&self, now: Timestamp) -> Option<Due> {
        let is_due = |it: Option<Timestamp>| it.is_some_and(|at| at <= now);
        if self.ended.is_some() {
            Some(Due::Forget)
        } else if self.ends_at < now {
            Some(Due::EndOfTime)
        } else if is_due(self.terms.confirm_by) {
            Some(Due::Unconfirmed)
        } else if is_due(self.resolved_at()) {
            Some(Due::Resolved)
        } else {
            is_due(self.remind_at()).then_some(Due::Remind)
        }
    }
}

/// What time brings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Due {
    /// Another occurrence, or the end.
    EndOfTime,
    Unconfirmed,
    Resolved,
    Remind,
    Forget,
}

fn later(at: Timestamp, by: SignedDuration) -> Timestamp {
    at.checked_add(by).unwrap_or(Timestamp::MAX)
}

/// All silences: the fold of their facts, and the ones in files.
///
/// Only the fold is compared, serialized and journaled; the rest is rebuilt from it and from the configuration.
#[derive(Debug, Clone, Default)]
pub struct State {
    silences: BTreeMap<SilenceId, Silence>,
    soft: Soft,
}

/// What depends on the configuration, and what makes answers fast.
#[derive(Debug, Clone, Default)]
struct Soft {
    limits: Limits,
    /// With their present or next occurrence.
    filed: BTreeMap<SilenceId, Silence>,
    /// The sets of all that have not ended.
    sets: Lookup<SilenceId>,
    /// When time matters for whom.
    due: BTreeSet<(Timestamp, SilenceId)>,
    /// When the occurrences of silences in files are over.
    filed_due: Option<Timestamp>,
    /// Those that end when what they hide is over.
    watched: BTreeSet<SilenceId>,
}

impl State {
    /// What the configuration says of silences, as of `now`.
    pub fn configure(&mut self, limits: &Limits, filed: &[Filed], now: Timestamp) {
        let filed = filed.iter().filter_map(|it| Some((it.id(), read(it, now)?))).collect();
        self.soft = Soft { limits: limits.clone(), filed, ..Soft::default() };
        let folded = self.silences.iter().map(|(id, it)| (*id, it));
        for (id, silence) in folded.chain(self.soft.filed.iter().map(|(id, it)| (*id, it))) {
            if silence.ended.is_none() {
                for set in &silence.terms.sets {
                    self.soft.sets.insert(id, set);
                }
                if silence.terms.ending == Ending::Resolved && silence.origin.is_none() {
                    self.soft.watched.insert(id);
                }
            }
        }
        let due = self.silences.iter().map(|(id, it)| (it.wake_at(limits), *id));
        self.soft.due = due.collect();
        self.soft.filed_due = self.soft.filed.values().map(|it| later(it.ends_at, INSTANT)).min();
    }

    /// The silences in files go on to their next occurrences; called when [`Self::wake_at`] has come.
    ///
    /// Says whether something changed.
    pub fn refresh(&mut self, now: Timestamp) -> bool {
        if self.soft.filed_due.is_none_or(|due| now < due) {
            return false;
        }
        for silence in self.soft.filed.values_mut().filter(|it| it.ends_at < now) {
            match occurrence(&silence.terms, now) {
                Some((starts_at, ends_at)) => {
                    (silence.starts_at, silence.ends_at) = (starts_at, ends_at);
                }
                None => silence.ended = Some(Ended { at: silence.ends_at, why: Why::Time }),
            }
        }
        let left = self.soft.filed.values().filter(|it| it.ended.is_none());
        self.soft.filed_due = left.map(|it| later(it.ends_at, INSTANT)).min();
        true
    }

    /// When a silence ends, recurs or wants to be confirmed next.
    pub fn wake_at(&self) -> Option<Timestamp> {
        let first = self.soft.due.first().map(|(at, _)| *at);
        first.into_iter().chain(self.soft.filed_due).min()
    }

    /// The silences that hide an alert with these labels, by id.
    pub fn silencing(&self, labels: &Labels, now: Timestamp) -> Vec<SilenceId> {
        let holds = |id: &SilenceId| self.get(*id).is_some_and(|it| it.phase(now) == Phase::Active);
        let mut found: Vec<SilenceId> = self.soft.sets.matching(labels).filter(holds).collect();
        found.sort_unstable();
        found.dedup();
        found
    }

    /// One of them.
    pub fn get(&self, id: SilenceId) -> Option<&Silence> {
        self.silences.get(&id).or_else(|| self.soft.filed.get(&id))
    }

    /// All of them, those in files last.
    pub fn iter(&self) -> impl Iterator<Item = (SilenceId, &Silence)> {
        self.silences.iter().chain(&self.soft.filed).map(|(id, it)| (*id, it))
    }

    /// Those that end when nothing that they hide fires; whoever knows the alerts answers by
    /// [`Command::Watch`](super::Command::Watch).
    pub fn watched(&self) -> impl Iterator<Item = (SilenceId, &Silence)> {
        self.soft.watched.iter().filter_map(|id| Some((*id, self.silences.get(id)?)))
    }

    /// Of the watched ones, those that would hide an alert with these labels.
    pub fn watching<'a>(&'a self, labels: &'a Labels) -> impl Iterator<Item = SilenceId> + 'a {
        let is_watched = !self.soft.watched.is_empty();
        let found = is_watched.then(|| self.soft.sets.matching(labels)).into_iter().flatten();
        found.filter(|id| self.soft.watched.contains(id))
    }

    pub(super) fn limits(&self) -> &Limits {
        &self.soft.limits
    }

    /// How many were made by people, expired ones included.
    pub(super) fn count(&self) -> usize {
        self.silences.len()
    }

    /// What is due, earliest first.
    pub(super) fn due(&self, now: Timestamp) -> impl Iterator<Item = (SilenceId, &Silence)> {
        let due = self.soft.due.iter().take_while(move |(at, _)| *at <= now);
        due.filter_map(|(_, id)| Some((*id, self.silences.get(id)?)))
    }

    /// Changes one, and what is kept beside it.
    fn change(&mut self, id: SilenceId, change: impl FnOnce(&mut Silence)) {
        let Some(silence) = self.silences.get_mut(&id) else { return };
        let soft = &mut self.soft;
        soft.due.remove(&(silence.wake_at(&soft.limits), id));
        change(silence);
        soft.due.insert((silence.wake_at(&soft.limits), id));
    }

    /// Its words have changed, or it has ended.
    fn index(&mut self, id: SilenceId) {
        self.soft.sets.remove(id);
        self.soft.watched.remove(&id);
        let Some(silence) = self.silences.get(&id).filter(|it| it.ended.is_none()) else { return };
        for set in &silence.terms.sets {
            self.soft.sets.insert(id, set);
        }
        if silence.terms.ending == Ending::Resolved {
            self.soft.watched.insert(id);
        }
    }
}

/// A silence of a file, in its present or next occurrence; none if it is over.
fn read(filed: &Filed, now: Timestamp) -> Option<Silence> {
    let silence = Silence::new(filed.terms.clone(), occurrence(&filed.terms, now)?, now);
    // Files have no watch and no owner who is asked.
    let terms = Terms { ending: Ending::AtEnd, ..silence.terms };
    Some(Silence { terms, origin: Some(filed.origin.clone()), ..silence })
}

/// When it holds at `now`, or next.
pub(super) fn occurrence(terms: &Terms, now: Timestamp) -> Option<(Timestamp, Timestamp)> {
    match &terms.recurrence {
        None => (now <= terms.ends_at).then_some((terms.starts_at, terms.ends_at)),
        Some(it) => it.occurrence(terms.starts_at, terms.ends_at, now).ok(),
    }
}

/// Applies one fact that was recorded at `at`. It cannot fail: what happened, happened.
pub fn evolve(state: &mut State, fact: &Fact, at: Timestamp) {
    match fact {
        Fact::Made { id, terms, starts_at, ends_at } => {
            let silence = Silence::new((**terms).clone(), (*starts_at, *ends_at), at);
            state.soft.due.insert((silence.wake_at(&state.soft.limits), *id));
            state.silences.insert(*id, silence);
            state.index(*id);
        }
        Fact::Changed { id, terms, starts_at, ends_at } => {
            state.change(*id, |it| {
                if it.terms.confirm_by != terms.confirm_by {
                    (it.confirmed_at, it.is_reminded) = (at, false);
                }
                it.terms = (**terms).clone();
                (it.starts_at, it.ends_at, it.updated_at) = (*starts_at, *ends_at, at);
            });
            state.index(*id);
        }
        Fact::Recurred { id, starts_at, ends_at } => {
            state.change(*id, |it| (it.starts_at, it.ends_at) = (*starts_at, *ends_at));
        }
        Fact::Watched { id, fires } => {
            state.change(*id, |it| it.quiet_since = (!fires).then_some(at));
        }
        Fact::Reminded { id } => state.change(*id, |it| it.is_reminded = true),
        Fact::Confirmed { id, by, confirm_by } => state.change(*id, |it| {
            (it.confirmed_at, it.is_reminded) = (at, false);
            it.confirmed_by = Some(by.clone());
            it.terms.confirm_by = *confirm_by;
        }),
        Fact::Ended { id, why } => {
            state.change(*id, |it| {
                let at = if *why == Why::Time { it.ends_at } else { at };
                it.starts_at = it.starts_at.min(at);
                it.ends_at = at;
                it.updated_at = at;
                it.ended = Some(Ended { at, why: why.clone() });
            });
            state.index(*id);
        }
        Fact::Forgotten { id } => {
            if let Some(silence) = state.silences.remove(id) {
                state.soft.due.remove(&(silence.wake_at(&state.soft.limits), *id));
            }
            state.index(*id);
        }
    }
}

/// By the fold alone.
impl PartialEq for State {
    fn eq(&self, other: &Self) -> bool {
        self.silences == other.silences
    }
}

impl Serialize for State {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.silences.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for State {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let silences = BTreeMap::deserialize(deserializer)?;
        let mut state = Self { silences, soft: Soft::default() };
        state.configure(&Limits::default(), &[], Timestamp::UNIX_EPOCH);
        Ok(state)
    }
}
