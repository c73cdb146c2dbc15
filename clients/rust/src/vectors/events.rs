//! Batches, proofs, checkpoints, identities.

use std::sync::Arc;

use super::keys::{key_of, pair_of};
use super::{Case, List, cases, refused, run};
use crate::crypto::hex;
use crate::crypto::keys::PublicKey;
use crate::crypto::merkle::TreeHead;
use crate::events::batch::Batch;
use crate::events::checkpoint::{NoteKey, cosigned, origin_of};
use crate::events::possession::KeyProofClaim;
use crate::trust::check_batch::check_batch;
use crate::trust::check_gone::Provenance;
use crate::trust::checkpoints::{CertifiedKeys, SignedHead};
use crate::trust::identity_line::IdentityLine;

pub(super) const TABLES: &[(&str, &[List])] =
    &[("batches", BATCHES), ("proofs", PROOFS), ("checkpoints", CHECKPOINTS), ("identity", IDENTITY)];

const BATCHES: &[List] = &[
    ("good", |case| {
        let batch = Batch::parse(&case.data("run")).expect("it is a batch");
        check_batch(&batch, Provenance::Appended).expect("it is a good one");
        assert_eq!(batch.count() as u64, case.number("events"));
        assert_eq!(hex(&batch.seal.chain_id), case.text("chainId"));
    }),
    ("bad", |case| {
        let checked = Batch::parse(&case.data("run")).and_then(|batch| check_batch(&batch, Provenance::Appended));
        refused(checked, case.text("reason"));
    }),
];

#[test]
fn batches() {
    run("batches", BATCHES);
}

fn claim_of(case: &Case) -> KeyProofClaim {
    KeyProofClaim {
        exporter: case.maybe_array("exporter").unwrap_or_default(),
        server_fingerprint: case.array("serverFingerprint"),
        chain_id: case.array("chainId"),
        conversation_id: case.array("conversationId"),
        fingerprint: case.array("fingerprint"),
    }
}

fn check_proof(case: &Case, signed: &[u8]) {
    assert_eq!(hex(signed), case.text("bytes"));
    let prover = key_of(&cases("proofs", "keys")[0], "key");
    assert!(prover.verify(case.text("context"), signed, &case.data("signature")));
}

const PROOFS: &[List] = &[
    ("keys", |case| assert_eq!(hex(&pair_of(case, 2).public_key().message()), case.text("key"))),
    ("append", |case| check_proof(case, &claim_of(case).append_bytes())),
    ("lock", |case| check_proof(case, &claim_of(case).lock_bytes(&case.array("primaryKey")))),
    ("ticket", |case| check_proof(case, &claim_of(case).ticket_bytes(case.text("chainKey")))),
    ("deleteChain", |case| {
        let head = TreeHead { size: case.number("size"), root: case.array("root") };
        check_proof(case, &claim_of(case).deletion_bytes(&head));
    }),
];

#[test]
fn proofs() {
    run("proofs", PROOFS);
}

pub(super) fn certified(case: &Case) -> crate::Result<CertifiedKeys> {
    let line = IdentityLine::verify(key_of(case, "identity"), Vec::new()).expect("it is a key");
    CertifiedKeys::verify(case.data("message"), Arc::new(line))
}

pub(super) fn signer() -> Arc<CertifiedKeys> {
    Arc::new(certified(&cases("checkpoints", "keys")[0]).expect("the keys are good"))
}

/// A note, as a reader of a case's chain takes it.
pub(super) fn signed(note: &str, case: &Case, signer: &Arc<CertifiedKeys>) -> crate::Result<SignedHead> {
    SignedHead::verify(note, &case.array("chainId"), signer)
}

const CHECKPOINTS: &[List] = &[
    ("keys", |case| {
        let keys = certified(case).expect("the keys are good").keys;
        let found = (hex(&keys.ed25519), hex(&keys.mldsa44));
        assert_eq!(found, (case.text("ed25519").to_owned(), case.text("mldsa44").to_owned()));
        let origin = origin_of(&cases("checkpoints", "good")[0].array("chainId"));
        let ids = case.part("keyIds");
        assert_eq!(hex(&keys.key_id(&origin, NoteKey::Ed25519)), ids.text("ed25519"));
        assert_eq!(hex(&keys.key_id(&origin, NoteKey::MlDsa44)), ids.text("mldsa44"));
    }),
    ("badKeys", |case| {
        refused(certified(case), case.text("reason"));
    }),
    ("good", |case| {
        let chain_id = case.array("chainId");
        let signed = SignedHead::verify(case.text("note"), &chain_id, &signer()).expect("it is a checkpoint");
        assert_eq!(signed.head, TreeHead { size: case.number("size"), root: case.array("root") });
        assert_eq!(signed.time_unix_s, case.number("timeUnixS"));
        assert_eq!(hex(&cosigned(&chain_id, &signed.head, signed.time_unix_s)), case.text("cosigned"));
    }),
    ("bad", |case| {
        refused(signed(case.text("note"), case, &signer()), case.text("reason"));
    }),
];

#[test]
fn checkpoints() {
    run("checkpoints", CHECKPOINTS);
}

const IDENTITY: &[List] = &[
    ("keys", |case| assert_eq!(hex(&pair_of(case, 1).fingerprint()), case.text("fingerprint"))),
    ("rotations", |case| {
        let same =
            cases("identity", "rotations").iter().filter(|one| one.data("message") == case.data("message")).count();
        assert_eq!(same, 1);
    }),
    ("cases", |case| {
        let keys: Vec<PublicKey> = cases("identity", "keys").iter().map(|one| key_of(one, "key")).collect();
        let messages = cases("identity", "rotations");
        let places = case.list("rotations");
        let rotations =
            places.iter().map(|place| messages[place.0.as_u64().expect("a place") as usize].data("message"));
        let line = IdentityLine::verify(keys[case.number("identity") as usize].clone(), rotations.collect());
        let leads_from = case.list("leadsFrom");
        if leads_from.is_empty() {
            refused(line, case.text("reason"));
            return;
        }
        let line = line.expect("they lead to it");
        let found: Vec<u64> =
            (0..).zip(&keys).filter(|(_, key)| line.has(&key.fingerprint())).map(|(at, _)| at).collect();
        assert_eq!(found, leads_from.iter().filter_map(|one| one.0.as_u64()).collect::<Vec<_>>());
    }),
];

#[test]
fn identity() {
    run("identity", IDENTITY);
}
