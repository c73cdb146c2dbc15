"""What is demanded of a chain, and what opening it says."""

from collections.abc import Callable
from dataclasses import dataclass

from atedb.client.messages import untrue
from atedb.crypto.keys import PublicKey
from atedb.encoding.fields import messages_in
from atedb.errors import AtedbError, Reason
from atedb.events.chain_key import ChainKey
from atedb.events.genesis import Genesis, TrustMode
from atedb.events.seal import TreeHead
from atedb.v1 import chain_pb2, log_pb2


@dataclass(frozen=True, slots=True)
class Expected:
    """What a caller demands of a chain, beside what is remembered of it."""

    chain_id: bytes | None = None
    trust_mode: TrustMode | None = None
    confidential: bool = False
    private: bool = False
    delegated: bool = False
    """The key that writes has its right from another one: no chain is made with it."""

    def check(self, genesis: Genesis) -> None:
        """Refuse a chain that isn't as it is to be. Raises TRUST_MODE_MISMATCH, READ_RULE_MISMATCH, CHAIN_NOT_PRIVATE."""
        self.check_mode(genesis.chain_key, genesis.trust_mode)
        if self.confidential and not genesis.confidential:
            why = f"the chain {genesis.chain_key.text} is there, and is not confidential"
            raise AtedbError(Reason.READ_RULE_MISMATCH, why)
        if self.private and not genesis.private:
            why = f"the chain {genesis.chain_key.text} is there, and is not private"
            raise AtedbError(Reason.CHAIN_NOT_PRIVATE, why)

    def check_mode(self, chain_key: ChainKey, mode: TrustMode) -> None:
        """Refuse a chain that is, or would be, of another mode. Raises TRUST_MODE_MISMATCH."""
        if self.trust_mode not in (None, mode):
            why = f"the chain {chain_key.text} is, or would be, {mode}, and {self.trust_mode} was expected"
            raise AtedbError(Reason.TRUST_MODE_MISMATCH, why, metadata={"trust_mode": mode})


@dataclass(frozen=True, slots=True)
class WriterStanding:
    """What the server knows of a writer. Not verified."""

    next_counter: int
    last_seal: bytes | None
    """The Seal message of its last batch, as it came."""

    @staticmethod
    def of(answer: chain_pb2.OpenChainResponse, raw: bytes) -> "WriterStanding | None":
        """Take it from what opening a chain was answered; None: no writer was asked for."""
        if not answer.HasField("writer"):
            return None
        writer = next(iter(messages_in(raw, 7)))
        return WriterStanding(answer.writer.next_counter, next(iter(messages_in(writer, 2)), None))


@dataclass(frozen=True, slots=True)
class OpenedChain:
    """A chain whose genesis and head were verified."""

    genesis: Genesis
    head: TreeHead
    next_sequence: int
    trouble: str
    """Why it can be read only, in the server's words; empty: it can be appended to."""
    writer: WriterStanding | None


@dataclass(frozen=True, slots=True)
class Opened:
    """What opening a chain says."""

    server_identity: PublicKey
    trust_mode: TrustMode
    """Of chains that are created now."""
    chain: OpenedChain | None
    """None: there is no such chain yet."""
    offer: bytes | None = None
    """The batch by which the server would create it, by the word of its auth service; None: the caller makes one. Not verified."""


def tree_head(message: log_pb2.TreeHead) -> TreeHead:
    """Take a head from a stub. Raises VERIFICATION_FAILED."""
    if len(message.root) != 32:
        raise untrue("a head has no root")
    return TreeHead(message.size, message.root)


class KnownHead:
    """The newest head that this client has verified, each one as an extension of the one before."""

    def __init__(self, on_advance: Callable[[TreeHead], None]) -> None:
        self.newest: TreeHead | None = None
        self._on_advance = on_advance

    def advance(self, before: TreeHead | None, head: TreeHead) -> None:
        """Move on to a head that extends `before`. If that isn't the newest now, the two were never compared: nothing happens."""
        if self.newest != before or (before is not None and head.size <= before.size):
            return
        self.newest = head
        self._on_advance(head)
