//! What an operator decides about the Prometheus side of the server, as plain values.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::SignedDuration;
use nines_promql::QueryLimits;
use regex::Regex;

/// How queries are answered and who may do what without a token.
#[derive(Debug, Clone)]
pub struct PromSettings {
    /// The longest that one query may take; a request may ask for less.
    pub query_time_max: Duration,
    /// Samples that one query may hold.
    pub query_samples_max: usize,
    /// Queries that run at once; others wait.
    pub queries_max: usize,
    /// How far back a selector looks for a sample; a request may ask for another.
    pub lookback: SignedDuration,
    /// Pages of these origins may read from browsers; the whole origin must match.
    pub cors_origin: Option<Regex>,
    /// What is allowed without a token.
    pub open: Open,
    /// Whether calls that manage the store are answered.
    pub admin_api: Switch,
    /// Whether `/-/reload` is answered.
    pub lifecycle: Switch,
    /// Under which path everything is, such as `/prometheus`; empty for the root.
    pub route_prefix: String,
    /// What `/api/v1/status/flags` shows.
    pub flags: BTreeMap<String, String>,
}

/// On or off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Switch {
    /// It is refused, with the name of the setting that allows it.
    #[default]
    Off,
    /// It is answered.
    On,
}

impl Switch {
    pub(crate) fn is_on(self) -> bool {
        self == Self::On
    }
}

/// Paths that are open to callers without a token. Everything else that writes needs one.
#[derive(Debug, Clone, Default)]
pub struct Open {
    /// Paths, from the root of the API: `/api/v1/write`; one that ends with `/*` has a name there.
    pub paths: Vec<&'static str>,
    /// Whether any name in the header `Host` is ours; else a browser that was lied to about our name is refused.
    pub any_host: Switch,
}

impl Open {
    /// Whether this path is.
    pub(crate) fn has(&self, path: &str) -> bool {
        self.paths.iter().any(|it| match it.strip_suffix('*') {
            Some(stem) => path.strip_prefix(stem).is_some_and(|name| !name.contains('/')),
            None => *it == path,
        })
    }
}

impl Default for PromSettings {
    /// As `nines serve` is without flags.
    fn default() -> Self {
        Self {
            query_time_max: Duration::from_mins(1),
            query_samples_max: 50_000_000,
            queries_max: 20,
            lookback: SignedDuration::from_mins(5),
            cors_origin: None,
            open: Open::default(),
            admin_api: Switch::On,
            lifecycle: Switch::On,
            route_prefix: String::new(),
            flags: BTreeMap::new(),
        }
    }
}

impl PromSettings {
    /// What one evaluation may use; `cancelled` is asked now and then.
    pub(crate) fn limits<'a>(&self, cancelled: &'a (dyn Fn() -> bool + Sync)) -> QueryLimits<'a> {
        QueryLimits {
            samples_max: self.query_samples_max,
            lookback_ms: self.lookback_ms(),
            cancelled: Some(cancelled),
            ..QueryLimits::default()
        }
    }

    /// At least a millisecond.
    pub(crate) fn lookback_ms(&self) -> i64 {
        i64::try_from(self.lookback.as_millis()).unwrap_or(i64::MAX).max(1)
    }
}
