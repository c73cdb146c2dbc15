//! Who wrote last, for the conditions of batches.

use std::collections::HashMap;

use crate::crypto::hashes::Hash;
use crate::events::batch::Batch;
use crate::events::event::EventKind;
use crate::events::primary_key::PrimaryKey;

const OBJECT_EVENTS_KEPT_MIN: usize = 131_072;

/// The newest event of anyone, and the newest of anyone else than that.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Latest {
    newest: (Hash, u64),
    newest_other: (Hash, u64),
}

impl Latest {
    pub fn wrote(&mut self, writer: Hash, end_sequence: u64) {
        if writer != self.newest.0 {
            self.newest_other = self.newest;
        }
        self.newest = (writer, end_sequence);
    }

    /// The sequence after the newest event of anyone but this writer; 0 where there is none.
    pub fn end_of_others(&self, writer: &Hash) -> u64 {
        if *writer == self.newest.0 { self.newest_other.1 } else { self.newest.1 }
    }
}

#[derive(Clone, Copy, Debug)]
struct Written {
    writer: Hash,
    sequence: u64,
    /// The sequence after the newest event of any other writer.
    end_of_others: u64,
}

impl Written {
    fn end_before(&self, writer: &Hash) -> u64 {
        if self.writer == *writer { self.end_of_others } else { self.sequence + 1 }
    }
}

/// Who wrote each object last, of the last 131,072 events at least: a condition that reaches further back is checked as far as
/// this goes.
#[derive(Clone, Debug, Default)]
pub(crate) struct Objects {
    older: HashMap<PrimaryKey, Written>,
    newer: HashMap<PrimaryKey, Written>,
    events: usize,
}

impl Objects {
    pub fn add(&mut self, batch: &Batch, first_sequence: u64) {
        let writer = batch.seal.writer_id;
        for (event, sequence) in batch.events.iter().zip(first_sequence..) {
            if !matches!(event.kind, EventKind::Data | EventKind::Tombstone) {
                continue;
            }
            if let Some(key) = event.primary_key {
                let end_of_others = self.newer.get(&key).map_or(0, |known| known.end_before(&writer));
                self.newer.insert(key, Written { writer, sequence, end_of_others });
            }
        }
        self.events += batch.events.len();
        if self.events >= OBJECT_EVENTS_KEPT_MIN {
            self.older = std::mem::take(&mut self.newer);
            self.events = 0;
        }
    }

    /// The sequence after the newest event on an object of anyone but this writer; 0 where there is none.
    pub fn end_of_others_on(&self, key: &PrimaryKey, writer: &Hash) -> u64 {
        let ends = [&self.older, &self.newer].map(|table| table.get(key).map_or(0, |known| known.end_before(writer)));
        ends[0].max(ends[1])
    }
}
