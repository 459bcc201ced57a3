//! What budgets need to know beside counts: what was promised earlier, what lies over counts, what is expected.

use jiff::{SignedDuration, Timestamp};
use nines_engine::promises::{self, Forecast};
use nines_engine::{Command, EngineHandle, Refusal, Reply, SubmitError};
use nines_slo::{Goal, Slo, SloName, Tracker, Window};

use crate::app::{AskError, Shared};

/// A forecast holds for a day, so that what it decides can be repeated.
const FORECAST_LIFE: SignedDuration = SignedDuration::from_hours(24);

/// Notes what is promised now, unless that has to wait: for the process that decides, or for room on the disk. What
/// was promised is noted again at every change of the configuration, and when this process takes over.
fn noted(answer: Result<Reply, AskError>) -> Result<(), AskError> {
    match answer {
        Ok(_)
        | Err(AskError::Submit(SubmitError::Standby) | AskError::Refused(Refusal::NotDurable(_))) => {
            Ok(())
        }
        Err(error) => Err(error),
    }
}

/// These SLOs with what was promised earlier; for the start, when nothing else runs yet.
///
/// # Errors
/// The engine is not there.
pub(crate) fn followed(engine: &EngineHandle, slos: &[Slo]) -> Result<Vec<Slo>, AskError> {
    let answer = engine.ask(Command::NotePromises(promises::promises(slos)));
    noted(answer.map_err(AskError::from).and_then(|it| Ok(it?)))?;
    Ok(engine.read(|state| state.promises.with_history(slos.to_vec())))
}

/// The budgets over calendar windows, with their index among the goals of the SLO.
fn calendar_goals(slo: &Slo) -> impl Iterator<Item = (usize, &Goal)> {
    let goals = slo.goals.iter().enumerate();
    goals.filter(|(_, it)| matches!(it.window, Window::Calendar(_)))
}

impl Shared {
    /// These SLOs with what was promised earlier; a changed objective becomes a fact.
    pub(crate) async fn followed(&self, slos: &[Slo]) -> Result<Vec<Slo>, AskError> {
        noted(self.ask(Command::NotePromises(promises::promises(slos))).await)?;
        Ok(self.engine.read(|state| state.promises.with_history(slos.to_vec())))
    }

    /// From here on budgets know what lies over their counts; to be called when it has changed.
    pub(crate) fn lay_overlays(&self) {
        let overlays = self.overlays();
        self.metrics.tracker().set_overlays(overlays);
    }

    /// From here on budgets of calendar windows know how many events are expected; to be called when that, or the
    /// definitions, have changed.
    pub(crate) fn lay_forecasts(&self, now: Timestamp) {
        set_forecasts(self, &mut self.metrics.tracker(), now);
    }

    /// What is expected of windows that have no forecast, or one from yesterday.
    pub(crate) fn due_forecasts(&self, now: Timestamp) -> Vec<Forecast> {
        let wanted: Vec<(SloName, usize, String, String, Timestamp)> = {
            let tracker = self.metrics.tracker();
            let goals = tracker.slos().flat_map(|slo| calendar_goals(slo).map(move |it| (slo, it)));
            let goal = |(slo, (index, it)): (&Slo, (usize, &Goal))| {
                let from = it.window.bounds(now).from;
                (slo.name.clone(), index, it.objective.clone(), it.window.to_string(), from)
            };
            goals.map(goal).collect()
        };
        let due = self.engine.read(|state| {
            let is_due = |(slo, _, objective, window, from): &(
                SloName,
                usize,
                String,
                String,
                Timestamp,
            )| {
                let known = state.promises.forecast(slo, objective, window);
                known.is_none_or(|(it, at)| it.from != *from || at + FORECAST_LIFE <= now)
            };
            wanted.into_iter().filter(is_due).collect::<Vec<_>>()
        });
        let tracker = self.metrics.tracker();
        let forecasts = due.into_iter().filter_map(|(slo, index, objective, window, from)| {
            let total = tracker.expect_total(&slo, index, now)?;
            Some(Forecast { slo, objective, window, from, total })
        });
        forecasts.collect()
    }
}

/// What was expected at an instant, as far as it is known; of other windows nothing is.
pub(crate) fn set_forecasts(app: &Shared, tracker: &mut Tracker, at: Timestamp) {
    let slos: Vec<Slo> = tracker.slos().cloned().collect();
    app.engine.read(|state| {
        for slo in &slos {
            for (index, goal) in calendar_goals(slo) {
                let window = goal.window.to_string();
                let known = state.promises.forecast(&slo.name, &goal.objective, &window);
                let from = goal.window.bounds(at).from;
                let known = known.filter(|(it, noted)| it.from == from && *noted <= at);
                // Fewer than were seen are none.
                tracker.set_forecast(&slo.name, index, known.map_or(0, |(it, _)| it.total));
            }
        }
    });
}
