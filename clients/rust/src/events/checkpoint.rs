//! Checkpoints: C2SP notes under the heads of chains (docs/checkpoints.md).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;

use crate::crypto::hashes::{Hash, sha256};
use crate::crypto::key_file::decode_base64;
use crate::crypto::merkle::TreeHead;
use crate::crypto::{array, composite, ed25519, from_hex, hex};
use crate::encoding::message::Message;
use crate::error::{Error, Result};
use crate::events::seal::Signature;
use crate::limits::INTEGER_MAX;
use crate::reason::Reason;

const BYTES_MAX: usize = 131_072;
const LINES_MAX: usize = 18;
const PREFIX: &str = "atedb/";
const DASH: &str = "\u{2014}";

fn refused(why: impl std::fmt::Display) -> Error {
    Error::new(Reason::NonCanonical, format!("it is not a checkpoint of a chain: {why}"))
}

/// Which of the two keys, and lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NoteKey {
    Ed25519,
    MlDsa44,
}

/// The keys that a server signs checkpoints with.
#[derive(Clone, Debug)]
pub(crate) struct NoteKeys {
    pub ed25519: Bytes,
    pub mldsa44: Bytes,
}

impl NoteKeys {
    /// Takes raw keys. Fails with REQUEST_INVALID for what is none.
    fn new(ed25519: Bytes, mldsa44: Bytes) -> Result<Self> {
        let has_lengths = ed25519.len() == 32 && mldsa44.len() == 1312;
        let fault = if has_lengths { ed25519::point_fault(&ed25519) } else { Some("has another length") };
        match fault {
            Some(fault) => {
                Err(Error::new(Reason::RequestInvalid, format!("the keys of notes can't be used: one {fault}")))
            }
            None => Ok(NoteKeys { ed25519, mldsa44 }),
        }
    }

    /// Reads a CheckpointKeys message. Its signature is not verified. Fails with NON_CANONICAL, REQUEST_INVALID.
    pub fn parse(message: Bytes) -> Result<(Self, Signature)> {
        let parts = Message::parse(message)?;
        match (parts.get(1), parts.get(2), parts.get(3)) {
            (Some(ed25519), Some(mldsa44), Some(signature)) => {
                Ok((NoteKeys::new(ed25519, mldsa44)?, Signature::parse(signature)?))
            }
            _ => Err(Error::new(Reason::NonCanonical, "checkpoint keys are two keys and a signature")),
        }
    }

    /// The bytes that a server's identity signs.
    pub fn claim(&self) -> Vec<u8> {
        [self.ed25519.as_ref(), &self.mldsa44].concat()
    }

    /// The id of one of them on the checkpoints of a chain.
    pub fn key_id(&self, origin: &str, which: NoteKey) -> [u8; 4] {
        let (kind, key) = match which {
            NoteKey::Ed25519 => (1, &self.ed25519),
            NoteKey::MlDsa44 => (6, &self.mldsa44),
        };
        let hash = sha256(&[origin.as_bytes(), b"\n", &[kind], key].concat());
        [hash[0], hash[1], hash[2], hash[3]]
    }

    /// Whether a signature is one key's over a message; of ML-DSA pure, with an empty context.
    pub fn verify(&self, which: NoteKey, message: &[u8], signature: &[u8]) -> bool {
        match which {
            NoteKey::Ed25519 => ed25519::verify(&self.ed25519, message, signature),
            NoteKey::MlDsa44 => composite::verify_mldsa44(&self.mldsa44, message, &[], signature),
        }
    }
}

/// The name of a chain's notes and of their keys.
pub(crate) fn origin_of(chain_id: &Hash) -> String {
    format!("{PREFIX}{}", hex(chain_id))
}

/// A note's text, which the Ed25519 line signs.
pub(crate) fn note_text(chain_id: &Hash, head: &TreeHead) -> String {
    format!("{}\n{}\n{}\n", origin_of(chain_id), head.size, STANDARD.encode(head.root))
}

/// What the ML-DSA-44 line signs: the `cosigned_message` of C2SP tlog-cosignature.
pub(crate) fn cosigned(chain_id: &Hash, head: &TreeHead, time_unix_s: u64) -> Vec<u8> {
    let origin = origin_of(chain_id);
    let named = [&[origin.len() as u8], origin.as_bytes()].concat();
    let (time, zero, size) = (time_unix_s.to_be_bytes(), 0_u64.to_be_bytes(), head.size.to_be_bytes());
    [b"subtree/v1\n\0", named.as_slice(), &time, &named, &zero, &size, &head.root].concat()
}

/// A signature line of a note.
pub(crate) struct NoteSignature {
    pub name: String,
    pub key_id: [u8; 4],
    pub signature: Vec<u8>,
}

/// A checkpoint as it was read. Nothing of it is verified.
pub(crate) struct ParsedCheckpoint {
    pub chain_id: Hash,
    pub head: TreeHead,
    pub signatures: Vec<NoteSignature>,
}

impl ParsedCheckpoint {
    /// Reads a checkpoint: three lines of text, no extension lines, signature lines of anybody. Fails with NON_CANONICAL.
    pub fn parse(note: &str) -> Result<Self> {
        if note.len() > BYTES_MAX {
            return Err(refused(format_args!("it has more than {BYTES_MAX} bytes")));
        }
        if note.chars().any(|one| one < ' ' && one != '\n') {
            return Err(refused("it has a control character"));
        }
        let (text, signatures) =
            note.rsplit_once("\n\n").ok_or_else(|| refused("no empty line is before its signatures"))?;
        let [origin, size, root] = text.split('\n').collect::<Vec<_>>()[..] else {
            return Err(refused("its text has another number of lines than three"));
        };
        let digits = origin.strip_prefix(PREFIX).and_then(from_hex);
        let chain_id = digits
            .and_then(|id| array(&id))
            .ok_or_else(|| refused("its origin is not \"atedb/\" and the 64 hexadecimal digits of a chain id"))?;
        let is_decimal = !size.starts_with('0') && size.len() <= 16 && size.bytes().all(|one| one.is_ascii_digit());
        let number = size.parse().ok().filter(|number| is_decimal && (1..=INTEGER_MAX).contains(number));
        let size = number.ok_or_else(|| refused("its tree size is not a number from 1 to 2^53 - 1 in decimal"))?;
        let root = decode_base64(root).and_then(|root| array(&root));
        let root = root.ok_or_else(|| refused("its root hash is not 32 bytes in base64"))?;
        let signatures = parse_signatures(signatures)?;
        Ok(ParsedCheckpoint { chain_id, head: TreeHead { size, root }, signatures })
    }
}

fn parse_signatures(text: &str) -> Result<Vec<NoteSignature>> {
    let lines = text.strip_suffix('\n').ok_or_else(|| refused("its last line has no end"))?;
    if lines.split('\n').count() > LINES_MAX {
        return Err(refused(format_args!("it has more than {LINES_MAX} signature lines")));
    }
    lines
        .split('\n')
        .map(|line| {
            let none = || refused("one of its signature lines is none");
            let [DASH, name, encoded] = line.split(' ').collect::<Vec<_>>()[..] else {
                return Err(none());
            };
            let data = decode_base64(encoded).filter(|data| data.len() > 4).ok_or_else(none)?;
            if name.is_empty() || name.chars().any(|one| one == '+' || one.is_whitespace()) {
                return Err(none());
            }
            let (key_id, signature) = data.split_at(4);
            let key_id = array(key_id).ok_or_else(none)?;
            Ok(NoteSignature { name: name.to_owned(), key_id, signature: signature.to_vec() })
        })
        .collect()
}

/// The time and the ML-DSA-44 signature in a cosignature; None where it isn't one, or says no time.
pub(crate) fn split_cosignature(cosignature: &[u8]) -> Option<(u64, &[u8])> {
    let (time, signature) = cosignature.split_at_checked(8)?;
    let time = u64::from_be_bytes(array(time)?);
    (1..=INTEGER_MAX).contains(&time).then_some((time, signature))
}
