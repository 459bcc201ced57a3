//! Whole numbers of one width, packed bit after bit.
//!
//! Eight numbers of `w` bits are `w` bytes, a group. Unpacking is written once per width by the compiler, so that
//! all distances are constants. This module must not know what the numbers mean.

/// Numbers of one group.
pub(crate) const GROUP: usize = 8;
/// What one load may touch beyond the bytes of its group.
const SLACK: usize = 8;

/// Bytes of `count` packed numbers.
pub(crate) fn packed_bytes(count: usize, width: u8) -> usize {
    count.div_ceil(GROUP) * usize::from(width)
}

/// How many low bits hold all set bits.
#[inline]
pub(crate) fn width_of(value: u64) -> u8 {
    (u64::BITS - value.leading_zeros()).to_le_bytes()[0]
}

/// All bits below `width`, which is at most 64.
#[inline]
pub(crate) fn mask(width: u8) -> u64 {
    u64::MAX.checked_shr(64 - u32::from(width)).unwrap_or(0)
}

/// Adds the numbers, each of at most `width` bits, and zeros up to a whole group.
pub(crate) fn pack(numbers: &[u64], width: u8, out: &mut Vec<u8>) {
    for group in numbers.chunks(GROUP) {
        let (mut pending, mut pending_bits) = (0_u128, 0);
        let end = out.len() + usize::from(width);
        for number in group {
            pending |= u128::from(*number & mask(width)) << pending_bits;
            pending_bits += u32::from(width);
            while 8 <= pending_bits {
                out.push(pending.to_le_bytes()[0]);
                pending >>= 8;
                pending_bits -= 8;
            }
        }
        if 0 < pending_bits {
            out.push(pending.to_le_bytes()[0]);
        }
        out.resize(end, 0);
    }
}

/// Reads as many numbers as fit into `out`, plus `base` each. Bytes that are missing count as zeros.
pub(crate) fn unpack(bytes: &[u8], width: u8, base: i64, out: &mut [i64]) {
    macro_rules! by_width {
        ($($w:literal)*) => {
            match width {
                0 => out.fill(base),
                $($w => unpack_width::<$w>(bytes, base, out),)*
                _ => unpack_width::<64>(bytes, base, out),
            }
        };
    }
    by_width!(1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30 31 32
        33 34 35 36 37 38 39 40 41 42 43 44 45 46 47 48 49 50 51 52 53 54 55 56 57 58 59 60 61 62 63);
}

fn unpack_width<const W: usize>(bytes: &[u8], base: i64, out: &mut [i64]) {
    let (groups, rest) = out.as_chunks_mut::<GROUP>();
    let mut bytes = bytes;
    for group in groups {
        match bytes.first_chunk() {
            Some(window) => unpack_group::<W>(window, base, group),
            None => unpack_group::<W>(&padded::<W>(bytes), base, group),
        }
        bytes = bytes.get(W..).unwrap_or_default();
    }
    if !rest.is_empty() {
        let mut group = [0; GROUP];
        unpack_group::<W>(&padded::<W>(bytes), base, &mut group);
        rest.copy_from_slice(&group[..rest.len()]);
    }
}

/// What one group is read from, whatever its width: an array, so that no load needs a check.
type Window = [u8; 64 + SLACK];

/// The last groups, with zeros behind them.
fn padded<const W: usize>(bytes: &[u8]) -> Window {
    let mut window = [0; 64 + SLACK];
    for (to, from) in window.iter_mut().zip(bytes.iter().take(W)) {
        *to = *from;
    }
    window
}

#[inline]
fn unpack_group<const W: usize>(window: &Window, base: i64, out: &mut [i64; GROUP]) {
    *out = [
        number::<W, 0>(window),
        number::<W, 1>(window),
        number::<W, 2>(window),
        number::<W, 3>(window),
        number::<W, 4>(window),
        number::<W, 5>(window),
        number::<W, 6>(window),
        number::<W, 7>(window),
    ]
    .map(|it| it.cast_signed().wrapping_add(base));
}

/// The number at a place in its group.
#[expect(clippy::inline_always, reason = "a load, a shift and a mask once the constants are known")]
#[inline(always)]
fn number<const W: usize, const INDEX: usize>(window: &Window) -> u64 {
    let (at, shift) = (INDEX * W / 8, INDEX * W % 8);
    let w = window;
    let low = [w[at], w[at + 1], w[at + 2], w[at + 3], w[at + 4], w[at + 5], w[at + 6], w[at + 7]];
    let mut bits = u64::from_le_bytes(low) >> shift;
    if 64 < shift + W {
        bits |= u64::from(w[at + 8]) << (64 - shift);
    }
    bits & (u64::MAX >> (64 - W))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_every_width_and_count_come_back() {
        let mut random = fastrand::Rng::with_seed(1);
        for width in 0..=64 {
            for count in [1, 7, 8, 9, 100, 128] {
                let numbers: Vec<u64> = (0..count).map(|_| random.u64(..) & mask(width)).collect();
                let mut bytes = Vec::new();
                pack(&numbers, width, &mut bytes);
                assert_eq!(bytes.len(), packed_bytes(count, width));
                for trailing in [0, 3, 9] {
                    bytes.resize(packed_bytes(count, width) + trailing, 0xff);
                    let mut out = vec![7; count];
                    unpack(&bytes, width, 5, &mut out);
                    let expected = numbers.iter().map(|it| it.cast_signed().wrapping_add(5));
                    assert_eq!(out, expected.collect::<Vec<_>>(), "{width} {count}");
                }
            }
        }
    }
}
