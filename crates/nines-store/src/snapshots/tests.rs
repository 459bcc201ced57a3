use super::*;

#[test]
fn the_newest_snapshots_are_kept_and_half_written_ones_are_none() {
    let dir = tempfile::tempdir().unwrap();
    let snapshots = SnapshotFiles::new(dir.path());
    assert_eq!(snapshots.newest(), None);
    for seq in [9, 10, 100, 1_000] {
        snapshots.save(seq, seq.to_string().as_bytes()).unwrap();
    }
    fs::write(dir.path().join("snapshots/00000000000000009999.new"), b"half").unwrap();
    assert_eq!(snapshots.newest(), Some(b"1000".to_vec()));
    assert_eq!(snapshots.files().unwrap().len(), KEPT);
}

#[test]
fn a_damaged_snapshot_is_passed_over_for_the_one_before() {
    let dir = tempfile::tempdir().unwrap();
    let snapshots = SnapshotFiles::new(dir.path());
    snapshots.save(1, b"first").unwrap();
    snapshots.save(2, b"second").unwrap();
    let newest = snapshots.files().unwrap().pop().unwrap();
    let whole = fs::read(&newest).unwrap();
    for cut in [0, 3, whole.len() - 1] {
        fs::write(&newest, &whole[..cut]).unwrap();
        assert_eq!(snapshots.newest(), Some(b"first".to_vec()), "cut at {cut}");
    }
    let mut flipped = whole;
    flipped[2] ^= 1;
    fs::write(&newest, flipped).unwrap();
    assert_eq!(snapshots.newest(), Some(b"first".to_vec()));
}
