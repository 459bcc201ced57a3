//! Series as services expose them: 35 % busy counters, 10 % slow counters, 25 % histogram buckets, 12 % integer gauges,
//! 13 % gauges with three decimals, 5 % constants; seven or eight labels each.

use nines_base::{Labels, Sample};
use nines_port::{Row, SampleSink, SeriesKey};
use nines_tsdb::Tsdb;

/// Between two samples of a series.
pub(crate) const STEP_MS: i64 = 15_000;
/// Series of one request.
const REQUEST_SERIES: usize = 5_000;

#[derive(Debug, Clone, Copy)]
enum Kind {
    Busy,
    Slow,
    Bucket,
    Integer,
    Decimal,
    Constant,
}

fn kind_of(series: usize) -> Kind {
    match series * 37 % 100 {
        0..35 => Kind::Busy,
        35..45 => Kind::Slow,
        45..70 => Kind::Bucket,
        70..82 => Kind::Integer,
        82..95 => Kind::Decimal,
        _ => Kind::Constant,
    }
}

/// Makes scrape after scrape of all series.
#[derive(Debug)]
pub(crate) struct Workload {
    random: fastrand::Rng,
    values: Vec<f64>,
    samples: Vec<[Sample; 1]>,
    round: i64,
    step_ms: i64,
}

impl Workload {
    pub(crate) fn new(series_count: usize, step_ms: i64) -> Self {
        let mut random = fastrand::Rng::with_seed(7);
        let start = |_| f64::from(random.u32(0..2_000_000));
        let values = (0..series_count).map(start).collect();
        let samples = vec![[Sample { at_ms: 0, value: 0.0 }]; series_count];
        Self { random, values, samples, round: 0, step_ms }
    }

    pub(crate) fn labels(number: usize) -> Labels {
        let kind = kind_of(number);
        let name = match kind {
            Kind::Busy => "http_requests_total",
            Kind::Slow => "http_errors_total",
            Kind::Bucket => "http_request_duration_seconds_bucket",
            Kind::Integer => "process_open_fds",
            Kind::Decimal => "process_cpu_usage_ratio",
            Kind::Constant => "process_start_time_seconds",
        };
        let bucket = ["0.005", "0.05", "0.5", "5", "+Inf"][number % 5];
        let mut pairs = vec![
            ("__name__", name.to_owned()),
            ("cluster", "eu-west-1".to_owned()),
            ("handler", format!("/api/v1/things/{}", number / 100 % 20)),
            ("instance", format!("10.0.{}.{}:8080", number / 25_600, number / 100 % 256)),
            ("job", ["shop", "cart", "pay", "search"][number / 1_000 % 4].to_owned()),
            ("namespace", "production".to_owned()),
            ("pod", format!("shop-7d9f8b6c5-{:05x}", number % 97 + number / 100 * 97)),
        ];
        if matches!(kind, Kind::Bucket) {
            pairs.push(("le", bucket.to_owned()));
        }
        Labels::new(pairs).expect("valid labels")
    }

    fn key(number: usize) -> SeriesKey {
        SeriesKey((number as u128 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835))
    }

    fn next(&mut self, number: usize) -> f64 {
        let random = &mut self.random;
        let value = self.values.get_mut(number).expect("one value per series");
        match kind_of(number) {
            Kind::Busy => {
                let rate = 50 + number % 1_000;
                let noise = (0..4).map(|_| random.usize(0..=rate / 8)).sum::<usize>();
                *value += (rate - rate / 4 + noise) as f64;
            }
            Kind::Slow => *value += f64::from(u8::from(random.u8(..) < 40)),
            Kind::Bucket => *value += (random.usize(0..=number % 60)) as f64,
            Kind::Integer => *value = (*value + f64::from(random.i32(-3..=3))).max(0.0),
            Kind::Decimal => {
                let noise = (0..4).map(|_| random.i32(-40..=40)).sum::<i32>();
                *value = f64::from(500 + noise) / 1_000.0;
            }
            Kind::Constant => {}
        }
        *value
    }

    /// Appends the next sample of every series.
    pub(crate) fn append_round(&mut self, store: &Tsdb) {
        let at_ms = 1_700_000_000_000 + self.round * self.step_ms;
        self.round += 1;
        for number in 0..self.samples.len() {
            let value = self.next(number);
            self.samples[number] = [Sample { at_ms, value }];
        }
        self.send(store);
    }

    /// Appends what was made last once more, a step later; to measure the store and not this.
    pub(crate) fn append_again(&mut self, store: &Tsdb) {
        self.round += 1;
        for sample in self.samples.iter_mut().flatten() {
            sample.at_ms += self.step_ms;
            sample.value += 3.0;
        }
        self.send(store);
    }

    fn send(&self, store: &Tsdb) {
        let mut rows = Vec::with_capacity(REQUEST_SERIES);
        for (request, part) in self.samples.chunks(REQUEST_SERIES).enumerate() {
            let first = request * REQUEST_SERIES;
            rows.clear();
            rows.extend(part.iter().enumerate().map(|(index, samples)| Row {
                key: Self::key(first + index),
                samples,
                histograms: &[],
            }));
            let labels = |index: usize| Ok(Self::labels(first + index));
            let appended = store.append_rows(&rows, &labels).expect("space on the disk");
            assert_eq!(appended.samples, part.len() as u64);
        }
    }

    /// The time of the last samples.
    pub(crate) fn now_ms(&self) -> i64 {
        1_700_000_000_000 + (self.round - 1) * self.step_ms
    }
}
