"""What is wrong with a commit: first in words, then of which one."""

import contextlib
from collections.abc import Iterator

from atedb.errors import AtedbError, Reason
from atedb.events.commit import Commit


class Violation(Exception):  # noqa: N818 - it never leaves the verifiers
    """What is wrong, before it is known with which commit."""


@contextlib.contextmanager
def failing_at(commit: Commit) -> Iterator[None]:
    """Say of what is wrong which commit it is of. Raises VERIFICATION_FAILED; UNSUPPORTED for what this version can't verify.

    Nothing is wrong with what was sent where it is HISTORY_COMPACTED, which is raised as it is.
    """
    try:
        yield
    except (Violation, AtedbError) as error:
        if isinstance(error, AtedbError) and error.reason == Reason.HISTORY_COMPACTED:
            raise
        if isinstance(error, AtedbError) and error.reason == Reason.UNSUPPORTED:
            raise AtedbError(
                Reason.UNSUPPORTED,
                f"commit {commit.header.commit} can't be verified by this version: {error.message}. Nothing of it was used",
                metadata={**error.metadata, "commit": str(commit.header.commit)},
            ) from error
        why = error.message if isinstance(error, AtedbError) else str(error)
        raise AtedbError(
            Reason.VERIFICATION_FAILED,
            f"commit {commit.header.commit} does not verify: {why}. Nothing of it was used; the server, or its copy of the "
            "chain, can't be trusted",
            metadata={"commit": str(commit.header.commit)},
        ) from error
