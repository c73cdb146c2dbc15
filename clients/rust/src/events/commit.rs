//! Commits: a server's acceptance of one batch, and slices of the log, which are batches with their commits.

use bytes::Bytes;

use crate::crypto::array;
use crate::crypto::hashes::{Hash, leaf_hash};
use crate::encoding::fields::{BYTES, fields, non_canonical};
use crate::encoding::forms;
use crate::encoding::message::Message;
use crate::error::Result;
use crate::events::event::{RUN_EVENT, RUN_SEAL};
use crate::events::gap::Gap;
use crate::limits::INTEGER_MAX;

/// Of a LogSegment.
pub(crate) const COMMIT_FIELD: u32 = 3;
/// Of a LogSegment.
const GAP_FIELD: u32 = 5;

/// What a server seals in accepting a batch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct CommitHeader {
    pub commit: u64,
    pub first_sequence: u64,
    pub events: u64,
    /// The server's clock: milliseconds since 1970-01-01 UTC.
    pub time_unix_ms: u64,
    pub seal_hash: Hash,
}

impl CommitHeader {
    /// Reads it. Fails with NON_CANONICAL.
    pub fn parse(data: Bytes) -> Result<Self> {
        let parts = Message::parse_strict(&forms::COMMIT_HEADER, data)?;
        let header = CommitHeader {
            commit: parts.number(2),
            first_sequence: parts.number(3),
            events: parts.number(4),
            time_unix_ms: parts.number(5),
            seal_hash: array(&parts.bytes(6)).unwrap_or_default(),
        };
        if header.next_sequence() > INTEGER_MAX {
            return Err(non_canonical("CommitHeader", 0, "it counts beyond 2^53 - 1"));
        }
        Ok(header)
    }

    /// The sequence after its last event. No overflow: both are at most 2^53 - 1.
    pub fn next_sequence(&self) -> u64 {
        self.first_sequence + self.events
    }
}

/// A commit, as it was read.
#[derive(Clone, Debug)]
pub(crate) struct Commit {
    pub header: CommitHeader,
    pub tree_root: Option<Hash>,
    pub batch_bytes: u64,
    pub durable_offset: u64,
    /// The leaf of the chain's tree that it is.
    pub leaf: Hash,
}

impl Commit {
    /// Reads a Commit message, without its tag and length. Fails with NON_CANONICAL.
    pub fn parse(data: Bytes) -> Result<Self> {
        let parts = Message::parse_strict(&forms::COMMIT, data)?;
        let header = parts.bytes(1);
        Ok(Commit {
            leaf: leaf_hash(&header),
            header: CommitHeader::parse(header)?,
            tree_root: parts.get(2).and_then(|root| array(&root)),
            batch_bytes: parts.number(13),
            durable_offset: parts.number(14),
        })
    }
}

/// A batch as it is stored: what stands for what is gone of it or before it, its run, and its commit.
#[derive(Clone, Debug)]
pub(crate) struct StoredBatch {
    pub gap: Option<Gap>,
    pub run: Bytes,
    pub commit: Commit,
}

/// Splits a slice of the log into its batches. Only the framing and the commits are looked at.
///
/// Fails with NON_CANONICAL where it is anything but whole batches: perhaps a gap, events, seal, commit.
pub(crate) fn split_slice(data: &Bytes) -> Result<Vec<StoredBatch>> {
    let mut batches = Vec::new();
    let mut gap = None;
    let (mut start, mut run_start, mut run_end) = (0, 0, 0);
    for found in fields(data) {
        let found = found?;
        match (found.wire_type, found.number) {
            (BYTES, GAP_FIELD) if found.tag_start == start => {
                gap = Some(Gap::parse(data.slice(found.start..found.end))?);
                run_start = found.end;
            }
            (BYTES, RUN_EVENT) if run_end == 0 => {}
            (BYTES, RUN_SEAL) if run_end == 0 => run_end = found.end,
            (BYTES, COMMIT_FIELD) if run_end > 0 => {
                let commit = Commit::parse(data.slice(found.start..found.end))?;
                batches.push(StoredBatch { gap: gap.take(), run: data.slice(run_start..run_end), commit });
                (start, run_start, run_end) = (found.end, found.end, 0);
            }
            _ => {
                let why = format!("there is field {}, where a gap, events, a seal or a commit were due", found.number);
                return Err(non_canonical("a slice of the log", found.tag_start, why));
            }
        }
    }
    if start != data.len() {
        return Err(non_canonical("a slice of the log", start, "it ends inside the batch that starts there"));
    }
    Ok(batches)
}

/// What only servers do, and what the vectors have cases of.
#[cfg(test)]
pub(crate) mod making {
    use super::{COMMIT_FIELD, CommitHeader};
    use crate::crypto::hashes::Hash;
    use crate::encoding::fields::{FieldWriter, frame};
    use crate::encoding::forms::magics;

    impl CommitHeader {
        pub fn encode(&self) -> Vec<u8> {
            FieldWriter::magic(magics::COMMIT_HEADER)
                .varint(2, self.commit)
                .varint(3, self.first_sequence)
                .varint(4, self.events)
                .varint(5, self.time_unix_ms)
                .bytes(6, &self.seal_hash)
                .finish()
        }
    }

    /// Serialises a commit with tag and length, to be stored right behind its run.
    pub(crate) fn encode_commit(run: &[u8], header: &[u8], tree_root: Option<Hash>, durable_offset: u64) -> Vec<u8> {
        let body = FieldWriter::new()
            .bytes(1, header)
            .maybe(2, tree_root)
            .fixed32(13, run.len() as u32)
            .fixed64(14, durable_offset)
            .fixed32(15, 0)
            .finish();
        let mut framed = frame(COMMIT_FIELD, &body);
        let end = framed.len() - 4;
        let mut crc = crc32fast::Hasher::new();
        crc.update(run);
        crc.update(&framed[..end - 1]);
        framed[end..].copy_from_slice(&crc.finalize().to_le_bytes());
        framed
    }
}
