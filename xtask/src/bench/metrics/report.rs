//! The table of figures: each system's, our share of theirs, and what was aimed at.

use serde_json::{Value, json};

/// One number per system: nines, Prometheus, VictoriaMetrics.
pub(super) type Measured = Vec<f64>;

/// What is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Figure {
    RemoteWrite,
    RemoteWriteNew,
    Scrape,
    DiskPerSample,
    MemoryPerSeries,
    InstantHour,
    InstantMonth,
    RangeDay,
    RangeMonth,
}

impl Figure {
    /// What it says, and its unit.
    fn text(self) -> (&'static str, &'static str) {
        match self {
            Self::RemoteWrite => ("remote write, 10 k series", "CPU-s per million samples"),
            Self::RemoteWriteNew => {
                ("remote write, 100 k series and their creation", "CPU-s per million samples")
            }
            Self::Scrape => {
                ("scraping, 20 × 1,000 series every second", "CPU-s per million samples")
            }
            Self::DiskPerSample => ("disk with index", "bytes per sample"),
            Self::MemoryPerSeries => ("memory, 100 k series", "bytes per series"),
            Self::InstantHour => ("error ratio of 1 h, 500 series", "CPU-ms"),
            Self::InstantMonth => ("error ratio of 30 d, 500 × 43,200 samples", "CPU-ms"),
            Self::RangeDay => ("1 d at 15 s, ratio[5m]", "CPU-ms"),
            Self::RangeMonth => ("30 d at 1 h, ratio[1h]", "CPU-ms"),
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::RemoteWrite => "remote_write",
            Self::RemoteWriteNew => "remote_write_new",
            Self::Scrape => "scrape",
            Self::DiskPerSample => "disk_per_sample",
            Self::MemoryPerSeries => "memory_per_series",
            Self::InstantHour => "instant_1h",
            Self::InstantMonth => "instant_30d",
            Self::RangeDay => "range_1d",
            Self::RangeMonth => "range_30d",
        }
    }
}

/// All figures of a run.
#[derive(Debug, Default)]
pub(super) struct Report {
    figures: Vec<(Figure, Measured)>,
}

impl Report {
    pub(super) fn add(&mut self, figure: Figure, measured: &[f64]) {
        let (text, unit) = figure.text();
        let numbers: Vec<String> = measured.iter().map(|it| short(*it)).collect();
        println!("{text} ({unit}): {}", numbers.join(" | "));
        self.figures.push((figure, measured.to_vec()));
    }

    /// In Markdown.
    pub(super) fn table(&self) -> String {
        let mut table = String::from(
            "| figure | unit | nines | Prometheus | VictoriaMetrics | of Prometheus | of VictoriaMetrics |\n\
             |---|---|---|---|---|---|---|\n",
        );
        for (figure, measured) in &self.figures {
            let (text, unit) = figure.text();
            let [nines, prometheus, victoria] = measured.as_slice() else { continue };
            table.push_str(&format!(
                "| {text} | {unit} | {} | {} | {} | 1/{:.1} | 1/{:.1} |\n",
                short(*nines),
                short(*prometheus),
                short(*victoria),
                prometheus / nines,
                victoria / nines,
            ));
        }
        table
    }

    pub(super) fn to_json(&self) -> Value {
        let figures = self.figures.iter().map(|(figure, measured)| {
            let rounded: Vec<Value> =
                measured.iter().map(|it| json!((it * 1e4).round() / 1e4)).collect();
            (figure.name().to_owned(), Value::Array(rounded))
        });
        Value::Object(figures.collect())
    }
}

/// Three digits that count.
fn short(value: f64) -> String {
    match value.abs() {
        it if it < 10.0 => format!("{value:.2}"),
        it if it < 100.0 => format!("{value:.1}"),
        _ => format!("{value:.0}"),
    }
}
