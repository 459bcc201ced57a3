//! Ready-made sets of burn pairs.

use jiff::SignedDuration;

use crate::time::millis;
use crate::{AlertMode, Alerting, BurnFactor, BurnPair, Guard, Severity, Window};

const MINUTE_MS: i64 = 60_000;
const HOUR_MS: i64 = 60 * MINUTE_MS;
const DAY_MS: i64 = 24 * HOUR_MS;

/// The long window is so many times the short one.
const LONG_PER_SHORT: i64 = 12;

/// A ready-made set of burn pairs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Preset {
    /// Four pairs that follow the period: 2 % and 5 % of its budget page, 10 % makes a ticket.
    Scaled,
    /// 14.4× in 1 h, 6× in 6 h, 3× in 1 d and 1× in 3 d, whatever the period is.
    Workbook,
    /// The catalogue of Pyrra, which stretches with the period: 14×, 7×, 2× and 1×, each held for a while.
    Pyrra,
    /// No alerts.
    None,
}

/// The short window of a scaled pair holds at least so many samples.
const SAMPLES_MIN: i64 = 4;

/// How often there are samples, as long as nobody says otherwise.
const SAMPLE_INTERVAL: SignedDuration = SignedDuration::from_secs(15);

/// One row of the table behind the presets.
struct Row {
    severity: Severity,
    /// The long window for a period of 30 days.
    long_ms: i64,
    /// The share of the budget that is gone when the pair fires, in hundredths.
    share_percent: i64,
    /// The factor for a period of 30 days, in thousandths.
    factor_thousandths: u64,
}

/// Source: *The Site Reliability Workbook* (Google, 2018), chapter 5, table 5-8, with 24 hours added.
const ROWS: [Row; 4] = [
    Row {
        severity: Severity::Page,
        long_ms: HOUR_MS,
        share_percent: 2,
        factor_thousandths: 14_400,
    },
    Row {
        severity: Severity::Page,
        long_ms: 6 * HOUR_MS,
        share_percent: 5,
        factor_thousandths: 6_000,
    },
    Row {
        severity: Severity::Ticket,
        long_ms: 24 * HOUR_MS,
        share_percent: 10,
        factor_thousandths: 3_000,
    },
    Row {
        severity: Severity::Ticket,
        long_ms: 72 * HOUR_MS,
        share_percent: 10,
        factor_thousandths: 1_000,
    },
];

/// One row of Pyrra's catalogue, as parts of the period: `long` of them are one long window.
struct PyrraRow {
    severity: Severity,
    hold: i64,
    long: i64,
    short: i64,
    factor: u64,
}

/// Source: Pyrra, `slo/rules.go`: fractions of the period that give 1 h, 6 h, 1 d and 4 d for 28 days, with short
/// windows of 5 m, 30 m, 2 h and 6 h, and half of them (for the last 3 h) as the time to hold.
const PYRRA: [PyrraRow; 4] = [
    PyrraRow {
        severity: Severity::Page,
        hold: 28 * 24 * 30,
        long: 28 * 24,
        short: 28 * 24 * 12,
        factor: 14,
    },
    PyrraRow {
        severity: Severity::Page,
        hold: 28 * 24 * 4,
        long: 28 * 4,
        short: 28 * 24 * 2,
        factor: 7,
    },
    PyrraRow { severity: Severity::Ticket, hold: 28 * 24, long: 28, short: 28 * 12, factor: 2 },
    PyrraRow { severity: Severity::Ticket, hold: 28 * 8, long: 7, short: 28 * 4, factor: 1 },
];

impl Alerting {
    /// The pairs of `preset` for a budget over `window`, judged as is usual here.
    pub fn preset(preset: Preset, window: &Window, escalation: Option<String>) -> Self {
        Self::preset_at(preset, window, SAMPLE_INTERVAL, escalation)
    }

    /// As [`Self::preset`], where samples come every `sample_interval`: short windows hold at least four.
    pub fn preset_at(
        preset: Preset,
        window: &Window,
        sample_interval: SignedDuration,
        escalation: Option<String>,
    ) -> Self {
        let period_ms = millis(window.nominal()).max(MINUTE_MS);
        let short_min_ms = up_to_minute(millis(sample_interval).saturating_mul(SAMPLES_MIN));
        let pairs = match preset {
            Preset::Scaled => ROWS.iter().map(|row| scaled(row, period_ms, short_min_ms)).collect(),
            Preset::Pyrra => PYRRA.iter().map(|row| pyrra(row, period_ms)).collect(),
            Preset::Workbook => ROWS
                .iter()
                .map(|row| {
                    pair(row, row.long_ms, BurnFactor(row.factor_thousandths * 1_000_000), 0)
                })
                .collect(),
            Preset::None => Vec::new(),
        };
        Self { mode: AlertMode::Safe, guard: Guard::Tail, pairs, escalation }
    }
}

/// Months keep the round numbers; other periods stretch them. The factor follows the rounded window, so
/// that the share of the budget stays true, and is never below 1.
fn scaled(row: &Row, period_ms: i64, short_min_ms: i64) -> BurnPair {
    let is_month = (28 * DAY_MS..=31 * DAY_MS).contains(&period_ms);
    let long_ms = if is_month { row.long_ms } else { stretched(row.long_ms, period_ms) };
    let factor = divide_rounding(
        1_000 * i128::from(row.share_percent) * i128::from(period_ms),
        100 * i128::from(long_ms),
    );
    // Rounded to thousandths, which people can read.
    let factor = u64::try_from(factor.max(1_000)).unwrap_or(u64::MAX);
    let factor = factor.saturating_mul(1_000_000);
    pair(row, long_ms, BurnFactor(factor), short_min_ms)
}

/// Each length is rounded to a minute; the factors stay.
fn pyrra(row: &PyrraRow, period_ms: i64) -> BurnPair {
    let part = |parts: i64| {
        let minutes = divide_rounding(i128::from(period_ms), i128::from(parts * MINUTE_MS));
        SignedDuration::from_mins(i64::try_from(minutes).unwrap_or(i64::MAX / MINUTE_MS))
    };
    BurnPair {
        severity: row.severity,
        long: part(row.long),
        short: part(row.short),
        factor: BurnFactor(row.factor * BurnFactor::ONE.0),
        hold: part(row.hold),
    }
}

/// `long_ms` of 30 days as a part of `period_ms`, rounded to a minute, at least one.
fn stretched(long_ms: i64, period_ms: i64) -> i64 {
    let part = i128::from(long_ms) * i128::from(period_ms);
    let minutes = divide_rounding(part, i128::from(30 * DAY_MS) * i128::from(MINUTE_MS));
    i64::try_from(minutes).unwrap_or(i64::MAX).max(1).saturating_mul(MINUTE_MS)
}

/// The short window is a twelfth, rounded up to a minute, and at least `short_min_ms`.
fn pair(row: &Row, long_ms: i64, factor: BurnFactor, short_min_ms: i64) -> BurnPair {
    let short_ms = up_to_minute(long_ms / LONG_PER_SHORT).max(short_min_ms);
    BurnPair {
        severity: row.severity,
        long: SignedDuration::from_millis(long_ms),
        short: SignedDuration::from_millis(short_ms),
        factor,
        hold: SignedDuration::ZERO,
    }
}

fn up_to_minute(length_ms: i64) -> i64 {
    length_ms.saturating_add(MINUTE_MS - 1) / MINUTE_MS * MINUTE_MS
}

/// The nearest whole number to `dividend` ÷ `divisor`, both positive; halves go up.
fn divide_rounding(dividend: i128, divisor: i128) -> i128 {
    (2 * dividend + divisor) / (2 * divisor)
}

#[cfg(test)]
mod tests;
