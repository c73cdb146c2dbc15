package forms_test

import (
	"errors"
	"sort"
	"testing"

	"google.golang.org/protobuf/encoding/protowire"

	"atedb.example/go/fault"
	"atedb.example/go/internal/forms"
	"atedb.example/go/internal/strict"
	"atedb.example/go/internal/vectors"
)

// FuzzCheck reads any bytes as any message: they are taken or refused, without a panic, and what is taken is what Google's reader sees as
// fields in ascending order, written in the shortest way.
func FuzzCheck(f *testing.F) {
	names := make([]string, 0, len(forms.All))
	for name := range forms.All {
		names = append(names, name)
	}
	sort.Strings(names)
	for _, list := range []string{"good", "bad"} {
		for _, one := range vectors.List[strictCase](f, "strict-form", list) {
			f.Add(uint8(sort.SearchStrings(names, one.Message)), []byte(one.Bytes))
		}
	}
	f.Fuzz(func(t *testing.T, which uint8, message []byte) {
		form := forms.All[names[int(which)%len(names)]]
		if err := strict.Check(form, message); err != nil {
			if !errors.Is(err, fault.NonCanonical) {
				t.Fatalf("it is refused as %v", err)
			}
			return
		}
		var again []byte
		last := protowire.Number(0)
		for rest := message; len(rest) > 0; {
			number, kind, length := protowire.ConsumeTag(rest)
			if length < 0 || number < last {
				t.Fatalf("a tag of %x, at %d from the end", message, len(rest))
			}
			last = number
			size := protowire.ConsumeFieldValue(number, kind, rest[length:])
			if size < 0 {
				t.Fatalf("a value of %x, at %d from the end", message, len(rest))
			}
			again = protowire.AppendTag(again, number, kind)
			value := rest[length : length+size]
			if kind == protowire.VarintType {
				number, _ := protowire.ConsumeVarint(value)
				again = protowire.AppendVarint(again, number)
			} else {
				again = append(again, value...)
			}
			rest = rest[length+size:]
		}
		if string(again) != string(message) {
			t.Fatalf("%x is taken, and is written as %x", message, again)
		}
	})
}
