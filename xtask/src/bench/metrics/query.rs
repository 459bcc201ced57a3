//! The queries that are compared, and how often each is asked.

use anyhow::ensure;

use crate::bench::peer::Peer;

use super::report::{Figure, Measured};

/// A query is repeated until it has cost this much, so that the clock's grain of 10 ms does not count.
const CPU_SECONDS_MIN: f64 = 1.0;
const RUNS_MAX: u32 = 200;
const RUNS_MIN: u32 = 3;

const HOUR_S: i64 = 3_600;
const DAY_S: i64 = 24 * HOUR_S;

/// One query and what it stands for.
#[derive(Debug)]
pub(super) struct Query {
    pub(super) figure: Figure,
    path: &'static str,
    parameters: Vec<(&'static str, String)>,
}

fn ratio(window: &str) -> String {
    format!(
        "sum(rate(shop_requests_total{{code=~\"5..\"}}[{window}])) / sum(rate(shop_requests_total[{window}]))"
    )
}

/// All of them, as of the newest sample.
pub(super) fn all(now_ms: i64) -> Vec<Query> {
    let now_s = now_ms / 1_000;
    let instant = |figure, window| Query {
        figure,
        path: "/api/v1/query",
        parameters: vec![("query", ratio(window)), ("time", now_s.to_string())],
    };
    let range = |figure, window, span_s: i64, step: &str| Query {
        figure,
        path: "/api/v1/query_range",
        parameters: vec![
            ("query", ratio(window)),
            ("start", (now_s - span_s).to_string()),
            ("end", now_s.to_string()),
            ("step", step.to_owned()),
        ],
    };
    vec![
        instant(Figure::InstantHour, "1h"),
        instant(Figure::InstantMonth, "30d"),
        range(Figure::RangeDay, "5m", DAY_S, "15s"),
        range(Figure::RangeMonth, "1h", 30 * DAY_S, "1h"),
    ]
}

impl Query {
    /// Processor milliseconds of one answer, for each system.
    pub(super) fn measure(&self, peers: &[Peer]) -> anyhow::Result<Measured> {
        let mut measured = Vec::new();
        for peer in peers {
            self.ask(peer)?; // the first answer may read files for the first time
            let before = peer.cpu_seconds()?;
            let mut runs = 0;
            let mut spent = 0.0;
            while runs < RUNS_MIN || (spent < CPU_SECONDS_MIN && runs < RUNS_MAX) {
                self.ask(peer)?;
                runs += 1;
                spent = peer.cpu_seconds()? - before;
            }
            measured.push(spent * 1e3 / f64::from(runs));
        }
        self.compare(peers)?;
        Ok(measured)
    }

    fn ask(&self, peer: &Peer) -> anyhow::Result<String> {
        let answer = peer.get(self.path, &self.parameters)?;
        ensure!(answer.contains("\"success\""), "no success: {answer:.200}");
        ensure!(answer.contains("\"value"), "an empty answer: {answer:.200}");
        Ok(answer)
    }

    /// All say about the same in the end: they differ in extrapolation, not in what they have stored.
    fn compare(&self, peers: &[Peer]) -> anyhow::Result<()> {
        let mut values = Vec::new();
        for peer in peers {
            let answer: serde_json::Value = serde_json::from_str(&self.ask(peer)?)?;
            let result = &answer["data"]["result"][0];
            let last = result["values"].as_array().and_then(|it| it.last());
            let value = last.unwrap_or(&result["value"])[1].as_str().unwrap_or("none");
            values.push((peer.name(), value.parse::<f64>()?));
        }
        let (least, most) = values
            .iter()
            .fold((f64::MAX, f64::MIN), |(least, most), (_, it)| (least.min(*it), most.max(*it)));
        ensure!(most <= least * 1.05, "the answers differ by more than 5 %: {values:?}");
        Ok(())
    }
}
