//! Fields that many forms have, and how a form is written down.

use crate::encoding::strict::{FieldForm, Kind};

pub(crate) const SUITES: &[u64] = &[1, 2];
pub(crate) const KEM_SUITES: &[u64] = &[1];

pub(crate) const fn id16(number: u32, name: &'static str) -> FieldForm {
    FieldForm::sized(number, name, 16)
}

pub(crate) const fn hash32(number: u32, name: &'static str) -> FieldForm {
    FieldForm::sized(number, name, 32)
}

pub(crate) const fn text(number: u32, name: &'static str) -> FieldForm {
    FieldForm::new(number, name, Kind::Text)
}

pub(crate) const fn boolean(number: u32, name: &'static str) -> FieldForm {
    FieldForm::new(number, name, Kind::Bool)
}

pub(crate) const fn uint32(number: u32, name: &'static str) -> FieldForm {
    FieldForm::new(number, name, Kind::Uint32)
}

macro_rules! form {
    ($(#[$attribute:meta])? $constant:ident, $name:literal, [$($field:expr),* $(,)?]) => {
        $(#[$attribute])?
        pub(crate) static $constant: MessageForm = MessageForm { name: $name, fields: &[$($field),*] };
    };
}

pub(crate) use form;
