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
    let mut start = 0;
    for group in groups {
        match bytes.get(start..start + W + SLACK) {
            Some(window) => unpack_group::<W>(window, base, group),
            None => unpack_group::<W>(&padded::<W>(bytes, start), base, group),
        }
        start += W;
    }
    if !rest.is_empty() {
        let mut group = [0; GROUP];
        unpack_group::<W>(&padded::<W>(bytes, start), base, &mut group);
        rest.copy_from_slice(&group[..rest.len()]);
    }
}

/// The last groups, with zeros behind them.
fn padded<const W: usize>(bytes: &[u8], start: usize) -> [u8; 64 + SLACK] {
    let mut window = [0; 64 + SLACK];
    let present = bytes.get(start..).unwrap_or_default();
    for (to, from) in window.iter_mut().zip(present.iter().take(W)) {
        *to = *from;
    }
    window
}

#[inline]
fn unpack_group<const W: usize>(window: &[u8], base: i64, out: &mut [i64; GROUP]) {
    let window = &window[..W + SLACK];
    let mask = u64::MAX >> (64 - W);
    for (index, number) in out.iter_mut().enumerate() {
        let (at, shift) = (index * W / 8, index * W % 8);
        let mut low = [0; 8];
        low.copy_from_slice(&window[at..at + 8]);
        let mut bits = u64::from_le_bytes(low) >> shift;
        if 64 < shift + W {
            bits |= u64::from(window[at + 8]) << (64 - shift);
        }
        *number = (bits & mask).cast_signed().wrapping_add(base);
    }
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
