package atedb

import (
	"context"
	"io"
	"iter"
	"math"

	atedbv1 "atedb.example/go/gen/atedb/v1"

	"atedb.example/go/event"
	"atedb.example/go/fault"
	"atedb.example/go/merkle"
	"atedb.example/go/trust"
)

// ReadOptions say which events to read.
type ReadOptions struct {
	// From is the sequence of the first.
	From uint64
	// End is the sequence after the last; 0: the chain's end at the call.
	End uint64
	// Limit is how many at most; 0: all.
	Limit uint64
	// DataUpTo: data of more bytes than this, as it is stored, is left out (DataState is event.Omitted), and Load gets it; nil: none is.
	DataUpTo *uint64
	// OnUnchecked is told at the end of a range that doesn't reach the chain's end where data is gone, and nothing that was read shows that this
	// is allowed. It must not block.
	OnUnchecked func(Unchecked)
	// onEnd is told the head that was read up to.
	onEnd func(merkle.Head)
}

// Read a range of the chain as it is now, verified, in order. The iteration ends after the last event, or with an error, which comes once
// and last.
//
// Everything is verified before it is handed on: the strict form, hashes, each writer's counters and chain of seals, signatures,
// conditions, times, and the tree, which is compared with every head that the server names and with the newest that was known; where
// rules are checked, that it was allowed, too. The error is VERIFICATION_FAILED or HEAD_CONFLICT where something doesn't fit,
// SEQUENCE_OUT_OF_RANGE, CHAIN_DAMAGED after what can be read of a damaged chain, CONNECTION_FAILED and others of the call.
func (c *Chain) Read(ctx context.Context, options ReadOptions) iter.Seq2[Event, error] {
	return func(yield func(Event, error) bool) {
		ctx, cancel := c.within(ctx)
		defer cancel()
		end := uint64(math.MaxUint64)
		if options.End > 0 {
			end = options.End
		}
		if options.Limit > 0 && options.Limit < end-options.From {
			end = options.From + options.Limit
		}
		before := looked{}
		err := c.read(ctx, options, c.checksRules(), func(batches []trust.Verified) (bool, error) {
			return c.yield(ctx, batches, options.From, end, before, yield)
		})
		if err != nil {
			yield(Event{}, err)
		}
	}
}

// Verify the whole chain from its first event on: everything that Read verifies, with each signature, and all rules. It returns the head.
func (c *Chain) Verify(ctx context.Context) (merkle.Head, error) {
	ctx, cancel := c.within(ctx)
	defer cancel()
	var head merkle.Head
	err := c.read(ctx, ReadOptions{onEnd: func(is merkle.Head) { head = is }}, true, nil)
	return head, err
}

// yield the events of some batches that lie in a range, in order, opened where they are sealed. It returns false where the loop is left; with an
// error all that came before it were taken.
func (c *Chain) yield(ctx context.Context, batches []trust.Verified, from, end uint64, before looked, yield func(Event, error) bool) (bool, error) {
	for _, batch := range batches {
		for i := range batch.Batch.Events {
			sequence := batch.Commit.FirstSequence + uint64(i)
			if sequence < from || sequence >= end || batch.Batch.Events[i].Kind == event.KindGone {
				continue
			}
			is := eventOf(batch, i)
			if batch.Batch.Events[i].Sealed {
				if err := c.openSealed(ctx, &is, before); err != nil {
					return false, err
				}
			}
			if !yield(is, nil) {
				return false, nil
			}
		}
	}
	return true, nil
}

// readAgainMax: a chain that is compacted again and again under other snapshots is given up on.
const readAgainMax = 8

// read a range, and hand its batches on, some at a time, until take returns false; nil: nobody wants them. Where the chain is compacted meanwhile it
// is read again, unless something was taken: what would show that it was removed since may be gone, too.
func (c *Chain) read(ctx context.Context, options ReadOptions, checkRules bool, take func([]trust.Verified) (bool, error)) error {
	if checkRules && options.From > 0 {
		if err := c.rules.reach(ctx, options.From); err != nil {
			return err
		}
	}
	return c.readAgain(ctx, options, checkRules, take)
}

// readAgain is read, where the rules are known as far as they have to be.
func (c *Chain) readAgain(ctx context.Context, options ReadOptions, checkRules bool, take func([]trust.Verified) (bool, error)) error {
	isTaken := false
	for attempt := 1; ; attempt++ {
		err := c.readRange(ctx, options, checkRules, func(batches []trust.Verified) (bool, error) {
			if take == nil {
				return true, nil
			}
			isTaken = isTaken || len(batches) > 0
			return take(batches)
		})
		if !isCompacted(err) || isTaken || attempt == readAgainMax {
			return err
		}
	}
}

// isCompacted reports whether what was read can't be gone on with, since the chain was compacted meanwhile.
func isCompacted(err error) bool {
	found := fault.Of(err)
	return found != nil && found.Reason == fault.HistoryCompacted
}

// readRange reads it once.
func (c *Chain) readRange(ctx context.Context, options ReadOptions, checkRules bool, take func([]trust.Verified) (bool, error)) error {
	genesis, knownBefore := c.Genesis(), c.Head()
	if genesis == nil {
		return fault.New(fault.ChainNotFound, "there is no chain %s on %s yet", c.key, c.client.Server()).With("chain_key", c.key.Text)
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	request := &atedbv1.ReadEventsRequest{ChainKey: c.key.Text, ChainId: genesis.ChainID[:], FromSequence: options.From, Limit: options.Limit, DataUpToBytes: options.DataUpTo}
	if options.End > 0 {
		request.EndSequence = &options.End
	}
	stream, err := c.ask(ctx, atedbv1.ChainService_ReadEvents_FullMethodName, request)
	if err != nil {
		return err
	}
	defer stream.Close()
	next := func() (*streamMessage, error) {
		message, err := stream.Recv()
		if err != nil {
			return nil, err
		}
		return parseReadMessage(message)
	}
	message, err := next()
	if err != nil {
		return notEOF(err, c.client.Server())
	}
	if message.kind != messageStart || message.start.startSequence > options.From {
		return incomplete("it does not say where it starts, or starts after what was asked for")
	}
	start := message.start
	replay, err := c.begin(ctx, start, knownBefore, checkRules, options.DataUpTo)
	if err != nil {
		return err
	}
	for {
		message, err := next()
		switch {
		case err == io.EOF:
			return incomplete("it ends without saying so")
		case err != nil:
			return err
		case message.kind == messageLog:
			batches, err := replay.feed(ctx, message.slice)
			if err != nil {
				return err
			}
			if goesOn, err := take(batches); err != nil || !goesOn {
				return err
			}
		case message.kind == messageEnd:
			if err := c.checkEnd(ctx, replay, start.head, message, options, knownBefore); err != nil {
				return err
			}
			tellUnchecked(replay, options.OnUnchecked)
			if options.onEnd != nil {
				options.onEnd(replay.verifier.Head())
			}
			// The call has an outcome of its own: that more had been there, where the chain is damaged.
			if _, err := next(); err != io.EOF {
				return err
			}
			c.rules.advance(replay.verifier, true)
			return nil
		default:
			return incomplete("it starts twice")
		}
	}
}

// checkEnd checks that a range is all that was asked for, and of the history that is known.
func (c *Chain) checkEnd(ctx context.Context, replay *replaying, head merkle.Head, end *streamMessage, options ReadOptions, knownBefore merkle.Head) error {
	is := replay.verifier.Head()
	if is.Size != end.endCommit || !merkle.VerifyConsistency(is, head, end.consistency) {
		return incomplete("its end is not of the tree of the head that its start names")
	}
	wanted := uint64(math.MaxUint64)
	if options.End > 0 {
		wanted = options.End
	}
	if options.Limit > 0 && options.Limit < wanted-options.From {
		wanted = options.From + options.Limit
	}
	// What allows data to be gone may have come since the call.
	if owed := replay.verifier.Owed(); is.Size == head.Size && owed.Count() > 0 {
		var err error
		if head, err = c.settle(ctx, replay); err != nil {
			return err
		}
		is = head
	}
	if is.Size != head.Size && replay.verifier.NextSequence() < wanted && options.From < wanted {
		return incomplete("it ends before all was sent")
	}
	if replay.tied {
		return nil
	}
	return c.tie(ctx, head, knownBefore)
}

func incomplete(why string) error {
	return fault.New(fault.VerificationFailed, "the range that the server sent is not the one asked for: %s. What was handed on before is part of it and verified", why)
}
