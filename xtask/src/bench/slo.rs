//! `cargo xtask bench slo [PART] [SLOS]`: what many objectives cost.
//!
//! With `--trial` debug builds and short stretches show that a part works; such figures say nothing and are not
//! recorded.

mod fleet;
mod gate;
mod rules;
mod scale;
#[cfg(test)]
mod tests;

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, bail, ensure};
use serde_json::{Map, Value};

use crate::browser::demo::Build;
use crate::repository::Repository;

/// One measurement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Scale,
    Rules,
    Gate,
}

impl Part {
    const ALL: [Self; 3] = [Self::Scale, Self::Rules, Self::Gate];

    fn name(self) -> &'static str {
        match self {
            Self::Scale => "scale",
            Self::Rules => "rules",
            Self::Gate => "gate",
        }
    }

    /// How many objectives it has, if nobody says; for `scale`, as many as its limits are for.
    fn slos(self) -> usize {
        match self {
            Self::Scale => 10_000,
            Self::Rules | Self::Gate => 100,
        }
    }
}

/// Whether the figures are meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Effort {
    Trial,
    Measured,
}

impl Effort {
    fn build(self) -> Build {
        match self {
            Self::Trial => Build::Debug,
            Self::Measured => Build::Release,
        }
    }
}

/// What is to be measured.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Plan {
    parts: Vec<Part>,
    slos: Option<usize>,
    effort: Effort,
}

impl Plan {
    /// Reads `[PART] [SLOS] [--trial]`, in any order. A number alone is for `scale`, which was there first.
    pub(super) fn read(words: &[String]) -> anyhow::Result<Self> {
        let (mut part, mut slos, mut effort) = (None, None, Effort::Measured);
        for word in words {
            if word == "--trial" {
                effort = Effort::Trial;
            } else if let Some(named) = Part::ALL.into_iter().find(|it| it.name() == word) {
                ensure!(part.replace(named).is_none(), "one part at a time, or all");
            } else if let Ok(count) = word.parse::<usize>() {
                ensure!(0 < count, "`{word}` is no number of SLOs");
                ensure!(slos.replace(count).is_none(), "how many SLOs is said twice");
            } else {
                let parts = Part::ALL.map(Part::name).join(", ");
                bail!("`{word}` is no number of SLOs and no part of this benchmark: {parts}");
            }
        }
        let parts = match (part, slos) {
            (Some(part), _) => vec![part],
            (None, Some(_)) => vec![Part::Scale],
            (None, None) => Part::ALL.to_vec(),
        };
        Ok(Self { parts, slos, effort })
    }

    pub(super) fn is_trial(&self) -> bool {
        self.effort == Effort::Trial
    }
}

/// The figures of all parts; those of `scale` stand for themselves, as in older lines.
pub(super) fn run(repository: &Repository, plan: &Plan) -> anyhow::Result<Value> {
    let mut measured = Map::new();
    for part in &plan.parts {
        println!("── {}", part.name());
        let slos = plan.slos.unwrap_or(part.slos());
        match part {
            Part::Scale => {
                let Value::Object(figures) = scale::run(repository, slos)? else {
                    bail!("the benchmark `scale` printed no object");
                };
                measured.extend(figures);
            }
            Part::Rules => {
                let figures = rules::run(repository, slos, plan.effort)?;
                measured.insert(part.name().to_owned(), figures);
            }
            Part::Gate => {
                let figures = gate::run(repository, slos, plan.effort)?;
                measured.insert(part.name().to_owned(), figures);
            }
        }
    }
    Ok(Value::Object(measured))
}

/// An empty folder for one part.
fn place(repository: &Repository, part: Part) -> anyhow::Result<PathBuf> {
    let place = repository.target()?.join(format!("bench-slo-{}", part.name()));
    if place.is_dir() {
        fs::remove_dir_all(&place)?;
    }
    fs::create_dir_all(&place).with_context(|| format!("failed to make {}", place.display()))?;
    Ok(place)
}
