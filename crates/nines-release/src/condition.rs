//! Conditions of a policy: typed, closed, without queries. It must not know what they are asked about.

use std::fmt;

use jiff::SignedDuration;
use nines_base::format_duration;

use crate::numbers::plain_percent;

mod parse;

pub use parse::ConditionError;

/// A condition, as a policy writes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Condition {
    /// One thing that is looked at.
    Atom(Atom),
    /// The reverse.
    Not(Box<Self>),
    /// Both.
    And(Box<Self>, Box<Self>),
    /// At least one.
    Or(Box<Self>, Box<Self>),
}

/// One thing that is looked at, compared with a literal of its own type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Atom {
    /// A share of a budget.
    Share {
        /// Of what.
        field: ShareField,
        /// How it is compared.
        order: Order,
        /// With what, in billionths; may be negative.
        limit: i128,
    },
    /// A length of time.
    Duration {
        /// Of what.
        field: DurationField,
        /// How it is compared.
        order: Order,
        /// With what.
        limit: SignedDuration,
    },
    /// How many actions of postmortems are late.
    ActionsOverdue {
        /// How the number is compared.
        order: Order,
        /// With what.
        limit: u64,
    },
    /// The gravest open incident; `<= SEV2` is SEV1 or SEV2. No incident is milder than any.
    OpenSeverity {
        /// How the number of the severity is compared.
        order: Order,
        /// With what, from 1, the worst, to 5.
        limit: u8,
    },
    /// Whether a hard dependency stands at this level of its own policy.
    DependencyAt {
        /// The name of a level, or `normal`.
        level: String,
    },
    /// Whether a hard dependency stands at another level than this one.
    DependencyNotAt {
        /// The name of a level, or `normal`.
        level: String,
    },
    /// What is so, or is not.
    Flag(FlagField),
}

/// Shares that conditions know.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ShareField {
    /// What is left of the budget: 100 % is untouched, 0 % is spent, negative is overspent.
    BudgetRemaining,
    /// What is gone of the budget.
    BudgetConsumed,
    /// What the one worst incident took of the budget.
    IncidentShare,
    /// What one class of causes took of the budget in a period.
    ClassShare(Period),
}

/// Lengths of time that conditions know.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum DurationField {
    /// How long the budget lasts at the present rate; longer than anything when it outlives its window.
    BudgetExhaustsIn,
    /// How long ago the last drill was.
    DrillAge,
}

/// What is so, or is not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum FlagField {
    /// A budget burns fast enough to wake somebody.
    BurnPage,
    /// A budget burns fast enough for a ticket.
    BurnTicket,
    /// The policy's calendar freezes changes now.
    CalendarFreeze,
}

/// The period of [`ShareField::ClassShare`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Period {
    /// Seven days.
    Week,
    /// A calendar month.
    Month,
    /// A calendar quarter.
    Quarter,
    /// A calendar year.
    Year,
}

impl Period {
    /// All, shortest first, with their words.
    pub const ALL: [(&'static str, Self); 4] = [
        ("week", Self::Week),
        ("month", Self::Month),
        ("quarter", Self::Quarter),
        ("year", Self::Year),
    ];
}

/// `quarter`.
impl fmt::Display for Period {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = Self::ALL.iter().find(|(_, it)| it == self).map_or("", |(word, _)| *word);
        f.write_str(word)
    }
}

/// How two values are compared. Equality is not offered: measured values are hardly ever equal to a limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// `<`
    Less,
    /// `<=`
    AtMost,
    /// `>`
    More,
    /// `>=`
    AtLeast,
}

impl Order {
    /// Whether `left` stands so to `right`.
    pub fn holds<T: Ord>(self, left: &T, right: &T) -> bool {
        match self {
            Self::Less => left < right,
            Self::AtMost => left <= right,
            Self::More => left > right,
            Self::AtLeast => left >= right,
        }
    }

    /// What holds where this does not.
    #[must_use]
    pub fn negated(self) -> Self {
        match self {
            Self::Less => Self::AtLeast,
            Self::AtMost => Self::More,
            Self::More => Self::AtMost,
            Self::AtLeast => Self::Less,
        }
    }

    /// Whether small values make it true.
    pub fn wants_small(self) -> bool {
        matches!(self, Self::Less | Self::AtMost)
    }
}

/// `<=`.
impl fmt::Display for Order {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Less => "<",
            Self::AtMost => "<=",
            Self::More => ">",
            Self::AtLeast => ">=",
        })
    }
}

/// What a condition is about; names the check of a decision.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Subject {
    /// Error budgets.
    Budget,
    /// How fast they burn.
    Burn,
    /// Incidents.
    Incident,
    /// Classes of causes.
    Class,
    /// What the service needs.
    Dependency,
    /// The policy's own calendar.
    Calendar,
    /// Drills.
    Drill,
    /// Actions of postmortems.
    Actions,
}

/// `error budget`.
impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Budget => "error budget",
            Self::Burn => "burn rate",
            Self::Incident => "incident",
            Self::Class => "class of causes",
            Self::Dependency => "dependency",
            Self::Calendar => "calendar",
            Self::Drill => "drill",
            Self::Actions => "overdue actions",
        })
    }
}

impl Atom {
    /// What it is about.
    pub fn subject(&self) -> Subject {
        match self {
            Self::Share { field: ShareField::IncidentShare, .. } | Self::OpenSeverity { .. } => {
                Subject::Incident
            }
            Self::Share { field: ShareField::ClassShare(_), .. } => Subject::Class,
            Self::Share { .. } => Subject::Budget,
            Self::Duration { field: DurationField::BudgetExhaustsIn, .. } => Subject::Budget,
            Self::Duration { field: DurationField::DrillAge, .. } => Subject::Drill,
            Self::ActionsOverdue { .. } => Subject::Actions,
            Self::DependencyAt { .. } | Self::DependencyNotAt { .. } => Subject::Dependency,
            Self::Flag(FlagField::BurnPage | FlagField::BurnTicket) => Subject::Burn,
            Self::Flag(FlagField::CalendarFreeze) => Subject::Calendar,
        }
    }
}

impl Condition {
    /// Every atom, in the order of writing.
    pub fn atoms(&self) -> Vec<&Atom> {
        match self {
            Self::Atom(atom) => vec![atom],
            Self::Not(inner) => inner.atoms(),
            Self::And(left, right) | Self::Or(left, right) => {
                let mut atoms = left.atoms();
                atoms.extend(right.atoms());
                atoms
            }
        }
    }

    /// The reverse, with `not` only before flags.
    #[must_use]
    pub fn negated(&self) -> Self {
        match self {
            Self::Not(inner) => (**inner).clone(),
            Self::And(left, right) => Self::Or(Box::new(left.negated()), Box::new(right.negated())),
            Self::Or(left, right) => Self::And(Box::new(left.negated()), Box::new(right.negated())),
            Self::Atom(atom) => match atom.negated() {
                Some(atom) => Self::Atom(atom),
                None => Self::Not(Box::new(self.clone())),
            },
        }
    }
}

impl Atom {
    /// The reverse as an atom; flags, and what is asked of any dependency, have none.
    fn negated(&self) -> Option<Self> {
        Some(match *self {
            Self::Share { field, order, limit } => {
                Self::Share { field, order: order.negated(), limit }
            }
            Self::Duration { field, order, limit } => {
                Self::Duration { field, order: order.negated(), limit }
            }
            Self::ActionsOverdue { order, limit } => {
                Self::ActionsOverdue { order: order.negated(), limit }
            }
            Self::OpenSeverity { order, limit } => {
                Self::OpenSeverity { order: order.negated(), limit }
            }
            Self::DependencyAt { .. } | Self::DependencyNotAt { .. } | Self::Flag(_) => {
                return None;
            }
        })
    }
}

impl fmt::Display for ShareField {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::BudgetRemaining => f.write_str("budget.remaining"),
            Self::BudgetConsumed => f.write_str("budget.consumed"),
            Self::IncidentShare => f.write_str("incident.share"),
            Self::ClassShare(period) => write!(f, "class.share({period})"),
        }
    }
}

impl fmt::Display for DurationField {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::BudgetExhaustsIn => "budget.exhausts_in",
            Self::DrillAge => "drill.age",
        })
    }
}

impl fmt::Display for FlagField {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::BurnPage => "burn.page",
            Self::BurnTicket => "burn.ticket",
            Self::CalendarFreeze => "calendar.freeze",
        })
    }
}

/// As a policy writes it.
impl fmt::Display for Atom {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Share { field, order, limit } => {
                write!(f, "{field} {order} {}", plain_percent(*limit))
            }
            Self::Duration { field, order, limit } => {
                write!(f, "{field} {order} {}", format_duration(*limit))
            }
            Self::ActionsOverdue { order, limit } => write!(f, "actions.overdue {order} {limit}"),
            Self::OpenSeverity { order, limit } => {
                write!(f, "incident.open_severity {order} SEV{limit}")
            }
            Self::DependencyAt { level } => write!(f, "dependency.level = {level}"),
            Self::DependencyNotAt { level } => write!(f, "dependency.level != {level}"),
            Self::Flag(flag) => flag.fmt(f),
        }
    }
}

/// As a policy writes it, with as few brackets as are needed.
impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Atom(atom) => atom.fmt(f),
            Self::Not(inner) => match **inner {
                Self::And(..) | Self::Or(..) => write!(f, "not ({inner})"),
                Self::Atom(_) | Self::Not(_) => write!(f, "not {inner}"),
            },
            Self::And(left, right) => {
                bracketed(f, left, matches!(**left, Self::Or(..)).then_some(Brackets))?;
                f.write_str(" and ")?;
                // The parser groups to the left, so a group on the right keeps its brackets.
                let is_group = matches!(**right, Self::And(..) | Self::Or(..));
                bracketed(f, right, is_group.then_some(Brackets))
            }
            Self::Or(left, right) => {
                write!(f, "{left} or ")?;
                bracketed(f, right, matches!(**right, Self::Or(..)).then_some(Brackets))
            }
        }
    }
}

#[derive(Clone, Copy)]
struct Brackets;

fn bracketed(
    f: &mut fmt::Formatter<'_>,
    condition: &Condition,
    brackets: Option<Brackets>,
) -> fmt::Result {
    match brackets {
        Some(Brackets) => write!(f, "({condition})"),
        None => write!(f, "{condition}"),
    }
}

#[cfg(test)]
pub(crate) mod tests;
