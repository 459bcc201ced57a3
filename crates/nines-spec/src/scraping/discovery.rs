//! Who knows targets: the sources that nines asks, and the names of those that it does not.

use jiff::SignedDuration;

use super::http::{self, HTTP_FIELDS};
use super::{DiscoverySpec, DnsRecordSpec};
use crate::draft::Page;
use crate::fields::Fields;
use crate::mistake::Mistake;
use crate::node::Node;

/// As in Prometheus.
const FILES_REFRESH: SignedDuration = SignedDuration::from_mins(5);
/// As in Prometheus.
const WEB_REFRESH: SignedDuration = SignedDuration::from_mins(1);
/// As in Prometheus.
const DNS_REFRESH: SignedDuration = SignedDuration::from_secs(30);

/// Prometheus knows these. A job that has one is scraped with its other targets.
pub(super) const UNSUPPORTED: [&str; 29] = [
    "aws_sd_configs",
    "azure_sd_configs",
    "consul_sd_configs",
    "digitalocean_sd_configs",
    "docker_sd_configs",
    "dockerswarm_sd_configs",
    "ec2_sd_configs",
    "eureka_sd_configs",
    "gce_sd_configs",
    "hetzner_sd_configs",
    "ionos_sd_configs",
    "kubernetes_sd_configs",
    "kuma_sd_configs",
    "lightsail_sd_configs",
    "linode_sd_configs",
    "marathon_sd_configs",
    "nerve_sd_configs",
    "nomad_sd_configs",
    "openstack_sd_configs",
    "ovhcloud_sd_configs",
    "puppetdb_sd_configs",
    "scaleway_sd_configs",
    "serverset_sd_configs",
    "stackit_sd_configs",
    "triton_sd_configs",
    "uyuni_sd_configs",
    "vultr_sd_configs",
    "xds_sd_configs",
    "zookeeper_sd_configs",
];

/// Reads one source.
type Reader = fn(&mut Page<'_, '_>, &Node) -> Option<DiscoverySpec>;

/// The sources of one job.
pub(super) fn discoveries(page: &mut Page<'_, '_>, fields: &Fields<'_>) -> Vec<DiscoverySpec> {
    for name in UNSUPPORTED {
        if fields.get(name).is_some() {
            let help = "static, file, HTTP and DNS discovery are; a program may write a file for `file_sd_configs`";
            let (what, at) = (format!("`{name}`"), fields.key(name));
            page.report_by_form(&Mistake::Unsupported { what, help, at });
        }
    }
    let mut out = Vec::new();
    let sources: [(&str, Reader); 3] =
        [("file_sd_configs", files), ("http_sd_configs", web), ("dns_sd_configs", dns)];
    for (name, reader) in sources {
        let Some(node) = fields.get(name) else { continue };
        let items = page.list(node, &format!("`{name}`")).unwrap_or_default();
        out.extend(items.iter().filter_map(|it| reader(page, it)));
    }
    out
}

fn refresh(
    page: &mut Page<'_, '_>,
    fields: &Fields<'_>,
    default: SignedDuration,
) -> SignedDuration {
    let given = page.maybe_duration(fields, "refresh_interval");
    given.filter(SignedDuration::is_positive).unwrap_or(default)
}

fn files(page: &mut Page<'_, '_>, node: &Node) -> Option<DiscoverySpec> {
    let fields = page.fields(node, "a file discovery", &["files", "refresh_interval"])?;
    page.need(&fields, "files", "files: [targets/*.json]")?;
    let mut patterns = Vec::new();
    for text in page.texts(&fields, "files") {
        let (folder, name) = text.text.rsplit_once('/').unwrap_or(("", text.text));
        let ending = name.rsplit_once('.').map_or("", |(_, it)| it);
        let is_right = matches!(ending, "json" | "yml" | "yaml")
            && !folder.contains('*')
            && name.matches('*').count() < 2;
        if is_right {
            patterns.push(text.text.to_owned());
        } else {
            let (written, at) = (text.text.to_owned(), text.span);
            let expected =
                "a path that ends in .json, .yml or .yaml, with at most one `*` in its last part";
            let example = "targets/*.json";
            page.report(&Mistake::BadAddress { text: written, expected, example, at });
        }
    }
    Some(DiscoverySpec::Files { patterns, refresh: refresh(page, &fields, FILES_REFRESH) })
}

fn web(page: &mut Page<'_, '_>, node: &Node) -> Option<DiscoverySpec> {
    let known: Vec<&str> = ["url", "refresh_interval"].into_iter().chain(HTTP_FIELDS).collect();
    let fields = page.fields(node, "an HTTP discovery", &known)?;
    let url = page.need(&fields, "url", "url: https://inventory.example/targets")?;
    let url = page.scalar(url, "`url`")?;
    let (url, refresh) = (page.url(url), refresh(page, &fields, WEB_REFRESH));
    let http = Box::new(http::settings(page, &fields));
    Some(DiscoverySpec::Web { url: url?, refresh, http })
}

fn dns(page: &mut Page<'_, '_>, node: &Node) -> Option<DiscoverySpec> {
    const RECORDS: [(&str, DnsRecordSpec); 4] = [
        ("A", DnsRecordSpec::A),
        ("AAAA", DnsRecordSpec::Aaaa),
        ("SRV", DnsRecordSpec::Srv),
        ("MX", DnsRecordSpec::Mx),
    ];
    let known = ["names", "type", "port", "refresh_interval"];
    let fields = page.fields(node, "a DNS discovery", &known)?;
    page.need(&fields, "names", "names: [_metrics._tcp.shop.example]")?;
    let names: Vec<String> =
        page.texts(&fields, "names").iter().map(|it| it.text.to_owned()).collect();
    let record = match fields.get("type") {
        Some(node) => page.word(node, "`type`", &RECORDS)?,
        None => DnsRecordSpec::Srv,
    };
    let port = page.whole_number(&fields, "port", 0, u32::from(u16::MAX)).unwrap_or(0);
    if port == 0 && record != DnsRecordSpec::Srv {
        let owner = "a DNS discovery without SRV records";
        page.report(&Mistake::MissingField {
            owner,
            field: "port",
            example: "port: 9100",
            at: fields.at,
        });
        return None;
    }
    let port = u16::try_from(port).unwrap_or(0);
    Some(DiscoverySpec::Dns { names, record, port, refresh: refresh(page, &fields, DNS_REFRESH) })
}
