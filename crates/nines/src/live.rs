//! `nines check --live`: asks a running server what the files say about data, through the API of Prometheus.

use std::collections::BTreeSet;

use nines_base::Labels;
use nines_spec::{Finding, LiveFacts, Reading};
use reqwest::Method;
use serde::Deserialize;
use serde_json::Value;

use crate::client::Client;
use crate::exit::{Exit, Failure};
use crate::output;

/// Answers raise further questions, but not without end.
const ROUNDS_MAX: usize = 4;

#[derive(Debug, Deserialize)]
struct Frame<T> {
    data: T,
}

#[derive(Debug, Deserialize)]
struct Vector {
    result: Vec<Sample>,
}

#[derive(Debug, Deserialize)]
struct Sample {
    metric: Value,
    value: (Value, String),
}

/// What data say about these files; a server that does not answer is no finding.
pub(crate) fn findings(reading: &Reading, client: &Client) -> anyhow::Result<Vec<Finding>> {
    let names = client.get("/api/v1/label/__name__/values", &[])?;
    let names: Frame<BTreeSet<String>> = client.read(names)?;
    if names.data.is_empty() {
        let message = "the server has no metrics yet; scrape something, then check again";
        return Err(Failure::new(Exit::Unknown, message).into());
    }
    let mut facts = LiveFacts { metrics: names.data, ..LiveFacts::default() };
    for _ in 0..ROUNDS_MAX {
        let queries = nines_spec::live_queries(&reading.spec, &facts);
        if queries.is_empty() {
            break;
        }
        for query in queries {
            match ask(client, &query)? {
                Some(answer) => drop(facts.answers.insert(query, answer)),
                None => drop(facts.failed.insert(query)),
            }
        }
    }
    if !facts.failed.is_empty() {
        let failed = facts.failed.len();
        output::note(&format!("{failed} queries failed; what they ask was not checked"));
    }
    Ok(nines_spec::live_findings(reading, &facts))
}

/// One instant vector; nothing when the server could not make it.
fn ask(client: &Client, query: &str) -> anyhow::Result<Option<Vec<(Labels, f64)>>> {
    let answer = client.ask(Method::GET, "/api/v1/query", &[("query", query)], None)?;
    if !answer.status.is_success() {
        return Ok(None);
    }
    let Ok(frame) = serde_json::from_str::<Frame<Vector>>(&answer.text) else { return Ok(None) };
    let samples = frame.data.result.into_iter().filter_map(|it| {
        let labels = it.metric.as_object()?.iter();
        let labels = labels.filter_map(|(name, it)| Some((name.as_str(), it.as_str()?)));
        Some((Labels::new(labels).ok()?, it.value.1.parse().ok()?))
    });
    Ok(Some(samples.collect()))
}
