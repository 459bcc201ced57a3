//! Time windows and the shorthand of durations.

use jiff::SignedDuration;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use nines_slo::{Calendar, Period, Window};

use super::{broken, nearly, unsupported};
use crate::draft::Page;
use crate::fields::{Fields, Text};
use crate::finding::Span;
use crate::kinds::slo::check_window;
use crate::mistake::Mistake;

/// `4w`: a number and a unit whose case matters.
#[derive(Debug, Clone, Copy)]
pub(super) struct Shorthand {
    pub(super) number: u32,
    pub(super) unit: Unit,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unit {
    Second,
    Minute,
    Hour,
    Day,
    Week,
    Month,
    Quarter,
    Year,
}

impl Shorthand {
    /// Nothing where the length depends on the calendar.
    pub(super) fn length(self) -> Option<SignedDuration> {
        let seconds = match self.unit {
            Unit::Second => 1,
            Unit::Minute => 60,
            Unit::Hour => 3_600,
            Unit::Day => 86_400,
            Unit::Week => 7 * 86_400,
            Unit::Month | Unit::Quarter | Unit::Year => return None,
        };
        Some(SignedDuration::from_secs(i64::from(self.number) * seconds))
    }
}

/// Source: OpenSLO specification, "duration-shorthand".
pub(super) fn shorthand(
    page: &mut Page<'_, '_>,
    fields: &Fields<'_>,
    field: &'static str,
) -> Option<Shorthand> {
    let text = page.maybe(fields, field)?;
    let found = parse(text.text);
    if found.is_none() {
        let problem = format!("`{}` is not a duration of OpenSLO", text.text);
        let help = "write one number above 0 and one of m, h, d, w, M, Q, Y, e.g. `28d`; `m` is minutes, `M` months";
        broken(page, problem, help, text.span);
    }
    found
}

fn parse(text: &str) -> Option<Shorthand> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at_checked(digits)?;
    let unit = match unit {
        "m" => Unit::Minute,
        "h" => Unit::Hour,
        "d" => Unit::Day,
        "w" => Unit::Week,
        "M" => Unit::Month,
        "Q" => Unit::Quarter,
        "Y" => Unit::Year,
        _ => return None,
    };
    // Ten digits fit; a hundred years of minutes have eight.
    let number: u32 = number.parse().ok().filter(|it| (1..100_000_000).contains(it))?;
    Some(Shorthand { number, unit })
}

/// A stretch of time that is shorter than any window of the calendar.
pub(super) fn length(
    page: &mut Page<'_, '_>,
    fields: &Fields<'_>,
    field: &'static str,
) -> Option<SignedDuration> {
    let found = shorthand(page, fields, field)?;
    let length = found.length();
    if length.is_none() {
        let what = format!("`{field}` of months");
        unsupported(page, &what, "write minutes, hours or days", fields.key(field));
    }
    length
}

/// Exactly one window.
pub(super) fn read(page: &mut Page<'_, '_>, spec: &Fields<'_>) -> Option<Window> {
    let node = page.need(spec, "timeWindow", "timeWindow: [{duration: 28d, isRolling: true}]")?;
    let items = page.list(node, "`timeWindow`")?;
    page.check_length(items.len(), 1, 1, "`timeWindow`", spec.key("timeWindow"));
    let known = ["duration", "isRolling", "calendar"];
    let fields = page.fields(items.first()?, "a time window", &known)?;
    let duration = page.need(&fields, "duration", "duration: 28d");
    let duration = duration.and_then(|_| shorthand(page, &fields, "duration"));
    let start = kind(page, &fields)?;
    let at = fields.get("duration")?.span;
    of(page, duration?, start, at)
}

/// What repeats; nothing when the window is neither rolling nor of the calendar.
pub(super) fn kind(page: &mut Page<'_, '_>, fields: &Fields<'_>) -> Option<Kind> {
    let is_rolling = page.boolean(fields, "isRolling");
    match (is_rolling, fields.get("calendar")) {
        (Some(true), Some(_)) => {
            let (owner, one, other) = ("a time window", "isRolling", "calendar");
            let at = fields.key("calendar");
            page.report(&Mistake::Conflict { owner, one, other, at });
            None
        }
        (Some(true), None) => Some(Kind::Rolling),
        (_, Some(node)) => {
            let calendar = page.fields(node, "a calendar", &["startTime", "timeZone"])?;
            let start = page.need(&calendar, "startTime", "startTime: 2026-01-01 00:00:00");
            let start = start.and_then(|it| page.scalar(it, "`startTime`"));
            let at = start.map_or(calendar.at, |it| it.span);
            let start = start.and_then(|it| start_time(page, it));
            let zone = page.need(&calendar, "timeZone", "timeZone: Europe/Warsaw");
            let zone = zone.and_then(|it| page.zone(it));
            Some(Kind::Calendar(Start { at: start?, zone: zone?, place: at }))
        }
        (_, None) => {
            let (owner, field, example) = ("a time window", "isRolling", "isRolling: true");
            if is_rolling == Some(false) {
                page.need(
                    fields,
                    "calendar",
                    "calendar: {startTime: 2026-01-01 00:00:00, timeZone: UTC}",
                );
            } else {
                let at = fields.at;
                page.report(&Mistake::MissingField { owner, field, example, at });
            }
            None
        }
    }
}

/// How a window goes on.
pub(super) enum Kind {
    Rolling,
    Calendar(Start),
}

/// Where the windows of a calendar begin.
pub(super) struct Start {
    at: DateTime,
    zone: TimeZone,
    place: Span,
}

fn start_time(page: &mut Page<'_, '_>, text: Text<'_>) -> Option<DateTime> {
    const LENGTH: usize = "2026-01-01 00:00:00".len();
    let parts = (text.text.len() == LENGTH).then(|| text.text.split_once(' ')).flatten();
    let start = parts.and_then(|(date, time)| format!("{date}T{time}").parse().ok());
    if start.is_none() {
        let problem = format!("`{}` is not a start time of OpenSLO", text.text);
        broken(page, problem, "write it like `2026-01-01 00:00:00`, without a zone", text.span);
    }
    start
}

/// The window of this length.
pub(super) fn of(
    page: &mut Page<'_, '_>,
    duration: Shorthand,
    kind: Kind,
    at: Span,
) -> Option<Window> {
    let Kind::Calendar(start) = kind else {
        let Some(length) = duration.length() else {
            unsupported(page, "a rolling window of months", "write days, e.g. `28d`", at);
            return None;
        };
        return check_window(page, length, at).map(Window::Rolling);
    };
    let date = start.at.date();
    let first_of =
        |months: &[i8]| date.day() == 1 && (months.is_empty() || months.contains(&date.month()));
    let (period, is_aligned) = match (duration.unit, duration.number) {
        (Unit::Day, 1) => (Period::Day, true),
        (Unit::Week, 1) => (Period::Week { starts: date.weekday() }, true),
        (Unit::Month, 1) => (Period::Month, first_of(&[])),
        (Unit::Month, 3) | (Unit::Quarter, 1) => (Period::Quarter, first_of(&[1, 4, 7, 10])),
        (Unit::Month, 12) | (Unit::Quarter, 4) | (Unit::Year, 1) => (Period::Year, first_of(&[1])),
        (Unit::Day | Unit::Week, number) => {
            let days = number.saturating_mul(if duration.unit == Unit::Week { 7 } else { 1 });
            let days = u16::try_from(days).ok().filter(|it| *it <= EVERY_DAYS_MAX);
            let Some(days) = days else {
                unsupported(page, "so long a calendar window", "write at most 400 days", at);
                return None;
            };
            (Period::Every { days, from: date }, true)
        }
        _ => {
            let help = "write `1d`, `1w`, `1M`, `1Q`, `1Y`, or a number of days or weeks";
            unsupported(page, "a calendar window of this length", help, at);
            return None;
        }
    };
    if !is_aligned {
        let how = "months, quarters and years of nines begin as in the calendar";
        nearly(page, "the first day of this window", how, start.place);
    }
    if start.at.time() != jiff::civil::Time::midnight() {
        nearly(
            page,
            "the hour at which windows begin",
            "windows of nines begin at midnight",
            start.place,
        );
    }
    Some(Window::Calendar(Calendar { period, zone: start.zone }))
}

/// The most days of a window that repeats.
const EVERY_DAYS_MAX: u16 = 400;
