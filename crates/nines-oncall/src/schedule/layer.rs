//! Layers: a rotation, or the same people always, on some hours of some days.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use super::clock::{Occurrence, instant};
use super::hours::{ClockRange, windows};
use super::rotation::{Rotation, Turns};

/// One layer of a schedule.
#[derive(Debug, Clone, PartialEq)]
pub struct Layer {
    /// Unique in its schedule; empty for a schedule that is one rotation.
    pub name: String,
    /// Who.
    pub crew: Crew,
    /// It counts only then; empty for always.
    pub hours: Vec<ClockRange>,
    /// It counts from then on, in clock time.
    pub from: Option<DateTime>,
    /// It counts until then.
    pub until: Option<DateTime>,
}

/// Who a layer puts on call.
#[derive(Debug, Clone, PartialEq)]
pub enum Crew {
    /// People in turns.
    Rotation(Rotation),
    /// The same people always; nobody for a time that is meant to be free.
    Always(Vec<String>),
}

impl Crew {
    /// Everybody who is named.
    pub fn people(&self) -> impl Iterator<Item = &String> {
        let (members, always) = match self {
            Self::Rotation(it) => (it.members.as_slice(), &[][..]),
            Self::Always(it) => (&[][..], it.as_slice()),
        };
        members.iter().flat_map(|it| &it.people).chain(always)
    }
}

/// A layer's people for a while.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Span<'a> {
    pub(super) from: Timestamp,
    pub(super) until: Timestamp,
    pub(super) index: u32,
    pub(super) people: &'a [String],
}

impl Layer {
    /// When the layer puts whom on call in [`from`, `until`), in order and apart; clipped to it.
    pub(super) fn spans<'a>(
        &'a self,
        zone: &'a TimeZone,
        from: Timestamp,
        until: Timestamp,
    ) -> Vec<Span<'a>> {
        let bound = |it: Option<DateTime>| it.and_then(|it| instant(zone, it, Occurrence::First));
        let from = bound(self.from).map_or(from, |it| it.max(from));
        let until = bound(self.until).map_or(until, |it| it.min(until));
        if until <= from {
            return Vec::new();
        }
        let turns = match &self.crew {
            Crew::Rotation(rotation) => rotation_spans(rotation, zone, from, until),
            Crew::Always(people) => vec![Span { from, until, index: 0, people }],
        };
        if self.hours.is_empty() {
            return turns;
        }
        within(&turns, &windows(&self.hours, zone, from, until))
    }
}

fn rotation_spans<'a>(
    rotation: &'a Rotation,
    zone: &'a TimeZone,
    from: Timestamp,
    until: Timestamp,
) -> Vec<Span<'a>> {
    let turns = Turns::of(rotation, zone).spans(from, until);
    let taken = turns.iter().filter_map(|it| {
        let people = it.member?.people.as_slice();
        let index = u32::try_from(it.index).unwrap_or(u32::MAX);
        Some(Span { from: it.from.max(from), until: it.until.min(until), index, people })
    });
    taken.collect()
}

/// The parts of `spans` that lie in `windows`; both are in order and apart.
fn within<'a>(spans: &[Span<'a>], windows: &[(Timestamp, Timestamp)]) -> Vec<Span<'a>> {
    let (mut parts, mut first) = (Vec::new(), 0);
    for span in spans {
        while windows.get(first).is_some_and(|(_, end)| *end <= span.from) {
            first += 1;
        }
        let meeting = windows.iter().skip(first).take_while(|(begin, _)| *begin < span.until);
        parts.extend(meeting.map(|(begin, end)| Span {
            from: span.from.max(*begin),
            until: span.until.min(*end),
            ..*span
        }));
    }
    parts
}
