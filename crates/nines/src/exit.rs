//! Exit codes: one scheme for every command. `docs/reference/exit-codes.md` is the same table for people.

use std::io;

/// What a script learns from the process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Exit {
    /// Yes, or done.
    Yes = 0,
    /// The answer is no.
    No = 1,
    /// Usage or invalid configuration; nothing was asked.
    Invalid = 2,
    /// Unreachable, not enough data, or a failure of nines itself.
    Unknown = 3,
    /// No token, or one that may not.
    NotAllowed = 4,
    /// The world moved.
    Conflict = 5,
}

/// A failure that has an exit code of its own; every other error is [`Exit::Unknown`].
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub(crate) struct Failure {
    pub(crate) exit: Exit,
    message: String,
}

impl Failure {
    pub(crate) fn new(exit: Exit, message: impl Into<String>) -> Self {
        Self { exit, message: message.into() }
    }

    /// The command cannot be carried out as it was written.
    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self::new(Exit::Invalid, message)
    }
}

/// The code for an error.
pub(crate) fn exit_of(error: &anyhow::Error) -> Exit {
    error.downcast_ref::<Failure>().map_or(Exit::Unknown, |it| it.exit)
}

/// The reader has seen enough, as in `nines get slo | head`.
pub(crate) fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error.downcast_ref::<io::Error>().is_some_and(|it| it.kind() == io::ErrorKind::BrokenPipe)
}
