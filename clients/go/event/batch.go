package event

import (
	"strconv"

	"atedb.example/go/fault"
	"atedb.example/go/internal/forms"
	"atedb.example/go/internal/limits"
	"atedb.example/go/internal/strict"
	"atedb.example/go/keys"
)

// A Kind is what an event does: a number of atedb.v1.EventKind.
type Kind uint8

// KindGone is in the place of an event that is gone, header and all.
const KindGone Kind = 0

// The kinds of events.
const (
	KindGenesis Kind = iota + 1
	KindData
	KindTombstone
	KindRedaction
	KindSnapshot
	KindAuthAnswer
	KindRoots
	KindServerIdentity
	KindKeyChange
	KindRules
)

var kindNames = [...]string{"gone", "genesis", "data", "tombstone", "redaction", "snapshot", "auth_answer", "roots", "server_identity", "key_change", "rules"}

// String is the kind's name.
func (k Kind) String() string {
	if int(k) < len(kindNames) {
		return kindNames[k]
	}
	return strconv.Itoa(int(k))
}

// WritesObject reports whether events of the kind write the object that they name, and don't only say something of it.
func (k Kind) WritesObject() bool { return k == KindData || k == KindTombstone }

// A DataState says why an event's data is not here: a number of atedb.v1.DataState.
type DataState uint8

// The states of data.
const (
	// Present: the data is as it was written.
	Present DataState = iota
	// Omitted: it was not asked for.
	Omitted
	// DataRedacted: it was erased.
	DataRedacted
	// Dropped: something newer of the object is in the chain.
	Dropped
	// Expired: a rule of the chain for retention has let it go.
	Expired
)

// String is the state's name.
func (s DataState) String() string {
	return [...]string{"present", "omitted", "redacted", "dropped", "expired"}[min(s, Expired)]
}

// An Event is one event of a batch as it lies in its run: its slices are slices of the run. What is nil is absent.
type Event struct {
	// Header is what is hashed.
	Header []byte
	// Data as it is stored: sealed, where it is. Empty where it is, or is not here.
	Data []byte
	Salt []byte
	// DataState says why the data is not here; Present where it is.
	DataState DataState
	// RedactedBy is the sequence of the redaction that is said to have erased the data; 0: none has.
	RedactedBy uint64

	Kind       Kind
	PrimaryKey []byte
	Parent     []byte
	Collection []byte
	Type       string
	ReplyTo    []byte
	// TimeUnixMs is the writer's clock; 0: not said.
	TimeUnixMs int64
	// IsGenesis: the header says what the chain is.
	IsGenesis bool
	DataHash  []byte
	DataBytes uint64

	// Sealed: its data is. HasAuthority: it says something of rights and keys.
	Sealed       bool
	HasAuthority bool
	namesSigners bool
	hasLabel     bool
	authority    *Authority
	answer       *AuthAnswer
	rotation     *Rotation
}

// A Batch is a run, taken apart without copying: one or more events, then a seal.
type Batch struct {
	// Run is the batch's bytes.
	Run []byte
	// Events are each in its place; those that are gone are of KindGone, and nothing else is known of them.
	Events []Event
	Seal   *Seal
	// Gone is what stands for events that are gone, by the place of the first of them; nil: none is.
	Gone map[int]GoneEvents
	keys []*keys.Public
	// path is what the seal shows of delegations, once it was read.
	path []*Delegation
}

// IsGenesis reports whether the first event is a genesis.
func (b *Batch) IsGenesis() bool { return b.Events[0].Kind == KindGenesis }

var noAuthority = &Authority{}

// Authority is what an event says of rights and keys; read when it is first asked for. The error is BATCH_INVALID or UNSUPPORTED, and
// names the event.
func (b *Batch) Authority(index int) (*Authority, error) {
	of := &b.Events[index]
	if !of.HasAuthority && !of.namesSigners && !of.hasLabel {
		return noAuthority, nil
	}
	if of.authority == nil {
		said, err := readAuthority(of.Header)
		if err != nil {
			return nil, batchFault("event "+strconv.Itoa(index), err).With("event_index", strconv.Itoa(index))
		}
		of.authority = said
	}
	return of.authority, nil
}

// SealKeys are the public keys that its seal shows; read when they are first asked for. The error is BATCH_INVALID or UNSUPPORTED.
func (b *Batch) SealKeys() ([]*keys.Public, error) {
	if b.keys == nil {
		for _, message := range b.Seal.PublicKeys {
			key, err := keys.ParsePublic(message)
			if err != nil {
				return nil, batchFault("the seal", err)
			}
			b.keys = append(b.keys, key)
		}
	}
	return b.keys, nil
}

// Delegations that its seal shows; read when they are first asked for. The error is DELEGATION_INVALID.
func (b *Batch) Delegations() ([]*Delegation, error) {
	if b.path == nil {
		for _, message := range b.Seal.Delegations {
			delegation, err := ParseDelegation(message)
			if err != nil {
				return nil, err
			}
			b.path = append(b.path, delegation)
		}
	}
	return b.path, nil
}

// Answer of an auth service that an event holds; read when it is first asked for. The error is BATCH_INVALID or UNSUPPORTED, and names the
// event.
func (b *Batch) Answer(index int) (*AuthAnswer, error) {
	of := &b.Events[index]
	if of.answer != nil {
		return of.answer, nil
	}
	answer, err := heldIn(b, index, func(said *Authority) []byte { return said.AuthAnswer }, ParseAuthAnswer)
	of.answer = answer
	return answer, err
}

// Rotation of an identity that an event holds; as Answer.
func (b *Batch) Rotation(index int) (*Rotation, error) {
	of := &b.Events[index]
	if of.rotation != nil {
		return of.rotation, nil
	}
	rotation, err := heldIn(b, index, func(said *Authority) []byte { return said.ServerIdentity }, ParseRotation)
	of.rotation = rotation
	return rotation, err
}

func heldIn[Held any](b *Batch, index int, of func(*Authority) []byte, parse func([]byte) (*Held, error)) (*Held, error) {
	said, err := b.Authority(index)
	if err != nil {
		return nil, err
	}
	where := "event " + strconv.Itoa(index)
	message := of(said)
	if message == nil {
		return nil, fault.New(fault.BatchInvalid, "%s: what its kind is about is missing", where).With("event_index", strconv.Itoa(index))
	}
	held, err := parse(message)
	if err != nil {
		return nil, batchFault(where, err).With("event_index", strconv.Itoa(index))
	}
	return held, nil
}

// batchFault: what is wrong with keys and rules is wrong with the batch, and not with a request.
func batchFault(what string, err error) *fault.Error {
	reason := fault.BatchInvalid
	if f := fault.Of(err); f != nil && f.Reason == fault.Unsupported {
		reason = fault.Unsupported
	}
	return fault.New(reason, "%s: %s", what, fault.Text(err)).From(err)
}

// Fields that an event and a seal have in a request and in a segment file alike.
const (
	runEvent = 1
	runSeal  = 2
)

// ParseBatch takes a run apart: one or more events, then exactly one seal, and nothing else. The strict form of envelopes and headers
// is checked; hashes and signatures are not. The error is NON_CANONICAL, BATCH_INVALID, DATA_TOO_LARGE or TOO_MANY_EVENTS.
func ParseBatch(run []byte) (*Batch, error) {
	if len(run) > limits.RunBytes {
		return nil, fault.New(fault.DataTooLarge, "the batch is %d bytes, and %d is the limit; append it as several batches", len(run), limits.RunBytes).
			With("limit_bytes", strconv.Itoa(limits.RunBytes))
	}
	batch := &Batch{Run: run}
	cursor := strict.NewCursor(run)
	for cursor.Next() {
		switch {
		case batch.Seal != nil:
			return nil, badBatch("something follows its seal")
		case cursor.Field == runEvent && cursor.Wire == strict.WireBytes:
			if len(batch.Events) == limits.BatchEvents {
				return nil, tooManyEvents()
			}
			if message := cursor.Bytes(); len(message) > 0 && message[0] == goneTag {
				if err := batch.addGone(message); err != nil {
					return nil, err
				}
				continue
			}
			event, err := parseEvent(cursor.Bytes())
			if err != nil {
				return nil, about("event "+strconv.Itoa(len(batch.Events)), err)
			}
			batch.Events = append(batch.Events, event)
		case cursor.Field == runSeal && cursor.Wire == strict.WireBytes:
			seal, err := ParseSeal(cursor.Bytes())
			if err != nil {
				return nil, about("the seal", err)
			}
			batch.Seal = seal
		default:
			return nil, badBatch("it holds a field " + strconv.Itoa(cursor.Field) + ", which is neither an event nor a seal")
		}
	}
	switch {
	case cursor.Err() != nil:
		return nil, cursor.Err()
	case len(batch.Events) == 0:
		return nil, badBatch("it has no events")
	case batch.Seal == nil:
		return nil, badBatch("it has no seal")
	}
	return batch, nil
}

// addGone has what stands for events in their places.
func (b *Batch) addGone(message []byte) error {
	index := len(b.Events)
	gone, err := parseGone(message, index)
	if err != nil {
		return about("event "+strconv.Itoa(index), err)
	}
	if gone.Events > limits.BatchEvents-index {
		return tooManyEvents()
	}
	if b.Gone == nil {
		b.Gone = map[int]GoneEvents{}
	}
	b.Gone[index] = gone
	b.Events = append(b.Events, make([]Event, gone.Events)...)
	return nil
}

func tooManyEvents() error {
	return fault.New(fault.TooManyEvents, "the batch has more than %d events, which is the limit; append it as several batches", limits.BatchEvents).
		With("limit_events", strconv.Itoa(limits.BatchEvents))
}

func parseEvent(message []byte) (Event, error) {
	var event Event
	if err := strict.Check(forms.Event, message); err != nil {
		return event, err
	}
	cursor := strict.NewCursor(message)
	for cursor.Next() {
		switch cursor.Field {
		case 1:
			event.Header = cursor.Bytes()
		case 2:
			event.Data = cursor.Bytes()
		case 3:
			event.Salt = cursor.Bytes()
		case 4:
			event.DataState = DataState(cursor.Value)
		case 5:
			event.RedactedBy = cursor.Value
		}
	}
	if (event.RedactedBy > 0) != (event.DataState == DataRedacted) {
		return event, badBatch("it names the redaction that has erased its data, if it is erased, and only then")
	}
	return event, event.parseHeader()
}

// ParseHeader reads the header of an event by itself. The error is NON_CANONICAL or DATA_TOO_LARGE.
func ParseHeader(header []byte) (*Event, error) {
	event := &Event{Header: header}
	return event, event.parseHeader()
}

func (e *Event) parseHeader() error {
	if len(e.Header) > limits.EventHeaderBytes {
		return fault.New(fault.DataTooLarge, "its header is %d bytes, and %d is the limit", len(e.Header), limits.EventHeaderBytes).
			With("limit_bytes", strconv.Itoa(limits.EventHeaderBytes))
	}
	if err := strict.Check(forms.EventHeader, e.Header); err != nil {
		return err
	}
	cursor := strict.NewCursor(e.Header)
	for cursor.Next() {
		switch cursor.Field {
		case 2:
			e.Kind = Kind(cursor.Value)
		case 3:
			e.PrimaryKey = cursor.Bytes()
		case 4:
			e.Parent = cursor.Bytes()
		case 5:
			e.Collection = cursor.Bytes()
		case fieldConfidentiality:
			e.Sealed = true
		case fieldAuthorisation, fieldPublicKeys, fieldWrappedKeys, fieldMoves, fieldRoots, fieldKeyChange, fieldAuthAnswer, fieldServerIdentity, fieldSnapshot, fieldRedaction:
			e.HasAuthority = true
		case fieldSignWith, fieldAuthor:
			e.namesSigners = true
		case 12:
			e.Type = string(cursor.Bytes())
		case 13:
			e.ReplyTo = cursor.Bytes()
		case 14:
			e.TimeUnixMs = int64(cursor.Value)
		case 15:
			e.IsGenesis = true
		case fieldLabel:
			e.hasLabel = true
		case fieldDataHash:
			e.DataHash = cursor.Bytes()
		case 31:
			e.DataBytes = cursor.Value
		}
	}
	return nil
}

// NamesSigners reports whether the event names keys that sign besides the writer's, or an author.
func (e *Event) NamesSigners() bool { return e.namesSigners }

// SaysMore reports whether the event says anything of rights, keys, signers or labels.
func (e *Event) SaysMore() bool { return e.HasAuthority || e.namesSigners || e.hasLabel }

func badBatch(why string) error {
	return fault.New(fault.BatchInvalid, "the batch is not valid: %s", why)
}

// about says of what an error is.
func about(what string, err error) error {
	if f, ok := err.(*fault.Error); ok {
		return &fault.Error{Reason: f.Reason, Message: what + ": " + f.Message, Metadata: f.Metadata, Cause: f.Cause}
	}
	return err
}
