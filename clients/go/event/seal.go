package event

import (
	"slices"

	"atedb.example/go/fault"
	"atedb.example/go/internal/crypt"
	"atedb.example/go/internal/forms"
	"atedb.example/go/internal/strict"
	"atedb.example/go/keys"
	"atedb.example/go/merkle"
)

// A ConditionKind says what is to hold.
type ConditionKind uint8

// The kinds of conditions.
const (
	// ChainUnchanged: no event at or above the sequence is another writer's.
	ChainUnchanged ConditionKind = iota + 1
	// LandsBefore: every event of the batch gets a sequence below this.
	LandsBefore
	// ObjectUnchanged: no event of the object at or above the sequence is another writer's.
	ObjectUnchanged
	// HoldsLease: the lease on the object is held now, by this token. Readers don't check it.
	HoldsLease
)

// A Condition on the chain is checked with the batch as one step.
type Condition struct {
	Kind ConditionKind
	// Sequence of ChainUnchanged, LandsBefore and ObjectUnchanged.
	Sequence uint64
	// PrimaryKey of ObjectUnchanged and HoldsLease.
	PrimaryKey []byte
	// Token of HoldsLease.
	Token uint64
}

// A Writer is what a writer is: its id follows from it.
type Writer struct {
	ChainID     Hash
	Fingerprint keys.Fingerprint
	// Salt is 16 random bytes; it tells apart writers that share a key.
	Salt []byte
}

// ID of the writer.
func (w Writer) ID() Hash { return WriterID(w.ChainID, w.Fingerprint, w.Salt) }

// A SealHeader is what a writer says in closing a batch.
type SealHeader struct {
	Writer
	// Counter: so many batches of this writer came before.
	Counter uint64
	// Previous is the seal hash of its batch before; nil for counter 0.
	Previous []byte
	// EventCount and EventsRoot are of the batch's events.
	EventCount uint32
	EventsRoot Hash
	// AsOf is a head that the writer has verified; size 0: none yet.
	AsOf       merkle.Head
	Conditions []Condition
}

// A Signature of a key over a header.
type Signature struct {
	Suite       int
	Fingerprint keys.Fingerprint
	Signature   []byte
}

// A Seal is a writer's closing of a batch, as it was read.
type Seal struct {
	// Message is the serialised Seal, and Header the bytes that are hashed and signed.
	Message, Header []byte
	Hash            Hash
	SealHeader
	// WriterID as the header has it.
	WriterID   Hash
	Signatures []Signature
	// PublicKeys are serialised PublicKey messages, and Delegations Delegation messages: see Batch.
	PublicKeys, Delegations [][]byte
}

// Bytes are those of the header that says so, of a batch with these events' headers.
func (s SealHeader) Bytes(headers [][]byte) []byte {
	id, root := s.ID(), EventsRoot(headers)
	writer := new(strict.Writer).Fixed32(1, magicSeal).Bytes(2, s.ChainID[:]).Bytes(3, id[:]).Bytes(4, s.Fingerprint[:]).
		Bytes(5, s.Salt).Varint(6, s.Counter).Bytes(7, s.Previous).Varint(8, uint64(len(headers))).Bytes(9, root[:])
	if s.AsOf.Size > 0 {
		writer.Varint(10, s.AsOf.Size).Bytes(11, s.AsOf.Root[:])
	}
	for _, condition := range s.Conditions {
		inner := new(strict.Writer)
		switch condition.Kind {
		case ObjectUnchanged:
			inner.Bytes(1, condition.PrimaryKey).Varint(2, condition.Sequence)
		case HoldsLease:
			inner.Bytes(1, condition.PrimaryKey).Varint(2, condition.Token)
		default:
			inner.Varint(1, condition.Sequence)
		}
		writer.Message(12, strict.Frame(int(condition.Kind), inner.Finish()))
	}
	return writer.Finish()
}

// SignBatch puts a batch together: the events' frames, then a seal with this header, signed by each of some keys (none where a stream
// has proven the writer's), which shows public keys of signers that the chain may not know yet, and the delegations that the right comes by,
// with the key that they begin with; nil for none.
func SignBatch(frames [][]byte, header []byte, signers []*keys.Pair, shown []*keys.Public, right *Right) []byte {
	signers = slices.Clone(signers)
	slices.SortFunc(signers, func(a, b *keys.Pair) int {
		return compareFingerprints(a.Public().Fingerprint(), b.Public().Fingerprint())
	})
	shown = slices.Clone(shown)
	if right != nil {
		shown = append(shown, right.Issuer)
	}
	slices.SortFunc(shown, func(a, b *keys.Public) int { return compareFingerprints(a.Fingerprint(), b.Fingerprint()) })
	shown = slices.CompactFunc(shown, func(a, b *keys.Public) bool { return a.Fingerprint() == b.Fingerprint() })
	seal := new(strict.Writer).Bytes(1, header)
	for _, key := range signers {
		seal.Message(2, SignatureMessage(key, crypt.ContextSeal, header))
	}
	for _, key := range shown {
		seal.Message(3, key.Message())
	}
	if right != nil {
		for _, one := range right.Delegations {
			seal.Bytes(4, one.Message)
		}
	}
	run := new(strict.Writer)
	for _, frame := range frames {
		run.Raw(frame)
	}
	return run.Message(runSeal, seal.Finish()).Finish()
}

// SignatureMessage signs, and serialises the signature as a Signature message.
func SignatureMessage(key *keys.Pair, context string, message []byte) []byte {
	fingerprint := key.Public().Fingerprint()
	return new(strict.Writer).Varint(1, uint64(key.Public().Suite())).Bytes(2, fingerprint[:]).Bytes(3, key.Sign(context, message)).Finish()
}

// ParseSeal takes one Seal message apart. The error is NON_CANONICAL or BATCH_INVALID.
func ParseSeal(message []byte) (*Seal, error) {
	if err := strict.Check(forms.Seal, message); err != nil {
		return nil, err
	}
	seal := &Seal{Message: message}
	cursor := strict.NewCursor(message)
	for cursor.Next() {
		switch cursor.Field {
		case 1:
			seal.Header = cursor.Bytes()
		case 2:
			signature, err := ParseSignature(cursor.Bytes())
			if err != nil {
				return nil, err
			}
			seal.Signatures = append(seal.Signatures, signature)
		case 3:
			seal.PublicKeys = append(seal.PublicKeys, cursor.Bytes())
		case 4:
			seal.Delegations = append(seal.Delegations, cursor.Bytes())
		}
	}
	seal.Hash = SealHash(seal.Header)
	return seal, seal.parseHeader()
}

func (s *Seal) parseHeader() error {
	if err := strict.Check(forms.SealHeader, s.Header); err != nil {
		return err
	}
	hasRoot := false
	cursor := strict.NewCursor(s.Header)
	for cursor.Next() {
		value := cursor.Bytes()
		switch cursor.Field {
		case 2:
			s.ChainID = Hash(value)
		case 3:
			s.WriterID = Hash(value)
		case 4:
			s.Fingerprint = keys.Fingerprint(value)
		case 5:
			s.Salt = value
		case 6:
			s.Counter = cursor.Value
		case 7:
			s.Previous = value
		case 8:
			s.EventCount = uint32(cursor.Value)
		case 9:
			s.EventsRoot = Hash(value)
		case 10:
			s.AsOf.Size = cursor.Value
		case 11:
			s.AsOf.Root, hasRoot = Hash(value), true
		case 12:
			s.Conditions = append(s.Conditions, parseCondition(value))
		}
	}
	if s.Counter > 0 != (s.Previous != nil) {
		return badBatch("a seal names the one before it, unless its counter is 0")
	}
	if s.AsOf.Size > 0 != hasRoot {
		return badBatch("a head has both a size and a root, or neither")
	}
	return nil
}

func parseCondition(message []byte) Condition {
	outer := strict.NewCursor(message)
	outer.Next()
	condition := Condition{Kind: ConditionKind(outer.Field)}
	inner := strict.NewCursor(outer.Bytes())
	for inner.Next() {
		switch {
		case inner.Wire == strict.WireBytes:
			condition.PrimaryKey = slices.Clone(inner.Bytes())
		case condition.Kind == HoldsLease:
			condition.Token = inner.Value
		default:
			condition.Sequence = inner.Value
		}
	}
	return condition
}

// ParseSignature takes one Signature message apart. The error is NON_CANONICAL.
func ParseSignature(message []byte) (Signature, error) {
	var signature Signature
	if err := strict.Check(forms.Signature, message); err != nil {
		return signature, err
	}
	cursor := strict.NewCursor(message)
	for cursor.Next() {
		switch cursor.Field {
		case 1:
			signature.Suite = int(cursor.Value)
		case 2:
			signature.Fingerprint = keys.Fingerprint(cursor.Bytes())
		case 3:
			signature.Signature = cursor.Bytes()
		}
	}
	return signature, nil
}

// By reports whether the signature is a key's over a message in a context.
func (s Signature) By(key *keys.Public, context string, message []byte) bool {
	return key.Suite() == s.Suite && key.Fingerprint() == s.Fingerprint && key.Verify(context, message, s.Signature)
}

// Verify verifies every signature of a seal over its header, with the keys of its signers. Whether it has those that it must have isn't
// checked. The error is KEY_NOT_ALLOWED where a signer isn't among the keys, SIGNATURE_INVALID where one doesn't verify.
func (s *Seal) Verify(signers map[keys.Fingerprint]*keys.Public) error {
	for _, signature := range s.Signatures {
		key := signers[signature.Fingerprint]
		if key == nil {
			return fault.New(fault.KeyNotAllowed, "the batch is signed by the key %s, and may not be", signature.Fingerprint).
				With("fingerprint", signature.Fingerprint.String())
		}
		if !signature.By(key, crypt.ContextSeal, s.Header) {
			return fault.New(fault.SignatureInvalid, "the signature of key %s over the seal does not verify", key).With("fingerprint", key.String())
		}
	}
	return nil
}
