package segment_test

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"testing"

	"atedb.example/go/event"
	"atedb.example/go/fault"
	"atedb.example/go/internal/vectors"
	"atedb.example/go/merkle"
	"atedb.example/go/segment"
	"atedb.example/go/trust"
)

type segmentCase struct {
	What, Why                         string
	Segment, Generation               uint64
	File, TreeRoot                    vectors.Hex
	Verdict                           segment.Verdict
	Start, End, Batches               int
	Durable, NextCommit, NextSequence uint64
	HasFooter                         bool
	Reason                            fault.Reason
}

func TestSegments(t *testing.T) {
	for _, list := range []string{"real", "whole", "tail", "damage"} {
		for _, one := range vectors.List[segmentCase](t, "segments", list) {
			is, err := segment.Read(one.File, one.Segment, one.Generation)
			if err != nil {
				t.Fatalf("%s: %v", one.What, err)
			}
			if is.Verdict != one.Verdict || is.Start != one.Start || is.End != one.End || is.Durable != one.Durable || len(is.Batches) != one.Batches ||
				is.NextCommit != one.NextCommit || is.NextSequence != one.NextSequence || is.Tree.Root() != merkle.Hash(one.TreeRoot) || is.HasFooter != one.HasFooter {
				t.Errorf("%s: %s, end %d, durable %d, %d batches, footer %v, %s", one.What, is.Verdict, is.End, is.Durable, len(is.Batches), is.HasFooter, is.Fault)
			}
			if list == "real" {
				replay(t, is)
			}
		}
	}
	for _, one := range vectors.List[segmentCase](t, "segments", "unreadable") {
		if _, err := segment.Read(one.File, one.Segment, one.Generation); !errors.Is(err, one.Reason) {
			t.Errorf("%s: %v", one.What, err)
		}
	}
}

func TestRewritten(t *testing.T) {
	for _, one := range vectors.List[struct {
		segmentCase
		Original, OriginalSHA256, Rewritten, SHA256 vectors.Hex
		Gone                                        []struct {
			Sequence, Redaction uint64
			State               string
		}
	}](t, "compaction", "segments") {
		before, err := segment.Read(one.Original, one.Segment, 0)
		if err != nil {
			t.Fatalf("%s: %v", one.What, err)
		}
		is, err := segment.Read(one.Rewritten, one.Segment, one.Generation)
		if err != nil {
			t.Fatalf("%s: %v", one.What, err)
		}
		original, rewritten := sha256.Sum256(one.Original), sha256.Sum256(one.Rewritten)
		if !bytes.Equal(original[:], one.OriginalSHA256) || !bytes.Equal(is.Header.OriginalSHA256, original[:]) || !bytes.Equal(rewritten[:], one.SHA256) {
			t.Errorf("%s: it was rewritten from another file", one.What)
		}
		if is.Verdict != one.Verdict || is.Start != one.Start || is.End != one.End || is.Durable != one.Durable || len(is.Batches) != one.Batches ||
			is.NextCommit != one.NextCommit || is.NextSequence != one.NextSequence || is.Tree.Root() != merkle.Hash(one.TreeRoot) || is.HasFooter != one.HasFooter {
			t.Errorf("%s: it is %s", one.What, is.Verdict)
		}
		if is.Tree.Root() != before.Tree.Root() {
			t.Errorf("%s: it has another tree", one.What)
		}
		replay(t, before)
		replay(t, is)
		gone := 0
		for _, stored := range is.Batches {
			batch, err := event.ParseBatch(stored.Run)
			if err != nil {
				t.Fatal(err)
			}
			for i, of := range batch.Events {
				if of.DataState == event.Present {
					continue
				}
				due := one.Gone[gone]
				if gone++; stored.Commit.FirstSequence+uint64(i) != due.Sequence || of.DataState.String() != due.State || of.RedactedBy != due.Redaction {
					t.Errorf("%s: event %d is %s", one.What, i, of.DataState)
				}
			}
		}
		if gone != len(one.Gone) {
			t.Errorf("%s: the data of %d events is gone", one.What, gone)
		}
	}
	for _, one := range vectors.List[segmentCase](t, "compaction", "unreadable") {
		if _, err := segment.Read(one.File, one.Segment, one.Generation); !errors.Is(err, one.Reason) {
			t.Errorf("%s: %v", one.Why, err)
		}
	}
}

// replay the batches of a file.
func replay(t *testing.T, is *segment.Scan) {
	t.Helper()
	genesis, _, err := trust.VerifyGenesis(is.Batches[0].Run)
	if err != nil {
		t.Fatal(err)
	}
	verifier, err := trust.NewReplay(genesis, trust.Start{AllSignatures: true})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := verifier.VerifyBatches(is.Batches); err != nil || verifier.Head() != is.Tree.Head() {
		t.Errorf("it does not verify: %v", err)
	}
}

func FuzzRead(f *testing.F) {
	for _, list := range []string{"whole", "tail", "damage"} {
		for _, one := range vectors.List[segmentCase](f, "segments", list) {
			f.Add([]byte(one.File))
		}
	}
	f.Fuzz(func(t *testing.T, file []byte) {
		is, err := segment.Read(file, 0, 0)
		if err != nil {
			return
		}
		if is.End < is.Start || is.End > max(len(file), is.Start) {
			t.Fatalf("it ends at %d", is.End)
		}
	})
}
