package event

import (
	"encoding/binary"
	"slices"

	"atedb.example/go/internal/crypt"
	"atedb.example/go/internal/strict"
)

// A Snapshot says what of the first commits of a chain may be gone, as a root has signed it.
type Snapshot struct {
	// Size in commits. Also how far back the chain remembers all: what was made by an older head is refused.
	Size uint64
	// TreeRoot of the tree of that size.
	TreeRoot Hash
	// Events is how many of their events stay.
	Events uint64
	// Gone is what goes, as GoneRuns hash it.
	Gone Hash
	// Writers is how many writers they have, and WritersHash where these stand, as HashOfWriters has it.
	Writers     uint64
	WritersHash Hash
}

// parseSnapshot reads a Snapshot message in the strict form.
func parseSnapshot(message []byte) *Snapshot {
	said := &Snapshot{}
	cursor := strict.NewCursor(message)
	for cursor.Next() {
		switch cursor.Field {
		case 1:
			said.Size = cursor.Value
		case 2:
			said.TreeRoot = Hash(cursor.Bytes())
		case 3:
			said.Events = cursor.Value
		case 4:
			said.Gone = Hash(cursor.Bytes())
		case 5:
			said.Writers = cursor.Value
		case 6:
			said.WritersHash = Hash(cursor.Bytes())
		}
	}
	return said
}

// A GoneRun is a run of events that are gone, and has ended.
type GoneRun struct {
	// Before is the hash of those that ended before it.
	Before Hash
	// First is the sequence of its first event, and End the one behind its last.
	First, End uint64
}

// hash of it and all before it.
func (r GoneRun) hash() Hash {
	ends := binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint64(nil, r.First), r.End)
	return crypt.Tagged(crypt.TagGone, r.Before[:], ends)
}

// A GoneState is how far the events that are gone were hashed.
type GoneState struct {
	// Last run that has ended; the zero value: none has.
	Last GoneRun
	// From is the sequence of the first event of a run that may go on; 0: there is none.
	From uint64
}

// HasLast reports whether a run has ended.
func (s GoneState) HasLast() bool { return s.Last.End > 0 }

// hash of the runs that have ended; 32 zero bytes before the first.
func (s GoneState) hash() Hash {
	if !s.HasLast() {
		return Hash{}
	}
	return s.Last.hash()
}

// GoneRuns hash which events are gone, by their sequences, run by run: so that nothing has to be kept of what is there. The zero value is before
// the first. Copies go on by themselves.
type GoneRuns struct {
	last       GoneRun
	isOpen     bool
	first, end uint64
}

// NewGoneRuns goes on from a state; end is the sequence up to which it says what is gone.
func NewGoneRuns(state GoneState, end uint64) GoneRuns {
	return GoneRuns{last: state.Last, isOpen: state.From > 0, first: state.From, end: end}
}

// Add has the events from first up to before end gone. They come in order.
func (g *GoneRuns) Add(first, end uint64) {
	if first == end {
		return
	}
	if !g.isOpen || first != g.end {
		g.close()
		g.isOpen, g.first = true, first
	}
	g.end = end
}

// StateAt is how far it is before the event of a sequence that none is gone of behind the last ones.
func (g *GoneRuns) StateAt(sequence uint64) GoneState {
	if g.end != sequence {
		g.close()
	}
	state := GoneState{Last: g.last}
	if g.isOpen {
		state.From = g.first
	}
	return state
}

// Finish gives the hash of all: nothing comes any more.
func (g *GoneRuns) Finish() Hash {
	g.close()
	return GoneState{Last: g.last}.hash()
}

func (g *GoneRuns) close() {
	if g.isOpen {
		g.last, g.isOpen = GoneRun{GoneState{Last: g.last}.hash(), g.first, g.end}, false
	}
}

// A WriterSeal is where a writer's chain of seals stands.
type WriterSeal struct {
	WriterID Hash
	// Counter of its last batch, and the hash of that one's seal.
	Counter uint64
	Seal    Hash
}

// HashOfWriters is the hash of where all writers stand, as a snapshot names it.
func HashOfWriters(all []WriterSeal) Hash {
	sorted := slices.Clone(all)
	slices.SortFunc(sorted, func(a, b WriterSeal) int { return slices.Compare(a.WriterID[:], b.WriterID[:]) })
	hash := crypt.TaggedHash(crypt.TagWriters)
	for _, one := range sorted {
		hash.Write(one.WriterID[:])
		hash.Write(binary.BigEndian.AppendUint64(nil, one.Counter))
		hash.Write(one.Seal[:])
	}
	return Hash(hash.Sum(nil))
}
