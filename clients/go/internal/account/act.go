package account

import (
	"bytes"
	"slices"

	"atedb.example/go/event"
	"atedb.example/go/fault"
	"atedb.example/go/internal/crypt"
	"atedb.example/go/internal/forms"
	"atedb.example/go/internal/strict"
	"atedb.example/go/keys"
)

// A Member has a role in a group.
type Member struct {
	// Account is name@domain of the user whose key it is; empty: no account is named for it.
	Account string
	// Key is what the role's secret is wrapped for.
	Key *keys.Public
	// SudoKey is what an owner signs acts with; nil: the key.
	SudoKey *keys.Public
}

func (m *Member) actKey() *keys.Public {
	if m.SudoKey != nil {
		return m.SudoKey
	}
	return m.Key
}

// A Wrap is the secret of a role's key, sealed for one who is to have it.
type Wrap struct {
	Recipient keys.Fingerprint
	Wrapped   []byte
}

// A RoleChange is what is changed of one role.
type RoleChange struct {
	Name string
	// Key is nil where it stays.
	Key     *keys.Public
	Added   []Member
	Removed []keys.Fingerprint
	Wraps   []Wrap
}

// UserKeys are the keys that a user has, and the hash of what it logs in with; of a change, those that it names. What isn't there is nil.
type UserKeys struct {
	Key, SudoKey, RecoveryKey *keys.Public
	SecretsHash               []byte
}

// Sudo is the key that signs acts.
func (u *UserKeys) Sudo() *keys.Public {
	if u.SudoKey != nil {
		return u.SudoKey
	}
	return u.Key
}

func (u *UserKeys) all() []*keys.Public {
	var all []*keys.Public
	for _, key := range []*keys.Public{u.Key, u.SudoKey, u.RecoveryKey} {
		if key != nil {
			all = append(all, key)
		}
	}
	return all
}

// An Act as it was read.
type Act struct {
	Account  event.Owner
	Version  uint64
	Previous []byte
	// Header is what the signatures are over, and Hash names the act.
	Header []byte
	Hash   event.Hash
	// Signatures are sorted by fingerprint, once each.
	Signatures []event.Signature
	// bytes is the size of the whole message.
	bytes int
	// kind is the number of the field that holds what it changes.
	kind    int
	roles   []RoleChange
	user    UserKeys
	revoked keys.Fingerprint
}

func invalid(why string) error { return fault.New(fault.ActInvalid, "an act is not valid: %s", why) }

// Parse reads an Act message, which is copied. Its signatures are not verified, and whether its account takes it isn't decided. The error is
// NON_CANONICAL, ACT_INVALID, REQUEST_INVALID or UNSUPPORTED.
func Parse(message []byte) (*Act, error) {
	message = bytes.Clone(message)
	if err := strict.Check(actForm, message); err != nil {
		return nil, err
	}
	act := &Act{bytes: len(message)}
	cursor := strict.NewCursor(message)
	for cursor.Next() {
		if cursor.Field == 1 {
			act.Header = cursor.Bytes()
			continue
		}
		signature, err := event.ParseSignature(cursor.Bytes())
		if err != nil {
			return nil, err
		}
		if last := len(act.Signatures); last > 0 && bytes.Compare(act.Signatures[last-1].Fingerprint[:], signature.Fingerprint[:]) >= 0 {
			return nil, invalid("its signatures are not sorted by fingerprint, once each")
		}
		act.Signatures = append(act.Signatures, signature)
	}
	act.Hash = crypt.Tagged(crypt.TagAct, act.Header)
	return act, act.readHeader()
}

func (a *Act) readHeader() error {
	if err := strict.Check(headerForm, a.Header); err != nil {
		return err
	}
	var err error
	cursor := strict.NewCursor(a.Header)
	for err == nil && cursor.Next() {
		switch cursor.Field {
		case 1, 5:
		case 2:
			a.Account, err = event.ParseOwner(string(cursor.Bytes()))
		case 3:
			a.Version = cursor.Value
		case 4:
			a.Previous = cursor.Bytes()
		default:
			a.kind = cursor.Field
			err = a.readChange(cursor.Bytes())
		}
	}
	if err == nil && a.Version > 0 != (a.Previous != nil) {
		err = invalid("it names the one before it, unless its version is 0")
	}
	return err
}

func (a *Act) readChange(message []byte) error {
	cursor := strict.NewCursor(message)
	var err error
	for err == nil && cursor.Next() {
		switch a.kind {
		case userCreation, userRotation:
			err = a.user.read(cursor)
		case secretsChange:
			a.user.SecretsHash = cursor.Bytes()
		case delegationRevocation:
			a.revoked = keys.Fingerprint(cursor.Bytes())
		case groupCreation, groupChange:
			role, err := readRole(cursor.Bytes())
			if err != nil {
				return err
			}
			a.roles = append(a.roles, role)
		}
	}
	return err
}

func (u *UserKeys) read(cursor *strict.Cursor) (err error) {
	switch cursor.Field {
	case 1:
		u.Key, err = keys.ParsePublic(cursor.Bytes())
	case 2:
		u.SudoKey, err = keys.ParsePublic(cursor.Bytes())
	case 3:
		u.RecoveryKey, err = keys.ParsePublic(cursor.Bytes())
	case 4:
		u.SecretsHash = cursor.Bytes()
	}
	return err
}

func readRole(message []byte) (role RoleChange, err error) {
	cursor := strict.NewCursor(message)
	for err == nil && cursor.Next() {
		switch cursor.Field {
		case 1:
			role.Name = string(cursor.Bytes())
		case 2:
			role.Key, err = keys.ParsePublic(cursor.Bytes())
		case 3:
			var member Member
			member, err = readMember(cursor.Bytes())
			role.Added = append(role.Added, member)
		case 4:
			role.Removed = append(role.Removed, keys.Fingerprint(cursor.Bytes()))
		case 5:
			wrap := Wrap{}
			inner := strict.NewCursor(cursor.Bytes())
			for inner.Next() {
				if inner.Field == 1 {
					wrap.Recipient = keys.Fingerprint(inner.Bytes())
				} else {
					wrap.Wrapped = inner.Bytes()
				}
			}
			role.Wraps = append(role.Wraps, wrap)
		}
	}
	return role, err
}

func readMember(message []byte) (member Member, err error) {
	cursor := strict.NewCursor(message)
	for err == nil && cursor.Next() {
		switch cursor.Field {
		case 1:
			member.Account = string(cursor.Bytes())
		case 2:
			member.Key, err = keys.ParsePublic(cursor.Bytes())
		case 3:
			member.SudoKey, err = keys.ParsePublic(cursor.Bytes())
		}
	}
	return member, err
}

// Claim is the act that creates an account with a key and nothing else: a user with that key, or a group with that key as its owner.
func Claim(owner event.Owner, key *keys.Pair, timeUnixMs int64) ([]byte, error) {
	header := new(strict.Writer).Fixed32(1, forms.MagicAct).String(2, owner.Text).Varint(5, uint64(timeUnixMs))
	if owner.Group == "" {
		header.Message(userCreation, new(strict.Writer).Message(1, key.Public().Message()).Finish())
	} else {
		creation, err := newGroup(owner, key.Public())
		if err != nil {
			return nil, err
		}
		header.Message(groupCreation, creation)
	}
	signed := header.Finish()
	return new(strict.Writer).Bytes(1, signed).Message(2, event.SignatureMessage(key, crypt.ContextAct, signed)).Finish(), nil
}

// newGroup is the GroupCreation of a group: each of its roles with a new key, and one owner.
func newGroup(owner event.Owner, key *keys.Public) ([]byte, error) {
	pairs := map[string]*keys.Pair{}
	for _, name := range groupRoles {
		pair, err := keys.Generate()
		if err != nil {
			return nil, err
		}
		pairs[name] = pair
	}
	creation := new(strict.Writer)
	names := slices.Clone(groupRoles)
	slices.Sort(names)
	for _, name := range names {
		role := new(strict.Writer).String(1, name).Message(2, pairs[name].Public().Message())
		recipient := key
		if above := roleAbove(name); above != "" {
			recipient = pairs[above].Public()
		} else {
			role.Message(3, new(strict.Writer).Message(2, key.Message()).Finish())
		}
		wrapped, err := wrapRole(pairs[name], owner.Text, name, recipient)
		if err != nil {
			return nil, err
		}
		fingerprint := recipient.Fingerprint()
		role.Message(5, new(strict.Writer).Bytes(1, fingerprint[:]).Bytes(2, wrapped).Finish())
		creation.Message(1, role.Finish())
	}
	return creation.Finish(), nil
}
