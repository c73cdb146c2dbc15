package atedb

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"strings"
	"sync"

	"atedb.example/go/event"
	"atedb.example/go/fault"
	"atedb.example/go/keys"
	"atedb.example/go/trust"
)

// unverifiedMax are appends that put objects somewhere and aren't verified yet; beyond this many they are.
const unverifiedMax = 1_000

// A sealer has the data of appends sealed, as the rules for reading say, as far as this client has verified them.
type sealer struct {
	chain *Chain
	// turn: the order of appends is that of the calls.
	turn sync.Mutex
	// hasReached: the rules were verified up to the chain's end, once; again when they turn out to be others.
	hasReached bool
	// isSealing: some data is known to be sealed, though that was not verified yet.
	isSealing bool
	// unseen are read keys that this client has made, and not yet seen handed out in the chain's history.
	unseen map[event.Hash]bool
	// own are this client's own appends, in order: what comes behind them is sealed as is due there, before anybody has verified them.
	own []*ownPlacements
	// renewedFor is the version of the chain's group after which nobody reads the chain by a key that a role had before; nil: not looked at yet.
	renewedFor *uint64
}

type ownPlacements struct {
	placements []trust.Placement
	pending    *Pending
}

func newSealer(chain *Chain) *sealer { return &sealer{chain: chain, unseen: map[event.Hash]bool{}} }

// isStale: the rules are others than was known.
func (s *sealer) isStale() {
	s.turn.Lock()
	defer s.turn.Unlock()
	s.isSealing, s.hasReached = true, false
}

// seals reports whether data of the chain is sealed somewhere, as far as is known, or may be.
func (s *sealer) seals() bool {
	genesis := s.chain.Genesis()
	// One that isn't there yet will be what it is made as.
	if genesis == nil {
		return s.chain.options.confidential
	}
	return genesis.Confidential || s.isSealing || s.chain.rules.hasReadRules()
}

func (s *sealer) enqueue(ctx context.Context, conditions Conditions, events []NewEvent) (*Pending, error) {
	s.turn.Lock()
	defer s.turn.Unlock()
	if !s.seals() {
		made, err := build(events, nil, &conditions)
		if err != nil {
			return nil, err
		}
		return s.chain.enqueue(made)
	}
	if err := s.renew(ctx); err != nil {
		return nil, err
	}
	if len(s.own) > unverifiedMax {
		s.hasReached = false
	}
	if err := s.reach(ctx); err != nil {
		return nil, err
	}
	authority := s.chain.rules.authority()
	for _, own := range s.own {
		for _, one := range own.placements {
			authority.Assume(one)
		}
	}
	named := make([]NewEvent, len(events))
	sealings := make([]*event.Sealing, len(events))
	var placements []trust.Placement
	for i, one := range events {
		is, err := one.identified()
		if err != nil {
			return nil, err
		}
		named[i] = is
		if sealings[i], err = s.sealing(ctx, &is, authority); err != nil {
			return nil, err
		}
		if of, ok := placementOf(&is); ok && authority.Assume(of) {
			placements = append(placements, of)
		}
	}
	made, err := build(named, sealings, &conditions)
	if err != nil {
		return nil, err
	}
	pending, err := s.chain.enqueue(made)
	if err == nil && len(placements) > 0 {
		s.own = append(s.own, &ownPlacements{placements, pending})
	}
	return pending, err
}

// sealing of an event's data; nil where it is in clear, or there is none.
func (s *sealer) sealing(ctx context.Context, of *NewEvent, authority *trust.Authority) (*event.Sealing, error) {
	if of.kind() != event.KindData || of.PrimaryKey == nil {
		return nil, nil
	}
	var read *event.ReadRule
	if of.Rules != nil {
		read = of.Rules.Read
	}
	if read == nil || read.Kind == event.Inherit {
		read = authority.ReadRule(of.PrimaryKey, of.Parent, read != nil)
	}
	switch {
	case read == nil:
		return nil, fault.New(fault.ReadRuleMismatch, "the chain %s is confidential, and no rule says yet who may read it: set its readers first", s.chain.key).With("chain_key", s.chain.key.Text)
	case read.Kind != event.SealedWith:
		return nil, nil
	}
	readKey, err := s.chain.findReadKey(ctx, read.ReadKeyID)
	if err != nil {
		return nil, err
	}
	if readKey == nil {
		return nil, readKeyMissing(read.ReadKeyID, s.chain.rules.holders(read.ReadKeyID))
	}
	var random [32]byte
	_, _ = rand.Read(random[:])
	return event.NewSealing(readKey, s.chain.Genesis().ChainID, random, s.chain.options.pad), nil
}

func readKeyMissing(id event.Hash, holders []keys.Fingerprint) error {
	who := joinFingerprints(holders)
	return fault.New(fault.ReadKeyMissing, "the read key %x was not given to any of your keys; these have it: %s. Ask one of them who may change who reads to share it", id, who).
		With("read_key_id", hex.EncodeToString(id[:])).With("holders", who)
}

func joinFingerprints(all []keys.Fingerprint) string {
	var names []string
	for _, one := range all {
		names = append(names, one.String())
	}
	return strings.Join(names, ",")
}

// placementOf is what an event says of where its object is and who reads it; false for one that is about keys.
func placementOf(of *NewEvent) (trust.Placement, bool) {
	kind := of.kind()
	if kind == event.KindRoots || kind == event.KindKeyChange {
		return trust.Placement{}, false
	}
	made := trust.Placement{Kind: kind, PrimaryKey: of.PrimaryKey, Parent: of.Parent, Moves: of.Moves}
	if of.Rules != nil {
		made.Read = of.Rules.Read
	}
	return made, true
}

// reach has the rules verified up to the chain's end. The caller holds the turn.
func (s *sealer) reach(ctx context.Context) error {
	if err := s.chain.writer.create(ctx); err != nil {
		return err
	}
	if s.hasReached {
		return nil
	}
	if err := s.chain.rules.reach(ctx, 1<<53); err != nil {
		return err
	}
	// A server that has acknowledged other readers must show them: else what follows would be sealed for those of before.
	for id := range s.unseen {
		if len(s.chain.rules.holders(id)) == 0 {
			return fault.New(fault.VerificationFailed, "the server has acknowledged that the read key %x was handed out, and the history that it sends doesn't have that. Nothing was sealed: it would be for the readers of before", id).
				With("read_key_id", hex.EncodeToString(id[:]))
		}
		delete(s.unseen, id)
	}
	size := uint64(0)
	if place := s.chain.rules.current(); place != nil {
		size = place.Head.Size
	}
	var left []*ownPlacements
	for _, own := range s.own {
		select {
		case <-own.pending.done:
			if own.pending.err != nil || own.pending.committed.Commit < size {
				continue
			}
		default:
		}
		left = append(left, own)
	}
	s.own, s.hasReached = left, true
	return nil
}
