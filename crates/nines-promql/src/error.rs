//! What can go wrong with a query.

use crate::SourceError;
use crate::parse::SyntaxError;
use crate::place::Place;

/// Why a query has no value.
///
/// At the HTTP API `Parse` is `bad_data`, `Cancelled` is `canceled`, everything else is `execution`.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum QueryError {
    /// The text is not a query.
    #[error("invalid query: {message}")]
    Parse {
        /// What is wrong.
        message: String,
        /// Where, as a byte offset into the text, if it is known.
        at: Option<usize>,
    },
    /// The query is well formed, but the data does not allow it.
    #[error("{message}")]
    Execution {
        /// What is wrong.
        message: String,
    },
    /// The query would cost too much.
    #[error("the query needs more than {limit} {what}; {advice}")]
    Limit {
        /// What was counted.
        what: &'static str,
        /// How much of it is allowed.
        limit: usize,
        /// What the caller can do.
        advice: &'static str,
    },
    /// The caller does not want the answer any more, or its time is over.
    #[error("the query was cancelled or took too long")]
    Cancelled,
    /// Samples could not be read.
    #[error(transparent)]
    Source(#[from] SourceError),
}

impl QueryError {
    /// A mistake in the text of a query as Prometheus shows it: `1:5: parse error: unexpected "("`. The text is
    /// needed to count lines and columns.
    pub fn located(&self, query: &str) -> String {
        match self {
            Self::Parse { message, at: Some(at) } => {
                format!("{}: parse error: {message}", Place::of(query, *at))
            }
            Self::Parse { message, at: None } => format!("parse error: {message}"),
            _ => self.to_string(),
        }
    }

    /// A mistake whose place in the text is not known.
    pub(crate) fn parse(message: impl Into<String>) -> Self {
        Self::Parse { message: message.into(), at: None }
    }

    /// Data that the query cannot work with.
    pub(crate) fn execution(message: impl Into<String>) -> Self {
        Self::Execution { message: message.into() }
    }
}

impl From<SyntaxError> for QueryError {
    fn from(error: SyntaxError) -> Self {
        Self::Parse { message: error.message, at: Some(error.at) }
    }
}
