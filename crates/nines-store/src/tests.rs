//! The contract of [`Journal`], which every adapter keeps.

use jiff::Timestamp;
use nines_port::{HASH_BYTES, Journal, Record};

use crate::{MemoryJournal, SqliteJournal};

/// A record whose every field depends on `seq`.
pub(crate) fn record(seq: u64) -> Record {
    let second = i64::try_from(seq).unwrap();
    Record {
        seq,
        epoch: 1,
        at: Timestamp::new(1_750_000_000 + second, 123_456_789).unwrap(),
        kind: if seq.is_multiple_of(2) { "alert" } else { "run" }.to_owned(),
        version: u16::try_from(seq % 3).unwrap(),
        body: vec![u8::try_from(seq % 256).unwrap(); usize::try_from(seq % 5).unwrap()],
        hash: [u8::try_from(seq % 251).unwrap(); HASH_BYTES],
    }
}

pub(crate) fn records(from: u64, to: u64) -> Vec<Record> {
    (from..=to).map(record).collect()
}

pub(crate) fn check_contract(journal: &mut dyn Journal) {
    assert_eq!(journal.epoch(), 1);
    assert!(journal.read(0, 10).unwrap().is_empty());

    journal.append(&records(1, 2)).unwrap();
    journal.append(&[]).unwrap();
    journal.append(&records(3, 1_500)).unwrap();
    assert_eq!(journal.read(0, usize::MAX).unwrap(), records(1, 1_500));
    assert_eq!(journal.read(1, 3).unwrap(), records(2, 4));
    assert!(journal.read(1_500, 3).unwrap().is_empty());

    // One `seq` twice in a batch, or one that is there: nothing of that batch is written.
    let twice = [record(1_501), record(1_501)];
    journal.append(&twice).unwrap_err();
    let reached_back = [record(1_501), record(1_502), record(7)];
    assert_eq!(
        journal.append(&reached_back).unwrap_err().to_string(),
        "failed to append to the journal"
    );
    assert_eq!(journal.read(1_499, 10).unwrap(), records(1_500, 1_500));

    // It goes on.
    journal.append(&records(1_501, 1_501)).unwrap();
    assert_eq!(journal.read(1_500, 10).unwrap(), records(1_501, 1_501));
}

#[test]
fn memory_keeps_the_contract() {
    check_contract(&mut MemoryJournal::default());
}

#[test]
fn sqlite_keeps_the_contract() {
    let dir = tempfile::tempdir().unwrap();
    check_contract(&mut SqliteJournal::open(&dir.path().join("data")).unwrap());
}

#[test]
fn memory_opened_again_has_everything_and_a_higher_epoch() {
    let mut first = MemoryJournal::default();
    first.append(&records(1, 3)).unwrap();
    let mut second = first.reopen();
    assert_eq!((second.epoch(), second.reopen().epoch()), (2, 3));
    assert_eq!(second.read(0, 10).unwrap(), records(1, 3));
}
