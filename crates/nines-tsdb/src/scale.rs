//! Numbers as whole numbers and a count of decimals, where that is exact both ways.
//!
//! It must not know where they are kept.

/// Values with more decimals are kept as bits.
pub(crate) const DECIMALS_MAX: u8 = 6;
const POWERS: [f64; 8] = [1.0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, f64::NAN];
/// Up to 2^53 every integer is a float.
const WHOLE_MAX: f64 = 9_007_199_254_740_992.0;

/// Ten to `decimals`; nonsense for more than [`DECIMALS_MAX`], which decoders check.
#[inline]
pub(crate) fn power(decimals: u8) -> f64 {
    POWERS[usize::from(decimals & 7)]
}

/// `value` times ten to `decimals`, where that is exact both ways.
#[inline]
pub(crate) fn as_whole(value: f64, decimals: u8) -> Option<i64> {
    let scaled = value * power(decimals);
    if scaled.is_nan() || WHOLE_MAX < scaled.abs() {
        return None;
    }
    // Half a unit away from zero, then cut: rounds like `round`, without a call.
    #[expect(clippy::cast_possible_truncation, reason = "it has at most 53 bits before the point")]
    let whole = (scaled + 0.5_f64.copysign(scaled)) as i64;
    (from_whole(whole, decimals).to_bits() == value.to_bits()).then_some(whole)
}

/// The value that [`as_whole`] has made whole.
#[inline]
pub(crate) fn from_whole(whole: i64, decimals: u8) -> f64 {
    if decimals == 0 { whole as f64 } else { whole as f64 / power(decimals) }
}

/// The fewest decimals from `decimals` on that hold the value.
#[inline]
pub(crate) fn fewest_decimals(value: f64, decimals: u8) -> Option<(u8, i64)> {
    (decimals..=DECIMALS_MAX).find_map(|it| as_whole(value, it).map(|whole| (it, whole)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_exact_conversions_are_made() {
        assert_eq!(fewest_decimals(12.0, 0), Some((0, 12)));
        assert_eq!(fewest_decimals(-12.345, 0), Some((3, -12_345)));
        assert_eq!(fewest_decimals(0.1, 2), Some((2, 10)));
        assert_eq!(fewest_decimals(9_007_199_254_740_992.0, 0), Some((0, 1 << 53)));
        for odd in [-0.0, f64::NAN, f64::INFINITY, 1e300, 1e-7, 0.1 + 0.2, f64::MIN_POSITIVE] {
            assert_eq!(fewest_decimals(odd, 0), None, "{odd}");
        }
        for whole in -50_000..50_000 {
            let value = from_whole(whole, 3);
            assert_eq!(as_whole(value, 3), Some(whole));
        }
    }
}
