//! Which key is made from what: docs/wire.md, "Handshake" and "Calls".

use hmac::Mac as _;
use zeroize::Zeroizing;

use crate::crypto::hashes::{Hash, tagged_hash, tagged_info};
use crate::crypto::hpke::{hkdf_expand, hkdf_extract, hmac};
use crate::error::Result;

/// A secret of 32 bytes, wiped when it is dropped.
pub(crate) type Secret = Zeroizing<[u8; 32]>;

fn tag(name: &str) -> String {
    format!("atedb/v1/wire-{name}")
}

/// Hashes the transcript so far and what was added, under the name of the step.
pub(crate) fn transcript(name: &str, parts: &[&[u8]]) -> Hash {
    tagged_hash(&tag(name), parts)
}

/// The `info` of a key: length of the tag in one byte, tag, and what else it is for.
pub(crate) fn info(name: &str, parts: &[&[u8]]) -> Vec<u8> {
    tagged_info(&tag(name), parts)
}

/// Makes a secret.
pub(crate) fn expand(key: &[u8; 32], name: &str, parts: &[&[u8]]) -> Secret {
    hkdf_expand(key, &info(name, parts))
}

/// Makes a key for AES-GCM, of 128, 192 or 256 bits.
pub(crate) fn expand_key(key: &[u8; 32], key_bits: u64, name: &str) -> Zeroizing<Vec<u8>> {
    let info = info(name, &[]);
    // HKDF's output for a shorter length is a prefix of that for a longer one.
    let longest = hkdf_expand::<32>(key, &info);
    let bytes = if key_bits == 128 {
        16
    } else if key_bits == 192 {
        24
    } else {
        32
    };
    Zeroizing::new(longest[..bytes].to_vec())
}

/// What both ends make of the secret that one has sent to the other.
pub(crate) struct HandshakeKeys {
    secret: Secret,
    key_bits: u64,
}

impl HandshakeKeys {
    pub fn new(secret: &[u8], parameters_hash: &Hash, key_bits: u64) -> Self {
        HandshakeKeys { secret: hkdf_extract(parameters_hash, secret), key_bits }
    }

    /// The key that the server's proof, and nothing else, is sealed with.
    pub fn proof_key(&self) -> Zeroizing<Vec<u8>> {
        expand_key(&self.secret, self.key_bits, "proof-key")
    }

    /// The MAC of the client's end over a transcript.
    pub fn client_finished(&self, transcript_hash: &Hash) -> Result<Hash> {
        let key = expand(&self.secret, "client-finished", &[]);
        Ok(hmac(key.as_ref(), transcript_hash)?.finalize().into_bytes().into())
    }

    /// Whether a MAC is the server's over a transcript; compared in constant time.
    pub fn is_server_finished(&self, transcript_hash: &Hash, mac: &[u8]) -> Result<bool> {
        let key = expand(&self.secret, "server-finished", &[]);
        Ok(hmac(key.as_ref(), transcript_hash)?.verify_slice(mac).is_ok())
    }

    /// The secrets of the session, of the whole transcript.
    pub fn session_secrets(&self, transcript_hash: &Hash) -> SessionSecrets {
        let master = expand(&self.secret, "master", &[transcript_hash]);
        SessionSecrets {
            client_root: expand(&master, "client-root", &[]),
            server_root: expand(&master, "server-root", &[]),
            exporter: expand(&master, "exporter", &[]),
        }
    }
}

/// The roots of a session's keys, and the exporter, which proofs of keys are tied to.
#[derive(Clone)]
pub(crate) struct SessionSecrets {
    pub client_root: Secret,
    pub server_root: Secret,
    pub exporter: Secret,
}

impl SessionSecrets {
    /// The first secret of what the client sends in a call.
    pub fn client_secret(&self, call: u64, client_random: &[u8]) -> Secret {
        expand(&self.client_root, "call", &[&call.to_be_bytes(), client_random])
    }

    /// The first secret of what the server sends in it.
    pub fn server_secret(&self, call: u64, client_random: &[u8], server_random: &[u8]) -> Secret {
        expand(&self.server_root, "call", &[&call.to_be_bytes(), client_random, server_random])
    }
}
