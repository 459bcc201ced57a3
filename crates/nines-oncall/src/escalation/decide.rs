//! What a command makes of an escalation.

use jiff::{SignedDuration, Timestamp};
use nines_port::Urgency;

use super::reach::{Asker, Place, Skips};
use super::{
    ASK_WAIT, About, Command, Fact, LAST_RESORT_WAIT, LAST_RESORTS_MAX, Phase, Refusal, SNOOZE_MAX,
    Start, State,
};
use crate::{Acks, Condition, Duty, Policy, Step, Target};

/// What `command` would make happen. Late, early and repeated commands are safe.
pub fn decide(
    state: &State,
    command: Command,
    duty: Duty<'_>,
    now: Timestamp,
) -> Result<Vec<Fact>, Refusal> {
    match (command, &state.phase) {
        (Command::Start(start), Phase::Idle) => begin(*start, duty, now),
        (Command::Start(_), _) => Err(Refusal::AlreadyStarted),
        (Command::Resolve, Phase::Idle | Phase::Resolved) => Ok(Vec::new()),
        (Command::Resolve, _) => Ok(vec![Fact::Resolved]),
        (Command::Acknowledge { .. }, Phase::Idle | Phase::Resolved) => {
            Err(Refusal::NotWaiting { why: "the alert is resolved".to_owned() })
        }
        (
            Command::Escalate { .. } | Command::Add { .. } | Command::Snooze { .. },
            Phase::Idle | Phase::Resolved,
        ) => Err(Refusal::Over),
        (_, Phase::Idle | Phase::Resolved) => Ok(Vec::new()),
        (command, _) => match &state.policy {
            Some(policy) => Run { state, policy, duty, now }.decide(command),
            None => Ok(Vec::new()),
        },
    }
}

fn begin(start: Start, duty: Duty<'_>, now: Timestamp) -> Result<Vec<Fact>, Refusal> {
    let Start { policy, about, turn } = start;
    if policy.steps.is_empty() {
        return Err(Refusal::EmptyPolicy { policy: policy.name });
    }
    let mut facts = vec![Fact::Started { policy: policy.clone(), about, turn }];
    let state = after(&State::default(), &facts, now);
    Run { state: &state, policy: &policy, duty, now }.enter_from((0, 0), &mut facts);
    Ok(facts)
}

fn after(state: &State, facts: &[Fact], now: Timestamp) -> State {
    let mut state = state.clone();
    for fact in facts {
        super::evolve(&mut state, fact, now);
    }
    state
}

/// A started escalation at one instant.
#[derive(Debug, Clone, Copy)]
struct Run<'a> {
    state: &'a State,
    policy: &'a Policy,
    duty: Duty<'a>,
    now: Timestamp,
}

impl Run<'_> {
    fn decide(&self, command: Command) -> Result<Vec<Fact>, Refusal> {
        match command {
            Command::Start(_) | Command::Resolve => Ok(Vec::new()),
            Command::AlertsChanged { about, joined } => Ok(self.change(about, joined)),
            Command::Acknowledge { by, via } => self.acknowledge(by, via),
            Command::Escalate { by, why } => Ok(self.escalate(by, why)),
            Command::Add { targets, by } => self.add(&targets, by),
            Command::Snooze { by, until } => {
                if until <= self.now || self.now + SNOOZE_MAX < until {
                    return Err(Refusal::BadSnooze { until });
                }
                Ok(vec![Fact::Snoozed { by, until }])
            }
            Command::Progress { by } => match self.state.phase {
                Phase::Acknowledged { expires: Some(_), .. } | Phase::Asking { .. } => {
                    Ok(vec![Fact::Progressed { by }])
                }
                _ => Ok(Vec::new()),
            },
            Command::Wake => Ok(self.wake()),
        }
    }

    fn change(&self, mut about: About, joined: u32) -> Vec<Fact> {
        // What has woken somebody does not become what can wait.
        about.urgency = about.urgency.min(self.state.about.urgency);
        if about == self.state.about && joined == 0 {
            return Vec::new();
        }
        let wakes_now =
            about.urgency == Urgency::Page && self.state.about.urgency == Urgency::Ticket;
        let change = Fact::AlertsChanged { about, joined };
        // Who saw to it when it could wait may be asleep.
        if wakes_now { self.again(vec![change, self.restart()]) } else { vec![change] }
    }

    fn restart(&self) -> Fact {
        Fact::Restarted { round: self.state.position.0 + 1 }
    }

    /// All rounds again, after `facts` of which one restarts.
    fn again(&self, mut facts: Vec<Fact>) -> Vec<Fact> {
        let state = after(self.state, &facts, self.now);
        Run { state: &state, ..*self }.enter_from((state.first_round, 0), &mut facts);
        facts
    }

    fn escalate(&self, by: String, why: String) -> Vec<Fact> {
        let decline = Fact::Declined { by, why };
        if self.state.phase == Phase::Exhausted {
            return self.again(vec![self.restart(), decline]);
        }
        let mut facts = vec![decline];
        let state = after(self.state, &facts, self.now);
        Run { state: &state, ..*self }.enter_next(&mut facts);
        facts
    }

    fn acknowledge(&self, by: String, via: String) -> Result<Vec<Fact>, Refusal> {
        match &self.state.phase {
            Phase::Acknowledged { by: holder, expires, .. } => {
                if self.state.pending.contains(&by) {
                    // Somebody who was added later.
                    return Ok(vec![Fact::Answered { by, via }]);
                }
                if *holder == by && expires.is_some() {
                    return Ok(vec![Fact::Acknowledged { by, via }]);
                }
                Err(Refusal::NotWaiting { why: format!("{holder} has acknowledged") })
            }
            Phase::Paging { round, step, .. } => {
                let acks = self.policy.steps.get(*step as usize).map_or(Acks::One, |it| it.acks);
                if acks == Acks::One || self.last_round() < *round {
                    return Ok(vec![Fact::Acknowledged { by, via }]);
                }
                self.answer(by, via, (*round, *step))
            }
            _ => Ok(vec![Fact::Acknowledged { by, via }]),
        }
    }

    /// An answer at a step that takes everybody's.
    fn answer(
        &self,
        by: String,
        via: String,
        (round, step): (u32, u32),
    ) -> Result<Vec<Fact>, Refusal> {
        let told = |person: &str| {
            let mut pages = self.state.pages.keys();
            pages.any(|it| (it.round, it.step) == (round, step) && it.person == person)
        };
        let is_pending = self.state.pending.contains(&by);
        if told(&by) && !is_pending {
            return Err(Refusal::NotWaiting { why: format!("{by} has answered, others have not") });
        }
        let others = self.state.pending.iter().any(|it| *it != by && told(it));
        // Whoever takes it without having been told takes it for all.
        Ok(vec![if is_pending && others {
            Fact::Answered { by, via }
        } else {
            Fact::Acknowledged { by, via }
        }])
    }

    fn add(&self, targets: &[Target], by: String) -> Result<Vec<Fact>, Refusal> {
        let place = self.place_of_next_entry();
        let reach = self.asker().reach(targets, place, Skips::Nobody);
        if reach.orders.is_empty() {
            let targets: Vec<String> = targets.iter().map(ToString::to_string).collect();
            return Err(Refusal::NobodyAdded { targets: targets.join(", ") });
        }
        let is_exhausted = self.state.phase == Phase::Exhausted;
        let deadline = is_exhausted.then(|| self.now + ASK_WAIT);
        let reached = reach.reached;
        let mut facts = vec![Fact::Added { by, entry: place.entry, reached, deadline }];
        facts.extend(reach.orders);
        Ok(facts)
    }

    fn wake(&self) -> Vec<Fact> {
        let mut facts = Vec::new();
        match &self.state.phase {
            Phase::Paging { deadline, .. } if *deadline <= self.now => self.enter_next(&mut facts),
            Phase::Acknowledged { by, expires: Some(expires), .. } if *expires <= self.now => {
                self.ask(by, &mut facts);
            }
            Phase::Asking { deadline, .. } if *deadline <= self.now => {
                self.resume(self.place_of_next_entry(), &mut facts);
            }
            _ => {}
        }
        facts
    }

    /// Asks whoever acknowledged; who cannot be asked has not answered.
    fn ask(&self, holder: &str, facts: &mut Vec<Fact>) {
        let place = self.place_of_next_entry();
        let asker = self.asker();
        let person = self.duty.roster.people.get(holder);
        let pages: Vec<Fact> = person.into_iter().flat_map(|it| asker.pages(it, place)).collect();
        if pages.is_empty() {
            self.resume(place, facts);
            return;
        }
        let (holder, deadline) = (holder.to_owned(), self.now + ASK_WAIT);
        facts.push(Fact::Asked { holder, entry: place.entry, deadline });
        facts.extend(pages);
    }

    /// Begins the present step again; its conditions held when it began.
    fn resume(&self, place: Place, facts: &mut Vec<Fact>) {
        let is_entered = if self.last_round() < place.round {
            self.enter(&self.last_resort(), place, facts)
        } else {
            let step = self.policy.steps.get(place.step as usize);
            step.is_some_and(|it| self.enter(it, place, facts))
        };
        if !is_entered {
            self.enter_next(facts);
        }
    }

    fn place_of_next_entry(&self) -> Place {
        let (round, step) = self.state.position;
        Place { round, step, entry: self.state.entry + 1 }
    }

    fn enter_next(&self, facts: &mut Vec<Fact>) {
        let (round, step) = self.state.position;
        self.enter_from((round, step + 1), facts);
    }

    /// The last round of the policy's steps; what comes after it tells the last resort.
    fn last_round(&self) -> u32 {
        self.state.first_round + self.policy.repeat
    }

    fn last_resort(&self) -> Step {
        Step::new(self.policy.last_resort.clone(), LAST_RESORT_WAIT)
    }

    /// Enters the first step at or after `from` that reaches somebody; steps that do not count or reach nobody
    /// are passed at once, and the facts say so.
    fn enter_from(&self, from: (u32, u32), facts: &mut Vec<Fact>) {
        let (mut round, mut index) = from;
        // What can wait is told to the first step, once.
        let is_low = self.state.about.urgency == Urgency::Ticket;
        let first = (self.state.first_round, 0);
        while round <= self.last_round() && !(is_low && first < (round, index)) {
            let Some(step) = self.policy.steps.get(index as usize) else {
                (round, index) = (round + 1, 0);
                continue;
            };
            let place = Place { round, step: index, entry: 0 };
            match (0_u32..).zip(&step.when).find(|(_, it)| !self.holds(it)) {
                Some((condition, _)) => {
                    facts.push(Fact::StepPassed { round, step: index, condition });
                }
                None if self.enter(step, place, facts) => return,
                None => {}
            }
            index += 1;
        }
        // The last resort is a round of one step.
        let round = if index == 0 { round } else { round + 1 };
        let is_over = is_low
            || self.policy.last_resort.is_empty()
            || self.last_round() + LAST_RESORTS_MAX < round;
        let place = Place { round, step: 0, entry: 0 };
        if is_over || !self.enter(&self.last_resort(), place, facts) {
            facts.push(Fact::Exhausted);
        }
    }

    /// Begins one step, and says whether it reached anybody.
    fn enter(&self, step: &Step, place: Place, facts: &mut Vec<Fact>) -> bool {
        let Place { round, step: index, entry } = place;
        let skips = if self.last_round() < round { Skips::Nobody } else { Skips::Declined };
        let reach = self.asker().reach(&step.targets, place, skips);
        let reaches = !reach.orders.is_empty();
        let wait = if reaches { step.wait } else { SignedDuration::ZERO };
        let (deadline, reached) = (self.now + wait, reach.reached);
        facts.push(Fact::StepEntered { round, step: index, deadline, reached, entry });
        if (round, entry) == (self.state.first_round, 0) {
            let actions = step.actions.iter().cloned();
            facts.extend(actions.map(|action| Fact::ActionIntended { step: index, action }));
        }
        facts.extend(reach.orders);
        reaches
    }

    fn asker(&self) -> Asker<'_> {
        Asker { state: self.state, duty: self.duty, now: self.now }
    }

    fn holds(&self, condition: &Condition) -> bool {
        match condition {
            Condition::During(hours) => hours.contains(self.now),
            Condition::Severity(values) => values.contains(&self.state.about.severity),
            Condition::MoreAlerts { count, within } => {
                let from = self.now - *within;
                let recent = self.state.arrivals.iter().filter(|(at, _)| from <= *at);
                let recent: u32 = recent.map(|(_, count)| *count).sum();
                *count < recent
            }
        }
    }
}
