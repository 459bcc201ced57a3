//! Writes requests: for tests, and for whoever sends samples on.

use std::collections::BTreeMap;

use nines_base::{Sample, SampleBatch};

use crate::histogram;
use crate::wire::Writer;

/// Writes the body of one request of version 1.0.
///
/// # Panics
/// The message is longer than 4 GiB.
pub fn encode(batches: &[SampleBatch]) -> Vec<u8> {
    let mut request = Writer::default();
    for batch in batches {
        request.message(1, |series| {
            for (name, value) in batch.labels.iter() {
                series.message(1, |it| {
                    it.text(1, name);
                    it.text(2, value);
                });
            }
            batch.samples.iter().for_each(|it| sample(series, 2, it));
            for it in &batch.histograms {
                series.message(4, |message| histogram::write(message, it));
            }
        });
    }
    compress(&request.into_bytes())
}

/// Writes the body of one request of version 2.0.
///
/// # Panics
/// The message is longer than 4 GiB, or has more than 2³² different texts.
pub fn encode_2(batches: &[SampleBatch]) -> Vec<u8> {
    let mut symbols: Vec<&str> = vec![""];
    let mut places = BTreeMap::from([("", 0)]);
    let mut request = Writer::default();
    for batch in batches {
        let texts = batch.labels.iter().flat_map(|(name, value)| [name, value]);
        let references: Vec<u64> = texts
            .map(|text| {
                *places.entry(text).or_insert_with(|| {
                    symbols.push(text);
                    symbols.len() as u64 - 1
                })
            })
            .collect();
        request.message(5, |series| {
            series.packed_uints(1, references);
            batch.samples.iter().for_each(|it| sample(series, 2, it));
            for it in &batch.histograms {
                series.message(3, |message| histogram::write(message, it));
            }
        });
    }
    let mut message = Writer::default();
    for it in &symbols {
        message.item(4, it.as_bytes());
    }
    let mut bytes = message.into_bytes();
    bytes.extend(request.into_bytes());
    compress(&bytes)
}

fn sample(series: &mut Writer, number: u32, sample: &Sample) {
    series.message(number, |it| {
        it.double(1, sample.value);
        it.int(2, sample.at_ms);
    });
}

fn compress(message: &[u8]) -> Vec<u8> {
    snap::raw::Encoder::new().compress_vec(message).expect("far below 4 GiB, snappy's only limit")
}
