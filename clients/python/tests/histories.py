"""Histories of the vectors: rights alone, batch by batch."""

from vectors import Case, data

from atedb.errors import AtedbError
from atedb.events.batch import parse_batch
from atedb.events.genesis import parse_genesis
from atedb.trust.authority import Authority, CommitPlace
from atedb.trust.key_ring import take_back


def check_history(case: Case) -> None:
    """Decide on each batch, at the time of its commit; what was decided can be taken back, and is decided alike again."""
    genesis = parse_genesis(data(case["genesis"]))
    authority = Authority.of(genesis)
    for place, decided in enumerate(case["batches"]):
        batch = parse_batch(data(decided["run"]))
        at = CommitPlace(decided["timeUnixMs"], genesis.chain_key.text)
        verdict: tuple[str | None, int | None] = (None, None)
        try:
            authority.keys_of(batch)
            take_back(authority.decide(batch, at))
            authority.keys_of(batch)
            authority.decide(batch, at)
        except AtedbError as error:
            index = error.metadata.get("event_index")
            verdict = (error.reason.value, None if index is None else int(index))
        due = (decided.get("reason"), decided.get("event"))
        assert verdict == due, f"batch {place}: {decided['what']}"
