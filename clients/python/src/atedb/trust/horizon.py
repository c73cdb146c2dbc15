"""How far back a chain remembers everything: the newest snapshot."""

from dataclasses import dataclass

from atedb.errors import AtedbError, Reason
from atedb.events.batch import Batch
from atedb.trust.act import Act
from atedb.trust.from_server import is_from_server
from atedb.trust.key_changes import require_root
from atedb.trust.key_ring import KeyRing


@dataclass(frozen=True, slots=True)
class Horizon:
    """The newest snapshot of a chain."""

    size: int
    """In commits: what was made by an older head is refused."""
    sequence: int
    """Of the snapshot's event."""


def raised_horizon(before: Horizon | None, act: Act, batch: Batch, sequence: int, keys: KeyRing) -> Horizon:
    """Give the horizon that a snapshot says. `batch`: that it is alone in, and `sequence` its own.

    Raises KEY_NOT_ALLOWED where it isn't from a root; SNAPSHOT_INVALID where it raises nothing, or is about what its writer hasn't
    seen.
    """
    require_root(act, keys, "say what may be gone")
    said = act.said.snapshot
    assert said is not None, "check_events has passed it"
    if before is not None and said.size <= before.size:
        why = (
            f"it is about {said.size} commits, and the one at sequence {before.sequence} about {before.size}"
        )
        raise _invalid(why, said.size)
    seen = 0 if batch.seal.as_of is None else batch.seal.as_of.size
    if said.size > seen:
        why = f"it is about {said.size} commits, and its writer says to have verified {seen}"
        raise _invalid(why, said.size)
    return Horizon(said.size, sequence)


def check_fresh(horizon: Horizon | None, batch: Batch) -> None:
    """Refuse a batch that was made by a head that is older than the horizon: what it was made by may be forgotten.

    What the server itself adds is made by no head. Raises STALE.
    """
    if horizon is None or is_from_server(batch):
        return
    size = 0 if batch.seal.as_of is None else batch.seal.as_of.size
    if size >= horizon.size:
        return
    raise AtedbError(
        Reason.STALE,
        f"the batch was made by a head of {size} commits, and by the snapshot at sequence {horizon.sequence} what was before commit "
        f"{horizon.size} may be forgotten",
        metadata={"as_of_size": str(size), "horizon": str(horizon.size)},
    )


def _invalid(why: str, size: int) -> AtedbError:
    return AtedbError(
        Reason.SNAPSHOT_INVALID, f"the snapshot doesn't count: {why}", metadata={"size": str(size)}
    )
