//go:build !unix

package liveserver

// GoAhead has the clock of a server go ahead that waits for it, where that can be signalled.
func (s *Server) GoAhead() { s.t.Skip("there is no signal for it on this system") }
