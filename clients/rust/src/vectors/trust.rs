//! Histories: who may do what, whole replays, and files of segments.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use bytes::Bytes;

use super::keys::{key_of, pair_of};
use super::{Case, List, cases, refused, run};
use crate::crypto::hashes::Hash;
use crate::crypto::keys::PublicKey;
use crate::crypto::merkle::TreeHead;
use crate::crypto::{data_key::ReadKey, hex};
use crate::error::Result;
use crate::events::batch::Batch;
use crate::events::commit::split_slice;
use crate::events::genesis::parse_genesis;
use crate::events::rules::Confidentiality;
use crate::events::sealed_data::{open_sealed_data, unwrap_read_key};
use crate::log::segment::{Verdict, scan_segment};
use crate::trust::authority::Authority;
use crate::trust::check_batch::verify_genesis;
use crate::trust::decide::Taking;
use crate::trust::key_ring::KeyRing;
use crate::trust::replay::{ReplayVerifier, VerifiedBatch};

pub(super) const TABLES: &[(&str, &[List])] =
    &[("authorisation", AUTHORISATION), ("replays", REPLAYS), ("segments", SEGMENTS)];

fn people(case: &Case, part: &str) -> Vec<PublicKey> {
    let keys = cases("authorisation", "keys");
    case.list(part).iter().map(|place| key_of(&keys[place.0.as_u64().expect("a place") as usize], "key")).collect()
}

/// Decides on a batch twice: what was decided can be taken back, and is decided alike again.
fn decided(authority: &mut Authority, run: &Bytes, taking: Taking<'_>) -> Result<()> {
    let batch = Batch::parse(run)?;
    authority.keys_of(&batch)?;
    let undo = authority.decide(&batch, taking)?;
    authority.take_back(undo);
    authority.keys_of(&batch)?;
    authority.decide(&batch, taking).map(|_| ())
}

/// The reason of the verdict on a batch, and the event that it names.
fn verdict_on(authority: &mut Authority, run: &Bytes, taking: Taking<'_>) -> (Option<&'static str>, Option<String>) {
    let verdict = decided(authority, run, taking).err();
    let event = verdict.as_ref().and_then(|error| error.metadata().get("event_index").cloned());
    (verdict.map(|error| error.reason().name()), event)
}

/// Decides on rights alone, batch by batch, from a genesis on.
pub(super) fn check_history(case: &Case) {
    let genesis = parse_genesis(&case.data("genesis")).expect("it is a genesis");
    let mut authority = Authority::of(&genesis);
    check_batches(case, &mut authority, &genesis.chain_key.text);
}

fn check_batches(case: &Case, authority: &mut Authority, chain_key: &str) {
    for (place, one) in case.list("batches").iter().enumerate() {
        let taking = Taking { time_unix_ms: one.number("timeUnixMs"), first_sequence: 0, chain_key };
        let (reason, event) = verdict_on(authority, &one.data("run"), taking);
        let due = one.0.get("event").map(ToString::to_string);
        let what = one.text("what");
        assert_eq!((reason, event), (one.maybe_text("reason"), due), "batch {place}: {what}");
    }
}

/// A whole replay that verifies: its head, and who vouches for its batches.
pub(super) fn check_good(case: &Case) -> (ReplayVerifier, Vec<VerifiedBatch>) {
    let (verifier, batches) = replayed(&case.list_of_data("slices")).expect("it verifies");
    assert_eq!(verifier.head(), TreeHead { size: case.number("size"), root: case.array("root") });
    assert_eq!(verifier.next_sequence(), case.number("nextSequence"));
    let vouched: Vec<Case> = case.list("vouchedBy");
    assert_eq!(batches.len(), vouched.len());
    for (batch, due) in batches.iter().zip(vouched) {
        assert_eq!(Some(batch.vouched_by.name()), due.0.as_str());
    }
    assert_eq!(hex(&verifier.genesis.chain_id), case.text("chainId"));
    (verifier, batches)
}

/// A whole replay that doesn't, and the commit that is at fault.
pub(super) fn check_bad(case: &Case) {
    let error = refused(replayed(&case.list_of_data("slices")), "VERIFICATION_FAILED");
    let due = case.0.get("commit").map(ToString::to_string);
    assert_eq!(error.metadata().get("commit"), due.as_ref(), "{error}");
}

const AUTHORISATION: &[List] = &[
    ("keys", |case| assert_eq!(hex(&key_of(case, "key").message()), case.text("key"))),
    ("histories", |case| {
        let ring = KeyRing::new(&people(case, "roots"), &people(case, "known"));
        let mut authority = Authority::new(ring, case.bool("confidential"), false);
        check_batches(case, &mut authority, "example.com/me/db");
    }),
];

#[test]
fn authorisation() {
    run("authorisation", AUTHORISATION);
}

#[test]
fn histories_have_every_verdict() {
    let histories = cases("authorisation", "histories");
    let batches = histories.iter().flat_map(|one| one.list("batches"));
    let verdicts: BTreeSet<Option<String>> = batches.map(|one| one.maybe_text("reason").map(str::to_owned)).collect();
    for due in [None, Some("KEY_NOT_ALLOWED"), Some("KEY_REVOKED"), Some("KEY_UNKNOWN"), Some("PARENT_INVALID")] {
        assert!(verdicts.contains(&due.map(str::to_owned)), "{due:?}");
    }
}

pub(super) fn replayed(slices: &[Bytes]) -> Result<(ReplayVerifier, Vec<VerifiedBatch>)> {
    let first = split_slice(&slices[0])?.remove(0);
    let (genesis, _) = verify_genesis(&first.run)?;
    let mut verifier = ReplayVerifier::new(Arc::new(genesis));
    let mut batches = Vec::new();
    for slice in slices {
        batches.extend(verifier.verify(slice)?);
    }
    Ok((verifier, batches))
}

/// Opens what is sealed, with the key that the case has.
fn opened(case: &Case, chain_id: &Hash, batches: &[VerifiedBatch]) -> BTreeMap<u64, String> {
    let key = pair_of(case, case.number("suite"));
    let mut read_keys: HashMap<Hash, ReadKey> = HashMap::new();
    let mut opened = BTreeMap::new();
    for one in batches {
        for (index, event) in one.batch.events() {
            for wrapped in &one.batch.authority_of(index).expect("it can be read").wrapped_keys {
                let read_key = unwrap_read_key(chain_id, wrapped, &key).expect("it is for this key");
                read_keys.insert(wrapped.read_key_id, read_key);
            }
            let Some(sealed) = Confidentiality::parse(&event.header).expect("it can be read") else {
                continue;
            };
            let read_key = &read_keys[&sealed.read_key_id];
            let data = open_sealed_data(read_key, chain_id, &event.header, &sealed, &event.data).expect("it opens");
            opened.insert(one.commit.header.first_sequence + index as u64, hex(&data));
        }
    }
    opened
}

const REPLAYS: &[List] = &[
    ("good", |case| {
        let (verifier, batches) = check_good(case);
        if case.has("opened") {
            let due =
                case.list("opened").iter().map(|one| (one.number("sequence"), one.text("data").to_owned())).collect();
            assert_eq!(opened(case, &verifier.genesis.chain_id, &batches), due);
        }
    }),
    ("bad", check_bad),
];

#[test]
fn replays() {
    run("replays", REPLAYS);
}

fn check_segment(case: &Case) {
    let scan = scan_segment(case.data("file"), case.number("segment")).expect("its header can be read");
    let verdict = match scan.verdict {
        Verdict::Whole => "whole",
        Verdict::Tail => "tail",
        Verdict::Damage => "damage",
    };
    assert_eq!(verdict, case.text("verdict"), "{:?}", scan.fault);
    for (part, found) in [
        ("start", scan.start as u64),
        ("end", scan.end as u64),
        ("durable", scan.durable as u64),
        ("batches", scan.batches as u64),
        ("nextCommit", scan.next_commit),
        ("nextSequence", scan.next_sequence),
    ] {
        assert_eq!(found, case.number(part), "{part}");
    }
    assert_eq!((hex(&scan.tree_root).as_str(), scan.has_footer), (case.text("treeRoot"), case.bool("hasFooter")));
}

const SEGMENTS: &[List] = &[
    ("real", |case| {
        check_segment(case);
        let slice = case.data("file").slice(case.number("start") as usize..case.number("end") as usize);
        let (verifier, _) = replayed(&[slice]).expect("a segment is a slice that verifies");
        assert_eq!(verifier.head(), TreeHead { size: case.number("nextCommit"), root: case.array("treeRoot") });
    }),
    ("whole", check_segment),
    ("tail", check_segment),
    ("damage", check_segment),
    ("unreadable", |case| {
        refused(scan_segment(case.data("file"), case.number("segment")), case.text("reason"));
    }),
];

#[test]
fn segments() {
    run("segments", SEGMENTS);
}
