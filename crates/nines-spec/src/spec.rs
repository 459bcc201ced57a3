//! What a folder of files says, as values that the domains understand.
//!
//! Only plain data; how it was written down stays behind in the readers.

use std::collections::BTreeMap;

use jiff::SignedDuration;
use nines_alert::dispatch::Rules;
use nines_alert::heartbeat::Heartbeat;
use nines_alert::rule::RuleGroup;
use nines_base::{Labels, Origin};
use nines_oncall::{Person, Policy, Schedule, Target, Team};
use nines_port::Outlet;
use nines_release::Policy as ReleasePolicy;
use nines_runbook::Runbook;
use nines_slo::{Overlay, Slo};

use crate::alertmanager::ReceiverSpec;
use crate::rules::RuleSettings;
use crate::scraping::{OtlpSpec, RemoteWriteSpec, ScrapeSpec, StorageSpec};

/// Everything that the files configure, each list in the order of files and lines.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Spec {
    /// Service-level objectives, with unique names.
    pub slos: Vec<Slo>,
    /// Exclusions and corrections of their counts, with unique names.
    pub overlays: Vec<Overlay>,
    /// Who can be told.
    pub people: Vec<Person>,
    /// Who answers together.
    pub teams: Vec<Team>,
    /// Who is on call when.
    pub schedules: Vec<Schedule>,
    /// Escalation policies.
    pub policies: Vec<Policy>,
    /// From alerts to notices: `alertmanager.yml`, and the native kinds.
    pub dispatch: Rules,
    /// What whoever sends must know of the receivers of `dispatch`: addresses and secrets.
    pub receivers: Vec<ReceiverSpec>,
    /// Who hears what a receiver cannot be told.
    pub fallbacks: FallbackSpec,
    /// The file of Alertmanager without its secrets, if nothing else says who hears of alerts.
    pub alertmanager: Option<String>,
    /// Jobs that say that they ran.
    pub heartbeats: Vec<Heartbeat>,
    /// Systems that send events in PagerDuty's format.
    pub integrations: Vec<Integration>,
    /// Markdown runbooks.
    pub runbooks: Vec<Runbook>,
    /// What must hold before a change may proceed.
    pub release_policies: Vec<ReleasePolicy>,
    /// What runs, and what it needs.
    pub services: Vec<Service>,
    /// What is scraped.
    pub scrapes: Vec<ScrapeSpec>,
    /// Where samples are sent on to.
    pub remote_writes: Vec<RemoteWriteSpec>,
    /// How OTLP's data become series.
    pub otlp: OtlpSpec,
    /// How long samples are kept.
    pub storage: StorageSpec,
    /// Where queries are answered, if not from the own store.
    pub backend: Option<BackendSpec>,
    /// Rules of Prometheus, with unique names within each file.
    pub rule_groups: Vec<RuleGroup>,
    /// How they are evaluated.
    pub rule_settings: RuleSettings,
    /// What tells our samples from those of other servers, where samples leave.
    pub external_labels: Labels,
    /// How messages leave.
    pub notify: NotifySpec,
    /// The first 12 hexadecimal digits of a SHA-256 over all files: their names and their bytes.
    pub revision: String,
    /// How many files were read.
    pub files: usize,
}

/// A system that sends events in PagerDuty's format.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Integration {
    /// Unique, such as `nagios`.
    pub name: String,
    /// Of all its alerts.
    pub labels: Labels,
    /// Who is told; else the routes decide.
    pub escalation: Option<String>,
    /// The file that holds its routing key.
    pub key_file: Option<String>,
    /// Where it was written.
    pub origin: Origin,
}

/// Who hears what a receiver cannot be told; no receiver falls back to itself in the end.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FallbackSpec {
    /// From a receiver to the one that hears instead.
    pub of: BTreeMap<String, String>,
    /// Hears what has no other fallback.
    pub last_resort: Option<String>,
}

impl Spec {
    /// The names of the people whom a target may stand for, whether they are defined or not; nothing when the
    /// schedule or team is not defined.
    pub(crate) fn people_behind<'a>(&'a self, target: &'a Target) -> Option<Vec<&'a str>> {
        let names = |it: &'a [String]| it.iter().map(String::as_str).collect();
        match target {
            Target::Person(name) => Some(vec![name]),
            Target::RoundRobin(members) => Some(names(members)),
            Target::Schedule(name) | Target::NextOnCall(name) => {
                Some(self.schedules.iter().find(|it| it.name == *name)?.people())
            }
            Target::Team(name) => {
                Some(names(&self.teams.iter().find(|it| it.name == *name)?.members))
            }
            // A room is nobody who wakes.
            Target::Receiver(_) => Some(Vec::new()),
        }
    }
}

/// Something that serves users or other services.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Service {
    /// Unique, such as `checkout`.
    pub name: String,
    /// The team or person who keeps it.
    pub owner: Option<String>,
    /// The services that it calls.
    pub depends_on: Vec<String>,
    /// How much it matters, in the words of its owners, such as `1`.
    pub tier: Option<String>,
    /// The runbook to begin with.
    pub runbook: Option<String>,
    /// Where it was written.
    pub origin: Origin,
}

/// A server that answers PromQL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BackendSpec {
    /// Without the slash at its end; `/api/v1/query` follows.
    pub url: String,
    /// Sent with every request.
    pub headers: BTreeMap<String, String>,
    /// Sent as `X-Scope-OrgID`.
    pub tenant: Option<String>,
    /// How much time one step of an objective's counts covers.
    pub slice: SignedDuration,
    /// Where it was written.
    pub origin: Origin,
}

/// How messages leave, and where secrets are. No secret is ever part of a file that nines reads as YAML.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NotifySpec {
    /// For e-mail.
    pub smtp: Option<SmtpSpec>,
    /// The file that holds the secret of this name.
    pub webhook_secrets: BTreeMap<String, String>,
    /// Our accounts at providers, by name. Files are looked for beside the configuration.
    pub accounts: BTreeMap<String, Outlet>,
    /// Where people reach the console; without a slash at the end.
    pub external_url: Option<String>,
    /// Asked for while messages arrive.
    pub dead_man: Option<String>,
}

/// The mail server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SmtpSpec {
    /// Its name or address.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// How the connection is protected.
    pub tls: SmtpTls,
    /// The account, if it wants one.
    pub username: Option<String>,
    /// The file that holds the account's password.
    pub password_file: Option<String>,
    /// The sender's address.
    pub from: String,
}

/// How a connection to a mail server is protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SmtpTls {
    /// Not at all; for servers on the same machine.
    None,
    /// By an upgrade of a clear connection, usually on port 587.
    StartTls,
    /// From the first byte, usually on port 465.
    Tls,
}
