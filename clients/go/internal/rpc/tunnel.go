package rpc

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"sync"
	"time"

	"google.golang.org/protobuf/proto"

	atedbv1 "atedb.example/go/gen/atedb/v1"

	"atedb.example/go/fault"
	"atedb.example/go/internal/wire"
	"atedb.example/go/keys"
)

// handshakeTimeout has to do with people only where the check of an identity asks somebody.
const handshakeTimeout = 60 * time.Second

// handshakeTries is how often a handshake is tried with a server that has too many.
const handshakeTries = 6

// A tunnel is what is agreed on with one server: a session that all calls share, and after it the next.
//
// Whether there is encryption is left to nobody on the way, as far as that can be. A handshake comes first, always. Calls go in clear
// only where the user doesn't insist on encryption, the server isn't known to encrypt, and it answers that it requires none.
type tunnel struct {
	conn *Conn

	// turn is held while a handshake is made: calls that come meanwhile share it.
	turn sync.Mutex

	mutex        sync.Mutex
	session      *wire.Session
	isPlain      bool
	hasEncrypted bool
	// wantsLargest: the server wants larger keys than most do, so that a share for them is sent at once.
	wantsLargest bool
}

func (t *tunnel) proven() *keys.Public {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	if t.session == nil {
		return nil
	}
	return t.session.Identity
}

func (t *tunnel) close() {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	if t.session != nil {
		t.session.End()
		t.session = nil
	}
}

// current is what was agreed on, as far as it can be used.
func (t *tunnel) current() (session *wire.Session, agreed bool) {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	if t.isPlain {
		return nil, true
	}
	if t.session != nil && t.session.Usable(time.Now()) {
		return t.session, true
	}
	return nil, false
}

// giveUp what a server has refused: a session, or to go in clear (nil).
func (t *tunnel) giveUp(refused *wire.Session) {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	if refused == nil {
		t.isPlain = false
	} else if t.session == refused {
		t.session = nil
	}
}

// begin a call: in a session, or nil for one in clear.
func (t *tunnel) begin(ctx context.Context) (*wire.Call, *wire.Session, error) {
	for tries := 1; ; tries++ {
		session, err := t.agree(ctx)
		if err != nil || session == nil {
			return nil, nil, err
		}
		call, err := session.Open(time.Now())
		if err == nil {
			t.renewIfDue(session)
			return call, session, nil
		}
		// It has ended just now, by the clock or by another call that was refused.
		t.giveUp(session)
		if tries == 3 {
			return nil, nil, err
		}
	}
}

// renewIfDue agrees on the next session while calls go on in this one. If it fails, a later call tries again.
func (t *tunnel) renewIfDue(session *wire.Session) {
	if !session.Due(time.Now()) || !t.turn.TryLock() {
		return
	}
	go func() {
		defer t.turn.Unlock()
		ctx, cancel := context.WithTimeout(context.Background(), handshakeTimeout)
		defer cancel()
		_, _ = t.negotiate(ctx)
	}()
}

// agree on a session; nil for calls in clear.
func (t *tunnel) agree(ctx context.Context) (*wire.Session, error) {
	if t.conn.encryption == Plain {
		return nil, nil
	}
	if session, agreed := t.current(); agreed {
		return session, nil
	}
	t.turn.Lock()
	defer t.turn.Unlock()
	if session, agreed := t.current(); agreed {
		return session, nil
	}
	if ended := Ended(ctx); ended != nil {
		return nil, ended
	}
	return t.negotiate(ctx)
}

func (t *tunnel) negotiate(ctx context.Context) (*wire.Session, error) {
	isKnown, err := t.conn.check.MustEncrypt()
	if err != nil {
		return nil, err
	}
	t.mutex.Lock()
	isKnown = isKnown || t.hasEncrypted
	wantsLargest := t.wantsLargest
	t.mutex.Unlock()
	isAsked := t.conn.encryption != Auto
	keyBits := wire.Bits128
	if isAsked {
		keyBits = int(t.conn.encryption)
	}
	onlyIfRequired := !isAsked && !isKnown
	for tries := 1; ; tries++ {
		sharesUpTo := keyBits
		if wantsLargest {
			sharesUpTo = wire.Bits256
		}
		session, err := t.shakeHands(ctx, keyBits, sharesUpTo, onlyIfRequired)
		found := fault.Of(err)
		switch {
		case err == nil:
			t.mutex.Lock()
			// Calls under way in the one before have their own keys.
			t.session, t.isPlain, t.hasEncrypted = session, false, true
			t.mutex.Unlock()
			return session, nil
		case found == nil:
			return nil, err
		case found.Reason == fault.Unsupported || found.Reason == fault.WireNotRequired:
			if !onlyIfRequired {
				return nil, t.missing(isAsked)
			}
			t.mutex.Lock()
			t.isPlain = true
			t.mutex.Unlock()
			return nil, nil
		case found.Reason == fault.WireShareMissing && !wantsLargest:
			// Whoever has said so: what comes of it is never less than was asked for.
			wantsLargest = true
			t.mutex.Lock()
			t.wantsLargest = true
			t.mutex.Unlock()
		case found.Reason != fault.TooManyHandshakes || tries == handshakeTries:
			return nil, err
		default:
			if err := Sleep(ctx, time.Duration(50<<tries)*time.Millisecond/2+rand.N(time.Duration(50<<tries)*time.Millisecond/2)); err != nil {
				return nil, err
			}
		}
	}
}

func (t *tunnel) missing(isAsked bool) error {
	why := "who it is is known, so it has to: somebody may answer in its place"
	if isAsked {
		why = fmt.Sprintf("keys of %d bits were asked for", t.conn.encryption)
	}
	return fault.New(fault.WireMissing, "%s does not encrypt, and %s. Nothing was sent to it. Ask its operator, by another way, whether it was turned off; only then connect without",
		t.conn.server, why).With("server", t.conn.server)
}

// ofHandshakes are refusals that servers make of handshakes. Nobody has proven yet who says anything else, so it is not handed on, where
// it could be taken for the server's own word.
var ofHandshakes = map[fault.Reason]bool{
	fault.WireHandshakeFailed: true, fault.WireShareMissing: true, fault.WireNotRequired: true, fault.TooManyHandshakes: true,
	fault.Unsupported: true, fault.ConnectionFailed: true, fault.DeadlineExceeded: true, fault.TLSFailed: true, fault.RequestInvalid: true,
}

// shakeHands agrees on a session with the server. It has proven its identity, and that was accepted, before anything is sent that comes
// from the application.
func (t *tunnel) shakeHands(ctx context.Context, keyBits, sharesUpTo int, onlyIfRequired bool) (*wire.Session, error) {
	ctx, cancel := context.WithTimeout(ctx, handshakeTimeout)
	defer cancel()
	stream, err := t.conn.outer(ctx, atedbv1.WireService_Handshake_FullMethodName)
	if err != nil {
		return nil, err
	}
	handshake, err := wire.NewHandshake(keyBits, sharesUpTo, nil)
	if err != nil {
		return nil, err
	}
	say := func(request *atedbv1.HandshakeRequest) {
		// What is wrong with the stream is told when it is read.
		if err := stream.SendMsg(request); err != nil && err != io.EOF {
			cancel()
		}
	}
	say(&atedbv1.HandshakeRequest{Message: &atedbv1.HandshakeRequest_ClientHello{ClientHello: handshake.Hello}, OnlyIfRequired: onlyIfRequired})
	answer, err := t.due(ctx, stream)
	if err != nil {
		return nil, err
	}
	finished, err := handshake.Finish(answer.GetServerHello(), time.Now())
	if err != nil {
		return nil, err
	}
	if err := t.conn.check.Accept(ctx, finished.Identity, finished.Rotations); err != nil {
		return nil, err
	}
	say(&atedbv1.HandshakeRequest{Message: &atedbv1.HandshakeRequest_ClientFinished{ClientFinished: finished.Message}})
	_ = stream.CloseSend()
	if answer, err = t.due(ctx, stream); err != nil {
		return nil, err
	}
	if answer.GetEstablished() == nil {
		return nil, fault.New(fault.WireHandshakeFailed, "the server's part of the handshake is of another kind than was due")
	}
	return finished.Session, nil
}

type receiver interface{ RecvMsg(any) error }

func (t *tunnel) due(ctx context.Context, stream receiver) (*atedbv1.HandshakeResponse, error) {
	var bytes []byte
	err := t.conn.errorOf(ctx, stream.RecvMsg(&bytes))
	if err == io.EOF {
		return nil, fault.New(fault.ConnectionFailed, "%s has ended the handshake before its end", t.conn.server).With("server", t.conn.server)
	}
	if found := fault.Of(err); found != nil && !ofHandshakes[found.Reason] && !outside[found.Reason] {
		return nil, fault.New(fault.WireHandshakeFailed, "the handshake was refused with %s: %s", found.Reason, found.Message).From(found)
	}
	if err != nil {
		return nil, err
	}
	answer := &atedbv1.HandshakeResponse{}
	if err := proto.Unmarshal(bytes, answer); err != nil {
		return nil, fault.New(fault.WireHandshakeFailed, "the server's part of the handshake can't be read").From(err)
	}
	return answer, nil
}

// Sleep waits, or returns what has ended the context.
func Sleep(ctx context.Context, duration time.Duration) error {
	timer := time.NewTimer(duration)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return Ended(ctx)
	}
}
