package trust

import (
	"bytes"
	"strconv"

	"atedb.example/go/event"
	"atedb.example/go/fault"
)

// follows: a batch continues its writer's chain of seals. It returns whether it is the one right behind the last that came.
func (r *Replay) follows(seal *event.Seal) (bool, error) {
	writer, isKnown := r.writers[seal.WriterID]
	mayMiss := r.owed.forgotten.missingBelow() > r.NextCommit()
	switch {
	case seal.Counter == writer.NextCounter && (!isKnown || bytes.Equal(seal.Previous, writer.LastSeal[:])):
		return true, nil
	case seal.Counter > writer.NextCounter && (mayMiss || !isKnown && !r.knowsWriters):
		return false, nil
	case !isKnown:
		return false, violation("its writer is new, and doesn't start at counter 0")
	}
	return false, violation("it doesn't continue its writer's chain of seals")
}

// seals are where all writers stand; nil where that isn't known.
func (r *Replay) seals() []event.WriterSeal {
	if !r.knowsWriters {
		return nil
	}
	all := make([]event.WriterSeal, 0, len(r.writers))
	for id, place := range r.writers {
		all = append(all, event.WriterSeal{WriterID: id, Counter: place.NextCounter - 1, Seal: place.LastSeal})
	}
	return all
}

// checkAsOf: a batch names a head of this chain.
func (r *Replay) checkAsOf(seal *event.Seal) error {
	writer := r.writers[seal.WriterID]
	// The head that a writer has verified must be one of this chain. The server need not have said its root: so a history that leaves
	// out what a writer has seen doesn't fit what that writer signed.
	size := seal.AsOf.Size
	if size < writer.AsOf.Size {
		return violation("its writer names an older head than before")
	}
	if size > r.NextCommit() {
		return violation("its writer names a head that is to come")
	}
	if size == 0 {
		return nil
	}
	root, isKept := r.roots.rootAt(size)
	if size == writer.AsOf.Size {
		root, isKept = writer.AsOf.Root, true
	}
	if isKept && root != seal.AsOf.Root {
		return violation("its writer has seen another head of " + strconv.FormatUint(size, 10) + " commits")
	}
	return nil
}

// checkConditions checks all but leases, which only the server can know of.
func (r *Replay) checkConditions(seal *event.Seal, commit *event.Commit) error {
	for _, condition := range seal.Conditions {
		end := uint64(0)
		switch condition.Kind {
		case event.ChainUnchanged:
			end = r.latest.endOfOthers(seal.WriterID)
		case event.LandsBefore:
			end = commit.FirstSequence + uint64(commit.Events)
		case event.ObjectUnchanged:
			end = r.objects.endOfOthers(condition.PrimaryKey, seal.WriterID)
		}
		if end > condition.Sequence && condition.Kind != event.HoldsLease {
			return fault.New(fault.PreconditionFailed, "a condition of it does not hold")
		}
	}
	return nil
}
