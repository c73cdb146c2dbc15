"""Servers and home folders for the tests."""

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
from live_server import LiveServer

StartServer = Callable[..., Awaitable[LiveServer]]


@pytest.fixture(scope="session")
async def server(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[LiveServer]:
    """One server for all tests that leave it as it is: it encrypts, as servers do unless they are told otherwise."""
    one = await LiveServer(tmp_path_factory.mktemp("server")).start()
    yield one
    await one.stop()


@pytest.fixture(scope="session")
async def owned(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[LiveServer]:
    """A server as it is by default: an auth service of its own says who owns its chains."""
    one = await LiveServer(tmp_path_factory.mktemp("owned"), auth=True).start()
    yield one
    await one.stop()


@pytest.fixture(scope="session")
async def distributed(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[LiveServer]:
    """The same for distributed chains, in clear."""
    flags = ["--trust", "distributed", "--no-wire-encryption"]
    one = await LiveServer(tmp_path_factory.mktemp("distributed"), flags).start()
    yield one
    await one.stop()


@pytest.fixture
async def start(tmp_path: Path) -> AsyncIterator[StartServer]:
    """Starts servers of a test's own."""
    servers: list[LiveServer] = []

    async def start_one(*flags: str, auth: bool = False) -> LiveServer:
        one = await LiveServer(tmp_path / f"server-{len(servers)}", flags, auth=auth).start()
        servers.append(one)
        return one

    yield start_one
    for one in servers:
        await one.stop()
