package event_test

import (
	"bytes"
	"errors"
	"testing"

	"atedb.example/go/event"
	"atedb.example/go/fault"
	"atedb.example/go/internal/vectors"
	"atedb.example/go/keys"
	"atedb.example/go/merkle"
)

type hex = vectors.Hex

func hash(of hex) event.Hash { return event.Hash(of) }

func TestChainKeys(t *testing.T) {
	for _, one := range vectors.List[struct {
		Kind, Text, Domain, Name, Group, DB, RootsFingerprint string
	}](t, "chain-keys", "good") {
		key, err := event.ParseChainKey(one.Text)
		due := event.ChainKey{Text: one.Text, Domain: one.Domain, Name: one.Name, Group: one.Group, DB: one.DB, RootsFingerprint: one.RootsFingerprint}
		if err != nil || key != due {
			t.Errorf("%s: %v %v", one.Text, key, err)
		}
	}
	for _, one := range vectors.List[struct {
		Text, Why string
		Reason    fault.Reason
	}](t, "chain-keys", "bad") {
		if _, err := event.ParseChainKey(one.Text); !errors.Is(err, one.Reason) {
			t.Errorf("%q, %s: %v", one.Text, one.Why, err)
		}
	}
}

func TestAddresses(t *testing.T) {
	for _, one := range vectors.List[struct {
		Address, Host, Server, Text, ChainKey, Pinned string
		Port                                          int
	}](t, "chain-keys", "goodAddresses") {
		is, err := event.ParseChainAddress(one.Address)
		if err != nil || is.Host != one.Host || is.Port != one.Port || is.Server != one.Server || is.Text() != one.Text || is.ChainKey.Text != one.ChainKey {
			t.Errorf("%s: %+v %v", one.Address, is, err)
		}
		if (is.Pinned == nil) != (one.Pinned == "") || is.Pinned != nil && is.Pinned.String() != one.Pinned {
			t.Errorf("%s: pinned is %v", one.Address, is.Pinned)
		}
	}
	for _, one := range vectors.List[struct {
		Text, Why string
		Reason    fault.Reason
	}](t, "chain-keys", "badAddresses") {
		if _, err := event.ParseChainAddress(one.Text); !errors.Is(err, one.Reason) {
			t.Errorf("%q, %s: %v", one.Text, one.Why, err)
		}
	}
}

type hashCase struct {
	Salt, Data, Hash, Header, ChainID, Fingerprint, WriterID hex
	Bytes, Leaf, Left, Right, Node, Root, Parent, Label      hex
	PrimaryKey, ReadKey, ID                                  hex
	Headers, Roots                                           []hex
	Name, Text                                               string
}

func TestHashes(t *testing.T) {
	lists := map[string]func(hashCase) ([]byte, hex){
		"leaves":           func(c hashCase) ([]byte, hex) { return sliced(merkle.LeafHash(c.Bytes)), c.Leaf },
		"nodes":            func(c hashCase) ([]byte, hex) { return sliced(merkle.NodeHash(hash(c.Left), hash(c.Right))), c.Node },
		"emptyTree":        func(c hashCase) ([]byte, hex) { return sliced(merkle.EmptyRoot), c.Root },
		"dataHashes":       func(c hashCase) ([]byte, hex) { return sliced(event.DataHash(c.Salt, c.Data)), c.Hash },
		"sealedDataHashes": func(c hashCase) ([]byte, hex) { return sliced(event.SealedDataHash(c.Data)), c.Hash },
		"chainIds":         func(c hashCase) ([]byte, hex) { return sliced(event.ChainID(c.Header)), c.ChainID },
		"sealHashes":       func(c hashCase) ([]byte, hex) { return sliced(event.SealHash(c.Header)), c.Hash },
		"writerIds": func(c hashCase) ([]byte, hex) {
			return sliced(event.WriterID(hash(c.ChainID), keys.Fingerprint(c.Fingerprint), c.Salt)), c.WriterID
		},
		"eventsRoots": func(c hashCase) ([]byte, hex) { return sliced(event.EventsRoot(vectors.Bytes(c.Headers))), c.Root },
		"names":       func(c hashCase) ([]byte, hex) { return event.KeyOfName(c.Name), c.PrimaryKey },
		"children":    func(c hashCase) ([]byte, hex) { return event.KeyOfChild(c.Parent, c.Label), c.PrimaryKey },
		"readKeys":    func(c hashCase) ([]byte, hex) { return sliced(event.ReadKeyID(c.ReadKey)), c.ID },
		"rootsFingerprints": func(c hashCase) ([]byte, hex) {
			var roots []keys.Fingerprint
			for _, root := range c.Roots {
				roots = append(roots, keys.Fingerprint(root))
			}
			is := event.RootsFingerprint(roots)
			if event.Base32(is) != c.Text {
				t.Errorf("its text is %s", event.Base32(is))
			}
			return sliced(is), c.Hash
		},
	}
	for list, of := range lists {
		for _, one := range vectors.List[hashCase](t, "hashes", list) {
			if is, due := of(one); !bytes.Equal(is, due) {
				t.Errorf("%s: %x, not %x", list, is, due)
			}
		}
	}
}

func sliced(of event.Hash) []byte { return of[:] }

type checkpointCase struct {
	Message, Identity, ChainID, Root hex
	Note, What, Why                  string
	Size                             uint64
	TimeUnixS                        int64
	Reason                           fault.Reason
	VerifierKeys                     struct{ Ed25519, MLDSA44 string }
}

func TestCheckpoints(t *testing.T) {
	parse := func(one checkpointCase) (*event.CheckpointKeys, error) {
		identity, err := keys.ParsePublic(one.Identity)
		if err != nil {
			t.Fatal(err)
		}
		return event.VerifyCheckpointKeys(one.Message, identity)
	}
	first := vectors.List[checkpointCase](t, "checkpoints", "keys")[0]
	signer, err := parse(first)
	if err != nil {
		t.Fatal(err)
	}
	for _, one := range vectors.List[checkpointCase](t, "checkpoints", "badKeys") {
		if _, err := parse(one); !errors.Is(err, one.Reason) {
			t.Errorf("%s: %v", one.Why, err)
		}
	}
	for _, one := range vectors.List[checkpointCase](t, "checkpoints", "good") {
		is, err := event.VerifyCheckpoint(one.Note, hash(one.ChainID), signer)
		if err != nil || is.Head != (merkle.Head{Size: one.Size, Root: hash(one.Root)}) || is.TimeUnixS != one.TimeUnixS {
			t.Errorf("%s: %v", one.What, err)
		}
		ed25519, mldsa44 := signer.VerifierKeys(hash(one.ChainID))
		if ed25519 != first.VerifierKeys.Ed25519 || mldsa44 != first.VerifierKeys.MLDSA44 {
			t.Error("the verifier keys are others")
		}
	}
	for _, one := range vectors.List[checkpointCase](t, "checkpoints", "bad") {
		if _, err := event.VerifyCheckpoint(one.Note, hash(one.ChainID), signer); !errors.Is(err, one.Reason) {
			t.Errorf("%s: %v", one.Why, err)
		}
	}
}

func TestIdentities(t *testing.T) {
	var all []*keys.Public
	for _, one := range vectors.List[struct {
		Seed, Key   hex
		Fingerprint string
	}](t, "identity", "keys") {
		key, err := keys.ParsePublic(one.Key)
		if err != nil || key.String() != one.Fingerprint {
			t.Fatal(err)
		}
		all = append(all, key)
	}
	rotations := vectors.List[struct{ Message hex }](t, "identity", "rotations")
	for _, one := range vectors.List[struct {
		Name      string
		Identity  int
		Rotations []int
		LeadsFrom []int
		Reason    fault.Reason
	}](t, "identity", "cases") {
		var messages [][]byte
		for _, at := range one.Rotations {
			messages = append(messages, rotations[at].Message)
		}
		line, err := event.VerifyIdentityLine(all[one.Identity], messages)
		if len(one.LeadsFrom) == 0 {
			if !errors.Is(err, one.Reason) {
				t.Errorf("%s: %v", one.Name, err)
			}
			continue
		}
		if err != nil {
			t.Fatalf("%s: %v", one.Name, err)
		}
		due := map[int]bool{}
		for _, at := range one.LeadsFrom {
			due[at] = true
		}
		for at, key := range all {
			if line.Leads(key.Fingerprint()) != due[at] {
				t.Errorf("%s: it leads from key %d: %v", one.Name, at, !due[at])
			}
		}
	}
}

func TestProofs(t *testing.T) {
	type proofCase struct {
		Exporter, ServerFingerprint, ChainID, ConversationID, Fingerprint hex
		PrimaryKey, Root, Bytes, Signature                                hex
		ChainKey, Context                                                 string
		Size                                                              uint64
	}
	prover, err := keys.ParsePublic(vectors.List[struct{ Key hex }](t, "proofs", "keys")[0].Key)
	if err != nil {
		t.Fatal(err)
	}
	for list, of := range map[string]func(event.ProofClaim, proofCase) []byte{
		"append": func(claim event.ProofClaim, _ proofCase) []byte { return claim.Bytes() },
		"lock":   func(claim event.ProofClaim, one proofCase) []byte { return claim.LockBytes(one.PrimaryKey) },
		"ticket": func(claim event.ProofClaim, one proofCase) []byte {
			key, err := event.ParseChainKey(one.ChainKey)
			if err != nil {
				t.Fatal(err)
			}
			return claim.TicketBytes(key)
		},
		"deleteChain": func(claim event.ProofClaim, one proofCase) []byte {
			return claim.DeletionBytes(merkle.Head{Size: one.Size, Root: hash(one.Root)})
		},
	} {
		for _, one := range vectors.List[proofCase](t, "proofs", list) {
			claim := event.ProofClaim{Exporter: one.Exporter, Server: keys.Fingerprint(one.ServerFingerprint), ChainID: hash(one.ChainID),
				Conversation: hash(one.ConversationID), Key: keys.Fingerprint(one.Fingerprint)}
			if is := of(claim, one); !bytes.Equal(is, one.Bytes) || !prover.Verify(one.Context, is, one.Signature) {
				t.Errorf("%s: %x", list, is)
			}
		}
	}
}

func TestSealedData(t *testing.T) {
	type sealedCase struct {
		ChainID, ReadKey, Random, Header, Stored, Data, Event hex
		HeaderBefore, Commitment, Key                         hex
		Rule, Why                                             string
	}
	for _, one := range vectors.List[sealedCase](t, "sealed-data", "good") {
		data, ok := event.OpenSealed(one.ReadKey, hash(one.ChainID), one.Header, one.Stored)
		if !ok || !bytes.Equal(data, one.Data) {
			t.Errorf("it opens: %v, to %x", ok, data)
		}
		said, err := event.ParseHeader(one.Header)
		if err != nil {
			t.Fatal(err)
		}
		sealing := event.NewSealing(one.ReadKey, hash(one.ChainID), hash(one.Random), one.Rule == "padme")
		if commitment := sealing.Confidentiality.Commitment; !bytes.Equal(commitment[:], one.Commitment) {
			t.Errorf("the commitment is %x", commitment)
		}
		built, err := event.Build(event.Input{Kind: said.Kind, PrimaryKey: said.PrimaryKey, Parent: said.Parent, Collection: said.Collection,
			ReplyTo: said.ReplyTo, Type: said.Type, TimeUnixMs: said.TimeUnixMs, Sealing: sealing, Data: one.Data})
		if err != nil || !bytes.Equal(built.Header, one.Header) || !bytes.Equal(built.Frame, one.Event) {
			t.Errorf("it is built as %x: %v", built.Frame, err)
		}
	}
	for _, one := range vectors.List[sealedCase](t, "sealed-data", "bad") {
		if data, ok := event.OpenSealed(one.ReadKey, hash(one.ChainID), one.Header, one.Stored); ok {
			t.Errorf("%s: it opens to %x", one.Why, data)
		}
	}
}
