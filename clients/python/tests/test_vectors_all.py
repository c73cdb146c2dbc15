"""That every list of every file of vectors is run."""

from importlib import import_module
from pathlib import Path

from vectors import COVERED, index


def test_every_list_of_every_file_is_run() -> None:
    for path in Path(__file__).parent.glob("test_vectors_*.py"):
        import_module(path.stem)
    due = {(name, of) for name, lists in index().items() for of in lists}
    assert due == COVERED
