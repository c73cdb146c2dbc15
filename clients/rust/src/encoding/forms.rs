//! The strict forms of what writers and servers seal: the schema, as tables.

use crate::encoding::form_fields::{KEM_SUITES, SUITES, boolean, form, hash32, id16, text, uint32};
use crate::encoding::snapshot_forms::SNAPSHOT;
use crate::encoding::strict::{FieldForm, Kind, MessageForm};
use crate::limits::{
    ADMITTED_KEYS_MAX, CHAIN_KEY_BYTES_MAX, DELEGATION_BYTES_MAX, DELEGATIONS_MAX, PRECONDITIONS_MAX, PUBLIC_KEYS_MAX,
    REDACTED_SEQUENCES_MAX, ROOTS_MAX, RULE_KEYS_MAX, SIGNERS_MAX, TYPE_NAME_BYTES_MAX, WRAPPED_KEY_BYTES_MAX,
    WRAPPED_KEYS_MAX,
};

/// Magics: three letters and a version, as the little-endian fixed32 that the bytes spell.
pub(crate) mod magics {
    pub(crate) const EVENT_HEADER: u32 = 0x0156_4541;
    pub(crate) const SEAL_HEADER: u32 = 0x014C_5341;
    pub(crate) const COMMIT_HEADER: u32 = 0x014D_4341;
    pub(crate) const IDENTITY_ROTATION_HEADER: u32 = 0x0152_4941;
    pub(crate) const AUTH_ANSWER_HEADER: u32 = 0x014E_4141;
    pub(crate) const ACT_HEADER: u32 = 0x0143_4141;
    pub(crate) const VAULT_KEYS: u32 = 0x0156_4141;
    pub(crate) const DELEGATION_HEADER: u32 = 0x0147_4441;
    pub(crate) const CLIENT_HELLO: u32 = 0x0143_5741;
    pub(crate) const SERVER_PARAMETERS: u32 = 0x0150_5741;
    pub(crate) const SERVER_PROOF: u32 = 0x0156_5741;
    pub(crate) const SERVER_IDENTITY: u32 = 0x0149_5741;
    pub(crate) const CLIENT_FINISHED: u32 = 0x0146_5741;
    pub(crate) const SEGMENT_HEADER: u32 = 0x0147_5341;
    pub(crate) const SEGMENT_FOOTER: u32 = 0x0154_4641;
}

const KINDS: &[u64] = &[1, 2, 3, 4, 5, 6, 7, 8, 9, 10];

form!(
    PUBLIC_KEY,
    "PublicKey",
    [
        FieldForm::one_of(1, "suite", SUITES).required(),
        FieldForm::bytes(2, "key").required(),
        FieldForm::one_of(3, "kem_suite", KEM_SUITES),
        FieldForm::sized(4, "kem_key", 1216),
    ]
);

form!(
    SIGNATURE,
    "Signature",
    [
        FieldForm::one_of(1, "suite", SUITES).required(),
        hash32(2, "fingerprint").required(),
        FieldForm::bytes(3, "signature").required(),
    ]
);

form!(
    GENESIS,
    "Genesis",
    [
        text(1, "chain_key").at_most(CHAIN_KEY_BYTES_MAX).required(),
        FieldForm::one_of(2, "trust_mode", &[1, 2]).required(),
        // Absent where an auth service says whose they are.
        FieldForm::message(3, "roots", &PUBLIC_KEY).repeated(ROOTS_MAX),
        FieldForm::varint(4, "created_unix_ms").required(),
        id16(5, "salt").required(),
        FieldForm::message(6, "server_identity", &PUBLIC_KEY),
        boolean(7, "private"),
        boolean(8, "confidential"),
        FieldForm::message(9, "auth_identity", &PUBLIC_KEY),
        FieldForm::bytes(10, "auth_answer"),
    ]
);

form!(
    REDACTION,
    "Redaction",
    [FieldForm::varint(1, "sequences").repeated(REDACTED_SEQUENCES_MAX), FieldForm::varint(2, "before_sequence"),]
);

form!(EVERYONE, "Everyone", []);
form!(NOBODY, "Nobody", []);
form!(INHERIT, "Inherit", []);
form!(ANY_OF, "AnyOf", [hash32(1, "fingerprints").repeated(RULE_KEYS_MAX).required()]);

form!(
    WRITE_RULE,
    "WriteRule",
    [
        FieldForm::message(1, "everyone", &EVERYONE).in_oneof(),
        FieldForm::message(2, "nobody", &NOBODY).in_oneof(),
        FieldForm::message(3, "any_of", &ANY_OF).in_oneof(),
        FieldForm::message(4, "inherit", &INHERIT).in_oneof(),
    ]
);

form!(
    ADD_RULE,
    "AddRule",
    [
        FieldForm::message(1, "everyone", &EVERYONE).in_oneof(),
        FieldForm::message(2, "nobody", &NOBODY).in_oneof(),
        FieldForm::message(3, "any_of", &ANY_OF).in_oneof(),
    ]
);

form!(
    READ_RULE,
    "ReadRule",
    [
        FieldForm::message(1, "everyone", &EVERYONE).in_oneof(),
        hash32(2, "read_key_id").in_oneof(),
        FieldForm::message(3, "inherit", &INHERIT).in_oneof(),
    ]
);

form!(ADMIT_RULE, "AdmitRule", [hash32(1, "fingerprints").repeated(ADMITTED_KEYS_MAX)]);

form!(RETENTION_RULE, "RetentionRule", [FieldForm::varint(1, "age_ms"), FieldForm::varint(2, "count")]);

form!(
    AUTHORISATION,
    "Authorisation",
    [
        FieldForm::message(1, "write", &WRITE_RULE),
        FieldForm::message(2, "add", &ADD_RULE),
        FieldForm::message(3, "read", &READ_RULE),
        FieldForm::message(4, "admit", &ADMIT_RULE),
        FieldForm::message(5, "retain", &RETENTION_RULE),
    ]
);

form!(
    CONFIDENTIALITY,
    "Confidentiality",
    [hash32(1, "read_key_id").required(), hash32(2, "random").required(), hash32(3, "commitment").required(),]
);

form!(
    WRAPPED_KEY,
    "WrappedKey",
    [
        hash32(1, "read_key_id").required(),
        hash32(2, "recipient").required(),
        FieldForm::bytes(3, "wrapped").at_most(WRAPPED_KEY_BYTES_MAX).required(),
    ]
);

form!(ROOTS, "Roots", [FieldForm::message(1, "roots", &PUBLIC_KEY).repeated(ROOTS_MAX).required()]);

form!(KEY_CHANGE, "KeyChange", [hash32(1, "fingerprint").required(), FieldForm::message(2, "successor", &PUBLIC_KEY),]);

form!(
    EVENT_HEADER,
    "EventHeader",
    [
        FieldForm::magic(magics::EVENT_HEADER),
        FieldForm::one_of(2, "kind", KINDS).required(),
        id16(3, "primary_key"),
        id16(4, "parent"),
        id16(5, "collection"),
        FieldForm::message(6, "authorisation", &AUTHORISATION),
        FieldForm::message(7, "confidentiality", &CONFIDENTIALITY),
        FieldForm::message(8, "public_keys", &PUBLIC_KEY).repeated(PUBLIC_KEYS_MAX),
        FieldForm::message(9, "wrapped_keys", &WRAPPED_KEY).repeated(WRAPPED_KEYS_MAX),
        hash32(10, "sign_with").repeated(SIGNERS_MAX - 1),
        hash32(11, "author"),
        text(12, "type").at_most(TYPE_NAME_BYTES_MAX),
        id16(13, "reply_to"),
        FieldForm::varint(14, "time_unix_ms"),
        FieldForm::message(15, "genesis", &GENESIS),
        boolean(16, "moves"),
        FieldForm::message(17, "roots", &ROOTS),
        FieldForm::message(18, "key_change", &KEY_CHANGE),
        id16(19, "label"),
        FieldForm::bytes(20, "auth_answer"),
        FieldForm::bytes(21, "server_identity"),
        FieldForm::message(22, "snapshot", &SNAPSHOT),
        FieldForm::message(23, "redaction", &REDACTION),
        hash32(30, "data_hash"),
        FieldForm::varint(31, "data_bytes"),
    ]
);

form!(
    EVENT,
    "Event",
    [
        FieldForm::bytes(1, "header").required(),
        FieldForm::bytes(2, "data"),
        id16(3, "salt"),
        FieldForm::one_of(4, "data_state", &[1, 2, 3, 4]),
        FieldForm::varint(5, "redaction"),
    ]
);

form!(CHAIN_UNCHANGED, "ChainUnchanged", [FieldForm::varint(1, "since_sequence")]);
form!(LANDS_BEFORE, "LandsBefore", [FieldForm::varint(1, "sequence").required()]);
form!(KEY_UNCHANGED, "KeyUnchanged", [id16(1, "primary_key").required(), FieldForm::varint(2, "since_sequence"),]);
form!(FENCE, "Fence", [id16(1, "primary_key").required(), FieldForm::varint(2, "token").required()]);

form!(
    PRECONDITION,
    "Precondition",
    [
        FieldForm::message(1, "chain_unchanged", &CHAIN_UNCHANGED).in_oneof(),
        FieldForm::message(2, "lands_before", &LANDS_BEFORE).in_oneof(),
        FieldForm::message(3, "key_unchanged", &KEY_UNCHANGED).in_oneof(),
        FieldForm::message(4, "fence", &FENCE).in_oneof(),
    ]
);

form!(
    SEAL_HEADER,
    "SealHeader",
    [
        FieldForm::magic(magics::SEAL_HEADER),
        hash32(2, "chain_id").required(),
        hash32(3, "writer_id").required(),
        hash32(4, "fingerprint").required(),
        id16(5, "writer_salt").required(),
        FieldForm::varint(6, "counter"),
        hash32(7, "previous"),
        uint32(8, "events").required(),
        hash32(9, "events_root").required(),
        FieldForm::varint(10, "as_of_size"),
        hash32(11, "as_of_root"),
        FieldForm::message(12, "preconditions", &PRECONDITION).repeated(PRECONDITIONS_MAX),
    ]
);

form!(
    SEAL,
    "Seal",
    [
        FieldForm::bytes(1, "header").required(),
        FieldForm::message(2, "signatures", &SIGNATURE).repeated(SIGNERS_MAX),
        FieldForm::message(3, "public_keys", &PUBLIC_KEY).repeated(SIGNERS_MAX),
        FieldForm::bytes(4, "delegations").at_most(DELEGATION_BYTES_MAX).repeated(DELEGATIONS_MAX),
    ]
);

form!(
    COMMIT_HEADER,
    "CommitHeader",
    [
        FieldForm::magic(magics::COMMIT_HEADER),
        FieldForm::varint(2, "commit"),
        FieldForm::varint(3, "first_sequence"),
        uint32(4, "events").required(),
        FieldForm::varint(5, "time_unix_ms").required(),
        hash32(6, "seal_hash").required(),
    ]
);

form!(
    COMMIT,
    "Commit",
    [
        FieldForm::bytes(1, "header").required(),
        hash32(2, "tree_root"),
        FieldForm::new(13, "batch_bytes", Kind::Fixed32).required(),
        FieldForm::new(14, "durable_offset", Kind::Fixed64),
        FieldForm::new(15, "crc32", Kind::Fixed32).present().required(),
    ]
);

form!(
    IDENTITY_ROTATION_HEADER,
    "IdentityRotationHeader",
    [
        FieldForm::magic(magics::IDENTITY_ROTATION_HEADER),
        FieldForm::message(2, "old_identity", &PUBLIC_KEY).required(),
        FieldForm::message(3, "new_identity", &PUBLIC_KEY).required(),
        FieldForm::varint(4, "time_unix_ms").required(),
    ]
);

form!(
    IDENTITY_ROTATION,
    "IdentityRotation",
    [
        FieldForm::bytes(1, "header").at_most(8_192).required(),
        FieldForm::message(2, "old_signature", &SIGNATURE).required(),
        FieldForm::message(3, "new_signature", &SIGNATURE).required(),
    ]
);
