//! A checked query and its two ways to run.

use std::borrow::Cow;

use nines_base::Matcher;

use crate::eval;
use crate::plan::explain::explain;
use crate::plan::{Node, QuerySpan};
use crate::{Answer, QueryError, QueryLimits, SeriesSource, ValueType};

/// A query that was parsed and type-checked once and can be evaluated many times.
#[derive(Debug, Clone)]
pub struct Query {
    text: String,
    root: Node,
    /// Whether a length such as `[step()]` is known only when it runs.
    has_computed_lengths: bool,
}

impl Query {
    pub(crate) fn new(text: &str, root: Node) -> Self {
        let has_computed_lengths = root.has_computed_lengths();
        Self { text: text.to_owned(), root, has_computed_lengths }
    }

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

    /// The plan, one line per operator with its operands indented below it. What stands at several places carries
    /// the same `#number` there and is evaluated once. How much each selector read is in [`Answer::reads`].
    pub fn explain(&self) -> String {
        explain(&self.root)
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
        let span = QuerySpan { start_ms: at_ms, end_ms: at_ms, step_ms: 0 };
        eval::instant(self.resolved(span)?.as_ref(), source, span, limits)
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
        let span = QuerySpan { start_ms, end_ms, step_ms };
        eval::range(self.resolved(span)?.as_ref(), source, span, limits)
    }

    /// The plan with all lengths known.
    fn resolved(&self, span: QuerySpan) -> Result<Cow<'_, Node>, QueryError> {
        if !self.has_computed_lengths {
            return Ok(Cow::Borrowed(&self.root));
        }
        let mut root = self.root.clone();
        root.resolve(span)?;
        Ok(Cow::Owned(root))
    }
}
