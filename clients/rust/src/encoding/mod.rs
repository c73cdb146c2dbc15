//! Protobuf as bytes: fields where they lie, and the strict form in which each meaning has one encoding only.

pub(crate) mod fields;
pub(crate) mod form_fields;
pub(crate) mod forms;
pub(crate) mod message;
pub(crate) mod owner_forms;
pub(crate) mod snapshot_forms;
pub(crate) mod strict;
pub(crate) mod wire_forms;
