package event_test

import (
	"bytes"
	"errors"
	"fmt"
	"testing"

	"atedb.example/go/event"
	"atedb.example/go/internal/hostile"
	"atedb.example/go/internal/vectors"
	"atedb.example/go/keys"
)

var errTaken = errors.New("it was changed, and is taken for something else")

func signerOf(t testing.TB) (checkpointCase, *keys.Public, *event.CheckpointKeys) {
	one := vectors.List[checkpointCase](t, "checkpoints", "keys")[0]
	identity, err := keys.ParsePublic(one.Identity)
	if err != nil {
		t.Fatal(err)
	}
	signer, err := event.VerifyCheckpointKeys(one.Message, identity)
	if err != nil {
		t.Fatal(err)
	}
	return one, identity, signer
}

// notes: lines of other signers are nobody's to believe, and may be changed.
func notes(t testing.TB) hostile.Subject {
	_, _, signer := signerOf(t)
	cases := vectors.List[checkpointCase](t, "checkpoints", "good")
	var good [][]byte
	said := map[string]bool{}
	for _, one := range cases {
		good = append(good, []byte(one.Note))
		said[fmt.Sprintf("%d %x %d", one.Size, one.Root, one.TimeUnixS)] = true
	}
	return hostile.Subject{Good: good, Use: func(which int, data []byte) error {
		is, err := event.VerifyCheckpoint(string(data), hash(cases[which].ChainID), signer)
		if err != nil {
			return err
		}
		if !said[fmt.Sprintf("%d %x %d", is.Head.Size, is.Head.Root[:], is.TimeUnixS)] {
			return errTaken
		}
		return nil
	}}
}

func TestHostileNotes(t *testing.T) { notes(t).Test(t) }
func FuzzNotes(f *testing.F)        { notes(f).Fuzz(f) }

func checkpointKeys(t testing.TB) hostile.Subject {
	one, identity, signer := signerOf(t)
	return hostile.Subject{Good: [][]byte{one.Message}, Use: func(_ int, data []byte) error {
		is, err := event.VerifyCheckpointKeys(data, identity)
		if err != nil {
			return err
		}
		ed25519, mldsa44 := is.VerifierKeys(hash(make([]byte, 32)))
		dueEd25519, dueMLDSA44 := signer.VerifierKeys(hash(make([]byte, 32)))
		if ed25519 != dueEd25519 || mldsa44 != dueMLDSA44 {
			return errTaken
		}
		return nil
	}}
}

func TestHostileCheckpointKeys(t *testing.T) { checkpointKeys(t).Test(t) }
func FuzzCheckpointKeys(f *testing.F)        { checkpointKeys(f).Fuzz(f) }

// answers: which of its rotations come with an answer is not signed: what each says is.
func answers(t testing.TB) hostile.Subject {
	var good, headers [][]byte
	for _, one := range vectors.List[answerCase](t, "auth-answers", "good") {
		good, headers = append(good, one.Message), append(headers, one.Header)
	}
	return hostile.Subject{Good: good, Use: func(_ int, data []byte) error {
		answer, _, err := checkAnswer(data)
		if err != nil {
			return err
		}
		for _, header := range headers {
			if bytes.Equal(header, answer.Header) {
				return nil
			}
		}
		return errTaken
	}}
}

func TestHostileAnswers(t *testing.T) { answers(t).Test(t) }
func FuzzAnswers(f *testing.F)        { answers(f).Fuzz(f) }
