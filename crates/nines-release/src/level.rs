//! Levels: what a policy has found, and keeps until it has been gone long enough.
//!
//! ```text
//! normal ─enter─► active ─leave─► leaving ─held for `hold`─► normal
//!                    ▲               │
//!                    └─ not leave ───┘   (or unknown, or nobody looked for too long)
//! ```

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::condition::Condition;
use crate::gate::say_subject;
use crate::look::{Look, Truth};
use crate::policy::{Effects, NORMAL, Policy};

/// While a level is left it is noted so often that it still is.
pub const SEEN_EVERY: SignedDuration = SignedDuration::from_mins(10);
/// When nobody has looked for longer, leaving begins anew: nobody knows what was in between.
pub const GAP_MAX: SignedDuration = SignedDuration::from_mins(30);

/// Names the levels of one service under one policy.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct LevelKey {
    /// Whose levels.
    pub policy: String,
    /// Of which service.
    pub service: String,
}

/// What happened to a level. Journaled: a released shape never changes, a new one is a new version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum LevelFact {
    /// The service is watched under this policy from now on, or under a new text of it.
    Watched {
        /// Of the policy.
        digest: String,
    },
    /// It is active from now on.
    Entered {
        /// Which.
        level: String,
        /// What was found, in words with numbers.
        because: String,
    },
    /// What ends it holds from now on.
    LeaveBegan {
        /// Which.
        level: String,
        /// What was found.
        because: String,
    },
    /// What ends it still holds.
    LeaveSeen {
        /// Which.
        level: String,
    },
    /// What ends it holds no longer, or nobody knows.
    LeaveBroken {
        /// Which.
        level: String,
        /// What was found.
        because: String,
    },
    /// It is over.
    Left {
        /// Which.
        level: String,
        /// Why.
        because: String,
    },
}

impl LevelFact {
    /// Which level it is about, if it is about one.
    pub fn level(&self) -> Option<&str> {
        match self {
            Self::Watched { .. } => None,
            Self::Entered { level, .. }
            | Self::LeaveBegan { level, .. }
            | Self::LeaveSeen { level }
            | Self::LeaveBroken { level, .. }
            | Self::Left { level, .. } => Some(level),
        }
    }
}

/// An active level.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Standing {
    /// Since when.
    pub since: Timestamp,
    /// What was found then.
    pub because: String,
    /// The journal's sequence number of the fact.
    pub evidence: u64,
    /// Since when what ends it holds, and when that was last noted.
    pub leaving: Option<(Timestamp, Timestamp)>,
}

/// The fold of the facts of one key: every active level and rule.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Levels {
    /// Of the policy's text under which it was watched last; nothing while nobody has looked.
    pub digest: Option<String>,
    /// By name.
    pub active: BTreeMap<String, Standing>,
}

impl Levels {
    /// The worst active level by the order of the policy, with its standing.
    pub fn worst<'s>(&'s self, policy: &'s Policy) -> Option<(&'s str, &'s Standing)> {
        let level = policy.worst(|it| self.active.contains_key(it))?;
        self.active.get(&level.name).map(|it| (level.name.as_str(), it))
    }

    /// The name of the worst active level, or `normal`.
    pub fn name<'s>(&'s self, policy: &'s Policy) -> &'s str {
        self.worst(policy).map_or(NORMAL, |(name, _)| name)
    }
}

/// A level, or a rule seen as a level without hysteresis.
#[derive(Debug, Clone)]
pub struct Unit<'p> {
    /// Unique in the policy.
    pub name: &'p str,
    /// Makes it active.
    pub enter: &'p Condition,
    /// Ends it; for rules the reverse of `enter`.
    pub leave: Option<&'p Condition>,
    /// How long `leave` must hold.
    pub hold: SignedDuration,
    /// What it does.
    pub effects: &'p Effects,
}

impl Unit<'_> {
    /// Whether what ends it holds.
    pub fn leaves(&self, look: &Look<'_>) -> Truth {
        self.leave.map_or_else(|| look.truth(self.enter).negated(), |it| look.truth(it))
    }
}

/// The levels of a policy, mildest first, then its rules.
pub fn units(policy: &Policy) -> impl DoubleEndedIterator<Item = Unit<'_>> {
    let levels = policy.levels.iter().map(|it| Unit {
        name: &it.name,
        enter: &it.enter,
        leave: Some(&it.leave),
        hold: it.hold,
        effects: &it.effects,
    });
    let rules = policy.rules.iter().map(|it| Unit {
        name: &it.name,
        enter: &it.when,
        leave: None,
        hold: SignedDuration::ZERO,
        effects: &it.then,
    });
    levels.chain(rules)
}

/// What a look makes happen. Nothing when nothing has changed.
pub fn observe(levels: &Levels, look: &Look<'_>) -> Vec<LevelFact> {
    let known: Vec<&str> = units(look.policy).map(|it| it.name).collect();
    let gone = levels.active.keys().filter(|it| !known.contains(&it.as_str()));
    let gone = gone.map(|it| LevelFact::Left {
        level: it.clone(),
        because: format!("policy {} has no such level any more", look.policy.name),
    });
    let is_new = levels.digest.as_ref() != Some(&look.policy.digest);
    let watched = is_new.then(|| LevelFact::Watched { digest: look.policy.digest.clone() });
    let mut facts: Vec<LevelFact> = watched.into_iter().chain(gone).collect();
    for unit in units(look.policy) {
        facts.extend(step(&unit, levels.active.get(unit.name), look));
    }
    facts
}

fn step(unit: &Unit<'_>, standing: Option<&Standing>, look: &Look<'_>) -> Option<LevelFact> {
    let level = unit.name.to_owned();
    let because = || say_subject(look, unit.leave.unwrap_or(unit.enter));
    let enters = look.truth(unit.enter) == Truth::True;
    let Some(standing) = standing else {
        // Most looks end here, so words are made only where they are needed.
        let because = || say_subject(look, unit.enter);
        return enters.then(|| LevelFact::Entered { level, because: because() });
    };
    let leaves = !enters && unit.leaves(look) == Truth::True;
    match (leaves, standing.leaving) {
        (false, None) => None,
        (false, Some(_)) => Some(LevelFact::LeaveBroken { level, because: because() }),
        (true, _) if !unit.hold.is_positive() => {
            Some(LevelFact::Left { level, because: because() })
        }
        (true, None) => Some(LevelFact::LeaveBegan { level, because: because() }),
        (true, Some((_, seen))) if GAP_MAX < look.now.duration_since(seen) => {
            Some(LevelFact::LeaveBegan { level, because: because() })
        }
        (true, Some((since, _))) if unit.hold <= look.now.duration_since(since) => {
            Some(LevelFact::Left { level, because: because() })
        }
        (true, Some((_, seen))) if SEEN_EVERY <= look.now.duration_since(seen) => {
            Some(LevelFact::LeaveSeen { level })
        }
        (true, Some(_)) => None,
    }
}

/// Applies one fact. It cannot fail: what happened, happened.
pub fn evolve(levels: &mut Levels, fact: &LevelFact, at: Timestamp, seq: u64) {
    let standing = |levels: &mut Levels, set: &dyn Fn(&mut Standing)| {
        if let Some(it) = fact.level().and_then(|it| levels.active.get_mut(it)) {
            set(it);
        }
    };
    match fact {
        LevelFact::Watched { digest } => levels.digest = Some(digest.clone()),
        LevelFact::Entered { level, because } => {
            let standing =
                Standing { since: at, because: because.clone(), evidence: seq, leaving: None };
            levels.active.insert(level.clone(), standing);
        }
        LevelFact::LeaveBegan { .. } => standing(levels, &|it| it.leaving = Some((at, at))),
        LevelFact::LeaveSeen { .. } => {
            standing(levels, &|it| it.leaving = it.leaving.map(|(since, _)| (since, at)));
        }
        LevelFact::LeaveBroken { .. } => standing(levels, &|it| it.leaving = None),
        LevelFact::Left { level, .. } => {
            levels.active.remove(level);
        }
    }
}

#[cfg(test)]
mod tests;
