package atedb_test

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"atedb.example/go"
	"atedb.example/go/event"
	"atedb.example/go/fault"
	"atedb.example/go/internal/liveserver"
	"atedb.example/go/internal/strict"
)

var largeText = strings.Repeat("large ", 100)

// TestLeft has data that isn't sent, for reasons that are true or not, lists of children, and streams that are cut.
func TestLeft(t *testing.T) {
	if testing.Short() {
		t.Skip("it starts a server")
	}
	server := liveserver.Start(t, "--no-wire-encryption")
	key := newKey(t)
	writer := connect(t, server.Address(), atedb.WithoutHome())
	// 1: a rule, by which all but the newest two may go. 2 to 5: data.
	kept := open(t, writer, "example.com/left/kept", atedb.ForAppend(), atedb.WithKey(key))
	appendTo(t, kept, atedb.NewEvent{Kind: event.KindRules, Rules: &event.Authorisation{Retain: &event.Retention{Count: 2}}})
	for _, one := range [][2]string{{"a", "first"}, {"b", largeText}, {"c", "third"}, {"d", largeText}} {
		appendTo(t, kept, atedb.NewEvent{Name: one[0], Data: []byte(one[1])})
	}
	t.Run("expired", func(t *testing.T) { testExpired(t, server) })
	t.Run("loaded", func(t *testing.T) { testLoaded(t, server) })
	t.Run("children", func(t *testing.T) {
		testChildren(t, server, open(t, writer, "example.com/left/family", atedb.ForAppend(), atedb.WithKey(key)))
	})
	t.Run("cut", func(t *testing.T) {
		testCut(t, server, open(t, writer, "example.com/left/many", atedb.ForAppend(), atedb.WithKey(key)))
	})
}

func readerOf(t *testing.T, server *liveserver.Server, name string, change func(string, []byte) []byte, options ...atedb.OpenOption) *atedb.Chain {
	t.Helper()
	return open(t, connect(t, liar(t, server.Address(), change), atedb.WithoutHome(), atedb.WithEncryption(atedb.Plain)), name, options...)
}

// states of the data of all events that come, and what the iteration ends with. A subscription ends where all was sent.
func states(t *testing.T, chain *atedb.Chain, options atedb.ReadOptions, follows bool) (found []event.DataState, failed error) {
	ctx, cancel := context.WithCancel(within(t))
	defer cancel()
	all := chain.Read(ctx, options)
	if follows {
		all = chain.Subscribe(ctx, atedb.SubscribeOptions{From: options.From, DataUpTo: options.DataUpTo, Reconnect: time.Nanosecond, OnCaughtUp: func(atedb.HeadSignal) { cancel() }})
	}
	for is, err := range all {
		if err == nil {
			found = append(found, is.DataState)
		} else if !errors.Is(err, context.Canceled) {
			failed = err
		}
	}
	return found, failed
}

func testExpired(t *testing.T, server *liveserver.Server) {
	due := []event.DataState{0, 0, event.Expired, event.Expired, 0, 0}
	for _, checks := range []bool{true, false} {
		honest := readerOf(t, server, "example.com/left/kept", losing(map[uint64]uint64{2: hasExpired, 3: hasExpired}), atedb.CheckRules(checks))
		wrong := readerOf(t, server, "example.com/left/kept", losing(map[uint64]uint64{4: hasExpired}), atedb.CheckRules(checks))
		for _, follows := range []bool{true, false} {
			// Also by who begins behind the rule, and takes the server's word for it else.
			for _, from := range []uint64{0, 3} {
				found, err := states(t, honest, atedb.ReadOptions{From: from}, follows)
				if err != nil || !slices.Equal(found, due[from:]) {
					t.Errorf("%v: %v", found, err)
				}
				if _, err := states(t, wrong, atedb.ReadOptions{From: from}, follows); !errors.Is(err, fault.VerificationFailed) || fault.Of(err).Metadata["sequence"] != "4" {
					t.Errorf("what no rule has let go, from %d, follows %v: %v", from, follows, err)
				}
			}
		}
		if _, err := honest.Verify(within(t)); err != nil {
			t.Error(err)
		}
		if is, err := honest.GetAt(within(t), 3); err != nil || is.DataState != event.Expired {
			t.Errorf("%+v: %v", is, err)
		}
		if _, err := wrong.GetAt(within(t), 4); !errors.Is(err, fault.VerificationFailed) {
			t.Error(err)
		}
	}
}

func testLoaded(t *testing.T, server *liveserver.Server) {
	// change what is loaded; nil: nothing is changed.
	var change atomic.Pointer[func([]byte) []byte]
	chain := readerOf(t, server, "example.com/left/kept", func(method string, message []byte) []byte {
		if change := change.Load(); change != nil && method == "LoadData" {
			return (*change)(message)
		}
		return message
	})
	upTo := uint64(10)
	due := []event.DataState{0, 0, 0, event.Omitted, 0, event.Omitted}
	for _, follows := range []bool{true, false} {
		if found, err := states(t, chain, atedb.ReadOptions{DataUpTo: &upTo}, follows); err != nil || !slices.Equal(found, due) {
			t.Errorf("%v: %v", found, err)
		}
	}
	var trimmed []atedb.Event
	for is, err := range chain.Read(within(t), atedb.ReadOptions{DataUpTo: &upTo}) {
		if err != nil {
			t.Fatal(err)
		}
		trimmed = append(trimmed, is)
	}
	load := func() (texts []string, failed error) {
		for is, err := range chain.Load(within(t), trimmed) {
			if texts, failed = append(texts, string(is.Data)), err; err != nil {
				break
			}
		}
		return texts, failed
	}
	if texts, err := load(); err != nil || !slices.Equal(texts, []string{"", "", "first", largeText, "third", largeText}) {
		t.Errorf("%v: %v", texts, err)
	}
	gone := func(state event.DataState) func([]byte) []byte {
		return func(message []byte) []byte {
			cursor := strict.NewCursor(message)
			cursor.Next()
			return new(strict.Writer).Bytes(1, cursor.Bytes()).Varint(4, uint64(state)).Finish()
		}
	}
	for what, lie := range map[string]func([]byte) []byte{
		"other data":              func(message []byte) []byte { return bytes.Replace(message, []byte("large"), []byte("other"), 1) },
		"dropped, and the newest": gone(event.Dropped), "left out once more": gone(event.Omitted), "expired, and among the newest": gone(event.Expired),
	} {
		change.Store(&lie)
		if _, err := load(); !errors.Is(err, fault.VerificationFailed) {
			t.Errorf("%s: %v", what, err)
		}
	}
	// Who has asked for something else, or for nothing, doesn't take it.
	wrong := readerOf(t, server, "example.com/left/kept", losing(map[uint64]uint64{3: isLeftOut}))
	more := uint64(600)
	for _, one := range []*uint64{nil, &more} {
		if _, err := states(t, wrong, atedb.ReadOptions{DataUpTo: one}, false); !errors.Is(err, fault.VerificationFailed) {
			t.Error(err)
		}
	}
}

func testChildren(t *testing.T, server *liveserver.Server, family *atedb.Chain) {
	diary, pages := event.KeyOfName("diary"), event.KeyOfName("pages")
	id := func(b byte) []byte { return bytes.Repeat([]byte{b}, 16) }
	appendTo(t, family, atedb.NewEvent{Name: "diary", Data: []byte("diary")})
	appendTo(t, family, atedb.NewEvent{Parent: diary, Collection: pages, PrimaryKey: id(2), Data: []byte("page")}, atedb.NewEvent{Parent: diary, PrimaryKey: id(3), Data: []byte(largeText)})
	appendTo(t, family, atedb.NewEvent{PrimaryKey: id(1), Data: []byte("moved")})
	appendTo(t, family, atedb.NewEvent{Kind: event.KindRules, PrimaryKey: id(1), Parent: diary, Moves: true})
	var isLying atomic.Bool
	reader := readerOf(t, server, "example.com/left/family", func(method string, message []byte) []byte {
		if isLying.Load() && method == "ListChildren" {
			message = bytes.Clone(message)
			// In the root of its head.
			message[20] ^= 1
		}
		return message
	}, atedb.CheckRules(true))
	list := func(of atedb.ChildrenOf) (found []atedb.Child, failed error) {
		for child, err := range reader.Children(within(t), of) {
			if err != nil {
				return found, err
			}
			found = append(found, child)
		}
		return found, nil
	}
	all, err := list(atedb.ChildrenOf{Parent: diary})
	if err != nil || len(all) != 3 || all[0].Sequence != 4 || all[0].MovedBy != 5 || all[1].Sequence != 3 || all[2].Sequence != 2 || string(all[1].Data) != largeText || !bytes.Equal(all[0].Where.Parent, diary) {
		t.Fatalf("%+v: %v", all, err)
	}
	if after, err := list(atedb.ChildrenOf{Parent: diary, After: all[0].Name(), Limit: 1}); err != nil || len(after) != 1 || after[0].Sequence != 3 {
		t.Errorf("%+v: %v", after, err)
	}
	if some, err := list(atedb.ChildrenOf{Parent: diary, Collection: pages}); err != nil || len(some) != 1 || some[0].Sequence != 2 {
		t.Errorf("%+v: %v", some, err)
	}
	if none, err := list(atedb.ChildrenOf{Parent: id(9)}); err != nil || len(none) > 0 {
		t.Errorf("%+v: %v", none, err)
	}
	for _, wrong := range []atedb.ChildrenOf{{}, {Parent: []byte("short")}, {Parent: diary, After: &atedb.ChildName{}}} {
		if _, err := list(wrong); !errors.Is(err, fault.RequestInvalid) {
			t.Errorf("%+v: %v", wrong, err)
		}
	}
	isLying.Store(true)
	if _, err := list(atedb.ChildrenOf{Parent: diary}); !errors.Is(err, fault.HeadConflict) {
		t.Errorf("in another tree: %v", err)
	}
}

// testCut: the server is lost while something is asked for that a slice takes to be verified, or to be handed on.
func testCut(t *testing.T, server *liveserver.Server, many *atedb.Chain) {
	appendTo(t, many, atedb.NewEvent{Kind: event.KindRules, Rules: &event.Authorisation{Write: &event.Rule{Kind: event.Everyone}}})
	appendTo(t, many, text("2"))
	theirs := open(t, connect(t, server.Address(), atedb.WithoutHome()), "example.com/left/many", atedb.ForAppend(), atedb.WithKey(newKey(t)))
	// So large that history comes in several slices.
	for _, one := range []string{"3", "4", "5"} {
		appendTo(t, theirs, text(strings.Repeat(one, 900_000)))
	}
	appendTo(t, many, text("6"))
	for _, one := range []struct {
		what, method string
		// cuts are how many calls of the method are cut.
		cuts    int32
		options []atedb.OpenOption
		reads   bool
	}{
		{"keys that are asked for", "GetKeys", 2, []atedb.OpenOption{atedb.CheckRules(false)}, false},
		{"a proof that it is of the history that was verified", "GetProof", 4, []atedb.OpenOption{atedb.CheckRules(true)}, true},
	} {
		t.Run(one.what, func(t *testing.T) {
			var isCutting atomic.Bool
			var calls, lost atomic.Int32
			reader := readerOf(t, server, "example.com/left/many", func(method string, message []byte) []byte {
				if isCutting.Load() && method == one.method && calls.Add(1) <= one.cuts {
					return nil
				}
				return message
			}, one.options...)
			if one.reads {
				if _, err := reader.Verify(within(t)); err != nil {
					t.Fatal(err)
				}
			}
			isCutting.Store(true)
			var texts []string
			for is, err := range reader.Subscribe(within(t), atedb.SubscribeOptions{From: 2, OnReconnecting: func(error, time.Duration) { lost.Add(1) }}) {
				if err != nil {
					t.Fatal(err)
				}
				if texts = append(texts, string(is.Data[:1])); is.Sequence == 6 {
					break
				}
			}
			same(t, texts, "2", "3", "4", "5", "6")
			if lost.Load() == 0 {
				t.Errorf("nothing was cut, of %d calls", calls.Load())
			}
		})
	}
	t.Run("a read key that is looked for", func(t *testing.T) { testCutWhileOpening(t, server) })
}

// testCutWhileOpening: what hands the read key out has to be read first, and the server is lost meanwhile.
func testCutWhileOpening(t *testing.T, server *liveserver.Server) {
	owner, friend := newKey(t), newKey(t)
	sealed := open(t, connect(t, server.Address(), atedb.WithoutHome()), "example.com/left/sealed", atedb.ForAppend(), atedb.WithKey(owner))
	appendTo(t, sealed, text("1"))
	if _, err := sealed.SetReaders(within(t), atedb.Object{}, friend.Public()); err != nil {
		t.Fatal(err)
	}
	appendTo(t, sealed, text("3"), text("4"))
	appendTo(t, sealed, text("5"))
	var isCutting atomic.Bool
	var calls atomic.Int32
	reader := readerOf(t, server, "example.com/left/sealed", func(method string, message []byte) []byte {
		if isCutting.Load() && method == "ReadEvents" && calls.Add(1) <= 2 {
			return nil
		}
		return message
	}, atedb.WithKey(friend), atedb.CheckRules(false))
	isCutting.Store(true)
	var texts []string
	for is, err := range reader.Subscribe(within(t), atedb.SubscribeOptions{From: 3}) {
		if err != nil {
			t.Fatal(err)
		}
		if texts = append(texts, string(is.Data)); is.Sequence == 5 {
			break
		}
	}
	same(t, texts, "3", "4", "5")
	if calls.Load() < 3 {
		t.Errorf("nothing was cut, of %d calls", calls.Load())
	}
}
