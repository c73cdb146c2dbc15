"""What each event of a batch says of itself, but for its hashes."""

from typing import Final

from atedb.events.batch import Batch, invalid_event
from atedb.events.event import MARK_AUTHORITY, MARK_SEALED, MARK_SIGNERS, EventView, read_said
from atedb.events.primary_key import child_primary_key
from atedb.trust.check_gone import Provenance, check_gone
from atedb.trust.from_server import SERVERS_KINDS

_SEALED_BYTES_MIN: Final = 17
"""Sealed data holds the delimiter of its padding, and the tag of the seal."""


def check_events(batch: Batch, provenance: Provenance) -> None:
    """Check the events of a batch that isn't a genesis. Raises BATCH_INVALID, UNSUPPORTED, naming the event."""
    is_servers = batch.events[0].kind in SERVERS_KINDS
    for index, event in enumerate(batch.events):
        if event.kind == "gone":
            if provenance == "appended":
                raise invalid_event(index, "a writer sends its events, and nothing that stands for some")
            continue
        _check_event(batch, index, event, provenance)
        if (event.kind in SERVERS_KINDS) != is_servers:
            raise invalid_event(index, "what a server adds is in batches of its own")


def _check_event(batch: Batch, index: int, event: EventView, provenance: Provenance) -> None:
    kind = event.kind
    if kind == "genesis":
        raise invalid_event(index, "a genesis is alone in its batch")
    if kind == "snapshot" and len(batch.events) > 1:
        raise invalid_event(index, "a snapshot is alone in its batch")
    is_sealed = bool(event.marks & MARK_SEALED)
    if event.has_genesis:
        raise invalid_event(index, "only a genesis says what the chain is")
    if not event.primary_key and kind in ("data", "tombstone", "redaction"):
        raise invalid_event(index, "it has no primary key")
    if event.data_state != 0:
        check_gone(event, index, provenance)
    else:
        if (not event.salt) != is_sealed:
            raise invalid_event(index, "sealed data has no salt" if is_sealed else "its salt is missing")
        if event.data_bytes != len(event.data):
            why = f"its header counts {event.data_bytes} bytes of data, and it has {len(event.data)}"
            raise invalid_event(index, why)
    if kind != "data" and (event.data_bytes or is_sealed):
        raise invalid_event(index, f"an event of kind {kind!r} has no data")
    if is_sealed and event.data_bytes < _SEALED_BYTES_MIN:
        raise invalid_event(index, "its data is not sealed")
    if kind != "data" or event.marks & ~MARK_SEALED:
        _check_said(batch, index, event)


def _check_said(batch: Batch, index: int, event: EventView) -> None:
    """Check that an event says of rights and keys what its kind may say."""
    said = batch.authority_of(index)
    kind = event.kind

    def refuse(is_said: bool, what: str) -> None:
        if is_said:
            raise invalid_event(index, f"an event of kind {kind!r} {what}")

    is_of_object = kind == "data" or (kind == "rules" and bool(event.primary_key))
    if not is_of_object:
        refuse(bool(event.parent) or _has_collection(event), "names no parent")
        refuse(said.moves, "moves nothing")
        refuse(said.label is not None, "has no label")
        refuse(said.authorisation is not None and kind != "rules", "sets no rules")
    admits = said.authorisation is not None and said.authorisation.admit is not None
    refuse(admits and bool(event.primary_key), "says who may open the chain, for an object")
    retains = said.authorisation is not None and said.authorisation.retain is not None
    refuse(retains and bool(event.primary_key), "says how long data is kept, for an object")
    names_none = kind in ("roots", "key_change", "snapshot") or kind in SERVERS_KINDS
    refuse(bool(event.primary_key) and names_none, "names no object")
    refuse((said.roots is not None) != (kind == "roots"), "says which roots, and no other event does")
    refuse((said.key_change is not None) != (kind == "key_change"), "says which key, and no other event does")
    refuse((said.snapshot is not None) != (kind == "snapshot"), "says what may be gone alone")
    refuse((said.redaction is not None) != (kind == "redaction"), "erases what it names alone")
    refuse((said.auth_answer is not None) != (kind == "auth_answer"), "holds it, and no other event does")
    is_identity = kind == "server_identity"
    refuse((said.server_identity is not None) != is_identity, "holds it, and no other event does")
    if kind in SERVERS_KINDS:
        _check_servers(batch, index, event)
    refuse(kind == "rules" and not event.marks & MARK_AUTHORITY, "sets some rules")
    if said.label is None or not event.primary_key:
        return
    if child_primary_key(event.parent or None, said.label) != event.primary_key:
        raise invalid_event(index, "its primary key is not made from its parent and its label")


def _check_servers(batch: Batch, index: int, event: EventView) -> None:
    """Check that an event which a server adds says nothing besides, and that what it holds is what it is to be."""
    said = batch.authority_of(index)
    if said.public_keys or said.wrapped_keys:
        raise invalid_event(index, "what a server adds shows no keys")
    if event.marks & MARK_SIGNERS:
        raise invalid_event(index, "what a server adds is from the server alone")
    if event.kind == "server_identity":
        batch.rotation_of(index)
    elif batch.answer_of(index).rotations:
        raise invalid_event(
            index, "the answer of an auth service has no rotations: they are events of their own"
        )


def _has_collection(event: EventView) -> bool:
    return read_said(event.header).collection is not None
