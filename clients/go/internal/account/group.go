package account

import (
	"bytes"
	"maps"
	"slices"

	"atedb.example/go/event"
	"atedb.example/go/fault"
	"atedb.example/go/internal/crypt"
	"atedb.example/go/keys"
)

// A role of a group, as it is.
type role struct {
	key *keys.Public
	// members and wraps are by the fingerprints of keys: a wrap is there for each member, and one for the role above.
	members map[keys.Fingerprint]Member
	wraps   map[keys.Fingerprint]Wrap
}

// A changedKey of a group counts no more.
type changedKey struct {
	fingerprint keys.Fingerprint
	// role whose key it was; empty for one that was delegated to.
	role string
}

// A Group is what a group is, after an act. It is never changed.
type Group struct {
	Name    string
	Version uint64
	// Head is the hash of its last act.
	Head    event.Hash
	Removed bool
	roles   map[string]*role
	changed []changedKey
	// acts are all of them, oldest first, and bytes are theirs.
	acts  []*Act
	bytes int
}

// VerifyGroup verifies all acts of a group, oldest first, from the keys that the first one names: that each is the next, is signed by those who
// may, and no others, and changes what can be changed so. The error is ACT_INVALID, ACT_NOT_ALLOWED, SIGNATURE_INVALID and others.
func VerifyGroup(name string, acts []*Act) (*Group, error) {
	var group *Group
	for _, act := range acts {
		if act.Account.Group == "" || act.Account.Text != name {
			return nil, invalid("it is of another account")
		}
		next, oneOf, all, err := group.next(act)
		if err != nil {
			return nil, err
		}
		if err := group.checkRoom(act, next); err != nil {
			return nil, err
		}
		if err := checkSigned(act, oneOf, all); err != nil {
			return nil, err
		}
		group = next
	}
	if group == nil {
		return nil, invalid("there are no acts")
	}
	return group, nil
}

// Hash of the act of a version; false where there is none.
func (g *Group) Hash(version uint64) (event.Hash, bool) {
	if version >= uint64(len(g.acts)) {
		return event.Hash{}, false
	}
	return g.acts[version].Hash, true
}

// checkSigned refuses an act that isn't signed by exactly one of some keys, where there are any, by all of others, and by nobody else.
func checkSigned(act *Act, oneOf, all []*keys.Public) error {
	known := map[keys.Fingerprint]*keys.Public{}
	for _, key := range slices.Concat(oneOf, all) {
		known[key.Fingerprint()] = key
	}
	signed := map[keys.Fingerprint]bool{}
	for _, one := range act.Signatures {
		key := known[one.Fingerprint]
		if key == nil {
			return fault.New(fault.ActNotAllowed, "the act %d of %s is signed by %s, who may not", act.Version, act.Account, one.Fingerprint)
		}
		if !one.By(key, crypt.ContextAct, act.Header) {
			return fault.New(fault.SignatureInvalid, "the signature of the key %s over the act does not verify", key).With("fingerprint", key.String())
		}
		signed[one.Fingerprint] = true
	}
	authorised := 0
	for _, key := range uniqueKeys(oneOf) {
		if signed[key.Fingerprint()] {
			authorised++
		}
	}
	isWhole := authorised == min(1, len(oneOf)) && !slices.ContainsFunc(all, func(key *keys.Public) bool { return !signed[key.Fingerprint()] })
	if !isWhole {
		return fault.New(fault.ActNotAllowed, "the act %d of %s is not signed by those who must", act.Version, act.Account)
	}
	return nil
}

func uniqueKeys(all []*keys.Public) []*keys.Public {
	seen := map[keys.Fingerprint]bool{}
	return slices.DeleteFunc(slices.Clone(all), func(key *keys.Public) bool {
		before := seen[key.Fingerprint()]
		seen[key.Fingerprint()] = true
		return before
	})
}

// next is what an act makes of a group (nil: there is none yet), apart from its signatures: by one of some keys, and by all of others.
func (g *Group) next(act *Act) (next *Group, oneOf, all []*keys.Public, err error) {
	if g == nil {
		return createGroup(act)
	}
	if g.Removed || act.Version != g.Version+1 || !bytes.Equal(act.Previous, g.Head[:]) {
		return nil, nil, nil, invalid("it is not the next of the group, or the group was removed")
	}
	made := *g
	made.Version, made.Head, made.acts = act.Version, act.Hash, append(slices.Clip(g.acts), act)
	made.bytes += act.bytes
	var owners, delegates []*keys.Public
	for _, member := range g.roles["owner"].members {
		owners = append(owners, member.actKey())
	}
	for _, member := range g.roles["delegate"].members {
		delegates = append(delegates, member.Key)
	}
	both := uniqueKeys(slices.Concat(owners, delegates))
	switch act.kind {
	case groupRemoval:
		made.Removed = true
		return &made, owners, nil, nil
	case delegationRevocation:
		isOwn := slices.ContainsFunc(slices.Collect(maps.Values(g.roles)), func(is *role) bool { return is.key.Fingerprint() == act.revoked })
		if isOwn || g.hasChanged(act.revoked) {
			return nil, nil, nil, invalid("it takes back a key that is a role's, or was taken back already")
		}
		made.changed = append(slices.Clip(g.changed), changedKey{fingerprint: act.revoked})
		return &made, both, nil, nil
	case groupChange:
		err := made.changeRoles(act.roles)
		if slices.ContainsFunc(act.roles, func(of RoleChange) bool { return of.Name == "owner" || of.Name == "delegate" }) {
			return &made, owners, nil, err
		}
		return &made, both, nil, err
	}
	return nil, nil, nil, invalid("it is of a user, or creates the group once more")
}

func createGroup(act *Act) (next *Group, oneOf, all []*keys.Public, err error) {
	if act.kind != groupCreation || act.Version != 0 {
		return nil, nil, nil, invalid("the first act of a group creates it")
	}
	made := &Group{Name: act.Account.Text, Head: act.Hash, acts: []*Act{act}, bytes: act.bytes, roles: map[string]*role{}}
	if err := made.changeRoles(act.roles); err != nil {
		return nil, nil, nil, err
	}
	members := 0
	for _, name := range groupRoles {
		if made.roles[name] == nil {
			return nil, nil, nil, invalid("the group has no role " + name)
		}
	}
	for _, is := range made.roles {
		members += len(is.members)
	}
	owners := made.roles["owner"].members
	if len(owners) != 1 || members != 1 {
		return nil, nil, nil, invalid("a group is created with one member, who is its owner")
	}
	for _, owner := range owners {
		all = append(all, owner.actKey())
	}
	return made, nil, all, nil
}

// changeRoles has some roles changed, all at once.
func (g *Group) changeRoles(changes []RoleChange) error {
	before := g.roles
	g.roles = maps.Clone(before)
	last := ""
	for _, change := range changes {
		if !roleName.MatchString(change.Name) || change.Name <= last {
			return invalid("its roles have no names that can be, or are not sorted by name, once each")
		}
		last = change.Name
		next, err := changedRole(before[change.Name], change)
		if err != nil {
			return err
		}
		g.roles[change.Name] = next
	}
	var retired []changedKey
	for _, name := range slices.Sorted(maps.Keys(before)) {
		if was := before[name]; g.roles[name].key != was.key {
			retired = append(retired, changedKey{was.key.Fingerprint(), name})
		}
	}
	g.changed = append(slices.Clip(g.changed), retired...)
	if err := g.checkKeys(before); err != nil {
		return err
	}
	for name, was := range before {
		if g.roles[name].key == was.key && lostOpeners(before, g.roles, name) {
			return invalid("somebody has the secret of the role " + name + ", and is to have it no more, and the role keeps its key")
		}
	}
	if err := g.checkWraps(changes); err != nil {
		return err
	}
	members := 0
	for _, is := range g.roles {
		members += len(is.members)
	}
	switch {
	case g.roles["owner"] == nil || len(g.roles["owner"].members) == 0:
		return invalid("the group would have no owner left")
	case members > membersMax || len(g.roles) > rolesMax:
		return fault.New(fault.GroupLimit, "the group %s would have more members or roles than can be", g.Name)
	}
	return nil
}

func changedRole(was *role, change RoleChange) (*role, error) {
	made := &role{key: change.Key, members: map[keys.Fingerprint]Member{}, wraps: map[keys.Fingerprint]Wrap{}}
	if was != nil {
		made.members = maps.Clone(was.members)
		if change.Key == nil {
			made.key, made.wraps = was.key, maps.Clone(was.wraps)
		}
	}
	if made.key == nil {
		return nil, invalid("the role " + change.Name + " is new, and has no key")
	}
	for i, one := range change.Removed {
		if _, is := made.members[one]; !is || i > 0 && bytes.Compare(change.Removed[i-1][:], one[:]) >= 0 {
			return nil, invalid("those removed from the role " + change.Name + " don't have it, or are not sorted, once each")
		}
		delete(made.members, one)
	}
	for _, member := range change.Added {
		name := member.Key.Fingerprint()
		if _, is := made.members[name]; is || member.Key.KEM() == nil {
			return nil, invalid("the key " + name.String() + " is added to a role, and has it, or nothing can be encrypted to it")
		}
		made.members[name] = member
	}
	for i, wrap := range change.Wraps {
		if i > 0 && bytes.Compare(change.Wraps[i-1].Recipient[:], wrap.Recipient[:]) >= 0 {
			return nil, invalid("the wraps of the role " + change.Name + " are not sorted, once each")
		}
		made.wraps[wrap.Recipient] = wrap
	}
	return made, nil
}

// checkKeys: new keys of roles were nobody's in the group, so that what a key was for is never unclear.
func (g *Group) checkKeys(before map[string]*role) error {
	names := map[keys.Fingerprint]bool{}
	for name, is := range g.roles {
		fingerprint := is.key.Fingerprint()
		if names[fingerprint] {
			return invalid("two roles have the key " + fingerprint.String())
		}
		names[fingerprint] = true
		if was := before[name]; was != nil && was.key == is.key {
			continue
		}
		wasHad := g.hasChanged(fingerprint)
		for _, was := range before {
			wasHad = wasHad || was.key.Fingerprint() == fingerprint
		}
		for _, other := range g.roles {
			_, isMember := other.members[fingerprint]
			wasHad = wasHad || isMember
		}
		if wasHad || is.key.KEM() == nil {
			return invalid("the new key of the role " + name + " is one that the group had before, or nothing can be encrypted to it")
		}
	}
	return nil
}

// openers are the keys of all who can open a role's secret.
func openers(roles map[string]*role, name string) map[keys.Fingerprint]bool {
	can := map[keys.Fingerprint]bool{}
	for other, is := range roles {
		if !includesRole(other, name) {
			continue
		}
		for member := range is.members {
			can[member] = true
		}
	}
	return can
}

// lostOpeners reports whether somebody could open a role's secret, and can't any more: who must not be able to go on with it.
func lostOpeners(before, after map[string]*role, name string) bool {
	can := openers(after, name)
	for one := range openers(before, name) {
		if !can[one] {
			return true
		}
	}
	return false
}

// checkWraps: each secret is wrapped for those who are to have it, and no act gives one to anybody else.
func (g *Group) checkWraps(changes []RoleChange) error {
	for name, is := range g.roles {
		wanted := map[keys.Fingerprint]bool{}
		for member := range is.members {
			wanted[member] = true
		}
		if above := roleAbove(name); above != "" {
			if g.roles[above] == nil {
				return invalid("the group has no role " + above)
			}
			wanted[g.roles[above].key.Fingerprint()] = true
		}
		kept := map[keys.Fingerprint]Wrap{}
		for one := range wanted {
			wrap, isThere := is.wraps[one]
			if !isThere {
				return invalid("the secret of the role " + name + " is not wrapped for " + one.String())
			}
			kept[one] = wrap
		}
		// Those of before that nobody wants any more are gone. What was decided of the group before stays as it was.
		g.roles[name] = &role{is.key, is.members, kept}
	}
	for _, change := range changes {
		for _, wrap := range change.Wraps {
			if _, isWanted := g.roles[change.Name].wraps[wrap.Recipient]; !isWanted {
				return invalid("the secret of the role " + change.Name + " is wrapped for " + wrap.Recipient.String() + ", which has no role that opens it")
			}
		}
	}
	return nil
}

func (g *Group) hasChanged(name keys.Fingerprint) bool {
	return slices.ContainsFunc(g.changed, func(one changedKey) bool { return one.fingerprint == name })
}

// checkRoom refuses an act for which a group (nil: there is none yet) has no room left. The error is ACCOUNT_LIMIT or TOO_MANY_KEYS.
func (g *Group) checkRoom(act *Act, after *Group) error {
	if g == nil {
		return nil
	}
	acts, size, changed := actsMax, actsBytesMax, changedKeysMax
	isOwners := slices.ContainsFunc(act.Signatures, func(one event.Signature) bool {
		for _, owner := range g.roles["owner"].members {
			if owner.actKey().Fingerprint() == one.Fingerprint {
				return true
			}
		}
		return false
	})
	if !isOwners {
		acts, size, changed = acts-actsReserve, size-actsBytesReserve, changed-changedKeysReserve
	}
	switch {
	case act.Version >= uint64(acts):
		return fault.New(fault.AccountLimit, "the account %s has %d acts at most, or what is left is for its owners", g.Name, acts).With("account", g.Name)
	case after.bytes > size:
		return fault.New(fault.AccountLimit, "the account %s has %d bytes of acts at most, or what is left is for its owners", g.Name, size).With("account", g.Name)
	// An act that changes no key takes no room of it.
	case len(after.changed) > max(changed, len(g.changed)):
		return fault.New(fault.TooManyKeys, "the account %s has %d keys that were replaced or taken back at most, or what is left is for its owners", g.Name, changed).With("account", g.Name)
	}
	return nil
}
