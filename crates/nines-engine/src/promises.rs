//! What was promised when, and how many events were expected: what budgets need to know of the past that the files
//! of today do not say.

use std::collections::BTreeMap;

use jiff::Timestamp;
use nines_slo::{Goal, Objective, ObjectiveVersion, Slo, SloName};
use serde::{Deserialize, Serialize};

/// The most objectives of which changes are remembered.
const OBJECTIVES_MAX: usize = 20_000;
/// Changes of one objective that are remembered; the oldest are forgotten first.
const VERSIONS_MAX: usize = 100;
/// The most windows of which a forecast is remembered.
const FORECASTS_MAX: usize = 20_000;

/// An objective as it is written now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Promise {
    /// Whose.
    pub slo: SloName,
    /// Its name.
    pub objective: String,
    /// The share that must be good.
    pub target: Objective,
    /// Since when, if the files say so.
    pub effective: Option<Timestamp>,
}

/// How many events a calendar window is expected to have in all.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Forecast {
    /// Whose.
    pub slo: SloName,
    /// Of which objective.
    pub objective: String,
    /// Over which window, as it is written.
    pub window: String,
    /// When this instance of the window began.
    pub from: Timestamp,
    /// The events of the whole window.
    pub total: u64,
}

/// What happened. Journaled: a released shape never changes, a new one is a new version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Fact {
    /// From then on this was promised.
    Promised {
        /// Whose.
        slo: SloName,
        /// Its name.
        objective: String,
        /// The share that must be good.
        target: Objective,
        /// Since when; nothing for as long as anybody knows.
        effective: Option<Timestamp>,
    },
    /// So many events are expected.
    Forecast(Forecast),
}

/// The fold of the facts.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct State {
    /// By SLO and objective, oldest first.
    versions: BTreeMap<SloName, BTreeMap<String, Vec<ObjectiveVersion>>>,
    objectives: usize,
    /// By SLO, objective and window.
    forecasts: BTreeMap<SloName, BTreeMap<String, Noted>>,
    noted: usize,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Noted {
    forecast: Forecast,
    at: Timestamp,
}

impl State {
    /// What was promised when, oldest first.
    pub fn versions(&self, slo: &SloName, objective: &str) -> &[ObjectiveVersion] {
        let versions = self.versions.get(slo).and_then(|it| it.get(objective));
        versions.map(Vec::as_slice).unwrap_or_default()
    }

    /// The forecasts, each with the moment in which it was made.
    pub fn forecasts(&self) -> impl Iterator<Item = (&Forecast, Timestamp)> {
        self.forecasts.values().flatten().map(|(_, it)| (&it.forecast, it.at))
    }

    /// The forecast of a window, and when it was made.
    pub fn forecast(
        &self,
        slo: &SloName,
        objective: &str,
        window: &str,
    ) -> Option<(&Forecast, Timestamp)> {
        let noted = self.forecasts.get(slo)?.get(&key(objective, window))?;
        Some((&noted.forecast, noted.at))
    }

    /// The same SLOs, with what was promised earlier.
    ///
    /// What files say of the past counts; facts say what was promised before that.
    pub fn with_history(&self, mut slos: Vec<Slo>) -> Vec<Slo> {
        for slo in &mut slos {
            for goal in &mut slo.goals {
                let known = self.versions(&slo.name, &goal.objective);
                if !known.is_empty() {
                    goal.versions = merged(known, &goal.versions);
                }
            }
        }
        slos
    }
}

/// Names and windows hold no line break.
fn key(objective: &str, window: &str) -> String {
    format!("{objective}\n{window}")
}

/// Earlier versions of facts, then those of files. A file that says no moment means the one in which it was applied.
fn merged(known: &[ObjectiveVersion], written: &[ObjectiveVersion]) -> Vec<ObjectiveVersion> {
    let Some(first) = written.first() else { return known.to_vec() };
    let begins = match known.last() {
        Some(last) if first.effective == Timestamp::MIN && last.target == first.target => {
            last.effective
        }
        _ => first.effective,
    };
    let mut versions: Vec<ObjectiveVersion> =
        known.iter().filter(|it| it.effective < begins).copied().collect();
    versions.push(ObjectiveVersion { effective: begins, ..*first });
    versions.extend(written.iter().skip(1));
    versions
}

/// The objectives of these SLOs, each once.
pub fn promises(slos: &[Slo]) -> Vec<Promise> {
    let mut promises = Vec::new();
    for slo in slos {
        let mut seen: Vec<&str> = Vec::new();
        for Goal { objective, versions, .. } in &slo.goals {
            let Some(last) = versions.last().filter(|_| !seen.contains(&objective.as_str())) else {
                continue;
            };
            seen.push(objective);
            promises.push(Promise {
                slo: slo.name.clone(),
                objective: objective.clone(),
                target: last.target,
                effective: Some(last.effective).filter(|it| *it != Timestamp::MIN),
            });
        }
    }
    promises
}

/// What of these objectives is news. The first one of its name has always been in force.
pub fn note(state: &State, promises: Vec<Promise>, now: Timestamp) -> Vec<Fact> {
    let mut facts = Vec::new();
    let mut room = OBJECTIVES_MAX.saturating_sub(state.objectives);
    for Promise { slo, objective, target, effective } in promises {
        let known = state.versions(&slo, &objective);
        let effective = match known.last() {
            Some(last) if last.target == target => continue,
            Some(_) => Some(effective.unwrap_or(now)),
            None if room == 0 => continue,
            None => {
                room -= 1;
                effective
            }
        };
        facts.push(Fact::Promised { slo, objective, target, effective });
    }
    facts
}

/// What of these forecasts is news.
pub fn note_forecasts(state: &State, forecasts: Vec<Forecast>) -> Vec<Fact> {
    let room = FORECASTS_MAX.saturating_sub(state.noted);
    let is_news = |it: &Forecast| {
        let known = state.forecast(&it.slo, &it.objective, &it.window);
        known.is_none_or(|(known, _)| known != it)
    };
    forecasts.into_iter().filter(is_news).take(room).map(Fact::Forecast).collect()
}

/// Applies one fact. It cannot fail: what happened, happened.
pub fn evolve(state: &mut State, fact: &Fact, at: Timestamp) {
    match fact {
        Fact::Promised { slo, objective, target, effective } => {
            let of_slo = state.versions.entry(slo.clone()).or_default();
            let versions = of_slo.entry(objective.clone()).or_insert_with(|| {
                state.objectives += 1;
                Vec::new()
            });
            let effective = effective.unwrap_or(Timestamp::MIN);
            versions.retain(|it| it.effective < effective);
            versions.push(ObjectiveVersion { effective, target: *target });
            let surplus = versions.len().saturating_sub(VERSIONS_MAX);
            versions.drain(..surplus);
        }
        Fact::Forecast(forecast) => {
            let noted = Noted { forecast: forecast.clone(), at };
            let of_slo = state.forecasts.entry(forecast.slo.clone()).or_default();
            let former = of_slo.insert(key(&forecast.objective, &forecast.window), noted);
            state.noted += usize::from(former.is_none());
        }
    }
}

#[cfg(test)]
mod tests;
