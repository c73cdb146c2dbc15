package event

import (
	"slices"

	"atedb.example/go/internal/crypt"
	"atedb.example/go/internal/forms"
	"atedb.example/go/keys"
	"atedb.example/go/merkle"
)

// A Hash is 32 bytes: of a seal, a chain id, a writer id.
type Hash = merkle.Hash

// IDBytes is the size of a primary key, of a label and of a salt.
const IDBytes = 16

// ChainID is the id of the chain that these header bytes of a genesis event begin.
func ChainID(genesisHeader []byte) Hash { return crypt.Tagged(crypt.TagChain, genesisHeader) }

// SealHash is the hash by which a seal is named, from its header bytes.
func SealHash(header []byte) Hash { return crypt.Tagged(crypt.TagSeal, header) }

// WriterID is the id of a writer: what it is made of are the chain, the key that it signs with, and 16 random bytes.
func WriterID(chainID Hash, fingerprint keys.Fingerprint, salt []byte) Hash {
	return crypt.Tagged(crypt.TagWriter, chainID[:], fingerprint[:], salt)
}

// DataHash is the hash of data in clear, with its salt.
func DataHash(salt, data []byte) Hash { return crypt.Tagged(crypt.TagData, salt, data) }

// SealedDataHash is the hash of sealed data, as it is stored.
func SealedDataHash(data []byte) Hash { return crypt.Tagged(crypt.TagSealedData, data) }

// EventsRoot is the root of the tree over the header bytes of a batch's events.
func EventsRoot(headers [][]byte) Hash { return merkle.Root(headers) }

// RootsFingerprint is the fingerprint that a chain key may carry of the roots that signed its genesis.
func RootsFingerprint(roots []keys.Fingerprint) Hash {
	sorted := slices.Clone(roots)
	slices.SortFunc(sorted, compareFingerprints)
	hash := crypt.TaggedHash(crypt.TagRoots)
	for _, root := range sorted {
		hash.Write(root[:])
	}
	return Hash(hash.Sum(nil))
}

// KeyOfName is the primary key that stands for a name, so that programs that agree on names agree on keys.
func KeyOfName(name string) []byte {
	hash := crypt.Tagged(crypt.TagName, []byte(name))
	return hash[:IDBytes:IDBytes]
}

// KeyOfChild is the primary key of a child, made from its parent's (nil: the root of the chain) and a label: 16 random bytes, or
// KeyOfName of its name. Nobody can make the key of an object that is elsewhere so.
func KeyOfChild(parent, label []byte) []byte {
	if parent == nil {
		parent = make([]byte, IDBytes)
	}
	hash := crypt.Tagged(crypt.TagChild, parent, label)
	return hash[:IDBytes:IDBytes]
}

// ReadKeyID says which read key it is, and nothing of it.
func ReadKeyID(readKey []byte) Hash { return crypt.ReadKeyID(readKey) }

func compareFingerprints(a, b keys.Fingerprint) int { return slices.Compare(a[:], b[:]) }

// The magics that headers begin with.
const (
	magicEvent    = forms.MagicEvent
	magicSeal     = forms.MagicSeal
	magicCommit   = forms.MagicCommit
	magicRotation = forms.MagicIdentityRotation
)
