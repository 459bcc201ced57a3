//! What happens in a test, as commands of the engine.

use std::collections::BTreeMap;

use nines_alert::dispatch::{Incoming, Source};
use nines_alert::silence::{self, Terms};
use nines_base::Labels;
use nines_engine::{AckTarget, Act, Command};
use nines_oncall::rota::{self, Change, Entry};
use nines_spec::{Happening, HappeningKind};

use super::Failure;
use crate::{RehearsalError, Stage};

/// Who makes the alerts of a test: a source whose alerts hold until it says otherwise.
const SOURCE: &str = "test";

/// Plays it; what the engine refuses fails the test.
pub(super) fn play(it: &Happening, stage: &mut Stage) -> Result<Option<Failure>, RehearsalError> {
    let (what, command) = command(it);
    match stage.happen(what, command, it.at) {
        Ok(()) => Ok(None),
        Err(RehearsalError::Refused { what, why }) => Ok(Some(Failure {
            at: it.at,
            what,
            place: it.origin.to_string(),
            expected: vec!["it happens".to_owned()],
            got: vec![format!("refused: {why}")],
            why: Vec::new(),
        })),
        Err(error) => Err(error),
    }
}

fn command(it: &Happening) -> (&'static str, Command) {
    let by = "test".to_owned();
    match &it.what {
        HappeningKind::Fires { labels, annotations } => {
            ("an alert", told(incoming(it, labels, annotations, false)))
        }
        HappeningKind::Ends { labels } => {
            ("the end of an alert", told(incoming(it, labels, &Labels::empty(), true)))
        }
        HappeningKind::Silence { matchers, until } => {
            let terms = Terms {
                author: by,
                reason: "a test".to_owned(),
                ..Terms::new(vec![matchers.clone()], it.at, *until)
            };
            let set = silence::Command::Set { id: None, terms: Box::new(terms) };
            ("a silence", Command::Silence(set))
        }
        HappeningKind::Override { schedule, person, instead_of, until } => {
            let change = match instead_of.clone() {
                Some(whom) => Change::Replace { whom, with: person.clone() },
                None => Change::Add { person: person.clone() },
            };
            let what = rota::What::Override { schedule: schedule.clone(), change, swap: None };
            let (from, until, reason) = (it.at, *until, "a test".to_owned());
            let entry = Entry { what, from, until, by, reason };
            ("an override", Command::Rota(rota::Command::Enter(entry)))
        }
        HappeningKind::Ack { person } => {
            let (target, by, via) = (AckTarget::All, person.clone(), "test".to_owned());
            ("an answer", Command::Acknowledge { target, by, via })
        }
        HappeningKind::NotAble { person } => {
            let (target, by) = (AckTarget::All, person.clone());
            let act = Act::Escalate { why: String::new() };
            ("somebody who is not able", Command::Act { target, by, act })
        }
    }
}

fn told(alert: Incoming) -> Command {
    Command::ObserveAlerts { source: Source::Events(SOURCE.to_owned()), alerts: vec![alert] }
}

#[expect(clippy::fn_params_excessive_bools, reason = "the end of an alert is one word of its line")]
fn incoming(it: &Happening, labels: &Labels, annotations: &Labels, is_over: bool) -> Incoming {
    let annotations: BTreeMap<String, String> =
        annotations.iter().map(|(name, it)| (name.to_owned(), it.to_owned())).collect();
    Incoming {
        labels: labels.clone(),
        annotations,
        starts_at: (!is_over).then_some(it.at),
        ends_at: is_over.then_some(it.at),
        generator_url: String::new(),
        detail: None,
    }
}
