//! A tree back to text, on one line, as Prometheus prints it.

use std::fmt::{self, Display, Write};

use nines_base::{METRIC_NAME, MatchOp, Matcher};

use super::ast::{
    Aggregate, AtTime, Binary, DurationExpr, DurationKind, DurationOperator, Expr, ExprKind,
    Extent, LabelChoice, Matching, Modifiers, Number, Selector, Side, Subquery,
};
use crate::format::{Plain, Quoted, Shortest};

impl Display for Expr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kind {
            ExprKind::Number(it) => it.fmt(f),
            ExprKind::Text(it) => Quoted(&it.value).fmt(f),
            ExprKind::Paren(of) => write!(f, "({of})"),
            ExprKind::Unary(sign, of) => write!(f, "{}{of}", sign.text()),
            ExprKind::Binary(it) => write!(f, "{} {} {}", it.left, BinaryHead(it), it.right),
            ExprKind::Aggregate(it) => {
                write!(f, "{}(", AggregateHead(it))?;
                if let Some(parameter) = &it.parameter {
                    write!(f, "{parameter}, ")?;
                }
                write!(f, "{})", it.of)
            }
            ExprKind::Call(it) => {
                write!(f, "{}(", it.name)?;
                joined(f, &it.args, ", ")?;
                f.write_char(')')
            }
            ExprKind::Vector(it) => {
                write!(f, "{}", Matchers(it))?;
                at(f, &it.modifiers)?;
                extent(f, it.extent)?;
                offset(f, &it.modifiers)
            }
            ExprKind::Matrix(it, range) => {
                write!(f, "{}[{range}]", Matchers(it))?;
                extent(f, it.extent)?;
                at(f, &it.modifiers)?;
                offset(f, &it.modifiers)
            }
            ExprKind::Subquery(it) => write!(f, "{}{}", it.of, SubqueryTail(it)),
        }
    }
}

impl Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.is_duration {
            return Plain(self.value).fmt(f);
        }
        f.write_str(if self.value < 0.0 { "-" } else { "" })?;
        duration(f, self.value.abs())
    }
}

/// The name and the clause of an aggregation.
pub(super) struct AggregateHead<'a>(pub(super) &'a Aggregate);

impl Display for AggregateHead<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.operator.name())?;
        match &self.0.by {
            Some(LabelChoice::Except(labels)) => write!(f, " without ({}) ", Labels(labels)),
            Some(LabelChoice::Only(labels)) if !labels.is_empty() => {
                write!(f, " by ({}) ", Labels(labels))
            }
            _ => Ok(()),
        }
    }
}

/// An operator with its modifiers.
pub(super) struct BinaryHead<'a>(pub(super) &'a Binary);

impl Display for BinaryHead<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Binary { operator, is_bool, matching, .. } = self.0;
        f.write_str(operator.text())?;
        f.write_str(if *is_bool { " bool" } else { "" })?;
        clauses(f, matching)
    }
}

fn clauses(f: &mut fmt::Formatter<'_>, matching: &Matching) -> fmt::Result {
    match &matching.by {
        Some(LabelChoice::Only(labels)) => write!(f, " on ({})", Labels(labels))?,
        Some(LabelChoice::Except(labels)) if !labels.is_empty() || matching.group.is_some() => {
            write!(f, " ignoring ({})", Labels(labels))?;
        }
        _ => {}
    }
    if let Some(group) = &matching.group {
        let side = if group.side == Side::Left { "left" } else { "right" };
        write!(f, " group_{side} ({})", Labels(&group.include))?;
    }
    let same = |one: f64, two: f64| one.to_bits() == two.to_bits();
    match (matching.fill_left, matching.fill_right) {
        (Some(left), Some(right)) if same(left, right) => {
            return write!(f, " fill ({})", Shortest(left));
        }
        (left, right) => {
            if let Some(left) = left {
                write!(f, " fill_left ({})", Shortest(left))?;
            }
            if let Some(right) = right {
                write!(f, " fill_right ({})", Shortest(right))?;
            }
        }
    }
    Ok(())
}

struct Labels<'a>(&'a [String]);

impl Display for Labels<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, label) in self.0.iter().enumerate() {
            f.write_str(if index == 0 { "" } else { ", " })?;
            label_name(f, label)?;
        }
        Ok(())
    }
}

/// Whether a label can be written without quotes.
fn is_plain(name: &str) -> bool {
    let mut chars = name.chars();
    chars.next().is_some_and(|it| it == '_' || it.is_ascii_alphabetic())
        && chars.all(|it| it == '_' || it.is_ascii_alphanumeric())
}

fn label_name(f: &mut fmt::Formatter<'_>, name: &str) -> fmt::Result {
    if is_plain(name) { f.write_str(name) } else { Quoted(name).fmt(f) }
}

struct OneMatcher<'a>(&'a Matcher);

impl Display for OneMatcher<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        label_name(f, self.0.name())?;
        write!(f, "{}{}", self.0.op(), Quoted(self.0.value()))
    }
}

/// The name and the braces of a selector.
struct Matchers<'a>(&'a Selector);

impl Display for Matchers<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Selector { name, matchers, .. } = self.0;
        f.write_str(name.as_deref().unwrap_or(""))?;
        let is_written = |it: &&Matcher| {
            !(it.name() == METRIC_NAME
                && it.op() == MatchOp::Equal
                && name.as_deref() == Some(it.value()))
        };
        let texts = matchers.iter().filter(is_written).map(|it| OneMatcher(it).to_string());
        let mut texts: Vec<_> = texts.collect();
        texts.sort_unstable();
        match (texts.is_empty(), name) {
            (true, Some(_)) => Ok(()),
            _ => write!(f, "{{{}}}", texts.join(",")),
        }
    }
}

fn at(f: &mut fmt::Formatter<'_>, modifiers: &Modifiers) -> fmt::Result {
    match modifiers.at {
        None => Ok(()),
        Some(AtTime::Start) => f.write_str(" @ start()"),
        Some(AtTime::End) => f.write_str(" @ end()"),
        Some(AtTime::Instant(at_ms)) => write!(f, " @ {:.3}", at_ms as f64 / 1e3),
    }
}

fn extent(f: &mut fmt::Formatter<'_>, extent: Extent) -> fmt::Result {
    f.write_str(match extent {
        Extent::Inner => "",
        Extent::Anchored => " anchored",
        Extent::Smoothed => " smoothed",
    })
}

fn offset(f: &mut fmt::Formatter<'_>, modifiers: &Modifiers) -> fmt::Result {
    match &modifiers.offset {
        None => Ok(()),
        // No offset at all looks the same.
        Some(DurationExpr { kind: DurationKind::Literal(it), .. }) if *it == 0.0 => Ok(()),
        Some(it) => write!(f, " offset {it}"),
    }
}

/// What follows the expression of a subquery.
pub(super) struct SubqueryTail<'a>(pub(super) &'a Subquery);

impl Display for SubqueryTail<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Subquery { range, step, modifiers, .. } = self.0;
        write!(f, "[{range}:")?;
        if let Some(step) = step {
            step.fmt(f)?;
        }
        f.write_char(']')?;
        at(f, modifiers)?;
        offset(f, modifiers)
    }
}

impl Display for DurationExpr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kind {
            DurationKind::Literal(seconds) => {
                f.write_str(if *seconds < 0.0 { "-" } else { "" })?;
                duration(f, seconds.abs())
            }
            DurationKind::Step => f.write_str("step()"),
            DurationKind::Range => f.write_str("range()"),
            DurationKind::Negate(of) => write!(f, "-{of}"),
            DurationKind::Paren(of) => write!(f, "({of})"),
            DurationKind::Binary(
                operator @ (DurationOperator::Min | DurationOperator::Max),
                one,
                two,
            ) => write!(f, "{}({one}, {two})", operator.text()),
            DurationKind::Binary(operator, one, two) => {
                write!(f, "{one} {} {two}", operator.text())
            }
        }
    }
}

/// `1h30m`; whole years and weeks as such, and what is not whole milliseconds as seconds.
fn duration(f: &mut fmt::Formatter<'_>, seconds: f64) -> fmt::Result {
    /// Milliseconds of a unit, and whether it is used only for whole numbers of it.
    const UNITS: [(&str, u64, bool); 7] = [
        ("y", 365 * 86_400_000, true),
        ("w", 7 * 86_400_000, true),
        ("d", 86_400_000, false),
        ("h", 3_600_000, false),
        ("m", 60_000, false),
        ("s", 1_000, false),
        ("ms", 1, false),
    ];
    let ms = (seconds * 1e3).round();
    #[expect(clippy::float_cmp, reason = "exact or not at all")]
    let is_exact = ms / 1e3 == seconds && ms < 9e15;
    if !is_exact {
        return Plain(seconds).fmt(f);
    }
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "in 0..9e15")]
    let mut rest_ms = ms as u64;
    if rest_ms == 0 {
        return f.write_str("0s");
    }
    for (unit, unit_ms, must_be_whole) in UNITS {
        if unit_ms <= rest_ms && (!must_be_whole || rest_ms.is_multiple_of(unit_ms)) {
            write!(f, "{}{unit}", rest_ms / unit_ms)?;
            rest_ms %= unit_ms;
        }
    }
    Ok(())
}

pub(super) fn joined(f: &mut impl Write, of: &[impl Display], separator: &str) -> fmt::Result {
    for (index, it) in of.iter().enumerate() {
        write!(f, "{}{it}", if index == 0 { "" } else { separator })?;
    }
    Ok(())
}
