package atedb

import (
	"context"
	"sync"

	"atedb.example/go/event"
	"atedb.example/go/fault"
	"atedb.example/go/merkle"
	"atedb.example/go/trust"
)

// A rulesPlace is how far a chain was verified from its first event on, and who may do what there.
type rulesPlace struct {
	trust.Rules
	sequence uint64
}

// verifiedRules is what was verified of who may do what in a chain, and of who was given which read key. It lasts as long as the chain is
// open.
type verifiedRules struct {
	chain *Chain
	// reaching serialises those who read on.
	reaching sync.Mutex

	mutex sync.Mutex
	place *rulesPlace
	// learnedTo is the sequence up to which wrapped keys were learnt in order.
	learnedTo uint64
	wrapped   *wrappedKeys
}

func newVerifiedRules(chain *Chain) *verifiedRules {
	rules := &verifiedRules{chain: chain}
	rules.wrapped = newWrappedKeys(rules.namedReadKeys)
	return rules
}

// current is how far it has come; nil: nothing was verified yet.
func (v *verifiedRules) current() *rulesPlace {
	v.mutex.Lock()
	defer v.mutex.Unlock()
	return v.place
}

// forget: a server has shown two histories, and which of them was verified first says nothing of which is true. Read keys that were handed
// out stay: they open only what is sealed with them.
func (v *verifiedRules) forget() {
	v.mutex.Lock()
	defer v.mutex.Unlock()
	v.place, v.learnedTo = nil, 0
}

// authority is who may do what where it has come to; a copy.
func (v *verifiedRules) authority() *trust.Authority {
	if place := v.current(); place != nil {
		return place.Authority.Clone()
	}
	return trust.NewAuthority(v.chain.Genesis())
}

// hasReadRules reports whether data of the chain is sealed anywhere, as far as is known.
func (v *verifiedRules) hasReadRules() bool {
	place := v.current()
	return place != nil && place.Authority.HasReadRules()
}

func (v *verifiedRules) namedReadKeys() map[event.Hash]bool {
	if v.place == nil {
		return nil
	}
	return v.place.Authority.NamedReadKeys()
}

// reach verifies the chain up to a sequence, or to its end as it is now, if that was not done before.
func (v *verifiedRules) reach(ctx context.Context, sequence uint64) error {
	if place := v.current(); place != nil && place.sequence >= sequence {
		return nil
	}
	v.reaching.Lock()
	defer v.reaching.Unlock()
	from := uint64(0)
	if place := v.current(); place != nil {
		if from = place.sequence; from >= sequence {
			return nil
		}
	}
	options := ReadOptions{From: from}
	if sequence < 1<<53 {
		options.End = sequence
	}
	// What it reads is verified on the way, and brings it further. A range that begins at the end is empty.
	return v.chain.readAgain(ctx, options, true, nil)
}

// learn of batches that were verified, and are part of the chain's history, which read keys they hand out.
func (v *verifiedRules) learn(batches []trust.Verified) {
	v.mutex.Lock()
	defer v.mutex.Unlock()
	for _, one := range batches {
		if one.Commit.FirstSequence < v.learnedTo {
			continue
		}
		// What is gone has handed out nothing.
		isNext := one.Commit.FirstSequence-gapEvents(one) <= v.learnedTo
		if isNext {
			v.learnedTo = one.Commit.FirstSequence + uint64(one.Commit.Events)
		}
		for i := range one.Batch.Events {
			if !one.Batch.Events[i].HasAuthority {
				continue
			}
			said, err := one.Batch.Authority(i)
			if err != nil || len(said.WrappedKeys) == 0 {
				continue
			}
			writer := one.Batch.Seal.Fingerprint
			if isNext {
				v.wrapped.add(said.WrappedKeys, writer, said.SignWith)
			} else {
				v.wrapped.try(said.WrappedKeys, writer)
			}
		}
	}
}

// gapEvents are those of commits that are gone before a batch.
func gapEvents(of trust.Verified) uint64 {
	if of.Gap == nil {
		return 0
	}
	return of.Gap.Events
}

// advance: a replay that checks the rules has come this far. Before its end, since a copy of who may do what may be large, it is made once
// in so many events as there is to copy: so a chain takes as long as it has events.
func (v *verifiedRules) advance(replay *trust.Replay, isEnd bool) {
	v.mutex.Lock()
	defer v.mutex.Unlock()
	authority := replay.Authority()
	if authority == nil {
		return
	}
	before := merkle.Head{}
	come := replay.NextSequence()
	if v.place != nil {
		before = v.place.Head
		if come < v.place.sequence {
			return
		}
		come -= v.place.sequence
	}
	writers := replay.Writers()
	if replay.NextCommit() <= before.Size || !isEnd && come < uint64(authority.Objects()+len(writers)) {
		return
	}
	copied := make(map[event.Hash]trust.WriterPlace, len(writers))
	for id, place := range writers {
		copied[id] = place
	}
	v.place = &rulesPlace{trust.Rules{Head: replay.Head(), Authority: authority.Clone(), Writers: copied, Retained: replay.Retained(), MissingBelow: replay.MissingBelow()}, replay.NextSequence()}
}

// looked are read keys that were looked for in all of the chain: by one call of a reader once, since what comes later it reads anyway.
type looked map[event.Hash]bool

// openSealed opens the data of an event that is sealed, where one of the client's keys was given the read key.
func (c *Chain) openSealed(ctx context.Context, is *Event, before looked) error {
	sealed := event.ReadConfidentiality(is.Header)
	if sealed == nil {
		return nil
	}
	is.ReadKeyID = sealed.ReadKeyID
	if is.DataState != event.Present {
		is.Seal = Gone
		if is.DataState == event.Omitted {
			is.Seal = LeftOut
		}
		return nil
	}
	readKey, err := c.findReadKey(ctx, sealed.ReadKeyID)
	if err != nil {
		return err
	}
	if place := c.rules.current(); readKey == nil && (place == nil || place.sequence <= is.Sequence) {
		// It may have been handed out in what this client has not read.
		if err := c.rules.reach(ctx, is.Sequence+1); err != nil {
			return err
		}
		if readKey, err = c.findReadKey(ctx, sealed.ReadKeyID); err != nil {
			return err
		}
	}
	if readKey == nil && !before[sealed.ReadKeyID] {
		// Or later, to a reader who joined late.
		before[sealed.ReadKeyID] = true
		if err := c.rules.reach(ctx, 1<<53); err != nil {
			if found := fault.Of(err); found == nil || found.Reason != fault.ChainDamaged {
				return err
			}
		}
		if readKey, err = c.findReadKey(ctx, sealed.ReadKeyID); err != nil {
			return err
		}
	}
	stored := is.Data
	is.Data, is.Seal = nil, NoKey
	if readKey == nil {
		is.Holders = c.rules.holders(sealed.ReadKeyID)
		return nil
	}
	data, ok := event.OpenSealed(readKey, c.Genesis().ChainID, is.Header, stored)
	if is.Seal = Unopenable; ok {
		is.Seal, is.Data = Opened, data
	}
	return nil
}

// findReadKey finds a read key by its id; nil where it was handed out to none of the client's keys, as far as is known.
func (c *Chain) findReadKey(ctx context.Context, id event.Hash) ([]byte, error) {
	pairs, err := c.readingKeys(ctx)
	if err != nil {
		return nil, err
	}
	c.rules.mutex.Lock()
	defer c.rules.mutex.Unlock()
	return c.rules.wrapped.open(id, c.Genesis().ChainID, pairs), nil
}
