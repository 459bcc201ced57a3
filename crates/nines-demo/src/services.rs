//! The six services: their names, who calls whom, their routes and what they expect of each other.
//!
//! Both the processes and the history are made from these tables, so that their series agree.

use std::fmt;
use std::str::FromStr;

use serde::{Serialize, Serializer};

/// One service of the shop, in the order in which they start: nobody depends on a later one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Service {
    /// Charges cards.
    Payments,
    /// Records orders in its own database.
    Orders,
    /// Finds products in its own database.
    Search,
    /// Keeps baskets in memory.
    Cart,
    /// Turns a basket into an order: calls cart, orders and payments.
    Checkout,
    /// What visitors talk to: calls search, cart and checkout.
    Gateway,
}

/// The answers that every route has series for from the first scrape on.
pub(crate) const USUAL_CODES: [u16; 3] = [200, 500, 503];

/// The answer of a service whose disk is full (RFC 4918, 11.5).
pub(crate) const INSUFFICIENT_STORAGE: u16 = 507;

/// Upper bounds of `http_request_duration_seconds`, in seconds.
pub(crate) const DURATION_BUCKETS: [f64; 12] =
    [0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.3, 0.5, 1.0, 2.0, 5.0, 10.0];

/// One route as the metrics name it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Route {
    /// The path.
    pub(crate) path: &'static str,
    /// The method.
    pub(crate) method: &'static str,
    /// What part of the visits at the gateway leads to a request here.
    pub(crate) visits_ratio: f64,
}

const fn route(method: &'static str, path: &'static str, visits_ratio: f64) -> Route {
    Route { path, method, visits_ratio }
}

impl Service {
    /// All, in the order in which they start.
    pub const ALL: [Self; 6] =
        [Self::Payments, Self::Orders, Self::Search, Self::Cart, Self::Checkout, Self::Gateway];

    /// As labels and configuration name it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Payments => "payments",
            Self::Orders => "orders",
            Self::Search => "search",
            Self::Cart => "cart",
            Self::Checkout => "checkout",
            Self::Gateway => "gateway",
        }
    }

    /// The `instance` label of its only process.
    pub fn instance(self) -> String {
        format!("{}-1", self.name())
    }

    /// The services that it calls.
    pub fn depends_on(self) -> &'static [Self] {
        match self {
            Self::Payments | Self::Orders | Self::Search | Self::Cart => &[],
            Self::Checkout => &[Self::Cart, Self::Orders, Self::Payments],
            Self::Gateway => &[Self::Search, Self::Cart, Self::Checkout],
        }
    }

    /// Its routes. A checkout visit is one request each at checkout, cart, orders and payments.
    pub(crate) fn routes(self) -> &'static [Route] {
        const GATEWAY: &[Route] = &[
            route("GET", "/browse", 0.45),
            route("GET", "/search", 0.33),
            route("POST", "/cart", 0.10),
            route("POST", "/checkout", 0.12),
        ];
        const SEARCH: &[Route] = &[route("GET", "/products", 0.45), route("GET", "/search", 0.33)];
        const CART: &[Route] = &[route("POST", "/cart", 0.10), route("GET", "/cart", 0.12)];
        const CHECKOUT: &[Route] = &[route("POST", "/checkout", 0.12)];
        const ORDERS: &[Route] = &[route("POST", "/orders", 0.12)];
        const PAYMENTS: &[Route] = &[route("POST", "/payments", 0.12)];
        match self {
            Self::Payments => PAYMENTS,
            Self::Orders => ORDERS,
            Self::Search => SEARCH,
            Self::Cart => CART,
            Self::Checkout => CHECKOUT,
            Self::Gateway => GATEWAY,
        }
    }

    /// The status codes whose series exist from the start.
    pub(crate) fn codes(self) -> Vec<u16> {
        let own = (self == Self::Orders).then_some(INSUFFICIENT_STORAGE);
        USUAL_CODES.into_iter().chain(own).collect()
    }

    /// What part of its requests fails by itself on an ordinary day, as in any real system.
    pub(crate) fn background_error_ratio(self) -> f64 {
        match self {
            Self::Search => 0.000_10,
            Self::Cart => 0.000_03,
            Self::Gateway => 0.000_01,
            Self::Checkout | Self::Orders | Self::Payments => 0.000_02,
        }
    }

    /// How many connections its database takes; 0 is no database.
    pub(crate) fn db_connections_max(self) -> usize {
        match self {
            Self::Orders => 4,
            Self::Search => 3,
            Self::Payments | Self::Cart | Self::Checkout | Self::Gateway => 0,
        }
    }

    /// How much its process may hold before the supervisor kills it, as an operating system would.
    pub(crate) fn memory_bytes_max(self) -> u64 {
        match self {
            Self::Cart => 200 * MIB,
            _ => 400 * MIB,
        }
    }
}

/// 2^20 bytes.
pub(crate) const MIB: u64 = 1 << 20;

/// How much each service may write into its folder.
pub(crate) const DISK_BYTES_MAX: u64 = 64 * MIB;

impl fmt::Display for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl Serialize for Service {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

impl FromStr for Service {
    type Err = UnknownService;

    fn from_str(text: &str) -> Result<Self, UnknownService> {
        let found = Self::ALL.into_iter().find(|it| it.name() == text);
        found.ok_or_else(|| UnknownService { name: text.to_owned() })
    }
}

/// No service has this name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the shop has no service `{name}`; services are {}", Service::ALL.map(Service::name).join(", "))]
pub struct UnknownService {
    /// What was asked for.
    pub name: String,
}
