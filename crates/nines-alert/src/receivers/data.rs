//! What a notice is about, as templates and bodies see it.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use jiff::Timestamp;
use nines_base::Labels;

use crate::AlertKey;

/// How Go writes an instant that is not set.
pub(super) const ZERO_TIME: &str = "0001-01-01T00:00:00Z";

/// One group at one tick, as told to one receiver.
#[derive(Debug, Clone, PartialEq)]
pub struct NoticeData {
    /// The receiver's name.
    pub receiver: String,
    /// In the order of [`NoticeData::new`].
    pub alerts: Vec<AlertData>,
    /// The values of `group_by`.
    pub group_labels: Labels,
    /// `<route key>:{labels}`.
    pub group_key: String,
    /// Where people reach nines; without a slash at its end.
    pub external_url: String,
    /// The due time of the tick; templates count from it.
    pub at: Timestamp,
}

/// One alert of a notice.
#[derive(Debug, Clone, PartialEq)]
pub struct AlertData {
    /// The identity.
    pub labels: Labels,
    /// For people.
    pub annotations: BTreeMap<String, String>,
    /// Since when.
    pub starts_at: Timestamp,
    /// When it resolved; absent while it fires.
    pub ends_at: Option<Timestamp>,
    /// Where its source shows it; may be empty.
    pub generator_url: String,
}

impl AlertData {
    /// `firing` or `resolved`.
    pub fn status(&self) -> &'static str {
        if self.ends_at.is_some() { "resolved" } else { "firing" }
    }

    /// 16 hexadecimal digits.
    pub fn fingerprint(&self) -> String {
        AlertKey::of(&self.labels).to_string()
    }
}

impl NoticeData {
    /// Puts the alerts into the order in which Alertmanager tells them: by `job`, `instance`, how many labels there
    /// are, and the labels themselves.
    pub fn new(
        receiver: &str,
        group_key: &str,
        group_labels: &Labels,
        mut alerts: Vec<AlertData>,
        external_url: &str,
        at: Timestamp,
    ) -> Self {
        alerts.sort_by(|one, other| in_order(&one.labels, &other.labels));
        Self {
            receiver: receiver.to_owned(),
            alerts,
            group_labels: group_labels.clone(),
            group_key: group_key.to_owned(),
            external_url: external_url.trim_end_matches('/').to_owned(),
            at,
        }
    }

    /// `firing` while any alert does, else `resolved`.
    pub fn status(&self) -> &'static str {
        let fires = self.alerts.iter().any(|it| it.ends_at.is_none());
        if fires { "firing" } else { "resolved" }
    }

    /// What all alerts have in common, as a list of pairs sorted by name.
    pub fn common_labels(&self) -> BTreeMap<&str, &str> {
        common(self.alerts.iter().map(|it| it.labels.iter()))
    }

    /// As [`Self::common_labels`], of the annotations.
    pub fn common_annotations(&self) -> BTreeMap<&str, &str> {
        common(
            self.alerts.iter().map(|it| {
                it.annotations.iter().map(|(name, value)| (name.as_str(), value.as_str()))
            }),
        )
    }

    /// With the first alerts only; also how many were left out. 0 is no limit.
    pub(super) fn truncated(&self, alerts_max: usize) -> (Self, usize) {
        let mut data = self.clone();
        if 0 < alerts_max {
            data.alerts.truncate(alerts_max);
        }
        let left_out = self.alerts.len() - data.alerts.len();
        (data, left_out)
    }
}

/// The pairs that every one of them has.
fn common<'p, I>(mut each: impl Iterator<Item = I>) -> BTreeMap<&'p str, &'p str>
where
    I: Iterator<Item = (&'p str, &'p str)>,
{
    let mut common: BTreeMap<&str, &str> = each.next().into_iter().flatten().collect();
    for pairs in each {
        if common.is_empty() {
            break;
        }
        let pairs: BTreeMap<&str, &str> = pairs.collect();
        common.retain(|name, value| pairs.get(name) == Some(value));
    }
    common
}

/// An alert without the label comes after those that have it.
fn in_order(one: &Labels, other: &Labels) -> Ordering {
    for name in ["job", "instance"] {
        let order = match (one.get(name), other.get(name)) {
            (None, None) => Ordering::Equal,
            (None, Some(_)) => Ordering::Greater,
            (Some(_), None) => Ordering::Less,
            (Some(one), Some(other)) => one.cmp(other),
        };
        if order != Ordering::Equal {
            return order;
        }
    }
    one.len().cmp(&other.len()).then_with(|| before(one, other))
}

/// Of sets of the same size: at the first name that only one has, that one comes last.
fn before(one: &Labels, other: &Labels) -> Ordering {
    for ((name, value), (other_name, other_value)) in one.iter().zip(other.iter()) {
        match name.cmp(other_name) {
            Ordering::Less => return Ordering::Greater,
            Ordering::Greater => return Ordering::Less,
            Ordering::Equal if value != other_value => return value.cmp(other_value),
            Ordering::Equal => {}
        }
    }
    Ordering::Equal
}
