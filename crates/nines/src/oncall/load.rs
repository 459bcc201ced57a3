//! `nines oncall load`: what being on call costs people.

use serde::Deserialize;

use crate::client::Client;
use crate::exit::Exit;
use crate::output::{self, Format, OutputArgs, cell, percent, plain, table};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Since so long ago
    #[arg(long, value_name = "DURATION", default_value = "28d")]
    since: String,
    /// A line a shift, for whoever pays
    #[arg(long)]
    csv: bool,
    #[command(flatten)]
    output: OutputArgs,
}

#[derive(Debug, Deserialize)]
struct Report {
    people: Vec<Load>,
    objective: Objective,
}

#[derive(Debug, Deserialize)]
struct Load {
    person: String,
    calls: usize,
    matters: usize,
    repeats: usize,
    at_night: u32,
    answer_median_seconds: Option<i64>,
    actionable: usize,
    judged: usize,
    sleep_debt_since: Option<jiff::Timestamp>,
}

#[derive(Debug, Deserialize)]
struct Objective {
    pieces: u64,
    bad: u64,
    is_kept: bool,
    remaining_ratio: Option<f64>,
}

/// Ends with 1 when more shifts were too hard than may be.
pub(super) fn run(args: &Args, client: &Client) -> anyhow::Result<Exit> {
    if args.csv {
        let query = url::form_urlencoded::Serializer::new(String::new())
            .append_pair("since", &args.since)
            .finish();
        output::print(client.text(&format!("/api/nines/v1/load.csv?{query}"))?.trim_end())?;
        return Ok(Exit::Yes);
    }
    let answer = client.get("/api/nines/v1/load", &[("since", &args.since)])?;
    let report: Report = client.read(answer.clone())?;
    let exit = if report.objective.is_kept { Exit::Yes } else { Exit::No };
    if args.output.format() == Format::Json {
        output::print_json(&answer)?;
        return Ok(exit);
    }
    let rows: Vec<Vec<String>> = report.people.iter().map(row).collect();
    if args.output.format() == Format::Plain {
        output::print(&plain(&rows))?;
        return Ok(exit);
    }
    if rows.is_empty() {
        output::note("nobody was called");
    } else {
        let rows: Vec<_> =
            rows.into_iter().map(|row| row.into_iter().map(cell).collect()).collect();
        let headers = [
            "PERSON",
            "CALLS",
            "INCIDENTS",
            "REPEATS",
            "AT NIGHT",
            "ANSWERED IN",
            "ACTIONABLE",
            "OWES SLEEP SINCE",
        ];
        output::print(&table(&headers, &rows))?;
    }
    let Objective { pieces, bad, remaining_ratio, .. } = report.objective;
    let left = remaining_ratio.map_or_else(|| "no shift".to_owned(), percent);
    output::note(&format!(
        "{bad} of {pieces} half days on call had more than 2 incidents; budget left: {left}"
    ));
    Ok(exit)
}

fn row(it: &Load) -> Vec<String> {
    let nothing = || "-".to_owned();
    let actionable = match it.judged {
        0 => nothing(),
        judged => format!("{} of {judged}", it.actionable),
    };
    vec![
        it.person.clone(),
        it.calls.to_string(),
        it.matters.to_string(),
        it.repeats.to_string(),
        it.at_night.to_string(),
        it.answer_median_seconds.map_or_else(nothing, |it| format!("{it} s")),
        actionable,
        it.sleep_debt_since.map_or_else(nothing, output::clock),
    ]
}
