//! A checked query and its two ways to run.

use nines_base::Matcher;

use crate::eval;
use crate::plan::Node;
use crate::{Answer, QueryError, QueryLimits, SeriesSource, ValueType};

/// A query that was parsed and type-checked once and can be evaluated many times.
#[derive(Debug, Clone)]
pub struct Query {
    pub(crate) text: String,
    pub(crate) root: Node,
}

impl Query {
    /// As it was written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The type of its value; a range query turns a scalar or a vector into a matrix.
    pub fn value_type(&self) -> ValueType {
        self.root.value_type()
    }

    /// The matchers of every selector, in the order of the text.
    pub fn selectors(&self) -> Vec<Vec<Matcher>> {
        let mut found = Vec::new();
        self.root.collect_selectors(&mut found);
        found
    }

    /// The value at one instant.
    ///
    /// # Errors
    /// The data does not allow it, a limit was passed, or the source failed.
    pub fn instant(
        &self,
        source: &dyn SeriesSource,
        at_ms: i64,
        limits: &QueryLimits<'_>,
    ) -> Result<Answer, QueryError> {
        eval::instant(&self.root, source, at_ms, limits)
    }

    /// The values at `start_ms`, `start_ms + step_ms`, … up to and including `end_ms`.
    ///
    /// # Errors
    /// As [`Query::instant`]; also a step that is not positive, an end before the start, and a query whose
    /// type is neither scalar nor vector.
    pub fn range(
        &self,
        source: &dyn SeriesSource,
        start_ms: i64,
        end_ms: i64,
        step_ms: i64,
        limits: &QueryLimits<'_>,
    ) -> Result<Answer, QueryError> {
        eval::range(&self.root, source, (start_ms, end_ms, step_ms), limits)
    }
}
