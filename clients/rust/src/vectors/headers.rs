//! Headers from what they say.

use super::keys::key_of;
use super::{Case, List, run};
use crate::crypto::hex;
use crate::crypto::keys::PublicKey;
use crate::crypto::merkle::TreeHead;
use crate::encoding::fields::FieldWriter;
use crate::events::commit::CommitHeader;
use crate::events::commit::making::encode_commit;
use crate::events::event::{EventInput, EventKind, Storing, build_event};
use crate::events::genesis::{GenesisInput, TrustMode, build_genesis, parse_genesis};
use crate::events::rules::{Authorisation, EventAuthority, KeyChange, ReadRule, WrappedKey, WriteRule};
use crate::events::seal::{Precondition, SealInput, WriterIdentity, build_seal_header, parse_seal, seal_hash};

pub(super) const TABLES: &[(&str, &[List])] = &[("headers", HEADERS)];

fn rule_of(said: &Case) -> WriteRule {
    match said.text("kind") {
        "everyone" => WriteRule::Everyone,
        "nobody" => WriteRule::Nobody,
        "any_of" => WriteRule::AnyOf(said.hashes("fingerprints")),
        _ => WriteRule::Inherit,
    }
}

fn read_rule_of(said: &Case) -> ReadRule {
    match said.text("kind") {
        "everyone" => ReadRule::Everyone,
        "read_key" => ReadRule::ReadKey(said.array("readKeyId")),
        _ => ReadRule::Inherit,
    }
}

fn keys_in(said: &Case, part: &str) -> Vec<PublicKey> {
    said.list_of_data(part).into_iter().map(|one| PublicKey::parse(one).expect("it is a key")).collect()
}

fn authority_of(said: &Case) -> EventAuthority {
    EventAuthority {
        authorisation: said.maybe_part("authorisation").map(|rules| Authorisation {
            write: rules.maybe_part("write").map(|rule| rule_of(&rule)),
            add: rules.maybe_part("add").map(|rule| rule_of(&rule)),
            read: rules.maybe_part("read").map(|rule| read_rule_of(&rule)),
            admit: rules.has("admit").then(|| rules.hashes("admit")),
            retain: None,
        }),
        public_keys: keys_in(said, "publicKeys"),
        wrapped_keys: said
            .list("wrappedKeys")
            .iter()
            .map(|one| WrappedKey {
                read_key_id: one.array("readKeyId"),
                recipient: one.array("recipient"),
                wrapped: one.data("wrapped"),
            })
            .collect(),
        sign_with: said.hashes("signWith"),
        author: said.maybe_array("author"),
        moves: said.bool("moves"),
        roots: said.has("roots").then(|| keys_in(said, "roots")),
        key_change: said.maybe_part("keyChange").map(|change| KeyChange {
            fingerprint: change.array("fingerprint"),
            successor: change.has("successor").then(|| key_of(&change, "successor")),
        }),
        label: said.maybe_array("label"),
        snapshot: None,
        redaction: None,
        auth_answer: None,
        server_identity: None,
    }
}

fn kind_of(name: &str) -> EventKind {
    match name {
        "data" => EventKind::Data,
        "tombstone" => EventKind::Tombstone,
        "roots" => EventKind::Roots,
        "key_change" => EventKind::KeyChange,
        "rules" => EventKind::Rules,
        other => panic!("nobody writes events of kind {other}"),
    }
}

fn trust_mode_of(said: &Case) -> TrustMode {
    if said.text("trustMode") == "centralized" { TrustMode::Centralized } else { TrustMode::Distributed }
}

fn condition_of(said: &Case) -> Precondition {
    match said.text("kind") {
        "chain_unchanged" => Precondition::ChainUnchanged { since: said.number("sinceSequence") },
        "lands_before" => Precondition::LandsBefore { sequence: said.number("sequence") },
        "key_unchanged" => {
            Precondition::KeyUnchanged { primary_key: said.array("primaryKey"), since: said.number("sinceSequence") }
        }
        _ => Precondition::Fence { primary_key: said.array("primaryKey"), token: said.number("token") },
    }
}

const HEADERS: &[List] = &[
    ("events", |case| {
        let said = case.part("input");
        let built = build_event(&EventInput {
            kind: kind_of(said.text("kind")),
            data: &said.data("data"),
            primary_key: said.maybe_array("primaryKey"),
            parent: said.maybe_array("parent"),
            collection: said.maybe_array("collection"),
            type_name: said.maybe_text("type"),
            reply_to: said.maybe_array("replyTo"),
            time_unix_ms: said.number("timeUnixMs"),
            authority: &authority_of(&said),
            storing: Storing::Clear { salt: said.array("salt") },
        });
        let built = built.expect("it is whole");
        assert_eq!(
            (hex(&built.header).as_str(), hex(&built.frame).as_str()),
            (case.text("header"), case.text("event"))
        );
    }),
    ("genesis", |case| {
        let said = case.part("input");
        let server = said.has("serverIdentity").then(|| key_of(&said, "serverIdentity"));
        let header = build_genesis(&GenesisInput {
            chain_key: said.text("chainKey"),
            trust_mode: trust_mode_of(&said),
            roots: &keys_in(&said, "roots"),
            created_unix_ms: said.number("createdUnixMs"),
            salt: said.array("salt"),
            server_identity: server.as_ref(),
            private: said.bool("isPrivate"),
            confidential: said.bool("isConfidential"),
        });
        assert_eq!(hex(&header), case.text("header"));
        let genesis = parse_genesis(&header.into()).expect("it is a genesis");
        assert_eq!(hex(&genesis.chain_id), case.text("chainId"));
        assert_eq!(genesis.trust_mode, trust_mode_of(&said));
        assert_eq!((genesis.private, genesis.confidential), (said.bool("isPrivate"), said.bool("isConfidential")));
    }),
    ("seals", |case| {
        let said = case.part("input");
        let (chain_id, fingerprint, salt) = (said.array("chainId"), said.array("fingerprint"), said.array("salt"));
        let writer = WriterIdentity { chain_id, fingerprint, salt };
        let as_of =
            said.maybe_part("asOf").map(|head| TreeHead { size: head.number("size"), root: head.array("root") });
        let preconditions: Vec<Precondition> = said.list("preconditions").iter().map(condition_of).collect();
        let headers = said.list_of_data("eventHeaders");
        let headers: Vec<&[u8]> = headers.iter().map(AsRef::as_ref).collect();
        let input = SealInput {
            counter: said.number("counter"),
            previous: said.maybe_array("previous"),
            as_of,
            preconditions: &preconditions,
        };
        let header = build_seal_header(&writer, &input, &headers);
        assert_eq!(
            (hex(&header).as_str(), hex(&seal_hash(&header)).as_str()),
            (case.text("header"), case.text("hash"))
        );
        assert_eq!(hex(&writer.id()), case.text("writerId"));
        let view = parse_seal(FieldWriter::new().bytes(1, &header).finish().into()).expect("it is a seal");
        assert_eq!((view.counter, view.preconditions), (said.number("counter"), preconditions));
    }),
    ("commitHeaders", |case| {
        let said = case.part("input");
        let header = CommitHeader {
            commit: said.number("commit"),
            first_sequence: said.number("firstSequence"),
            events: said.number("events"),
            time_unix_ms: said.number("timeUnixMs"),
            seal_hash: said.array("sealHash"),
        };
        assert_eq!(hex(&header.encode()), case.text("header"));
        assert_eq!(CommitHeader::parse(header.encode().into()).expect("it is read"), header);
    }),
    ("commits", |case| {
        let (run, header) = (case.data("run"), case.data("header"));
        let commit = encode_commit(&run, &header, case.maybe_array("treeRoot"), case.number("durableOffset"));
        assert_eq!(hex(&commit), case.text("commit"));
    }),
];

#[test]
fn headers() {
    run("headers", HEADERS);
}
