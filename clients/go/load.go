package atedb

import (
	"context"
	"io"
	"iter"

	atedbv1 "atedb.example/go/gen/atedb/v1"

	"atedb.example/go/event"
	"atedb.example/go/merkle"
	"atedb.example/go/trust"
)

// loadMax events are named in one request.
const loadMax = 64

// Load the data of events that were read without it, since it is large: it gives them in their order, whole, and others as they are. Data that
// is gone by now is told as gone, once that was found to be allowed. The iteration ends after the last event, or with an error, which comes once
// and last: VERIFICATION_FAILED, EVENT_NOT_FOUND, and as Read.
func (c *Chain) Load(ctx context.Context, events []Event) iter.Seq2[Event, error] {
	return func(yield func(Event, error) bool) {
		ctx, cancel := c.within(ctx)
		defer cancel()
		before := looked{}
		for from := 0; from < len(events); from += loadMax {
			some := events[from:min(len(events), from+loadMax)]
			goesOn, err := c.load(ctx, some, before, func(is Event) bool { return yield(is, nil) })
			if err != nil {
				yield(Event{}, err)
			}
			if err != nil || !goesOn {
				return
			}
		}
	}
}

// load some events; false: the loop is left.
func (c *Chain) load(ctx context.Context, events []Event, before looked, take func(Event) bool) (bool, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	request := &atedbv1.LoadDataRequest{ChainKey: c.key.Text}
	if genesis := c.Genesis(); genesis != nil {
		request.ChainId = genesis.ChainID[:]
	}
	for _, is := range events {
		if is.DataState == event.Omitted {
			hash := merkle.LeafHash(is.Header)
			request.Events = append(request.Events, &atedbv1.WantedData{Sequence: is.Sequence, EventHash: hash[:]})
		}
	}
	var stream *answers
	if len(request.Events) > 0 {
		var err error
		if stream, err = c.ask(ctx, atedbv1.ChainService_LoadData_FullMethodName, request); err != nil {
			return false, err
		}
		defer stream.Close()
	}
	for _, is := range events {
		if is.DataState == event.Omitted {
			bytes, err := stream.Recv()
			if err == io.EOF {
				err = trust.BadData(is.Sequence, "it does not come")
			}
			if err == nil {
				err = c.loaded(ctx, &is, bytes, before)
			}
			if err != nil {
				return false, err
			}
		}
		if !take(is) {
			return false, nil
		}
	}
	if stream == nil {
		return true, nil
	}
	if _, err := stream.Recv(); err == nil {
		return false, trust.BadData(events[len(events)-1].Sequence, "something follows it that nobody has asked for")
	} else if err != io.EOF {
		return false, err
	}
	return true, nil
}

// loaded puts what a server has sent into an event, if that is its data.
func (c *Chain) loaded(ctx context.Context, is *Event, message []byte, before looked) error {
	loaded, err := trust.ParseLoaded(message)
	if err != nil {
		return err
	}
	if err := trust.CheckLoaded(is.Sequence, is.Header, loaded); err != nil {
		return err
	}
	is.Data, is.DataState, is.RedactedBy = loaded.Data, loaded.State, loaded.Redaction
	if is.DataState != event.Present {
		if err := c.checkGone(ctx, is, nil); err != nil {
			return err
		}
	}
	if is.Batch.Events[is.Index].Sealed {
		return c.openSealed(ctx, is, before)
	}
	return nil
}
