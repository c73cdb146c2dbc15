//! Keys, key files, signatures, HPKE, sealed data.

use zeroize::Zeroizing;

use super::{Case, List, cases, refused, run};
use crate::crypto::composite::{Suite, seed_of};
use crate::crypto::data_key::{Padding, add_padding, derive_data_key, padme_length, remove_padding};
use crate::crypto::hex;
use crate::crypto::hpke::{hpke_open, hpke_seal};
use crate::crypto::kem::{Kem, KemPrivateKey};
use crate::crypto::key_file::{PassphraseCosts, format_key_file, parse_key_file};
use crate::crypto::keys::{KeyPair, PublicKey};
use crate::events::event::{EventInput, EventKind, Storing, build_event, parse_event};
use crate::events::rules::{Confidentiality, EventAuthority, WrappedKey};
use crate::events::sealed_data::{EventSealer, open_sealed_data, unwrap_read_key, wrap_read_key};

pub(super) const TABLES: &[(&str, &[List])] = &[
    ("keys", KEYS),
    ("key-files", KEY_FILES),
    ("signatures", SIGNATURES),
    ("sealed-data", SEALED_DATA),
    ("key-wraps", KEY_WRAPS),
];

/// The pair of seeds in hexadecimal.
pub(super) fn pair_of(case: &Case, suite: u64) -> KeyPair {
    let seed = seed_of(&case.data("seed")).expect("a seed has 64 bytes");
    let suite = Suite::from_number(suite).expect("a suite");
    KeyPair::from_seeds(suite, (seed, case.maybe_array("kemSeed").map(Zeroizing::new))).expect("seeds make a pair")
}

pub(super) fn key_of(case: &Case, part: &str) -> PublicKey {
    PublicKey::parse(case.data(part)).expect("it is a key")
}

const KEYS: &[List] = &[
    ("good", |case| {
        let pair = pair_of(case, case.number("suite"));
        let key = pair.public_key();
        assert_eq!(hex(&key.fingerprint()), case.text("fingerprint"));
        assert_eq!(
            (hex(key.key()), hex(key.kem_key())),
            (case.text("publicKey").into(), case.text("kemPublicKey").into())
        );
        assert_eq!((hex(&key.message()).as_str(), key.to_text().as_str()), (case.text("message"), case.text("text")));
        assert_eq!(&key_of(case, "message"), key);
        assert_eq!(&PublicKey::from_text(&format!(" {}\n", case.text("text"))).expect("it is a line"), key);
        let signature = pair.sign("atedb/v1/seal", b"a message").expect("there is randomness");
        assert!(key.verify("atedb/v1/seal", b"a message", &signature));
        assert!(!key.verify("atedb/v1/proof", b"a message", &signature));
        assert_ne!(pair.sign("atedb/v1/seal", b"a message").expect("there is randomness"), signature);
    }),
    ("bad", |case| {
        let (suite, kem_suite) = (case.number("suite"), case.number("kemSuite"));
        refused(PublicKey::new(suite, case.data("key"), kem_suite, case.data("kemKey")), case.text("reason"));
    }),
    ("badTexts", |case| {
        refused(PublicKey::from_text(case.text("text")), case.text("reason"));
    }),
];

#[test]
fn keys() {
    run("keys", KEYS);
}

const KEY_FILES: &[List] = &[
    ("good", |case| {
        let pair = parse_key_file(case.text("text"), "the file", case.maybe_text("passphrase")).expect("it is read");
        let (seed, kem_seed) = pair.seeds();
        assert_eq!(
            (hex(seed.as_ref()), hex(&pair.fingerprint())),
            (case.text("seed").into(), case.text("fingerprint").into())
        );
        assert_eq!(kem_seed.map(|seed| hex(seed.as_ref())).as_deref(), case.maybe_text("kemSeed"));
    }),
    ("bad", |case| {
        let parsed = parse_key_file(case.text("text"), "the file", case.maybe_text("passphrase"));
        refused(parsed, case.text("reason"));
    }),
];

#[test]
fn key_files() {
    run("key-files", KEY_FILES);
}

#[test]
fn a_key_file_that_is_written_is_read() {
    let costs = PassphraseCosts { memory_kib: 64, passes: 1, lanes: 1 };
    for passphrase in [None, Some("a passphrase")] {
        for kem_seed in [None, Some(Zeroizing::new([7; 32]))] {
            let seeds = (Zeroizing::new([9; 64]), kem_seed);
            let pair = KeyPair::from_seeds(Suite::MlDsa44Ed25519, seeds).expect("seeds make a pair");
            let text = format_key_file(&pair, "2026-01-31T12:00:00.000Z", passphrase, costs).expect("it is written");
            let read = parse_key_file(&text, "the file", passphrase).expect("it is read");
            assert_eq!(read.seeds(), pair.seeds());
        }
    }
}

#[test]
fn secrets_are_not_shown() {
    let pair = KeyPair::from_seeds(Suite::MlDsa44Ed25519, (Zeroizing::new([0xA5; 64]), None)).expect("a pair");
    let shown = format!("{pair:?} {:?}", pair.public_key());
    assert!(!shown.contains("a5a5") && !shown.contains("165, 165"), "{shown}");
}

fn verifies(case: &Case) -> bool {
    let key = key_of(&cases("signatures", "keys")[case.number("key") as usize], "key");
    key.verify(case.text("context"), &case.data("message"), &case.data("signature"))
}

const SIGNATURES: &[List] = &[
    ("keys", |case| assert_eq!(hex(&key_of(case, "key").message()), case.text("key"))),
    ("good", |case| assert!(verifies(case))),
    ("bad", |case| assert!(!verifies(case))),
];

#[test]
fn signatures() {
    run("signatures", SIGNATURES);
}

fn padding_of(case: &Case) -> Padding {
    if case.text("rule") == "padme" { Padding::Padme } else { Padding::Mark }
}

fn opened(case: &Case) -> Option<Vec<u8>> {
    let header = case.data("header");
    let sealed = Confidentiality::parse(&header).expect("it can be read").expect("it is sealed");
    let opened =
        open_sealed_data(&case.array("readKey"), &case.array("chainId"), &header, &sealed, &case.data("stored"));
    opened.map(|data| data.to_vec())
}

const SEALED_DATA: &[List] = &[
    ("good", |case| {
        let (read_key_id, random) = (case.array("readKeyId"), case.array("random"));
        let context = [case.array::<32>("chainId"), read_key_id].concat();
        let (key, commitment) = derive_data_key(&case.array("readKey"), &random, &context);
        assert_eq!((hex(key.as_ref()), hex(&commitment)), (case.text("key").into(), case.text("commitment").into()));
        let sealed = Confidentiality::parse(&case.data("header")).expect("it can be read");
        assert_eq!(sealed, Some(Confidentiality { read_key_id, random, commitment }));
        let data = opened(case).expect("it opens");
        assert_eq!(hex(&data), case.text("data"));
        assert!(remove_padding(add_padding(&data, padding_of(case))).is_some_and(|text| *text == data));
    }),
    ("bad", |case| assert_eq!(opened(case), None)),
    ("padme", |case| assert_eq!(padme_length(case.number("length")), case.number("padded"))),
    ("paddings", |case| {
        let text = case.data("text");
        assert_eq!(hex(&add_padding(&text, padding_of(case))), case.text("padded"));
        let padded = Zeroizing::new(case.data("padded").to_vec());
        assert!(remove_padding(padded).is_some_and(|found| **found == *text));
    }),
    ("badPaddings", |case| assert!(remove_padding(Zeroizing::new(case.data("padded").to_vec())).is_none())),
];

#[test]
fn sealed_data() {
    run("sealed-data", SEALED_DATA);
}

#[test]
fn what_is_sealed_here_is_opened_here() {
    let (chain_id, read_key) = ([1; 32], [2; 32]);
    let sealer = EventSealer::new(&read_key, chain_id, Padding::Padme).expect("there is randomness");
    let said = EventInput {
        kind: EventKind::Data,
        data: b"a secret",
        primary_key: Some([3; 16]),
        parent: None,
        collection: None,
        type_name: None,
        reply_to: None,
        time_unix_ms: 0,
        authority: &EventAuthority::default(),
        storing: Storing::Sealed(&sealer),
    };
    let built = build_event(&said).expect("it is whole");
    let run = bytes::Bytes::from(built.frame);
    let event = parse_event(&run, run.len() - (run.len() - 3), run.len()).expect("it is an event");
    let sealed = Confidentiality::parse(&event.header).expect("it can be read").expect("it is sealed");
    let open = |chain_id| open_sealed_data(&read_key, &chain_id, &event.header, &sealed, &event.data);
    assert!(open(chain_id).is_some_and(|data| **data == *b"a secret"));
    assert!(open([0; 32]).is_none());
}

fn kem_key(case: &Case) -> KemPrivateKey {
    let kem = Kem::from_number(case.number("kem")).expect("a KEM");
    KemPrivateKey::new(kem, &case.array("seed")).expect("a key")
}

fn opened_hpke(case: &Case, sealed: &[u8]) -> Option<Vec<u8>> {
    hpke_open(&kem_key(case), &case.data("info"), &case.data("aad"), sealed).map(|opened| opened.to_vec())
}

fn unwrapped(case: &Case, wrapped: &[u8]) -> Option<String> {
    let seeds = (Zeroizing::new([0; 64]), Some(Zeroizing::new(case.array("kemSeed"))));
    let key = KeyPair::from_seeds(Suite::MlDsa44Ed25519, seeds).expect("seeds make a pair");
    if case.has("reader") {
        assert_eq!(key_of(case, "reader").kem_key(), key.public_key().kem_key());
    }
    let (read_key_id, recipient) = (case.array("readKeyId"), case.array("recipient"));
    let wrapped = WrappedKey { read_key_id, recipient, wrapped: wrapped.to_vec().into() };
    unwrap_read_key(&case.array("chainId"), &wrapped, &key).map(|read_key| hex(read_key.as_ref()))
}

const KEY_WRAPS: &[List] = &[
    ("hpke", |case| {
        let key = kem_key(case);
        assert_eq!(hex(key.public_key()), case.text("publicKey"));
        assert_eq!(
            opened_hpke(case, &case.data("sealed")).map(|opened| hex(&opened)).as_deref(),
            case.maybe_text("plaintext")
        );
        let again = hpke_seal(key.kem(), key.public_key(), &case.data("info"), &case.data("aad"), b"x");
        assert_eq!(opened_hpke(case, &again.expect("it is a key")).as_deref(), Some(b"x".as_slice()));
    }),
    ("badHpke", |case| assert_eq!(opened_hpke(case, &case.data("sealed")), None)),
    ("wrappedKeys", |case| {
        assert_eq!(unwrapped(case, &case.data("wrapped")).as_deref(), case.maybe_text("readKey"));
        let again = wrap_read_key(&case.array("chainId"), &case.array("readKey"), &key_of(case, "reader"));
        assert_eq!(unwrapped(case, &again.expect("it can encrypt").wrapped).as_deref(), case.maybe_text("readKey"));
    }),
    ("badWrappedKeys", |case| assert_eq!(unwrapped(case, &case.data("wrapped")), None)),
];

#[test]
fn key_wraps() {
    run("key-wraps", KEY_WRAPS);
}
