package event_test

import (
	"bytes"
	"encoding/base64"
	"errors"
	"slices"
	"testing"

	"atedb.example/go/event"
	"atedb.example/go/fault"
	"atedb.example/go/internal/vectors"
	"atedb.example/go/keys"
)

type answerCase struct {
	What, Why                   string
	Message, Header, Held       vectors.Hex
	Context, Owner              string
	Version                     uint64
	IssuedUnixMs, ExpiresUnixMs int64
	Roots, Writers, Admitted    []string
	Changed                     []struct{ Fingerprint, Successor string }
	Unverified, Removed         bool
	Identity                    string
	LeadsFrom                   []string
	Reason                      fault.Reason
}

func checkAnswer(message []byte) (*event.AuthAnswer, *event.IdentityLine, error) {
	answer, err := event.ParseAuthAnswer(message)
	if err != nil {
		return nil, nil, err
	}
	if err := answer.Verify(); err != nil {
		return nil, nil, err
	}
	line, err := event.VerifyIdentityLine(answer.Identity, answer.Rotations)
	return answer, line, err
}

func publicNames(all []*keys.Public) []string {
	named := []string{}
	for _, one := range all {
		named = append(named, one.String())
	}
	return named
}

func printed(all []keys.Fingerprint) []string {
	named := []string{}
	for _, one := range all {
		named = append(named, one.String())
	}
	return named
}

func TestAuthAnswers(t *testing.T) {
	for _, one := range vectors.List[struct {
		Key         vectors.Hex
		Fingerprint string
	}](t, "auth-answers", "keys") {
		if key, err := keys.ParsePublic(one.Key); err != nil || key.String() != one.Fingerprint {
			t.Errorf("%s: %v", one.Fingerprint, err)
		}
	}
	for _, one := range vectors.List[answerCase](t, "auth-answers", "good") {
		answer, line, err := checkAnswer(one.Message)
		if err != nil {
			t.Errorf("%s: %v", one.What, err)
			continue
		}
		held := one.Held
		if held == nil {
			held = one.Message
		}
		isSame := bytes.Equal(answer.Header, one.Header) && bytes.Equal(answer.Message(), held) && answer.Owner.Text == one.Owner && answer.Version == one.Version &&
			answer.IssuedUnixMs == one.IssuedUnixMs && answer.ExpiresUnixMs == one.ExpiresUnixMs && answer.Unverified == one.Unverified &&
			answer.Removed == one.Removed && answer.Identity.String() == one.Identity && len(answer.Changed) == len(one.Changed) &&
			slices.Equal(publicNames(answer.Roots), one.Roots) && slices.Equal(publicNames(answer.Writers), one.Writers) &&
			slices.Equal(printed(answer.Admitted), one.Admitted) && slices.Equal(printed(line.Keys), one.LeadsFrom)
		if !isSame {
			t.Errorf("%s: it says %+v", one.What, answer)
		}
		for i, is := range answer.Changed {
			successor := ""
			if is.Successor != nil {
				successor = is.Successor.String()
			}
			if due := one.Changed[i]; is.Fingerprint.String() != due.Fingerprint || successor != due.Successor {
				t.Errorf("%s: key %d is changed to %q", one.What, i, successor)
			}
		}
	}
	for _, one := range vectors.List[answerCase](t, "auth-answers", "bad") {
		if _, _, err := checkAnswer(one.Message); !errors.Is(err, one.Reason) {
			t.Errorf("%s: %v, and %s was due", one.Why, err, one.Reason)
		}
	}
}

// FuzzSigned: what others have signed is read, or refused, whatever its bytes are.
func FuzzSigned(f *testing.F) {
	for _, list := range []string{"good", "bad"} {
		for _, one := range vectors.List[answerCase](f, "auth-answers", list) {
			f.Add([]byte(one.Message))
		}
		for _, one := range vectors.List[struct{ Message vectors.Hex }](f, "delegations", list) {
			f.Add([]byte(one.Message))
		}
	}
	f.Fuzz(func(t *testing.T, message []byte) {
		if answer, err := event.ParseAuthAnswer(message); err == nil && len(answer.Roots) == 0 {
			t.Error("an answer names no roots")
		}
		if delegation, err := event.ParseDelegation(message); err == nil && len(delegation.Chains) == 0 {
			t.Error("a delegation names no chains")
		}
		_, _ = event.ParseRotation(message)
		_, _ = event.ParseToken(event.TokenMark+base64.RawURLEncoding.EncodeToString(message), "it")
	})
}
