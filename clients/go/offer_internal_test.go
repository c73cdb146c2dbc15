package atedb

import (
	"errors"
	"testing"

	"atedb.example/go/event"
	"atedb.example/go/fault"
	"atedb.example/go/internal/vectors"
	"atedb.example/go/keys"
)

// TestOffers has offers of chains, and what a client that wants one takes of them: with keys and batches of the vectors.
func TestOffers(t *testing.T) {
	pairs := map[string]*keys.Pair{}
	for _, one := range vectors.List[struct {
		Fingerprint   string
		Suite         int
		Seed, KEMSeed vectors.Hex
	}](t, "ownership", "keys") {
		pair, err := keys.FromSeed(one.Suite, one.Seed, one.KEMSeed)
		if err != nil {
			t.Fatal(err)
		}
		pairs[one.Fingerprint] = pair
	}
	made := vectors.List[struct{ Slices []vectors.Hex }](t, "ownership", "good")[0]
	stored, err := event.SplitSlice(made.Slices[0])
	if err != nil {
		t.Fatal(err)
	}
	run := stored[0].Run
	batch, err := event.ParseBatch(run)
	if err != nil {
		t.Fatal(err)
	}
	genesis, err := event.ParseGenesis(batch.Events[0].Header)
	if err != nil {
		t.Fatal(err)
	}
	owner, other := genesis.Answer.Roots[0], newPair(t).Public()
	own := func() []byte {
		writer := pairs[owner.String()]
		if writer == nil {
			writer = newPair(t)
		}
		offer := &event.Genesis{ChainKey: genesis.ChainKey, TrustMode: event.Centralized, Roots: []*keys.Public{writer.Public()}, CreatedUnixMs: 1, Salt: random16(), ServerIdentity: genesis.ServerIdentity}
		header := offer.Bytes()
		frame := event.BuildGenesis(header).Frame
		seal := event.SealHeader{Writer: event.Writer{ChainID: event.ChainID(header), Fingerprint: writer.Public().Fingerprint(), Salt: random16()}}.Bytes([][]byte{header})
		return event.SignBatch([][]byte{frame}, seal, []*keys.Pair{writer}, nil, nil)
	}
	forged := append([]byte(nil), run...)
	forged[len(forged)-1] ^= 1
	for _, one := range []struct {
		what    string
		key     string
		run     []byte
		server  *keys.Public
		writer  *keys.Public
		options []OpenOption
		reason  fault.Reason
	}{
		{"as it was wished for", genesis.ChainKey.Text, run, genesis.ServerIdentity, owner, nil, ""},
		{"of another chain of the owner", "example.com/me/another", run, genesis.ServerIdentity, owner, nil, fault.VerificationFailed},
		{"by another server", genesis.ChainKey.Text, run, other, owner, nil, fault.VerificationFailed},
		{"not private, as was wished for", genesis.ChainKey.Text, run, genesis.ServerIdentity, owner, []OpenOption{Private()}, fault.VerificationFailed},
		{"not confidential, as was wished for", genesis.ChainKey.Text, run, genesis.ServerIdentity, owner, []OpenOption{Confidential()}, fault.VerificationFailed},
		{"signed by nobody", genesis.ChainKey.Text, forged, genesis.ServerIdentity, owner, nil, fault.VerificationFailed},
		{"without the word of an auth service", genesis.ChainKey.Text, own(), genesis.ServerIdentity, owner, nil, fault.VerificationFailed},
		{"for another's key", genesis.ChainKey.Text, run, genesis.ServerIdentity, other, nil, fault.KeyNotAllowed},
	} {
		client, err := Connect("localhost", WithoutHome())
		if err != nil {
			t.Fatal(err)
		}
		key, err := event.ParseChainKey(one.key)
		if err != nil {
			t.Fatal(err)
		}
		_, err = newChain(client, key, one.options).checkOffer(&openAnswer{identity: one.server, offer: one.run}, one.writer)
		if one.reason == "" && err != nil || one.reason != "" && !errors.Is(err, one.reason) {
			t.Errorf("%s: %v", one.what, err)
		}
		_ = client.Close()
	}
}

func newPair(t *testing.T) *keys.Pair {
	t.Helper()
	pair, err := keys.Generate()
	if err != nil {
		t.Fatal(err)
	}
	return pair
}
