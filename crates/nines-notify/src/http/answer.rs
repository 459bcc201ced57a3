//! Answers: a status, a wish to be left alone for a while, and the beginning of the body.

use jiff::{SignedDuration, Timestamp};
use reqwest::header::RETRY_AFTER;
use reqwest::{Response, StatusCode};
use serde_json::Value;

/// Of an answer; more is not read.
const RESPONSE_BYTES_MAX: usize = 64 * 1024;
/// Characters of an answer that a reason quotes.
const QUOTED_MAX: usize = 200;
/// Nobody waits longer for a provider, whatever it says.
const RETRY_AFTER_MAX: SignedDuration = SignedDuration::from_hours(1);

/// What came back.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    retry_after: Option<String>,
    body: Vec<u8>,
}

impl Answer {
    pub(super) async fn read(mut response: Response) -> Self {
        let status = response.status();
        let retry_after = response.headers().get(RETRY_AFTER);
        let retry_after = retry_after.and_then(|it| it.to_str().ok()).map(str::to_owned);
        let mut body = Vec::new();
        while body.len() < RESPONSE_BYTES_MAX
            && let Ok(Some(chunk)) = response.chunk().await
        {
            let room = RESPONSE_BYTES_MAX - body.len();
            body.extend(chunk.iter().take(room));
        }
        Self { status, retry_after, body }
    }

    /// The body as JSON; `null` if it is none.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    /// The body as text.
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// A failure of the receiver that may be over soon.
    pub(crate) fn may_pass(&self) -> bool {
        let passing =
            [StatusCode::REQUEST_TIMEOUT, StatusCode::TOO_EARLY, StatusCode::TOO_MANY_REQUESTS];
        passing.contains(&self.status) || self.status.is_server_error()
    }

    /// `Retry-After`, in seconds or as a date (RFC 9110, 10.2.3).
    pub(crate) fn retry_after(&self, now: Timestamp) -> Option<SignedDuration> {
        let text = self.retry_after.as_deref()?.trim();
        let after = match text.parse::<f64>() {
            Ok(seconds) => SignedDuration::try_from_secs_f64(seconds).ok()?,
            Err(_) => {
                let date = jiff::fmt::rfc2822::DateTimeParser::new().parse_timestamp(text).ok()?;
                date.duration_since(now)
            }
        };
        Some(bounded(after))
    }

    /// The beginning of the text, as `: text`.
    pub(crate) fn quoted(&self) -> String {
        let text: String = self
            .text()
            .chars()
            .map(|it| if it.is_control() { ' ' } else { it })
            .take(QUOTED_MAX)
            .collect();
        let text = text.trim();
        if text.is_empty() { String::new() } else { format!(": {text}") }
    }

    #[cfg(test)]
    pub(crate) fn made(status: u16, retry_after: Option<&str>, body: &str) -> Self {
        let status = StatusCode::from_u16(status).unwrap();
        Self { status, retry_after: retry_after.map(str::to_owned), body: body.into() }
    }
}

/// A wait that a provider asks for, as far as it is followed.
pub(crate) fn bounded(after: SignedDuration) -> SignedDuration {
    after.clamp(SignedDuration::ZERO, RETRY_AFTER_MAX)
}

/// A wait that a body tells in seconds.
pub(crate) fn seconds(value: &Value) -> Option<SignedDuration> {
    let after = SignedDuration::try_from_secs_f64(value.as_f64()?).ok()?;
    Some(bounded(after))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wish_to_be_left_alone_is_followed_for_an_hour_at_most() {
        let now: Timestamp = "2015-10-21T07:27:30Z".parse().unwrap();
        let after = |text: &str| {
            let answer = Answer::made(429, Some(text), "");
            answer.retry_after(now).map(|it| it.as_secs())
        };
        assert_eq!(after("7"), Some(7));
        assert_eq!(after(" 0.5 "), Some(0));
        assert_eq!(after("Wed, 21 Oct 2015 07:28:00 GMT"), Some(30));
        assert_eq!(after("Wed, 21 Oct 2015 07:20:00 GMT"), Some(0));
        assert_eq!(after("-3"), Some(0));
        assert_eq!(after("99999999"), Some(3_600));
        for nonsense in ["", "soon", "NaN", "inf", "1e300"] {
            assert_eq!(after(nonsense), None, "{nonsense}");
        }
        assert_eq!(Answer::made(429, None, "").retry_after(now), None);
    }

    #[test]
    fn a_body_may_say_it_too() {
        let seconds = |json: &str| seconds(&serde_json::from_str(json).unwrap());
        assert_eq!(seconds("1.5"), Some(SignedDuration::from_millis(1_500)));
        assert_eq!(seconds("-1"), Some(SignedDuration::ZERO));
        assert_eq!(seconds("\"7\""), None);
    }
}
