//! The strict form of docs/format.md: each meaning has one encoding, and every other is refused.

use crate::encoding::fields::{BYTES, FIXED32, FIXED64, Field, VARINT, fields_in, non_canonical, read_varint};
use crate::error::{Error, Result};

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Varint,
    Uint32,
    Bool,
    Enum,
    Fixed32,
    Fixed64,
    Bytes,
    Text,
    Message,
}

/// What one field of a message may hold.
#[derive(Clone, Copy)]
pub(crate) struct FieldForm {
    pub number: u32,
    pub name: &'static str,
    kind: Kind,
    required: bool,
    repeated: bool,
    count_max: usize,
    length: Option<usize>,
    length_max: usize,
    /// The known numbers of an enum.
    values: &'static [u64],
    form: Option<&'static MessageForm>,
    /// It is a member of its message's only oneof.
    oneof: bool,
    /// The only value that is allowed: a magic.
    equals: Option<u32>,
    /// It has explicit presence, and so may equal its default.
    presence: bool,
}

impl FieldForm {
    pub const fn new(number: u32, name: &'static str, kind: Kind) -> Self {
        FieldForm {
            number,
            name,
            kind,
            required: false,
            repeated: false,
            count_max: usize::MAX,
            length: None,
            length_max: usize::MAX,
            values: &[],
            form: None,
            oneof: false,
            equals: None,
            presence: false,
        }
    }

    pub const fn magic(value: u32) -> Self {
        let mut field = FieldForm::new(1, "magic", Kind::Fixed32).required();
        field.equals = Some(value);
        field
    }

    pub const fn bytes(number: u32, name: &'static str) -> Self {
        FieldForm::new(number, name, Kind::Bytes)
    }

    pub const fn sized(number: u32, name: &'static str, length: usize) -> Self {
        let mut field = FieldForm::bytes(number, name);
        field.length = Some(length);
        field
    }

    pub const fn varint(number: u32, name: &'static str) -> Self {
        FieldForm::new(number, name, Kind::Varint)
    }

    pub const fn one_of(number: u32, name: &'static str, values: &'static [u64]) -> Self {
        let mut field = FieldForm::new(number, name, Kind::Enum);
        field.values = values;
        field
    }

    pub const fn message(number: u32, name: &'static str, form: &'static MessageForm) -> Self {
        let mut field = FieldForm::new(number, name, Kind::Message);
        field.form = Some(form);
        field
    }

    pub const fn required(mut self) -> Self {
        self.required = true;
        self
    }

    pub const fn repeated(mut self, count_max: usize) -> Self {
        self.repeated = true;
        self.count_max = count_max;
        self
    }

    pub const fn at_most(mut self, length_max: usize) -> Self {
        self.length_max = length_max;
        self
    }

    pub const fn in_oneof(mut self) -> Self {
        self.oneof = true;
        self
    }

    pub const fn present(mut self) -> Self {
        self.presence = true;
        self
    }

    /// Repeated scalars are packed, in one piece.
    fn is_packed(&self) -> bool {
        self.repeated && self.kind == Kind::Varint
    }

    fn wire_type(&self) -> u8 {
        match self.kind {
            _ if self.is_packed() => BYTES,
            Kind::Varint | Kind::Uint32 | Kind::Bool | Kind::Enum => VARINT,
            Kind::Fixed32 => FIXED32,
            Kind::Fixed64 => FIXED64,
            Kind::Bytes | Kind::Text | Kind::Message => BYTES,
        }
    }

    /// Whether its value, or its length, may be 0 and the field there all the same.
    fn may_be_zero(&self) -> bool {
        (self.repeated && !self.is_packed()) || self.kind == Kind::Message || self.presence || self.oneof
    }
}

/// The strict form of a message. The fields ascend. Where there is a oneof, one of its members must be there.
pub(crate) struct MessageForm {
    pub name: &'static str,
    pub fields: &'static [FieldForm],
}

/// Checks that bytes are one message in the strict form, and the messages inside it too.
///
/// Bytes inside a field of bytes are not looked into. Fails with NON_CANONICAL, naming field and offset.
pub(crate) fn check_strict(form: &MessageForm, data: &[u8]) -> Result<()> {
    check_within(form, data, 0, data.len())
}

/// As `check_strict`, of a message that lies within other bytes.
pub(crate) fn check_within(form: &MessageForm, data: &[u8], start: usize, end: usize) -> Result<()> {
    let mut place = 0;
    let mut count = 0_usize;
    let mut seen = 0_u64;
    let mut has_oneof = false;
    for found in fields_in(data, start, end, form.name) {
        let found = found?;
        let Some(next) = form.fields.iter().position(|known| known.number == found.number) else {
            let name = format!("{}.{}", form.name, found.number);
            let why = format!("there is a field {}, which is not known", found.number);
            return Err(non_canonical(&name, found.tag_start, why));
        };
        let known = &form.fields[next];
        if next < place {
            return Err(refused(form, known, found.tag_start, "the field comes after one with a higher number"));
        }
        count = if next == place { count + 1 } else { 1 };
        place = next;
        seen |= 1 << next;
        if count > 1 && (!known.repeated || known.is_packed()) {
            return Err(refused(form, known, found.tag_start, "the field is there twice"));
        }
        if count > known.count_max {
            let why = format!("it has more elements than the {} that are allowed", known.count_max);
            return Err(refused(form, known, found.tag_start, why));
        }
        if known.oneof && std::mem::replace(&mut has_oneof, true) {
            return Err(refused(form, known, found.tag_start, "another field of its oneof is there too"));
        }
        check_value(form, known, data, &found)?;
    }
    for (index, known) in form.fields.iter().enumerate() {
        if known.required && seen & 1 << index == 0 {
            return Err(refused(form, known, end, "the field is missing, and required"));
        }
    }
    if !has_oneof && form.fields.iter().any(|known| known.oneof) {
        return Err(non_canonical(form.name, end, "no field of a oneof is there, and one is required"));
    }
    Ok(())
}

fn check_value(form: &MessageForm, known: &FieldForm, data: &[u8], found: &Field) -> Result<()> {
    let due = known.wire_type();
    if found.wire_type != due {
        let why = format!("the field has wire type {}, where {due} was due", found.wire_type);
        return Err(refused(form, known, found.tag_start, why));
    }
    if found.value == 0 && !known.may_be_zero() {
        return Err(refused(form, known, found.tag_start, "the field equals its default, and so must be absent"));
    }
    match known.form {
        Some(inner) => check_within(inner, data, found.start, found.end),
        None if known.is_packed() => check_packed(form, known, data, found),
        None if due == BYTES => check_content(form, known, data, found),
        None => check_number(form, known, found),
    }
}

fn check_packed(form: &MessageForm, known: &FieldForm, data: &[u8], found: &Field) -> Result<()> {
    let count = unpack(&data[..found.end], found.start, form.name)?.len();
    if count > known.count_max {
        let why = format!("it has {count} elements, and {} are allowed", known.count_max);
        return Err(refused(form, known, found.tag_start, why));
    }
    Ok(())
}

/// Reads packed varints, from an offset to the end of the bytes.
pub(crate) fn unpack(data: &[u8], start: usize, name: &str) -> Result<Vec<u64>> {
    let mut values = Vec::new();
    let mut at = start;
    while at < data.len() {
        let (value, next) = read_varint(data, at, name)?;
        values.push(value);
        at = next;
    }
    Ok(values)
}

fn check_content(form: &MessageForm, known: &FieldForm, data: &[u8], found: &Field) -> Result<()> {
    let size = found.end - found.start;
    if known.length.is_some_and(|length| length != size) {
        let why = format!("the field has {size} bytes, and must be {}", known.length.unwrap_or(0));
        return Err(refused(form, known, found.start, why));
    }
    if size > known.length_max {
        let why = format!("the field has {size} bytes, and may be at most {}", known.length_max);
        return Err(refused(form, known, found.start, why));
    }
    if known.kind == Kind::Text && std::str::from_utf8(&data[found.start..found.end]).is_err() {
        return Err(refused(form, known, found.start, "the field is not valid UTF-8"));
    }
    Ok(())
}

fn check_number(form: &MessageForm, known: &FieldForm, found: &Field) -> Result<()> {
    let value = found.value;
    if known.equals.is_some_and(|magic| u64::from(magic) != value) {
        return Err(refused(form, known, found.start, format!("the field is {value}, and must be its magic")));
    }
    let is_too_large = match known.kind {
        Kind::Bool => value > 1,
        Kind::Uint32 => value > u64::from(u32::MAX),
        _ => false,
    };
    if is_too_large {
        return Err(refused(form, known, found.start, format!("the field is {value}, which is too large")));
    }
    if known.kind == Kind::Enum && !known.values.contains(&value) {
        return Err(refused(form, known, found.start, format!("the field is {value}, which is not a known value")));
    }
    Ok(())
}

fn refused(form: &MessageForm, known: &FieldForm, offset: usize, why: impl std::fmt::Display) -> Error {
    non_canonical(&format!("{}.{}", form.name, known.name), offset, why)
}
