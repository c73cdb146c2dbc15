//! Tokens: a key pair and the delegations to it, as text (`delegation.proto`).

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use zeroize::Zeroizing;

use crate::crypto::array;
use crate::crypto::composite::{Suite, seed_of};
use crate::crypto::hex;
use crate::crypto::keys::{KeyPair, PublicKey};
use crate::encoding::fields::fields;
use crate::encoding::owner_forms;
use crate::encoding::strict::check_strict;
use crate::error::{Error, Result};
use crate::events::delegation::{Delegation, Right};
use crate::reason::Reason;

/// What the text of a token begins with, so that those who look for secrets where they don't belong find it.
const MARK: &str = "atedb_token_v1_";

/// What a program is given to act by delegations: a key, and a path of delegations to it. It is a secret, and is never shown.
#[derive(Clone)]
pub struct Token {
    pub(crate) key: KeyPair,
    pub(crate) right: Right,
}

impl Token {
    /// Reads the text of a token; space around it doesn't matter. Whether its delegations are signed is not verified here: the
    /// chains do that.
    ///
    /// Fails with REQUEST_INVALID for what is no token, DELEGATION_INVALID or UNSUPPORTED for what is in it. No error shows any of
    /// it.
    pub fn parse(text: &str) -> Result<Self> {
        let none = |why: &str| Error::invalid("token", format_args!("it is no token that can be used: {why}"));
        let encoded = text.trim().strip_prefix(MARK).filter(|encoded| !encoded.is_empty());
        let message = encoded.and_then(|encoded| URL_SAFE_NO_PAD.decode(encoded).ok()).map(Zeroizing::new);
        let message = message
            .ok_or_else(|| none(&format!("it begins with \"{MARK}\", and is base64url without padding behind it")))?;
        // Where it is damaged tells nothing of a secret, but helps nobody either.
        check_strict(&owner_forms::TOKEN, &message).map_err(|_| none("it is damaged"))?;
        let (mut suite, mut kem_suite) = (0, 0);
        let (mut seed, mut kem_seed) = (None, None);
        let (mut delegations, mut issuer) = (Vec::new(), Bytes::new());
        for field in fields(&message) {
            let field = field?;
            let content = message.get(field.start..field.end).unwrap_or_default();
            match field.number {
                1 => suite = field.value,
                2 => seed = seed_of(content),
                3 => kem_suite = field.value,
                4 => kem_seed = array::<32>(content).map(Zeroizing::new),
                5 => delegations.push(Delegation::parse(Bytes::copy_from_slice(content))?),
                _ => issuer = Bytes::copy_from_slice(content),
            }
        }
        if (kem_suite == 0) != kem_seed.is_none() {
            return Err(none("it has half a KEM key"));
        }
        let seed = seed.ok_or_else(|| none("it is damaged"))?;
        let key = KeyPair::from_seeds(Suite::from_number(suite)?, (seed, kem_seed))?;
        let right = Right { issuer: PublicKey::parse(issuer)?, delegations };
        let ends = right.delegations.first().zip(right.delegations.last());
        let leads = ends.is_some_and(|(first, last)| {
            first.issuer == right.issuer.fingerprint() && last.subject.fingerprint() == key.fingerprint()
        });
        if !leads {
            let why = "the delegations of the token don't lead from its issuer to its key";
            return Err(Error::new(Reason::DelegationInvalid, why));
        }
        Ok(Token { key, right })
    }

    /// The public half of its key, by which those who gave it know it.
    #[must_use]
    pub fn public_key(&self) -> &PublicKey {
        self.key.public_key()
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Token({})", hex(&self.key.fingerprint()))
    }
}
