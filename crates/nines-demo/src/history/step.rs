//! The shop at work, one step of time after the other: visits go through the services as they do live.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::latency::{Profile, SLOW_ERROR_RATIO, mean_seconds, profile};
use super::past::{Effect, INCIDENTS};
use crate::Service;
use crate::services::{DURATION_BUCKETS, Route};
use crate::shape::{PEAK_PER_SECOND, shape};

/// All counters of one route since the history began.
#[derive(Debug, Clone)]
pub(super) struct Tally {
    /// Answers by code.
    pub(super) codes: BTreeMap<u16, u64>,
    /// Answers in all; the sum of `codes`.
    pub(super) total: u64,
    /// Answers within each bound of the histogram, still with fractions: they are rounded down when read,
    /// so the counters stay integers that never fall, neither in time nor from bound to bound.
    within: Profile,
    /// Seconds in all.
    pub(super) seconds: f64,
    /// Failures that are due, less than one of each code.
    due: BTreeMap<u16, f64>,
}

impl Tally {
    fn new(service: Service) -> Self {
        Self {
            codes: service.codes().into_iter().map(|code| (code, 0)).collect(),
            total: 0,
            within: [0.0; DURATION_BUCKETS.len()],
            seconds: 0.0,
            due: BTreeMap::new(),
        }
    }

    /// Answers within each bound of the histogram.
    pub(super) fn within(&self) -> impl Iterator<Item = f64> {
        self.within.iter().map(|it| it.floor())
    }

    /// Counts `requests`, of which `failed_behind` failed because of somebody else; says how many failed.
    fn count(
        &mut self,
        requests: u64,
        failed_behind: u64,
        own: &[(u16, f64)],
        profile: &Profile,
    ) -> u64 {
        let mut good = requests.saturating_sub(failed_behind);
        *self.codes.entry(503).or_default() += requests - good;
        for (code, ratio) in own {
            let due = self.due.entry(*code).or_default();
            *due += requests as f64 * ratio;
            let failed = whole(*due).min(good);
            *due -= failed as f64;
            good -= failed;
            *self.codes.entry(*code).or_default() += failed;
        }
        *self.codes.entry(200).or_default() += good;
        self.total += requests;
        for (within, share) in self.within.iter_mut().zip(profile) {
            *within += requests as f64 * share;
        }
        self.seconds += requests as f64 * mean_seconds(profile);
        requests - good
    }
}

/// The integer part of a small number that is not negative.
fn whole(number: f64) -> u64 {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "saturates, and what is counted here is far below 2^53"
    )]
    let whole = number as u64;
    whole
}

/// The shop between two samples.
#[derive(Debug)]
pub(super) struct Shift {
    until: Timestamp,
    rng: fastrand::Rng,
    tallies: BTreeMap<(Service, &'static str, &'static str), Tally>,
    now: Weather,
}

/// Who fails, by method and path, with which code, and which part of the requests.
type Failing = (Service, &'static str, &'static str, u16, f64);

/// What is wrong in one step of time.
#[derive(Debug, Default)]
struct Weather {
    failures: Vec<Failing>,
    /// Part of the time in which search is slow.
    slow_ratio: f64,
}

impl Shift {
    pub(super) fn new(until: Timestamp, seed: u64) -> Self {
        let routes = Service::ALL.into_iter().flat_map(|service| {
            let key = move |it: &Route| ((service, it.method, it.path), Tally::new(service));
            service.routes().iter().map(key)
        });
        let rng = fastrand::Rng::with_seed(seed);
        Self { until, rng, tallies: routes.collect(), now: Weather::default() }
    }

    pub(super) fn tally(&self, service: Service, route: Route) -> Option<&Tally> {
        self.tallies.get(&(service, route.method, route.path))
    }

    /// How much of the last step `service` was in trouble: 0 to 1.
    pub(super) fn trouble_ratio(&self, service: Service) -> f64 {
        let failures = self.now.failures.iter().filter(|it| it.0 == service);
        let failing: f64 = failures.map(|it| it.4).sum();
        let slow = if service == Service::Search { self.now.slow_ratio } else { 0.0 };
        failing.max(slow).min(1.0)
    }

    /// Evenly in 0..1.
    pub(super) fn luck(&mut self) -> f64 {
        self.rng.f64()
    }

    /// Serves the visitors that came after `from` and until `to`.
    pub(super) fn work(&mut self, from: Timestamp, to: Timestamp) {
        self.now = self.weather(from, to);
        let visits_per_ratio = PEAK_PER_SECOND * shape(to) * to.duration_since(from).as_secs_f64();
        for route in Service::Gateway.routes() {
            let visits = self.arrivals(visits_per_ratio * route.visits_ratio);
            let failed_behind = match route.path {
                "/browse" => self.serve(Service::Search, "GET", "/products", visits, 0),
                "/search" => self.serve(Service::Search, "GET", "/search", visits, 0),
                "/cart" => self.serve(Service::Cart, "POST", "/cart", visits, 0),
                _ => self.check_out(visits),
            };
            self.serve(Service::Gateway, route.method, route.path, visits, failed_behind);
        }
    }

    /// What fails early is not asked of the services that come later.
    fn check_out(&mut self, visits: u64) -> u64 {
        let no_basket = self.serve(Service::Cart, "GET", "/cart", visits, 0);
        let no_order = self.serve(Service::Orders, "POST", "/orders", visits - no_basket, 0);
        let ordered = visits - no_basket - no_order;
        let no_payment = self.serve(Service::Payments, "POST", "/payments", ordered, 0);
        let failed_behind = no_basket + no_order + no_payment;
        self.serve(Service::Checkout, "POST", "/checkout", visits, failed_behind)
    }

    fn serve(
        &mut self,
        service: Service,
        method: &'static str,
        path: &'static str,
        requests: u64,
        failed_behind: u64,
    ) -> u64 {
        let mut own = vec![(500, service.background_error_ratio())];
        let is_here = |it: &(Service, &str, &str)| *it == (service, method, path);
        let failures = self.now.failures.iter().filter(|it| is_here(&(it.0, it.1, it.2)));
        own.extend(failures.map(|it| (it.3, it.4)));
        let profile = profile(service, path, self.now.slow_ratio);
        let tally = self.tallies.get_mut(&(service, method, path));
        tally.map_or(0, |it| it.count(requests, failed_behind, &own, &profile))
    }

    /// How many arrive of an expected number: a Poisson number, by its normal approximation.
    fn arrivals(&mut self, expected: f64) -> u64 {
        // The sum of twelve even numbers, less six, is close to normal with variance 1.
        let normal: f64 = (0..12).map(|_| self.rng.f64()).sum::<f64>() - 6.0;
        whole((expected + normal * expected.sqrt() + 0.5).max(0.0))
    }

    fn weather(&self, from: Timestamp, to: Timestamp) -> Weather {
        let mut weather = Weather::default();
        for incident in &INCIDENTS {
            let part = incident.overlap_ratio(self.until, from, to);
            if part <= 0.0 {
                continue;
            }
            let service = incident.service;
            match incident.effect {
                Effect::Errors { route, method, code, ratio } => {
                    weather.failures.push((service, method, route, code, ratio * part));
                }
                Effect::Slow => {
                    weather.slow_ratio = weather.slow_ratio.max(part);
                    let failure =
                        |it: &Route| (service, it.method, it.path, 503, part * SLOW_ERROR_RATIO);
                    weather.failures.extend(service.routes().iter().map(failure));
                }
            }
        }
        weather
    }
}
