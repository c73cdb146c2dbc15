package forms_test

import (
	"errors"
	"testing"

	"atedb.example/go/fault"
	"atedb.example/go/internal/forms"
	"atedb.example/go/internal/strict"
	"atedb.example/go/internal/vectors"
)

type strictCase struct {
	Message   string
	Bytes     vectors.Hex
	What, Why string
}

func TestStrictForm(t *testing.T) {
	seen := map[string]bool{}
	for _, one := range vectors.List[strictCase](t, "strict-form", "good") {
		seen[one.Message] = true
		form := forms.All[one.Message]
		if form == nil {
			t.Fatalf("no form of %s", one.Message)
		}
		if err := strict.Check(form, one.Bytes); err != nil {
			t.Errorf("%s, %s: %v", one.Message, one.What, err)
		}
	}
	for _, one := range vectors.List[strictCase](t, "strict-form", "bad") {
		if err := strict.Check(forms.All[one.Message], one.Bytes); !errors.Is(err, fault.NonCanonical) {
			t.Errorf("%s, %s: %v", one.Message, one.Why+one.What, err)
		}
	}
	for name := range forms.All {
		if !seen[name] {
			t.Errorf("no vector is of %s", name)
		}
	}
}
