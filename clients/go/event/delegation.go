package event

import (
	"slices"
	"strings"

	"atedb.example/go/fault"
	"atedb.example/go/internal/crypt"
	"atedb.example/go/internal/forms"
	"atedb.example/go/internal/strict"
	"atedb.example/go/keys"
)

// A DelegationClaim says which key may do what of what another may. Times are milliseconds since 1970-01-01 UTC.
type DelegationClaim struct {
	// Issuer delegates to Subject.
	Issuer  keys.Fingerprint
	Subject *keys.Public
	// Chains are chain keys, and owner/* for all chains of an owner; sorted, once each; 1 to 16.
	Chains            []string
	MayWrite, MayRead bool
	NotBeforeUnixMs   int64
	ExpiresUnixMs     int64
	// Serial is 16 random bytes.
	Serial []byte
}

// A Delegation as it was read.
type Delegation struct {
	DelegationClaim
	// Message is the whole, and Header what both signatures are over.
	Message, Header       []byte
	Signature, Possession Signature
}

// Right is given by delegations: a path of them from a key that has the right by itself.
type Right struct {
	// Issuer of the first.
	Issuer *keys.Public
	// Delegations in the order of their path.
	Delegations []*Delegation
}

// Delegate has both keys sign that the subject may do what the claim says, which names neither of them. The error is DELEGATION_INVALID for
// what can't be.
func Delegate(claim DelegationClaim, issuer, subject *keys.Pair) (*Delegation, error) {
	claim.Issuer, claim.Subject = issuer.Public().Fingerprint(), subject.Public()
	header := new(strict.Writer).Fixed32(1, forms.MagicDelegation).Bytes(2, claim.Issuer[:]).Message(3, claim.Subject.Message())
	for _, entry := range claim.Chains {
		header.String(4, entry)
	}
	header.Bool(5, claim.MayWrite).Bool(6, claim.MayRead).Varint(7, uint64(claim.NotBeforeUnixMs)).Varint(8, uint64(claim.ExpiresUnixMs)).Bytes(9, claim.Serial)
	signed := header.Finish()
	return ParseDelegation(new(strict.Writer).Bytes(1, signed).Message(2, SignatureMessage(issuer, crypt.ContextDelegation, signed)).
		Message(3, SignatureMessage(subject, crypt.ContextDelegationPossession, signed)).Finish())
}

// ParseDelegation reads a Delegation message, which is copied. That it says what can be is checked; its signatures are not. The error is
// DELEGATION_INVALID.
func ParseDelegation(message []byte) (*Delegation, error) {
	delegation, err := parseDelegation(slices.Clone(message))
	if err != nil {
		return nil, fault.New(fault.DelegationInvalid, "a delegation is not valid: %s", fault.Text(err)).From(err)
	}
	return delegation, nil
}

func parseDelegation(message []byte) (*Delegation, error) {
	if err := strict.Check(forms.Delegation, message); err != nil {
		return nil, err
	}
	parts := contents(message)
	delegation := &Delegation{Message: message, Header: parts[0]}
	if err := delegation.readHeader(); err != nil {
		return nil, err
	}
	if err := delegation.check(); err != nil {
		return nil, err
	}
	var err error
	if delegation.Signature, err = ParseSignature(parts[1]); err != nil {
		return nil, err
	}
	delegation.Possession, err = ParseSignature(parts[2])
	return delegation, err
}

func (d *Delegation) readHeader() error {
	if err := strict.Check(forms.DelegationHeader, d.Header); err != nil {
		return err
	}
	var err error
	cursor := strict.NewCursor(d.Header)
	for err == nil && cursor.Next() {
		switch cursor.Field {
		case 2:
			d.Issuer = keys.Fingerprint(cursor.Bytes())
		case 3:
			d.Subject, err = keys.ParsePublic(cursor.Bytes())
		case 4:
			d.Chains = append(d.Chains, string(cursor.Bytes()))
		case 5:
			d.MayWrite = true
		case 6:
			d.MayRead = true
		case 7:
			d.NotBeforeUnixMs = int64(cursor.Value)
		case 8:
			d.ExpiresUnixMs = int64(cursor.Value)
		case 9:
			d.Serial = cursor.Bytes()
		}
	}
	return err
}

func (d *Delegation) check() error {
	for i, entry := range d.Chains {
		if err := checkScopeEntry(entry); err != nil {
			return err
		}
		if i > 0 && d.Chains[i-1] >= entry {
			return badDelegation("a delegation names its chains sorted, once each, and " + entry + " is out of place")
		}
	}
	switch {
	case d.Subject.Fingerprint() == d.Issuer:
		return badDelegation("it delegates from the key " + d.Issuer.String() + " to itself")
	case !d.MayWrite && !d.MayRead:
		return badDelegation("it lets its subject neither write nor read")
	case d.ExpiresUnixMs <= d.NotBeforeUnixMs:
		return badDelegation("it expires before it counts")
	}
	return nil
}

// CountsAt reports whether it counts at a time.
func (d *DelegationClaim) CountsAt(timeUnixMs int64) bool {
	return d.NotBeforeUnixMs <= timeUnixMs && timeUnixMs < d.ExpiresUnixMs
}

// allOf stands for all chains of an owner, behind what names the owner.
const allOf = "/*"

func checkScopeEntry(entry string) error {
	// Any database does, to see whether the owner is one.
	if owner, isAll := strings.CutSuffix(entry, allOf); isAll {
		entry = owner + "/x"
	}
	_, err := ParseChainKey(entry)
	return err
}

// ScopeCovers reports whether a delegation that names these chains counts in a chain, or in all that an entry names.
func ScopeCovers(chains []string, named string) bool {
	return slices.ContainsFunc(chains, func(entry string) bool {
		return entry == named || strings.HasSuffix(entry, allOf) && before(entry) == before(named)
	})
}

// before is what stands before the database. A group a doesn't own what users at a domain a do.
func before(entry string) string { return entry[:strings.LastIndexByte(entry, '/')] }

// ScopeOf sorts and unites entries as a delegation has them. The error is CHAIN_KEY_INVALID.
func ScopeOf(entries []string) ([]string, error) {
	for _, entry := range entries {
		if err := checkScopeEntry(entry); err != nil {
			return nil, err
		}
	}
	sorted := slices.Sorted(slices.Values(entries))
	return slices.Compact(sorted), nil
}

func badDelegation(why string) error { return fault.New(fault.DelegationInvalid, "%s", why) }
