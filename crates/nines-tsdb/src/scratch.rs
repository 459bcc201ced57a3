//! Samples while they are read: buffers that are used again and again.
//!
//! It must not know where the samples come from.

use nines_base::{HistogramSample, Sample};

use crate::chunk::{Decoder, Kind};
use crate::settle::settle;

/// Samples of both kinds, and what reading them needs; used again and again.
#[derive(Debug)]
pub(crate) struct Scratch {
    /// Reading stops soon after so many samples: they are refused anyway.
    pub(crate) limit: usize,
    pub(crate) samples: Vec<Sample>,
    pub(crate) histograms: Vec<HistogramSample>,
    pub(crate) decoder: Decoder,
    /// The last times of the chunks that were read last, of each kind.
    last_ms: [Option<i64>; 2],
    /// Whether a chunk began before the one before it ended.
    overlapping: bool,
}

impl Default for Scratch {
    fn default() -> Self {
        Self {
            limit: usize::MAX,
            samples: Vec::new(),
            histograms: Vec::new(),
            decoder: Decoder::default(),
            last_ms: [None; 2],
            overlapping: false,
        }
    }
}

impl Scratch {
    pub(crate) fn is_over_limit(&self) -> bool {
        self.limit < self.samples.len() + self.histograms.len()
    }

    pub(crate) fn clear(&mut self) {
        self.samples.clear();
        self.histograms.clear();
        (self.last_ms, self.overlapping) = ([None; 2], false);
    }

    /// A chunk of this extent is read next; its times rise.
    pub(crate) fn note(&mut self, kind: Kind, first_ms: i64, last_ms: i64) {
        let [numbers, histograms] = &mut self.last_ms;
        let last = match kind {
            Kind::Numbers => numbers,
            Kind::Histograms => histograms,
        };
        self.overlapping |= last.is_some_and(|it| first_ms <= it);
        *last = Some(last_ms);
    }

    /// Brings what was read in the order of time; of equal times the last write stays.
    pub(crate) fn settle(&mut self) {
        if self.overlapping {
            settle(&mut self.samples);
            settle(&mut self.histograms);
        }
    }
}
