//! `nines fix`: the changes that have one meaning, put into the text.
//!
//! A change is made only where the file has an error and one word was meant, so nothing that was right changes. Only the
//! bytes of the change move; comments and layout stay.

use std::collections::BTreeMap;

use crate::finding::{Change, Finding};
use crate::reading::{Reading, read_files};

/// What is hidden four times by misspelt fields is mended by the next call.
const PASSES_MAX: usize = 5;

/// A file with changes, before and after.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FixedFile {
    /// As in the findings.
    pub path: String,
    /// What the file says now.
    pub before: String,
    /// What it would say.
    pub after: String,
    /// How many changes were made.
    pub changes: usize,
}

/// The files that change, in the order of the reading's sources.
///
/// A misspelt field hides what is in it, so the result is read and mended again until nothing is left to do.
pub fn fix(reading: Reading) -> Vec<FixedFile> {
    let originals = reading.sources.clone();
    let mut changes: BTreeMap<String, usize> = BTreeMap::new();
    let mut reading = reading;
    for _ in 0..PASSES_MAX {
        let mut has_changed = false;
        let Reading { findings, mut sources, .. } = reading;
        for file in &mut sources {
            let (after, count) = apply(&file.text, changes_of(&findings, &file.path));
            has_changed |= count != 0;
            *changes.entry(file.path.clone()).or_default() += count;
            file.text = after;
        }
        reading = read_files(sources);
        if !has_changed {
            break;
        }
    }
    let fixed = originals.into_iter().filter_map(|it| {
        let count = changes.get(&it.path).copied().filter(|it| *it != 0)?;
        let after = reading.sources.iter().find(|after| after.path == it.path)?.text.clone();
        Some(FixedFile { path: it.path, before: it.text, after, changes: count })
    });
    fixed.collect()
}

fn changes_of<'f>(findings: &'f [Finding], path: &str) -> Vec<&'f Change> {
    let own = findings.iter().filter(|it| it.file == path);
    let mut changes: Vec<&Change> = own.filter_map(|it| it.fix.as_ref()).collect();
    changes.sort_by_key(|it| (it.at.start, it.at.len, &it.text));
    changes.dedup();
    changes
}

/// The text with these changes, which are sorted, and how many were made; one that overlaps an earlier one is left out.
fn apply(text: &str, changes: Vec<&Change>) -> (String, usize) {
    let (mut out, mut at, mut count) = (String::new(), 0, 0);
    for Change { at: place, text: put } in changes {
        let end = place.start + place.len;
        let Some(before) = text.get(at..place.start).filter(|_| text.get(..end).is_some()) else {
            continue;
        };
        out.push_str(before);
        out.push_str(put);
        (at, count) = (end, count + 1);
    }
    out.push_str(text.get(at..).unwrap_or_default());
    (out, count)
}

impl FixedFile {
    /// The lines that change, with `-` and `+`, and their numbers. A change never spans lines.
    pub fn diff(&self) -> String {
        let mut out = format!("--- {0}\n+++ {0}\n", self.path);
        let pairs = self.before.lines().zip(self.after.lines()).enumerate();
        for (index, (before, after)) in pairs.filter(|(_, (before, after))| before != after) {
            out.push_str(&format!("@@ line {} @@\n-{before}\n+{after}\n", index + 1));
        }
        out
    }
}

#[cfg(test)]
mod tests;
