//! Exact numbers as text: integers in billionths become decimals without a float in between.

/// Billionths in one.
const SCALE: u128 = 1_000_000_000;

/// A share in billionths as percent, cut towards minus infinity after two decimals: `-4.10 %`.
///
/// Cut downwards, so that a budget never looks fuller than it is.
pub(crate) fn percent(billionths: i128) -> String {
    // 10^9 billionths are 100.00 %, so a hundredth of a percent is 10^5 of them.
    let hundredths = billionths.div_euclid(100_000);
    let (sign, size) = (if hundredths < 0 { "-" } else { "" }, hundredths.unsigned_abs());
    format!("{sign}{}.{:02} %", size / 100, size % 100)
}

/// A share in billionths as percent with as few decimals as are needed, exact: `0 %`, `12.5 %`.
pub(crate) fn exact_percent(billionths: u64) -> String {
    format!("{} %", decimal(u128::from(billionths) * 100))
}

/// A number in billionths with as few decimals as are needed, exact, and thousands apart: `60 519.5`.
pub(crate) fn decimal(billionths: u128) -> String {
    let digits = format!("{:09}", billionths % SCALE);
    let decimals = digits.trim_end_matches('0');
    let point = if decimals.is_empty() { "" } else { "." };
    format!("{}{point}{decimals}", thousands(billionths / SCALE))
}

/// `63 000`.
pub(crate) fn thousands(number: u128) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if 0 < index && (digits.len() - index).is_multiple_of(3) {
            out.push(' ');
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests;
