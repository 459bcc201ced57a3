//! Records of the domain name system. A name that cannot be looked up keeps its last targets.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::Duration;

use hickory_resolver::proto::rr::{RData, RecordType};
use hickory_resolver::{ResolverBuilder, TokioResolver};
use jiff::SignedDuration;
use nines_base::Labels;
use nines_http::with_causes;
use tokio::time::sleep;

use super::{DnsRecord, Output};
use crate::scrape::job::Target;

/// Set on every target: the name that was looked up.
const META: &str = "__meta_dns_name";

pub(super) async fn follow(
    names: &[String],
    record: DnsRecord,
    port: u16,
    refresh: SignedDuration,
    output: Output,
) {
    let refresh = refresh.unsigned_abs().max(Duration::from_millis(100));
    let resolver = loop {
        let made = TokioResolver::builder_tokio().and_then(ResolverBuilder::build);
        match made {
            Ok(resolver) => break resolver,
            Err(error) => {
                tracing::error!(%error, "names cannot be looked up on this machine");
                sleep(refresh).await;
            }
        }
    };
    let mut known = BTreeMap::new();
    loop {
        for name in names {
            match look_up(&resolver, name, record, port).await {
                Ok(targets) => drop(known.insert(name.clone(), targets)),
                Err(reason) => {
                    tracing::error!(
                        name,
                        reason,
                        "a name cannot be looked up; its last targets stay"
                    );
                }
            }
        }
        output.set(&known);
        sleep(refresh).await;
    }
}

async fn look_up(
    resolver: &TokioResolver,
    name: &str,
    record: DnsRecord,
    port: u16,
) -> Result<Vec<Target>, String> {
    let kind = match record {
        DnsRecord::A => RecordType::A,
        DnsRecord::Aaaa => RecordType::AAAA,
        DnsRecord::Srv => RecordType::SRV,
        DnsRecord::Mx => RecordType::MX,
    };
    match resolver.lookup(name, kind).await {
        Ok(found) => {
            let records = found.answers().iter();
            Ok(records.filter_map(|it| target(name, &it.data, port)).collect())
        }
        // A name without records has no targets.
        Err(error) if error.is_no_records_found() => Ok(Vec::new()),
        Err(error) => Err(with_causes(&error)),
    }
}

/// The target of one record; nothing when it is of another type, such as an alias on the way.
fn target(name: &str, record: &RData, port: u16) -> Option<Target> {
    let bare = |host: &str| host.trim_end_matches('.').to_owned();
    let (address, own) = match record {
        RData::A(ip) => (join(&IpAddr::V4(ip.0).to_string(), port), Vec::new()),
        RData::AAAA(ip) => (join(&IpAddr::V6(ip.0).to_string(), port), Vec::new()),
        RData::SRV(srv) => {
            let host = srv.target.to_string();
            let labels = vec![
                ("__meta_dns_srv_record_target", host.clone()),
                ("__meta_dns_srv_record_port", srv.port.to_string()),
            ];
            (join(&bare(&host), srv.port), labels)
        }
        RData::MX(mx) => {
            let host = mx.exchange.to_string();
            (join(&bare(&host), port), vec![("__meta_dns_mx_record_target", host)])
        }
        _ => return None,
    };
    let labels = own.into_iter().chain([(META, name.to_owned())]);
    Some(Target { address, labels: Labels::new(labels).ok()? })
}

fn join(host: &str, port: u16) -> String {
    if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") }
}

#[cfg(test)]
mod tests;
