use super::*;

use nines_slo::{SloName, Tracker, TrackerConfig};

/// Two objectives that have counted nothing; what is in the counts is not known here.
fn tracker() -> Tracker {
    let text = |name: &str| {
        format!(
            "apiVersion: nines/v1\nkind: SLO\nmetadata: {{name: {name}}}\nspec:\n  \
             sli: {{counter: {{bad: 'failed_total', total: 'requests_total'}}}}\n  \
             objective: 99%\n  window: 28d\n"
        )
    };
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("slos.yaml");
    fs::write(&file, [text("api/a"), text("api/b")].join("---\n")).unwrap();
    let reading = nines_spec::read_paths(&[file]).unwrap();
    Tracker::new(reading.spec.slos, TrackerConfig::default())
}

struct House {
    folder: tempfile::TempDir,
    tracker: Tracker,
}

impl House {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap(), tracker: tracker() }
    }

    fn file(&self) -> PathBuf {
        self.folder.path().join("slo.counts")
    }

    fn checkpoint(&self) -> Checkpoint {
        Checkpoint::new(self.file())
    }

    /// One record for each objective.
    fn parts(&self) -> impl Iterator<Item = Vec<SavedSlo>> {
        self.tracker.slos().map(|it| self.tracker.save(std::slice::from_ref(&it.name)))
    }

    fn loaded(&self) -> Option<(i64, Vec<SloName>)> {
        let (from_ms, slos) = self.checkpoint().load()?;
        Some((from_ms, slos.map(|it| it.name().clone()).collect()))
    }
}

fn names(names: &[&str]) -> Vec<SloName> {
    names.iter().map(|it| it.parse().unwrap()).collect()
}

#[test]
fn what_is_saved_is_loaded() {
    let house = House::new();
    assert_eq!(house.loaded(), None);
    let saved = house.checkpoint().save(7, house.parts(), || Ok(())).unwrap();
    assert!(saved.is_some_and(|it| 0 < it));
    assert_eq!(house.loaded(), Some((7, names(&["api/a", "api/b"]))));
}

#[test]
fn a_late_sample_makes_the_file_worthless() {
    let house = House::new();
    let checkpoint = house.checkpoint();
    checkpoint.save(7, house.parts(), || Ok(())).unwrap();
    checkpoint.arriving(8);
    assert!(house.loaded().is_some());
    checkpoint.arriving(7);
    assert_eq!(house.loaded(), None);

    // Another process wrote it; once loaded, the same holds.
    checkpoint.save(7, house.parts(), || Ok(())).unwrap();
    let next = house.checkpoint();
    assert!(next.load().is_some());
    next.arriving(6);
    assert_eq!(house.loaded(), None);
}

#[test]
fn a_late_sample_while_it_is_written_keeps_the_file_from_being_there() {
    let house = House::new();
    let checkpoint = house.checkpoint();
    let late = || {
        checkpoint.arriving(3);
        Ok(())
    };
    assert_eq!(checkpoint.save(7, house.parts(), late).unwrap(), None);
    assert_eq!(house.loaded(), None);
    assert_eq!(fs::read_dir(house.folder.path()).unwrap().count(), 0);
}

#[test]
fn a_failed_write_leaves_the_file_that_there_was() {
    let house = House::new();
    house.checkpoint().save(7, house.parts(), || Ok(())).unwrap();
    let failed = || Err(io::Error::other("the disk is full"));
    house.checkpoint().save(9, house.parts(), failed).unwrap_err();
    assert_eq!(house.loaded(), Some((7, names(&["api/a", "api/b"]))));
}

#[test]
fn any_damage_is_found_and_what_lies_before_it_is_kept() {
    let house = House::new();
    house.checkpoint().save(7, house.parts(), || Ok(())).unwrap();
    let whole = fs::read(house.file()).unwrap();
    let all = names(&["api/a", "api/b"]);
    for index in 0..whole.len() {
        let mut damaged = whole.clone();
        damaged[index] ^= 1;
        for bytes in [damaged.as_slice(), &whole[..index]] {
            fs::write(house.file(), bytes).unwrap();
            if let Some((from_ms, found)) = house.loaded() {
                assert_eq!(from_ms, 7);
                assert!(found.len() < 2 && all.starts_with(&found), "byte {index}");
            }
        }
    }
}
