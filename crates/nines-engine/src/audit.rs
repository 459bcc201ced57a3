//! The audit: every record of the journal follows from the one before it, and is one of ours, and nothing that
//! happened to an alert got lost.

use std::collections::BTreeMap;

use jiff::Timestamp;
use nines_port::{HASH_BYTES, JournalError, Record};
use serde_json::{Value, json};

use crate::chain;
use crate::conservation::{Auditor, Conservation};
use crate::engine::EngineError;
use crate::fact::Fact;

/// How many records are read at once.
const READ_MAX: usize = 10_000;

/// A journal whose chain holds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Audit {
    /// How many records there are.
    pub records: u64,
    /// The hash of the last one, in hexadecimal: it vouches for all. Kept elsewhere it exposes a rewritten tail.
    pub head: String,
    /// How many there are of each kind.
    pub kinds: BTreeMap<String, u64>,
    /// When the first and the last were recorded.
    pub span: Option<(Timestamp, Timestamp)>,
    /// What became of everything that happened to alerts.
    pub conservation: Conservation,
}

impl Audit {
    /// For machines.
    pub fn shown(&self) -> Value {
        let Conservation { transitions, buckets, problems, problems_total } = &self.conservation;
        json!({
            "holds": *problems_total == 0,
            "problem": problems.first(),
            "records": self.records,
            "head": self.head,
            "kinds": self.kinds,
            "first": self.span.map(|(first, _)| first),
            "last": self.span.map(|(_, last)| last),
            "transitions": transitions,
            "buckets": buckets,
            "problems": problems,
            "problems_total": problems_total,
        })
    }
}

/// Recomputes the chain of all records. `read` gives those after a sequence number, oldest first.
///
/// # Errors
/// A record does not follow from the one before it, is not one of ours, or cannot be read.
pub fn audit(
    mut read: impl FnMut(u64, usize) -> Result<Vec<Record>, JournalError>,
) -> Result<Audit, EngineError> {
    let (mut audit, mut head) = (Audit::default(), [0; HASH_BYTES]);
    let mut auditor = Auditor::default();
    loop {
        let records = read(audit.records, READ_MAX)?;
        if records.is_empty() {
            break;
        }
        for record in &records {
            if record.seq != audit.records + 1 || record.hash != chain::hash(&head, record) {
                return Err(EngineError::Chain { seq: record.seq });
            }
            if let Fact::Dispatch(fact) = Fact::decode(record)? {
                auditor.read(&fact, record.at);
            }
            head = record.hash;
            audit.records = record.seq;
            *audit.kinds.entry(record.kind.clone()).or_default() += 1;
            let first = audit.span.map_or(record.at, |(first, _)| first);
            audit.span = Some((first, record.at));
        }
    }
    audit.conservation = auditor.finish();
    audit.head = head.iter().fold(String::new(), |out, it| out + &format!("{it:02x}"));
    Ok(audit)
}

#[cfg(test)]
mod tests;
