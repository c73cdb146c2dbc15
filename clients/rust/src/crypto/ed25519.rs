//! Ed25519 in the strict, cofactorless form.
//!
//! That S is below the order and that R is compared as bytes ed25519-dalek sees to. What it leaves to its callers is looked at
//! here: points of small order, which verify signatures that nobody made, and second encodings, which would be second
//! fingerprints of one key.

use ed25519_dalek::{Signature, Verifier, VerifyingKey};

use crate::crypto::array;

/// 2^255 - 19, little-endian.
pub(crate) const PRIME: [u8; 32] = {
    let mut prime = [0xFF; 32];
    prime[0] = 0xED;
    prime[31] = 0x7F;
    prime
};

/// The y coordinates of the eight points of order 1, 2, 4 and 8.
const SMALL_ORDER_Y: [[u8; 32]; 5] = [
    one(0),
    one(1),
    minus_one(),
    [
        0x26, 0xe8, 0x95, 0x8f, 0xc2, 0xb2, 0x27, 0xb0, 0x45, 0xc3, 0xf4, 0x89, 0xf2, 0xef, 0x98, 0xf0, 0xd5, 0xdf,
        0xac, 0x05, 0xd3, 0xc6, 0x33, 0x39, 0xb1, 0x38, 0x02, 0x88, 0x6d, 0x53, 0xfc, 0x05,
    ],
    [
        0xc7, 0x17, 0x6a, 0x70, 0x3d, 0x4d, 0xd8, 0x4f, 0xba, 0x3c, 0x0b, 0x76, 0x0d, 0x10, 0x67, 0x0f, 0x2a, 0x20,
        0x53, 0xfa, 0x2c, 0x39, 0xcc, 0xc6, 0x4e, 0xc7, 0xfd, 0x77, 0x92, 0xac, 0x03, 0x7a,
    ],
];

const fn one(value: u8) -> [u8; 32] {
    let mut bytes = [0; 32];
    bytes[0] = value;
    bytes
}

const fn minus_one() -> [u8; 32] {
    let mut bytes = PRIME;
    bytes[0] = 0xEC;
    bytes
}

/// Whether a little-endian number is below 2^255 - 19.
pub(crate) fn is_below_prime(number: &[u8; 32]) -> bool {
    number.iter().rev().lt(PRIME.iter().rev())
}

/// Why the encoding of a point must not be a key or an R; None where nothing speaks against it.
///
/// Bytes that are no point at all pass, and verify nothing.
pub(crate) fn point_fault(encoded: &[u8]) -> Option<&'static str> {
    let Some(mut y) = array::<32>(encoded) else {
        return Some("has another length");
    };
    y[31] &= 0x7F;
    if !is_below_prime(&y) {
        return Some("is not canonically encoded");
    }
    SMALL_ORDER_Y.contains(&y).then_some("is a point of small order")
}

/// Whether a signature, which may be any bytes, is a key's over a message.
pub(crate) fn verify(public_key: &[u8], message: &[u8], signature: &[u8]) -> bool {
    let (Some(key), Some(signature)) = (array::<32>(public_key), array::<64>(signature)) else {
        return false;
    };
    if point_fault(&key).is_some() || point_fault(&signature[..32]).is_some() {
        return false;
    }
    VerifyingKey::from_bytes(&key).is_ok_and(|key| key.verify(message, &Signature::from_bytes(&signature)).is_ok())
}
