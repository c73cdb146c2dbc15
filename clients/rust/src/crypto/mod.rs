//! The cryptography of atedb, composed of RustCrypto's and dalek's primitives; nothing here is new.

pub(crate) mod composite;
pub(crate) mod data_key;
pub(crate) mod domains;
pub(crate) mod ed25519;
pub(crate) mod hashes;
pub(crate) mod hpke;
pub(crate) mod kem;
pub(crate) mod key_file;
pub(crate) mod keys;
pub(crate) mod merkle;

use crate::error::{Error, Result};
use crate::reason::Reason;

/// Random bytes of the operating system's. Fails with INTERNAL where it gives none.
pub(crate) fn random<const N: usize>() -> Result<[u8; N]> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes)
        .map_err(|error| Error::new(Reason::Internal, format!("the system gives no random bytes: {error}")))?;
    Ok(bytes)
}

/// Bytes in hexadecimal, in lower case.
pub(crate) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::with_capacity(2 * bytes.len()), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// Reads what `hex` has written; None for anything else.
pub(crate) fn from_hex(text: &str) -> Option<Vec<u8>> {
    let digits = text.as_bytes();
    if !digits.len().is_multiple_of(2) || !digits.iter().all(|one| matches!(one, b'0'..=b'9' | b'a'..=b'f')) {
        return None;
    }
    let value = |digit: u8| if digit <= b'9' { digit - b'0' } else { digit - b'a' + 10 };
    Some(digits.chunks_exact(2).map(|pair| value(pair[0]) << 4 | value(pair[1])).collect())
}

/// Bytes of a known length as an array; None for any other length.
pub(crate) fn array<const N: usize>(bytes: &[u8]) -> Option<[u8; N]> {
    bytes.try_into().ok()
}
