package merkle_test

import (
	"bytes"
	"testing"

	"atedb.example/go/internal/vectors"
	"atedb.example/go/merkle"
)

type (
	hex      = vectors.Hex
	rootCase struct {
		Size     uint64
		Leaf     hex
		Root     hex
		Frontier []hex
	}
	inclusionCase struct {
		Leaf, Root  hex
		Index, Size uint64
		Proof       []hex
		Why         string
	}
	consistencyCase struct {
		First, Second         uint64
		FirstRoot, SecondRoot hex
		Proof                 []hex
		Why                   string
	}
)

// hash is 32 bytes; what has another length is no hash, and so equals none.
func hash(of hex) (is merkle.Hash, ok bool) {
	if len(of) != len(is) {
		return is, false
	}
	return merkle.Hash(of), true
}

func TestRoots(t *testing.T) {
	var leaves [][]byte
	for _, one := range vectors.List[struct{ Bytes hex }](t, "merkle", "leaves") {
		leaves = append(leaves, one.Bytes)
	}
	for _, one := range vectors.List[rootCase](t, "merkle", "roots") {
		var frontier merkle.Frontier
		for _, leaf := range leaves[:one.Size] {
			frontier.Append(merkle.LeafHash(leaf))
		}
		if root := merkle.Root(leaves[:one.Size]); !bytes.Equal(root[:], one.Root) || root != frontier.Root() {
			t.Errorf("the root of %d leaves is %x", one.Size, root)
		}
		for i, is := range frontier.Hashes() {
			if !bytes.Equal(is, one.Frontier[i]) {
				t.Errorf("hash %d of the frontier of %d leaves is %x", i, one.Size, is)
			}
		}
		again, err := merkle.NewFrontier(one.Size, vectors.Bytes(one.Frontier))
		if err != nil || again.Root() != frontier.Root() {
			t.Errorf("%d leaves: %v", one.Size, err)
		}
	}
	roots := vectors.List[rootCase](t, "merkle", "roots")
	for _, one := range vectors.List[rootCase](t, "merkle", "appended") {
		frontier, err := merkle.NewFrontier(one.Size, vectors.Bytes(roots[one.Size].Frontier))
		if err != nil {
			t.Fatal(err)
		}
		frontier.Append(merkle.Hash(one.Leaf))
		if root := frontier.Root(); !bytes.Equal(root[:], one.Root) || len(frontier.Hashes()) != len(one.Frontier) {
			t.Errorf("%d leaves and one have the root %x", one.Size, root)
		}
	}
}

func TestInclusion(t *testing.T) {
	for _, list := range []string{"inclusion", "badInclusion"} {
		for _, one := range vectors.List[inclusionCase](t, "merkle", list) {
			leaf, hasLeaf := hash(one.Leaf)
			root, hasRoot := hash(one.Root)
			head := merkle.Head{Size: one.Size, Root: root}
			good := hasLeaf && hasRoot && merkle.VerifyInclusion(leaf, one.Index, head, vectors.Bytes(one.Proof))
			if good != (list == "inclusion") {
				t.Errorf("%s: leaf %d of %d: %v (%s)", list, one.Index, one.Size, good, one.Why)
			}
		}
	}
}

func TestConsistency(t *testing.T) {
	for _, list := range []string{"consistency", "badConsistency"} {
		for _, one := range vectors.List[consistencyCase](t, "merkle", list) {
			first, hasFirst := hash(one.FirstRoot)
			second, hasSecond := hash(one.SecondRoot)
			good := hasFirst && hasSecond && merkle.VerifyConsistency(
				merkle.Head{Size: one.First, Root: first}, merkle.Head{Size: one.Second, Root: second}, vectors.Bytes(one.Proof))
			if good != (list == "consistency") {
				t.Errorf("%s: %d to %d: %v (%s)", list, one.First, one.Second, good, one.Why)
			}
		}
	}
}
