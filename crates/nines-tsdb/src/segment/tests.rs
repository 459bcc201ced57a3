use std::fs;

use super::*;

fn labels(number: i64) -> Labels {
    Labels::new([("__name__", "m".to_owned()), ("n", number.to_string())]).unwrap()
}

fn samples(number: i64) -> Vec<Sample> {
    (0..600).map(|it| Sample { at_ms: it * 10, value: (it * number) as f64 }).collect()
}

fn write(dir: &Path) -> PathBuf {
    let mut writer = SegmentWriter::create(dir, 1).unwrap();
    for number in 0..3 {
        writer.add(&labels(number), &samples(number)).unwrap();
    }
    writer.finish().unwrap();
    numbered(dir, 1, SEGMENT)
}

/// Everything that is in the segment, or the first thing that is wrong.
fn read_all(dir: &Path) -> Result<Vec<(Labels, Vec<Sample>)>, SegmentError> {
    let (segment, series) = Segment::open(dir, 1)?;
    let read = |(labels, block): &(Labels, BlockRef)| {
        let mut out = Vec::new();
        segment.read(block, i64::MIN, i64::MAX, &mut out)?;
        Ok((labels.clone(), out))
    };
    series.iter().map(read).collect()
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
    let (segment, series) = Segment::open(dir.path(), 1).unwrap();
    for (from_ms, to_ms) in [(0, 0), (4_700, 4_900), (5_000, 9_000), (-5, 100), (7_000, 8_000)] {
        let mut out = Vec::new();
        segment.read(&series[2].1, from_ms, to_ms, &mut out).unwrap();
        let expected = samples(2).into_iter().filter(|it| (from_ms..=to_ms).contains(&it.at_ms));
        assert_eq!(out, expected.collect::<Vec<_>>());
    }
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
