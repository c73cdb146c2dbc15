package trust_test

import (
	"errors"
	"slices"
	"testing"

	"atedb.example/go/event"
	"atedb.example/go/fault"
	"atedb.example/go/internal/vectors"
	"atedb.example/go/keys"
	"atedb.example/go/trust"
)

type delegationCase struct {
	What, Why                        string
	Message, Header, Subject, Serial hex
	Issuer                           string
	Chains                           []string
	MayWrite, MayRead                bool
	NotBeforeUnixMs, ExpiresUnixMs   int64
	Reason                           fault.Reason
}

func TestDelegations(t *testing.T) {
	if len(vectors.List[any](t, "delegations", "keys")) == 0 {
		t.Error("there are no keys")
	}
	for _, one := range vectors.List[delegationCase](t, "delegations", "good") {
		is, err := event.ParseDelegation(one.Message)
		if err != nil {
			t.Errorf("%s: %v", one.What, err)
			continue
		}
		isSame := string(is.Header) == string(one.Header) && is.Issuer.String() == one.Issuer && string(is.Subject.Message()) == string(one.Subject) &&
			slices.Equal(is.Chains, one.Chains) && is.MayWrite == one.MayWrite && is.MayRead == one.MayRead &&
			is.NotBeforeUnixMs == one.NotBeforeUnixMs && is.ExpiresUnixMs == one.ExpiresUnixMs && string(is.Serial) == string(one.Serial)
		if !isSame {
			t.Errorf("%s: it says %+v", one.What, is)
		}
	}
	for _, one := range vectors.List[delegationCase](t, "delegations", "bad") {
		if _, err := event.ParseDelegation(one.Message); !errors.Is(err, one.Reason) {
			t.Errorf("%s: %v, and %s was due", one.Why, err, one.Reason)
		}
	}
	for _, one := range vectors.List[struct {
		Chains   []string
		ChainKey string
		Counts   bool
	}](t, "delegations", "scopes") {
		if counts := event.ScopeCovers(one.Chains, one.ChainKey); counts != one.Counts {
			t.Errorf("%v of %s: %v", one.Chains, one.ChainKey, counts)
		}
	}
}

type pathCase struct {
	What, Why   string
	Delegations []hex
	Issuer      hex
	Subject     string
	Reason      fault.Reason
}

// subjectOf a path, which is verified.
func subjectOf(one pathCase) (string, error) {
	issuer, err := keys.ParsePublic(one.Issuer)
	if err != nil {
		return "", err
	}
	var path []*event.Delegation
	for _, message := range one.Delegations {
		delegation, err := event.ParseDelegation(message)
		if err != nil {
			return "", err
		}
		path = append(path, delegation)
	}
	if err := trust.CheckPath(path); err != nil {
		return "", err
	}
	return path[len(path)-1].Subject.String(), trust.VerifyPath(path, issuer)
}

func TestPaths(t *testing.T) {
	for _, one := range vectors.List[pathCase](t, "delegations", "paths") {
		if subject, err := subjectOf(one); err != nil || subject != one.Subject {
			t.Errorf("%s: %s: %v", one.What, subject, err)
		}
	}
	for _, one := range vectors.List[pathCase](t, "delegations", "badPaths") {
		if _, err := subjectOf(one); !errors.Is(err, one.Reason) {
			t.Errorf("%s: %v, and %s was due", one.Why, err, one.Reason)
		}
	}
}

type tokenCase struct {
	What, Why, Text string
	Suite           int
	Seed, KEMSeed   hex
	Fingerprint     string
	Issuer          hex
	Delegations     []hex
	Reason          fault.Reason
}

func TestTokens(t *testing.T) {
	for _, one := range vectors.List[tokenCase](t, "delegations", "tokens") {
		is, err := event.ParseToken(" "+one.Text+"\n", "it")
		if err != nil {
			t.Errorf("%s: %v", one.What, err)
			continue
		}
		isSame := is.Text() == one.Text && is.Key.Public().Suite() == one.Suite && is.Key.String() == one.Fingerprint && string(is.Issuer.Message()) == string(one.Issuer) &&
			string(is.Key.Seed()) == string(one.Seed) && string(is.Key.KEMSeed()) == string(one.KEMSeed) && len(is.Delegations) == len(one.Delegations)
		for i := range is.Delegations {
			isSame = isSame && string(is.Delegations[i].Message) == string(one.Delegations[i])
		}
		if !isSame {
			t.Errorf("%s: it is %s", one.What, is)
		}
	}
	for _, one := range vectors.List[tokenCase](t, "delegations", "badTokens") {
		if _, err := event.ParseToken(one.Text, "it"); !errors.Is(err, one.Reason) {
			t.Errorf("%s: %v, and %s was due", one.Why, err, one.Reason)
		}
	}
}

func TestDelegatedRights(t *testing.T) {
	for _, one := range vectors.List[batchCase](t, "delegations", "badBatches") {
		checkBadBatch(t, one)
	}
	for _, one := range vectors.List[history](t, "delegations", "histories") {
		checkHistory(t, one)
	}
	for _, one := range vectors.List[replayCase](t, "delegations", "replays") {
		checkGood(t, one, func(*trust.Replay, []trust.Verified) {})
	}
	for _, one := range vectors.List[replayCase](t, "delegations", "badReplays") {
		checkBad(t, one)
	}
}
