//! What silences nearly did, and what one does: for people who wonder.

use jiff::{SignedDuration, Timestamp};
use nines_base::{Labels, Matcher};

use super::{Phase, SilenceId, State};

/// A silence that ended so long ago is worth a word.
const RECENT: SignedDuration = SignedDuration::from_hours(1);
/// The most that are told.
const NEAR_MISSES_MAX: usize = 20;

/// A silence that nearly hid an alert.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NearMiss {
    /// Which.
    pub id: SilenceId,
    /// What was missing.
    pub miss: Miss,
}

/// Why a silence did not hide an alert.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Miss {
    /// It matches, and ended then, not long ago.
    Ended(Timestamp),
    /// It matches, and begins then.
    Begins(Timestamp),
    /// It holds, and all but this matcher match.
    Matcher(Matcher),
}

impl State {
    /// The silences that nearly hide an alert with these labels.
    pub fn near_misses(&self, labels: &Labels, now: Timestamp) -> Vec<NearMiss> {
        let missed = self.iter().filter_map(|(id, silence)| {
            let failing = |set: &Vec<Matcher>| -> Vec<Matcher> {
                set.iter().filter(|it| !it.matches(labels)).cloned().collect()
            };
            let mut closest: Vec<Vec<Matcher>> = silence.terms.sets.iter().map(failing).collect();
            closest.sort_by_key(Vec::len);
            let failing = closest.into_iter().next()?;
            let miss = match (failing.as_slice(), silence.phase(now)) {
                ([], Phase::Expired) if now.duration_since(silence.end()) < RECENT => {
                    Miss::Ended(silence.end())
                }
                ([], Phase::Pending) => Miss::Begins(silence.starts_at),
                ([matcher], Phase::Active) => Miss::Matcher(matcher.clone()),
                _ => return None,
            };
            Some(NearMiss { id, miss })
        });
        missed.take(NEAR_MISSES_MAX).collect()
    }

    /// How many of these alerts this silence hides, or would if it held.
    pub fn hides<'a>(&self, id: SilenceId, alerts: impl IntoIterator<Item = &'a Labels>) -> usize {
        let sets = self.get(id).map_or(&[][..], |it| &it.terms.sets);
        let is_hidden =
            |labels: &&Labels| sets.iter().any(|set| set.iter().all(|it| it.matches(labels)));
        alerts.into_iter().filter(is_hidden).count()
    }
}
