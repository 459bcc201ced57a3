//! Which series objectives read, by their number in the store: most samples belong to series that none does, and
//! finding that out again for every sample would cost more than storing it.

use nines_base::{Labels, SampleBatch};
use nines_port::Row;

/// What is known of one series.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Slot {
    #[default]
    Unknown,
    Ignored,
    Watched,
}

/// One byte per series.
#[derive(Debug, Default)]
pub(crate) struct Watched(Vec<Slot>);

impl Watched {
    /// To be called when objectives have changed.
    pub(crate) fn forget(&mut self) {
        self.0.clear();
    }

    /// The rows that objectives read. `ids` says which series each row is; refused rows are none.
    ///
    /// `is_read` is asked only about series that are new here.
    pub(crate) fn batch(
        &mut self,
        rows: &[Row<'_>],
        ids: &[Option<u32>],
        labels_of: impl Fn(u32) -> Option<Labels>,
        is_read: impl Fn(&Labels) -> bool,
    ) -> Vec<SampleBatch> {
        let mut batch = Vec::new();
        for (row, id) in rows.iter().zip(ids) {
            let Some(id) = *id else { continue };
            match self.slot(id) {
                Slot::Ignored => continue,
                Slot::Watched => {}
                Slot::Unknown => {
                    let is_watched = labels_of(id).is_some_and(|it| is_read(&it));
                    self.set(id, if is_watched { Slot::Watched } else { Slot::Ignored });
                    if !is_watched {
                        continue;
                    }
                }
            }
            // A series of which the store knows nothing any more has ended meanwhile.
            let Some(labels) = labels_of(id) else { continue };
            batch.push(SampleBatch::new(labels, row.samples.to_vec()));
        }
        batch
    }

    fn slot(&self, id: u32) -> Slot {
        self.0.get(id as usize).copied().unwrap_or_default()
    }

    fn set(&mut self, id: u32, slot: Slot) {
        let index = id as usize;
        if self.0.len() <= index {
            self.0.resize(index + 1, Slot::Unknown);
        }
        if let Some(it) = self.0.get_mut(index) {
            *it = slot;
        }
    }
}
