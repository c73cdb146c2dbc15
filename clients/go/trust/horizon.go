package trust

import (
	"strconv"

	"atedb.example/go/event"
	"atedb.example/go/fault"
)

// A Horizon is how far back a chain remembers everything: its newest snapshot.
type Horizon struct {
	// Size in commits: what was made by an older head is refused.
	Size uint64
	// Sequence of the snapshot's event.
	Sequence uint64
}

// raiseHorizon has the one that a snapshot says, which is alone in its batch. The error is KEY_NOT_ALLOWED where it isn't from a root, and
// SNAPSHOT_INVALID where it raises nothing, or is about what its writer hasn't seen.
func (a *Authority) raiseHorizon(does *act, batch *event.Batch, sequence uint64, u *undo) error {
	if err := a.requireRoot(does, "say what may be gone"); err != nil {
		return err
	}
	size, before := does.said.Snapshot.Size, a.horizon
	refused := func(format string, args ...any) error {
		return fault.New(fault.SnapshotInvalid, "the snapshot doesn't count: "+format, args...).With("size", strconv.FormatUint(size, 10))
	}
	if before != nil && size <= before.Size {
		return refused("it is about %d commits, and the one at sequence %d about %d", size, before.Sequence, before.Size)
	}
	if seen := batch.Seal.AsOf.Size; size > seen {
		return refused("it is about %d commits, and its writer says to have verified %d", size, seen)
	}
	set(&a.horizon, &Horizon{size, sequence}, u)
	return nil
}

// checkFresh refuses a batch that was made by a head that is older than the horizon: what it was made by may be forgotten. What the server itself
// adds is made by no head. The error is STALE.
func (a *Authority) checkFresh(batch *event.Batch) error {
	if a.horizon == nil || isFromServer(batch) || batch.Seal.AsOf.Size >= a.horizon.Size {
		return nil
	}
	return fault.New(fault.Stale, "the batch was made by a head of %d commits, and by the snapshot at sequence %d what was before commit %d may be forgotten", batch.Seal.AsOf.Size, a.horizon.Sequence, a.horizon.Size).
		With("as_of_size", strconv.FormatUint(batch.Seal.AsOf.Size, 10)).With("horizon", strconv.FormatUint(a.horizon.Size, 10))
}
