package account

import (
	"bytes"
	"slices"

	"atedb.example/go/event"
	"atedb.example/go/internal/crypt"
	"atedb.example/go/internal/forms"
	"atedb.example/go/internal/strict"
	"atedb.example/go/keys"
)

// A User is what a user is, after an act. It is never changed.
type User struct {
	Name    string
	Version uint64
	// Head is the hash of its last act.
	Head    event.Hash
	Removed bool
	Keys    UserKeys
	// changed are keys that count no more.
	changed []keys.Fingerprint
}

// VerifyUser verifies all acts of a user, oldest first, from the keys that the first one names: that each is the next, is signed by those who may,
// and no others, and changes what can be changed so. The error is ACT_INVALID, ACT_NOT_ALLOWED, SIGNATURE_INVALID and others.
func VerifyUser(name string, acts []*Act) (*User, error) {
	var user *User
	for _, act := range acts {
		if act.Account.Group != "" || act.Account.Text != name {
			return nil, invalid("it is of another account")
		}
		next, oneOf, all, err := user.next(act)
		if err != nil {
			return nil, err
		}
		if err := checkSigned(act, oneOf, all); err != nil {
			return nil, err
		}
		user = next
	}
	if user == nil {
		return nil, invalid("there are no acts")
	}
	return user, nil
}

// next is what an act makes of a user (nil: there is none yet), apart from its signatures: by one of some keys, and by all of others.
func (u *User) next(act *Act) (next *User, oneOf, all []*keys.Public, err error) {
	if u == nil {
		if act.kind != userCreation || act.Version != 0 {
			return nil, nil, nil, invalid("the first act of a user creates it")
		}
		made := &User{Name: act.Account.Text, Head: act.Hash, Keys: act.user}
		return made, nil, act.user.all(), made.Keys.check()
	}
	if u.Removed || act.Version != u.Version+1 || !bytes.Equal(act.Previous, u.Head[:]) {
		return nil, nil, nil, invalid("it is not the next of the user, or the user was removed")
	}
	made := *u
	made.Version, made.Head = act.Version, act.Hash
	sudo := []*keys.Public{u.Keys.Sudo()}
	switch act.kind {
	case secretsChange:
		if u.Keys.SecretsHash == nil || bytes.Equal(u.Keys.SecretsHash, act.user.SecretsHash) {
			return nil, nil, nil, invalid("the user has no password that could be changed, or the hash of the secrets is the one from before")
		}
		made.Keys.SecretsHash = act.user.SecretsHash
		return &made, sudo, nil, nil
	case userRotation:
		if u.Keys.RecoveryKey != nil {
			oneOf = []*keys.Public{u.Keys.RecoveryKey}
		}
		return &made, append(sudo, oneOf...), act.user.all(), made.rotate(&u.Keys, &act.user)
	case delegationRevocation:
		isOwn := slices.ContainsFunc(u.Keys.all(), func(key *keys.Public) bool { return key.Fingerprint() == act.revoked })
		if isOwn || slices.Contains(u.changed, act.revoked) {
			return nil, nil, nil, invalid("it takes back a key that is the user's own, or was taken back already")
		}
		made.changed = append(slices.Clip(u.changed), act.revoked)
		return &made, uniqueKeys(append(sudo, u.Keys.Key)), nil, made.checkRoom()
	case userRemoval:
		made.Removed = true
		return &made, sudo, nil, nil
	}
	return nil, nil, nil, invalid("it is of a group, or creates the user once more")
}

// rotate has some keys replaced by others.
func (u *User) rotate(had, fresh *UserKeys) error {
	if len(fresh.all()) == 0 && fresh.SecretsHash == nil {
		return invalid("a rotation that replaces nothing")
	}
	if fresh.SecretsHash != nil && bytes.Equal(fresh.SecretsHash, had.SecretsHash) {
		return invalid("the hash of the secrets is the one from before")
	}
	for _, key := range fresh.all() {
		name := key.Fingerprint()
		isHad := slices.ContainsFunc(had.all(), func(key *keys.Public) bool { return key.Fingerprint() == name })
		if isHad || slices.Contains(u.changed, name) {
			return invalid("a key of it is one that the user has, or had before")
		}
	}
	u.changed = slices.Clip(u.changed)
	for _, one := range []struct{ into, next *(*keys.Public) }{
		{&u.Keys.Key, &fresh.Key}, {&u.Keys.SudoKey, &fresh.SudoKey}, {&u.Keys.RecoveryKey, &fresh.RecoveryKey},
	} {
		if *one.next == nil {
			continue
		}
		if *one.into != nil {
			u.changed = append(u.changed, (*one.into).Fingerprint())
		}
		*one.into = *one.next
	}
	if fresh.SecretsHash != nil {
		u.Keys.SecretsHash = fresh.SecretsHash
	}
	if err := u.Keys.check(); err != nil {
		return err
	}
	return u.checkRoom()
}

func (u *User) checkRoom() error {
	if len(u.changed) > changedKeysMax {
		return invalid("the user has replaced and taken back more keys than may be")
	}
	return nil
}

// check refuses keys of which some are missing, or one has two roles.
func (u *UserKeys) check() error {
	there := 0
	for _, is := range []bool{u.SudoKey != nil, u.RecoveryKey != nil, u.SecretsHash != nil} {
		if is {
			there++
		}
	}
	switch {
	case there != 0 && there != 3:
		return invalid("of the key of sudo, the key of recovery and the hash of the secrets there are all or none")
	case u.Key == nil || u.Key.KEM() == nil:
		return invalid("nothing can be encrypted to the key that is to be the user's")
	case len(uniqueKeys(u.all())) < len(u.all()):
		return invalid("one key has two roles")
	}
	return nil
}

// A Change is what an act changes of a user.
type Change struct {
	kind    int
	user    UserKeys
	revoked []byte
}

// Create a user with these keys.
func Create(user UserKeys) Change { return Change{kind: userCreation, user: user} }

// Rotate has some of the keys replaced, and the secrets.
func Rotate(user UserKeys) Change { return Change{kind: userRotation, user: user} }

// ChangeSecrets has others.
func ChangeSecrets(hash event.Hash) Change {
	return Change{kind: secretsChange, user: UserKeys{SecretsHash: hash[:]}}
}

// Revoke what a key was delegated to.
func Revoke(key keys.Fingerprint) Change { return Change{kind: delegationRevocation, revoked: key[:]} }

// Remove the user, for good.
func Remove() Change { return Change{kind: userRemoval} }

func (c *Change) message() []byte {
	writer := new(strict.Writer)
	switch c.kind {
	case secretsChange:
		return writer.Bytes(1, c.user.SecretsHash).Finish()
	case delegationRevocation:
		return writer.Bytes(1, c.revoked).Finish()
	}
	for i, key := range []*keys.Public{c.user.Key, c.user.SudoKey, c.user.RecoveryKey} {
		if key != nil {
			writer.Message(i+1, key.Message())
		}
	}
	return writer.Bytes(4, c.user.SecretsHash).Finish()
}

// NextAct is the act that comes next in an account, signed by some keys. before is nil where it is the first.
func NextAct(account event.Owner, before *User, change Change, timeUnixMs int64, signers ...*keys.Pair) []byte {
	header := new(strict.Writer).Fixed32(1, forms.MagicAct).String(2, account.Text)
	if before != nil {
		header.Varint(3, before.Version+1).Bytes(4, before.Head[:])
	}
	signed := header.Varint(5, uint64(timeUnixMs)).Message(change.kind, change.message()).Finish()
	act := new(strict.Writer).Bytes(1, signed)
	sorted := slices.Clone(signers)
	slices.SortFunc(sorted, func(a, b *keys.Pair) int {
		first, second := a.Public().Fingerprint(), b.Public().Fingerprint()
		return bytes.Compare(first[:], second[:])
	})
	for _, pair := range sorted {
		act.Message(2, event.SignatureMessage(pair, crypt.ContextAct, signed))
	}
	return act.Finish()
}
