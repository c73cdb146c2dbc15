package atedb

import (
	"context"
	"io"
	"sync"
	"time"

	"google.golang.org/protobuf/proto"

	atedbv1 "atedb.example/go/gen/atedb/v1"

	"atedb.example/go/event"
	"atedb.example/go/fault"
	"atedb.example/go/internal/crypt"
	"atedb.example/go/internal/rpc"
	"atedb.example/go/internal/strict"
	"atedb.example/go/merkle"
)

// LockOptions say how to lock. The zero value waits.
type LockOptions struct {
	// NoWait fails with LOCK_HELD where somebody holds the lease.
	NoWait bool
	// TTL is how long the lease outlives a connection on which nothing comes any more: half a second to ten minutes. Default: 15 seconds.
	TTL time.Duration
}

const ttlDefault = 15 * time.Second

// A Lease on an object is held until it is released or lost. docs/locks.md says what that promises.
type Lease struct {
	primaryKey []byte
	token      uint64
	stream     *rpc.Stream
	ctx        context.Context
	lose       context.CancelCauseFunc
	ended      chan struct{}

	mutex     sync.Mutex
	sureUntil time.Time
	released  bool
}

// Token is larger than that of every lease on the object before.
func (l *Lease) Token() uint64 { return l.token }

// Context ends when the lease is lost, or given up; its cause says why.
func (l *Lease) Context() context.Context { return l.ctx }

// Err is nil while the lease is held. It looks at the clock, and is exact also where the program was stopped.
func (l *Lease) Err() error {
	l.mutex.Lock()
	isSure := time.Now().Before(l.sureUntil)
	l.mutex.Unlock()
	if l.ctx.Err() == nil && !isSure {
		l.lose(leaseLost(l.primaryKey, "the server was not heard of for as long as it keeps it"))
	}
	return context.Cause(l.ctx)
}

// Release gives the lease up, and waits until the server has done so.
func (l *Lease) Release(ctx context.Context) error {
	l.mutex.Lock()
	l.released = true
	l.mutex.Unlock()
	_ = l.stream.CloseSend()
	select {
	case <-l.ended:
	case <-ctx.Done():
	}
	l.lose(leaseLost(l.primaryKey, "it was given up"))
	l.stream.Close()
	return rpc.Ended(ctx)
}

func leaseLost(primaryKey []byte, why string) error {
	return fault.New(fault.LeaseLost, "the lease on the object %x is not held any more: %s. Lock it again, read what happened, then decide anew", primaryKey, why)
}

// Lock has the lease on an object, which need not be there yet: by its primary key, its name, or a label and its parent. It waits while
// others have it; who waits and loses the server asks again, at the end of the line. The error is LOCK_HELD where it isn't to wait,
// KEY_NOT_ALLOWED, TOO_MANY_LOCKS and others that the server refuses it for.
func (c *Chain) Lock(ctx context.Context, object Object, options LockOptions) (*Lease, error) {
	key, err := c.writingKey(ctx)
	if err != nil {
		return nil, err
	}
	if options.TTL == 0 {
		options.TTL = ttlDefault
	}
	of := NewEvent{PrimaryKey: object.PrimaryKey, Name: object.Name, Label: object.Label, Parent: object.Parent}
	if isOfChain(object) {
		return nil, fault.New(fault.RequestInvalid, "a lock is on an object: name one").With("field", "object")
	}
	primaryKey, label, err := of.object()
	if err != nil {
		return nil, err
	}
	wish := &atedbv1.LockObject{PrimaryKey: primaryKey, Parent: object.Parent, Label: label, Key: publicKeyMessage(key.Public()), TtlMs: uint32(options.TTL.Milliseconds()), NoWait: options.NoWait}
	wish.Delegations, wish.Issuer = shownRight(c.options.right())
	if label == nil {
		wish.Parent = nil
	}
	var retry backoff
	var lostSince time.Time
	for {
		lease, heard, err := c.lockOnce(ctx, wish)
		if err == nil {
			return lease, nil
		}
		if ended := rpc.Ended(ctx); ended != nil {
			return nil, ended
		}
		if heard {
			retry, lostSince = backoff{}, time.Time{}
		}
		found := fault.Of(err)
		// Nothing was held yet, so asking again does no harm.
		if found == nil || !rpc.Passing(found) && found.Reason != fault.LeaseLost && found.Reason != fault.TooManyLocks {
			return nil, err
		}
		if lostSince.IsZero() {
			lostSince = time.Now()
		}
		if time.Since(lostSince) >= c.options.reconnect {
			return nil, err
		}
		if err := rpc.Sleep(ctx, retry.next()); err != nil {
			return nil, err
		}
		c.client.conn.TryNow()
	}
}

func (c *Chain) lockOnce(ctx context.Context, wish *atedbv1.LockObject) (lease *Lease, heard bool, err error) {
	answer, err := c.open(ctx, openCall{})
	if err != nil {
		return nil, false, err
	}
	genesis := c.Genesis()
	key, err := c.writingKey(ctx)
	if err != nil {
		return nil, false, err
	}
	// The lease outlives the call that asks for it, and not the chain.
	outlives, lose := context.WithCancelCause(c.closed)
	stop := context.AfterFunc(ctx, func() { lose(context.Cause(ctx)) })
	defer stop()
	stream, err := c.client.conn.NewStream(outlives, atedbv1.ChainService_Lock_FullMethodName, c.ticketMetadata())
	if err != nil {
		lose(err)
		return nil, false, err
	}
	asked := time.Now()
	lease = &Lease{primaryKey: wish.PrimaryKey, stream: stream, ctx: outlives, lose: lose, ended: make(chan struct{})}
	fail := func(err error) (*Lease, bool, error) {
		lose(err)
		stream.Close()
		return nil, heard, err
	}
	said := &atedbv1.LockResponse{}
	if err := converse(stream, c.client.Server(), &atedbv1.LockRequest{ChainKey: c.key.Text, ChainId: genesis.ChainID[:], Message: &atedbv1.LockRequest_Lock{Lock: wish}}, said); err != nil {
		return fail(err)
	}
	if len(said.GetConversation().GetConversationId()) != 32 {
		return fail(unreadable("a conversation was due"))
	}
	claim := event.ProofClaim{Exporter: stream.Exporter(), Server: answer.identity.Fingerprint(), ChainID: genesis.ChainID,
		Conversation: event.Hash(said.GetConversation().ConversationId), Key: key.Public().Fingerprint()}
	proof := &atedbv1.LockProof{Signature: sign(key, crypt.ContextLock, claim.LockBytes(wish.PrimaryKey))}
	if err := stream.Send(encode(&atedbv1.LockRequest{Message: &atedbv1.LockRequest_Proof{Proof: proof}})); err != nil {
		return fail(err)
	}
	alive := newKeepAlive(lease, time.Duration(wish.TtlMs)*time.Millisecond, asked)
	go alive.speak()
	for {
		message, err := alive.next()
		if err != nil {
			return fail(notEOF(err, c.client.Server()))
		}
		heard = true
		if granted := message.GetGranted(); granted != nil {
			if granted.Token == 0 || granted.Token > strict.IntegerMax {
				return fail(unreadable("a token is beyond 2^53"))
			}
			lease.token = granted.Token
			go alive.listen()
			return lease, true, nil
		}
	}
}

// A keepAlive keeps the server sure that this end is alive, and is told by the answers for how long the server is sure. The server counts
// from when a message came; this end from when the last one that was answered was sent, which is earlier.
type keepAlive struct {
	lease *Lease
	ttl   time.Duration
	sent  chan time.Time
}

func newKeepAlive(lease *Lease, ttl time.Duration, asked time.Time) *keepAlive {
	lease.sureUntil = asked.Add(ttl)
	return &keepAlive{lease, ttl, make(chan time.Time, 64)}
}

// speak until the lease has ended, three times as often as must be.
func (k *keepAlive) speak() {
	ticker := time.NewTicker(k.ttl / 3)
	defer ticker.Stop()
	message := encode(&atedbv1.LockRequest{Message: &atedbv1.LockRequest_Alive{Alive: &atedbv1.Alive{}}})
	for {
		select {
		case <-k.lease.ctx.Done():
			return
		case <-k.lease.ended:
			return
		case now := <-ticker.C:
			k.lease.mutex.Lock()
			isReleased, isSilent := k.lease.released, now.After(k.lease.sureUntil)
			k.lease.mutex.Unlock()
			if isReleased {
				return
			}
			if isSilent {
				k.lease.lose(leaseLost(k.lease.primaryKey, "the server was not heard of for as long as it keeps it"))
				k.lease.stream.Close()
				return
			}
			select {
			case k.sent <- time.Now():
				_ = k.lease.stream.Send(message)
			default:
			}
		}
	}
}

// next is the next news: that others come first, or that the lease is here.
func (k *keepAlive) next() (*atedbv1.LockResponse, error) {
	for {
		bytes, err := k.lease.stream.Recv()
		if err != nil {
			return nil, err
		}
		said := &atedbv1.LockResponse{}
		if err := proto.Unmarshal(bytes, said); err != nil {
			return nil, unreadable(err.Error())
		}
		if said.GetAlive() == nil {
			return said, nil
		}
		select {
		case sent := <-k.sent:
			k.lease.mutex.Lock()
			k.lease.sureUntil = sent.Add(k.ttl)
			k.lease.mutex.Unlock()
		default:
			return nil, unreadable("it answers what was not said")
		}
	}
}

// listen until the lease has ended.
func (k *keepAlive) listen() {
	defer close(k.lease.ended)
	_, err := k.next()
	if err == nil {
		err = unreadable("it grants a lease twice")
	}
	if err == io.EOF {
		err = leaseLost(k.lease.primaryKey, "it was given up")
	} else if found := fault.Of(err); found == nil || found.Reason != fault.LeaseLost {
		err = leaseLost(k.lease.primaryKey, fault.Text(err))
	}
	k.lease.lose(err)
}

// Delete has the server delete the chain, as the key that it was opened with, which must be a root's. Then the chain is closed, and the home
// folder forgets it.
func (c *Chain) Delete(ctx context.Context) error {
	ctx, cancel := c.client.deadline(ctx)
	defer cancel()
	answer, err := c.open(ctx, openCall{})
	if err != nil {
		return err
	}
	key, err := c.writingKey(ctx)
	if err != nil {
		return err
	}
	genesis, head := c.Genesis(), c.Head()
	stream, err := c.client.conn.NewStream(ctx, atedbv1.ChainService_DeleteChain_FullMethodName, c.ticketMetadata())
	if err != nil {
		return err
	}
	defer stream.Close()
	said := &atedbv1.DeleteChainResponse{}
	if err := converse(stream, c.client.Server(), &atedbv1.DeleteChainRequest{ChainKey: c.key.Text, ChainId: genesis.ChainID[:]}, said); err != nil {
		return err
	}
	if len(said.GetConversation().GetConversationId()) != 32 {
		return unreadable("a conversation was due")
	}
	claim := event.ProofClaim{Exporter: stream.Exporter(), Server: answer.identity.Fingerprint(), ChainID: genesis.ChainID,
		Conversation: event.Hash(said.GetConversation().ConversationId), Key: key.Public().Fingerprint()}
	deletion := &atedbv1.Deletion{Head: headMessage(head), Signature: sign(key, crypt.ContextDeleteChain, claim.DeletionBytes(head))}
	if err := converse(stream, c.client.Server(), &atedbv1.DeleteChainRequest{Deletion: deletion}, said); err != nil {
		return err
	}
	if said.GetDeleted() == nil {
		return unreadable("the word that the chain is deleted was due")
	}
	_ = c.Close()
	return c.remembered.Forget()
}

func headMessage(head merkle.Head) *atedbv1.TreeHead {
	return &atedbv1.TreeHead{Size: head.Size, Root: head.Root[:]}
}
