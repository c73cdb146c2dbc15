package vectors_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"atedb.example/go/internal/vectors"
)

// TestAllRun fails where the index has a list that no test names: each that is named is read by vectors.List, which fails where it is
// missing, empty or of another length.
func TestAllRun(t *testing.T) {
	sources := map[string]string{}
	root := filepath.Join("..", "..")
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !strings.HasSuffix(path, "_test.go") {
			return err
		}
		text, err := os.ReadFile(path)
		sources[path] = string(text)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	total := 0
	for _, file := range vectors.Index(t) {
		if len(file.Lists) == 0 {
			t.Errorf("%s has no lists", file.Name)
		}
		for list, count := range file.Lists {
			total += count
			if !isNamed(sources, file.Name, list) {
				t.Errorf("no test runs %q of %s", list, file.File)
			}
		}
	}
	if total < 2000 {
		t.Errorf("the index has %d cases only", total)
	}
}

func isNamed(sources map[string]string, file, list string) bool {
	for _, source := range sources {
		if strings.Contains(source, "(t, \""+file+"\", \""+list+"\")") {
			return true
		}
		// The lists of a loop.
		if strings.Contains(source, "(t, \""+file+"\", list)") && strings.Contains(source, "\""+list+"\"") {
			return true
		}
	}
	return false
}
