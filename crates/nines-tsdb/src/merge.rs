//! Merging: which small segments become one larger one, and how.
//!
//! A merged segment gets a new number, so its samples win over every other segment's at equal times. That is
//! right only if no segment outside of the group overlaps it; such groups are not chosen.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::cut::WINDOW_SPANS;
use crate::dictionary::{Dictionary, Rank};
use crate::maintain::{Change, Upkeep, failed};
use crate::scratch::Scratch;
use crate::segment::{BlockReader, Segment, SegmentError, SegmentWriter, Stored};
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

/// A series of a group: the ranks of its pairs, and its blocks there.
type Member = (Box<[Rank]>, Vec<Stored>);

impl Tsdb {
    /// Writes one segment for the group; `false` if one of the group turned out to be damaged.
    pub(crate) fn merge(
        &self,
        upkeep: &mut Upkeep,
        group: &[Arc<Segment>],
        oldest_ms: i64,
    ) -> Result<bool, MaintainError> {
        let folder = segments_dir(&self.dir);
        let writing = || failed("write a segment in", &folder);
        let number = upkeep.take_segment_number();
        let base_ms = group.iter().map(|it| it.first_ms).min().unwrap_or(0);
        let mut writer = SegmentWriter::create(&folder, number, base_ms).map_err(writing())?;
        let (dictionary, members) = self.members_of(group);
        let (mut reader, mut scratch) = (BlockReader::default(), Scratch::default());
        for (ranks, blocks) in members {
            match read_blocks(group, &blocks, oldest_ms, &mut reader, &mut scratch) {
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
            if let Err(error) = writer.add(&ranks, &scratch.samples, &scratch.histograms) {
                writer.abandon();
                return Err(writing()(error));
            }
        }
        let added = Vec::from_iter(writer.finish(&dictionary).map_err(writing())?);
        let removed = group.iter().map(|it| it.number).collect();
        self.change(upkeep, Change { added, removed, ..Change::default() })?;
        Ok(true)
    }

    /// Each series of the group with its blocks there, in the order of labels.
    fn members_of(&self, group: &[Arc<Segment>]) -> (Dictionary, Vec<Member>) {
        let ids = self.state().registry.ids().to_vec();
        let in_group = |it: &&Stored| segment_of(group, it).is_some();
        let mut members: Vec<Member> = Vec::new();
        self.in_turns(&ids, |state, turn| {
            let series = turn.iter().filter_map(|it| state.registry.get(*it));
            let blocks = series
                .map(|it| (&it.pairs, it.stored.iter().filter(in_group).copied().collect()))
                .filter(|(_, blocks): &(_, Vec<Stored>)| !blocks.is_empty());
            members.extend(blocks.map(|(pairs, blocks)| (pairs.clone(), blocks)));
        });
        let dictionary = self.dictionary();
        for (pairs, _) in &mut members {
            *pairs = dictionary.ranks(pairs);
        }
        members.sort_by(|a, b| a.0.cmp(&b.0));
        (dictionary, members)
    }
}

fn segment_of<'a>(group: &'a [Arc<Segment>], stored: &Stored) -> Option<&'a Arc<Segment>> {
    group.iter().find(|it| it.number == u64::from(stored.segment))
}

fn read_blocks(
    group: &[Arc<Segment>],
    blocks: &[Stored],
    oldest_ms: i64,
    reader: &mut BlockReader,
    scratch: &mut Scratch,
) -> Result<(), SegmentError> {
    scratch.clear();
    for block in blocks {
        if let Some(segment) = segment_of(group, block) {
            reader.read_all(segment, block, oldest_ms, i64::MAX, scratch)?;
        }
    }
    scratch.settle();
    Ok(())
}
