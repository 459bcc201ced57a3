//! The flags of Alertmanager.
//!
//! Source: Alertmanager 0.25 and 0.34, `alertmanager --help`.

use crate::compat::flags::{Flag, Kind, Program, none, ours, refused, same};

/// Alertmanager.
pub(crate) const ALERTMANAGER: Program =
    Program { name: "Alertmanager", command: "alertmanager", flags: FLAGS };

const NO_TLS: &str =
    "nines would answer without the TLS and the passwords of that file; put a proxy in front of it";

const FLAGS: &[Flag] = &[
    none("alerts.gc-interval", Kind::Value, "30m"),
    none("alerts.per-alertname-limit", Kind::Value, "0"),
    none("auto-gomaxprocs", Kind::Switch, "true"),
    none("auto-gomemlimit", Kind::Switch, "true"),
    none("auto-gomemlimit.ratio", Kind::Value, "0.9"),
    none("cluster.advertise-address", Kind::Value, ""),
    none("cluster.allow-insecure-public-advertise-address-discovery", Kind::Switch, "false"),
    none("cluster.gossip-interval", Kind::Value, "200ms"),
    none("cluster.label", Kind::Value, ""),
    none("cluster.listen-address", Kind::Value, "0.0.0.0:9094"),
    none("cluster.peer", Kind::List, ""),
    none("cluster.peer-name", Kind::Value, ""),
    none("cluster.peer-timeout", Kind::Value, "15s"),
    none("cluster.peers-resolve-timeout", Kind::Value, "15s"),
    none("cluster.probe-interval", Kind::Value, "1s"),
    none("cluster.probe-timeout", Kind::Value, "500ms"),
    none("cluster.pushpull-interval", Kind::Value, "1m"),
    none("cluster.reconnect-interval", Kind::Value, "10s"),
    none("cluster.reconnect-timeout", Kind::Value, "6h"),
    none("cluster.settle-timeout", Kind::Value, "1m"),
    none("cluster.tcp-timeout", Kind::Value, "10s"),
    none("cluster.tls-config", Kind::Value, ""),
    same("config.file", Kind::Value, "alertmanager.yml"),
    none("data.maintenance-interval", Kind::Value, "15m"),
    none("data.retention", Kind::Value, "120h"),
    none("dispatch.maintenance-interval", Kind::Value, "30s"),
    none("dispatch.start-delay", Kind::Value, "0s"),
    none("enable-feature", Kind::List, ""),
    none("log.format", Kind::Value, "logfmt"),
    same("log.level", Kind::Value, "info"),
    ours("nines.config"),
    ours("nines.ready-file"),
    none("silences.max-per-silence-bytes", Kind::Value, "0"),
    none("silences.max-silences", Kind::Value, "0"),
    same("storage.path", Kind::Value, "data/"),
    refused("web.config.file", Kind::Value, NO_TLS),
    same("web.external-url", Kind::Value, ""),
    none("web.get-concurrency", Kind::Value, "0"),
    same("web.listen-address", Kind::List, ":9093"),
    same("web.route-prefix", Kind::Value, ""),
    none("web.systemd-socket", Kind::Switch, "false"),
    none("web.timeout", Kind::Value, "0"),
    none("web.ui-path", Kind::Value, ""),
];
