package trust_test

import (
	"bytes"
	"errors"
	"slices"
	"strconv"
	"testing"

	"atedb.example/go/event"
	"atedb.example/go/fault"
	"atedb.example/go/internal/forms"
	"atedb.example/go/internal/strict"
	"atedb.example/go/internal/vectors"
	"atedb.example/go/merkle"
	"atedb.example/go/trust"
)

func TestGapForms(t *testing.T) {
	all := map[string]*strict.Form{"Snapshot": forms.Snapshot, "GoneEvent": forms.GoneEvent, "Gap": forms.Gap}
	for _, list := range []string{"forms", "badForms"} {
		for _, one := range vectors.List[struct {
			Message, What string
			Bytes         hex
		}](t, "gaps", list) {
			err := strict.Check(all[one.Message], one.Bytes)
			if isGood := list == "forms"; isGood != (err == nil) || !isGood && !errors.Is(err, fault.NonCanonical) {
				t.Errorf("%s: %s: %v", one.Message, one.What, err)
			}
		}
	}
}

func TestGoneHashes(t *testing.T) {
	for _, one := range vectors.List[struct {
		Added  [][2]uint64
		States []struct {
			At, First, End, GoneFrom uint64
			Before                   hex
		}
		Hash hex
	}](t, "gaps", "runHashes") {
		var runs event.GoneRuns
		for i, added := range one.Added {
			due := one.States[i]
			is := runs.StateAt(due.At)
			if is.From != due.GoneFrom || is.Last.First != due.First || is.Last.End != due.End || due.Before != nil && !bytes.Equal(is.Last.Before[:], due.Before) {
				t.Errorf("%v: before %d it is %+v", one.Added, due.At, is)
			}
			runs.Add(added[0], added[1])
		}
		if hash := runs.Finish(); !bytes.Equal(hash[:], one.Hash) {
			t.Errorf("%v: it is %x", one.Added, hash)
		}
	}
	for _, one := range vectors.List[struct {
		Writers []struct {
			WriterID, SealHash hex
			Counter            uint64
		}
		Hash hex
	}](t, "gaps", "writerHashes") {
		var all []event.WriterSeal
		for _, writer := range one.Writers {
			all = append(all, event.WriterSeal{WriterID: event.Hash(writer.WriterID), Counter: writer.Counter, Seal: event.Hash(writer.SealHash)})
		}
		if hash := event.HashOfWriters(all); !bytes.Equal(hash[:], one.Hash) {
			t.Errorf("%d writers: it is %x", len(all), hash)
		}
	}
}

func TestGapBatches(t *testing.T) {
	for _, one := range vectors.List[struct {
		batchCase
		Gone       []int
		EventsRoot hex
	}](t, "gaps", "batches") {
		batch, err := event.ParseBatch(one.Run)
		if err == nil {
			_, err = trust.CheckStored(batch)
		}
		if err != nil {
			t.Errorf("%s: %v", one.What, err)
			continue
		}
		var gone []int
		for i := range batch.Events {
			if batch.Events[i].Kind == event.KindGone {
				gone = append(gone, i)
			}
		}
		if len(batch.Events) != one.Events || !slices.Equal(gone, one.Gone) || !bytes.Equal(batch.Seal.EventsRoot[:], one.EventsRoot) {
			t.Errorf("%s: of %d events %v are gone", one.What, len(batch.Events), gone)
		}
	}
	for _, one := range vectors.List[batchCase](t, "gaps", "badBatches") {
		checkBadBatch(t, one)
	}
}

// left is what of a history is owed.
func left(verifier *trust.Replay) []uint64 {
	var all []uint64
	for _, is := range verifier.Owed().Left(100) {
		all = append(all, is.Sequence)
	}
	return all
}

func TestGaps(t *testing.T) {
	for _, list := range []string{"good", "owing"} {
		for _, one := range vectors.List[struct {
			replayCase
			Gone [][2]uint64
			Owed []uint64
		}](t, "gaps", list) {
			checkGood(t, one.replayCase, func(verifier *trust.Replay, batches []trust.Verified) {
				if owed := left(verifier); !slices.Equal(owed, one.Owed) || (verifier.Owed().Settle() == nil) != (len(owed) == 0) {
					t.Errorf("%s: %v is owed", one.Name, owed)
				}
				if gone := goneIn(batches); !slices.Equal(gone, one.Gone) {
					t.Errorf("%s: %v are gone", one.Name, gone)
				}
			})
		}
	}
	for _, one := range vectors.List[replayCase](t, "gaps", "bad") {
		checkBad(t, one)
		// Also where only the last signature of each writer in a slice is looked at.
		if _, _, err := replay(one, false); !errors.Is(err, fault.VerificationFailed) {
			t.Errorf("%s: %v", one.Why, err)
		}
	}
}

// goneIn are the sequences that aren't there, from one up to before another.
func goneIn(batches []trust.Verified) [][2]uint64 {
	var runs [][2]uint64
	there, end := uint64(0), uint64(0)
	for _, one := range batches {
		end = one.Commit.FirstSequence + uint64(one.Commit.Events)
		for i := range one.Batch.Events {
			if one.Batch.Events[i].Kind == event.KindGone {
				continue
			}
			sequence := one.Commit.FirstSequence + uint64(i)
			if sequence > there {
				runs = append(runs, [2]uint64{there, sequence})
			}
			there = sequence + 1
		}
	}
	if there < end {
		runs = append(runs, [2]uint64{there, end})
	}
	return runs
}

type readerCase struct {
	What                                 string
	Slices, Frontier                     []hex
	Slice                                int
	Commit, Sequence, Size, NextSequence uint64
	Root                                 hex
	Owed                                 []uint64
	Reason                               fault.Reason
	FailsAt, FailsOf, Snapshot, From     *uint64
}

// check what comes of a reader.
func (one readerCase) check(t *testing.T, verifier *trust.Replay, sent []hex) {
	t.Helper()
	var err error
	for _, slice := range sent {
		if _, err = verifier.Verify(slice); err != nil {
			break
		}
	}
	if one.Reason != "" {
		found := fault.Of(err)
		if found == nil || found.Reason != one.Reason {
			t.Errorf("%s: %v, and %s was due", one.What, err, one.Reason)
			return
		}
		for name, due := range map[string]*uint64{"commit": one.FailsAt, "sequence": one.FailsOf, "snapshot": one.Snapshot, "from": one.From} {
			if is, isThere := found.Metadata[name]; isThere != (due != nil) || isThere && is != strconv.FormatUint(*due, 10) {
				t.Errorf("%s: %v", one.What, found.Metadata)
			}
		}
		return
	}
	if err != nil {
		t.Errorf("%s: %v", one.What, err)
		return
	}
	due := merkle.Head{Size: one.Size, Root: merkle.Hash(one.Root)}
	if owed := left(verifier); verifier.Head() != due || verifier.NextSequence() != one.NextSequence || !slices.Equal(owed, one.Owed) {
		t.Errorf("%s: it has come to %+v, and is owed %v", one.What, verifier.Head(), owed)
	}
}

func TestGapReaders(t *testing.T) {
	begin := func(one readerCase, start trust.Start) *trust.Replay {
		start.AllSignatures = true
		verifier, err := trust.NewReplay(genesisOf(t, one.Slices), start)
		if err != nil {
			t.Fatal(err)
		}
		return verifier
	}
	for _, one := range vectors.List[readerCase](t, "gaps", "compacted") {
		one.check(t, begin(one, trust.Start{}), one.Slices)
	}
	for _, one := range vectors.List[readerCase](t, "gaps", "resumed") {
		before := begin(one, trust.Start{})
		for _, slice := range one.Slices[:one.Slice] {
			if _, err := before.Verify(slice); err != nil {
				t.Fatalf("%s: %v", one.What, err)
			}
		}
		rules := &trust.Rules{Head: before.Head(), Authority: before.Authority(), Writers: before.Writers(), Retained: before.Retained(), MissingBelow: before.MissingBelow()}
		start := trust.Start{Commit: before.NextCommit(), Sequence: before.NextSequence(), Frontier: before.Frontier(), Rules: rules}
		one.check(t, begin(one, start), one.Slices[one.Slice:])
	}
	for _, one := range vectors.List[readerCase](t, "gaps", "middles") {
		start := trust.Start{Commit: one.Commit, Sequence: one.Sequence, Frontier: vectors.Bytes(one.Frontier)}
		one.check(t, begin(one, start), one.Slices[one.Slice:])
	}
}
