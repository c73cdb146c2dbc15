package atedb

import (
	"context"
	"io"
	"iter"
	"math"
	"math/rand/v2"
	"sync/atomic"
	"time"

	atedbv1 "atedb.example/go/gen/atedb/v1"

	"atedb.example/go/fault"
	"atedb.example/go/internal/rpc"
	"atedb.example/go/merkle"
	"atedb.example/go/trust"
)

// SubscribeOptions say where a subscription starts, and what it tells. The zero value starts at the first event.
type SubscribeOptions struct {
	// From is the sequence of the first event.
	From uint64
	// FromTime starts at the first batch that was accepted then or later; zero: by From.
	FromTime time.Time
	// FromNow starts at what is appended from now on.
	FromNow bool
	// Heartbeat is the longest time without a word from the server: 100 ms to an hour. Default: 15 seconds. A server that is silent for
	// two and a half of them is lost.
	Heartbeat time.Duration
	// DataUpTo: data of more bytes than this, as it is stored, is left out (DataState is event.Omitted), and Load gets it; nil: none is.
	DataUpTo *uint64
	// Reconnect gives up when the server is lost for so long; 0: never.
	Reconnect time.Duration
	// OnCaughtUp is told each time when history is through, and what follows is live. It must not block.
	OnCaughtUp func(HeadSignal)
	// OnReconnecting is told when the server was lost, before it is tried again.
	OnReconnecting func(cause error, delay time.Duration)
}

const (
	heartbeatDefault = 15 * time.Second
	heartbeatsMissed = 2.5
)

// Subscribe streams the chain: history from a point on, and then what is appended, every event once and in order. It goes on by itself
// after a lost connection. It ends when the loop is left, and else with an error, which comes once and last. What is verified is as in
// Read.
func (c *Chain) Subscribe(ctx context.Context, options SubscribeOptions) iter.Seq2[Event, error] {
	return func(yield func(Event, error) bool) {
		ctx, cancel := c.within(ctx)
		defer cancel()
		s := &subscription{chain: c, options: options, first: options.From, looked: looked{}}
		s.yield = func(is Event, err error) bool {
			if err == nil {
				s.first, s.isTaken = is.Sequence+1, true
			}
			return yield(is, err)
		}
		if !options.FromTime.IsZero() {
			s.first = 0
		}
		if s.options.Heartbeat == 0 {
			s.options.Heartbeat = heartbeatDefault
		}
		if err := s.run(ctx); err != nil {
			yield(Event{}, err)
		}
	}
}

type subscription struct {
	chain   *Chain
	options SubscribeOptions
	yield   func(Event, error) bool
	replay  *replaying
	// first: events before this sequence aren't wanted, or were taken; they come where the start lies within a batch.
	first uint64
	// isTaken: an event was.
	isTaken bool
	// pending are batches that were verified, and of which not all events were taken.
	pending []trust.Verified
	isNow   bool
	looked  looked
	// heard: the server has said something on this connection.
	heard bool
}

// run one connection after the other. It returns nil where the loop was left.
func (s *subscription) run(ctx context.Context) error {
	var retry backoff
	var lostSince time.Time
	for {
		s.heard = false
		isLeft, err := s.connection(ctx)
		if isLeft {
			return nil
		}
		if ended := rpc.Ended(ctx); ended != nil {
			return ended
		}
		if s.heard {
			retry, lostSince = backoff{}, time.Time{}
		}
		// What would show that something of what was handed on was removed may be gone, too: whoever has it reads anew.
		if isCompacted(err) && !s.isTaken {
			s.replay, s.pending = nil, nil
			continue
		}
		if err := s.checkShorter(ctx, err); err != nil {
			return err
		}
		if !rpc.Passing(err) {
			return err
		}
		if lostSince.IsZero() {
			lostSince = time.Now()
		}
		if s.options.Reconnect > 0 && time.Since(lostSince) >= s.options.Reconnect {
			return err
		}
		delay := retry.next()
		if s.options.OnReconnecting != nil {
			s.options.OnReconnecting(err, delay)
		}
		if err := rpc.Sleep(ctx, delay); err != nil {
			return err
		}
		s.chain.client.conn.TryNow()
	}
}

// checkShorter: a server that doesn't know a sequence to go on from may have a shorter chain than it had: then say that.
func (s *subscription) checkShorter(ctx context.Context, err error) error {
	found := fault.Of(err)
	if found == nil || found.Reason != fault.SequenceOutOfRange && found.Reason != fault.ChainDamaged {
		return nil
	}
	head := s.chain.Head()
	if s.replay != nil {
		head = s.replay.verifier.Head()
	}
	if head.Size == 0 {
		return nil
	}
	_, err = s.chain.extend(ctx, head)
	return err
}

func (s *subscription) request(ctx context.Context) (*atedbv1.SubscribeRequest, error) {
	genesis := s.chain.Genesis()
	if genesis == nil {
		return nil, fault.New(fault.ChainNotFound, "there is no chain %s on %s yet", s.chain.key, s.chain.client.Server()).With("chain_key", s.chain.key.Text)
	}
	request := &atedbv1.SubscribeRequest{ChainKey: s.chain.key.Text, ChainId: genesis.ChainID[:], HeartbeatMs: uint32(s.options.Heartbeat.Milliseconds()), DataUpToBytes: s.options.DataUpTo}
	switch {
	case s.replay != nil:
		request.From = &atedbv1.SubscribeRequest_Sequence{Sequence: s.replay.verifier.NextSequence()}
		request.FromCommit = s.replay.verifier.NextCommit()
		return request, nil
	case !s.options.FromTime.IsZero():
		request.From = &atedbv1.SubscribeRequest_TimeUnixMs{TimeUnixMs: uint64(s.options.FromTime.UnixMilli())}
		return request, nil
	case s.options.FromNow && !s.isNow:
		// The verified head's own end, so that the start can be compared with it; and the same one at every try.
		answer, err := s.chain.open(ctx, openCall{})
		if err != nil {
			return nil, err
		}
		s.first, s.isNow = answer.nextSequence, true
	}
	request.From = &atedbv1.SubscribeRequest_Sequence{Sequence: s.first}
	return request, nil
}

// connection is one connection's worth. isLeft: the loop was left.
func (s *subscription) connection(ctx context.Context) (isLeft bool, err error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	// What had come when the server was lost is taken first: the replay is behind it.
	if isLeft, err := s.resume(ctx); isLeft || err != nil {
		return isLeft, err
	}
	request, err := s.request(ctx)
	if err != nil {
		return false, err
	}
	if s.replay == nil && s.chain.checksRules() && (s.first > 0 || !s.options.FromTime.IsZero()) {
		// What comes before the start is verified first, since the rules for what follows come from it.
		until := s.first
		if !s.options.FromTime.IsZero() {
			until = math.MaxUint64
		}
		if err := s.chain.rules.reach(ctx, until); err != nil {
			return false, err
		}
	}
	before := s.chain.Head()
	conn := s.chain.client.conn
	generation := conn.Generation()
	stream, err := s.chain.ask(ctx, atedbv1.ChainService_Subscribe_FullMethodName, request)
	if err != nil {
		return false, err
	}
	defer stream.Close()
	silence := time.Duration(float64(s.options.Heartbeat) * heartbeatsMissed)
	var isSilent atomic.Bool
	for isSigned := false; ; {
		timer := time.AfterFunc(silence, func() {
			// The connection may be half dead: a new stream on it would wait as long again.
			isSilent.Store(true)
			conn.Renew(generation)
			stream.Close()
		})
		bytes, err := stream.Recv()
		if timer.Stop(); err != nil && isSilent.Load() {
			return false, fault.New(fault.ConnectionFailed, "nothing came from %s for %s", conn.Server(), silence).With("server", conn.Server())
		}
		if err == io.EOF {
			return false, s.ended()
		}
		if err != nil {
			return false, err
		}
		message, err := parseSubscribeMessage(bytes)
		if err != nil {
			return false, err
		}
		s.heard = true
		if message.kind == messageStart {
			err = s.started(ctx, message.start, before)
		} else if s.replay == nil {
			err = unreadable("it sent events before it said where its stream starts")
		} else {
			isLeft, err = s.take(ctx, message, &isSigned)
		}
		if err != nil || isLeft {
			return isLeft, err
		}
	}
}

func (s *subscription) started(ctx context.Context, start *history, before merkle.Head) error {
	if s.replay != nil {
		return s.replay.resume(start)
	}
	if s.options.FromTime.IsZero() && start.startSequence > s.first {
		return unreadable("its stream starts after the sequence that was asked for")
	}
	// A start beyond what is known: let the known head reach it first, so that both are compared.
	if start.startCommit > before.Size {
		head, err := s.chain.extend(ctx, before)
		if err != nil {
			return err
		}
		s.chain.known.Lock()
		if s.chain.Head() == before {
			s.chain.advance(head)
		}
		s.chain.known.Unlock()
	}
	if s.chain.checksRules() && start.startSequence > 0 {
		// By a time it may start at what was appended since the rules were verified.
		if err := s.chain.rules.reach(ctx, start.startSequence); err != nil {
			return err
		}
	}
	replay, err := s.chain.begin(ctx, start, before, s.chain.checksRules(), s.options.DataUpTo)
	s.replay = replay
	return err
}

func (s *subscription) take(ctx context.Context, message *streamMessage, isSigned *bool) (isLeft bool, err error) {
	switch message.kind {
	case messageLog:
		batches, err := s.replay.feed(ctx, message.slice)
		if err != nil {
			return false, err
		}
		s.pending = batches
		return s.takePending(ctx)
	case messageCheckpoint:
		signed, err := s.verifiedCheckpoint(ctx, message.checkpoint)
		if err != nil {
			return false, err
		}
		*isSigned = true
		return false, s.replay.attested(ctx, signed)
	default:
		if message.kind == messageCaughtUp && !*isSigned {
			return false, unreadable("it says that all was sent, and shows no checkpoint of it")
		}
		if err := s.replay.name(message.head); err != nil {
			return false, err
		}
		if message.kind == messageCaughtUp {
			// Data that may be gone was allowed to go by now.
			if err := s.chain.settleAll(ctx, s.replay); err != nil {
				return false, err
			}
			s.chain.rules.advance(s.replay.verifier, true)
			if s.options.OnCaughtUp != nil {
				s.options.OnCaughtUp(HeadSignal{message.nextSequence, message.head.Size})
			}
		}
		return false, nil
	}
}

// resume with what was verified, and not taken when the server was lost that was asked for the rest of it.
func (s *subscription) resume(ctx context.Context) (isLeft bool, err error) {
	if s.replay == nil {
		return false, nil
	}
	if isLeft, err := s.takePending(ctx); isLeft || err != nil {
		return isLeft, err
	}
	if len(s.replay.verified) == 0 {
		return false, nil
	}
	if s.pending, err = s.replay.handOn(ctx); err != nil {
		return false, err
	}
	return s.takePending(ctx)
}

func (s *subscription) takePending(ctx context.Context) (isLeft bool, err error) {
	goesOn, err := s.chain.yield(ctx, s.pending, s.first, math.MaxUint64, s.looked, s.yield)
	if err != nil || !goesOn {
		return err == nil, err
	}
	s.pending = nil
	return false, nil
}

func (s *subscription) ended() error {
	server := s.chain.client.Server()
	return fault.New(fault.ConnectionFailed, "%s has ended the stream", server).With("server", server)
}

// backoff is how long to wait before the next try: doubling, so that a server that comes back is not stormed.
type backoff struct{ due time.Duration }

const (
	backoffFirst = 50 * time.Millisecond
	backoffMost  = 5 * time.Second
)

// next is half to all of what is due, at random, so that clients spread.
func (b *backoff) next() time.Duration {
	if b.due == 0 {
		b.due = backoffFirst
	}
	due := b.due
	b.due = min(backoffMost, 2*due)
	return due/2 + rand.N(due/2)
}
