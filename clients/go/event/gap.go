package event

import (
	"atedb.example/go/fault"
	"atedb.example/go/internal/forms"
	"atedb.example/go/internal/strict"
	"atedb.example/go/merkle"
)

const (
	// Of a LogSegment: stands for commits that are gone.
	gapField = 5
	// What an Event begins with that stands for others that are gone.
	goneTag = 0x32
)

// A Gap stands before a batch of which events are gone, or before which commits are.
type Gap struct {
	// Commits that are gone, right before the batch, and how many Events these had.
	Commits, Events uint64
	// Snapshot is the sequence of the one under which they are, and Size its size, in commits.
	Snapshot, Size uint64
	// Before is what is gone before it.
	Before GoneState
	hashes []byte
}

// ParseGap takes a Gap message apart, without its tag and length. The error is NON_CANONICAL.
func ParseGap(message []byte) (*Gap, error) {
	if err := strict.Check(forms.Gap, message); err != nil {
		return nil, err
	}
	gap := &Gap{}
	last := &gap.Before.Last
	cursor := strict.NewCursor(message)
	for cursor.Next() {
		switch cursor.Field {
		case 1:
			gap.Commits = cursor.Value
		case 2:
			gap.Events = cursor.Value
		case 3:
			gap.hashes = cursor.Bytes()
		case 4:
			gap.Snapshot = cursor.Value
		case 5:
			gap.Size = cursor.Value
		case 6:
			last.Before = Hash(cursor.Bytes())
		case 7:
			gap.Before.From = cursor.Value
		case 8:
			last.First = cursor.Value
		case 9:
			last.End = cursor.Value
		}
	}
	// Each commit has an event; and a snapshot comes behind what it is about.
	isNone := gap.Commits == 0
	if gap.Commits > gap.Events || isNone != (gap.Events == 0) || isNone != (len(gap.hashes) == 0) || len(gap.hashes)%len(Hash{}) != 0 || gap.Snapshot < gap.Size {
		return nil, fault.New(fault.NonCanonical, "a gap counts commits, events or hashes that it has not")
	}
	from := gap.Before.From
	isRun := last.First < last.End && (from == 0 || last.End < from)
	if !isRun && *last != (GoneRun{}) {
		return nil, fault.New(fault.NonCanonical, "a gap says that a run of events from %d up to %d is gone before it, and one from %d on: a run has an event, and none goes on in the next", last.First, last.End, from)
	}
	return gap, nil
}

// Subtrees that it stands for, by the number of the first commit that is gone. The error is NON_CANONICAL where it has not as many hashes as
// these commits take.
func (g *Gap) Subtrees(first uint64) ([]merkle.Subtree, error) {
	return subtreesOf("a gap", first, g.Commits, g.hashes)
}

// GoneEvents stand for so many events of a batch that follow each other.
type GoneEvents struct {
	Events   int
	Subtrees []merkle.Subtree
}

// parseGone takes an Event apart that stands for others, of which the first has an index. The error is NON_CANONICAL.
func parseGone(message []byte, index int) (GoneEvents, error) {
	if err := strict.Check(forms.GoneEvent, message); err != nil {
		return GoneEvents{}, err
	}
	outer := strict.NewCursor(message)
	outer.Next()
	var hashes []byte
	events := uint64(0)
	for inner := strict.NewCursor(outer.Bytes()); inner.Next(); {
		if inner.Field == 1 {
			events = inner.Value
		} else {
			hashes = inner.Bytes()
		}
	}
	subtrees, err := subtreesOf("what stands for events", uint64(index), events, hashes)
	return GoneEvents{int(events), subtrees}, err
}

func subtreesOf(what string, first, count uint64, hashes []byte) ([]merkle.Subtree, error) {
	levels := merkle.SubtreeLevels(first, first+count)
	if len(hashes) != len(levels)*len(Hash{}) {
		return nil, fault.New(fault.NonCanonical, "%s stands for %d from %d on with %d bytes of hashes, and %d hashes were due", what, count, first, len(hashes), len(levels))
	}
	subtrees := make([]merkle.Subtree, len(levels))
	for i, level := range levels {
		subtrees[i] = merkle.Subtree{Level: level, Hash: Hash(hashes[i*len(Hash{}):])}
	}
	return subtrees, nil
}
