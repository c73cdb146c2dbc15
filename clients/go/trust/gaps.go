package trust

import (
	"atedb.example/go/event"
	"atedb.example/go/merkle"
)

// passGap goes on behind commits that are gone, or before a batch of which events are; commit is of that batch.
func (r *Replay) passGap(gap *event.Gap, commit *event.Commit) error {
	if gap == nil {
		return nil
	}
	if err := r.startRules(); err != nil {
		return err
	}
	first := r.NextCommit()
	if err := r.owed.forgotten.gap(gap, first, r.nextSequence); err != nil {
		return err
	}
	subtrees, err := gap.Subtrees(first)
	if err != nil {
		return err
	}
	for _, subtree := range subtrees {
		r.roots.appendSubtree(subtree)
	}
	r.nextSequence += gap.Events
	if rules := r.start.Rules; r.authority == nil && rules != nil && first < rules.Head.Size && rules.Head.Size < r.NextCommit() && r.start.ProveExtends != nil {
		next := r.roots.frontier.Clone()
		next.Append(commit.Leaf())
		if err := r.start.ProveExtends(rules.Head, next.Head()); err != nil {
			return err
		}
		// What is gone has changed nothing of who may do what, or there is no snapshot that says so.
		r.startWith(rules)
	}
	if gap.Commits > 0 {
		r.reached()
	}
	return nil
}

// reached is told where it stands between two commits.
func (r *Replay) reached() {
	r.owed.forgotten.reached(func() merkle.Head { return r.Head() }, r.NextCommit(), r.nextSequence, r.timeUnixMs, r.seals)
}

// noteGone takes note of events that are gone: a gap is there where some are, and there only.
func (r *Replay) noteGone(batch *event.Batch, commit *event.Commit, gap *event.Gap) error {
	switch {
	case batch.Gone == nil && gap != nil && gap.Commits == 0:
		return violation("nothing of it is gone, and a gap says so")
	case batch.Gone != nil && gap == nil:
		return violation("events of it are gone, and no gap says why")
	}
	for index := 0; batch.Gone != nil && index < len(batch.Events); index++ {
		gone, isGone := batch.Gone[index]
		if !isGone {
			continue
		}
		first := commit.FirstSequence + uint64(index)
		if err := r.owed.forgotten.gone(first, first+uint64(gone.Events)); err != nil {
			return err
		}
	}
	return nil
}
