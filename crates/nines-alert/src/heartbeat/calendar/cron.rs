//! Cron's five fields.

use super::{Calendar, CalendarError, Days, MONTHS, Set, WEEKDAYS, number};

/// One field: how it is called, its range, and names for its numbers.
struct Field {
    name: &'static str,
    min: u8,
    max: u8,
    names: &'static [&'static str],
}

const MINUTE: Field = Field { name: "minute", min: 0, max: 59, names: &[] };
const HOUR: Field = Field { name: "hour", min: 0, max: 23, names: &[] };
const DAY: Field = Field { name: "day of the month", min: 1, max: 31, names: &[] };
const MONTH: Field = Field { name: "month", min: 1, max: 12, names: &MONTHS };
/// 7 is another name of Sunday.
const WEEKDAY: Field = Field { name: "day of the week", min: 0, max: 7, names: &WEEKDAYS };

pub(super) fn parse(text: &str) -> Result<Calendar, CalendarError> {
    let long = match text.trim() {
        "@yearly" | "@annually" => "0 0 1 1 *",
        "@monthly" => "0 0 1 * *",
        "@weekly" => "0 0 * * 0",
        "@daily" | "@midnight" => "0 0 * * *",
        "@hourly" => "0 * * * *",
        other => other,
    };
    let fields: Vec<&str> = long.split_ascii_whitespace().collect();
    let [minute, hour, day, month, weekday] = fields.as_slice() else {
        return Err(CalendarError::new(format!(
            "cron has five fields (minute, hour, day, month, day of the week), and this has {}",
            fields.len()
        )));
    };
    let mut seconds = Set::default();
    seconds.insert(0);
    let (mut days_from_end, mut nth_weekdays) = (Set::default(), Vec::new());
    let (plain_days, plain_weekdays) = (day.starts_with('*'), weekday.starts_with('*'));
    let days = set(&DAY, day, |item| {
        let last = item.eq_ignore_ascii_case("l");
        if last {
            days_from_end.insert(0);
        }
        Ok(last)
    })?;
    let mut weekdays = set(&WEEKDAY, weekday, |item| {
        let (name, nth) = match item.split_once('#') {
            Some((name, nth)) => (name, nth.parse().ok().filter(|it| (1..=5).contains(it))),
            None => match item.strip_suffix(['L', 'l']) {
                Some(name) => (name, Some(0)),
                None => return Ok(false),
            },
        };
        let found = number(name, &WEEKDAYS, 0).filter(|it| *it <= WEEKDAY.max).zip(nth);
        let (day, nth) = found.ok_or_else(|| refusal(&WEEKDAY, item))?;
        nth_weekdays.push((day % 7, nth));
        Ok(true)
    })?;
    if weekdays.contains(7) {
        weekdays.insert(0);
    }
    Ok(Calendar {
        seconds,
        minutes: set(&MINUTE, minute, |_| Ok(false))?,
        hours: set(&HOUR, hour, |_| Ok(false))?,
        days,
        days_from_end,
        months: set(&MONTH, month, |_| Ok(false))?,
        years: None,
        weekdays,
        nth_weekdays,
        // With a star in one of them the other decides alone: crontab(5).
        both: if plain_days || plain_weekdays { Days::Both } else { Days::Either },
        text: text.trim().to_owned(),
    })
}

/// The numbers of one field; `special` takes items that are more than numbers.
fn set(
    field: &Field,
    text: &str,
    mut special: impl FnMut(&str) -> Result<bool, CalendarError>,
) -> Result<Set, CalendarError> {
    let mut set = Set::default();
    for item in text.split(',') {
        if special(item)? {
            continue;
        }
        let (range, step) = match item.split_once('/') {
            Some((range, step)) => (range, step.parse().ok().filter(|it| 0 < *it)),
            None => (item, Some(1)),
        };
        let step: u8 = step.ok_or_else(|| refusal(field, item))?;
        let one = |word: &str| {
            let found = number(word, field.names, field.min);
            found
                .filter(|it| (field.min..=field.max).contains(it))
                .ok_or_else(|| refusal(field, item))
        };
        let (first, last) = match range.split_once('-') {
            _ if range == "*" => (field.min, field.max.min(if field.max == 7 { 6 } else { 63 })),
            Some((first, last)) => (one(first)?, one(last)?),
            // `5/15` begins at 5 and has no end of its own.
            None if item.contains('/') => (one(range)?, field.max),
            None => (one(range)?, one(range)?),
        };
        if last < first {
            return Err(refusal(field, item));
        }
        for value in (first..=last).step_by(usize::from(step)) {
            set.insert(value);
        }
    }
    Ok(set)
}

fn refusal(field: &Field, item: &str) -> CalendarError {
    let Field { name, min, max, .. } = field;
    CalendarError::new(format!("`{item}` is no {name}: {min} to {max}, `*`, `a-b`, `a,b`, `*/n`"))
}
