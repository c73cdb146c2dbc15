//! The strict forms of what both ends of the tunnel seal.

use crate::encoding::form_fields::{form, hash32, id16, uint32};
use crate::encoding::forms::{PUBLIC_KEY, SIGNATURE, magics};
use crate::encoding::strict::{FieldForm, MessageForm};
use crate::limits::IDENTITY_ROTATIONS_MAX;

const FRAME_TYPES: &[u64] = &[1, 2, 3, 4, 5];

form!(
    // A client makes them, and reads none.
    #[cfg(test)]
    KEY_SHARE,
    "KeyShare",
    [uint32(1, "kem").required(), FieldForm::bytes(2, "public_key").at_most(4_096).required(),]
);

form!(
    // A client makes them, and reads none.
    #[cfg(test)]
    CLIENT_HELLO,
    "ClientHello",
    [
        FieldForm::magic(magics::CLIENT_HELLO),
        hash32(2, "random").required(),
        uint32(3, "key_bits").required(),
        FieldForm::message(4, "shares", &KEY_SHARE).repeated(8).required(),
    ]
);

form!(
    SERVER_HELLO,
    "ServerHello",
    [FieldForm::bytes(1, "parameters").required(), FieldForm::bytes(2, "sealed_proof").at_most(327_680).required(),]
);

form!(
    SERVER_PARAMETERS,
    "ServerParameters",
    [
        FieldForm::magic(magics::SERVER_PARAMETERS),
        uint32(2, "key_bits").required(),
        id16(3, "session_id").required(),
        uint32(4, "kem").required(),
        FieldForm::bytes(5, "encapsulated").at_most(4_096).required(),
        FieldForm::sized(6, "sealed_secret", 48).required(),
    ]
);

form!(
    SERVER_PROOF,
    "ServerProof",
    [
        FieldForm::magic(magics::SERVER_PROOF),
        FieldForm::bytes(2, "identity").required(),
        FieldForm::message(3, "signature", &SIGNATURE).required(),
        hash32(4, "finished").required(),
    ]
);

form!(
    SERVER_IDENTITY,
    "ServerIdentity",
    [
        FieldForm::magic(magics::SERVER_IDENTITY),
        FieldForm::message(2, "key", &PUBLIC_KEY).required(),
        FieldForm::bytes(3, "rotations").at_most(16_384).repeated(IDENTITY_ROTATIONS_MAX),
        FieldForm::varint(4, "lifetime_ms").required(),
        FieldForm::varint(5, "idle_ms").required(),
        FieldForm::varint(6, "bytes_max").required(),
    ]
);

form!(
    // A client makes them, and reads none.
    #[cfg(test)]
    CLIENT_FINISHED,
    "ClientFinished",
    [FieldForm::magic(magics::CLIENT_FINISHED), hash32(2, "finished").required(),]
);

form!(
    // A client makes them, and reads none.
    #[cfg(test)]
    CALL_REQUEST,
    "CallRequest",
    [
        id16(1, "session_id"),
        FieldForm::varint(2, "call"),
        id16(3, "random"),
        FieldForm::one_of(4, "type", FRAME_TYPES).required(),
        FieldForm::bytes(5, "ciphertext").required(),
    ]
);

form!(
    CALL_RESPONSE,
    "CallResponse",
    [
        id16(1, "random"),
        FieldForm::one_of(2, "type", FRAME_TYPES).required(),
        FieldForm::bytes(3, "ciphertext").required(),
    ]
);
