"""Refusals, by their reasons."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from atedb.errors import AtedbError


@contextmanager
def refused(reason: str) -> Iterator[None]:
    """Expect a refusal with this reason."""
    with pytest.raises(AtedbError) as caught:
        yield
    assert caught.value.reason == reason, caught.value


def reason_of(act: Callable[[], Any]) -> str | None:
    """Give the reason with which something is refused; None where it isn't."""
    try:
        act()
    except AtedbError as error:
        return error.reason.value
    return None
