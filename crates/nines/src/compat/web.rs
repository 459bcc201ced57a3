//! What the command lines of these programs have in common: addresses, prefixes, levels of the log.

use std::net::{Ipv6Addr, SocketAddr, ToSocketAddrs};

use super::flags::Given;
use crate::exit::Failure;
use crate::serve;

/// What is logged.
pub(super) fn log_filter(given: &Given) -> Result<&'static str, Failure> {
    match given.value("log.level") {
        "debug" => Ok("info,nines=debug,nines_server=debug,nines_ingest=debug,nines_tsdb=debug"),
        "info" => Ok(serve::LOG_DEFAULT),
        "warn" => Ok("warn"),
        "error" => Ok("error"),
        other => Err(bad("log.level", other, "levels are debug, info, warn, error")),
    }
}

/// Where to listen.
pub(super) fn listen(given: &Given) -> Result<Vec<SocketAddr>, Failure> {
    given.list("web.listen-address").into_iter().map(address).collect()
}

/// Where people reach the server, if that was said, and the path under which everything is.
pub(super) fn external(given: &Given) -> Result<(Option<String>, String), Failure> {
    let url = given.given("web.external-url").map(|it| it.trim_end_matches('/').to_owned());
    let prefix = match (given.given("web.route-prefix"), &url) {
        (Some(prefix), _) => prefix.to_owned(),
        (None, Some(url)) => path_of(url)?,
        (None, None) => String::new(),
    };
    let prefix = prefix.trim_matches('/');
    let prefix = if prefix.is_empty() { String::new() } else { format!("/{prefix}") };
    Ok((url, prefix))
}

/// In one line, what was given and changes nothing.
pub(super) fn without_meaning(given: &Given) -> Option<String> {
    let without: Vec<String> = given.without_meaning().iter().map(|it| format!("--{it}")).collect();
    let told = || format!("these flags change nothing in nines: {}", without.join(", "));
    (!without.is_empty()).then(told)
}

/// A value that a flag cannot have.
pub(super) fn bad(name: &str, text: &str, help: &str) -> Failure {
    Failure::usage(format!("--{name}={text}: {help}"))
}

/// `:9090` is every address of this machine; of a name with several addresses the first one of IPv4, as in Go.
pub(super) fn address(text: &str) -> Result<SocketAddr, Failure> {
    let name = "web.listen-address";
    if let Some(port) = text.strip_prefix(':') {
        let port = port.parse().map_err(|_| bad(name, text, "a port is at most 65535"))?;
        return Ok((Ipv6Addr::UNSPECIFIED, port).into());
    }
    let found: Vec<SocketAddr> = text.to_socket_addrs().map(Iterator::collect).unwrap_or_default();
    let found = found.iter().find(|it| it.is_ipv4()).or(found.first());
    found.copied().ok_or_else(|| bad(name, text, "write HOST:PORT, such as 127.0.0.1:9090"))
}

fn path_of(url: &str) -> Result<String, Failure> {
    let parsed = url::Url::parse(url)
        .map_err(|error| bad("web.external-url", url, &format!("it is no URL: {error}")))?;
    Ok(parsed.path().to_owned())
}
