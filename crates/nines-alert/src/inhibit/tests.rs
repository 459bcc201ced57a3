use jiff::SignedDuration;
use nines_base::MatchOp;
use proptest::collection::vec;
use proptest::prelude::*;

use super::*;

fn second(number: i64) -> Timestamp {
    Timestamp::UNIX_EPOCH + SignedDuration::from_secs(number)
}

/// `a=x,b=y`
fn labels(text: &str) -> Labels {
    let pairs = text.split(',').filter(|it| !it.is_empty());
    Labels::new(pairs.map(|it| it.split_once('=').unwrap())).unwrap()
}

fn matchers(text: &str) -> Vec<Matcher> {
    labels(text).iter().map(|(name, value)| Matcher::equal(name, value)).collect()
}

fn rule(source: &str, target: &str, equal: &[&str]) -> Rule {
    let equal = equal.iter().map(|it| (*it).to_owned()).collect();
    Rule::new(matchers(source), matchers(target), equal)
}

/// Alerts with their ends in seconds; the index is asked at second 10.
fn index(rules: &[Rule], alerts: &[(&str, i64)]) -> Index {
    let mut index = Index::new(rules);
    for (text, end) in alerts {
        let labels = labels(text);
        index.set(AlertKey::of(&labels), &labels, Some(second(*end)));
    }
    index
}

fn inhibited(index: &Index, target: &str) -> Option<Inhibition> {
    index.inhibited(&labels(target), second(10))
}

#[test]
fn a_firing_source_with_equal_labels_inhibits() {
    let rules = [rule("alertname=JobDown", "alertname=InstanceDown", &["job", "zone"])];
    let source = "alertname=JobDown,job=a,zone=1";
    let index = index(&rules, &[(source, 60)]);
    let found = inhibited(&index, "alertname=InstanceDown,job=a,zone=1,i=7").unwrap();
    let by = AlertKey::of(&labels(source));
    assert_eq!(found, Inhibition { rule_index: 0, by, until: Some(second(60)) });
    assert_eq!(inhibited(&index, "alertname=InstanceDown,job=a,zone=2"), None);
    assert_eq!(inhibited(&index, "alertname=InstanceDown,job=a"), None);
    assert_eq!(inhibited(&index, "alertname=Other,job=a,zone=1"), None);
}

#[test]
fn an_alert_ends_at_its_end() {
    let rules = [rule("s=1", "t=1", &[])];
    assert!(inhibited(&index(&rules, &[("s=1", 11)]), "t=1").is_some());
    assert!(inhibited(&index(&rules, &[("s=1", 10)]), "t=1").is_none());
    let mut index = Index::new(&rules);
    index.set(AlertKey::of(&labels("s=1")), &labels("s=1"), None);
    assert_eq!(inhibited(&index, "t=1").unwrap().until, None);
    index.remove(AlertKey::of(&labels("s=1")));
    assert_eq!(inhibited(&index, "t=1"), None);
}

/// Alertmanager 507 and 1727: two labels that are both missing are equal, unless the rule says otherwise.
#[test]
fn missing_equals_missing_unless_it_is_distinct() {
    let equal = rule("s=1", "t=1", &["zone"]);
    let distinct = Rule { missing: Missing::Distinct, ..equal.clone() };
    assert!(inhibited(&index(&[equal], &[("s=1", 60)]), "t=1").is_some());
    assert!(inhibited(&index(std::slice::from_ref(&distinct), &[("s=1", 60)]), "t=1").is_none());
    assert!(inhibited(&index(&[distinct], &[("s=1,zone=a", 60)]), "t=1,zone=a").is_some());
}

/// Alertmanager 5162: of two sources with equal labels one resolves; the other goes on inhibiting.
#[test]
fn a_resolved_source_does_not_free_what_another_inhibits() {
    let rules = [rule("s=1", "t=1", &["zone"])];
    let (first, second_source) = ("s=1,zone=a,i=1", "s=1,zone=a,i=2");
    for (resolved, firing) in [(first, second_source), (second_source, first)] {
        let mut index = index(&rules, &[(first, 60), (second_source, 60)]);
        let by = AlertKey::of(&labels(firing));
        let labels = labels(resolved);
        index.set(AlertKey::of(&labels), &labels, Some(second(10)));
        assert_eq!(inhibited(&index, "t=1,zone=a").map(|it| it.by), Some(by));
        index.remove(AlertKey::of(&labels));
        assert_eq!(inhibited(&index, "t=1,zone=a").map(|it| it.by), Some(by));
    }
}

#[test]
fn alerts_on_both_sides_do_not_inhibit_each_other_or_themselves() {
    // Both alerts match both sides.
    let rules = [rule("team=a", "team=a", &[])];
    let index = index(&rules, &[("team=a,i=1", 60), ("team=a,i=2", 60)]);
    assert_eq!(inhibited(&index, "team=a,i=1"), None);
    assert_eq!(inhibited(&index, "team=a,i=2"), None);
}

#[test]
fn a_two_sided_source_does_not_hide_a_valid_one() {
    let rules = [rule("s=1", "t=1", &["zone"])];
    let two_sided = "s=1,t=1,zone=a,i=1";
    for one_sided in ["s=1,zone=a,i=2", "s=1,zone=a,i=3", "s=1,zone=a,i=4"] {
        let index = index(&rules, &[(two_sided, 90), (one_sided, 60)]);
        // Against a target on both sides only the one-sided source counts.
        let found = inhibited(&index, "s=1,t=1,zone=a,i=9").unwrap();
        let by = AlertKey::of(&labels(one_sided));
        assert_eq!((found.by, found.until), (by, Some(second(60))));
        // Against a pure target both count, and the later end holds.
        let found = inhibited(&index, "t=1,zone=a").unwrap();
        assert_eq!(
            (found.by, found.until),
            (by.min(AlertKey::of(&labels(two_sided))), Some(second(90)))
        );
    }
}

#[test]
fn every_clause_needs_its_number_of_sources() {
    let clause = |text, min| Clause { matchers: matchers(text), min };
    let two = Rule {
        sources: vec![clause("s=1", 2), clause("power=out", 1)],
        ..rule("", "t=1", &["dc"])
    };
    let check =
        |alerts: &[(&str, i64)]| inhibited(&index(std::slice::from_ref(&two), alerts), "t=1,dc=x");
    assert_eq!(check(&[("s=1,dc=x,i=1", 60), ("power=out,dc=x", 60)]), None);
    assert_eq!(check(&[("s=1,dc=x,i=1", 60), ("s=1,dc=x,i=2", 60)]), None);
    assert_eq!(check(&[("s=1,dc=x,i=1", 60), ("s=1,dc=y,i=2", 60), ("power=out,dc=x", 60)]), None);
    let all =
        [("s=1,dc=x,i=1", 60), ("s=1,dc=x,i=2", 20), ("s=1,dc=x,i=3", 30), ("power=out,dc=x", 90)];
    // Two of three fire until the second-latest end.
    assert_eq!(check(&all).unwrap().until, Some(second(30)));
}

#[test]
fn the_first_rule_that_inhibits_is_named() {
    let rules = [rule("s=2", "t=1", &[]), rule("s=1", "t=1", &[]), rule("s=1", "", &[])];
    assert_eq!(inhibited(&index(&rules, &[("s=1", 60)]), "t=1").unwrap().rule_index, 1);
    let none = Rule { sources: Vec::new(), ..rule("", "", &[]) };
    assert_eq!(inhibited(&index(&[none], &[("s=1", 60)]), "t=1"), None);
}

/// What a rule means, by asking every alert.
fn scan(
    rules: &[Rule],
    alerts: &BTreeMap<AlertKey, (Labels, Timestamp)>,
    target: &Labels,
    now: Timestamp,
) -> Option<Inhibition> {
    let rules = rules.iter().enumerate().filter(|(_, it)| !it.sources.is_empty());
    rules.filter(|(_, rule)| matches(&rule.target, target)).find_map(|(rule_index, rule)| {
        let is_equal = |source: &Labels| {
            rule.equal.iter().all(|name| match (source.value(name), target.value(name)) {
                ("", "") => rule.missing == Missing::Equal,
                (a, b) => a == b,
            })
        };
        let found: Option<Vec<(AlertKey, Timestamp)>> = rule
            .sources
            .iter()
            .map(|clause| {
                let counts = |(source, end): &&(Labels, Timestamp)| {
                    now < *end
                        && matches(&clause.matchers, source)
                        && is_equal(source)
                        && !(matches(&clause.matchers, target) && matches(&rule.target, source))
                };
                let sources: Vec<_> = alerts.iter().filter(|(_, it)| counts(it)).collect();
                let mut ends: Vec<Timestamp> = sources.iter().map(|(_, (_, end))| *end).collect();
                ends.sort_unstable_by(|a, b| b.cmp(a));
                let until = ends.get(clause.min.max(1) as usize - 1)?;
                Some((*sources.first()?.0, *until))
            })
            .collect();
        let found = found?;
        let until = found.iter().map(|(_, end)| *end).min()?;
        let until = (until != Timestamp::MAX).then_some(until);
        Some(Inhibition { rule_index, by: found.first()?.0, until })
    })
}

fn matcher() -> impl Strategy<Value = Matcher> {
    let op = prop_oneof![3 => Just(MatchOp::Equal), 1 => Just(MatchOp::NotEqual), 1 => Just(MatchOp::Regex)];
    ("[abc]", op, "[xy]?").prop_map(|(name, op, value)| Matcher::new(&name, op, &value).unwrap())
}

fn any_rule() -> impl Strategy<Value = Rule> {
    let clause =
        (vec(matcher(), 0..3), 0..3_u32).prop_map(|(matchers, min)| Clause { matchers, min });
    let missing = prop_oneof![Just(Missing::Equal), Just(Missing::Distinct)];
    (vec(clause, 0..3), vec(matcher(), 0..3), vec("[abcd]", 0..3), missing).prop_map(
        |(sources, target, equal, missing)| Rule {
            sources,
            missing,
            ..Rule { target, equal, ..rule("", "", &[]) }
        },
    )
}

fn any_labels() -> impl Strategy<Value = Labels> {
    proptest::collection::btree_map("[abcdi]", "[xyz]", 0..5)
        .prop_map(|it| Labels::new(it).unwrap())
}

proptest! {
    #[test]
    fn the_index_means_what_a_scan_means(
        rules in vec(any_rule(), 0..4),
        changes in vec((any_labels(), proptest::option::weighted(0.9, proptest::option::weighted(0.8, 0..20_i64))), 0..60),
        targets in vec(any_labels(), 1..8),
        now in 0..20_i64,
    ) {
        let mut index = Index::new(&rules);
        let mut alerts = BTreeMap::new();
        for (labels, change) in changes {
            let key = AlertKey::of(&labels);
            if let Some(end) = change {
                let end = end.map(second);
                index.set(key, &labels, end);
                alerts.insert(key, (labels, end.unwrap_or(Timestamp::MAX)));
            } else {
                index.remove(key);
                alerts.remove(&key);
            }
        }
        let now = second(now);
        let known: Vec<Labels> = alerts.values().map(|(labels, _)| labels.clone()).collect();
        for target in known.iter().chain(&targets) {
            prop_assert_eq!(index.inhibited(target, now), scan(&rules, &alerts, target, now), "{}", target);
        }
        for key in alerts.keys() {
            index.remove(*key);
        }
        prop_assert!(index.places.is_empty() && index.buckets.values().all(BTreeMap::is_empty));
    }
}
