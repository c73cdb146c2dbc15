package strict

import (
	"strconv"

	"atedb.example/go/fault"
)

// Check refuses bytes that are not one message in the strict form: known fields in ascending order, singular ones once, repeated ones
// in a row, minimal varints, valid UTF-8, packed scalars, fields that equal their default absent, exact lengths, known enum values,
// one member of a oneof, no groups. Messages inside are checked with it; bytes inside are not looked into.
//
// The error is NON_CANONICAL, and names the message, the field, the offset and what is wrong.
func Check(form *Form, message []byte) error {
	return check(form, message, 0, len(message))
}

func check(form *Form, bytes []byte, start, end int) error {
	cursor := Cursor{bytes: bytes, End: start, end: end, name: form.Name}
	place, count, oneofs, due := -1, 0, uint(0), uint(0)
	for cursor.Next() {
		next, err := placeOf(form, place, &cursor)
		if err != nil {
			return err
		}
		if next == place {
			count++
		} else {
			count = 1
		}
		place = next
		field := &form.Fields[place]
		if count > 1 && (!field.Repeated || field.packed()) {
			return refused(form, field, cursor.TagStart, "the field is there twice")
		}
		if err := checkCount(form, field, cursor.TagStart, count); err != nil {
			return err
		}
		if field.Oneof != 0 {
			if bit := uint(1) << field.Oneof; oneofs&bit == 0 {
				oneofs |= bit
			} else {
				return refused(form, field, cursor.TagStart, "another field of its oneof is there too")
			}
		}
		if err := checkValue(form, field, &cursor); err != nil {
			return err
		}
	}
	if cursor.Err() != nil {
		return cursor.Err()
	}
	for _, field := range form.Fields {
		if field.Required && field.Oneof != 0 {
			due |= uint(1) << field.Oneof
		}
	}
	if due&^oneofs != 0 {
		return nonCanonical(form.Name, end, "no field of a oneof is there, and one is required")
	}
	return requireNone(form, place+1, len(form.Fields), end)
}

// placeOf finds the field at the cursor among those of the form, from the one before it on.
func placeOf(form *Form, before int, cursor *Cursor) (int, error) {
	place := max(before, 0)
	for place < len(form.Fields) && form.Fields[place].Number < cursor.Field {
		place++
	}
	if place == len(form.Fields) || form.Fields[place].Number != cursor.Field {
		for i := range form.Fields {
			if form.Fields[i].Number == cursor.Field {
				return 0, refused(form, &form.Fields[i], cursor.TagStart, "the field comes after one with a higher number")
			}
		}
		return 0, nonCanonical(form.Name, cursor.TagStart, "there is a field "+strconv.Itoa(cursor.Field)+", which is not known")
	}
	return place, requireNone(form, before+1, place, cursor.TagStart)
}

// requireNone refuses the absence of required fields among those from start to end.
func requireNone(form *Form, start, end, offset int) error {
	for i := start; i < end; i++ {
		if form.Fields[i].requiredAlone() {
			return refused(form, &form.Fields[i], offset, "the field is missing, and required")
		}
	}
	return nil
}

func checkCount(form *Form, field *Field, offset, count int) error {
	if !field.Repeated || field.CountMax == 0 || count <= field.CountMax {
		return nil
	}
	return refused(form, field, offset, "it has more elements than the "+strconv.Itoa(field.CountMax)+" that are allowed")
}

func checkValue(form *Form, field *Field, cursor *Cursor) error {
	if cursor.Wire != field.wire() {
		why := "the field has wire type " + strconv.Itoa(cursor.Wire) + ", where " + strconv.Itoa(field.wire()) + " was due"
		return refused(form, field, cursor.TagStart, why)
	}
	// The value of a length-delimited field is its length, so 0 is the default of every kind.
	if cursor.Value == 0 && !field.zeroAllowed() {
		return refused(form, field, cursor.TagStart, "the field equals its default, and so must be absent")
	}
	switch {
	case field.Kind == Message:
		return check(field.Form, cursor.bytes, cursor.Start, cursor.End)
	case field.packed():
		return checkPacked(form, field, cursor)
	case field.Kind == Bytes || field.Kind == String:
		return checkContent(form, field, cursor)
	default:
		return checkNumber(form, field, cursor.Value, cursor.Start)
	}
}

func checkContent(form *Form, field *Field, cursor *Cursor) error {
	length := cursor.End - cursor.Start
	if field.Length != 0 && length != field.Length {
		return refused(form, field, cursor.Start, "the field has "+strconv.Itoa(length)+" bytes, and must be "+strconv.Itoa(field.Length))
	}
	if field.LengthMax != 0 && length > field.LengthMax {
		return refused(form, field, cursor.Start, "the field has "+strconv.Itoa(length)+" bytes, and may be at most "+strconv.Itoa(field.LengthMax))
	}
	if field.Kind == String && !validUTF8(cursor.Bytes()) {
		return refused(form, field, cursor.Start, "the field is not valid UTF-8")
	}
	return nil
}

func checkNumber(form *Form, field *Field, value uint64, offset int) error {
	is := "the field is " + strconv.FormatUint(value, 10)
	if field.Equals != 0 && value != field.Equals {
		return refused(form, field, offset, is+", and must be "+strconv.FormatUint(field.Equals, 10))
	}
	if value > field.valueMax() {
		return refused(form, field, offset, is+", and may be at most "+strconv.FormatUint(field.valueMax(), 10))
	}
	if field.Kind == Enum && value > field.ValuesMax {
		return refused(form, field, offset, is+", which is not a known value")
	}
	return nil
}

// checkPacked checks the elements of a packed field. There is at least one, each of them may be 0.
func checkPacked(form *Form, field *Field, outer *Cursor) error {
	if outer.Start == outer.End {
		return refused(form, field, outer.TagStart, "the field is empty, and so must be absent")
	}
	count := 0
	for at := outer.Start; at < outer.End; count++ {
		element := Cursor{bytes: outer.bytes, Start: at, end: outer.End, name: form.Name}
		switch field.Kind {
		case Fixed32:
			element.within(4)
		case Fixed64:
			element.within(8)
		default:
			element.Value, element.End, element.err = element.varint(at)
		}
		if element.err != nil {
			return element.err
		}
		for i := element.End - 1; field.wireOfElement() != WireVarint && i >= at; i-- {
			element.Value = element.Value<<8 | uint64(outer.bytes[i])
		}
		if err := checkNumber(form, field, element.Value, at); err != nil {
			return err
		}
		at = element.End
	}
	return checkCount(form, field, outer.Start, count)
}

func (f *Field) wireOfElement() int {
	switch f.Kind {
	case Fixed32:
		return WireFixed32
	case Fixed64:
		return WireFixed64
	default:
		return WireVarint
	}
}

func refused(form *Form, field *Field, offset int, why string) *fault.Error {
	return nonCanonical(form.Name+"."+field.Name, offset, why)
}
