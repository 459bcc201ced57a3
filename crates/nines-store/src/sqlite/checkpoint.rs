//! Checkpoints beside the commits: what lies in the write-ahead log goes into the database on a thread of its own.

use std::path::Path;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;

use nines_port::Record;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{Connection, SqliteConnection};
use tokio::runtime;

/// A checkpoint begins after so many bytes of records; what SQLite adds is not counted.
const LOG_BYTES: usize = 4 << 20;
/// After so many checkpoints that could not empty the log, because commits kept coming, one makes them wait.
const PATIENT_CHECKPOINTS: u32 = 8;

/// The thread, and what it was not told of yet.
#[derive(Debug)]
pub(super) struct Checkpointer {
    bytes: usize,
    wake: Option<SyncSender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Checkpointer {
    pub(super) fn spawn(file: &Path) -> std::io::Result<Self> {
        let (wake, woken) = sync_channel(1);
        let options = SqliteConnectOptions::new().filename(file);
        let runtime = runtime::Builder::new_current_thread().enable_time().build()?;
        let thread = std::thread::Builder::new()
            .name("checkpoint".to_owned())
            .spawn(move || runtime.block_on(run(&options, &woken)))?;
        Ok(Self { bytes: 0, wake: Some(wake), thread: Some(thread) })
    }

    /// These were appended.
    pub(super) fn count(&mut self, records: &[Record]) {
        self.bytes += records.iter().map(|it| it.body.len() + 128).sum::<usize>();
        if LOG_BYTES <= self.bytes {
            self.bytes = 0;
            // A thread that is at it already will see these too, or soon.
            self.wake.as_ref().and_then(|it| it.try_send(()).ok());
        }
    }
}

impl Drop for Checkpointer {
    fn drop(&mut self) {
        drop(self.wake.take());
        // A panic of the thread has printed itself; the log stays, and the next start reads it.
        drop(self.thread.take().map(JoinHandle::join));
    }
}

/// A checkpoint that fails is tried again with the next one: nothing is lost, the log only grows.
async fn run(options: &SqliteConnectOptions, woken: &Receiver<()>) {
    let mut unfinished = 0;
    while woken.recv().is_ok() {
        let Ok(mut database) = SqliteConnection::connect_with(options).await else { continue };
        let checkpoint = if unfinished < PATIENT_CHECKPOINTS {
            "PRAGMA wal_checkpoint(PASSIVE)"
        } else {
            "PRAGMA wal_checkpoint(RESTART)"
        };
        let done: Result<(i64, i64, i64), _> =
            sqlx::query_as(checkpoint).fetch_one(&mut database).await;
        match done {
            Ok((0, written, moved)) if written == moved => unfinished = 0,
            _ => unfinished += 1,
        }
        drop(database.close().await);
    }
}
