//! The Merkle tree of RFC 9162, section 2.1: roots, and proofs, which are verified from nothing.

use crate::crypto::hashes::{Hash, leaf_hash, node_hash, sha256};
use crate::encoding::fields::non_canonical;
use crate::error::Result;

/// The root of a tree without leaves.
pub(crate) fn empty_root() -> Hash {
    sha256(&[])
}

/// A tree that grows: the hashes of its perfect subtrees, largest first.
#[derive(Clone, Default)]
pub(crate) struct Frontier {
    size: u64,
    hashes: Vec<Hash>,
}

impl Frontier {
    /// Begins with a tree of so many leaves. Fails with NON_CANONICAL where the hashes can't be of such a tree.
    pub fn new(size: u64, hashes: Vec<Hash>) -> Result<Self> {
        if hashes.len() != size.count_ones() as usize {
            let why = format!("its hashes are not those of a tree of {size} leaves");
            return Err(non_canonical("a frontier", 0, why));
        }
        Ok(Frontier { size, hashes })
    }

    /// Number of leaves.
    pub fn size(&self) -> u64 {
        self.size
    }

    #[cfg(test)]
    pub fn hashes(&self) -> &[Hash] {
        &self.hashes
    }

    /// Appends a leaf, by its hash.
    pub fn append(&mut self, leaf: Hash) {
        self.append_subtree(0, leaf);
    }

    /// Appends a perfect subtree of 2^level leaves, by its root. The size is a multiple of as many.
    pub fn append_subtree(&mut self, level: u32, root: Hash) {
        let mut hashed = root;
        let mut size = self.size >> level;
        while size & 1 == 1 {
            if let Some(left) = self.hashes.pop() {
                hashed = node_hash(&left, &hashed);
            }
            size >>= 1;
        }
        self.hashes.push(hashed);
        self.size += 1 << level;
    }

    /// The root of the tree as it is.
    pub fn root(&self) -> Hash {
        let mut from_smallest = self.hashes.iter().rev();
        match from_smallest.next() {
            None => empty_root(),
            Some(smallest) => from_smallest.fold(*smallest, |root, left| node_hash(left, &root)),
        }
    }
}

/// Levels of the perfect subtrees that make up the leaves from `start` up to before `end`, in their order and as large as can be:
/// each has 2^level leaves, and begins at a multiple of as many.
pub(crate) fn subtree_levels(start: u64, end: u64) -> Vec<u32> {
    let mut levels = Vec::new();
    let mut at = start;
    while at < end {
        let level = at.trailing_zeros().min((end - at).ilog2());
        levels.push(level);
        at += 1 << level;
    }
    levels
}

/// The root of the tree over these leaves' bytes.
pub(crate) fn merkle_root<'a>(leaves: impl IntoIterator<Item = &'a [u8]>) -> Hash {
    let mut tree = Frontier::default();
    for leaf in leaves {
        tree.append(leaf_hash(leaf));
    }
    tree.root()
}

/// Whether a proof shows that a leaf, by its hash, is in a tree (RFC 9162, 2.1.3.2).
pub(crate) fn verify_inclusion(leaf: &Hash, index: u64, size: u64, proof: &[Hash], root: &Hash) -> bool {
    if index >= size {
        return false;
    }
    let (mut node, mut last, mut hashed) = (index, size - 1, *leaf);
    for sibling in proof {
        if last == 0 {
            return false;
        }
        if node & 1 == 1 || node == last {
            hashed = node_hash(sibling, &hashed);
            skip_without_sibling(&mut node, &mut last);
        } else {
            hashed = node_hash(&hashed, sibling);
        }
        node >>= 1;
        last >>= 1;
    }
    last == 0 && hashed == *root
}

/// A node without a right sibling goes up unchanged, to the level where it is a right child.
fn skip_without_sibling(node: &mut u64, last: &mut u64) {
    while *node & 1 == 0 && *node != 0 {
        *node >>= 1;
        *last >>= 1;
    }
}

/// So many leaves, and the root of their tree.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TreeHead {
    /// Number of leaves: commits of a chain.
    pub size: u64,
    /// The root.
    pub root: Hash,
}

/// Whether a proof shows that a tree extends an older one (RFC 9162, 2.1.4.2).
///
/// Every tree extends the one without leaves; trees of one size must have one root. Both need an empty proof.
pub(crate) fn verify_consistency(first: &TreeHead, second: &TreeHead, proof: &[Hash]) -> bool {
    if first.size > second.size || (first.size == 0 && first.root != empty_root()) {
        return false;
    }
    if first.size == second.size {
        return proof.is_empty() && first.root == second.root;
    }
    if first.size == 0 {
        return proof.is_empty();
    }
    let (mut node, mut last) = (first.size - 1, second.size - 1);
    while node & 1 == 1 {
        node >>= 1;
        last >>= 1;
    }
    // An older tree that is perfect starts the path, and its root is left out of the proof.
    let (start, path) = if first.size.is_power_of_two() {
        (first.root, proof)
    } else if let Some((start, path)) = proof.split_first() {
        (*start, path)
    } else {
        return false;
    };
    if proof.is_empty() {
        return false;
    }
    let (mut first_hash, mut second_hash) = (start, start);
    for sibling in path {
        if last == 0 {
            return false;
        }
        if node & 1 == 1 || node == last {
            first_hash = node_hash(sibling, &first_hash);
            second_hash = node_hash(sibling, &second_hash);
            skip_without_sibling(&mut node, &mut last);
        } else {
            second_hash = node_hash(&second_hash, sibling);
        }
        node >>= 1;
        last >>= 1;
    }
    last == 0 && first_hash == first.root && second_hash == second.root
}
