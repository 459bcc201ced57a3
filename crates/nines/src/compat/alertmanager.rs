//! `nines compat alertmanager`: a server that is where Alertmanager was.
//!
//! It turns flags into settings. What the configuration file means is not known here.

mod table;

use std::path::PathBuf;
use std::sync::Arc;

use nines_server::{Configuration, Open, PromSettings, Retention, ServeOptions, Switch, anchored};

use super::flags::{self, Asked, Given};
use super::web;
use crate::clock::SystemClock;
use crate::environment::Environment;
use crate::exit::{Exit, Failure};
use crate::output;
use crate::serve;

pub(crate) use table::ALERTMANAGER;

/// Alertmanager asks nobody for a token; whoever reaches the port may do what its clients do, and nothing else.
const OPEN: [&str; 6] = [
    "/-/reload",
    "/api/v2/alerts",
    "/api/v2/silences",
    "/api/v2/silence/*",
    // Answered with 410, which tells old clients more than a question for a token.
    "/api/v1/alerts",
    "/api/v1/silences",
];

pub(super) fn run(args: &[String], environment: &Environment) -> anyhow::Result<Exit> {
    let given = match flags::parse(&ALERTMANAGER, args).map_err(Failure::usage)? {
        Asked::Serve(given) => given,
        Asked::Help => {
            output::print(flags::help(&ALERTMANAGER).trim_end())?;
            return Ok(Exit::Yes);
        }
        Asked::Version => {
            output::print(concat!("nines ", env!("CARGO_PKG_VERSION")))?;
            return Ok(Exit::Yes);
        }
    };
    serve::log(environment.log.as_deref().unwrap_or(web::log_filter(&given)?));
    let options = options(&given)?;
    if let Some(warning) = web::without_meaning(&given) {
        tracing::warn!("{warning}");
    }
    let ready_file = given.given("nines.ready-file").map(PathBuf::from);
    serve::until_stopped(options, environment, ready_file.as_deref())
}

/// Everything that the server needs to know.
fn options(given: &Given) -> anyhow::Result<ServeOptions> {
    let (external_url, route_prefix) = web::external(given)?;
    let paths = ["config.file", "nines.config"].iter().map(|it| given.value(it));
    let paths = paths.filter(|it| !it.is_empty());
    Ok(ServeOptions {
        configuration: Configuration::Files(paths.map(PathBuf::from).collect()),
        data_dir: PathBuf::from(given.value("storage.path")),
        shared: None,
        listen: web::listen(given)?,
        external_url,
        clock: Arc::new(SystemClock),
        random: serve::random()?,
        program: serve::program()?,
        prom: PromSettings {
            cors_origin: Some(anchored(".*")?),
            open: Open { paths: OPEN.to_vec(), any_host: Switch::On },
            admin_api: Switch::Off,
            route_prefix,
            flags: given.all(),
            ..PromSettings::default()
        },
        retention: Retention::default(),
        demo: None,
    })
}

#[cfg(test)]
mod tests;
