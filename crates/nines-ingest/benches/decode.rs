//! How fast bytes become rows: requests and bodies of 5,000 known series.

#![expect(clippy::unwrap_used, reason = "a benchmark ends at the first surprise")]

use divan::Bencher;
use divan::counter::ItemsCount;
use nines_base::{Labels, Sample, SampleBatch};
use nines_ingest::{Version, WriteLimits, remote_write};
use nines_port::{Appended, Row, SampleSink, SinkError};

fn main() {
    divan::main();
}

const SERIES: usize = 5_000;

/// Takes rows as a store does that knows their keys.
#[derive(Debug)]
struct Knows;

impl SampleSink for Knows {
    fn append(&self, batch: &[SampleBatch]) -> Result<Appended, SinkError> {
        Ok(Appended { samples: batch.len() as u64, refused: Vec::new() })
    }

    fn append_rows(
        &self,
        rows: &[Row<'_>],
        _: &dyn Fn(usize) -> Result<Labels, String>,
    ) -> Result<Appended, SinkError> {
        let sum = rows.iter().fold(0, |sum, it| sum ^ it.key.0);
        divan::black_box(sum);
        Ok(Appended { samples: rows.len() as u64, refused: Vec::new() })
    }
}

/// Eight labels, about 200 bytes, as services have them.
fn batches() -> Vec<SampleBatch> {
    let series = |index: usize| {
        let labels = Labels::new([
            ("__name__", format!("http_server_requests_duration_seconds_{}", index % 37)),
            ("cluster", "production-eu-west-1".to_owned()),
            ("code", ["200", "404", "500"][index % 3].to_owned()),
            ("instance", format!("10.4.{}.{}:9090", index % 11, index % 251)),
            ("job", "checkout".to_owned()),
            ("method", ["GET", "POST"][index % 2].to_owned()),
            ("path", format!("/api/v1/orders/{index}")),
            ("pod", format!("checkout-6c9f7d8b5-{index:05x}")),
        ]);
        let value = (index * 7919 % 10_007) as f64;
        SampleBatch::new(labels.unwrap(), vec![Sample { at_ms: 1_700_000_000_000, value }])
    };
    (0..SERIES).map(series).collect()
}

fn receive(bencher: Bencher<'_, '_>, body: &[u8], version: Version) {
    let limits = WriteLimits::default();
    bencher
        .counter(ItemsCount::new(SERIES))
        .bench(|| remote_write::receive(body, version, &limits, &Knows).unwrap());
}

#[divan::bench]
fn remote_write_1(bencher: Bencher<'_, '_>) {
    receive(bencher, &remote_write::encode(&batches()), Version::One);
}

#[divan::bench]
fn remote_write_2(bencher: Bencher<'_, '_>) {
    receive(bencher, &remote_write::encode_2(&batches()), Version::Two);
}
