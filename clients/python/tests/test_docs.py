"""What the README shows, and the examples, run as they are."""

import asyncio
import os
import re
import sys
from pathlib import Path

import pytest
from live_server import LiveServer

HERE = Path(__file__).parents[1]


async def run(program: str, server: LiveServer, home: Path, *arguments: str) -> str:
    here = program.replace("localhost:5000", server.address).replace('"localhost"', f'"{server.address}"')
    assert server.address in here, "it connects to the server of this machine"
    child = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        here,
        *arguments,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={**os.environ, "ATE_HOME": str(home), "PYTHONPATH": str(HERE / "src")},
    )
    out, errors = await child.communicate()
    assert child.returncode == 0, errors.decode()
    return out.decode()


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give one for all: who has claimed the name goes on with it."""
    return tmp_path_factory.mktemp("home")


async def test_the_program_of_the_readme(owned: LiveServer, home: Path) -> None:
    (program,) = re.findall(r"```python\n(.*?)```", (HERE / "README.md").read_text(), re.DOTALL)
    assert await run(program, owned, home) == "1 b'hello'\n"


async def test_the_diary(owned: LiveServer, home: Path) -> None:
    program = (HERE / "examples" / "diary.py").read_text()
    await run(program, owned, home, "Dear diary")
    again = await run(program, owned, home, "more")
    assert [line.split(maxsplit=1)[1] for line in again.splitlines()[1:]] == ["Dear diary", "more"]
