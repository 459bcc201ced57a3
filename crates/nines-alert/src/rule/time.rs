//! Instants and lengths of time as Go prints them.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::template::{FloatForm, format_float};

/// `2015-06-23 13:16:24.128 +0000 UTC` of Unix seconds; milliseconds at most.
pub(super) fn instant(seconds: f64) -> Result<String, String> {
    const NANOSECONDS_MAX: f64 = 9.223_372_036_854_776e18;
    let shown = || format_float(seconds, FloatForm::Decimal, Some(6));
    if !seconds.is_finite() || NANOSECONDS_MAX <= (seconds * 1e9).abs() {
        return Err(format!(
            "{} cannot be represented as a nanoseconds timestamp since it overflows int64",
            shown()
        ));
    }
    #[expect(clippy::cast_possible_truncation, reason = "checked above")]
    let milliseconds = (seconds * 1e9) as i64 / 1_000_000;
    let at = Timestamp::from_millisecond(milliseconds).map_err(|_| shown())?;
    let civil = TimeZone::UTC.to_datetime(at);
    let text = civil.to_string().replace('T', " ");
    Ok(format!("{text} +0000 UTC"))
}

/// `1h5m0.5s` of seconds.
pub(super) fn length(seconds: f64) -> Result<String, String> {
    const SECONDS_MAX: f64 = 9_223_372_036.0;
    if !seconds.is_finite() || SECONDS_MAX <= seconds.abs() {
        return Err("duration out of range".to_owned());
    }
    #[expect(clippy::cast_possible_truncation, reason = "checked above")]
    let nanoseconds = (seconds * 1e9) as i64;
    let (sign, total) = (if nanoseconds < 0 { "-" } else { "" }, nanoseconds.unsigned_abs());
    if total == 0 {
        return Ok("0s".to_owned());
    }
    for (limit, unit, size) in
        [(1_000, "ns", 1.0), (1_000_000, "µs", 1e3), (1_000_000_000, "ms", 1e6)]
    {
        if total < limit {
            return Ok(format!("{sign}{}{unit}", total as f64 / size));
        }
    }
    let (hours, minutes) = (total / 3_600_000_000_000, total / 60_000_000_000 % 60);
    let seconds = (total % 60_000_000_000) as f64 / 1e9;
    Ok(match (hours, minutes) {
        (0, 0) => format!("{sign}{seconds}s"),
        (0, _) => format!("{sign}{minutes}m{seconds}s"),
        _ => format!("{sign}{hours}h{minutes}m{seconds}s"),
    })
}
