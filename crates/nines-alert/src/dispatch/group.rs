//! Groups: alerts that are spoken of together, and what was said of them.

use std::collections::BTreeMap;
use std::fmt;

use jiff::Timestamp;
use nines_base::Labels;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{Muted, NoticeId, Shared, Text};
use crate::AlertKey;

/// Names a group in facts; never used twice.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub struct GroupNumber(pub u64);

impl fmt::Display for GroupNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Names what was heard of a group: 128-bit FNV-1a of its key. Routes with equal keys share it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct GroupHash(u128);

impl GroupHash {
    /// Of the group with this key.
    pub fn of(key: &str) -> Self {
        const OFFSET: u128 = 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d;
        const PRIME: u128 = 0x0000_0000_0100_0000_0000_0000_0000_013b;
        let hash = |hash: u128, byte: u8| (hash ^ u128::from(byte)).wrapping_mul(PRIME);
        Self(key.bytes().fold(OFFSET, hash))
    }
}

impl fmt::Display for GroupHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

impl Serialize for GroupHash {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for GroupHash {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        u128::from_str_radix(&text, 16).map(Self).map_err(serde::de::Error::custom)
    }
}

/// Alerts of one route with equal values of its `group_by`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Group {
    /// The key of its route.
    pub route: Text,
    /// Which of the routes with this key; counts from 0.
    pub route_index: u32,
    /// The values of `group_by`.
    pub labels: Labels,
    /// Of its key.
    pub hash: GroupHash,
    /// Whether it speaks at once when its first alert fires and when its last one is over.
    pub leading_edge: bool,
    /// How many of its members fire.
    pub firing: u32,
    /// The first tick that no fact tells of. Later ones follow in whole intervals.
    pub due: Timestamp,
    /// The last tick that had news.
    pub flushed_at: Option<Timestamp>,
    /// Who is spoken of.
    pub members: BTreeMap<AlertKey, Member>,
}

impl Group {
    /// `<route key>:{labels}`, as Alertmanager writes it.
    pub fn key(&self) -> String {
        format!("{}:{}", self.route, self.labels)
    }
}

/// What the last tick with news found of an alert.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Member {
    /// Whether something happened to it since.
    pub is_news: bool,
    /// Why it was not spoken of.
    pub muted: Option<Box<Muted>>,
    /// Whether it is over and leaves as soon as nothing of it is on its way.
    pub is_done: bool,
}

/// What one integration heard of one group, and what is on its way.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Memory {
    /// The receiver's name.
    pub receiver: Text,
    /// Which of its integrations.
    pub integration: u32,
    /// The last notice that it took.
    pub told: Option<Content>,
    /// A notice that it has neither taken nor refused yet.
    pub open: Option<Open>,
}

/// What a notice said.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Content {
    /// When it was taken.
    pub at: Timestamp,
    /// What it said fires; sorted.
    pub firing: Shared<[AlertKey]>,
    /// What it said is over; sorted.
    pub resolved: Shared<[AlertKey]>,
    /// Until when this is remembered.
    pub forget_at: Timestamp,
}

/// A notice on its way.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Open {
    /// Which.
    pub notice: NoticeId,
    /// Of which group; several can have the same key.
    pub group: GroupNumber,
    /// What became of it so far.
    pub fate: Fate,
    /// What it says fires; sorted.
    pub firing: Shared<[AlertKey]>,
    /// What it says is over; sorted.
    pub resolved: Shared<[AlertKey]>,
}

/// What became of a notice so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Fate {
    /// It may still arrive.
    OnItsWay,
    /// It is not true any more, and need not arrive.
    Withdrawn,
    /// It did not arrive: the next tick tries again.
    Failed,
}

impl Open {
    /// Whether it speaks of this alert.
    pub fn mentions(&self, key: AlertKey) -> bool {
        self.firing.binary_search(&key).is_ok() || self.resolved.binary_search(&key).is_ok()
    }
}

impl Content {
    /// Without these alerts.
    pub(super) fn forget(&mut self, alerts: &[AlertKey]) {
        if alerts.iter().any(|it| self.firing.binary_search(it).is_ok()) {
            let kept = self.firing.iter().copied().filter(|it| !alerts.contains(it));
            self.firing = Shared::from(kept.collect::<Vec<_>>());
        }
    }
}
