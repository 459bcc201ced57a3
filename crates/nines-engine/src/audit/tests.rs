use std::sync::Arc;

use super::*;
use crate::command::Command;
use crate::engine::Engine;
use crate::engine::tests::{TestJournal, config, installation, second};

/// The records of two starts.
fn records() -> Vec<Record> {
    let journal = TestJournal::default();
    for at in [0, 60] {
        let reopened = Box::new(journal.reopen());
        let mut engine = Engine::recover(reopened, installation(), None, 1, second(at)).unwrap();
        engine.cycle(vec![Command::ApplyConfig(Arc::clone(&config()))], second(at)).unwrap();
    }
    journal.lines()
}

fn audited(records: &[Record]) -> Result<Audit, EngineError> {
    audit(|after, count_max| {
        let after = records.iter().filter(|it| after < it.seq);
        Ok(after.take(count_max).cloned().collect())
    })
}

#[test]
fn a_journal_that_nobody_touched_is_vouched_for() {
    let audit = audited(&records()).unwrap();
    assert_eq!(audit.records, 3);
    assert_eq!(audit.kinds, BTreeMap::from([("config".to_owned(), 1), ("epoch".to_owned(), 2)]));
    assert_eq!(audit.head.len(), 64);
    assert_eq!(audit.span, Some((second(0), second(60))));
}

#[test]
fn whatever_is_changed_shows() {
    let broken = |change: &dyn Fn(&mut Vec<Record>)| {
        let mut records = records();
        change(&mut records);
        audited(&records).is_err()
    };
    assert!(broken(&|it| it[1].body = it[1].body.replace_byte()));
    assert!(broken(&|it| it[1].at = second(7)));
    assert!(broken(&|it| it[0].kind = "config".to_owned()));
    assert!(broken(&|it| it[2].epoch += 1));
    assert!(broken(&|it| drop(it.remove(1))));
    assert!(broken(&|it| it.swap(0, 1)));
    assert!(broken(&|it| it[0].hash[3] ^= 1));
}

trait ReplaceByte {
    fn replace_byte(&self) -> Vec<u8>;
}

impl ReplaceByte for Vec<u8> {
    /// `r1` becomes `r2` where a revision is named.
    fn replace_byte(&self) -> Vec<u8> {
        self.iter().map(|it| if *it == b'1' { b'2' } else { *it }).collect()
    }
}
