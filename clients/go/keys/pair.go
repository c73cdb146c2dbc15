package keys

import (
	"crypto/rand"

	"atedb.example/go/fault"
	"atedb.example/go/internal/crypt"
)

// A Pair is a public key with its secrets: two seeds, one that it signs with and another that it opens with what was encrypted to it.
// Nothing but Seed and KEMSeed shows them. It is safe for concurrent use.
type Pair struct {
	public  *Public
	signer  *crypt.Signer
	kem     *crypt.KEMKey
	kemSeed []byte
}

// Generate makes a new pair of MLDSA65Ed25519, or of the suite that is named.
func Generate(suite ...int) (*Pair, error) {
	number := MLDSA65Ed25519
	if len(suite) > 0 {
		number = suite[0]
	}
	seed, kemSeed := make([]byte, crypt.SeedBytes), make([]byte, crypt.KEMSeedBytes)
	defer clear(seed)
	defer clear(kemSeed)
	_, _ = rand.Read(seed)
	_, _ = rand.Read(kemSeed)
	return FromSeed(number, seed, kemSeed)
}

// FromSeed makes the pair that follows from seeds, which are copied: 64 bytes that it signs with, and 32 that it opens with, or nil for
// a pair that can only sign. The error is UNSUPPORTED or REQUEST_INVALID.
func FromSeed(suite int, seed, kemSeed []byte) (*Pair, error) {
	known, err := crypt.SuiteOf(suite)
	if err != nil {
		return nil, err
	}
	signer, err := crypt.NewSigner(known, seed)
	if err != nil {
		return nil, err
	}
	pair := &Pair{signer: signer}
	var kemKey []byte
	if kemSeed != nil {
		if pair.kem, err = crypt.NewKEMKey(crypt.KEMOf(crypt.KEMMLKEM768X25519), kemSeed); err != nil {
			return nil, err
		}
		pair.kemSeed = append([]byte(nil), kemSeed...)
		kemKey = pair.kem.PublicKey()
	}
	pair.public, err = NewPublic(suite, signer.PublicKey(), kemKey)
	return pair, err
}

// Public is the public key.
func (p *Pair) Public() *Public { return p.public }

// String is the fingerprint: a pair that is printed shows no secret.
func (p *Pair) String() string { return p.public.String() }

// GoString is the fingerprint, too.
func (p *Pair) GoString() string { return "keys.Pair{" + p.String() + "}" }

// Sign a message in a context, of which docs/format.md says which there are. Two signatures of one message differ.
func (p *Pair) Sign(context string, message []byte) []byte { return p.signer.Sign(context, message) }

// Open what SealTo has made for this key; false for what was sealed to another key or in another context, or was changed, and where the
// key can only sign. Who made it isn't said: that is for a signature to say.
func (p *Pair) Open(info string, aad, sealed []byte) ([]byte, bool) {
	if p.kem == nil {
		return nil, false
	}
	return p.kem.HPKEOpen([]byte(info), aad, sealed)
}

// Seed in a new slice that the caller clears. A secret: who has it can sign.
func (p *Pair) Seed() []byte { return p.signer.Seed() }

// KEMSeed in a new slice that the caller clears; nil where the key can only sign. A secret: who has it can open.
func (p *Pair) KEMSeed() []byte { return append([]byte(nil), p.kemSeed...) }

func sameKey(pair *Pair, public *Public) error {
	if string(pair.public.key) != string(public.key) {
		return fault.New(fault.RequestInvalid, "\"seed\" and \"public\" do not belong together")
	}
	if pair.public.fingerprint != public.fingerprint {
		return fault.New(fault.RequestInvalid, "\"kemSeed\" and \"kemPublic\" do not belong together")
	}
	return nil
}
