//! What policies would have done: the past is looked at again, under these policies, and nothing is recorded.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use nines_incident::changes::{Change as Changed, ChangeKind as Kind};
use nines_release::{
    Case, Change, ChangeKind, Decision, Deploy, GateQuestion, LevelKey, Levels, Look, PolicyInput,
    Rulebook, Situation, Verdict, decide, evolve_levels, observe,
};
use serde::Serialize;

use crate::policies::unrecorded;

/// The most looks of one replay.
const LOOKS_MAX: usize = 20_000;
/// The most deploys of one report.
const DEPLOYS_MAX: usize = 10_000;

/// What policies would have done.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Replay {
    /// How many deploys were looked at.
    pub deploys: usize,
    /// Those that would not have been let through, oldest first.
    pub held: Vec<ReplayedDeploy>,
    /// How long each level would have ruled.
    pub levels: Vec<LevelSpan>,
}

/// A deploy that would not have been let through.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ReplayedDeploy {
    /// When it began.
    pub at: Timestamp,
    /// Of which service.
    pub service: String,
    /// To which version.
    pub version: Option<String>,
    /// `closed` or `unknown`.
    pub verdict: Verdict,
    /// Why, in a line.
    pub because: String,
}

/// How long a level would have ruled a service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LevelSpan {
    /// Under which policy.
    pub policy: String,
    /// Of which service.
    pub service: String,
    /// Which level.
    pub level: String,
    /// For how long, in whole minutes.
    pub minutes: i64,
}

/// Looks at the past in steps and asks about each deploy when it began.
///
/// `inputs` says what was measured at an instant. Incidents and overrides of that time are not looked at: they are
/// what people did, and other policies might have made them do something else.
pub fn replay(
    rulebook: &Rulebook,
    changes: &[Changed],
    from: Timestamp,
    to: Timestamp,
    step: SignedDuration,
    inputs: impl Fn(Timestamp) -> Vec<PolicyInput>,
) -> Replay {
    let mut replay = Replay::default();
    let mut levels: BTreeMap<LevelKey, Levels> = BTreeMap::new();
    let mut spans: BTreeMap<(LevelKey, String), SignedDuration> = BTreeMap::new();
    let is_deploy =
        |it: &&Changed| it.kind == Kind::Deploy && from <= it.started && it.started <= to;
    let mut deploys: Vec<&Changed> = changes.iter().filter(is_deploy).take(DEPLOYS_MAX).collect();
    deploys.sort_by_key(|it| it.started);
    let mut waiting = deploys.iter().peekable();
    let mut last = from;
    for now in instants(from, to, step, &deploys) {
        for (key, it) in &levels {
            for name in it.active.keys() {
                let span = spans.entry((key.clone(), name.clone())).or_default();
                *span += now.duration_since(last);
            }
        }
        last = now;
        let inputs = inputs(now);
        for input in &inputs {
            look(rulebook, &mut levels, input, now);
        }
        while let Some(it) = waiting.next_if(|it| it.started <= now) {
            replay.deploys += 1;
            let decision = ask(rulebook, &levels, &inputs, it, &deploys);
            if decision.verdict != Verdict::Open {
                replay.held.push(ReplayedDeploy {
                    at: it.started,
                    service: it.service.clone(),
                    version: it.version.clone(),
                    verdict: decision.verdict,
                    because: decision.line(),
                });
            }
        }
    }
    replay.levels = spans
        .into_iter()
        .map(|((key, level), span)| LevelSpan {
            policy: key.policy,
            service: key.service,
            level,
            minutes: span.as_mins(),
        })
        .collect();
    replay
}

/// Every step, and every start of a deploy.
fn instants(
    from: Timestamp,
    to: Timestamp,
    step: SignedDuration,
    deploys: &[&Changed],
) -> Vec<Timestamp> {
    let step = step.max(SignedDuration::from_secs(1));
    let next = |it: &Timestamp| it.checked_add(step).ok();
    let steps = std::iter::successors(Some(from), next).take_while(|it| *it <= to);
    let mut instants: Vec<Timestamp> = steps.take(LOOKS_MAX).collect();
    instants.extend(deploys.iter().map(|it| it.started));
    instants.sort_unstable();
    instants.dedup();
    instants
}

fn look(
    rulebook: &Rulebook,
    levels: &mut BTreeMap<LevelKey, Levels>,
    input: &PolicyInput,
    now: Timestamp,
) {
    let situation = Situation { input: input.clone(), ..Situation::default() };
    for policy in rulebook.ruling(&input.service) {
        let key = LevelKey { policy: policy.name.clone(), service: input.service.clone() };
        let levels = levels.entry(key).or_default();
        for fact in observe(levels, &Look { policy, situation: &situation, now }) {
            evolve_levels(levels, &fact, now, 0);
        }
    }
}

fn ask(
    rulebook: &Rulebook,
    levels: &BTreeMap<LevelKey, Levels>,
    inputs: &[PolicyInput],
    changed: &Changed,
    deploys: &[&Changed],
) -> Decision {
    let change = Change {
        service: changed.service.clone(),
        env: if changed.env.is_empty() { "prod".to_owned() } else { changed.env.clone() },
        version: changed.version.clone(),
        sha: changed.sha.clone(),
        kind: ChangeKind::Code,
    };
    let input = inputs.iter().find(|it| it.service == change.service).cloned();
    let input =
        input.unwrap_or(PolicyInput { service: change.service.clone(), ..PolicyInput::default() });
    let earlier = deploys.iter().filter(|it| {
        it.service == changed.service && it.env == changed.env && it.started < changed.started
    });
    let earlier: Vec<Deploy> = earlier
        .filter_map(|it| {
            let (started, finished) = (it.started, it.finished);
            Some(Deploy { version: it.version.clone()?, started, finished, did_harm: false })
        })
        .collect();
    let policy = rulebook.policy_for(&change);
    let key = LevelKey { policy: policy.name.clone(), service: change.service.clone() };
    let unseen = Levels::default();
    let situation = Situation { input: input.clone(), ..Situation::default() };
    decide(&Case {
        id: unrecorded(changed.started),
        now: changed.started,
        revision: 0,
        rulebook,
        policy,
        levels: levels.get(&key).unwrap_or(&unseen),
        situation: &situation,
        question: &GateQuestion::new(change, input),
        deploys: &earlier,
        waiver: None,
    })
}

#[cfg(test)]
mod tests;
