//! A message taken apart, for those who know that it is in the strict form, or don't need it to be.

use bytes::Bytes;

use crate::encoding::fields::{BYTES, fields};
use crate::encoding::strict::{MessageForm, check_strict};
use crate::error::Result;

/// The fields of one message, each a slice of it: nothing is copied.
pub(crate) struct Message {
    data: Bytes,
    fields: Vec<(u32, Value)>,
}

enum Value {
    Number(u64),
    Range(usize, usize),
}

impl Message {
    /// Takes a message apart. Fails with NON_CANONICAL where varints are not minimal, or it is no message.
    pub fn parse(data: Bytes) -> Result<Self> {
        let mut found = Vec::new();
        for field in fields(&data) {
            let field = field?;
            let is_bytes = field.wire_type == BYTES;
            let value = if is_bytes { Value::Range(field.start, field.end) } else { Value::Number(field.value) };
            found.push((field.number, value));
        }
        Ok(Message { data, fields: found })
    }

    /// The same of one that must be in the strict form.
    pub fn parse_strict(form: &MessageForm, data: Bytes) -> Result<Self> {
        check_strict(form, &data)?;
        Message::parse(data)
    }

    /// A number; 0 where it is absent. Of several the last counts.
    pub fn number(&self, number: u32) -> u64 {
        self.present_number(number).unwrap_or(0)
    }

    pub fn present_number(&self, number: u32) -> Option<u64> {
        let last = self.fields.iter().rev().find(|(one, _)| *one == number)?;
        if let Value::Number(value) = last.1 { Some(value) } else { None }
    }

    pub fn bool(&self, number: u32) -> bool {
        self.number(number) == 1
    }

    /// Bytes, or a message; None where it is absent. Of several the first counts.
    pub fn get(&self, number: u32) -> Option<Bytes> {
        self.all(number).next()
    }

    /// Bytes; none where they are absent.
    pub fn bytes(&self, number: u32) -> Bytes {
        self.get(number).unwrap_or_default()
    }

    /// Text; anything that isn't UTF-8 is replaced.
    pub fn text(&self, number: u32) -> String {
        String::from_utf8_lossy(&self.bytes(number)).into_owned()
    }

    /// All elements of a repeated field.
    pub fn all(&self, number: u32) -> impl Iterator<Item = Bytes> + '_ {
        self.fields.iter().filter_map(move |(one, value)| match value {
            Value::Range(start, end) if *one == number => Some(self.data.slice(*start..*end)),
            _ => None,
        })
    }

    /// The contents of all length-delimited fields, whatever their numbers.
    pub fn contents(&self) -> impl Iterator<Item = (u32, Bytes)> + '_ {
        self.fields.iter().filter_map(|(number, value)| match value {
            Value::Range(start, end) => Some((*number, self.data.slice(*start..*end))),
            Value::Number(_) => None,
        })
    }

    /// Whether a field is there, of whatever type.
    pub fn has(&self, number: u32) -> bool {
        self.fields.iter().any(|(one, _)| *one == number)
    }

    /// The number of its first field.
    pub fn first(&self) -> Option<u32> {
        self.fields.first().map(|(number, _)| *number)
    }
}
