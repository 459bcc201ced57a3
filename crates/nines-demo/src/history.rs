//! The four weeks before the demo began, as scrapes would have found them. Pure and deterministic.
//!
//! The same tables that the live services use give the rates, routes and codes; the past incidents and
//! deploys are in [`past`], the distributions of latency in [`latency`]. It must not know who stores it.

mod latency;
mod past;
mod series;
mod step;

use jiff::{SignedDuration, Timestamp};
use nines_base::SampleBatch;

use series::Recorder;
use step::Shift;

pub use past::past_changes;

/// The longest history.
pub const HISTORY_DAYS_MAX: u32 = 366;

/// How many samples of one series one item of [`history`] holds at most.
pub const SAMPLES_PER_SERIES_MAX: usize = 288;

/// The spacing of old samples, and of those in the last hours.
const COARSE_STEP: SignedDuration = SignedDuration::from_mins(5);
const FINE_STEP: SignedDuration = SignedDuration::from_secs(15);

/// How long before the end the fine spacing begins.
const FINE_HOURS: SignedDuration = SignedDuration::from_hours(6);

/// The samples of `days` days that end at `until`, in time order: every item continues all series.
///
/// Samples are 5 minutes apart, in the last 6 hours 15 seconds. The series are those that a scrape of the
/// shop gives, with the label `demo="history"`. Counters start at 0. The same arguments give the same samples.
/// More than [`HISTORY_DAYS_MAX`] days are cut off.
pub fn history(until: Timestamp, days: u32, seed: u64) -> impl Iterator<Item = Vec<SampleBatch>> {
    let mut times = times(until, days.min(HISTORY_DAYS_MAX)).peekable();
    let mut shop = Shift::new(until, seed);
    let mut recorder = Recorder::new(until);
    let mut before = times.peek().copied();
    std::iter::from_fn(move || {
        for at in times.by_ref().take(SAMPLES_PER_SERIES_MAX) {
            shop.work(before.unwrap_or(at), at);
            recorder.record(&mut shop, at);
            before = Some(at);
        }
        let batches = recorder.take();
        (!batches.is_empty()).then_some(batches)
    })
}

/// The instants of the samples, oldest first; the last is `until`.
fn times(until: Timestamp, days: u32) -> impl Iterator<Item = Timestamp> {
    let span = SignedDuration::from_hours(24 * i64::from(days));
    let fine_span = span.min(FINE_HOURS);
    let steps = |span: SignedDuration, step: SignedDuration| span.as_secs() / step.as_secs();
    let coarse = (1..=steps(span - fine_span, COARSE_STEP)).rev();
    let fine = (0..=steps(fine_span, FINE_STEP)).rev();
    let coarse = coarse.map(move |it| fine_span + COARSE_STEP * i32::try_from(it).unwrap_or(0));
    let fine = fine.map(|it| FINE_STEP * i32::try_from(it).unwrap_or(0));
    coarse.chain(fine).map(move |ago| until - ago)
}

#[cfg(test)]
mod tests;
