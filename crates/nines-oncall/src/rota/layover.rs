//! What people changed, laid over what the files say.

use jiff::Timestamp;

use super::{Change, State, Stood, What};
use crate::stretch::{self, Cover, OnDuty, Source, Stretch};

impl State {
    /// [`from`, `until`) of `schedule` without gaps: `files` tells what the files say of a range; who was on call
    /// stays, then come overrides in the order in which they were made, and temporary shifts over everything.
    pub(crate) fn lay_over(
        &self,
        schedule: &str,
        from: Timestamp,
        until: Timestamp,
        files: impl Fn(Timestamp, Timestamp) -> Vec<Stretch>,
    ) -> Vec<Stretch> {
        let layers = self.with_past(schedule, from, until, files);
        let entries: Vec<_> = self.entries_of(schedule, from, until).collect();
        if entries.is_empty() {
            return layers;
        }
        let bounds = entries.iter().flat_map(|(_, it)| [it.from, it.until]);
        let mut cuts: Vec<Timestamp> = bounds.filter(|it| from < *it && *it < until).collect();
        cuts.sort_unstable();
        cuts.dedup();
        let mut stretches = Vec::new();
        for piece in cut(layers, &cuts) {
            let holds =
                entries.iter().filter(|(_, it)| it.from <= piece.from && piece.from < it.until);
            let mut cover = piece.cover;
            let mut temporary = None;
            for (number, entry) in holds {
                match &entry.what {
                    What::Override { change, swap, .. } => {
                        let source = swap.map_or(Source::Override(*number), Source::Swap);
                        cover = changed(cover, change, source, *number);
                    }
                    What::Temporary { people, .. } => temporary = Some((*number, people)),
                    What::Vacation { .. } => {}
                }
            }
            if let Some((number, people)) = temporary {
                let source = Some(Source::Temporary(number));
                let on = |it: &String| on_duty(it, source.clone(), number);
                cover = Cover::of(people.iter().map(on).collect());
            }
            stretch::push(&mut stretches, Stretch { cover, ..piece });
        }
        stretches
    }

    /// What was, then what the files say.
    fn with_past(
        &self,
        schedule: &str,
        from: Timestamp,
        until: Timestamp,
        files: impl Fn(Timestamp, Timestamp) -> Vec<Stretch>,
    ) -> Vec<Stretch> {
        let Some(stood) = self.stood.get(schedule).filter(|it| !it.is_empty()) else {
            return files(from, until);
        };
        let mut stretches = Vec::new();
        let fill = |stretches: &mut Vec<Stretch>, from: Timestamp, until: Timestamp| {
            if from < until {
                for it in files(from, until) {
                    stretch::push(stretches, it);
                }
            }
        };
        let first = stood.range(..=from).next_back().map_or(from, |(begin, _)| *begin);
        let mut at = from;
        for Stood { from: begin, until: end, cover } in stood.range(first..until).map(|(_, it)| it)
        {
            let (begin, end) = ((*begin).max(at), (*end).min(until));
            if begin < end {
                fill(&mut stretches, at, begin);
                let cover = cover.clone();
                stretch::push(&mut stretches, Stretch { from: begin, until: end, cover });
                at = end;
            }
        }
        fill(&mut stretches, at, until);
        stretches
    }
}

/// Cuts stretches at these instants, which are in order.
fn cut(stretches: Vec<Stretch>, cuts: &[Timestamp]) -> Vec<Stretch> {
    let (mut pieces, mut next) = (Vec::new(), 0);
    for mut stretch in stretches {
        while let Some(at) = cuts.get(next).copied().filter(|it| *it < stretch.until) {
            if stretch.from < at {
                pieces.push(Stretch { until: at, ..stretch.clone() });
                stretch.from = at;
            }
            next += 1;
        }
        pieces.push(stretch);
    }
    pieces
}

fn on_duty(person: &str, source: Option<Source>, index: u32) -> OnDuty {
    OnDuty { person: person.to_owned(), source, index }
}

fn changed(cover: Cover, change: &Change, source: Source, number: u32) -> Cover {
    let mut people = cover.on_duty().to_vec();
    let is_on = |people: &[OnDuty], name: &str| people.iter().any(|it| it.person == name);
    match change {
        Change::Add { person } => {
            if is_on(&people, person) {
                return cover;
            }
            people.push(on_duty(person, Some(source), number));
        }
        Change::Remove { person } => {
            if !is_on(&people, person) {
                return cover;
            }
            people.retain(|it| it.person != *person);
        }
        Change::Replace { whom, with } => {
            if !is_on(&people, whom) {
                return cover;
            }
            people.retain(|it| it.person != *whom);
            if !is_on(&people, with) {
                people.push(on_duty(with, Some(source), number));
            }
        }
    }
    Cover::of(people)
}
