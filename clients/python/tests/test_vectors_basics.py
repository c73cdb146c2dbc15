"""Chain keys, the strict form, hashes, trees, keys, signatures: what all else is made of."""

import pytest
from refusals import refused
from vectors import Case, cases, data, maybe, run

from atedb.client.sharing import ReaderChange
from atedb.client.tls import TlsOptions
from atedb.crypto import EMPTY_ROOT, Frontier, KeyPair, PublicKey, merkle_root
from atedb.crypto.data_key import read_key_id
from atedb.crypto.hashes import leaf_hash, node_hash, tagged_hash
from atedb.crypto.key_file import PassphraseCosts, format_key_file, parse_key_file
from atedb.crypto.merkle import verify_consistency, verify_inclusion
from atedb.encoding import check_strict
from atedb.encoding.all_forms import FORMS
from atedb.errors import AtedbError, Reason
from atedb.events.chain_key import parse_chain_address, parse_chain_key
from atedb.events.genesis import chain_id_of
from atedb.events.primary_key import child_primary_key, primary_key_from_name
from atedb.events.public_key_text import parse_public_key_text, public_key_text
from atedb.events.seal import WriterIdentity, seal_hash
from atedb.trust.check_batch import _base32


@run("chain-keys", "good")
def test_chain_key(case: Case) -> None:
    key = parse_chain_key(case["text"])
    assert (key.kind, key.db, key.domain, key.name, key.group, key.roots_fingerprint) == tuple(
        case.get(part) for part in ("kind", "db", "domain", "name", "group", "rootsFingerprint")
    )


@run("chain-keys", "bad")
def test_bad_chain_key(case: Case) -> None:
    with refused(case["reason"]):
        parse_chain_key(case["text"])


@run("chain-keys", "goodAddresses")
def test_address(case: Case) -> None:
    address = parse_chain_address(case["address"])
    server = address.server
    assert (server.host, server.port, server.server) == (case["host"], case["port"], case["server"])
    assert (server.pinned, address.chain_key.text, address.text) == (
        case.get("pinned"),
        case["chainKey"],
        case["text"],
    )


@run("chain-keys", "badAddresses")
def test_bad_address(case: Case) -> None:
    with refused(case["reason"]):
        parse_chain_address(case["text"])


@run("strict-form", "good")
def test_strict(case: Case) -> None:
    check_strict(FORMS[case["message"]], data(case["bytes"]))


@run("strict-form", "bad")
def test_not_strict(case: Case) -> None:
    with refused("NON_CANONICAL"):
        check_strict(FORMS[case["message"]], data(case["bytes"]))


def test_every_form_is_in_the_vectors() -> None:
    for of in ("good", "bad"):
        assert {case["message"] for case in cases("strict-form", of)} == set(FORMS)


@run("hashes", "tagged")
def test_tagged_hash(case: Case) -> None:
    assert tagged_hash(case["tag"], data(case["input"])).hex() == case["hash"]


@run("hashes", "leaves")
def test_leaf(case: Case) -> None:
    assert leaf_hash(data(case["bytes"])).hex() == case["leaf"]


@run("hashes", "nodes")
def test_node(case: Case) -> None:
    assert node_hash(data(case["left"]), data(case["right"])).hex() == case["node"]


@run("hashes", "emptyTree")
def test_empty_tree(case: Case) -> None:
    assert EMPTY_ROOT.hex() == case["root"]


@run("hashes", "dataHashes")
def test_data_hash(case: Case) -> None:
    assert tagged_hash("atedb/v1/data", data(case["salt"]), data(case["data"])).hex() == case["hash"]


@run("hashes", "sealedDataHashes")
def test_sealed_data_hash(case: Case) -> None:
    assert tagged_hash("atedb/v1/sealed-data", data(case["data"])).hex() == case["hash"]


@run("hashes", "chainIds")
def test_chain_id(case: Case) -> None:
    assert chain_id_of(data(case["header"])).hex() == case["chainId"]


@run("hashes", "sealHashes")
def test_seal_hash(case: Case) -> None:
    assert seal_hash(data(case["header"])).hex() == case["hash"]


@run("hashes", "writerIds")
def test_writer_id(case: Case) -> None:
    writer = WriterIdentity(*(data(case[part]) for part in ("chainId", "fingerprint", "salt")))
    assert writer.id().hex() == case["writerId"]


@run("hashes", "eventsRoots")
def test_events_root(case: Case) -> None:
    assert merkle_root([data(one) for one in case["headers"]]).hex() == case["root"]


@run("hashes", "names")
def test_name(case: Case) -> None:
    assert primary_key_from_name(case["name"]).hex() == case["primaryKey"]


@run("hashes", "children")
def test_child(case: Case) -> None:
    assert child_primary_key(maybe(case.get("parent")), data(case["label"])).hex() == case["primaryKey"]


@run("hashes", "readKeys")
def test_read_key_id(case: Case) -> None:
    assert read_key_id(data(case["readKey"])).hex() == case["id"]


@run("hashes", "rootsFingerprints")
def test_roots_fingerprint(case: Case) -> None:
    hashed = tagged_hash("atedb/v1/roots", *sorted(data(one) for one in case["roots"]))
    assert (hashed.hex(), _base32(hashed)) == (case["hash"], case["text"])


@run("merkle", "leaves")
def test_one_leaf(case: Case) -> None:
    assert merkle_root([data(case["bytes"])]) == leaf_hash(data(case["bytes"]))


@run("merkle", "roots")
def test_root(case: Case) -> None:
    leaves = [data(one["bytes"]) for one in cases("merkle", "leaves")][: case["size"]]
    grown = Frontier()
    for leaf in leaves:
        grown.append(leaf_hash(leaf))
    assert merkle_root(leaves).hex() == grown.root().hex() == case["root"]
    assert [one.hex() for one in grown.hashes] == case["frontier"]


@run("merkle", "appended")
def test_append(case: Case) -> None:
    before = cases("merkle", "roots")[case["size"]]["frontier"]
    tree = Frontier(case["size"], [data(one) for one in before])
    tree.append(data(case["leaf"]))
    assert tree.root().hex() == case["root"]
    assert [one.hex() for one in tree.hashes] == case["frontier"]


def test_a_frontier_of_another_size_is_refused() -> None:
    with refused("NON_CANONICAL"):
        Frontier(3, [bytes(32)])
    with refused("NON_CANONICAL"):
        Frontier(1, [bytes(31)])


def _inclusion(case: Case) -> bool:
    return verify_inclusion(
        leaf=data(case["leaf"]),
        index=case["index"],
        size=case["size"],
        proof=[data(one) for one in case["proof"]],
        root=data(case["root"]),
    )


@run("merkle", "inclusion")
def test_inclusion(case: Case) -> None:
    assert _inclusion(case)


@run("merkle", "badInclusion")
def test_no_inclusion(case: Case) -> None:
    assert not _inclusion(case)


def _consistency(case: Case) -> bool:
    return verify_consistency(
        first=case["first"],
        second=case["second"],
        first_root=data(case["firstRoot"]),
        second_root=data(case["secondRoot"]),
        proof=[data(one) for one in case["proof"]],
    )


@run("merkle", "consistency")
def test_consistency(case: Case) -> None:
    assert _consistency(case)


@run("merkle", "badConsistency")
def test_no_consistency(case: Case) -> None:
    assert not _consistency(case)


@run("keys", "good")
def test_key(case: Case) -> None:
    pair = KeyPair(case["suite"], data(case["seed"]), maybe(case.get("kemSeed")))
    key = pair.public_key
    assert key.fingerprint.hex() == case["fingerprint"]
    assert (key.key.hex(), key.kem_key.hex()) == (case["publicKey"], case.get("kemPublicKey", ""))
    assert key.message().hex() == case["message"]
    assert public_key_text(key) == case["text"]
    assert PublicKey.parse(data(case["message"])) == key
    assert parse_public_key_text(f" {case['text']}\n") == key
    signature = pair.sign("atedb/v1/seal", b"a message")
    assert key.verify("atedb/v1/seal", b"a message", signature)
    assert not key.verify("atedb/v1/proof", b"a message", signature)


@run("keys", "bad")
def test_no_key(case: Case) -> None:
    with refused(case["reason"]):
        PublicKey.of(case["suite"], data(case["key"]), case["kemSuite"], data(case["kemKey"]))


@run("keys", "badTexts")
def test_no_key_text(case: Case) -> None:
    with refused(case["reason"]):
        parse_public_key_text(case["text"])


@run("key-files", "good")
def test_key_file(case: Case) -> None:
    pair = parse_key_file(case["text"], passphrase=case.get("passphrase"))
    assert pair.export_seeds() == (data(case["seed"]), maybe(case.get("kemSeed")))
    assert pair.fingerprint.hex() == case["fingerprint"]


@run("key-files", "bad")
def test_no_key_file(case: Case) -> None:
    with refused(case["reason"]):
        parse_key_file(case["text"], passphrase=case.get("passphrase"))


@pytest.mark.parametrize("passphrase", [None, "a passphrase"])
@pytest.mark.parametrize("for_signing_only", [True, False])
def test_a_key_file_that_is_written_is_read(passphrase: str | None, for_signing_only: bool) -> None:
    pair = KeyPair.generate(for_signing_only=for_signing_only)
    text = format_key_file(pair, passphrase=passphrase, costs=PassphraseCosts(64, 1, 1))
    assert parse_key_file(text, passphrase=passphrase).export_seeds() == pair.export_seeds()


def _verify(case: Case) -> bool:
    key = PublicKey.parse(data(cases("signatures", "keys")[case["key"]]["key"]))
    return key.verify(case["context"], data(case["message"]), data(case["signature"]))


@run("signatures", "keys")
def test_key_of_signatures(case: Case) -> None:
    assert PublicKey.parse(data(case["key"])).message().hex() == case["key"]


@run("signatures", "good")
def test_signature(case: Case) -> None:
    assert _verify(case)


@run("signatures", "bad")
def test_no_signature(case: Case) -> None:
    assert not _verify(case)


def test_secrets_are_not_shown() -> None:
    pair = KeyPair.generate()
    seed, kem_seed = pair.export_seeds()
    for text in (repr(pair), str(pair), repr(pair.public_key)):
        assert seed.hex() not in text
        assert kem_seed is not None
        assert kem_seed.hex() not in text
    # Of a client's certificate, and of what readers of a chain are given.
    for shown in (TlsOptions(cert=b"public", key=b"a secret"), ReaderChange([], b"a secret")):
        assert "a secret" not in repr(shown)


def test_a_wrong_reason_of_the_schema_is_none() -> None:
    assert AtedbError(Reason.INTERNAL, "x").message == "x"
