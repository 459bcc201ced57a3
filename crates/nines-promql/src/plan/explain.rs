//! A plan as text: one line per operator, operands below their operator.

use std::fmt::{self, Display, Write};

use super::{At, Buckets, Extent, Grouping, Length, Matching, Node, Operator, Selector, Shift};
use crate::format::{Plain, Quoted};
use nines_base::{METRIC_NAME, MatchOp};

/// The plan below a node; every level is indented by two more spaces.
pub(crate) fn explain(node: &Node) -> String {
    let mut out = String::new();
    lines(node, 0, &mut out);
    out
}

fn lines(node: &Node, level: usize, out: &mut String) {
    let indent = "  ".repeat(level);
    writeln!(out, "{indent}{}", Line(node)).expect("a String takes everything");
    let below = if let Node::Shared(_, of) = node { of.children() } else { node.children() };
    for child in below {
        lines(child, level + 1, out);
    }
}

/// What identifies a plan: equal texts are equal plans.
pub(super) fn identity(node: &Node) -> String {
    let children: Vec<_> = node.children().into_iter().map(identity).collect();
    format!("{}({})", Line(node), children.join(";"))
}

/// One operator without its operands.
struct Line<'a>(&'a Node);

impl Display for Line<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Node::Number(it) => write!(f, "number {}", Plain(*it)),
            Node::Text(it) => write!(f, "text {}", Quoted(it)),
            Node::Selector(it) => write!(f, "select {it}"),
            Node::Range(it) => {
                write!(f, "select {} over {}", it.selector, Shown(&it.range))
            }
            Node::Subquery(it) => {
                write!(f, "subquery over {}", Shown(&it.range))?;
                if let Some(step) = &it.step {
                    write!(f, " every {}", Shown(step))?;
                }
                it.shift.fmt(f)
            }
            Node::Negate(_) => f.write_str("negate"),
            Node::Binary(it) => {
                let bool = if matches!(it.operator, Operator::Test(_)) { " bool" } else { "" };
                write!(f, "{}{bool}{}", it.operator.text(), it.matching)
            }
            Node::Aggregate(it) => write!(f, "{}{}", it.kind.name(), it.by),
            Node::Call(it) => f.write_str(it.name),
            Node::Shared(id, of) => write!(f, "#{id} {}", Line(of)),
        }
    }
}

/// `{code="500"}` with the name in front.
impl Display for Selector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let is_name =
            |it: &nines_base::Matcher| it.name() == METRIC_NAME && it.op() == MatchOp::Equal;
        let name = self.matchers.iter().find(|it| is_name(it));
        f.write_str(name.map_or("", |it| it.value()))?;
        let others = self.matchers.iter().filter(|it| name.is_none_or(|name| *name != **it));
        let others: Vec<_> = others.map(ToString::to_string).collect();
        if name.is_none() || !others.is_empty() {
            write!(f, "{{{}}}", others.join(", "))?;
        }
        f.write_str(match self.extent {
            Extent::Inner => "",
            Extent::Anchored => " anchored",
            Extent::Smoothed => " smoothed",
        })?;
        f.write_str(if self.buckets == Buckets::Ignored { " without buckets" } else { "" })?;
        self.shift.fmt(f)
    }
}

impl Display for Shift {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.at {
            None => {}
            Some(At::Start) => f.write_str(" @ start()")?,
            Some(At::End) => f.write_str(" @ end()")?,
            Some(At::Instant(at_ms)) => write!(f, " @ {}", Plain(at_ms as f64 / 1e3))?,
        }
        match &self.offset {
            Length::Fixed(0) => Ok(()),
            it => write!(f, " offset {}", Shown(it)),
        }
    }
}

struct Shown<'a>(&'a Length);

impl Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Length::Fixed(ms) => {
                let duration = jiff::SignedDuration::from_millis(*ms);
                f.write_str(&nines_base::format_duration(duration))
            }
            Length::Computed(it) => it.fmt(f),
        }
    }
}

impl Display for Grouping {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Only(names) if names.is_empty() => Ok(()),
            Self::Only(names) => write!(f, " by ({})", names.join(", ")),
            Self::Except(names) => write!(f, " without ({})", names.join(", ")),
        }
    }
}

impl Display for Matching {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.by {
            Grouping::Only(names) => write!(f, " on ({})", names.join(", "))?,
            Grouping::Except(names) if names.is_empty() => {}
            Grouping::Except(names) => write!(f, " ignoring ({})", names.join(", "))?,
        }
        let include = self.include.join(", ");
        match self.cardinality {
            super::Cardinality::OneToOne => {}
            super::Cardinality::ManyToOne => write!(f, " group_left ({include})")?,
            super::Cardinality::OneToMany => write!(f, " group_right ({include})")?,
        }
        if let Some(fill) = self.fill_left {
            write!(f, " fill_left ({})", Plain(fill))?;
        }
        if let Some(fill) = self.fill_right {
            write!(f, " fill_right ({})", Plain(fill))?;
        }
        Ok(())
    }
}
