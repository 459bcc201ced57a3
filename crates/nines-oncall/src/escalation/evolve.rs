//! What facts make of an escalation.

use jiff::Timestamp;
use nines_port::Urgency;

use super::{ARRIVALS_MAX, Fact, MOMENTS_MAX, Moment, Phase, Reached, State};

/// Applies one fact that was recorded at `at`. It cannot fail: what happened, happened.
pub fn evolve(state: &mut State, fact: &Fact, at: Timestamp) {
    match fact {
        Fact::Started { policy, about, turn } => {
            state.policy = Some(policy.clone());
            (state.about, state.turn) = (about.clone(), *turn);
            state.arrive(about.alerts, at);
        }
        Fact::Restarted { round } => {
            state.first_round = *round;
            state.declined.clear();
            state.note(Moment::Restarted, at);
        }
        Fact::StepEntered { round, step, deadline, reached, entry } => {
            let (round, step, deadline) = (*round, *step, *deadline);
            state.phase = Phase::Paging { round, step, deadline };
            (state.position, state.entry) = ((round, step), *entry);
            if 0 < *entry {
                state.note(Moment::Resumed { round, step }, at);
            }
            state.reach(reached, at);
        }
        Fact::StepPassed { round, step, condition } => {
            let (round, step, condition) = (*round, *step, *condition);
            state.note(Moment::StepPassed { round, step, condition }, at);
        }
        Fact::PageIntended { page, channel, due } => {
            state.pending.insert(page.person.clone());
            state.pages.insert(page.clone(), (channel.clone(), *due));
        }
        Fact::ReceiverIntended { .. } | Fact::ActionIntended { .. } => {}
        Fact::AlertsChanged { about, joined } => {
            state.about = about.clone();
            if 0 < *joined {
                state.arrive(*joined, at);
                state.note(Moment::Joined { count: *joined }, at);
            }
        }
        Fact::Acknowledged { by, via } => {
            let is_first = state.acknowledged.is_none();
            state.hold(by, via, at, None);
            if !is_first {
                state.note(Moment::Answered { by: by.clone(), via: via.clone() }, at);
            }
        }
        Fact::Answered { by, via } => {
            state.pending.remove(by);
            state.note(Moment::Answered { by: by.clone(), via: via.clone() }, at);
        }
        Fact::Snoozed { by, until } => {
            state.hold(by, "snooze", at, Some(*until));
            state.note(Moment::Snoozed { by: by.clone(), until: *until }, at);
        }
        Fact::Progressed { .. } => state.progress(at),
        Fact::Asked { holder, entry, deadline } => {
            let (holder, deadline) = (holder.clone(), *deadline);
            state.entry = *entry;
            state.note(Moment::Asked { holder: holder.clone() }, at);
            state.phase = Phase::Asking { holder, deadline };
        }
        Fact::Declined { by, why } => {
            state.pending.remove(by);
            state.declined.insert(by.clone());
            state.note(Moment::Declined { by: by.clone(), why: why.clone() }, at);
        }
        Fact::Added { by, entry, reached, deadline } => {
            state.entry = *entry;
            let people = reached.iter().filter_map(|it| it.person.clone()).collect();
            state.note(Moment::Added { by: by.clone(), people }, at);
            state.reach(reached, at);
            if let Some(deadline) = *deadline {
                let (round, step) = state.position;
                state.phase = Phase::Paging { round, step, deadline };
            }
        }
        Fact::Resolved => {
            state.phase = Phase::Resolved;
            state.pending.clear();
        }
        Fact::Exhausted => {
            state.phase = Phase::Exhausted;
            state.note(Moment::Exhausted, at);
        }
    }
}

impl State {
    fn note(&mut self, moment: Moment, at: Timestamp) {
        if self.moments.len() == MOMENTS_MAX {
            self.moments.remove(0);
        }
        self.moments.push((at, moment));
    }

    fn arrive(&mut self, count: u32, at: Timestamp) {
        if self.arrivals.len() == ARRIVALS_MAX {
            self.arrivals.remove(0);
        }
        self.arrivals.push((at, count));
    }

    /// Notes whom the present step reaches, also when it began before.
    fn reach(&mut self, reached: &[Reached], at: Timestamp) {
        let (_, all) = self.steps.entry(self.position).or_insert_with(|| (at, Vec::new()));
        for it in reached {
            if !all.contains(it) {
                all.push(it.clone());
            }
        }
    }

    fn hold(&mut self, by: &str, via: &str, at: Timestamp, until: Option<Timestamp>) {
        let (by, via) = (by.to_owned(), via.to_owned());
        self.acknowledged = Some((by.clone(), via.clone(), at));
        let expires = until.or_else(|| self.expiry(at));
        self.phase = Phase::Acknowledged { by, via, at, expires };
        self.pending.clear();
    }

    /// News put the question off, or answer it.
    fn progress(&mut self, at: Timestamp) {
        let later = self.expiry(at);
        match &mut self.phase {
            Phase::Acknowledged { expires, .. } => *expires = (*expires).max(later),
            Phase::Asking { holder, .. } => {
                let (by, via) = (holder.clone(), "progress".to_owned());
                self.phase = Phase::Acknowledged { by, via, at, expires: later };
                self.pending.clear();
            }
            _ => {}
        }
    }

    /// What can wait is seen to within days: nobody is asked.
    fn expiry(&self, at: Timestamp) -> Option<Timestamp> {
        let expiry = self.policy.as_ref()?.ack_expiry?;
        (self.about.urgency == Urgency::Page).then_some(at + expiry)
    }
}
