//! What 10,000 alerts cost in memory, in both states of the engine together; look at the column of the most bytes.

#![expect(clippy::unwrap_used, reason = "a benchmark ends at the first surprise")]

#[path = "dispatch/lab.rs"]
mod lab;

use divan::{AllocProfiler, Bencher};
use lab::{alert, lab, post};

#[global_allocator]
static ALLOC: AllocProfiler = AllocProfiler::system();

fn main() {
    divan::main();
}

/// Requests of 64 new alerts until there are 10,000. What the journal keeps is on the disk.
#[divan::bench(sample_count = 1, sample_size = 1)]
fn ten_thousand_alerts(bencher: Bencher<'_, '_>) {
    bencher.with_inputs(|| lab("alertname")).bench_local_refs(|lab| {
        for it in 0..157 {
            post(&mut lab.engine, (0..64).map(|n| alert(it * 64 + n, 1)).collect(), 1);
        }
    });
}
