package trust_test

import (
	"errors"
	"slices"
	"strconv"
	"testing"

	"atedb.example/go/event"
	"atedb.example/go/fault"
	"atedb.example/go/internal/vectors"
	"atedb.example/go/keys"
	"atedb.example/go/merkle"
	"atedb.example/go/trust"
)

// A history decides on rights alone.
type history struct {
	What    string
	Genesis hex
	Batches []struct {
		What, Why  string
		TimeUnixMs int64
		Run        hex
		Reason     fault.Reason
		Event      *int
	}
}

func checkHistory(t *testing.T, one history) {
	t.Helper()
	genesis, err := event.ParseGenesis(one.Genesis)
	if err != nil {
		t.Fatalf("%s: %v", one.What, err)
	}
	if len(one.Batches) == 0 {
		t.Fatalf("%s: it is empty", one.What)
	}
	authority := trust.NewAuthority(genesis)
	for number, said := range one.Batches {
		batch, err := event.ParseBatch(said.Run)
		if err == nil {
			_, err = trust.CheckBatch(batch)
		}
		if err != nil {
			t.Fatalf("%s, batch %d: %v", one.What, number, err)
		}
		copied := authority.Clone()
		place := trust.Place{TimeUnixMs: said.TimeUnixMs, ChainKey: genesis.ChainKey.Text}
		err = authority.Decide(batch, place)
		// A copy decides the same.
		if again := copied.Decide(batch, place); (again == nil) != (err == nil) || err != nil && again.Error() != err.Error() {
			t.Fatalf("%s, batch %d (%s): %v, and a copy %v", one.What, number, said.What, err, again)
		}
		index := ""
		if said.Event != nil {
			index = strconv.Itoa(*said.Event)
		}
		if said.Reason == "" {
			if err != nil {
				t.Fatalf("%s, batch %d (%s): %v", one.What, number, said.What, err)
			}
		} else if !errors.Is(err, said.Reason) || fault.Of(err).Metadata["event_index"] != index {
			t.Fatalf("%s, batch %d (%s): %v, and %s of event %q was due", one.What, number, said.What, err, said.Reason, index)
		}
	}
}

// checkReplays verifies whole replays, each with all signatures and with the last ones alone, and hands the state of good ones on.
func checkGood(t *testing.T, one replayCase, then func(*trust.Replay, []trust.Verified)) {
	t.Helper()
	for _, all := range []bool{true, false} {
		verifier, batches, err := replay(one, all)
		if err != nil {
			t.Errorf("%s: %v", one.Name, err)
			return
		}
		if verifier.Head() != (merkle.Head{Size: one.Size, Root: merkle.Hash(one.Root)}) || verifier.NextSequence() != one.NextSequence {
			t.Errorf("%s: its head is %v", one.Name, verifier.Head())
		}
		for i, batch := range batches {
			if i < len(one.VouchedBy) && batch.VouchedBy.String() != one.VouchedBy[i] {
				t.Errorf("%s: batch %d is vouched for by the %s", one.Name, i, batch.VouchedBy)
			}
		}
		then(verifier, batches)
	}
}

func checkBad(t *testing.T, one replayCase) {
	t.Helper()
	_, _, err := replay(one, true)
	number := func(of *uint64) string {
		if of == nil {
			return ""
		}
		return strconv.FormatUint(*of, 10)
	}
	commit, sequence := number(one.Commit), number(one.Sequence)
	if found := fault.Of(err); found == nil || found.Reason != fault.VerificationFailed || found.Metadata["commit"] != commit || found.Metadata["sequence"] != sequence {
		t.Errorf("%s: %v, and commit %q or sequence %q was due", one.Why, err, commit, sequence)
	}
}

type ownedCase struct {
	replayCase
	Owner                        string
	Version                      uint64
	ExpiresUnixMs                int64
	Roots, Writers, Admitted     []string
	Unverified, Removed          bool
	AuthIdentity, ServerIdentity string
}

func printed(all []keys.Fingerprint) []string {
	named := []string{}
	for _, one := range all {
		named = append(named, one.String())
	}
	return named
}

func TestOwnership(t *testing.T) {
	if len(vectors.List[any](t, "ownership", "keys")) == 0 {
		t.Error("there are no keys")
	}
	for _, one := range vectors.List[history](t, "ownership", "histories") {
		checkHistory(t, one)
	}
	for _, one := range vectors.List[ownedCase](t, "ownership", "good") {
		checkGood(t, one.replayCase, func(verifier *trust.Replay, _ []trust.Verified) {
			authority := verifier.Authority()
			is := authority.Owner()
			isSame := is != nil && is.Name == one.Owner && is.Version == one.Version && is.ExpiresUnixMs == one.ExpiresUnixMs && is.Unverified == one.Unverified &&
				is.Removed == one.Removed && is.Identity.String() == one.AuthIdentity && authority.ServerIdentity().String() == one.ServerIdentity &&
				slices.Equal(printed(is.Admitted), one.Admitted) && slices.Equal(printed(authority.Roots()), one.Roots) &&
				slices.Equal(printed(authority.Writers()), one.Writers)
			if !isSame {
				t.Errorf("%s: in the end it is %+v", one.Name, is)
			}
		})
	}
	for _, one := range vectors.List[replayCase](t, "ownership", "bad") {
		checkBad(t, one)
	}
	for _, one := range vectors.List[batchCase](t, "ownership", "badGeneses") {
		if _, _, err := trust.VerifyGenesis(one.Run); !errors.Is(err, one.Reason) {
			t.Errorf("%s: %v, and %s was due", one.Why, err, one.Reason)
		}
	}
	for _, one := range vectors.List[batchCase](t, "ownership", "badBatches") {
		checkBadBatch(t, one)
	}
}

// checkBadBatch: it is refused whatever chain it is for.
func checkBadBatch(t *testing.T, one batchCase) {
	t.Helper()
	batch, err := event.ParseBatch(one.Run)
	if err == nil {
		check := trust.CheckBatch
		if one.Stored {
			check = trust.CheckStored
		}
		_, err = check(batch)
	}
	if !errors.Is(err, one.Reason) {
		t.Errorf("%s: %v, and %s was due", one.Why, err, one.Reason)
	}
}
