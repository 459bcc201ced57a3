//! `nines contact`: whether the ways to people are known to work.

use clap::Subcommand;
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::client::Client;
use crate::exit::Exit;
use crate::output;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: ContactCommand,
}

#[derive(Debug, Subcommand)]
enum ContactCommand {
    /// List the contacts of a person, and what is known of each
    List {
        /// Whose; else yours
        person: Option<String>,
    },
    /// Send a code by a contact, or say the code that arrived
    Verify {
        /// Whose
        person: String,
        /// Which, as `nines contact list` counts
        contact: usize,
        /// What arrived; without it a code is sent
        code: Option<String>,
    },
}

/// One contact, as the server tells it.
#[derive(Debug, Deserialize)]
struct Contact {
    #[serde(rename = "contact")]
    place: usize,
    channel: String,
    verified_at: Option<Timestamp>,
    delivered_at: Option<Timestamp>,
    failures: u32,
    /// Why it is not used any more.
    disabled: Option<String>,
}

pub(crate) fn run(args: &Args, client: &Client) -> anyhow::Result<Exit> {
    match &args.command {
        ContactCommand::List { person } => list(person.as_deref(), client),
        ContactCommand::Verify { person, contact, code: None } => {
            let body = json!({ "person": person, "contact": contact });
            client.post("/api/nines/v1/contacts/code", &body)?;
            output::print(&format!("a code is on its way to {person}"))?;
            output::note(&format!("next: nines contact verify {person} {contact} CODE"));
            Ok(Exit::Yes)
        }
        ContactCommand::Verify { person, contact, code: Some(code) } => {
            let body = json!({ "person": person, "contact": contact, "code": code });
            let answer = client.post("/api/nines/v1/contacts/confirm", &body)?;
            let is_right = answer.get("confirmed").and_then(Value::as_bool) == Some(true);
            output::print(if is_right {
                "verified"
            } else {
                "this is not the code that was sent"
            })?;
            Ok(if is_right { Exit::Yes } else { Exit::No })
        }
    }
}

fn list(person: Option<&str>, client: &Client) -> anyhow::Result<Exit> {
    let person = client.by(person);
    let query = [("person", person.as_str())];
    let contacts: Vec<Contact> = client.read(client.get("/api/nines/v1/contacts", &query)?)?;
    for it in contacts {
        let at = |it: Option<Timestamp>| it.map_or("never".to_owned(), |it| it.to_string());
        let state = match &it.disabled {
            Some(why) => format!("disabled: {why}"),
            None => format!(
                "verified {}, last delivery {}, {} failures",
                at(it.verified_at),
                at(it.delivered_at),
                it.failures
            ),
        };
        output::print(&format!("{:<3}{:<12}{state}", it.place, it.channel))?;
    }
    Ok(Exit::Yes)
}
