package event_test

import (
	"bytes"
	"testing"

	"atedb.example/go/event"
	"atedb.example/go/internal/vectors"
	"atedb.example/go/keys"
	"atedb.example/go/merkle"
)

type ruleInput struct {
	Kind         string
	Fingerprints []hex
	ReadKeyID    hex
}

type eventInput struct {
	Kind                                 string
	PrimaryKey, Parent, Collection       hex
	Type                                 string
	ReplyTo                              hex
	TimeUnixMs                           int64
	Data, Salt, Label, Author            hex
	Authorisation                        *authorisationInput
	PublicKeys, Roots, SignWith          []hex
	WrappedKeys                          []struct{ ReadKeyID, Recipient, Wrapped hex }
	KeyChange                            *struct{ Fingerprint, Successor hex }
	Moves, IsConfidential, IsPrivate     bool
	ChainKey, TrustMode                  string
	CreatedUnixMs                        int64
	ServerIdentity, ChainID, Fingerprint hex
	Counter                              uint64
	Previous                             hex
	EventHeaders                         []hex
	AsOf                                 *headInput
	Preconditions                        []conditionInput
	Commit, FirstSequence, Events        uint64
	SealHash                             hex
}

type authorisationInput struct {
	Write, Add, Read *ruleInput
	Admit            *[]hex
}

type headInput struct {
	Size uint64
	Root hex
}

type conditionInput struct {
	Kind                    string
	SinceSequence, Sequence uint64
	PrimaryKey              hex
	Token                   uint64
}

var ruleKinds = map[string]event.RuleKind{"everyone": event.Everyone, "nobody": event.Nobody, "any_of": event.AnyOf, "inherit": event.Inherit, "read_key": event.SealedWith}

func names(all []hex) []keys.Fingerprint {
	named := []keys.Fingerprint{}
	for _, one := range all {
		named = append(named, keys.Fingerprint(one))
	}
	return named
}

func publics(t *testing.T, all []hex) []*keys.Public {
	var parsed []*keys.Public
	for _, one := range all {
		key, err := keys.ParsePublic(one)
		if err != nil {
			t.Fatal(err)
		}
		parsed = append(parsed, key)
	}
	return parsed
}

func (in *eventInput) authority(t *testing.T) *event.Authority {
	said := &event.Authority{PublicKeys: publics(t, in.PublicKeys), SignWith: names(in.SignWith), Moves: in.Moves, Roots: publics(t, in.Roots), Label: in.Label}
	if in.Author != nil {
		author := keys.Fingerprint(in.Author)
		said.Author = &author
	}
	for _, one := range in.WrappedKeys {
		said.WrappedKeys = append(said.WrappedKeys, event.WrappedKey{ReadKeyID: hash(one.ReadKeyID), Recipient: keys.Fingerprint(one.Recipient), Wrapped: one.Wrapped})
	}
	if in.KeyChange != nil {
		said.KeyChange = &event.KeyChange{Fingerprint: keys.Fingerprint(in.KeyChange.Fingerprint)}
		if in.KeyChange.Successor != nil {
			said.KeyChange.Successor = publics(t, []hex{in.KeyChange.Successor})[0]
		}
	}
	if of := in.Authorisation; of != nil {
		said.Authorisation = &event.Authorisation{}
		rule := func(of *ruleInput) *event.Rule {
			if of == nil {
				return nil
			}
			return &event.Rule{Kind: ruleKinds[of.Kind], Keys: names(of.Fingerprints)}
		}
		said.Authorisation.Write, said.Authorisation.Add = rule(of.Write), rule(of.Add)
		if of.Read != nil {
			said.Authorisation.Read = &event.ReadRule{Kind: ruleKinds[of.Read.Kind]}
			if of.Read.ReadKeyID != nil {
				said.Authorisation.Read.ReadKeyID = hash(of.Read.ReadKeyID)
			}
		}
		if of.Admit != nil {
			admit := names(*of.Admit)
			said.Authorisation.Admit = &admit
		}
	}
	return said
}

type headerCase struct {
	Input                               eventInput
	Header, Event, Hash, WriterID, Leaf hex
	ChainID, Run, TreeRoot, Commit      hex
	DurableOffset                       uint64
}

func TestHeaders(t *testing.T) {
	kinds := map[string]event.Kind{"data": event.KindData, "tombstone": event.KindTombstone, "rules": event.KindRules, "roots": event.KindRoots, "key_change": event.KindKeyChange}
	for at, one := range vectors.List[headerCase](t, "headers", "events") {
		in := one.Input
		built, err := event.Build(event.Input{Kind: kinds[in.Kind], PrimaryKey: in.PrimaryKey, Parent: in.Parent, Collection: in.Collection, ReplyTo: in.ReplyTo,
			Type: in.Type, TimeUnixMs: in.TimeUnixMs, Authority: in.authority(t), Data: in.Data, Salt: in.Salt})
		if err != nil || !bytes.Equal(built.Header, one.Header) || !bytes.Equal(built.Frame, one.Event) {
			t.Errorf("event %d is built as %x: %v", at, built.Frame, err)
		}
	}
	for _, one := range vectors.List[headerCase](t, "headers", "genesis") {
		in := one.Input
		key, err := event.ParseChainKey(in.ChainKey)
		if err != nil {
			t.Fatal(err)
		}
		genesis := &event.Genesis{ChainKey: key, TrustMode: event.Distributed, Roots: publics(t, in.Roots), CreatedUnixMs: in.CreatedUnixMs, Salt: in.Salt,
			Private: in.IsPrivate, Confidential: in.IsConfidential}
		if in.TrustMode == "centralized" {
			genesis.TrustMode, genesis.ServerIdentity = event.Centralized, publics(t, []hex{in.ServerIdentity})[0]
		}
		if header := genesis.Bytes(); !bytes.Equal(header, one.Header) {
			t.Errorf("a genesis is %x", header)
		}
		parsed, err := event.ParseGenesis(one.Header)
		if err != nil || parsed.ChainID != hash(one.ChainID) || parsed.ChainKey != key || !bytes.Equal(parsed.Bytes(), one.Header) {
			t.Errorf("it is read as %v: %v", parsed, err)
		}
	}
}

func TestSeals(t *testing.T) {
	kinds := map[string]event.ConditionKind{"chain_unchanged": event.ChainUnchanged, "lands_before": event.LandsBefore, "key_unchanged": event.ObjectUnchanged, "fence": event.HoldsLease}
	for _, one := range vectors.List[headerCase](t, "headers", "seals") {
		in := one.Input
		said := event.SealHeader{Writer: event.Writer{ChainID: hash(in.ChainID), Fingerprint: keys.Fingerprint(in.Fingerprint), Salt: in.Salt}, Counter: in.Counter, Previous: in.Previous}
		if in.AsOf != nil {
			said.AsOf = merkle.Head{Size: in.AsOf.Size, Root: hash(in.AsOf.Root)}
		}
		for _, condition := range in.Preconditions {
			said.Conditions = append(said.Conditions, event.Condition{Kind: kinds[condition.Kind], Sequence: condition.SinceSequence + condition.Sequence,
				PrimaryKey: condition.PrimaryKey, Token: condition.Token})
		}
		header := said.Bytes(vectors.Bytes(in.EventHeaders))
		if !bytes.Equal(header, one.Header) || event.SealHash(header) != hash(one.Hash) || said.ID() != hash(one.WriterID) {
			t.Errorf("a seal is %x", header)
		}
	}
	for _, one := range vectors.List[headerCase](t, "headers", "commitHeaders") {
		in := one.Input
		said := event.CommitHeader{Number: in.Commit, FirstSequence: in.FirstSequence, Events: uint32(in.Events), TimeUnixMs: in.TimeUnixMs, SealHash: hash(in.SealHash)}
		if header := said.Bytes(); !bytes.Equal(header, one.Header) || merkle.LeafHash(header) != hash(one.Leaf) {
			t.Errorf("a commit header is %x", header)
		}
		if again, err := event.ParseCommitHeader(one.Header); err != nil || again != said {
			t.Errorf("it is read as %v: %v", again, err)
		}
	}
	for _, one := range vectors.List[headerCase](t, "headers", "commits") {
		if commit := event.EncodeCommit(one.Run, one.Header, one.TreeRoot, one.DurableOffset); !bytes.Equal(commit, one.Commit) {
			t.Errorf("a commit is %x", commit)
		}
	}
}
