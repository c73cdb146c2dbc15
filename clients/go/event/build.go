package event

import (
	"slices"
	"strconv"

	"atedb.example/go/fault"
	"atedb.example/go/internal/crypt"
	"atedb.example/go/internal/limits"
	"atedb.example/go/internal/strict"
)

// An Input is what a writer says in an event.
type Input struct {
	// Kind is KindData, KindTombstone, KindRoots, KindKeyChange, KindRules or KindRedaction.
	Kind Kind
	// PrimaryKey, 16 bytes. Absent in changes of roots and keys; in rules, where they are the root's.
	PrimaryKey []byte
	// Parent, Collection and ReplyTo have 16 bytes, or are nil.
	Parent, Collection, ReplyTo []byte
	// Type has at most 255 bytes.
	Type string
	// TimeUnixMs is the writer's clock; 0: not said.
	TimeUnixMs int64
	// Sealing of the data; nil: it is in clear.
	Sealing *Sealing
	// Authority is what it says of rights and keys; nil: nothing.
	Authority *Authority
	// Data in clear; what is stored is sealed, where the event says how.
	Data []byte
	// Salt is 16 random bytes, never used for other data. Sealed data needs none, and it is then left out.
	Salt []byte
}

// A Built event was sealed once: these bytes are never made again.
type Built struct {
	// Header is the EventHeader, as it is hashed.
	Header []byte
	// Frame is the Event with its tag and length, as it is sent and stored.
	Frame []byte
}

// Build makes an event. The error is REQUEST_INVALID, and names the field.
func Build(input Input) (Built, error) {
	if err := checkInput(&input); err != nil {
		return Built{}, err
	}
	authority := input.Authority
	if authority == nil {
		authority = noAuthority
	}
	var sealed *Confidentiality
	if input.Sealing != nil {
		sealed = &input.Sealing.Confidentiality
	}
	header := new(strict.Writer).Fixed32(1, magicEvent).Varint(2, uint64(input.Kind)).
		Bytes(3, input.PrimaryKey).Bytes(4, input.Parent).Bytes(5, input.Collection)
	authority.writeEarly(header, sealed)
	header.String(12, input.Type).Bytes(13, input.ReplyTo).Varint(14, uint64(input.TimeUnixMs))
	authority.writeLate(header)
	stored, salt := input.Data, input.Salt
	var hash Hash
	if input.Sealing != nil {
		stored, salt = input.Sealing.seal(input.Data, header.Finish()), nil
		hash = SealedDataHash(stored)
	} else {
		hash = DataHash(salt, stored)
	}
	header.Bytes(fieldDataHash, hash[:]).Varint(31, uint64(len(stored)))
	return frameOf(header.Finish(), stored, salt), nil
}

// BuildGenesis frames the header of a genesis.
func BuildGenesis(header []byte) Built { return frameOf(header, nil, nil) }

func frameOf(header, data, salt []byte) Built {
	message := new(strict.Writer).Bytes(1, header).Bytes(2, data).Bytes(3, salt).Finish()
	return Built{Header: header, Frame: strict.Frame(runEvent, message)}
}

func checkInput(input *Input) error {
	switch input.Kind {
	case KindData, KindTombstone, KindRoots, KindKeyChange, KindRules, KindRedaction:
	default:
		return badInput("kind", "is "+input.Kind.String()+", which no client writes")
	}
	if input.PrimaryKey == nil && (input.Kind.WritesObject() || input.Kind == KindRedaction) {
		return badInput("primary key", "is missing")
	}
	for _, one := range []struct {
		name  string
		value []byte
	}{{"primary key", input.PrimaryKey}, {"parent", input.Parent}, {"collection", input.Collection}, {"reply-to", input.ReplyTo}, {"salt", input.Salt}} {
		if one.value != nil && len(one.value) != IDBytes {
			return badInput(one.name, "is "+strconv.Itoa(len(one.value))+" bytes, and must be 16")
		}
	}
	if len(input.Type) > limits.TypeNameBytes {
		return badInput("type", "is longer than 255 bytes")
	}
	if input.TimeUnixMs < 0 || input.TimeUnixMs > strict.IntegerMax {
		return badInput("time", "is not from 0 to 2^53 - 1")
	}
	if input.Salt == nil && input.Sealing == nil {
		return badInput("salt", "is missing")
	}
	return nil
}

func badInput(field, why string) error {
	return fault.New(fault.RequestInvalid, "the event's %s %s", field, why).With("field", field)
}

// A Sealing is how the data of one event is sealed: under a key that is derived for it alone, bound to the chain and to all of the
// header but hash and size of the data. So it can't be moved to another event, or chain. For one use.
type Sealing struct {
	Confidentiality Confidentiality
	chainID         Hash
	key             []byte
	padme           bool
}

// NewSealing seals with a read key of 32 bytes and 32 fresh random bytes.
func NewSealing(readKey []byte, chainID Hash, random [32]byte, padme bool) *Sealing {
	id := ReadKeyID(readKey)
	key, commitment := crypt.DataKey(readKey, random[:], slices.Concat(chainID[:], id[:]))
	return &Sealing{Confidentiality{id, random, Hash(commitment)}, chainID, key, padme}
}

func (s *Sealing) seal(data, header []byte) []byte {
	padded := crypt.Pad(data, s.padme)
	sealed := crypt.SealOnce(s.key, slices.Concat(s.chainID[:], header), padded)
	// It has sealed, and never seals again.
	clear(padded)
	clear(s.key)
	return sealed
}

// OpenSealed opens the data of an event that names this read key; false where it was made with another key, of another event or chain,
// or was changed.
func OpenSealed(readKey []byte, chainID Hash, header, stored []byte) ([]byte, bool) {
	sealed := ReadConfidentiality(header)
	if sealed == nil || len(readKey) != crypt.ReadKeyBytes || ReadKeyID(readKey) != sealed.ReadKeyID {
		return nil, false
	}
	key, commitment := crypt.DataKey(readKey, sealed.Random[:], slices.Concat(chainID[:], sealed.ReadKeyID[:]))
	defer clear(key)
	// Before anything is opened: AES-GCM by itself opens one ciphertext under two keys, if somebody has made it so.
	if !crypt.Equal(commitment, sealed.Commitment[:]) {
		return nil, false
	}
	padded, ok := crypt.OpenOnce(key, slices.Concat(chainID[:], headerBefore(header)), stored)
	if !ok {
		return nil, false
	}
	return crypt.Unpad(padded)
}

// headerBefore is a header up to the hash of its data.
func headerBefore(header []byte) []byte {
	cursor := strict.NewCursor(header)
	for cursor.Next() {
		if cursor.Field == fieldDataHash {
			return header[:cursor.TagStart]
		}
	}
	return header
}
