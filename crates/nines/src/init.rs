//! `nines init`: a first file, from three answers or from what a service already tells.

mod discover;
mod document;

use std::fs;
use std::io::{self, BufRead, IsTerminal};
use std::path::PathBuf;

use anyhow::Context as _;
use nines_slo::Objective;
use url::Url;

use crate::client::{http_client, read_body, runtime};
use crate::exit::{Exit, Failure};
use crate::output;
use discover::Found;

/// The file that is written.
const FILE: &str = "nines.yaml";
/// The schema beside it, for editors; the file's first line names it.
const SCHEMA: &str = "nines.schema.json";

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The folder to write into; made if it is missing
    #[arg(default_value = "config")]
    folder: PathBuf,
    /// Read this metrics page, and write what fits it
    #[arg(long, value_name = "URL")]
    scrape: Option<Url>,
    /// The service's name
    #[arg(long, value_name = "NAME")]
    service: Option<String>,
    /// The share of requests that must be good
    #[arg(long, value_name = "PERCENT", default_value = "99.9%")]
    objective: String,
    /// Who is told by e-mail as well; needs a mail server in the file
    #[arg(long, value_name = "ADDRESS")]
    email: Option<String>,
    /// Never ask
    #[arg(long)]
    no_input: bool,
}

pub(crate) fn run(args: &Args) -> anyhow::Result<Exit> {
    let objective: Objective = args
        .objective
        .parse()
        .map_err(|error| Failure::usage(format!("{error}; write --objective 99.9%")))?;
    let file = args.folder.join(FILE);
    if file.exists() {
        let message =
            format!("{} exists already and stays as it is; name another folder", file.display());
        return Err(Failure::usage(message).into());
    }
    let asks = !args.no_input && io::stdin().is_terminal();
    let question = |question: &str, otherwise: &str| -> anyhow::Result<String> {
        if asks { ask(question, otherwise) } else { Ok(otherwise.to_owned()) }
    };
    let url = match &args.scrape {
        Some(url) => url.clone(),
        None => {
            let answer =
                question("Where are the service's metrics?", "http://127.0.0.1:8080/metrics")?;
            Url::parse(&answer).map_err(|error| Failure::usage(format!("`{answer}`: {error}")))?
        }
    };
    let service = match &args.service {
        Some(service) => service.clone(),
        None => question("What is the service called?", "api")?,
    };
    let person = match (&args.email, asks) {
        (None, true) => question("Who is paged? (a short name)", "me")?,
        (Some(email), _) => email.split('@').next().unwrap_or("me").to_owned(),
        (None, false) => "me".to_owned(),
    };
    let found = if args.scrape.is_some() { look(&url)? } else { Found::usual() };
    let text = document::write(&document::Facts {
        url: &url,
        service: &service,
        person: &person,
        email: args.email.as_deref(),
        objective,
        found: &found,
    })?;
    // What we write must be what we take; otherwise an answer was no name or no address.
    let source = nines_spec::SourceFile { path: FILE.to_owned(), text: text.clone() };
    let reading = nines_spec::read_files(vec![source]);
    if reading.has_errors() {
        let shown =
            nines_spec::render(&reading.findings, &reading.sources, nines_spec::Style::Plain);
        return Err(Failure::usage(format!("these answers make no configuration\n{shown}")).into());
    }
    fs::create_dir_all(&args.folder)
        .with_context(|| format!("failed to make the folder {}", args.folder.display()))?;
    fs::write(&file, &text).with_context(|| format!("failed to write {}", file.display()))?;
    let schema = nines_spec::schema(None).context("failed to make the schema")?;
    let place = args.folder.join(SCHEMA);
    fs::write(&place, format!("{}\n", serde_json::to_string(&schema)?))
        .with_context(|| format!("failed to write {}", place.display()))?;
    output::print(&format!("wrote {}", file.display()))?;
    output::note(&format!("next: nines check {}", args.folder.display()));
    output::note(&format!("then: nines serve --config {} --data data", args.folder.display()));
    Ok(Exit::Yes)
}

fn ask(question: &str, otherwise: &str) -> anyhow::Result<String> {
    output::note(&format!("{question} [{otherwise}]"));
    let mut line = String::new();
    io::stdin().lock().read_line(&mut line).context("failed to read the answer")?;
    let answer = line.trim();
    Ok(if answer.is_empty() { otherwise.to_owned() } else { answer.to_owned() })
}

/// Reads a metrics page.
fn look(url: &Url) -> anyhow::Result<Found> {
    let client = http_client(url)?;
    let fetched = runtime()?.block_on(async {
        let response = client.get(url.clone()).send().await?.error_for_status()?;
        read_body(response).await
    });
    let text = fetched
        .map_err(|error| Failure::new(Exit::Unknown, format!("failed to read {url}: {error:#}")))?;
    Found::in_page(&text).ok_or_else(|| {
        let message = format!(
            "{url} has no counter with a label `code` or `status`, so there is no objective to write; \
             use `nines init` without --scrape and change the file"
        );
        Failure::new(Exit::No, message).into()
    })
}
