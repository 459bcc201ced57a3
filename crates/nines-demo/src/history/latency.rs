//! How long answers took: cumulative shares at the bounds of the duration histogram.

use crate::Service;
use crate::services::DURATION_BUCKETS;

/// What part of the answers took at most each bound of [`DURATION_BUCKETS`]; never falls.
pub(super) type Profile = [f64; DURATION_BUCKETS.len()];

/// What part of answers of a slow search fail.
pub(super) const SLOW_ERROR_RATIO: f64 = 0.005;

// Bounds:               0.005, 0.01, 0.025, 0.05, 0.1,    0.2,    0.3,    0.5,    1,   2,   5,   10
const QUICK: Profile =
    [0.97, 0.99, 0.997, 0.999, 0.9993, 0.9996, 0.9998, 0.9999, 1.0, 1.0, 1.0, 1.0];
const SEARCH: Profile = [0.90, 0.97, 0.99, 0.994, 0.996, 0.9975, 0.998, 0.9995, 1.0, 1.0, 1.0, 1.0];
const SEARCH_SLOW: Profile = [0.02, 0.03, 0.05, 0.07, 0.09, 0.12, 0.15, 0.35, 0.75, 0.97, 1.0, 1.0];
const ORDERS: Profile =
    [0.80, 0.93, 0.98, 0.992, 0.9975, 0.9985, 0.999, 0.9994, 1.0, 1.0, 1.0, 1.0];
const PAYMENTS: Profile = [0.0, 0.0, 0.46, 0.79, 0.998, 0.9987, 0.9989, 0.999, 1.0, 1.0, 1.0, 1.0];
const CHECKOUT: Profile = [0.0, 0.0, 0.36, 0.74, 0.99, 0.9975, 0.9982, 0.9988, 1.0, 1.0, 1.0, 1.0];

/// How quickly this route answers; `slow_ratio` says how much of the time it was slow, 0 to 1.
pub(super) fn profile(service: Service, route: &str, slow_ratio: f64) -> Profile {
    let (usual, slow) = match (service, route) {
        (Service::Search, _) | (Service::Gateway, "/browse" | "/search") => (SEARCH, SEARCH_SLOW),
        (Service::Orders, _) => (ORDERS, ORDERS),
        (Service::Payments, _) => (PAYMENTS, PAYMENTS),
        (Service::Checkout, _) | (Service::Gateway, "/checkout") => (CHECKOUT, CHECKOUT),
        (Service::Cart | Service::Gateway, _) => (QUICK, QUICK),
    };
    let mut mixed = usual;
    for (mixed, slow) in mixed.iter_mut().zip(slow) {
        *mixed += (slow - *mixed) * slow_ratio;
    }
    mixed
}

/// The mean of a profile in seconds, with every answer in the middle of its bucket.
pub(super) fn mean_seconds(profile: &Profile) -> f64 {
    let (mut mean, mut lower, mut below) = (0.0, 0.0, 0.0);
    for (upper, share) in DURATION_BUCKETS.into_iter().zip(profile) {
        mean += (share - below) * f64::midpoint(lower, upper);
        (lower, below) = (upper, *share);
    }
    mean
}
