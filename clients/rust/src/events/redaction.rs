//! Redactions: which data of an object is to be erased.

use bytes::Bytes;

use crate::encoding::fields::{FieldWriter, push_varint};
use crate::encoding::message::Message;
use crate::encoding::strict::unpack;
use crate::error::{Error, Result};
use crate::reason::Reason;

/// Earlier events of one object whose data is to be erased.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Redaction {
    /// Ascending, once each. Empty with `before`.
    sequences: Vec<u64>,
    /// All events of the object with sequences below this one. 0 with `sequences`.
    before: u64,
}

impl Redaction {
    /// Of some events, by their sequences: one at least, and 4,096 at most.
    #[must_use]
    pub fn of_sequences(sequences: impl IntoIterator<Item = u64>) -> Self {
        let mut sequences: Vec<u64> = sequences.into_iter().collect();
        sequences.sort_unstable();
        sequences.dedup();
        Redaction { sequences, before: 0 }
    }

    /// Of all events of the object before a sequence, which isn't 0.
    #[must_use]
    pub fn before(sequence: u64) -> Self {
        Redaction { sequences: Vec::new(), before: sequence }
    }

    /// Whether it names the event of a sequence.
    #[must_use]
    pub fn names(&self, sequence: u64) -> bool {
        sequence < self.before || self.sequences.binary_search(&sequence).is_ok()
    }

    /// The sequence after the last one that it names.
    pub(crate) fn end(&self) -> u64 {
        self.sequences.last().map_or(self.before, |last| last + 1)
    }

    /// How many events it names by their sequences; None: it names all before one.
    pub(crate) fn count(&self) -> Option<usize> {
        (self.before == 0).then_some(self.sequences.len())
    }

    /// Reads it. Fails with BATCH_INVALID where it contradicts itself.
    pub(crate) fn parse(message: Bytes) -> Result<Self> {
        let message = Message::parse(message)?;
        let sequences = unpack(&message.bytes(1), 0, "Redaction.sequences")?;
        let before = message.number(2);
        let ascends = sequences.windows(2).all(|pair| pair[0] < pair[1]);
        if !ascends || sequences.is_empty() == (before == 0) {
            let why = "a redaction names sequences, which ascend, or an end, and not both";
            return Err(Error::new(Reason::BatchInvalid, why));
        }
        Ok(Redaction { sequences, before })
    }

    pub(crate) fn message(&self) -> Vec<u8> {
        let mut packed = Vec::new();
        self.sequences.iter().for_each(|sequence| push_varint(&mut packed, *sequence));
        FieldWriter::new().bytes(1, &packed).varint(2, self.before).finish()
    }
}
