//! Heartbeats: what jobs say, and the alerts when they do not.

use std::collections::BTreeMap;

use nines_alert::dispatch::{self, Source};
use nines_alert::heartbeat;

use crate::command::{Refusal, Reply};
use crate::decide::Draft;
use crate::fact::Fact;

impl Draft<'_> {
    /// What a job says, or that time has passed; what is down then fires, what is up again does not.
    pub(crate) fn heartbeat(&mut self, command: heartbeat::Command) -> Result<Reply, Refusal> {
        let none = BTreeMap::new();
        let watched = self.config.map_or(&none, |it| &it.heartbeats);
        let facts = heartbeat::decide(&self.state.heartbeats, command, watched, self.now)?;
        let before = heartbeat::alerts(&self.state.heartbeats, watched);
        for fact in facts {
            self.apply(Fact::Heartbeat(fact));
        }
        let alerts = heartbeat::alerts(&self.state.heartbeats, watched);
        if alerts != before {
            self.observe_heartbeats(alerts)?;
        }
        Ok(Reply::Done)
    }

    /// A heartbeat that a file does not name any more is not missed; another label is another alert.
    pub(crate) fn heartbeats_of_files(&mut self) {
        let none = BTreeMap::new();
        let watched = self.config.map_or(&none, |it| &it.heartbeats);
        let alerts = heartbeat::alerts(&self.state.heartbeats, watched);
        // Labels that are too many are refused when files are read.
        drop(self.observe_heartbeats(alerts));
    }

    fn observe_heartbeats(&mut self, alerts: Vec<dispatch::Incoming>) -> Result<(), Refusal> {
        let source = Source::Heartbeats;
        let command = dispatch::Command::Observe { source, alerts, is_complete: true };
        self.dispatch(command).map(drop)
    }
}

#[cfg(test)]
mod tests;
