package event

import (
	"slices"

	"atedb.example/go/fault"
	"atedb.example/go/internal/crypt"
	"atedb.example/go/internal/forms"
	"atedb.example/go/internal/strict"
	"atedb.example/go/keys"
)

// An AnsweredChange is a key of an owner that counts no more.
type AnsweredChange struct {
	Fingerprint keys.Fingerprint
	// Successor has its place in every rule; nil: none has.
	Successor *keys.Fingerprint
}

// An AuthAnswer says whose keys count in the chains of an owner: an auth service's word. Times are milliseconds since 1970-01-01 UTC.
type AuthAnswer struct {
	// Header is what the signature is over.
	Header []byte
	Owner  Owner
	// Version is how often the account was changed, up to what Changed tells of.
	Version                     uint64
	IssuedUnixMs, ExpiresUnixMs int64
	// Roots, 1 to 16, and Writers, at most 16, are sorted by fingerprint, once each; none is both.
	Roots, Writers []*keys.Public
	// Admitted may open private chains besides: at most 16, sorted, once each.
	Admitted []keys.Fingerprint
	// Changed are at most 256, in the order in which they were changed.
	Changed []AnsweredChange
	// Unverified: nobody has checked that the name is the account's. Removed: the account was.
	Unverified, Removed bool
	// Identity of the auth service.
	Identity  *keys.Public
	Signature Signature
	// Rotations are IdentityRotation messages, oldest first.
	Rotations [][]byte
}

// ParseAuthAnswer reads an AuthAnswer message, which is copied. Its signature and its rotations are not verified. The error is
// NON_CANONICAL for its bytes, AUTH_ANSWER_INVALID for what it says.
func ParseAuthAnswer(message []byte) (*AuthAnswer, error) {
	message = slices.Clone(message)
	if err := strict.Check(forms.AuthAnswer, message); err != nil {
		return nil, err
	}
	answer := &AuthAnswer{}
	var signature []byte
	cursor := strict.NewCursor(message)
	for cursor.Next() {
		switch cursor.Field {
		case 1:
			answer.Header = cursor.Bytes()
		case 2:
			signature = cursor.Bytes()
		case 3:
			answer.Rotations = append(answer.Rotations, cursor.Bytes())
		}
	}
	if err := strict.Check(forms.AuthAnswerHeader, answer.Header); err != nil {
		return nil, err
	}
	if err := answer.readHeader(); err != nil {
		return nil, err
	}
	if err := answer.check(); err != nil {
		return nil, err
	}
	var err error
	answer.Signature, err = ParseSignature(signature)
	return answer, err
}

func (a *AuthAnswer) readHeader() error {
	key := func(what string, message []byte) (*keys.Public, error) {
		read, err := keys.ParsePublic(message)
		if err != nil {
			return nil, badAnswer(what + " is no key: " + fault.Text(err)).From(err)
		}
		return read, nil
	}
	list := func(to *[]*keys.Public, what string, message []byte) error {
		read, err := key(what, message)
		*to = append(*to, read)
		return err
	}
	var err error
	cursor := strict.NewCursor(a.Header)
	for err == nil && cursor.Next() {
		switch cursor.Field {
		case 2:
			if a.Owner, err = ParseOwner(string(cursor.Bytes())); err != nil {
				err = badAnswer("its owner is none: " + fault.Text(err)).From(err)
			}
		case 3:
			a.Version = cursor.Value
		case 4:
			a.IssuedUnixMs = int64(cursor.Value)
		case 5:
			a.ExpiresUnixMs = int64(cursor.Value)
		case 6:
			err = list(&a.Roots, "one of its roots", cursor.Bytes())
		case 7:
			err = list(&a.Writers, "one of its writers", cursor.Bytes())
		case 8:
			a.Admitted = append(a.Admitted, keys.Fingerprint(cursor.Bytes()))
		case 9:
			parts := contents(cursor.Bytes())
			change := AnsweredChange{Fingerprint: keys.Fingerprint(parts[0])}
			if len(parts) > 1 {
				successor := keys.Fingerprint(parts[1])
				change.Successor = &successor
			}
			a.Changed = append(a.Changed, change)
		case 10:
			a.Unverified = true
		case 11:
			a.Removed = true
		case 12:
			a.Identity, err = key("its identity", cursor.Bytes())
		}
	}
	return err
}

// check what the strict form doesn't say: every implementation refuses the same.
func (a *AuthAnswer) check() error {
	if a.ExpiresUnixMs <= a.IssuedUnixMs {
		return badAnswer("it expires before it is given")
	}
	roots, writers := namesOf(a.Roots), namesOf(a.Writers)
	for _, list := range []struct {
		what string
		all  []keys.Fingerprint
	}{{"roots", roots}, {"writers", writers}, {"admitted keys", a.Admitted}} {
		if !isSorted(list.all) {
			return badAnswer("its " + list.what + " are not sorted by fingerprint, once each")
		}
	}
	for _, root := range roots {
		if slices.Contains(writers, root) {
			return badAnswer("one of its roots is among its writers")
		}
	}
	retired := map[keys.Fingerprint]bool{}
	for _, one := range a.Changed {
		if retired[one.Fingerprint] {
			return badAnswer("it changes a key twice")
		}
		retired[one.Fingerprint] = true
	}
	for _, one := range a.Changed {
		if one.Successor != nil && retired[*one.Successor] {
			return badAnswer("it has the key " + one.Fingerprint.String() + " followed by one that counts no more, or by itself")
		}
	}
	for _, one := range slices.Concat(a.Admitted, roots, writers) {
		if retired[one] {
			return badAnswer("it names the key " + one.String() + ", which it says to count no more")
		}
	}
	return nil
}

// Verify verifies that the answer is signed by the identity that it names. That this is the auth service's isn't checked. The error is
// SIGNATURE_INVALID.
func (a *AuthAnswer) Verify() error {
	if a.Signature.By(a.Identity, crypt.ContextAuthAnswer, a.Header) {
		return nil
	}
	return fault.New(fault.SignatureInvalid, "the auth service's answer about %s is not signed by its identity %s", a.Owner, a.Identity).
		With("fingerprint", a.Identity.String()).With("owner", a.Owner.Text)
}

// Message serialises the header and the signature of the answer, without rotations: as chains hold it.
func (a *AuthAnswer) Message() []byte {
	signature := new(strict.Writer).Varint(1, uint64(a.Signature.Suite)).Bytes(2, a.Signature.Fingerprint[:]).Bytes(3, a.Signature.Signature).Finish()
	return new(strict.Writer).Bytes(1, a.Header).Message(2, signature).Finish()
}

func namesOf(all []*keys.Public) []keys.Fingerprint {
	names := make([]keys.Fingerprint, len(all))
	for i, one := range all {
		names[i] = one.Fingerprint()
	}
	return names
}

func isSorted(all []keys.Fingerprint) bool {
	for i := 1; i < len(all); i++ {
		if compareFingerprints(all[i-1], all[i]) >= 0 {
			return false
		}
	}
	return true
}

func badAnswer(why string) *fault.Error {
	return fault.New(fault.AuthAnswerInvalid, "the auth service's answer is not valid: %s", why)
}
