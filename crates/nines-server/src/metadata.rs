//! What metrics mean, as those who expose them say: type, help and unit by metric name. Kept in memory; scrapes and
//! writes tell it again.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard};

use nines_port::MetricMetadata;

/// Metrics whose meaning is remembered; of more, nothing is known.
const METRICS_MAX: usize = 100_000;
/// Different meanings of one metric; services disagree while they are rolled out.
const MEANINGS_MAX: usize = 8;
/// A longer help is cut.
const HELP_BYTES_MAX: usize = 1_024;
/// What series of one family have behind its name.
///
/// Source: Prometheus and OpenMetrics text formats.
const SUFFIXES: [&str; 6] = ["_total", "_bucket", "_sum", "_count", "_created", "_info"];

/// What one metric means.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
pub(crate) struct Meaning {
    #[serde(rename = "type")]
    pub(crate) kind: String,
    pub(crate) help: String,
    pub(crate) unit: String,
}

/// Meanings by metric.
#[derive(Debug, Default)]
pub(crate) struct Metadata {
    /// The newest meaning of a metric is the last one.
    meanings: Mutex<BTreeMap<String, Vec<Meaning>>>,
}

impl Metadata {
    /// Remembers.
    pub(crate) fn describe(&self, described: &[MetricMetadata]) {
        let mut meanings = self.meanings();
        for it in described {
            let meaning = Meaning {
                kind: it.kind.clone(),
                help: cut(&it.help).to_owned(),
                unit: it.unit.clone(),
            };
            if let Some(known) = meanings.get_mut(&it.metric) {
                if known.last() != Some(&meaning) {
                    known.retain(|it| *it != meaning);
                    known.push(meaning);
                    let surplus = known.len().saturating_sub(MEANINGS_MAX);
                    known.drain(..surplus);
                }
            } else if meanings.len() < METRICS_MAX {
                meanings.insert(it.metric.clone(), vec![meaning]);
            }
        }
    }

    /// The meanings of one metric, or of all, by name; at most `metrics_max` names.
    pub(crate) fn list(
        &self,
        metric: Option<&str>,
        metrics_max: usize,
    ) -> BTreeMap<String, Vec<Meaning>> {
        let meanings = self.meanings();
        let chosen = |name: &str| metric.is_none_or(|it| it == name);
        let listed = meanings.iter().filter(|(name, _)| chosen(name)).take(metrics_max);
        listed.map(|(name, it)| (name.clone(), it.clone())).collect()
    }

    /// The family of a series' name and its newest meaning.
    pub(crate) fn of_series(&self, name: &str) -> Option<(String, Meaning)> {
        let meanings = self.meanings();
        let families = SUFFIXES.iter().filter_map(|it| name.strip_suffix(it));
        std::iter::once(name).chain(families).find_map(|family| {
            let newest = meanings.get(family)?.last()?;
            Some((family.to_owned(), newest.clone()))
        })
    }

    fn meanings(&self) -> MutexGuard<'_, BTreeMap<String, Vec<Meaning>>> {
        self.meanings.lock().expect("nobody panics while holding the meanings")
    }
}

fn cut(help: &str) -> &str {
    let end = (0..=HELP_BYTES_MAX.min(help.len())).rev().find(|it| help.is_char_boundary(*it));
    help.split_at_checked(end.unwrap_or(0)).map_or("", |(head, _)| head)
}

#[cfg(test)]
mod tests {
    use nines_port::MetricMetadata;

    use super::{HELP_BYTES_MAX, MEANINGS_MAX, Metadata};

    fn told(metric: &str, help: &str) -> MetricMetadata {
        MetricMetadata {
            metric: metric.to_owned(),
            kind: "counter".to_owned(),
            help: help.to_owned(),
            unit: String::new(),
        }
    }

    #[test]
    fn the_newest_meaning_is_the_last_and_old_ones_are_bounded() {
        let metadata = Metadata::default();
        for version in 0..20 {
            metadata.describe(&[told("requests", &version.to_string())]);
        }
        metadata.describe(&[told("requests", "15")]);
        let list = metadata.list(None, usize::MAX);
        assert_eq!(list["requests"].len(), MEANINGS_MAX);
        assert_eq!(list["requests"].last().unwrap().help, "15");
    }

    #[test]
    fn a_series_belongs_to_the_family_without_its_suffix() {
        let metadata = Metadata::default();
        metadata.describe(&[told("latency_seconds", "How long"), told("requests_total", "")]);
        let family = |name: &str| metadata.of_series(name).map(|it| it.0);
        assert_eq!(family("latency_seconds_bucket").as_deref(), Some("latency_seconds"));
        assert_eq!(family("requests_total").as_deref(), Some("requests_total"));
        assert_eq!(family("up"), None);
    }

    #[test]
    fn long_help_is_cut_between_characters() {
        let metadata = Metadata::default();
        metadata.describe(&[told("long", &"ä".repeat(HELP_BYTES_MAX))]);
        assert_eq!(metadata.list(Some("long"), 1)["long"][0].help.len(), HELP_BYTES_MAX);
        metadata.describe(&[told("odd", &format!("x{}", "ä".repeat(HELP_BYTES_MAX)))]);
        assert_eq!(metadata.list(Some("odd"), 1)["odd"][0].help.len(), HELP_BYTES_MAX - 1);
    }
}
