//! Overrides: somebody lets one version of one service through, for a reason, for a short time, a few times a quarter.

use jiff::{SignedDuration, Timestamp};
use nines_base::{Id, IdKind, format_duration};
use serde::{Deserialize, Serialize};

use crate::decision::Change;
use crate::policy::{Policy, Quarter};
use crate::rulebook::Rulebook;

/// No override lasts longer, whatever a policy says.
pub const EXPIRES_MAX: SignedDuration = SignedDuration::from_hours(24);
/// The longest text of an override.
const TEXT_BYTES_MAX: usize = 2_000;

/// Overrides: `wvr_...`.
#[derive(Debug)]
pub enum WaiverIdKind {}

impl IdKind for WaiverIdKind {
    const PREFIX: &'static str = "wvr";
}

/// Names one override.
pub type WaiverId = Id<WaiverIdKind>;

/// What somebody asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waive {
    /// Of which service.
    pub service: String,
    /// Where.
    pub env: String,
    /// Which version, exactly.
    pub version: String,
    /// Why.
    pub reason: String,
    /// Where the reason can be read.
    pub evidence: String,
    /// Who asks.
    pub requested_by: String,
    /// Who made the change.
    pub author: String,
    /// Who says yes.
    pub approved_by: String,
    /// For how long; as long as the policy allows when absent.
    pub expires: Option<SignedDuration>,
}

/// An override. Journaled: a released shape never changes, a new one is a new version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Waiver {
    /// Unique.
    pub id: WaiverId,
    /// Which policy it overrides.
    pub policy: String,
    /// Of which service.
    pub service: String,
    /// Where.
    pub env: String,
    /// Which version, exactly.
    pub version: String,
    /// Why.
    pub reason: String,
    /// Where the reason can be read.
    pub evidence: String,
    /// Who asked.
    pub requested_by: String,
    /// Who made the change.
    pub author: String,
    /// Who said yes.
    pub approved_by: String,
    /// Whose quota it takes from.
    pub team: String,
    /// In which quarter.
    pub quarter: Quarter,
    /// Since when.
    pub from: Timestamp,
    /// Until when, exclusively.
    pub until: Timestamp,
}

impl Waiver {
    /// Whether it lets this change through now.
    pub fn covers(&self, change: &Change, now: Timestamp) -> bool {
        self.service == change.service
            && self.env == change.env
            && change.version.as_deref() == Some(self.version.as_str())
            && self.from <= now
            && now < self.until
    }
}

/// Why there is no override.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum WaiverRefusal {
    /// The policy has none.
    #[error("policy {policy} allows no overrides; add `overrides` to it")]
    NotAllowed {
        /// Which policy.
        policy: String,
    },
    /// Something is not told.
    #[error("an override needs {what}")]
    Missing {
        /// What.
        what: &'static str,
    },
    /// Something is too long.
    #[error("the {what} has more than {TEXT_BYTES_MAX} bytes")]
    TooLong {
        /// What.
        what: &'static str,
    },
    /// One person plays two roles.
    #[error("{who} cannot approve this override: {because}")]
    OwnApproval {
        /// Who.
        who: String,
        /// Which roles.
        because: &'static str,
    },
    /// The approver may not.
    #[error("{who} may not approve overrides of policy {policy}; its approvers are {approvers}")]
    NotApprover {
        /// Who.
        who: String,
        /// Of which policy.
        policy: String,
        /// Who may.
        approvers: String,
    },
    /// The quota is used up.
    #[error("team {team} has used all {quota} overrides of {quarter}; {higher}")]
    NoneLeft {
        /// Which team.
        team: String,
        /// How many it had.
        quota: u32,
        /// In which quarter.
        quarter: Quarter,
        /// Who may still approve.
        higher: String,
    },
    /// It would last too long.
    #[error("an override lasts more than nothing and at most {longest}, not {asked}")]
    BadExpiry {
        /// The longest.
        longest: String,
        /// What was asked for.
        asked: String,
    },
    /// There is one already.
    #[error("{version} of {service} is let through already, until {until}")]
    Exists {
        /// Which version.
        version: String,
        /// Of which service.
        service: String,
        /// Until when.
        until: Timestamp,
    },
}

/// How many overrides a team has left in the quarter of `now`; nothing when the policy allows none.
pub fn quota_left<'w>(
    policy: &Policy,
    waivers: impl IntoIterator<Item = &'w Waiver>,
    team: &str,
    now: Timestamp,
) -> Option<u32> {
    let overrides = policy.overrides.as_ref()?;
    let quarter = Quarter::of(now);
    let used = waivers.into_iter().filter(|it| it.team == team && it.quarter == quarter).count();
    Some(overrides.team.saturating_sub(u32::try_from(used).unwrap_or(u32::MAX)))
}

/// The override that a request makes.
pub fn decide_waiver<'w>(
    rulebook: &Rulebook,
    policy: &Policy,
    waivers: impl IntoIterator<Item = &'w Waiver> + Clone,
    request: Waive,
    id: WaiverId,
    now: Timestamp,
) -> Result<Waiver, WaiverRefusal> {
    check_texts(&request)?;
    let Some(overrides) = &policy.overrides else {
        return Err(WaiverRefusal::NotAllowed { policy: policy.name.clone() });
    };
    let who = request.approved_by.clone();
    if who == request.requested_by || who == request.author {
        let because =
            if who == request.author { "they made the change" } else { "they asked for it" };
        return Err(WaiverRefusal::OwnApproval { who, because });
    }
    let team = rulebook.team(&request.service);
    let left = quota_left(policy, waivers.clone(), &team, now).unwrap_or(0);
    let is_approver = |approvers: &[String]| rulebook.is_approver(approvers, &who);
    if left == 0 && !is_approver(&overrides.higher) {
        let higher = match overrides.higher.as_slice() {
            [] => "the policy names nobody who may go beyond that".to_owned(),
            some => format!("only {} may approve another one", some.join(", ")),
        };
        let (quota, quarter) = (overrides.team, Quarter::of(now));
        return Err(WaiverRefusal::NoneLeft { team, quota, quarter, higher });
    }
    if !is_approver(&overrides.approvers) && !is_approver(&overrides.higher) {
        let approvers = overrides.approvers.join(", ");
        return Err(WaiverRefusal::NotApprover { who, policy: policy.name.clone(), approvers });
    }
    let longest = overrides.expires.min(EXPIRES_MAX);
    let lasts = request.expires.unwrap_or(longest);
    let until = now.checked_add(lasts).ok().filter(|_| lasts.is_positive() && lasts <= longest);
    let Some(until) = until else {
        let (longest, asked) = (format_duration(longest), format_duration(lasts));
        return Err(WaiverRefusal::BadExpiry { longest, asked });
    };
    let Waive { service, env, version, reason, evidence, requested_by, author, .. } = request;
    let is_same = |it: &&Waiver| {
        it.service == service && it.env == env && it.version == version && now < it.until
    };
    if let Some(it) = waivers.into_iter().find(is_same) {
        return Err(WaiverRefusal::Exists { version, service, until: it.until });
    }
    Ok(Waiver {
        id,
        policy: policy.name.clone(),
        service,
        env,
        version,
        reason,
        evidence,
        requested_by,
        author,
        approved_by: who,
        team,
        quarter: Quarter::of(now),
        from: now,
        until,
    })
}

fn check_texts(request: &Waive) -> Result<(), WaiverRefusal> {
    let texts = [
        ("a service", &request.service),
        ("an environment", &request.env),
        ("a version", &request.version),
        ("a reason", &request.reason),
        ("evidence, such as a link", &request.evidence),
        ("to know who asks for it", &request.requested_by),
        ("to know who made the change", &request.author),
        ("to know who approves it", &request.approved_by),
    ];
    for (what, text) in texts {
        if text.trim().is_empty() {
            return Err(WaiverRefusal::Missing { what });
        }
        if TEXT_BYTES_MAX < text.len() {
            return Err(WaiverRefusal::TooLong { what });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
