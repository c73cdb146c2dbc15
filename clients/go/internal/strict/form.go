package strict

import "math"

// A Kind is what a field's values are.
type Kind uint8

// The kinds of fields. A Varint is a uint64, of which IntegerMax is the largest that is allowed.
const (
	Varint Kind = iota
	Uint32
	Bool
	Enum
	Fixed32
	Fixed64
	Bytes
	String
	Message
)

// A Field says what a field of a message may hold.
type Field struct {
	Number int
	// Name in the schema, for errors.
	Name string
	Kind Kind
	// Repeated: it may come several times, in a row; scalars are packed into one.
	Repeated bool
	// CountMax is the most elements of a repeated field; 0: any number.
	CountMax int
	// Presence: it is declared optional, and so may equal its default. Members of a oneof and messages always may.
	Presence bool
	// Length is the exact length in bytes; 0: see LengthMax.
	Length int
	// LengthMax is the most bytes; 0: any number.
	LengthMax int
	// Values of an enum are known from 1 to this number.
	ValuesMax uint64
	// Form of a message.
	Form *Form
	// Oneof that it is a member of, counted from 1 on; 0: none.
	Oneof int
	// Equals is the only value that is allowed, a magic; 0: any.
	Equals uint64
	// Required: it must be there. On members of a oneof: one of them must be.
	Required bool
}

// A Form is the strict form of a message. Its fields are in ascending order of their numbers.
type Form struct {
	Name   string
	Fields []Field
}

func (f *Field) packed() bool {
	return f.Repeated && f.Kind != Bytes && f.Kind != String && f.Kind != Message
}

func (f *Field) wire() int {
	if f.packed() {
		return WireBytes
	}
	switch f.Kind {
	case Fixed32:
		return WireFixed32
	case Fixed64:
		return WireFixed64
	case Bytes, String, Message:
		return WireBytes
	default:
		return WireVarint
	}
}

func (f *Field) zeroAllowed() bool {
	return f.Repeated || f.Kind == Message || f.Presence || f.Oneof != 0
}

func (f *Field) valueMax() uint64 {
	switch f.Kind {
	case Bool:
		return 1
	case Uint32:
		return math.MaxUint32
	default:
		return IntegerMax
	}
}

// requiredAlone reports whether the field itself must be there.
func (f *Field) requiredAlone() bool { return f.Required && f.Oneof == 0 }

// ID16 is an id or a primary key.
func ID16(number int, name string) Field {
	return Field{Number: number, Name: name, Kind: Bytes, Length: 16}
}

// Hash32 is a hash, or a fingerprint.
func Hash32(number int, name string) Field {
	return Field{Number: number, Name: name, Kind: Bytes, Length: 32}
}

// Hashes32 are as many at most.
func Hashes32(number int, name string, countMax int) Field {
	return Field{Number: number, Name: name, Kind: Bytes, Length: 32, Repeated: true, CountMax: countMax}
}

// Need is the same field, and not to be left out.
func Need(field Field) Field {
	field.Required = true
	return field
}

// Magic is the first field of a header.
func Magic(value uint32) Field {
	return Field{Number: 1, Name: "magic", Kind: Fixed32, Equals: uint64(value), Required: true}
}
