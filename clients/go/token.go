package atedb

import (
	"crypto/rand"
	"os"
	"strings"
	"time"

	"atedb.example/go/event"
	"atedb.example/go/fault"
	"atedb.example/go/internal/home"
	"atedb.example/go/internal/limits"
	"atedb.example/go/internal/strict"
	"atedb.example/go/keys"
	"atedb.example/go/trust"
)

// LoadToken reads a file with a token, which nobody else may be able to read. The error is STORAGE_FAILED where it can't be read, and else as
// event.ParseToken's.
func LoadToken(path string) (*event.Token, error) {
	text, err := home.ReadPrivate(path, "token file", 2*limits.DelegationBytes*(limits.Delegations+1))
	if err != nil {
		return nil, err
	}
	defer clear(text)
	return event.ParseToken(string(text), path)
}

// EnvironmentToken is the token that variables name, as for the atedb command: ATEDB_TOKEN has the token itself, ATE_TOKEN its file or the
// token; nil where there is none.
func EnvironmentToken() (*event.Token, error) {
	if text := os.Getenv("ATEDB_TOKEN"); text != "" {
		return event.ParseToken(text, "the variable ATEDB_TOKEN")
	}
	named := os.Getenv("ATE_TOKEN")
	switch {
	case named == "":
		return nil, nil
	case strings.HasPrefix(named, event.TokenMark):
		return event.ParseToken(named, "the variable ATE_TOKEN")
	}
	return LoadToken(named)
}

// NewToken says what a token is for.
type NewToken struct {
	// From is the key that delegates; or FromToken, whose holder gives some of what that gives.
	From      *keys.Pair
	FromToken *event.Token
	// Through is an own key that stands between: it is given what the token is, and gives it on, so that the token says by whom it was given,
	// and that key can end it. For a key of a group's role. nil: none.
	Through *keys.Pair
	// Chains are chain keys, and owner/* for all chains of an owner, as example.com/me/* or team/*; 1 to 16.
	Chains []string
	// Write and Read say what it is for; Read opens private chains. One of them is true.
	Write, Read bool
	// Expires: from then on it counts no more. NotBefore: before that it doesn't; zero: it does at once.
	Expires, NotBefore time.Time
}

// CreateToken makes a token: a new key, and a delegation to it by an own key, or by that of a token. Nothing is sent: it counts wherever the
// key counts that it is from, until it expires or its key is ended. The error is DELEGATION_INVALID where it says what can't be, or more than
// the token that it is from; REQUEST_INVALID for a path that is too long; CHAIN_KEY_INVALID.
func CreateToken(wanted NewToken) (*event.Token, error) {
	made := &event.Token{}
	issuer := wanted.From
	if above := wanted.FromToken; above != nil {
		issuer, made.Issuer = above.Key, above.Issuer
		made.Delegations = append(made.Delegations, above.Delegations...)
	} else if issuer != nil {
		made.Issuer = issuer.Public()
	}
	chains, err := event.ScopeOf(wanted.Chains)
	if err != nil {
		return nil, err
	}
	claim := event.DelegationClaim{Chains: chains, MayWrite: wanted.Write, MayRead: wanted.Read, ExpiresUnixMs: wanted.Expires.UnixMilli()}
	if !wanted.NotBefore.IsZero() {
		claim.NotBeforeUnixMs = wanted.NotBefore.UnixMilli()
	}
	// A narrower one doesn't begin before the one that it is from.
	if count := len(made.Delegations); count > 0 {
		claim.NotBeforeUnixMs = max(claim.NotBeforeUnixMs, made.Delegations[count-1].NotBeforeUnixMs)
	}
	between := []*keys.Pair{}
	if wanted.Through != nil {
		between = append(between, wanted.Through)
	}
	switch {
	case issuer == nil || wanted.From != nil && wanted.FromToken != nil:
		return nil, fault.New(fault.RequestInvalid, "a token is from a key or from a token: name one of them").With("field", "from")
	case len(made.Delegations)+len(between) >= limits.Delegations:
		return nil, fault.New(fault.RequestInvalid, "a token is %d delegations from the key that has the right by itself, at most; ask for one that is nearer", limits.Delegations).With("field", "from")
	case claim.NotBeforeUnixMs < 0 || claim.ExpiresUnixMs < 0 || claim.ExpiresUnixMs > strict.IntegerMax:
		return nil, fault.New(fault.RequestInvalid, "a time of the token is none from 1970 on").With("field", "expires")
	}
	if made.Key, err = keys.Generate(); err != nil {
		return nil, err
	}
	for _, subject := range append(between, made.Key) {
		claim.Serial = make([]byte, event.IDBytes)
		_, _ = rand.Read(claim.Serial)
		delegation, err := event.Delegate(claim, issuer, subject)
		if err != nil {
			return nil, err
		}
		made.Delegations = append(made.Delegations, delegation)
		issuer = subject
	}
	return made, trust.CheckPath(made.Delegations)
}
