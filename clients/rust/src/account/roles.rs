//! Roles of groups: which includes which, and the secrets of their keys.

use zeroize::Zeroizing;

use crate::account::act_forms;
use crate::crypto::array;
use crate::crypto::composite::{Suite, seed_of};
use crate::crypto::domains::INFO_ROLE_KEY;
use crate::crypto::keys::{KeyPair, PublicKey};
use crate::encoding::fields::fields;
use crate::encoding::strict::check_strict;
use crate::error::Result;

/// Roles that each group has, the highest first: who has one has those behind it, too. Others are beside the last.
pub(super) const GROUP_ROLES: [&str; 4] = ["owner", "delegate", "contributor", "observer"];

/// Whether a role may have this name.
pub(super) fn is_role_name(name: &str) -> bool {
    let fits = |one: u8| one.is_ascii_lowercase() || one.is_ascii_digit() || one == b'-';
    name.len() <= 32 && name.bytes().next().is_some_and(|one| one.is_ascii_lowercase()) && name.bytes().all(fits)
}

/// The role just above another one; None: it is the highest.
pub(super) fn role_above(name: &str) -> Option<&'static str> {
    match GROUP_ROLES.iter().position(|role| *role == name) {
        None => Some("contributor"),
        Some(place) => place.checked_sub(1).map(|place| GROUP_ROLES[place]),
    }
}

/// Whether somebody who has one role has another one, too.
pub(super) fn includes_role(had: &str, wanted: &str) -> bool {
    had == wanted || role_above(wanted).is_some_and(|above| includes_role(had, above))
}

/// Binds a wrap to its place: moved to another group, role or key, it doesn't open.
fn role_aad(group: &str, role: &str, key: &PublicKey) -> Vec<u8> {
    [group.as_bytes(), b"\0", role.as_bytes(), b"\0", &key.fingerprint()].concat()
}

/// Seals the secret of a role's key for one who is to have it.
pub(super) fn wrap_role(pair: &KeyPair, group: &str, role: &str, recipient: &PublicKey) -> Result<Vec<u8>> {
    let aad = role_aad(group, role, pair.public_key());
    recipient.seal_to(INFO_ROLE_KEY.as_bytes(), &aad, &seeds_message(pair))
}

/// Opens the secret of a role's key; None for what is for another key, or is not the secret of that role's key: who has wrapped it may
/// have lied.
pub(super) fn open_role(group: &str, role: &str, key: &PublicKey, wrapped: &[u8], with: &KeyPair) -> Option<KeyPair> {
    let seeds = with.open_sealed(INFO_ROLE_KEY.as_bytes(), &role_aad(group, role, key), wrapped)?;
    check_strict(&act_forms::KEY_SEEDS, &seeds).ok()?;
    pair_of_seeds(&seeds).filter(|pair| pair.public_key() == key)
}

/// The KeySeeds message of a key: a secret.
pub(super) fn seeds_message(pair: &KeyPair) -> Zeroizing<Vec<u8>> {
    let (seed, kem_seed) = pair.seeds();
    // Written where it is wiped, and so without what grows.
    let mut message = Zeroizing::new(Vec::with_capacity(128));
    message.extend_from_slice(&[0x08, pair.public_key().suite().number() as u8, 0x12, 64]);
    message.extend_from_slice(seed.as_ref());
    if let Some(kem_seed) = kem_seed {
        message.extend_from_slice(&[0x18, 1, 0x22, 32]);
        message.extend_from_slice(kem_seed.as_ref());
    }
    message
}

/// The pair of a KeySeeds message, which is in the strict form; None where it is of half a KEM key.
pub(super) fn pair_of_seeds(message: &[u8]) -> Option<KeyPair> {
    let (mut suite, mut has_kem) = (0, false);
    let (mut seed, mut kem_seed) = (None, None);
    for field in fields(message) {
        let field = field.ok()?;
        let content = message.get(field.start..field.end)?;
        match field.number {
            1 => suite = field.value,
            2 => seed = seed_of(content),
            3 => has_kem = true,
            _ => kem_seed = array::<32>(content).map(Zeroizing::new),
        }
    }
    let is_whole = has_kem == kem_seed.is_some();
    KeyPair::from_seeds(Suite::from_number(suite).ok()?, (seed?, kem_seed)).ok().filter(|_| is_whole)
}
