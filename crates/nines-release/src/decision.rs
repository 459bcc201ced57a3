//! The decision object: one shape for every question whether a change may proceed.

use std::fmt;

use jiff::Timestamp;
use nines_base::{Id, IdKind, Origin};
use serde::de::{MapAccess, Visitor};
use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::policy::{Exemption, Mode};
use crate::waiver::WaiverId;

/// Decisions: `dec_...`.
#[derive(Debug)]
pub enum DecisionIdKind {}

impl IdKind for DecisionIdKind {
    const PREFIX: &'static str = "dec";
}

/// Names one decision.
pub type DecisionId = Id<DecisionIdKind>;

/// What wants to proceed.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Change {
    /// Of which service.
    pub service: String,
    /// Where, such as `prod`.
    pub env: String,
    /// To which version, if that is told.
    pub version: Option<String>,
    /// To which commit, if that is told.
    pub sha: Option<String>,
    /// What sort.
    pub kind: ChangeKind,
}

/// What sort of change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ChangeKind {
    /// A new version of the program.
    Code,
    /// Configuration.
    Config,
    /// Data or their schema.
    Data,
    /// A feature flag.
    Flag,
    /// Machines, networks, databases.
    Infra,
}

/// `code`.
impl fmt::Display for ChangeKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = Self::ALL.iter().find(|(_, it)| it == self).map_or("", |(word, _)| *word);
        f.write_str(word)
    }
}

/// The answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// Proceed.
    Open,
    /// nines does not know; who asks decides, and the decision says so.
    Unknown,
    /// Do not proceed.
    Closed,
}

/// `open`, `closed`, `unknown`.
impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Open => "open",
            Self::Closed => "closed",
            Self::Unknown => "unknown",
        })
    }
}

/// What sort of reason an answer has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// The policy permits it, or forbids it.
    Policy,
    /// It goes back to a version that served here without harm.
    Rollback,
    /// It switches a flag off.
    SwitchOff,
    /// Somebody has overridden the policy.
    Waiver,
    /// The policy only watches.
    Shadow,
    /// There are no data.
    NoData,
    /// Too little of the window is known.
    Young,
    /// The data are old.
    Stale,
    /// The numbers contradict each other.
    Suspect,
    /// What measures does not answer.
    Unreachable,
    /// nines itself failed.
    Internal,
}

/// `no_data`.
impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Policy => "policy",
            Self::Rollback => "rollback",
            Self::SwitchOff => "switch_off",
            Self::Waiver => "waiver",
            Self::Shadow => "shadow",
            Self::NoData => "no_data",
            Self::Young => "young",
            Self::Stale => "stale",
            Self::Suspect => "suspect",
            Self::Unreachable => "unreachable",
            Self::Internal => "internal",
        })
    }
}

/// How one check ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum CheckResult {
    /// It speaks for proceeding.
    Pass,
    /// It cannot be told.
    Unknown,
    /// It forbids proceeding.
    Fail,
}

/// `pass`, `fail`, `unknown`.
impl fmt::Display for CheckResult {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Pass => "pass",
            Self::Fail => "fail",
            Self::Unknown => "unknown",
        })
    }
}

/// One reason.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Check {
    /// What was looked at: `error budget`.
    pub name: String,
    /// How it ended.
    pub result: CheckResult,
    /// Why it cannot be told.
    pub cause: Option<Cause>,
    /// What the policy demands, in words with numbers.
    pub need: String,
    /// What there is.
    pub have: Have,
    /// Where to read more, below the console's address.
    pub why: Option<String>,
    /// When it will pass, as far as that can be told.
    pub next_possible: Option<Timestamp>,
}

/// What there is, by name, in an order for readers.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Have(pub Vec<(String, HaveValue)>);

/// One thing that there is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HaveValue {
    /// A count.
    Number(u64),
    /// Anything else.
    Text(String),
}

impl fmt::Display for HaveValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => number.fmt(f),
            Self::Text(text) => f.write_str(text),
        }
    }
}

impl From<u64> for HaveValue {
    fn from(number: u64) -> Self {
        Self::Number(number)
    }
}

impl From<String> for HaveValue {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<&str> for HaveValue {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl Have {
    /// One thing.
    pub fn one(name: &str, value: impl Into<HaveValue>) -> Self {
        Self::default().with(name, value)
    }

    /// One thing more.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<HaveValue>) -> Self {
        self.0.push((name.to_owned(), value.into()));
        self
    }

    /// The thing of this name.
    pub fn get(&self, name: &str) -> Option<&HaveValue> {
        self.0.iter().find(|(it, _)| it == name).map(|(_, value)| value)
    }
}

/// For people: `-4.10% left of 28d (63000 bad, 60519.5 allowed)`, else `name value` pairs.
impl fmt::Display for Have {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = |name: &str| self.get(name).map(ToString::to_string);
        if let (Some(slo), Some(left), Some(bad), Some(allowed)) =
            (text("slo"), text("remaining"), text("bad"), text("allowed"))
        {
            let window = text("window").map_or(String::new(), |it| format!(" of {it}"));
            write!(f, "{slo} {left} left{window} ({bad} bad, {allowed} allowed)")?;
            return match text("known") {
                Some(known) => write!(f, ", {known} of the window known"),
                None => Ok(()),
            };
        }
        for (index, (name, value)) in self.0.iter().enumerate() {
            let comma = if index == 0 { "" } else { ", " };
            match name.as_str() {
                "state" => write!(f, "{comma}{value}")?,
                _ => write!(f, "{comma}{name} {value}")?,
            }
        }
        Ok(())
    }
}

/// As a mapping, in its order.
impl Serialize for Have {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (name, value) in &self.0 {
            match value {
                HaveValue::Number(number) => map.serialize_entry(name, number)?,
                HaveValue::Text(text) => map.serialize_entry(name, text)?,
            }
        }
        map.end()
    }
}

impl<'de> Deserialize<'de> for Have {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(HaveVisitor)
    }
}

struct HaveVisitor;

impl<'de> Visitor<'de> for HaveVisitor {
    type Value = Have;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a mapping of texts and whole numbers")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Have, A::Error> {
        let mut have = Have::default();
        while let Some((name, value)) = map.next_entry()? {
            have.0.push((name, value));
        }
        Ok(have)
    }
}

impl<'de> Deserialize<'de> for HaveValue {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(HaveValueVisitor)
    }
}

struct HaveValueVisitor;

impl Visitor<'_> for HaveValueVisitor {
    type Value = HaveValue;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text or a whole number")
    }

    fn visit_u64<E>(self, number: u64) -> Result<HaveValue, E> {
        Ok(HaveValue::Number(number))
    }

    fn visit_str<E>(self, text: &str) -> Result<HaveValue, E> {
        Ok(HaveValue::Text(text.to_owned()))
    }
}

/// The policy that ruled.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PolicyRef {
    /// Its name.
    pub name: String,
    /// Names its contents.
    pub digest: String,
    /// The worst active level, or `normal`.
    pub level: String,
    /// Since when.
    pub since: Option<Timestamp>,
    /// Whether it decides.
    pub mode: Mode,
    /// Where it was written.
    pub origin: Origin,
}

/// Under which conditions an open change may proceed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    /// The largest share of users at once, such as `5%`.
    pub max_step: Option<String>,
    /// How long each step must last, such as `30m`.
    pub min_bake: Option<String>,
    /// At most one change in so long.
    pub batch: Option<String>,
    /// How many people must have approved.
    pub approvals: u32,
}

/// A verdict with everything that it was made from. Equal inputs give equal decisions, apart from `id` and `at`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decision {
    /// Unique.
    pub id: DecisionId,
    /// When it was made.
    pub at: Timestamp,
    /// The answer.
    pub verdict: Verdict,
    /// What sort of reason it has.
    pub cause: Cause,
    /// What wanted to proceed.
    pub change: Change,
    /// What ruled.
    pub policy: PolicyRef,
    /// Every check, in the order of the policy.
    pub checks: Vec<Check>,
    /// Under which conditions it may proceed.
    pub limits: Limits,
    /// When the answer may be another, as far as that can be told.
    pub next_possible: Option<Timestamp>,
    /// What the policy says of what is not known, where that decided: `young: open`.
    pub applied_default: Option<String>,
    /// The override that was used.
    pub waiver: Option<WaiverId>,
    /// The claim that was accepted.
    pub exemption: Option<Exemption>,
    /// What the verdict would have been, had the policy not only watched.
    pub shadow: Option<Verdict>,
    /// The journal's sequence number up to which everything was known.
    pub revision: u64,
}

impl Decision {
    /// The first check that fails, else the first that cannot be told.
    pub fn because(&self) -> Option<&Check> {
        let first = |wanted| self.checks.iter().find(|it| it.result == wanted);
        first(CheckResult::Fail).or_else(|| first(CheckResult::Unknown))
    }

    /// In one line: `closed: error budget checkout/availability -4.10% left of 28d …, needs …`.
    pub fn line(&self) -> String {
        let because = self.because().map_or_else(
            || format!("by policy {}", self.policy.name),
            |it| format!("{} {}, needs {}", it.name, it.have, it.need),
        );
        let cause = match self.cause {
            Cause::Policy => String::new(),
            cause => format!(" ({cause})"),
        };
        format!("{}{cause}: {because}", self.verdict)
    }
}
