//! The results of queries as JSON, written value by value.

use nines_base::{Histogram, Sample};
use nines_promql::{Answer, SeriesSamples, Value, VectorSample};

use serde_json::json;

use super::answer::CUT;
use super::stream::{Out, Stop};
use super::{histogram, json};

/// What a query cost, for clients that ask with `stats`. Times are in seconds.
#[derive(Debug, Clone)]
pub(super) struct Cost {
    pub(super) queued: f64,
    pub(super) evaluated: f64,
    /// How it was evaluated, as lines.
    pub(super) plan: String,
}

/// The whole answer, frame included; at most `limit` series of it.
pub(super) fn write(
    out: &mut Out,
    answer: &Answer,
    limit: usize,
    cost: Option<&Cost>,
) -> Result<(), Stop> {
    let (kind, series) = match &answer.value {
        Value::Scalar(_) => ("scalar", 0),
        Value::String { .. } => ("string", 0),
        Value::Vector(vector) => ("vector", vector.len()),
        Value::Matrix(matrix) => ("matrix", matrix.len()),
    };
    let bytes = out.bytes();
    bytes.extend_from_slice(br#"{"status":"success","data":{"resultType":""#);
    bytes.extend_from_slice(kind.as_bytes());
    bytes.extend_from_slice(br#"","result":"#);
    match &answer.value {
        Value::Scalar(sample) => point(bytes, sample),
        Value::String { at_ms, value } => {
            bytes.push(b'[');
            json::seconds(bytes, *at_ms);
            bytes.push(b',');
            json::text(bytes, value);
            bytes.push(b']');
        }
        Value::Vector(vector) => points(out, first(vector, limit), element)?,
        Value::Matrix(matrix) => list(out, first(matrix, limit).iter(), row)?,
    }
    if let Some(cost) = cost {
        stats(out.bytes(), answer, cost);
    }
    out.bytes().push(b'}');
    let cut = (limit < series).then_some(CUT);
    notes(out.bytes(), "warnings", answer.warnings.iter().map(String::as_str).chain(cut));
    notes(out.bytes(), "infos", answer.infos.iter().map(String::as_str));
    out.bytes().push(b'}');
    Ok(())
}

/// A whole answer whose data is a list; of more than `limit` items only the first.
pub(super) fn write_list<T>(
    out: &mut Out,
    items: &[T],
    limit: usize,
    write: impl Fn(&mut Vec<u8>, &T),
) -> Result<(), Stop> {
    out.bytes().extend_from_slice(br#"{"status":"success","data":"#);
    points(out, first(items, limit), write)?;
    let cut = (limit < items.len()).then_some(CUT);
    notes(out.bytes(), "warnings", cut.into_iter());
    out.bytes().push(b'}');
    Ok(())
}

fn first<T>(items: &[T], limit: usize) -> &[T] {
    items.get(..limit).unwrap_or(items)
}

/// The items with commas between them; `write` writes one.
fn list<T>(
    out: &mut Out,
    items: impl Iterator<Item = T>,
    mut write: impl FnMut(&mut Out, T) -> Result<(), Stop>,
) -> Result<(), Stop> {
    out.bytes().push(b'[');
    for (index, it) in items.enumerate() {
        if 0 < index {
            out.bytes().push(b',');
        }
        write(out, it)?;
        out.breathe()?;
    }
    out.bytes().push(b']');
    Ok(())
}

/// As [`list`], for items that are small.
fn points<T>(out: &mut Out, items: &[T], write: impl Fn(&mut Vec<u8>, &T)) -> Result<(), Stop> {
    list(out, items.iter(), |out, it| {
        write(out.bytes(), it);
        Ok(())
    })
}

fn element(bytes: &mut Vec<u8>, it: &VectorSample) {
    bytes.extend_from_slice(br#"{"metric":"#);
    json::labels(bytes, &it.labels);
    if let Some(histogram) = &it.histogram {
        bytes.extend_from_slice(br#","histogram":"#);
        histogram_point(bytes, it.at_ms, histogram);
    } else {
        bytes.extend_from_slice(br#","value":"#);
        point(bytes, &Sample { at_ms: it.at_ms, value: it.value });
    }
    bytes.push(b'}');
}

fn row(out: &mut Out, it: &SeriesSamples) -> Result<(), Stop> {
    out.bytes().extend_from_slice(br#"{"metric":"#);
    json::labels(out.bytes(), &it.labels);
    if !it.samples.is_empty() {
        out.bytes().extend_from_slice(br#","values":"#);
        points(out, &it.samples, point)?;
    }
    if !it.histograms.is_empty() {
        out.bytes().extend_from_slice(br#","histograms":"#);
        points(out, &it.histograms, |bytes, it| histogram_point(bytes, it.at_ms, &it.histogram))?;
    }
    out.bytes().push(b'}');
    Ok(())
}

/// Time as a number, value as a text: JSON has no NaN.
fn point(bytes: &mut Vec<u8>, sample: &Sample) {
    bytes.push(b'[');
    json::seconds(bytes, sample.at_ms);
    bytes.extend_from_slice(br#",""#);
    json::number(bytes, sample.value);
    bytes.extend_from_slice(br#""]"#);
}

fn histogram_point(bytes: &mut Vec<u8>, at_ms: i64, value: &Histogram) {
    bytes.push(b'[');
    json::seconds(bytes, at_ms);
    bytes.push(b',');
    histogram::write(bytes, value);
    bytes.push(b']');
}

/// Where one of our figures has no counterpart, it is what is nearest: nothing is sorted apart from evaluating.
fn stats(bytes: &mut Vec<u8>, answer: &Answer, cost: &Cost) {
    let Cost { queued, evaluated, plan } = cost;
    let reads = answer.reads.iter().map(|it| {
        json!({
            "selector": it.selector,
            "series": it.series,
            "samples": it.samples,
            "histograms": it.histograms,
        })
    });
    let reads: Vec<_> = reads.collect();
    let stats = json!({
        "timings": {
            "evalTotalTime": evaluated,
            "resultSortTime": 0.0,
            "queryPreparationTime": 0.0,
            "innerEvalTime": evaluated,
            "execQueueTime": queued,
            "execTotalTime": queued + evaluated,
        },
        "samples": {
            "totalQueryableSamples": answer.samples_read,
            "peakSamples": answer.samples_read,
        },
        "plan": plan,
        "reads": reads,
    });
    bytes.extend_from_slice(br#","stats":"#);
    bytes.extend_from_slice(stats.to_string().as_bytes());
}

fn notes<'a>(bytes: &mut Vec<u8>, name: &str, notes: impl Iterator<Item = &'a str>) {
    let mut notes = notes.peekable();
    if notes.peek().is_none() {
        return;
    }
    bytes.push(b',');
    json::text(bytes, name);
    bytes.extend_from_slice(b":[");
    for (index, note) in notes.enumerate() {
        if 0 < index {
            bytes.push(b',');
        }
        json::text(bytes, note);
    }
    bytes.push(b']');
}
