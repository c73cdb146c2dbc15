package atedb_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"atedb.example/go"
	"atedb.example/go/event"
	"atedb.example/go/fault"
	"atedb.example/go/internal/liveserver"
)

// prepareGone writes a chain of which data is to go, and gives the test of that, for later: a compaction keeps what was committed in the last half
// minute.
func prepareGone(t *testing.T, mode string) func(*testing.T) {
	t.Helper()
	server := serverFor(t, mode)
	home := t.TempDir()
	address := "ate://" + server.Address() + "/example.com/gone/log"
	chain := open(t, connect(t, server.Address(), atedb.WithHome(home)), "example.com/gone/log", atedb.ForAppend())
	large := strings.Repeat("large ", 20_000)
	for range 4 {
		appendTo(t, chain, atedb.NewEvent{Name: "state", Data: []byte(large)})
	}
	appendTo(t, chain, atedb.NewEvent{Name: "secret", Data: []byte("a secret")})
	appendTo(t, chain, atedb.NewEvent{Name: "state", Data: []byte("newest")})
	appendTo(t, chain, atedb.NewEvent{Kind: event.KindRedaction, Name: "secret", Redaction: &event.Redaction{Sequences: []uint64{5}}})
	if _, err := chain.Append(within(t), atedb.NewEvent{Kind: event.KindRedaction, Name: "secret", Redaction: &event.Redaction{Sequences: []uint64{99}}}); !errors.Is(err, fault.RedactionInvalid) {
		t.Errorf("a redaction of what is to come: %v", err)
	}
	return func(t *testing.T) { testGone(t, server, chain, home, address) }
}

// testGone: data of the chain was dropped by a compaction, and erased by a redaction.
func testGone(t *testing.T, server *liveserver.Server, chain *atedb.Chain, home, address string) {
	waitDropped(t, chain, home, address)
	reader := open(t, connect(t, server.Address(), atedb.WithoutHome()), "example.com/gone/log", atedb.CheckRules(true))
	if _, err := reader.Verify(within(t)); err != nil {
		t.Fatal(err)
	}
	states := map[uint64]event.DataState{}
	for is, err := range reader.Read(within(t), atedb.ReadOptions{}) {
		if err != nil {
			t.Fatal(err)
		}
		states[is.Sequence] = is.DataState
		if is.Sequence == 5 && is.RedactedBy != 7 {
			t.Errorf("it is redacted by %d", is.RedactedBy)
		}
		if is.Sequence == 7 && (is.Kind != event.KindRedaction || is.Redaction == nil || len(is.Redaction.Sequences) != 1) {
			t.Errorf("the redaction is %+v", is)
		}
	}
	for sequence, due := range []event.DataState{0, event.Dropped, event.Dropped, event.Dropped, event.Dropped, event.DataRedacted, 0, 0} {
		if states[uint64(sequence)] != due {
			t.Errorf("the data of %d is %s, not %s", sequence, states[uint64(sequence)], due)
		}
	}
	for _, sequence := range []uint64{1, 4, 5} {
		is, err := reader.GetAt(within(t), sequence)
		if err != nil || is.DataState == event.Present || sequence == 5 && is.RedactedByKey == nil {
			t.Errorf("%d: %+v: %v", sequence, is, err)
		}
	}
	// Of a range that ends earlier nothing shows that it may be so, and that is told.
	var unchecked atedb.Unchecked
	for _, err := range reader.Read(within(t), atedb.ReadOptions{End: 6, OnUnchecked: func(is atedb.Unchecked) { unchecked = is }}) {
		if err != nil {
			t.Fatal(err)
		}
	}
	if unchecked.Count != 2 || len(unchecked.Sequences) != 2 || unchecked.Sequences[0] != 4 || unchecked.Sequences[1] != 5 {
		t.Errorf("it told of %+v", unchecked)
	}
	count := 0
	for is, err := range reader.Subscribe(within(t), atedb.SubscribeOptions{}) {
		if err != nil {
			t.Fatal(err)
		}
		if count++; is.Sequence == 7 {
			break
		}
	}
	if count != 8 {
		t.Errorf("it streamed %d events", count)
	}
}

// waitDropped has the chain compacted until the states that were written over are gone: what was committed in the last half minute stays.
func waitDropped(t *testing.T, chain *atedb.Chain, home, address string) {
	t.Helper()
	ctx := within(t)
	for {
		output, err := liveserver.Command(t, home, "compact", address)
		if err != nil {
			t.Fatalf("%v: %s", err, output)
		}
		is, err := chain.GetAt(ctx, 4)
		erased, again := chain.GetAt(ctx, 5)
		if err := errors.Join(err, again); err != nil {
			t.Fatal(err)
		}
		if is.DataState == event.Dropped && erased.DataState == event.DataRedacted {
			return
		}
		if ctx.Err() != nil {
			t.Fatal(fault.Text(ctx.Err()))
		}
		sleep(ctx)
	}
}

func sleep(ctx context.Context) {
	select {
	case <-ctx.Done():
	case <-time.After(3 * time.Second):
	}
}
