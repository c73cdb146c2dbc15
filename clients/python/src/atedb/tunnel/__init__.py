"""The client's end of the encrypted tunnel (docs/wire.md). It knows no gRPC: bytes go in and out."""

from atedb.tunnel.handshake import ClientHandshake, FinishedHandshake
from atedb.tunnel.session import CallCrypto, ClientSession, FrameType

__all__ = ["CallCrypto", "ClientHandshake", "ClientSession", "FinishedHandshake", "FrameType"]
