//! Requests as plain data.

use std::fmt::Write;

use base64::Engine as _;
use reqwest::Method;
use serde::Serialize;

/// What is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Request {
    pub(crate) method: Method,
    pub(crate) url: String,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: Body,
}

/// What is said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Body {
    None,
    Json(String),
    Form(Vec<(String, String)>),
}

impl Request {
    pub(crate) fn new(method: Method, url: impl Into<String>) -> Self {
        Self { method, url: url.into(), headers: Vec::new(), body: Body::None }
    }

    pub(crate) fn get(url: impl Into<String>) -> Self {
        Self::new(Method::GET, url)
    }

    pub(crate) fn post(url: impl Into<String>) -> Self {
        Self::new(Method::POST, url)
    }

    pub(crate) fn json(self, value: &impl Serialize) -> Self {
        let text = serde_json::to_string(value).expect("plain data with text keys is JSON");
        self.text(text)
    }

    /// JSON that somebody has written already.
    pub(crate) fn text(self, json: impl Into<String>) -> Self {
        Self { body: Body::Json(json.into()), ..self }
    }

    pub(crate) fn form<K: Into<String>, V: Into<String>>(
        self,
        fields: impl IntoIterator<Item = (K, V)>,
    ) -> Self {
        let fields = fields.into_iter().map(|(name, value)| (name.into(), value.into()));
        Self { body: Body::Form(fields.collect()), ..self }
    }

    pub(crate) fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    pub(crate) fn basic(self, name: &str, password: &str) -> Self {
        let pair = base64::engine::general_purpose::STANDARD.encode(format!("{name}:{password}"));
        self.header("authorization", format!("Basic {pair}"))
    }

    pub(crate) fn bearer(self, token: &str) -> Self {
        self.header("authorization", format!("Bearer {token}"))
    }
}

/// Fields as `application/x-www-form-urlencoded`.
pub(crate) fn encoded(fields: &[(String, String)]) -> String {
    let pairs: Vec<String> = fields
        .iter()
        .map(|(name, value)| format!("{}={}", segment(name), segment(value)))
        .collect();
    pairs.join("&")
}

/// Text as one segment of a path, or as a value in a query: everything but RFC 3986's unreserved characters is
/// escaped.
pub(crate) fn segment(text: &str) -> String {
    text.bytes().fold(String::with_capacity(text.len()), |mut out, byte| {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                out.push(char::from(byte));
            }
            _ => write!(out, "%{byte:02X}").expect("a String takes everything"),
        }
        out
    })
}
