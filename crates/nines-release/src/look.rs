//! Answers to conditions, in three-valued logic: what is not known stays unknown, unless the rest decides.

use jiff::Timestamp;

use crate::condition::{Atom, Condition, DurationField, FlagField, Order, ShareField};
use crate::decision::Cause;
use crate::policy::{Basis, Freeze, Policy};
use crate::situation::{BudgetInput, Situation, Trust};

/// The answer to a condition (Kleene 1938, strong logic of indeterminacy).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Truth {
    /// It holds.
    True,
    /// It does not hold.
    False,
    /// Nobody knows, for this reason.
    Unknown(Cause),
}

impl Truth {
    /// Of something that is known.
    pub fn of(holds: impl Into<Option<bool>>, cause: Cause) -> Self {
        match holds.into() {
            Some(true) => Self::True,
            Some(false) => Self::False,
            None => Self::Unknown(cause),
        }
    }

    /// False wins, then unknown.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::False, _) | (_, Self::False) => Self::False,
            (Self::Unknown(cause), _) | (_, Self::Unknown(cause)) => Self::Unknown(cause),
            (Self::True, Self::True) => Self::True,
        }
    }

    /// True wins, then unknown.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        self.negated().and(other.negated()).negated()
    }

    /// The reverse; unknown stays unknown.
    #[must_use]
    pub fn negated(self) -> Self {
        match self {
            Self::True => Self::False,
            Self::False => Self::True,
            unknown @ Self::Unknown(_) => unknown,
        }
    }
}

/// A policy's view of a situation at an instant.
#[derive(Debug, Clone, Copy)]
pub struct Look<'a> {
    /// Whose view.
    pub policy: &'a Policy,
    /// Of what.
    pub situation: &'a Situation,
    /// When.
    pub now: Timestamp,
}

/// What a number says when it is not fully known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Measure<T> {
    /// It is this.
    Known(T),
    /// What is known already is this bad; more may be missing.
    AtLeastAsBadAs(T, Cause),
    /// Nothing is known.
    Unknown(Cause),
}

/// Which values of a number are bad.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Bad {
    Small,
    Large,
}

impl<'a> Look<'a> {
    /// The answer to a condition.
    pub fn truth(&self, condition: &Condition) -> Truth {
        match condition {
            Condition::Atom(atom) => self.atom(atom),
            Condition::Not(inner) => self.truth(inner).negated(),
            Condition::And(left, right) => self.truth(left).and(self.truth(right)),
            Condition::Or(left, right) => self.truth(left).or(self.truth(right)),
        }
    }

    /// The budgets that the policy looks at.
    pub fn budgets(&self) -> impl Iterator<Item = &'a BudgetInput> + use<'a> {
        let view = &self.policy.budget;
        let is_meant =
            |wanted: &Option<String>, it: &str| wanted.as_deref().is_none_or(|w| w == it);
        let budgets = self.situation.input.budgets.iter();
        budgets.filter(move |it| {
            is_meant(&view.objective, &it.objective) && is_meant(&view.window, &it.window)
        })
    }

    /// The budget that speaks most against a change: what is not known, where nothing worse is.
    pub fn worst_budget(&self) -> Option<&'a BudgetInput> {
        let badness = |it: &&BudgetInput| match self.remaining(it) {
            Measure::Known(left) | Measure::AtLeastAsBadAs(left, _) if left <= 0 => (0, left),
            Measure::Unknown(_) => (1, 0),
            Measure::AtLeastAsBadAs(left, _) => (2, left),
            Measure::Known(left) => (3, left),
        };
        self.budgets().min_by_key(badness)
    }

    /// What is left of a budget, as the policy counts it.
    pub fn left_of(&self, budget: &BudgetInput) -> Option<i128> {
        match self.remaining(budget) {
            Measure::Known(left) | Measure::AtLeastAsBadAs(left, _) => Some(left),
            Measure::Unknown(_) => None,
        }
    }

    /// Why a budget is not fully known.
    pub fn doubt(&self, budget: &BudgetInput) -> Option<Cause> {
        match self.remaining(budget) {
            Measure::Known(_) => None,
            Measure::AtLeastAsBadAs(_, cause) | Measure::Unknown(cause) => Some(cause),
        }
    }

    /// The stretch of the policy's calendar that freezes changes now.
    pub fn freeze(&self) -> Option<&'a Freeze> {
        self.policy.calendar.iter().find(|it| it.from <= self.now && self.now < it.until)
    }

    fn atom(&self, atom: &Atom) -> Truth {
        let input = &self.situation.input;
        match atom {
            Atom::Share { field: ShareField::BudgetRemaining, order, limit } => {
                self.of_budgets(|it| self.remaining(it), *order, limit, Bad::Small)
            }
            Atom::Share { field: ShareField::BudgetConsumed, order, limit } => {
                let consumed = |it: &BudgetInput| self.remaining(it).map(|left| WHOLE - left);
                self.of_budgets(consumed, *order, limit, Bad::Large)
            }
            Atom::Share { field: ShareField::IncidentShare, order, limit } => {
                Truth::of(input.incident_share.map(|it| order.holds(&it, limit)), Cause::NoData)
            }
            Atom::Share { field: ShareField::ClassShare(period), order, limit } => {
                let share = input.class_shares.get(period);
                Truth::of(share.map(|it| order.holds(it, limit)), Cause::NoData)
            }
            Atom::Duration { field: DurationField::BudgetExhaustsIn, order, limit } => {
                let longest = jiff::SignedDuration::MAX;
                let lasts = |it: &BudgetInput| {
                    self.remaining(it).map(|_| it.exhausts_in.unwrap_or(longest))
                };
                self.of_budgets(lasts, *order, limit, Bad::Small)
            }
            Atom::Duration { field: DurationField::DrillAge, order, limit } => {
                Truth::of(input.drill_age.map(|it| order.holds(&it, limit)), Cause::NoData)
            }
            Atom::ActionsOverdue { order, limit } => {
                Truth::of(input.actions_overdue.map(|it| order.holds(&it, limit)), Cause::NoData)
            }
            Atom::OpenSeverity { order, limit } => {
                // Milder than the mildest, so that the orders stay each other's reverse.
                const NONE: u8 = u8::MAX;
                let open = self.situation.open_incidents.iter().map(|it| it.severity);
                Truth::of(order.holds(&open.min().unwrap_or(NONE), limit), Cause::Internal)
            }
            Atom::DependencyAt { level } => self.any_dependency(|it| it == level),
            Atom::DependencyNotAt { level } => self.any_dependency(|it| it != level),
            Atom::Flag(FlagField::BurnPage) => self.burns(|it| it.burn_page),
            Atom::Flag(FlagField::BurnTicket) => self.burns(|it| it.burn_ticket),
            Atom::Flag(FlagField::CalendarFreeze) => {
                Truth::of(self.freeze().is_some(), Cause::Internal)
            }
        }
    }

    /// Several budgets: the worst decides. None at all: nobody knows.
    fn of_budgets<T: Ord>(
        &self,
        measure: impl Fn(&BudgetInput) -> Measure<T>,
        order: Order,
        limit: &T,
        bad: Bad,
    ) -> Truth {
        // `remaining < 25 %` is about any budget, `remaining > 35 %` about all of them.
        let asks_for_bad = order.wants_small() == (bad == Bad::Small);
        let answer = |it: &BudgetInput| match measure(it) {
            Measure::Known(value) => Truth::of(order.holds(&value, limit), Cause::Internal),
            // What is known already only becomes worse with what is missing.
            Measure::AtLeastAsBadAs(value, cause) => {
                match (order.holds(&value, limit), asks_for_bad) {
                    (true, true) => Truth::True,
                    (false, false) => Truth::False,
                    (true, false) | (false, true) => Truth::Unknown(cause),
                }
            }
            Measure::Unknown(cause) => Truth::Unknown(cause),
        };
        let combine = if asks_for_bad { Truth::or } else { Truth::and };
        self.budgets().map(answer).reduce(combine).unwrap_or(Truth::Unknown(Cause::NoData))
    }

    fn remaining(&self, budget: &BudgetInput) -> Measure<i128> {
        let left = match self.policy.budget.basis {
            Basis::Seen => budget.seen_billionths,
            Basis::Whole => budget.whole_billionths,
        };
        let cause = match budget.trust {
            Trust::Good => Cause::NoData,
            Trust::Stale => Cause::Stale,
            Trust::Suspect => return Measure::Unknown(Cause::Suspect),
            Trust::NoData => return Measure::Unknown(Cause::NoData),
            Trust::Unreachable => return Measure::Unknown(Cause::Unreachable),
        };
        let is_young = budget.coverage_billionths < self.policy.budget.min_coverage;
        match left {
            None => Measure::Unknown(cause),
            Some(left) if budget.trust == Trust::Stale => Measure::AtLeastAsBadAs(left, cause),
            Some(left) if is_young => Measure::AtLeastAsBadAs(left, Cause::Young),
            Some(left) => Measure::Known(left),
        }
    }

    fn burns(&self, burns: impl Fn(&BudgetInput) -> bool) -> Truth {
        let answer = |it: &BudgetInput| match (burns(it), it.trust) {
            (true, _) => Truth::True,
            (false, Trust::Good) => Truth::False,
            (false, Trust::Stale) => Truth::Unknown(Cause::Stale),
            (false, Trust::Suspect) => Truth::Unknown(Cause::Suspect),
            (false, Trust::NoData) => Truth::Unknown(Cause::NoData),
            (false, Trust::Unreachable) => Truth::Unknown(Cause::Unreachable),
        };
        self.budgets().map(answer).reduce(Truth::or).unwrap_or(Truth::Unknown(Cause::NoData))
    }

    fn any_dependency(&self, is_so: impl Fn(&str) -> bool) -> Truth {
        let dependencies = self.situation.dependencies.iter();
        let answers =
            dependencies.map(|it| Truth::of(it.level.as_deref().map(&is_so), Cause::NoData));
        answers.reduce(Truth::or).unwrap_or(Truth::False)
    }

    /// The first atom that makes a condition what it is; else the first of all.
    pub fn decisive<'c>(&self, condition: &'c Condition) -> Option<&'c Atom> {
        let atoms = condition.atoms();
        let first =
            |wanted: fn(Truth) -> bool| atoms.iter().copied().find(|it| wanted(self.atom(it)));
        first(|it| it == Truth::True)
            .or_else(|| first(|it| matches!(it, Truth::Unknown(_))))
            .or_else(|| atoms.first().copied())
    }
}

/// All of a budget, in billionths.
const WHOLE: i128 = 1_000_000_000;

impl<T> Measure<T> {
    fn map<U>(self, to: impl FnOnce(T) -> U) -> Measure<U> {
        match self {
            Self::Known(it) => Measure::Known(to(it)),
            Self::AtLeastAsBadAs(it, cause) => Measure::AtLeastAsBadAs(to(it), cause),
            Self::Unknown(cause) => Measure::Unknown(cause),
        }
    }
}

#[cfg(test)]
pub(crate) mod tests;
