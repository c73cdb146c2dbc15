//! Which part of a chain is read, and what can't be told of it.

use std::fmt;
use std::sync::Arc;

use crate::trust::owed_data::OwedData;

/// As many sequences are told at most.
const SEQUENCES_MAX: usize = 100;

/// A range of sequences.
#[derive(Clone, Default)]
pub struct Range {
    /// The first one that is wanted.
    pub start: u64,
    /// The first one after it that isn't; None: the range ends with the chain.
    pub end: Option<u64>,
    /// Data of more bytes than this, as it is stored, is left out, and [`Chain::load`](crate::Chain::load) gets it; None: none is.
    pub data_up_to: Option<u64>,
    /// Is told at the range's end, where that is before the chain's: what is gone of it, and may be so only by what comes later.
    pub on_unchecked: Option<OnUnchecked>,
}

impl Range {
    /// Tells what nothing that was read shows to be allowed.
    pub(crate) fn tell_unchecked(&self, owed: &OwedData) {
        if let Some(on_unchecked) = self.on_unchecked.as_ref().filter(|_| owed.is_owed()) {
            on_unchecked(Unchecked { count: owed.count(), sequences: owed.left(SEQUENCES_MAX) });
        }
    }
}

impl fmt::Debug for Range {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("Range");
        shown.field("start", &self.start).field("end", &self.end).field("data_up_to", &self.data_up_to);
        shown.finish_non_exhaustive()
    }
}

/// Events of a range whose data is gone, and snapshots by which whole events of it are, where nothing in the range shows that they may be.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Unchecked {
    /// How many, at least.
    pub count: usize,
    /// Their sequences, ascending: of the lowest, 100 at most.
    pub sequences: Vec<u64>,
}

/// Is told what is unchecked. It must not wait.
pub type OnUnchecked = Arc<dyn Fn(Unchecked) + Send + Sync>;
