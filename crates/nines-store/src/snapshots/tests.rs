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
