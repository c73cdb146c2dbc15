"""TLS below the calls."""

import asyncio
import ssl
from dataclasses import dataclass, field

import grpc

from atedb.errors import AtedbError, Reason, invalid
from atedb.events.chain_key import ServerAddress


@dataclass(frozen=True, slots=True)
class TlsOptions:
    """How TLS is spoken. Certificates and keys are PEM."""

    ca: bytes | None = None
    """One of these authorities must have signed the server's certificate. None: those that gRPC trusts."""
    cert: bytes | None = None
    """The client's own certificate, for a server that asks for one."""
    key: bytes | None = field(default=None, repr=False)
    """Its key. A secret."""
    server_name: str | None = None
    """The name or IP address that the server's certificate must be for. None: the host of the address."""

    def credentials(self) -> grpc.ChannelCredentials:
        """Make the credentials of a channel. Raises REQUEST_INVALID."""
        if (self.cert is None) != (self.key is None):
            raise invalid(
                "tls", "a certificate of the client comes with its key, and a key with its certificate"
            )
        return grpc.ssl_channel_credentials(self.ca, self.key, self.cert)


async def failure_behind(address: ServerAddress, tls: TlsOptions | None) -> AtedbError | None:
    """Find out whether a connection could not be made since TLS failed, or is missing; None: it is something else.

    gRPC tells only that it has failed. So one connection more is made, and nothing is sent on it.
    """
    context = ssl.create_default_context()
    if tls is None:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    elif tls.ca is not None:
        context = ssl.create_default_context(cadata=tls.ca.decode("ascii", errors="replace"))
    context.set_alpn_protocols(["h2"])
    try:
        async with asyncio.timeout(5):
            name = address.host if tls is None or tls.server_name is None else tls.server_name
            _, writer = await asyncio.open_connection(
                address.host, address.port, ssl=context, server_hostname=name
            )
            writer.close()
    except ssl.SSLError as error:
        if tls is None:
            return None
        return AtedbError(
            Reason.TLS_FAILED,
            f"{address.server} could not be spoken to over TLS: {error.reason or error}. Trying again doesn't help",
            metadata={"server": address.server, "code": str(error.reason)},
        )
    except (OSError, TimeoutError):
        return None
    if tls is None:
        return AtedbError(
            Reason.TLS_REQUIRED,
            f"{address.server} speaks TLS, and was spoken to without. Connect with tls",
            metadata={"server": address.server},
        )
    return None
