//! What a command would make of silences.

use jiff::{SignedDuration, Timestamp};
use nines_base::Matcher;

use super::state::{Due, Silence, State, occurrence};
use super::{Command, Fact, Limits, MATCHERS_MAX, Phase, Refusal, SETS_MAX, SilenceId, Terms, Why};

/// The most facts of one wake-up; what is left comes with the next.
const WAKES_MAX: usize = 4_096;

/// What `command` would make happen; `id` names a silence that it makes. Late and repeated commands are safe.
pub fn decide(
    state: &State,
    command: Command,
    id: SilenceId,
    now: Timestamp,
) -> Result<Vec<Fact>, Refusal> {
    match command {
        Command::Set { id: None, terms } => make(state, *terms, id, now),
        Command::Set { id: Some(old), terms } => set(state, old, *terms, id, now),
        Command::Expire { id, by } => {
            let is_over = changeable(state, id)?.phase(now) == Phase::Expired;
            let ended = Fact::Ended { id, why: Why::Expired { by } };
            Ok((!is_over).then_some(ended).into_iter().collect())
        }
        Command::Extend { id, ends_at, by: _ } => {
            let silence = open(state, id, now)?;
            set(state, id, Terms { ends_at, ..silence.terms.clone() }, id, now)
        }
        Command::Confirm { id, by, confirm_by } => {
            let silence = open(state, id, now)?;
            if confirm_by.is_some_and(|it| it <= now || silence.terms.ends_at < it) {
                return Err(Refusal::ConfirmedTooLate);
            }
            Ok(vec![Fact::Confirmed { id, by, confirm_by }])
        }
        Command::Watch(seen) => {
            let news = state.watched().filter_map(|(id, it)| {
                let fires = *seen.get(&id)?;
                (fires == it.quiet_since.is_some()).then_some(Fact::Watched { id, fires })
            });
            Ok(news.collect())
        }
        Command::Wake => {
            Ok(state.due(now).filter_map(|(id, it)| wake(id, it, now)).take(WAKES_MAX).collect())
        }
    }
}

fn wake(id: SilenceId, silence: &Silence, now: Timestamp) -> Option<Fact> {
    let ended = |why| Fact::Ended { id, why };
    Some(match silence.due(now)? {
        Due::EndOfTime => {
            let next =
                silence.terms.recurrence.as_ref().and_then(|_| occurrence(&silence.terms, now));
            let recurred = |(starts_at, ends_at)| Fact::Recurred { id, starts_at, ends_at };
            next.map_or_else(|| ended(Why::Time), recurred)
        }
        Due::Unconfirmed => ended(Why::Unconfirmed),
        Due::Resolved => ended(Why::Resolved),
        Due::Remind => Fact::Reminded { id },
        Due::Forget => Fact::Forgotten { id },
    })
}

/// Made by people, whatever its phase.
fn changeable(state: &State, id: SilenceId) -> Result<&Silence, Refusal> {
    let silence = state.get(id).ok_or(Refusal::Unknown { id })?;
    match &silence.origin {
        Some(origin) => Err(Refusal::Filed { id, origin: origin.clone() }),
        None => Ok(silence),
    }
}

/// Made by people, and not over.
fn open(state: &State, id: SilenceId, now: Timestamp) -> Result<&Silence, Refusal> {
    let silence = changeable(state, id)?;
    if silence.phase(now) == Phase::Expired { Err(Refusal::Expired { id }) } else { Ok(silence) }
}

fn make(state: &State, terms: Terms, id: SilenceId, now: Timestamp) -> Result<Vec<Fact>, Refusal> {
    check(&terms, state.limits(), now)?;
    let count_max = state.limits().count_max;
    if count_max <= state.count() {
        return Err(Refusal::TooMany { count_max });
    }
    // Nothing begins in the past. A recurring silence keeps its first occurrence, from which the others count.
    let starts_at =
        if terms.recurrence.is_some() { terms.starts_at } else { terms.starts_at.max(now) };
    let terms = Terms { starts_at, ..terms };
    let (starts_at, ends_at) = stretch(&terms, now)?;
    Ok(vec![Fact::Made { id, terms: Box::new(terms), starts_at, ends_at }])
}

/// In place if that rewrites no past; else the old one ends, and a new one says what is wanted.
fn set(
    state: &State,
    old: SilenceId,
    terms: Terms,
    new: SilenceId,
    now: Timestamp,
) -> Result<Vec<Fact>, Refusal> {
    let silence = changeable(state, old)?;
    check(&terms, state.limits(), now)?;
    if can_change(silence, &terms, now) {
        let (starts_at, ends_at) = stretch(&terms, now)?;
        return Ok(vec![Fact::Changed { id: old, terms: Box::new(terms), starts_at, ends_at }]);
    }
    let mut facts = make(state, terms, new, now)?;
    if silence.phase(now) != Phase::Expired {
        facts.insert(0, Fact::Ended { id: old, why: Why::Replaced { with: new } });
    }
    Ok(facts)
}

/// Source: `canUpdate` as Alertmanager's documentation of silences describes it.
fn can_change(silence: &Silence, terms: &Terms, now: Timestamp) -> bool {
    let says_the_same =
        silence.terms.sets == terms.sets && silence.terms.recurrence == terms.recurrence;
    let starts_at = silence.terms.starts_at;
    says_the_same
        && match silence.phase(now) {
            Phase::Active => starts_at.as_second() == terms.starts_at.as_second(),
            Phase::Pending if terms.recurrence.is_some() => starts_at == terms.starts_at,
            Phase::Pending => now <= terms.starts_at,
            Phase::Expired => false,
        }
}

/// When it holds at `now`, or next.
fn stretch(terms: &Terms, now: Timestamp) -> Result<(Timestamp, Timestamp), Refusal> {
    match &terms.recurrence {
        None => Ok((terms.starts_at, terms.ends_at)),
        Some(it) => Ok(it.occurrence(terms.starts_at, terms.ends_at, now)?),
    }
}

fn check(terms: &Terms, limits: &Limits, now: Timestamp) -> Result<(), Refusal> {
    let matches_nothing = |set: &Vec<Matcher>| set.iter().all(Matcher::matches_absent);
    if SETS_MAX < terms.sets.len() || MATCHERS_MAX < terms.sets.iter().map(Vec::len).sum() {
        return Err(Refusal::TooManyMatchers);
    }
    if terms.sets.iter().flatten().any(|it| it.name().is_empty()) {
        return Err(Refusal::NoLabel);
    }
    if terms.sets.is_empty() || terms.sets.iter().any(matches_nothing) {
        return Err(Refusal::MatchesEverything);
    }
    if terms.ends_at <= terms.starts_at {
        return Err(Refusal::EndsBeforeStart);
    }
    if terms.ends_at < now {
        return Err(Refusal::EndsInPast);
    }
    if terms.confirm_by.is_some_and(|it| it <= now || terms.ends_at < it) {
        return Err(Refusal::ConfirmedTooLate);
    }
    let (bytes, bytes_max) = (terms.size_bytes(), limits.bytes_max);
    if bytes_max < bytes {
        return Err(Refusal::TooLarge { bytes, bytes_max });
    }
    check_length(terms, limits, now)
}

fn check_length(terms: &Terms, limits: &Limits, now: Timestamp) -> Result<(), Refusal> {
    let of_team = terms.team().and_then(|it| Some((it, limits.longest_of_team.get(it)?)));
    let of_anybody = || limits.longest.as_ref().map(|it| ("anybody", it));
    let Some((whose, longest)) = of_team.or_else(of_anybody) else { return Ok(()) };
    let whole = || terms.ends_at.duration_since(terms.starts_at.max(now));
    let length: SignedDuration = terms.recurrence.as_ref().map_or_else(whole, |it| it.length);
    if *longest < length {
        return Err(Refusal::TooLong { whose: whose.to_owned(), longest: *longest });
    }
    Ok(())
}
