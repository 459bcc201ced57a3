//! `window` and `windows`: rolling lengths, and stretches of the calendar.

use jiff::SignedDuration;
use jiff::civil::{Date, Weekday};
use jiff::tz::TimeZone;
use nines_base::{format_duration, parse_duration};
use nines_slo::{Calendar, Period, Window};

use crate::draft::Page;
use crate::fields::Fields;
use crate::finding::{Span, line_and_column};
use crate::mistake::Mistake;
use crate::node::{Node, Value};
use crate::shape::{DATE, DURATION, Field, Shape, Type, ZONE, words};

/// The shortest window: below an hour there is no burn to speak of.
const WINDOW_MIN: SignedDuration = SignedDuration::from_hours(1);
/// The longest window: a year and a bit.
const WINDOW_MAX: SignedDuration = SignedDuration::from_hours(400 * 24);
/// Without `window`: four whole weeks.
pub(crate) const WINDOW_DEFAULT: SignedDuration = SignedDuration::from_hours(28 * 24);
/// The most windows of one objective.
pub(super) const WINDOWS_MAX: usize = 8;
/// The most days of a window that repeats.
const EVERY_DAYS_MAX: u16 = 400;

/// What `calendar` may be; weeks have their first day beside it.
const CALENDAR: [(&str, Period); 5] = [
    ("day", Period::Day),
    ("week", Period::Week { starts: Weekday::Monday }),
    ("month", Period::Month),
    ("quarter", Period::Quarter),
    ("year", Period::Year),
];
static CALENDAR_WORDS: [&str; 5] = words(&CALENDAR);
const WEEKDAYS: [(&str, Weekday); 7] = [
    ("monday", Weekday::Monday),
    ("tuesday", Weekday::Tuesday),
    ("wednesday", Weekday::Wednesday),
    ("thursday", Weekday::Thursday),
    ("friday", Weekday::Friday),
    ("saturday", Weekday::Saturday),
    ("sunday", Weekday::Sunday),
];
static WEEKDAY_WORDS: [&str; 7] = words(&WEEKDAYS);

/// One window, in its short or its long form.
pub(super) const TYPE: Type = Type::AnyOf(&[Type::Like(&DURATION), Type::Map(&WINDOW)]);

static WINDOW: Shape = Shape::new(
    "a calendar window",
    &[
        Field::new(
            "calendar",
            Type::Word(&CALENDAR_WORDS),
            "From one boundary of the calendar to the next.",
        ),
        Field::new("every", Type::Like(&DURATION), "So many whole days or weeks, again and again."),
        Field::new("from", Type::Like(&DATE), "The first day of one of the stretches of `every`."),
        Field::new("starts", Type::Word(&WEEKDAY_WORDS), "The first day of a week.")
            .default("monday"),
        Field::new("zone", Type::Like(&ZONE), "Where midnight is.").default("UTC"),
    ],
)
.one_of(&["calendar", "every"]);

/// Every window of an SLO with its place; one that is wrong is left out.
pub(super) fn read(page: &mut Page<'_, '_>, fields: &Fields<'_>) -> Vec<(Window, Span)> {
    let written = several(page, fields);
    if written.is_empty() && fields.get("window").is_none() && fields.get("windows").is_none() {
        return vec![(Window::Rolling(WINDOW_DEFAULT), fields.at)];
    }
    written
}

/// The windows that are written down here.
pub(super) fn several(page: &mut Page<'_, '_>, fields: &Fields<'_>) -> Vec<(Window, Span)> {
    page.apart(fields, "window", "windows");
    if let Some(node) = fields.get("window") {
        return one(page, node).map(|it| (it, node.anchor())).into_iter().collect();
    }
    let Some(list) = fields.get("windows") else { return Vec::new() };
    let Some(items) = page.list(list, "`windows`") else { return Vec::new() };
    page.check_length(items.len(), 1, WINDOWS_MAX, "`windows`", list.span);
    let mut found: Vec<(Window, Span)> = Vec::new();
    for node in items.iter().take(WINDOWS_MAX) {
        let Some(window) = one(page, node) else { continue };
        let key = window.to_string();
        if let Some((_, first)) = found.iter().find(|(it, _)| it.to_string() == key) {
            let (first_line, _) = line_and_column(page.text(), first.start);
            page.report(&Mistake::DuplicateKey { key, first_line, at: node.anchor() });
            continue;
        }
        found.push((window, node.anchor()));
    }
    found
}

fn one(page: &mut Page<'_, '_>, node: &Node) -> Option<Window> {
    if let Value::Map(_) = node.value {
        return calendar(page, node).map(Window::Calendar);
    }
    let text = page.scalar(node, "`window`")?;
    if parse_duration(text.text).is_err()
        && let Some(help) = of_calendar(text.text)
    {
        let problem = format!("`{}` has no fixed length", text.text);
        page.report(&Mistake::BadCalendar { problem, help, at: text.span });
        return None;
    }
    let window = page.duration(node, "`window`")?;
    check_window(page, window, node.span).map(Window::Rolling)
}

/// What `1M`, `month` and the like want to say.
fn of_calendar(text: &str) -> Option<String> {
    let word = |it: &str| format!("write `{{calendar: {it}, zone: Europe/Warsaw}}`");
    if CALENDAR_WORDS.contains(&text) {
        return Some(word(text));
    }
    let known = [('M', "month"), ('Q', "quarter"), ('Y', "year")];
    let (_, period) = known.into_iter().find(|(unit, _)| text.ends_with(*unit))?;
    let number = text.get(..text.len() - 1)?;
    let is_number = !number.is_empty() && number.bytes().all(|it| it.is_ascii_digit());
    is_number.then(|| {
        format!("{}; `m` is minutes, and a rolling window is written in days", word(period))
    })
}

fn calendar(page: &mut Page<'_, '_>, node: &Node) -> Option<Calendar> {
    let fields = page.shape(node, &WINDOW)?;
    let zone = match fields.get("zone") {
        Some(it) => page.zone(it),
        None => Some(TimeZone::UTC),
    };
    let starts = fields.get("starts");
    let starts = starts.and_then(|it| Some((page.word(it, "`starts`", &WEEKDAYS)?, it.span)));
    let (name, node) = page.chosen(&fields)?;
    if name == "every" {
        if let Some((_, at)) = starts {
            let help = "a stretch of `every` begins on the day of `from`";
            page.report(&Mistake::Ignored { what: "`starts`".to_owned(), help, at });
        }
        let days = days(page, node);
        let from = page.need(&fields, "from", "from: 2026-01-05").and_then(|it| date(page, it));
        let period = Period::Every { days: days?, from: from? };
        return Some(Calendar { period, zone: zone? });
    }
    if let Some(from) = fields.get("from") {
        let help = "boundaries of the calendar need no beginning; `from` belongs to `every`";
        page.report(&Mistake::Ignored { what: "`from`".to_owned(), help, at: from.span });
    }
    let period = if let Some(help) = page.scalar(node, "`calendar`").and_then(|it| short(it.text)) {
        let problem = format!("`{}` is not a word of the calendar", page.scalar(node, "")?.text);
        page.report(&Mistake::BadCalendar { problem, help, at: node.span });
        None
    } else {
        page.word(node, "`calendar`", &CALENDAR)
    };
    let period = match (period?, starts) {
        (Period::Week { .. }, Some((starts, _))) => Period::Week { starts },
        (period, Some((_, at))) => {
            let help = "only weeks have a first day to choose";
            page.report(&Mistake::Ignored { what: "`starts`".to_owned(), help, at });
            period
        }
        (period, None) => period,
    };
    Some(Calendar { period, zone: zone? })
}

/// `1M` for `month`, as other tools write it.
fn short(text: &str) -> Option<String> {
    let words = [("1d", "day"), ("1w", "week"), ("1M", "month"), ("1Q", "quarter"), ("1Y", "year")];
    let is_meant = |it: &str| it == text || it.strip_prefix('1') == Some(text);
    let (_, word) = words.into_iter().find(|(it, _)| is_meant(it))?;
    Some(format!("write `calendar: {word}`"))
}

/// Whole days, as a number of them.
fn days(page: &mut Page<'_, '_>, node: &Node) -> Option<u16> {
    const DAY_MS: i128 = 86_400_000;
    let every = page.duration(node, "`every`")?;
    let days = u16::try_from(every.as_millis() / DAY_MS).ok();
    let days =
        days.filter(|it| every.as_millis() % DAY_MS == 0 && (1..=EVERY_DAYS_MAX).contains(it));
    if days.is_none() {
        let range = format!("whole days, from 1d to {EVERY_DAYS_MAX}d");
        page.report(&Mistake::OutOfRange { what: "`every`".to_owned(), range, at: node.span });
    }
    days
}

fn date(page: &mut Page<'_, '_>, node: &Node) -> Option<Date> {
    let text = page.scalar(node, "`from`")?;
    let date = (text.text.len() == 10).then(|| text.text.parse::<Date>().ok()).flatten();
    if date.is_none() {
        let (text, at) = (text.text.to_owned(), text.span);
        page.report(&Mistake::BadInstant { text, expected: "a date", example: "2026-01-05", at });
    }
    date
}

pub(crate) fn check_window(
    page: &mut Page<'_, '_>,
    window: SignedDuration,
    at: Span,
) -> Option<SignedDuration> {
    if (WINDOW_MIN..=WINDOW_MAX).contains(&window) {
        return Some(window);
    }
    let (min, max) = (format_duration(WINDOW_MIN), format_duration(WINDOW_MAX));
    page.report(&Mistake::BadWindow { min, max, at });
    None
}
