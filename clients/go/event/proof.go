package event

import (
	"encoding/binary"
	"slices"

	"atedb.example/go/keys"
	"atedb.example/go/merkle"
)

// A ProofClaim is what a proof that a caller has a key is tied to, so that it counts nowhere else.
type ProofClaim struct {
	// Exporter of the encrypted tunnel that the stream is in; nil where there is none, which counts as zeros.
	Exporter []byte
	// Server is the fingerprint of the identity key of the server.
	Server  keys.Fingerprint
	ChainID Hash
	// Conversation that the server has made for this stream.
	Conversation Hash
	// Key that is proven.
	Key keys.Fingerprint
}

// Bytes are what a proof for an append stream signs, in the context atedb/v1/proof: each part has 32 bytes, so none can pass for
// another.
func (c ProofClaim) Bytes() []byte {
	exporter := c.Exporter
	if exporter == nil {
		exporter = make([]byte, 32)
	}
	return slices.Concat(exporter, c.Server[:], c.ChainID[:], c.Conversation[:], c.Key[:])
}

// LockBytes are what the proof for a lock signs, in the context atedb/v1/lock.
func (c ProofClaim) LockBytes(primaryKey []byte) []byte { return slices.Concat(c.Bytes(), primaryKey) }

// TicketBytes are what the proof for a ticket signs, in the context atedb/v1/ticket.
func (c ProofClaim) TicketBytes(key ChainKey) []byte {
	return slices.Concat(c.Bytes(), []byte(key.Text))
}

// DeletionBytes are what the wish to delete a chain signs, in the context atedb/v1/delete-chain.
func (c ProofClaim) DeletionBytes(head merkle.Head) []byte {
	return slices.Concat(binary.LittleEndian.AppendUint64(c.Bytes(), head.Size), head.Root[:])
}
