package trust

import (
	"bytes"
	"strconv"

	"atedb.example/go/event"
	"atedb.example/go/fault"
	"atedb.example/go/internal/strict"
	"atedb.example/go/merkle"
)

// Loaded is what a server answers of an event that was verified without its data.
type Loaded struct {
	EventHash []byte
	// Data as it is stored; empty where it is gone.
	Data []byte
	// Salt is nil where the data is sealed, or gone.
	Salt  []byte
	State event.DataState
	// Redaction is the sequence of the redaction that has erased the data; 0: none has.
	Redaction uint64
}

// ParseLoaded reads a LoadDataResponse. The error is VERIFICATION_FAILED for one that can't be read.
func ParseLoaded(message []byte) (*Loaded, error) {
	loaded := &Loaded{}
	cursor := strict.NewCursor(message)
	state, isByFirst := uint64(0), false
	for cursor.Next() {
		switch cursor.Field {
		case 1:
			loaded.EventHash = cursor.Bytes()
		case 2:
			loaded.Data = cursor.Bytes()
		case 3:
			loaded.Salt = cursor.Bytes()
		case 4:
			state = cursor.Value
		case 5:
			// That it is there says something, whatever its value; and the first event of all has erased nothing.
			loaded.Redaction, isByFirst = cursor.Value, cursor.Value == 0
		}
	}
	if err := cursor.Err(); err != nil || isByFirst || state > uint64(event.Expired) {
		return nil, fault.New(fault.VerificationFailed, "what the server sent as the data of an event can't be read, is in a state that this version doesn't know, or erased by the first event of all. Nothing of it was used")
	}
	loaded.State = event.DataState(state)
	return loaded, nil
}

// CheckLoaded checks that this is the data of the event of a header, or says in the right form that it is gone; that it may be gone is still
// to be asked for. The error is VERIFICATION_FAILED, and names the event's sequence.
func CheckLoaded(sequence uint64, header []byte, loaded *Loaded) error {
	hash := merkle.LeafHash(header)
	switch {
	case !bytes.Equal(loaded.EventHash, hash[:]):
		return BadData(sequence, "it is of another event")
	case loaded.State == event.Omitted:
		return BadData(sequence, "it is left out, and was asked for")
	case (loaded.State == event.DataRedacted) != (loaded.Redaction > 0):
		return BadData(sequence, "what has erased it is said where nothing has, or is not said")
	case loaded.State != event.Present && (len(loaded.Data) > 0 || loaded.Salt != nil):
		return BadData(sequence, "it is said to be gone, and some of it is here")
	case loaded.State != event.Present:
		return nil
	}
	isSealed := event.ReadConfidentiality(header) != nil
	if isSealed == (loaded.Salt != nil) {
		return BadData(sequence, "it has a salt, and is sealed, or has none, and is in clear")
	}
	is := event.Hash{}
	if isSealed {
		is = event.SealedDataHash(loaded.Data)
	} else {
		is = event.DataHash(loaded.Salt, loaded.Data)
	}
	var due []byte
	var size uint64
	for cursor := strict.NewCursor(header); cursor.Next(); {
		switch cursor.Field {
		case 30:
			due = cursor.Bytes()
		case 31:
			size = cursor.Value
		}
	}
	if !bytes.Equal(is[:], due) || size != uint64(len(loaded.Data)) {
		return BadData(sequence, "it does not hash to what the header of the event says")
	}
	return nil
}

// BadData is VERIFICATION_FAILED, of what is not the data of an event.
func BadData(sequence uint64, why string) error {
	return fault.New(fault.VerificationFailed, "the data that the server sent of the event at sequence %d does not verify: %s. Nothing of it was used", sequence, why).
		With("sequence", strconv.FormatUint(sequence, 10))
}
