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

/// As [`percent`], for machines: `-4.10%`.
pub(crate) fn cut_percent(billionths: i128) -> String {
    percent(billionths).replace(' ', "")
}

/// A share in billionths as percent with as few decimals as are needed, exact, as a policy writes it: `-2.5%`.
pub(crate) fn plain_percent(billionths: i128) -> String {
    let sign = if billionths < 0 { "-" } else { "" };
    format!("{sign}{}%", plain_decimal(billionths.unsigned_abs().saturating_mul(100)))
}

/// Reads `25%`, `-2.5%`: at most seven decimals, so that it is a whole number of billionths.
pub(crate) fn read_percent(text: &str) -> Option<i128> {
    const DECIMALS_MAX: usize = 7;
    const WHOLE_DIGITS_MAX: usize = 9;
    let number = text.strip_suffix('%')?;
    let (sign, digits) = number.strip_prefix('-').map_or((1, number), |it| (-1, it));
    let (whole, decimals) = digits.split_once('.').unwrap_or((digits, ""));
    let is_right = !whole.is_empty()
        && whole.len() <= WHOLE_DIGITS_MAX
        && decimals.len() <= DECIMALS_MAX
        && (whole.bytes().chain(decimals.bytes())).all(|it| it.is_ascii_digit());
    let all = format!("{whole}{decimals:0<DECIMALS_MAX$}");
    is_right.then(|| all.parse::<i128>().ok()).flatten().map(|it| sign * it)
}

/// As [`decimal`], for machines: `60519.5`.
pub(crate) fn plain_decimal(billionths: u128) -> String {
    decimal(billionths).replace(' ', "")
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
