// Package keys has the keys of writers, readers and servers: composite signatures that stand as long as one of ML-DSA and Ed25519
// does, and a hybrid KEM that read keys are encrypted to. It reads and writes the same files as every other atedb client:
// docs/format.md, "Key files".
package keys

import (
	"encoding/base64"
	"encoding/hex"
	"strings"

	"atedb.example/go/fault"
	"atedb.example/go/internal/crypt"
	"atedb.example/go/internal/strict"
)

// Suites of signatures, by their numbers in atedb.v1.SignatureSuite.
const (
	// MLDSA65Ed25519 is what keys are of unless another is asked for.
	MLDSA65Ed25519 = 1
	// MLDSA44Ed25519 has smaller keys and signatures, and a lower margin.
	MLDSA44Ed25519 = 2
)

// A Fingerprint names a key: the tagged hash of both parts and their suites.
type Fingerprint [32]byte

// String is the fingerprint in hexadecimal.
func (f Fingerprint) String() string { return hex.EncodeToString(f[:]) }

// Text is the fingerprint as it stands in addresses and files: sha256: and 64 hexadecimal digits.
func (f Fingerprint) Text() string { return fingerprintMark + f.String() }

const fingerprintMark = "sha256:"

// ParseFingerprint reads that text, or the bare digits as commands print them. The error is REQUEST_INVALID.
func ParseFingerprint(text string) (Fingerprint, error) {
	digits, marked := strings.CutPrefix(text, fingerprintMark)
	if !marked && strings.Contains(text, ":") {
		return Fingerprint{}, badFingerprint(text, "it begins with sha256:, and other hashes than SHA-256 are not known")
	}
	if strings.ToLower(digits) != digits {
		return Fingerprint{}, badFingerprint(text, "its digits are in lower case")
	}
	bytes, err := hex.DecodeString(digits)
	if err != nil || len(bytes) != 32 {
		return Fingerprint{}, badFingerprint(text, "after sha256: come 64 hexadecimal digits and nothing else")
	}
	return Fingerprint(bytes), nil
}

func badFingerprint(text, why string) error {
	return fault.New(fault.RequestInvalid, "%q is no fingerprint of a key: %s", text, why).With("field", "fingerprint")
}

// A Public key verifies signatures, and takes secrets, where it has a KEM part. It is safe for concurrent use.
type Public struct {
	suite       int
	key, kem    []byte
	fingerprint Fingerprint
	verifier    *crypt.Verifier
}

// NewPublic takes a key as its suite encodes it, and the part that others encrypt to; nil for none, as a server's identity. The bytes
// are copied. The error is UNSUPPORTED for a suite that is not known; REQUEST_INVALID for a key that is none, or whose Ed25519 or
// X25519 half is of small order or not canonical.
func NewPublic(suite int, key, kem []byte) (*Public, error) {
	known, err := crypt.SuiteOf(suite)
	if err != nil {
		return nil, err
	}
	verifier, err := crypt.NewVerifier(known, key)
	if err != nil {
		return nil, err
	}
	if kem != nil {
		if why := crypt.KEMOf(crypt.KEMMLKEM768X25519).KeyFault(kem); why != "" {
			return nil, fault.New(fault.RequestInvalid, "the KEM key of a public key %s; use a key pair that was made as its suite says", why)
		}
		kem = append([]byte(nil), kem...)
	}
	public := &Public{suite: suite, key: append([]byte(nil), key...), kem: kem, verifier: verifier}
	kemPart := append([]byte{0}, kem...)
	if kem != nil {
		kemPart[0] = crypt.KEMSuite
	}
	public.fingerprint = crypt.Tagged(crypt.TagKey, []byte{byte(suite)}, public.key, kemPart)
	return public, nil
}

// ParsePublic reads a serialised PublicKey message, which is in the strict form. The error is that of NewPublic.
func ParsePublic(message []byte) (*Public, error) {
	var suite, kemSuite int
	var key, kem []byte
	cursor := strict.NewCursor(message)
	for cursor.Next() {
		switch cursor.Field {
		case 1:
			suite = int(cursor.Value)
		case 2:
			key = cursor.Bytes()
		case 3:
			kemSuite = int(cursor.Value)
		case 4:
			kem = cursor.Bytes()
		}
	}
	if cursor.Err() != nil {
		return nil, cursor.Err()
	}
	return newPublic(suite, key, kemSuite, kem)
}

func newPublic(suite int, key []byte, kemSuite int, kem []byte) (*Public, error) {
	if (kemSuite == 0) != (len(kem) == 0) {
		return nil, fault.New(fault.RequestInvalid, "a public key has one of KEM suite and KEM key, and not the other; use a key pair that was made as its suite says")
	}
	if kemSuite == 0 {
		return NewPublic(suite, key, nil)
	}
	if err := crypt.CheckKEMSuite(kemSuite); err != nil {
		return nil, err
	}
	return NewPublic(suite, key, kem)
}

// Message is the serialised PublicKey message.
func (p *Public) Message() []byte {
	writer := new(strict.Writer).Varint(1, uint64(p.suite)).Bytes(2, p.key)
	if p.kem != nil {
		writer.Varint(3, crypt.KEMSuite).Bytes(4, p.kem)
	}
	return writer.Finish()
}

// Suite of its signatures: a number of atedb.v1.SignatureSuite.
func (p *Public) Suite() int { return p.suite }

// Bytes of the key that verifies, as its suite encodes it.
func (p *Public) Bytes() []byte { return p.key }

// KEM key that others encrypt to; nil where the key can only sign.
func (p *Public) KEM() []byte { return p.kem }

// Fingerprint names the key.
func (p *Public) Fingerprint() Fingerprint { return p.fingerprint }

// String is the fingerprint, so that keys in logs are names.
func (p *Public) String() string { return p.fingerprint.String() }

// Verify reports whether a signature is this key's over a message in a context: both halves must verify.
func (p *Public) Verify(context string, message, signature []byte) bool {
	return p.verifier.Verify(context, message, signature)
}

// SealTo encrypts a secret for the key's owner: info says what it is for, aad what it is bound to. The error is REQUEST_INVALID where
// the key can only sign.
func (p *Public) SealTo(info string, aad, secret []byte) ([]byte, error) {
	if p.kem == nil {
		return nil, fault.New(fault.RequestInvalid, "the key %s can only sign: nothing can be encrypted to it", p)
	}
	return crypt.KEMOf(crypt.KEMMLKEM768X25519).HPKESeal(p.kem, []byte(info), aad, secret)
}

const publicMark = "atedb-public-key-1"

// Text is the key as a line, for one person to hand to another: the fingerprint in it is there to be compared by people.
func (p *Public) Text() string {
	return publicMark + " " + p.String() + " " + base64.StdEncoding.EncodeToString(p.Message())
}

// ParsePublicText reads that line; space around it doesn't matter. The error is REQUEST_INVALID or UNSUPPORTED.
func ParsePublicText(text string) (*Public, error) {
	refused := func(why string) error {
		return fault.New(fault.RequestInvalid, "this is no public key that can be used: %s", why)
	}
	words := strings.Fields(text)
	if len(words) != 3 || words[0] != publicMark {
		return nil, refused("it is not a line of \"" + publicMark + "\", a fingerprint and a key")
	}
	message, err := base64.StdEncoding.Strict().DecodeString(words[2])
	if err != nil {
		return nil, refused("its key is not in base64")
	}
	key, err := ParsePublic(message)
	switch {
	case fault.Of(err) != nil && fault.Of(err).Reason == fault.Unsupported:
		return nil, err
	case err != nil:
		return nil, refused("its key is damaged, or no key: " + fault.Text(err))
	case string(key.Message()) != string(message):
		return nil, refused("its key is written in another way")
	case key.String() != words[1]:
		return nil, refused("its key has the fingerprint " + key.String() + ", and it says another")
	}
	return key, nil
}
