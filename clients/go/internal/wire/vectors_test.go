package wire

import (
	"bytes"
	"errors"
	"testing"
	"time"

	"atedb.example/go/fault"
	"atedb.example/go/internal/crypt"
	"atedb.example/go/internal/forms"
	"atedb.example/go/internal/vectors"
)

type hex = vectors.Hex

type frameCase struct {
	Sender                string
	Index                 uint64
	Type                  byte
	Payload, Message, AAD hex
	Nonce                 hex
}

type callCase struct {
	Call                                                   uint64
	ClientRandom, ServerRandom, ClientSecret, ServerSecret hex
	Frames                                                 []frameCase
}

type inputCase struct {
	ClientRandom  hex
	ClientKeyBits int
	Rotations     []hex
	Seeds         []struct {
		KEM  uint32
		Seed hex
	}
}

type wireCase struct {
	Name                             string
	Inputs                           inputCase
	ClientHello, T1, T2, T3, T4, T5  hex
	Parameters, Proof                hex
	KeyBits                          int
	ServerHello, ClientFinished      hex
	ClientRoot, ServerRoot, Exporter hex
	Calls                            []callCase
}

func begin(t testing.TB, in inputCase) *Handshake {
	random := [][]byte{bytes.Clone(in.ClientRandom)}
	sharesUpTo := Bits256
	if len(in.Seeds) == 1 {
		sharesUpTo = in.ClientKeyBits
	}
	for _, one := range in.Seeds {
		random = append(random, bytes.Clone(one.Seed))
	}
	handshake, err := NewHandshake(in.ClientKeyBits, sharesUpTo, func(count int) []byte {
		next := random[0]
		random = random[1:]
		if len(next) != count {
			t.Fatalf("%d random bytes were asked for, not %d", count, len(next))
		}
		return next
	})
	if err != nil {
		t.Fatal(err)
	}
	return handshake
}

func TestHandshakes(t *testing.T) {
	cases := vectors.List[wireCase](t, "wire", "cases")
	for _, one := range cases {
		handshake := begin(t, one.Inputs)
		if !bytes.Equal(handshake.Hello, one.ClientHello) {
			t.Errorf("%s: the hello is %x", one.Name, handshake.Hello)
		}
		if t1 := crypt.Tagged(tagClientHello, one.ClientHello); !bytes.Equal(t1[:], one.T1) {
			t.Errorf("%s: t1 is %x", one.Name, t1)
		}
		finished, err := handshake.Finish(one.ServerHello, time.Now())
		if err != nil {
			t.Fatalf("%s: %v", one.Name, err)
		}
		session := finished.Session
		if !bytes.Equal(finished.Message, one.ClientFinished) || session.KeyBits() != one.KeyBits || len(finished.Rotations) != len(one.Inputs.Rotations) {
			t.Errorf("%s: ClientFinished is %x", one.Name, finished.Message)
		}
		if !bytes.Equal(session.secrets.clientRoot, one.ClientRoot) || !bytes.Equal(session.secrets.serverRoot, one.ServerRoot) || !bytes.Equal(session.Exporter(), one.Exporter) {
			t.Errorf("%s: the secrets are others", one.Name)
		}
		if len(one.Calls) == 0 {
			t.Errorf("%s: it has no calls", one.Name)
		}
		for _, call := range one.Calls {
			testCall(t, one.Name, session, call)
		}
	}
	for _, one := range vectors.List[struct {
		Why         string
		Case        int
		ServerHello hex
	}](t, "wire", "refusals") {
		if _, err := begin(t, cases[one.Case].Inputs).Finish(one.ServerHello, time.Now()); !errors.Is(err, fault.WireHandshakeFailed) {
			t.Errorf("%s: %v", one.Why, err)
		}
	}
}

func testCall(t *testing.T, name string, session *Session, said callCase) {
	call := newCall(session, said.Call, said.ClientRandom)
	if !bytes.Equal(call.sending.secret, said.ClientSecret) {
		t.Errorf("%s: the client's secret is %x", name, call.sending.secret)
	}
	secret := callSecret(call.serverRoot, said.Call, said.ClientRandom, said.ServerRandom)
	if !bytes.Equal(secret, said.ServerSecret) {
		t.Errorf("%s: the server's secret is %x", name, secret)
	}
	if len(said.Frames) == 0 {
		t.Errorf("%s: call %d has no frames", name, said.Call)
	}
	for _, frame := range said.Frames {
		if frame.Sender == "client" {
			for call.sending.counter < frame.Index {
				call.sending.next(forms.FrameMessage)
			}
			sealed, err := call.Seal(frame.Type, frame.Payload)
			if err != nil || !bytes.Equal(sealed, frame.Message) {
				t.Errorf("%s: frame %d of call %d is %x: %v", name, frame.Index, said.Call, sealed, err)
			}
			continue
		}
		for call.receiving != nil && call.receiving.counter < frame.Index {
			call.receiving.next(forms.FrameMessage)
		}
		kind, payload, err := call.Open(frame.Message)
		if err != nil || kind != frame.Type || !bytes.Equal(payload, frame.Payload) {
			t.Errorf("%s: frame %d of call %d opens to %d, %x: %v", name, frame.Index, said.Call, kind, payload, err)
		}
	}
}

func TestBadCalls(t *testing.T) {
	cases := vectors.List[wireCase](t, "wire", "cases")
	for _, one := range vectors.List[struct {
		Why          string
		Case         int
		Call         uint64
		ClientRandom hex
		Good         int
		Messages     []hex
	}](t, "wire", "badCalls") {
		finished, err := begin(t, cases[one.Case].Inputs).Finish(cases[one.Case].ServerHello, time.Now())
		if err != nil {
			t.Fatal(err)
		}
		call := newCall(finished.Session, one.Call, one.ClientRandom)
		for i, message := range one.Messages {
			_, _, err := call.Open(message)
			if i < one.Good && err != nil || i >= one.Good && !errors.Is(err, fault.WireFrameInvalid) {
				t.Errorf("%s: frame %d: %v", one.Why, i, err)
			}
		}
	}
}

func TestSessionsEnd(t *testing.T) {
	one := vectors.List[wireCase](t, "wire", "cases")[0]
	start := time.Now()
	finished, err := begin(t, one.Inputs).Finish(one.ServerHello, start)
	if err != nil {
		t.Fatal(err)
	}
	session := finished.Session
	if !session.Usable(start) || session.Due(start) {
		t.Error("a new session is not usable")
	}
	if later := start.Add(50 * time.Minute); !session.Usable(later) || !session.Due(later) {
		t.Error("a session that was idle for 50 of 60 minutes is due, and usable")
	}
	if later := start.Add(time.Hour); session.Usable(later) {
		t.Error("a session that was idle for too long is usable")
	}
	session.End()
	if _, err := session.Open(start); !errors.Is(err, fault.WireSessionUnknown) {
		t.Errorf("a call was opened in a session that has ended: %v", err)
	}
}
