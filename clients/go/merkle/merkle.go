// Package merkle has the Merkle tree of RFC 9162, section 2.1, over SHA-256: its hashes, its growing edge, and proofs in it.
package merkle

import (
	"bytes"
	"crypto/sha256"
	"math/bits"

	"atedb.example/go/fault"
)

// A Hash is 32 bytes.
type Hash = [32]byte

// A Head of a tree: so many leaves, and their root.
type Head struct {
	Size uint64
	Root Hash
}

// Same reports whether two heads are one; any two of no leaves are.
func (h Head) Same(other Head) bool {
	return h.Size == other.Size && (h.Size == 0 || h.Root == other.Root)
}

// EmptyRoot is the root of no leaves.
var EmptyRoot = sha256.Sum256(nil)

// LeafHash is the hash of a leaf, from its data.
func LeafHash(data []byte) Hash {
	hash := sha256.New()
	hash.Write([]byte{0})
	hash.Write(data)
	return Hash(hash.Sum(nil))
}

// NodeHash is the hash of a node, from those of its children.
func NodeHash(left, right Hash) Hash {
	var both [65]byte
	both[0] = 1
	copy(both[1:], left[:])
	copy(both[33:], right[:])
	return sha256.Sum256(both[:])
}

// Root of the tree over leaf data.
func Root(leaves [][]byte) Hash {
	var frontier Frontier
	for _, leaf := range leaves {
		frontier.Append(LeafHash(leaf))
	}
	return frontier.Root()
}

// A Frontier is the right edge of a growing tree: all that is needed to append to it and to know its root. The zero value is the
// tree of no leaves.
type Frontier struct {
	size   uint64
	hashes []Hash
}

// NewFrontier goes on with a tree of so many leaves, from the hashes of its perfect subtrees, largest first. The error is
// NON_CANONICAL where their number doesn't fit the size, or one isn't 32 bytes.
func NewFrontier(size uint64, hashes [][]byte) (*Frontier, error) {
	if len(hashes) != bits.OnesCount64(size) {
		return nil, fault.New(fault.NonCanonical,
			"a tree of %d leaves has no frontier of %d hashes; it has one for each bit that is set in its size", size, len(hashes))
	}
	frontier := &Frontier{size: size, hashes: make([]Hash, len(hashes))}
	for i, hash := range hashes {
		if len(hash) != len(Hash{}) {
			return nil, fault.New(fault.NonCanonical, "a hash of a frontier has %d bytes, and must have 32", len(hash))
		}
		frontier.hashes[i] = Hash(hash)
	}
	return frontier, nil
}

// Size is the number of leaves.
func (f *Frontier) Size() uint64 { return f.size }

// Append a leaf by its hash.
func (f *Frontier) Append(leaf Hash) { f.AppendSubtree(Subtree{Hash: leaf}) }

// A Subtree is a perfect one, of 2^Level leaves.
type Subtree struct {
	Level int
	Hash  Hash
}

// AppendSubtree appends its leaves. It has to begin at a multiple of their number, as those of SubtreeLevels do.
func (f *Frontier) AppendSubtree(of Subtree) {
	hash := of.Hash
	for rest := f.size >> of.Level; rest&1 == 1; rest >>= 1 {
		last := len(f.hashes) - 1
		hash = NodeHash(f.hashes[last], hash)
		f.hashes = f.hashes[:last]
	}
	f.hashes = append(f.hashes, hash)
	f.size += 1 << of.Level
}

// SubtreeLevels are those of the perfect subtrees that make up the leaves from start up to before end, in their order: each is as large as can
// be, and begins at a multiple of its size.
func SubtreeLevels(start, end uint64) []int {
	var levels []int
	for start < end {
		level := bits.Len64(end-start) - 1
		if start > 0 {
			level = min(level, bits.TrailingZeros64(start))
		}
		levels = append(levels, level)
		start += 1 << level
	}
	return levels
}

// Root of the tree.
func (f *Frontier) Root() Hash { return rootOf(f.hashes) }

// Head of the tree.
func (f *Frontier) Head() Head { return Head{Size: f.size, Root: f.Root()} }

// Hashes of the perfect subtrees, largest first.
func (f *Frontier) Hashes() [][]byte {
	hashes := make([][]byte, len(f.hashes))
	for i := range f.hashes {
		hashes[i] = bytes.Clone(f.hashes[i][:])
	}
	return hashes
}

// Clone is a frontier that grows by itself from here.
func (f *Frontier) Clone() *Frontier {
	return &Frontier{size: f.size, hashes: append([]Hash(nil), f.hashes...)}
}

func rootOf(hashes []Hash) Hash {
	if len(hashes) == 0 {
		return EmptyRoot
	}
	root := hashes[len(hashes)-1]
	for i := len(hashes) - 2; i >= 0; i-- {
		root = NodeHash(hashes[i], root)
	}
	return root
}

// proofMax is more than the proofs of any tree need.
const proofMax = 64

// VerifyInclusion reports whether a proof shows that a leaf, by its hash, is at an index of the tree of a head (RFC 9162, 2.1.3.2).
func VerifyInclusion(leaf Hash, index uint64, head Head, proof [][]byte) bool {
	hashes, ok := hashesOf(proof)
	if !ok || index >= head.Size {
		return false
	}
	node, last, hash := index, head.Size-1, leaf
	for _, sibling := range hashes {
		if last == 0 {
			return false
		}
		if node&1 == 1 || node == last {
			hash = NodeHash(sibling, hash)
			for node&1 == 0 && node != 0 {
				node >>= 1
				last >>= 1
			}
		} else {
			hash = NodeHash(hash, sibling)
		}
		node >>= 1
		last >>= 1
	}
	return last == 0 && hash == head.Root
}

// VerifyConsistency reports whether a proof shows that the tree of one head extends that of another (RFC 9162, 2.1.4.2).
func VerifyConsistency(first, second Head, proof [][]byte) bool {
	hashes, ok := hashesOf(proof)
	if !ok || first.Size > second.Size {
		return false
	}
	if first.Size == second.Size {
		return len(hashes) == 0 && first.Root == second.Root && (first.Size > 0 || first.Root == EmptyRoot)
	}
	if first.Size == 0 {
		return len(hashes) == 0 && first.Root == EmptyRoot
	}
	// An older tree that is perfect starts the path, and its root is left out of the proof.
	if len(hashes) == 0 {
		return false
	}
	if first.Size&(first.Size-1) == 0 {
		hashes = append([]Hash{first.Root}, hashes...)
	}
	node, last := first.Size-1, second.Size-1
	for node&1 == 1 {
		node >>= 1
		last >>= 1
	}
	firstHash, secondHash := hashes[0], hashes[0]
	for _, sibling := range hashes[1:] {
		if last == 0 {
			return false
		}
		if node&1 == 1 || node == last {
			firstHash = NodeHash(sibling, firstHash)
			secondHash = NodeHash(sibling, secondHash)
			for node&1 == 0 && node != 0 {
				node >>= 1
				last >>= 1
			}
		} else {
			secondHash = NodeHash(secondHash, sibling)
		}
		node >>= 1
		last >>= 1
	}
	return last == 0 && firstHash == first.Root && secondHash == second.Root
}

func hashesOf(proof [][]byte) ([]Hash, bool) {
	if len(proof) > proofMax {
		return nil, false
	}
	hashes := make([]Hash, len(proof))
	for i, hash := range proof {
		if len(hash) != len(Hash{}) {
			return nil, false
		}
		hashes[i] = Hash(hash)
	}
	return hashes, true
}
