//! Parameters of a request: from the address, and from a form when the address would be too long.

use axum::body::{Bytes, to_bytes};
use axum::extract::{FromRequest, Request};
use axum::http::header;
use jiff::Timestamp;
use nines_base::{Matcher, parse_duration};
use nines_promql::parse_selector;

use super::answer::PromError;

/// The longest form.
const FORM_BYTES_MAX: usize = 1 << 20;

/// All parameters, repeated ones included.
#[derive(Debug)]
pub(super) struct Params(Vec<(String, String)>);

impl<S: Send + Sync> FromRequest<S> for Params {
    type Rejection = PromError;

    async fn from_request(request: Request, _: &S) -> Result<Self, PromError> {
        let (parts, body) = request.into_parts();
        let mut pairs = read(parts.uri.query().unwrap_or("").as_bytes());
        let content_type = parts.headers.get(header::CONTENT_TYPE);
        let is_form = content_type.is_some_and(|it| {
            it.to_str().is_ok_and(|it| it.starts_with("application/x-www-form-urlencoded"))
        });
        if is_form {
            let body: Bytes = to_bytes(body, FORM_BYTES_MAX).await.map_err(|_| {
                PromError::bad_data(format!("the form is longer than {FORM_BYTES_MAX} bytes"))
            })?;
            pairs.extend(read(&body));
        }
        Ok(Self(pairs))
    }
}

fn read(bytes: &[u8]) -> Vec<(String, String)> {
    url::form_urlencoded::parse(bytes).into_owned().collect()
}

impl Params {
    /// The first value of `name` that is not empty.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(it, value)| it == name && !value.is_empty()).map(|(_, it)| it.as_str())
    }

    /// The value of `name`, or an error that names it.
    pub(super) fn require(&self, name: &str) -> Result<&str, PromError> {
        self.get(name).ok_or_else(|| PromError::bad_data(format!("parameter {name:?} is missing")))
    }

    /// An instant: Unix seconds with decimals, or RFC 3339.
    pub(super) fn time_ms(&self, name: &str) -> Result<Option<i64>, PromError> {
        let Some(text) = self.get(name) else { return Ok(None) };
        let error = || {
            let message =
                format!("invalid parameter {name:?}: cannot parse {text:?} to a valid timestamp");
            PromError::bad_data(message)
        };
        if let Ok(seconds) = text.parse::<f64>() {
            let ms = (seconds * 1_000.0).round();
            // Beyond the years that a timestamp can name.
            if !ms.is_finite() || 9e15 < ms.abs() {
                return Err(error());
            }
            #[expect(clippy::cast_possible_truncation, reason = "checked above")]
            return Ok(Some(ms as i64));
        }
        let at: Timestamp = text.parse().map_err(|_| error())?;
        Ok(Some(at.as_millisecond()))
    }

    /// A length of time: seconds with decimals, or `5m`; longer than nothing.
    pub(super) fn step_ms(&self, name: &str) -> Result<i64, PromError> {
        let text = self.require(name)?;
        let ms = match text.parse::<f64>() {
            Ok(seconds) if (seconds * 1_000.0).abs() < 9e15 =>
            {
                #[expect(clippy::cast_possible_truncation, reason = "checked above")]
                Some((seconds * 1_000.0).round() as i64)
            }
            Ok(_) => None,
            Err(_) => parse_duration(text).ok().and_then(|it| i64::try_from(it.as_millis()).ok()),
        };
        match ms {
            Some(ms) if 0 < ms => Ok(ms),
            Some(_) => Err(PromError::bad_data(
                "zero or negative query resolution step widths are not accepted. Try a positive integer",
            )),
            None => Err(PromError::bad_data(format!(
                "invalid parameter {name:?}: cannot parse {text:?} to a valid duration"
            ))),
        }
    }

    /// A whole number; 0 means no limit of the caller's own.
    pub(super) fn limit(&self, most: usize) -> Result<usize, PromError> {
        let Some(text) = self.get("limit") else { return Ok(most) };
        match text.parse::<usize>() {
            Ok(0) => Ok(most),
            Ok(limit) => Ok(limit.min(most)),
            Err(_) => Err(PromError::bad_data(format!(
                "invalid parameter \"limit\": {text:?} is no number"
            ))),
        }
    }

    /// Every value of `name`.
    pub(super) fn all(&self, name: &str) -> Vec<String> {
        self.0.iter().filter(|(it, _)| it == name).map(|(_, value)| value.clone()).collect()
    }

    /// Every `match[]`.
    pub(super) fn matchers(&self) -> Result<Vec<Vec<Matcher>>, PromError> {
        let selectors = self.0.iter().filter(|(name, _)| name == "match[]");
        selectors.map(|(_, text)| parse_selector(text).map_err(PromError::from)).collect()
    }
}
