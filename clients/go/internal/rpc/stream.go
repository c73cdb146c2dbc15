package rpc

import (
	"context"
	"io"
	"sync"
	"time"

	"google.golang.org/genproto/googleapis/rpc/status"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	grpcstatus "google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	atedbv1 "atedb.example/go/gen/atedb/v1"

	"atedb.example/go/fault"
	"atedb.example/go/internal/forms"
	"atedb.example/go/internal/wire"
)

// A Stream is one call, in bytes. One goroutine may send while another one receives.
type Stream struct {
	conn     *Conn
	ctx      context.Context
	cancel   context.CancelFunc
	method   string
	metadata metadata.MD

	mutex sync.Mutex
	outer grpc.ClientStream
	// call that it is sealed in, and its session; nil for a call in clear.
	call    *wire.Call
	session *wire.Session
	// sent is what was sent before the first answer: a call whose form is refused begins anew in another one, once.
	sent       [][]byte
	halfClosed bool
	isAnswered bool
	isRenewed  bool
	err        error
	last       *grpcstatus.Status
	header     metadata.MD
	trailer    metadata.MD
}

// NewStream begins a call of a method, as HTTP/2 has it in :path. It ends with ctx, or with Close.
func (c *Conn) NewStream(ctx context.Context, method string, md metadata.MD) (*Stream, error) {
	ctx, cancel := context.WithCancel(ctx)
	stream := &Stream{conn: c, ctx: ctx, cancel: cancel, method: method, metadata: md}
	if err := stream.begin(); err != nil {
		cancel()
		return nil, err
	}
	return stream, nil
}

// begin the call, in the form that is agreed on now. The caller holds the mutex, or has the stream alone.
func (s *Stream) begin() error {
	call, session, err := s.conn.tunnel.begin(s.ctx)
	if err != nil {
		return err
	}
	method, ctx := s.method, s.ctx
	if call != nil {
		method = atedbv1.WireService_Call_FullMethodName
	} else if s.metadata != nil {
		ctx = metadata.NewOutgoingContext(ctx, s.metadata)
	}
	outer, err := s.conn.outer(ctx, method)
	if err != nil {
		return err
	}
	s.outer, s.call, s.session = outer, call, session
	if call != nil {
		if err := s.write(forms.FrameOpen, s.opening()); err != nil {
			return err
		}
	}
	for _, message := range s.sent {
		if err := s.write(forms.FrameMessage, message); err != nil {
			return err
		}
	}
	if s.halfClosed {
		return s.closeSend()
	}
	return nil
}

func (s *Stream) opening() []byte {
	open := &atedbv1.CallOpen{Method: s.method}
	for name, values := range s.metadata {
		for _, value := range values {
			open.Metadata = append(open.Metadata, &atedbv1.MetadataEntry{Name: name, Value: []byte(value)})
		}
	}
	if deadline, ok := s.ctx.Deadline(); ok {
		left := uint64(max(1, time.Until(deadline).Milliseconds()))
		open.TimeoutMs = &left
	}
	message, err := proto.Marshal(open)
	if err != nil {
		panic(err)
	}
	return message
}

// write one message, sealed where the call is. What is wrong with the stream itself is told by Recv.
func (s *Stream) write(kind byte, message []byte) error {
	if s.call != nil {
		sealed, err := s.call.Seal(kind, message)
		if err != nil {
			return err
		}
		message = sealed
	}
	if err := s.outer.SendMsg(message); err != nil && err != io.EOF {
		return s.conn.errorOf(s.ctx, err)
	}
	return nil
}

func (s *Stream) closeSend() error {
	if s.call != nil {
		if err := s.write(forms.FrameHalfClose, nil); err != nil {
			return err
		}
	}
	return s.outer.CloseSend()
}

// Send a message. It may return before the message is on its way; whether it has come, only the answers say.
func (s *Stream) Send(message []byte) error {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if !s.isAnswered {
		s.sent = append(s.sent, message)
	}
	return s.write(forms.FrameMessage, message)
}

// CloseSend says that no more messages come.
func (s *Stream) CloseSend() error {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.halfClosed = true
	return s.closeSend()
}

// Exporter of the tunnel that the call is in; nil without one. It is final once there was an answer.
func (s *Stream) Exporter() []byte {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if s.call == nil {
		return nil
	}
	return s.call.Exporter()
}

// Close ends the call, whatever it is at.
func (s *Stream) Close() { s.cancel() }

// Recv gives the next message; io.EOF after the last of a call that has succeeded.
func (s *Stream) Recv() ([]byte, error) {
	for {
		message, again, err := s.recv()
		if !again {
			if err != nil {
				s.err = err
				s.cancel()
			}
			return message, err
		}
	}
}

func (s *Stream) recv() (message []byte, again bool, err error) {
	if s.err != nil {
		return nil, false, s.err
	}
	s.mutex.Lock()
	outer, call := s.outer, s.call
	s.mutex.Unlock()
	var bytes []byte
	if err := outer.RecvMsg(&bytes); err != nil {
		return s.ended(err, call)
	}
	if call == nil {
		s.answered()
		return bytes, false, nil
	}
	kind, payload, err := call.Open(bytes)
	if err != nil {
		return nil, false, err
	}
	s.answered()
	switch kind {
	case forms.FrameHeaders:
		headers := &atedbv1.CallHeaders{}
		if err := proto.Unmarshal(payload, headers); err == nil {
			s.header = metadataOf(headers.Metadata)
		}
		return nil, true, nil
	case forms.FrameMessage:
		return payload, false, nil
	default:
		return nil, false, s.sealedStatus(payload)
	}
}

func (s *Stream) answered() {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.isAnswered, s.sent = true, nil
}

// sealedStatus is the outcome that the server has sealed.
func (s *Stream) sealedStatus(payload []byte) error {
	said := &atedbv1.CallStatus{}
	if err := proto.Unmarshal(payload, said); err != nil {
		return fault.New(fault.WireFrameInvalid, "the status that ends a sealed call can't be read").From(err)
	}
	s.trailer = metadataOf(said.Trailers)
	details := &status.Status{}
	if proto.Unmarshal(said.Details, details) != nil {
		details = &status.Status{}
	}
	details.Code, details.Message = int32(said.Code), said.Message
	s.last = grpcstatus.FromProto(details)
	if said.Code == uint32(codes.OK) {
		return io.EOF
	}
	return s.conn.faultOf(s.last)
}

// ended is what the end of the outer call comes to.
func (s *Stream) ended(err error, call *wire.Call) (message []byte, again bool, _ error) {
	if ended := Ended(s.ctx); ended != nil {
		return nil, false, ended
	}
	outcome := grpcstatus.New(codes.OK, "")
	if err != io.EOF {
		outcome = grpcstatus.Convert(err)
	}
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if said := ownDetails(outcome); said != nil && !s.isAnswered && !s.isRenewed {
		refusesForm := said.Reason == fault.WireRequired && s.conn.encryption != Plain
		if call != nil {
			refusesForm = ofSession[said.Reason]
		}
		if refusesForm {
			s.isRenewed = true
			s.conn.tunnel.giveUp(s.session)
			return nil, true, s.begin()
		}
	}
	if call != nil {
		return nil, false, s.conn.withoutOwnStatus(outcome)
	}
	s.last = outcome
	s.trailer = s.outer.Trailer()
	if err == io.EOF {
		return nil, false, io.EOF
	}
	return nil, false, s.conn.faultOf(outcome)
}

func metadataOf(entries []*atedbv1.MetadataEntry) metadata.MD {
	md := metadata.MD{}
	for _, entry := range entries {
		md.Append(entry.Name, string(entry.Value))
	}
	return md
}

// Unary makes a call with one answer.
func (c *Conn) Unary(ctx context.Context, method string, request []byte, md metadata.MD) ([]byte, error) {
	stream, err := c.Ask(ctx, method, request, md)
	if err != nil {
		return nil, err
	}
	defer stream.Close()
	answer, err := stream.Recv()
	if err == io.EOF {
		return nil, fault.New(fault.ConnectionFailed, "%s ended the call without an answer", c.server).With("server", c.server)
	}
	if err != nil {
		return nil, err
	}
	// The status comes after the answer: a good one, unless the call failed all the same.
	if _, err := stream.Recv(); err != io.EOF && err != nil {
		return nil, err
	}
	return answer, nil
}

// Ask makes a call with one request and a stream of answers.
func (c *Conn) Ask(ctx context.Context, method string, request []byte, md metadata.MD) (*Stream, error) {
	stream, err := c.NewStream(ctx, method, md)
	if err != nil {
		return nil, err
	}
	if err := stream.Send(request); err != nil {
		stream.Close()
		return nil, err
	}
	if err := stream.CloseSend(); err != nil {
		stream.Close()
		return nil, err
	}
	return stream, nil
}
