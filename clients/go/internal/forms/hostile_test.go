package forms_test

import (
	"testing"

	"atedb.example/go/internal/forms"
	"atedb.example/go/internal/hostile"
	"atedb.example/go/internal/strict"
	"atedb.example/go/internal/vectors"
)

// TestHostileMessages changes what is good; FuzzCheck has Go's own engine do so.
func TestHostileMessages(t *testing.T) {
	cases := vectors.List[strictCase](t, "strict-form", "good")
	var good [][]byte
	for _, one := range cases {
		good = append(good, one.Bytes)
	}
	hostile.Subject{Good: good, Use: func(which int, data []byte) error {
		return strict.Check(forms.All[cases[which].Message], data)
	}}.Test(t)
}
