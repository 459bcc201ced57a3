//! systemd's calendar events: `[weekdays] [date] [time]`.

use super::{Calendar, CalendarError, Days, Set, WEEKDAYS, number};

/// The years that are written out of a range.
const YEARS: (i16, i16) = (1970, 2199);

pub(super) fn parse(text: &str) -> Result<Calendar, CalendarError> {
    let text = text.trim();
    let long = match text.to_ascii_lowercase().as_str() {
        "minutely" => "*-*-* *:*:00",
        "hourly" => "*-*-* *:00:00",
        "daily" => "*-*-* 00:00:00",
        "monthly" => "*-*-01 00:00:00",
        "weekly" => "Mon *-*-* 00:00:00",
        "yearly" | "annually" => "*-01-01 00:00:00",
        "quarterly" => "*-01,04,07,10-01 00:00:00",
        "semiannually" => "*-01,07-01 00:00:00",
        _ => text,
    };
    let mut words = long.split_ascii_whitespace().peekable();
    let mut weekdays = all(0, 6);
    if let Some(word) = words.next_if(|it| it.starts_with(|it: char| it.is_ascii_alphabetic())) {
        weekdays = days_of_week(word)?;
    }
    let (mut years, mut months, mut days) = (None, all(1, 12), all(1, 31));
    let mut days_from_end = Set::default();
    if let Some(word) = words.next_if(|it| !it.contains(':')) {
        // `*-02~1` counts days from the end of the month.
        let (front, from_end) = match word.split_once('~') {
            Some((front, from_end)) => (front, Some(from_end)),
            None => (word, None),
        };
        let mut parts: Vec<&str> = front.split('-').collect();
        let day = match from_end {
            Some(_) => None,
            None => parts.pop(),
        };
        let (year, month) = match parts.as_slice() {
            [year, month] => (Some(*year), *month),
            [month] => (None, *month),
            _ => return Err(CalendarError::new(format!("`{word}` is no date such as `*-*-01`"))),
        };
        years = year.filter(|it| *it != "*").map(list_of_years).transpose()?;
        months = numbers(month, "month", 1, 12)?;
        if let Some(day) = day {
            days = numbers(day, "day", 1, 31)?;
        }
        if let Some(text) = from_end {
            let back = text.parse::<u8>().ok().and_then(|it| it.checked_sub(1));
            days_from_end
                .insert(back.filter(|it| *it < 31).ok_or_else(|| wrong(text, "day", 1, 31))?);
            days = Set::default();
        }
    }
    let (mut hours, mut minutes, mut seconds) = (one(0), one(0), one(0));
    if let Some(word) = words.next() {
        let parts: Vec<&str> = word.split(':').collect();
        let (hour, minute, second) = match parts.as_slice() {
            [hour, minute] => (hour, minute, "0"),
            [hour, minute, second] => (hour, minute, *second),
            _ => return Err(CalendarError::new(format!("`{word}` is no time such as `09:00`"))),
        };
        hours = numbers(hour, "hour", 0, 23)?;
        minutes = numbers(minute, "minute", 0, 59)?;
        seconds = numbers(second, "second", 0, 59)?;
    }
    if let Some(word) = words.next() {
        let message = format!("`{word}` comes after the time; the zone has a field of its own");
        return Err(CalendarError::new(message));
    }
    Ok(Calendar {
        seconds,
        minutes,
        hours,
        days,
        days_from_end,
        months,
        years,
        weekdays,
        nth_weekdays: Vec::new(),
        both: Days::Both,
        text: text.to_owned(),
    })
}

fn one(value: u8) -> Set {
    all(value, value)
}

fn all(min: u8, max: u8) -> Set {
    let mut set = Set::default();
    (min..=max).for_each(|it| set.insert(it));
    set
}

fn days_of_week(text: &str) -> Result<Set, CalendarError> {
    let day = |word: &str| {
        let short = word.get(..3).filter(|_| word.len() == 3 || is_long_name(word));
        short.and_then(|it| number(it, &WEEKDAYS, 0)).filter(|it| *it < 7).ok_or_else(|| {
            CalendarError::new(format!("`{word}` is no day of the week: Mon, Tue, … Sun"))
        })
    };
    let mut set = Set::default();
    for item in text.split(',') {
        match item.split_once("..") {
            Some((first, last)) => {
                let (mut at, last) = (day(first)?, day(last)?);
                set.insert(at);
                // Weeks begin on Monday there, and a range may go over the end of ours.
                while at != last {
                    at = (at + 1) % 7;
                    set.insert(at);
                }
            }
            None => set.insert(day(item)?),
        }
    }
    Ok(set)
}

fn is_long_name(word: &str) -> bool {
    const LONG: [&str; 7] =
        ["sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"];
    LONG.iter().any(|it| it.eq_ignore_ascii_case(word))
}

fn numbers(text: &str, what: &str, min: u8, max: u8) -> Result<Set, CalendarError> {
    let refusal = || wrong(text, what, min, max);
    let value =
        |it: &str| it.parse::<u8>().ok().filter(|it| (min..=max).contains(it)).ok_or_else(refusal);
    let mut set = Set::default();
    for item in text.split(',') {
        let (range, step) = match item.split_once('/') {
            Some((range, step)) => {
                (range, Some(step.parse::<u8>().ok().filter(|it| 0 < *it).ok_or_else(refusal)?))
            }
            None => (item, None),
        };
        let (first, last) = match range.split_once("..") {
            _ if range == "*" => (min, max),
            Some((first, last)) => (value(first)?, value(last)?),
            // `2/3` begins at 2 and has no end of its own.
            None if step.is_some() => (value(range)?, max),
            None => (value(range)?, value(range)?),
        };
        if last < first {
            return Err(refusal());
        }
        for value in (first..=last).step_by(usize::from(step.unwrap_or(1))) {
            set.insert(value);
        }
    }
    Ok(set)
}

fn list_of_years(text: &str) -> Result<Vec<i16>, CalendarError> {
    let (min, max) = YEARS;
    let refusal =
        || CalendarError::new(format!("`{text}` is no year: {min} to {max}, `a..b`, `*`"));
    let year =
        |it: &str| it.parse::<i16>().ok().filter(|it| (min..=max).contains(it)).ok_or_else(refusal);
    let mut years = Vec::new();
    for item in text.split(',') {
        match item.split_once("..") {
            Some((first, last)) => years.extend(year(first)?..=year(last)?),
            None => years.push(year(item)?),
        }
    }
    Ok(years)
}

fn wrong(text: &str, what: &str, min: u8, max: u8) -> CalendarError {
    CalendarError::new(format!("`{text}` is no {what}: {min} to {max}, `*`, `a..b`, `a,b`, `a/n`"))
}
