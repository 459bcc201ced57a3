//! The flags of Prometheus, as data: which there are, what they are without being given, and which of them mean
//! something here. Parsing them, status page and documentation all read this one table.
//!
//! Source: Prometheus 2.42 and 3, "Command line, prometheus".

use std::collections::BTreeMap;

/// One flag.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Flag {
    /// Without the dashes.
    pub(crate) name: &'static str,
    pub(crate) kind: Kind,
    /// As `/api/v1/status/flags` shows it.
    pub(crate) default: &'static str,
    pub(crate) meaning: Meaning,
}

/// What follows a flag.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Nothing: it is on, or off as `--no-…`.
    Switch,
    /// One value; the last one counts.
    Value,
    /// One value each time; all count.
    List,
}

/// What becomes of a flag.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Meaning {
    /// It does what it does in Prometheus.
    Same,
    /// It is taken, and changes nothing.
    None,
    /// Leaving it out would be dangerous, so it is an error.
    Refused(&'static str),
    /// Our own.
    Ours,
}

const fn same(name: &'static str, kind: Kind, default: &'static str) -> Flag {
    Flag { name, kind, default, meaning: Meaning::Same }
}

const fn none(name: &'static str, kind: Kind, default: &'static str) -> Flag {
    Flag { name, kind, default, meaning: Meaning::None }
}

const fn refused(name: &'static str, kind: Kind, why: &'static str) -> Flag {
    Flag { name, kind, default: "", meaning: Meaning::Refused(why) }
}

const fn ours(name: &'static str) -> Flag {
    Flag { name, kind: Kind::Value, default: "", meaning: Meaning::Ours }
}

const NO_TLS: &str =
    "nines would answer without the TLS and the passwords of that file; put a proxy in front of it";
const NO_AGENT: &str = "nines has no agent mode; it stores what it scrapes";

/// Every flag of Prometheus, and ours.
pub(crate) const FLAGS: &[Flag] = &[
    refused("agent", Kind::Switch, NO_AGENT),
    none("alertmanager.drain-notification-queue-on-shutdown", Kind::Switch, "true"),
    none("alertmanager.notification-batch-size", Kind::Value, "256"),
    none("alertmanager.notification-queue-capacity", Kind::Value, "10000"),
    none("alertmanager.timeout", Kind::Value, ""),
    none("auto-gomaxprocs", Kind::Switch, "true"),
    none("auto-gomemlimit", Kind::Switch, "true"),
    none("auto-gomemlimit.ratio", Kind::Value, "0.9"),
    none("config.auto-reload-interval", Kind::Value, "30s"),
    same("config.file", Kind::Value, "prometheus.yml"),
    same("enable-feature", Kind::List, ""),
    none("log.format", Kind::Value, "logfmt"),
    same("log.level", Kind::Value, "info"),
    ours("nines.config"),
    ours("nines.ready-file"),
    same("query.lookback-delta", Kind::Value, "5m"),
    same("query.max-concurrency", Kind::Value, "20"),
    same("query.max-samples", Kind::Value, "50000000"),
    same("query.timeout", Kind::Value, "2m"),
    none("rules.alert.for-grace-period", Kind::Value, "10m"),
    none("rules.alert.for-outage-tolerance", Kind::Value, "1h"),
    none("rules.alert.resend-delay", Kind::Value, "1m"),
    none("rules.max-concurrent-evals", Kind::Value, "4"),
    none("scrape.adjust-timestamps", Kind::Switch, "true"),
    none("scrape.discovery-reload-interval", Kind::Value, "5s"),
    none("scrape.name-escaping-scheme", Kind::Value, "values"),
    none("scrape.timestamp-tolerance", Kind::Value, "2ms"),
    refused("storage.agent.path", Kind::Value, NO_AGENT),
    none("storage.agent.no-lockfile", Kind::Switch, "false"),
    none("storage.agent.retention.max-time", Kind::Value, "0s"),
    none("storage.agent.retention.min-time", Kind::Value, "0s"),
    none("storage.agent.wal-compression", Kind::Switch, "true"),
    none("storage.agent.wal-segment-size", Kind::Value, "0B"),
    none("storage.agent.wal-truncate-frequency", Kind::Value, "0s"),
    none("storage.remote.flush-deadline", Kind::Value, "1m"),
    none("storage.remote.read-concurrent-limit", Kind::Value, "10"),
    none("storage.remote.read-max-bytes-in-frame", Kind::Value, "1048576"),
    none("storage.remote.read-sample-limit", Kind::Value, "50000000"),
    none("storage.tsdb.allow-overlapping-blocks", Kind::Switch, "true"),
    none("storage.tsdb.allow-overlapping-compaction", Kind::Switch, "true"),
    none("storage.tsdb.block-reload-interval", Kind::Value, "1m"),
    none("storage.tsdb.delay-compact-file.path", Kind::Value, ""),
    none("storage.tsdb.head-chunks-write-queue-size", Kind::Value, "0"),
    none("storage.tsdb.max-block-chunk-segment-size", Kind::Value, "0B"),
    none("storage.tsdb.max-block-duration", Kind::Value, "1d12h"),
    none("storage.tsdb.min-block-duration", Kind::Value, "2h"),
    none("storage.tsdb.no-lockfile", Kind::Switch, "false"),
    same("storage.tsdb.path", Kind::Value, "data/"),
    same("storage.tsdb.retention", Kind::Value, "0s"),
    none("storage.tsdb.retention.percentage", Kind::Value, "0"),
    same("storage.tsdb.retention.size", Kind::Value, "0B"),
    same("storage.tsdb.retention.time", Kind::Value, "0s"),
    none("storage.tsdb.samples-per-chunk", Kind::Value, "120"),
    none("storage.tsdb.use-lockfile", Kind::Switch, "false"),
    none("storage.tsdb.wal-compression", Kind::Switch, "true"),
    none("storage.tsdb.wal-compression-type", Kind::Value, "snappy"),
    none("storage.tsdb.wal-segment-size", Kind::Value, "0B"),
    refused("web.config.file", Kind::Value, NO_TLS),
    none("web.console.libraries", Kind::Value, "console_libraries"),
    none("web.console.templates", Kind::Value, "consoles"),
    same("web.cors.origin", Kind::Value, ".*"),
    same("web.enable-admin-api", Kind::Switch, "false"),
    same("web.enable-lifecycle", Kind::Switch, "false"),
    same("web.enable-otlp-receiver", Kind::Switch, "false"),
    same("web.enable-remote-write-receiver", Kind::Switch, "false"),
    same("web.external-url", Kind::Value, ""),
    same("web.listen-address", Kind::List, "0.0.0.0:9090"),
    none("web.local-assets", Kind::Value, ""),
    none("web.max-connections", Kind::Value, "512"),
    none("web.max-notifications-subscribers", Kind::Value, "16"),
    none("web.page-title", Kind::Value, "Prometheus Time Series Collection and Processing Server"),
    none("web.read-timeout", Kind::Value, "5m"),
    none(
        "web.remote-write-receiver.accepted-protobuf-messages",
        Kind::List,
        "prometheus.WriteRequest,io.prometheus.write.v2.Request",
    ),
    same("web.route-prefix", Kind::Value, ""),
    none("web.user-assets", Kind::Value, ""),
];

/// What was given, by flag.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Given {
    values: BTreeMap<&'static str, Vec<String>>,
}

/// What a command line asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Asked {
    /// The server.
    Serve(Given),
    /// `--help` and its relatives.
    Help,
    /// `--version`.
    Version,
}

impl Given {
    /// The last value of a flag, or its default.
    pub(crate) fn value(&self, name: &str) -> &str {
        let given = self.values.get(name).and_then(|it| it.last());
        given.map_or_else(|| default(name), String::as_str)
    }

    /// The last value of a flag, if it was given and is not empty.
    pub(crate) fn given(&self, name: &str) -> Option<&str> {
        self.values
            .get(name)
            .and_then(|it| it.last())
            .map(String::as_str)
            .filter(|it| !it.is_empty())
    }

    /// Every value of a flag, or its default.
    pub(crate) fn list(&self, name: &str) -> Vec<&str> {
        match self.values.get(name) {
            Some(values) => values.iter().map(String::as_str).collect(),
            None => vec![default(name)],
        }
    }

    /// Whether a switch is on.
    pub(crate) fn is_on(&self, name: &str) -> bool {
        self.value(name) == "true"
    }

    /// The flags that were given and change nothing.
    pub(crate) fn without_meaning(&self) -> Vec<&'static str> {
        let given = FLAGS.iter().filter(|it| self.values.contains_key(it.name));
        given.filter(|it| it.meaning == Meaning::None).map(|it| it.name).collect()
    }

    /// Everything, defaults included, for the status page.
    pub(crate) fn all(&self) -> BTreeMap<String, String> {
        let shown = FLAGS.iter().filter(|it| !matches!(it.meaning, Meaning::Refused(_)));
        shown.map(|it| (it.name.to_owned(), self.list(it.name).join(","))).collect()
    }
}

fn default(name: &str) -> &'static str {
    FLAGS.iter().find(|it| it.name == name).map_or("", |it| it.default)
}

/// Reads a command line as Prometheus does: `--flag=value`, `--flag value`, `--switch`, `--no-switch`.
///
/// # Errors
/// One sentence, with what was probably meant.
pub(crate) fn parse(args: &[String]) -> Result<Asked, String> {
    let (mut given, mut args) = (Given::default(), args.iter());
    while let Some(arg) = args.next() {
        let Some(flag) = arg.strip_prefix("--").filter(|it| !it.is_empty()) else {
            return match arg.as_str() {
                "-h" => Ok(Asked::Help),
                _ => Err(format!(
                    "unexpected `{arg}`; everything is a flag, such as --config.file=FILE"
                )),
            };
        };
        let (name, inline) = match flag.split_once('=') {
            Some((name, value)) => (name, Some(value.to_owned())),
            None => (flag, None),
        };
        match name {
            "help" | "help-long" | "help-man" => return Ok(Asked::Help),
            "version" => return Ok(Asked::Version),
            _ => {}
        }
        let (flag, is_negated) = find(name)?;
        let value = match (flag.kind, inline) {
            (Kind::Switch, Some(_)) => {
                return Err(format!(
                    "--{name} takes no value; write --{name} or --no-{}",
                    flag.name
                ));
            }
            (Kind::Switch, None) => (!is_negated).to_string(),
            (Kind::Value | Kind::List, Some(value)) => value,
            (Kind::Value | Kind::List, None) => {
                let next = args.next();
                next.ok_or_else(|| format!("--{name} needs a value: --{name}=VALUE"))?.clone()
            }
        };
        if let Meaning::Refused(why) = flag.meaning
            && value != "false"
        {
            return Err(format!("--{name} is refused: {why}"));
        }
        given.values.entry(flag.name).or_default().push(value);
    }
    Ok(Asked::Serve(given))
}

/// The flag of this name; switches also by their negation.
fn find(name: &str) -> Result<(&'static Flag, bool), String> {
    let by_name = |name: &str| FLAGS.iter().find(|it| it.name == name);
    if let Some(flag) = by_name(name) {
        return Ok((flag, false));
    }
    let negated = name.strip_prefix("no-").and_then(by_name);
    if let Some(flag) = negated.filter(|it| it.kind == Kind::Switch) {
        return Ok((flag, true));
    }
    let distance = |it: &&Flag| strsim::damerau_levenshtein(it.name, name);
    let nearest = FLAGS.iter().min_by_key(distance).filter(|it| distance(it) <= name.len() / 3);
    let hint = nearest.map_or_else(
        || "`nines compat prometheus --help` lists all flags".to_owned(),
        |it| format!("did you mean --{}?", it.name),
    );
    Err(format!("unknown flag --{name}; {hint}"))
}

/// All flags, a line each.
pub(crate) fn help() -> String {
    let mut out = String::from(
        "Run nines with the flags and the file of Prometheus\n\nUsage: nines compat prometheus [--FLAG=VALUE]...\n",
    );
    let groups = [
        ("Flags that do what they do in Prometheus", Meaning::Same),
        ("Flags of nines", Meaning::Ours),
        ("Flags that are taken and change nothing", Meaning::None),
    ];
    for (title, meaning) in groups {
        out.push_str(&format!("\n{title}:\n"));
        for flag in FLAGS.iter().filter(|it| it.meaning == meaning) {
            let value = if flag.kind == Kind::Switch { "" } else { "=VALUE" };
            let repeat = if flag.kind == Kind::List { " (may be repeated)" } else { "" };
            let default = match flag.default {
                "" => String::new(),
                it => format!("  [{it}]"),
            };
            out.push_str(&format!("  --{}{value}{repeat}{default}\n", flag.name));
        }
    }
    out
}

#[cfg(test)]
mod tests;
