use std::fs;

use nines_base::Sample;

use super::scan::Scanned;
use super::*;
use crate::Finding;

/// A file with records of one sample each, and the ends of the records.
fn small_log(dir: &Path) -> (PathBuf, Vec<usize>) {
    let mut wal = Wal::open(dir, 1, 0, 1000).unwrap();
    let mut writer = RecordWriter::default();
    let mut ends = vec![0];
    for number in 0..4_u64 {
        let text = number.to_string();
        writer.define(number, [("n", text.as_str())].into_iter());
        writer.add(number, Sample { at_ms: 0, value: number as f64 });
        wal.write(writer.finish()).unwrap();
        ends.push(usize::try_from(wal.bytes()).unwrap());
    }
    (numbered(dir, 1, LOG), ends)
}

fn scan_counting(path: &Path) -> (usize, Scanned) {
    let mut records = 0;
    let scanned = scan(path, &mut |_| records += 1).unwrap();
    (records, scanned)
}

#[test]
fn a_tail_torn_at_any_byte_is_cut_after_the_last_whole_record() {
    let dir = tempfile::tempdir().unwrap();
    let (path, ends) = small_log(dir.path());
    let whole = fs::read(&path).unwrap();
    for length in 0..=whole.len() {
        fs::write(&path, &whole[..length]).unwrap();
        let (found, scanned) = scan_counting(&path);
        let records = ends.iter().filter(|it| **it <= length).count() - 1;
        assert_eq!(found, records, "{length}");
        assert_eq!(scanned.length, ends[records] as u64);
        assert_eq!(scanned.findings.is_empty(), ends.contains(&length), "{length}");
        assert_eq!(fs::metadata(&path).unwrap().len(), scanned.length);
    }
}

#[test]
fn a_tail_of_zeros_is_cut() {
    let dir = tempfile::tempdir().unwrap();
    let (path, _) = small_log(dir.path());
    let mut bytes = fs::read(&path).unwrap();
    bytes.extend([0; 100]);
    fs::write(&path, &bytes).unwrap();
    let (found, scanned) = scan_counting(&path);
    assert_eq!(found, 4);
    assert_eq!(scanned.findings, [Finding::TornTail { file: path, bytes: 100 }]);
}

#[test]
fn any_flipped_bit_costs_one_record_and_is_reported() {
    let dir = tempfile::tempdir().unwrap();
    let (path, _) = small_log(dir.path());
    let whole = fs::read(&path).unwrap();
    for bit in 0..whole.len() * 8 {
        let mut bytes = whole.clone();
        bytes[bit / 8] ^= 1 << (bit % 8);
        fs::write(&path, &bytes).unwrap();
        let (found, scanned) = scan_counting(&path);
        assert_eq!((found, scanned.findings.len()), (3, 1), "bit {bit}");
    }
}

#[test]
fn a_failed_write_leaves_nothing_and_the_next_one_works() {
    let dir = tempfile::tempdir().unwrap();
    let mut wal = Wal::open(dir.path(), 1, 0, 1000).unwrap();
    let read_only = File::open(numbered(dir.path(), 1, LOG)).unwrap();
    let writable = std::mem::replace(&mut wal.file, Arc::new(read_only));
    assert!(matches!(wal.write(b"lost"), Err(AppendError::Write(_))));
    assert!(matches!(wal.write(b"lost too"), Err(AppendError::Write(_))));
    wal.file = writable;
    wal.write(b"kept").unwrap();
    assert_eq!(fs::read(numbered(dir.path(), 1, LOG)).unwrap(), b"kept");
}
