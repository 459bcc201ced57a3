//! The reserve: a file whose only purpose is to be removed when the disk is full, so that what must be written can be.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use nines_port::Room;

/// How much is kept. Below twice that much free space, what can wait has to.
pub(crate) const RESERVE_BYTES: u64 = 64 << 20;
const FILE: &str = "reserve";
/// Written at once where the file system cannot reserve space otherwise.
const BLOCK_BYTES: usize = 1 << 20;

/// How much room a data folder has, as was last seen. Clones see the same.
#[derive(Debug, Clone, Default)]
pub struct RoomGauge(Arc<AtomicU8>);

impl RoomGauge {
    /// What was last seen.
    pub fn room(&self) -> Room {
        match self.0.load(Ordering::Relaxed) {
            0 => Room::Ample,
            1 => Room::Low,
            _ => Room::ReserveSpent,
        }
    }

    fn set(&self, room: Room) {
        let number = match room {
            Room::Ample => 0,
            Room::Low => 1,
            Room::ReserveSpent => 2,
        };
        self.0.store(number, Ordering::Relaxed);
    }
}

/// The reserve of one data folder.
#[derive(Debug)]
pub(crate) struct Reserve {
    folder: PathBuf,
    bytes: u64,
    gauge: RoomGauge,
}

impl Reserve {
    /// Makes the file if there is room for it and as much again.
    pub(crate) fn new(folder: &Path, bytes: u64) -> Self {
        let reserve = Self { folder: folder.to_owned(), bytes, gauge: RoomGauge::default() };
        reserve.look();
        reserve
    }

    pub(crate) fn gauge(&self) -> RoomGauge {
        self.gauge.clone()
    }

    /// How much room there is now. A reserve that was given up is made again as soon as it fits.
    pub(crate) fn look(&self) -> Room {
        let free = free_bytes(&self.folder).unwrap_or(u64::MAX);
        let mut has_reserve = self.exists();
        if !has_reserve && 3 * self.bytes <= free {
            has_reserve = self.fill().is_ok();
        }
        let room = match (has_reserve, free) {
            (false, _) => Room::ReserveSpent,
            (true, free) if free < 2 * self.bytes => Room::Low,
            (true, _) => Room::Ample,
        };
        self.gauge.set(room);
        room
    }

    /// Gives it up. Gives whether there was something to give up.
    pub(crate) fn spend(&self) -> bool {
        let is_spent = fs::remove_file(self.file()).is_ok();
        self.gauge.set(Room::ReserveSpent);
        is_spent
    }

    fn exists(&self) -> bool {
        fs::metadata(self.file()).is_ok_and(|it| it.len() == self.bytes)
    }

    fn file(&self) -> PathBuf {
        self.folder.join(FILE)
    }

    /// Blocks that are taken, not a hole: whoever is first gets the space.
    fn fill(&self) -> io::Result<()> {
        let file = File::create(self.file())?;
        let flags = rustix::fs::FallocateFlags::empty();
        let filled = match rustix::fs::fallocate(&file, flags, 0, self.bytes) {
            Ok(()) => Ok(()),
            Err(rustix::io::Errno::OPNOTSUPP | rustix::io::Errno::NOSYS) => {
                write_zeros(file, self.bytes)
            }
            Err(error) => Err(error.into()),
        };
        if filled.is_err() {
            drop(fs::remove_file(self.file()));
        }
        filled
    }
}

fn write_zeros(mut file: File, bytes: u64) -> io::Result<()> {
    let block = vec![0; BLOCK_BYTES];
    let mut left = bytes;
    while 0 < left {
        let now = usize::try_from(left).map_or(BLOCK_BYTES, |it| it.min(BLOCK_BYTES));
        file.write_all(block.get(..now).unwrap_or(&block))?;
        left -= now as u64;
    }
    Ok(())
}

fn free_bytes(folder: &Path) -> io::Result<u64> {
    let system = rustix::fs::statvfs(folder)?;
    Ok(system.f_bavail.saturating_mul(system.f_frsize))
}

#[cfg(test)]
mod tests;
