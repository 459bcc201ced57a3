//! Composites that go round in circles, and patterns that name no SLO.

use std::collections::{BTreeMap, BTreeSet};

use nines_slo::{SliKind, SloName};

use crate::draft::Draft;
use crate::mistake::Mistake;

/// Each circle is one finding, at the first of its SLOs.
pub(super) fn check_cycles(draft: &mut Draft<'_>) {
    let members: BTreeMap<&SloName, Vec<&SloName>> = draft
        .spec
        .slos
        .iter()
        .filter_map(|it| match &it.sli.kind {
            SliKind::Composite(composite) => {
                Some((&it.name, composite.members.iter().map(|it| &it.slo).collect()))
            }
            _ => None,
        })
        .collect();
    let mut reported: BTreeSet<&SloName> = BTreeSet::new();
    let mut mistakes = Vec::new();
    for (slo, places) in draft.spec.slos.iter().zip(&draft.slo_places) {
        if reported.contains(&slo.name) {
            continue;
        }
        let Some(way) = way_round(&slo.name, &members) else { continue };
        let path: Vec<String> = way.iter().map(|it| format!("`{it}`")).collect();
        reported.extend(way);
        let (slo, path, at) = (slo.name.to_string(), path.join(" → "), places.name.span);
        mistakes.push((places.name.file, Mistake::CompositeCycle { slo, path, at }));
    }
    for (file, mistake) in mistakes {
        draft.report(file, &mistake);
    }
}

/// From an SLO over its members back to it, without recursion: a chain may be as long as there are SLOs.
fn way_round<'s>(
    start: &'s SloName,
    members: &BTreeMap<&'s SloName, Vec<&'s SloName>>,
) -> Option<Vec<&'s SloName>> {
    let mut before: BTreeMap<&SloName, &SloName> = BTreeMap::new();
    let mut open = vec![start];
    while let Some(slo) = open.pop() {
        for member in members.get(slo).into_iter().flatten() {
            if *member == start {
                let back = std::iter::successors(Some(slo), |it| before.get(it).copied());
                let mut way: Vec<&SloName> = std::iter::once(start).chain(back).collect();
                way.reverse();
                return Some(way);
            }
            if !before.contains_key(member) {
                before.insert(member, slo);
                open.push(member);
            }
        }
    }
    None
}

pub(super) fn check_patterns(draft: &mut Draft<'_>) {
    for (pattern, place) in std::mem::take(&mut draft.slo_patterns) {
        if draft.spec.slos.iter().any(|it| pattern.matches(&it.name)) {
            continue;
        }
        let known: Vec<String> = draft.spec.slos.iter().map(|it| it.name.to_string()).collect();
        let near = crate::fields::suggestion(&pattern.text, known.iter().map(String::as_str));
        let help = match near {
            Some(it) => format!("did you mean `{it}`?"),
            None if known.is_empty() => "no SLO is defined".to_owned(),
            None => "`checkout/*` is every SLO of a service, `*` is every SLO".to_owned(),
        };
        let (pattern, at) = (pattern.text, place.span);
        draft.report(place.file, &Mistake::PatternMatchesNothing { pattern, help, at });
    }
}
