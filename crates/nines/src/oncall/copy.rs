//! The last answer of who is on call, kept on this machine for when the server is gone.
//!
//! It is signed with the token of the server, so that a copy that somebody else wrote is not believed; and it never
//! hides its age.

use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;

use hmac::{Hmac, KeyInit, Mac};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::client::Client;
use crate::context;
use crate::environment::Environment;

/// Longer is no copy.
const BYTES_MAX: u64 = 4 * 1024 * 1024;
/// An older one is not shown: it would be about other shifts.
const AGE_DAYS_MAX: i64 = 90;

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Copy {
    server: String,
    taken_at: Timestamp,
    pub(super) answer: Value,
    /// Over the other fields; none without a token.
    signature: Option<String>,
}

impl Copy {
    /// What must be said beside it.
    pub(super) fn warning(&self, now: Timestamp) -> String {
        let age = now.duration_since(self.taken_at);
        let (hours, minutes) = (age.as_hours(), age.as_mins() % 60);
        let signed = if self.signature.is_some() { "" } else { ", unsigned" };
        format!(
            "this is a copy from {} ({hours} h {minutes} min old{signed}); changes since then are not in it",
            self.taken_at
        )
    }

    fn sign(&self, token: Option<&str>) -> Option<String> {
        let mut mac = Hmac::<Sha256>::new_from_slice(token?.as_bytes()).ok()?;
        mac.update(b"nines on-call copy\0");
        for part in [self.server.clone(), self.taken_at.to_string(), self.answer.to_string()] {
            mac.update(part.as_bytes());
            mac.update(b"\0");
        }
        Some(hex(&mac.finalize().into_bytes()))
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut hex, byte| {
        write!(hex, "{byte:02x}").expect("a String takes everything");
        hex
    })
}

/// One file for each server.
fn file(client: &Client, environment: &Environment) -> Option<PathBuf> {
    let folder = environment.contexts.as_ref()?.with_file_name("oncall");
    let name = hex(Sha256::digest(client.server().as_bytes()).get(..8)?);
    Some(folder.join(format!("{name}.json")))
}

/// Keeps an answer. A copy that cannot be kept is no failure of the question.
pub(super) fn write(client: &Client, environment: &Environment, answer: &Value, now: Timestamp) {
    let Some(path) = file(client, environment) else { return };
    let server = client.server().to_owned();
    let mut copy = Copy { server, taken_at: now, answer: answer.clone(), signature: None };
    copy.signature = copy.sign(client.token());
    let Ok(bytes) = serde_json::to_vec(&copy) else { return };
    if let Some(folder) = path.parent() {
        drop(fs::create_dir_all(folder));
    }
    drop(context::write_private(&path, &bytes));
}

/// The last answer, if it is ours.
pub(super) fn read(client: &Client, environment: &Environment) -> Option<Copy> {
    let path = file(client, environment)?;
    if BYTES_MAX < fs::metadata(&path).ok()?.len() {
        return None;
    }
    let copy: Copy = serde_json::from_slice(&fs::read(&path).ok()?).ok()?;
    let is_ours = copy.server == client.server() && copy.signature == copy.sign(client.token());
    is_ours.then_some(copy)
}

impl Copy {
    /// Whether it may still be about the shifts of now.
    pub(super) fn is_recent(&self, now: Timestamp) -> bool {
        now.duration_since(self.taken_at).as_hours() < AGE_DAYS_MAX * 24
    }
}
