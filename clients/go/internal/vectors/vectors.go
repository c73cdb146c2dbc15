// Package vectors reads test/vectors of the repository, for tests: see docs/vectors.md. What is missing, empty or not as long as the
// index says fails.
package vectors

import (
	"encoding/hex"
	"encoding/json"
	"os"
	"path/filepath"
	"runtime"
	"testing"
)

// Hex is bytes, in hexadecimal in the files.
type Hex []byte

// UnmarshalJSON reads hexadecimal.
func (h *Hex) UnmarshalJSON(text []byte) error {
	var digits string
	if err := json.Unmarshal(text, &digits); err != nil {
		return err
	}
	bytes, err := hex.DecodeString(digits)
	*h = bytes
	return err
}

// Bytes are many of them as slices.
func Bytes(all []Hex) [][]byte {
	slices := make([][]byte, len(all))
	for i, one := range all {
		slices[i] = one
	}
	return slices
}

// A File of the index.
type File struct {
	Name  string
	File  string
	Lists map[string]int
}

// Folder of the vectors.
func Folder() string {
	_, here, _, _ := runtime.Caller(0)
	return filepath.Join(filepath.Dir(here), "..", "..", "..", "..", "test", "vectors")
}

// Index lists all files of vectors.
func Index(t testing.TB) []File {
	t.Helper()
	var index struct{ Files []File }
	read(t, "atedb-index.json", &index)
	if len(index.Files) == 0 {
		t.Fatal("the index names no files")
	}
	return index.Files
}

// List reads one list of a file, as it is in JSON.
func List[Case any](t testing.TB, file, list string) []Case {
	t.Helper()
	var lists map[string]json.RawMessage
	read(t, "atedb-"+file+".json", &lists)
	var cases []Case
	if err := json.Unmarshal(lists[list], &cases); err != nil {
		t.Fatalf("atedb-%s.json: %s: %v", file, list, err)
	}
	for _, entry := range Index(t) {
		if entry.Name == file && len(cases) > 0 && len(cases) == entry.Lists[list] {
			return cases
		}
	}
	t.Fatalf("atedb-%s.json: %s has %d cases, which is not what the index says", file, list, len(cases))
	return nil
}

func read(t testing.TB, name string, into any) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(Folder(), name))
	if err != nil {
		t.Fatal(err)
	}
	var head struct {
		Format  string
		Version int
	}
	if err := json.Unmarshal(text, &head); err != nil || head.Format != "atedb-vectors" || head.Version != 1 {
		t.Fatalf("%s is not of the format atedb-vectors, version 1: %v", name, err)
	}
	if err := json.Unmarshal(text, into); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
}
