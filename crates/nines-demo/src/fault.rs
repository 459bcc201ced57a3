//! What can be broken, and how a change of the shop is told to others.

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use serde::{Serialize, Serializer};

use crate::Service;

/// The version of every service that works.
pub const GOOD_VERSION: &str = "v2.32";

/// The version of checkout that does not.
pub const BAD_VERSION: &str = "v2.33";

/// One way to break the shop.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fault {
    /// Checkout is replaced by a version that knows the tax of three regions in ten, and leaks.
    BadDeploy,
    /// Cart keeps what it should forget until it is killed, again and again.
    MemoryLeak,
    /// Search compares every product with every product, and its connection pool runs dry.
    SlowQuery,
    /// The database file of orders is gone.
    DbDown,
    /// Orders writes debug dumps until its disk is full.
    DiskFilling,
}

impl Fault {
    /// All of them.
    pub const ALL: [Self; 5] =
        [Self::BadDeploy, Self::MemoryLeak, Self::SlowQuery, Self::DbDown, Self::DiskFilling];

    /// As commands and URLs name it.
    pub fn name(self) -> &'static str {
        match self {
            Self::BadDeploy => "bad-deploy",
            Self::MemoryLeak => "memory-leak",
            Self::SlowQuery => "slow-query",
            Self::DbDown => "db-down",
            Self::DiskFilling => "disk-filling",
        }
    }

    /// Whose behaviour changes; those that call it suffer too.
    pub fn service(self) -> Service {
        match self {
            Self::BadDeploy => Service::Checkout,
            Self::MemoryLeak => Service::Cart,
            Self::SlowQuery => Service::Search,
            Self::DbDown | Self::DiskFilling => Service::Orders,
        }
    }

    /// What to watch, in one sentence for people.
    pub fn watch(self) -> &'static str {
        match self {
            Self::BadDeploy => "seven in ten checkouts answer 500, and checkout's memory grows",
            Self::MemoryLeak => "cart's memory grows, it answers 503, is killed and starts again",
            Self::SlowQuery => "search's connection pool runs dry: latency first, then 503",
            Self::DbDown => "orders answers 503, so checkouts fail",
            Self::DiskFilling => "orders' disk fills within seconds, then it answers 507",
        }
    }

    /// What is told when it begins.
    pub(crate) fn broken(self, at: Timestamp) -> ChangeNotice {
        let (kind, version, by, summary) = match self {
            Self::BadDeploy => {
                (ChangeKind::Deploy, BAD_VERSION, "cyd", "deploy checkout v2.33: new tax tables")
            }
            Self::MemoryLeak => {
                (ChangeKind::Config, GOOD_VERSION, "ben", "cart: keep session snapshots in memory")
            }
            Self::SlowQuery => {
                (ChangeKind::Config, GOOD_VERSION, "ana", "search: rank by related products")
            }
            Self::DbDown => (
                ChangeKind::Config,
                GOOD_VERSION,
                "ben",
                "orders: move the database to new storage",
            ),
            Self::DiskFilling => {
                (ChangeKind::Config, GOOD_VERSION, "cyd", "orders: log level debug, with dumps")
            }
        };
        self.notice(at, kind, version, by, summary)
    }

    /// What is told when it ends.
    pub(crate) fn healed(self, at: Timestamp) -> ChangeNotice {
        let (kind, summary) = match self {
            Self::BadDeploy => (ChangeKind::Deploy, "roll checkout back to v2.32"),
            Self::MemoryLeak => (ChangeKind::Config, "cart: drop session snapshots, restart"),
            Self::SlowQuery => (ChangeKind::Config, "search: rank by name again"),
            Self::DbDown => (ChangeKind::Config, "orders: bring the database back"),
            Self::DiskFilling => (ChangeKind::Config, "orders: log level info, dumps removed"),
        };
        self.notice(at, kind, GOOD_VERSION, "demo", summary)
    }

    fn notice(
        self,
        at: Timestamp,
        kind: ChangeKind,
        version: &str,
        by: &str,
        summary: &str,
    ) -> ChangeNotice {
        ChangeNotice {
            at,
            service: self.service(),
            version: version.to_owned(),
            kind,
            by: by.to_owned(),
            summary: summary.to_owned(),
            fault: Some(self),
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl Serialize for Fault {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

impl FromStr for Fault {
    type Err = UnknownFault;

    fn from_str(text: &str) -> Result<Self, UnknownFault> {
        let found = Self::ALL.into_iter().find(|it| it.name() == text);
        found.ok_or_else(|| UnknownFault { name: text.to_owned() })
    }
}

/// Nothing can be broken in this way.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the shop cannot break by `{name}`; faults are {}", Fault::ALL.map(Fault::name).join(", "))]
pub struct UnknownFault {
    /// What was asked for.
    pub name: String,
}

/// A change of the running shop, such as a delivery pipeline reports one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ChangeNotice {
    /// When it took effect.
    pub at: Timestamp,
    /// What was changed.
    pub service: Service,
    /// What runs since then.
    pub version: String,
    /// What kind of change it is.
    pub kind: ChangeKind,
    /// Who did it.
    pub by: String,
    /// One line for people.
    pub summary: String,
    /// The fault that it began or ended, if it is one.
    pub fault: Option<Fault>,
}

/// What a change replaces.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ChangeKind {
    /// The program.
    Deploy,
    /// Its settings or surroundings.
    Config,
}

/// `deploy`, `config`.
impl fmt::Display for ChangeKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Deploy => "deploy",
            Self::Config => "config",
        })
    }
}
