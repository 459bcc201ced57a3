//! Snapshots: a shortcut for the beginning of the journal, that may be thrown away at any time.
//!
//! A snapshot is the state after one record, with that record's hash. It counts only for the program that wrote
//! it and for the journal that holds that record; otherwise the journal is folded from its beginning. So its
//! format needs no versions, and the facts stay the only contract.

use nines_port::{HASH_BYTES, JournalError};
use serde::{Deserialize, Serialize};

use crate::engine::Read;
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
