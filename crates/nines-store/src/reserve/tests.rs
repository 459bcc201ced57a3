use std::os::unix::fs::MetadataExt;
use std::process::Command;

use nines_port::{Failure, Journal, Room};
use rustix::process::{geteuid, getpid};

use super::*;
use crate::sqlite::SqliteJournal;
use crate::tests::records;

/// A small disk in memory, which ends with the value; only root can have one.
struct Disk(tempfile::TempDir);

impl Disk {
    fn new(mebibytes: u64) -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let size = format!("size={mebibytes}m");
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", &size, "nines-test"]).arg(folder.path());
        if geteuid().is_root() && mount.status().is_ok_and(|it| it.success()) {
            return Some(Self(folder));
        }
        eprintln!(
            "skipped: this user cannot make a small disk (process {})",
            getpid().as_raw_pid()
        );
        None
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    /// Somebody else fills it to the last block.
    fn fill(&self) -> PathBuf {
        let file = self.path().join("somebody-else");
        let mut opened = File::create(&file).unwrap();
        for block in [vec![1; 64 << 10], vec![1; 4 << 10]] {
            while opened.write_all(&block).is_ok() {}
        }
        file
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        drop(Command::new("umount").arg("-l").arg(self.path()).status());
    }
}

#[test]
fn the_reserve_takes_its_blocks_and_is_made_again_when_it_fits() {
    let folder = tempfile::tempdir().unwrap();
    let reserve = Reserve::new(folder.path(), 1 << 20);
    assert_eq!((reserve.look(), reserve.gauge().room()), (Room::Ample, Room::Ample));
    assert!(1 << 20 <= fs::metadata(folder.path().join(FILE)).unwrap().blocks() * 512);
    assert!(reserve.spend());
    assert!(!reserve.spend());
    assert_eq!(reserve.gauge().room(), Room::ReserveSpent);
    assert_eq!(reserve.look(), Room::Ample);
}

#[test]
fn a_small_disk_is_low_before_it_is_full() {
    let Some(disk) = Disk::new(5) else { return };
    let reserve = Reserve::new(disk.path(), 1 << 20);
    assert_eq!(reserve.look(), Room::Ample);
    fs::write(disk.path().join("a"), vec![1; 2_200 << 10]).unwrap();
    assert_eq!(reserve.look(), Room::Low);
    fs::remove_file(disk.path().join("a")).unwrap();
    assert_eq!(reserve.look(), Room::Ample);
}

#[test]
fn a_full_disk_costs_the_reserve_first_and_then_a_clean_refusal() {
    let Some(disk) = Disk::new(16) else { return };
    let folder = disk.path().join("data");
    let mut journal = SqliteJournal::open_with(&folder, 2 << 20).unwrap();
    journal.append(&records(1, 10)).unwrap();
    assert_eq!(journal.room(), Room::Ample);
    let filler = disk.fill();

    // The reserve pays for these.
    journal.append(&records(11, 2_000)).unwrap();
    assert_eq!(journal.room(), Room::ReserveSpent);
    let mut seq = 2_000;
    let refused = loop {
        match journal.append(&records(seq + 1, seq + 500)) {
            Ok(()) => seq += 500,
            Err(error) => break error,
        }
    };
    assert_eq!(refused.failure, Failure::RolledBack, "{}", refused.source);
    assert_eq!(journal.read(0, usize::MAX).unwrap(), records(1, seq));

    // Space again: it goes on where it was, and what was refused was never there.
    fs::remove_file(filler).unwrap();
    journal.append(&records(seq + 1, seq + 500)).unwrap();
    assert_eq!(journal.room(), Room::Ample);
    drop(journal);
    let mut journal = SqliteJournal::open_with(&folder, 2 << 20).unwrap();
    assert_eq!(journal.read(0, usize::MAX).unwrap(), records(1, seq + 500));
}
