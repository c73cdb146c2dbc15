"""Data that was left out and is loaded later, held against the header that was verified."""

from dataclasses import dataclass

from atedb.crypto.domains import HASH_DATA, HASH_SEALED_DATA
from atedb.crypto.hashes import leaf_hash, tagged_hash
from atedb.errors import AtedbError, Reason
from atedb.events.event import DATA_STATES, OMITTED, REDACTED, read_data_hash
from atedb.events.rules import read_confidentiality


@dataclass(frozen=True, slots=True)
class LoadedData:
    """What a server answers of one event."""

    event_hash: bytes
    data: bytes
    """As it is stored; empty where it is gone."""
    salt: bytes
    """Empty where the data is sealed, or gone."""
    data_state: int
    redaction: int | None
    """Sequence of the redaction that has erased the data."""


def check_loaded(sequence: int, header: bytes, loaded: LoadedData) -> None:
    """Check that this is the data of an event that was verified without it, or says in the right form that it is gone.

    That it may be gone is still to be asked for. Raises VERIFICATION_FAILED, naming the event's sequence.
    """
    if loaded.event_hash != leaf_hash(header):
        raise bad_data(sequence, "it is of another event")
    if loaded.data_state != 0:
        _check_gone(sequence, loaded)
        return
    if loaded.redaction is not None:
        raise bad_data(sequence, "it is here, and names what has erased it")
    is_sealed = read_confidentiality(header) is not None
    if is_sealed == bool(loaded.salt):
        raise bad_data(sequence, "it has a salt, and is sealed, or has none, and is in clear")
    if is_sealed:
        hashed = tagged_hash(HASH_SEALED_DATA, loaded.data)
    else:
        hashed = tagged_hash(HASH_DATA, loaded.salt, loaded.data)
    if (hashed, len(loaded.data)) != read_data_hash(header):
        raise bad_data(sequence, "it does not hash to what the header of the event says")


def _check_gone(sequence: int, loaded: LoadedData) -> None:
    # The stub's number is one with a sign.
    if not 0 <= loaded.data_state < len(DATA_STATES):
        raise bad_data(sequence, f"nobody knows the state {loaded.data_state} of it")
    if loaded.data_state == OMITTED:
        raise bad_data(sequence, "it is left out, and was asked for")
    if (loaded.data_state == REDACTED) != (loaded.redaction is not None):
        raise bad_data(sequence, "what has erased it is said where nothing has, or is not said")
    if loaded.data or loaded.salt:
        raise bad_data(sequence, "it is said to be gone, and some of it is here")


def bad_data(sequence: int, why: str) -> AtedbError:
    """Make the failure of what is not the data of an event."""
    return AtedbError(
        Reason.VERIFICATION_FAILED,
        f"the data that the server sent of the event at sequence {sequence} does not verify: {why}. Nothing of it was used",
        metadata={"sequence": str(sequence)},
    )
