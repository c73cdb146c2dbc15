//go:build unix

package liveserver

import "syscall"

// GoAhead has the clock of a server go ahead that waits for it.
func (s *Server) GoAhead() {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	_ = s.command.Process.Signal(syscall.SIGUSR2)
}
