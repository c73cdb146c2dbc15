package atedb_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"atedb.example/go"
	"atedb.example/go/event"
	"atedb.example/go/fault"
	"atedb.example/go/internal/liveserver"
	"atedb.example/go/keys"
)

// within is a context that ends before the test's own time is over.
func within(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	t.Cleanup(cancel)
	return ctx
}

func connect(t *testing.T, address string, options ...atedb.Option) *atedb.Client {
	t.Helper()
	client, err := atedb.Connect(address, options...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = client.Close() })
	return client
}

func open(t *testing.T, client *atedb.Client, key string, options ...atedb.OpenOption) *atedb.Chain {
	t.Helper()
	chain, err := client.Open(within(t), key, options...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = chain.Close() })
	return chain
}

func newKey(t *testing.T) *keys.Pair {
	t.Helper()
	pair, err := keys.Generate()
	if err != nil {
		t.Fatal(err)
	}
	return pair
}

func text(data string) atedb.NewEvent { return atedb.NewEvent{Data: []byte(data)} }

func appendTo(t *testing.T, chain *atedb.Chain, events ...atedb.NewEvent) atedb.Committed {
	t.Helper()
	committed, err := chain.Append(within(t), events...)
	if err != nil {
		t.Fatal(err)
	}
	return committed
}

// data of all events of kind data in a range.
func data(t *testing.T, chain *atedb.Chain, options atedb.ReadOptions) []string {
	t.Helper()
	var all []string
	for is, err := range chain.Read(within(t), options) {
		if err != nil {
			t.Fatal(err)
		}
		if is.Kind == event.KindData {
			all = append(all, string(is.Data))
		}
	}
	return all
}

func same(t *testing.T, is []string, due ...string) {
	t.Helper()
	if strings.Join(is, "|") != strings.Join(due, "|") {
		t.Errorf("it is %q, not %q", is, due)
	}
}

// shared is a server for the tests that need none of their own, for each trust mode.
var shared = map[string]*liveserver.Server{}

func serverFor(t *testing.T, mode string) *liveserver.Server {
	t.Helper()
	if shared[mode] == nil {
		t.Fatal("no server was started")
	}
	return shared[mode]
}

// TestLive runs the tests that share servers, so that each mode's is started once.
func TestLive(t *testing.T) {
	if testing.Short() {
		t.Skip("it starts servers")
	}
	for _, mode := range []string{"centralized", "distributed"} {
		t.Run(mode, func(t *testing.T) {
			shared[mode] = liveserver.Start(t, "--trust", mode)
			gone := prepareGone(t, mode)
			for name, test := range map[string]func(*testing.T, string){
				"append and read": testAppend, "conditions": testConditions, "follow": testFollow, "strangers": testStrangers, "sealed data": testSealed,
				"private chains": testPrivate, "locks": testLocks, "many at once": testMany, "get": testGet, "delete": testDelete, "homes": testHomes,
				"from the middle": testMiddle, "lies": testLies,
			} {
				t.Run(name, func(t *testing.T) { test(t, mode) })
			}
			t.Run("data that is gone", gone)
		})
	}
}

func testAppend(t *testing.T, mode string) {
	server := serverFor(t, mode)
	client := connect(t, server.Address(), atedb.WithoutHome())
	key := newKey(t)
	chain := open(t, client, "example.com/me/append", atedb.ForAppend(), atedb.WithKey(key))
	if chain.Genesis() != nil {
		t.Error("there is a genesis already")
	}
	committed := appendTo(t, chain, text("one"), atedb.NewEvent{Data: []byte("two"), Type: "text", Name: "second"})
	if committed.FirstSequence != 1 || committed.LastSequence != 2 || committed.Commit != 1 {
		t.Errorf("they are at %+v", committed)
	}
	same(t, data(t, chain, atedb.ReadOptions{}), "one", "two")
	same(t, data(t, chain, atedb.ReadOptions{From: 2}), "two")
	same(t, data(t, chain, atedb.ReadOptions{Limit: 2}), "one")
	same(t, data(t, chain, atedb.ReadOptions{From: 1, End: 2}), "one")
	if chain.Genesis().TrustMode.String() != mode || chain.Head().Size != 2 || chain.Checkpoint() == nil {
		t.Errorf("it is %s, with the head %v", chain.Genesis().TrustMode, chain.Head())
	}
	for is, err := range chain.Read(within(t), atedb.ReadOptions{From: 1}) {
		if err != nil {
			t.Fatal(err)
		}
		if is.Writer != key.Public().Fingerprint() || is.Committed.IsZero() || (is.VouchedBy.String() == "server") != (mode == "centralized") {
			t.Errorf("%+v", is)
		}
	}
	head, err := chain.Verify(within(t))
	if err != nil || head.Size != 2 {
		t.Errorf("verified to %v: %v", head, err)
	}
	other := open(t, connect(t, server.Address(), atedb.WithoutHome()), "ate://"+server.Address()+"/example.com/me/append", atedb.WithChainID(chain.Genesis().ChainID))
	same(t, data(t, other, atedb.ReadOptions{}), "one", "two")
	_, err = client.Open(within(t), "example.com/me/append", atedb.WithChainID(event.Hash{1}))
	if !errors.Is(err, fault.ChainIDMismatch) {
		t.Error(err)
	}
	if _, err := client.Open(within(t), "example.com/me/nowhere"); !errors.Is(err, fault.ChainNotFound) {
		t.Error(err)
	}
	if _, err := chain.Append(within(t)); !errors.Is(err, fault.RequestInvalid) {
		t.Error(err)
	}
	if _, err := chain.Append(within(t), atedb.NewEvent{Data: make([]byte, 4<<20)}); !errors.Is(err, fault.DataTooLarge) {
		t.Error(err)
	}
	described, err := client.Describe(within(t), "example.com/me/append")
	if err != nil || described.NextSequence != 3 {
		t.Errorf("%v: %v", described, err)
	}
}

func testConditions(t *testing.T, mode string) {
	server := serverFor(t, mode)
	key := newKey(t)
	chain := open(t, connect(t, server.Address(), atedb.WithoutHome()), "team/conditions", atedb.ForAppend(), atedb.WithKey(key))
	object := event.KeyOfName("account")
	first := appendTo(t, chain, atedb.NewEvent{PrimaryKey: object, Data: []byte("0")})
	// Another writer with the same key.
	other := open(t, connect(t, server.Address(), atedb.WithoutHome()), "team/conditions", atedb.WithKey(key))
	appendTo(t, other, atedb.NewEvent{PrimaryKey: object, Data: []byte("1")})
	since := first.LastSequence + 1
	for name, conditions := range map[string]atedb.Conditions{
		"chain":  {UnchangedSince: &since},
		"object": {ObjectsUnchanged: []atedb.ObjectUnchanged{{PrimaryKey: object, Sequence: since}}},
		"lands":  {LandsBefore: 2},
	} {
		if _, err := chain.AppendIf(within(t), conditions, text("no")); !errors.Is(err, fault.PreconditionFailed) {
			t.Errorf("%s: %v", name, err)
		}
	}
	// What was pipelined behind one that is rejected is sealed anew, and is there once.
	refused, err := chain.Enqueue(within(t), atedb.Conditions{UnchangedSince: &since}, text("no"))
	if err != nil {
		t.Fatal(err)
	}
	var behind []*atedb.Pending
	for i := range 5 {
		pending, err := chain.Enqueue(within(t), atedb.Conditions{LandsBefore: 1000}, text(fmt.Sprint("behind ", i)))
		if err != nil {
			t.Fatal(err)
		}
		behind = append(behind, pending)
	}
	if _, err := refused.Wait(within(t)); !errors.Is(err, fault.PreconditionFailed) {
		t.Error(err)
	}
	for _, pending := range behind {
		if _, err := pending.Wait(within(t)); err != nil {
			t.Error(err)
		}
	}
	same(t, data(t, chain, atedb.ReadOptions{From: 3}), "behind 0", "behind 1", "behind 2", "behind 3", "behind 4")
}

func testFollow(t *testing.T, mode string) {
	server := serverFor(t, mode)
	chain := open(t, connect(t, server.Address(), atedb.WithoutHome()), "team/follow", atedb.ForAppend(), atedb.WithKey(newKey(t)))
	appendTo(t, chain, text("before"))
	reader := open(t, connect(t, server.Address(), atedb.WithoutHome()), "team/follow")
	caughtUp := make(chan atedb.HeadSignal, 1)
	seen := make(chan string, 16)
	ctx, stop := context.WithCancelCause(within(t))
	ended := make(chan error, 1)
	go func() {
		for is, err := range reader.Subscribe(ctx, atedb.SubscribeOptions{From: 1, OnCaughtUp: func(signal atedb.HeadSignal) { caughtUp <- signal }}) {
			if err != nil {
				ended <- err
				return
			}
			seen <- string(is.Data)
		}
	}()
	if signal := <-caughtUp; signal.NextSequence != 2 || signal.Size != 2 {
		t.Errorf("%+v", signal)
	}
	appendTo(t, chain, text("live"))
	same(t, []string{<-seen, <-seen}, "before", "live")
	enough := errors.New("that was all")
	stop(enough)
	if err := <-ended; !errors.Is(err, enough) {
		t.Error(err)
	}
	for is, err := range reader.Subscribe(within(t), atedb.SubscribeOptions{FromNow: true, OnCaughtUp: func(atedb.HeadSignal) {
		go func() { _, _ = chain.Append(context.Background(), text("now")) }()
	}}) {
		if err != nil || string(is.Data) != "now" {
			t.Errorf("%q: %v", is.Data, err)
		}
		break
	}
	for is, err := range reader.Subscribe(within(t), atedb.SubscribeOptions{FromTime: time.Now().Add(-time.Hour)}) {
		if err != nil || is.Kind != event.KindGenesis {
			t.Errorf("%s: %v", is.Kind, err)
		}
		break
	}
}

func testStrangers(t *testing.T, mode string) {
	server := serverFor(t, mode)
	owner, stranger := newKey(t), newKey(t)
	chain := open(t, connect(t, server.Address(), atedb.WithoutHome()), "team/strangers", atedb.ForAppend(), atedb.WithKey(owner))
	appendTo(t, chain, text("mine"))
	other := open(t, connect(t, server.Address(), atedb.WithoutHome()), "team/strangers", atedb.WithKey(stranger))
	if _, err := other.Append(within(t), text("mine now")); !errors.Is(err, fault.KeyNotAllowed) {
		t.Error(err)
	}
	// Its owner lets it write one object.
	object := event.KeyOfName("shared")
	appendTo(t, chain, atedb.NewEvent{PrimaryKey: object, Data: []byte("ours"), PublicKeys: []*keys.Public{stranger.Public()},
		Rules: &event.Authorisation{Write: &event.Rule{Kind: event.AnyOf, Keys: event.SortFingerprints([]keys.Fingerprint{owner.Public().Fingerprint(), stranger.Public().Fingerprint()})}}})
	appendTo(t, other, atedb.NewEvent{PrimaryKey: object, Data: []byte("changed")})
	if _, err := other.Append(within(t), text("elsewhere")); !errors.Is(err, fault.KeyNotAllowed) {
		t.Error(err)
	}
	// Both sign one batch.
	if _, err := other.AppendIf(within(t), atedb.Conditions{CoSigners: []*keys.Pair{owner}}, text("together")); err != nil {
		t.Error(err)
	}
	appendTo(t, chain, atedb.NewEvent{Kind: event.KindKeyChange, KeyChange: &event.KeyChange{Fingerprint: stranger.Public().Fingerprint()}})
	if _, err := other.Append(within(t), atedb.NewEvent{PrimaryKey: object, Data: []byte("no more")}); !errors.Is(err, fault.KeyRevoked) {
		t.Error(err)
	}
	reader := open(t, connect(t, server.Address(), atedb.WithoutHome()), "team/strangers", atedb.CheckRules(true))
	same(t, data(t, reader, atedb.ReadOptions{}), "mine", "ours", "changed", "together")
}

func testSealed(t *testing.T, mode string) {
	server := serverFor(t, mode)
	alice, bob, carol := newKey(t), newKey(t), newKey(t)
	chain := open(t, connect(t, server.Address(), atedb.WithoutHome()), "team/sealed", atedb.ForAppend(), atedb.Confidential(), atedb.WithKey(alice), atedb.Padded())
	if _, err := chain.Append(within(t), text("too early")); !errors.Is(err, fault.ReadRuleMismatch) {
		t.Error(err)
	}
	if _, err := chain.SetReaders(within(t), atedb.Object{}, bob.Public()); err != nil {
		t.Fatal(err)
	}
	appendTo(t, chain, text("the plan"), atedb.NewEvent{Name: "open", Data: []byte("for all"), Rules: &event.Authorisation{Read: &event.ReadRule{Kind: event.Everyone}}})
	bobs := open(t, connect(t, server.Address(), atedb.WithoutHome()), "team/sealed", atedb.WithKey(bob))
	same(t, data(t, bobs, atedb.ReadOptions{}), "the plan", "for all")
	carols := open(t, connect(t, server.Address(), atedb.WithoutHome()), "team/sealed", atedb.WithKey(carol))
	for is, err := range carols.Read(within(t), atedb.ReadOptions{From: 2, Limit: 1}) {
		if err != nil || is.Seal != atedb.NoKey || len(is.Data) > 0 || len(is.Holders) != 2 {
			t.Errorf("%+v: %v", is, err)
		}
	}
	if _, err := chain.AddReaders(within(t), atedb.Object{}, carol.Public()); err != nil {
		t.Fatal(err)
	}
	same(t, data(t, carols, atedb.ReadOptions{From: 2}), "the plan", "for all")
	if _, err := chain.RemoveReaders(within(t), atedb.Object{}, bob.Public().Fingerprint()); err != nil {
		t.Fatal(err)
	}
	appendTo(t, chain, text("without Bob"))
	same(t, data(t, bobs, atedb.ReadOptions{}), "the plan", "for all", "")
	same(t, data(t, carols, atedb.ReadOptions{}), "the plan", "for all", "without Bob")
	// Another writer, who has not read it: the child of an object that is sealed for others.
	mallory := open(t, connect(t, server.Address(), atedb.WithoutHome()), "team/sealed", atedb.WithKey(alice))
	appendTo(t, mallory, text("sealed anew"))
	same(t, data(t, carols, atedb.ReadOptions{}), "the plan", "for all", "without Bob", "sealed anew")
	// More than the header of an event has room for.
	many := []*keys.Public{carol.Public()}
	for range 17 {
		many = append(many, newKey(t).Public())
	}
	if _, err := chain.SetReaders(within(t), atedb.Object{}, many...); err != nil {
		t.Fatal(err)
	}
	if _, err := connect(t, server.Address(), atedb.WithoutHome()).Open(within(t), "example.com/me/plain", atedb.Confidential()); !errors.Is(err, fault.ChainNotFound) {
		t.Error(err)
	}
}
