//! The alerts of the benchmark: seven labels and three annotations each, as teams have them.

use std::fmt::Write;

use jiff::{SignedDuration, Timestamp};

/// Alerts that fire since the fleet was made.
#[derive(Debug)]
pub(super) struct Fleet {
    count: usize,
    starts_at: Timestamp,
    ends_at: Timestamp,
}

impl Fleet {
    pub(super) fn new(count: usize) -> Self {
        let starts_at = Timestamp::now();
        Self { count, starts_at, ends_at: starts_at + SignedDuration::from_mins(10) }
    }

    /// The next time that the same alerts are sent their leases are longer.
    pub(super) fn later(&mut self) {
        self.ends_at += SignedDuration::from_mins(1);
    }

    /// The bodies of requests with at most `size` alerts each.
    pub(super) fn batches(&mut self, size: usize) -> Vec<String> {
        let alerts: Vec<String> = (0..self.count).map(|it| self.alert(it)).collect();
        alerts.chunks(size).map(|it| format!("[{}]", it.join(","))).collect()
    }

    /// As the value of a parameter: `instance="…"` of one alert.
    pub(super) fn filter_for_one(&self) -> String {
        format!("instance%3D%22shop-{:05}%3A9090%22", self.count / 2)
    }

    fn alert(&self, number: usize) -> String {
        let mut alert = String::with_capacity(700);
        let (cluster, service) = (number % 10, number % 40);
        let millis = |it: Timestamp| it.strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string();
        write!(
            alert,
            r#"{{"labels":{{"alertname":"HighErrorRate{}","cluster":"eu-{cluster}","service":"service-{service}","instance":"shop-{number:05}:9090","job":"shop","severity":"page","team":"team-{}"}},"#,
            number % 5,
            number % 8,
        )
        .expect("a String takes everything");
        write!(
            alert,
            r#""annotations":{{"summary":"shop-{number:05} answers too many requests with errors","description":"More than one percent of the requests of the last five minutes failed","runbook_url":"https://runbooks.example/high-error-rate"}},"startsAt":"{}","endsAt":"{}","generatorURL":"http://prometheus.example/graph?g0.expr=rate&g0.tab=1"}}"#,
            millis(self.starts_at),
            millis(self.ends_at),
        )
        .expect("a String takes everything");
        alert
    }
}
