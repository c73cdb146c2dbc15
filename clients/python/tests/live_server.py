"""A real server, started from the repository."""

import asyncio
import os
import re
import shutil
import signal
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[3]
_LISTENS = re.compile(rb"listens on \S*?:(\d+)\s")
_IDENTITY = re.compile(rb"identity\s+(sha256:[0-9a-f]{64})")
_START_TIMEOUT_S = 120


def node() -> str:
    """The Node of the repository, else the one of the path."""
    local = ROOT / "node_modules" / ".bin" / "node"
    found = str(local) if local.exists() else shutil.which("node")
    assert found is not None, "the tests against a server need Node; run npm ci in the repository"
    return found


class LiveServer:
    """`atedb solo` on one folder, which can be killed and started again on the same port."""

    def __init__(self, folder: Path, flags: Sequence[str] = (), *, auth: bool = False) -> None:
        self.folder = folder
        self._owners = [] if auth else ["--no-auth"]
        self.flags = list(flags)
        self.port = 0
        self.identity = ""
        self._process: asyncio.subprocess.Process | None = None
        self._draining: asyncio.Task[None] | None = None
        self.output = b""

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    async def start(self, *, ahead_days: int = 0, waits: bool = False) -> "LiveServer":
        """Start it, with a clock that is ahead by so many days. `waits`: only once `go_ahead` is called."""
        self.output = b""
        arguments = [str(ROOT / "bin" / "atedb.cjs"), *self._owners, "solo", str(self.folder / "logs")]
        arguments += ["-l", "127.0.0.1", "-p", str(self.port), *self.flags]
        environment = {**os.environ, "HOME": str(self.folder), "ATE_HOME": str(self.folder / "server-home")}
        environment |= _clock(ahead_days)
        if waits:
            environment["ATEDB_TEST_CLOCK_WAITS"] = "1"
        self._process = await asyncio.create_subprocess_exec(
            node(),
            *arguments,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            env=environment,
        )
        assert self._process.stdout is not None
        async with asyncio.timeout(_START_TIMEOUT_S):
            while (listens := _LISTENS.search(self.output)) is None or b"Try:" not in self.output:
                chunk = await self._process.stdout.read(4096)
                assert chunk, f"the server did not start: {self.output.decode()}"
                self.output += chunk
        self.port = int(listens[1])
        identity = _IDENTITY.search(self.output)
        self.identity = "" if identity is None else identity[1].decode()
        self._draining = asyncio.create_task(self._drain(self._process.stdout))
        return self

    async def _drain(self, stream: asyncio.StreamReader) -> None:
        while chunk := await stream.read(4096):
            self.output += chunk

    def go_ahead(self) -> None:
        """Have its clock go ahead."""
        assert self._process is not None
        self._process.send_signal(signal.SIGUSR2)

    async def kill(self) -> None:
        """End it as a crash does."""
        await self._end(signal.SIGKILL)

    async def stop(self) -> None:
        """End it in order."""
        await self._end(signal.SIGTERM)

    async def _end(self, with_signal: signal.Signals) -> None:
        if self._process is None:
            return
        self._process.send_signal(with_signal)
        await self._process.wait()
        if self._draining is not None:
            await self._draining
        self._process = None


@dataclass(frozen=True)
class Ran:
    """What a command has printed, and how it ended."""

    code: int
    output: str
    errors: str


def _clock(ahead_days: int) -> dict[str, str]:
    """Give the environment of a Node whose clock is ahead."""
    if ahead_days == 0:
        return {}
    loaded = (ROOT / "test" / "support" / "clock-ahead.ts").as_uri()
    return {
        "NODE_OPTIONS": f"--import={loaded}",
        "ATEDB_TEST_CLOCK_AHEAD_MS": str(ahead_days * 24 * 3_600_000),
    }


async def run_atedb(*arguments: str, home: Path, stdin: str = "", ahead_days: int = 0) -> Ran:
    """Run the `atedb` command with a home folder, and a clock that is ahead by so many days."""
    process = await asyncio.create_subprocess_exec(
        node(),
        str(ROOT / "bin" / "atedb.cjs"),
        *arguments,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={**os.environ, "HOME": str(home), "ATE_HOME": str(home), **_clock(ahead_days)},
    )
    async with asyncio.timeout(_START_TIMEOUT_S):
        output, errors = await process.communicate(stdin.encode())
    return Ran(process.returncode or 0, output.decode(), errors.decode())
