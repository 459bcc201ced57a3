//! The queue of requests in one file, with a limit.
//!
//! It must not know what a body means.

use std::io;
use std::path::Path;

use queue_file::QueueFile;

/// The number of samples before each body.
const HEADER_BYTES: usize = 8;

/// One remote-write request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Request {
    pub(super) samples: u64,
    pub(super) body: Vec<u8>,
}

impl Request {
    fn bytes(&self) -> u64 {
        (HEADER_BYTES + self.body.len()) as u64
    }

    fn to_bytes(&self) -> Vec<u8> {
        [&self.samples.to_le_bytes(), self.body.as_slice()].concat()
    }

    fn of(bytes: &[u8]) -> io::Result<Self> {
        let (samples, body) = bytes.split_first_chunk::<HEADER_BYTES>().ok_or_else(|| {
            io::Error::new(io::ErrorKind::InvalidData, "a request in the queue is too short")
        })?;
        Ok(Self { samples: u64::from_le_bytes(*samples), body: body.to_vec() })
    }
}

#[derive(Debug)]
pub(super) struct Queue {
    file: QueueFile,
    bytes: u64,
    bytes_max: u64,
    /// Counts up with every request that leaves, however it leaves.
    left: u64,
    /// `left` when the oldest was handed out.
    handed_out: u64,
}

impl Queue {
    pub(super) fn open(path: &Path, bytes_max: u64) -> io::Result<Self> {
        let mut file = QueueFile::open(path).map_err(io::Error::other)?;
        // The process may die, not the machine: what is lost with the power is still in our own store.
        file.set_sync_writes(false);
        file.set_overwrite_on_remove(false);
        let bytes = file.iter().map(|it| it.len() as u64).sum();
        Ok(Self { file, bytes, bytes_max, left: 0, handed_out: 0 })
    }

    pub(super) fn len(&self) -> u64 {
        self.file.size() as u64
    }

    pub(super) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Adds a request; the samples of those that gave way are returned.
    pub(super) fn push(&mut self, request: &Request) -> io::Result<u64> {
        if self.bytes_max < request.bytes() {
            return Ok(request.samples);
        }
        let mut gave_way = 0;
        while self.bytes_max < self.bytes + request.bytes() {
            let Some(oldest) = self.peek()? else { break };
            self.pop(oldest.bytes())?;
            gave_way += oldest.samples;
        }
        self.file.add(&request.to_bytes()).map_err(io::Error::other)?;
        self.bytes += request.bytes();
        Ok(gave_way)
    }

    /// The request that waits longest; it stays until [`Self::remove`].
    pub(super) fn oldest(&mut self) -> io::Result<Option<Request>> {
        self.handed_out = self.left;
        self.peek()
    }

    /// Removes what [`Self::oldest`] has handed out, unless it has given way since.
    pub(super) fn remove(&mut self, request: &Request) -> io::Result<()> {
        if self.handed_out == self.left { self.pop(request.bytes()) } else { Ok(()) }
    }

    pub(super) fn clear(&mut self) {
        self.left += 1;
        self.bytes = 0;
        if let Err(error) = self.file.clear() {
            tracing::error!(%error, "the queue of samples to forward cannot be emptied");
        }
    }

    fn peek(&mut self) -> io::Result<Option<Request>> {
        let bytes = self.file.peek().map_err(io::Error::other)?;
        bytes.map(|it| Request::of(&it)).transpose()
    }

    fn pop(&mut self, bytes: u64) -> io::Result<()> {
        self.file.remove().map_err(io::Error::other)?;
        self.left += 1;
        self.bytes = self.bytes.saturating_sub(bytes);
        Ok(())
    }
}
