//! Reading and writing the fields of protobuf messages, without stubs: what is sealed is never serialised anew.

use crate::error::{Error, Result};
use crate::limits::INTEGER_MAX;
use crate::reason::Reason;

pub(crate) const VARINT: u8 = 0;
pub(crate) const FIXED64: u8 = 1;
pub(crate) const BYTES: u8 = 2;
pub(crate) const FIXED32: u8 = 5;

/// A field where it lies. Offsets count from the start of the bytes that were given.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Field {
    pub number: u32,
    pub wire_type: u8,
    /// Of a number; the length of what is length-delimited.
    pub value: u64,
    /// Of the value; of the content, where that is length-delimited.
    pub start: usize,
    pub end: usize,
    pub tag_start: usize,
}

/// The refusal of bytes that are not in the strict form.
pub(crate) fn non_canonical(place: &str, offset: usize, why: impl std::fmt::Display) -> Error {
    let message = format!("{place} is not in the strict form: at offset {offset}, {why}");
    Error::new(Reason::NonCanonical, message).with("where", place).with("offset", offset)
}

/// Walks the fields of one message.
///
/// Varints must be minimal, and integers at most 2^53 - 1; all else of the strict form is `check_strict`'s. Gives
/// NON_CANONICAL, also for a tag that is none and for what ends beyond the message, and nothing after it.
pub(crate) struct Fields<'a> {
    data: &'a [u8],
    at: usize,
    end: usize,
    name: &'a str,
}

pub(crate) fn fields(data: &[u8]) -> Fields<'_> {
    fields_in(data, 0, data.len(), "the message")
}

/// As `fields`, of a message that lies within other bytes. `end` is at most their length.
pub(crate) fn fields_in<'a>(data: &'a [u8], start: usize, end: usize, name: &'a str) -> Fields<'a> {
    Fields { data: &data[..end], at: start, end, name }
}

impl Iterator for Fields<'_> {
    type Item = Result<Field>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.at >= self.end {
            return None;
        }
        let found = self.read();
        match &found {
            Ok(field) => self.at = field.end,
            Err(_) => self.at = self.end,
        }
        Some(found)
    }
}

impl Fields<'_> {
    fn read(&self) -> Result<Field> {
        let tag_start = self.at;
        let (tag, at) = read_varint(self.data, self.at, self.name)?;
        if tag < 8 || tag > u64::from(u32::MAX) {
            return Err(non_canonical(self.name, tag_start, format_args!("{tag} is no tag")));
        }
        let number = (tag >> 3) as u32;
        let wire_type = (tag & 7) as u8;
        let (value, start, end) = match wire_type {
            BYTES => {
                let (length, start) = read_varint(self.data, at, self.name)?;
                // At most 2^53 - 1 and a position in memory: no overflow on 64 bits, and saturated elsewhere.
                let end = usize::try_from(length).unwrap_or(usize::MAX).saturating_add(start);
                (length, start, end)
            }
            VARINT => {
                let (value, end) = read_varint(self.data, at, self.name)?;
                (value, at, end)
            }
            FIXED32 => (little_endian(self.data, at, 4), at, at + 4),
            FIXED64 => (little_endian(self.data, at, 8), at, at + 8),
            other => {
                let why = format!("field {number} has wire type {other}, which is not allowed");
                return Err(non_canonical(self.name, tag_start, why));
            }
        };
        if end > self.end {
            let why = format!("field {number} ends {} bytes beyond its message", end - self.end);
            return Err(non_canonical(self.name, tag_start, why));
        }
        if value > INTEGER_MAX {
            return Err(non_canonical(self.name, start, "an integer is beyond 2^53 - 1"));
        }
        Ok(Field { number, wire_type, value, start, end, tag_start })
    }
}

/// Reads a fixed-width integer; 0 where it is cut short, which the caller finds by its end.
fn little_endian(data: &[u8], at: usize, size: usize) -> u64 {
    let bytes = data.get(at..at + size).unwrap_or_default();
    bytes.iter().rev().fold(0, |value, byte| value << 8 | u64::from(*byte))
}

/// Reads a minimal varint of at most 2^53 - 1, and says where it ends. Fails with NON_CANONICAL.
pub(crate) fn read_varint(data: &[u8], at: usize, name: &str) -> Result<(u64, usize)> {
    let mut value = 0_u64;
    let mut shift = 0;
    for (index, byte) in data[at..].iter().enumerate() {
        value |= u64::from(byte & 0x7F) << shift;
        if *byte < 0x80 {
            if *byte == 0 && shift > 0 {
                return Err(non_canonical(name, at, "a varint is longer than it need be"));
            }
            if value > INTEGER_MAX {
                return Err(non_canonical(name, at, "an integer is beyond 2^53 - 1"));
            }
            return Ok((value, at + index + 1));
        }
        shift += 7;
        if shift > 49 {
            let why = "an integer is beyond 2^53 - 1, or longer than it need be";
            return Err(non_canonical(name, at, why));
        }
    }
    Err(non_canonical(name, at, "it is cut short"))
}

/// Appends an integer in its shortest form.
pub(crate) fn push_varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push((value & 0x7F) as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

/// Makes a length-delimited field: tag, length, payload.
pub(crate) fn frame(number: u32, payload: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(payload.len() + 8);
    push_varint(&mut out, u64::from(number) << 3 | u64::from(BYTES));
    push_varint(&mut out, payload.len() as u64);
    out.extend_from_slice(payload);
    out
}

/// Appends fields to bytes that are sealed once. The caller keeps their numbers ascending, as the strict form has them.
///
/// What equals its default is left out, unless the method says otherwise.
#[derive(Default)]
pub(crate) struct FieldWriter {
    out: Vec<u8>,
}

impl FieldWriter {
    pub fn new() -> Self {
        FieldWriter::default()
    }

    /// Begins with a magic.
    pub fn magic(magic: u32) -> Self {
        FieldWriter::new().fixed32(1, magic)
    }

    fn tag(&mut self, number: u32, wire_type: u8) {
        push_varint(&mut self.out, u64::from(number) << 3 | u64::from(wire_type));
    }

    /// Writes a uint32, uint64, enum or bool.
    #[must_use]
    pub fn varint(self, number: u32, value: u64) -> Self {
        if value == 0 { self } else { self.present_varint(number, value) }
    }

    /// The same, also where it is 0.
    #[must_use]
    pub fn present_varint(mut self, number: u32, value: u64) -> Self {
        self.tag(number, VARINT);
        push_varint(&mut self.out, value);
        self
    }

    #[must_use]
    pub fn bool(self, number: u32, value: bool) -> Self {
        self.varint(number, u64::from(value))
    }

    /// Writes a fixed32, also where it is 0.
    #[must_use]
    pub fn fixed32(mut self, number: u32, value: u32) -> Self {
        self.tag(number, FIXED32);
        self.out.extend_from_slice(&value.to_le_bytes());
        self
    }

    #[cfg(test)]
    #[must_use]
    pub fn fixed64(mut self, number: u32, value: u64) -> Self {
        if value != 0 {
            self.tag(number, FIXED64);
            self.out.extend_from_slice(&value.to_le_bytes());
        }
        self
    }

    /// Writes bytes, unless there are none.
    #[must_use]
    pub fn bytes(self, number: u32, value: &[u8]) -> Self {
        if value.is_empty() { self } else { self.message(number, value) }
    }

    /// Writes bytes that may be missing.
    #[must_use]
    pub fn maybe(self, number: u32, value: Option<impl AsRef<[u8]>>) -> Self {
        match value {
            Some(value) => self.bytes(number, value.as_ref()),
            None => self,
        }
    }

    /// Writes a message, or an element of a repeated field, also where it is empty.
    #[must_use]
    pub fn message(mut self, number: u32, value: &[u8]) -> Self {
        self.tag(number, BYTES);
        push_varint(&mut self.out, value.len() as u64);
        self.out.extend_from_slice(value);
        self
    }

    /// Writes the elements of a repeated field.
    #[must_use]
    pub fn messages<T: AsRef<[u8]>>(self, number: u32, values: impl IntoIterator<Item = T>) -> Self {
        values.into_iter().fold(self, |writer, value| writer.message(number, value.as_ref()))
    }

    pub fn finish(self) -> Vec<u8> {
        self.out
    }
}
