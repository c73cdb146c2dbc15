package atedb

import (
	"context"

	"atedb.example/go/event"
)

// verifiedCheckpoint verifies a checkpoint of a stream. The server may have been started anew with another identity, which the one before
// vouches for: an opening shows that. What a server before it has signed, and was read late, is then left for a new connection.
func (s *subscription) verifiedCheckpoint(ctx context.Context, note string) (*event.Checkpoint, error) {
	chain := s.chain
	chainID := chain.Genesis().ChainID
	if signed, err := chain.verifyCheckpoint(note, chainID); err == nil {
		return signed, nil
	}
	chain.mutex.Lock()
	before := chain.line
	chain.mutex.Unlock()
	if _, err := chain.open(ctx, openCall{}); err != nil {
		return nil, err
	}
	signed, err := chain.verifyCheckpoint(note, chainID)
	chain.mutex.Lock()
	defer chain.mutex.Unlock()
	if err != nil && before != nil && before.Identity.Fingerprint() != chain.line.Identity.Fingerprint() {
		return nil, s.ended()
	}
	return signed, err
}
