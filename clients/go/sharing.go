package atedb

import (
	"context"
	"crypto/rand"
	"slices"

	"atedb.example/go/event"
	"atedb.example/go/fault"
	"atedb.example/go/internal/crypt"
	"atedb.example/go/internal/limits"
	"atedb.example/go/keys"
	"atedb.example/go/trust"
)

// An Object whose data is shared. The zero value is the root of the chain, and so all that has no rule of its own.
type Object struct {
	// PrimaryKey, or Name: among the children of its parent, or in the chain.
	PrimaryKey []byte
	Name       string
	// Label that its key is made from, if that is how it came about; Parent where it is.
	Label, Parent []byte
}

// changeTries: others may write meanwhile; so often a change of readers is made anew.
const changeTries = 20

// readersAnEvent: a key that is shown, and a read key that is wrapped for it, take 4.5 KiB of the 64 KiB that the header of an event may have.
const readersAnEvent = 12

type readerChange struct {
	events []NewEvent
	// readKey that they hand out, if it is a new one.
	readKey []byte
}

// SetReaders has an object read by these keys and by the writer's own from now on, with a new read key. What was written before they can
// read only as before. In a private chain it lets them in, too.
func (c *Chain) SetReaders(ctx context.Context, object Object, readers ...*keys.Public) (Committed, error) {
	return c.sealer.change(ctx, func(authority *trust.Authority, own *keys.Pair) (*readerChange, error) {
		change, err := newReaders(c.Genesis().ChainID, object, append([]*keys.Public{own.Public()}, readers...))
		if err != nil {
			return nil, err
		}
		admitting, err := c.admitting(authority, readers)
		change.events = append(admitting, change.events...)
		return change, err
	})
}

// AddReaders hands out the read key that an object has now to more keys: they read what was written since the readers were set last, too. In
// a private chain it lets them in, and where the chain's data is in clear it does nothing else. The error is READ_KEY_MISSING where this
// client doesn't have the read key, and REQUEST_INVALID where the data is in clear.
func (c *Chain) AddReaders(ctx context.Context, object Object, readers ...*keys.Public) (Committed, error) {
	return c.sealer.change(ctx, func(authority *trust.Authority, _ *keys.Pair) (*readerChange, error) {
		change := &readerChange{}
		var err error
		if change.events, err = c.admitting(authority, readers); err != nil {
			return nil, err
		}
		isPrivate := c.Genesis().Private
		id, err := c.sealedBy(authority, object)
		if err != nil {
			if isPrivate && isOfChain(object) && len(change.events) > 0 {
				return change, nil
			}
			return nil, err
		}
		readKey, err := c.findReadKey(ctx, id)
		if err != nil {
			return nil, err
		}
		if readKey == nil {
			return nil, readKeyMissing(id, c.rules.holders(id))
		}
		handed, err := handOut(c.Genesis().ChainID, object, readKey, readers)
		change.events = append(change.events, handed...)
		return change, err
	})
}

// RemoveReaders has an object read by all but some keys from now on, with a new read key. What was written before they can still read. Of
// the whole of a private chain it keeps them out, too.
func (c *Chain) RemoveReaders(ctx context.Context, object Object, removed ...keys.Fingerprint) (Committed, error) {
	return c.sealer.change(ctx, func(authority *trust.Authority, own *keys.Pair) (*readerChange, error) {
		genesis := c.Genesis()
		var besides []NewEvent
		if genesis.Private && isOfChain(object) {
			besides = keepingOut(authority, removed)
		}
		id, err := c.sealedBy(authority, object)
		if err != nil {
			if len(besides) > 0 {
				return &readerChange{events: besides}, nil
			}
			return nil, err
		}
		holders := c.rules.holders(id)
		staying := []*keys.Public{own.Public()}
		for _, one := range removed {
			if one == own.Public().Fingerprint() || !slices.Contains(holders, one) {
				return nil, fault.New(fault.RequestInvalid, "%s was not given the read key, or is the key that you write with, so it can't be taken off", one).With("field", "readers")
			}
		}
		for _, one := range holders {
			// A successor isn't taken in the place of a key that counts no more: roots, who may not read it, can replace keys.
			current, counts := authority.Current(one)
			if slices.Contains(removed, one) || !counts || current != one || one == own.Public().Fingerprint() {
				continue
			}
			key := authority.Key(one)
			if key == nil {
				return nil, fault.New(fault.KeyUnknown, "the chain doesn't know the public key %s of one who stays: set the readers anew", one).With("fingerprint", one.String())
			}
			staying = append(staying, key)
		}
		change, err := newReaders(genesis.ChainID, object, staying)
		if err == nil {
			change.events = append(besides, change.events...)
		}
		return change, err
	})
}

// change who reads. Who is to read is said anew each time, all of them: so it counts only if nobody has changed the chain since what it was
// made from, or whoever was taken off meanwhile would be back.
func (s *sealer) change(ctx context.Context, make func(*trust.Authority, *keys.Pair) (*readerChange, error)) (Committed, error) {
	for tries := 1; ; tries++ {
		committed, err := s.changeOnce(ctx, make)
		if found := fault.Of(err); found == nil || found.Reason != fault.PreconditionFailed || tries == changeTries {
			return committed, err
		}
	}
}

func (s *sealer) changeOnce(ctx context.Context, make func(*trust.Authority, *keys.Pair) (*readerChange, error)) (Committed, error) {
	s.turn.Lock()
	defer s.turn.Unlock()
	return s.changeHolding(ctx, make)
}

// changeHolding is one try, of a caller who holds the turn.
func (s *sealer) changeHolding(ctx context.Context, make func(*trust.Authority, *keys.Pair) (*readerChange, error)) (Committed, error) {
	// Also if that fails: whoever says who reads must not go on in clear. Others may have changed the readers, or the rules.
	s.isSealing, s.hasReached = true, false
	if err := s.reach(ctx); err != nil {
		return Committed{}, err
	}
	own, err := s.chain.writingKey(ctx)
	if err != nil {
		return Committed{}, err
	}
	change, err := make(s.chain.rules.authority(), own)
	if err != nil {
		return Committed{}, err
	}
	sequence := s.chain.rules.current().sequence
	made, err := build(change.events, nil, &Conditions{UnchangedSince: &sequence})
	if err != nil {
		return Committed{}, err
	}
	pending, err := s.chain.enqueue(made)
	if err != nil {
		return Committed{}, err
	}
	committed, err := pending.Wait(ctx)
	if err == nil && change.readKey != nil {
		s.chain.rules.mutex.Lock()
		s.chain.rules.wrapped.know(change.readKey)
		s.chain.rules.mutex.Unlock()
		s.unseen[event.ReadKeyID(change.readKey)] = true
		s.hasReached = false
	}
	return committed, err
}

// newReaders gives an object a new read key from now on, handed out to them and to nobody else.
func newReaders(chainID event.Hash, object Object, readers []*keys.Public) (*readerChange, error) {
	readKey := make([]byte, crypt.ReadKeyBytes)
	_, _ = rand.Read(readKey)
	events, err := handOut(chainID, object, readKey, readers)
	if err != nil {
		return nil, err
	}
	events[0].Rules = &event.Authorisation{Read: &event.ReadRule{Kind: event.SealedWith, ReadKeyID: event.ReadKeyID(readKey)}}
	return &readerChange{events, readKey}, nil
}

// handOut a read key, to as many readers an event as fit.
func handOut(chainID event.Hash, object Object, readKey []byte, readers []*keys.Public) ([]NewEvent, error) {
	id := event.ReadKeyID(readKey)
	var once []*keys.Public
	for _, one := range readers {
		if !slices.ContainsFunc(once, func(is *keys.Public) bool { return is.Fingerprint() == one.Fingerprint() }) {
			once = append(once, one)
		}
	}
	if len(once) == 0 {
		return nil, badAppend("readers", "there are none")
	}
	var events []NewEvent
	for some := range slices.Chunk(once, readersAnEvent) {
		made := NewEvent{Kind: event.KindRules, PrimaryKey: object.PrimaryKey, Name: object.Name, Label: object.Label, Parent: object.Parent, PublicKeys: some}
		for _, reader := range some {
			wrapped, err := reader.SealTo(crypt.InfoWrappedKey, wrapAAD(chainID, id, reader.Fingerprint()), readKey)
			if err != nil {
				return nil, err
			}
			made.WrappedKeys = append(made.WrappedKeys, event.WrappedKey{ReadKeyID: id, Recipient: reader.Fingerprint(), Wrapped: wrapped})
		}
		events = append(events, made)
	}
	return events, nil
}

func isOfChain(object Object) bool {
	return object.PrimaryKey == nil && object.Name == "" && object.Label == nil
}

// sealedBy is the read key that an object's data is sealed with now.
func (c *Chain) sealedBy(authority *trust.Authority, object Object) (event.Hash, error) {
	named := NewEvent{Kind: event.KindRules, PrimaryKey: object.PrimaryKey, Name: object.Name, Label: object.Label, Parent: object.Parent}
	primaryKey, _, err := named.object()
	if err != nil {
		return event.Hash{}, err
	}
	rule := authority.ReadRule(primaryKey, object.Parent, false)
	if rule != nil && rule.Kind == event.SealedWith {
		return rule.ReadKeyID, nil
	}
	return event.Hash{}, fault.New(fault.RequestInvalid, "its data is not sealed, so there is no read key to hand out or take back: set its readers first").With("field", "object")
}

// admitting are events that let readers into a private chain; none where they may open it already. Only a root may append those.
func (c *Chain) admitting(authority *trust.Authority, readers []*keys.Public) ([]NewEvent, error) {
	if !c.Genesis().Private {
		return nil, nil
	}
	admitted := slices.Clone(authority.Admitted())
	before := len(admitted)
	for _, one := range readers {
		if !authority.Admits(one.Fingerprint()) {
			admitted = append(admitted, one.Fingerprint())
		}
	}
	if len(admitted) == before {
		return nil, nil
	}
	if len(admitted) > limits.AdmittedKeys {
		return nil, fault.New(fault.TooManyKeys, "the chain would let in %d keys besides those that its other rules name, and %d is the limit. Take some off first", len(admitted), limits.AdmittedKeys)
	}
	return admitOnly(admitted), nil
}

func admitOnly(admitted []keys.Fingerprint) []NewEvent {
	admitted = event.SortFingerprints(admitted)
	return []NewEvent{{Kind: event.KindRules, Rules: &event.Authorisation{Admit: &admitted}}}
}

// keepingOut are events that let keys into a private chain no more; none where they weren't let in by the rule for that.
func keepingOut(authority *trust.Authority, removed []keys.Fingerprint) []NewEvent {
	staying := []keys.Fingerprint{}
	for _, one := range authority.Admitted() {
		// A key that was replaced is named by the one of before.
		current, counts := authority.Current(one)
		if !slices.Contains(removed, one) && !(counts && slices.Contains(removed, current)) {
			staying = append(staying, one)
		}
	}
	if len(staying) == len(authority.Admitted()) {
		return nil
	}
	return admitOnly(staying)
}
