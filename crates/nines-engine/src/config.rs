//! The configuration that the engine decides under. Plain values: reading files is the business of `nines-spec`.

use std::collections::BTreeMap;

use nines_alert::dispatch::Rules;
use nines_alert::heartbeat::Heartbeat;
use nines_alert::receivers::Templates;
use nines_oncall::Roster;
use nines_release::Rulebook;
use nines_runbook::Runbook;

/// The length of the installation's secret.
pub const SECRET_BYTES: usize = 32;

/// What the engine knows of the files. Replaced as a whole.
#[derive(Debug, Clone)]
pub struct Config {
    /// Names the files' contents; facts name it too.
    pub revision: String,
    /// How many files there were.
    pub files: u32,
    /// People, schedules, escalation policies.
    pub roster: Roster,
    /// From alerts to notices.
    pub dispatch: std::sync::Arc<Rules>,
    /// What notices are worded with.
    pub templates: std::sync::Arc<Templates>,
    /// Who hears what a receiver cannot be told.
    pub fallbacks: Fallbacks,
    /// What each service needs to work.
    pub depends_on: BTreeMap<String, Vec<String>>,
    /// By name.
    pub runbooks: BTreeMap<String, Runbook>,
    /// Jobs that say that they ran, by name.
    pub heartbeats: BTreeMap<String, Heartbeat>,
    /// Which changes may proceed.
    pub release: Rulebook,
}

/// Who hears what a receiver cannot be told. Whoever makes it sees to it that no receiver falls back to itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Fallbacks {
    /// From a receiver to the one that hears instead.
    pub of: BTreeMap<String, String>,
    /// Hears what has no other fallback.
    pub last_resort: Option<String>,
}

impl Fallbacks {
    /// The receiver that hears instead of this one, if there is one.
    pub fn instead_of(&self, receiver: &str) -> Option<&str> {
        let last = self.last_resort.as_ref().filter(|it| *it != receiver);
        self.of.get(receiver).or(last).map(String::as_str)
    }
}

/// What one installation keeps for ever.
#[derive(Clone)]
pub struct Installation {
    /// Makes acknowledge links that nobody can guess. Never shown.
    pub secret: [u8; SECRET_BYTES],
    /// Where people reach the console, without a slash at the end.
    pub external_url: String,
    /// The program's version, noted at each start.
    pub version: String,
}

/// Without the secret.
impl std::fmt::Debug for Installation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { secret: _, external_url, version } = self;
        f.debug_struct("Installation")
            .field("external_url", external_url)
            .field("version", version)
            .finish_non_exhaustive()
    }
}
