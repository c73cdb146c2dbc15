//! Tags and lengths in a segment file, and records that end with a checksum (docs/format.md, "Segments").

use bytes::Bytes;

use crate::crypto::array;
use crate::encoding::fields::fields;
use crate::encoding::message::Message;
use crate::error::{Error, Result};
use crate::events::commit::Commit;
use crate::limits::{BATCH_BYTES_MAX, COMMIT_BYTES_MAX, RUN_BYTES_MAX};
use crate::reason::Reason;

const EVENT_TAG: u8 = 0x0A;
const SEAL_TAG: u8 = 0x12;
const COMMIT_TAG: u8 = 0x1A;
const MAGIC_TAG: u8 = 0x0D;
const CRC_TAG: u8 = 0x7D;
const CRC_FIELD_BYTES: usize = 5;
/// The fixed-width fields that every commit ends with.
const COMMIT_END_BYTES: usize = 19;

pub(crate) fn damaged(what: impl std::fmt::Display) -> Error {
    Error::new(Reason::ChainDamaged, format!("the segment is damaged: {what}"))
}

/// Reads a varint of at most four bytes in its shortest form: the value, and where it ends.
pub(crate) fn read_length(data: &[u8], at: usize) -> Option<(usize, usize)> {
    let mut value = 0;
    for index in 0..4 {
        let byte = *data.get(at + index)?;
        value |= usize::from(byte & 0x7F) << (7 * index);
        if byte < 0x80 {
            return (byte != 0 || index == 0).then_some((value, at + index + 1));
        }
    }
    None
}

/// Takes a record apart: first the letters of its magic are looked at, then its CRC, then its version.
///
/// So a flipped bit is damage and never looks like a newer version, and a newer version is refused by name. `before` is covered
/// by the CRC, too. Of all fields only number 6 may come several times.
pub(crate) fn checked_record(record: &Bytes, magic: u32, before: &[u8]) -> Result<Message> {
    let covered = record.len().checked_sub(CRC_FIELD_BYTES).filter(|_| record.first() == Some(&MAGIC_TAG));
    let covered = covered.ok_or_else(|| damaged("it does not begin with a magic"))?;
    let found = u32::from_le_bytes(array(&record[1..5]).unwrap_or_default());
    if found & 0xFF_FFFF != magic & 0xFF_FFFF {
        return Err(damaged(format_args!("its magic is {found:#010x}, where {magic:#010x} was due")));
    }
    let mut crc = crc32fast::Hasher::new();
    crc.update(before);
    crc.update(&record[..covered]);
    if record[covered] != CRC_TAG || array(&record[covered + 1..]) != Some(crc.finalize().to_le_bytes()) {
        return Err(damaged("its checksum does not fit"));
    }
    let (version, known) = (found >> 24, magic >> 24);
    if version > known {
        let why = format!("the segment is of format version {version}, and versions up to {known} are known");
        return Err(Error::new(Reason::FormatTooNew, why).with("version", version));
    }
    if version != known {
        return Err(damaged(format_args!("its format version is {version}")));
    }
    let mut last = 0;
    for one in fields(record) {
        let one = one.map_err(|error| damaged(error.message()))?;
        let is_again = one.number == last && one.number != 6;
        if one.number < last || is_again || (one.value == 0 && one.number != 15) {
            return Err(damaged("it is not in the strict form"));
        }
        last = one.number;
    }
    Message::parse(record.clone()).map_err(|error| damaged(error.message()))
}

/// Where a batch lies in a file.
pub(crate) struct Frame {
    pub start: usize,
    pub run_end: usize,
    pub commit_start: usize,
    pub end: usize,
    pub events: u64,
}

/// Finds the batch that starts at an offset, by tags and lengths alone; or says why there is none.
pub(crate) fn frame_batch(data: &[u8], start: usize) -> std::result::Result<Frame, &'static str> {
    let (mut at, mut events, mut run_end) = (start, 0, 0);
    while let Some(tag) = data.get(at) {
        let is_due = if run_end == 0 { matches!(*tag, EVENT_TAG | SEAL_TAG) } else { *tag == COMMIT_TAG };
        if !is_due {
            return Err("there is another tag than was due");
        }
        let (length, next) =
            read_length(data, at + 1).ok_or("a length is cut short, not in its shortest form or too large")?;
        let field_end = next + length;
        let size_max = if *tag == COMMIT_TAG { BATCH_BYTES_MAX } else { RUN_BYTES_MAX };
        if field_end - start > size_max {
            return Err("a length is larger than a batch may be");
        }
        if *tag == COMMIT_TAG && field_end - at > COMMIT_BYTES_MAX {
            return Err("a commit is too large");
        }
        if field_end > data.len() {
            return Err("a batch is cut short");
        }
        match *tag {
            COMMIT_TAG => return Ok(Frame { start, run_end, commit_start: next, end: field_end, events }),
            EVENT_TAG => events += 1,
            _ if events == 0 => return Err("a seal comes before any event"),
            _ => run_end = field_end,
        }
        at = field_end;
    }
    Err("a batch is cut short")
}

/// Whether the checksum that bytes end with is theirs.
pub(crate) fn crc_fits(stored: &[u8]) -> bool {
    stored
        .len()
        .checked_sub(CRC_FIELD_BYTES)
        .is_some_and(|covered| array(&stored[covered + 1..]) == Some(crc32fast::hash(&stored[..covered]).to_le_bytes()))
}

/// The commit of a batch; None where it is not in the strict form.
pub(crate) fn commit_of(data: &Bytes, found: &Frame) -> Option<Commit> {
    Commit::parse(data.slice(found.commit_start..found.end)).ok()
}

/// Finds the whole batch that bytes end with, from their end alone: the last fields of a commit have a fixed width.
pub(crate) fn commit_at_end(data: &Bytes) -> Option<Commit> {
    let size = data.len();
    let end = size.checked_sub(COMMIT_END_BYTES)?;
    if (data[end], data[end + 5], data[end + 14]) != (0x6D, 0x71, CRC_TAG) {
        return None;
    }
    let batch_bytes = usize::try_from(u32::from_le_bytes(array(&data[end + 1..end + 5])?)).ok()?;
    for at in batch_bytes.max(size.saturating_sub(COMMIT_BYTES_MAX))..=end {
        let is_commit =
            data[at] == COMMIT_TAG && read_length(data, at + 1).is_some_and(|(length, next)| next + length == size);
        if !is_commit {
            continue;
        }
        match frame_batch(data, at - batch_bytes) {
            Ok(found) if found.run_end == at && found.end == size && crc_fits(&data[found.start..]) => {
                return commit_of(data, &found);
            }
            _ => {}
        }
    }
    None
}
