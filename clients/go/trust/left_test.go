package trust_test

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"testing"

	"atedb.example/go/event"
	"atedb.example/go/fault"
	"atedb.example/go/internal/vectors"
	"atedb.example/go/keys"
	"atedb.example/go/trust"
)

type place struct {
	Sequence   uint64
	TimeUnixMs int64
}

func (p place) floor() trust.Floor {
	return trust.Floor{Sequence: p.Sequence, TimeUnixMs: p.TimeUnixMs}
}

func TestRetentionFloors(t *testing.T) {
	for _, one := range vectors.List[struct {
		What  string
		Heads []struct {
			NextSequence, AgeMs, Count uint64
			TimeUnixMs                 int64
			Floor                      place
		}
		Gone, Kept []place
	}](t, "retention", "floors") {
		var floor trust.Floor
		for _, head := range one.Heads {
			var rule *event.Retention
			if head.AgeMs > 0 || head.Count > 0 {
				rule = &event.Retention{AgeMs: head.AgeMs, Count: head.Count}
			}
			if floor = floor.Raised(rule, head.NextSequence, head.TimeUnixMs); floor != head.Floor.floor() {
				t.Errorf("%s: it is %+v, not %+v", one.What, floor, head.Floor)
			}
		}
		for _, is := range one.Gone {
			if !floor.LetsGo(trust.EventPlace(is)) {
				t.Errorf("%s: %+v may not be gone", one.What, is)
			}
		}
		for _, is := range one.Kept {
			if floor.LetsGo(trust.EventPlace(is)) {
				t.Errorf("%s: %+v may be gone", one.What, is)
			}
		}
	}
}

func TestRetention(t *testing.T) {
	for _, list := range []string{"good", "owing"} {
		for _, one := range vectors.List[struct {
			goneCase
			Retained place
		}](t, "retention", list) {
			checkGone(t, one.goneCase)
			checkGood(t, one.replayCase, func(verifier *trust.Replay, _ []trust.Verified) {
				if verifier.Retained() != one.Retained.floor() {
					t.Errorf("%s: %+v is let go, not %+v", one.Name, verifier.Retained(), one.Retained)
				}
			})
		}
	}
	for _, one := range vectors.List[replayCase](t, "retention", "bad") {
		checkBad(t, one)
	}
	for _, one := range vectors.List[batchCase](t, "retention", "badBatches") {
		checkBadBatch(t, one)
	}
}

// TestRetentionFromTheMiddle: a reader that begins after the rule doesn't know it.
func TestRetentionFromTheMiddle(t *testing.T) {
	for _, one := range vectors.List[struct {
		What     string
		Slices   []hex
		Slice    int
		Commit   uint64
		Sequence uint64
		Frontier []hex
		Owed     []uint64
		Retained place
		Allowed  bool
	}](t, "retention", "middles") {
		start := trust.Start{Commit: one.Commit, Sequence: one.Sequence, Frontier: vectors.Bytes(one.Frontier)}
		verifier, err := trust.NewReplay(genesisOf(t, one.Slices), start)
		if err != nil {
			t.Fatal(err)
		}
		for _, slice := range one.Slices[one.Slice:] {
			if _, err := verifier.Verify(slice); err != nil {
				t.Fatalf("%s: %v", one.What, err)
			}
		}
		var left []uint64
		for _, is := range verifier.Owed().Left(100) {
			left = append(left, is.Sequence)
		}
		verifier.Owed().SettleBelow(one.Retained.floor())
		if !slices.Equal(left, one.Owed) || (verifier.Owed().Settle() == nil) != one.Allowed {
			t.Errorf("%s: of %v nothing allows that their data is gone", one.What, left)
		}
	}
}

func genesisOf(t *testing.T, all []hex) *event.Genesis {
	t.Helper()
	stored, err := event.SplitSlice(all[0])
	if err != nil {
		t.Fatal(err)
	}
	genesis, _, err := trust.VerifyGenesis(stored[0].Run)
	if err != nil {
		t.Fatal(err)
	}
	return genesis
}

type leftOutCase struct {
	Why, What string
	Reason    fault.Reason
	Run       hex
	UpTo      *uint64
	Omitted   []int
}

func (one leftOutCase) check() (*event.Batch, error) {
	batch, err := event.ParseBatch(one.Run)
	if err != nil {
		return nil, err
	}
	if one.UpTo == nil {
		_, err = trust.CheckStored(batch)
		return batch, err
	}
	if _, err = trust.CheckTrimmed(batch); err == nil {
		err = trust.CheckOmitted(batch, *one.UpTo)
	}
	return batch, err
}

func TestLeftOut(t *testing.T) {
	for _, one := range vectors.List[leftOutCase](t, "left-out", "good") {
		batch, err := one.check()
		if err != nil {
			t.Errorf("%s: %v", one.What, err)
			continue
		}
		omitted := []int{}
		for i := range batch.Events {
			if batch.Events[i].DataState == event.Omitted {
				omitted = append(omitted, i)
			}
		}
		if !slices.Equal(omitted, one.Omitted) {
			t.Errorf("%s: %v are left out", one.What, omitted)
		}
	}
	for _, one := range vectors.List[leftOutCase](t, "left-out", "bad") {
		if _, err := one.check(); !errors.Is(err, one.Reason) {
			t.Errorf("%s: %v", one.Why, err)
		}
	}
}

func TestListedChildren(t *testing.T) {
	chains := vectors.List[struct {
		Slices []hex
		Head   struct {
			Size uint64
			Root hex
		}
	}](t, "children", "chain")
	genesis := genesisOf(t, chains[0].Slices)
	whole, err := trust.NewReplay(genesis, trust.Start{})
	if err != nil {
		t.Fatal(err)
	}
	for _, slice := range chains[0].Slices {
		if _, err := whole.Verify(slice); err != nil {
			t.Fatal(err)
		}
	}
	if head := whole.Head(); head.Size != chains[0].Head.Size || !bytes.Equal(head.Root[:], chains[0].Head.Root) {
		t.Errorf("its head is %+v", head)
	}
	for _, one := range vectors.List[childrenCase](t, "children", "good") {
		verifier := one.verifier(genesis)
		found := []childCase{}
		for _, message := range one.Messages {
			children, _, err := take(verifier, message)
			if err != nil {
				t.Fatalf("%s: %v", one.What, err)
			}
			for _, child := range children {
				found = append(found, shown(child))
			}
		}
		if !slices.Equal(found, one.Children) {
			t.Errorf("%s: they are %+v", one.What, found)
		}
	}
	for _, one := range vectors.List[childrenCase](t, "children", "bad") {
		verifier := one.verifier(genesis)
		for i, message := range one.Messages[:one.Message+1] {
			_, _, err := take(verifier, message)
			if isDue := i == one.Message; isDue != errors.Is(err, fault.VerificationFailed) {
				t.Errorf("%s: message %d: %v", one.Why, i, err)
			}
		}
	}
	for _, one := range vectors.List[struct{ Collection, PrimaryKey, Order hex }](t, "children", "orders") {
		if order := trust.ChildOrder(one.Collection, one.PrimaryKey); !bytes.Equal(order, one.Order) {
			t.Errorf("it is %x, not %x", order, one.Order)
		}
	}
}

func take(verifier *trust.Children, message []byte) ([]trust.ListedChild, *event.Commit, error) {
	parsed, err := trust.ParseChildren(message)
	if err != nil {
		return nil, nil, err
	}
	return verifier.Take(parsed)
}

type childrenCase struct {
	Why, What          string
	Parent, Collection hex
	After              *struct{ Collection, PrimaryKey hex }
	Limit              uint64
	Messages           []hex
	Message            int
	Children           []childCase
}

type childCase struct {
	Sequence, MovedBy                    uint64
	PrimaryKey, Parent, Collection, Data string
	Gone                                 bool
}

func (one childrenCase) verifier(genesis *event.Genesis) *trust.Children {
	asked := trust.AskedChildren{Where: trust.Where{Parent: one.Parent, Collection: one.Collection}, Limit: one.Limit}
	if one.After != nil {
		asked.After = trust.ChildOrder(one.After.Collection, one.After.PrimaryKey)
	}
	return trust.NewChildren(genesis, func(keys.Fingerprint) (*keys.Public, error) { return nil, nil }, asked)
}

func text(bytes []byte) string { return fmt.Sprintf("%x", bytes) }

func shown(child trust.ListedChild) childCase {
	of := &child.Own.Batch.Events[child.Index]
	data := text(of.Data)
	return childCase{child.Sequence, child.MovedBy, text(of.PrimaryKey), text(child.Parent), text(child.Collection), data, child.IsGone}
}

func TestLoaded(t *testing.T) {
	type loadCase struct {
		Why, What, State     string
		Sequence, Redaction  uint64
		Header, Answer, Data hex
	}
	for _, one := range vectors.List[loadCase](t, "left-out", "loads") {
		loaded, err := trust.ParseLoaded(one.Answer)
		if err == nil {
			err = trust.CheckLoaded(one.Sequence, one.Header, loaded)
		}
		if err != nil {
			t.Errorf("%s: %v", one.What, err)
			continue
		}
		state := one.State
		if state == "" {
			state = "present"
		}
		if loaded.State.String() != state || loaded.Redaction != one.Redaction || !bytes.Equal(loaded.Data, one.Data) {
			t.Errorf("%s: it is %+v", one.What, loaded)
		}
	}
	for _, one := range vectors.List[loadCase](t, "left-out", "badLoads") {
		loaded, err := trust.ParseLoaded(one.Answer)
		if err == nil {
			err = trust.CheckLoaded(one.Sequence, one.Header, loaded)
		}
		if !errors.Is(err, fault.VerificationFailed) {
			t.Errorf("%s: %v", one.Why, err)
		}
	}
}
