package event

import (
	"testing"

	"atedb.example/go/fault"
)

// A gap, and what stands for events of a batch: neither is passed over, nor taken for something wrong.
func TestWhatIsGoneWholeIsNotSupported(t *testing.T) {
	for name, slice := range map[string][]byte{
		"a gap":                       {0x2a, 0x04, 0x20, 0x09, 0x28, 0x05},
		"what stands for some events": {0x0a, 0x04, 0x32, 0x02, 0x08, 0x01},
	} {
		_, err := SplitSlice(slice)
		if found := fault.Of(err); found == nil || found.Reason != fault.Unsupported {
			t.Errorf("%s: %v", name, err)
		}
	}
}
