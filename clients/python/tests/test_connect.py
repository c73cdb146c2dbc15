"""How a server is spoken to: in clear, over TLS, through the tunnel, and with whom."""

import datetime
import ipaddress
from pathlib import Path

import grpc
import pytest
from conftest import StartServer
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from live_server import LiveServer

import atedb
from atedb import AtedbError, Reason, TlsOptions

OTHER = "sha256:" + "00" * 32


async def refusal_of(address: str, home: Path | str, **options) -> Reason:
    async with atedb.connect(address, home=home, **options) as client:
        with pytest.raises(AtedbError) as refused:
            await client.open("example.com/py/connect", reconnect_s=0.1)
    return refused.value.reason


async def test_a_pinned_identity_counts(server: LiveServer, tmp_path: Path) -> None:
    async with atedb.connect(f"{server.address}#{server.identity}", home=tmp_path) as client:
        await (await client.open("example.com/py/pinned")).append("to whom I mean")
        assert client.server_identity is not None
        assert f"sha256:{client.server_identity.fingerprint.hex()}" == server.identity
    assert server.identity in (tmp_path / "known_hosts").read_text()
    assert await refusal_of(f"{server.address}#{OTHER}", "") == Reason.SERVER_IDENTITY_MISMATCH


async def test_what_one_chain_fails_with_leaves_no_other_open(server: LiveServer, tmp_path: Path) -> None:
    client = atedb.connect(server.address, home=tmp_path)
    gone = await client.open("example.com/py/closed")
    await gone.close()
    first = await client.open("example.com/py/first")
    second = await client.open("example.com/py/second")
    # What was closed isn't kept for as long as the client lives.
    assert gone not in client._chains

    async def refuses() -> None:
        raise AtedbError(Reason.HEAD_CONFLICT, "the server doesn't stand by what it has acknowledged")

    first._know_acknowledged = refuses  # type: ignore[method-assign]
    with pytest.raises(AtedbError) as failed:
        await client.close()
    assert failed.value.reason == Reason.HEAD_CONFLICT
    assert first.is_closed
    assert second.is_closed


async def test_a_server_that_has_become_another_is_told_nothing(
    server: LiveServer, distributed: LiveServer, tmp_path: Path
) -> None:
    line = f"{server.address} {OTHER}\n"
    (tmp_path / "known_hosts").write_text(line)
    assert await refusal_of(server.address, tmp_path) == Reason.SERVER_IDENTITY_CHANGED
    assert (tmp_path / "known_hosts").read_text() == line
    # Also one that would do without encryption, for those who don't know it.
    (tmp_path / "known_hosts").write_text(f"{distributed.address} {OTHER}\n")
    assert await refusal_of(distributed.address, tmp_path) == Reason.SERVER_IDENTITY_CHANGED


async def test_who_does_not_encrypt_is_told_nothing_where_encryption_is_due(tmp_path: Path) -> None:
    nobody = grpc.aio.server()
    port = nobody.add_insecure_port("127.0.0.1:0")
    await nobody.start()
    address = f"127.0.0.1:{port}"
    try:
        assert await refusal_of(address, "", encryption=128) == Reason.WIRE_MISSING
        assert await refusal_of(f"{address}#{OTHER}", "") == Reason.WIRE_MISSING
        (tmp_path / "known_hosts").write_text(f"{address} {OTHER}\n")
        assert await refusal_of(address, tmp_path) == Reason.WIRE_MISSING
        # Nothing that it says is taken for the server's word otherwise, either.
        assert await refusal_of(address, "") == Reason.UNSUPPORTED
    finally:
        await nobody.stop(None)


async def test_what_is_looked_up_counts_for_a_server_that_was_never_met(server: LiveServer) -> None:
    async def other(_: str) -> list[str]:
        return [OTHER]

    async def same(_: str) -> list[str]:
        return [server.identity]

    reason = await refusal_of(server.address, "", look_up_identity=other)
    assert reason == Reason.SERVER_IDENTITY_MISMATCH
    async with atedb.connect(server.address, home="", look_up_identity=same) as client:
        await client.open("example.com/py/looked_up")


async def test_encryption_is_as_the_server_requires_unless_it_is_insisted_on(
    server: LiveServer, distributed: LiveServer
) -> None:
    assert await refusal_of(server.address, "", encryption="plain") == Reason.WIRE_REQUIRED
    for bits in (128, 192, 256):
        async with atedb.connect(server.address, home="", encryption=bits) as client:
            await (await client.open(f"example.com/py/bits{bits}")).append("sealed")
    for encryption in ("auto", "plain"):
        async with atedb.connect(distributed.address, home="", encryption=encryption) as client:
            await (await client.open(f"example.com/py/{encryption}")).append("in clear")
            assert client.server_identity is None
    # One that requires none encrypts where it is asked to.
    async with atedb.connect(distributed.address, home="", encryption=128) as client:
        await (await client.open("example.com/py/asked")).append("sealed")
        assert client.server_identity is not None


async def test_a_server_that_wants_more_gets_more(start: StartServer) -> None:
    server = await start("--wire-encryption", "256")
    async with atedb.connect(server.address, home="") as client:
        await (await client.open("example.com/py/more")).append("sealed")


def certificate(folder: Path) -> tuple[Path, Path]:
    """Make a certificate that signs itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = datetime.datetime.now(datetime.UTC)
    names = [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    cert_path, key_path = folder / "cert.pem", folder / "key.pem"
    cert_path.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    key_path.touch(mode=0o600)
    key_path.write_bytes(pem)
    return cert_path, key_path


async def test_tls_with_the_tunnel_inside_and_without(start: StartServer, tmp_path: Path) -> None:
    cert, key = certificate(tmp_path)
    tls = TlsOptions(ca=cert.read_bytes())
    sealed = await start("--tls-cert", str(cert), "--tls-key", str(key))
    async with atedb.connect(f"{sealed.address}#{sealed.identity}", home="", tls=tls) as client:
        await (await client.open("example.com/py/tls")).append("twice sealed")
    assert await refusal_of(sealed.address, "") == Reason.TLS_REQUIRED
    assert await refusal_of(sealed.address, "", tls=TlsOptions()) == Reason.TLS_FAILED
    flags = ["--tls-cert", str(cert), "--tls-key", str(key), "--no-wire-encryption"]
    clear = await start(*flags)
    async with atedb.connect(clear.address, home="", tls=tls, encryption="plain") as client:
        chain = await client.open("example.com/py/tls")
        await chain.append("over TLS")
        assert [event.data async for event in chain.read(start=1)] == [b"over TLS"]


async def test_nobody_there_is_said(tmp_path: Path) -> None:
    assert await refusal_of("127.0.0.1:1", "") == Reason.CONNECTION_FAILED
    with pytest.raises(AtedbError) as refused:
        atedb.connect(f"127.0.0.1:1#{OTHER}", encryption="plain", home="")
    assert refused.value.reason == Reason.REQUEST_INVALID
