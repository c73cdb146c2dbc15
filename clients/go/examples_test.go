package atedb_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"atedb.example/go/internal/liveserver"
)

// TestExamples runs examples/diary twice, and the program of the README.
func TestExamples(t *testing.T) {
	if testing.Short() {
		t.Skip("it starts a server")
	}
	server, home := liveserver.StartWithAuth(t), t.TempDir()
	run := func(arguments ...string) string {
		t.Helper()
		command := exec.Command("go", append([]string{"run"}, arguments...)...)
		command.Env = append(os.Environ(), "ATE_HOME="+home)
		output, err := command.CombinedOutput()
		if err != nil {
			t.Errorf("%v:\n%s", err, output)
		}
		return string(output)
	}
	for at, due := range []string{"one", "two"} {
		output := run("./examples/diary", "-server", server.Address(), due)
		if !strings.Contains(output, "  one\n") || at == 1 && !strings.Contains(output, "  two\n") {
			t.Errorf("it prints:\n%s", output)
		}
	}
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(readme), "```go\n")
	program, _, found := strings.Cut(rest, "```")
	if !found || strings.Count(program, "localhost:5000") != 1 {
		t.Fatal("the README has no program to run")
	}
	file := filepath.Join(t.TempDir(), "main.go")
	writeFile(t, file, strings.Replace(program, "localhost:5000", server.Address(), 1))
	if output := run(file); !strings.HasSuffix(output, " hello\n") {
		t.Errorf("it prints:\n%s", output)
	}
}
