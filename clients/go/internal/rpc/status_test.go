package rpc

import (
	"errors"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"atedb.example/go/fault"
)

// What ends a sealed call from outside is a lost connection, and never a word of the server: else anybody could say that it keeps no accounts,
// and have members of groups use keys of their own.
func TestOuterStatus(t *testing.T) {
	conn := &Conn{server: "server:5000", tls: &tlsState{}}
	for code, due := range map[codes.Code]fault.Reason{
		codes.OK: fault.WireTruncated, codes.Unimplemented: fault.WireTruncated,
		codes.Unavailable: fault.ConnectionFailed, codes.PermissionDenied: fault.ConnectionFailed,
	} {
		if err := conn.withoutOwnStatus(status.New(code, "somebody on the way")); !errors.Is(err, due) {
			t.Errorf("%s: %v", code, err)
		}
	}
}
