//! Templates of rules: their variables, and the queries in them.

use nines_base::Labels;
use nines_promql::{Query, QueryError, Value as Answer, VectorSample};

use super::Environment;
use super::functions::{NAMES, RuleFunctions};
use crate::template::{Template, TemplateError, Value};

/// The variables that stand for parts of the dot.
const VARIABLES: [&str; 4] = ["labels", "externalLabels", "externalURL", "value"];

/// Reads a label's or an annotation's template.
///
/// # Errors
/// The first mistake, also functions and variables that rules do not have.
pub fn parse_template(text: &str) -> Result<Template, TemplateError> {
    Template::parse(text, &NAMES, &VARIABLES)
}

/// The answer of a rule's query; a scalar counts as one series without labels.
///
/// # Errors
/// As [`Query::instant`]; also an answer of another type, in words.
pub fn query_vector(
    query: &Query,
    at_ms: i64,
    environment: &Environment<'_>,
) -> Result<Vec<VectorSample>, String> {
    let answer = query.instant(environment.source, at_ms, &environment.limits);
    match answer.map_err(|it| in_full(&it))?.value {
        Answer::Vector(vector) => Ok(vector),
        Answer::Scalar(it) => Ok(vec![VectorSample {
            labels: Labels::empty(),
            at_ms: it.at_ms,
            value: it.value,
            histogram: None,
        }]),
        Answer::String { .. } | Answer::Matrix(_) => {
            Err("rule result is not a vector or scalar".to_owned())
        }
    }
}

/// An error with its sources.
fn in_full(error: &QueryError) -> String {
    let mut text = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(it) = source {
        let more = it.to_string();
        if !text.ends_with(&more) {
            text = format!("{text}: {more}");
        }
        source = it.source();
    }
    text
}

/// Fills the templates of one series.
pub(super) struct Expander<'a> {
    name: &'a str,
    data: Value,
    variables: Vec<(&'static str, Value)>,
    functions: RuleFunctions<'a>,
}

impl<'a> Expander<'a> {
    pub(super) fn new(
        name: &'a str,
        sample: &VectorSample,
        at_ms: i64,
        environment: &'a Environment<'a>,
    ) -> Self {
        let labels = Value::labels(&sample.labels);
        let external = Value::labels(environment.external_labels);
        let url = Value::from(environment.external_url);
        let value = Value::Float(sample.value);
        let data = Value::structure([
            ("Labels", labels.clone()),
            ("ExternalLabels", external.clone()),
            ("ExternalURL", url.clone()),
            ("Value", value.clone()),
        ]);
        let values = [labels, external, url, value];
        Self {
            name,
            data,
            variables: VARIABLES.into_iter().zip(values).collect(),
            functions: RuleFunctions { at_ms, environment },
        }
    }

    /// A template that fails says so in its place: an alert without its words is better than none.
    pub(super) fn expand(&self, template: &Template) -> String {
        match template.run(&self.data, &self.variables, &self.functions) {
            Ok(text) => text,
            Err(error) => {
                let (line, column) = template.line_and_column(error.at);
                let name = self.name;
                format!(
                    "<error expanding template: error executing template __alert_{name}: \
                     template: __alert_{name}:{line}:{column}: {error}>"
                )
            }
        }
    }
}
