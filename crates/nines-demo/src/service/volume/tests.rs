use std::io::ErrorKind;

use super::{DISK_BYTES_MAX, Volume};

#[test]
fn a_full_volume_refuses_lines_until_its_dumps_are_removed() {
    let folder = tempfile::tempdir().unwrap();
    let volume = Volume::open(folder.path()).unwrap();
    volume.log("order 1").unwrap();
    while volume.write_dump().unwrap() {}
    assert_eq!(volume.used_bytes().unwrap(), DISK_BYTES_MAX);
    assert_eq!(volume.log("order 2").unwrap_err().kind(), ErrorKind::StorageFull);

    volume.remove_dumps().unwrap();
    volume.log("order 3").unwrap();
    let log = std::fs::read_to_string(folder.path().join("service.log")).unwrap();
    assert_eq!(log, "order 1\norder 3\n");
}

#[test]
fn dumps_of_a_killed_process_are_removed_at_the_next_start() {
    let folder = tempfile::tempdir().unwrap();
    assert!(Volume::open(folder.path()).unwrap().write_dump().unwrap());
    assert_eq!(Volume::open(folder.path()).unwrap().used_bytes().unwrap(), 0);
}

#[test]
fn the_log_is_turned_over_and_stays_small() {
    let folder = tempfile::tempdir().unwrap();
    let volume = Volume::open(folder.path()).unwrap();
    let line = "x".repeat(200_000);
    for _ in 0..40 {
        volume.log(&line).unwrap();
    }
    assert!(volume.used_bytes().unwrap() < 3_000_000);
}
