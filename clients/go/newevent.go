package atedb

import (
	"crypto/rand"
	"slices"
	"strconv"
	"time"

	"atedb.example/go/event"
	"atedb.example/go/fault"
	"atedb.example/go/internal/limits"
	"atedb.example/go/keys"
)

// A NewEvent is an event to append. What is the zero value isn't said.
type NewEvent struct {
	// Kind is event.KindData where it is zero; also KindTombstone, KindRules, KindRoots, KindKeyChange or KindRedaction.
	Kind event.Kind
	// Data, which only an event of KindData has.
	Data []byte
	// PrimaryKey of the object that the event is about, 16 bytes. Without it, and without a name: a new object, with a key of its own; in
	// rules: the root of the chain.
	PrimaryKey []byte
	// Name names the object instead: among the children of its parent, or in the chain.
	Name string
	// Label: the object is a new one, with the key that is made from this and its parent; 16 bytes.
	Label []byte
	// Parent, Collection and ReplyTo have 16 bytes.
	Parent, Collection, ReplyTo []byte
	// Type is what the data is, in the application's terms: at most 255 bytes.
	Type string
	// Time of the writer's clock; zero: now.
	Time time.Time

	// Rules of the object from now on, or of the root of the chain; nil: they stay.
	Rules *event.Authorisation
	// PublicKeys that rules and wrapped keys name.
	PublicKeys []*keys.Public
	// WrappedKeys are read keys for readers.
	WrappedKeys []event.WrappedKey
	// Moves: the object is at another parent, and goes to the one that this names.
	Moves bool
	// Roots of the chain from now on, of KindRoots; KeyChange of KindKeyChange.
	Roots     []*keys.Public
	KeyChange *event.KeyChange
	// Redaction erases the data of earlier events of the object, of KindRedaction, for good: docs/trust.md.
	Redaction *event.Redaction
	// Author is the key whose owner the event is from; it signs the batch too.
	Author *keys.Fingerprint
}

// Conditions under which alone a batch is accepted.
type Conditions struct {
	// UnchangedSince: no other writer has appended at or above this sequence; nil: whatever they have.
	UnchangedSince *uint64
	// LandsBefore: every event gets a sequence below this; 0: any.
	LandsBefore uint64
	// ObjectsUnchanged: of each of these objects, no other writer has appended an event at or above the sequence.
	ObjectsUnchanged []ObjectUnchanged
	// Lease is held, as the server knows; nil: none has to be.
	Lease *Lease
	// Right by delegations is shown, where the chain may not know it: who has given a token so ends it with its key's KeyChange. nil: none.
	Right *event.Right
	// CoSigners are keys that the right to the events comes from, besides the writer's; at most 15.
	CoSigners []*keys.Pair
}

// ObjectUnchanged names an object that nobody else is to have changed since a sequence; 0: ever.
type ObjectUnchanged struct {
	PrimaryKey []byte
	Sequence   uint64
}

func (c *Conditions) list() ([]event.Condition, error) {
	var all []event.Condition
	if c.UnchangedSince != nil {
		all = append(all, event.Condition{Kind: event.ChainUnchanged, Sequence: *c.UnchangedSince})
	}
	if c.LandsBefore > 0 {
		all = append(all, event.Condition{Kind: event.LandsBefore, Sequence: c.LandsBefore})
	}
	for _, one := range c.ObjectsUnchanged {
		if len(one.PrimaryKey) != event.IDBytes {
			return nil, badAppend("ObjectsUnchanged", "it names no primary key of 16 bytes")
		}
		all = append(all, event.Condition{Kind: event.ObjectUnchanged, PrimaryKey: one.PrimaryKey, Sequence: one.Sequence})
	}
	if c.Lease != nil {
		if err := c.Lease.Err(); err != nil {
			return nil, err
		}
		all = append(all, event.Condition{Kind: event.HoldsLease, PrimaryKey: c.Lease.primaryKey, Token: c.Lease.token})
	}
	if len(all) > limits.Preconditions {
		return nil, badAppend("ObjectsUnchanged", "a batch has 16 conditions at most")
	}
	return all, nil
}

const (
	// signerBytes is room for a signature and the key that made it, sealBytes for a seal beside the events.
	signerBytes = 8_192
	sealBytes   = 1_024 + 32*limits.Preconditions
	eventsBytes = limits.RunBytes - sealBytes - signerBytes
)

// built are the events of one append, made once.
type built struct {
	headers, frames [][]byte
	conditions      []event.Condition
	coSigners       []*keys.Pair
	right           *event.Right
	// bearsAuthority: the batch is signed in any case.
	bearsAuthority bool
	bytes          int
}

// build the events of one append; sealings are how their data is sealed: nil where it isn't, by their places.
func build(events []NewEvent, sealings []*event.Sealing, conditions *Conditions) (*built, error) {
	if len(events) == 0 {
		return nil, badAppend("events", "there are none")
	}
	if len(events) > limits.BatchEvents {
		return nil, fault.New(fault.TooManyEvents, "%d events are too many for one append, which is one batch: %d is the limit. Append them in several calls", len(events), limits.BatchEvents).
			With("limit_events", strconv.Itoa(limits.BatchEvents))
	}
	list, err := conditions.list()
	if err != nil {
		return nil, err
	}
	if len(conditions.CoSigners) >= limits.Signers {
		return nil, badAppend("CoSigners", "15 is the limit")
	}
	made := &built{conditions: list, coSigners: conditions.CoSigners, right: conditions.Right, bearsAuthority: len(conditions.CoSigners) > 0 || conditions.Right != nil}
	most := made.most(conditions.Right)
	var signWith []keys.Fingerprint
	for _, one := range conditions.CoSigners {
		signWith = append(signWith, one.Public().Fingerprint())
	}
	signWith = event.SortFingerprints(signWith)
	for i := range events {
		input, err := inputOf(&events[i], signWith)
		if err != nil {
			return nil, err
		}
		if sealings != nil {
			input.Sealing = sealings[i]
		}
		// Before it is built: what is far too large should not be copied as a whole.
		if made.bytes += len(input.Data); made.bytes > most {
			return nil, tooLarge(made.bytes, most)
		}
		made.bytes -= len(input.Data)
		one, err := event.Build(*input)
		if err != nil {
			return nil, err
		}
		made.headers, made.frames = append(made.headers, one.Header), append(made.frames, one.Frame)
		made.bytes += len(one.Frame)
		// What removes an object removes its rules.
		made.bearsAuthority = made.bearsAuthority || events[i].bearsAuthority()
	}
	if made.bytes > most {
		return nil, tooLarge(made.bytes, most)
	}
	return made, nil
}

// most is how many bytes of events a batch of it has room for, in which a right is shown.
func (b *built) most(right *event.Right) int {
	most := eventsBytes - len(b.coSigners)*signerBytes
	if right != nil {
		most -= signerBytes
		for _, one := range right.Delegations {
			most -= len(one.Message)
		}
	}
	return most
}

func (e *NewEvent) kind() event.Kind {
	if e.Kind == 0 {
		return event.KindData
	}
	return e.Kind
}

func (e *NewEvent) bearsAuthority() bool {
	return e.kind() != event.KindData || e.Rules != nil || len(e.PublicKeys) > 0 || len(e.WrappedKeys) > 0 || e.Moves
}

func inputOf(of *NewEvent, signWith []keys.Fingerprint) (*event.Input, error) {
	kind := of.kind()
	if kind != event.KindData && len(of.Data) > 0 {
		return nil, badAppend("Data", "an event of kind \""+kind.String()+"\" has none")
	}
	primaryKey, label, err := of.object()
	if err != nil {
		return nil, err
	}
	when := of.Time
	if when.IsZero() {
		when = time.Now()
	}
	input := &event.Input{Kind: kind, PrimaryKey: primaryKey, Parent: of.Parent, Collection: of.Collection, ReplyTo: of.ReplyTo, Type: of.Type,
		TimeUnixMs: when.UnixMilli(), Data: of.Data, Salt: random16()}
	if kind == event.KindTombstone || kind == event.KindRedaction {
		// What removes an object, or erases data of it, doesn't say where that is.
		input.Parent, label = nil, nil
	}
	input.Authority = &event.Authority{Authorisation: of.Rules, PublicKeys: of.PublicKeys, WrappedKeys: of.WrappedKeys, SignWith: signWith, Author: of.Author,
		Moves: of.Moves, Roots: sortedKeys(of.Roots), KeyChange: of.KeyChange, Label: label, Redaction: of.Redaction}
	return input, nil
}

func sortedKeys(all []*keys.Public) []*keys.Public {
	sorted := slices.Clone(all)
	slices.SortFunc(sorted, func(a, b *keys.Public) int {
		x, y := a.Fingerprint(), b.Fingerprint()
		return slices.Compare(x[:], y[:])
	})
	return sorted
}

// object is what the event is about, and what its key is made from, if it is.
func (e *NewEvent) object() (primaryKey, label []byte, err error) {
	kind := e.kind()
	if e.PrimaryKey != nil && e.Name != "" {
		return nil, nil, badAppend("Name", "the object has a primary key already")
	}
	if kind == event.KindRoots || kind == event.KindKeyChange {
		return nil, nil, nil
	}
	if e.PrimaryKey != nil {
		return e.PrimaryKey, e.Label, nil
	}
	var named []byte
	if e.Name != "" {
		named = event.KeyOfName(e.Name)
	} else if kind == event.KindRules && e.Label == nil {
		return nil, nil, nil
	}
	label = e.Label
	// A name stands for itself at the root of the chain.
	if label == nil && e.Parent != nil {
		if label = named; label == nil {
			label = random16()
		}
	}
	if label == nil {
		if named == nil {
			named = random16()
		}
		return named, nil, nil
	}
	if len(label) != event.IDBytes {
		return nil, nil, badAppend("Label", "it has another size than 16 bytes")
	}
	return event.KeyOfChild(e.Parent, label), label, nil
}

// identified gives the event the primary key that it gets, so that it gets the same one when it is built.
func (e NewEvent) identified() (NewEvent, error) {
	primaryKey, label, err := e.object()
	if err == nil && primaryKey != nil {
		e.PrimaryKey, e.Name, e.Label = primaryKey, "", label
	}
	return e, err
}

func random16() []byte {
	made := make([]byte, event.IDBytes)
	_, _ = rand.Read(made)
	return made
}

func tooLarge(bytes, most int) error {
	return fault.New(fault.DataTooLarge, "the events are too large for one batch, at %d bytes or more: %d is the limit. Append them in several calls, or store what is large as several events", bytes, most).
		With("limit_bytes", strconv.Itoa(most)).With("bytes", strconv.Itoa(bytes))
}

func badAppend(field, why string) *fault.Error {
	return fault.New(fault.RequestInvalid, "%s can't be appended: %s", field, why).With("field", field)
}
