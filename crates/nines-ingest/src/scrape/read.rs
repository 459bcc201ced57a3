//! Turns a body into samples, with the memory of the bodies before.

use std::collections::BTreeMap;

use nines_base::{Exemplar, HistogramSample, Labels, Sample};
use nines_port::MetricMetadata;
use xxhash_rust::xxh3::{Xxh3, xxh3_64};

use super::series::{Ends, Found, Pending, PendingValue, SeriesMemory};
use crate::families::{self, FamilySample, FamilyValue};
use crate::text::{
    self, Comment, Format, Line, Lines, Says, Tail, TextLimits, comment, normal_borders,
    series_labels, split_series, tail,
};

/// Families of one target that are described.
const FAMILIES_MAX: usize = 20_000;

/// What a target answered.
#[derive(Debug)]
pub(super) enum Body {
    Text(String, Format),
    /// Messages `MetricFamily`, each behind its length.
    Families(Vec<u8>),
}

impl Body {
    pub(super) fn bytes(&self) -> usize {
        match self {
            Self::Text(text, _) => text.len(),
            Self::Families(bytes) => bytes.len(),
        }
    }
}

/// How a body is read.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reading {
    pub(super) limits: TextLimits,
    /// Samples that are stored of one body.
    pub(super) sample_limit: usize,
    pub(super) times: Times,
    /// The time of samples that bring none.
    pub(super) at_ms: i64,
}

/// What is believed of the times that a target gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Times {
    /// Nothing.
    Ignored,
    /// They are the samples' times, and their series do not end when they are missing.
    Honored,
    /// They are the samples' times, and their series end as all others.
    Tracked,
}

/// What a body held. After an error only the counts are of use.
#[derive(Debug, Default)]
pub(super) struct Read {
    pub(super) rows: Vec<Pending>,
    pub(super) exemplars: Vec<(Labels, Exemplar)>,
    /// What has changed since the last body.
    pub(super) metadata: Vec<MetricMetadata>,
    /// Samples in the body.
    pub(super) scraped: usize,
    /// Those that no rule drops.
    pub(super) kept: usize,
    /// Series that the scrape before did not have.
    pub(super) added: usize,
}

/// What is remembered of one target from body to body.
#[derive(Debug, Default)]
pub(super) struct BodyMemory {
    pub(super) series: SeriesMemory,
    /// A hash of all comments: the same ones say nothing new.
    comments: u64,
}

/// Makes the labels that are stored from those that the target sent; nothing when a rule drops the series.
pub(super) type Attach<'a> = &'a dyn Fn(&Labels) -> Result<Option<Labels>, String>;

impl BodyMemory {
    /// Reads a body. Nothing of it counts until the series are settled.
    pub(super) fn read(
        &mut self,
        body: &Body,
        how: Reading,
        attach: Attach<'_>,
        read: &mut Read,
    ) -> Result<(), String> {
        self.series.begin();
        read.rows.reserve(self.series.len());
        match body {
            Body::Text(text, format) => self.text(text, *format, how, attach, read)?,
            Body::Families(bytes) => self.families(bytes, how, attach, read)?,
        }
        if how.sample_limit < read.kept {
            let (max, kept) = (how.sample_limit, read.kept);
            return Err(format!("{kept} samples, and the sample limit of this target is {max}"));
        }
        Ok(())
    }

    fn text(
        &mut self,
        body: &str,
        format: Format,
        how: Reading,
        attach: Attach<'_>,
        read: &mut Read,
    ) -> Result<(), String> {
        let mut comments = Comments::default();
        let mut cursor = 0;
        for line in Lines::new(body, format, how.limits) {
            let line = line.map_err(|error| error.to_string())?;
            if line.is_comment() {
                comments.add(line.text);
                continue;
            }
            let sample = self.text_sample(line, &mut cursor, format, how, attach, &comments, read);
            sample.map_err(|message| line.error(message).to_string())?;
        }
        let hash = comments.hash.digest();
        if self.comments != hash {
            self.comments = hash;
            read.metadata = comments.metadata();
        }
        Ok(())
    }

    fn text_sample(
        &mut self,
        line: Line<'_>,
        cursor: &mut usize,
        format: Format,
        how: Reading,
        attach: Attach<'_>,
        comments: &Comments<'_>,
        read: &mut Read,
    ) -> Result<(), String> {
        read.scraped += 1;
        let (place, rest) = match self.at_its_place(line.text, *cursor) {
            Some(rest) => (*cursor, rest),
            None => {
                let (spelling, rest) = split_series(line.text)?;
                let labels = || {
                    let labels = series_labels(spelling, how.limits.labels_max)?;
                    let normal = normal_borders(&labels, comments.kind());
                    attach(&normal.unwrap_or(labels))
                };
                (self.series.find(spelling.as_bytes(), labels)?, rest)
            }
        };
        *cursor = place + 1;
        let Tail { value, at_ms, exemplar } = tail(rest, format)?;
        let value = |at_ms| PendingValue::Number(Sample { at_ms, value });
        let at_ms = self.push(place, at_ms, how, value, read);
        if let (Some(at_ms), Some(exemplar)) = (at_ms, exemplar)
            && self.series.is_new_exemplar(place, xxh3_64(exemplar.as_bytes()))
            && let Some((labels, _)) = self.series.stored(place)
        {
            read.exemplars.push((labels.clone(), text::exemplar(exemplar, at_ms)?));
        }
        Ok(())
    }

    /// What follows the series that stood at this place, if the line begins with it.
    fn at_its_place<'a>(&self, line: &'a str, place: usize) -> Option<&'a str> {
        let expected = self.series.expected(place)?;
        line.as_bytes().starts_with(expected).then_some(())?;
        let rest = line.get(expected.len()..)?;
        // The series must go on with a value, not with labels or more name.
        let tail = rest.trim_start_matches([' ', '\t']);
        let is_whole =
            tail.len() < rest.len() && (expected.ends_with(b"}") || !tail.starts_with('{'));
        is_whole.then_some(rest)
    }

    fn families(
        &mut self,
        body: &[u8],
        how: Reading,
        attach: Attach<'_>,
        read: &mut Read,
    ) -> Result<(), String> {
        let mut cursor = 0;
        let metadata = families::read(body, &mut |sample| {
            read.scraped += 1;
            if how.limits.samples_max < read.scraped {
                return Err(format!("more than {} samples", how.limits.samples_max));
            }
            self.family_sample(&sample, &mut cursor, how, attach, read)
        })?;
        let mut hash = Xxh3::new();
        for it in &metadata {
            for text in [&it.metric, &it.kind, &it.help, &it.unit] {
                hash.update(text.as_bytes());
                hash.update(&[0xff]);
            }
        }
        if self.comments != hash.digest() {
            self.comments = hash.digest();
            read.metadata = metadata;
            read.metadata.truncate(FAMILIES_MAX);
        }
        Ok(())
    }

    fn family_sample(
        &mut self,
        sample: &FamilySample<'_>,
        cursor: &mut usize,
        how: Reading,
        attach: Attach<'_>,
        read: &mut Read,
    ) -> Result<(), String> {
        let place = if self.series.expected(*cursor) == Some(sample.spelling) {
            *cursor
        } else {
            self.series.find(sample.spelling, || attach(&sample.labels()?))?
        };
        *cursor = place + 1;
        let value = |at_ms| match &sample.value {
            FamilyValue::Number(value) => PendingValue::Number(Sample { at_ms, value: *value }),
            FamilyValue::Histogram(histogram) => {
                let histogram = std::sync::Arc::clone(histogram);
                PendingValue::Histogram(HistogramSample { at_ms, histogram })
            }
        };
        let Some(at_ms) = self.push(place, sample.at_ms, how, value, read) else { return Ok(()) };
        // A native histogram may have several, so their hash is taken together.
        let hash = sample.exemplars.iter().fold(0, |hash, it| hash ^ xxh3_64(it));
        if !sample.exemplars.is_empty()
            && self.series.is_new_exemplar(place, hash)
            && let Some((labels, _)) = self.series.stored(place)
        {
            let exemplars = sample.exemplars.iter().filter_map(|it| families::exemplar(it, at_ms));
            read.exemplars.extend(exemplars.map(|it| (labels.clone(), it)));
        }
        Ok(())
    }

    /// The time that the sample was given, if it is to be stored.
    fn push(
        &mut self,
        place: usize,
        own_ms: Option<i64>,
        how: Reading,
        value: impl FnOnce(i64) -> PendingValue,
        read: &mut Read,
    ) -> Option<i64> {
        let own_ms = own_ms.filter(|_| how.times != Times::Ignored);
        let ends = match (own_ms, how.times) {
            (None, _) | (_, Times::Tracked) => Ends::WhenMissing,
            _ => Ends::Never,
        };
        match self.series.note(place, ends) {
            Found::Dropped => return None,
            Found::Again if own_ms.is_none() => {
                read.kept += 1;
                return None;
            }
            Found::Again | Found::Known => {}
            Found::Added => read.added += 1,
        }
        read.kept += 1;
        let (labels, key) = self.series.stored(place)?.clone();
        let at_ms = own_ms.unwrap_or(how.at_ms);
        let value = value(at_ms);
        if matches!(value, PendingValue::Histogram(_)) {
            self.series.note_histogram(place);
        }
        read.rows.push(Pending { key, labels, value });
        Some(at_ms)
    }
}

/// The comments of one body.
#[derive(Default)]
struct Comments<'a> {
    hash: Xxh3,
    lines: Vec<&'a str>,
}

impl<'a> Comments<'a> {
    fn add(&mut self, line: &'a str) {
        self.hash.update(line.as_bytes());
        self.hash.update(b"\n");
        self.lines.push(line);
    }

    /// Of the family that is being read.
    fn kind(&self) -> &'static str {
        // HELP, TYPE and UNIT may stand in any order before the samples.
        let kinds = self.lines.iter().rev().take(3).filter_map(|it| match comment(it)?.says {
            Says::Kind(kind) => Some(kind),
            Says::Help(_) | Says::Unit(_) => None,
        });
        kinds.into_iter().next().unwrap_or("unknown")
    }

    fn metadata(&self) -> Vec<MetricMetadata> {
        let mut families: BTreeMap<String, MetricMetadata> = BTreeMap::new();
        for Comment { metric, says } in self.lines.iter().filter_map(|it| comment(it)) {
            if FAMILIES_MAX <= families.len() && !families.contains_key(&metric) {
                continue;
            }
            let family = families.entry(metric.clone()).or_insert_with(|| MetricMetadata {
                metric,
                kind: "unknown".to_owned(),
                help: String::new(),
                unit: String::new(),
            });
            match says {
                Says::Help(help) => family.help = help,
                Says::Kind(kind) => kind.clone_into(&mut family.kind),
                Says::Unit(unit) => family.unit = unit,
            }
        }
        families.into_values().collect()
    }
}

#[cfg(test)]
mod tests;
