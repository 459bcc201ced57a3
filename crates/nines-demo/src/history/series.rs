//! The series of the history: which there are, and their samples so far.

use jiff::{SignedDuration, Timestamp};
use nines_base::{Labels, Sample, SampleBatch};

use super::step::{Shift, Tally};
use crate::Service;
use crate::services::{DURATION_BUCKETS, MIB, Route};

/// Histograms that no objective reads are kept for this long before the end only: they are half of all series.
const SHORT_HISTORY: SignedDuration = SignedDuration::from_hours(24);

/// What an idle service holds.
const IDLE_BYTES: f64 = 18.0 * MIB as f64;

/// What the log and the database of a service hold.
const DISK_BYTES: f64 = 1.6 * MIB as f64;

/// Where the value of a series comes from.
#[derive(Debug, Clone, Copy)]
enum Source {
    Code(Service, Route, u16),
    /// The index of the bound.
    Within(Service, Route, usize),
    Total(Service, Route),
    Seconds(Service, Route),
    Memory(Service),
    Connections(Service),
    Disk,
}

#[derive(Debug)]
struct Series {
    labels: Labels,
    source: Source,
    since: Option<Timestamp>,
    samples: Vec<Sample>,
}

/// Collects the samples of all series.
#[derive(Debug)]
pub(super) struct Recorder {
    series: Vec<Series>,
}

impl Recorder {
    pub(super) fn new(until: Timestamp) -> Self {
        let mut recorder = Self { series: Vec::new() };
        for service in Service::ALL {
            for route in service.routes() {
                recorder.add_counters(service, *route);
                recorder.add_histogram(service, *route, until);
            }
            recorder.add_gauges(service);
        }
        recorder
    }

    fn add_counters(&mut self, service: Service, route: Route) {
        for code in service.codes() {
            let own = [
                ("route", route.path.to_owned()),
                ("method", route.method.to_owned()),
                ("code", code.to_string()),
            ];
            let source = Source::Code(service, route, code);
            self.add("http_requests_total", service, own, source, None);
        }
    }

    fn add_histogram(&mut self, service: Service, route: Route, until: Timestamp) {
        // A histogram has no label for the method: of two routes with one path the first stands for both.
        let first = service.routes().iter().find(|it| it.path == route.path);
        if first != Some(&route) {
            return;
        }
        let has_latency_objective =
            matches!(service, Service::Search | Service::Checkout | Service::Orders);
        let since = (!has_latency_objective).then(|| until - SHORT_HISTORY);
        let path = || ("route", route.path.to_owned());
        let bounds = DURATION_BUCKETS.iter().enumerate();
        let bounded =
            bounds.map(|(index, it)| (format!("{it:?}"), Source::Within(service, route, index)));
        let infinite = ("+Inf".to_owned(), Source::Total(service, route));
        for (le, source) in bounded.chain([infinite]) {
            let name = "http_request_duration_seconds_bucket";
            self.add(name, service, [path(), ("le", le)], source, since);
        }
        let total = Source::Total(service, route);
        self.add("http_request_duration_seconds_count", service, [path()], total, since);
        let seconds = Source::Seconds(service, route);
        self.add("http_request_duration_seconds_sum", service, [path()], seconds, since);
    }

    fn add_gauges(&mut self, service: Service) {
        let name = "process_resident_memory_bytes";
        self.add(name, service, [], Source::Memory(service), None);
        if service.db_connections_max() != 0 {
            let name = "db_connections_in_use";
            self.add(name, service, [], Source::Connections(service), None);
        }
        if matches!(service, Service::Orders | Service::Payments) {
            self.add("disk_used_bytes", service, [], Source::Disk, None);
        }
    }

    fn add<const N: usize>(
        &mut self,
        name: &str,
        service: Service,
        own: [(&str, String); N],
        source: Source,
        since: Option<Timestamp>,
    ) {
        let shared = [
            ("__name__", name.to_owned()),
            ("job", "shop".to_owned()),
            ("instance", service.instance()),
            ("service", service.name().to_owned()),
            ("demo", "history".to_owned()),
        ];
        let labels = Labels::new(shared.into_iter().chain(own));
        let labels = labels.expect("the label names are constants, and no two are alike");
        self.series.push(Series { labels, source, since, samples: Vec::new() });
    }

    /// Adds one sample of every series.
    pub(super) fn record(&mut self, shop: &mut Shift, at: Timestamp) {
        for series in &mut self.series {
            let luck = shop.luck();
            if series.since.is_none_or(|since| since <= at) {
                let value = value(series.source, shop, luck);
                series.samples.push(Sample { at_ms: at.as_millisecond(), value });
            }
        }
    }

    /// What was collected since the last call.
    pub(super) fn take(&mut self) -> Vec<SampleBatch> {
        let filled = self.series.iter_mut().filter(|it| !it.samples.is_empty());
        let batch = |it: &mut Series| SampleBatch {
            histograms: Vec::new(),
            labels: it.labels.clone(),
            samples: std::mem::take(&mut it.samples),
        };
        filled.map(batch).collect()
    }
}

fn value(source: Source, shop: &Shift, luck: f64) -> f64 {
    let tally =
        |service, route, read: &dyn Fn(&Tally) -> f64| shop.tally(service, route).map_or(0.0, read);
    // Routes that share a path share a histogram.
    let path = |service: Service, route: Route, read: &dyn Fn(&Tally) -> f64| {
        let alike = service.routes().iter().filter(|it| it.path == route.path);
        alike.map(|it| tally(service, *it, read)).sum()
    };
    match source {
        Source::Code(service, route, code) => {
            tally(service, route, &|it| it.codes.get(&code).copied().unwrap_or(0) as f64)
        }
        Source::Within(service, route, index) => {
            path(service, route, &|it| it.within().nth(index).unwrap_or(0.0))
        }
        Source::Total(service, route) => path(service, route, &|it| it.total as f64),
        Source::Seconds(service, route) => path(service, route, &|it| it.seconds),
        Source::Memory(service) => {
            let held = 1.0 + 0.05 * luck + 8.0 * shop.trouble_ratio(service) * luck;
            (IDLE_BYTES * held).round()
        }
        Source::Connections(service) => {
            let usual = if luck < 0.1 { 1.0 } else { 0.0 };
            let trouble = shop.trouble_ratio(service) * service.db_connections_max() as f64;
            trouble.round().max(usual)
        }
        Source::Disk => (DISK_BYTES * (1.0 + 0.3 * luck)).round(),
    }
}
