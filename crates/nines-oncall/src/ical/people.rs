//! Whose occurrences they are.

use nines_port::Channel;

use super::read::{Occurrence, Reading};
use crate::rota::Away;
use crate::{Person, Roster};

/// Who is away by a calendar, and the events that are nobody's.
///
/// A calendar of one person (`whose`) is about that person. In others an event is about the people whose mail address
/// takes part, or else about the one whose name its title has; of several the longest name.
pub fn away(reading: &Reading, whose: Option<&str>, roster: &Roster) -> (Vec<Away>, Vec<String>) {
    let (mut away, mut problems) = (Vec::new(), reading.problems.clone());
    for occurrence in &reading.occurrences {
        let people = match whose {
            Some(person) => vec![person],
            None => concerned(occurrence, roster),
        };
        if people.is_empty() {
            let problem = format!("`{}` names nobody whom a file knows", occurrence.summary);
            if !problems.contains(&problem) {
                problems.push(problem);
            }
        }
        let range = occurrence.range;
        let one = |it: &str| Away { from: range.from, until: range.until, person: it.to_owned() };
        away.extend(people.into_iter().filter(|_| range.from < range.until).map(one));
    }
    (away, problems)
}

fn concerned<'a>(occurrence: &Occurrence, roster: &'a Roster) -> Vec<&'a str> {
    let takes_part = |person: &&Person| {
        person.contacts.iter().any(|it| match &it.channel {
            Channel::Email { address } => occurrence.attendees.contains(&address.to_lowercase()),
            _ => false,
        })
    };
    let by_mail: Vec<&str> =
        roster.people.values().filter(takes_part).map(|it| it.name.as_str()).collect();
    if !by_mail.is_empty() {
        return by_mail;
    }
    let title = occurrence.summary.to_lowercase();
    let names = roster.people.values().flat_map(|it| [(&it.name, it), (&it.display_name, it)]);
    let named = names.filter(|(name, _)| has_word(&title, &name.to_lowercase()));
    named.max_by_key(|(name, _)| name.len()).map(|(_, it)| it.name.as_str()).into_iter().collect()
}

/// Whether `text` has `word` with nothing of a word around it.
fn has_word(text: &str, word: &str) -> bool {
    let is_apart = |it: Option<char>| it.is_none_or(|it| !it.is_alphanumeric());
    !word.is_empty()
        && text.match_indices(word).any(|(at, _)| {
            let (before, rest) = text.split_at(at);
            let after = rest.strip_prefix(word).unwrap_or("");
            is_apart(before.chars().next_back()) && is_apart(after.chars().next())
        })
}
