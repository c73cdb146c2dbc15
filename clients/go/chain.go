package atedb

import (
	"context"
	"sync"

	"atedb.example/go/event"
	"atedb.example/go/fault"
	"atedb.example/go/internal/home"
	"atedb.example/go/keys"
	"atedb.example/go/merkle"
)

// A Chain that was opened. Close it, which waits for its appends.
type Chain struct {
	client     *Client
	key        event.ChainKey
	options    openOptions
	remembered *home.Chain
	// closed ends with the chain, with its cause.
	closed context.Context
	shutBy context.CancelCauseFunc

	// known serialises what compares with the newest verified head and then moves it on.
	known sync.Mutex

	mutex sync.Mutex
	// head is the newest that was verified; size 0: none.
	head    merkle.Head
	genesis *event.Genesis
	ticket  []byte
	line    *event.IdentityLine
	signer  *event.CheckpointKeys
	// checkpoint is the newest that is known to be of the verified history, and checkpointLine that of its identity.
	checkpoint     *event.Checkpoint
	checkpointLine *event.IdentityLine
	// pairs are the user's own key and former ones, once they were loaded.
	pairs []*keys.Pair

	// group finds the keys of a group's chain; nil: the chain is a user's, or a token is used.
	group  *groupKeys
	rules  *verifiedRules
	writer *writer
	sealer *sealer
}

func newChain(client *Client, key event.ChainKey, options []OpenOption) *Chain {
	chain := &Chain{client: client, key: key, options: openOptions{reconnect: reconnectDefault}, remembered: home.NewChain(client.home, client.Server(), key)}
	for _, option := range options {
		option(&chain.options)
	}
	chain.closed, chain.shutBy = context.WithCancelCause(context.Background())
	if key.Group != "" && chain.options.token == nil {
		chain.group = &groupKeys{chain: chain}
	}
	chain.rules = newVerifiedRules(chain)
	chain.writer = newWriter(chain)
	chain.sealer = newSealer(chain)
	return chain
}

// Key of the chain.
func (c *Chain) Key() event.ChainKey { return c.key }

// Genesis says what the chain is; nil where it is not there yet.
func (c *Chain) Genesis() *event.Genesis {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	return c.genesis
}

// Head is the newest that was verified; its size is 0 where the chain is not there yet.
func (c *Chain) Head() merkle.Head {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	return c.head
}

// Checkpoint is the newest that the server has signed of what was verified; nil for none.
func (c *Chain) Checkpoint() *event.Checkpoint {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	return c.checkpoint
}

// Close waits until all appends are answered, saves what is remembered, and ends what reads. It returns what could not be saved.
func (c *Chain) Close() error {
	c.writer.close()
	c.shut()
	c.client.mutex.Lock()
	delete(c.client.chains, c)
	c.client.mutex.Unlock()
	return c.remembered.Flush()
}

func (c *Chain) shut() {
	c.shutBy(fault.New(fault.RequestInvalid, "the chain %s is closed. Open it again", c.key))
}

// within ends a context with the chain, too.
func (c *Chain) within(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancelCause(ctx)
	stop := context.AfterFunc(c.closed, func() { cancel(context.Cause(c.closed)) })
	return ctx, func() {
		stop()
		cancel(nil)
	}
}

func (c *Chain) note(err error) {
	if err != nil {
		c.client.options.notice(Notice{Kind: "not-saved", Message: "what is remembered of " + c.key.Text + " could not be saved: " + fault.Text(err), Cause: err})
	}
}

// advance moves the known head on to one that extends it. The caller holds known.
func (c *Chain) advance(to merkle.Head) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	if to.Size <= c.head.Size || c.genesis == nil {
		return
	}
	c.head = to
	c.note(c.remembered.Note(&home.Remembered{ChainID: c.genesis.ChainID, Head: to}))
}

// keep a checkpoint that is known to be of the verified history, if it is the newest.
func (c *Chain) keep(signed *event.Checkpoint) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	// What is kept is never beyond what is known, which later heads are compared with.
	if signed == nil || signed.Head.Size > c.head.Size || !home.NewerCheckpoint(signed, c.line, c.checkpoint) {
		return
	}
	c.checkpoint, c.checkpointLine = signed, c.line
	c.note(c.remembered.Note(&home.Remembered{ChainID: c.genesis.ChainID, Head: c.head, Checkpoint: signed, Line: c.line}))
}

// checksRules reports whether all that is read must be allowed by what came before.
func (c *Chain) checksRules() bool {
	if c.options.checkRules != nil {
		return *c.options.checkRules
	}
	genesis := c.Genesis()
	return genesis != nil && (genesis.TrustMode == event.Distributed || genesis.Confidential)
}
