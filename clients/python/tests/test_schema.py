"""What the package has in common with the schema of the repository."""

import re
import subprocess
import sys

from live_server import ROOT

from atedb import Reason
from atedb.client.statuses import known_refusal


def test_the_reasons_are_those_of_the_schema() -> None:
    text = (ROOT / "proto" / "atedb" / "v1" / "errors.proto").read_text()
    names = re.findall(r"^  ERROR_REASON_(\w+) = \d+;", text, re.MULTILINE)
    assert [reason.value for reason in Reason] == [name for name in names if name != "UNSPECIFIED"]


def test_a_reason_that_is_not_known_here_is_kept_for_people() -> None:
    error = known_refusal("OF_TOMORROW", "why", {"a": "b"})
    assert error.reason == Reason.INTERNAL
    assert error.metadata == {"a": "b", "server_reason": "OF_TOMORROW"}


def test_the_stubs_are_made_from_the_schema() -> None:
    script = ROOT / "clients" / "python" / "scripts" / "generate_stubs.py"
    done = subprocess.run([sys.executable, script, "--check"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
