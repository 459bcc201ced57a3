//! Whether an integration is told, compared with what it heard before.
//!
//! Source: Alertmanager 0.34, `notify.DedupStage.needsUpdate`. Memory is what the integration took; what is on its way
//! counts only in so far as the same need not be ordered twice.

use jiff::{SignedDuration, Timestamp};

use super::fact::Quiet;
use super::group::{Content, Fate, Memory, Open};
use super::{Reason, Shared};
use crate::AlertKey;

/// What is remembered is remembered at most so long.
const MEMORY_MAX: SignedDuration = SignedDuration::from_hours(120);
/// And at least so long, however often it is repeated: the end of what was told must not be forgotten before it is
/// told. Alertmanager looks for what is too old as seldom.
const MEMORY_MIN: SignedDuration = SignedDuration::from_mins(15);

/// What one integration would be told at a tick.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wanted<'a> {
    /// What fires and may be spoken of; sorted.
    pub(super) firing: &'a Shared<[AlertKey]>,
    /// What is over and may be spoken of; sorted.
    pub(super) resolved: &'a Shared<[AlertKey]>,
    /// Whether it hears that alerts resolved.
    pub(super) send_resolved: bool,
    pub(super) repeat: SignedDuration,
    /// The tick.
    pub(super) at: Timestamp,
}

/// Until when something that is told at `at` is remembered.
pub(super) fn forget_at(at: Timestamp, repeat: SignedDuration) -> Timestamp {
    at + repeat.saturating_mul(2).clamp(MEMORY_MIN, MEMORY_MAX)
}

/// Why to tell it, or why not.
pub(super) fn judge(memory: Option<&Memory>, wanted: Wanted<'_>) -> Result<Reason, Quiet> {
    let told = memory.and_then(|it| it.told.as_ref()).filter(|it| wanted.at < it.forget_at);
    let open = memory.and_then(|it| it.open.as_ref());
    match (compare(told, wanted), open) {
        (Ok(Reason::AllResolved), _) if !wanted.send_resolved => {
            let resolved = wanted.resolved.clone();
            Err(Quiet::NotWanted { resolved, forget_at: forget_at(wanted.at, wanted.repeat) })
        }
        (Ok(_), Some(open)) if open.fate == Fate::OnItsWay && says(open, wanted) => {
            Err(Quiet::Open { notice: open.notice })
        }
        (Ok(reason), _) => Ok(reason),
        (Err(_), Some(open)) if open.fate != Fate::Withdrawn => {
            Err(Quiet::Withdrawn { notice: open.notice })
        }
        (Err(why), _) => Err(why),
    }
}

fn says(open: &Open, wanted: Wanted<'_>) -> bool {
    open.firing == *wanted.firing && (!wanted.send_resolved || open.resolved == *wanted.resolved)
}

/// The rules, in order; the first that applies decides.
fn compare(told: Option<&Content>, wanted: Wanted<'_>) -> Result<Reason, Quiet> {
    let Wanted { firing, resolved, send_resolved, repeat, at } = wanted;
    let Some(told) = told else {
        return if firing.is_empty() { Err(Quiet::NeverTold) } else { Ok(Reason::First) };
    };
    let lacks = |known: &[AlertKey], these: &[AlertKey]| {
        these.iter().any(|it| known.binary_search(it).is_err())
    };
    if lacks(&told.firing, firing) {
        Ok(Reason::NewFiring)
    } else if firing.is_empty() {
        if told.firing.is_empty() { Err(Quiet::NeverTold) } else { Ok(Reason::AllResolved) }
    } else if send_resolved && lacks(&told.resolved, resolved) {
        Ok(Reason::SomeResolved)
    } else if told.at < at - repeat {
        Ok(Reason::Repeat)
    } else {
        Err(Quiet::Known { since: told.at })
    }
}
