//! SHA-256 as atedb uses it: tagged, and as the leaves and nodes of RFC 9162's trees.

use sha2::{Digest, Sha256};

/// What SHA-256 gives.
pub type Hash = [u8; 32];

/// Hashes parts, one after the other, under a tag: SHA-256(length of the tag, tag, parts).
pub(crate) fn tagged_hash(tag: &str, parts: &[&[u8]]) -> Hash {
    let mut hasher = Sha256::new();
    hasher.update([tag.len() as u8]);
    hasher.update(tag.as_bytes());
    for part in parts {
        hasher.update(part);
    }
    hasher.finalize().into()
}

/// Hashes bytes.
pub(crate) fn sha256(data: &[u8]) -> Hash {
    Sha256::digest(data).into()
}

/// Hashes a leaf (RFC 9162, 2.1.1).
pub(crate) fn leaf_hash(data: &[u8]) -> Hash {
    Sha256::new().chain_update([0]).chain_update(data).finalize().into()
}

/// Hashes a node (RFC 9162, 2.1.1).
pub(crate) fn node_hash(left: &Hash, right: &Hash) -> Hash {
    Sha256::new().chain_update([1]).chain_update(left).chain_update(right).finalize().into()
}

/// The length of a tag in one byte, then the tag, then what else an `info` has.
pub(crate) fn tagged_info(tag: &str, parts: &[&[u8]]) -> Vec<u8> {
    let mut info = vec![tag.len() as u8];
    info.extend_from_slice(tag.as_bytes());
    for part in parts {
        info.extend_from_slice(part);
    }
    info
}
