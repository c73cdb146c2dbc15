package atedb_test

import (
	"errors"
	"maps"
	"reflect"
	"strings"
	"testing"

	"atedb.example/go"
	"atedb.example/go/event"
	"atedb.example/go/fault"
	"atedb.example/go/internal/liveserver"
)

const (
	aheadDays = 8
	stateKey  = "example.com/gone/state"
)

// forget has a week pass, and lets go what no longer matters.
func forget(t *testing.T, server *liveserver.Server, home string) {
	t.Helper()
	server.Stop()
	server.StartAhead(aheadDays)
	for _, command := range []string{"snapshot", "compact"} {
		output, err := liveserver.CommandAhead(t, aheadDays, home, command, "ate://"+server.Address()+"/"+stateKey)
		if err != nil {
			t.Fatalf("%v: %s", err, output)
		}
	}
}

// readAll of a range.
func readAll(t *testing.T, chain *atedb.Chain, options atedb.ReadOptions) []atedb.Event {
	t.Helper()
	var all []atedb.Event
	for is, err := range chain.Read(within(t), options) {
		if err != nil {
			t.Fatal(err)
		}
		// The whole batch that it came in has other events by and by.
		is.Batch = nil
		all = append(all, is)
	}
	return all
}

// stateOf is the newest data of each object.
func stateOf(all []atedb.Event) map[string]string {
	state := map[string]string{}
	for _, is := range all {
		switch is.Kind {
		case event.KindData:
			state[string(is.PrimaryKey)] = string(is.Data)
		case event.KindTombstone:
			delete(state, string(is.PrimaryKey))
		}
	}
	return state
}

// without the events whose sequences are gone.
func without(all []atedb.Event, gone map[uint64]bool) []atedb.Event {
	var left []atedb.Event
	for _, is := range all {
		if !gone[is.Sequence] {
			left = append(left, is)
		}
	}
	return left
}

func from(all []atedb.Event, sequence uint64) []atedb.Event {
	for i, is := range all {
		if is.Sequence >= sequence {
			return all[i:]
		}
	}
	return nil
}

func TestWholeEventsAreGone(t *testing.T) {
	if testing.Short() {
		t.Skip("it starts servers")
	}
	for _, mode := range []string{"centralized", "distributed"} {
		t.Run(mode, func(t *testing.T) {
			testWholeEventsAreGone(t, liveserver.Start(t, "--trust", mode, "--no-wire-encryption"))
		})
	}
}

func testWholeEventsAreGone(t *testing.T, server *liveserver.Server) {
	home := t.TempDir()
	writer := open(t, connect(t, server.Address(), atedb.WithHome(home)), stateKey, atedb.ForAppend())
	for number := range 12 {
		for _, name := range []string{"a", "b", "c"} {
			appendTo(t, writer, atedb.NewEvent{Name: name, Data: []byte(strings.Repeat(name, number+1))})
		}
	}
	appendTo(t, writer, atedb.NewEvent{Name: "removed", Data: []byte("x")})
	appendTo(t, writer, atedb.NewEvent{Kind: event.KindTombstone, Name: "removed"})
	appendTo(t, writer, atedb.NewEvent{Name: "child", Parent: event.KeyOfName("a"), Data: []byte("a child")})

	reader := open(t, connect(t, server.Address(), atedb.WithoutHome()), stateKey, atedb.CheckRules(true))
	before := readAll(t, reader, atedb.ReadOptions{})
	// Read up to what is in the middle of what goes, by the rules.
	if part := readAll(t, reader, atedb.ReadOptions{End: 20}); len(part) != 20 {
		t.Fatalf("it has %d", len(part))
	}
	forget(t, server, home)
	// From where the rules were verified to, which is within what is gone.
	rest := readAll(t, reader, atedb.ReadOptions{From: 20})
	left := readAll(t, reader, atedb.ReadOptions{})
	if !reflect.DeepEqual(rest, from(left, 20)) {
		t.Errorf("from where it was it has %d events", len(rest))
	}
	gone := map[uint64]bool{}
	for _, is := range before {
		gone[is.Sequence] = true
	}
	for _, is := range left {
		delete(gone, is.Sequence)
	}
	snapshot := left[len(left)-1]
	if len(gone) < 30 || snapshot.Kind != event.KindSnapshot || !reflect.DeepEqual(without(before, gone), left[:len(left)-1]) {
		t.Fatalf("%d are gone, and the last is %+v", len(gone), snapshot)
	}

	another := open(t, connect(t, server.Address(), atedb.WithoutHome()), stateKey, atedb.CheckRules(true))
	if head, err := another.Verify(within(t)); err != nil || head.Size != snapshot.Commit+1 {
		t.Fatalf("%+v: %v", head, err)
	}
	if !maps.Equal(stateOf(readAll(t, another, atedb.ReadOptions{})), stateOf(before)) {
		t.Error("it has another state")
	}
	var followed []atedb.Event
	for is, err := range another.Subscribe(within(t), atedb.SubscribeOptions{}) {
		if err != nil {
			t.Fatal(err)
		}
		is.Batch = nil
		if followed = append(followed, is); is.Kind == event.KindSnapshot {
			break
		}
	}
	if !reflect.DeepEqual(followed, left) {
		t.Errorf("it streams %d events", len(followed))
	}
	for _, is := range before {
		found, err := another.GetAt(within(t), is.Sequence)
		if gone[is.Sequence] != errors.Is(err, fault.EventGone) || err == nil && string(found.Data) != string(is.Data) {
			t.Errorf("%d: %v", is.Sequence, err)
		}
	}
	if is, err := another.Get(within(t), event.KeyOfName("removed")); is != nil || err != nil {
		t.Errorf("%+v: %v", is, err)
	}
	testInParts(t, server, left)
	appendTo(t, writer, atedb.NewEvent{Name: "a", Data: []byte("young")})
	if state := stateOf(readAll(t, another, atedb.ReadOptions{})); state[string(event.KeyOfName("a"))] != "young" {
		t.Error("what was appended isn't there")
	}
}

// testInParts reads from anywhere, in parts, with and without the rules.
func testInParts(t *testing.T, server *liveserver.Server, left []atedb.Event) {
	t.Helper()
	for _, checks := range []bool{false, true} {
		chain := open(t, connect(t, server.Address(), atedb.WithoutHome()), stateKey, atedb.CheckRules(checks))
		var parts []atedb.Event
		told := 0
		for begin := uint64(0); begin < 42; begin += 7 {
			options := atedb.ReadOptions{From: begin, End: begin + 7, OnUnchecked: func(is atedb.Unchecked) { told += is.Count }}
			parts = append(parts, readAll(t, chain, options)...)
		}
		if !reflect.DeepEqual(parts, left) || told == 0 {
			t.Errorf("in parts, rules %v: it has %d events, not %d, and tells of %d", checks, len(parts), len(left), told)
		}
		for begin := uint64(1); begin < 42; begin += 8 {
			if rest := readAll(t, chain, atedb.ReadOptions{From: begin}); !reflect.DeepEqual(rest, from(left, begin)) {
				t.Errorf("from %d, rules %v: it has %d events", begin, checks, len(rest))
			}
		}
	}
}

// What would show that something was removed may be gone, too: so it isn't gone on from there.
func TestWhoHasReadWhatGoesIsTold(t *testing.T) {
	if testing.Short() {
		t.Skip("it starts a server")
	}
	server := liveserver.Start(t)
	home := t.TempDir()
	chain := open(t, connect(t, server.Address(), atedb.WithHome(home)), stateKey, atedb.ForAppend())
	for range 120 {
		appendTo(t, chain, atedb.NewEvent{Name: "object", Data: []byte(strings.Repeat("large", 20_000))})
	}
	count := 0
	var failed error
	for _, err := range chain.Subscribe(within(t), atedb.SubscribeOptions{}) {
		if failed = err; err != nil {
			break
		}
		if count++; count == 3 {
			forget(t, server, home)
		}
	}
	if !errors.Is(failed, fault.HistoryCompacted) {
		t.Errorf("after %d events: %v", count, failed)
	}
	// Begun anew, there is what is left.
	if left := readAll(t, chain, atedb.ReadOptions{}); len(left) != 3 {
		t.Errorf("it has %d events", len(left))
	}
}

// Who was away since before a snapshot goes on, but for what was made by what it knew.
func TestWhoWasAwayGoesOn(t *testing.T) {
	if testing.Short() {
		t.Skip("it starts a server")
	}
	server := liveserver.Start(t)
	server.Stop()
	server.StartWaiting(aheadDays)
	home := t.TempDir()
	away := open(t, connect(t, server.Address(), atedb.WithHome(home)), stateKey, atedb.ForAppend())
	appendTo(t, away, atedb.NewEvent{Name: "object", Data: []byte("before")})
	other := open(t, connect(t, server.Address(), atedb.WithHome(home)), stateKey, atedb.ForAppend())
	for range 5 {
		appendTo(t, other, atedb.NewEvent{Name: "object", Data: []byte("meanwhile")})
	}
	server.GoAhead()
	output, err := liveserver.CommandAhead(t, aheadDays, home, "snapshot", "ate://"+server.Address()+"/"+stateKey)
	if err != nil {
		t.Fatalf("%v: %s", err, output)
	}
	unchanged := uint64(2)
	if _, err := away.AppendIf(within(t), atedb.Conditions{UnchangedSince: &unchanged}, text("on a condition")); !errors.Is(err, fault.Stale) {
		t.Errorf("on a condition: %v", err)
	}
	appendTo(t, away, text("later"))
	same(t, data(t, away, atedb.ReadOptions{From: 8}), "later")
}
