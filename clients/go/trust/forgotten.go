package trust

import (
	"strconv"

	"atedb.example/go/event"
	"atedb.example/go/fault"
	"atedb.example/go/merkle"
)

// snapshotAgeMsMin is how much older the commits of a snapshot are than its own: 7 days.
const snapshotAgeMsMin = 7 * 24 * 3_600_000

// reading is what is gone by the word of a snapshot that is to come, while its commits are being read.
type reading struct {
	// snapshot is its sequence, and size its size, in commits.
	snapshot, size uint64
	runs           event.GoneRuns
	// events are those that are gone so far, where knowsEvents.
	events      uint64
	knowsEvents bool
}

// due is what a snapshot that is to come must say.
type due struct {
	// said but for Events and Writers where these aren't known.
	said                      event.Snapshot
	knowsEvents, knowsWriters bool
	// timeUnixMs of the last of its commits that is there.
	timeUnixMs int64
}

// A forgotten is what a reader has to see of a chain since whole events and commits of it are gone: the snapshot that names them. Where the first is
// missing it is noted by which snapshot; from there on all that is missing is hashed, up to the snapshot's size; and what comes out is what the
// snapshot must say, when it comes. Constant in size.
type forgotten struct {
	// begin is the sequence with which the reading began.
	begin uint64
	// wasReading is as missingBelow, of a reading that this one goes on from.
	wasReading uint64
	reading    *reading
	// due snapshots by their sequences.
	due map[uint64]due
}

// missingBelow is the size, in commits, below which batches of writers may be missing: of the snapshot whose commits are being read. 0: of none.
func (f *forgotten) missingBelow() uint64 {
	if f.reading == nil {
		return f.wasReading
	}
	return max(f.wasReading, f.reading.size)
}

// count is how many snapshots are to come.
func (f *forgotten) count() int { return len(f.snapshots()) }

// snapshots that are to come, by their sequences.
func (f *forgotten) snapshots() []uint64 {
	all := make([]uint64, 0, len(f.due)+1)
	for sequence := range f.due {
		all = append(all, sequence)
	}
	if f.reading != nil {
		all = append(all, f.reading.snapshot)
	}
	return all
}

// gap takes note of one that comes where a replay stands. The error is VERIFICATION_FAILED where it doesn't go on what came before, and
// HISTORY_COMPACTED where what was read before isn't what its snapshot leaves.
func (f *forgotten) gap(gap *event.Gap, size, nextSequence uint64) error {
	if end := size + max(gap.Commits, 1); end > gap.Size {
		return violation("something is gone that the snapshot at sequence " + strconv.FormatUint(gap.Snapshot, 10) + " isn't about")
	}
	switch is := f.reading; {
	case is == nil:
		// What was read and goes by it: what has come instead may be gone, too, as the tombstone of an object that was read.
		goes := gap.Before.HasLast() && gap.Before.Last.End > f.begin
		goesOn := gap.Before.From > 0 && nextSequence > f.begin
		if goes || goesOn {
			return f.compacted(gap.Snapshot)
		}
		f.reading = &reading{snapshot: gap.Snapshot, size: gap.Size, runs: event.NewGoneRuns(gap.Before, nextSequence), knowsEvents: f.begin == 0}
	case is.snapshot != gap.Snapshot || is.size != gap.Size:
		// What was read before can't be checked any more.
		return f.compacted(gap.Snapshot)
	case is.runs.StateAt(nextSequence) != gap.Before:
		return violation("what is said to be gone before it is not what was gone")
	}
	return f.gone(nextSequence, nextSequence+gap.Events)
}

// gone takes note of events that are, from a sequence up to before another. The error is VERIFICATION_FAILED where no gap has said why.
func (f *forgotten) gone(first, end uint64) error {
	if f.reading == nil {
		return violation("events of it are gone, and no gap says why")
	}
	f.reading.runs.Add(first, end)
	f.reading.events += end - first
	return nil
}

// reached a place between two commits: where those of the snapshot end it is known what that must say. writers are all that have written; nil where that
// isn't known.
func (f *forgotten) reached(head func() merkle.Head, size, nextSequence uint64, timeUnixMs int64, writers func() []event.WriterSeal) {
	if size >= f.wasReading {
		f.wasReading = 0
	}
	is := f.reading
	if is == nil || size < is.size {
		return
	}
	must := due{said: event.Snapshot{Size: is.size, TreeRoot: head().Root, Gone: is.runs.Finish()}, knowsEvents: is.knowsEvents, timeUnixMs: timeUnixMs}
	must.said.Events = nextSequence - is.events
	if all := writers(); all != nil {
		must.knowsWriters, must.said.Writers, must.said.WritersHash = true, uint64(len(all)), event.HashOfWriters(all)
	}
	if f.due == nil {
		f.due = map[uint64]due{}
	}
	f.due[is.snapshot] = must
	f.reading = nil
}

// meet a batch, which may be a snapshot that is due. It returns why the snapshot doesn't allow what is gone; "" where it does, or isn't due.
func (f *forgotten) meet(batch *event.Batch, firstSequence uint64, timeUnixMs int64) (string, error) {
	for sequence, must := range f.due {
		if sequence < firstSequence || sequence >= firstSequence+uint64(len(batch.Events)) {
			continue
		}
		delete(f.due, sequence)
		why := "is none"
		if batch.Events[0].Kind == event.KindSnapshot {
			said, err := batch.Authority(0)
			if err != nil {
				return "", err
			}
			if why = must.misfit(said.Snapshot, timeUnixMs); why == "" {
				continue
			}
		}
		return "the snapshot at sequence " + strconv.FormatUint(sequence, 10) + " " + why, nil
	}
	return "", nil
}

// misfit is what a snapshot says otherwise than it must; "": nothing.
func (d *due) misfit(is *event.Snapshot, timeUnixMs int64) string {
	switch must := d.said; {
	case is.Size != must.Size:
		return "is about another number of commits than the gaps say"
	case is.TreeRoot != must.TreeRoot:
		return "is about another history"
	case is.Gone != must.Gone:
		return "lets other events go than those that are gone"
	case d.knowsEvents && is.Events != must.Events:
		return "says that another number of events stays than is there"
	case d.knowsWriters && is.Writers != must.Writers:
		return "says that there is another number of writers than there is"
	case d.knowsWriters && is.WritersHash != must.WritersHash:
		return "has other last batches of writers than are there"
	case d.timeUnixMs+snapshotAgeMsMin > timeUnixMs:
		return "is about commits that are too young"
	}
	return ""
}

func (f *forgotten) compacted(snapshot uint64) error {
	return fault.New(fault.HistoryCompacted, "the chain was compacted under the snapshot at sequence %d while it was being read, and what was read from sequence %d on is not what that leaves. Read again from there", snapshot, f.begin).
		With("snapshot", strconv.FormatUint(snapshot, 10)).With("from", strconv.FormatUint(f.begin, 10))
}
