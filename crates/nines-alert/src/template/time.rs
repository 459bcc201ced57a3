//! Instants and lengths of time: how Go prints them, and the methods that templates call on them.
//!
//! Source: the documentation of Go's package `time`.

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use super::Value;

type Result<T> = std::result::Result<T, String>;

/// An instant, and the zone in which it is shown.
#[derive(Debug, Clone, PartialEq)]
pub struct Time {
    at: Timestamp,
    zone: TimeZone,
}

impl Time {
    /// Shown in UTC.
    pub fn utc(at: Timestamp) -> Self {
        Self { at, zone: TimeZone::UTC }
    }

    /// The same instant, shown elsewhere.
    #[must_use]
    pub fn with_zone(&self, zone: TimeZone) -> Self {
        Self { at: self.at, zone }
    }

    /// The instant.
    pub fn timestamp(&self) -> Timestamp {
        self.at
    }

    /// As RFC 3339 has it, without zeros at the end of the fraction.
    pub fn rfc3339(&self) -> String {
        laid_out(self, "2006-01-02T15:04:05.999999999Z07:00")
    }

    /// As a layout of Go's reference time wants it.
    pub fn format(&self, layout: &str) -> String {
        laid_out(self, layout)
    }

    fn civil(&self) -> DateTime {
        self.zone.to_datetime(self.at)
    }

    fn offset_seconds(&self) -> i32 {
        self.zone.to_offset(self.at).seconds()
    }
}

/// How Go prints an instant that nothing else is said of.
const STRING: &str = "2006-01-02 15:04:05.999999999 -0700 MST";
const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
const WEEKDAYS: [&str; 7] =
    ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];

/// The parts of a layout, longer ones before those that they begin with.
const PARTS: [&str; 33] = [
    "January",
    "Monday",
    "2006",
    "-07:00:00",
    "Z07:00:00",
    "-070000",
    "Z070000",
    "-07:00",
    "Z07:00",
    "-0700",
    "Z0700",
    "-07",
    "Z07",
    "Jan",
    "Mon",
    "MST",
    "002",
    "01",
    "02",
    "03",
    "04",
    "05",
    "06",
    "__2",
    "_2",
    "15",
    "PM",
    "pm",
    "1",
    "2",
    "3",
    "4",
    "5",
];

/// `01:02 PM` and the like: an instant as a layout of Go's reference time wants it.
fn laid_out(time: &Time, layout: &str) -> String {
    let mut out = String::with_capacity(layout.len() + 8);
    let at = time.civil();
    let mut rest = layout;
    while let Some(first) = rest.chars().next() {
        let part = PARTS.iter().find(|it| begins(rest, it));
        if let Some(part) = part {
            write(&mut out, time, at, part);
            rest = rest.get(part.len()..).unwrap_or("");
        } else if let Some((digits, zeros)) = fraction(rest) {
            write_fraction(&mut out, at, (first, digits), zeros);
            rest = rest.get(digits + 1..).unwrap_or("");
        } else {
            out.push(first);
            rest = rest.get(first.len_utf8()..).unwrap_or("");
        }
    }
    out
}

/// A month's or weekday's short name counts only where no small letter follows, as in Go.
fn begins(rest: &str, part: &str) -> bool {
    let Some(after) = rest.strip_prefix(part) else { return false };
    !(part == "Jan" || part == "Mon") || !after.starts_with(|it: char| it.is_ascii_lowercase())
}

/// What becomes of zeros at the end of a fraction.
#[derive(Clone, Copy)]
enum Zeros {
    Stay,
    Go,
}

/// `.000` and `,999`: how many digits.
fn fraction(rest: &str) -> Option<(usize, Zeros)> {
    let after = rest.strip_prefix(['.', ','])?;
    let digit = after.chars().next().filter(|it| matches!(it, '0' | '9'))?;
    let digits = after.chars().take_while(|it| *it == digit).count();
    let ends =
        !after.get(digits..).is_some_and(|it| it.starts_with(|it: char| it.is_ascii_digit()));
    let zeros = if digit == '0' { Zeros::Stay } else { Zeros::Go };
    (ends && digits <= 9).then_some((digits, zeros))
}

fn write_fraction(out: &mut String, at: DateTime, (point, digits): (char, usize), zeros: Zeros) {
    let all = format!("{:09}", at.subsec_nanosecond());
    let cut = all.get(..digits).unwrap_or(&all);
    let shown = match zeros {
        Zeros::Stay => cut,
        Zeros::Go => cut.trim_end_matches('0'),
    };
    if !shown.is_empty() {
        out.push(point);
        out.push_str(shown);
    }
}

fn write(out: &mut String, time: &Time, at: DateTime, part: &str) {
    let hour = match at.hour() % 12 {
        0 => 12,
        it => it,
    };
    let text = match part {
        "2006" => format!("{:04}", at.year()),
        "06" => format!("{:02}", at.year().rem_euclid(100)),
        "January" => month(at).to_owned(),
        "Jan" => month(at).chars().take(3).collect(),
        "01" => format!("{:02}", at.month()),
        "1" => at.month().to_string(),
        "Monday" => weekday(at).to_owned(),
        "Mon" => weekday(at).chars().take(3).collect(),
        "02" => format!("{:02}", at.day()),
        "_2" => format!("{:2}", at.day()),
        "2" => at.day().to_string(),
        "002" => format!("{:03}", at.day_of_year()),
        "__2" => format!("{:3}", at.day_of_year()),
        "15" => format!("{:02}", at.hour()),
        "03" => format!("{hour:02}"),
        "3" => hour.to_string(),
        "04" => format!("{:02}", at.minute()),
        "4" => at.minute().to_string(),
        "05" => format!("{:02}", at.second()),
        "5" => at.second().to_string(),
        "PM" => if at.hour() < 12 { "AM" } else { "PM" }.to_owned(),
        "pm" => if at.hour() < 12 { "am" } else { "pm" }.to_owned(),
        "MST" => time.zone.to_offset_info(time.at).abbreviation().to_owned(),
        zone => offset(time.offset_seconds(), zone),
    };
    out.push_str(&text);
}

/// `-0700` and its kin; those that begin with `Z` write nothing else for UTC.
fn offset(seconds: i32, layout: &str) -> String {
    if layout.starts_with('Z') && seconds == 0 {
        return "Z".to_owned();
    }
    let colon = if layout.contains(':') { ":" } else { "" };
    let sign = if seconds < 0 { '-' } else { '+' };
    let total = seconds.unsigned_abs();
    let (hours, minutes, seconds) = (total / 3_600, total / 60 % 60, total % 60);
    match layout.chars().filter(char::is_ascii_digit).count() {
        2 => format!("{sign}{hours:02}"),
        4 => format!("{sign}{hours:02}{colon}{minutes:02}"),
        _ => format!("{sign}{hours:02}{colon}{minutes:02}{colon}{seconds:02}"),
    }
}

fn month(at: DateTime) -> &'static str {
    usize::try_from(at.month() - 1).ok().and_then(|it| MONTHS.get(it)).unwrap_or(&"")
}

fn weekday(at: DateTime) -> &'static str {
    let index = usize::try_from(at.weekday().to_sunday_zero_offset());
    index.ok().and_then(|it| WEEKDAYS.get(it)).unwrap_or(&"")
}

/// As Go prints an instant.
pub(super) fn shown(at: &Time) -> String {
    laid_out(at, STRING)
}

/// `1h5m0.5s`, as Go prints a length of time.
pub(super) fn length(it: SignedDuration) -> String {
    let nanoseconds = it.as_nanos();
    let (sign, total) = (if nanoseconds < 0 { "-" } else { "" }, nanoseconds.unsigned_abs());
    if total == 0 {
        return "0s".to_owned();
    }
    for (limit, unit, size) in
        [(1_000, "ns", 1_u128), (1_000_000, "µs", 1_000), (1_000_000_000, "ms", 1_000_000)]
    {
        if total < limit {
            return format!("{sign}{}{unit}", decimal(total, size));
        }
    }
    let seconds = decimal(total % 60_000_000_000, 1_000_000_000);
    let (hours, minutes) = (total / 3_600_000_000_000, total / 60_000_000_000 % 60);
    match (hours, minutes) {
        (0, 0) => format!("{sign}{seconds}s"),
        (0, _) => format!("{sign}{minutes}m{seconds}s"),
        _ => format!("{sign}{hours}h{minutes}m{seconds}s"),
    }
}

/// `total / size` with all its decimals.
fn decimal(total: u128, size: u128) -> String {
    let digits = size.ilog10() as usize;
    let decimals = format!("{:0digits$}", total % size);
    let decimals = if digits == 0 { "" } else { decimals.trim_end_matches('0') };
    let point = if decimals.is_empty() { "" } else { "." };
    format!("{}{point}{decimals}", total / size)
}

/// A method of an instant, or nothing if it has none of this name.
pub(super) fn method(time: &Time, name: &str, args: &[Value]) -> Option<Result<Value>> {
    let (at, civil) = (time.at, time.civil());
    let moved = |zone| Value::Time(Box::new(time.with_zone(zone)));
    Some(match (name, args) {
        ("Format", [layout]) => text(layout).map(|it| laid_out(time, it).into()),
        ("String", []) => Ok(shown(time).into()),
        ("Unix", []) => Ok(Value::Int(at.as_second())),
        ("UnixMilli", []) => Ok(Value::Int(at.as_millisecond())),
        ("UnixMicro", []) => Ok(Value::Int(at.as_microsecond())),
        ("UnixNano", []) => Ok(Value::Int(i64::try_from(at.as_nanosecond()).unwrap_or(i64::MAX))),
        ("Year", []) => Ok(Value::Int(civil.year().into())),
        ("Month", []) => Ok(month(civil).into()),
        ("Day", []) => Ok(Value::Int(civil.day().into())),
        ("YearDay", []) => Ok(Value::Int(civil.day_of_year().into())),
        ("Weekday", []) => Ok(weekday(civil).into()),
        ("Hour", []) => Ok(Value::Int(civil.hour().into())),
        ("Minute", []) => Ok(Value::Int(civil.minute().into())),
        ("Second", []) => Ok(Value::Int(civil.second().into())),
        ("Nanosecond", []) => Ok(Value::Int(civil.subsec_nanosecond().into())),
        // There is no other zone than that of the instant: where a machine stands must not change what is said.
        ("UTC" | "Local", []) => Ok(moved(TimeZone::UTC)),
        ("IsZero", []) => Ok(Value::Bool(is_zero(at))),
        ("Before", [other]) => instant(other).map(|it| Value::Bool(at < it)),
        ("After", [other]) => instant(other).map(|it| Value::Bool(it < at)),
        ("Equal", [other]) => instant(other).map(|it| Value::Bool(at == it)),
        ("Sub", [other]) => instant(other).map(|it| Value::Length(at.duration_since(it))),
        ("Add", [length]) => span(length).and_then(|it| {
            let at = at.checked_add(it).map_err(|_| "beyond the years that there are")?;
            Ok(Value::Time(Box::new(Time { at, ..time.clone() })))
        }),
        ("Truncate" | "Round", [length]) => span(length).map(|it| rounded(time, name, it)),
        (
            "Format" | "String" | "Unix" | "UnixMilli" | "UnixMicro" | "UnixNano" | "Year"
            | "Month" | "Day" | "YearDay" | "Weekday" | "Hour" | "Minute" | "Second" | "Nanosecond"
            | "UTC" | "Local" | "IsZero" | "Before" | "After" | "Equal" | "Sub" | "Add"
            | "Truncate" | "Round",
            _,
        ) => Err(format!("wrong number of args for {name}: got {}", args.len())),
        _ => return None,
    })
}

/// A method of a length of time, or nothing if it has none of this name.
pub(super) fn length_method(
    it: SignedDuration,
    name: &str,
    args: &[Value],
) -> Option<Result<Value>> {
    Some(match (name, args) {
        ("String", []) => Ok(length(it).into()),
        ("Hours", []) => Ok(Value::Float(it.as_secs_f64() / 3_600.0)),
        ("Minutes", []) => Ok(Value::Float(it.as_secs_f64() / 60.0)),
        ("Seconds", []) => Ok(Value::Float(it.as_secs_f64())),
        ("Milliseconds", []) => Ok(whole(it.as_millis())),
        ("Microseconds", []) => Ok(whole(it.as_micros())),
        ("Nanoseconds", []) => Ok(whole(it.as_nanos())),
        ("Abs", []) => Ok(Value::Length(it.abs())),
        ("Truncate" | "Round", [unit]) => {
            span(unit).map(|unit| Value::Length(multiple(it, name, unit)))
        }
        (
            "String" | "Hours" | "Minutes" | "Seconds" | "Milliseconds" | "Microseconds"
            | "Nanoseconds" | "Abs" | "Truncate" | "Round",
            _,
        ) => Err(format!("wrong number of args for {name}: got {}", args.len())),
        _ => return None,
    })
}

/// The instant that stands for none: the first of the year 1.
fn is_zero(at: Timestamp) -> bool {
    at.as_second() == -62_135_596_800
}

fn rounded(time: &Time, name: &str, unit: SignedDuration) -> Value {
    let zero = Timestamp::from_second(-62_135_596_800).unwrap_or(Timestamp::UNIX_EPOCH);
    let since = time.at.duration_since(zero);
    let at = zero.checked_add(multiple(since, name, unit)).unwrap_or(time.at);
    Value::Time(Box::new(Time { at, ..time.clone() }))
}

/// A multiple of `unit`: the next towards zero, or the nearest.
fn multiple(it: SignedDuration, name: &str, unit: SignedDuration) -> SignedDuration {
    if unit <= SignedDuration::ZERO {
        return it;
    }
    let (total, unit) = (it.as_nanos(), unit.as_nanos());
    let half = if name == "Round" { unit / 2 * total.signum() } else { 0 };
    let nanoseconds = (total + half) / unit * unit;
    i64::try_from(nanoseconds).map_or(it, SignedDuration::from_nanos)
}

fn whole(it: i128) -> Value {
    Value::Int(i64::try_from(it).unwrap_or(i64::MAX))
}

fn text(it: &Value) -> Result<&str> {
    it.as_text().ok_or_else(|| format!("expected string, got {}", it.type_name()))
}

fn instant(it: &Value) -> Result<Timestamp> {
    match it {
        Value::Time(it) => Ok(it.at),
        other => Err(format!("expected time.Time, got {}", other.type_name())),
    }
}

/// A length of time; numbers are nanoseconds, as constants are in Go.
pub(super) fn span(it: &Value) -> Result<SignedDuration> {
    match it {
        Value::Length(it) => Ok(*it),
        Value::Int(it) => Ok(SignedDuration::from_nanos(*it)),
        Value::Float(it) if it.fract() == 0.0 && it.abs() < 9.2e18 => {
            #[expect(clippy::cast_possible_truncation, reason = "a whole number within i64")]
            let nanoseconds = *it as i64;
            Ok(SignedDuration::from_nanos(nanoseconds))
        }
        other => Err(format!("expected time.Duration, got {}", other.type_name())),
    }
}
