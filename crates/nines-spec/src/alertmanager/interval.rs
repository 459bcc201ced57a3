//! Time intervals: ranges of clock times, weekdays, days, months and years.
//!
//! Source: Alertmanager, "Configuration", `time_interval_spec`.

use jiff::tz::TimeZone;
use nines_alert::interval::TimeInterval;

use crate::draft::Page;
use crate::fields::{Fields, Text};
use crate::mistake::Mistake;
use crate::node::{Node, Value};

const FIELDS: [&str; 6] = ["times", "weekdays", "days_of_month", "months", "years", "location"];
const WEEKDAYS: [&str; 7] =
    ["sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"];
const MONTHS: [&str; 12] = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
];
/// Minutes of a day.
const DAY: u16 = 24 * 60;

/// The elements of a list; any of them counts.
pub(crate) fn intervals(page: &mut Page<'_, '_>, node: &Node) -> Vec<TimeInterval> {
    let items = page.list(node, "`time_intervals`").unwrap_or_default();
    items.iter().filter_map(|it| interval(page, it)).collect()
}

fn interval(page: &mut Page<'_, '_>, node: &Node) -> Option<TimeInterval> {
    let fields = page.fields(node, "a time interval", &FIELDS)?;
    let found = page.draft.findings.len();
    let zone = match fields.get("location") {
        None => TimeZone::UTC,
        Some(node) => location(page, node)?,
    };
    let interval = TimeInterval {
        times: times(page, &fields),
        weekdays: ranges(page, &fields, "weekdays", weekday, ORDERED),
        days_of_month: ranges(page, &fields, "days_of_month", day, day_order),
        months: ranges(page, &fields, "months", month, ORDERED),
        years: ranges(page, &fields, "years", |it| it.parse().ok().filter(|it| 0 < *it), ORDERED),
        zone,
    };
    // A range that was left out would make the interval larger.
    (found == page.draft.findings.len()).then_some(interval)
}

/// `Local` is where the machine is; nines does not depend on that.
fn location(page: &mut Page<'_, '_>, node: &Node) -> Option<TimeZone> {
    let text = page.scalar(node, "`location`")?;
    if text.text == "Local" {
        let problem = "`Local` depends on the machine".to_owned();
        let help =
            "write the zone's name, such as `Europe/Warsaw`; UTC holds until then".to_owned();
        page.report(&Mistake::BadInterval { problem, help, at: text.span });
        return None;
    }
    page.zone(node)
}

fn times(page: &mut Page<'_, '_>, fields: &Fields<'_>) -> Vec<(u16, u16)> {
    let Some(node) = fields.get("times") else { return Vec::new() };
    let mut out = Vec::new();
    for node in page.list(node, "`times`").unwrap_or_default() {
        let known = ["start_time", "end_time"];
        let Some(own) = page.fields(node, "a range of times", &known) else { continue };
        let start = page.need(&own, "start_time", "start_time: '09:00'");
        let start = start.and_then(|it| clock(page, it, "`start_time`"));
        let end = page.need(&own, "end_time", "end_time: '17:00'");
        let end = end.and_then(|it| clock(page, it, "`end_time`"));
        if let Some((start, end)) = start.zip(end) {
            if start < end {
                out.push((start, end));
            } else {
                let problem = "a range of times ends before it begins".to_owned();
                let help = "write two ranges: up to `24:00`, and from `00:00`".to_owned();
                page.report(&Mistake::BadInterval { problem, help, at: own.at });
            }
        }
    }
    out
}

/// Minutes since midnight. YAML takes `17:00` for text, and older readers for a number.
fn clock(page: &mut Page<'_, '_>, node: &Node, what: &str) -> Option<u16> {
    let text = page.scalar(node, what)?;
    let minutes = clock_minutes(text.text);
    if minutes.is_none() {
        let problem = format!("`{}` is not a clock time", text.text);
        let help = "write two digits each, from `00:00` to `24:00`, in quotes".to_owned();
        page.report(&Mistake::BadInterval { problem, help, at: text.span });
    }
    minutes
}

fn clock_minutes(text: &str) -> Option<u16> {
    let (hours, minutes) = text.split_once(':')?;
    let is_two = |it: &str| it.len() == 2 && it.bytes().all(|it| it.is_ascii_digit());
    if !is_two(hours) || !is_two(minutes) {
        return None;
    }
    let (hours, minutes): (u16, u16) = (hours.parse().ok()?, minutes.parse().ok()?);
    let total = hours * 60 + minutes;
    (minutes < 60 && total <= DAY).then_some(total)
}

/// Whether a range that begins and ends so can contain anything.
const ORDERED: fn(i64, i64) -> bool = |start, end| start <= end;

/// Negative days count from the end of the month, which may have 28 to 31.
fn day_order(start: i64, end: i64) -> bool {
    match (start < 0, end < 0) {
        (true, true) | (false, false) => start <= end,
        // As Alertmanager: judged for a month of 31 days.
        (false, true) => start <= 32 + end,
        // `-3:5` begins at the end of the month and ends at its begin.
        (true, false) => false,
    }
}

/// `one` or `one:other`, both ends included.
fn ranges<T: Copy + Into<i64>>(
    page: &mut Page<'_, '_>,
    fields: &Fields<'_>,
    field: &'static str,
    read: impl Fn(&str) -> Option<T>,
    is_ordered: fn(i64, i64) -> bool,
) -> Vec<(T, T)> {
    let Some(node) = fields.get(field) else { return Vec::new() };
    let mut out = Vec::new();
    for node in page.list(node, &format!("`{field}`")).unwrap_or_default() {
        let text = match &node.value {
            // YAML 1.1 readers take `1:5` for a number.
            Value::Text(text) | Value::Number(text) => Text { text, span: node.span },
            _ => {
                page.wrong_type(&format!("`{field}`"), "text", node, "write it in quotes");
                continue;
            }
        };
        let (start, end) = text.text.split_once(':').unwrap_or((text.text, text.text));
        let range = read(start.trim()).zip(read(end.trim()));
        match range {
            Some((start, end)) if is_ordered(start.into(), end.into()) => out.push((start, end)),
            Some(_) => {
                let problem = format!("`{}` ends before it begins", text.text);
                let help = "write two ranges".to_owned();
                page.report(&Mistake::BadInterval { problem, help, at: text.span });
            }
            None => {
                let problem = format!("`{}` is no range of {}", text.text, words(field));
                let help = example(field).to_owned();
                page.report(&Mistake::BadInterval { problem, help, at: text.span });
            }
        }
    }
    out
}

fn words(field: &str) -> &'static str {
    match field {
        "weekdays" => "weekdays",
        "days_of_month" => "days of the month",
        "months" => "months",
        _ => "years",
    }
}

fn example(field: &str) -> &'static str {
    match field {
        "weekdays" => "write `monday:friday`, or `sunday`",
        "days_of_month" => "write `1:5`, or `-1` for the last one; 0 is no day",
        "months" => "write `may:august`, `5:8`, or `december`",
        _ => "write `2026:2028`, or `2030`",
    }
}

fn weekday(text: &str) -> Option<u8> {
    let lower = text.to_ascii_lowercase();
    let index = WEEKDAYS.iter().position(|it| *it == lower)?;
    u8::try_from(index).ok()
}

fn month(text: &str) -> Option<u8> {
    let lower = text.to_ascii_lowercase();
    let named = MONTHS.iter().position(|it| *it == lower).map(|it| it + 1);
    let number = named.or_else(|| text.parse().ok())?;
    u8::try_from(number).ok().filter(|it| (1..=12).contains(it))
}

fn day(text: &str) -> Option<i8> {
    text.parse().ok().filter(|it: &i8| *it != 0 && (-31..=31).contains(it))
}
