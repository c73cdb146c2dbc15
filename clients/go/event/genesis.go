package event

import (
	"slices"

	"atedb.example/go/fault"
	"atedb.example/go/internal/forms"
	"atedb.example/go/internal/strict"
	"atedb.example/go/keys"
)

// A TrustMode says how the keys of a chain are trusted; fixed by its genesis. The numbers are those of atedb.v1.TrustMode.
type TrustMode uint8

// The trust modes.
const (
	// Centralized: the link to the server is what is trusted.
	Centralized TrustMode = 1
	// Distributed: only signatures are trusted.
	Distributed TrustMode = 2
)

// String is the mode's name.
func (m TrustMode) String() string {
	switch m {
	case Centralized:
		return "centralized"
	case Distributed:
		return "distributed"
	default:
		return "unknown"
	}
}

// A Genesis is what a chain is, as its first event says it.
type Genesis struct {
	ChainKey  ChainKey
	TrustMode TrustMode
	// Roots own the chain: sorted by fingerprint, once each.
	Roots []*keys.Public
	// CreatedUnixMs is its maker's clock: milliseconds since 1970-01-01 UTC.
	CreatedUnixMs int64
	// Salt is 16 random bytes; they make the chain id unique.
	Salt []byte
	// ServerIdentity of a centralized chain; else nil.
	ServerIdentity *keys.Public
	// Private: only those whom its rules name may open it.
	Private bool
	// Confidential: data is sealed unless a rule says otherwise.
	Confidential bool
	// Answer of the auth service that says who owns the chain, and so which its roots are; nil where none does. Its signature isn't verified
	// in reading it.
	Answer *AuthAnswer

	// Header bytes as they were read, and ChainID that follows from them.
	Header  []byte
	ChainID Hash
}

// Bytes are those of the header of the genesis event that says so; nothing is checked that a reader checks.
func (g *Genesis) Bytes() []byte {
	inner := new(strict.Writer).String(1, g.ChainKey.Text).Varint(2, uint64(g.TrustMode))
	roots := slices.Clone(g.Roots)
	slices.SortFunc(roots, func(a, b *keys.Public) int { return compareFingerprints(a.Fingerprint(), b.Fingerprint()) })
	if g.Answer != nil {
		roots = nil
	}
	for _, root := range roots {
		inner.Message(3, root.Message())
	}
	inner.Varint(4, uint64(g.CreatedUnixMs)).Bytes(5, g.Salt)
	if g.ServerIdentity != nil {
		inner.Message(6, g.ServerIdentity.Message())
	}
	inner.Bool(7, g.Private).Bool(8, g.Confidential)
	if g.Answer != nil {
		inner.Message(9, g.Answer.Identity.Message()).Bytes(10, g.Answer.Message())
	}
	return new(strict.Writer).Fixed32(1, magicEvent).Varint(2, uint64(KindGenesis)).Message(15, inner.Finish()).Finish()
}

// ParseGenesis reads the genesis out of the header bytes of a chain's first event. Signatures are not checked here, they are over the
// seal. The error is NON_CANONICAL for its bytes, GENESIS_INVALID or CHAIN_KEY_INVALID for what it says.
func ParseGenesis(header []byte) (*Genesis, error) {
	if err := strict.Check(forms.EventHeader, header); err != nil {
		return nil, err
	}
	var inner []byte
	cursor := strict.NewCursor(header)
	for cursor.Next() {
		switch {
		case cursor.Field == 15:
			inner = cursor.Bytes()
		case cursor.Field > 2:
			return nil, badGenesis("its event has fields beside the genesis")
		case cursor.Field == 2 && Kind(cursor.Value) != KindGenesis:
			return nil, badGenesis("its event is of another kind")
		}
	}
	if inner == nil {
		return nil, badGenesis("its event holds no genesis")
	}
	header = slices.Clone(header)
	genesis := &Genesis{Header: header, ChainID: ChainID(header)}
	return genesis, genesis.read(inner)
}

func (g *Genesis) read(message []byte) error {
	var chainKey string
	var identity *keys.Public
	var answer []byte
	var err error
	cursor := strict.NewCursor(message)
	for err == nil && cursor.Next() {
		switch cursor.Field {
		case 1:
			chainKey = string(cursor.Bytes())
		case 2:
			g.TrustMode = TrustMode(cursor.Value)
		case 3:
			var root *keys.Public
			root, err = genesisKey("one of its roots", cursor.Bytes())
			g.Roots = append(g.Roots, root)
		case 4:
			g.CreatedUnixMs = int64(cursor.Value)
		case 5:
			g.Salt = slices.Clone(cursor.Bytes())
		case 6:
			g.ServerIdentity, err = genesisKey("the server's identity", cursor.Bytes())
		case 7:
			g.Private = true
		case 8:
			g.Confidential = true
		case 9:
			identity, err = genesisKey("the auth service's identity", cursor.Bytes())
		case 10:
			answer = cursor.Bytes()
		}
	}
	if err != nil {
		return err
	}
	for i := 1; i < len(g.Roots); i++ {
		if compareFingerprints(g.Roots[i-1].Fingerprint(), g.Roots[i].Fingerprint()) >= 0 {
			return badGenesis("its roots are not sorted by fingerprint, once each")
		}
	}
	if (g.TrustMode == Centralized) != (g.ServerIdentity != nil) {
		return badGenesis("a centralized chain's names the server's identity, and a distributed chain's names no server")
	}
	if g.ChainKey, err = ParseChainKey(chainKey); err != nil {
		return err
	}
	if err := g.readAnswer(identity, answer); err != nil {
		return err
	}
	if g.Answer == nil && len(g.Roots) == 0 {
		return badGenesis("it names no roots")
	}
	if g.Answer != nil && len(g.Roots) > 0 {
		return badGenesis("it names roots, which the answer of its auth service does")
	}
	if g.Answer != nil {
		g.Roots = g.Answer.Roots
	}
	return nil
}

// readAnswer reads what the auth service of the chain said when it was made.
func (g *Genesis) readAnswer(identity *keys.Public, message []byte) error {
	if identity == nil && message == nil {
		return nil
	}
	if identity == nil || message == nil {
		return badGenesis("an auth service is named with what it says, and the one is there without the other")
	}
	if g.TrustMode != Centralized {
		return badGenesis("a distributed chain has no auth service, and it names one's identity")
	}
	answer, err := ParseAuthAnswer(message)
	if err != nil {
		return fault.New(fault.GenesisInvalid, "the genesis is not valid: %s", fault.Text(err)).From(err)
	}
	switch owner := g.ChainKey.Owner(); {
	case answer.Owner.Text != owner.Text:
		return badGenesis("its auth service speaks of " + answer.Owner.Text + ", and the chain is " + owner.Text + "'s")
	case answer.Identity.Fingerprint() != identity.Fingerprint():
		return badGenesis("what its auth service says is signed by another one than it names")
	case len(answer.Rotations) > 0 || len(answer.Changed) > 0:
		return badGenesis("what its auth service says tells of what was before, and nothing was")
	case answer.Removed:
		return badGenesis("the account " + owner.Text + " was removed")
	}
	g.Answer = answer
	return nil
}

func genesisKey(what string, message []byte) (*keys.Public, error) {
	key, err := keys.ParsePublic(message)
	if err != nil {
		return nil, fault.New(fault.GenesisInvalid, "the genesis is not valid: %s is no key: %s", what, fault.Text(err)).From(err)
	}
	return key, nil
}

func badGenesis(why string) error {
	return fault.New(fault.GenesisInvalid, "the genesis is not valid: %s", why)
}

// HasRoot reports whether a key is one of the roots that the genesis names.
func (g *Genesis) HasRoot(fingerprint keys.Fingerprint) bool {
	return slices.ContainsFunc(g.Roots, func(root *keys.Public) bool { return root.Fingerprint() == fingerprint })
}
