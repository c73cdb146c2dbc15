package trust

import (
	"cmp"
	"fmt"
	"hash/maphash"
	"slices"
	"strconv"

	"atedb.example/go/event"
	"atedb.example/go/fault"
)

const (
	// droppedMax are objects whose newest event so far was dropped: of more, a secret sample is kept.
	droppedMax = 1 << 20
	// redactedMax are events that are erased, and whose redaction is still to come.
	redactedMax = 1 << 17
)

// Unallowed is data that is gone, and that nothing has allowed.
type Unallowed struct {
	Sequence uint64
	// Why in words, of the event of that sequence.
	Why string
	// IsSnapshot: it is the snapshot that has to say what may be gone.
	IsSnapshot bool
}

type objectKey = [event.IDBytes]byte

// erased is an event whose data is said to be erased.
type erased struct {
	sequence uint64
	key      objectKey
}

// Owed is what a reader still has to see of a chain, since data of it is gone: of dropped data something newer of the same object, of erased
// data the redaction that it names, of expired data a rule for retention by which it is old enough. Who has read to the head asks what is left. Its memory is bounded: of very many dropped objects a sample
// is kept that nobody else knows, so that who drops what must stay is found out all the same, if not each time.
type Owed struct {
	// dropped are the objects whose newest event so far was dropped, with its sequence, of which one in every 2^shift is kept.
	dropped map[objectKey]uint64
	shift   uint
	secret  maphash.Seed
	// erased events, by the sequence of the redaction that they name.
	erased      map[uint64][]erased
	erasedCount int
	// expired is the last event that is said to have expired, where nothing has shown that it has: what lets that go lets go all before.
	expired   *EventPlace
	notKept   int
	unallowed []Unallowed
	// forgotten are whole events and commits that are gone, and the snapshots that are to come for it.
	forgotten forgotten

	droppedMax, redactedMax int
}

func newOwed() *Owed {
	return &Owed{dropped: map[objectKey]uint64{}, secret: maphash.MakeSeed(), erased: map[uint64][]erased{}, droppedMax: droppedMax, redactedMax: redactedMax}
}

// Count is how many events there are, at least, whose data nothing has allowed to go so far, and snapshots that are to come.
func (o *Owed) Count() int {
	count := len(o.dropped) + o.erasedCount + o.forgotten.count()
	if o.expired != nil {
		count++
	}
	return count
}

// Expired is the last event that is said to have expired, where nothing has shown that it has; nil for none.
func (o *Owed) Expired() *EventPlace { return o.expired }

// SettleBelow takes note of what the chain's rules for retention have let go.
func (o *Owed) SettleBelow(floor Floor) {
	if o.expired != nil && floor.LetsGo(*o.expired) {
		o.expired = nil
	}
}

// OneIn says of how many dropped objects one was looked at.
func (o *Owed) OneIn() int { return 1 << o.shift }

// NotKept are erased events that were too many to look at.
func (o *Owed) NotKept() int { return o.notKept }

// add takes note of the events of a batch, which was verified by itself.
func (o *Owed) add(batch *event.Batch, firstSequence uint64, timeUnixMs int64) error {
	why, err := o.forgotten.meet(batch, firstSequence, timeUnixMs)
	if err != nil {
		return err
	}
	if why != "" {
		o.unallowed = append(o.unallowed, Unallowed{firstSequence, why, true})
	}
	for i := range batch.Events {
		of := &batch.Events[i]
		// Nearly all events of nearly all chains.
		if of.DataState == event.Present && len(o.dropped) == 0 && len(o.erased) == 0 {
			continue
		}
		sequence := firstSequence + uint64(i)
		if len(o.erased) > 0 {
			if err := o.meet(batch, i, sequence); err != nil {
				return err
			}
		}
		if !of.Kind.WritesObject() {
			continue
		}
		key := objectKey(of.PrimaryKey)
		if of.DataState == event.Dropped {
			o.drop(key, sequence)
		} else {
			delete(o.dropped, key)
		}
		if of.DataState == event.DataRedacted {
			o.owe(erased{sequence, key}, of.RedactedBy)
		}
		if of.DataState == event.Expired {
			o.expired = &EventPlace{sequence, timeUnixMs}
		}
	}
	return nil
}

func (o *Owed) drop(key objectKey, sequence uint64) {
	if !o.isSampled(key) {
		return
	}
	o.dropped[key] = sequence
	for len(o.dropped) > o.droppedMax {
		o.shift++
		for key := range o.dropped {
			if !o.isSampled(key) {
				delete(o.dropped, key)
			}
		}
	}
}

func (o *Owed) isSampled(key objectKey) bool {
	return o.shift == 0 || maphash.Bytes(o.secret, key[:])<<(64-o.shift) == 0
}

// owe the redaction that an event names.
func (o *Owed) owe(one erased, redaction uint64) {
	if redaction <= one.sequence {
		o.unallowed = append(o.unallowed, Unallowed{one.sequence, "its data is said to be erased by the redaction at sequence " + strconv.FormatUint(redaction, 10) + ", which isn't behind it", false})
		return
	}
	if o.erasedCount >= o.redactedMax {
		o.notKept++
		return
	}
	o.erased[redaction] = append(o.erased[redaction], one)
	o.erasedCount++
}

// meet the event of a sequence, which others may name as their redaction.
func (o *Owed) meet(batch *event.Batch, index int, sequence uint64) error {
	all := o.erased[sequence]
	if all == nil {
		return nil
	}
	delete(o.erased, sequence)
	o.erasedCount -= len(all)
	of := &batch.Events[index]
	said, err := batch.Authority(index)
	if err != nil {
		return err
	}
	by := event.Redacted{Sequence: sequence, PrimaryKey: of.PrimaryKey}
	for _, one := range all {
		what := ", which is no redaction"
		if of.Kind == event.KindRedaction {
			if said.Redaction.Erases(by, event.Redacted{Sequence: one.sequence, PrimaryKey: one.key[:]}) {
				continue
			}
			what = ", which doesn't name it"
		}
		o.unallowed = append(o.unallowed, Unallowed{one.sequence, "its data is said to be erased by the event at sequence " + strconv.FormatUint(sequence, 10) + what, false})
	}
	return nil
}

// refuseMet refuses what was named and has come, and doesn't allow what it was named for. The error is VERIFICATION_FAILED.
func (o *Owed) refuseMet() error {
	met := o.unallowed
	o.unallowed = nil
	return refuseUnallowed(met)
}

// Left is what is left, the lowest sequences first: of who has read all there is, that is data that nothing has allowed to go. It tells so
// many at most.
func (o *Owed) Left(most int) []Unallowed {
	all := make([]Unallowed, 0, o.Count())
	for _, sequence := range o.dropped {
		all = append(all, Unallowed{sequence, "its data was dropped, and nothing newer of its object is there", false})
	}
	for redaction, some := range o.erased {
		for _, one := range some {
			all = append(all, Unallowed{one.sequence, "its data is said to be erased by the redaction at sequence " + strconv.FormatUint(redaction, 10) + ", which isn't there", false})
		}
	}
	if o.expired != nil {
		all = append(all, Unallowed{o.expired.Sequence, "its data is said to have been let go by a rule of the chain for retention, and none has done so", false})
	}
	for _, snapshot := range o.forgotten.snapshots() {
		all = append(all, Unallowed{snapshot, "whole events are said to be gone by the snapshot at sequence " + strconv.FormatUint(snapshot, 10) + ", which isn't there", true})
	}
	slices.SortFunc(all, func(a, b Unallowed) int { return cmp.Compare(a.Sequence, b.Sequence) })
	return all[:min(len(all), most)]
}

// Settle refuses what is left, where all there is was read. The error is VERIFICATION_FAILED, and names the first of it.
func (o *Owed) Settle() error {
	if o.Count() == 0 {
		return nil
	}
	return refuseUnallowed(o.Left(1))
}

func refuseUnallowed(all []Unallowed) error {
	if len(all) == 0 {
		return nil
	}
	what := fmt.Sprintf("the data of the event at sequence %d is not here", all[0].Sequence)
	if all[0].IsSnapshot {
		what = "whole events are gone"
	}
	return fault.New(fault.VerificationFailed, "%s, and nothing allows that: %s. The server, or its copy of the chain, can't be trusted", what, all[0].Why).
		With("sequence", strconv.FormatUint(all[0].Sequence, 10))
}
