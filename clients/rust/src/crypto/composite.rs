//! Composite signatures of draft-ietf-lamps-pq-composite-sigs-19: ML-DSA and Ed25519, and both halves must verify.

use ed25519_dalek::Signer as _;
use ml_dsa::signature::Keypair as _;
use ml_dsa::{B32, EncodedSignature, EncodedVerifyingKey, MlDsa44, MlDsa65, MlDsaParams, Signature, VerifyingKey};
use sha2::{Digest, Sha512};
use zeroize::Zeroizing;

use crate::crypto::{array, ed25519};
use crate::error::{Error, Result};
use crate::reason::Reason;

const PREFIX: &[u8] = b"CompositeAlgorithmSignatures2025";
pub(crate) const SEED_BYTES: usize = 64;

/// The algorithms of a key and its signatures.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Suite {
    /// ML-DSA-65 with Ed25519: what is made unless another is asked for.
    MlDsa65Ed25519,
    /// ML-DSA-44 with Ed25519: smaller; ML-DSA of NIST's category 2 instead of 3.
    MlDsa44Ed25519,
}

impl Suite {
    pub(crate) const ALL: [Suite; 2] = [Suite::MlDsa65Ed25519, Suite::MlDsa44Ed25519];

    /// Finds a suite by its number in the schema. Fails with UNSUPPORTED.
    pub(crate) fn from_number(number: u64) -> Result<Self> {
        Suite::ALL.into_iter().find(|suite| suite.number() == number).ok_or_else(|| {
            let why = format!("signature suite {number} is not known here; a newer client may know it");
            Error::new(Reason::Unsupported, why).with("suite", number)
        })
    }

    /// In `atedb.v1.SignatureSuite`.
    pub(crate) fn number(self) -> u64 {
        match self {
            Suite::MlDsa65Ed25519 => 1,
            Suite::MlDsa44Ed25519 => 2,
        }
    }

    /// In key files.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Suite::MlDsa65Ed25519 => "mldsa65-ed25519",
            Suite::MlDsa44Ed25519 => "mldsa44-ed25519",
        }
    }

    /// Part of what is signed, and the context of the ML-DSA half.
    fn label(self) -> &'static [u8] {
        match self {
            Suite::MlDsa65Ed25519 => b"COMPSIG-MLDSA65-Ed25519-SHA512",
            Suite::MlDsa44Ed25519 => b"COMPSIG-MLDSA44-Ed25519-SHA512",
        }
    }

    pub(crate) fn mldsa_key_bytes(self) -> usize {
        match self {
            Suite::MlDsa65Ed25519 => 1952,
            Suite::MlDsa44Ed25519 => 1312,
        }
    }

    fn mldsa_signature_bytes(self) -> usize {
        match self {
            Suite::MlDsa65Ed25519 => 3309,
            Suite::MlDsa44Ed25519 => 2420,
        }
    }

    /// Of a whole key: ML-DSA's part, then Ed25519's.
    pub(crate) fn public_key_bytes(self) -> usize {
        self.mldsa_key_bytes() + 32
    }

    /// What both halves sign (the draft's M').
    fn representative(self, context: &str, message: &[u8]) -> Vec<u8> {
        let hashed = Sha512::digest(message);
        let length = [context.len() as u8];
        [PREFIX, self.label(), &length, context.as_bytes(), hashed.as_slice()].concat()
    }
}

/// Whether both halves of a signature, which may be any bytes, are a key's over a message for a purpose.
pub(crate) fn verify(suite: Suite, public_key: &[u8], context: &str, message: &[u8], signature: &[u8]) -> bool {
    let middle = suite.mldsa_signature_bytes();
    if signature.len() != middle + 64 || public_key.len() != suite.public_key_bytes() {
        return false;
    }
    let signed = suite.representative(context, message);
    let (mldsa_key, ed25519_key) = public_key.split_at(suite.mldsa_key_bytes());
    let (mldsa_signature, ed25519_signature) = signature.split_at(middle);
    ed25519::verify(ed25519_key, &signed, ed25519_signature)
        && match suite {
            Suite::MlDsa65Ed25519 => verify_mldsa::<MlDsa65>(mldsa_key, &signed, suite.label(), mldsa_signature),
            Suite::MlDsa44Ed25519 => verify_mldsa44(mldsa_key, &signed, suite.label(), mldsa_signature),
        }
}

/// Whether a signature is an ML-DSA-44 key's over a message, with a context.
pub(crate) fn verify_mldsa44(key: &[u8], message: &[u8], context: &[u8], signature: &[u8]) -> bool {
    verify_mldsa::<MlDsa44>(key, message, context, signature)
}

fn verify_mldsa<P: MlDsaParams>(key: &[u8], message: &[u8], context: &[u8], signature: &[u8]) -> bool {
    let (Ok(key), Ok(signature)) =
        (EncodedVerifyingKey::<P>::try_from(key), EncodedSignature::<P>::try_from(signature))
    else {
        return false;
    };
    Signature::<P>::decode(&signature)
        .is_some_and(|signature| VerifyingKey::<P>::decode(&key).verify_with_context(message, context, &signature))
}

enum MlDsaKey {
    Of65(Box<ml_dsa::SigningKey<MlDsa65>>),
    Of44(Box<ml_dsa::SigningKey<MlDsa44>>),
}

/// The secrets of a key, from its seed. They are wiped when it is dropped.
pub(crate) struct Signer {
    suite: Suite,
    mldsa: MlDsaKey,
    ed25519: ed25519_dalek::SigningKey,
}

impl Signer {
    /// Takes a seed: ML-DSA's 32 bytes, then Ed25519's.
    pub fn new(suite: Suite, seed: &[u8; SEED_BYTES]) -> Self {
        let (mut first, mut second) = (Zeroizing::new(B32::default()), Zeroizing::new([0; 32]));
        first.copy_from_slice(&seed[..32]);
        second.copy_from_slice(&seed[32..]);
        let mldsa = match suite {
            Suite::MlDsa65Ed25519 => MlDsaKey::Of65(Box::new(ml_dsa::SigningKey::from_seed(&first))),
            Suite::MlDsa44Ed25519 => MlDsaKey::Of44(Box::new(ml_dsa::SigningKey::from_seed(&first))),
        };
        Signer { suite, mldsa, ed25519: ed25519_dalek::SigningKey::from_bytes(&second) }
    }

    /// The encoded public key that belongs to it.
    pub fn public_key(&self) -> Vec<u8> {
        let mut key = match &self.mldsa {
            MlDsaKey::Of65(key) => key.verifying_key().encode().to_vec(),
            MlDsaKey::Of44(key) => key.verifying_key().encode().to_vec(),
        };
        key.extend_from_slice(self.ed25519.verifying_key().as_bytes());
        key
    }

    /// Signs with both halves. Two signatures of one message differ. Fails with INTERNAL without randomness.
    pub fn sign(&self, context: &str, message: &[u8]) -> Result<Vec<u8>> {
        let signed = self.suite.representative(context, message);
        let mut signature = match &self.mldsa {
            MlDsaKey::Of65(key) => sign_mldsa(key, &signed, self.suite.label())?,
            MlDsaKey::Of44(key) => sign_mldsa(key, &signed, self.suite.label())?,
        };
        signature.extend_from_slice(&self.ed25519.sign(&signed).to_bytes());
        Ok(signature)
    }
}

/// FIPS 204, algorithm 2, hedged.
fn sign_mldsa<P: MlDsaParams>(key: &ml_dsa::SigningKey<P>, message: &[u8], context: &[u8]) -> Result<Vec<u8>> {
    let signature = key.expanded_key().sign_randomized(message, context, &mut getrandom::SysRng);
    let signature =
        signature.map_err(|_| Error::new(Reason::Internal, "the system gives no random bytes to sign with"))?;
    Ok(signature.encode().to_vec())
}

/// Takes a seed of the right length.
pub(crate) fn seed_of(bytes: &[u8]) -> Option<Zeroizing<[u8; SEED_BYTES]>> {
    array(bytes).map(Zeroizing::new)
}
