//! Stretches: time cut where it changes who is on call, and the shifts that they make.

use jiff::{SignedDuration, Timestamp};
use serde::ser::SerializeStruct;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The longest way that is looked back and ahead for the beginning and the end of a shift.
pub const LOOK_MAX: SignedDuration = SignedDuration::from_hours(400 * 24);
/// The first look; it is doubled until it shows the ends.
const LOOK: SignedDuration = SignedDuration::from_hours(16 * 24);

/// One turn of one person: an unbroken time on call for one reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shift {
    /// Who.
    pub person: String,
    /// Which turn of its rotation, from 0; the number of an override.
    pub index: u32,
    /// The hand-off to this person.
    pub from: Timestamp,
    /// The hand-off to the next.
    pub until: Timestamp,
    /// What made it so; nothing for a schedule that is one rotation.
    pub source: Option<Source>,
}

/// What puts a person on call.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Source {
    /// This layer of the schedule.
    Layer(String),
    /// This override.
    Override(u32),
    /// The swap that made this override.
    Swap(u32),
    /// This temporary shift.
    Temporary(u32),
}

/// `layer nights`, `override O-12`.
impl std::fmt::Display for Source {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Layer(name) => write!(f, "layer {name}"),
            Self::Override(number) => write!(f, "override O-{number}"),
            Self::Swap(number) => write!(f, "swap O-{number}"),
            Self::Temporary(number) => write!(f, "temporary shift O-{number}"),
        }
    }
}

/// As facts of escalations keep it: first there was no `source`, and a plain rotation still writes none.
#[derive(Deserialize)]
struct Written {
    person: String,
    index: u32,
    from: Timestamp,
    until: Timestamp,
    source: Option<Source>,
}

impl Serialize for Shift {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        // Formats without names, as of snapshots, need every field in its place.
        let has_source = self.source.is_some() || !serializer.is_human_readable();
        let mut fields = serializer.serialize_struct("Shift", 4 + usize::from(has_source))?;
        fields.serialize_field("person", &self.person)?;
        fields.serialize_field("index", &self.index)?;
        fields.serialize_field("from", &self.from)?;
        fields.serialize_field("until", &self.until)?;
        if has_source {
            fields.serialize_field("source", &self.source)?;
        }
        fields.end()
    }
}

impl<'de> Deserialize<'de> for Shift {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Written { person, index, from, until, source } = Written::deserialize(deserializer)?;
        Ok(Self { person, index, from, until, source })
    }
}

/// A person on call, and why.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct OnDuty {
    /// Who.
    pub person: String,
    /// As in [`Shift`].
    pub source: Option<Source>,
    /// As in [`Shift`].
    pub index: u32,
}

/// Who stands for a schedule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Cover {
    /// These people, at least one, each once.
    Staffed(Vec<OnDuty>),
    /// Nobody, as is written.
    Buffer,
    /// Nobody.
    Nobody,
}

impl Cover {
    /// Those on call; nobody is an empty list.
    pub fn on_duty(&self) -> &[OnDuty] {
        match self {
            Self::Staffed(people) => people,
            Self::Buffer | Self::Nobody => &[],
        }
    }

    /// Their names, in order.
    pub fn names(&self) -> Vec<&str> {
        let mut names: Vec<&str> = self.on_duty().iter().map(|it| it.person.as_str()).collect();
        names.sort_unstable();
        names
    }

    /// The cover by these people, or else [`Self::Nobody`].
    pub(crate) fn of(people: Vec<OnDuty>) -> Self {
        if people.is_empty() { Self::Nobody } else { Self::Staffed(people) }
    }
}

/// A stretch of time in which the same people are on call for the same reasons.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stretch {
    /// Its beginning.
    pub from: Timestamp,
    /// Its end.
    pub until: Timestamp,
    /// Who is on call.
    pub cover: Cover,
}

/// Appends a stretch; it goes on with the last one if nothing changes.
pub(crate) fn push(stretches: &mut Vec<Stretch>, next: Stretch) {
    if next.until <= next.from {
        return;
    }
    match stretches.last_mut() {
        Some(last) if last.until == next.from && last.cover == next.cover => {
            last.until = next.until;
        }
        _ => stretches.push(next),
    }
}

/// The shifts that these stretches make, by their beginnings.
pub(crate) fn shifts(stretches: &[Stretch]) -> Vec<Shift> {
    let mut shifts: Vec<Shift> = Vec::new();
    // The places of those that may go on.
    let mut open: Vec<usize> = Vec::new();
    for stretch in stretches {
        let mut going_on = Vec::new();
        for on in stretch.cover.on_duty() {
            let same = |it: &Shift| {
                it.until == stretch.from
                    && it.person == on.person
                    && it.index == on.index
                    && it.source == on.source
            };
            let place = open.iter().copied().find(|it| shifts.get(*it).is_some_and(same));
            let place = place.unwrap_or_else(|| {
                let OnDuty { person, source, index } = on.clone();
                let (from, until) = (stretch.from, stretch.until);
                shifts.push(Shift { person, index, from, until, source });
                shifts.len() - 1
            });
            if let Some(shift) = shifts.get_mut(place) {
                shift.until = stretch.until;
            }
            going_on.push(place);
        }
        open = going_on;
    }
    shifts
}

/// The whole shifts of those who are on call at `at`; `look` tells the stretches of a range.
pub(crate) fn shifts_at(
    at: Timestamp,
    look: impl Fn(Timestamp, Timestamp) -> Vec<Stretch>,
) -> Vec<Shift> {
    let mut width = LOOK;
    loop {
        let (from, until) = (earlier(at, width), later(at, width));
        let now = |it: &Shift| it.from <= at && at < it.until;
        let found: Vec<Shift> = shifts(&look(from, until)).into_iter().filter(now).collect();
        let is_whole = found.iter().all(|it| from < it.from && it.until < until);
        if is_whole || LOOK_MAX <= width {
            return found;
        }
        width = (width * 2).min(LOOK_MAX);
    }
}

/// The whole shifts of those who come after the ones at `at`: the next stretch with other people.
pub(crate) fn shifts_after(
    at: Timestamp,
    look: impl Fn(Timestamp, Timestamp) -> Vec<Stretch>,
) -> Vec<Shift> {
    let mut width = LOOK;
    loop {
        let stretches = look(at, later(at, width));
        let now = stretches.first().map(|it| it.cover.names()).unwrap_or_default();
        let differs = |it: &&Stretch| !it.cover.on_duty().is_empty() && it.cover.names() != now;
        if let Some(next) = stretches.iter().find(differs) {
            return shifts_at(next.from, look);
        }
        if LOOK_MAX <= width {
            return Vec::new();
        }
        width = (width * 2).min(LOOK_MAX);
    }
}

pub(crate) fn earlier(at: Timestamp, by: SignedDuration) -> Timestamp {
    at.checked_sub(by).unwrap_or(Timestamp::MIN)
}

pub(crate) fn later(at: Timestamp, by: SignedDuration) -> Timestamp {
    at.checked_add(by).unwrap_or(Timestamp::MAX)
}
