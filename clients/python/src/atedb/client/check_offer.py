"""Verifies the genesis that a server offers, before it is appended."""

from dataclasses import dataclass

from atedb.crypto.keys import PublicKey
from atedb.errors import AtedbError, Reason
from atedb.events.chain_key import ChainKey
from atedb.events.genesis import Genesis
from atedb.events.owner import owner_of
from atedb.trust.check_batch import verify_genesis


@dataclass(frozen=True, slots=True)
class WantedChain:
    """What the one who wants a chain knows of what it is to be."""

    chain_key: ChainKey
    server_identity: PublicKey
    """As it was shown and checked."""
    private: bool
    confidential: bool
    writer: PublicKey
    """The key that is to write."""
    server: str
    """`host:port`."""


def check_offer(run: bytes, wanted: WantedChain) -> Genesis:
    """Verify that an auth service has signed who owns the chain, and that it is the owner whom the chain key names; that the
    server has signed it with the identity that it has, and that it is what was wished for.

    Raises VERIFICATION_FAILED; KEY_NOT_ALLOWED where the key that is to write isn't one of the owner's.
    """  # noqa: D205
    try:
        genesis, _ = verify_genesis(run)
    except AtedbError as error:
        raise _failed(error.message) from error
    answer, identity = genesis.answer, genesis.server_identity
    if genesis.chain_key.text != wanted.chain_key.text:
        raise _failed(f"it is for the chain {genesis.chain_key.text}")
    if answer is None:
        raise _failed("it holds no word of an auth service")
    if identity is None or identity.fingerprint != wanted.server_identity.fingerprint:
        raise _failed("it names another server")
    if (genesis.private, genesis.confidential) != (wanted.private, wanted.confidential):
        raise _failed("it is private or confidential, or not, other than was wished for")
    owners = [key.fingerprint for key in (*answer.roots, *answer.writers)]
    if wanted.writer.fingerprint in owners:
        return genesis
    owner, writer = owner_of(wanted.chain_key).text, wanted.writer.fingerprint.hex()
    allowed = ", ".join(one.hex() for one in owners)
    raise AtedbError(
        Reason.KEY_NOT_ALLOWED,
        f"the chain {wanted.chain_key.text} isn't there yet, and {owner} alone may create it: by the auth service of "
        f"{wanted.server} that is {allowed}, and the key is {writer}. Log in as {owner}, or ask them",
        metadata={"fingerprint": writer, "allowed": allowed.replace(", ", ","), "owner": owner},
    )


def _failed(why: str) -> AtedbError:
    return AtedbError(
        Reason.VERIFICATION_FAILED,
        f"the genesis that the server offers can't be taken: {why}. Nothing was created",
    )
