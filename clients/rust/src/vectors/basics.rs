//! Chain keys, the strict form, hashes, trees.

use std::collections::BTreeSet;

use super::{Case, List, cases, refused, run};
use crate::crypto::data_key::read_key_id;
use crate::crypto::hashes::{leaf_hash, node_hash, tagged_hash};
use crate::crypto::hex;
use crate::crypto::merkle::{Frontier, TreeHead, empty_root, merkle_root, verify_consistency, verify_inclusion};
use crate::encoding::strict::{MessageForm, check_strict};
use crate::encoding::{forms, wire_forms};
use crate::events::chain_key::{ChainAddress, ChainKey};
use crate::events::genesis::{base32, chain_id_of, roots_fingerprint};
use crate::events::primary_key::{child_primary_key, primary_key_from_name};
use crate::events::seal::{WriterIdentity, seal_hash};

pub(super) const TABLES: &[(&str, &[List])] =
    &[("chain-keys", CHAIN_KEYS), ("strict-form", STRICT_FORM), ("hashes", HASHES), ("merkle", MERKLE)];

const CHAIN_KEYS: &[List] = &[
    ("good", |case| {
        let key = ChainKey::parse(case.text("text")).expect("it is a chain key");
        assert_eq!(key.roots_fingerprint.as_deref(), case.maybe_text("rootsFingerprint"));
        let parts: Vec<&str> = ["domain", "name", "group"].iter().filter_map(|part| case.maybe_text(part)).collect();
        let db = case.text("text").rsplit('/').next().expect("it has parts");
        assert_eq!(db.split('@').next(), case.maybe_text("db"));
        assert_eq!(format!("{}/{db}", parts.join("/")), key.text);
    }),
    ("bad", |case| {
        refused(ChainKey::parse(case.text("text")), case.text("reason"));
    }),
    ("goodAddresses", |case| {
        let address = ChainAddress::parse(case.text("address")).expect("it is an address");
        let server = &address.server;
        let found = (server.host.as_str(), u64::from(server.port), server.server.as_str());
        assert_eq!(found, (case.text("host"), case.number("port"), case.text("server")));
        assert_eq!(server.pinned.as_deref(), case.maybe_text("pinned"));
        assert_eq!(
            (address.chain_key.text.as_str(), address.text().as_str()),
            (case.text("chainKey"), case.text("text"))
        );
    }),
    ("badAddresses", |case| {
        refused(ChainAddress::parse(case.text("text")), case.text("reason"));
    }),
];

#[test]
fn chain_keys() {
    run("chain-keys", CHAIN_KEYS);
}

/// All forms that the vectors have cases of.
static FORMS: [&MessageForm; 25] = [
    &forms::PUBLIC_KEY,
    &forms::SIGNATURE,
    &forms::GENESIS,
    &forms::AUTHORISATION,
    &forms::CONFIDENTIALITY,
    &forms::WRAPPED_KEY,
    &forms::ROOTS,
    &forms::KEY_CHANGE,
    &forms::EVENT_HEADER,
    &forms::EVENT,
    &forms::PRECONDITION,
    &forms::SEAL_HEADER,
    &forms::SEAL,
    &forms::COMMIT_HEADER,
    &forms::COMMIT,
    &forms::IDENTITY_ROTATION_HEADER,
    &forms::IDENTITY_ROTATION,
    &wire_forms::CLIENT_HELLO,
    &wire_forms::SERVER_HELLO,
    &wire_forms::SERVER_PARAMETERS,
    &wire_forms::SERVER_PROOF,
    &wire_forms::SERVER_IDENTITY,
    &wire_forms::CLIENT_FINISHED,
    &wire_forms::CALL_REQUEST,
    &wire_forms::CALL_RESPONSE,
];

pub(super) fn form_of(case: &Case) -> &'static MessageForm {
    let found = FORMS.iter().find(|form| form.name == case.text("message"));
    found.unwrap_or_else(|| panic!("there is no form {}", case.text("message")))
}

const STRICT_FORM: &[List] = &[
    ("good", |case| check_strict(form_of(case), &case.data("bytes")).expect("it is in the strict form")),
    ("bad", |case| {
        refused(check_strict(form_of(case), &case.data("bytes")), "NON_CANONICAL");
    }),
];

#[test]
fn strict_form() {
    run("strict-form", STRICT_FORM);
}

#[test]
fn every_form_is_in_the_vectors() {
    let due: BTreeSet<String> = FORMS.iter().map(|form| form.name.to_owned()).collect();
    for list in ["good", "bad"] {
        let found: BTreeSet<String> =
            cases("strict-form", list).iter().map(|case| case.text("message").to_owned()).collect();
        assert_eq!(found, due);
    }
}

const HASHES: &[List] = &[
    ("tagged", |case| {
        assert_eq!(hex(&tagged_hash(case.text("tag"), &[&case.data("input")])), case.text("hash"));
    }),
    ("leaves", |case| assert_eq!(hex(&leaf_hash(&case.data("bytes"))), case.text("leaf"))),
    ("nodes", |case| assert_eq!(hex(&node_hash(&case.array("left"), &case.array("right"))), case.text("node"))),
    ("emptyTree", |case| assert_eq!(hex(&empty_root()), case.text("root"))),
    ("dataHashes", |case| {
        let hash = tagged_hash("atedb/v1/data", &[&case.data("salt"), &case.data("data")]);
        assert_eq!(hex(&hash), case.text("hash"));
    }),
    ("sealedDataHashes", |case| {
        assert_eq!(hex(&tagged_hash("atedb/v1/sealed-data", &[&case.data("data")])), case.text("hash"));
    }),
    ("chainIds", |case| assert_eq!(hex(&chain_id_of(&case.data("header"))), case.text("chainId"))),
    ("sealHashes", |case| assert_eq!(hex(&seal_hash(&case.data("header"))), case.text("hash"))),
    ("writerIds", |case| {
        let (chain_id, fingerprint, salt) = (case.array("chainId"), case.array("fingerprint"), case.array("salt"));
        assert_eq!(hex(&WriterIdentity { chain_id, fingerprint, salt }.id()), case.text("writerId"));
    }),
    ("eventsRoots", |case| {
        let headers = case.list_of_data("headers");
        assert_eq!(hex(&merkle_root(headers.iter().map(AsRef::as_ref))), case.text("root"));
    }),
    ("names", |case| assert_eq!(hex(&primary_key_from_name(case.text("name"))), case.text("primaryKey"))),
    ("children", |case| {
        let key = child_primary_key(case.maybe_array("parent").as_ref(), &case.array("label"));
        assert_eq!(hex(&key), case.text("primaryKey"));
    }),
    ("readKeys", |case| assert_eq!(hex(&read_key_id(&case.array("readKey"))), case.text("id"))),
    ("rootsFingerprints", |case| {
        let hash = roots_fingerprint(case.hashes("roots"));
        assert_eq!((hex(&hash).as_str(), base32(&hash).as_str()), (case.text("hash"), case.text("text")));
    }),
];

#[test]
fn hashes() {
    run("hashes", HASHES);
}

fn is_included(case: &Case) -> bool {
    let (Some(leaf), Some(proof)) = (case.data("leaf").as_ref().try_into().ok(), case.proof("proof")) else {
        return false;
    };
    verify_inclusion(&leaf, case.number("index"), case.number("size"), &proof, &case.array("root"))
}

fn is_consistent(case: &Case) -> bool {
    let head = |size, root| Some(TreeHead { size: case.number(size), root: case.data(root).as_ref().try_into().ok()? });
    match (head("first", "firstRoot"), head("second", "secondRoot"), case.proof("proof")) {
        (Some(first), Some(second), Some(proof)) => verify_consistency(&first, &second, &proof),
        _ => false,
    }
}

const MERKLE: &[List] = &[
    ("leaves", |case| {
        let leaf = case.data("bytes");
        assert_eq!(merkle_root([leaf.as_ref()]), leaf_hash(&leaf));
    }),
    ("roots", |case| {
        let mut tree = Frontier::default();
        for leaf in cases("merkle", "leaves").iter().take(case.number("size") as usize) {
            tree.append(leaf_hash(&leaf.data("bytes")));
        }
        assert_eq!(
            (hex(&tree.root()).as_str(), tree.hashes()),
            (case.text("root"), case.hashes("frontier").as_slice())
        );
    }),
    ("appended", |case| {
        let before = cases("merkle", "roots")[case.number("size") as usize].hashes("frontier");
        let mut tree = Frontier::new(case.number("size"), before).expect("it is of that size");
        tree.append(case.array("leaf"));
        assert_eq!(
            (hex(&tree.root()).as_str(), tree.hashes()),
            (case.text("root"), case.hashes("frontier").as_slice())
        );
    }),
    ("inclusion", |case| assert!(is_included(case))),
    ("badInclusion", |case| assert!(!is_included(case))),
    ("consistency", |case| assert!(is_consistent(case))),
    ("badConsistency", |case| assert!(!is_consistent(case))),
];

#[test]
fn merkle() {
    run("merkle", MERKLE);
    refused(Frontier::new(3, vec![[0; 32]]), "NON_CANONICAL");
}
