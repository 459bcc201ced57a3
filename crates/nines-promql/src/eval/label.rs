//! Functions that make labels.

use std::collections::BTreeSet;

use nines_base::{Labels, METRIC_NAME};
use regex::Regex;

use super::Evaluator;
use super::call::text_argument;
use super::column::{Column, Grid};
use super::finish::merge;
use crate::QueryError;
use crate::plan::Call;

impl Evaluator<'_> {
    pub(super) fn label_replace(
        &mut self,
        call: &Call,
        grid: &Grid,
    ) -> Result<Vec<Column>, QueryError> {
        let (target, replacement) = (text_argument(call, 1)?, text_argument(call, 2)?);
        let (source, pattern) = (text_argument(call, 3)?, text_argument(call, 4)?);
        let regex = Regex::new(&format!("^(?s:{pattern})$")).map_err(|_| {
            QueryError::execution(format!(
                "invalid regular expression in label_replace(): {pattern}"
            ))
        })?;
        refuse_empty_name(target, "destination", "label_replace")?;
        let columns = self.vector_argument(call, 0, grid)?;
        relabel(columns, target, |labels| {
            let captures = regex.captures(labels.value(source))?;
            let mut value = String::new();
            captures.expand(replacement, &mut value);
            Some(value)
        })
    }

    pub(super) fn label_join(
        &mut self,
        call: &Call,
        grid: &Grid,
    ) -> Result<Vec<Column>, QueryError> {
        let (target, separator) = (text_argument(call, 1)?, text_argument(call, 2)?);
        let sources = (3..call.args.len()).map(|index| text_argument(call, index));
        let sources = sources.collect::<Result<Vec<_>, _>>()?;
        for source in &sources {
            refuse_empty_name(source, "source", "label_join")?;
        }
        refuse_empty_name(target, "destination", "label_join")?;
        let columns = self.vector_argument(call, 0, grid)?;
        relabel(columns, target, |labels| {
            let values: Vec<_> = sources.iter().map(|it| labels.value(it)).collect();
            Some(values.join(separator))
        })
    }
}

fn refuse_empty_name(name: &str, role: &str, function: &str) -> Result<(), QueryError> {
    if name.is_empty() {
        let message = format!("invalid {role} label name in {function}(): {name}");
        return Err(QueryError::execution(message));
    }
    Ok(())
}

/// Sets `target` where `make` says so; a name that was set on purpose stays.
fn relabel(
    mut columns: Vec<Column>,
    target: &str,
    make: impl Fn(&Labels) -> Option<String>,
) -> Result<Vec<Column>, QueryError> {
    for column in &mut columns {
        if let Some(value) = make(&column.labels) {
            column.labels = column.labels.with(target, &value);
            column.drop_name &= target != METRIC_NAME;
        }
    }
    let different: BTreeSet<_> = columns.iter().map(|it| &it.labels).collect();
    if different.len() == columns.len() {
        return Ok(columns);
    }
    merge(columns, |it| (it.labels.clone(), it.drop_name))
}
