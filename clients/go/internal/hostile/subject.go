package hostile

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"testing"

	"atedb.example/go/fault"
)

const (
	seedDefault   = 1
	roundsDefault = 200
)

// A Subject is something that servers send.
type Subject struct {
	// Good ones.
	Good [][]byte
	// Use is given other bytes in the place of a good one. It returns nil where they are taken as what they were before they were changed, a
	// *fault.Error where they are refused, and any other error where they are taken for something else.
	Use func(which int, data []byte) error
}

// Test that so many changed ones are held: ATEDB_FUZZ_ROUNDS, each of which follows from ATEDB_TEST_SEED and its number.
func (s Subject) Test(t *testing.T) {
	t.Helper()
	if len(s.Good) == 0 {
		t.Fatal("there are no good ones")
	}
	seed, rounds := number(t, "ATEDB_TEST_SEED", seedDefault), number(t, "ATEDB_FUZZ_ROUNDS", roundsDefault)
	for input := range rounds {
		chance := NewMutator(seed, input)
		which := chance.Below(len(s.Good))
		changed := chance.Changed(s.Good[which], s.Good)
		if err := s.hold(which, changed); err != nil {
			t.Fatalf("input %d of ATEDB_TEST_SEED=%d: %v\n%x", input, seed, err, changed)
		}
	}
}

// Fuzz by what Go's own engine finds.
func (s Subject) Fuzz(f *testing.F) {
	f.Helper()
	for which, one := range s.Good {
		f.Add(uint16(which), one)
	}
	f.Fuzz(func(t *testing.T, which uint16, data []byte) {
		if err := s.hold(int(which)%len(s.Good), data); err != nil {
			t.Fatal(err)
		}
	})
}

// hold what was changed; the error says what is wrong.
func (s Subject) hold(which int, data []byte) (wrong error) {
	defer func() {
		if panicked := recover(); panicked != nil {
			wrong = fmt.Errorf("it panics: %v", panicked)
		}
	}()
	err := s.Use(which, data)
	var refused *fault.Error
	if err == nil || errors.As(err, &refused) {
		return nil
	}
	return err
}

func number(t *testing.T, name string, otherwise uint64) uint64 {
	t.Helper()
	text := os.Getenv(name)
	if text == "" {
		return otherwise
	}
	found, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		t.Fatalf("%s is no number: %v", name, err)
	}
	return found
}
