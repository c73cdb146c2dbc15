package event

import (
	"bytes"
	"slices"

	"atedb.example/go/fault"
	"atedb.example/go/internal/crypt"
	"atedb.example/go/internal/forms"
	"atedb.example/go/internal/limits"
	"atedb.example/go/internal/strict"
	"atedb.example/go/keys"
)

// An IdentityLine is a server's identity key, and the ones that it had before: each of them has vouched for the next.
type IdentityLine struct {
	// Identity as it is now.
	Identity *keys.Public
	// Rotations are IdentityRotation messages, oldest first.
	Rotations [][]byte
	// Keys are the fingerprints of all its keys, oldest first; the last is the identity's.
	Keys []keys.Fingerprint
}

// NewIdentityLine is the line of an identity that was never rotated.
func NewIdentityLine(identity *keys.Public) *IdentityLine {
	return &IdentityLine{Identity: identity, Keys: []keys.Fingerprint{identity.Fingerprint()}}
}

// A Rotation says that one identity key is followed by another one.
type Rotation struct {
	// Header is what both signatures are over.
	Header     []byte
	Old, New   *keys.Public
	signatures [2]Signature
}

// VerifyIdentityLine verifies that rotations lead to an identity: each is signed by the key that it retires and by the one that follows,
// and begins where the one before it ends. That it is the right server isn't checked: see Leads. The error is NON_CANONICAL,
// REQUEST_INVALID or UNSUPPORTED for bytes that are none; SIGNATURE_INVALID; VERIFICATION_FAILED where they are too many, have a gap,
// come back to a key, or lead elsewhere.
func VerifyIdentityLine(identity *keys.Public, messages [][]byte) (*IdentityLine, error) {
	// Before anything is parsed or verified: what a server sends is not to cost more than a real one's.
	if len(messages) > limits.IdentityRotations {
		return nil, badLine("there are more than 16")
	}
	line := NewIdentityLine(identity)
	if len(messages) == 0 {
		return line, nil
	}
	line.Keys = nil
	rotations := make([]*Rotation, len(messages))
	for i, message := range messages {
		message = bytes.Clone(message)
		parsed, err := ParseRotation(message)
		if err != nil {
			return nil, err
		}
		rotations[i] = parsed
		line.Rotations = append(line.Rotations, message)
	}
	for i, one := range rotations {
		if i > 0 && rotations[i-1].New.Fingerprint() != one.Old.Fingerprint() {
			return nil, badLine("one leads to the key " + rotations[i-1].New.String() + ", and the next goes on from " + one.Old.String())
		}
		line.Keys = append(line.Keys, one.Old.Fingerprint())
	}
	if last := rotations[len(rotations)-1]; last.New.Fingerprint() != identity.Fingerprint() {
		return nil, badLine("they lead to the key " + last.New.String() + ", and it is " + identity.String())
	}
	line.Keys = append(line.Keys, identity.Fingerprint())
	for i, one := range line.Keys {
		if slices.Contains(line.Keys[:i], one) {
			return nil, badLine("they come back to the key " + one.String() + ", which was retired")
		}
	}
	for _, one := range rotations {
		if err := one.Verify(); err != nil {
			return nil, err
		}
	}
	return line, nil
}

// Verify verifies that the rotation is signed by both of its keys. The error is SIGNATURE_INVALID.
func (r *Rotation) Verify() error {
	if r.signatures[0].By(r.Old, crypt.ContextIdentityRotation, r.Header) && r.signatures[1].By(r.New, crypt.ContextIdentityPossession, r.Header) {
		return nil
	}
	return fault.New(fault.SignatureInvalid, "the rotation of a server's identity from %s to %s is not signed by both", r.Old, r.New)
}

// ParseRotation reads an IdentityRotation message. Its signatures are not verified. The error is NON_CANONICAL for what isn't in the strict
// form, or has one key twice; REQUEST_INVALID or UNSUPPORTED for its keys.
func ParseRotation(message []byte) (*Rotation, error) {
	parsed := &Rotation{}
	if err := strict.Check(forms.IdentityRotation, message); err != nil {
		return nil, err
	}
	parts := contents(message)
	parsed.Header = parts[0]
	if err := strict.Check(forms.IdentityRotationHeader, parsed.Header); err != nil {
		return nil, err
	}
	var err error
	cursor := strict.NewCursor(parsed.Header)
	for err == nil && cursor.Next() {
		switch cursor.Field {
		case 2:
			parsed.Old, err = keys.ParsePublic(cursor.Bytes())
		case 3:
			parsed.New, err = keys.ParsePublic(cursor.Bytes())
		}
	}
	if err != nil {
		return nil, err
	}
	if parsed.Old.Fingerprint() == parsed.New.Fingerprint() {
		return nil, fault.New(fault.NonCanonical, "a rotation leads from the key %s to itself", parsed.Old)
	}
	for i, part := range parts[1:] {
		if parsed.signatures[i], err = ParseSignature(part); err != nil {
			return nil, err
		}
	}
	return parsed, nil
}

// Leads reports whether a key is the identity, or one that it had before and that has vouched for what followed.
func (l *IdentityLine) Leads(from keys.Fingerprint) bool { return slices.Contains(l.Keys, from) }

// Retired reports whether a key is one that the identity had before, and not the one that it is.
func (l *IdentityLine) Retired(key keys.Fingerprint) bool {
	return slices.Contains(l.Keys[:len(l.Keys)-1], key)
}

func badLine(why string) error {
	return fault.New(fault.VerificationFailed, "the rotations of the server's identity don't lead to it: %s", why)
}
