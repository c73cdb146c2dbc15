"""Headers, batches, sealed data, key wraps, proofs, checkpoints, identities."""

import secrets

from refusals import refused
from vectors import Case, cases, data, maybe, run

from atedb.crypto import KeyPair, PublicKey
from atedb.crypto.data_key import add_padding, derive_data_key, padme_length, remove_padding
from atedb.crypto.hpke import hpke_open, hpke_seal
from atedb.crypto.kem import KEMS, KemPrivateKey
from atedb.events.batch import parse_batch
from atedb.events.chain_key import parse_chain_key
from atedb.events.checkpoint import CheckpointClaim
from atedb.events.commit import CommitHeader, encode_commit, parse_commit_header
from atedb.events.event import EventInput, Sealing, build_event
from atedb.events.genesis import build_genesis, parse_genesis
from atedb.events.possession import KeyProofClaim
from atedb.events.rules import (
    Authorisation,
    Confidentiality,
    EventAuthority,
    KeyChange,
    ReadRule,
    WrappedKey,
    WriteRule,
    read_confidentiality,
)
from atedb.events.seal import Precondition, TreeHead, WriterIdentity, build_seal_header, parse_seal, seal_hash
from atedb.events.sealed_data import open_sealed_data, sealing_under, unwrap_read_key, wrap_read_key
from atedb.trust.check_batch import check_batch
from atedb.trust.checkpoints import verify_checkpoint, verify_checkpoint_keys
from atedb.trust.identity_line import IdentityLine, verify_identity_line


def _rule(said: Case | None) -> WriteRule | None:
    if said is None:
        return None
    return WriteRule(said["kind"], tuple(data(one) for one in said.get("fingerprints", [])))


def _authority(said: Case) -> EventAuthority:
    rules = said.get("authorisation")
    authorisation = None
    if rules is not None:
        read = rules.get("read")
        admit = rules.get("admit")
        authorisation = Authorisation(
            _rule(rules.get("write")),
            _rule(rules.get("add")),
            None if read is None else ReadRule(read["kind"], data(read.get("readKeyId"))),
            None if admit is None else tuple(data(one) for one in admit),
        )
    roots = said.get("roots")
    change = said.get("keyChange")
    return EventAuthority(
        authorisation,
        tuple(PublicKey.parse(data(one)) for one in said.get("publicKeys", [])),
        tuple(
            WrappedKey(data(one["readKeyId"]), data(one["recipient"]), data(one["wrapped"]))
            for one in said.get("wrappedKeys", [])
        ),
        tuple(data(one) for one in said.get("signWith", [])),
        maybe(said.get("author")),
        said.get("moves", False),
        None if roots is None else tuple(PublicKey.parse(data(one)) for one in roots),
        None
        if change is None
        else KeyChange(
            data(change["fingerprint"]),
            PublicKey.parse(data(change["successor"])) if "successor" in change else None,
        ),
        maybe(said.get("label")),
    )


@run("headers", "events")
def test_event(case: Case) -> None:
    said = case["input"]
    built = build_event(
        EventInput(
            said["kind"],
            data(said["salt"]),
            data(said["data"]),
            maybe(said.get("primaryKey")),
            maybe(said.get("parent")),
            maybe(said.get("collection")),
            said.get("type"),
            maybe(said.get("replyTo")),
            said.get("timeUnixMs", 0),
            _authority(said),
        )
    )
    assert built.header.hex() == case["header"]
    assert built.frame.hex() == case["event"]


@run("headers", "genesis")
def test_genesis(case: Case) -> None:
    said = case["input"]
    server = said.get("serverIdentity")
    header = build_genesis(
        parse_chain_key(said["chainKey"]),
        said["trustMode"],
        [PublicKey.parse(data(one)) for one in said["roots"]],
        created_unix_ms=said["createdUnixMs"],
        salt=data(said["salt"]),
        server_identity=None if server is None else PublicKey.parse(data(server)),
        private=said.get("isPrivate", False),
        confidential=said.get("isConfidential", False),
    )
    assert header.hex() == case["header"]
    genesis = parse_genesis(header)
    assert genesis.chain_id.hex() == case["chainId"]
    assert genesis.trust_mode == said["trustMode"]
    assert (genesis.private, genesis.confidential) == (
        said.get("isPrivate", False),
        said.get("isConfidential", False),
    )


def _condition(said: Case) -> Precondition:
    number = said.get("sinceSequence", said.get("sequence", said.get("token")))
    return Precondition(said["kind"], number, data(said.get("primaryKey")))


@run("headers", "seals")
def test_seal(case: Case) -> None:
    said = case["input"]
    as_of = said.get("asOf")
    writer = WriterIdentity(data(said["chainId"]), data(said["fingerprint"]), data(said["salt"]))
    conditions = [_condition(one) for one in said.get("preconditions", [])]
    header = build_seal_header(
        writer,
        counter=said["counter"],
        previous=maybe(said.get("previous")),
        event_headers=[data(one) for one in said["eventHeaders"]],
        as_of=None if as_of is None else TreeHead(as_of["size"], data(as_of["root"])),
        preconditions=conditions,
    )
    assert header.hex() == case["header"]
    assert seal_hash(header).hex() == case["hash"]
    assert writer.id().hex() == case["writerId"]
    view = parse_seal(b"\x0a" + bytes([len(header) % 128 + 128, len(header) // 128]) + header)
    assert (view.counter, list(view.preconditions)) == (said["counter"], conditions)


@run("headers", "commitHeaders")
def test_commit_header(case: Case) -> None:
    said = case["input"]
    header = CommitHeader(
        said["commit"], said["firstSequence"], said["events"], said["timeUnixMs"], data(said["sealHash"])
    )
    assert header.encode().hex() == case["header"]
    assert parse_commit_header(header.encode()) == header


@run("headers", "commits")
def test_commit(case: Case) -> None:
    parts = (data(case["run"]), data(case["header"]), maybe(case.get("treeRoot")), case["durableOffset"])
    assert encode_commit(*parts).hex() == case["commit"]


@run("batches", "good")
def test_batch(case: Case) -> None:
    batch = parse_batch(data(case["run"]))
    check_batch(batch)
    assert (len(batch.events), batch.seal.chain_id.hex()) == (case["events"], case["chainId"])


@run("batches", "bad")
def test_no_batch(case: Case) -> None:
    with refused(case["reason"]):
        check_batch(parse_batch(data(case["run"])))


@run("sealed-data", "good")
def test_sealed_data(case: Case) -> None:
    read_key, chain_id, read_key_id = (data(case[part]) for part in ("readKey", "chainId", "readKeyId"))
    key, commitment = derive_data_key(read_key, data(case["random"]), chain_id + read_key_id)
    assert (key.hex(), commitment.hex()) == (case["key"], case["commitment"])
    header = data(case["header"])
    confidentiality = read_confidentiality(header)
    assert confidentiality == Confidentiality(read_key_id, data(case["random"]), commitment)
    opened = open_sealed_data(
        read_key, chain_id=chain_id, header=header, confidentiality=confidentiality, data=data(case["stored"])
    )
    assert opened is not None
    assert opened.hex() == case["data"]
    assert add_padding(opened, case["rule"]).rstrip(b"\0") == opened + b"\x80"


@run("sealed-data", "bad")
def test_no_sealed_data(case: Case) -> None:
    header = data(case["header"])
    confidentiality = read_confidentiality(header)
    assert confidentiality is not None
    opened = open_sealed_data(
        data(case["readKey"]),
        chain_id=data(case["chainId"]),
        header=header,
        confidentiality=confidentiality,
        data=data(case["stored"]),
    )
    assert opened is None


def test_what_is_sealed_here_is_opened_here() -> None:
    chain_id, read_key = secrets.token_bytes(32), secrets.token_bytes(32)
    sealing: Sealing = sealing_under(read_key, chain_id, "padme")
    said = EventInput("data", bytes(16), b"a secret", secrets.token_bytes(16), sealing=sealing)
    built = build_event(said)
    stored = built.frame[built.frame.index(built.header) + len(built.header) + 2 :]
    confidentiality = read_confidentiality(built.header)
    assert confidentiality is not None
    parts = {"chain_id": chain_id, "header": built.header, "confidentiality": confidentiality}
    assert open_sealed_data(read_key, data=stored, **parts) == b"a secret"
    assert open_sealed_data(read_key, data=stored, **{**parts, "chain_id": bytes(32)}) is None


@run("sealed-data", "padme")
def test_padme(case: Case) -> None:
    assert padme_length(case["length"]) == case["padded"]


@run("sealed-data", "paddings")
def test_padding(case: Case) -> None:
    assert add_padding(data(case["text"]), case["rule"]).hex() == case["padded"]
    assert remove_padding(data(case["padded"])) == data(case["text"])


@run("sealed-data", "badPaddings")
def test_no_padding(case: Case) -> None:
    assert remove_padding(data(case["padded"])) is None


def _open_hpke(case: Case) -> bytes | None:
    kem = KEMS[case["kem"]]
    key = KemPrivateKey(kem, data(case["seed"]))
    return hpke_open(key, kem, info=data(case["info"]), aad=data(case["aad"]), sealed=data(case["sealed"]))


@run("key-wraps", "hpke")
def test_hpke(case: Case) -> None:
    kem = KEMS[case["kem"]]
    assert KemPrivateKey(kem, data(case["seed"])).public_key.hex() == case["publicKey"]
    opened = _open_hpke(case)
    assert opened is not None
    assert opened.hex() == case["plaintext"]
    again = hpke_seal(
        kem, data(case["publicKey"]), info=data(case["info"]), aad=data(case["aad"]), plaintext=b"x"
    )
    assert _open_hpke({**case, "sealed": again.hex()}) == b"x"


@run("key-wraps", "badHpke")
def test_no_hpke(case: Case) -> None:
    assert _open_hpke(case) is None


def _unwrap(case: Case) -> bytes | None:
    reader = PublicKey.parse(data(case["reader"])) if "reader" in case else None
    key = KeyPair(2, bytes(64), data(case["kemSeed"]))
    assert reader is None or reader.kem_key == key.public_key.kem_key
    wrapped = WrappedKey(data(case["readKeyId"]), data(case["recipient"]), data(case["wrapped"]))
    return unwrap_read_key(data(case["chainId"]), wrapped, key)


@run("key-wraps", "wrappedKeys")
def test_wrapped_key(case: Case) -> None:
    assert _unwrap(case) == data(case["readKey"])
    reader = PublicKey.parse(data(case["reader"]))
    again = wrap_read_key(data(case["chainId"]), data(case["readKey"]), reader)
    assert _unwrap({**case, "wrapped": again.wrapped.hex()}) == data(case["readKey"])


@run("key-wraps", "badWrappedKeys")
def test_no_wrapped_key(case: Case) -> None:
    assert _unwrap(case) is None


def _claim(case: Case) -> KeyProofClaim:
    parts = ("serverFingerprint", "chainId", "conversationId", "fingerprint")
    claim = [data(case[part]) for part in parts]
    return KeyProofClaim(*claim, *([data(case["exporter"])] if "exporter" in case else []))


def _check_proof(case: Case, signed: bytes) -> None:
    assert signed.hex() == case["bytes"]
    prover = PublicKey.parse(data(cases("proofs", "keys")[0]["key"]))
    assert prover.verify(case["context"], signed, data(case["signature"]))


@run("proofs", "keys")
def test_prover(case: Case) -> None:
    assert KeyPair(2, data(case["seed"]), None).public_key.message().hex() == case["key"]


@run("proofs", "append")
def test_proof_of_append(case: Case) -> None:
    _check_proof(case, _claim(case).append_bytes())


@run("proofs", "lock")
def test_proof_of_lock(case: Case) -> None:
    _check_proof(case, _claim(case).lock_bytes(data(case["primaryKey"])))


@run("proofs", "ticket")
def test_proof_of_ticket(case: Case) -> None:
    _check_proof(case, _claim(case).ticket_bytes(case["chainKey"]))


@run("proofs", "deleteChain")
def test_proof_of_deletion(case: Case) -> None:
    _check_proof(case, _claim(case).deletion_bytes(TreeHead(case["size"], data(case["root"]))))


def _line(identity: str) -> IdentityLine:
    return verify_identity_line(PublicKey.parse(data(identity)), [])


@run("checkpoints", "keys")
def test_checkpoint_keys(case: Case) -> None:
    keys = verify_checkpoint_keys(data(case["message"]), _line(case["identity"])).keys
    assert (keys.ed25519.hex(), keys.mldsa44.hex()) == (case["ed25519"], case["mldsa44"])
    chain_id = data(cases("checkpoints", "good")[0]["chainId"])
    origin = CheckpointClaim(chain_id, TreeHead(1, bytes(32)), 1).origin
    for name, is_ed25519 in (("ed25519", True), ("mldsa44", False)):
        assert keys.key_id(origin, is_ed25519=is_ed25519).hex() == case["keyIds"][name]


@run("checkpoints", "badKeys")
def test_no_checkpoint_keys(case: Case) -> None:
    with refused(case["reason"]):
        verify_checkpoint_keys(data(case["message"]), _line(case["identity"]))


def _signer():
    keys = cases("checkpoints", "keys")[0]
    return verify_checkpoint_keys(data(keys["message"]), _line(keys["identity"]))


@run("checkpoints", "good")
def test_checkpoint(case: Case) -> None:
    signed = verify_checkpoint(case["note"], data(case["chainId"]), _signer())
    assert (signed.head, signed.time_unix_s) == (
        TreeHead(case["size"], data(case["root"])),
        case["timeUnixS"],
    )
    claim = CheckpointClaim(data(case["chainId"]), signed.head, signed.time_unix_s)
    assert claim.cosigned().hex() == case["cosigned"]


@run("checkpoints", "bad")
def test_no_checkpoint(case: Case) -> None:
    with refused(case["reason"]):
        verify_checkpoint(case["note"], data(case["chainId"]), _signer())


@run("identity", "keys")
def test_identity_key(case: Case) -> None:
    assert KeyPair(1, data(case["seed"]), None).fingerprint.hex() == case["fingerprint"]


@run("identity", "rotations")
def test_rotations_are_told_apart(case: Case) -> None:
    assert sum(one == case for one in cases("identity", "rotations")) == 1


@run("identity", "cases")
def test_identity_line(case: Case) -> None:
    keys = [PublicKey.parse(data(one["key"])) for one in cases("identity", "keys")]
    rotations = [data(cases("identity", "rotations")[place]["message"]) for place in case["rotations"]]
    identity = keys[case["identity"]]
    if not case["leadsFrom"]:
        with refused(case["reason"]):
            verify_identity_line(identity, rotations)
        return
    line = verify_identity_line(identity, rotations)
    leads_from = [place for place, key in enumerate(keys) if line.has(key.fingerprint)]
    assert leads_from == case["leadsFrom"]
