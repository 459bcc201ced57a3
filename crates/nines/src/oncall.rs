//! `nines oncall`: who is on call now, until when, and who is next.

use clap::Subcommand;

use crate::api::OnCall;
use crate::client::Client;
use crate::exit::Exit;
use crate::output::{self, Format, OutputArgs, cell, clock, plain, table};

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Who is on call now
    Who {
        #[command(flatten)]
        output: OutputArgs,
    },
}

pub(crate) fn run(args: &Args, client: &Client) -> anyhow::Result<Exit> {
    let Verb::Who { output } = &args.verb;
    let answer = client.get("/api/nines/v1/oncall", &[])?;
    if output.format() == Format::Json {
        output::print_json(&answer)?;
        return Ok(Exit::Yes);
    }
    let schedules: Vec<OnCall> = client.read(answer)?;
    if schedules.is_empty() {
        output::note("no schedule is configured");
        return Ok(Exit::Yes);
    }
    let rows: Vec<Vec<String>> = schedules
        .into_iter()
        .map(|it| {
            let (person, until) = match it.shift {
                Some(shift) => (shift.person, clock(shift.until)),
                None => ("nobody".to_owned(), "-".to_owned()),
            };
            vec![it.schedule, person, until, it.next.unwrap_or_else(|| "-".to_owned()), it.zone]
        })
        .collect();
    if output.format() == Format::Plain {
        output::print(&plain(&rows))?;
        return Ok(Exit::Yes);
    }
    let rows: Vec<_> = rows.into_iter().map(|row| row.into_iter().map(cell).collect()).collect();
    output::print(&table(&["SCHEDULE", "ON CALL", "UNTIL (UTC)", "NEXT", "ZONE"], &rows))?;
    Ok(Exit::Yes)
}
