package merkle_test

import (
	"bytes"
	"errors"
	"slices"
	"testing"

	"atedb.example/go/internal/hostile"
	"atedb.example/go/internal/vectors"
	"atedb.example/go/merkle"
)

var errTaken = errors.New("it was changed, and is taken")

// A proofPlace is one hash of a proof, and what the whole proof is held against.
type proofPlace struct {
	proof [][]byte
	at    int
	check func(proof [][]byte) bool
}

func placesOf(proof []vectors.Hex, check func([][]byte) bool) (places []proofPlace) {
	for at := range proof {
		places = append(places, proofPlace{vectors.Bytes(proof), at, check})
	}
	return places
}

func proofs(t testing.TB) hostile.Subject {
	var places []proofPlace
	for _, one := range vectors.List[inclusionCase](t, "merkle", "inclusion") {
		leaf, _ := hash(one.Leaf)
		root, _ := hash(one.Root)
		places = append(places, placesOf(one.Proof, func(proof [][]byte) bool {
			return merkle.VerifyInclusion(leaf, one.Index, merkle.Head{Size: one.Size, Root: root}, proof)
		})...)
	}
	for _, one := range vectors.List[consistencyCase](t, "merkle", "consistency") {
		first, _ := hash(one.FirstRoot)
		second, _ := hash(one.SecondRoot)
		places = append(places, placesOf(one.Proof, func(proof [][]byte) bool {
			return merkle.VerifyConsistency(merkle.Head{Size: one.First, Root: first}, merkle.Head{Size: one.Second, Root: second}, proof)
		})...)
	}
	var good [][]byte
	for _, one := range places {
		good = append(good, one.proof[one.at])
	}
	return hostile.Subject{Good: good, Use: func(which int, data []byte) error {
		of := places[which]
		longer := slices.Insert(slices.Clone(of.proof), of.at, data)
		without := slices.Delete(slices.Clone(of.proof), of.at, of.at+1)
		if of.check(longer) || of.check(without) {
			return errTaken
		}
		changed := slices.Clone(of.proof)
		changed[of.at] = data
		if of.check(changed) != bytes.Equal(data, of.proof[of.at]) {
			return errTaken
		}
		return nil
	}}
}

func TestHostileProofs(t *testing.T) { proofs(t).Test(t) }
func FuzzProofs(f *testing.F)        { proofs(f).Fuzz(f) }
