//! Reading forms. It must not know what the fields mean.

use std::collections::BTreeMap;

use axum::extract::rejection::FormRejection;
use axum::extract::{Form, FromRequest, Request};

use crate::problem::Problem;

/// The fields of a form; a field that is sent twice has its last value.
#[derive(Debug, Default)]
pub(super) struct Fields(BTreeMap<String, String>);

impl<S: Send + Sync> FromRequest<S> for Fields {
    type Rejection = FormRejection;

    async fn from_request(request: Request, state: &S) -> Result<Self, FormRejection> {
        let Form(fields) = Form::<Vec<(String, String)>>::from_request(request, state).await?;
        Ok(Self(fields.into_iter().collect()))
    }
}

impl Fields {
    /// The value without white space around it; empty when it was not sent.
    pub(super) fn text(&self, name: &str) -> &str {
        self.0.get(name).map_or("", |it| it.trim())
    }

    /// The value, unless it is empty.
    pub(super) fn given(&self, name: &str) -> Option<String> {
        Some(self.text(name).to_owned()).filter(|it| !it.is_empty())
    }

    /// The fields whose names begin with `prefix`, without it. Values stay as they were written.
    pub(super) fn below(&self, prefix: &str) -> BTreeMap<String, String> {
        let fields = self.0.iter();
        let below = fields.filter_map(|(name, value)| Some((name.strip_prefix(prefix)?, value)));
        below.map(|(name, value)| (name.to_owned(), value.clone())).collect()
    }

    /// An optional incident: `42` or `INC-42`.
    pub(super) fn incident(&self) -> Result<Option<u64>, Problem> {
        let Some(text) = self.given("incident") else { return Ok(None) };
        let number = text.strip_prefix("INC-").unwrap_or(&text).parse();
        number.map(Some).map_err(|_| {
            Problem::bad_request(format!("`{text}` is no incident; write its number, such as 42"))
        })
    }
}
