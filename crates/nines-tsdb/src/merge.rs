//! Merging: which small segments become one larger one, and how.
//!
//! A merged segment gets a new number, so its samples win over every other segment's at equal times. That is
//! right only if no segment outside of the group overlaps it; such groups are not chosen.

use std::collections::BTreeMap;
use std::sync::Arc;

use nines_base::Labels;

use crate::chunk::settle;
use crate::cut::WINDOW_SPANS;
use crate::maintain::{Change, Upkeep, failed};
use crate::postings::SeriesId;
use crate::segment::{Segment, SegmentError, SegmentWriter};
use crate::series::Stored;
use crate::store::segments_dir;
use crate::{MaintainError, Tsdb};

/// Spans of the windows within which segments are merged: a day, then eight.
const LEVELS_SPANS: [i64; 2] = [12, WINDOW_SPANS];
/// So many segments are merged whatever their sizes.
const SEGMENTS_MAX: usize = 8;
/// Fewer are merged when the small ones have at least this part of the largest, so that little late data does not
/// rewrite much.
const WORTHWHILE_PART: u64 = 10;
/// Larger groups stay apart.
const MERGED_BYTES_MAX: u64 = 8 * 1024 * 1024 * 1024;

/// A group that should be one segment at `now_ms`, by rising number.
pub(crate) fn choose(
    segments: &[Arc<Segment>],
    span_ms: i64,
    now_ms: i64,
) -> Option<Vec<Arc<Segment>>> {
    LEVELS_SPANS.iter().find_map(|spans| {
        let level_ms = span_ms.saturating_mul(*spans);
        let mut groups: BTreeMap<i64, Vec<Arc<Segment>>> = BTreeMap::new();
        for segment in segments.iter().filter(|it| !it.is_damaged()) {
            let window = segment.first_ms.div_euclid(level_ms);
            if window == segment.last_ms.div_euclid(level_ms) {
                groups.entry(window).or_default().push(Arc::clone(segment));
            }
        }
        let complete_before = now_ms.saturating_sub(span_ms).div_euclid(level_ms);
        groups
            .into_iter()
            .filter(|(window, _)| *window < complete_before)
            .map(|(_, group)| group)
            .find(|group| {
                is_worthwhile(&group.iter().map(|it| it.bytes).collect::<Vec<_>>())
                    && is_apart(group, segments)
            })
    })
}

fn is_worthwhile(bytes: &[u64]) -> bool {
    let (sum, largest) = (bytes.iter().sum::<u64>(), bytes.iter().copied().max().unwrap_or(0));
    let enough = SEGMENTS_MAX <= bytes.len() || largest / WORTHWHILE_PART <= sum - largest;
    2 <= bytes.len() && enough && sum <= MERGED_BYTES_MAX
}

/// Whether no segment outside of the group overlaps it.
fn is_apart(group: &[Arc<Segment>], segments: &[Arc<Segment>]) -> bool {
    let first_ms = group.iter().map(|it| it.first_ms).min().unwrap_or(i64::MAX);
    let last_ms = group.iter().map(|it| it.last_ms).max().unwrap_or(i64::MIN);
    let in_group = |it: &Segment| group.iter().any(|member| member.number == it.number);
    segments.iter().all(|it| in_group(it) || it.last_ms < first_ms || last_ms < it.first_ms)
}

impl Tsdb {
    /// Writes one segment for the group; `false` if one of the group turned out to be damaged.
    pub(crate) fn merge(
        &self,
        upkeep: &mut Upkeep,
        group: &[Arc<Segment>],
        oldest_ms: i64,
    ) -> Result<bool, MaintainError> {
        let folder = segments_dir(&self.dir);
        let number = upkeep.take_segment_number();
        let mut writer = SegmentWriter::create(&folder, number)
            .map_err(failed("write a segment in", &folder))?;
        let mut series_count = 0;
        for (labels, blocks) in self.blocks_of(group) {
            let mut samples = Vec::new();
            for Stored { segment, block } in blocks {
                match segment.read(&block, oldest_ms, i64::MAX, &mut samples) {
                    Ok(()) => {}
                    Err(SegmentError::Damaged { .. }) => {
                        writer.abandon();
                        return Ok(false);
                    }
                    Err(SegmentError::Failed { path, source }) => {
                        writer.abandon();
                        return Err(MaintainError { action: "read", path, source });
                    }
                }
            }
            settle(&mut samples);
            series_count += usize::from(!samples.is_empty());
            if let Err(error) = writer.add(&labels, &samples) {
                writer.abandon();
                return Err(failed("write a segment in", &folder)(error));
            }
        }
        let mut added = Vec::new();
        if series_count == 0 {
            writer.abandon();
        } else {
            added.push(writer.finish().map_err(failed("write a segment in", &folder))?);
        }
        let removed = group.iter().map(|it| it.number).collect();
        self.change(upkeep, Change { added, removed, ..Change::default() })?;
        Ok(true)
    }

    /// Each series of the group with its blocks there, sorted by labels.
    fn blocks_of(&self, group: &[Arc<Segment>]) -> Vec<(Labels, Vec<Stored>)> {
        let state = self.state();
        let in_group = |it: &&Stored| group.iter().any(|member| member.number == it.segment.number);
        let blocks = |id: SeriesId| {
            let stored = &state.registry.get(id)?.stored;
            Some(stored.iter().filter(in_group).cloned().collect::<Vec<_>>())
        };
        let ids = state.registry.in_order(state.registry.ids().to_vec());
        ids.into_iter()
            .filter_map(|id| Some((state.registry.labels(id)?, blocks(id)?)))
            .filter(|(_, blocks)| !blocks.is_empty())
            .collect()
    }
}
