//! Schedules: who is on call at an instant, as the files say.

mod clock;
mod hours;
mod layer;
mod rotation;

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use nines_base::Origin;

use crate::stretch::{self, Cover, OnDuty, Shift, Source, Stretch};

pub use clock::Weekdays;
pub(crate) use clock::{Occurrence, instant};
pub use hours::ClockRange;
pub(crate) use hours::windows;
pub use layer::{Crew, Layer};
pub use rotation::{Member, Rotation, Unit};

/// Who is on call when: layers, the later ones over the earlier ones, in one time zone.
#[derive(Debug, Clone, PartialEq)]
pub struct Schedule {
    /// Unique, such as `shop`.
    pub name: String,
    /// An IANA time zone.
    pub zone: TimeZone,
    /// The lowest first. One that puts people on call, or says that nobody is meant to be, hides those below it.
    pub layers: Vec<Layer>,
    /// When an edit of the file changes who is on call.
    pub edits: Edits,
    /// Where it was written.
    pub origin: Origin,
}

/// When an edit of a schedule takes effect.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Edits {
    /// With the next hand-off: whoever is on call stays until then.
    #[default]
    AtHandOff,
    /// At once.
    Now,
}

impl Schedule {
    /// A schedule that is one weekly rotation, as the first version of the file format knew it.
    pub fn weekly(
        name: &str,
        zone: TimeZone,
        start: DateTime,
        weeks: u32,
        people: &[&str],
    ) -> Self {
        let members = people.iter().map(|it| Member::person(it)).collect();
        let (unit, length, skip) = (Unit::Week, weeks, Weekdays::NONE);
        let crew = Crew::Rotation(Rotation { start, unit, length, members, skip });
        let (hours, from, until) = (Vec::new(), None, None);
        let layers = vec![Layer { name: String::new(), crew, hours, from, until }];
        let (edits, origin) = (Edits::AtHandOff, Origin::default());
        Self { name: name.to_owned(), zone, layers, edits, origin }
    }

    /// Everybody who is named, each once.
    pub fn people(&self) -> Vec<&str> {
        let named = self.layers.iter().flat_map(|it| it.crew.people());
        let mut people: Vec<&str> = named.map(String::as_str).collect();
        people.sort_unstable();
        people.dedup();
        people
    }

    /// The shifts that `at` lies in: on call from the hand-off on, up to but not at the next.
    pub fn on_call(&self, at: Timestamp) -> Vec<Shift> {
        stretch::shifts_at(at, |from, until| self.stretches(from, until))
    }

    /// The shifts that meet [`from`, `until`), clipped to it, by their beginnings.
    pub fn shifts(&self, from: Timestamp, until: Timestamp) -> Vec<Shift> {
        stretch::shifts(&self.stretches(from, until))
    }

    /// [`from`, `until`) without gaps, cut where it changes who is on call.
    pub fn stretches(&self, from: Timestamp, until: Timestamp) -> Vec<Stretch> {
        let spans = self.layers.iter().map(|it| it.spans(&self.zone, from, until));
        let spans: Vec<Vec<layer::Span<'_>>> = spans.collect();
        let mut cuts: Vec<Timestamp> =
            spans.iter().flatten().flat_map(|it| [it.from, it.until]).collect();
        cuts.extend([from, until]);
        cuts.sort_unstable();
        cuts.dedup();
        let mut places = vec![0; spans.len()];
        let mut stretches = Vec::new();
        for (from, until) in cuts.iter().zip(cuts.iter().skip(1)) {
            let mut cover = Cover::Nobody;
            for ((layer, spans), place) in self.layers.iter().zip(&spans).zip(&mut places) {
                while spans.get(*place).is_some_and(|it| it.until <= *from) {
                    *place += 1;
                }
                if let Some(span) = spans.get(*place).filter(|it| it.from <= *from) {
                    cover = layer.cover(span);
                }
            }
            stretch::push(&mut stretches, Stretch { from: *from, until: *until, cover });
        }
        stretches
    }
}

impl Layer {
    fn cover(&self, span: &layer::Span<'_>) -> Cover {
        if span.people.is_empty() {
            return Cover::Buffer;
        }
        let source = (!self.name.is_empty()).then(|| Source::Layer(self.name.clone()));
        let on_duty = |person: &String| OnDuty {
            person: person.clone(),
            source: source.clone(),
            index: span.index,
        };
        Cover::Staffed(span.people.iter().map(on_duty).collect())
    }
}

#[cfg(test)]
mod tests;
