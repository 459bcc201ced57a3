//! Which policy rules which change.

use std::collections::{BTreeMap, BTreeSet};

use crate::condition::{Atom, DurationField};
use crate::decision::{Change, ChangeKind};
use crate::policy::Policy;

/// What a policy rules.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Scope {
    /// Which services.
    pub services: ServicePattern,
    /// Where; empty is everywhere.
    pub envs: Vec<String>,
    /// Which sorts of changes; empty is all.
    pub changes: Vec<ChangeKind>,
}

/// A choice of services.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum ServicePattern {
    /// All that no other policy names or selects.
    #[default]
    All,
    /// These.
    Named(BTreeSet<String>),
    /// Those of which all these hold; keys are `name`, `owner`, `tier`.
    Selected(BTreeMap<String, String>),
}

/// What is known of a service.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ServiceFacts {
    /// The team or person who keeps it.
    pub owner: Option<String>,
    /// How much it matters.
    pub tier: Option<String>,
}

impl Scope {
    /// These services, everywhere and for all changes; without any, all services.
    pub fn services(names: Vec<String>) -> Self {
        let services = if names.is_empty() {
            ServicePattern::All
        } else {
            ServicePattern::Named(names.into_iter().collect())
        };
        Self { services, ..Self::default() }
    }

    fn rules_change(&self, change: &Change) -> bool {
        (self.envs.is_empty() || self.envs.contains(&change.env))
            && (self.changes.is_empty() || self.changes.contains(&change.kind))
    }
}

impl ServicePattern {
    /// The keys of a selection.
    pub const KEYS: [&'static str; 3] = ["name", "owner", "tier"];

    /// How closely it fits a service: the closer, the more; nothing when it does not.
    fn rank(&self, service: &str, facts: Option<&ServiceFacts>) -> Option<usize> {
        match self {
            Self::All => Some(0),
            Self::Named(names) => names.contains(service).then_some(usize::MAX),
            Self::Selected(wanted) => {
                let value = |key: &str| match key {
                    "name" => Some(service),
                    "owner" => facts.and_then(|it| it.owner.as_deref()),
                    "tier" => facts.and_then(|it| it.tier.as_deref()),
                    _ => None,
                };
                let fits = wanted.iter().all(|(key, it)| value(key) == Some(it.as_str()));
                fits.then_some(wanted.len())
            }
        }
    }
}

/// Every policy, and what is known of services.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rulebook {
    /// In the order of files and lines.
    pub policies: Vec<Policy>,
    /// By name.
    pub services: BTreeMap<String, ServiceFacts>,
    /// Who stands behind the name of an approver that is not a person: the members of schedules and escalations.
    pub groups: BTreeMap<String, BTreeSet<String>>,
    /// Rules what no other does.
    pub default: Policy,
}

/// No policy but the default.
impl Default for Rulebook {
    fn default() -> Self {
        Self {
            policies: Vec::new(),
            services: BTreeMap::new(),
            groups: BTreeMap::new(),
            default: Policy::default_policy(),
        }
    }
}

impl Rulebook {
    /// The policy that rules a change: the one that fits its service most closely, and of equal ones the first.
    pub fn policy_for(&self, change: &Change) -> &Policy {
        let ruling = self.ruling(&change.service);
        ruling.into_iter().find(|it| it.scope.rules_change(change)).unwrap_or(&self.default)
    }

    /// Every policy whose levels a service has, the most fitting first; the default, if there is no other.
    pub fn ruling(&self, service: &str) -> Vec<&Policy> {
        let facts = self.services.get(service);
        let rank = |it: &Policy| it.scope.services.rank(service, facts);
        let mut ruling: Vec<(usize, &Policy)> =
            self.policies.iter().filter_map(|it| Some((rank(it)?, it))).collect();
        ruling.sort_by_key(|(rank, _)| std::cmp::Reverse(*rank));
        if ruling.is_empty() {
            vec![&self.default]
        } else {
            ruling.into_iter().map(|(_, it)| it).collect()
        }
    }

    /// Whether any condition asks how long a budget lasts ([`crate::BudgetInput::exhausts_in`]).
    pub fn asks_how_long_budgets_last(&self) -> bool {
        let asks = |it: &&Atom| {
            matches!(it, Atom::Duration { field: DurationField::BudgetExhaustsIn, .. })
        };
        let policies = self.policies.iter().chain([&self.default]);
        policies.flat_map(Policy::conditions).any(|it| it.atoms().iter().any(asks))
    }

    /// The policy of this name.
    pub fn policy(&self, name: &str) -> Option<&Policy> {
        self.policies.iter().chain([&self.default]).find(|it| it.name == name)
    }

    /// The team of a service; the service itself where nobody is named.
    pub fn team(&self, service: &str) -> String {
        let owner = self.services.get(service).and_then(|it| it.owner.clone());
        owner.unwrap_or_else(|| service.to_owned())
    }

    /// Whether `person` is one of `approvers`, or a member of one of them.
    pub fn is_approver(&self, approvers: &[String], person: &str) -> bool {
        let is_member = |it: &String| self.groups.get(it).is_some_and(|it| it.contains(person));
        approvers.iter().any(|it| it == person || is_member(it))
    }
}

#[cfg(test)]
mod tests;
