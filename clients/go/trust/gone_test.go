package trust_test

import (
	"slices"
	"testing"

	"atedb.example/go/event"
	"atedb.example/go/internal/vectors"
	"atedb.example/go/trust"
)

type goneCase struct {
	replayCase
	Gone []struct {
		Sequence, Redaction uint64
		State               string
	}
	Owed []uint64
}

// checkGone checks a history of which data is gone, and what is owed of it.
func checkGone(t *testing.T, one goneCase) {
	t.Helper()
	checkGood(t, one.replayCase, func(verifier *trust.Replay, batches []trust.Verified) {
		gone := 0
		for _, batch := range batches {
			for i, of := range batch.Batch.Events {
				if of.DataState == event.Present {
					continue
				}
				due := one.Gone[gone]
				if gone++; batch.Commit.FirstSequence+uint64(i) != due.Sequence || of.DataState.String() != due.State || of.RedactedBy != due.Redaction {
					t.Errorf("%s: the data of event %d is %s", one.Name, batch.Commit.FirstSequence+uint64(i), of.DataState)
				}
			}
		}
		if gone != len(one.Gone) {
			t.Errorf("%s: the data of %d events is gone", one.Name, gone)
		}
		owed := verifier.Owed()
		var left []uint64
		for _, is := range owed.Left(100) {
			left = append(left, is.Sequence)
		}
		if !slices.Equal(left, one.Owed) || owed.Count() != len(one.Owed) || (owed.Settle() == nil) != (len(one.Owed) == 0) {
			t.Errorf("%s: of %v nothing allows that their data is gone", one.Name, left)
		}
	})
}

func TestGone(t *testing.T) {
	for _, list := range []string{"good", "owing"} {
		for _, one := range vectors.List[goneCase](t, "compaction", list) {
			checkGone(t, one)
		}
	}
	for _, one := range vectors.List[replayCase](t, "compaction", "bad") {
		checkBad(t, one)
	}
	for _, one := range vectors.List[batchCase](t, "compaction", "badBatches") {
		checkBadBatch(t, one)
	}
	for _, one := range vectors.List[history](t, "compaction", "histories") {
		checkHistory(t, one)
	}
}

// TestDrops has what a compaction drops: that is a server's doing, of which a client needs to know that what it drops is what a reader allows.
func TestDrops(t *testing.T) {
	for _, one := range vectors.List[struct {
		replayCase
		HorizonUnixMs int64
		Decisions     []string
	}](t, "compaction", "decisions") {
		_, batches, err := replay(one.replayCase, true)
		if err != nil {
			t.Errorf("%s: %v", one.What, err)
			continue
		}
		if decisions := decide(batches, one.HorizonUnixMs); !slices.Equal(decisions, one.Decisions) {
			t.Errorf("%s: it is %v, not %v", one.What, decisions, one.Decisions)
		}
	}
}

// decide what becomes of the data of each event, by the table of docs/compaction.md.
func decide(batches []trust.Verified, horizonUnixMs int64) []string {
	newest, last := map[string]*event.Event{}, map[event.Hash]*event.Batch{}
	for _, one := range batches {
		last[one.Batch.Seal.WriterID] = one.Batch
		for i := range one.Batch.Events {
			if of := &one.Batch.Events[i]; of.Kind.WritesObject() {
				newest[string(of.PrimaryKey)] = of
			}
		}
	}
	var decisions []string
	for _, one := range batches {
		for i := range one.Batch.Events {
			of := &one.Batch.Events[i]
			decision := "dropped"
			switch {
			case of.Kind != event.KindData:
				decision = "not-data"
			case of.DataState != event.Present:
				decision = "gone"
			case newest[string(of.PrimaryKey)] == of:
				decision = "newest"
			case of.HasAuthority:
				decision = "authority"
			case one.Commit.TimeUnixMs >= horizonUnixMs:
				decision = "young"
			case last[one.Batch.Seal.WriterID] == one.Batch:
				decision = "last-batch"
			}
			decisions = append(decisions, decision)
		}
	}
	return decisions
}
