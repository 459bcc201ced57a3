//! Parameters of a request: from the address, and from a form when the address would be too long.

use axum::body::{Bytes, to_bytes};
use axum::extract::{FromRequest, Request};
use axum::http::{HeaderMap, header};
use jiff::Timestamp;
use nines_base::{Matcher, parse_duration};
use nines_promql::{Query, QueryError, check, parse_selector};

use super::answer::PromError;
use super::stream::Gzip;

/// The longest form.
const FORM_BYTES_MAX: usize = 1 << 20;
/// Beyond the years that a timestamp can name.
const TIME_MS_MAX: f64 = 9e15;
/// What clients send for the beginning and the end of all time.
///
/// Source: Prometheus, `web/api/v1`, `MinTime` and `MaxTime`.
const ALL_TIME: [&str; 2] = ["-292273086-05-16T16:47:06Z", "292277025-08-18T07:12:54.999999999Z"];

/// All parameters, repeated ones included.
#[derive(Debug)]
pub(super) struct Params {
    pairs: Vec<(String, String)>,
    gzip: Gzip,
}

impl<S: Send + Sync> FromRequest<S> for Params {
    type Rejection = PromError;

    async fn from_request(request: Request, _: &S) -> Result<Self, PromError> {
        let (parts, body) = request.into_parts();
        let mut pairs = Vec::new();
        let content_type = parts.headers.get(header::CONTENT_TYPE);
        let is_form = content_type.is_some_and(|it| {
            it.to_str().is_ok_and(|it| it.starts_with("application/x-www-form-urlencoded"))
        });
        if is_form {
            let body: Bytes = to_bytes(body, FORM_BYTES_MAX).await.map_err(|_| {
                PromError::bad_data(format!("the form is longer than {FORM_BYTES_MAX} bytes"))
            })?;
            pairs = read(&body);
        }
        // What the form says comes first, as it does in Go.
        pairs.extend(read(parts.uri.query().unwrap_or("").as_bytes()));
        Ok(Self { pairs, gzip: accepted(&parts.headers) })
    }
}

fn read(bytes: &[u8]) -> Vec<(String, String)> {
    url::form_urlencoded::parse(bytes).into_owned().collect()
}

fn accepted(headers: &HeaderMap) -> Gzip {
    let lists = headers.get_all(header::ACCEPT_ENCODING).iter();
    let mut codings = lists.filter_map(|it| it.to_str().ok()).flat_map(|it| it.split(','));
    let is_accepted = codings.any(|it| {
        let mut parts = it.split(';').map(str::trim);
        let is_gzip = parts.next().is_some_and(|it| it.eq_ignore_ascii_case("gzip"));
        let is_refused = parts.any(|it| matches!(it, "q=0" | "q=0.0" | "q=0.00" | "q=0.000"));
        is_gzip && !is_refused
    });
    if is_accepted { Gzip::Accepted } else { Gzip::Refused }
}

impl Params {
    /// Everything as it was given.
    pub(super) fn pairs(&self) -> &[(String, String)] {
        &self.pairs
    }

    /// Whether the client unpacks gzip.
    pub(super) fn gzip(&self) -> Gzip {
        self.gzip
    }

    /// The first value of `name` that is not empty.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.all(name).find(|it| !it.is_empty())
    }

    /// Every value of `name`.
    pub(super) fn all(&self, name: &str) -> impl Iterator<Item = &str> {
        self.pairs.iter().filter(move |(it, _)| it == name).map(|(_, value)| value.as_str())
    }

    /// The query, checked.
    pub(super) fn query(&self) -> Result<Query, PromError> {
        check(self.get("query").unwrap_or("")).map_err(|error| named("query", error))
    }

    /// An instant: Unix seconds with decimals, or RFC 3339.
    pub(super) fn time_ms(&self, name: &str) -> Result<Option<i64>, PromError> {
        let Some(text) = self.get(name) else { return Ok(None) };
        parse_time_ms(text).map(Some).ok_or_else(|| not_a("timestamp", name, text))
    }

    /// As [`Self::time_ms`]; without it the request is wrong.
    pub(super) fn required_time_ms(&self, name: &str) -> Result<i64, PromError> {
        self.time_ms(name)?.ok_or_else(|| not_a("timestamp", name, ""))
    }

    /// A length of time: seconds with decimals, or `5m`.
    pub(super) fn duration_ms(&self, name: &str) -> Result<Option<i64>, PromError> {
        let Some(text) = self.get(name) else { return Ok(None) };
        parse_duration_ms(text).map(Some).ok_or_else(|| not_a("duration", name, text))
    }

    /// The distance of the points of a range query; longer than nothing.
    pub(super) fn step_ms(&self) -> Result<i64, PromError> {
        match self.duration_ms("step")? {
            None => Err(not_a("duration", "step", "")),
            Some(ms) if 0 < ms => Ok(ms),
            Some(_) => Err(PromError::bad_parameter(
                "step",
                "zero or negative query resolution step widths are not accepted. Try a positive integer",
            )),
        }
    }

    /// A whole number; 0 means no limit of the caller's own.
    pub(super) fn limit(&self, name: &str, most: usize) -> Result<usize, PromError> {
        let Some(text) = self.get(name) else { return Ok(most) };
        match text.parse::<usize>() {
            Ok(0) => Ok(most),
            Ok(limit) => Ok(limit.min(most)),
            Err(_) if text.parse::<i64>().is_ok() => {
                Err(PromError::bad_parameter(name, "limit must be non-negative"))
            }
            Err(_) => Err(PromError::bad_parameter(name, format!("{text:?} is no number"))),
        }
    }

    /// Every `match[]`. Each must require something, or it would select everything.
    pub(super) fn matchers(&self) -> Result<Vec<Vec<Matcher>>, PromError> {
        let selectors = self.all("match[]").map(|text| {
            let matchers = parse_selector(text).map_err(|error| named("match[]", error))?;
            if matchers.iter().all(Matcher::matches_absent) {
                let problem = "match[] must contain at least one non-empty matcher";
                return Err(PromError::bad_parameter("match[]", problem));
            }
            Ok(matchers)
        });
        selectors.collect()
    }
}

/// Names the parameter whose value is no query.
pub(super) fn named(name: &str, error: QueryError) -> PromError {
    match error {
        QueryError::Parse { message, .. } => PromError::bad_parameter(name, message),
        error => error.into(),
    }
}

fn not_a(what: &str, name: &str, text: &str) -> PromError {
    PromError::bad_parameter(name, format!("cannot parse {text:?} to a valid {what}"))
}

fn parse_time_ms(text: &str) -> Option<i64> {
    if let Ok(seconds) = text.parse::<f64>() {
        return to_ms(seconds);
    }
    match ALL_TIME.iter().position(|it| *it == text) {
        Some(0) => Some(i64::MIN),
        Some(_) => Some(i64::MAX),
        None => text.parse::<Timestamp>().ok().map(Timestamp::as_millisecond),
    }
}

fn parse_duration_ms(text: &str) -> Option<i64> {
    match text.parse::<f64>() {
        Ok(seconds) => to_ms(seconds),
        Err(_) => i64::try_from(parse_duration(text).ok()?.as_millis()).ok(),
    }
}

fn to_ms(seconds: f64) -> Option<i64> {
    let ms = (seconds * 1_000.0).round();
    let is_known = ms.is_finite() && ms.abs() <= TIME_MS_MAX;
    #[expect(clippy::cast_possible_truncation, reason = "checked above")]
    is_known.then_some(ms as i64)
}
