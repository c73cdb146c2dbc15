//! Claims of names that nobody has.

use crate::crypto::domains::CONTEXT_ACT;
use crate::crypto::keys::KeyPair;
use crate::encoding::fields::FieldWriter;
use crate::encoding::forms::magics;
use crate::error::Result;
use crate::events::owner::Owner;
use crate::events::seal::Signature;

/// Fields of an act's header.
const ACCOUNT: u32 = 2;
const TIME: u32 = 5;
const USER_CREATION: u32 = 10;

/// The act that creates a user with a key and nothing else. Gives an Act message.
pub(crate) fn claim_user(owner: &Owner, key: &KeyPair, time_unix_ms: u64) -> Result<Vec<u8>> {
    let creation = FieldWriter::new().message(1, &key.public_key().message()).finish();
    let header = FieldWriter::magic(magics::ACT_HEADER)
        .bytes(ACCOUNT, owner.text.as_bytes())
        .varint(TIME, time_unix_ms)
        .message(USER_CREATION, &creation)
        .finish();
    sign_act(header, key)
}

/// An Act message, of a header that one key signs.
pub(crate) fn sign_act(header: Vec<u8>, key: &KeyPair) -> Result<Vec<u8>> {
    let signature = Signature::by(key, CONTEXT_ACT, &header)?.message();
    Ok(FieldWriter::new().bytes(1, &header).message(2, &signature).finish())
}
