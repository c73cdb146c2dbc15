package atedb

import (
	"bytes"
	"context"
	"slices"

	atedbv1 "atedb.example/go/gen/atedb/v1"

	"atedb.example/go/event"
	"atedb.example/go/keys"
	"atedb.example/go/merkle"
	"atedb.example/go/trust"
)

// namedHeadsMax are heads that a server has named and that a replay has yet to reach; older ones make room.
const namedHeadsMax = 16

// A replaying verifies batches as they come, compares the tree at every size of which a head is known or was named, and moves the known
// head on.
type replaying struct {
	chain    *Chain
	verifier *trust.Replay
	first    uint64
	named    []merkle.Head
	// tied: it is known to be of one history with the known head.
	tied bool
	// covered is what of the chain was verified, rules and all, when it began: up to there it need only be the same history.
	covered *merkle.Head
	// checkRules: what isn't known to be allowed is not handed on.
	checkRules bool
	// dataUpTo was asked to be sent; nil: all data.
	dataUpTo *uint64
	// asking is within which keys are asked for: each stream that it goes on with has its own.
	asking context.Context
	// verified are batches that are still to be compared with what is known, or to be proven to be of the history that is.
	verified []trust.Verified
}

// begin where a server says that a stream or a range begins. knownBefore is the newest known head when the server was asked.
func (c *Chain) begin(ctx context.Context, start *history, knownBefore merkle.Head, checkRules bool, dataUpTo *uint64) (*replaying, error) {
	if err := c.checkStart(start); err != nil {
		return nil, err
	}
	if start.head.Size < knownBefore.Size {
		return nil, c.shorter(ctx, knownBefore)
	}
	r := &replaying{chain: c, first: start.startCommit, named: []merkle.Head{start.head}, checkRules: checkRules, dataUpTo: dataUpTo, asking: ctx}
	begin := trust.Start{Commit: start.startCommit, Sequence: start.startSequence, Frontier: cloneAll(start.frontierHashes), DataUpTo: dataUpTo}
	begin.FindKey = c.findKey(func() context.Context { return r.asking })
	if place := c.rules.current(); place != nil && start.startCommit > 0 {
		begin.Rules = &place.Rules
		begin.ProveExtends = func(older, newer merkle.Head) error { return c.prove(r.asking, older, newer) }
		if checkRules {
			r.covered = &place.Head
		}
	}
	if checkRules && start.startCommit > 0 && (r.covered == nil || start.startCommit > r.covered.Size) {
		return nil, unreadable("its stream starts behind what was asked for")
	}
	var err error
	if r.verifier, err = trust.NewReplay(c.Genesis(), begin); err != nil {
		return nil, cantBe(err)
	}
	if err := r.compare(); err != nil {
		return nil, err
	}
	return r, r.checkCovered(ctx)
}

func (c *Chain) checkStart(start *history) error {
	id := c.Genesis().ChainID
	if !bytes.Equal(start.chainID, id[:]) {
		return unreadable("its stream is of another chain")
	}
	frontier, err := merkle.NewFrontier(start.startCommit, start.frontierHashes)
	if err != nil {
		return cantBe(err)
	}
	if !merkle.VerifyConsistency(frontier.Head(), start.head, start.consistency) {
		return unreadable("the frontier that its stream starts with is not of the tree of its head")
	}
	return nil
}

// resume checks that another stream goes on exactly where this replay stands.
func (r *replaying) resume(start *history) error {
	if err := r.chain.checkStart(start); err != nil {
		return err
	}
	if start.startCommit != r.verifier.NextCommit() || start.startSequence != r.verifier.NextSequence() {
		return unreadable("its stream goes on elsewhere than was asked for")
	}
	frontier, err := merkle.NewFrontier(start.startCommit, start.frontierHashes)
	if err != nil {
		return cantBe(err)
	}
	if head := frontier.Head(); !head.Same(r.verifier.Head()) {
		return r.chain.conflict("its history is another than the one streamed", r.verifier.Head(), &head, nil, nil)
	}
	return r.name(start.head)
}

// feed the next slice. What is asked for it is asked for within ctx.
func (r *replaying) feed(ctx context.Context, slice []byte) ([]trust.Verified, error) {
	r.asking = ctx
	verified, err := r.verifier.Verify(slice)
	if err != nil {
		return nil, err
	}
	r.verified = append(r.verified, verified...)
	return r.handOn(ctx)
}

// handOn what was verified, and compared. Where that fails since the server is lost, the replay has moved on behind it all the same: then it
// is to be called again, before another stream goes on.
func (r *replaying) handOn(ctx context.Context) ([]trust.Verified, error) {
	if err := r.compare(); err != nil {
		return nil, err
	}
	if err := r.checkCovered(ctx); err != nil {
		return nil, err
	}
	verified := r.verified
	r.verified = nil
	// What isn't known to be allowed may be made up.
	if r.verifier.Authority() != nil || r.covered != nil {
		r.chain.rules.learn(verified)
	}
	r.chain.rules.advance(r.verifier, false)
	return verified, nil
}

// checkCovered: nothing is handed on of another history than the one whose rules were verified. Behind it the rules are checked, from a
// tree on that was compared.
func (r *replaying) checkCovered(ctx context.Context) error {
	if r.covered == nil || r.verifier.NextCommit() > r.covered.Size || r.verifier.NextCommit() == 0 {
		return nil
	}
	return r.chain.prove(ctx, r.verifier.Head(), *r.covered)
}

// name a head that the server names in between: it is compared when the replay is there.
func (r *replaying) name(head merkle.Head) error {
	r.named = append(r.named, head)
	if len(r.named) > namedHeadsMax {
		r.named = slices.Delete(r.named, 0, 1)
	}
	return r.compare()
}

// compare the tree with what is known and named of sizes that it has had; then move the known head on.
func (r *replaying) compare() error {
	r.chain.known.Lock()
	defer r.chain.known.Unlock()
	size := r.verifier.NextCommit()
	for i := 0; i < len(r.named); {
		head := r.named[i]
		if head.Size > size {
			i++
			continue
		}
		if root, ok := r.verifier.RootAt(head.Size); ok && root != head.Root && head.Size > 0 {
			return r.chain.conflict("it names another head than its own history has", merkle.Head{Size: head.Size, Root: root}, &head, nil, nil)
		}
		r.named = slices.Delete(r.named, i, i+1)
	}
	known := r.chain.Head()
	if known.Size < r.first || known.Size > size {
		return nil
	}
	root, ok := r.verifier.RootAt(known.Size)
	if !ok {
		return nil
	}
	if root != known.Root {
		return r.chain.conflict("its chain has another history than it had", known, &merkle.Head{Size: known.Size, Root: root}, nil, nil)
	}
	r.tied = true
	r.chain.advance(r.verifier.Head())
	return nil
}

// attested compares a checkpoint of what was replayed, or of what is before its start, and keeps it.
func (r *replaying) attested(ctx context.Context, signed *event.Checkpoint) error {
	if signed.Head.Size > r.verifier.NextCommit() {
		return unreadable("it shows a checkpoint of more than it has sent")
	}
	if root, ok := r.verifier.RootAt(signed.Head.Size); ok {
		if root != signed.Head.Root {
			return r.chain.conflict("it has signed another history than the one it has sent", merkle.Head{Size: signed.Head.Size, Root: root}, &signed.Head, nil, signed)
		}
		if r.tied {
			r.chain.keep(signed)
			return nil
		}
	}
	known := r.chain.Head()
	older, newer := signed.Head, known
	if older.Size > newer.Size {
		older, newer = newer, older
	}
	if err := r.chain.prove(ctx, older, newer); err != nil {
		return err
	}
	r.chain.keep(signed)
	return nil
}

// findKey asks for public keys of the chain, by their fingerprints, which show that they are the right ones, each time within a context.
func (c *Chain) findKey(within func() context.Context) func(keys.Fingerprint) (*keys.Public, error) {
	found := map[keys.Fingerprint]*keys.Public{}
	return func(name keys.Fingerprint) (*keys.Public, error) {
		if key, isKnown := found[name]; isKnown {
			return key, nil
		}
		message, err := c.unary(within(), atedbv1.ChainService_GetKeys_FullMethodName, &atedbv1.GetKeysRequest{ChainKey: c.key.Text, Fingerprints: [][]byte{name[:]}})
		if err != nil {
			return nil, err
		}
		said, err := fieldsOf(message)
		if err != nil {
			return nil, err
		}
		for _, one := range said.all(1) {
			key, err := keys.ParsePublic(one)
			if err != nil {
				return nil, cantBe(err)
			}
			found[key.Fingerprint()] = key
		}
		return found[name], nil
	}
}

func cloneAll(all [][]byte) [][]byte {
	copied := make([][]byte, len(all))
	for i, one := range all {
		copied[i] = bytes.Clone(one)
	}
	return copied
}
