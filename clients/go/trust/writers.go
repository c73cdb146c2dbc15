package trust

import (
	"bytes"
	"strconv"

	"atedb.example/go/event"
	"atedb.example/go/fault"
)

// checkWriter: a batch continues its writer's chain of seals, and names a head of this chain.
func (r *Replay) checkWriter(seal *event.Seal) error {
	writer, isKnown := r.writers[seal.WriterID]
	switch {
	case !isKnown && r.knowsWriters && seal.Counter != 0:
		return violation("its writer is new, and doesn't start at counter 0")
	case isKnown && (seal.Counter != writer.NextCounter || !bytes.Equal(seal.Previous, writer.LastSeal[:])):
		return violation("it doesn't continue its writer's chain of seals")
	}
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
