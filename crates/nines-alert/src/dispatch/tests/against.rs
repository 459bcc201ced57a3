//! The code against the oracle: random configurations and histories give the same notices at the same instants.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::LazyLock;

use nines_base::{MatchOp, Matcher};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, TestRunner};

use super::oracle::{Oracle, Said};
use super::world::{World, at};
use super::*;

const LENGTH: i64 = 1_500;

static PLAIN: LazyLock<Rules> = LazyLock::new(Rules::default);

#[derive(Debug, Clone)]
enum Step {
    Post(Vec<Incoming>),
    Silence(silence::Terms),
    Reload,
}

fn matcher() -> impl Strategy<Value = Matcher> {
    let op = prop_oneof![3 => Just(MatchOp::Equal), 1 => Just(MatchOp::NotEqual), 1 => Just(MatchOp::Regex)];
    ("[ab]", op, prop_oneof!["[xy]", Just(".*".to_owned()), Just(String::new())])
        .prop_map(|(name, op, value)| Matcher::new(&name, op, &value).unwrap())
}

fn grouping() -> impl Strategy<Value = GroupBy> {
    prop_oneof![
        1 => Just(GroupBy::All),
        3 => prop::sample::subsequence(vec!["a".to_owned(), "b".to_owned()], 0..=2)
            .prop_map(GroupBy::Labels),
    ]
}

fn timing() -> impl Strategy<Value = Timing> {
    let repeat = prop::sample::select(vec![10, 45, 100, 400]);
    (prop::sample::select(vec![0, 5, 30]), prop::sample::select(vec![10, 30, 120]), repeat)
        .prop_map(|(wait, interval, repeat)| Timing {
            wait: secs(wait),
            interval: secs(interval),
            repeat: secs(repeat),
        })
}

fn names() -> impl Strategy<Value = Vec<String>> {
    let names = vec!["early".to_owned(), "late".to_owned()];
    prop_oneof![4 => Just(Vec::new()), 1 => prop::sample::subsequence(names, 1..=2)]
}

fn any_route() -> impl Strategy<Value = Route> {
    let matchers = prop::collection::vec(matcher(), 0..=1);
    let flags = (any::<bool>(), prop::bool::weighted(0.3), prop::sample::select(vec!["p", "q"]));
    let leaf = (matchers, grouping(), timing(), names(), names(), flags).prop_map(
        |(matchers, group_by, timing, mute_intervals, active_intervals, flags)| Route {
            matchers,
            receiver: flags.2.to_owned(),
            group_by,
            timing,
            mute_intervals,
            active_intervals,
            continues: flags.0,
            leading_edge: flags.1,
            children: Vec::new(),
            origin: Origin::default(),
        },
    );
    leaf.prop_recursive(2, 6, 3, |inner| {
        (inner.clone(), prop::collection::vec(inner, 0..=3))
            .prop_map(|(route, children)| Route { children, ..route })
    })
}

fn any_rules() -> impl Strategy<Value = Rules> {
    let integrations = || prop::collection::vec(any::<bool>(), 1..=2);
    let rule = (matcher(), matcher(), prop::sample::subsequence(vec!["a", "b"], 0..=1)).prop_map(
        |(source, target, equal)| {
            let equal = equal.into_iter().map(str::to_owned).collect();
            inhibit::Rule::new(vec![source], vec![target], equal)
        },
    );
    let inhibitions = prop_oneof![2 => Just(Vec::new()), 1 => prop::collection::vec(rule, 1..=2)];
    (any_route(), integrations(), integrations(), inhibitions).prop_map(
        |(root, p, q, inhibitions)| {
            let root = Route {
                matchers: Vec::new(),
                mute_intervals: Vec::new(),
                active_intervals: Vec::new(),
                ..root
            };
            let receiver = |name: &str, integrations: Vec<bool>| {
                let one = |send_resolved| Integration { send_resolved, ..WEBHOOK };
                let integrations = integrations.into_iter().map(one).collect();
                let name = name.to_owned();
                (name.clone(), Receiver { name, integrations, origin: Origin::default() })
            };
            let during =
                |from, to| vec![interval::TimeInterval { times: vec![(from, to)], ..always() }];
            Rules {
                root,
                receivers: BTreeMap::from([receiver("p", p), receiver("q", q)]),
                inhibitions,
                intervals: BTreeMap::from([
                    ("early".to_owned(), during(0, 5)),
                    ("late".to_owned(), during(3, 12)),
                ]),
                resolve_timeout: secs(60),
                // Templates take longer to read than all of this.
                ..PLAIN.clone()
            }
        },
    )
}

fn any_alert(now: i64) -> impl Strategy<Value = Incoming> {
    let starts = prop_oneof![2 => Just(None), 2 => (-100_i64..10).prop_map(Some)];
    let ends = prop_oneof![
        3 => Just(None),
        2 => (20_i64..900).prop_map(Some),
        2 => (-60_i64..=0).prop_map(Some),
    ];
    let value = || prop_oneof![Just("x"), Just("y"), Just("")];
    (prop::sample::select(vec!["A", "B", "C"]), value(), value(), starts, ends).prop_map(
        move |(name, a, b, starts, ends)| {
            let labels = Labels::new([("alertname", name), ("a", a), ("b", b)]).unwrap();
            let (starts, ends) = (starts.map(|it| now + it), ends.map(|it| now + it));
            Incoming { labels, ..alert("alertname=A", starts, ends) }
        },
    )
}

fn any_step() -> impl Strategy<Value = (i64, Step)> {
    (0..LENGTH).prop_flat_map(|now| {
        let set = prop::collection::vec(matcher(), 1..=2)
            .prop_filter("matches something", |it| it.iter().any(|it| !it.matches_absent()));
        let silence = (set, 0_i64..60, 1_i64..600).prop_map(move |(set, wait, length)| {
            let (from, to) = (now + wait, now + wait + length);
            Step::Silence(silence::Terms::new(vec![set], at(from), at(to)))
        });
        let step = prop_oneof![
            12 => prop::collection::vec(any_alert(now), 1..=3).prop_map(Step::Post),
            2 => silence,
            1 => Just(Step::Reload),
        ];
        (Just(now), step)
    })
}

/// A history under one configuration and, from the first reload on, another.
#[derive(Clone)]
struct Run {
    first: Rules,
    second: Rules,
    steps: Vec<(i64, Step)>,
}

/// Short, for people who look for a mistake.
impl fmt::Debug for Run {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, rules) in [("first", &self.first), ("second", &self.second)] {
            writeln!(f, "\n{name}")?;
            write_route(f, &rules.root, 1)?;
            for it in &rules.inhibitions {
                let source = &it.sources[0].matchers;
                writeln!(f, "  {source:?} inhibits {:?}, equal {:?}", it.target, it.equal)?;
            }
            for it in rules.receivers.values() {
                let wants: Vec<bool> = it.integrations.iter().map(|it| it.send_resolved).collect();
                writeln!(f, "  {} hears of ends: {wants:?}", it.name)?;
            }
        }
        for (now, step) in &self.steps {
            match step {
                Step::Post(alerts) => {
                    for Incoming { labels, starts_at, ends_at, .. } in alerts {
                        let (from, to) = (starts_at.map(world::second), ends_at.map(world::second));
                        writeln!(f, "{now}s post {labels} from {from:?} to {to:?}")?;
                    }
                }
                Step::Silence(terms) => {
                    let (from, to) = (world::second(terms.starts_at), world::second(terms.ends_at));
                    writeln!(f, "{now}s silence {:?} from {from} to {to}", terms.sets)?;
                }
                Step::Reload => writeln!(f, "{now}s reload")?,
            }
        }
        Ok(())
    }
}

fn write_route(f: &mut fmt::Formatter<'_>, route: &Route, depth: usize) -> fmt::Result {
    let Route { matchers, receiver, group_by, timing, mute_intervals: mute, .. } = route;
    let Timing { wait, interval, repeat } = timing;
    let (continues, edge, active) = (route.continues, route.leading_edge, &route.active_intervals);
    write!(f, "{:1$}{matchers:?} → {receiver}, by {group_by:?}, ", "", 2 * depth)?;
    write!(f, "wait {wait:?} interval {interval:?} repeat {repeat:?} mute {mute:?} ")?;
    writeln!(f, "active {active:?} continue {continues} edge {edge}")?;
    route.children.iter().try_for_each(|it| write_route(f, it, depth + 1))
}

fn any_run() -> impl Strategy<Value = Run> {
    let steps = prop::collection::vec(any_step(), 1..40).prop_map(|mut steps| {
        steps.sort_by_key(|(now, _)| *now);
        steps
    });
    (any_rules(), any_rules(), steps).prop_map(|(first, second, steps)| Run {
        first,
        second,
        steps,
    })
}

/// What the code says, and what the oracle says.
fn run(run: &Run) -> (Vec<Said>, Oracle) {
    let Run { first, second, steps } = run;
    let (mut world, mut oracle) = (World::new(first.clone()), Oracle::new(first.clone()));
    let mut others = [second, first].into_iter().cycle();
    for (now, step) in steps {
        world.wait(at(*now));
        oracle.wait(*now);
        match step {
            Step::Post(alerts) => {
                world.act(post(alerts.clone()), at(*now));
                for alert in alerts {
                    oracle.post(alert);
                }
            }
            Step::Silence(terms) => {
                world.silence(terms.clone(), at(*now));
                oracle.silences = world.silences.clone();
            }
            Step::Reload => {
                let rules = others.next().unwrap();
                world.configure(rules.clone(), at(*now));
                oracle.configure(rules.clone());
            }
        }
    }
    world.wait(at(LENGTH + 500));
    oracle.wait(LENGTH + 500);
    let names = |world: &World, keys: &[AlertKey]| -> BTreeSet<String> {
        keys.iter().map(|it| world.known(*it)).collect()
    };
    let said = world.notices.iter().map(|(now, it)| Said {
        second: now.as_second(),
        group: it.group.to_string(),
        receiver: it.receiver.to_string(),
        integration: it.integration as usize,
        firing: names(&world, &it.firing),
        resolved: names(&world, &it.resolved),
    });
    (said.collect(), oracle)
}

proptest! {
    // More by PROPTEST_CASES; so many are seconds.
    #![proptest_config(Config {
        cases: match Config::default().cases { 256 => 64, asked => asked },
        failure_persistence: None,
        ..Config::default()
    })]

    #[test]
    fn everybody_is_told_what_the_oracle_says(it in any_run()) {
        let (mut said, mut oracle) = run(&it);
        said.sort();
        oracle.said.sort();
        let differ = said.iter().zip(&oracle.said).find(|(a, b)| a != b);
        prop_assert_eq!(&said, &oracle.said, "first difference: {:#?}", differ);
    }
}

/// An oracle proves nothing of rules that no run applies.
#[test]
fn random_runs_apply_every_rule() {
    const RUNS: u32 = 50;
    let mut runner = TestRunner::deterministic();
    let mut counts = BTreeMap::<&'static str, u32>::new();
    for _ in 0..RUNS {
        let (_, oracle) = run(&any_run().new_tree(&mut runner).unwrap().current());
        for hit in oracle.hits {
            *counts.entry(hit).or_default() += 1;
        }
    }
    let shares: Vec<String> =
        counts.iter().map(|(hit, count)| format!("{} % {hit}\n", count * 100 / RUNS)).collect();
    expect![[r#"
        96 % 1: no memory
        86 % 2: new firing
        94 % 3: nothing fires
        52 % 4: resolved
        80 % 5: repeat
        22 % continue
        48 % edge: first
        46 % edge: last
        48 % forgotten in silence
        4 % group kept over a reload
        20 % in a mute interval
        22 % inhibited
        96 % lease expired
        64 % merged
        20 % not in an active interval
        66 % not wanted
        90 % old alert at once
        34 % older end kept
        84 % quiet
        60 % refused
        40 % resolved by its source
        50 % silenced
    "#]]
    .assert_eq(&shares.concat());
}
