//! The hash chain: each record vouches for all before it, so that rewriting shows.

use nines_port::{HASH_BYTES, Record};
use sha2::{Digest, Sha256};

/// SHA-256 of the previous hash (zeros before the first record) and every field of `record` but its own hash.
pub(crate) fn hash(previous: &[u8; HASH_BYTES], record: &Record) -> [u8; HASH_BYTES] {
    let Record { seq, epoch, at, kind, version, body, hash: _ } = record;
    let mut hasher = Sha256::new();
    hasher.update(previous);
    hasher.update(seq.to_be_bytes());
    hasher.update(epoch.to_be_bytes());
    hasher.update(at.as_nanosecond().to_be_bytes());
    hasher.update((kind.len() as u64).to_be_bytes());
    hasher.update(kind);
    hasher.update(version.to_be_bytes());
    hasher.update((body.len() as u64).to_be_bytes());
    hasher.update(body);
    hasher.finalize().into()
}
