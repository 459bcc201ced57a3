//! Instants and lengths of time in addresses.

use jiff::{SignedDuration, Timestamp};
use nines_base::parse_duration;
use serde::{Deserialize, Deserializer};

use crate::problem::Problem;

/// An instant as RFC 3339 or as Unix seconds, with or without decimals.
#[derive(Debug, Clone, Copy)]
pub(super) struct Instant(pub(super) Timestamp);

impl<'de> Deserialize<'de> for Instant {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let unknown = || {
            let form = "write RFC 3339, as in 2026-11-24T03:00:00Z, or Unix seconds";
            serde::de::Error::custom(format!("{text:?} is no instant; {form}"))
        };
        read(&text).map(Self).ok_or_else(unknown)
    }
}

/// Milliseconds are enough, and no float is needed for them.
fn read(text: &str) -> Option<Timestamp> {
    if let Ok(at) = text.parse() {
        return Some(at);
    }
    let (seconds, decimals) = text.split_once('.').unwrap_or((text, ""));
    let is_number = decimals.len() <= 9 && decimals.bytes().all(|it| it.is_ascii_digit());
    let nanos: i32 = format!("{decimals:0<9}").parse().ok().filter(|_| is_number)?;
    let sign = if seconds.starts_with('-') { -1 } else { 1 };
    Timestamp::new(seconds.parse().ok()?, sign * nanos).ok()
}

/// `5m`, or the default; at least a second.
pub(super) fn step(text: Option<&str>, default: SignedDuration) -> Result<SignedDuration, Problem> {
    let Some(text) = text else { return Ok(default) };
    let step = parse_duration(text).map_err(|it| Problem::bad_request(it.to_string()))?;
    if step < SignedDuration::from_secs(1) {
        return Err(Problem::bad_request("`step` is 1s or longer"));
    }
    Ok(step)
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::read;

    #[test]
    fn an_instant_is_written_in_two_ways() {
        let texts =
            ["2026-11-24T03:00:00Z", "1795489200", "1795489200.25", "-1.5", "now", "1.x", ""];
        let lines: Vec<String> = texts
            .iter()
            .map(|it| format!("{it:?} {}", read(it).map_or("none".to_owned(), |it| it.to_string())))
            .collect();
        expect![[r#"
            "2026-11-24T03:00:00Z" 2026-11-24T03:00:00Z
            "1795489200" 2026-11-24T03:00:00Z
            "1795489200.25" 2026-11-24T03:00:00.25Z
            "-1.5" 1969-12-31T23:59:58.5Z
            "now" none
            "1.x" none
            "" none"#]]
        .assert_eq(&lines.join("\n"));
    }
}
