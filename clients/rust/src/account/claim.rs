//! Claims of names that nobody has.

use crate::account::act_forms::changes::{GROUP_CREATION, USER_CREATION};
use crate::account::roles::{GROUP_ROLES, role_above, wrap_role};
use crate::crypto::composite::Suite;
use crate::crypto::domains::CONTEXT_ACT;
use crate::crypto::keys::{KeyPair, PublicKey};
use crate::encoding::fields::FieldWriter;
use crate::encoding::forms::magics;
use crate::error::{Error, Result};
use crate::events::owner::Owner;
use crate::events::seal::Signature;
use crate::reason::Reason;

/// The act that creates an account with a key and nothing else: a user with that key, or a group with that key as its owner.
///
/// Gives an Act message.
pub(crate) fn claim(owner: &Owner, key: &KeyPair, time_unix_ms: u64) -> Result<Vec<u8>> {
    // The account, and the time.
    let header = FieldWriter::magic(magics::ACT_HEADER).bytes(2, owner.text.as_bytes()).varint(5, time_unix_ms);
    let header = if owner.is_group {
        header.message(GROUP_CREATION, &new_group(&owner.text, key.public_key())?)
    } else {
        header.message(USER_CREATION, &FieldWriter::new().message(1, &key.public_key().message()).finish())
    };
    let header = header.finish();
    let signature = Signature::by(key, CONTEXT_ACT, &header)?.message();
    Ok(FieldWriter::new().bytes(1, &header).message(2, &signature).finish())
}

/// The GroupCreation of a group: each of its roles with a new key, and one owner.
fn new_group(group: &str, owner: &PublicKey) -> Result<Vec<u8>> {
    let mut roles = Vec::new();
    for name in GROUP_ROLES {
        roles.push((name, KeyPair::generate(Suite::MlDsa65Ed25519)?));
    }
    roles.sort_unstable_by_key(|(name, _)| *name);
    let mut creation = FieldWriter::new();
    for (name, pair) in &roles {
        let mut role = FieldWriter::new().bytes(1, name.as_bytes()).message(2, &pair.public_key().message());
        let above = role_above(name).and_then(|above| roles.iter().find(|(name, _)| *name == above));
        let recipient = match above {
            Some((_, above)) => above.public_key(),
            None => {
                role = role.message(3, &FieldWriter::new().message(2, &owner.message()).finish());
                owner
            }
        };
        let wrapped = wrap_role(pair, group, name, recipient)?;
        let wrap = FieldWriter::new().bytes(1, &recipient.fingerprint()).bytes(2, &wrapped);
        creation = creation.message(1, &role.message(5, &wrap.finish()).finish());
    }
    if owner.can_encrypt() {
        return Ok(creation.finish());
    }
    Err(Error::new(
        Reason::RequestInvalid,
        "the key can only sign, and the secrets of a group's roles are encrypted to it",
    ))
}
