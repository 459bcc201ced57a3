use super::*;
use crate::policy::GatePolicy;

fn policy(name: &str, services: ServicePattern) -> Policy {
    let scope = Scope { services, ..Scope::default() };
    let gate = GatePolicy { name: name.to_owned(), ..GatePolicy::default_policy() };
    Policy { scope, ..Policy::from(gate) }
}

fn named(name: &str) -> ServicePattern {
    ServicePattern::Named(BTreeSet::from([name.to_owned()]))
}

fn selected(wanted: &[(&str, &str)]) -> ServicePattern {
    let wanted = wanted.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
    ServicePattern::Selected(wanted.collect())
}

fn change(service: &str, env: &str) -> Change {
    Change {
        service: service.to_owned(),
        env: env.to_owned(),
        version: None,
        sha: None,
        kind: ChangeKind::Code,
    }
}

fn rulebook(policies: Vec<Policy>) -> Rulebook {
    let facts = ServiceFacts { owner: Some("shop".to_owned()), tier: Some("1".to_owned()) };
    let services = BTreeMap::from([("checkout".to_owned(), facts)]);
    Rulebook { policies, services, ..Rulebook::default() }
}

#[test]
fn the_policy_that_fits_most_closely_rules() {
    let book = rulebook(vec![
        policy("all", ServicePattern::All),
        policy("tier", selected(&[("tier", "1")])),
        policy("shop-tier", selected(&[("tier", "1"), ("owner", "shop")])),
        policy("cart", named("cart")),
    ]);
    assert_eq!(book.policy_for(&change("checkout", "prod")).name, "shop-tier");
    assert_eq!(book.policy_for(&change("cart", "prod")).name, "cart");
    assert_eq!(book.policy_for(&change("search", "prod")).name, "all");
}

#[test]
fn a_policy_for_another_place_does_not_rule_and_the_default_does() {
    let mut prod = policy("prod", named("checkout"));
    prod.scope.envs = vec!["prod".to_owned()];
    let book = rulebook(vec![prod]);
    assert_eq!(book.policy_for(&change("checkout", "prod")).name, "prod");
    assert_eq!(book.policy_for(&change("checkout", "staging")).name, "default");
    assert_eq!(book.policy_for(&change("cart", "prod")).name, "default");
    assert_eq!(Rulebook::default().ruling("cart").len(), 1);
}

#[test]
fn members_of_a_group_approve_for_it() {
    let members = BTreeSet::from(["ana".to_owned()]);
    let groups = BTreeMap::from([("release-managers".to_owned(), members)]);
    let book = Rulebook { groups, ..Rulebook::default() };
    let approvers = ["release-managers".to_owned(), "ben".to_owned()];
    assert!(book.is_approver(&approvers, "ana"));
    assert!(book.is_approver(&approvers, "ben"));
    assert!(!book.is_approver(&approvers, "cyd"));
    assert!(!book.is_approver(&[], "ana"));
}
