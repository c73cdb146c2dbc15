//! The hybrid KEMs of draft-ietf-hpke-pq-04: MLKEM768-X25519, which is X-Wing, and MLKEM1024-P384.
//!
//! Both secrets are hashed together, so that breaking one of them is not enough.

use ml_kem::kem::{Decapsulate as _, KeyExport as _};
use ml_kem::{B32, DecapsulationKey768, DecapsulationKey1024, EncapsulationKey768, EncapsulationKey1024, Seed};
use sha3::{Digest, Sha3_256};
use shake::Shake256;
use shake::digest::{ExtendableOutput, Update, XofReader};
use x25519_dalek::StaticSecret;
use zeroize::{Zeroize as _, Zeroizing};

use crate::crypto::{array, ed25519, random};
use crate::error::Result;

pub(crate) const KEM_SEED_BYTES: usize = 32;
const MODULUS: u16 = 3329;

/// Points of small order, on the curve or its twist.
const X25519_SMALL_ORDER: [[u8; 32]; 5] = [
    small(0),
    small(1),
    [
        0xe0, 0xeb, 0x7a, 0x7c, 0x3b, 0x41, 0xb8, 0xae, 0x16, 0x56, 0xe3, 0xfa, 0xf1, 0x9f, 0xc4, 0x6a, 0xda, 0x09,
        0x8d, 0xeb, 0x9c, 0x32, 0xb1, 0xfd, 0x86, 0x62, 0x05, 0x16, 0x5f, 0x49, 0xb8, 0x00,
    ],
    [
        0x5f, 0x9c, 0x95, 0xbc, 0xa3, 0x50, 0x8c, 0x24, 0xb1, 0xd0, 0xb1, 0x55, 0x9c, 0x83, 0xef, 0x5b, 0x04, 0x44,
        0x5c, 0xc4, 0x58, 0x1c, 0x8e, 0x86, 0xd8, 0x22, 0x4e, 0xdd, 0xd0, 0x9f, 0x11, 0x57,
    ],
    {
        let mut minus_one = ed25519::PRIME;
        minus_one[0] = 0xEC;
        minus_one
    },
];

const fn small(value: u8) -> [u8; 32] {
    let mut bytes = [0; 32];
    bytes[0] = value;
    bytes
}

/// A hybrid KEM. ML-KEM's part comes first in all encodings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kem {
    MlKem1024P384,
    MlKem768X25519,
}

impl Kem {
    /// In HPKE's registry.
    pub fn number(self) -> u16 {
        match self {
            Kem::MlKem768X25519 => 0x647A,
            Kem::MlKem1024P384 => 0x0051,
        }
    }

    pub fn from_number(number: u64) -> Option<Self> {
        [Kem::MlKem1024P384, Kem::MlKem768X25519].into_iter().find(|kem| u64::from(kem.number()) == number)
    }

    /// In key files.
    pub const KEY_FILE_NAME: &'static str = "mlkem768-x25519";

    fn label(self) -> &'static [u8] {
        match self {
            Kem::MlKem768X25519 => b"\\.//^\\",
            Kem::MlKem1024P384 => b"MLKEM1024-P384",
        }
    }

    fn mlkem_key_bytes(self) -> usize {
        match self {
            Kem::MlKem768X25519 => 1184,
            Kem::MlKem1024P384 => 1568,
        }
    }

    fn mlkem_ciphertext_bytes(self) -> usize {
        match self {
            Kem::MlKem768X25519 => 1088,
            Kem::MlKem1024P384 => 1568,
        }
    }

    fn curve_key_bytes(self) -> usize {
        match self {
            Kem::MlKem768X25519 => 32,
            Kem::MlKem1024P384 => 97,
        }
    }

    pub fn public_key_bytes(self) -> usize {
        self.mlkem_key_bytes() + self.curve_key_bytes()
    }

    /// Size of what carries the shared secret: HPKE's `enc`.
    pub fn encapsulated_bytes(self) -> usize {
        self.mlkem_ciphertext_bytes() + self.curve_key_bytes()
    }

    /// Why bytes must not be a public key; None where nothing speaks against it.
    pub fn key_fault(self, key: &[u8]) -> Option<&'static str> {
        if key.len() != self.public_key_bytes() {
            return Some("has another length");
        }
        if !has_reduced_coefficients(&key[..self.mlkem_key_bytes() - 32]) {
            return Some("has an ML-KEM half with a coefficient above 3,328");
        }
        let curve_key = &key[self.mlkem_key_bytes()..];
        match self {
            Kem::MlKem1024P384 => p384_point(curve_key).is_none().then_some("has a P-384 half that is none"),
            Kem::MlKem768X25519 => match array::<32>(curve_key) {
                Some(point) if !ed25519::is_below_prime(&point) => {
                    Some("has an X25519 half that is not canonically encoded")
                }
                Some(point) if X25519_SMALL_ORDER.contains(&point) => Some("has an X25519 half of small order"),
                _ => None,
            },
        }
    }
}

/// FIPS 203, 7.2: the modulus check.
fn has_reduced_coefficients(data: &[u8]) -> bool {
    data.chunks_exact(3).all(|three| {
        let (low, middle, high) = (u16::from(three[0]), u16::from(three[1]), u16::from(three[2]));
        (low | (middle & 0x0F) << 8) < MODULUS && (middle >> 4 | high << 4) < MODULUS
    })
}

/// Takes an uncompressed point of the curve; None for anything else.
fn p384_point(encoded: &[u8]) -> Option<p384::PublicKey> {
    if encoded.len() != 97 || encoded[0] != 4 {
        return None;
    }
    p384::PublicKey::from_sec1_bytes(encoded).ok()
}

enum Secrets {
    Small { mlkem: Box<DecapsulationKey768>, curve: StaticSecret },
    Large { mlkem: Box<DecapsulationKey1024>, curve: p384::SecretKey },
}

/// The secret half of a key that others encrypt to, from its seed. It is wiped when it is dropped.
pub(crate) struct KemPrivateKey {
    kem: Kem,
    secrets: Secrets,
    public_key: Vec<u8>,
}

impl KemPrivateKey {
    /// None where the seed makes no key: of all seeds of MLKEM1024-P384 one in 2^190, and the draft ends there, too.
    pub fn new(kem: Kem, seed: &[u8; KEM_SEED_BYTES]) -> Option<Self> {
        let mut hasher = Shake256::default();
        hasher.update(seed);
        let mut reader = hasher.finalize_xof();
        let mut mlkem_seed = Seed::default();
        reader.read(&mut mlkem_seed);
        let (secrets, mut public_key, curve_key) = match kem {
            Kem::MlKem768X25519 => {
                let mut scalar = Zeroizing::new([0; 32]);
                reader.read(scalar.as_mut());
                let mlkem = Box::new(DecapsulationKey768::from_seed(mlkem_seed));
                let public_key = mlkem.encapsulation_key().to_bytes().to_vec();
                let curve = StaticSecret::from(*scalar);
                let curve_key = x25519_dalek::PublicKey::from(&curve).to_bytes().to_vec();
                (Secrets::Small { mlkem, curve }, public_key, curve_key)
            }
            Kem::MlKem1024P384 => {
                let mut scalar = Zeroizing::new([0; 48]);
                reader.read(scalar.as_mut());
                let mlkem = Box::new(DecapsulationKey1024::from_seed(mlkem_seed));
                let public_key = mlkem.encapsulation_key().to_bytes().to_vec();
                let curve = p384::SecretKey::from_slice(scalar.as_ref()).ok()?;
                let curve_key = encoded(&curve.public_key());
                (Secrets::Large { mlkem, curve }, public_key, curve_key)
            }
        };
        mlkem_seed.zeroize();
        public_key.extend_from_slice(&curve_key);
        Some(KemPrivateKey { kem, secrets, public_key })
    }

    pub fn kem(&self) -> Kem {
        self.kem
    }

    pub fn public_key(&self) -> &[u8] {
        &self.public_key
    }

    /// The shared secret; None for what nobody can have made rightly.
    pub fn decapsulate(&self, encapsulated: &[u8]) -> Option<Zeroizing<[u8; 32]>> {
        if encapsulated.len() != self.kem.encapsulated_bytes() {
            return None;
        }
        let (ciphertext, ephemeral) = encapsulated.split_at(self.kem.mlkem_ciphertext_bytes());
        let curve_key = &self.public_key[self.kem.mlkem_key_bytes()..];
        match &self.secrets {
            Secrets::Small { mlkem, curve } => {
                let agreed = curve.diffie_hellman(&x25519_dalek::PublicKey::from(array::<32>(ephemeral)?));
                // Of small order: what both have in common is nothing.
                if !agreed.was_contributory() {
                    return None;
                }
                let mut first = mlkem.decapsulate_slice(ciphertext).ok()?;
                let secret = combine(self.kem, &first, agreed.as_bytes(), ephemeral, curve_key);
                first.zeroize();
                Some(secret)
            }
            Secrets::Large { mlkem, curve } => {
                let point = p384_point(ephemeral)?;
                let agreed = p384::ecdh::diffie_hellman(curve.to_nonzero_scalar(), point.as_affine());
                let mut first = mlkem.decapsulate_slice(ciphertext).ok()?;
                let secret = combine(self.kem, &first, agreed.raw_secret_bytes(), ephemeral, curve_key);
                first.zeroize();
                Some(secret)
            }
        }
    }
}

/// A shared secret, and `enc`.
pub(crate) type Encapsulated = (Zeroizing<[u8; 32]>, Vec<u8>);
/// A secret of the curve, and the new public key.
type Agreed = (Zeroizing<Vec<u8>>, Vec<u8>);

/// Makes a secret for the owner of a key: the shared secret, and `enc`. None for a key in which `key_fault` finds a fault.
pub(crate) fn encapsulate(kem: Kem, public_key: &[u8]) -> Result<Option<Encapsulated>> {
    if kem.key_fault(public_key).is_some() {
        return Ok(None);
    }
    let (mlkem_key, curve_key) = public_key.split_at(kem.mlkem_key_bytes());
    // FIPS 203, algorithm 20: `m` is random, and used once.
    let m = Zeroizing::new(B32::from(random::<32>()?));
    let (agreed, ephemeral_key) = match agree(kem, curve_key)? {
        Some(both) => both,
        None => return Ok(None),
    };
    let (mut encapsulated, mut first) = match kem {
        Kem::MlKem768X25519 => {
            let Some(key) = mlkem_key.try_into().ok().and_then(|key| EncapsulationKey768::new(key).ok()) else {
                return Ok(None);
            };
            let (ciphertext, secret) = key.encapsulate_deterministic(&m);
            (ciphertext.to_vec(), secret)
        }
        Kem::MlKem1024P384 => {
            let Some(key) = mlkem_key.try_into().ok().and_then(|key| EncapsulationKey1024::new(key).ok()) else {
                return Ok(None);
            };
            let (ciphertext, secret) = key.encapsulate_deterministic(&m);
            (ciphertext.to_vec(), secret)
        }
    };
    let secret = combine(kem, &first, &agreed, &ephemeral_key, curve_key);
    first.zeroize();
    encapsulated.extend_from_slice(&ephemeral_key);
    Ok(Some((secret, encapsulated)))
}

/// Agrees with a key of the curve with a new one: the secret, and the new public key.
fn agree(kem: Kem, curve_key: &[u8]) -> Result<Option<Agreed>> {
    match kem {
        Kem::MlKem768X25519 => {
            let Some(point) = array::<32>(curve_key) else {
                return Ok(None);
            };
            let secret = StaticSecret::from(*Zeroizing::new(random::<32>()?));
            let agreed = secret.diffie_hellman(&x25519_dalek::PublicKey::from(point));
            let ephemeral_key = x25519_dalek::PublicKey::from(&secret).to_bytes().to_vec();
            Ok(Some((Zeroizing::new(agreed.as_bytes().to_vec()), ephemeral_key)))
        }
        Kem::MlKem1024P384 => {
            let Some(point) = p384_point(curve_key) else {
                return Ok(None);
            };
            // One in 2^190 is no scalar of the curve.
            let secret = loop {
                let bytes = Zeroizing::new(random::<48>()?);
                if let Ok(secret) = p384::SecretKey::from_slice(bytes.as_ref()) {
                    break secret;
                }
            };
            let agreed = p384::ecdh::diffie_hellman(secret.to_nonzero_scalar(), point.as_affine());
            let shared = Zeroizing::new(agreed.raw_secret_bytes().to_vec());
            Ok(Some((shared, encoded(&secret.public_key()))))
        }
    }
}

fn combine(kem: Kem, mlkem: &[u8], agreed: &[u8], ephemeral: &[u8], curve_key: &[u8]) -> Zeroizing<[u8; 32]> {
    let mut hasher = Sha3_256::new();
    for part in [mlkem, agreed, ephemeral, curve_key, kem.label()] {
        Digest::update(&mut hasher, part);
    }
    Zeroizing::new(hasher.finalize().into())
}

fn encoded(key: &p384::PublicKey) -> Vec<u8> {
    use p384::elliptic_curve::sec1::ToSec1Point as _;
    key.to_sec1_point(false).as_bytes().to_vec()
}
