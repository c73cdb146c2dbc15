//! The client's end of the encrypted tunnel (docs/wire.md). It knows no gRPC: bytes go in and out.

pub(crate) mod handshake;
pub(crate) mod key_schedule;
pub(crate) mod session;
