package trust_test

import (
	"errors"
	"strconv"
	"testing"

	"atedb.example/go/event"
	"atedb.example/go/fault"
	"atedb.example/go/internal/crypt"
	"atedb.example/go/internal/vectors"
	"atedb.example/go/keys"
	"atedb.example/go/merkle"
	"atedb.example/go/trust"
)

type hex = vectors.Hex

type batchCase struct {
	What, Why string
	Stored    bool
	Run       hex
	Reason    fault.Reason
	ChainID   hex
	Events    int
}

func TestBatches(t *testing.T) {
	check := func(run []byte) (*event.Batch, error) {
		batch, err := event.ParseBatch(run)
		if err != nil {
			return nil, err
		}
		_, err = trust.CheckBatch(batch)
		return batch, err
	}
	for _, one := range vectors.List[batchCase](t, "batches", "good") {
		batch, err := check(one.Run)
		if err != nil {
			t.Errorf("%s: %v", one.What, err)
		} else if len(batch.Events) != one.Events || batch.Seal.ChainID != event.Hash(one.ChainID) {
			t.Errorf("%s: it has %d events", one.What, len(batch.Events))
		}
	}
	for _, one := range vectors.List[batchCase](t, "batches", "bad") {
		if _, err := check(one.Run); !errors.Is(err, one.Reason) {
			t.Errorf("%s: %v, and %s was due", one.Why, err, one.Reason)
		}
	}
}

func TestAuthorisation(t *testing.T) {
	var all []*keys.Public
	for _, one := range vectors.List[struct{ Key hex }](t, "authorisation", "keys") {
		key, err := keys.ParsePublic(one.Key)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, key)
	}
	for at, one := range vectors.List[struct {
		Roots, Known []int
		Confidential bool
		Batches      []struct {
			Run    hex
			Reason fault.Reason
			Event  *int
		}
	}](t, "authorisation", "histories") {
		genesis := &event.Genesis{Confidential: one.Confidential}
		for _, root := range one.Roots {
			genesis.Roots = append(genesis.Roots, all[root])
		}
		authority := trust.NewAuthority(genesis)
		for _, known := range one.Known {
			if err := authority.Learn(all[known]); err != nil {
				t.Fatal(err)
			}
		}
		if len(one.Batches) == 0 {
			t.Fatalf("history %d is empty", at)
		}
		for number, said := range one.Batches {
			// Rights alone are decided here: whether an event says what its kind may is another list's.
			batch, err := event.ParseBatch(said.Run)
			if err != nil {
				t.Fatal(err)
			}
			before := authority.Clone()
			err = authority.Decide(batch, trust.Place{})
			if said.Reason == "" {
				if err != nil {
					t.Fatalf("history %d, batch %d: %v", at, number, err)
				}
				// A copy decides the same.
				if err := before.Decide(batch, trust.Place{}); err != nil {
					t.Fatalf("history %d, batch %d, by a copy: %v", at, number, err)
				}
				continue
			}
			if !errors.Is(err, said.Reason) {
				t.Fatalf("history %d, batch %d: %v, and %s was due", at, number, err, said.Reason)
			}
			if said.Event != nil && fault.Of(err).Metadata["event_index"] != strconv.Itoa(*said.Event) {
				t.Errorf("history %d, batch %d: %v, and event %d was due", at, number, err, *said.Event)
			}
		}
	}
}

type replayCase struct {
	Name, What, Why    string
	Slices             []hex
	ChainID, Root      hex
	Size, NextSequence uint64
	VouchedBy          []string
	Seed, KEMSeed      hex
	Suite              int
	ReadKeyID          hex
	Opened             []struct {
		Sequence uint64
		Data     hex
	}
	Commit, Sequence *uint64
}

func replay(one replayCase, all bool) (*trust.Replay, []trust.Verified, error) {
	first, err := event.SplitSlice(one.Slices[0])
	if err != nil {
		return nil, nil, err
	}
	genesis, _, err := trust.VerifyGenesis(first[0].Run)
	if err != nil {
		return nil, nil, err
	}
	verifier, err := trust.NewReplay(genesis, trust.Start{AllSignatures: all})
	if err != nil {
		return nil, nil, err
	}
	var batches []trust.Verified
	for _, slice := range one.Slices {
		verified, err := verifier.Verify(slice)
		if err != nil {
			return verifier, nil, err
		}
		batches = append(batches, verified...)
	}
	return verifier, batches, nil
}

func TestReplays(t *testing.T) {
	for _, one := range vectors.List[replayCase](t, "replays", "good") {
		for _, all := range []bool{true, false} {
			verifier, batches, err := replay(one, all)
			if err != nil {
				t.Fatalf("%s: %v", one.Name, err)
			}
			if verifier.Head() != (merkle.Head{Size: one.Size, Root: merkle.Hash(one.Root)}) || verifier.NextSequence() != one.NextSequence {
				t.Errorf("%s: its head is %v", one.Name, verifier.Head())
			}
			for i, batch := range batches {
				if batch.VouchedBy.String() != one.VouchedBy[i] || batch.Batch.Seal.ChainID != event.Hash(one.ChainID) {
					t.Errorf("%s: batch %d is vouched for by the %s", one.Name, i, batch.VouchedBy)
				}
			}
			if len(one.Opened) > 0 {
				open(t, one, verifier, batches)
			}
		}
	}
	for _, one := range vectors.List[replayCase](t, "replays", "bad") {
		_, _, err := replay(one, true)
		commit := ""
		if one.Commit != nil {
			commit = strconv.FormatUint(*one.Commit, 10)
		}
		if found := fault.Of(err); found == nil || found.Reason != fault.VerificationFailed || found.Metadata["commit"] != commit {
			t.Errorf("%s: %v, and commit %q was due", one.Why, err, commit)
		}
	}
}

// open what is sealed with the key of the case's seeds.
func open(t *testing.T, one replayCase, verifier *trust.Replay, batches []trust.Verified) {
	pair, err := keys.FromSeed(one.Suite, one.Seed, one.KEMSeed)
	if err != nil {
		t.Fatal(err)
	}
	readKeys := map[event.Hash][]byte{}
	opened := map[uint64][]byte{}
	for _, batch := range batches {
		chainID := batch.Batch.Seal.ChainID
		for i, of := range batch.Batch.Events {
			said, err := batch.Batch.Authority(i)
			if err != nil {
				t.Fatal(err)
			}
			for _, wrapped := range said.WrappedKeys {
				own := pair.Public().Fingerprint()
				aad := append(append(append([]byte{}, chainID[:]...), wrapped.ReadKeyID[:]...), own[:]...)
				if key, ok := pair.Open(crypt.InfoWrappedKey, aad, wrapped.Wrapped); ok && wrapped.Recipient == own {
					readKeys[wrapped.ReadKeyID] = key
				}
			}
			if sealed := event.ReadConfidentiality(of.Header); sealed != nil {
				if data, ok := event.OpenSealed(readKeys[sealed.ReadKeyID], chainID, of.Header, of.Data); ok {
					opened[batch.Commit.FirstSequence+uint64(i)] = data
				}
			}
		}
	}
	for _, due := range one.Opened {
		if string(opened[due.Sequence]) != string(due.Data) {
			t.Errorf("%s: event %d opens to %q", one.Name, due.Sequence, opened[due.Sequence])
		}
	}
	if rule := verifier.Authority().ReadRule(make([]byte, 16), nil, false); rule == nil || rule.ReadKeyID != event.Hash(one.ReadKeyID) {
		t.Errorf("%s: the rule for reading is %v", one.Name, rule)
	}
}

func TestWrappedKeys(t *testing.T) {
	for _, list := range []string{"wrappedKeys", "badWrappedKeys"} {
		for _, one := range vectors.List[struct {
			ChainID, KEMSeed, ReadKey, ReadKeyID, Recipient, Wrapped hex
			Info                                                     hex
			Why                                                      string
		}](t, "key-wraps", list) {
			key, err := crypt.NewKEMKey(crypt.KEMOf(crypt.KEMMLKEM768X25519), one.KEMSeed)
			if err != nil {
				t.Fatal(err)
			}
			aad := append(append(append([]byte{}, one.ChainID...), one.ReadKeyID...), one.Recipient...)
			opened, ok := key.HPKEOpen(one.Info, aad, one.Wrapped)
			counts := ok && len(opened) == crypt.ReadKeyBytes && event.ReadKeyID(opened) == event.Hash(one.ReadKeyID)
			if counts != (list == "wrappedKeys") || counts && string(opened) != string(one.ReadKey) {
				t.Errorf("%s: %v", one.Why, counts)
			}
		}
	}
}
