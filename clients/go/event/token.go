package event

import (
	"encoding/base64"
	"strings"

	"atedb.example/go/fault"
	"atedb.example/go/internal/forms"
	"atedb.example/go/internal/strict"
	"atedb.example/go/keys"
)

// TokenMark is what the text of a token begins with, so that those who look for secrets where they don't belong find it.
const TokenMark = "atedb_token_v1_"

// A Token is what a program is given to act by delegations: a key pair, and a path of delegations to it. Only Text shows its secrets.
type Token struct {
	Key *keys.Pair
	Right
}

// String is the fingerprint of its key: a token that is printed shows no secret.
func (t *Token) String() string { return "token of " + t.Key.String() }

// GoString is the same.
func (t *Token) GoString() string { return t.String() }

// ParseToken reads the text of a token; space around it doesn't matter. The signatures of its delegations are not verified. where is what
// to call the text in errors, of which none shows any of it. The error is REQUEST_INVALID for what is no token, DELEGATION_INVALID or
// UNSUPPORTED for what is in it.
func ParseToken(text, where string) (*Token, error) {
	noToken := func(why string) error {
		return fault.New(fault.RequestInvalid, "%s is no token that can be used: %s", where, why).With("field", "token")
	}
	encoded, isMarked := strings.CutPrefix(strings.TrimSpace(text), TokenMark)
	message, err := base64.RawURLEncoding.DecodeString(encoded)
	defer clear(message)
	if !isMarked || encoded == "" || err != nil {
		return nil, noToken("a token begins with \"" + TokenMark + "\", and is base64url behind it")
	}
	// Offsets and names of fields tell nothing of a secret.
	if err := strict.Check(forms.Token, message); err != nil {
		return nil, noToken("it is damaged")
	}
	token := &Token{}
	var suite, kemSuite int
	var seed, kemSeed, issuer []byte
	cursor := strict.NewCursor(message)
	for cursor.Next() {
		switch cursor.Field {
		case 1:
			suite = int(cursor.Value)
		case 2:
			seed = cursor.Bytes()
		case 3:
			kemSuite = int(cursor.Value)
		case 4:
			kemSeed = cursor.Bytes()
		case 5:
			delegation, err := ParseDelegation(cursor.Bytes())
			if err != nil {
				return nil, err
			}
			token.Delegations = append(token.Delegations, delegation)
		case 6:
			issuer = cursor.Bytes()
		}
	}
	if (kemSuite == 0) != (kemSeed == nil) {
		return nil, noToken("it has half a KEM key")
	}
	if token.Key, err = keys.FromSeed(suite, seed, kemSeed); err != nil {
		return nil, err
	}
	if token.Issuer, err = keys.ParsePublic(issuer); err != nil {
		return nil, err
	}
	first, last := token.Delegations[0], token.Delegations[len(token.Delegations)-1]
	if first.Issuer != token.Issuer.Fingerprint() || last.Subject.Fingerprint() != token.Key.Public().Fingerprint() {
		return nil, fault.New(fault.DelegationInvalid, "%s: its delegations lead from the key %s to %s, and it is of %s and %s", where, first.Issuer, last.Subject, token.Issuer, token.Key)
	}
	return token, nil
}

// Text is the token as text: a secret, by which whoever has it can act.
func (t *Token) Text() string {
	seed, kemSeed := t.Key.Seed(), t.Key.KEMSeed()
	defer clear(seed)
	defer clear(kemSeed)
	kemSuite := uint64(0)
	if len(kemSeed) > 0 {
		kemSuite = 1
	}
	writer := new(strict.Writer).Varint(1, uint64(t.Key.Public().Suite())).Bytes(2, seed).Varint(3, kemSuite).Bytes(4, kemSeed)
	for _, one := range t.Delegations {
		writer.Bytes(5, one.Message)
	}
	message := writer.Message(6, t.Issuer.Message()).Finish()
	defer clear(message)
	return TokenMark + base64.RawURLEncoding.EncodeToString(message)
}
