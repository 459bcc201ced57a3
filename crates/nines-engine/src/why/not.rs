//! Why not: what would become of an alert with these labels, by the code that decides, on a copy.

use jiff::Timestamp;
use nines_alert::dispatch::{Explained, Incoming, Muted, Outcome, Reason, Settings};
use nines_alert::silence::{Miss, NearMiss, Silence};
use nines_alert::{AlertKey, Phase};
use nines_base::Labels;
use nines_oncall::Duty;

use super::{Chain, Link, link};
use crate::command::Refusal;
use crate::config::Config;
use crate::state::State;

/// What would become at `at` of an alert with these labels, on each of its routes.
///
/// # Errors
/// No such alert can be, or there is no configuration.
pub fn why_not(
    state: &State,
    config: &Config,
    labels: &Labels,
    at: Timestamp,
) -> Result<Chain, Refusal> {
    let key = AlertKey::of(labels);
    let mut links = Vec::new();
    let known = state.dispatch.alert(key);
    if let Some(known) = known.filter(|it| it.phase() == Phase::Firing) {
        let text = format!("this alert fires; `nines why {key}` says what was done");
        links.push(link("fires", Some(known.activation.fired_at), text, None));
    }
    let incoming = Incoming {
        labels: labels.clone(),
        annotations: known.map(|it| it.annotations().into()).unwrap_or_default(),
        starts_at: None,
        ends_at: None,
        generator_url: String::new(),
        detail: known.and_then(|it| it.body.detail.as_deref().cloned()),
    };
    let explained = state.dispatch.explain(incoming, &state.silences, at)?;
    let (mut seen, mut is_told) = (Vec::new(), false);
    for it in &explained {
        route(it, &mut seen, &mut links);
        match &it.muted {
            Some(muted) => links.push(self::muted(state, muted, it.tick)),
            None if it.outcomes.is_empty() => {
                let text = format!("receiver {} has no integrations", it.route.receiver);
                links.push(link("notice", Some(it.tick), text, None));
            }
            None => {
                for outcome in &it.outcomes {
                    is_told |= matches!(outcome, Outcome::Notice(_));
                    told(state, config, it, outcome, &mut links);
                }
            }
        }
    }
    for it in state.silences.near_misses(labels, at) {
        links.push(near(state, &it));
    }
    let verdict = if is_told { "would be told" } else { "would not be told to anybody" };
    Ok(Chain { alert: key, title: format!("{labels} {verdict}"), links })
}

fn route(explained: &Explained, seen: &mut Vec<String>, links: &mut Vec<Link>) {
    for it in &explained.route.rejected {
        let text = format!("{} does not match: the value is {:?}", it.failed, it.value);
        let mark = format!("{} {text}", it.origin);
        if !seen.contains(&mark) {
            links.push(link("not", None, text, Some(&it.origin)));
            seen.push(mark);
        }
    }
    let route = &explained.route;
    let text = format!("{} → receiver {}", route.because, route.receiver);
    links.push(link("routed", None, text, Some(&route.origin)));
    let text = format!("{} speaks next", explained.group);
    links.push(link("group", Some(explained.tick), text, None));
}

/// Why an alert is not spoken of, with what people need to know to change that.
pub(super) fn muted(state: &State, muted: &Muted, at: Timestamp) -> Link {
    let (part, text) = match muted {
        Muted::Silenced(ids) => {
            let named = ids.iter().map(|id| {
                let silence = id.parse().ok().and_then(|it| state.silences.get(it));
                silence.map_or_else(|| id.clone(), |it| format!("{id} {}", terms(it)))
            });
            ("silenced", named.collect::<Vec<_>>().join("; "))
        }
        Muted::Inhibited(by) => {
            let by = match state.alert(*by) {
                Some(alert) => format!("alert {by} {}", alert.labels),
                None => format!("alert {by}"),
            };
            ("inhibited", format!("by {by}"))
        }
        Muted::Interval(name) => ("muted", format!("by the time interval {name}")),
    };
    link(part, Some(at), text, None)
}

/// `by ana until 2026-01-01T00:00:00Z: deploy`
fn terms(silence: &Silence) -> String {
    let terms = &silence.terms;
    let colon = if terms.reason.is_empty() { "" } else { ": " };
    format!("by {} until {}{colon}{}", terms.author, silence.end(), terms.reason)
}

fn told(
    state: &State,
    config: &Config,
    explained: &Explained,
    outcome: &Outcome,
    links: &mut Vec<Link>,
) {
    let receiver = &explained.route.receiver;
    let (Outcome::Notice(nines_alert::dispatch::Notice { integration, .. })
    | Outcome::Quiet { integration, .. }) = outcome;
    let settings = config.dispatch.integration(receiver, *integration).map(|it| it.settings);
    let kind = settings.as_ref().map_or("unknown", Settings::kind);
    match outcome {
        Outcome::Quiet { why, .. } => {
            let text = format!("{receiver} by {kind}: {}", super::quiet(why));
            links.push(link("quiet", Some(explained.tick), text, None));
        }
        Outcome::Notice(notice) => {
            let why = super::reason(notice.reason);
            match &settings {
                Some(Settings::Escalation(policy)) => {
                    let text = format!("escalation {policy}: {why}");
                    links.push(link("notice", Some(notice.at), text, None));
                    if notice.reason != Reason::Repeat {
                        first_step(state, config, policy, notice.at, links);
                    }
                }
                _ => {
                    let text = format!("{receiver} by {kind}: {why}");
                    links.push(link("notice", Some(notice.at), text, None));
                }
            }
        }
    }
}

/// Whom the first step that reaches somebody would reach.
fn first_step(state: &State, config: &Config, policy: &str, at: Timestamp, links: &mut Vec<Link>) {
    let Some(policy) = config.roster.policies.get(policy) else {
        let text = format!("escalation {policy} is not defined: nobody is told");
        links.push(link("step", Some(at), text, None));
        return;
    };
    let duty = Duty { roster: &config.roster, rota: &state.rota };
    for (number, step) in (1..).zip(&policy.steps) {
        let mut reaches = false;
        for target in &step.targets {
            let found = duty.resolve(target, at);
            if found.is_empty() {
                let text = format!("step {number}: {target} → nobody");
                links.push(link("step", Some(at), text, None));
            }
            for (person, shift) in found {
                let contacts = person.contacts.iter().map(|it| {
                    if it.delay.is_zero() {
                        it.channel.to_string()
                    } else {
                        format!("{} after {:#}", it.channel, it.delay)
                    }
                });
                let contacts: Vec<String> = contacts.collect();
                reaches |= !contacts.is_empty();
                let shift = shift
                    .map_or(String::new(), |it| format!(", on call {} to {}", it.from, it.until));
                let by = contacts.join(", ");
                let by = if by.is_empty() { "no contact".to_owned() } else { by };
                let text = format!("step {number}: {target} → {} by {by}{shift}", person.name);
                links.push(link("step", Some(at), text, None));
            }
        }
        if reaches {
            return;
        }
    }
}

fn near(state: &State, near: &NearMiss) -> Link {
    let silence = state.silences.get(near.id);
    let silence = silence.map_or(String::new(), |it| format!(" {}", terms(it)));
    let text = match &near.miss {
        Miss::Ended(at) => format!("silence {}{silence} ended at {at}", near.id),
        Miss::Begins(at) => format!("silence {}{silence} begins at {at}", near.id),
        Miss::Matcher(matcher) => {
            format!("silence {}{silence} matches but for {matcher}", near.id)
        }
    };
    link("near", None, text, None)
}

#[cfg(test)]
mod tests;
