package atedb

import (
	"bytes"
	"context"
	"io"
	"time"

	atedbv1 "atedb.example/go/gen/atedb/v1"

	"atedb.example/go/event"
	"atedb.example/go/fault"
	"atedb.example/go/internal/crypt"
	"atedb.example/go/internal/rpc"
	"atedb.example/go/internal/strict"
	"atedb.example/go/keys"
)

// due is what is due on an append stream, in order; without a batch, for a seal that was made void since.
type due struct {
	hash  event.Hash
	batch *batch
}

// An outlet is one append stream, and whom the writer writes as there.
type outlet struct {
	writer  *writer
	stream  *rpc.Stream
	key     *keys.Pair
	chainID event.Hash
	// signs: batches are signed; they need not be on a stream that has proven the key.
	signs bool
	// isStranger: the chain may not know the key before the writer's first batch.
	isStranger bool
	isFirst    bool
	due        []due
}

type received struct {
	message []byte
	err     error
}

// connection is everything from opening the chain to the end of one stream. worked: something was answered.
func (w *writer) connection(ctx context.Context) (worked bool, err error) {
	key, err := w.chain.writingKey(ctx)
	if err != nil {
		return false, local{err}
	}
	w.mutex.Lock()
	unanswered := append([]*batch(nil), w.unanswered...)
	w.mutex.Unlock()
	w.placing.Lock()
	answer, err := w.place.take(ctx, key, unanswered)
	w.placing.Unlock()
	if err != nil {
		return false, err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	stream, err := w.chain.client.conn.NewStream(ctx, atedbv1.ChainService_Append_FullMethodName, w.chain.ticketMetadata())
	if err != nil {
		return false, err
	}
	defer stream.Close()
	genesis := w.chain.Genesis()
	out := &outlet{writer: w, stream: stream, key: key, chainID: genesis.ChainID}
	// A key that the chain doesn't know yet can't be proven to it.
	out.isStranger = !genesis.HasRoot(key.Public().Fingerprint()) && w.place.slot.State().Counter == 0
	out.signs = w.chain.options.signBatches || out.isStranger || genesis.TrustMode == event.Distributed
	if out.isFirst = out.signs; !out.signs {
		if err := out.prove(genesis, answer.identity); err != nil {
			return false, err
		}
	}
	for _, one := range unanswered {
		if err := out.send(one); err != nil {
			return false, err
		}
	}
	incoming := make(chan received, 1)
	go func() {
		for {
			message, err := stream.Recv()
			select {
			case incoming <- received{message, err}:
			case <-ctx.Done():
				return
			}
			if err != nil {
				return
			}
		}
	}()
	return out.serve(incoming)
}

// serve until the stream ends, or nothing is left to write and the chain is closed.
func (o *outlet) serve(incoming <-chan received) (worked bool, err error) {
	for {
		if err := o.pump(); err != nil {
			return worked, err
		}
		if o.writer.isClosing() && !o.writer.isBusy() {
			// A server that never ends the stream isn't waited for: every answer is here.
			return worked, o.stream.CloseSend()
		}
		select {
		case <-o.writer.wake:
		case got := <-incoming:
			if got.err == io.EOF {
				return worked, nil
			}
			if got.err == nil {
				got.err = o.take(got.message)
			}
			if got.err != nil {
				return worked, got.err
			}
			worked = true
		}
	}
}

// prove the key to the server of a centralized chain: batches on this stream need no signature from then on. The proof counts at no other
// server.
func (o *outlet) prove(genesis *event.Genesis, server *keys.Public) error {
	say := func(message []byte) (*appendAnswer, error) {
		if err := o.stream.Send(message); err != nil {
			return nil, err
		}
		bytes, err := o.stream.Recv()
		if err != nil {
			return nil, notEOF(err, o.writer.chain.client.Server())
		}
		answer, err := parseAppendAnswer(bytes)
		if err == nil && answer.rejected != nil {
			err = answer.rejected
		}
		return answer, err
	}
	answer, err := say(new(strict.Writer).String(16, genesis.ChainKey.Text).Finish())
	if err != nil {
		return err
	}
	if answer.conversation == nil {
		return unreadable("a conversation was due")
	}
	name := o.key.Public().Fingerprint()
	claim := event.ProofClaim{Exporter: o.stream.Exporter(), Server: server.Fingerprint(), ChainID: genesis.ChainID, Conversation: event.Hash(answer.conversation), Key: name}
	proof := new(strict.Writer).Message(1, event.SignatureMessage(o.key, crypt.ContextProof, claim.Bytes())).Finish()
	answer, err = say(strict.Frame(17, proof))
	if err != nil {
		return err
	}
	if !bytes.Equal(answer.proven, name[:]) {
		return unreadable("the word that the key is proven was due")
	}
	return nil
}

// pump seals and sends what waits, as far as it is due.
func (o *outlet) pump() error {
	for {
		o.writer.mutex.Lock()
		next := o.writer.nextBatch()
		var before *batch
		if last := len(o.writer.unanswered); last > 0 {
			before = o.writer.unanswered[last-1]
		}
		if next != nil {
			o.writer.unanswered = append(o.writer.unanswered, next)
		}
		o.writer.mutex.Unlock()
		if next == nil {
			return nil
		}
		o.seal(next, before)
		if err := o.send(next); err != nil {
			return err
		}
	}
}

// seal a batch at its place; nil before: it is the next after the last that is acknowledged.
func (o *outlet) seal(next, before *batch) {
	state := o.writer.place.slot.State()
	header := event.SealHeader{Writer: event.Writer{ChainID: o.chainID, Fingerprint: o.key.Public().Fingerprint(), Salt: state.Salt},
		Counter: state.Counter, Previous: state.LastSeal, AsOf: o.writer.chain.Head(), Conditions: next.appends[0].built.conditions}
	if before != nil {
		header.Counter, header.Previous = before.counter+1, bytes.Clone(before.hash[:])
	}
	var headers, frames [][]byte
	isSigned := o.signs
	for _, pending := range next.appends {
		headers = append(headers, pending.built.headers...)
		frames = append(frames, pending.built.frames...)
		isSigned = isSigned || pending.built.bearsAuthority
	}
	sealed := header.Bytes(headers)
	next.counter, next.hash = header.Counter, event.SealHash(sealed)
	var signers []*keys.Pair
	var shown []*keys.Public
	coSigners := next.appends[0].built.coSigners
	if isSigned {
		signers = append([]*keys.Pair{o.key}, coSigners...)
	}
	right := next.appends[0].built.right
	// Known for good once a batch is acknowledged.
	if o.isStranger && state.Counter == 0 {
		shown = append(shown, o.key.Public())
		if right == nil {
			right = o.writer.chain.options.right()
		}
	}
	for _, one := range coSigners {
		shown = append(shown, one.Public())
	}
	next.run = event.SignBatch(frames, sealed, signers, shown, right)
}

func (o *outlet) send(one *batch) error {
	request := one.run
	if o.isFirst {
		request = new(strict.Writer).Raw(one.run).String(16, o.writer.chain.key.Text).Finish()
		o.isFirst = false
	}
	o.writer.mutex.Lock()
	for _, pending := range one.appends {
		pending.sent = true
	}
	o.writer.mutex.Unlock()
	one.sent = true
	o.due = append(o.due, due{one.hash, one})
	return o.stream.Send(request)
}

// ofWriter: these are not about one batch: the writer has to find out where it stands before it goes on.
var ofWriter = map[fault.Reason]bool{
	fault.WriterForked: true, fault.WriterTakenOver: true, fault.CounterGap: true, fault.StorageFailed: true,
	// A batch that is sent again may be stored from before, when a write had failed.
	fault.ChainReadOnly: true, fault.Internal: true, fault.ServerDraining: true,
}

// take what the server says of a batch.
func (o *outlet) take(message []byte) error {
	answer, err := parseAppendAnswer(message)
	if err != nil {
		return err
	}
	if len(o.due) == 0 || answer.commitHeader == nil && answer.rejected == nil {
		return unreadable("it answers what was not asked")
	}
	next := o.due[0]
	o.due = o.due[1:]
	// Where a batch was rejected unread its hash is not named.
	if len(answer.sealHash) > 0 && !bytes.Equal(answer.sealHash, next.hash[:]) || len(answer.sealHash) == 0 && answer.rejected == nil {
		return unreadable("it answers another batch than was due")
	}
	if answer.rejected != nil {
		return o.rejected(next.batch, answer.rejected)
	}
	return o.committed(next.batch, answer)
}

func (o *outlet) committed(one *batch, answer *appendAnswer) error {
	header, err := event.ParseCommitHeader(answer.commitHeader)
	if err != nil {
		return cantBe(err)
	}
	if one == nil {
		return unreadable("it accepts a batch after one that it rejected")
	}
	if header.SealHash != one.hash || int(header.Events) != one.events || answer.head.Size <= header.Number {
		return unreadable("its commit is not of the batch that it answers")
	}
	w := o.writer
	w.chain.note(w.place.slot.Advance(one.counter+1, bytes.Clone(one.hash[:])))
	w.mutex.Lock()
	defer w.mutex.Unlock()
	w.drop(one)
	first := header.FirstSequence
	for _, pending := range one.appends {
		count := uint64(len(pending.built.headers))
		w.finish(pending, Committed{first, first + count - 1, header.Number, time.UnixMilli(header.TimeUnixMs)}, nil)
		first += count
	}
	return nil
}

// drop a batch that was answered. The caller holds the mutex.
func (w *writer) drop(one *batch) {
	for i, is := range w.unanswered {
		if is == one {
			w.unanswered = append(w.unanswered[:i:i], w.unanswered[i+1:]...)
			return
		}
	}
}

func (o *outlet) rejected(one *batch, why error) error {
	found := fault.Of(why)
	if ofWriter[found.Reason] {
		return found
	}
	if one == nil {
		// Its seal was void already.
		return nil
	}
	w := o.writer
	w.mutex.Lock()
	isFollower := found.Reason == fault.PredecessorRejected
	if isFollower {
		one.predecessors++
	}
	if !isFollower || one.predecessors > predecessorsMax {
		w.drop(one)
		for _, pending := range one.appends {
			w.finish(pending, Committed{}, found)
		}
	}
	again := append([]*batch(nil), w.unanswered...)
	for _, batch := range again {
		for _, pending := range batch.appends {
			pending.sent = false
		}
	}
	w.mutex.Unlock()
	// Those behind a rejected batch name it as the one before, so none of them can ever be stored: they are sealed anew, in their order.
	for i := range o.due {
		o.due[i].batch = nil
	}
	var before *batch
	for _, batch := range again {
		o.seal(batch, before)
		if err := o.send(batch); err != nil {
			return err
		}
		before = batch
	}
	return nil
}
