//! Native histograms in the notation of tests: `{{schema:0 sum:5 count:4 buckets:[1 2 1]}}`.

use std::collections::BTreeMap;

use nines_base::{BucketSpan, CUSTOM_SCHEMA, CounterReset, Histogram};

use super::points::number;

/// The most buckets of one side.
const BUCKETS_MAX: usize = 10_000;

/// What is between the braces.
pub(super) fn read(text: &str) -> Result<Histogram, String> {
    let mut histogram = Histogram { sum: 0.0, ..Histogram::stale() };
    let (mut offset, mut negative_offset) = (0, 0);
    for (key, value) in fields(text)? {
        let float = || number(value).ok_or_else(|| format!("`{key}:{value}` has no number"));
        let integer =
            || value.parse::<i32>().map_err(|_| format!("`{key}:{value}` has no whole number"));
        match key {
            "schema" => histogram.schema = integer()?,
            "sum" => histogram.sum = float()?,
            "count" => histogram.count = float()?,
            "z_bucket" => histogram.zero_count = float()?,
            "z_bucket_w" => histogram.zero_threshold = float()?,
            "offset" => offset = integer()?,
            "n_offset" => negative_offset = integer()?,
            "buckets" => histogram.positive_buckets = list(key, value)?,
            "n_buckets" => histogram.negative_buckets = list(key, value)?,
            "custom_values" => histogram.custom_values = list(key, value)?,
            "counter_reset_hint" => {
                histogram.counter_reset = match value {
                    "unknown" => CounterReset::Unknown,
                    "reset" => CounterReset::Reset,
                    "not_reset" => CounterReset::NotReset,
                    "gauge" => CounterReset::Gauge,
                    other => return Err(format!("`{other}` is no counter reset hint")),
                }
            }
            other => return Err(format!("`{other}` is no part of a histogram")),
        }
    }
    if !(-4..=8).contains(&histogram.schema) && histogram.schema != CUSTOM_SCHEMA {
        return Err(format!("the schema lies between -4 and 8, or is {CUSTOM_SCHEMA}"));
    }
    histogram.positive_spans = span(offset, histogram.positive_buckets.len());
    histogram.negative_spans = span(negative_offset, histogram.negative_buckets.len());
    Ok(histogram)
}

fn span(offset: i32, buckets: usize) -> Vec<BucketSpan> {
    let length = u32::try_from(buckets).unwrap_or(u32::MAX);
    if length == 0 { Vec::new() } else { vec![BucketSpan { offset, length }] }
}

/// `key:value` pairs; a list may hold white space.
fn fields(text: &str) -> Result<Vec<(&str, &str)>, String> {
    let (mut found, mut rest) = (Vec::new(), text.trim());
    while !rest.is_empty() {
        let (key, after) = rest.split_once(':').ok_or_else(|| format!("`{rest}` has no `:`"))?;
        let end = if after.starts_with('[') {
            after.find(']').map(|it| it + 1).ok_or("a list has no `]`")?
        } else {
            after.find(char::is_whitespace).unwrap_or(after.len())
        };
        let (value, after) = after.split_at(end);
        found.push((key.trim(), value));
        rest = after.trim_start();
    }
    Ok(found)
}

fn list(key: &str, text: &str) -> Result<Vec<f64>, String> {
    let wrong = || format!("`{key}` is a list of numbers such as `[1 2]`");
    let inside = text.strip_prefix('[').and_then(|it| it.strip_suffix(']')).ok_or_else(wrong)?;
    let numbers: Option<Vec<f64>> = inside.split_whitespace().map(number).collect();
    numbers.filter(|it| it.len() <= BUCKETS_MAX).ok_or_else(wrong)
}

/// `one + sign × two`; both with the same schema, as a constant step has.
pub(super) fn added(one: &Histogram, two: &Histogram, sign: f64) -> Result<Histogram, String> {
    if one.schema != two.schema || one.custom_values != two.custom_values {
        return Err("only histograms of the same schema can be added here".to_owned());
    }
    let (positive_spans, positive_buckets) = buckets(
        (&one.positive_spans, &one.positive_buckets),
        (&two.positive_spans, &two.positive_buckets),
        sign,
    )?;
    let (negative_spans, negative_buckets) = buckets(
        (&one.negative_spans, &one.negative_buckets),
        (&two.negative_spans, &two.negative_buckets),
        sign,
    )?;
    Ok(Histogram {
        zero_count: one.zero_count + sign * two.zero_count,
        count: one.count + sign * two.count,
        sum: one.sum + sign * two.sum,
        positive_spans,
        positive_buckets,
        negative_spans,
        negative_buckets,
        ..one.clone()
    })
}

type Side<'a> = (&'a [BucketSpan], &'a [f64]);

fn buckets(one: Side<'_>, two: Side<'_>, sign: f64) -> Result<(Vec<BucketSpan>, Vec<f64>), String> {
    let mut counts: BTreeMap<i32, f64> = indexed(one).collect();
    for (index, count) in indexed(two) {
        *counts.entry(index).or_default() += sign * count;
    }
    let (Some((first, _)), Some((last, _))) = (counts.first_key_value(), counts.last_key_value())
    else {
        return Ok((Vec::new(), Vec::new()));
    };
    let (first, last) = (*first, *last);
    let length = usize::try_from(i64::from(last) - i64::from(first) + 1).unwrap_or(usize::MAX);
    if BUCKETS_MAX < length {
        return Err(format!("a histogram here has at most {BUCKETS_MAX} buckets"));
    }
    let counts = (first..=last).map(|it| counts.get(&it).copied().unwrap_or(0.0)).collect();
    Ok((span(first, length), counts))
}

/// Buckets with their indexes.
fn indexed((spans, counts): Side<'_>) -> impl Iterator<Item = (i32, f64)> + '_ {
    let mut next = 0_i32;
    let indexes = spans.iter().flat_map(move |it| {
        let start = next.saturating_add(it.offset);
        let end = start.saturating_add(i32::try_from(it.length).unwrap_or(i32::MAX));
        next = end;
        start..end
    });
    indexes.zip(counts.iter().copied())
}
