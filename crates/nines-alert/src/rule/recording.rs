//! Recording rules: the answer of a query, written under another name.

use nines_base::METRIC_NAME;
use nines_promql::VectorSample;

use super::Rule;

/// The answer under the rule's name, with its labels.
///
/// # Errors
/// Two series would be the same, or there are too many.
pub(super) fn record(
    rule: &Rule,
    vector: Vec<VectorSample>,
    limit: usize,
) -> Result<Vec<VectorSample>, String> {
    let mut recorded = Vec::with_capacity(vector.len());
    for mut sample in vector {
        let named = sample.labels.with(METRIC_NAME, &rule.name);
        sample.labels =
            rule.labels.iter().fold(named, |labels, (name, value)| labels.with(name, value));
        recorded.push(sample);
    }
    // Answers are mostly sorted already, so this is nearly free.
    recorded.sort_by(|one, two| one.labels.cmp(&two.labels));
    if recorded.windows(2).any(|pair| matches!(pair, [one, two] if one.labels == two.labels)) {
        let message = "vector contains metrics with the same labelset after applying rule labels";
        return Err(message.to_owned());
    }
    if limit != 0 && limit < recorded.len() {
        return Err(format!("exceeded limit of {limit} with {} series", recorded.len()));
    }
    Ok(recorded)
}
