package crypt

import (
	"crypto/ed25519"
	"crypto/sha512"
	"fmt"

	"filippo.io/mldsa"

	"atedb.example/go/fault"
)

// A Suite is a composite of draft-ietf-lamps-pq-composite-sigs-19 with Ed25519 and SHA-512. ML-DSA's part comes first everywhere.
type Suite struct {
	// Number in atedb.v1.SignatureSuite.
	Number int
	// Name in key files and on the command line.
	Name string
	// label is part of what is signed, and the context of the ML-DSA half.
	label  string
	params mldsa.Parameters
}

// SeedBytes is the size of the seed that a pair follows from: ML-DSA's 32 bytes, then Ed25519's 32.
const SeedBytes = mldsa.PrivateKeySize + ed25519.SeedSize

var suites = []Suite{
	{1, "mldsa65-ed25519", "COMPSIG-MLDSA65-Ed25519-SHA512", mldsa.MLDSA65()},
	{2, "mldsa44-ed25519", "COMPSIG-MLDSA44-Ed25519-SHA512", mldsa.MLDSA44()},
}

// SuiteOf finds a suite by its number. The error is UNSUPPORTED.
func SuiteOf(number int) (*Suite, error) {
	for i := range suites {
		if suites[i].Number == number {
			return &suites[i], nil
		}
	}
	return nil, fault.New(fault.Unsupported, "signature suite %d is not known here; 1 (mldsa65-ed25519) and 2 (mldsa44-ed25519) are. A newer atedb may know it", number).
		With("suite", fmt.Sprint(number))
}

// SuiteNamed finds a suite by its name; nil for one that is not known.
func SuiteNamed(name string) *Suite {
	for i := range suites {
		if suites[i].Name == name {
			return &suites[i]
		}
	}
	return nil
}

// PublicKeyBytes is the size of a public key.
func (s *Suite) PublicKeyBytes() int { return s.params.PublicKeySize() + ed25519.PublicKeySize }

// SignatureBytes is the size of a signature.
func (s *Suite) SignatureBytes() int { return s.params.SignatureSize() + ed25519.SignatureSize }

// representative is what both halves sign, the draft's M': prefix, label, length of ctx, ctx, SHA-512 of the message.
func (s *Suite) representative(context string, message []byte) []byte {
	if len(context) > 255 {
		panic("a context may have 255 bytes")
	}
	hash := sha512.Sum512(message)
	all := append([]byte("CompositeAlgorithmSignatures2025"), s.label...)
	all = append(all, byte(len(context)))
	all = append(all, context...)
	return append(all, hash[:]...)
}

func (s *Suite) options() *mldsa.Options { return &mldsa.Options{Context: s.label} }

// A Verifier is a public key that signatures are verified with. It is safe for concurrent use.
type Verifier struct {
	suite   *Suite
	mldsa   *mldsa.PublicKey
	ed25519 ed25519.PublicKey
}

// NewVerifier takes an encoded key. The error is REQUEST_INVALID, for a wrong length or an Ed25519 half that is no key.
func NewVerifier(suite *Suite, key []byte) (*Verifier, error) {
	if len(key) != suite.PublicKeyBytes() {
		return nil, fault.New(fault.RequestInvalid, "a public key of the suite %s has %d bytes, and this one has %d", suite.Name, suite.PublicKeyBytes(), len(key))
	}
	middle := suite.params.PublicKeySize()
	if why := Ed25519PointFault(key[middle:]); why != "" {
		return nil, fault.New(fault.RequestInvalid, "the Ed25519 half of a public key %s; use a key pair that was made as its suite says", why)
	}
	half, err := mldsa.NewPublicKey(suite.params, key[:middle])
	if err != nil {
		return nil, fault.New(fault.RequestInvalid, "the ML-DSA half of a public key is none").From(err)
	}
	return &Verifier{suite, half, ed25519.PublicKey(append([]byte(nil), key[middle:]...))}, nil
}

// Verify reports whether both halves of a signature verify. Any other length doesn't.
func (v *Verifier) Verify(context string, message, signature []byte) bool {
	if len(signature) != v.suite.SignatureBytes() {
		return false
	}
	middle := v.suite.params.SignatureSize()
	representative := v.suite.representative(context, message)
	// Both are verified whatever the first one says, so that the time that it takes tells nothing of which is wrong.
	isEd25519 := VerifyEd25519(v.ed25519, representative, signature[middle:])
	isMLDSA := mldsa.Verify(v.mldsa, representative, signature[:middle], v.suite.options()) == nil
	return isEd25519 && isMLDSA
}

// A Signer is the secret that belongs to a public key. It is safe for concurrent use.
type Signer struct {
	suite   *Suite
	mldsa   *mldsa.PrivateKey
	ed25519 ed25519.PrivateKey
}

// NewSigner makes the signer of a seed, which is copied. The error is REQUEST_INVALID, for a wrong length.
func NewSigner(suite *Suite, seed []byte) (*Signer, error) {
	if len(seed) != SeedBytes {
		return nil, fault.New(fault.RequestInvalid, "a seed has %d bytes, and this one has %d", SeedBytes, len(seed))
	}
	half, err := mldsa.NewPrivateKey(suite.params, seed[:mldsa.PrivateKeySize])
	if err != nil {
		return nil, fault.New(fault.RequestInvalid, "the ML-DSA half of a seed is none").From(err)
	}
	return &Signer{suite, half, ed25519.NewKeyFromSeed(seed[mldsa.PrivateKeySize:])}, nil
}

// PublicKey that belongs to it, encoded.
func (s *Signer) PublicKey() []byte {
	return append(s.mldsa.PublicKey().Bytes(), s.ed25519.Public().(ed25519.PublicKey)...)
}

// Seed in a new slice. A secret: who has it can sign.
func (s *Signer) Seed() []byte { return append(s.mldsa.Bytes(), s.ed25519.Seed()...) }

// Sign with both halves. Two signatures of one message differ.
func (s *Signer) Sign(context string, message []byte) []byte {
	representative := s.suite.representative(context, message)
	signature, err := s.mldsa.Sign(nil, representative, s.suite.options())
	if err != nil {
		panic(fmt.Sprintf("a message is signed, whatever it is: %v", err))
	}
	return append(signature, ed25519.Sign(s.ed25519, representative)...)
}

// NoteKeys are the public keys of a server's checkpoints: bare Ed25519 and bare ML-DSA-44 with an empty context, each over a message of
// its own.
type NoteKeys struct {
	Ed25519, MLDSA44 []byte
	mldsa            *mldsa.PublicKey
}

// NewNoteKeys takes raw keys. The error is REQUEST_INVALID.
func NewNoteKeys(raw25519, raw44 []byte) (*NoteKeys, error) {
	if len(raw25519) != ed25519.PublicKeySize || len(raw44) != mldsa.MLDSA44PublicKeySize {
		return nil, fault.New(fault.RequestInvalid, "the keys of checkpoints have %d and %d bytes, and must have %d and %d",
			len(raw25519), len(raw44), ed25519.PublicKeySize, mldsa.MLDSA44PublicKeySize)
	}
	if why := Ed25519PointFault(raw25519); why != "" {
		return nil, fault.New(fault.RequestInvalid, "the Ed25519 key of a note %s", why)
	}
	half, err := mldsa.NewPublicKey(mldsa.MLDSA44(), raw44)
	if err != nil {
		return nil, fault.New(fault.RequestInvalid, "the ML-DSA-44 key of a note is none").From(err)
	}
	return &NoteKeys{append([]byte(nil), raw25519...), append([]byte(nil), raw44...), half}, nil
}

// VerifyEd25519 verifies the signature of a note's text.
func (k *NoteKeys) VerifyEd25519(message, signature []byte) bool {
	return VerifyEd25519(k.Ed25519, message, signature)
}

// VerifyMLDSA44 verifies a cosignature.
func (k *NoteKeys) VerifyMLDSA44(message, signature []byte) bool {
	return len(signature) == mldsa.MLDSA44SignatureSize && mldsa.Verify(k.mldsa, message, signature, nil) == nil
}
