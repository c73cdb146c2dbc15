package rpc

import (
	"context"
	"io"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	"atedb.example/go/fault"
)

// A ClientConn is a connection for generated stubs, which goes through the tunnel where calls do. Call options are not looked at. Errors
// are gRPC's statuses, with the server's details; inside of them is the *fault.Error, for errors.As and errors.Is.
type ClientConn struct{ Conn *Conn }

var _ grpc.ClientConnInterface = ClientConn{}

// Invoke makes a unary call.
func (c ClientConn) Invoke(ctx context.Context, method string, args, reply any, _ ...grpc.CallOption) error {
	stream, err := c.NewStream(ctx, &grpc.StreamDesc{}, method)
	if err != nil {
		return err
	}
	defer stream.(*stubStream).Stream.Close()
	if err := stream.SendMsg(args); err != nil {
		return err
	}
	if err := stream.CloseSend(); err != nil {
		return err
	}
	if err := stream.RecvMsg(reply); err != nil {
		if err == io.EOF {
			return status.Error(codes.Internal, "the call ended without an answer")
		}
		return err
	}
	// The status comes after the answer.
	if err := stream.RecvMsg(reply); err != io.EOF {
		return err
	}
	return nil
}

// NewStream begins a streaming call.
func (c ClientConn) NewStream(ctx context.Context, _ *grpc.StreamDesc, method string, _ ...grpc.CallOption) (grpc.ClientStream, error) {
	md, _ := metadata.FromOutgoingContext(ctx)
	stream, err := c.Conn.NewStream(ctx, method, md)
	if err != nil {
		return nil, statusOf(err, nil)
	}
	return &stubStream{stream}, nil
}

type stubStream struct{ *Stream }

// Header of the call, as far as it has come.
func (s *stubStream) Header() (metadata.MD, error) { return s.header, nil }

// Trailer of the call, once it is over.
func (s *stubStream) Trailer() metadata.MD { return s.trailer }

// Context of the call.
func (s *stubStream) Context() context.Context { return s.ctx }

// CloseSend says that no more messages come.
func (s *stubStream) CloseSend() error { return statusOf(s.Stream.CloseSend(), nil) }

// SendMsg sends a message of a stub.
func (s *stubStream) SendMsg(message any) error {
	bytes, err := proto.Marshal(message.(proto.Message))
	if err != nil {
		return err
	}
	return statusOf(s.Send(bytes), nil)
}

// RecvMsg receives one.
func (s *stubStream) RecvMsg(into any) error {
	bytes, err := s.Recv()
	if err == io.EOF {
		return err
	}
	if err != nil {
		return statusOf(err, s.last)
	}
	return proto.Unmarshal(bytes, into.(proto.Message))
}

// statusOf is an error as stubs give it.
func statusOf(err error, said *status.Status) error {
	if err == nil {
		return nil
	}
	found := fault.Of(err)
	if said != nil && said.Code() != codes.OK {
		return inside(said, found)
	}
	if found == nil {
		return status.FromContextError(err).Err()
	}
	code := codes.FailedPrecondition
	switch found.Reason {
	case fault.DeadlineExceeded:
		code = codes.DeadlineExceeded
	case fault.ConnectionFailed, fault.WireTruncated:
		code = codes.Unavailable
	}
	made := status.New(code, found.Message)
	if detailed, err := made.WithDetails(&errdetails.ErrorInfo{Domain: errorDomain, Reason: string(found.Reason), Metadata: found.Metadata}); err == nil {
		made = detailed
	}
	return inside(made, found)
}

// A stubError is a status, and the fault that says the same.
type stubError struct {
	status *status.Status
	fault  *fault.Error
}

func inside(of *status.Status, found *fault.Error) error {
	if found == nil {
		return of.Err()
	}
	return &stubError{of, found}
}

func (e *stubError) Error() string { return e.status.Err().Error() }

// GRPCStatus is what status.FromError and status.Code find.
func (e *stubError) GRPCStatus() *status.Status { return e.status }

func (e *stubError) Unwrap() error { return e.fault }
