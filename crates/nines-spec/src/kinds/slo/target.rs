//! Targets: `< 300ms`, `>= 1000/s`, `<= 0.5`.

use nines_base::parse_duration;
use nines_slo::{Decimal, Target, TargetOp};

use crate::draft::Page;
use crate::fields::Text;
use crate::mistake::Mistake;
use crate::node::Node;

/// Longer ones first: `<` also begins `<=`.
const OPS: [(&str, TargetOp); 4] = [
    ("<=", TargetOp::AtMost),
    (">=", TargetOp::AtLeast),
    ("<", TargetOp::Below),
    (">", TargetOp::Above),
];

/// What a value is measured in, and so which units a target may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unit {
    /// Of the metric: a duration where it is in seconds, or a number.
    OfMetric,
    /// Seconds: a duration, or a number.
    Time,
    /// Events per second: `1000/s`, `60000/min`, or a number of them per second.
    Rate,
}

/// Reads one, in the unit of the value: seconds, or events per second.
pub(super) fn read(page: &mut Page<'_, '_>, node: &Node, unit: Unit) -> Option<Target> {
    let text = page.scalar(node, "`target`")?;
    let trimmed = text.text.trim();
    let found = OPS.iter().find_map(|(sign, op)| Some((*op, trimmed.strip_prefix(sign)?.trim())));
    let Some((op, value)) = found else {
        let help = format!("say which side is good, e.g. `'< {trimmed}'` in quotes");
        bad(page, text, "it has none of `<`, `<=`, `>` and `>=`", help);
        return None;
    };
    let value = match value_of(value, unit) {
        Ok(value) => value,
        Err(problem) => {
            bad(page, text, problem, unit.example());
            return None;
        }
    };
    Some(Target { op, value })
}

fn value_of(text: &str, unit: Unit) -> Result<Decimal, &'static str> {
    if let Ok(number) = text.parse() {
        return Ok(number);
    }
    match unit {
        Unit::Rate => rate(text).ok_or("the rate behind the sign cannot be read"),
        Unit::Time | Unit::OfMetric => {
            let duration = parse_duration(text).map_err(|_| match unit {
                Unit::Time => "the duration behind the sign cannot be read",
                _ => "the number or duration behind the sign cannot be read",
            })?;
            // Milliseconds are the smallest unit, so this is exact.
            Ok(Decimal { billionths: duration.as_millis() * (Decimal::SCALE / 1_000) })
        }
    }
}

/// Per second, if that is a decimal.
fn rate(text: &str) -> Option<Decimal> {
    let (number, per) = text.split_once('/')?;
    let seconds = match per.trim() {
        "s" | "sec" | "second" => 1,
        "m" | "min" | "minute" => 60,
        "h" | "hour" => 3_600,
        "d" | "day" => 86_400,
        _ => return None,
    };
    let number: Decimal = number.trim().parse().ok()?;
    (number.billionths % seconds == 0)
        .then_some(Decimal { billionths: number.billionths / seconds })
}

fn bad(page: &mut Page<'_, '_>, text: Text<'_>, problem: &'static str, help: String) {
    let (text, at) = (text.text.to_owned(), text.span);
    page.report(&Mistake::BadTarget { text, problem, help, at });
}

impl Unit {
    fn example(self) -> String {
        match self {
            Self::OfMetric => "write e.g. `'< 300ms'` or `'< 0.5'`".to_owned(),
            Self::Time => "write e.g. `'< 2h'`".to_owned(),
            Self::Rate => {
                "write e.g. `'>= 1000/s'`; what is per minute must be a whole part per second"
                    .to_owned()
            }
        }
    }
}
