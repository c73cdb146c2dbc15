package trust

import (
	"encoding/binary"
	"errors"
	"testing"

	"atedb.example/go/event"
	"atedb.example/go/fault"
	"atedb.example/go/internal/limits"
	"atedb.example/go/keys"
)

// TestRoom: a chain knows so many delegations, of which those that have expired or were ended make room, and that can be taken back.
func TestRoom(t *testing.T) {
	pair, err := keys.Generate()
	if err != nil {
		t.Fatal(err)
	}
	name := func(number int) (made keys.Fingerprint) {
		binary.BigEndian.PutUint32(made[:], uint32(number))
		return made
	}
	const taken, root, flooder = 1 << 20, 1<<20 + 1, 1<<20 + 2
	full := newDelegations()
	for number := range limits.ChainDelegations {
		one := &known{subject: name(number), issuer: name(flooder), write: true, expires: 200}
		if number < 7 {
			one.subject, one.issuer = name(taken), name(root)
		}
		if number < 10 && number >= 7 {
			one.expires = 150
		}
		binary.BigEndian.PutUint32(one.serial[:], uint32(number))
		full.of[one.subject] = append(full.of[one.subject], one)
		full.count++
	}
	fresh := []*event.Delegation{{DelegationClaim: event.DelegationClaim{Issuer: name(root), Subject: pair.Public(), MayWrite: true, ExpiresUnixMs: 300, Serial: make([]byte, 16)}}}
	for _, one := range []struct {
		what  string
		time  int64
		ended int
		left  int
	}{
		{"nothing", 100, 0, 0},
		{"what has expired", 150, 0, limits.ChainDelegations - 2},
		{"what was given to a key that was ended", 100, taken, limits.ChainDelegations - 6},
		{"what a key has given that was ended", 100, flooder, 8},
	} {
		tested, ring := full.clone(), newRing(&event.Genesis{})
		if one.ended != 0 {
			ring.change(name(one.ended), nil, new(undo))
		}
		var u undo
		err := tested.learn(fresh, one.time, ring, &u)
		if one.left == 0 {
			if !errors.Is(err, fault.TooManyDelegations) {
				t.Errorf("%s makes room: %v", one.what, err)
			}
			continue
		}
		if err != nil || tested.count != one.left {
			t.Errorf("%s: %d are left: %v", one.what, tested.count, err)
		}
		u.takeBack()
		if tested.count != full.count || len(tested.of) != len(full.of) || len(tested.of[name(taken)]) != 7 {
			t.Errorf("%s: it can't be taken back", one.what)
		}
	}
}
