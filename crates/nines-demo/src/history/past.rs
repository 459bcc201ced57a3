//! What went wrong and what was deployed in the last four weeks.
//!
//! Incidents lie at fixed hours UTC on days counted from the day of the history's end, none of them in
//! its last day, so that each costs the same part of its budget whenever the demo starts.

use jiff::{SignedDuration, Timestamp};

use crate::{ChangeKind, ChangeNotice, Service};

const DAY: SignedDuration = SignedDuration::from_hours(24);

/// What an incident did to the requests of a service.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Effect {
    /// This part of the requests failed with this code, on this route.
    Errors { route: &'static str, method: &'static str, code: u16, ratio: f64 },
    /// Answers were slow, as [`super::latency`] describes, and few of them failed.
    Slow,
}

/// A bad period.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Incident {
    pub(super) service: Service,
    pub(super) effect: Effect,
    days_ago: i32,
    /// Minute of the day, UTC.
    minute: i64,
    minutes: i64,
}

const fn failed(
    service: Service,
    (method, route): (&'static str, &'static str),
    (code, ratio): (u16, f64),
    days_ago: i32,
    minute: i64,
    minutes: i64,
) -> Incident {
    let effect = Effect::Errors { route, method, code, ratio };
    Incident { service, effect, days_ago, minute, minutes }
}

const fn slow(service: Service, days_ago: i32, minute: i64, minutes: i64) -> Incident {
    Incident { service, effect: Effect::Slow, days_ago, minute, minutes }
}

/// With the day/night shape, a minute near the daily peak holds 3.6e-5 of the requests of 28 days.
/// Cart's leak spends its whole budget and a fifth more; search's slow days spend half of the latency
/// budget, its cold pages another fifth; the rest costs a few percent each.
pub(super) const INCIDENTS: [Incident; 6] = [
    failed(Service::Cart, ("POST", "/cart"), (503, 0.9), 9, 13 * 60 + 50, 77),
    slow(Service::Search, 16, 14 * 60, 110),
    slow(Service::Search, 5, 14 * 60 + 30, 51),
    failed(Service::Checkout, ("POST", "/checkout"), (500, 0.7), 12, 14 * 60 + 32, 2),
    failed(Service::Orders, ("POST", "/orders"), (503, 1.0), 21, 3 * 60 + 6, 2),
    failed(Service::Payments, ("POST", "/payments"), (503, 0.5), 19, 2 * 60 + 40, 3),
];

impl Incident {
    fn start(&self, until: Timestamp) -> Timestamp {
        midnight(until) - DAY * self.days_ago + SignedDuration::from_mins(self.minute)
    }

    /// What part of the time from `from` to `to` it lasted: 0 to 1.
    pub(super) fn overlap_ratio(&self, until: Timestamp, from: Timestamp, to: Timestamp) -> f64 {
        let start = self.start(until);
        let end = start + SignedDuration::from_mins(self.minutes);
        let overlap = end.min(to).duration_since(start.max(from)).max(SignedDuration::ZERO);
        let span = to.duration_since(from).max(SignedDuration::from_secs(1));
        overlap.as_secs_f64() / span.as_secs_f64()
    }
}

fn midnight(at: Timestamp) -> Timestamp {
    at - SignedDuration::from_nanos_i128(at.as_nanosecond().rem_euclid(DAY.as_nanos()))
}

/// The deploys and changes of the last four weeks, oldest first; some began an incident, some ended one.
pub fn past_changes(until: Timestamp) -> Vec<ChangeNotice> {
    use ChangeKind::{Config, Deploy};
    use Service::{Cart, Checkout, Gateway, Orders, Payments, Search};
    let change =
        |days_ago: i32, minute: i64, service, version: &str, kind, by: &str, what: &str| {
            let at = midnight(until) - DAY * days_ago + SignedDuration::from_mins(minute);
            let (version, by, summary) = (version.to_owned(), by.to_owned(), what.to_owned());
            ChangeNotice { at, service, version, kind, by, summary, fault: None }
        };
    let at = |hour: i64, minute: i64| hour * 60 + minute;
    vec![
        change(
            26,
            at(9, 12),
            Gateway,
            "v2.27",
            Deploy,
            "ana",
            "deploy gateway v2.27: shorter logs",
        ),
        change(
            24,
            at(10, 40),
            Search,
            "v2.27",
            Deploy,
            "ben",
            "deploy search v2.27: new catalogue",
        ),
        change(21, at(3, 5), Orders, "v2.28", Config, "ben", "orders: fail over to new storage"),
        change(
            19,
            at(2, 38),
            Payments,
            "v2.28",
            Config,
            "cyd",
            "payments: new certificate of the bank",
        ),
        change(
            16,
            at(13, 56),
            Search,
            "v2.29",
            Deploy,
            "ana",
            "deploy search v2.29: related products",
        ),
        change(16, at(15, 48), Search, "v2.28", Deploy, "ana", "roll search back to v2.28"),
        change(12, at(14, 31), Checkout, "v2.30", Deploy, "cyd", "deploy checkout v2.30: vouchers"),
        change(12, at(14, 34), Checkout, "v2.29", Deploy, "cyd", "roll checkout back to v2.29"),
        change(9, at(13, 41), Cart, "v2.30", Deploy, "ben", "deploy cart v2.30: longer sessions"),
        change(9, at(15, 8), Cart, "v2.29", Deploy, "ben", "roll cart back to v2.29"),
        change(5, at(14, 27), Search, "v2.31", Config, "ana", "search: rebuild the index by day"),
        change(
            3,
            at(8, 50),
            Checkout,
            "v2.32",
            Deploy,
            "cyd",
            "deploy checkout v2.32: vouchers again",
        ),
        change(2, at(11, 20), Cart, "v2.32", Deploy, "ben", "deploy cart v2.32: bounded sessions"),
    ]
}
