//! Key files (docs/format.md, "Key files"): a pair as JSON, in clear or sealed with a passphrase.

use argon2::{Algorithm, Argon2, Params, Version};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use serde_json::{Map, Value, json};
use unicode_normalization::UnicodeNormalization as _;
use zeroize::Zeroizing;

use crate::crypto::composite::{SEED_BYTES, Suite, seed_of};
use crate::crypto::domains::AAD_KEY_FILE;
use crate::crypto::hpke::{TAG_BYTES, ZERO_NONCE, aes_gcm_open, aes_gcm_seal};
use crate::crypto::kem::{KEM_SEED_BYTES, Kem};
use crate::crypto::keys::{KeyPair, PublicKey, Seeds};
use crate::crypto::{array, random};
use crate::error::{Error, Result};
use crate::events::time::is_iso_time;
use crate::reason::Reason;

const FORMAT: &str = "atedb-key-1";
const SALT_BYTES: usize = 16;

/// What making a key of a passphrase costs: Argon2id, RFC 9106.
#[derive(Clone, Copy)]
pub(crate) struct PassphraseCosts {
    pub memory_kib: u64,
    pub passes: u64,
    pub lanes: u64,
}

impl PassphraseCosts {
    /// The second recommendation of RFC 9106.
    pub const NEW: PassphraseCosts = PassphraseCosts { memory_kib: 65_536, passes: 3, lanes: 4 };

    /// Whether they are spent: a file that somebody else has made could take the whole machine.
    pub fn are_payable(self) -> bool {
        (1..=16).contains(&self.lanes)
            && (1..=64).contains(&self.passes)
            && (8 * self.lanes..=1_048_576).contains(&self.memory_kib)
    }
}

/// Decodes base64 that is as it would be encoded; None for any other.
pub(crate) fn decode_base64(text: &str) -> Option<Vec<u8>> {
    STANDARD.decode(text).ok()
}

/// Writes the text of a key file. It holds the seeds, and so is a secret, unless a passphrase seals it.
///
/// `created`: when the pair was made, as in `2026-01-31T12:00:00.000Z`. Fails with REQUEST_INVALID for an empty passphrase.
pub(crate) fn format_key_file(
    pair: &KeyPair,
    created: &str,
    passphrase: Option<&str>,
    costs: PassphraseCosts,
) -> Result<Zeroizing<String>> {
    let (seed, kem_seed) = pair.seeds();
    let public = pair.public_key();
    let mut text = Map::new();
    text.insert("format".into(), FORMAT.into());
    text.insert("suite".into(), public.suite().name().into());
    text.insert("public".into(), STANDARD.encode(public.key()).into());
    text.insert("created".into(), created.into());
    if kem_seed.is_some() {
        text.insert("kem".into(), Kem::KEY_FILE_NAME.into());
        text.insert("kemPublic".into(), STANDARD.encode(public.kem_key()).into());
    }
    match passphrase {
        Some("") => return Err(Error::new(Reason::RequestInvalid, "the passphrase is empty; choose one that is not")),
        Some(passphrase) => {
            let salt = random::<SALT_BYTES>()?;
            let key = derive_passphrase_key(passphrase, &salt, costs)?;
            let kem_part = kem_seed.as_ref().map(|seed| seed.as_slice()).unwrap_or_default();
            let seeds = Zeroizing::new([seed.as_slice(), kem_part].concat());
            let data = aes_gcm_seal(key.as_ref(), &ZERO_NONCE, &aad(public), &seeds)?;
            let sealed = json!({
                "kdf": "argon2id", "memoryKib": costs.memory_kib, "passes": costs.passes, "lanes": costs.lanes,
                "salt": STANDARD.encode(salt), "cipher": "aes-256-gcm", "data": STANDARD.encode(data),
            });
            text.insert("sealed".into(), sealed);
        }
        None => {
            text.insert("seed".into(), STANDARD.encode(*seed).into());
            if let Some(kem_seed) = kem_seed {
                text.insert("kemSeed".into(), STANDARD.encode(*kem_seed).into());
            }
        }
    }
    let written = serde_json::to_string_pretty(&text);
    let written =
        written.map_err(|error| Error::new(Reason::Internal, format!("a key file can't be written: {error}")))?;
    Ok(Zeroizing::new(written + "\n"))
}

/// Reads the text of a key file. `place` names it in errors; none shows any of the text.
///
/// Fails with UNSUPPORTED for another format or suite, REQUEST_INVALID for anything else that is not a whole and unaltered key
/// file, and for a wrong or missing passphrase.
pub(crate) fn parse_key_file(text: &str, place: &str, passphrase: Option<&str>) -> Result<KeyPair> {
    // The parser's own message may quote the text, so it is left out.
    let Ok(Value::Object(values)) = serde_json::from_str(text) else {
        return Err(refused(place, Reason::RequestInvalid, "it is not a JSON object"));
    };
    let file = File { values: &values, place };
    if file.text("format") != Some(FORMAT) {
        return Err(refused(place, Reason::Unsupported, "its format is not atedb-key-1"));
    }
    let suite = Suite::ALL.into_iter().find(|suite| Some(suite.name()) == file.text("suite"));
    let suite = suite
        .ok_or_else(|| refused(place, Reason::Unsupported, "its suite is not known; a newer client may read it"))?;
    let key = file.data("public", suite.public_key_bytes())?;
    if !file.text("created").is_some_and(is_iso_time) {
        return Err(refused(place, Reason::RequestInvalid, "\"created\" is not a time"));
    }
    let has_kem =
        ["kem", "kemSeed", "kemPublic"].iter().any(|name| values.get(*name).is_some_and(|one| !one.is_null()));
    if has_kem && file.text("kem") != Some(Kem::KEY_FILE_NAME) {
        return Err(refused(place, Reason::Unsupported, "its kem is not mlkem768-x25519"));
    }
    let kem_key =
        if has_kem { file.data("kemPublic", Kem::MlKem768X25519.public_key_bytes())? } else { Zeroizing::default() };
    let public = PublicKey::new(
        suite.number(),
        Bytes::copy_from_slice(&key),
        u64::from(has_kem),
        Bytes::copy_from_slice(&kem_key),
    )?;
    let pair = KeyPair::from_seeds(suite, file.seeds(&public, has_kem, passphrase)?)?;
    if pair.fingerprint() != public.fingerprint() {
        return Err(refused(place, Reason::RequestInvalid, "its seeds and public keys do not belong together"));
    }
    Ok(pair)
}

/// Makes a key of a passphrase. Fails with REQUEST_INVALID for costs that Argon2id doesn't know.
pub(crate) fn derive_passphrase_key(
    passphrase: &str,
    salt: &[u8],
    costs: PassphraseCosts,
) -> Result<Zeroizing<[u8; 32]>> {
    // Composed: one text is one passphrase, whichever keyboard it is typed on.
    let text = Zeroizing::new(passphrase.nfc().collect::<String>());
    let [memory, passes, lanes] =
        [costs.memory_kib, costs.passes, costs.lanes].map(|cost| u32::try_from(cost).unwrap_or(0));
    let mut key = Zeroizing::new([0; 32]);
    Params::new(memory, passes, lanes, Some(32))
        .and_then(|params| {
            let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
            argon2.hash_password_into(text.as_bytes(), salt, key.as_mut())
        })
        .map_err(|error| {
            Error::new(Reason::RequestInvalid, format!("no key can be made of the passphrase: {error}"))
        })?;
    Ok(key)
}

/// Ties sealed seeds to their key: those of another file don't open in this one.
fn aad(public: &PublicKey) -> Vec<u8> {
    [AAD_KEY_FILE.as_bytes(), &public.fingerprint()].concat()
}

fn refused(place: &str, reason: Reason, why: &str) -> Error {
    Error::new(reason, format!("{place} is not a key file that can be used: {why}")).with("path", place)
}

struct File<'a> {
    values: &'a Map<String, Value>,
    place: &'a str,
}

impl File<'_> {
    fn text(&self, name: &str) -> Option<&str> {
        self.values.get(name).and_then(Value::as_str)
    }

    fn count(&self, name: &str) -> u64 {
        self.values.get(name).and_then(Value::as_u64).unwrap_or(0)
    }

    fn data(&self, name: &str, length: usize) -> Result<Zeroizing<Vec<u8>>> {
        let data = self.text(name).and_then(decode_base64).map(Zeroizing::new);
        data.filter(|data| data.len() == length).ok_or_else(|| {
            refused(self.place, Reason::RequestInvalid, &format!("\"{name}\" is not {length} bytes in base64"))
        })
    }

    fn seeds(&self, public: &PublicKey, has_kem: bool, passphrase: Option<&str>) -> Result<Seeds> {
        let kem_bytes = if has_kem { KEM_SEED_BYTES } else { 0 };
        let seeds = if self.values.contains_key("sealed") {
            if self.values.contains_key("seed") || self.values.contains_key("kemSeed") {
                return Err(refused(self.place, Reason::RequestInvalid, "it is sealed, and has a seed in clear"));
            }
            self.open(public, passphrase, SEED_BYTES + kem_bytes)?
        } else {
            let mut seeds = self.data("seed", SEED_BYTES)?;
            if has_kem {
                seeds.extend_from_slice(&self.data("kemSeed", KEM_SEED_BYTES)?);
            }
            seeds
        };
        let (seed, kem_seed) = seeds.split_at(SEED_BYTES);
        let seed = seed_of(seed).ok_or_else(|| refused(self.place, Reason::RequestInvalid, "it has no seed"))?;
        Ok((seed, array(kem_seed).map(Zeroizing::new)))
    }

    fn open(&self, public: &PublicKey, passphrase: Option<&str>, length: usize) -> Result<Zeroizing<Vec<u8>>> {
        let refused = |reason, why| refused(self.place, reason, why);
        let Some(Value::Object(sealed)) = self.values.get("sealed") else {
            return Err(refused(Reason::RequestInvalid, "\"sealed\" is not an object"));
        };
        let inner = File { values: sealed, place: self.place };
        for (name, known) in [("kdf", "argon2id"), ("cipher", "aes-256-gcm")] {
            if inner.text(name) != Some(known) {
                return Err(refused(Reason::Unsupported, &format!("its {name} is not {known}")));
            }
        }
        let costs = PassphraseCosts {
            memory_kib: inner.count("memoryKib"),
            passes: inner.count("passes"),
            lanes: inner.count("lanes"),
        };
        if !costs.are_payable() {
            return Err(refused(Reason::RequestInvalid, "its costs are not ones that are paid"));
        }
        let salt = inner.data("salt", SALT_BYTES)?;
        let data = inner.data("data", length + TAG_BYTES)?;
        let Some(passphrase) = passphrase else {
            return Err(refused(Reason::RequestInvalid, "it is sealed with a passphrase, and none was given"));
        };
        let key = derive_passphrase_key(passphrase, &salt, costs)?;
        aes_gcm_open(key.as_ref(), &ZERO_NONCE, &aad(public), &data)
            .ok_or_else(|| refused(Reason::RequestInvalid, "the passphrase is another one, or it was altered"))
    }
}
