//! A server that answers PromQL in our place: whole expressions go there and answers come back as they are.
//!
//! Only HTTP is known here: what is asked, and why, is not.

use std::time::Duration;

use nines_base::{Labels, Sample};
use nines_spec::BackendSpec;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use reqwest::{Client, Method, Response};
use serde::Deserialize;

/// From the first byte asked to the last byte answered.
const TIME_MAX: Duration = Duration::from_mins(2);
/// The longest answer that is read; answers that are passed on have no limit but the client's.
const ANSWER_BYTES_MAX: usize = 64 * 1024 * 1024;
/// The longest error that is repeated.
const ERROR_CHARS_MAX: usize = 300;
/// As Cortex, Mimir, Loki and their relatives tell tenants apart.
const TENANT: HeaderName = HeaderName::from_static("x-scope-orgid");

/// One server.
#[derive(Debug)]
pub(crate) struct Backend {
    pub(crate) spec: BackendSpec,
    client: Client,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BackendError {
    #[error("the metrics backend {url} does not answer: {problem}")]
    Unreachable { url: String, problem: String },
    #[error("the metrics backend {url} refuses: {problem}")]
    Refused { url: String, problem: String },
    #[error("the metrics backend {url} answers in a way that nobody understands: {problem}")]
    Garbled { url: String, problem: String },
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Frame {
    data: Option<Data>,
    error: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Data {
    result_type: String,
    result: Vec<Row>,
}

#[derive(Debug, Deserialize)]
struct Row {
    metric: Labels,
    /// None where all values are native histograms.
    #[serde(default)]
    values: Vec<(f64, String)>,
}

impl Backend {
    /// Asks nobody yet.
    ///
    /// # Errors
    /// What of `spec` cannot be sent.
    pub(crate) fn new(spec: &BackendSpec) -> Result<Self, String> {
        let tenant = spec.tenant.iter().map(|it| (TENANT, it));
        let mut headers = HeaderMap::new();
        for (name, value) in &spec.headers {
            let header = HeaderName::try_from(name);
            let header = header.map_err(|_| format!("`{name}` is no name of a header"))?;
            headers.insert(header, secret(name, value)?);
        }
        for (name, value) in tenant {
            headers.insert(name, secret("tenant", value)?);
        }
        let client = Client::builder().timeout(TIME_MAX).default_headers(headers);
        let client = client.user_agent(concat!("nines/", env!("CARGO_PKG_VERSION")));
        let client = client.build().map_err(|error| error.to_string())?;
        Ok(Self { spec: spec.clone(), client })
    }

    /// An answer of any status, as it comes.
    ///
    /// # Errors
    /// There is none.
    pub(crate) async fn send(
        &self,
        method: Method,
        path: &str,
        form: &[(String, String)],
    ) -> Result<Response, BackendError> {
        let url = format!("{}{path}", self.spec.url);
        let pairs =
            url::form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
        let request = if method == Method::GET {
            self.client.get(format!("{url}?{pairs}"))
        } else {
            let kind = "application/x-www-form-urlencoded";
            self.client.request(method, url).header("Content-Type", kind).body(pairs)
        };
        request.send().await.map_err(|error| self.unreachable(&error))
    }

    /// The values of `query` at `start_ms`, `start_ms + step_ms`, … up to `end_ms`, by series.
    ///
    /// # Errors
    /// See [`BackendError`].
    pub(crate) async fn range(
        &self,
        query: &str,
        (start_ms, end_ms, step_ms): (i64, i64, i64),
    ) -> Result<Vec<(Labels, Vec<Sample>)>, BackendError> {
        let seconds = |ms: i64| format!("{}", ms as f64 / 1_000.0);
        let form = [
            ("query", query.to_owned()),
            ("start", seconds(start_ms)),
            ("end", seconds(end_ms)),
            ("step", seconds(step_ms)),
            // VictoriaMetrics moves the times of questions that it may cache.
            ("nocache", "1".to_owned()),
        ];
        let form = form.map(|(name, value)| (name.to_owned(), value));
        let mut response = self.send(Method::POST, "/api/v1/query_range", &form).await?;
        let status = response.status();
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|it| self.unreachable(&it))? {
            if ANSWER_BYTES_MAX < body.len() + chunk.len() {
                return Err(self.garbled(format!("more than {ANSWER_BYTES_MAX} bytes")));
            }
            body.extend_from_slice(&chunk);
        }
        let frame: Option<Frame> = serde_json::from_slice(&body).ok();
        match frame {
            Some(Frame { data: Some(data), .. }) if data.result_type == "matrix" => {
                data.result.into_iter().map(|it| self.row(it)).collect()
            }
            Some(Frame { data: Some(data), .. }) => {
                Err(self.garbled(format!("a {} instead of a matrix", data.result_type)))
            }
            Some(Frame { error: Some(error), .. }) => Err(self.refused(&error)),
            _ if !status.is_success() => {
                let text = String::from_utf8_lossy(&body);
                Err(self.refused(&format!("{status} {}", text.trim())))
            }
            _ => Err(self.garbled("no JSON of the Prometheus API".to_owned())),
        }
    }

    fn row(&self, row: Row) -> Result<(Labels, Vec<Sample>), BackendError> {
        let samples = row.values.into_iter().map(|(seconds, value)| {
            let value = value.parse().map_err(|_| self.garbled(format!("the value {value:?}")))?;
            #[expect(clippy::cast_possible_truncation, reason = "instants are far smaller")]
            Ok(Sample { at_ms: (seconds * 1_000.0).round() as i64, value })
        });
        Ok((row.metric, samples.collect::<Result<_, _>>()?))
    }

    fn unreachable(&self, error: &reqwest::Error) -> BackendError {
        // reqwest repeats the address, which may hold a password.
        let mut source: &dyn std::error::Error = error;
        while let Some(inner) = source.source() {
            source = inner;
        }
        let problem = if error.is_timeout() { "time is up".to_owned() } else { source.to_string() };
        BackendError::Unreachable { url: self.shown_url(), problem }
    }

    fn refused(&self, problem: &str) -> BackendError {
        let problem = problem.chars().take(ERROR_CHARS_MAX).collect();
        BackendError::Refused { url: self.shown_url(), problem }
    }

    fn garbled(&self, problem: String) -> BackendError {
        BackendError::Garbled { url: self.shown_url(), problem }
    }

    /// Without name and password.
    fn shown_url(&self) -> String {
        let url = &self.spec.url;
        match url.split_once("://") {
            Some((scheme, rest)) => {
                let host = rest.rsplit_once('@').map_or(rest, |(_, host)| host);
                format!("{scheme}://{host}")
            }
            None => url.clone(),
        }
    }
}

fn secret(name: &str, value: &str) -> Result<HeaderValue, String> {
    let mut value = HeaderValue::from_str(value)
        .map_err(|_| format!("the value of `{name}` cannot be sent as a header"))?;
    value.set_sensitive(true);
    Ok(value)
}
