//! Snapshots: a shortcut for the beginning of the journal, that may be thrown away at any time.
//!
//! A snapshot is the state after one record, with that record's hash. It counts only for the program that wrote
//! it and for the journal that holds that record; otherwise the journal is folded from its beginning. So its
//! format needs no versions, and the facts stay the only contract.

use nines_port::{HASH_BYTES, JournalError, Record};
use serde::{Deserialize, Serialize};

use crate::engine::{EngineError, Read, replay};
use crate::state::State;

#[derive(Debug, Serialize, Deserialize)]
struct Snapshot<S> {
    program: String,
    head: [u8; HASH_BYTES],
    state: S,
}

/// The bytes of a snapshot, or nothing while there is nothing to save.
pub fn encode(state: &State, program: &str) -> Option<Vec<u8>> {
    let (program, head) = (program.to_owned(), state.head);
    let snapshot = Snapshot { program, head, state };
    (0 < state.seq).then(|| rmp_serde::to_vec(&snapshot).ok()).flatten()
}

/// The bytes of the next snapshot, made by folding what was written since the `last` one, and not from what the engine
/// remembers: so that each snapshot proves that the journal says what readers see. `shown` is what they saw at one
/// moment; nothing after it is read.
///
/// # Errors
/// The journal cannot be read, or does not say what is `shown`.
pub fn prove(
    last: Option<&[u8]>,
    shown: &State,
    program: &str,
    read: &mut dyn FnMut(u64, usize) -> Result<Vec<Record>, JournalError>,
) -> Result<Option<Vec<u8>>, ProofError> {
    let failed = |error: JournalError| ProofError::Engine(error.into());
    let saved = match last {
        Some(bytes) => decode(bytes, program, read).map_err(failed)?,
        None => None,
    };
    let mut state = saved.filter(|it| it.seq <= shown.seq).unwrap_or_default();
    let mut until = |after: u64, count_max: usize| {
        let left = usize::try_from(shown.seq.saturating_sub(after)).unwrap_or(usize::MAX);
        if left == 0 { Ok(Vec::new()) } else { read(after, count_max.min(left)) }
    };
    replay(&mut state, &mut until, |_, _| {}).map_err(ProofError::Engine)?;
    let (folded, remembered) = (encode(&state, program), encode(shown, program));
    if folded != remembered {
        return Err(ProofError::Differs { seq: shown.seq });
    }
    Ok(folded)
}

/// Why there is no snapshot.
#[derive(Debug, thiserror::Error)]
pub enum ProofError {
    /// The journal cannot be read, or is not what was written.
    #[error(transparent)]
    Engine(EngineError),
    /// A bug of nines: what it remembers is not what a restart would find.
    #[error(
        "after record {seq} the journal says something else than this process remembers; restart it, and report this"
    )]
    Differs {
        /// The last record that both know.
        seq: u64,
    },
}

/// The state of a snapshot, if this program wrote it and the journal goes on from there.
pub(crate) fn decode(
    bytes: &[u8],
    program: &str,
    read: Read<'_>,
) -> Result<Option<State>, JournalError> {
    let Ok(Snapshot { program: wrote, head, state }) =
        rmp_serde::from_slice::<Snapshot<State>>(bytes)
    else {
        return Ok(None);
    };
    let Some(before) = state.seq.checked_sub(1).filter(|_| wrote == program) else {
        return Ok(None);
    };
    let records = read(before, 1)?;
    let is_there = records.first().is_some_and(|it| it.seq == state.seq && it.hash == head);
    Ok(is_there.then_some(state))
}
