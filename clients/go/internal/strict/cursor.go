// Package strict reads and writes protobuf messages in atedb's strict form, in which each meaning has one encoding only: what is
// hashed and signed is bytes, and no two readers may see two meanings in them. docs/format.md, "The strict form".
package strict

import (
	"encoding/binary"
	"strconv"
	"unicode/utf8"

	"atedb.example/go/fault"
)

// The wire types of protobuf that the strict form knows. Groups (3 and 4) it does not.
const (
	WireVarint  = 0
	WireFixed64 = 1
	WireBytes   = 2
	WireFixed32 = 5
)

// IntegerMax is the largest integer that any field may have: integers stay exact in every language's number type.
const IntegerMax = 1<<53 - 1

const tagMax = 1<<32 - 1

// A Cursor walks the fields of one message where it lies, without copies. After Next has returned true, the fields of the cursor
// describe the field; varints are minimal then, and integers at most IntegerMax. All else of the strict form is Check's.
type Cursor struct {
	// Field is the field's number.
	Field int
	// Wire is its wire type.
	Wire int
	// Value of a varint or a fixed field; the length of a length-delimited one.
	Value uint64
	// TagStart is the offset of the tag; Start that of the value, or of the content without its length; End that behind it.
	TagStart, Start, End int

	bytes []byte
	end   int
	name  string
	err   error
}

// NewCursor begins at the start of a message.
func NewCursor(message []byte) *Cursor {
	return &Cursor{bytes: message, end: len(message), name: "the message"}
}

// Err says why Next has returned false: nil at the message's end, else NON_CANONICAL.
func (c *Cursor) Err() error { return c.err }

// Next goes to the next field.
func (c *Cursor) Next() bool {
	if c.err != nil || c.End >= c.end {
		return false
	}
	c.TagStart = c.End
	tag, at, err := c.varint(c.End)
	if err != nil {
		c.err = err
		return false
	}
	if tag < 8 || tag > tagMax {
		c.err = nonCanonical(c.name, c.TagStart, strconv.FormatUint(tag, 10)+" is no tag")
		return false
	}
	c.Field, c.Wire = int(tag>>3), int(tag&7)
	switch c.Wire {
	case WireVarint:
		c.Start = at
		c.Value, c.End, c.err = c.varint(at)
	case WireBytes:
		c.Value, c.Start, c.err = c.varint(at)
		if c.err == nil {
			c.within(c.Value)
		}
	case WireFixed32:
		c.Start = at
		if c.within(4); c.err == nil {
			c.Value = uint64(binary.LittleEndian.Uint32(c.bytes[at:]))
		}
	case WireFixed64:
		c.Start = at
		if c.within(8); c.err == nil {
			if c.Value = binary.LittleEndian.Uint64(c.bytes[at:]); c.Value > IntegerMax {
				c.err = nonCanonical(c.name, at, "an integer is beyond 2^53 - 1")
			}
		}
	default:
		c.err = nonCanonical(c.name, c.TagStart, "field "+strconv.Itoa(c.Field)+" has wire type "+strconv.Itoa(c.Wire)+", which is not allowed")
	}
	return c.err == nil
}

// within has the field end so many bytes behind its start.
func (c *Cursor) within(length uint64) {
	if length > uint64(c.end-c.Start) {
		c.err = nonCanonical(c.name, c.TagStart, "field "+strconv.Itoa(c.Field)+" ends beyond its message")
		return
	}
	c.End = c.Start + int(length)
}

// Bytes is the content of a length-delimited field: a slice, not a copy; nil for any other field.
func (c *Cursor) Bytes() []byte {
	if c.Wire != WireBytes {
		return nil
	}
	return c.bytes[c.Start:c.End:c.End]
}

// varint reads a minimal varint of at most IntegerMax. It returns the offset behind it.
func (c *Cursor) varint(at int) (uint64, int, error) {
	var value uint64
	for shift := 0; ; shift += 7 {
		if at >= c.end {
			return 0, 0, nonCanonical(c.name, at, "it is cut short")
		}
		b := c.bytes[at]
		at++
		if shift == 49 && b > 15 {
			return 0, 0, nonCanonical(c.name, at-1, "an integer is beyond 2^53 - 1, or longer than it need be")
		}
		value |= uint64(b&0x7f) << shift
		if b < 0x80 {
			if b == 0 && shift > 0 {
				return 0, 0, nonCanonical(c.name, at-1, "a varint is longer than it need be")
			}
			return value, at, nil
		}
	}
}

func nonCanonical(where string, offset int, why string) *fault.Error {
	return fault.New(fault.NonCanonical, "%s is not in the strict form: at offset %d, %s", where, offset, why).
		With("where", where).With("offset", strconv.Itoa(offset))
}

func validUTF8(bytes []byte) bool { return utf8.Valid(bytes) }
