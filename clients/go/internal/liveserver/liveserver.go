// Package liveserver starts a real server from the repository, for tests.
package liveserver

import (
	"bufio"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// startTimeout has room for a machine that is busy.
const startTimeout = 120 * time.Second

// A Server is `atedb solo` on one folder, which can be killed and started again on the same port.
type Server struct {
	t      testing.TB
	folder string
	flags  []string
	port   int

	mutex   sync.Mutex
	command *exec.Cmd
	output  strings.Builder
	drained chan struct{}
	// Identity is the fingerprint that the server prints: sha256:….
	Identity string
	// aheadDays is how far its clock is ahead, and waits whether only from GoAhead on.
	aheadDays int
	waits     bool
	// withAuth: it has an auth service of its own.
	withAuth bool
}

// Root of the repository.
func Root() string {
	_, here, _, _ := runtime.Caller(0)
	return filepath.Join(filepath.Dir(here), "..", "..", "..", "..")
}

// Start a server whose data is in a folder of the test's own, with flags of `atedb` before the command and of `solo` behind it, which are
// told apart by "--". It ends with the test.
func Start(t testing.TB, flags ...string) *Server {
	t.Helper()
	server := &Server{t: t, folder: t.TempDir(), flags: flags}
	server.Start()
	t.Cleanup(server.Kill)
	return server
}

// StartWithAuth starts one that says who owns chains.
func StartWithAuth(t testing.TB, flags ...string) *Server {
	t.Helper()
	server := &Server{t: t, folder: t.TempDir(), flags: flags, withAuth: true}
	server.Start()
	t.Cleanup(server.Kill)
	return server
}

// node is the Node of the repository, else the one of the path.
func node(t testing.TB) string {
	if local := filepath.Join(Root(), "node_modules", ".bin", "node"); isThere(local) {
		return local
	}
	found, err := exec.LookPath("node")
	if err != nil {
		t.Fatal("the tests against a server need Node; run npm ci in the repository")
	}
	return found
}

func isThere(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

var (
	listens  = regexp.MustCompile(`listens on \S*?:(\d+)\s`)
	identity = regexp.MustCompile(`identity\s+(sha256:[0-9a-f]{64})`)
)

// Start it, again on the port that it had.
func (s *Server) Start() {
	s.t.Helper()
	global, solo := s.flags, []string(nil)
	for i, flag := range s.flags {
		if flag == "--" {
			global, solo = s.flags[:i], s.flags[i+1:]
		}
	}
	if !s.withAuth {
		global = append([]string{"--no-auth"}, global...)
	}
	arguments := append([]string{filepath.Join(Root(), "bin", "atedb.cjs")}, global...)
	arguments = append(arguments, "solo", filepath.Join(s.folder, "logs"), "-l", "127.0.0.1", "-p", strconv.Itoa(s.port))
	command := exec.Command(node(s.t), append(arguments, solo...)...)
	command.Env = append(os.Environ(), "HOME="+s.folder, "ATE_HOME="+filepath.Join(s.folder, "home"), "XDG_CACHE_HOME="+os.Getenv("HOME")+"/.cache")
	command.Env = append(command.Env, clock(s.aheadDays)...)
	if s.waits {
		command.Env = append(command.Env, "ATEDB_TEST_CLOCK_WAITS=1")
	}
	pipe, err := command.StdoutPipe()
	if err != nil {
		s.t.Fatal(err)
	}
	command.Stderr = command.Stdout
	if err := command.Start(); err != nil {
		s.t.Fatal(err)
	}
	ready := make(chan struct{})
	s.mutex.Lock()
	s.command, s.drained = command, make(chan struct{})
	s.output.Reset()
	drained := s.drained
	s.mutex.Unlock()
	go func() {
		defer close(drained)
		isReady := false
		lines := bufio.NewScanner(pipe)
		for lines.Scan() {
			s.mutex.Lock()
			s.output.WriteString(lines.Text() + "\n")
			s.mutex.Unlock()
			if strings.Contains(lines.Text(), "Try:") && !isReady {
				isReady = true
				close(ready)
			}
		}
	}()
	select {
	case <-ready:
	case <-drained:
		s.t.Fatalf("the server did not start:\n%s", s.Output())
	case <-time.After(startTimeout):
		s.t.Fatalf("the server did not start in time:\n%s", s.Output())
	}
	if found := listens.FindStringSubmatch(s.Output()); found != nil {
		s.port, _ = strconv.Atoi(found[1])
	}
	if found := identity.FindStringSubmatch(s.Output()); found != nil {
		s.Identity = found[1]
	}
}

// StartAhead starts it again, with a clock that is ahead by so many days.
func (s *Server) StartAhead(days int) {
	s.t.Helper()
	s.aheadDays = days
	s.Start()
}

// StartWaiting is StartAhead, but that its clock is ahead once GoAhead is called.
func (s *Server) StartWaiting(days int) {
	s.t.Helper()
	s.waits = true
	s.StartAhead(days)
}

// clock is the environment of a Node whose clock is ahead.
func clock(aheadDays int) []string {
	if aheadDays == 0 {
		return nil
	}
	ahead := time.Duration(aheadDays) * 24 * time.Hour
	return []string{
		"NODE_OPTIONS=--import=file://" + filepath.Join(Root(), "test", "support", "clock-ahead.ts"),
		"ATEDB_TEST_CLOCK_AHEAD_MS=" + strconv.FormatInt(ahead.Milliseconds(), 10),
	}
}

// Output of the server since it was started.
func (s *Server) Output() string {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	return s.output.String()
}

// Address is host:port.
func (s *Server) Address() string { return "127.0.0.1:" + strconv.Itoa(s.port) }

// Logs is the folder of its chains.
func (s *Server) Logs() string { return filepath.Join(s.folder, "logs") }

// Kill ends it as a crash does.
func (s *Server) Kill() { s.end(syscall.SIGKILL) }

// Stop ends it in order.
func (s *Server) Stop() { s.end(syscall.SIGTERM) }

func (s *Server) end(signal syscall.Signal) {
	s.mutex.Lock()
	command, drained := s.command, s.drained
	s.command = nil
	s.mutex.Unlock()
	if command == nil {
		return
	}
	_ = command.Process.Signal(signal)
	<-drained
	_ = command.Wait()
}

// Command runs `atedb` of the repository with a home folder, and gives what it prints.
func Command(t testing.TB, home string, arguments ...string) (string, error) {
	t.Helper()
	return CommandAhead(t, 0, home, arguments...)
}

// CommandAhead is Command with a clock that is ahead by so many days.
func CommandAhead(t testing.TB, days int, home string, arguments ...string) (string, error) {
	t.Helper()
	command := exec.Command(node(t), append([]string{filepath.Join(Root(), "bin", "atedb.cjs")}, arguments...)...)
	command.Env = append(os.Environ(), "HOME="+home, "ATE_HOME="+home, "XDG_CACHE_HOME="+os.Getenv("HOME")+"/.cache")
	command.Env = append(command.Env, clock(days)...)
	output, err := command.CombinedOutput()
	return string(output), err
}
