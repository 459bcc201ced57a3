//! What alerts cost the engine, with the journal that production has: new ones, re-sends, many groups at once, memory.

#![expect(clippy::unwrap_used, reason = "a benchmark ends at the first surprise")]

mod lab;

use divan::Bencher;
use divan::counter::ItemsCount;
use lab::{alert, lab, post, second};
use nines_alert::dispatch::Incoming;
use nines_engine::Command;

fn main() {
    divan::main();
}

/// As many as Prometheus 2 posts at once.
const BATCH: usize = 64;

/// Requests of 64 new alerts, one commit each.
#[divan::bench(sample_count = 20, sample_size = 1)]
fn new_alerts(bencher: Bencher<'_, '_>) {
    const REQUESTS: usize = 100;
    let prepare = || {
        let batch = |it: usize| (0..BATCH).map(|n| alert(it * BATCH + n, 1)).collect();
        (lab("alertname"), (0..REQUESTS).map(batch).collect::<Vec<Vec<Incoming>>>())
    };
    bencher.counter(ItemsCount::new(BATCH * REQUESTS)).with_inputs(prepare).bench_local_refs(
        |(lab, batches)| {
            for alerts in std::mem::take(batches) {
                post(&mut lab.engine, alerts, 1);
            }
        },
    );
}

/// The same alerts a minute later, as Prometheus repeats them.
#[divan::bench(sample_count = 20, sample_size = 1)]
fn re_sends(bencher: Bencher<'_, '_>) {
    const REQUESTS: usize = 100;
    let prepare = || {
        let mut lab = lab("alertname");
        for it in 0..REQUESTS {
            post(&mut lab.engine, (0..BATCH).map(|n| alert(it * BATCH + n, 1)).collect(), 1);
        }
        let again = |n: usize| Incoming { ends_at: Some(second(300)), ..alert(n, 1) };
        let batch = |it: usize| (0..BATCH).map(|n| again(it * BATCH + n)).collect();
        (lab, (0..REQUESTS).map(batch).collect::<Vec<Vec<Incoming>>>())
    };
    bencher.counter(ItemsCount::new(BATCH * REQUESTS)).with_inputs(prepare).bench_local_refs(
        |(lab, batches)| {
            for alerts in std::mem::take(batches) {
                post(&mut lab.engine, alerts, 2);
            }
        },
    );
}

/// 10,000 groups whose first tick is due at once: judged, rendered, ordered, committed.
#[divan::bench(sample_count = 5, sample_size = 1)]
fn groups_at_once(bencher: Bencher<'_, '_>) {
    const GROUPS: usize = 10_000;
    let prepare = || {
        let mut lab = lab("instance");
        post(&mut lab.engine, (0..GROUPS).map(|it| alert(it, 1)).collect(), 1);
        lab
    };
    bencher.counter(ItemsCount::new(GROUPS)).with_inputs(prepare).bench_local_refs(|lab| {
        lab.engine.cycle(vec![Command::Wake], second(31)).unwrap();
    });
}
