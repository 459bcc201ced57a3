//! Kind `Team`: people who answer for something together.

use jiff::SignedDuration;
use nines_oncall::Team;

use crate::draft::{Noun, Page};
use crate::mistake::Mistake;
use crate::shape::{DURATION, Field, Shape, Type};

use super::Envelope;

/// The most members of one team.
const MEMBERS_MAX: usize = 200;
/// The longest silence of anybody.
const SILENCE_MAX: SignedDuration = SignedDuration::from_hours(90 * 24);

pub(crate) static TEAM: Shape = Shape::new(
    "Team spec",
    &[
        Field::new(
            "members",
            Type::List { of: &Type::Text, min: 1, max: MEMBERS_MAX },
            "The people.",
        )
        .needed("members: [ana, ben]"),
        Field::new("escalation", Type::Text, "Who is told of the team's alerts that say nobody."),
        Field::new(
            "silence_max",
            Type::Like(&DURATION),
            "The longest silence of the team's alerts, at most 90d.",
        ),
    ],
);

pub(in crate::kinds) fn team(page: &mut Page<'_, '_>, document: &Envelope<'_>) {
    let name = document.name(page, Noun::Team);
    let Some(spec) = page.shape(document.spec, &TEAM) else { return };
    let needed = page.needed(&spec, "members").map(|it| it.span);
    let members = page.texts(&spec, "members");
    if let Some(at) = needed {
        page.check_length(members.len(), 1, MEMBERS_MAX, "`members`", at);
    }
    for it in &members {
        page.refer(Noun::Person, it.text, it.span, "the team has one member less");
    }
    let escalation = page.maybe(&spec, "escalation");
    if let Some(it) = escalation {
        page.refer(Noun::Escalation, it.text, it.span, "nobody would be told");
    }
    let silence_max = page.maybe_duration(&spec, "silence_max");
    if silence_max.is_some_and(|it| SILENCE_MAX < it) {
        let (what, range) = ("`silence_max`".to_owned(), "at most 90d".to_owned());
        page.report(&Mistake::OutOfRange { what, range, at: spec.key("silence_max") });
    }
    let Some(name) = name.filter(|_| !members.is_empty()) else { return };
    page.draft.spec.teams.push(Team {
        name: name.text.to_owned(),
        members: members.iter().take(MEMBERS_MAX).map(|it| it.text.to_owned()).collect(),
        escalation: escalation.map(|it| it.text.to_owned()),
        silence_max,
        origin: document.origin.clone(),
    });
}
