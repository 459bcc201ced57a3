//! Any bytes must be answered, and what is stored must keep the rules.

use crate::remote_write::Memory;

use super::{Encoding, OtlpReceiver};

/// Reads anything in both forms, twice: deltas meet themselves.
///
/// # Panics
/// What was stored breaks a rule: a bug.
pub fn fuzz(bytes: &[u8]) {
    let receiver = OtlpReceiver::default();
    for encoding in [Encoding::Protobuf, Encoding::Json, Encoding::Protobuf, Encoding::Json] {
        let memory = Memory::default();
        let received = receiver.receive(bytes, encoding, &memory);
        let batches = memory.batches.into_inner().expect("nobody panics with it");
        for batch in &batches {
            assert!(batch.labels.metric_name().is_some(), "a series without a name");
            for it in &batch.histograms {
                assert_eq!(crate::histogram::check(&it.histogram), Ok(()), "a broken histogram");
            }
        }
        match received {
            Ok(it) => drop(super::answer(&it, encoding)),
            Err(error) => {
                assert!(batches.is_empty(), "a refused request leaves nothing behind");
                drop(super::status(3, &error.to_string(), encoding));
            }
        }
    }
}
