package atedb

import (
	"context"
	"slices"

	atedbv1 "atedb.example/go/gen/atedb/v1"

	"atedb.example/go/event"
	"atedb.example/go/fault"
	"atedb.example/go/merkle"
	"atedb.example/go/trust"
)

// Get the newest event of an object, by its primary key, which may be its tombstone; nil for an object that nobody has written. Its batch is
// verified whole, and proven to be in the tree of a head that is compared with the known one; and where its data is gone, that it may be. That
// no newer event of the object exists is the server's word.
func (c *Chain) Get(ctx context.Context, primaryKey []byte) (*Event, error) {
	is, err := c.newest(ctx, primaryKey)
	if is == nil || err != nil || is.DataState == event.Present {
		return is, err
	}
	if err := c.checkGone(ctx, is, is); err != nil {
		return nil, err
	}
	return is, nil
}

// newest event of an object, as Get gives it, but for what allows its data to be gone.
func (c *Chain) newest(ctx context.Context, primaryKey []byte) (*Event, error) {
	request := &atedbv1.GetEventRequest{ChainKey: c.key.Text, Event: &atedbv1.GetEventRequest_PrimaryKey{PrimaryKey: primaryKey}}
	is, err := c.get(ctx, request)
	// Rules of the object, or a redaction in it, are no event of its own: by one of them its newest data would seem to be written over.
	if is != nil && (!slices.Equal(is.PrimaryKey, primaryKey) || !is.Kind.WritesObject()) {
		return nil, unreadable("the event is not of the object that was asked for")
	}
	return is, err
}

// GetAt the event of a sequence. The error is SEQUENCE_OUT_OF_RANGE where there is none yet.
func (c *Chain) GetAt(ctx context.Context, sequence uint64) (*Event, error) {
	is, err := c.at(ctx, sequence)
	if err != nil || is.DataState == event.Present {
		return is, err
	}
	if err := c.checkGone(ctx, is, nil); err != nil {
		return nil, err
	}
	return is, nil
}

// at gives the event of a sequence, as GetAt does, but for what allows its data to be gone.
func (c *Chain) at(ctx context.Context, sequence uint64) (*Event, error) {
	request := &atedbv1.GetEventRequest{ChainKey: c.key.Text, Event: &atedbv1.GetEventRequest_Sequence{Sequence: sequence}}
	is, err := c.get(ctx, request)
	if err == nil && (is == nil || is.Sequence != sequence) {
		err = unreadable("the event is not the one that was asked for")
	}
	if err != nil {
		return nil, err
	}
	return is, nil
}

// checkGone checks that the data of an event may be gone, by the event that allows it. newest is the newest event of its object; nil: it is
// asked for. That the data of the event that allows it may be gone doesn't matter for that: else each of them could name the next one, and a
// server would decide how many are asked for. The error is VERIFICATION_FAILED.
func (c *Chain) checkGone(ctx context.Context, is, newest *Event) error {
	if at := is.RedactedBy; at > 0 {
		if at <= is.Sequence {
			return unreadable("an event names a redaction that is not behind it")
		}
		by, err := c.at(ctx, at)
		if err != nil {
			return err
		}
		if by.Redaction == nil || !by.Redaction.Erases(event.Redacted{Sequence: by.Sequence, PrimaryKey: by.PrimaryKey}, event.Redacted{Sequence: is.Sequence, PrimaryKey: is.PrimaryKey}) {
			return unreadable("the data of an event is said to be erased by one that doesn't do that")
		}
		is.RedactedByKey = &by.Writer
		return nil
	}
	if is.DataState == event.Expired {
		hasExpired, err := c.hasExpired(ctx, trust.EventPlace{Sequence: is.Sequence, TimeUnixMs: is.Committed.UnixMilli()})
		if err == nil && !hasExpired {
			err = unreadable("the data of an event is said to have been let go by a rule of the chain for retention, and none has done so")
		}
		return err
	}
	if newest == nil {
		var err error
		if newest, err = c.newest(ctx, is.PrimaryKey); err != nil {
			return err
		}
	}
	if newest == nil || newest.Sequence <= is.Sequence {
		return unreadable("the data of an event was dropped, and nothing newer of its object is there")
	}
	return nil
}

func (c *Chain) get(ctx context.Context, request *atedbv1.GetEventRequest) (*Event, error) {
	genesis, knownBefore := c.Genesis(), c.Head()
	if genesis == nil {
		return nil, fault.New(fault.ChainNotFound, "there is no chain %s on %s yet", c.key, c.client.Server()).With("chain_key", c.key.Text)
	}
	request.ChainId = genesis.ChainID[:]
	ctx, cancel := c.within(ctx)
	defer cancel()
	message, err := c.unary(ctx, atedbv1.ChainService_GetEvent_FullMethodName, request)
	if found := fault.Of(err); found != nil && found.Reason == fault.EventNotFound {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	said, err := fieldsOf(message)
	if err != nil {
		return nil, err
	}
	head, err := headOf(said.bytes(3))
	if err != nil {
		return nil, err
	}
	stored, err := event.SplitSlice(said.bytes(1))
	if found := fault.Of(err); found != nil && found.Reason == fault.Unsupported {
		return nil, err
	}
	if err != nil || len(stored) != 1 {
		return nil, unreadable("an event comes with anything but its batch")
	}
	verified, err := trust.VerifyOne(genesis, stored[0], c.findKey(func() context.Context { return ctx }))
	if err != nil {
		return nil, err
	}
	sequence, commit := said.numbers[2], verified.Commit
	if !merkle.VerifyInclusion(commit.Leaf(), commit.Number, head, said.all(4)) {
		return nil, unreadable("the batch of an event is not in the tree of the head that is named")
	}
	if sequence < commit.FirstSequence || sequence >= commit.FirstSequence+uint64(commit.Events) {
		return nil, unreadable("the batch of an event does not hold it")
	}
	if err := c.tie(ctx, head, knownBefore); err != nil {
		return nil, err
	}
	if c.checksRules() {
		if err := c.checkAllowed(ctx, commit, head); err != nil {
			return nil, err
		}
	}
	index := int(sequence - commit.FirstSequence)
	if verified.Batch.Events[index].Kind == event.KindGone {
		return nil, unreadable("the batch of an event does not hold it: it is gone")
	}
	is := eventOf(verified, index)
	if is.Batch.Events[is.Index].Sealed {
		if err := c.openSealed(ctx, &is, looked{}); err != nil {
			return nil, err
		}
	}
	return &is, nil
}

// checkAllowed checks that what was shown by itself, in the tree of a head, is part of the history whose rules were verified: so it was
// allowed. The error is VERIFICATION_FAILED where the server doesn't send the history as far as that.
func (c *Chain) checkAllowed(ctx context.Context, commit *event.Commit, head merkle.Head) error {
	if err := c.rules.reach(ctx, commit.FirstSequence+uint64(commit.Events)); err != nil {
		return err
	}
	place := c.rules.current()
	// A history that ends before it says nothing of it, however well that fits.
	if place == nil || place.Head.Size <= commit.Number {
		return unreadable("it doesn't send the history as far as what it has shown of it")
	}
	return c.tieWithin(ctx, head, place.Head)
}

// tieWithin has it proven that two heads are of one history, whichever is the older.
func (c *Chain) tieWithin(ctx context.Context, a, b merkle.Head) error {
	if a.Size > b.Size {
		a, b = b, a
	}
	return c.prove(ctx, a, b)
}
