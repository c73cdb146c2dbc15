package atedb_test

import (
	"os"
	"path/filepath"
	"testing"
)

func writeFile(t *testing.T, path, content string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

func slotsIn(t *testing.T, home string) []string {
	t.Helper()
	slots, err := filepath.Glob(filepath.Join(home, "writers", "*", "*", "slot-*.json"))
	if err != nil {
		t.Fatal(err)
	}
	return slots
}
