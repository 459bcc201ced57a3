//! Whom a change of the rota concerns, and what they are told.

use jiff::Timestamp;

use super::{Change, Fact, State, What};

/// Something that one person should know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// Who.
    pub person: String,
    /// In one sentence.
    pub text: String,
}

/// Who has to be told of `fact`; `state` is the one before it. Whoever did it knows already.
pub fn notices(state: &State, fact: &Fact) -> Vec<Notice> {
    match fact {
        Fact::Entered { entry, .. } => {
            let Some(schedule) = entry.what.schedule() else { return Vec::new() };
            let (from, until) = (minute(entry.from), minute(entry.until));
            let when = format!("{schedule}, {from} to {until}");
            let by = &entry.by;
            let on =
                |person: &str| (person.to_owned(), format!("you are on call for {when} (by {by})"));
            let off = |person: &str, instead: &str| {
                (
                    person.to_owned(),
                    format!("{instead} is on call instead of you for {when} (by {by})"),
                )
            };
            let told = match &entry.what {
                What::Override { change: Change::Add { person }, .. } => vec![on(person)],
                What::Override { change: Change::Remove { person }, .. } => {
                    vec![(person.clone(), format!("you are not on call for {when} (by {by})"))]
                }
                What::Override { change: Change::Replace { whom, with }, .. } => {
                    vec![off(whom, with), on(with)]
                }
                What::Temporary { people, .. } => people.iter().map(|it| on(it)).collect(),
                What::Vacation { .. } => Vec::new(),
            };
            told.into_iter()
                .filter(|(person, _)| person != by)
                .map(|(person, text)| Notice { person, text })
                .collect()
        }
        Fact::Withdrawn { number, by, .. } => {
            let Some(entry) = state.entries.get(number) else { return Vec::new() };
            let people = entry.what.people().into_iter().filter(|it| it != by);
            let text = format!("{by} has withdrawn O-{number} ({})", entry.what);
            people.map(|it| Notice { person: it.to_owned(), text: text.clone() }).collect()
        }
        Fact::Offered { number, offer } => {
            let Some(to) = &offer.to else { return Vec::new() };
            let when = format!("{} to {}", minute(offer.range.from), minute(offer.range.until));
            let what = format!("{} asks you to take {} {when}", offer.by, offer.schedule);
            vec![Notice {
                person: to.clone(),
                text: format!("{what}: `nines oncall swap take O-{number}`"),
            }]
        }
        Fact::Answered { number, by, .. } => {
            let Some(record) = state.offers.get(number) else { return Vec::new() };
            let text = format!(
                "{by} takes your shift: `nines oncall swap confirm O-{number}` makes it hold"
            );
            vec![Notice { person: record.offer.by.clone(), text }]
        }
        Fact::Reminded { number, .. } => {
            let Some(record) = state.offers.get(number) else { return Vec::new() };
            let begin = minute(record.offer.range.from);
            let open = format!(
                "swap O-{number} of {} is not settled; it begins {begin}",
                record.offer.schedule
            );
            let person = match &record.taker {
                // Taken: whoever offered has to agree.
                Some(_) => record.offer.by.clone(),
                None => record.offer.to.clone().unwrap_or_else(|| record.offer.by.clone()),
            };
            vec![Notice { person, text: open }]
        }
        Fact::Lapsed { number } => {
            let Some(record) = state.offers.get(number) else { return Vec::new() };
            let text =
                format!("nobody took O-{number}: you are on call for {}", record.offer.schedule);
            vec![Notice { person: record.offer.by.clone(), text }]
        }
        Fact::Confirmed { .. }
        | Fact::FeedNoted { .. }
        | Fact::CalendarRevoked { .. }
        | Fact::HandedOver { .. } => Vec::new(),
    }
}

fn minute(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%MZ").to_string()
}
