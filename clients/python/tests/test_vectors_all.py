"""That every list of every file of vectors is run."""

from importlib import import_module
from pathlib import Path
from typing import Final

from vectors import COVERED, index

NOT_RUN: Final = {
    "retention": "data that a rule for retention let go is refused as UNSUPPORTED",
    "left-out": "it doesn't ask for data to be left out",
    "children": "it doesn't list children",
}
"""Files that nothing here runs yet, and why."""


def test_every_list_of_every_file_is_run() -> None:
    for path in Path(__file__).parent.glob("test_vectors_*.py"):
        import_module(path.stem)
    due = {(name, of) for name, lists in index().items() for of in lists if name not in NOT_RUN}
    assert due == COVERED
    assert set(NOT_RUN) <= set(index())
