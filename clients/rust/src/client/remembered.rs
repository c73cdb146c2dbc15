//! What is remembered of one chain of one server, in `chains/<host_port>/<chain key>/` of the home folder.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use serde_json::{Map, Value, json};

use crate::client::files::{FileLock, JsonFields, json_text, make_folder, write_atomic};
use crate::crypto::hashes::{Hash, sha256};
use crate::crypto::hex;
use crate::crypto::key_file::decode_base64;
use crate::crypto::keys::PublicKey;
use crate::crypto::merkle::TreeHead;
use crate::error::{Error, Result};
use crate::events::chain_key::ChainKey;
use crate::events::time::{iso_time, now_unix_ms};
use crate::reason::Reason;
use crate::trust::checkpoints::{CertifiedKeys, SignedHead};
use crate::trust::identity_line::IdentityLine;

const FORMAT: &str = "atedb-chain-1";

/// What a client keeps of a chain from one run to the next.
#[derive(Clone, Debug)]
pub(crate) struct Remembered {
    pub chain_id: Hash,
    /// The newest head that was verified.
    pub head: TreeHead,
    /// The newest checkpoint of a head that was verified.
    pub checkpoint: Option<SignedHead>,
}

/// Whether a checkpoint is to be remembered in place of another: of a larger tree, or of one as large by an identity that has
/// followed since.
pub(crate) fn is_newer_checkpoint(found: &SignedHead, known: Option<&SignedHead>) -> bool {
    known.is_none_or(|known| {
        let has_followed = found.signer.line.has_retired(&known.signer.line.identity.fingerprint());
        found.head.size > known.head.size || (found.head.size == known.head.size && has_followed)
    })
}

/// What to go on with. What was there stays when it is of another chain: that is for people to decide.
fn newer(known: Option<Remembered>, found: Option<Remembered>) -> Option<Remembered> {
    let (Some(known), Some(found)) = (known.clone(), found.clone()) else {
        return known.or(found);
    };
    if found.chain_id != known.chain_id {
        return Some(known);
    }
    let head = if found.head.size > known.head.size { found.head } else { known.head };
    let checkpoint = match found.checkpoint {
        Some(signed) if is_newer_checkpoint(&signed, known.checkpoint.as_ref()) => Some(signed),
        _ => known.checkpoint,
    };
    Some(Remembered { chain_id: known.chain_id, head, checkpoint })
}

/// Two heads that can't both be true, and what is known of them.
pub(crate) struct Evidence<'a> {
    pub why: &'a str,
    pub genesis_header: Option<&'a [u8]>,
    pub known: &'a TreeHead,
    pub served: Option<&'a TreeHead>,
    pub consistency: &'a [Hash],
    pub remembered: Option<&'a SignedHead>,
    pub signed: Option<&'a SignedHead>,
}

/// Several processes may share it: the head in it never goes back. Without a home folder it lasts as long as this object.
pub(crate) struct RememberedChain {
    newest: Mutex<Option<Remembered>>,
    server: String,
    chain_key: String,
    folder: Option<PathBuf>,
}

impl RememberedChain {
    pub fn new(home: Option<&Path>, server: &str, chain_key: &ChainKey) -> Self {
        let place = match server.rsplit_once(':') {
            Some((host, port)) => format!("{host}_{port}"),
            None => server.to_owned(),
        };
        let folder = home
            .map(|home| chain_key.text.split('/').fold(home.join("chains").join(place), |path, part| path.join(part)));
        RememberedChain {
            newest: Mutex::default(),
            server: server.to_owned(),
            chain_key: chain_key.text.clone(),
            folder,
        }
    }

    /// Of the file of the head.
    pub fn path(&self) -> Option<PathBuf> {
        self.folder.as_ref().map(|folder| folder.join("head.json"))
    }

    /// What is remembered now, by this process or another. Fails with STORAGE_FAILED.
    pub fn load(&self) -> Result<Option<Remembered>> {
        let stored = self.read()?;
        let mut newest = self.newest.lock().unwrap_or_else(PoisonError::into_inner);
        *newest = newer(newest.take(), stored);
        Ok(newest.clone())
    }

    /// Remembers a head that was verified; durable on return. Blocks. Fails with STORAGE_FAILED.
    pub fn note(&self, remembered: Remembered) -> Result<()> {
        let newest = {
            let mut newest = self.newest.lock().unwrap_or_else(PoisonError::into_inner);
            *newest = newer(newest.take(), Some(remembered));
            newest.clone()
        };
        let Some(folder) = &self.folder else {
            return Ok(());
        };
        make_folder(folder)?;
        // Read, compare and write under a lock, so that of two processes neither undoes the other's.
        let _lock = FileLock::take(&folder.join("head.lock"))?;
        let Some(newest) = newer(self.read()?, newest) else {
            return Ok(());
        };
        let mut fields = Map::new();
        fields.insert("format".into(), FORMAT.into());
        fields.insert("chainKey".into(), self.chain_key.clone().into());
        fields.insert("chainId".into(), hex(&newest.chain_id).into());
        fields.insert("headSize".into(), newest.head.size.into());
        fields.insert("headRoot".into(), hex(&newest.head.root).into());
        if let Some(checkpoint) = &newest.checkpoint {
            fields.insert("checkpoint".into(), checkpoint_fields(checkpoint));
        }
        write_atomic(&folder.join("head.json"), &json_text(&fields)?, true).map(|_| ())
    }

    /// Keeps evidence, for `atedb verify --evidence`.
    ///
    /// Gives the path of its file; None without a home folder, or where it can't be written, which must not hide the conflict.
    pub fn keep_evidence(&self, said: &Evidence<'_>) -> Option<PathBuf> {
        let folder = self.folder.as_ref()?;
        let mut evidence = Map::new();
        evidence.insert("format".into(), "atedb-evidence-1".into());
        evidence.insert("time".into(), iso_time(0).into());
        evidence.insert("server".into(), self.server.clone().into());
        evidence.insert("chainKey".into(), self.chain_key.clone().into());
        evidence.insert("why".into(), said.why.into());
        if let Some(header) = said.genesis_header {
            evidence.insert("genesisHeader".into(), STANDARD.encode(header).into());
        }
        let head = |head: &TreeHead| json!({ "size": head.size, "root": hex(&head.root) });
        evidence.insert("rememberedHead".into(), head(said.known));
        if let Some(served) = said.served {
            evidence.insert("servedHead".into(), head(served));
        }
        evidence.insert("consistency".into(), said.consistency.iter().map(|one| hex(one)).collect());
        if let Some(remembered) = said.remembered {
            evidence.insert("rememberedCheckpoint".into(), checkpoint_fields(remembered));
        }
        if let Some(signed) = said.signed {
            evidence.insert("servedCheckpoint".into(), checkpoint_fields(signed));
        }
        // By what it says: who tries again and again to open a chain that is gone keeps one file, of the first time.
        let digest = hex(&sha256(json_text(&evidence).ok()?.as_bytes()));
        let path = folder.join(format!("conflict-{}.json", &digest[..16]));
        make_folder(folder).ok()?;
        if !path.exists() {
            evidence.insert("time".into(), iso_time(now_unix_ms()).into());
            write_atomic(&path, &json_text(&evidence).ok()?, true).ok()?;
        }
        Some(path)
    }

    fn read(&self) -> Result<Option<Remembered>> {
        let Some(path) = self.path() else {
            return Ok(None);
        };
        let Some(fields) = JsonFields::read(&path, FORMAT)? else {
            return Ok(None);
        };
        let chain_id = fields.hex("chainId")?;
        let head = TreeHead { size: fields.count("headSize")?, root: fields.hex("headRoot")? };
        let checkpoint = match fields.get("checkpoint") {
            None => None,
            Some(stored) => {
                let parsed = parse_checkpoint(stored, &chain_id);
                let why = |error: Error| fields.unusable(format_args!("its \"checkpoint\" does not verify: {error}"));
                Some(parsed.map_err(why)?)
            }
        };
        Ok(Some(Remembered { chain_id, head, checkpoint }))
    }
}

fn checkpoint_fields(signed: &SignedHead) -> Value {
    let line = &signed.signer.line;
    let mut fields = json!({
        "note": signed.note,
        "keys": STANDARD.encode(&signed.signer.message),
        "identitySuite": line.identity.suite().number(),
        "identity": STANDARD.encode(line.identity.key()),
    });
    if !line.rotations.is_empty() {
        fields["rotations"] = line.rotations.iter().map(|one| STANDARD.encode(one)).collect();
    }
    fields
}

fn parse_checkpoint(stored: &Value, chain_id: &Hash) -> Result<SignedHead> {
    let none = || Error::new(Reason::StorageFailed, "it has a field that is not as it is written");
    let decoded = |value: &Value| value.as_str().and_then(decode_base64).map(Bytes::from).ok_or_else(none);
    let suite = stored["identitySuite"].as_u64().ok_or_else(none)?;
    let identity = PublicKey::new(suite, decoded(&stored["identity"])?, 0, Bytes::new())?;
    let rotations = match stored.get("rotations") {
        None => Vec::new(),
        Some(list) => list.as_array().ok_or_else(none)?.iter().map(decoded).collect::<Result<_>>()?,
    };
    let line = Arc::new(IdentityLine::verify(identity, rotations)?);
    let signer = Arc::new(CertifiedKeys::verify(decoded(&stored["keys"])?, line)?);
    SignedHead::verify(stored["note"].as_str().ok_or_else(none)?, chain_id, &signer)
}
