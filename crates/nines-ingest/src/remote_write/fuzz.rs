//! Any bytes must be answered, and what is understood must be the same after it has been written again.

use std::sync::Mutex;

use nines_base::{HistogramSample, Sample, SampleBatch};
use nines_port::{Appended, SampleSink, SinkError};

use super::{Version, WriteLimits, encode, encode_2, receive};

/// Keeps what it gets.
#[derive(Debug, Default)]
pub(crate) struct Memory {
    pub(crate) batches: Mutex<Vec<SampleBatch>>,
}

impl SampleSink for Memory {
    fn append(&self, batch: &[SampleBatch]) -> Result<Appended, SinkError> {
        let samples = batch.iter().map(|it| it.samples.len() + it.histograms.len()).sum::<usize>();
        self.batches.lock().expect("nobody panics with it").extend_from_slice(batch);
        Ok(Appended { samples: samples as u64, refused: Vec::new() })
    }
}

/// Reads anything as both versions.
///
/// # Panics
/// What was read breaks a rule, or does not come back the same after writing it: a bug.
pub fn fuzz(bytes: &[u8]) {
    let limits = WriteLimits { bytes_max: 1 << 20, ..WriteLimits::default() };
    // Most random bytes are no snappy block, so the message is tried without it too.
    let compressed = snap::raw::Encoder::new().compress_vec(bytes).unwrap_or_default();
    for version in [Version::One, Version::Two] {
        for body in [bytes, &compressed] {
            let read = read(body, version, &limits);
            for (body, version) in [(encode(&read), Version::One), (encode_2(&read), Version::Two)]
            {
                let again = self::read(&body, version, &WriteLimits::default());
                assert!(again.iter().map(|it| &it.labels).eq(read.iter().map(|it| &it.labels)));
                assert_eq!(bits(&again), bits(&read), "samples changed");
            }
        }
    }
}

/// What the store would get; nothing when the request is refused as a whole.
fn read(body: &[u8], version: Version, limits: &WriteLimits) -> Vec<SampleBatch> {
    let memory = Memory::default();
    let received = receive(body, version, limits, &memory);
    let batches = memory.batches.into_inner().expect("nobody panics with it");
    if let Ok(received) = received {
        let written = received.written.samples + received.written.histograms;
        let stored = batches.iter().map(|it| it.samples.len() + it.histograms.len()).sum::<usize>();
        assert_eq!(written, stored as u64, "what is stored is said to be");
    } else {
        assert!(batches.is_empty(), "a refused request leaves nothing behind");
    }
    batches
}

/// NaN is not equal to itself, and there are several.
fn bits(batches: &[SampleBatch]) -> Vec<String> {
    let sample = |it: &Sample| format!("{} {:x}", it.at_ms, it.value.to_bits());
    let histogram = |it: &HistogramSample| format!("{} {:?}", it.at_ms, it.histogram);
    let one = |it: &SampleBatch| {
        it.samples.iter().map(sample).chain(it.histograms.iter().map(histogram)).collect::<Vec<_>>()
    };
    batches.iter().flat_map(one).collect()
}
