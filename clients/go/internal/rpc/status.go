package rpc

import (
	"context"
	"errors"
	"io"
	"maps"
	"strings"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"atedb.example/go/fault"
)

const errorDomain = "atedb"

// ownDetails is what a status says with details of atedb's; nil where it has none, and comes from the transport.
func ownDetails(failed *status.Status) *fault.Error {
	for _, detail := range failed.Details() {
		info, ok := detail.(*errdetails.ErrorInfo)
		if !ok || info.Domain != errorDomain {
			continue
		}
		found := &fault.Error{Reason: fault.Reason(info.Reason), Message: failed.Message(), Metadata: maps.Clone(info.Metadata)}
		if !found.Reason.Known() {
			// A newer server may have reasons that this version doesn't know: they are kept for people.
			found.Reason = fault.Internal
			found.With("server_reason", info.Reason)
		}
		return found
	}
	return nil
}

// faultOf is what a failed call's status means to the caller. One without details of ours comes from the transport: the connection could
// not be made or was lost, a deadline passed, a message was too large.
func (c *Conn) faultOf(failed *status.Status) *fault.Error {
	if own := ownDetails(failed); own != nil {
		return own
	}
	reason, message := fault.ConnectionFailed, ""
	switch failed.Code() {
	case codes.DeadlineExceeded:
		reason, message = fault.DeadlineExceeded, "the deadline passed before "+c.server+" answered"
	case codes.ResourceExhausted:
		if strings.Contains(failed.Message(), "larger than") {
			reason, message = fault.DataTooLarge, "a message is too large for "+c.server
		} else {
			// A server resets the stream of a reader that takes nothing, and can't say more than this status.
			reason, message = fault.ReaderTooSlow, c.server+" has given this call up, since what it sent was not taken. Read on from where it was"
		}
	case codes.Unimplemented:
		reason, message = fault.Unsupported, c.server+" does not know this call. Is it an atedb server, of this version?"
	case codes.Unavailable:
		if err := c.tls.failure(); err != nil {
			return fault.New(fault.TLSFailed, "%s could not be spoken to over TLS: %v. Trying again doesn't help", c.server, err).With("server", c.server).From(err)
		}
		message = c.server + " can't be reached, or the connection was lost: " + failed.Message() + ". Check that a server runs there, and that host and port are right"
	default:
		// Whatever else has no details was not said by our server, but by what lies between.
		message = "the connection to " + c.server + " broke: " + failed.Code().String() + ", " + failed.Message() + ". Try again"
	}
	return fault.New(reason, "%s", message).With("server", c.server).With("grpc_status", failed.Code().String()).From(failed.Err())
}

// errorOf is what an error of a call's stream means; io.EOF is its good end.
func (c *Conn) errorOf(ctx context.Context, err error) error {
	if err == nil || err == io.EOF {
		return err
	}
	if ended := Ended(ctx); ended != nil {
		return ended
	}
	var own *fault.Error
	if errors.As(err, &own) {
		return own
	}
	return c.faultOf(status.Convert(err))
}

// Ended is the error of a call whose context has ended: DEADLINE_EXCEEDED, or the cause; nil where it hasn't.
func Ended(ctx context.Context) error {
	switch {
	case ctx.Err() == nil:
		return nil
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		return fault.New(fault.DeadlineExceeded, "the deadline has passed before the answer").From(context.Cause(ctx))
	default:
		return context.Cause(ctx)
	}
}

var passing = map[fault.Reason]bool{
	fault.ConnectionFailed: true, fault.ServerDraining: true, fault.TooManyStreams: true, fault.TooManyChains: true, fault.TooManyUploads: true,
	fault.ReaderTooSlow: true, fault.RequestTooSlow: true, fault.TooManyHandshakes: true, fault.WireFrameInvalid: true,
	fault.WireSessionUnknown: true, fault.WireCallReplayed: true, fault.WireTruncated: true,
}

// Passing reports whether trying again later may help: the server was not there, is going, or is full.
func Passing(err error) bool {
	found := fault.Of(err)
	return found != nil && passing[found.Reason]
}

// ofSession are refusals of a sealed call that another session may not meet.
var ofSession = map[fault.Reason]bool{fault.WireSessionUnknown: true, fault.WireCallReplayed: true}

// outside are refusals that a server makes of a sealed call before it has a key to seal them with, or when its transport ends the call.
// Anybody on the way can make them too, and they come to no more than a cut connection.
var outside = map[fault.Reason]bool{
	fault.WireSessionUnknown: true, fault.WireCallReplayed: true, fault.WireFrameInvalid: true, fault.ServerDraining: true, fault.TooManyUploads: true,
	fault.TooManyStreams: true, fault.RequestTooSlow: true, fault.DataTooLarge: true, fault.ReaderTooSlow: true, fault.TLSRequired: true, fault.Internal: true,
}

// withoutOwnStatus is what the status of the outer call comes to where a sealed call has none: it was not said by the server that there
// is a session with, so it is never a success, and nothing that it says of chains and keys is handed on.
func (c *Conn) withoutOwnStatus(ended *status.Status) error {
	said := ownDetails(ended)
	// Whoever has agreed on a session knows the call: that it is unknown says somebody else, and that the server has no accounts or groups would
	// follow from it.
	if said == nil && ended.Code() == codes.Unimplemented {
		said = &fault.Error{Reason: "UNIMPLEMENTED"}
	}
	switch {
	case said != nil && outside[said.Reason]:
		return said
	case said != nil:
		return fault.New(fault.WireTruncated, "the sealed call to %s was ended outside of the tunnel: %s, which counts for nothing there. Try again", c.server, said.Reason).With("server", c.server)
	case ended.Code() == codes.OK:
		return fault.New(fault.WireTruncated, "the sealed call to %s was ended before its sealed status, and how it has ended is not known. Try again", c.server).With("server", c.server)
	default:
		return c.faultOf(ended)
	}
}
