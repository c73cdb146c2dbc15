package atedb

import (
	"context"
	"slices"
	"sync"
	"time"

	"atedb.example/go/fault"
	"atedb.example/go/internal/rpc"
	"atedb.example/go/keys"
)

// Committed says where events are: durable, and shown to readers.
type Committed struct {
	FirstSequence, LastSequence uint64
	// Commit is the number of their batch.
	Commit uint64
	// Time by the server's clock.
	Time time.Time
}

// A Pending append was taken, and is seen through lost connections and restarts of the server.
type Pending struct {
	done      chan struct{}
	committed Committed
	err       error

	built *built
	// sent: it may be stored, whatever becomes of the connection.
	sent bool
	once sync.Once
}

// Done is closed when the append has its outcome.
func (p *Pending) Done() <-chan struct{} { return p.done }

// Wait for the outcome. The error is that of Append; when the context ends the append goes on, and the error wraps what has ended it:
// whether the events will be stored isn't known then.
func (p *Pending) Wait(ctx context.Context) (Committed, error) {
	select {
	case <-p.done:
		return p.committed, p.err
	case <-ctx.Done():
		return Committed{}, rpc.Ended(ctx)
	}
}

func (p *Pending) finish(committed Committed, err error) {
	p.once.Do(func() {
		p.committed, p.err = committed, err
		close(p.done)
	})
}

// Append events as one batch: all are stored or none, in order, with nothing between them. It returns when they are durable. Calls from many
// goroutines share batches while others are on their way.
//
// Exactly once: after a lost connection what has no answer is sent again, byte for byte, and the server answers what it has with its first
// answer. The error is OUTCOME_UNKNOWN where the server stays away, so that the events may be stored or not; CONNECTION_FAILED where they
// were not sent; KEY_NOT_ALLOWED, PARENT_INVALID, READ_KEY_MISSING and others that the server or the client refuses them for;
// WRITER_AHEAD where the server has lost what it acknowledged.
func (c *Chain) Append(ctx context.Context, events ...NewEvent) (Committed, error) {
	return c.AppendIf(ctx, Conditions{}, events...)
}

// AppendIf is Append, as a batch of its own, only if some conditions hold: else PRECONDITION_FAILED or LEASE_LOST.
func (c *Chain) AppendIf(ctx context.Context, conditions Conditions, events ...NewEvent) (Committed, error) {
	for tries := 1; ; tries++ {
		pending, err := c.Enqueue(ctx, conditions, events...)
		if err != nil {
			return Committed{}, err
		}
		committed, err := pending.Wait(ctx)
		found := fault.Of(err)
		switch {
		case found == nil || tries == 3:
			return committed, err
		case found.Reason == fault.ReadRuleMismatch:
			// A rule for reading that isn't known here yet has the data sealed, or with another key: it is sealed anew.
			c.sealer.isStale()
		case found.Reason == fault.Stale && len(pending.built.conditions) == 0:
			// What it was made by was the head, and not anything that was read: so it may be made by a newer one.
			if _, err := c.open(ctx, openCall{}); err != nil {
				return Committed{}, err
			}
		default:
			return committed, err
		}
	}
}

// Enqueue takes events to be appended, and doesn't wait for that: many may be on their way at once, in the order of the calls. It waits
// while too much waits already. The error is REQUEST_INVALID, TOO_MANY_EVENTS or DATA_TOO_LARGE for what can't be appended, and what else
// hinders it from being built.
func (c *Chain) Enqueue(ctx context.Context, conditions Conditions, events ...NewEvent) (*Pending, error) {
	if err := c.writer.room(ctx); err != nil {
		return nil, err
	}
	conditions, events, err := c.byMember(ctx, conditions, events)
	if err != nil {
		return nil, err
	}
	return c.sealer.enqueue(ctx, conditions, events)
}

// byMember has what is appended by the key of a group's role name the member's own key as its author, which signs it, too: so readers are told
// who has written it, and not only by which role.
func (c *Chain) byMember(ctx context.Context, conditions Conditions, events []NewEvent) (Conditions, []NewEvent, error) {
	author, err := c.authorKey(ctx)
	if author == nil || err != nil {
		return conditions, events, err
	}
	name := author.Public().Fingerprint()
	events = slices.Clone(events)
	for i := range events {
		if events[i].Author == nil {
			events[i].Author = &name
		}
	}
	if !slices.ContainsFunc(conditions.CoSigners, func(one *keys.Pair) bool { return one.Public().Fingerprint() == name }) {
		conditions.CoSigners = append(slices.Clip(conditions.CoSigners), author)
	}
	return conditions, events, nil
}

// enqueue what is built.
func (c *Chain) enqueue(made *built) (*Pending, error) {
	if right := c.options.right(); right != nil && made.bytes > made.most(right) {
		return nil, tooLarge(made.bytes, made.most(right))
	}
	pending := &Pending{done: make(chan struct{}), built: made}
	return pending, c.writer.add(pending)
}
