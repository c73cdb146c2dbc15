package segment_test

import (
	"errors"
	"testing"

	"atedb.example/go/fault"
	"atedb.example/go/internal/vectors"
	"atedb.example/go/merkle"
	"atedb.example/go/segment"
	"atedb.example/go/trust"
)

type segmentCase struct {
	What                              string
	Segment                           uint64
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
			is, err := segment.Read(one.File, one.Segment)
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
		if _, err := segment.Read(one.File, one.Segment); !errors.Is(err, one.Reason) {
			t.Errorf("%s: %v", one.What, err)
		}
	}
}

// replay the batches of a file.
func replay(t *testing.T, is *segment.Scan) {
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
		is, err := segment.Read(file, 0)
		if err != nil {
			return
		}
		if is.End < is.Start || is.End > max(len(file), is.Start) {
			t.Fatalf("it ends at %d", is.End)
		}
	})
}
