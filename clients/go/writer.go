package atedb

import (
	"context"
	"sync"
	"time"

	"atedb.example/go/event"
	"atedb.example/go/fault"
	"atedb.example/go/internal/limits"
	"atedb.example/go/internal/rpc"
)

const (
	batchEventsDefault = 1_000
	batchBytesDefault  = 1 << 20
	queueBytesMax      = 16 << 20
	// openBatchesMax are batches in flight that could have taken more. The rest waits to share a batch.
	openBatchesMax = 2
	// predecessorsMax: a server that calls the same batch a rejected one's successor so often has a defect.
	predecessorsMax = 3
)

// A batch of the writer: its appends, and its seal.
type batch struct {
	appends []*Pending
	// isComplete: it could not have taken more.
	isComplete   bool
	counter      uint64
	hash         event.Hash
	run          []byte
	events       int
	predecessors int
	sent         bool
}

// A writer of a chain takes appends, and sees them through lost connections and restarts of the server. One goroutine runs while there is
// something to write.
type writer struct {
	chain *Chain
	place place
	// placing is held while the place is found out.
	placing sync.Mutex
	// gone is closed when the goroutine has ended; nil before it has begun.
	gone chan struct{}

	mutex   sync.Mutex
	queue   []*Pending
	bytes   int
	closing bool
	// unanswered are sealed, and without an answer; in order.
	unanswered []*batch
	// wake has room for one: something has changed.
	wake chan struct{}
	// roomy is closed and made anew when there is more room.
	roomy chan struct{}
}

func newWriter(chain *Chain) *writer {
	return &writer{chain: chain, place: place{chain: chain, mayBeBehind: true}, wake: make(chan struct{}, 1), roomy: make(chan struct{})}
}

// room waits while too much waits.
func (w *writer) room(ctx context.Context) error {
	for {
		w.mutex.Lock()
		hasRoom, roomy := w.bytes < queueBytesMax, w.roomy
		w.mutex.Unlock()
		if hasRoom {
			return nil
		}
		select {
		case <-roomy:
		case <-ctx.Done():
			return rpc.Ended(ctx)
		}
	}
}

func (w *writer) add(pending *Pending) error {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	if w.closing {
		return fault.New(fault.RequestInvalid, "the chain %s is closed. Open it again to append to it", w.chain.key)
	}
	w.queue = append(w.queue, pending)
	w.bytes += pending.built.bytes
	if w.gone == nil {
		w.gone = make(chan struct{})
		go w.run()
	}
	w.changed()
	return nil
}

// create the chain, where there is none yet; else nothing is changed.
func (w *writer) create(ctx context.Context) error {
	if w.chain.Genesis() != nil {
		return nil
	}
	w.placing.Lock()
	defer w.placing.Unlock()
	key, err := w.chain.writingKey(ctx)
	if err != nil {
		return err
	}
	_, err = w.place.take(ctx, key, nil)
	if own, isLocal := err.(local); isLocal {
		return own.error
	}
	return err
}

func (w *writer) changed() {
	select {
	case w.wake <- struct{}{}:
	default:
	}
}

// close waits until all appends are answered, then ends.
func (w *writer) close() {
	w.mutex.Lock()
	w.closing = true
	gone := w.gone
	w.changed()
	w.mutex.Unlock()
	if gone != nil {
		<-gone
	}
	w.chain.note(w.place.close())
}

func (w *writer) isBusy() bool {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	return len(w.queue) > 0 || len(w.unanswered) > 0
}

func (w *writer) isClosing() bool {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	return w.closing
}

func (w *writer) run() {
	defer close(w.gone)
	ctx := w.chain.closed
	var retry backoff
	var lostSince time.Time
	for {
		for !w.isBusy() {
			if w.isClosing() {
				return
			}
			<-w.wake
			// Losses count from the first one that somebody waits through.
			lostSince = time.Time{}
		}
		worked, err := w.connection(ctx)
		if worked {
			retry, lostSince = backoff{}, time.Time{}
		}
		if !w.isBusy() {
			continue
		}
		if err == nil {
			err = fault.New(fault.ConnectionFailed, "%s has ended the stream", w.chain.client.Server()).With("server", w.chain.client.Server())
		}
		if lostSince.IsZero() {
			lostSince = time.Now()
		}
		delay, goesOn := w.afterLoss(err, time.Since(lostSince), &retry)
		if !goesOn {
			lostSince = time.Time{}
			continue
		}
		_ = rpc.Sleep(ctx, delay)
		w.chain.client.conn.TryNow()
	}
}

// Somebody else writes as this writer.
func isFork(reason fault.Reason) bool {
	return reason == fault.WriterForked || reason == fault.WriterTakenOver
}

// retried: opening again and sending the same batches again may help, and can do no harm.
var retried = map[fault.Reason]bool{
	fault.StorageFailed: true, fault.Internal: true, fault.DeadlineExceeded: true, fault.CounterGap: true,
	// A ticket that was too old just then; who isn't let in any more is told when the chain is opened again.
	fault.ChainPrivate: true,
}

// alarms: the server isn't what it was. These say more than that an outcome is unknown.
var alarms = map[fault.Reason]bool{
	fault.WriterAhead: true, fault.HeadConflict: true, fault.ChainIDMismatch: true, fault.ServerIdentityMismatch: true,
	fault.ServerIdentityChanged: true, fault.VerificationFailed: true,
}

// local is a failure on this machine: trying again doesn't help.
type local struct{ error }

// Unwrap is what has failed.
func (l local) Unwrap() error { return l.error }

// afterLoss decides what a failure means for what waits, and how long to wait before the next try.
func (w *writer) afterLoss(err error, lost time.Duration, retry *backoff) (delay time.Duration, goesOn bool) {
	found := fault.Of(err)
	if _, isLocal := err.(local); isLocal || found == nil {
		w.fail(func(sent bool) error {
			if sent && found != nil {
				return outcomeUnknown(found)
			}
			if found != nil {
				return found
			}
			return err
		})
		return 0, false
	}
	if isFork(found.Reason) {
		w.chain.note(w.place.renew())
		w.fork(found)
		w.tell("new-writer", "goes on as a new writer of "+w.chain.key.Text+": "+found.Message, found)
		return 0, w.isBusy()
	}
	if !rpc.Passing(found) && !retried[found.Reason] {
		w.fail(func(sent bool) error {
			if sent && !alarms[found.Reason] {
				return outcomeUnknown(found)
			}
			return found
		})
		return 0, false
	}
	if lost >= w.chain.options.reconnect {
		unsent := fault.New(fault.ConnectionFailed, "%s could not be reached again in time: %s", w.chain.client.Server(), found.Message).From(found)
		w.fail(func(sent bool) error {
			if sent {
				return outcomeUnknown(found)
			}
			return unsent
		})
		return 0, false
	}
	delay = retry.next()
	w.tell("reconnecting", found.Message+"; trying again in "+delay.String(), found)
	return delay, true
}

func (w *writer) tell(kind, message string, cause error) {
	w.chain.client.options.notice(Notice{Kind: kind, Message: message, Cause: cause})
}

func outcomeUnknown(cause *fault.Error) error {
	return fault.New(fault.OutcomeUnknown, "whether the events are stored is not known: %s. Read the chain before appending again", cause.Message).
		With("cause_reason", string(cause.Reason)).From(cause)
}

// fail everything that waits. What was sent may be stored all the same.
func (w *writer) fail(errorFor func(sent bool) error) {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	w.place.mayBeBehind = true
	for _, one := range w.unanswered {
		for _, pending := range one.appends {
			w.finish(pending, Committed{}, errorFor(pending.sent))
		}
	}
	for _, pending := range w.queue {
		w.finish(pending, Committed{}, errorFor(pending.sent))
	}
	w.unanswered, w.queue = nil, nil
}

// fork: of what was sent nobody knows what became of it; the rest is sealed anew, by the new writer.
func (w *writer) fork(found *fault.Error) {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	var again []*Pending
	for _, one := range w.unanswered {
		for _, pending := range one.appends {
			if pending.sent {
				w.finish(pending, Committed{}, outcomeUnknown(found))
			} else {
				again = append(again, pending)
			}
		}
	}
	w.queue = append(again, w.queue...)
	w.unanswered = nil
}

// finish an append. The caller holds the mutex.
func (w *writer) finish(pending *Pending, committed Committed, err error) {
	pending.finish(committed, err)
	w.bytes -= pending.built.bytes
	close(w.roomy)
	w.roomy = make(chan struct{})
}

// nextBatch takes what waits into a batch, if one is due. The caller holds the mutex.
func (w *writer) nextBatch() *batch {
	if len(w.queue) == 0 || len(w.unanswered) >= limits.WriterBatchesInFlight {
		return nil
	}
	made := &batch{}
	bytes, taken := 0, 0
	for _, pending := range w.queue {
		isAlone := len(pending.built.conditions) > 0 || len(pending.built.coSigners) > 0 || pending.built.right != nil
		isFull := taken > 0 && (made.events+len(pending.built.headers) > batchEventsDefault || bytes+pending.built.bytes > batchBytesDefault)
		if taken > 0 && (isAlone || isFull) {
			made.isComplete = true
			break
		}
		taken++
		made.events += len(pending.built.headers)
		bytes += pending.built.bytes
		if made.isComplete = isAlone || made.events >= batchEventsDefault || bytes >= batchBytesDefault; made.isComplete {
			break
		}
	}
	if !made.isComplete {
		open := 0
		for _, one := range w.unanswered {
			if !one.isComplete {
				open++
			}
		}
		if open >= openBatchesMax {
			return nil
		}
	}
	made.appends = append(made.appends, w.queue[:taken]...)
	w.queue = w.queue[taken:]
	return made
}
