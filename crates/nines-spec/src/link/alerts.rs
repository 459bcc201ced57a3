//! What the whole of routes, receivers and intervals shows: who would hear of nothing, and what nobody uses.

use std::collections::BTreeMap;

use nines_alert::dispatch::Settings;

use crate::draft::{Draft, Noun, Place};
use crate::mistake::Mistake;

/// Only when everything was read: what seems unused may be used in a document that could not be.
pub(super) fn check(draft: &mut Draft<'_>) {
    check_routes(draft);
    check_last_resort(draft);
    check_unused(draft);
}

/// Natively a receiver without integrations is a mistake; in `alertmanager.yml` it is how alerts are dropped.
fn check_routes(draft: &mut Draft<'_>) {
    for (receiver, place) in std::mem::take(&mut draft.alerts.native_receivers) {
        let known = draft.spec.dispatch.receivers.get(&receiver);
        if known.is_some_and(|it| it.integrations.is_empty()) {
            let at = place.span;
            draft.report(place.file, &Mistake::RouteReachesNobody { receiver, at });
        }
    }
}

/// A chain of fallbacks ends somewhere.
pub(super) fn check_fallbacks(draft: &mut Draft<'_>) {
    let of = draft.spec.fallbacks.of.clone();
    for (name, place) in std::mem::take(&mut draft.alerts.fallback_places) {
        if let Some(path) = way_back(&of, &name) {
            let (path, at) = (path.join(" → "), place.span);
            draft.report(place.file, &Mistake::FallbackCycle { name: name.clone(), path, at });
            // What goes round is worse than what is lost: the last resort hears of it.
            draft.spec.fallbacks.of.remove(&name);
        }
    }
}

/// From a name over its fallbacks to itself, if they lead there.
fn way_back<'m>(of: &'m BTreeMap<String, String>, name: &'m str) -> Option<Vec<&'m str>> {
    let mut path = vec![name];
    let mut at = name;
    while let Some(next) = of.get(at) {
        path.push(next);
        if next == name {
            return Some(path);
        }
        if of.len() < path.len() {
            return None;
        }
        at = next;
    }
    None
}

/// Receivers of ours that depend on somebody's service, and nobody who hears when that fails.
fn check_last_resort(draft: &mut Draft<'_>) {
    if draft.spec.fallbacks.last_resort.is_some() || draft.alerts.file.is_some() {
        return;
    }
    let is_outside = |name: &str| {
        let receiver = draft.spec.dispatch.receivers.get(name);
        let mut integrations = receiver.into_iter().flat_map(|it| &it.integrations);
        integrations.any(|it| !matches!(it.settings, Settings::Escalation(_)))
    };
    let first = defined(draft, Noun::Receiver).into_iter().find(|(name, _)| is_outside(name));
    if let Some((_, place)) = first {
        draft.report(place.file, &Mistake::NoLastResort { at: place.span });
    }
}

fn check_unused(draft: &mut Draft<'_>) {
    let used = std::mem::take(&mut draft.alerts.used_receivers);
    let intervals = std::mem::take(&mut draft.alerts.used_intervals);
    for (noun, used) in [(Noun::Receiver, used), (Noun::TimeInterval, intervals)] {
        for (name, place) in defined(draft, noun) {
            if !used.contains(&name) {
                let (noun, at) = (noun.word(), place.span);
                draft.report(place.file, &Mistake::Unused { noun, name, at });
            }
        }
    }
}

/// In the order of the files.
fn defined(draft: &Draft<'_>, noun: Noun) -> Vec<(String, Place)> {
    let known = draft.definitions.iter().filter(|((it, _), _)| *it == noun);
    let mut known: Vec<(String, Place)> =
        known.map(|((_, name), place)| (name.clone(), *place)).collect();
    known.sort_by_key(|(_, place)| (place.file, place.span));
    known
}
