//! `nines page`: whether people can be reached.

use std::time::Duration;

use clap::Subcommand;
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::json;

use crate::client::Client;
use crate::exit::{Exit, Failure};
use crate::output;

/// How long channels may take.
const WAIT: Duration = Duration::from_secs(30);
/// Between two looks.
const PAUSE: Duration = Duration::from_millis(200);

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: PageCommand,
}

#[derive(Debug, Subcommand)]
enum PageCommand {
    /// Send a test message by every contact of a person, and say what each channel answered
    ///
    /// The messages take the way of real pages: an order in the journal, the channel, a receipt. Nobody has to answer
    /// them. The exit code is 1 if a channel did not take its message.
    Test(TestArgs),
}

#[derive(Debug, clap::Args)]
struct TestArgs {
    /// Who is told; else you
    person: Option<String>,
    /// Who asks; else your user name
    #[arg(long, value_name = "NAME")]
    by: Option<String>,
}

/// One message, as the server lists it.
#[derive(Debug, Deserialize)]
struct Page {
    id: String,
    at: Timestamp,
    channel: String,
    state: String,
    attempts: u32,
}

pub(crate) fn run(args: &Args, client: &Client) -> anyhow::Result<Exit> {
    match &args.command {
        PageCommand::Test(args) => test(args, client),
    }
}

fn test(args: &TestArgs, client: &Client) -> anyhow::Result<Exit> {
    let by = client.by(args.by.as_deref());
    let person = args.person.clone().unwrap_or_else(|| by.clone());
    let answer = client.post("/api/nines/v1/pages/test", &json!({ "person": person, "by": by }))?;
    let ordered: Ordered = client.read(answer)?;
    if ordered.ids.is_empty() {
        let message = format!("`{person}` has no contact; add `contacts` to the Person document");
        return Err(Failure::new(Exit::No, message).into());
    }
    let mut looks = WAIT.as_millis() / PAUSE.as_millis();
    let pages = loop {
        let query = [("person", person.as_str())];
        let pages: Vec<Page> = client.read(client.get("/api/nines/v1/pages", &query)?)?;
        let pages: Vec<Page> =
            pages.into_iter().filter(|it| ordered.ids.contains(&it.id)).collect();
        let is_done = |it: &Page| !matches!(it.state.as_str(), "waiting" | "sending");
        looks -= 1;
        if pages.iter().all(is_done) || looks == 0 {
            break pages;
        }
        std::thread::sleep(PAUSE);
    };
    let mut all_took = true;
    for page in pages.iter().rev() {
        let took = page.at.duration_since(ordered.at).as_millis();
        let tries = if page.attempts == 1 {
            String::new()
        } else {
            format!(", {} attempts", page.attempts)
        };
        let line = match page.state.as_str() {
            "delivered" => format!("{:<12}took it after {took} ms{tries}", page.channel),
            other => format!("{:<12}{other}{tries}", page.channel),
        };
        all_took &= page.state == "delivered";
        output::print(&line)?;
    }
    Ok(if all_took { Exit::Yes } else { Exit::No })
}

/// What the server has ordered, and when.
#[derive(Debug, Deserialize)]
struct Ordered {
    ids: Vec<String>,
    at: Timestamp,
}
