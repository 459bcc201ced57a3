//! The series of one target: which labels belong to which bytes, and which series have ended.
//!
//! Scrape after scrape a target sends the same lines in the same order. So the labels of a line are built once and
//! found again by comparing its bytes with those at the same place in the last scrape; only a line that is not
//! where it was is looked up.

use std::collections::BTreeMap;
use std::sync::Arc;

use nines_base::{Labels, Sample, SampleBatch, stale_marker};

use crate::text::{
    Format, ParseError, SampleLine, SampleLines, TextLimits, series_labels, split_series,
    value_and_time,
};

/// Ended series are forgotten when there are more of them than of the others and this.
const ENDED_MAX: usize = 1_000;

/// How a body is read.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reading {
    pub(super) format: Format,
    pub(super) limits: TextLimits,
    pub(super) honor_timestamps: bool,
    /// The time of samples that bring none.
    pub(super) at_ms: i64,
}

/// What a body held.
#[derive(Debug, Default)]
pub(super) struct Read {
    pub(super) batches: Vec<SampleBatch>,
    /// Samples in the body.
    pub(super) scraped: usize,
    /// Series that the scrape before did not have.
    pub(super) added: usize,
}

/// The memory of one target's series.
#[derive(Debug, Default)]
pub(super) struct SeriesMemory {
    series: Vec<Series>,
    /// Which of `series` a spelling means; several spellings may mean the same one.
    spellings: BTreeMap<Arc<str>, usize>,
    by_labels: BTreeMap<Labels, usize>,
    /// Counts readings from 1.
    reading: u64,
}

#[derive(Debug)]
struct Series {
    /// The spelling that was read last.
    text: Arc<str>,
    /// As stored, with the labels of the target.
    labels: Labels,
    /// The last reading that had it; 0 is none.
    seen: u64,
    /// Whether that reading had it without a time of its own: such a series ends when it is missing.
    timeless: bool,
    /// Whether the store has an open series: to end with a marker.
    open: bool,
}

impl SeriesMemory {
    /// Reads a body. Nothing of it counts until [`Self::settle`].
    ///
    /// `attach` makes the labels that are stored from those that the target sent.
    pub(super) fn read(
        &mut self,
        body: &str,
        how: Reading,
        attach: impl Fn(&Labels) -> Labels,
    ) -> Result<Read, ParseError> {
        self.reading += 1;
        let mut read = Read::default();
        read.batches.reserve(self.series.len());
        let mut cursor = 0;
        for line in SampleLines::new(body, how.format, how.limits) {
            let line = line?;
            let (index, rest) =
                self.find(line, cursor, how, &attach).map_err(|it| line.error(it))?;
            cursor = index + 1;
            read.scraped += 1;
            let (value, own_ms) = value_and_time(rest, how.format).map_err(|it| line.error(it))?;
            let own_ms = own_ms.filter(|_| how.honor_timestamps);
            let Some(series) = self.series.get_mut(index) else { continue };
            if series.seen == self.reading && own_ms.is_none() {
                continue; // the same series twice in one body: the first counts
            }
            read.added += usize::from(series.seen + 1 < self.reading || series.seen == 0);
            series.seen = self.reading;
            series.timeless = own_ms.is_none();
            let sample = Sample { at_ms: own_ms.unwrap_or(how.at_ms), value };
            read.batches.push(SampleBatch {
                labels: series.labels.clone(),
                samples: vec![sample],
                histograms: Vec::new(),
            });
        }
        Ok(read)
    }

    /// Takes over what was read last; ends the series that were not in it.
    pub(super) fn settle(&mut self, at_ms: i64) -> Vec<SampleBatch> {
        let mut ended = Vec::new();
        for series in &mut self.series {
            let is_there = series.seen == self.reading;
            if series.open && !is_there {
                ended.push(end(&series.labels, at_ms));
            }
            series.open = is_there && series.timeless;
        }
        self.forget_ended();
        ended
    }

    /// Ends every open series.
    pub(super) fn end_all(&mut self, at_ms: i64) -> Vec<SampleBatch> {
        let open = self.series.iter_mut().filter(|it| it.open);
        open.map(|it| {
            it.open = false;
            end(&it.labels, at_ms)
        })
        .collect()
    }

    /// The place of the line's series, and the line behind it.
    fn find<'a>(
        &mut self,
        line: SampleLine<'a>,
        cursor: usize,
        how: Reading,
        attach: &impl Fn(&Labels) -> Labels,
    ) -> Result<(usize, &'a str), String> {
        if let Some(expected) = self.series.get(cursor)
            && let Some(rest) = line.text.strip_prefix(&*expected.text)
            && is_whole_series(&expected.text, rest)
        {
            return Ok((cursor, rest));
        }
        let (text, rest) = split_series(line.text)?;
        let index = match self.spellings.get(text) {
            Some(index) => *index,
            None => {
                let labels = attach(&series_labels(text, how.limits.labels_max)?);
                self.remember(text, labels)
            }
        };
        Ok((index, rest))
    }

    fn remember(&mut self, text: &str, labels: Labels) -> usize {
        let text: Arc<str> = Arc::from(text);
        let index = *self.by_labels.entry(labels.clone()).or_insert(self.series.len());
        match self.series.get_mut(index) {
            Some(series) => series.text = Arc::clone(&text),
            None => self.series.push(Series {
                text: Arc::clone(&text),
                labels,
                seen: 0,
                timeless: false,
                open: false,
            }),
        }
        self.spellings.insert(text, index);
        index
    }

    /// Bounds the memory of targets whose series come and go.
    fn forget_ended(&mut self) {
        let is_there = |it: &Series| it.seen == self.reading;
        let there = self.series.iter().filter(|it| is_there(it)).count();
        let spellings_max = 2 * there + ENDED_MAX;
        if self.series.len() <= spellings_max && self.spellings.len() <= spellings_max {
            return;
        }
        let reading = self.reading;
        self.series.retain(|it| it.seen == reading);
        let places = || self.series.iter().enumerate();
        self.spellings = places().map(|(index, it)| (Arc::clone(&it.text), index)).collect();
        self.by_labels = places().map(|(index, it)| (it.labels.clone(), index)).collect();
    }
}

/// Whether a line that begins with the bytes of a series goes on with a value, not with labels or more name.
fn is_whole_series(text: &str, rest: &str) -> bool {
    let tail = rest.trim_start_matches([' ', '\t']);
    tail.len() < rest.len() && (text.ends_with('}') || !tail.starts_with('{'))
}

fn end(labels: &Labels, at_ms: i64) -> SampleBatch {
    SampleBatch {
        labels: labels.clone(),
        samples: vec![Sample { at_ms, value: stale_marker() }],
        histograms: Vec::new(),
    }
}

#[cfg(test)]
mod tests;
