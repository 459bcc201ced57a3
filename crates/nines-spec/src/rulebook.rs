//! What the files say to whoever decides about releases.

use std::collections::{BTreeMap, BTreeSet};

use nines_oncall::Target;
use nines_release::{Rulebook, ServiceFacts};

use crate::spec::{Service, Spec};

impl Spec {
    /// Policies, with what is known of the services that they rule and of the people who may approve.
    pub fn rulebook(&self) -> Rulebook {
        let facts = |it: &Service| ServiceFacts { owner: it.owner.clone(), tier: it.tier.clone() };
        let schedules = self.schedules.iter();
        let members = schedules
            .map(|it| (it.name.clone(), it.members.iter().cloned().collect::<BTreeSet<_>>()));
        let schedules: BTreeMap<String, BTreeSet<String>> = members.collect();
        let teams: BTreeMap<&str, &[String]> =
            self.teams.iter().map(|it| (it.name.as_str(), it.members.as_slice())).collect();
        let mut groups = schedules.clone();
        for policy in &self.policies {
            let group = groups.entry(policy.name.clone()).or_default();
            for target in policy.steps.iter().flat_map(|it| &it.targets) {
                match target {
                    Target::Person(name) => drop(group.insert(name.clone())),
                    Target::RoundRobin(names) => group.extend(names.iter().cloned()),
                    Target::Team(name) => {
                        let members = teams.get(name.as_str()).copied().unwrap_or_default();
                        group.extend(members.iter().cloned());
                    }
                    Target::Receiver(_) => {}
                    Target::Schedule(name) | Target::NextOnCall(name) => {
                        group.extend(schedules.get(name).into_iter().flatten().cloned());
                    }
                }
            }
        }
        Rulebook {
            policies: self.release_policies.clone(),
            services: self.services.iter().map(|it| (it.name.clone(), facts(it))).collect(),
            groups,
            ..Rulebook::default()
        }
    }
}
