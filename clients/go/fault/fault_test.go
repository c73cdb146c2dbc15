package fault_test

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"

	"atedb.example/go/fault"
	atedbv1 "atedb.example/go/gen/atedb/v1"
)

// TestReasons compares the constants with the schema.
func TestReasons(t *testing.T) {
	source, err := os.ReadFile("reasons.go")
	if err != nil {
		t.Fatal(err)
	}
	if len(atedbv1.ErrorReason_name) < 50 {
		t.Fatal("the schema has few reasons")
	}
	for number := range atedbv1.ErrorReason_name {
		if number == 0 {
			continue
		}
		reason := fault.ReasonOf(atedbv1.ErrorReason(number))
		if !strings.Contains(string(source), "Reason = \""+string(reason)+"\"\n") {
			t.Errorf("%s has no constant", reason)
		}
	}
	for _, line := range strings.Split(string(source), "\n") {
		if _, text, is := strings.Cut(line, "Reason = \""); is {
			if _, known := atedbv1.ErrorReason_value["ERROR_REASON_"+strings.TrimSuffix(text, "\"")]; !known {
				t.Errorf("the schema doesn't know %s", text)
			}
		}
	}
	if fault.ReasonOf(9999) != fault.Internal {
		t.Error("a number that is unknown is not INTERNAL")
	}
}

func TestErrors(t *testing.T) {
	err := fmt.Errorf("appending: %w", fault.New(fault.LeaseLost, "the lease of %s is lost", "x").With("token", "7"))
	if !errors.Is(err, fault.LeaseLost) || errors.Is(err, fault.Internal) {
		t.Error("errors.Is does not tell reasons apart")
	}
	var found *fault.Error
	if !errors.As(err, &found) || found.Metadata["token"] != "7" {
		t.Errorf("errors.As gives %v", found)
	}
}
