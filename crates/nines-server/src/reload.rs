//! Asking for the configuration to be read again, and learning what came of it.

use tokio::sync::{mpsc, oneshot};

/// Requests that wait at once.
const WAITING_MAX: usize = 16;

/// What came of reading again: nothing to say, or why an older configuration stays.
pub(crate) type Outcome = Result<(), String>;

/// Somebody who waits for an outcome.
pub(crate) type Asker = oneshot::Sender<Outcome>;

/// Asks whoever watches the files.
#[derive(Debug, Clone)]
pub struct Reload {
    askers: mpsc::Sender<Asker>,
}

impl Reload {
    pub(crate) fn new() -> (Self, mpsc::Receiver<Asker>) {
        let (askers, receiver) = mpsc::channel(WAITING_MAX);
        (Self { askers }, receiver)
    }

    /// Waits until the files are read and decide.
    ///
    /// # Errors
    /// Why an older configuration stays.
    pub async fn ask(&self) -> Result<(), String> {
        let stopping = || "the server is stopping".to_owned();
        let (asker, outcome) = oneshot::channel();
        self.askers.send(asker).await.map_err(|_| stopping())?;
        outcome.await.map_err(|_| stopping())?
    }
}
