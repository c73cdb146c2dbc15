package trust

import (
	"atedb.example/go/event"
	"atedb.example/go/keys"
)

// VerifyOne verifies one batch of a chain by itself: its form, its hashes, who vouches for it, and that its commit is of it. What a replay
// knows besides is not checked: its writer's other batches, conditions, its place among all others, which an inclusion proof shows, and
// that its signers may do what it does. The error is VERIFICATION_FAILED, or UNSUPPORTED.
func VerifyOne(genesis *event.Genesis, one event.Stored, findKey func(keys.Fingerprint) (*keys.Public, error)) (Verified, error) {
	return verifyOne(genesis, one, findKey, stored)
}

func verifyOne(genesis *event.Genesis, one event.Stored, findKey func(keys.Fingerprint) (*keys.Public, error), from provenance) (Verified, error) {
	replay := &Replay{genesis: genesis, start: Start{FindKey: findKey}, known: newRing(genesis)}
	batch, err := event.ParseBatch(one.Run)
	if err == nil {
		_, err = checkBatch(batch, from)
	}
	if err != nil {
		return Verified{}, violated(one.Commit.Number, err)
	}
	if err := replay.learnStrangers(batch, one.Commit.Number); err != nil {
		return Verified{}, err
	}
	verified, err := replay.one(batch, one)
	return verified, violated(one.Commit.Number, err)
}

func (r *Replay) one(batch *event.Batch, one event.Stored) (Verified, error) {
	if err := checkRedactions(batch, one.Commit.FirstSequence); err != nil {
		return Verified{}, err
	}
	voucher, err := vouchedBy(batch, r.genesis.TrustMode)
	if err != nil {
		return Verified{}, err
	}
	signers, err := r.keysOf(batch)
	if err != nil {
		return Verified{}, err
	}
	if err := batch.Seal.Verify(signers); err != nil {
		return Verified{}, err
	}
	if err := verifyHeld(batch, r.genesis); err != nil {
		return Verified{}, err
	}
	commit := one.Commit
	if commit.SealHash != batch.Seal.Hash || commit.Events != batch.Seal.EventCount || batch.IsGenesis() != (commit.Number == 0) ||
		batch.Seal.ChainID != r.genesis.ChainID {
		return Verified{}, violation("its commit or its chain is another")
	}
	return Verified{batch, commit, voucher, nil}, nil
}
