//! `nines query`: one PromQL query at one instant.

use jiff::{SignedDuration, Timestamp};
use nines_base::parse_duration;
use nines_port::Clock;
use reqwest::Method;
use serde::Deserialize;
use serde_json::Value;

use crate::client::Client;
use crate::clock::SystemClock;
use crate::exit::{Exit, Failure};
use crate::output::{self, Format, OutputArgs, plain};

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The query, such as 'sum by (service) (http_requests_total)'
    #[arg(value_name = "PROMQL")]
    query: String,
    /// When: 2026-11-24T03:12:00Z, or -2h for two hours ago
    #[arg(long, allow_hyphen_values = true, value_name = "TIME")]
    at: Option<String>,
    /// Show how it is evaluated, what it reads, and how long it takes
    #[arg(long)]
    explain: bool,
    #[command(flatten)]
    output: OutputArgs,
}

/// The answer's frame, as Prometheus has it.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Frame {
    data: Option<Data>,
    error: Option<String>,
    error_type: Option<String>,
    #[serde(default)]
    warnings: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Data {
    result_type: String,
    result: Value,
    stats: Option<Value>,
}

pub(crate) fn run(args: &Args, client: &Client) -> anyhow::Result<Exit> {
    let time = args.at.as_deref().map(|it| instant(it, SystemClock.now())).transpose()?;
    let time = time.map(|it| it.to_string());
    let mut query = vec![("query", args.query.as_str())];
    query.extend(time.as_deref().map(|it| ("time", it)));
    if args.explain {
        query.push(("stats", "all"));
    }
    let answer = client.ask(Method::GET, "/api/v1/query", &query, None)?;
    let Ok(frame) = serde_json::from_str::<Frame>(&answer.text) else {
        return Err(client.refusal(&answer).into());
    };
    let Some(data) = frame.data else {
        let is_ours = matches!(frame.error_type.as_deref(), Some("bad_data"));
        let exit = if is_ours { Exit::Invalid } else { Exit::Unknown };
        let error = frame.error.unwrap_or_else(|| client.refusal(&answer).to_string());
        return Err(Failure::new(exit, error).into());
    };
    for warning in &frame.warnings {
        output::note(&format!("warning: {warning}"));
    }
    if args.explain && args.output.format() != Format::Json {
        output::print(&explanation(&data))?;
        return Ok(Exit::Yes);
    }
    match args.output.format() {
        Format::Json => output::print_json(&serde_json::from_str(&answer.text)?)?,
        Format::Plain => output::print(&plain(&rows(&data)))?,
        Format::Table => {
            let lines = rows(&data).into_iter().map(|it| it.join("  "));
            let lines: Vec<String> = lines.collect();
            if lines.is_empty() {
                output::note("no series");
            } else {
                output::print(&lines.join("\n"))?;
            }
        }
    }
    Ok(Exit::Yes)
}

/// The plan, then what each selector read, then the time.
fn explanation(data: &Data) -> String {
    let stats = data.stats.as_ref().unwrap_or(&Value::Null);
    let plan = stats["plan"].as_str().unwrap_or("the server does not tell its plan");
    let reads = stats["reads"].as_array().map(Vec::as_slice).unwrap_or_default();
    let reads = reads.iter().map(|it| {
        let count = |name: &str| it[name].as_u64().unwrap_or(0);
        let selector = it["selector"].as_str().unwrap_or("");
        format!("{selector}  {} series, {} samples", count("series"), count("samples"))
    });
    let milliseconds = |name: &str| stats["timings"][name].as_f64().unwrap_or(0.0) * 1_000.0;
    let series = data.result.as_array().map_or(1, Vec::len);
    let time = format!(
        "{series} in the result, {:.1} ms waiting, {:.1} ms evaluating",
        milliseconds("execQueueTime"),
        milliseconds("innerEvalTime"),
    );
    let lines = [plan.trim_end().to_owned()].into_iter().chain(reads).chain([time]);
    lines.collect::<Vec<_>>().join("\n")
}

/// Reads an instant, or a time before now.
fn instant(text: &str, now: Timestamp) -> Result<Timestamp, Failure> {
    let ago = text.strip_prefix('-').map(parse_duration);
    let parsed = match ago {
        Some(Ok(ago)) => now.checked_sub(ago).ok(),
        Some(Err(_)) => None,
        None if text == "now" => now.checked_sub(SignedDuration::ZERO).ok(),
        None => text.parse().ok(),
    };
    parsed.ok_or_else(|| {
        Failure::usage(format!("`{text}` is no time; write 2026-11-24T03:12:00Z or -2h"))
    })
}

/// Labels and value; of ranges every sample with its time.
fn rows(data: &Data) -> Vec<Vec<String>> {
    if data.result_type == "scalar" || data.result_type == "string" {
        return vec![vec![value_of(&data.result)]];
    }
    let series = data.result.as_array().map(Vec::as_slice).unwrap_or_default();
    let mut rows = Vec::new();
    for it in series {
        let labels = labels_of(it.get("metric").unwrap_or(&Value::Null));
        if let Some(value) = it.get("value") {
            rows.push(vec![labels.clone(), value_of(value)]);
        }
        for sample in
            it.get("values").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
        {
            let at = sample.get(0).map(ToString::to_string).unwrap_or_default();
            rows.push(vec![labels.clone(), at, value_of(sample)]);
        }
    }
    rows
}

fn value_of(sample: &Value) -> String {
    sample.get(1).and_then(Value::as_str).unwrap_or("").to_owned()
}

/// `name{label="value"}`.
fn labels_of(metric: &Value) -> String {
    let pairs = metric.as_object().map(|it| it.iter().collect::<Vec<_>>()).unwrap_or_default();
    let name = metric.get("__name__").and_then(Value::as_str).unwrap_or("");
    let others = pairs.iter().filter(|(name, _)| name.as_str() != "__name__");
    let others: Vec<String> = others.map(|(name, value)| format!("{name}={value}")).collect();
    format!("{name}{{{}}}", others.join(","))
}

#[cfg(test)]
mod tests;
