package atedb_test

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"atedb.example/go"
	"atedb.example/go/event"
	"atedb.example/go/fault"
	"atedb.example/go/internal/liveserver"
)

func testPrivate(t *testing.T, mode string) {
	server := serverFor(t, mode)
	owner, bob := newKey(t), newKey(t)
	chain := open(t, connect(t, server.Address(), atedb.WithoutHome()), "team/private", atedb.ForAppend(), atedb.Private(), atedb.WithKey(owner))
	appendTo(t, chain, text("for those who are let in"))
	client := connect(t, server.Address(), atedb.WithoutHome())
	if _, err := client.Open(within(t), "team/private", atedb.WithKey(bob)); !errors.Is(err, fault.KeyNotAllowed) {
		t.Error(err)
	}
	if _, err := client.Open(within(t), "team/private"); !errors.Is(err, fault.ChainPrivate) {
		t.Error(err)
	}
	if _, err := chain.AddReaders(within(t), atedb.Object{}, bob.Public()); err != nil {
		t.Fatal(err)
	}
	bobs := open(t, client, "team/private", atedb.WithKey(bob))
	same(t, data(t, bobs, atedb.ReadOptions{}), "for those who are let in")
	if _, err := chain.RemoveReaders(within(t), atedb.Object{}, bob.Public().Fingerprint()); err != nil {
		t.Fatal(err)
	}
	for _, err := range bobs.Read(within(t), atedb.ReadOptions{}) {
		if !errors.Is(err, fault.KeyNotAllowed) {
			t.Error(err)
		}
	}
}

func testLocks(t *testing.T, mode string) {
	server := serverFor(t, mode)
	key := newKey(t)
	chain := open(t, connect(t, server.Address(), atedb.WithoutHome()), "team/locks", atedb.ForAppend(), atedb.WithKey(key))
	appendTo(t, chain, text("begun"))
	object := atedb.Object{Name: "nightly"}
	first, err := chain.Lock(within(t), object, atedb.LockOptions{})
	if err != nil {
		t.Fatal(err)
	}
	other := open(t, connect(t, server.Address(), atedb.WithoutHome()), "team/locks", atedb.WithKey(key))
	if _, err := other.Lock(within(t), object, atedb.LockOptions{NoWait: true}); !errors.Is(err, fault.LockHeld) {
		t.Error(err)
	}
	if _, err := chain.AppendIf(within(t), atedb.Conditions{Lease: first}, text("held")); err != nil {
		t.Error(err)
	}
	waiting := make(chan *atedb.Lease, 1)
	go func() {
		lease, err := other.Lock(within(t), object, atedb.LockOptions{TTL: time.Second})
		if err != nil {
			t.Error(err)
		}
		waiting <- lease
	}()
	if err := first.Release(within(t)); err != nil {
		t.Error(err)
	}
	second := <-waiting
	if second == nil {
		t.Fatal("it was not had")
	}
	if second.Token() <= first.Token() || second.Err() != nil || first.Err() == nil {
		t.Errorf("tokens %d and %d: %v, %v", first.Token(), second.Token(), second.Err(), first.Err())
	}
	if _, err := chain.AppendIf(within(t), atedb.Conditions{Lease: first}, text("late")); !errors.Is(err, fault.LeaseLost) {
		t.Error(err)
	}
	// It outlives its time to live, since its holder says that it is alive.
	time.Sleep(1500 * time.Millisecond)
	if err := second.Err(); err != nil {
		t.Error(err)
	}
	if err := second.Release(within(t)); err != nil {
		t.Error(err)
	}
	stranger := open(t, connect(t, server.Address(), atedb.WithoutHome()), "team/locks", atedb.WithKey(newKey(t)))
	if _, err := stranger.Lock(within(t), object, atedb.LockOptions{}); !errors.Is(err, fault.KeyNotAllowed) {
		t.Error(err)
	}
}

func testMany(t *testing.T, mode string) {
	server := serverFor(t, mode)
	chain := open(t, connect(t, server.Address(), atedb.WithoutHome()), "team/many", atedb.ForAppend(), atedb.WithKey(newKey(t)))
	const each, writers = 100, 8
	var done sync.WaitGroup
	for w := range writers {
		done.Go(func() {
			for i := range each {
				if _, err := chain.Append(within(t), text(fmt.Sprint(w, "-", i))); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	done.Wait()
	seen := map[string]int{}
	for _, one := range data(t, chain, atedb.ReadOptions{}) {
		seen[one]++
	}
	if len(seen) != each*writers {
		t.Errorf("there are %d events", len(seen))
	}
	if size := chain.Head().Size; size < 3 || size > each*writers {
		t.Errorf("they came in %d batches", size-1)
	}
}

func testGet(t *testing.T, mode string) {
	server := serverFor(t, mode)
	chain := open(t, connect(t, server.Address(), atedb.WithoutHome()), "team/get", atedb.ForAppend(), atedb.WithKey(newKey(t)))
	object := event.KeyOfName("colour")
	appendTo(t, chain, atedb.NewEvent{Name: "colour", Data: []byte("blue")}, text("other"))
	appendTo(t, chain, atedb.NewEvent{Name: "colour", Data: []byte("green")})
	is, err := chain.Get(within(t), object)
	if err != nil || string(is.Data) != "green" || is.Sequence != 3 {
		t.Errorf("%+v: %v", is, err)
	}
	if is, err := chain.GetAt(within(t), 1); err != nil || string(is.Data) != "blue" {
		t.Errorf("%+v: %v", is, err)
	}
	if is, err := chain.Get(within(t), event.KeyOfName("nothing")); err != nil || is != nil {
		t.Errorf("%+v: %v", is, err)
	}
	if _, err := chain.GetAt(within(t), 100); !errors.Is(err, fault.SequenceOutOfRange) {
		t.Error(err)
	}
	appendTo(t, chain, atedb.NewEvent{Kind: event.KindTombstone, Name: "colour"})
	if is, err := chain.Get(within(t), object); err != nil || is.Kind != event.KindTombstone {
		t.Errorf("%+v: %v", is, err)
	}
}

func testDelete(t *testing.T, mode string) {
	server := serverFor(t, mode)
	home := t.TempDir()
	client := connect(t, server.Address(), atedb.WithHome(home))
	chain := open(t, client, "team/deleted", atedb.ForAppend())
	appendTo(t, chain, text("gone soon"))
	if err := chain.Delete(within(t)); err != nil {
		t.Fatal(err)
	}
	if _, err := client.Open(within(t), "team/deleted"); !errors.Is(err, fault.ChainNotFound) {
		t.Error(err)
	}
	again := open(t, client, "team/deleted", atedb.ForAppend())
	appendTo(t, again, text("anew"))
	same(t, data(t, again, atedb.ReadOptions{}), "anew")
}

// testHomes: a home folder is shared with the TypeScript client, writers and all.
func testHomes(t *testing.T, mode string) {
	server := serverFor(t, mode)
	home := t.TempDir()
	var notices []string
	client := connect(t, server.Address(), atedb.WithHome(home), atedb.WithNotices(func(notice atedb.Notice) { notices = append(notices, notice.Kind) }))
	chain := open(t, client, "team/homes", atedb.ForAppend())
	appendTo(t, chain, text("from Go"))
	// A second process takes the next slot.
	second := open(t, connect(t, server.Address(), atedb.WithHome(home)), "team/homes")
	appendTo(t, second, text("beside it"))
	address := "ate://" + server.Address() + "/team/homes"
	file := t.TempDir() + "/line"
	writeFile(t, file, "from TypeScript\n")
	// It takes the third slot, since the first two are held by this process.
	if output, err := liveserver.Command(t, home, "append", address, file); err != nil {
		t.Fatalf("%v: %s", err, output)
	}
	slots := slotsIn(t, home)
	if len(slots) != 3 {
		t.Errorf("the slots are %v", slots)
	}
	for _, err := range []error{chain.Close(), second.Close()} {
		if err != nil {
			t.Error(err)
		}
	}
	// Now it goes on as the writer that this client was.
	if output, err := liveserver.Command(t, home, "append", address, file); err != nil {
		t.Fatalf("%v: %s", err, output)
	}
	third := open(t, connect(t, server.Address(), atedb.WithHome(home)), "team/homes")
	appendTo(t, third, text("from Go again"))
	if slots := slotsIn(t, home); len(slots) != 3 {
		t.Errorf("the slots are %v", slots)
	}
	same(t, data(t, third, atedb.ReadOptions{}), "from Go", "beside it", "from TypeScript", "from TypeScript", "from Go again")
	if output, err := liveserver.Command(t, home, "verify", address); err != nil || !strings.Contains(output, "verified") {
		t.Errorf("%v: %s", err, output)
	}
	due := "server-met key-created chain-created"
	if mode == "distributed" {
		// Only the question who is in the group goes through the tunnel, which proves who the server is.
		due = "key-created server-met chain-created"
	}
	if joined := strings.Join(notices, " "); joined != due {
		t.Errorf("it told %s", joined)
	}
}

func testMiddle(t *testing.T, mode string) {
	server := serverFor(t, mode)
	chain := open(t, connect(t, server.Address(), atedb.WithoutHome()), "team/middle", atedb.ForAppend(), atedb.WithKey(newKey(t)))
	for i := range 40 {
		appendTo(t, chain, text(fmt.Sprint(i)))
	}
	for _, check := range []bool{true, false} {
		reader := open(t, connect(t, server.Address(), atedb.WithoutHome()), "team/middle", atedb.CheckRules(check))
		same(t, data(t, reader, atedb.ReadOptions{From: 39}), "38", "39")
		// Before what was verified: only that it is of the same history is proven.
		same(t, data(t, reader, atedb.ReadOptions{From: 10, Limit: 2}), "9", "10")
		for is, err := range reader.Subscribe(within(t), atedb.SubscribeOptions{From: 30}) {
			if err != nil || string(is.Data) != "29" {
				t.Errorf("%q: %v", is.Data, err)
			}
			break
		}
	}
}
