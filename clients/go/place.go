package atedb

import (
	"bytes"
	"context"
	"strconv"
	"time"

	atedbv1 "atedb.example/go/gen/atedb/v1"

	"atedb.example/go/event"
	"atedb.example/go/fault"
	"atedb.example/go/internal/crypt"
	"atedb.example/go/internal/home"
	"atedb.example/go/internal/strict"
	"atedb.example/go/keys"
)

const (
	placeTries   = 4
	placeTimeout = 10 * time.Second
)

// A place is where a writer stands in a chain: it finds out before each stream, and creates a chain that isn't there. It is for one
// goroutine at a time.
type place struct {
	chain   *Chain
	slot    *home.Slot
	chainID event.Hash
	offer   *event.Genesis
	// mayBeBehind: batches may be stored that the slot doesn't know of.
	mayBeBehind bool
	offersAnew  int
}

func (p *place) close() error {
	if p.slot == nil {
		return nil
	}
	err := p.slot.Close()
	p.slot = nil
	return err
}

// renew goes on as another writer: somebody else has used this one's id.
func (p *place) renew() error {
	if p.slot == nil {
		return nil
	}
	return p.slot.Renew()
}

// take the writer's place: open the chain, creating it where it isn't, and agree with the server on where the writer stands. unanswered is
// what was sent before and had no answer.
func (p *place) take(ctx context.Context, key *keys.Pair, unanswered []*batch) (*openAnswer, error) {
	ctx, cancel := context.WithTimeout(ctx, placeTries*placeTimeout)
	defer cancel()
	name := key.Public().Fingerprint()
	if genesis := p.chain.Genesis(); genesis != nil {
		if err := p.takeSlot(genesis.ChainID, name); err != nil {
			return nil, err
		}
	}
	// To create it, and to learn its id, takes a try each, and once more when somebody else is faster.
	for range placeTries {
		var asked []byte
		if p.slot != nil {
			id := event.WriterID(p.chainID, name, p.slot.State().Salt)
			asked = id[:]
		}
		before := p.chain.Head()
		answer, err := p.open(ctx, key, asked)
		if err != nil {
			return nil, err
		}
		if answer.genesis == nil {
			create := p.create
			if answer.offer != nil {
				create = p.takeOffer
			}
			if err := create(ctx, key, answer); err != nil {
				return nil, err
			}
			continue
		}
		if answer.trouble != "" {
			return nil, fault.New(fault.ChainReadOnly, "the chain %s of %s can be read only: %s", p.chain.key, p.chain.client.Server(), answer.trouble).With("chain_key", p.chain.key.Text)
		}
		genesis := p.chain.Genesis()
		isOfSlot := asked != nil && genesis.ChainID == p.chainID
		if err := p.takeSlot(genesis.ChainID, name); err != nil {
			return nil, err
		}
		if !isOfSlot || answer.writer == nil {
			continue
		}
		seal, err := p.checkStanding(genesis, key.Public(), answer.writer, unanswered)
		if err != nil || seal == nil {
			return answer, err
		}
		// Nor may a seal name an older head than the one before it: what it names is known to be the chain's own.
		if seal.AsOf.Size > before.Size {
			if _, err := p.chain.extend(ctx, seal.AsOf); err != nil {
				return nil, err
			}
		}
		if len(unanswered) == 0 {
			p.chain.note(p.slot.Advance(answer.writer.nextCounter, bytes.Clone(seal.Hash[:])))
		}
		return answer, nil
	}
	return nil, fault.New(fault.ConnectionFailed, "%s doesn't say where this writer stands, or forgets the chain as soon as it is created", p.chain.client.Server())
}

// takeSlot takes the slot of this chain; one of another chain that was to be created is given back.
func (p *place) takeSlot(chainID event.Hash, name keys.Fingerprint) error {
	if p.slot != nil && p.chainID == chainID {
		return nil
	}
	if err := p.close(); err != nil {
		return local{err}
	}
	folder := p.chain.client.home
	if p.chain.options.asNewWriter {
		folder = ""
	}
	slot, err := home.AcquireSlot(folder, chainID, name)
	if err != nil {
		return local{err}
	}
	p.slot, p.chainID, p.mayBeBehind = slot, chainID, true
	return nil
}

// create the chain, whose only root is this key, of the mode that the server creates chains in.
func (p *place) create(ctx context.Context, key *keys.Pair, server *openAnswer) error {
	if p.offer == nil {
		offer := &event.Genesis{ChainKey: p.chain.key, TrustMode: server.trustMode, Roots: []*keys.Public{key.Public()}, CreatedUnixMs: time.Now().UnixMilli(), Salt: random16(),
			Private: p.chain.options.private, Confidential: p.chain.options.confidential}
		if server.trustMode == event.Centralized {
			offer.ServerIdentity = server.identity
		}
		offer.Header = offer.Bytes()
		offer.ChainID = event.ChainID(offer.Header)
		p.offer = offer
	}
	name := key.Public().Fingerprint()
	if err := p.takeSlot(p.offer.ChainID, name); err != nil {
		return err
	}
	made := event.BuildGenesis(p.offer.Header)
	seal := event.SealHeader{Writer: event.Writer{ChainID: p.offer.ChainID, Fingerprint: name, Salt: p.slot.State().Salt}}.Bytes([][]byte{made.Header})
	run := event.SignBatch([][]byte{made.Frame}, seal, []*keys.Pair{key}, nil, nil)
	request := new(strict.Writer).Raw(run).String(16, p.chain.key.Text).Finish()
	_, err := p.chain.client.conn.Unary(ctx, atedbv1.ChainService_AppendBatch_FullMethodName, request, nil)
	if found := fault.Of(err); found != nil {
		// The server's identity was rotated since the offer was made, which opening again learns; once. Or somebody else was faster: the
		// chain is theirs to define.
		isStale := found.Reason == fault.ServerIdentityMismatch && p.offersAnew == 0
		if found.Reason != fault.ChainExists && !isStale {
			return err
		}
		p.offersAnew++
		p.offer = nil
		return nil
	}
	if err != nil {
		return err
	}
	hash := event.SealHash(seal)
	p.chain.note(p.slot.Advance(1, hash[:]))
	p.tellCreated(p.offer.ChainID)
	p.offer = nil
	return nil
}

// checkStanding finds out whether the server and the writer agree on what the writer has written. It returns the writer's last seal at the
// server, which is signed or was made here; nil where it has none. The error is WRITER_AHEAD where the server has lost batches that it
// acknowledged; WRITER_FORKED where it has batches of this writer id of which it can't be known that this writer made them;
// VERIFICATION_FAILED where what it says can't be.
func (p *place) checkStanding(genesis *event.Genesis, key *keys.Public, is *standing, unanswered []*batch) (*event.Seal, error) {
	state := p.slot.State()
	counts := func(err *fault.Error) error {
		return err.With("next_counter", strconv.FormatUint(is.nextCounter, 10)).With("counter", strconv.FormatUint(state.Counter, 10))
	}
	if is.nextCounter < state.Counter {
		return nil, counts(fault.New(fault.WriterAhead, "the server has %d batches of this writer, and has acknowledged %d: it was restored from an older state or repaired, and %d batches are lost. Find out which before trusting it. To append to the chain as it is now, as a new writer, delete %s",
			is.nextCounter, state.Counter, state.Counter-is.nextCounter, p.slot.Path))
	}
	if is.nextCounter == 0 {
		p.mayBeBehind = false
		return nil, nil
	}
	seal, err := p.lastSeal(genesis, key, is, state)
	if err != nil {
		return nil, err
	}
	news := is.nextCounter - state.Counter
	// A crash may have come before what was acknowledged last was saved.
	if news > 0 && len(unanswered) == 0 && p.mayBeBehind {
		// The server has our own word for it, or none: what it made up itself we must not go on from.
		if len(seal.Signatures) > 0 {
			p.mayBeBehind = false
			return seal, nil
		}
		return nil, counts(fault.New(fault.WriterForked, "%d batches of this writer are not known here, since a process has ended or given up before their answers were saved, and they are not signed. The next ones are a new writer's", news))
	}
	p.mayBeBehind = false
	expected := state.LastSeal
	if news > 0 {
		expected = nil
		if news <= uint64(len(unanswered)) {
			expected = unanswered[news-1].hash[:]
		}
	}
	if bytes.Equal(expected, seal.Hash[:]) {
		return seal, nil
	}
	return nil, counts(fault.New(fault.WriterForked, "another process has written as this writer: the server's last batch of it, of counter %d, is another than ours. A home folder is for one machine: don't copy it while it is in use", seal.Counter))
}

// lastSeal verifies what the server says is the writer's last seal.
func (p *place) lastSeal(genesis *event.Genesis, key *keys.Public, is *standing, state home.WriterState) (*event.Seal, error) {
	unbelievable := func(why string) error { return unreadable("what it says of this writer can't be true: " + why) }
	if is.lastSeal == nil {
		return nil, unbelievable("its last seal is missing")
	}
	seal, err := event.ParseSeal(is.lastSeal)
	if err != nil {
		return nil, unbelievable(fault.Text(err))
	}
	name := key.Fingerprint()
	if seal.ChainID != genesis.ChainID || seal.Fingerprint != name || seal.WriterID != event.WriterID(genesis.ChainID, name, state.Salt) || seal.ID() != seal.WriterID {
		return nil, unbelievable("its last seal is not this writer's")
	}
	if seal.Counter != is.nextCounter-1 {
		return nil, unbelievable("its last seal has another counter")
	}
	// Others may have signed it too; that this writer did is what counts here.
	isSigned := false
	for _, signature := range seal.Signatures {
		if signature.Fingerprint == name {
			if isSigned = signature.By(key, crypt.ContextSeal, seal.Header); !isSigned {
				return nil, unbelievable("its last seal does not verify")
			}
		}
	}
	if !isSigned && (len(seal.Signatures) > 0 || genesis.TrustMode != event.Centralized) {
		return nil, unbelievable("its last seal is not signed by this writer")
	}
	return seal, nil
}
