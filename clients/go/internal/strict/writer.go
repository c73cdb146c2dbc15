package strict

import "encoding/binary"

// A Writer writes fields in the strict form, where they are given in ascending order of their numbers: those that equal their default
// are left out.
type Writer struct{ bytes []byte }

// Finish returns what was written.
func (w *Writer) Finish() []byte { return w.bytes }

// Len is the number of bytes written.
func (w *Writer) Len() int { return len(w.bytes) }

// Raw writes bytes as they are.
func (w *Writer) Raw(bytes []byte) *Writer {
	w.bytes = append(w.bytes, bytes...)
	return w
}

func (w *Writer) tag(field, wire int) {
	w.bytes = binary.AppendUvarint(w.bytes, uint64(field)<<3|uint64(wire))
}

// Varint writes an integer, unless it is 0.
func (w *Writer) Varint(field int, value uint64) *Writer {
	if value != 0 {
		w.tag(field, WireVarint)
		w.bytes = binary.AppendUvarint(w.bytes, value)
	}
	return w
}

// Bool writes a truth value, unless it is false.
func (w *Writer) Bool(field int, value bool) *Writer {
	if value {
		w.Varint(field, 1)
	}
	return w
}

// Fixed32 writes an integer of fixed width, unless it is 0.
func (w *Writer) Fixed32(field int, value uint32) *Writer {
	if value != 0 {
		w.Fixed32Always(field, value)
	}
	return w
}

// Fixed32Always writes an integer of fixed width, also where it is 0.
func (w *Writer) Fixed32Always(field int, value uint32) *Writer {
	w.tag(field, WireFixed32)
	w.bytes = binary.LittleEndian.AppendUint32(w.bytes, value)
	return w
}

// Fixed64 writes an integer of fixed width, unless it is 0.
func (w *Writer) Fixed64(field int, value uint64) *Writer {
	if value != 0 {
		w.tag(field, WireFixed64)
		w.bytes = binary.LittleEndian.AppendUint64(w.bytes, value)
	}
	return w
}

// Bytes writes bytes, unless there are none.
func (w *Writer) Bytes(field int, value []byte) *Writer {
	if len(value) > 0 {
		w.Message(field, value)
	}
	return w
}

// String writes a text, unless it is empty.
func (w *Writer) String(field int, value string) *Writer {
	if value != "" {
		w.Message(field, []byte(value))
	}
	return w
}

// Message writes a serialised message, also where it is empty.
func (w *Writer) Message(field int, value []byte) *Writer {
	w.tag(field, WireBytes)
	w.bytes = binary.AppendUvarint(w.bytes, uint64(len(value)))
	w.bytes = append(w.bytes, value...)
	return w
}

// Frame is one field with its tag and length.
func Frame(field int, value []byte) []byte { return new(Writer).Message(field, value).Finish() }
