//! A handshake, as its client sees it (docs/wire.md, "Handshake").

use std::collections::BTreeMap;

use bytes::Bytes;
use zeroize::Zeroizing;

use crate::crypto::domains::CONTEXT_WIRE;
use crate::crypto::hashes::Hash;
use crate::crypto::hpke::{ZERO_NONCE, aes_gcm_open, hpke_open};
use crate::crypto::kem::{KEM_SEED_BYTES, Kem, KemPrivateKey};
use crate::crypto::keys::PublicKey;
use crate::crypto::{array, random};
use crate::encoding::fields::FieldWriter;
use crate::encoding::forms::magics;
use crate::encoding::message::Message;
use crate::encoding::strict::MessageForm;
use crate::encoding::wire_forms;
use crate::error::{Error, Result};
use crate::events::seal::Signature;
use crate::reason::Reason;
use crate::tunnel::key_schedule::{HandshakeKeys, info, transcript};
use crate::tunnel::session::{ClientSession, SessionTerms};

pub(crate) const KEY_SIZES: [u64; 3] = [128, 192, 256];

/// The refusal of a server's part of a handshake: nothing may be sent to such a server.
pub(crate) fn handshake_failed(why: impl std::fmt::Display) -> Error {
    let message = format!(
        "the handshake has failed: {why}. Something was changed on the way, or one end has a defect; try again, and find out if \
         it stays so"
    );
    Error::new(Reason::WireHandshakeFailed, message)
}

/// The KEM that is as strong as keys of a size.
fn kem_for(key_bits: u64) -> Kem {
    if key_bits == 256 { Kem::MlKem1024P384 } else { Kem::MlKem768X25519 }
}

/// What a server has proven, and the session that comes of it.
pub(crate) struct FinishedHandshake {
    /// The server's. Who it should be is for the caller to say, before it sends `finished`.
    pub identity: PublicKey,
    /// IdentityRotation messages, oldest first: not looked into here.
    pub rotations: Vec<Bytes>,
    /// A serialised ClientFinished, to be sent.
    pub finished: Vec<u8>,
    pub session: ClientSession,
}

/// A handshake. For one use.
pub(crate) struct ClientHandshake {
    key_bits: u64,
    keys: BTreeMap<Kem, KemPrivateKey>,
    /// A serialised ClientHello.
    pub hello: Vec<u8>,
}

/// What a handshake takes of chance: the hello's random bytes, and a seed for each share, by the number of its KEM.
pub(crate) struct HandshakeRandom {
    pub hello: [u8; 32],
    pub seeds: Vec<Zeroizing<[u8; KEM_SEED_BYTES]>>,
}

impl ClientHandshake {
    /// Makes keys for it.
    ///
    /// `key_bits`: the smallest size of keys that is taken. `shares_up_to`: the largest that a share is sent for.
    pub fn new(key_bits: u64, shares_up_to: u64) -> Result<Self> {
        let seeds = (0..KEY_SIZES.len()).map(|_| random().map(Zeroizing::new)).collect::<Result<_>>()?;
        ClientHandshake::with(key_bits, shares_up_to, HandshakeRandom { hello: random()?, seeds })
    }

    /// The same with fixed randomness.
    pub fn with(key_bits: u64, shares_up_to: u64, random: HandshakeRandom) -> Result<Self> {
        let sizes =
            KEY_SIZES.into_iter().filter(|size| *size == key_bits || (key_bits < *size && *size <= shares_up_to));
        let mut offered: Vec<Kem> = sizes.map(kem_for).collect();
        offered.sort_by_key(|kem| kem.number());
        offered.dedup();
        let mut keys = BTreeMap::new();
        let mut hello = FieldWriter::magic(magics::CLIENT_HELLO).bytes(2, &random.hello).varint(3, key_bits);
        for (kem, seed) in offered.into_iter().zip(&random.seeds) {
            let key = KemPrivateKey::new(kem, seed).ok_or_else(|| handshake_failed("a seed has made no key"))?;
            let share = FieldWriter::new().varint(1, u64::from(kem.number())).bytes(2, key.public_key());
            hello = hello.message(4, &share.finish());
            keys.insert(kem, key);
        }
        Ok(ClientHandshake { key_bits, keys, hello: hello.finish() })
    }

    /// Takes the server's hello: it is for ours, from the owner of the identity key that it names, and nothing was changed.
    ///
    /// Fails with WIRE_HANDSHAKE_FAILED; nothing may be sent to such a server.
    pub fn finish(self, server_hello: Bytes) -> Result<FinishedHandshake> {
        let hello = read(&wire_forms::SERVER_HELLO, server_hello)?;
        let parameters_bytes = hello.bytes(1);
        let parameters = read(&wire_forms::SERVER_PARAMETERS, parameters_bytes.clone())?;
        let key_bits = parameters.number(2);
        let key = self.chosen(key_bits, parameters.number(4))?;
        let t1 = transcript("client-hello", &[&self.hello]);
        let t2 = transcript("parameters", &[&t1, &parameters_bytes]);
        let encapsulated = parameters.bytes(5);
        if encapsulated.len() != key.kem().encapsulated_bytes() {
            return Err(handshake_failed("what the server has encapsulated has another length"));
        }
        let sealed = [encapsulated.as_ref(), &parameters.bytes(6)].concat();
        let secret = hpke_open(key, &info("secret", &[&t1]), &[], &sealed)
            .ok_or_else(|| handshake_failed("the server's secret does not open"))?;
        let keys = HandshakeKeys::new(&secret, &t2, key_bits);
        let proof_bytes = aes_gcm_open(&keys.proof_key(), &ZERO_NONCE, &t2, &hello.bytes(2))
            .ok_or_else(|| handshake_failed("the server's proof does not open"))?;
        let proof = read(&wire_forms::SERVER_PROOF, Bytes::copy_from_slice(&proof_bytes))?;
        let identity = read(&wire_forms::SERVER_IDENTITY, proof.bytes(2))?;
        let identity_key = PublicKey::parse(identity.bytes(2)).map_err(|error| handshake_failed(error.message()))?;
        let t5 = verify(&keys, &t2, &proof, &identity_key)?;
        let finished = FieldWriter::magic(magics::CLIENT_FINISHED).bytes(2, &keys.client_finished(&t5)?).finish();
        let terms = SessionTerms {
            lifetime_ms: identity.number(4),
            idle_ms: identity.number(5),
            bytes_max: identity.number(6),
        };
        let id = array(&parameters.bytes(3)).ok_or_else(|| handshake_failed("the session has no id"))?;
        let session = ClientSession::new(id, key_bits, identity_key.clone(), keys.session_secrets(&t5), terms);
        Ok(FinishedHandshake { identity: identity_key, rotations: identity.all(3).collect(), finished, session })
    }

    /// Refuses a size that is weaker than ours, or than its KEM, whoever has made it so.
    fn chosen(&self, key_bits: u64, kem: u64) -> Result<&KemPrivateKey> {
        if !KEY_SIZES.contains(&key_bits) {
            return Err(handshake_failed(format_args!("keys of {key_bits} bits are none")));
        }
        if key_bits < self.key_bits {
            let least = self.key_bits;
            let why = format!("the server has chosen keys of {key_bits} bits, and at least {least} were asked for");
            return Err(handshake_failed(why));
        }
        let chosen = Kem::from_number(kem).filter(|kem| *kem == kem_for(key_bits));
        chosen
            .and_then(|kem| self.keys.get(&kem))
            .ok_or_else(|| handshake_failed(format_args!("the server has chosen KEM {kem}, which does not fit")))
    }
}

/// Verifies the server's signature and MAC. Gives the hash of the whole transcript.
fn verify(keys: &HandshakeKeys, t2: &Hash, proof: &Message, key: &PublicKey) -> Result<Hash> {
    let t3 = transcript("identity", &[t2, &proof.bytes(2)]);
    let signature_bytes = proof.bytes(3);
    let signature = Signature::parse(signature_bytes.clone()).map_err(|error| handshake_failed(error.message()))?;
    if !signature.is_by(key, CONTEXT_WIRE, &t3) {
        return Err(handshake_failed("the signature of the server's identity key does not verify"));
    }
    let t4 = transcript("signature", &[&t3, &signature_bytes]);
    let mac = proof.bytes(4);
    if !keys.is_server_finished(&t4, &mac)? {
        return Err(handshake_failed("the server's MAC does not verify"));
    }
    Ok(transcript("finished", &[&t4, &mac]))
}

/// Reads what a server has sent; what can't be read fails the handshake.
fn read(form: &MessageForm, message: Bytes) -> Result<Message> {
    Message::parse_strict(form, message).map_err(|error| handshake_failed(error.message()))
}
