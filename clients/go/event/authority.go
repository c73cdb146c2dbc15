package event

import (
	"slices"

	"atedb.example/go/fault"
	"atedb.example/go/internal/strict"
	"atedb.example/go/keys"
)

// A RuleKind says whom a rule allows.
type RuleKind uint8

// The kinds of rules. Not every rule may be of each: see Authorisation.
const (
	// Everyone may. Of reading: data is in clear.
	Everyone RuleKind = iota + 1
	// Nobody may. Of writing that is for ever.
	Nobody
	// AnyOf some keys may.
	AnyOf
	// Inherit: as the parent has it.
	Inherit
	// SealedWith a read key.
	SealedWith
)

// A Rule says who may write an object (Everyone, Nobody, AnyOf, Inherit), or who may besides add children to it (the same without
// Inherit).
type Rule struct {
	Kind RuleKind
	// Keys of AnyOf: sorted, once each, 1 to 16.
	Keys []keys.Fingerprint
}

// A ReadRule says whether an object's data is sealed: Everyone, Inherit, or SealedWith.
type ReadRule struct {
	Kind RuleKind
	// ReadKeyID of SealedWith.
	ReadKeyID Hash
}

// An Authorisation has the rules that an event sets. What is nil stays as it is.
type Authorisation struct {
	Write *Rule
	Add   *Rule
	Read  *ReadRule
	// Admit names who may open a private chain besides, all of them; a pointer to an empty list: nobody. At the root of a private chain
	// alone.
	Admit *[]keys.Fingerprint
	// Retain says for how long data is kept. At the root of the chain alone.
	Retain *Retention
}

// A Retention says for how long data is kept: what is AgeMs older than the newest commit, or not among the newest Count events, may go.
// 0: not by that.
type Retention struct{ AgeMs, Count uint64 }

// A Confidentiality says what seals an event's data.
type Confidentiality struct{ ReadKeyID, Random, Commitment Hash }

// A WrappedKey is a read key, sealed for one reader.
type WrappedKey struct {
	ReadKeyID Hash
	Recipient keys.Fingerprint
	Wrapped   []byte
}

// A KeyChange says that a key counts no more.
type KeyChange struct {
	Fingerprint keys.Fingerprint
	// Successor has its place in every rule; nil: none has.
	Successor *keys.Public
}

// An Authority is what an event says of rights and keys.
type Authority struct {
	Authorisation *Authorisation
	PublicKeys    []*keys.Public
	WrappedKeys   []WrappedKey
	// SignWith are keys that sign besides the writer's: sorted, once each.
	SignWith []keys.Fingerprint
	Author   *keys.Fingerprint
	Moves    bool
	// Roots of the chain from now on; nil: they stay.
	Roots     []*keys.Public
	KeyChange *KeyChange
	// Label that the primary key is made from; nil: none is said.
	Label []byte
	// Redaction of earlier events of the object; nil but in a redaction.
	Redaction *Redaction
	// AuthAnswer and ServerIdentity are messages that a server adds: see Batch.Answer and Batch.Rotation.
	AuthAnswer, ServerIdentity []byte
	// Snapshot says what may be gone; nil but in a snapshot.
	Snapshot *Snapshot
}

// Numbers of the fields in EventHeader.
const (
	fieldAuthorisation   = 6
	fieldConfidentiality = 7
	fieldPublicKeys      = 8
	fieldWrappedKeys     = 9
	fieldSignWith        = 10
	fieldAuthor          = 11
	fieldMoves           = 16
	fieldRoots           = 17
	fieldKeyChange       = 18
	fieldLabel           = 19
	fieldAuthAnswer      = 20
	fieldServerIdentity  = 21
	fieldSnapshot        = 22
	fieldRedaction       = 23
	fieldDataHash        = 30
)

// readAuthority reads what a header, which is in the strict form, says of rights and keys. The error is UNSUPPORTED or REQUEST_INVALID
// for a public key that is none, and BATCH_INVALID where what must be sorted isn't.
func readAuthority(header []byte) (*Authority, error) {
	said := &Authority{}
	cursor := strict.NewCursor(header)
	var err error
	for err == nil && cursor.Next() {
		value := cursor.Bytes()
		switch cursor.Field {
		case fieldAuthorisation:
			said.Authorisation, err = ParseAuthorisation(value)
		case fieldPublicKeys:
			var key *keys.Public
			key, err = keys.ParsePublic(value)
			said.PublicKeys = append(said.PublicKeys, key)
		case fieldWrappedKeys:
			parts := contents(value)
			said.WrappedKeys = append(said.WrappedKeys, WrappedKey{Hash(parts[0]), keys.Fingerprint(parts[1]), parts[2]})
		case fieldSignWith:
			said.SignWith = append(said.SignWith, keys.Fingerprint(value))
		case fieldAuthor:
			author := keys.Fingerprint(value)
			said.Author = &author
		case fieldMoves:
			said.Moves = true
		case fieldRoots:
			said.Roots, err = parseRoots(value)
		case fieldKeyChange:
			parts := contents(value)
			said.KeyChange = &KeyChange{Fingerprint: keys.Fingerprint(parts[0])}
			if len(parts) > 1 {
				said.KeyChange.Successor, err = keys.ParsePublic(parts[1])
			}
		case fieldLabel:
			said.Label = value
		case fieldAuthAnswer:
			said.AuthAnswer = value
		case fieldServerIdentity:
			said.ServerIdentity = value
		case fieldSnapshot:
			said.Snapshot = parseSnapshot(value)
		case fieldRedaction:
			said.Redaction, err = parseRedaction(value)
		}
	}
	if err != nil {
		return nil, err
	}
	return said, checkSorted("the keys that sign with the writer", said.SignWith)
}

// ReadConfidentiality reads what seals the data of an event from its header; nil where it is in clear.
func ReadConfidentiality(header []byte) *Confidentiality {
	cursor := strict.NewCursor(header)
	for cursor.Next() {
		if cursor.Field == fieldConfidentiality {
			parts := contents(cursor.Bytes())
			return &Confidentiality{Hash(parts[0]), Hash(parts[1]), Hash(parts[2])}
		}
	}
	return nil
}

// ParseAuthorisation reads rules, which are in the strict form. The error is BATCH_INVALID.
func ParseAuthorisation(message []byte) (*Authorisation, error) {
	rules := &Authorisation{}
	cursor := strict.NewCursor(message)
	var err error
	for err == nil && cursor.Next() {
		switch cursor.Field {
		case 1:
			rules.Write, err = parseRule(cursor.Bytes())
		case 2:
			rules.Add, err = parseRule(cursor.Bytes())
		case 3:
			rules.Read = parseReadRule(cursor.Bytes())
		case 4:
			admit := fingerprints(cursor.Bytes())
			rules.Admit, err = &admit, checkSorted("the keys that are let in", admit)
		case 5:
			rules.Retain = parseRetention(cursor.Bytes())
		}
	}
	return rules, err
}

func parseRetention(message []byte) *Retention {
	rule := &Retention{}
	cursor := strict.NewCursor(message)
	for cursor.Next() {
		if cursor.Field == 1 {
			rule.AgeMs = cursor.Value
		} else {
			rule.Count = cursor.Value
		}
	}
	return rule
}

func parseRule(message []byte) (*Rule, error) {
	cursor := strict.NewCursor(message)
	cursor.Next()
	rule := &Rule{Kind: RuleKind(cursor.Field)}
	if rule.Kind == AnyOf {
		rule.Keys = fingerprints(cursor.Bytes())
	}
	return rule, checkSorted("the keys of a rule", rule.Keys)
}

func parseReadRule(message []byte) *ReadRule {
	cursor := strict.NewCursor(message)
	cursor.Next()
	switch cursor.Field {
	case 1:
		return &ReadRule{Kind: Everyone}
	case 2:
		return &ReadRule{Kind: SealedWith, ReadKeyID: Hash(cursor.Bytes())}
	default:
		return &ReadRule{Kind: Inherit}
	}
}

func parseRoots(message []byte) ([]*keys.Public, error) {
	var roots []*keys.Public
	var names []keys.Fingerprint
	for _, part := range contents(message) {
		root, err := keys.ParsePublic(part)
		if err != nil {
			return nil, err
		}
		roots, names = append(roots, root), append(names, root.Fingerprint())
	}
	return roots, checkSorted("the roots", names)
}

// contents are those of all fields of a message that has fields of bytes and messages only.
func contents(message []byte) [][]byte {
	var all [][]byte
	cursor := strict.NewCursor(message)
	for cursor.Next() {
		all = append(all, cursor.Bytes())
	}
	return all
}

func fingerprints(message []byte) []keys.Fingerprint {
	all := []keys.Fingerprint{}
	for _, part := range contents(message) {
		all = append(all, keys.Fingerprint(part))
	}
	return all
}

func checkSorted(what string, all []keys.Fingerprint) error {
	for i := 1; i < len(all); i++ {
		if compareFingerprints(all[i-1], all[i]) >= 0 {
			return fault.New(fault.BatchInvalid, "%s are not sorted by fingerprint, once each: %s is out of place", what, all[i])
		}
	}
	return nil
}

// Message serialises rules.
func (a *Authorisation) Message() []byte {
	writer := new(strict.Writer)
	if a.Write != nil {
		writer.Message(1, a.Write.message())
	}
	if a.Add != nil {
		writer.Message(2, a.Add.message())
	}
	if a.Read != nil {
		writer.Message(3, a.Read.message())
	}
	if a.Admit != nil {
		writer.Message(4, listMessage(*a.Admit))
	}
	if a.Retain != nil {
		writer.Message(5, new(strict.Writer).Varint(1, a.Retain.AgeMs).Varint(2, a.Retain.Count).Finish())
	}
	return writer.Finish()
}

func (r *Rule) message() []byte {
	var inner []byte
	if r.Kind == AnyOf {
		inner = listMessage(r.Keys)
	}
	return strict.Frame(int(r.Kind), inner)
}

func (r *ReadRule) message() []byte {
	switch r.Kind {
	case SealedWith:
		return strict.Frame(2, r.ReadKeyID[:])
	case Inherit:
		return strict.Frame(3, nil)
	default:
		return strict.Frame(1, nil)
	}
}

func listMessage(all []keys.Fingerprint) []byte {
	writer := new(strict.Writer)
	for _, one := range all {
		writer.Bytes(1, one[:])
	}
	return writer.Finish()
}

// writeEarly writes the fields of an event's authority that come before its type: 6 to 11.
func (a *Authority) writeEarly(header *strict.Writer, sealed *Confidentiality) {
	if a.Authorisation != nil {
		header.Message(fieldAuthorisation, a.Authorisation.Message())
	}
	if sealed != nil {
		header.Message(fieldConfidentiality, new(strict.Writer).
			Bytes(1, sealed.ReadKeyID[:]).Bytes(2, sealed.Random[:]).Bytes(3, sealed.Commitment[:]).Finish())
	}
	for _, key := range a.PublicKeys {
		header.Message(fieldPublicKeys, key.Message())
	}
	for _, one := range a.WrappedKeys {
		header.Message(fieldWrappedKeys, new(strict.Writer).Bytes(1, one.ReadKeyID[:]).Bytes(2, one.Recipient[:]).Bytes(3, one.Wrapped).Finish())
	}
	for _, one := range a.SignWith {
		header.Bytes(fieldSignWith, one[:])
	}
	if a.Author != nil {
		header.Bytes(fieldAuthor, a.Author[:])
	}
}

// writeLate writes the fields that come after its time: 16 to 23, but for those that servers write.
func (a *Authority) writeLate(header *strict.Writer) {
	header.Bool(fieldMoves, a.Moves)
	if a.Roots != nil {
		inner := new(strict.Writer)
		for _, root := range a.Roots {
			inner.Message(1, root.Message())
		}
		header.Message(fieldRoots, inner.Finish())
	}
	if a.KeyChange != nil {
		inner := new(strict.Writer).Bytes(1, a.KeyChange.Fingerprint[:])
		if a.KeyChange.Successor != nil {
			inner.Message(2, a.KeyChange.Successor.Message())
		}
		header.Message(fieldKeyChange, inner.Finish())
	}
	header.Bytes(fieldLabel, a.Label)
	if a.Redaction != nil {
		header.Message(fieldRedaction, a.Redaction.message())
	}
}

// SortFingerprints sorts them as every list in a header is, and leaves out those that come twice.
func SortFingerprints(all []keys.Fingerprint) []keys.Fingerprint {
	sorted := slices.Clone(all)
	slices.SortFunc(sorted, compareFingerprints)
	return slices.Compact(sorted)
}
