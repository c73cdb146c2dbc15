package trust

import (
	"atedb.example/go/event"
	"atedb.example/go/keys"
)

// keysOf are the keys that a batch is signed by.
func (r *Replay) keysOf(batch *event.Batch) (map[keys.Fingerprint]*keys.Public, error) {
	if batch.IsGenesis() {
		return tableOf(genesisSigners(r.genesis)), nil
	}
	if r.authority != nil {
		return r.authority.keysOf(batch)
	}
	// Of the server's own, where it isn't known what came before, it is the one that it claims to have.
	if isFromServer(batch) {
		server, err := claimedServer(batch, r.genesis)
		if err != nil {
			return nil, err
		}
		return tableOf([]*keys.Public{server}), nil
	}
	signers, err := signersOf(batch)
	if err != nil {
		return nil, err
	}
	return keysOfSigners(batch, signers, r.known)
}

// learnStrangers asks for the keys of a batch's signers, where it isn't known what came before. What asking fails with is no word about the commit.
func (r *Replay) learnStrangers(batch *event.Batch, commit uint64) error {
	if r.start.FindKey == nil || batch.IsGenesis() || isFromServer(batch) {
		return nil
	}
	signers, err := signersOf(batch)
	if err != nil {
		return violated(commit, err)
	}
	for _, signer := range signers {
		if r.known.keys[signer] != nil {
			continue
		}
		key, err := r.start.FindKey(signer)
		if err != nil {
			return err
		}
		// Its fingerprint tells that it is the right one.
		if key != nil && key.Fingerprint() == signer {
			if err := r.known.add(key, new(undo)); err != nil {
				return violated(commit, err)
			}
		}
	}
	return nil
}
