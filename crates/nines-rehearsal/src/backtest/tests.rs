//! Backtests against the live run: the same facts, byte for byte.

use std::sync::Arc;

use fastrand::Rng;
use nines_alert::rule::trial::MemorySeries;
use nines_base::{Origin, Sample, SampleBatch};
use nines_engine::{Config, observe_burns};
use nines_oncall::{Contact, Person, Roster, Step, Target};
use nines_port::Channel;
use nines_promql::parse_selector;
use nines_release::Rulebook;
use nines_slo::{
    Alerting, CounterSli, Goal, Method, Preset, Selector, Sli, SliKind, Slo, Tracker, Window,
};

use super::*;

pub(crate) const MINUTE_MS: i64 = 60_000;
pub(crate) const START_MS: i64 = 20_000 * 86_400_000;

fn slo(index: usize) -> Slo {
    let selector = |it: String| Selector { matchers: parse_selector(&it).unwrap(), text: it };
    let window = Window::Rolling(SignedDuration::from_hours(24));
    let alerting = Alerting {
        escalation: Some("primary".to_owned()),
        ..Alerting::preset(Preset::Scaled, &window, None)
    };
    Slo {
        name: format!("shop{}/slo{index}", index / 2).parse().unwrap(),
        owner: None,
        runbook: None,
        labels: Labels::empty(),
        sli: Sli::from(SliKind::Counter(CounterSli {
            good: Vec::new(),
            bad: vec![selector(format!("errors_total{{slo=\"{index}\"}}"))],
            total: vec![selector(format!("requests_total{{slo=\"{index}\"}}"))],
            scale: 0,
        })),
        method: Method::Occurrences,
        goals: vec![Goal::new("99%".parse().unwrap(), window, alerting)],
        grouping: None,
        origin: Origin::default(),
    }
}

pub(crate) fn setup(slos: usize) -> Setup {
    let contact = Contact { channel: Channel::Inbox, delay: SignedDuration::ZERO };
    let person = Person {
        name: "ana".to_owned(),
        display_name: "Ana".to_owned(),
        contacts: vec![contact],
        ..Person::default()
    };
    let targets = vec![Target::Person("ana".to_owned())];
    let step = Step::new(targets, SignedDuration::from_secs(150));
    let policy = nines_oncall::Policy {
        name: "primary".to_owned(),
        steps: vec![step],
        repeat: 3,
        ..nines_oncall::Policy::default()
    };
    let config = Config {
        revision: "tested".to_owned(),
        files: 1,
        roster: Roster {
            people: BTreeMap::from([("ana".to_owned(), person)]),
            schedules: BTreeMap::new(),
            policies: BTreeMap::from([("primary".to_owned(), policy)]),
            ..Roster::default()
        },
        dispatch: Arc::default(),
        heartbeats: BTreeMap::new(),
        templates: Arc::default(),
        fallbacks: nines_engine::Fallbacks::default(),
        depends_on: BTreeMap::new(),
        runbooks: BTreeMap::new(),
        release: Rulebook::default(),
    };
    Setup { slos: (0..slos).map(slo).collect(), overlays: Vec::new(), config: Arc::new(config) }
}

/// Counters of one objective: all and bad events of each minute.
pub(crate) fn counters(
    slo: usize,
    minutes: i64,
    events: impl Fn(i64) -> (u64, u64),
) -> Vec<SampleBatch> {
    let (mut total, mut bad, mut totals, mut bads) = (0, 0, Vec::new(), Vec::new());
    for minute in 0..minutes {
        let (of_minute, bad_of_minute) = events(minute);
        (total, bad) = (total + of_minute, bad + bad_of_minute);
        let at_ms = START_MS + minute * MINUTE_MS;
        totals.push(Sample { at_ms, value: total as f64 });
        bads.push(Sample { at_ms, value: bad as f64 });
    }
    let labels = |metric: &str| {
        Labels::new([("__name__", metric), ("slo", slo.to_string().as_str())]).unwrap()
    };
    [("requests_total", totals), ("errors_total", bads)]
        .map(|(metric, samples)| SampleBatch::new(labels(metric), samples))
        .to_vec()
}

/// Counters with faults, gaps, resets, and series that begin late.
fn samples(rng: &mut Rng, slos: usize, minutes: i64) -> Vec<SampleBatch> {
    let mut batches = Vec::new();
    for index in 0..slos {
        let (mut total, mut bad, mut burning, mut silent) = (0_u64, 0_u64, 0, 0);
        let (mut totals, mut bads) = (Vec::new(), Vec::new());
        let begins_late = if rng.bool() { rng.i64(0..minutes) } else { 0 };
        for minute in 0..minutes {
            burning = if rng.u32(..100) == 0 { rng.i64(1..60) } else { burning - 1 };
            silent = if rng.u32(..300) == 0 { rng.i64(1..20) } else { silent - 1 };
            if rng.u32(..500) == 0 {
                (total, bad) = (0, 0);
            }
            let events = rng.u64(0..40);
            total += events;
            bad += if 0 < burning { events / 2 } else { u64::from(rng.u32(..60) == 0) };
            if 0 < silent {
                continue;
            }
            let at_ms = START_MS + minute * MINUTE_MS - rng.i64(0..3) * 1_000;
            totals.push(Sample { at_ms, value: total as f64 });
            if begins_late <= minute {
                bads.push(Sample { at_ms, value: bad as f64 });
            }
        }
        let labels = |metric: &str| {
            let slo = index.to_string();
            Labels::new([("__name__", metric), ("slo", slo.as_str())]).unwrap()
        };
        batches.push(SampleBatch::new(labels("requests_total"), totals));
        batches.push(SampleBatch::new(labels("errors_total"), bads));
    }
    batches
}

/// One tracker for everything, told everything at every step, as a server does.
fn live(setup: &Setup, samples: &[SampleBatch], plan: &Plan) -> Stage {
    let config = TrackerConfig::default();
    let mut tracker = Tracker::new(setup.slos.clone(), config.clone());
    let mut stage = Stage::open(setup.clone(), config, SEED, plan.range.start).unwrap();
    let (start_ms, end_ms) = (plan.range.start.as_millisecond(), plan.range.end.as_millisecond());
    let mut fed = vec![0; samples.len()];
    for now_ms in (start_ms..=end_ms).step_by(usize::try_from(millis(plan.step)).unwrap()) {
        let batch: Vec<SampleBatch> = samples
            .iter()
            .zip(&mut fed)
            .map(|(it, fed)| {
                let rest = it.samples[*fed..].iter().take_while(|it| it.at_ms <= now_ms);
                let fresh: Vec<Sample> = rest.copied().collect();
                *fed += fresh.len();
                SampleBatch::new(it.labels.clone(), fresh)
            })
            .filter(|it| !it.samples.is_empty())
            .collect();
        tracker.observe(&batch);
        let now = instant(now_ms);
        let alerts = tracker.evaluate(now);
        let burning = observe_burns(&alerts, &setup.slos, &tracker, now);
        let is_look = (now_ms - start_ms) % millis(plan.policy_step) == 0;
        let policies = is_look.then(|| policy_inputs(&tracker.statuses(now)));
        stage.observe(burning, policies, now).unwrap();
    }
    stage.reach(plan.range.end).unwrap();
    stage
}

#[test]
fn a_backtest_has_the_facts_of_the_live_run() {
    let mut alerts = 0;
    for seed in 0..3 {
        let mut rng = Rng::with_seed(seed);
        let slos = rng.usize(2..4);
        let (setup, minutes) = (setup(slos), 500);
        let samples = samples(&mut rng, slos, minutes);
        let store = MemorySeries::default();
        store.add(&samples);
        let from = START_MS + rng.i64(60..200) * MINUTE_MS;
        let range = instant(from)..instant(START_MS + minutes * MINUTE_MS);
        let plan = Plan { threads: 1 + rng.usize(0..3), ..Plan::new(range) };
        let (report, stage) = rehearse(&setup, &store, &plan).unwrap();
        let live = live(&setup, &samples, &plan);
        let state = |it: &Stage| it.read(Clone::clone);
        assert_eq!(stage.sent(), live.sent(), "seed {seed}");
        assert!(state(&stage) == state(&live), "seed {seed}: other facts");
        alerts += report.alerts.len();
    }
    assert!(3 < alerts, "{alerts} alerts prove little");
}

#[test]
fn a_report_is_the_same_on_any_number_of_threads() {
    let mut rng = Rng::with_seed(7);
    let setup = setup(3);
    let store = MemorySeries::default();
    store.add(&samples(&mut rng, 3, 500));
    let range = instant(START_MS + 200 * MINUTE_MS)..instant(START_MS + 500 * MINUTE_MS);
    let report = |threads| backtest(&setup, &store, &Plan { threads, ..Plan::new(range.clone()) });
    let one = report(1).unwrap();
    assert!(!one.alerts.is_empty());
    assert_eq!(one, report(4).unwrap());
}

#[test]
fn too_many_steps_are_refused() {
    let plan =
        Plan { step: SignedDuration::from_millis(1), ..Plan::new(instant(0)..instant(START_MS)) };
    let refused = backtest(&setup(1), &MemorySeries::default(), &plan);
    assert!(matches!(refused, Err(BacktestError::TooLong { .. })));
}
