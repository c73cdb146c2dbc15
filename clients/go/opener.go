package atedb

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"strconv"

	atedbv1 "atedb.example/go/gen/atedb/v1"

	"atedb.example/go/event"
	"atedb.example/go/fault"
	"atedb.example/go/internal/home"
	"atedb.example/go/internal/rpc"
	"atedb.example/go/keys"
	"atedb.example/go/merkle"
	"atedb.example/go/trust"
)

type openCall struct {
	// forAppend: a missing chain is an answer, not a refusal.
	forAppend bool
	// wishes: a missing chain is to be offered by the server, where an auth service says whose it is.
	wishes bool
	// writerID to be told the state of; nil for none.
	writerID []byte
}

// open the chain, and believe nothing: its head is proven to extend the one that was known before.
func (c *Chain) open(ctx context.Context, call openCall) (*openAnswer, error) {
	remembered, err := c.remembered.Load()
	if err != nil {
		return nil, err
	}
	known := c.Head()
	if known.Size == 0 && remembered != nil {
		known = remembered.Head
		c.restore(remembered)
	}
	answer, err := c.askToOpen(ctx, call, known.Size)
	switch found := fault.Of(err); {
	case found != nil && found.Reason == fault.SequenceOutOfRange && known.Size > 0:
		return nil, c.shorter(ctx, known)
	case found != nil && found.Reason == fault.ChainNotFound && known.Size > 0:
		return nil, c.conflict("the chain is not there any more", known, nil, nil, nil)
	case err != nil:
		return nil, err
	}
	if answer.genesis == nil {
		if known.Size > 0 {
			return nil, c.conflict("the chain is not there any more", known, nil, nil, nil)
		}
		return answer, c.checkCreation(answer, call)
	}
	first, genesis, err := c.checkGenesis(answer.genesis, remembered)
	if err != nil {
		return nil, err
	}
	base := known
	if base.Size == 0 {
		// Every tree of the chain extends that of its genesis alone.
		base = merkle.Head{Size: 1, Root: first.Leaf()}
	}
	signed, signedErr := c.checkpointOf(answer, genesis)
	// Another history says more than what is wrong with the signatures on it.
	if !merkle.VerifyConsistency(base, answer.head, answer.consistency) {
		return nil, c.conflict("its head does not extend the one that was verified before", base, &answer.head, answer.consistency, signed)
	}
	if signedErr != nil {
		return nil, signedErr
	}
	if signed != nil {
		if !merkle.VerifyConsistency(signed.Head, answer.head, answer.checkpointConsistency) {
			return nil, c.conflict("it has signed another history than the one it serves", signed.Head, &answer.head, answer.checkpointConsistency, signed)
		}
		if before := c.Checkpoint(); before != nil && signed.Head.Size < before.Head.Size {
			return nil, c.conflict("it shows an older checkpoint than one it had signed", before.Head, &signed.Head, nil, signed)
		}
	}
	c.known.Lock()
	defer c.known.Unlock()
	c.mutex.Lock()
	if c.genesis == nil {
		c.genesis, c.head = genesis, known
	}
	c.mutex.Unlock()
	if c.Head() == known {
		c.advance(answer.head)
	}
	c.keep(signed)
	return answer, nil
}

// restore what was remembered from a run before.
func (c *Chain) restore(remembered *home.Remembered) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	if remembered.Checkpoint != nil && c.checkpoint == nil {
		c.checkpoint, c.checkpointLine = remembered.Checkpoint, remembered.Line
	}
}

func (c *Chain) askToOpen(ctx context.Context, call openCall, knownSize uint64) (*openAnswer, error) {
	request := &atedbv1.OpenChainRequest{ChainKey: c.key.Text, KnownSize: max(1, knownSize), ForAppend: call.forAppend, WriterId: call.writerID}
	if call.wishes {
		request.Wishes = &atedbv1.GenesisWishes{Private: c.options.private, Confidential: c.options.confidential}
	}
	c.mutex.Lock()
	if c.line != nil {
		known := c.line.Identity.Fingerprint()
		request.KnownIdentity = known[:]
	}
	c.mutex.Unlock()
	message, err := c.unary(ctx, atedbv1.ChainService_OpenChain_FullMethodName, request)
	if err != nil {
		return nil, err
	}
	answer, err := parseOpenAnswer(message)
	if err != nil {
		return nil, err
	}
	return answer, c.checkProven(answer.identity)
}

func (c *Chain) checkProven(named *keys.Public) error { return checkProven(c.client.conn, named) }

// checkProven refuses what a server says of its identity, where it has proven another in the handshake of the tunnel: it passes on what
// another server answers.
func checkProven(conn *rpc.Conn, named *keys.Public) error {
	proven := conn.ProvenIdentity()
	if proven == nil || proven.Fingerprint() == named.Fingerprint() {
		return nil
	}
	return fault.New(fault.ServerIdentityMismatch, "%s says that it is the server %s, and has proven to be %s: somebody answers in its place, or it was restored with another key. Nothing more is sent to it", conn.Server(), named, proven).
		With("fingerprint", proven.String())
}

func (c *Chain) checkCreation(answer *openAnswer, call openCall) error {
	// Servers refuse this call then; one that doesn't must not pass for one with an empty chain.
	if !call.forAppend || c.options.chainID != nil {
		return fault.New(fault.ChainNotFound, "there is no chain %s on %s, or none of the id that is pinned", c.key, c.client.Server()).With("chain_key", c.key.Text)
	}
	if c.options.token != nil {
		return fault.New(fault.ChainNotFound, "there is no chain %s on %s, and a token makes none. Have its issuer make it", c.key, c.client.Server()).With("chain_key", c.key.Text)
	}
	return c.checkTrustMode(answer.trustMode)
}

func (c *Chain) checkTrustMode(mode event.TrustMode) error {
	if c.options.trustMode == 0 || c.options.trustMode == mode {
		return nil
	}
	return fault.New(fault.TrustModeMismatch, "the chain %s is %s, or would be made so, and %s was expected", c.key, mode, c.options.trustMode).With("trust_mode", mode.String())
}

func (c *Chain) checkGenesis(slice []byte, remembered *home.Remembered) (*event.Commit, *event.Genesis, error) {
	stored, err := event.SplitSlice(bytes.Clone(slice))
	if err != nil || len(stored) != 1 {
		return nil, nil, unreadable("its genesis is not one batch")
	}
	genesis, batch, err := trust.VerifyGenesis(stored[0].Run)
	if errors.Is(err, fault.Unsupported) {
		return nil, nil, err
	}
	if err != nil {
		return nil, nil, unreadable("its genesis does not verify: " + fault.Text(err))
	}
	commit := stored[0].Commit
	if commit.Number != 0 || commit.FirstSequence != 0 || commit.Events != 1 || commit.SealHash != batch.Seal.Hash {
		return nil, nil, unreadable("its genesis has another batch's commit")
	}
	if genesis.ChainKey.Text != c.key.Text {
		return nil, nil, unreadable("its genesis is of the chain " + genesis.ChainKey.Text)
	}
	if err := c.checkChainID(genesis.ChainID, remembered); err != nil {
		return nil, nil, err
	}
	if err := c.checkTrustMode(genesis.TrustMode); err != nil {
		return nil, nil, err
	}
	if c.options.confidential && !genesis.Confidential {
		return nil, nil, fault.New(fault.ReadRuleMismatch, "the chain %s is there and doesn't seal its data for good, and it was to be confidential. Use another one, or open it without that", c.key).With("chain_key", c.key.Text)
	}
	if c.options.private && !genesis.Private {
		return nil, nil, fault.New(fault.ChainNotPrivate, "the chain %s is there and everybody may open it, and it was to be private. Use another one, or open it without that", c.key).With("chain_key", c.key.Text)
	}
	return commit, genesis, nil
}

func (c *Chain) checkChainID(id event.Hash, remembered *home.Remembered) error {
	due, how := c.options.chainID, "pinned"
	if due == nil || *due == id {
		if genesis := c.Genesis(); genesis != nil {
			due, how = &genesis.ChainID, "used before"
		} else if remembered != nil {
			due, how = &remembered.ChainID, "remembered in "+c.remembered.Path()
		}
	}
	if due == nil || *due == id {
		return nil
	}
	return fault.New(fault.ChainIDMismatch, "the chain %s of %s has the id %x, and %x is %s: it is another chain. Find out why before trusting it", c.key, c.client.Server(), id, *due, how).
		With("chain_id", hex.EncodeToString(id[:])).With("expected", hex.EncodeToString(due[:]))
}

// checkIdentity refuses a server that isn't the one that a chain is kept by: from the key that the genesis names, and from the one that the
// chain was met at, rotations must lead to the one that it has.
func (c *Chain) checkIdentity(is *event.IdentityLine, named *keys.Public, remembered *event.IdentityLine) error {
	mismatch := func(due *keys.Public, why string) error {
		return fault.New(fault.ServerIdentityMismatch, "the chain %s is kept by the server %s, %s, and this one is %s, and no rotation leads from the one to the other. Nothing is read from it or appended to it here: the chain was moved without its server's key, or somebody answers in its place", c.key, due, why, is.Identity).
			With("fingerprint", is.Identity.String()).With("expected", due.String())
	}
	if named != nil && !is.Leads(named.Fingerprint()) {
		return mismatch(named, "as its genesis says")
	}
	if remembered != nil && (!is.Leads(remembered.Identity.Fingerprint()) || remembered.Retired(is.Identity.Fingerprint())) {
		why := "at which it was met"
		if path := c.remembered.Path(); path != "" {
			why += " (to accept another one, delete " + path + ")"
		}
		return mismatch(remembered.Identity, why)
	}
	return nil
}

// checkpointOf verifies the checkpoint of an opening; nil where the server shows none, of a chain that it says is damaged.
func (c *Chain) checkpointOf(answer *openAnswer, genesis *event.Genesis) (*event.Checkpoint, error) {
	c.mutex.Lock()
	line, signer, before := c.line, c.signer, c.checkpointLine
	c.mutex.Unlock()
	// Rotations are left out where the server was told that they are known.
	if line == nil || line.Identity.Fingerprint() != answer.identity.Fingerprint() || len(answer.rotations) > 0 {
		var err error
		if line, err = event.VerifyIdentityLine(answer.identity, answer.rotations); err != nil {
			return nil, cantBe(err)
		}
	}
	if err := c.checkIdentity(line, genesis.ServerIdentity, before); err != nil {
		return nil, err
	}
	if answer.checkpointKeys == nil {
		return nil, unreadable("it shows no keys for its checkpoints")
	}
	if signer == nil || signer.Identity.Fingerprint() != answer.identity.Fingerprint() || !bytes.Equal(signer.Message, answer.checkpointKeys) {
		var err error
		if signer, err = event.VerifyCheckpointKeys(answer.checkpointKeys, answer.identity); err != nil {
			return nil, cantBe(err)
		}
	}
	c.mutex.Lock()
	c.line, c.signer = line, signer
	c.mutex.Unlock()
	if answer.checkpoint != "" {
		return c.verifyCheckpoint(answer.checkpoint, genesis.ChainID)
	}
	if answer.trouble != "" {
		return nil, nil
	}
	return nil, unreadable("it shows no checkpoint of its head")
}

func (c *Chain) verifyCheckpoint(note string, chainID event.Hash) (*event.Checkpoint, error) {
	c.mutex.Lock()
	signer := c.signer
	c.mutex.Unlock()
	if signer == nil {
		return nil, unreadable("a checkpoint comes before its keys")
	}
	signed, err := event.VerifyCheckpoint(note, chainID, signer)
	if err != nil {
		return nil, unreadable("what it has signed does not verify: " + fault.Text(err))
	}
	return signed, nil
}

// extend has it proven that the chain as it is now extends a head. It returns the head that it has now.
func (c *Chain) extend(ctx context.Context, head merkle.Head) (merkle.Head, error) {
	answer, err := c.askToOpen(ctx, openCall{}, head.Size)
	if found := fault.Of(err); found != nil && found.Reason == fault.SequenceOutOfRange {
		return merkle.Head{}, c.shorter(ctx, head)
	}
	if err != nil {
		return merkle.Head{}, err
	}
	if answer.genesis == nil {
		return merkle.Head{}, c.conflict("the chain is not there any more", head, nil, nil, nil)
	}
	if !merkle.VerifyConsistency(head, answer.head, answer.consistency) {
		return merkle.Head{}, c.conflict("its head does not extend the one that was verified before", head, &answer.head, answer.consistency, nil)
	}
	return answer.head, nil
}

// prove has it proven that a tree of the chain is part of one that was verified.
func (c *Chain) prove(ctx context.Context, older, verified merkle.Head) error {
	if older.Same(verified) {
		return nil
	}
	request := &atedbv1.GetProofRequest{ChainKey: c.key.Text, FromSize: older.Size, Size: verified.Size}
	message, err := c.unary(ctx, atedbv1.ChainService_GetProof_FullMethodName, request)
	if err != nil {
		return err
	}
	said, err := fieldsOf(message)
	if err != nil {
		return err
	}
	if merkle.VerifyConsistency(older, verified, said.all(8)) {
		return nil
	}
	return c.conflict("what it sends is of another history than the one verified", verified, &older, said.all(8), nil)
}

// tie compares a head that was served with one that is known, which it must extend.
func (c *Chain) tie(ctx context.Context, served, known merkle.Head) error {
	if served.Size < known.Size {
		return c.shorter(ctx, known)
	}
	if served.Size == known.Size && served != known {
		return c.conflict("its chain has another history than it had", known, &served, nil, nil)
	}
	return c.prove(ctx, known, served)
}

// shorter is the error for a chain that is shorter than a known head: lost to damage, if its server says so, or else a contradiction.
func (c *Chain) shorter(ctx context.Context, known merkle.Head) error {
	answer, err := c.askToOpen(ctx, openCall{}, 1)
	if err != nil || answer.genesis == nil {
		return c.conflict("its chain is shorter than it was", known, nil, nil, nil)
	}
	// Another chain altogether says more.
	remembered, _ := c.remembered.Load()
	_, genesis, err := c.checkGenesis(answer.genesis, remembered)
	if err != nil {
		return err
	}
	if answer.isDamaged {
		return fault.New(fault.ChainDamaged, "%s says that its chain %s is damaged, and no longer has all that was verified of it here: %d commits were, and %d can be read", c.client.Server(), c.key, known.Size, answer.head.Size).
			With("known_size", strconv.FormatUint(known.Size, 10)).With("served_size", strconv.FormatUint(answer.head.Size, 10))
	}
	signed, _ := c.checkpointOf(answer, genesis)
	return c.conflict("its chain is shorter than it was", known, &answer.head, nil, signed)
}

// conflict keeps evidence of two heads that can't both be true, and is the error that says so. signed is the server's checkpoint of what it
// serves; nil for none.
func (c *Chain) conflict(why string, known merkle.Head, served *merkle.Head, consistency [][]byte, signed *event.Checkpoint) error {
	c.rules.forget()
	c.mutex.Lock()
	evidence := home.Evidence{Why: why, Known: known, Served: served, Consistency: consistency, Before: c.checkpoint, BeforeLine: c.checkpointLine, Now: signed, NowLine: c.line}
	if c.genesis != nil {
		evidence.GenesisHeader = c.genesis.Header
	}
	c.mutex.Unlock()
	conflict := fault.New(fault.HeadConflict, "%s contradicts what was verified before of %s: %s. It was restored from an older state, its history was rewritten, or another server answers: find out which before trusting it", c.client.Server(), c.key, why).
		With("chain_key", c.key.Text).With("known_size", strconv.FormatUint(known.Size, 10)).With("known_root", hex.EncodeToString(known.Root[:]))
	if served != nil {
		conflict.With("served_size", strconv.FormatUint(served.Size, 10)).With("served_root", hex.EncodeToString(served.Root[:]))
	}
	if path := c.remembered.KeepEvidence(evidence); path != "" {
		conflict.With("evidence", path)
	}
	return conflict
}
