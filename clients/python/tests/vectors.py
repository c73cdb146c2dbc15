"""The vectors that all clients share: test/vectors/atedb-*.json of the repository."""

import json
import os
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest

FOLDER = Path(os.environ.get("ATEDB_VECTORS", Path(__file__).parents[3] / "test" / "vectors"))

Case = dict[str, Any]

COVERED: set[tuple[str, str]] = set()
"""The lists that some test runs."""


@cache
def index() -> dict[str, dict[str, int]]:
    """Give all files with their lists, and how long these are."""
    files = read("index")["files"]
    return {one["name"]: one["lists"] for one in files}


@cache
def read(name: str) -> dict[str, Any]:
    """Read a file. One of another version fails, and so does one that doesn't say what it is."""
    data = json.loads((FOLDER / f"atedb-{name}.json").read_text(encoding="utf-8"))
    assert (data["format"], data["version"], data["name"]) == ("atedb-vectors", 1, name)
    return data


def cases(name: str, of: str) -> list[Case]:
    """Give a list. One that is missing, empty, or not as long as the index says fails."""
    found = read(name)[of]
    assert len(found) == index()[name][of] > 0
    return found


def run(name: str, *lists: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Say that a test runs these lists of a file. It is called for each case, with the case."""

    def decorate(test: Callable[[Case], None]) -> Callable[..., None]:
        COVERED.update((name, of) for of in lists)

        @pytest.mark.parametrize("of", lists)
        def run_all(of: str) -> None:
            for place, case in enumerate(cases(name, of)):
                try:
                    test(case)
                except BaseException as error:
                    what = case.get("why") or case.get("what") or case.get("name") or ""
                    error.add_note(f"in {name}.{of}[{place}]: {what}")
                    raise

        run_all.__name__ = test.__name__
        return run_all

    return decorate


def covers(name: str, *lists: str) -> None:
    """Say that a test of its own form runs these lists."""
    COVERED.update((name, of) for of in lists)


def data(value: str | None) -> bytes:
    """Bytes of a case; none where it is left out."""
    return bytes.fromhex(value or "")


def maybe(value: str | None) -> bytes | None:
    """Bytes of a case, or None where it is left out."""
    return None if value is None else bytes.fromhex(value)
