//! Keys: what signatures are verified with, what secrets are encrypted to, and the pairs that they are halves of.

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use zeroize::Zeroizing;

use crate::crypto::composite::{self, SEED_BYTES, Signer, Suite};
use crate::crypto::domains::HASH_KEY;
use crate::crypto::hashes::{Hash, tagged_hash};
use crate::crypto::hpke::{hpke_open, hpke_seal};
use crate::crypto::kem::{KEM_SEED_BYTES, Kem, KemPrivateKey};
use crate::crypto::{ed25519, hex, random};
use crate::encoding::fields::FieldWriter;
use crate::encoding::message::Message;
use crate::error::{Error, Result};
use crate::reason::Reason;

/// What names a key: the hash of all of it.
pub type Fingerprint = Hash;

const KEM_SUITE_MLKEM768_X25519: u64 = 1;
const USER_KEM: Kem = Kem::MlKem768X25519;

fn unfit(what: impl fmt::Display) -> Error {
    Error::new(Reason::RequestInvalid, format!("{what}; use a key pair that was made as its suite says"))
}

fn check_length(what: &str, data: &[u8], length: usize) -> Result<()> {
    if data.len() == length {
        return Ok(());
    }
    let why = format!("a {what} is {length} bytes, and this is {}", data.len());
    Err(Error::new(Reason::RequestInvalid, why).with("bytes", data.len()).with("length", length))
}

/// A public key, named by its fingerprint.
#[derive(Clone)]
pub struct PublicKey(Arc<Parts>);

struct Parts {
    suite: Suite,
    key: Bytes,
    /// Empty: it can only sign.
    kem_key: Bytes,
    fingerprint: Fingerprint,
}

impl PublicKey {
    /// Takes the parts of a key. Fails with UNSUPPORTED, and REQUEST_INVALID for what is none.
    pub(crate) fn new(suite: u64, key: Bytes, kem_suite: u64, kem_key: Bytes) -> Result<Self> {
        let suite = Suite::from_number(suite)?;
        check_length(&format!("public key of the suite {}", suite.name()), &key, suite.public_key_bytes())?;
        if let Some(fault) = ed25519::point_fault(&key[suite.mldsa_key_bytes()..]) {
            return Err(unfit(format_args!("the Ed25519 half of a public key {fault}")));
        }
        if (kem_suite == 0) != kem_key.is_empty() {
            return Err(unfit("a public key has one of KEM suite and KEM key, and not the other"));
        }
        let (number, kem_number) = ([suite.number() as u8], [kem_suite as u8]);
        if kem_suite != 0 {
            if kem_suite != KEM_SUITE_MLKEM768_X25519 {
                let why = format!("KEM suite {kem_suite} is not known here; a newer client may know it");
                return Err(Error::new(Reason::Unsupported, why).with("kem_suite", kem_suite));
            }
            check_length("KEM key", &kem_key, USER_KEM.public_key_bytes())?;
            if let Some(fault) = USER_KEM.key_fault(&kem_key) {
                return Err(unfit(format_args!("the KEM key of a public key {fault}")));
            }
        }
        let fingerprint = tagged_hash(HASH_KEY, &[&number, &key, &kem_number, &kem_key]);
        Ok(PublicKey(Arc::new(Parts { suite, key, kem_key, fingerprint })))
    }

    /// Reads a PublicKey message in the strict form. Fails as `new`.
    pub(crate) fn parse(message: Bytes) -> Result<Self> {
        let message = Message::parse(message)?;
        PublicKey::new(message.number(1), message.bytes(2), message.number(3), message.bytes(4))
    }

    /// Serialises it as a PublicKey message.
    pub(crate) fn message(&self) -> Vec<u8> {
        let kem_suite = if self.0.kem_key.is_empty() { 0 } else { KEM_SUITE_MLKEM768_X25519 };
        FieldWriter::new()
            .varint(1, self.0.suite.number())
            .bytes(2, &self.0.key)
            .varint(3, kem_suite)
            .bytes(4, &self.0.kem_key)
            .finish()
    }

    /// The algorithms of its signatures.
    #[must_use]
    pub fn suite(&self) -> Suite {
        self.0.suite
    }

    /// What it is named by.
    #[must_use]
    pub fn fingerprint(&self) -> Fingerprint {
        self.0.fingerprint
    }

    /// Whether secrets can be encrypted to it.
    #[must_use]
    pub fn can_encrypt(&self) -> bool {
        !self.0.kem_key.is_empty()
    }

    pub(crate) fn key(&self) -> &Bytes {
        &self.0.key
    }

    pub(crate) fn kem_key(&self) -> &Bytes {
        &self.0.kem_key
    }

    /// Whether a signature, which may be any bytes, is this key's over a message for a purpose.
    pub(crate) fn verify(&self, context: &str, message: &[u8], signature: &[u8]) -> bool {
        composite::verify(self.0.suite, &self.0.key, context, message, signature)
    }

    /// Encrypts a secret to the key's owner. Fails with REQUEST_INVALID for a key that can only sign.
    pub(crate) fn seal_to(&self, info: &[u8], aad: &[u8], plaintext: &[u8]) -> Result<Vec<u8>> {
        if !self.can_encrypt() {
            let name = hex(&self.0.fingerprint);
            let why = format!("nothing can be encrypted to the key {name}: it can only sign");
            return Err(Error::new(Reason::RequestInvalid, why).with("fingerprint", name));
        }
        hpke_seal(USER_KEM, &self.0.kem_key, info, aad, plaintext)
    }
}

impl PartialEq for PublicKey {
    fn eq(&self, other: &Self) -> bool {
        self.0.fingerprint == other.0.fingerprint
    }
}

impl Eq for PublicKey {}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicKey({})", hex(&self.0.fingerprint))
    }
}

/// A public key with its secrets, which are wiped when the last copy is dropped.
#[derive(Clone)]
pub struct KeyPair(Arc<Secrets>);

struct Secrets {
    seed: Zeroizing<[u8; SEED_BYTES]>,
    kem_seed: Option<Zeroizing<[u8; KEM_SEED_BYTES]>>,
    signer: Signer,
    kem: Option<KemPrivateKey>,
    public_key: PublicKey,
}

/// The seeds of a pair: ML-DSA's 32 bytes and Ed25519's 32; and 32 that have nothing to do with them, unless it can only sign.
pub(crate) type Seeds = (Zeroizing<[u8; SEED_BYTES]>, Option<Zeroizing<[u8; KEM_SEED_BYTES]>>);

impl KeyPair {
    /// Makes a new pair. Fails with INTERNAL where the system gives no random bytes.
    pub fn generate(suite: Suite) -> Result<Self> {
        KeyPair::from_seeds(suite, (Zeroizing::new(random()?), Some(Zeroizing::new(random()?))))
    }

    /// The pair that follows from seeds.
    pub(crate) fn from_seeds(suite: Suite, (seed, kem_seed): Seeds) -> Result<Self> {
        let signer = Signer::new(suite, &seed);
        let kem = kem_seed.as_ref().and_then(|seed| KemPrivateKey::new(USER_KEM, seed));
        let kem_key = kem.as_ref().map_or_else(Bytes::new, |kem| Bytes::copy_from_slice(kem.public_key()));
        let kem_suite = if kem.is_some() { KEM_SUITE_MLKEM768_X25519 } else { 0 };
        let public_key = PublicKey::new(suite.number(), signer.public_key().into(), kem_suite, kem_key)?;
        Ok(KeyPair(Arc::new(Secrets { seed, kem_seed, signer, kem, public_key })))
    }

    /// The half that others may know.
    #[must_use]
    pub fn public_key(&self) -> &PublicKey {
        &self.0.public_key
    }

    /// Of its public key.
    #[must_use]
    pub fn fingerprint(&self) -> Fingerprint {
        self.0.public_key.fingerprint()
    }

    /// Signs for a purpose. Two signatures of one message differ.
    pub(crate) fn sign(&self, context: &str, message: &[u8]) -> Result<Vec<u8>> {
        self.0.signer.sign(context, message)
    }

    /// Opens what `seal_to` has made for this key; None for anything else, and for a key that can only sign.
    pub(crate) fn open_sealed(&self, info: &[u8], aad: &[u8], sealed: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        hpke_open(self.0.kem.as_ref()?, info, aad, sealed)
    }

    /// The seeds, from which all else follows. Secrets: who has them can sign, and open what is sealed to it.
    pub(crate) fn seeds(&self) -> Seeds {
        (self.0.seed.clone(), self.0.kem_seed.clone())
    }
}

impl fmt::Debug for KeyPair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyPair({})", hex(&self.fingerprint()))
    }
}
