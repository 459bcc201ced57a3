//! The series of the load: what a mixed fleet exposes, and the requests of a shop for the queries.

use fastrand::Rng;

use crate::bench::wire::{WriteRequest, labels};

/// The same numbers in every run.
const SEED: u64 = 9;
/// Buckets of one histogram.
const BUCKETS: [&str; 10] =
    ["0.005", "0.01", "0.025", "0.05", "0.1", "0.25", "0.5", "1", "2.5", "+Inf"];

/// How the values of a series go on.
#[derive(Debug, Clone, Copy)]
enum Kind {
    BusyCounter,
    SlowCounter,
    Bucket,
    IntegerGauge,
    DecimalGauge,
    Constant,
}

/// The share of each kind, in hundredths. Source: the goals of the metrics store.
const SHARES: [(Kind, usize); 6] = [
    (Kind::BusyCounter, 35),
    (Kind::SlowCounter, 10),
    (Kind::Bucket, 25),
    (Kind::IntegerGauge, 12),
    (Kind::DecimalGauge, 13),
    (Kind::Constant, 5),
];

impl Kind {
    fn of(index: usize) -> Self {
        let mut place = index % 100;
        for (kind, share) in SHARES {
            if place < share {
                return kind;
            }
            place -= share;
        }
        Self::Constant
    }

    fn name(self) -> &'static str {
        match self {
            Self::BusyCounter => "http_requests_total",
            Self::SlowCounter => "process_restarts_total",
            Self::Bucket => "http_request_duration_seconds_bucket",
            Self::IntegerGauge => "queue_depth_messages",
            Self::DecimalGauge => "cpu_usage_ratio",
            Self::Constant => "service_build_info",
        }
    }

    fn first(self, rng: &mut Rng) -> f64 {
        match self {
            Self::BusyCounter | Self::Bucket => f64::from(rng.u32(0..1_000_000)),
            Self::SlowCounter => f64::from(rng.u32(0..50)),
            Self::IntegerGauge => f64::from(rng.u32(0..500)),
            Self::DecimalGauge => f64::from(rng.u32(0..1_000)) / 1e3,
            Self::Constant => 1.0,
        }
    }

    fn next(self, value: f64, rng: &mut Rng) -> f64 {
        match self {
            Self::BusyCounter => value + f64::from(rng.u32(50..150)),
            Self::SlowCounter => value + f64::from(u32::from(rng.u32(0..20) == 0)),
            Self::Bucket => value + f64::from(rng.u32(0..20)),
            Self::IntegerGauge => (value + f64::from(rng.i32(-5..=5))).max(0.0),
            Self::DecimalGauge => {
                ((value * 1e3).round() + f64::from(rng.i32(-20..=20))).clamp(0.0, 1e3) / 1e3
            }
            Self::Constant => value,
        }
    }
}

/// Series of all kinds with their newest values.
#[derive(Debug)]
pub(super) struct Mix {
    rng: Rng,
    series: Vec<(Kind, Vec<u8>, f64)>,
}

impl Mix {
    pub(super) fn new(count: usize) -> Self {
        let mut rng = Rng::with_seed(SEED);
        let series = (0..count).map(|index| {
            let kind = Kind::of(index);
            (kind, labels(&pairs(kind, index)), kind.first(&mut rng))
        });
        let series = series.collect();
        Self { rng, series }
    }

    /// Goes on by one interval.
    pub(super) fn step(&mut self) {
        for (kind, _, value) in &mut self.series {
            *value = kind.next(*value, &mut self.rng);
        }
    }

    /// One sample per series, in requests of so many series.
    pub(super) fn requests(&self, at_ms: i64, size: usize) -> impl Iterator<Item = Vec<u8>> {
        self.series.chunks(size).map(move |part| {
            let mut request = WriteRequest::default();
            for (_, labels, value) in part {
                request.add(labels, std::iter::once((at_ms, *value)));
            }
            request.finish()
        })
    }

    /// All series as a target exposes them.
    pub(super) fn exposition(&self) -> String {
        let mut text = String::new();
        for (index, (kind, _, value)) in self.series.iter().enumerate() {
            let pairs = pairs(*kind, index);
            let pairs =
                pairs.iter().filter(|(name, _)| !matches!(*name, "__name__" | "job" | "instance"));
            let pairs: Vec<String> =
                pairs.map(|(name, value)| format!("{name}=\"{value}\"")).collect();
            text.push_str(&format!("{}{{{}}} {value}\n", kind.name(), pairs.join(",")));
        }
        text
    }
}

/// Seven or eight labels, sorted.
fn pairs(kind: Kind, index: usize) -> Vec<(&'static str, String)> {
    let instance = index / 100;
    let mut pairs = vec![
        ("__name__", kind.name().to_owned()),
        ("handler", format!("/api/v1/resource-{}", index % 37)),
        ("instance", format!("10.{}.{}.{}:9100", instance >> 8, instance & 255, index % 7)),
        ("job", format!("service-{}", instance % 20)),
        ("namespace", format!("team-{}", instance % 8)),
        (
            "pod",
            format!(
                "service-{}-{:08x}",
                instance % 20,
                index.wrapping_mul(2_654_435_761) & 0xffff_ffff
            ),
        ),
        ("zone", format!("eu-central-1{}", ["a", "b", "c"][instance % 3])),
    ];
    if matches!(kind, Kind::Bucket) {
        pairs.insert(4, ("le", BUCKETS[index % BUCKETS.len()].to_owned()));
    }
    pairs
}

/// Requests of a shop's services by status, for error ratios.
#[derive(Debug)]
pub(super) struct Shop {
    rng: Rng,
    series: Vec<(Vec<u8>, u32, f64)>,
}

impl Shop {
    pub(super) fn new(count: usize) -> Self {
        let codes = ["200", "201", "404", "500", "503"];
        let series = (0..count).map(|index| {
            let code = codes[index % codes.len()];
            let busy = if code.starts_with('5') { 3 } else { 400 };
            let pairs = [
                ("__name__", "shop_requests_total".to_owned()),
                ("code", code.to_owned()),
                ("instance", format!("10.0.{}.{}:8080", index / 50, index % 50)),
                ("job", "shop".to_owned()),
                ("method", ["GET", "POST"][index % 2].to_owned()),
                ("service", format!("service-{}", index / 25)),
                ("zone", format!("eu-central-1{}", ["a", "b", "c"][index % 3])),
            ];
            (labels(&pairs), busy, 0.0)
        });
        Self { rng: Rng::with_seed(SEED), series: series.collect() }
    }

    /// So many samples of every series, from `at_ms` on.
    pub(super) fn request(&mut self, at_ms: i64, interval_ms: i64, count: usize) -> Vec<u8> {
        let mut request = WriteRequest::default();
        for (labels, busy, value) in &mut self.series {
            let rng = &mut self.rng;
            let samples = (0..).map(|it| at_ms + it * interval_ms).take(count).map(|at_ms| {
                // A restart about once a week.
                if rng.u32(0..10_000) == 0 {
                    *value = 0.0;
                }
                *value += f64::from(rng.u32(0..*busy));
                (at_ms, *value)
            });
            let samples: Vec<(i64, f64)> = samples.collect();
            request.add(labels, samples.into_iter());
        }
        request.finish()
    }
}
