package wire

import (
	"bytes"
	"errors"
	"testing"
	"time"

	"atedb.example/go/internal/hostile"
	"atedb.example/go/internal/vectors"
)

var errTaken = errors.New("it was changed, and is taken")

func hellos(t testing.TB) hostile.Subject {
	cases := vectors.List[wireCase](t, "wire", "cases")
	var good [][]byte
	for _, one := range cases {
		good = append(good, one.ServerHello)
	}
	return hostile.Subject{Good: good, Use: func(which int, data []byte) error {
		if _, err := begin(t, cases[which].Inputs).Finish(data, time.Now()); err != nil {
			return err
		}
		if !bytes.Equal(data, cases[which].ServerHello) {
			return errTaken
		}
		return nil
	}}
}

func TestHostileHandshakes(t *testing.T) { hellos(t).Test(t) }
func FuzzHandshakes(f *testing.F)        { hellos(f).Fuzz(f) }

func frames(t testing.TB) hostile.Subject {
	type place struct {
		session *Session
		call    callCase
		before  []vectors.Hex
	}
	var places []place
	var good [][]byte
	for _, one := range vectors.List[wireCase](t, "wire", "cases") {
		finished, err := begin(t, one.Inputs).Finish(one.ServerHello, time.Now())
		if err != nil {
			t.Fatal(err)
		}
		for _, call := range one.Calls {
			var before []vectors.Hex
			for _, frame := range call.Frames {
				if frame.Sender == "server" && frame.Index == uint64(len(before)) {
					places, good = append(places, place{finished.Session, call, before}), append(good, frame.Message)
					before = append(before[:len(before):len(before)], frame.Message)
				}
			}
		}
	}
	return hostile.Subject{Good: good, Use: func(which int, data []byte) error {
		of := places[which]
		call := newCall(of.session, of.call.Call, of.call.ClientRandom)
		for _, message := range of.before {
			if _, _, err := call.Open(message); err != nil {
				t.Fatal(err)
			}
		}
		if _, _, err := call.Open(bytes.Clone(data)); err != nil {
			return err
		}
		if !bytes.Equal(data, good[which]) {
			return errTaken
		}
		return nil
	}}
}

func TestHostileFrames(t *testing.T) { frames(t).Test(t) }
func FuzzFrames(f *testing.F)        { frames(f).Fuzz(f) }
