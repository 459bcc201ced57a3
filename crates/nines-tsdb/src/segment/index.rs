//! The index of a segment: every text once, and per series its labels and where its block is.
//!
//! The base time; the first and the last time; the names of labels, each with its values in order and each value as
//! how many bytes it shares with the one before and the rest. Pairs of name and value are numbered as they come. Then
//! the series in the order of their labels: how many pairs it shares with the one before, how many others, their
//! numbers, how large its block is, and what part of the segment's time it spans. This module must not know chunks.

use super::{ALIGNMENT, MAGIC, Stored, WHOLE_SPAN};
use crate::Damage;
use crate::wire::{Reader, put_signed, put_text, put_varint};

/// Labels of one series; more is damage.
const PAIRS_MAX: usize = 1 << 16;

/// What an index says.
#[derive(Debug)]
pub(crate) struct Index {
    pub(crate) base_ms: i64,
    pub(crate) first_ms: i64,
    pub(crate) last_ms: i64,
    names: Vec<String>,
    /// The number of the name, and the value.
    pairs: Vec<(u32, String)>,
    series: Vec<Indexed>,
    series_pairs: Vec<u32>,
}

#[derive(Debug)]
struct Indexed {
    pairs_end: usize,
    stored: Stored,
}

impl Index {
    /// Names and values by number.
    pub(crate) fn pairs(&self) -> impl Iterator<Item = (&str, &str)> {
        let name = |it: &u32| self.names.get(*it as usize).map_or("", String::as_str);
        self.pairs.iter().map(move |(it, value)| (name(it), value.as_str()))
    }

    /// The numbers of its pairs, and its block, for each series.
    pub(crate) fn series(&self) -> impl Iterator<Item = (&[u32], Stored)> {
        let mut start = 0;
        self.series.iter().map(move |it| {
            let pairs = self.series_pairs.get(start..it.pairs_end).unwrap_or_default();
            start = it.pairs_end;
            (pairs, it.stored)
        })
    }

    pub(super) fn parse(bytes: &[u8], segment: u32, blocks_end: u64) -> Result<Self, Damage> {
        let mut reader = Reader::new(bytes);
        let base_ms = reader.signed()?;
        let first_ms = reader.signed()?;
        let last_ms = first_ms.wrapping_add_unsigned(reader.varint()?);
        if last_ms < first_ms {
            return Err(Damage("it ends before it begins"));
        }
        let mut it = Self {
            base_ms,
            first_ms,
            last_ms,
            names: Vec::new(),
            pairs: Vec::new(),
            series: Vec::new(),
            series_pairs: Vec::new(),
        };
        it.parse_texts(&mut reader)?;
        let mut offset = MAGIC.len() as u64;
        for _ in 0..reader.count(5)? {
            it.parse_pairs(&mut reader)?;
            let units = reader.varint()?;
            let first = part(reader.varint()?)?;
            let last = WHOLE_SPAN - part(reader.varint()?)?;
            let size = units.checked_mul(ALIGNMENT).filter(|it| *it <= blocks_end);
            let end = offset + size.ok_or(Damage("a block is too large"))?;
            let unit = u32::try_from(offset / ALIGNMENT);
            let (Ok(unit), true) = (unit, end <= blocks_end) else {
                return Err(Damage("a block lies outside of its file"));
            };
            let stored = Stored { segment, offset: unit, first, last };
            it.series.push(Indexed { pairs_end: it.series_pairs.len(), stored });
            offset = end;
        }
        Ok(it)
    }

    fn parse_texts(&mut self, reader: &mut Reader<'_>) -> Result<(), Damage> {
        for number in 0..reader.count(2)? {
            let name = reader.text()?;
            if name.is_empty() || self.names.last().is_some_and(|it| name <= it.as_str()) {
                return Err(Damage("names are not in order"));
            }
            self.names.push(name.to_owned());
            let number = u32::try_from(number).map_err(|_| Damage("there are too many names"))?;
            let mut last = String::new();
            for _ in 0..reader.count(2)? {
                let shared = usize::try_from(reader.varint()?).unwrap_or(usize::MAX);
                let start = last.get(..shared).ok_or(Damage("a value shares too much"))?;
                let value = format!("{start}{}", reader.text()?);
                if value <= last {
                    return Err(Damage("values are not in order"));
                }
                last.clone_from(&value);
                self.pairs.push((number, value));
            }
        }
        Ok(())
    }

    fn parse_pairs(&mut self, reader: &mut Reader<'_>) -> Result<(), Damage> {
        let before = self.series.len().checked_sub(2).and_then(|it| self.series.get(it));
        let before = before.map_or(0, |it| it.pairs_end);
        let end = self.series_pairs.len();
        let shared = usize::try_from(reader.varint()?).unwrap_or(usize::MAX);
        let rest = reader.count(1)?;
        if end - before < shared || PAIRS_MAX < shared + rest {
            return Err(Damage("a series shares too much"));
        }
        self.series_pairs.extend_from_within(before..before + shared);
        for _ in 0..rest {
            let pair = u32::try_from(reader.varint()?).unwrap_or(u32::MAX);
            self.series_pairs.push(pair);
        }
        let name = |it: &u32| self.pairs.get(*it as usize).map(|it| it.0);
        let names = self.series_pairs.get(end..).unwrap_or_default().iter().map(name);
        let names: Option<Vec<u32>> = names.collect();
        match names {
            Some(names) if names.is_sorted_by(|a, b| a < b) => Ok(()),
            _ => Err(Damage("a label set is invalid")),
        }
    }
}

fn part(value: u64) -> Result<u16, Damage> {
    u16::try_from(value).map_err(|_| Damage("a part of time is too large"))
}

/// Writes an index.
#[derive(Debug, Default)]
pub(super) struct IndexWriter {
    bytes: Vec<u8>,
    last: Vec<u32>,
}

impl IndexWriter {
    pub(super) fn new(base_ms: i64, first_ms: i64, last_ms: i64) -> Self {
        let mut it = Self::default();
        put_signed(&mut it.bytes, base_ms);
        put_signed(&mut it.bytes, first_ms);
        put_varint(&mut it.bytes, last_ms.wrapping_sub(first_ms).cast_unsigned());
        it
    }

    /// All pairs in order.
    pub(super) fn texts(&mut self, pairs: &[(&str, &str)], series_count: u64) {
        let names = pairs.chunk_by(|a, b| a.0 == b.0);
        put_varint(&mut self.bytes, names.clone().count() as u64);
        for values in names {
            put_text(&mut self.bytes, values.first().map_or("", |it| it.0));
            put_varint(&mut self.bytes, values.len() as u64);
            let mut last = "";
            for (_, value) in values {
                let shared = shared_bytes(last, value);
                put_varint(&mut self.bytes, shared as u64);
                put_text(&mut self.bytes, value.get(shared..).unwrap_or_default());
                last = value;
            }
        }
        put_varint(&mut self.bytes, series_count);
    }

    /// `units` is the size of the block; `first` and `last` are parts of the segment's time.
    pub(super) fn series(&mut self, pairs: &[u32], units: u64, first: u16, last: u16) {
        let shared = self.last.iter().zip(pairs).take_while(|(a, b)| a == b).count();
        let rest = pairs.get(shared..).unwrap_or_default();
        put_varint(&mut self.bytes, shared as u64);
        put_varint(&mut self.bytes, rest.len() as u64);
        for pair in rest {
            put_varint(&mut self.bytes, u64::from(*pair));
        }
        put_varint(&mut self.bytes, units);
        put_varint(&mut self.bytes, u64::from(first));
        put_varint(&mut self.bytes, u64::from(WHOLE_SPAN - last));
        self.last.clear();
        self.last.extend_from_slice(pairs);
    }

    pub(super) fn finish(self) -> Vec<u8> {
        self.bytes
    }
}

/// Up to the border of a character.
fn shared_bytes(a: &str, b: &str) -> usize {
    let same = a.bytes().zip(b.bytes()).take_while(|(a, b)| a == b).count();
    (0..=same).rev().find(|it| b.is_char_boundary(*it) && a.is_char_boundary(*it)).unwrap_or(0)
}
