//! SLOs that hear nothing: since when, and when somebody has to be told.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use nines_engine::no_data::{Silent, Unmatched, no_data_labels, observe_no_data};
use nines_engine::{NO_DATA_ALERT, Observation};
use nines_slo::{Slo, SloName, SloState, SloStatus};
use nines_spec::Spec;

use crate::absence;
use crate::app::Shared;

/// How often it is looked. Minutes matter here, not seconds.
const LOOK: SignedDuration = SignedDuration::from_secs(15);

/// What is known from look to look.
#[derive(Debug, Default)]
pub(super) struct Silence {
    since: BTreeMap<SloName, Since>,
    looked: Option<Timestamp>,
    /// The first look. Nobody listened before, so silence from before counts from here.
    began: Option<Timestamp>,
    /// Whose definitions `since` is about.
    spec: Option<Arc<Spec>>,
}

#[derive(Debug)]
struct Since {
    at: Timestamp,
    /// What was told; found out once, because it costs a look at the store's index.
    observation: Option<Observation>,
}

impl Silence {
    /// Goes on where an earlier process stopped: what it told holds until data come.
    pub(super) fn resume(app: &Shared) -> Self {
        let spec = app.spec();
        let mut silence = Self::default();
        app.engine.read(|state| {
            for (_, alert) in state.firing() {
                let (labels, activation) = (&alert.labels, &alert.activation);
                let is_of = |it: &&Slo| no_data_labels(it).is_ok_and(|it| it == *labels);
                let is_silent = labels.value("alertname") == NO_DATA_ALERT;
                let Some(slo) = spec.slos.iter().find(is_of).filter(|_| is_silent) else {
                    continue;
                };
                let after = slo.sli.data.alert_after.unwrap_or_default();
                let since = Since { at: activation.fired_at - after, observation: None };
                silence.since.insert(slo.name.clone(), since);
            }
        });
        silence
    }

    /// What is silent for too long now.
    pub(super) fn observe(&mut self, app: &Shared, now: Timestamp) -> Vec<Observation> {
        let spec = app.spec();
        let is_same = self.spec.as_ref().is_some_and(|it| Arc::ptr_eq(it, &spec));
        if !is_same || self.looked.is_none_or(|it| it + LOOK <= now) {
            if !is_same {
                self.since.values_mut().for_each(|it| it.observation = None);
                self.spec = Some(Arc::clone(&spec));
            }
            self.look(app, &spec, now);
            self.looked = Some(now);
        }
        self.since.values().filter_map(|it| it.observation.clone()).collect()
    }

    fn look(&mut self, app: &Shared, spec: &Spec, now: Timestamp) {
        let began = *self.began.get_or_insert(now);
        let statuses = app.metrics.tracker().statuses(now);
        let silent: BTreeMap<SloName, SloStatus> = statuses
            .into_iter()
            .filter(|it| it.state == SloState::NoData)
            .map(|it| (it.name.clone(), it))
            .collect();
        self.since.retain(|name, _| silent.contains_key(name));
        for (name, status) in silent {
            let Some(slo) = spec.slos.iter().find(|it| it.name == name) else { continue };
            let it = self.since.entry(name).or_insert(Since { at: now, observation: None });
            let heard = status.last_sample.filter(|it| began <= *it);
            it.at = it.at.min(heard.unwrap_or(it.at));
            let is_due = slo.sli.data.alert_after.is_some_and(|after| it.at + after <= now);
            match (is_due, &it.observation) {
                (false, _) => it.observation = None,
                (true, Some(_)) => {}
                (true, None) => {
                    let since = status.last_sample.unwrap_or(it.at);
                    let silent = [silent_slo(app, slo, since, status.last_sample)];
                    it.observation = observe_no_data(&silent, &spec.slos, now).pop();
                }
            }
        }
    }
}

fn silent_slo(app: &Shared, slo: &Slo, since: Timestamp, last_sample: Option<Timestamp>) -> Silent {
    let unmatched = |it: absence::Missing| Unmatched {
        finds: it.words(),
        selector: it.selector,
        near: it.near,
    };
    let selectors = absence::explain(app, slo).into_iter().map(unmatched).collect();
    Silent { slo: slo.name.clone(), since, last_sample, selectors }
}

#[cfg(test)]
mod tests;
