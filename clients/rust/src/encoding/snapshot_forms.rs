//! The strict forms of what snapshots say, and of what stands for what is gone by them.

use crate::encoding::form_fields::{form, hash32, uint32};
use crate::encoding::strict::{FieldForm, MessageForm};

form!(
    SNAPSHOT,
    "Snapshot",
    [
        FieldForm::varint(1, "size").required(),
        hash32(2, "tree_root").required(),
        FieldForm::varint(3, "events").required(),
        hash32(4, "gone").required(),
        FieldForm::varint(5, "writers").required(),
        hash32(6, "writers_hash").required(),
    ]
);

/// The most hashes that stand for events of a batch: two for each level of its tree.
const GONE_HASHES_MAX: usize = 28;

form!(
    GONE_EVENTS,
    "GoneEvents",
    [uint32(1, "events").required(), FieldForm::bytes(2, "hashes").at_most(32 * GONE_HASHES_MAX).required()]
);

form!(
    /// An Event that stands for others, and holds nothing else.
    GONE_EVENT,
    "Event",
    [FieldForm::message(6, "gone", &GONE_EVENTS).required()]
);

/// The most hashes that stand for commits of a chain: two for each level of its tree.
const GAP_HASHES_MAX: usize = 106;

form!(
    GAP,
    "Gap",
    [
        FieldForm::varint(1, "commits"),
        FieldForm::varint(2, "events"),
        FieldForm::bytes(3, "hashes").at_most(32 * GAP_HASHES_MAX),
        FieldForm::varint(4, "snapshot").required(),
        FieldForm::varint(5, "size").required(),
        hash32(6, "before"),
        FieldForm::varint(7, "gone_from"),
        FieldForm::varint(8, "last_from"),
        FieldForm::varint(9, "last_end"),
    ]
);
