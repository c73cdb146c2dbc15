package atedb

import (
	"context"

	atedbv1 "atedb.example/go/gen/atedb/v1"

	"atedb.example/go/merkle"
	"atedb.example/go/trust"
)

// Unchecked are events of a range whose data is gone, of which nothing in the range shows that this is allowed.
type Unchecked struct {
	// Count is how many at least.
	Count int
	// Sequences of the lowest of them; at most 100.
	Sequences []uint64
}

const uncheckedMax = 100

func tellUnchecked(replay *replaying, tell func(Unchecked)) {
	owed := replay.verifier.Owed()
	if tell == nil || owed.Count() == 0 {
		return
	}
	unchecked := Unchecked{Count: owed.Count()}
	for _, one := range owed.Left(uncheckedMax) {
		unchecked.Sequences = append(unchecked.Sequences, one.Sequence)
	}
	tell(unchecked)
}

// readingsMax: a chain that grows and is compacted without an end is given up on.
const readingsMax = 16

// settle reads on from the end of a range, since data in it is gone and what allows that may have been appended while it was read. Nothing of
// that is handed on. It returns the head that was read up to. The error is VERIFICATION_FAILED where it isn't there.
func (c *Chain) settle(ctx context.Context, replay *replaying) (merkle.Head, error) {
	for range readingsMax {
		before := replay.verifier.NextCommit()
		if err := c.readOn(ctx, replay); err != nil {
			return merkle.Head{}, err
		}
		if replay.verifier.NextCommit() == before || replay.verifier.Owed().Count() == 0 {
			break
		}
	}
	return replay.verifier.Head(), c.settleAll(ctx, replay)
}

// settleAll: all that there is was replayed, so data that may be gone was allowed to go by now. Where a replay doesn't know the rules for
// retention, they follow from the chain's history, which is verified from its first event on: also by who takes the server's word for who may
// do what, since else a server could withhold whatever it likes.
func (c *Chain) settleAll(ctx context.Context, replay *replaying) error {
	owed := replay.verifier.Owed()
	if last := owed.Expired(); last != nil && replay.verifier.Authority() == nil {
		hasExpired, err := c.hasExpired(ctx, *last)
		if err != nil {
			return err
		}
		if place := c.rules.current(); hasExpired && place != nil {
			if err := c.tieWithin(ctx, replay.verifier.Head(), place.Head); err != nil {
				return err
			}
			owed.SettleBelow(place.Retained)
		}
	}
	return owed.Settle()
}

// hasExpired reports whether the chain's rules for retention have let the data of an event go, as its history shows from its first event on.
func (c *Chain) hasExpired(ctx context.Context, of trust.EventPlace) (bool, error) {
	isKnown := func() bool {
		place := c.rules.current()
		return place != nil && place.Retained.LetsGo(of)
	}
	if isKnown() {
		return true, nil
	}
	err := c.rules.reach(ctx, 1<<53)
	return err == nil && isKnown(), err
}

// readOn reads from where a replay stands to the chain's end, and has it replayed.
func (c *Chain) readOn(ctx context.Context, replay *replaying) error {
	id := c.Genesis().ChainID
	request := &atedbv1.ReadEventsRequest{ChainKey: c.key.Text, ChainId: id[:], FromSequence: replay.verifier.NextSequence(), FromCommit: replay.verifier.NextCommit(), DataUpToBytes: replay.dataUpTo}
	stream, err := c.ask(ctx, atedbv1.ChainService_ReadEvents_FullMethodName, request)
	if err != nil {
		return err
	}
	defer stream.Close()
	var head merkle.Head
	for isFirst := true; ; isFirst = false {
		bytes, err := stream.Recv()
		if err != nil {
			return notEOF(err, c.client.Server())
		}
		message, err := parseReadMessage(bytes)
		switch {
		case err != nil:
			return err
		case isFirst != (message.kind == messageStart):
			return incomplete("it does not say where it starts, or twice")
		case message.kind == messageStart:
			head = message.start.head
			if err := replay.resume(message.start); err != nil {
				return err
			}
		case message.kind == messageLog:
			if _, err := replay.feed(ctx, message.slice); err != nil {
				return err
			}
		case message.kind == messageEnd:
			if is := replay.verifier.Head(); is.Size != message.endCommit || is.Size != head.Size || !merkle.VerifyConsistency(is, head, message.consistency) {
				return incomplete("its end is not that of the head that its start names")
			}
			return nil
		}
	}
}
