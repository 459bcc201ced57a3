//! `nines compat prometheus`: a server that is where Prometheus was.
//!
//! It turns flags into settings. What the configuration file means is not known here.

mod table;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::SignedDuration;
use nines_base::parse_duration;
use nines_server::{Configuration, Open, PromSettings, Retention, ServeOptions, Switch, anchored};

use super::flags::{self, Asked, Given};
use super::web::{self, bad};
use crate::clock::SystemClock;
use crate::environment::Environment;
use crate::exit::{Exit, Failure};
use crate::output;
use crate::serve;

pub(crate) use table::PROMETHEUS;

/// How long samples are kept when no flag says so.
///
/// Source: Prometheus, `--storage.tsdb.retention.time`.
const RETENTION_DEFAULT: SignedDuration = SignedDuration::from_hours(15 * 24);
/// Features that another version of Prometheus hides behind a flag.
const FEATURES: [&str; 25] = [
    "agent",
    "auto-gomaxprocs",
    "auto-gomemlimit",
    "auto-reload-config",
    "concurrent-rule-eval",
    "created-timestamp-zero-ingestion",
    "delayed-compaction",
    "exemplar-storage",
    "expand-external-labels",
    "extra-scrape-metrics",
    "memory-snapshot-on-shutdown",
    "metadata-wal-records",
    "native-histograms",
    "new-service-discovery-manager",
    "no-default-scrape-port",
    "no-scrape-default-port",
    "old-ui",
    "otlp-deltatocumulative",
    "otlp-native-delta-ingestion",
    "otlp-write-receiver",
    "promql-delayed-name-removal",
    "promql-duration-expr",
    "promql-experimental-functions",
    "promql-per-step-stats",
    "type-and-unit-labels",
];

pub(super) fn run(args: &[String], environment: &Environment) -> anyhow::Result<Exit> {
    let given = match flags::parse(&PROMETHEUS, args).map_err(Failure::usage)? {
        Asked::Serve(given) => given,
        Asked::Help => {
            output::print(flags::help(&PROMETHEUS).trim_end())?;
            return Ok(Exit::Yes);
        }
        Asked::Version => {
            output::print(concat!("nines ", env!("CARGO_PKG_VERSION")))?;
            return Ok(Exit::Yes);
        }
    };
    serve::log(environment.log.as_deref().unwrap_or(web::log_filter(&given)?));
    let options = options(&given)?;
    for warning in warnings(&given) {
        tracing::warn!("{warning}");
    }
    let ready_file = given.given("nines.ready-file").map(PathBuf::from);
    serve::until_stopped(options, environment, ready_file.as_deref())
}

/// What is taken and changes nothing, in one line; and what was probably meant otherwise.
fn warnings(given: &Given) -> Vec<String> {
    let mut warnings = Vec::new();
    warnings.extend(web::without_meaning(given));
    for feature in features(given).filter(|it| !FEATURES.contains(it)) {
        warnings.push(format!("--enable-feature={feature} is not known"));
    }
    let data = Path::new(given.value("storage.tsdb.path"));
    if ["chunks_head", "wal"].iter().any(|it| data.join(it).is_dir()) {
        let data = data.display();
        warnings.push(format!(
            "{data} holds a database of Prometheus: it stays as it is, and nines begins an own one beside it"
        ));
    }
    warnings
}

fn features(given: &Given) -> impl Iterator<Item = &str> {
    let lists = given.list("enable-feature").into_iter();
    lists.flat_map(|it| it.split(',')).map(str::trim).filter(|it| !it.is_empty())
}

/// Everything that the server needs to know.
fn options(given: &Given) -> anyhow::Result<ServeOptions> {
    if features(given).any(|it| it == "agent") {
        let why = "nines has no agent mode; it stores what it scrapes";
        return Err(bad("enable-feature", "agent", why).into());
    }
    let (external_url, route_prefix) = web::external(given)?;
    let paths = ["config.file", "nines.config"].iter().map(|it| given.value(it));
    let paths = paths.filter(|it| !it.is_empty());
    Ok(ServeOptions {
        configuration: Configuration::Files(paths.map(PathBuf::from).collect()),
        data_dir: PathBuf::from(given.value("storage.tsdb.path")),
        shared: None,
        listen: web::listen(given)?,
        external_url,
        clock: Arc::new(SystemClock),
        random: serve::random()?,
        program: serve::program()?,
        prom: settings(given, route_prefix)?,
        retention: retention(given)?,
        demo: None,
    })
}

fn settings(given: &Given, route_prefix: String) -> Result<PromSettings, Failure> {
    let switch = |name| if given.is_on(name) { Switch::On } else { Switch::Off };
    let origin = given.value("web.cors.origin");
    let cors_origin = anchored(origin).map_err(|error| {
        bad("web.cors.origin", origin, &format!("it is no regular expression: {error}"))
    })?;
    Ok(PromSettings {
        query_time_max: duration(given, "query.timeout")?.unsigned_abs(),
        query_samples_max: number(given, "query.max-samples")?,
        queries_max: number(given, "query.max-concurrency")?,
        lookback: duration(given, "query.lookback-delta")?,
        cors_origin: Some(cors_origin),
        open: open(given),
        admin_api: switch("web.enable-admin-api"),
        lifecycle: switch("web.enable-lifecycle"),
        route_prefix,
        flags: given.all(),
    })
}

/// Prometheus asks nobody for a token. Here the flag that enables a call is the permission for everybody who reaches
/// the port; what no flag enables needs the token, as always.
fn open(given: &Given) -> Open {
    let has_otlp_feature = features(given).any(|it| it == "otlp-write-receiver");
    let permissions: [(bool, &[&str]); 4] = [
        (given.is_on("web.enable-remote-write-receiver"), &["/api/v1/write"]),
        (
            given.is_on("web.enable-otlp-receiver") || has_otlp_feature,
            &["/api/v1/otlp/v1/metrics", "/v1/metrics"],
        ),
        (given.is_on("web.enable-lifecycle"), &["/-/reload", "/-/quit"]),
        (
            given.is_on("web.enable-admin-api"),
            &[
                "/api/v1/admin/tsdb/snapshot",
                "/api/v1/admin/tsdb/delete_series",
                "/api/v1/admin/tsdb/clean_tombstones",
            ],
        ),
    ];
    let paths = permissions.iter().filter(|(is_on, _)| *is_on).flat_map(|(_, paths)| *paths);
    Open { paths: paths.copied().collect(), any_host: Switch::On }
}

/// By time, by size, or both; 15 days if nothing is said.
fn retention(given: &Given) -> Result<Retention, Failure> {
    let names = ["storage.tsdb.retention.time", "storage.tsdb.retention"];
    let name = names.into_iter().find(|it| given.given(it).is_some());
    let time = name.map(|it| duration(given, it)).transpose()?.filter(SignedDuration::is_positive);
    let size = given.given("storage.tsdb.retention.size");
    let bytes = size.map(|text| {
        let problem = "write a number and B, KB, MB, GB, TB, PB or EB, such as 512MB";
        parse_bytes(text).ok_or_else(|| bad("storage.tsdb.retention.size", text, problem))
    });
    let bytes_max = bytes.transpose()?.filter(|it| 0 < *it);
    let age_max =
        if time.is_none() && bytes_max.is_none() { Some(RETENTION_DEFAULT) } else { time };
    Ok(Retention { age_max, bytes_max })
}

/// Powers of two, whatever the unit says; as Prometheus.
fn parse_bytes(text: &str) -> Option<u64> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at_checked(digits)?;
    let units = ["B", "KB", "MB", "GB", "TB", "PB", "EB"];
    let short = unit.replace("iB", "B");
    let power = units.iter().position(|it| *it == short)?;
    let factor = 1_u64 << (10 * u32::try_from(power).ok()?);
    number.parse::<u64>().ok()?.checked_mul(factor)
}

fn duration(given: &Given, name: &str) -> Result<SignedDuration, Failure> {
    let text = given.value(name);
    parse_duration(text).map_err(|_| bad(name, text, "write a duration such as 5m"))
}

fn number(given: &Given, name: &str) -> Result<usize, Failure> {
    let text = given.value(name);
    let number = text.parse::<usize>().ok().filter(|it| 0 < *it);
    number.ok_or_else(|| bad(name, text, "write a whole number above 0"))
}

#[cfg(test)]
mod tests;
