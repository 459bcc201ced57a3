use std::fs;
use std::sync::Arc;

use nines_base::{Labels, Sample};

use super::*;
use crate::dictionary::{Dictionary, Rank};
use crate::registry::Registry;
use crate::scratch::Scratch;

fn labels(number: i64) -> Labels {
    Labels::new([("__name__", "m".to_owned()), ("n", format!("häää{number}"))]).unwrap()
}

fn samples(number: i64) -> Vec<Sample> {
    (0..600).map(|it| Sample { at_ms: it * 10, value: (it * number) as f64 }).collect()
}

fn write(dir: &Path) -> PathBuf {
    let mut registry = Registry::default();
    let ids: Vec<u32> = (0..3).map(|it| registry.get_or_insert(&labels(it))).collect();
    let dictionary = Dictionary::new(
        (0..registry.pairs().slots_count())
            .filter_map(|it| registry.pairs().owned_texts(it))
            .collect(),
    );
    let mut writer = SegmentWriter::create(dir, 1, 0).unwrap();
    for (number, id) in (0..).zip(ids) {
        let ranks: Box<[Rank]> = dictionary.ranks(&registry.get(id).unwrap().pairs);
        writer.add(&ranks, &samples(number), &[]).unwrap();
    }
    assert_eq!(writer.finish(&dictionary).unwrap(), Some(1));
    numbered(dir, 1, SEGMENT)
}

fn read_block(
    segment: &Arc<Segment>,
    stored: &Stored,
    from_ms: i64,
    to_ms: i64,
) -> Result<Vec<Sample>, SegmentError> {
    let mut scratch = Scratch::default();
    BlockReader::default().read_all(segment, stored, from_ms, to_ms, &mut scratch)?;
    Ok(scratch.samples)
}

/// Everything that is in the segment, or the first thing that is wrong.
fn read_all(dir: &Path) -> Result<Vec<(Labels, Vec<Sample>)>, SegmentError> {
    let (segment, index) = Segment::open(dir, 1)?;
    let segment = Arc::new(segment);
    let pairs: Vec<(&str, &str)> = index.pairs().collect();
    let read = |(numbers, stored): (&[u32], Stored)| {
        let labels = Labels::new(numbers.iter().map(|it| pairs[*it as usize])).unwrap();
        Ok((labels, read_block(&segment, &stored, i64::MIN, i64::MAX)?))
    };
    index.series().map(read).collect()
}

#[test]
fn a_segment_gives_back_what_was_written() {
    let dir = tempfile::tempdir().unwrap();
    write(dir.path());
    let expected: Vec<_> = (0..3).map(|it| (labels(it), samples(it))).collect();
    assert_eq!(read_all(dir.path()).unwrap(), expected);
}

#[test]
fn a_part_of_a_block_can_be_read() {
    let dir = tempfile::tempdir().unwrap();
    write(dir.path());
    let (segment, index) = Segment::open(dir.path(), 1).unwrap();
    let segment = Arc::new(segment);
    let (_, stored) = index.series().nth(2).unwrap();
    for (from_ms, to_ms) in [(0, 0), (4_700, 4_900), (5_000, 9_000), (-5, 100), (7_000, 8_000)] {
        let out = read_block(&segment, &stored, from_ms, to_ms).unwrap();
        let expected = samples(2).into_iter().filter(|it| (from_ms..=to_ms).contains(&it.at_ms));
        assert_eq!(out, expected.collect::<Vec<_>>());
    }
}

#[test]
fn a_part_of_time_is_never_too_narrow() {
    let parts = |at_ms, first_ms, last_ms| {
        [Rounding::Down, Rounding::Up].map(|it| part_of(at_ms, first_ms, last_ms, it))
    };
    assert_eq!(parts(5, 5, 5), [0, 0]);
    assert_eq!(parts(i64::MIN, 0, 9), [0, 0]);
    assert_eq!(parts(i64::MAX, 0, 9), [u16::MAX, u16::MAX]);
    assert_eq!(parts(0, i64::MIN, i64::MAX), [32_767, 32_768]);
    assert_eq!(parts(1, 0, 1_000_000), [0, 1]);
}

#[test]
fn any_flipped_bit_and_any_cut_is_found() {
    let dir = tempfile::tempdir().unwrap();
    let path = write(dir.path());
    let whole = fs::read(&path).unwrap();
    for index in 0..whole.len() {
        let mut bytes = whole.clone();
        bytes[index] ^= 1 << (index % 8);
        fs::write(&path, &bytes).unwrap();
        assert!(read_all(dir.path()).is_err(), "byte {index}");
    }
    for length in (0..whole.len()).step_by(17) {
        fs::write(&path, &whole[..length]).unwrap();
        assert!(read_all(dir.path()).is_err(), "length {length}");
    }
}
