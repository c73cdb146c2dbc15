//! HPKE (RFC 9180) in base mode with HKDF-SHA256 and AES-256-GCM, one message a context.
//!
//! The `hpke` crate knows neither KEM, so its key schedule is composed here of HKDF and AES-GCM.

use aes_gcm::aead::{AeadInOut, Buffer, KeyInit, Nonce};
use aes_gcm::aes::Aes192;
use aes_gcm::{Aes128Gcm, Aes256Gcm, AesGcm};
use hkdf::Hkdf;
use hmac::{Hmac, Mac};
use sha2::Sha256;
use zeroize::Zeroizing;

use crate::crypto::hashes::Hash;
use crate::crypto::kem::{Kem, KemPrivateKey, encapsulate};
use crate::error::{Error, Result};
use crate::reason::Reason;

type Aes192Gcm = AesGcm<Aes192, aes_gcm::aead::consts::U12>;

pub(crate) const TAG_BYTES: usize = 16;
pub(crate) const ZERO_NONCE: [u8; 12] = [0; 12];
const VERSION: &[u8] = b"HPKE-v1";
const KDF_HKDF_SHA256: u16 = 1;
const AEAD_AES_256_GCM: u16 = 2;

/// Extracts (RFC 5869, 2.2) with SHA-256.
pub(crate) fn hkdf_extract(salt: &[u8], key_material: &[u8]) -> Zeroizing<Hash> {
    let (key, _) = Hkdf::<Sha256>::extract(Some(salt), key_material);
    Zeroizing::new(key.into())
}

/// Expands (RFC 5869, 2.3) with SHA-256. The key is one that was extracted, or as long as one.
pub(crate) fn hkdf_expand<const N: usize>(key: &Hash, info: &[u8]) -> Zeroizing<[u8; N]> {
    const { assert!(N <= 255 * 32, "what HKDF gives is bounded") };
    let mut output = Zeroizing::new([0; N]);
    if let Ok(hkdf) = Hkdf::<Sha256>::from_prk(key) {
        // Neither fails: the key is as long as a hash, and the length is bounded above.
        let _ = hkdf.expand(info, output.as_mut());
    }
    output
}

/// HMAC-SHA256.
pub(crate) fn hmac(key: &[u8], message: &[u8]) -> Result<Hmac<Sha256>> {
    let mac = <Hmac<Sha256> as hmac::digest::KeyInit>::new_from_slice(key);
    let mut mac = mac.map_err(|_| Error::new(Reason::Internal, "a key of another length"))?;
    mac.update(message);
    Ok(mac)
}

/// Key and nonce of the first message (RFC 9180, 5.1).
fn key_schedule(kem: Kem, shared_secret: &[u8], info: &[u8]) -> (Zeroizing<[u8; 32]>, [u8; 12]) {
    let mut suite = b"HPKE".to_vec();
    for number in [kem.number(), KDF_HKDF_SHA256, AEAD_AES_256_GCM] {
        suite.extend_from_slice(&number.to_be_bytes());
    }
    let extract = |salt: &[u8], label: &[u8], key_material: &[u8]| {
        let labeled = Zeroizing::new([VERSION, &suite, label, key_material].concat());
        hkdf_extract(salt, &labeled)
    };
    // Base mode (0) has no pre-shared key, and so no id of one.
    let context =
        [&[0], extract(&[], b"psk_id_hash", &[]).as_slice(), extract(&[], b"info_hash", info).as_slice()].concat();
    let secret = extract(shared_secret, b"secret", &[]);
    let labeled = |label: &[u8], length: u16| [&length.to_be_bytes(), VERSION, &suite, label, &context].concat();
    (hkdf_expand(&secret, &labeled(b"key", 32)), *hkdf_expand(&secret, &labeled(b"base_nonce", 12)))
}

/// Encrypts to a key: `enc`, ciphertext, tag. Fails with REQUEST_INVALID for what is no key of the KEM.
pub(crate) fn hpke_seal(kem: Kem, public_key: &[u8], info: &[u8], aad: &[u8], plaintext: &[u8]) -> Result<Vec<u8>> {
    let Some((shared_secret, mut sealed)) = encapsulate(kem, public_key)? else {
        return Err(Error::new(Reason::RequestInvalid, "nothing can be encrypted to this: it is no KEM key"));
    };
    let (key, nonce) = key_schedule(kem, shared_secret.as_ref(), info);
    sealed.extend_from_slice(&aes_gcm_seal(key.as_ref(), &nonce, aad, plaintext)?);
    Ok(sealed)
}

/// Decrypts; None for what was made for another key or purpose, or was changed.
pub(crate) fn hpke_open(key: &KemPrivateKey, info: &[u8], aad: &[u8], sealed: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let middle = key.kem().encapsulated_bytes();
    let (encapsulated, ciphertext) = sealed.split_at_checked(middle)?;
    let shared_secret = key.decapsulate(encapsulated)?;
    let (message_key, nonce) = key_schedule(key.kem(), shared_secret.as_ref(), info);
    aes_gcm_open(message_key.as_ref(), &nonce, aad, ciphertext)
}

/// Seals with AES-GCM: ciphertext and tag. The key has 16, 24 or 32 bytes.
pub(crate) fn aes_gcm_seal(key: &[u8], nonce: &[u8; 12], aad: &[u8], plaintext: &[u8]) -> Result<Vec<u8>> {
    let mut buffer = Vec::with_capacity(plaintext.len() + TAG_BYTES);
    buffer.extend_from_slice(plaintext);
    let sealed = match key.len() {
        16 => encrypt::<Aes128Gcm>(key, nonce, aad, &mut buffer),
        24 => encrypt::<Aes192Gcm>(key, nonce, aad, &mut buffer),
        _ => encrypt::<Aes256Gcm>(key, nonce, aad, &mut buffer),
    };
    sealed
        .ok_or_else(|| Error::new(Reason::Internal, "what is to be sealed, or its key, has a length that can't be"))?;
    Ok(buffer)
}

fn encrypt<A: AeadInOut + KeyInit>(key: &[u8], nonce: &[u8; 12], aad: &[u8], buffer: &mut dyn Buffer) -> Option<()> {
    let nonce = Nonce::<A>::try_from(nonce.as_slice()).ok()?;
    A::new_from_slice(key).ok()?.encrypt_in_place(&nonce, aad, buffer).ok()
}

/// Opens ciphertext and tag; None for what was not sealed so.
pub(crate) fn aes_gcm_open(key: &[u8], nonce: &[u8; 12], aad: &[u8], sealed: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let mut buffer = Zeroizing::new(sealed.to_vec());
    match key.len() {
        16 => decrypt::<Aes128Gcm>(key, nonce, aad, &mut *buffer)?,
        24 => decrypt::<Aes192Gcm>(key, nonce, aad, &mut *buffer)?,
        _ => decrypt::<Aes256Gcm>(key, nonce, aad, &mut *buffer)?,
    }
    Some(buffer)
}

fn decrypt<A: AeadInOut + KeyInit>(key: &[u8], nonce: &[u8; 12], aad: &[u8], buffer: &mut dyn Buffer) -> Option<()> {
    let nonce = Nonce::<A>::try_from(nonce.as_slice()).ok()?;
    A::new_from_slice(key).ok()?.decrypt_in_place(&nonce, aad, buffer).ok()
}
