"""What others have signed within the events of a batch: answers of auth services, and rotations of identities."""

from atedb.crypto.domains import CONTEXT_AUTH_ANSWER
from atedb.errors import AtedbError, Reason
from atedb.events.auth_answer import AuthAnswer
from atedb.events.batch import Batch
from atedb.events.genesis import Genesis


def verify_auth_answer(answer: AuthAnswer) -> None:
    """Verify that an answer is signed by the identity that it names. Raises SIGNATURE_INVALID.

    That this is the auth service's, and that its rotations lead to it, is for the caller to check.
    """
    identity, signature = answer.identity, answer.signature
    is_named = identity.suite == signature.suite and identity.fingerprint == signature.fingerprint
    if is_named and identity.verify(CONTEXT_AUTH_ANSWER, answer.header, signature.signature):
        return
    name = identity.fingerprint.hex()
    raise AtedbError(
        Reason.SIGNATURE_INVALID,
        f"the auth service's answer about {answer.owner.text} is not signed by its identity {name}",
        metadata={"fingerprint": name, "owner": answer.owner.text},
    )


def verify_held(batch: Batch, genesis: Genesis | None) -> None:
    """Verify what others have signed within a batch, which was found good by `check_batch`. Raises SIGNATURE_INVALID.

    `genesis`: what the batch says of the chain, where it is a genesis.
    """
    if batch.is_genesis:
        if genesis is not None and genesis.answer is not None:
            verify_auth_answer(genesis.answer)
        return
    for index, event in enumerate(batch.events):
        if event.kind == "auth_answer":
            verify_auth_answer(batch.answer_of(index))
        elif event.kind == "server_identity":
            batch.rotation_of(index).verify()
