//! Primary keys of objects: of names, and of children.

use crate::crypto::domains::{HASH_CHILD, HASH_NAME};
use crate::crypto::hashes::{Hash, tagged_hash};

/// What an object is named by: 16 bytes.
pub type PrimaryKey = [u8; 16];

fn first_half(hash: &Hash) -> PrimaryKey {
    let mut key = [0; 16];
    key.copy_from_slice(&hash[..16]);
    key
}

/// The primary key that stands for a name, so that programs that agree on names agree on keys.
#[must_use]
pub fn primary_key_from_name(name: &str) -> PrimaryKey {
    first_half(&tagged_hash(HASH_NAME, &[name.as_bytes()]))
}

/// The primary key of a child, from its parent (None: the root of the chain) and a label.
///
/// Nobody can make the key of an object that is elsewhere so, and so nobody takes one over by naming another parent.
#[must_use]
pub fn child_primary_key(parent: Option<&PrimaryKey>, label: &[u8; 16]) -> PrimaryKey {
    first_half(&tagged_hash(HASH_CHILD, &[parent.unwrap_or(&[0; 16]), label]))
}
