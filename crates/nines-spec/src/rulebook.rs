//! What the files say to whoever decides about releases.

use std::collections::{BTreeMap, BTreeSet};

use nines_release::{Rulebook, ServiceFacts};

use crate::spec::{Service, Spec};

impl Spec {
    /// Policies, with what is known of the services that they rule and of the people who may approve.
    pub fn rulebook(&self) -> Rulebook {
        let facts = |it: &Service| ServiceFacts { owner: it.owner.clone(), tier: it.tier.clone() };
        let names = |it: Vec<&str>| it.into_iter().map(str::to_owned).collect();
        let schedules = self.schedules.iter().map(|it| (it.name.clone(), names(it.people())));
        let mut groups: BTreeMap<String, BTreeSet<String>> = schedules.collect();
        for policy in &self.policies {
            let group = groups.entry(policy.name.clone()).or_default();
            for target in policy.steps.iter().flat_map(|it| &it.targets) {
                let people = self.people_behind(target).unwrap_or_default();
                group.extend(people.into_iter().map(str::to_owned));
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
