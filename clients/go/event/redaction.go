package event

import (
	"bytes"
	"encoding/binary"
	"slices"

	"atedb.example/go/fault"
	"atedb.example/go/internal/strict"
)

// A Redaction says which earlier events of its object it erases the data of: those of some sequences, which ascend, or all below one.
type Redaction struct {
	Sequences []uint64
	// Before is the sequence that they are all below, where no sequences are named.
	Before uint64
}

// A Redacted event, or the redaction that is to erase it.
type Redacted struct {
	Sequence   uint64
	PrimaryKey []byte
}

// parseRedaction reads what a redaction erases; the message is in the strict form. The error is BATCH_INVALID where it contradicts itself.
func parseRedaction(message []byte) (*Redaction, error) {
	redaction := &Redaction{}
	hasBefore := false
	cursor := strict.NewCursor(message)
	for cursor.Next() {
		if cursor.Field == 2 {
			redaction.Before, hasBefore = cursor.Value, true
			continue
		}
		for packed := cursor.Bytes(); len(packed) > 0; {
			value, size := binary.Uvarint(packed)
			redaction.Sequences = append(redaction.Sequences, value)
			packed = packed[size:]
		}
	}
	ascends := true
	for i := 1; i < len(redaction.Sequences); i++ {
		ascends = ascends && redaction.Sequences[i-1] < redaction.Sequences[i]
	}
	if !ascends || (len(redaction.Sequences) > 0) == hasBefore {
		return nil, fault.New(fault.BatchInvalid, "a redaction names sequences, which ascend, or the one that they are all below, and not both")
	}
	return redaction, nil
}

func (r *Redaction) message() []byte {
	var packed []byte
	for _, sequence := range r.Sequences {
		packed = binary.AppendUvarint(packed, sequence)
	}
	return new(strict.Writer).Bytes(1, packed).Varint(2, r.Before).Finish()
}

// End is the sequence after the last one that it names.
func (r *Redaction) End() uint64 {
	if count := len(r.Sequences); count > 0 {
		return r.Sequences[count-1] + 1
	}
	return r.Before
}

// Erases reports whether the redaction, which is the event that by says, erases the data of an event: one of its object, that is named and
// comes before it.
func (r *Redaction) Erases(by, event Redacted) bool {
	if event.Sequence >= by.Sequence || !bytes.Equal(event.PrimaryKey, by.PrimaryKey) {
		return false
	}
	if len(r.Sequences) == 0 {
		return event.Sequence < r.Before
	}
	_, isNamed := slices.BinarySearch(r.Sequences, event.Sequence)
	return isNamed
}
