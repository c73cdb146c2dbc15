package atedb_test

import (
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"sync/atomic"
	"testing"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/encoding"
	"google.golang.org/grpc/mem"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"atedb.example/go"
	"atedb.example/go/event"
	"atedb.example/go/fault"
	"atedb.example/go/internal/strict"
)

// rawCodec hands messages on as they are.
type rawCodec struct{}

func (rawCodec) Name() string { return "proto" }

func (rawCodec) Marshal(message any) (mem.BufferSlice, error) {
	return mem.BufferSlice{mem.SliceBuffer(*message.(*[]byte))}, nil
}

func (rawCodec) Unmarshal(data mem.BufferSlice, message any) error {
	*message.(*[]byte) = data.Materialize()
	return nil
}

var _ encoding.CodecV2 = rawCodec{}

// isNotThere is how a server says that an object has no event; a liar says so where it is to send an empty message.
var isNotThere = func() error {
	failed, err := status.New(codes.NotFound, "there is none").WithDetails(&errdetails.ErrorInfo{Reason: "EVENT_NOT_FOUND", Domain: "atedb"})
	if err != nil {
		panic(err)
	}
	return failed.Err()
}()

// liar stands between a client and a server, and changes what the server sends; nil: the call breaks there. It gives its address.
func liar(t *testing.T, server string, change func(method string, message []byte) []byte) string {
	t.Helper()
	honest, err := grpc.NewClient(server, grpc.WithTransportCredentials(insecure.NewCredentials()), grpc.WithDefaultCallOptions(grpc.ForceCodecV2(rawCodec{})))
	if err != nil {
		t.Fatal(err)
	}
	handle := func(_ any, in grpc.ServerStream) error {
		method, _ := grpc.MethodFromServerStream(in)
		md, _ := metadata.FromIncomingContext(in.Context())
		out, err := honest.NewStream(metadata.NewOutgoingContext(in.Context(), md), &grpc.StreamDesc{ClientStreams: true, ServerStreams: true}, method)
		if err != nil {
			return err
		}
		go func() {
			for {
				var message []byte
				if in.RecvMsg(&message) != nil {
					_ = out.CloseSend()
					return
				}
				if out.SendMsg(&message) != nil {
					return
				}
			}
		}()
		for {
			var message []byte
			if err := out.RecvMsg(&message); err == io.EOF {
				return nil
			} else if err != nil {
				return err
			}
			if message = change(method[strings.LastIndexByte(method, '/')+1:], message); message == nil {
				return status.Error(codes.Unavailable, "it was cut")
			} else if len(message) == 0 {
				return isNotThere
			}
			if err := in.SendMsg(&message); err != nil {
				return err
			}
		}
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	proxy := grpc.NewServer(grpc.ForceServerCodecV2(rawCodec{}), grpc.UnknownServiceHandler(handle))
	go func() { _ = proxy.Serve(listener) }()
	t.Cleanup(func() {
		proxy.Stop()
		_ = honest.Close()
	})
	return listener.Addr().String()
}

// hasExpired and isLeftOut stand in for a sequence of a redaction, of data that is gone for another reason; 0 for what was dropped.
const (
	hasExpired = 1<<53 - 1 - iota
	isLeftOut
)

// lose the data of the events of some sequences, as a server that has dropped or erased it would.
func lose(slice []byte, gone map[uint64]uint64) []byte {
	stored, err := event.SplitSlice(slice)
	if err != nil {
		panic(err)
	}
	made := new(strict.Writer)
	cursor := strict.NewCursor(slice)
	sequence, at := stored[0].Commit.FirstSequence, 0
	for cursor.Next() {
		redactedBy, isGone := gone[sequence]
		switch {
		case cursor.Field == 1 && isGone:
			inner := strict.NewCursor(cursor.Bytes())
			inner.Next()
			state := event.DataRedacted
			switch redactedBy {
			case 0:
				state = event.Dropped
			case hasExpired:
				state, redactedBy = event.Expired, 0
			case isLeftOut:
				state, redactedBy = event.Omitted, 0
			}
			made.Message(1, new(strict.Writer).Bytes(1, inner.Bytes()).Varint(4, uint64(state)).Varint(5, redactedBy).Finish())
		default:
			made.Message(cursor.Field, cursor.Bytes())
		}
		switch cursor.Field {
		case 1:
			sequence++
		case 3:
			if at++; at < len(stored) {
				sequence = stored[at].Commit.FirstSequence
			}
		}
	}
	return made.Finish()
}

// losing changes answers that hold slices: in field 2 of a range's or a stream's, in field 1 of an event's.
func losing(gone map[uint64]uint64) func(string, []byte) []byte {
	fields := map[string]int{"ReadEvents": 2, "Subscribe": 2, "GetEvent": 1}
	return func(method string, message []byte) []byte {
		of := fields[method]
		made := new(strict.Writer)
		cursor := strict.NewCursor(message)
		for cursor.Next() {
			switch {
			case cursor.Wire == strict.WireBytes && cursor.Field == of:
				made.Message(of, lose(cursor.Bytes(), gone))
			case cursor.Wire == strict.WireBytes:
				made.Message(cursor.Field, cursor.Bytes())
			default:
				made.Varint(cursor.Field, cursor.Value)
			}
		}
		if of == 0 {
			return message
		}
		return made.Finish()
	}
}

// testLies: data is said to be gone that nothing allows to be.
func testLies(t *testing.T, mode string) {
	if mode == "centralized" {
		t.Skip("it is the same in both modes")
	}
	server := serverFor(t, mode)
	key := newKey(t)
	chain := open(t, connect(t, server.Address(), atedb.WithoutHome()), "example.com/lies/log", atedb.ForAppend(), atedb.WithKey(key))
	for _, one := range [][2]string{{"a", "old"}, {"b", "only"}, {"a", "new"}} {
		appendTo(t, chain, atedb.NewEvent{Name: one[0], Data: []byte(one[1])})
	}
	appendTo(t, chain, atedb.NewEvent{Kind: event.KindRedaction, Name: "b", Redaction: &event.Redaction{Sequences: []uint64{2}}})
	for _, one := range []struct {
		what string
		gone map[uint64]uint64
		// sequence that is told of; "" where it is true. alone: whether the event by itself shows it, too.
		sequence string
		of       uint64
	}{
		{"what was written over", map[uint64]uint64{1: 0}, "", 1},
		{"what a redaction names", map[uint64]uint64{2: 4}, "", 2},
		{"the newest of its object", map[uint64]uint64{3: 0}, "3", 3},
		{"the only one of its object, which is redacted and not dropped", map[uint64]uint64{2: 0}, "2", 2},
		{"redacted by what is none", map[uint64]uint64{1: 3}, "1", 1},
		{"redacted by the redaction of another object", map[uint64]uint64{1: 4}, "1", 1},
		{"redacted by what is before it", map[uint64]uint64{2: 1}, "2", 2},
		{"redacted by what isn't there", map[uint64]uint64{2: 9}, "2", 2},
	} {
		t.Run(one.what, func(t *testing.T) {
			address := liar(t, server.Address(), losing(one.gone))
			reader := open(t, connect(t, address, atedb.WithoutHome(), atedb.WithEncryption(atedb.Plain)), "example.com/lies/log")
			check := func(way string, err error) {
				t.Helper()
				if one.sequence == "" {
					if err != nil {
						t.Errorf("%s: %v", way, err)
					}
				} else if found := fault.Of(err); found == nil || found.Reason != fault.VerificationFailed || found.Metadata["sequence"] != one.sequence {
					t.Errorf("%s: %v", way, err)
				}
			}
			_, err := reader.Verify(within(t))
			check("verify", err)
			err = nil
			for _, failed := range reader.Read(within(t), atedb.ReadOptions{}) {
				err = failed
			}
			check("read", err)
			err = nil
			ctx, cancel := context.WithCancel(within(t))
			for _, failed := range reader.Subscribe(ctx, atedb.SubscribeOptions{OnCaughtUp: func(atedb.HeadSignal) { cancel() }}) {
				if !errors.Is(failed, context.Canceled) {
					err = failed
				}
			}
			cancel()
			check("subscribe", err)
			is, err := reader.GetAt(within(t), one.of)
			if (err == nil) != (one.sequence == "") || err != nil && !errors.Is(err, fault.VerificationFailed) && !errors.Is(err, fault.SequenceOutOfRange) {
				t.Errorf("get: %+v: %v", is, err)
			}
		})
	}
	t.Run("by events that name each other", func(t *testing.T) { testAllowing(t, server.Address()) })
	t.Run("by what is no event of its object", func(t *testing.T) { testNewest(t, server.Address()) })
}

// testAllowing: what is said to allow data to be gone is no such event, and the server says of that, too, that it allows nothing by itself.
func testAllowing(t *testing.T, server string) {
	var asked atomic.Int32
	notThereFrom := int32(99)
	lie := losing(map[uint64]uint64{1: 2, 2: 3, 3: 9})
	chain := open(t, connect(t, liar(t, server, func(method string, message []byte) []byte {
		if method == "GetEvent" && asked.Add(1) >= notThereFrom {
			return []byte{}
		}
		return lie(method, message)
	}), atedb.WithoutHome(), atedb.WithEncryption(atedb.Plain)), "example.com/lies/log")
	if _, err := chain.GetAt(within(t), 1); !errors.Is(err, fault.VerificationFailed) {
		t.Error(err)
	}
	if count := asked.Load(); count != 2 {
		t.Errorf("the server had %d events asked for, where one allows another to be gone", count)
	}
	for _, from := range []int32{1, 2} {
		asked.Store(0)
		notThereFrom = from
		if is, err := chain.GetAt(within(t), 1); is != nil || !errors.Is(err, fault.VerificationFailed) {
			t.Errorf("from call %d on there is no event, it says: %v: %v", from, is, err)
		}
	}
}

// testNewest: the redaction of an object is no newer event of it: by that its only data would seem to be written over.
func testNewest(t *testing.T, server string) {
	var kept atomic.Pointer[[]byte]
	var calls atomic.Int32
	drop := losing(map[uint64]uint64{2: 0})
	chain := open(t, connect(t, liar(t, server, func(method string, message []byte) []byte {
		if method != "GetEvent" {
			return message
		}
		switch calls.Add(1) {
		case 1:
			kept.Store(&message)
			return message
		case 2:
			return drop(method, message)
		}
		return *kept.Load()
	}), atedb.WithoutHome(), atedb.WithEncryption(atedb.Plain)), "example.com/lies/log")
	redaction, err := chain.GetAt(within(t), 4)
	if err != nil {
		t.Fatal(err)
	}
	if is, err := chain.GetAt(within(t), 2); is != nil || !errors.Is(err, fault.VerificationFailed) {
		t.Errorf("its redaction is said to have written it over: %+v: %v", is, err)
	}
	if is, err := chain.Get(within(t), redaction.PrimaryKey); is != nil || !errors.Is(err, fault.VerificationFailed) {
		t.Errorf("its redaction is said to be its newest event: %+v: %v", is, err)
	}
}
