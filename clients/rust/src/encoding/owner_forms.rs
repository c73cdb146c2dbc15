//! The strict forms of what auth services say of owners, and of what one key lets another do.

use crate::encoding::form_fields::{KEM_SUITES, SUITES, boolean, form, hash32, id16, text};
use crate::encoding::forms::{IDENTITY_ROTATION, PUBLIC_KEY, SIGNATURE, magics};
use crate::encoding::strict::{FieldForm, MessageForm};
use crate::limits::{
    ANSWER_HEADER_BYTES_MAX, ANSWERED_CHANGES_MAX, ANSWERED_KEYS_MAX, CHAIN_KEY_BYTES_MAX, DELEGATION_BYTES_MAX,
    DELEGATION_CHAINS_MAX, DELEGATIONS_MAX, IDENTITY_ROTATIONS_MAX, OWNER_BYTES_MAX, ROOTS_MAX,
};

form!(ANSWERED_CHANGE, "AnsweredChange", [hash32(1, "fingerprint").required(), hash32(2, "successor")]);

form!(
    AUTH_ANSWER_HEADER,
    "AuthAnswerHeader",
    [
        FieldForm::magic(magics::AUTH_ANSWER_HEADER),
        text(2, "owner").at_most(OWNER_BYTES_MAX).required(),
        FieldForm::varint(3, "version"),
        FieldForm::varint(4, "issued_unix_ms").required(),
        FieldForm::varint(5, "expires_unix_ms").required(),
        FieldForm::message(6, "roots", &PUBLIC_KEY).repeated(ROOTS_MAX).required(),
        FieldForm::message(7, "writers", &PUBLIC_KEY).repeated(ANSWERED_KEYS_MAX),
        hash32(8, "admitted").repeated(ANSWERED_KEYS_MAX),
        FieldForm::message(9, "changed", &ANSWERED_CHANGE).repeated(ANSWERED_CHANGES_MAX),
        boolean(10, "unverified"),
        boolean(11, "removed"),
        FieldForm::message(12, "identity", &PUBLIC_KEY).required(),
    ]
);

form!(
    AUTH_ANSWER,
    "AuthAnswer",
    [
        FieldForm::bytes(1, "header").at_most(ANSWER_HEADER_BYTES_MAX).required(),
        FieldForm::message(2, "signature", &SIGNATURE).required(),
        FieldForm::message(3, "rotations", &IDENTITY_ROTATION).repeated(IDENTITY_ROTATIONS_MAX),
    ]
);

form!(
    DELEGATION_HEADER,
    "DelegationHeader",
    [
        FieldForm::magic(magics::DELEGATION_HEADER),
        hash32(2, "issuer").required(),
        FieldForm::message(3, "subject", &PUBLIC_KEY).required(),
        text(4, "chains").at_most(CHAIN_KEY_BYTES_MAX).repeated(DELEGATION_CHAINS_MAX).required(),
        boolean(5, "may_write"),
        boolean(6, "may_read"),
        FieldForm::varint(7, "not_before_unix_ms"),
        FieldForm::varint(8, "expires_unix_ms").required(),
        id16(9, "serial").required(),
    ]
);

form!(
    DELEGATION,
    "Delegation",
    [
        FieldForm::bytes(1, "header").at_most(8_192).required(),
        FieldForm::message(2, "signature", &SIGNATURE).required(),
        FieldForm::message(3, "possession", &SIGNATURE).required(),
    ]
);

form!(
    TOKEN,
    "Token",
    [
        FieldForm::one_of(1, "suite", SUITES).required(),
        FieldForm::sized(2, "seed", 64).required(),
        FieldForm::one_of(3, "kem_suite", KEM_SUITES),
        FieldForm::sized(4, "kem_seed", 32),
        FieldForm::bytes(5, "delegations").at_most(DELEGATION_BYTES_MAX).repeated(DELEGATIONS_MAX).required(),
        FieldForm::message(6, "issuer", &PUBLIC_KEY).required(),
    ]
);
