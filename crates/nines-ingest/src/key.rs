//! Keys of series: 128 bits of a keyed hash over the labels.
//!
//! The labels are hashed as remote write 1.0 spells them, whatever protocol they came by, so that the store
//! remembers one key for a series that is sent in several ways.
//!
//! XXH3 with a secret of random bytes: two label sets meet by chance once in 2^64 sets, and nobody can compute a
//! pair that meets without knowing the secret, which lives as long as the process. It is no border between tenants:
//! who may write can write to any series by its name.

use std::hash::{BuildHasher, RandomState};
use std::sync::LazyLock;

use nines_base::Labels;
use nines_port::SeriesKey;
use xxhash_rust::xxh3::xxh3_128_with_secret;

/// What XXH3 uses of a secret.
const SECRET_BYTES: usize = 192;

static SECRET: LazyLock<[u8; SECRET_BYTES]> = LazyLock::new(|| {
    let mut secret = [0; SECRET_BYTES];
    // The standard library takes the keys of its hash maps from the system's randomness.
    let (chunks, _) = secret.as_chunks_mut::<8>();
    for (index, chunk) in chunks.iter_mut().enumerate() {
        *chunk = RandomState::new().hash_one(index).to_le_bytes();
    }
    secret
});

/// `spelled` holds the labels as fields 1 of a `TimeSeries` of remote write 1.0.
#[inline]
pub(crate) fn series_key(spelled: &[u8]) -> SeriesKey {
    SeriesKey(xxh3_128_with_secret(spelled, &*SECRET))
}

/// The key of labels that were made here.
pub(crate) fn key_of(labels: &Labels) -> SeriesKey {
    let mut spelled = Vec::new();
    for (name, value) in labels.iter() {
        spell(&mut spelled, name.as_bytes(), value.as_bytes());
    }
    series_key(&spelled)
}

/// Adds one label: field 1 with a message of name (1) and value (2).
#[inline]
pub(crate) fn spell(out: &mut Vec<u8>, name: &[u8], value: &[u8]) {
    out.push(0x0a);
    push_len(out, 2 + len_bytes(name.len()) + len_bytes(value.len()) + name.len() + value.len());
    out.push(0x0a);
    push_len(out, name.len());
    out.extend_from_slice(name);
    out.push(0x12);
    push_len(out, value.len());
    out.extend_from_slice(value);
}

/// How long a length is, as a varint.
fn len_bytes(len: usize) -> usize {
    let bits = usize::BITS - (len | 1).leading_zeros();
    bits.div_ceil(7) as usize
}

#[expect(clippy::cast_possible_truncation, reason = "seven bits are meant")]
fn push_len(out: &mut Vec<u8>, mut len: usize) {
    while 0x7f < len {
        out.push((len & 0x7f) as u8 | 0x80);
        len >>= 7;
    }
    out.push(len as u8);
}

#[cfg(test)]
mod tests;
