package trust_test

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"testing"

	"atedb.example/go/event"
	"atedb.example/go/internal/hostile"
	"atedb.example/go/internal/vectors"
	"atedb.example/go/keys"
	"atedb.example/go/merkle"
	"atedb.example/go/trust"
)

var errTaken = errors.New("it was changed, and is taken for something else")

func runs(t testing.TB) hostile.Subject {
	var all [][]byte
	for _, one := range vectors.List[batchCase](t, "batches", "good") {
		all = append(all, one.Run)
	}
	return hostile.Subject{Good: all, Use: func(_ int, data []byte) error {
		batch, err := event.ParseBatch(data)
		if err != nil {
			return err
		}
		if _, err = trust.CheckStored(batch); err != nil {
			return err
		}
		for i := range batch.Events {
			if _, err := batch.Authority(i); err != nil {
				return err
			}
		}
		return nil
	}}
}

func TestHostileRuns(t *testing.T) { runs(t).Test(t) }
func FuzzRuns(f *testing.F)        { runs(f).Fuzz(f) }

// A slice of a history that verifies.
type slicePlace struct {
	of *wholeHistory
	at int
}

type wholeHistory struct {
	genesis *event.Genesis
	slices  [][]byte
	batches []trust.Verified
}

func wholeHistoryOf(t testing.TB, all []hex) *wholeHistory {
	first, err := event.SplitSlice(all[0])
	if err != nil {
		t.Fatal(err)
	}
	genesis, _, err := trust.VerifyGenesis(first[0].Run)
	if err != nil {
		t.Fatal(err)
	}
	history := &wholeHistory{genesis: genesis, slices: vectors.Bytes(all)}
	if err := history.replay(history.slices, func(one trust.Verified) error {
		history.batches = append(history.batches, one)
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	return history
}

func (h *wholeHistory) replay(slices [][]byte, take func(trust.Verified) error) error {
	verifier, err := trust.NewReplay(h.genesis, trust.Start{AllSignatures: true})
	if err != nil {
		return err
	}
	for _, slice := range slices {
		verified, err := verifier.Verify(slice)
		if err != nil {
			return err
		}
		// As far as it is verified it may be used, whatever comes then.
		for _, one := range verified {
			if err := take(one); err != nil {
				return err
			}
		}
	}
	return nil
}

// isOf reports whether a batch says the same as another one, but for data that it doesn't have.
func isOf(one, due *trust.Verified) bool {
	isSame := bytes.Equal(one.Commit.Header, due.Commit.Header) && bytes.Equal(one.Batch.Seal.Header, due.Batch.Seal.Header) &&
		len(one.Batch.Events) == len(due.Batch.Events) && (one.VouchedBy == due.VouchedBy || one.VouchedBy.String() == "server")
	for i := range due.Batch.Events {
		if !isSame {
			return false
		}
		is, was := &one.Batch.Events[i], &due.Batch.Events[i]
		isSame = bytes.Equal(is.Header, was.Header) && (is.DataState != event.Present || bytes.Equal(is.Data, was.Data))
	}
	return isSame
}

// histories are taken as their beginning. Not hashed or signed, and so a server's to change: what storage needs of a commit, why data is gone
// that is, signatures where a server vouches, and keys that are shown twice.
func histories(t testing.TB) hostile.Subject {
	var places []slicePlace
	var good [][]byte
	add := func(cases []replayCase) {
		for _, one := range cases {
			history := wholeHistoryOf(t, one.Slices)
			for at, slice := range history.slices {
				places, good = append(places, slicePlace{history, at}), append(good, slice)
			}
		}
	}
	for _, file := range []string{"replays", "compaction", "ownership", "retention"} {
		add(vectors.List[replayCase](t, file, "good"))
	}
	add(vectors.List[replayCase](t, "delegations", "replays"))
	return hostile.Subject{Good: good, Use: func(which int, data []byte) error {
		history := places[which].of
		changed := slices.Clone(history.slices)
		changed[places[which].at] = data
		place := 0
		return history.replay(changed, func(one trust.Verified) error {
			if place >= len(history.batches) || !isOf(&one, &history.batches[place]) {
				return fmt.Errorf("commit %d: %w", place, errTaken)
			}
			place++
			return nil
		})
	}}
}

func TestHostileHistories(t *testing.T) { histories(t).Test(t) }
func FuzzHistories(f *testing.F)        { histories(f).Fuzz(f) }

func delegationPaths(t testing.TB) hostile.Subject {
	type place struct {
		path   []*event.Delegation
		at     int
		issuer *keys.Public
	}
	var places []place
	var good [][]byte
	said := map[string]bool{}
	for _, one := range vectors.List[pathCase](t, "delegations", "paths") {
		issuer, err := keys.ParsePublic(one.Issuer)
		if err != nil {
			t.Fatal(err)
		}
		var path []*event.Delegation
		for _, message := range one.Delegations {
			delegation, err := event.ParseDelegation(message)
			if err != nil {
				t.Fatal(err)
			}
			path = append(path, delegation)
			said[string(delegation.Header)] = true
		}
		for at, message := range one.Delegations {
			places, good = append(places, place{path, at, issuer}), append(good, message)
		}
	}
	return hostile.Subject{Good: good, Use: func(which int, data []byte) error {
		of := places[which]
		changed, err := event.ParseDelegation(data)
		if err != nil {
			return err
		}
		path := slices.Clone(of.path)
		path[of.at] = changed
		if err := trust.CheckPath(path); err != nil {
			return err
		}
		if err := trust.VerifyPath(path, of.issuer); err != nil {
			return err
		}
		if !said[string(changed.Header)] {
			return errTaken
		}
		return nil
	}}
}

func TestHostileDelegations(t *testing.T) { delegationPaths(t).Test(t) }
func FuzzDelegations(f *testing.F)        { delegationPaths(f).Fuzz(f) }

// childLists: of a list it is the server's word that none is left out, and that there is nothing newer.
func childLists(t testing.TB) hostile.Subject {
	chain := wholeHistoryOf(t, vectors.List[struct{ Slices []hex }](t, "children", "chain")[0].Slices)
	known := map[string][]byte{}
	for _, one := range chain.batches {
		for i := range one.Batch.Events {
			known[string(one.Batch.Events[i].Header)+string(one.Commit.Header)] = one.Batch.Events[i].Data
		}
	}
	type place struct {
		of childrenCase
		at int
	}
	var places []place
	var good [][]byte
	for _, one := range vectors.List[childrenCase](t, "children", "good") {
		for at, message := range one.Messages {
			places, good = append(places, place{one, at}), append(good, message)
		}
	}
	return hostile.Subject{Good: good, Use: func(which int, data []byte) error {
		of := places[which]
		verifier := of.of.verifier(chain.genesis)
		messages := vectors.Bytes(of.of.Messages)
		messages[of.at] = data
		var first merkle.Head
		for at, message := range messages {
			parsed, err := trust.ParseChildren(message)
			if err != nil {
				return err
			}
			if at == 0 {
				if first, err = headOf(of.of.Messages[0]); err != nil {
					return err
				}
				// The client ties the first head to what it knows.
				if parsed.Head != first {
					return nil
				}
			}
			children, _, err := verifier.Take(parsed)
			if err != nil {
				return err
			}
			for _, child := range children {
				is := &child.Own.Batch.Events[child.Index]
				due, isKnown := known[string(is.Header)+string(child.Own.Commit.Header)]
				if !isKnown || !child.IsGone && !bytes.Equal(is.Data, due) {
					return errTaken
				}
			}
		}
		return nil
	}}
}

func headOf(message []byte) (merkle.Head, error) {
	parsed, err := trust.ParseChildren(message)
	if err != nil {
		return merkle.Head{}, err
	}
	return parsed.Head, nil
}

func TestHostileChildren(t *testing.T) { childLists(t).Test(t) }
func FuzzChildren(f *testing.F)        { childLists(f).Fuzz(f) }

func loadedData(t testing.TB) hostile.Subject {
	type loadCase struct {
		State                string
		Sequence             uint64
		Header, Answer, Data hex
	}
	cases := vectors.List[loadCase](t, "left-out", "loads")
	var good [][]byte
	for _, one := range cases {
		good = append(good, one.Answer)
	}
	return hostile.Subject{Good: good, Use: func(which int, data []byte) error {
		one := cases[which]
		loaded, err := trust.ParseLoaded(data)
		if err != nil {
			return err
		}
		if err := trust.CheckLoaded(one.Sequence, one.Header, loaded); err != nil {
			return err
		}
		// That it is gone something else has to allow.
		if loaded.State == event.Present && one.State == "" && !bytes.Equal(loaded.Data, one.Data) {
			return errTaken
		}
		return nil
	}}
}

func TestHostileLoads(t *testing.T) { loadedData(t).Test(t) }
func FuzzLoads(f *testing.F)        { loadedData(f).Fuzz(f) }
