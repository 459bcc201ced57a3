//! An engine with the journal that production has, and alerts as the node exporter makes them.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use nines_alert::dispatch::{
    GroupBy, Incoming, Integration, Receiver, Route, Rules, Settings, Source, Timing,
};
use nines_base::{Labels, Origin};
use nines_engine::{Command, Config, Engine, Installation};
use nines_oncall::Roster;
use nines_store::SqliteJournal;
use tempfile::TempDir;

pub(crate) fn second(second: i64) -> Timestamp {
    Timestamp::UNIX_EPOCH + SignedDuration::from_secs(second)
}

/// Everything to one webhook, grouped by `by`.
fn config(by: &str) -> Arc<Config> {
    let root = Route {
        matchers: Vec::new(),
        receiver: "hook".to_owned(),
        group_by: GroupBy::Labels(vec![by.to_owned()]),
        timing: Timing::default(),
        mute_intervals: Vec::new(),
        active_intervals: Vec::new(),
        continues: false,
        leading_edge: false,
        children: Vec::new(),
        origin: Origin::default(),
    };
    let settings = Settings::Webhook { max_alerts: 0 };
    let hook = Receiver {
        name: "hook".to_owned(),
        integrations: vec![Integration { send_resolved: true, settings }],
        origin: Origin::default(),
    };
    let receivers = BTreeMap::from([(hook.name.clone(), hook)]);
    Arc::new(Config {
        revision: "bench".to_owned(),
        files: 1,
        roster: Roster::default(),
        heartbeats: BTreeMap::new(),
        dispatch: Arc::new(Rules { root, receivers, ..Rules::default() }),
        templates: Arc::default(),
        fallbacks: nines_engine::Fallbacks::default(),
        depends_on: BTreeMap::new(),
        runbooks: BTreeMap::new(),
        release: nines_release::Rulebook::default(),
    })
}

/// Seven labels and three annotations, as alerts of the node exporter have them.
pub(crate) fn alert(number: usize, at: i64) -> Incoming {
    let labels = [
        ("alertname", format!("NodeFilesystemFull{}", number % 20)),
        ("cluster", "eu-west-1".to_owned()),
        ("device", "/dev/nvme0n1p1".to_owned()),
        ("instance", format!("node-{number:05}.example.org:9100")),
        ("job", "node".to_owned()),
        ("mountpoint", "/var/lib/data".to_owned()),
        ("severity", "critical".to_owned()),
    ];
    let annotations = [
        ("summary", "The file system of a node is nearly full."),
        ("description", "Less than 3 % are left, and at this rate they are gone in two hours."),
        ("runbook_url", "https://runbooks.example.org/node/filesystem-full"),
    ];
    let text = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
    Incoming {
        labels: Labels::new(labels).unwrap(),
        annotations: annotations.map(text).into(),
        starts_at: Some(second(at)),
        ends_at: Some(second(at + 240)),
        generator_url: "http://prometheus.example.org/graph?g0.expr=up".to_owned(),
        detail: None,
    }
}

pub(crate) struct Lab {
    pub(crate) engine: Engine,
    #[expect(dead_code, reason = "its end removes the folder")]
    folder: TempDir,
}

pub(crate) fn lab(by: &str) -> Lab {
    let folder = tempfile::tempdir().unwrap();
    let journal = SqliteJournal::open(folder.path()).unwrap();
    let installation = Installation {
        secret: [7; 32],
        external_url: "http://nines.example.org".to_owned(),
        version: "bench".to_owned(),
    };
    let mut engine = Engine::recover(Box::new(journal), installation, None, 1, second(0)).unwrap();
    engine.cycle(vec![Command::ApplyConfig(config(by))], second(0)).unwrap();
    Lab { engine, folder }
}

pub(crate) fn post(engine: &mut Engine, alerts: Vec<Incoming>, at: i64) {
    let command = Command::ObserveAlerts { source: Source::Api, alerts };
    engine.cycle(vec![command], second(at)).unwrap().remove(0).unwrap();
}
