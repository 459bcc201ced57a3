//! Whole numbers of 256 bits: counts × factors × times, exact.

/// A whole number below 2²⁵⁶. Fields compare as the number does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Wide {
    high: u128,
    low: u128,
}

/// The bits of a limb.
const LIMB: u32 = 64;

/// The lower limb.
const fn lower(it: u128) -> u128 {
    it & u64::MAX as u128
}

impl Wide {
    /// `a` · `b`.
    pub(crate) fn product(a: u128, b: u128) -> Self {
        let (a_high, a_low, b_high, b_low) = (a >> LIMB, lower(a), b >> LIMB, lower(b));
        let lowest = a_low * b_low;
        let first = a_high * b_low;
        let second = a_low * b_high;
        let middle = (lowest >> LIMB) + lower(first) + lower(second);
        let high = a_high * b_high + (first >> LIMB) + (second >> LIMB) + (middle >> LIMB);
        Self { high, low: (middle << LIMB) | lower(lowest) }
    }

    /// The whole part of this ÷ `divisor`; what does not fit is [`u128::MAX`].
    ///
    /// # Panics
    /// For a `divisor` of 0.
    pub(crate) fn divided_by(self, divisor: u64) -> u128 {
        let divisor = u128::from(divisor);
        if divisor <= self.high {
            return u128::MAX;
        }
        // Now the upper half is below 2^64, and so is every remainder.
        let upper = (self.high << LIMB) | (self.low >> LIMB);
        let rest = ((upper % divisor) << LIMB) | lower(self.low);
        ((upper / divisor) << LIMB) | (rest / divisor)
    }
}

#[cfg(test)]
mod tests;
