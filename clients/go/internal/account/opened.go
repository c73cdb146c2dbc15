package account

import (
	"maps"
	"slices"

	"atedb.example/go/keys"
)

// An Opened group is what a member's key opens of it.
type Opened struct {
	*Group
	// Keys of the roles that the member has, and of those below them, by their names.
	Keys map[string]*keys.Pair
	// Retired are those that roles had before, as far as they were given to the member: they open what was sealed then.
	Retired []*keys.Pair
}

// Open what a member's keys open: the one that it has, and those before it.
func (g *Group) Open(own ...*keys.Pair) *Opened {
	opened := map[keys.Fingerprint]*keys.Pair{}
	for _, pair := range own {
		opened[pair.Public().Fingerprint()] = pair
	}
	// A role's secret may be wrapped for that of another one, so each that opens may open more.
	for isMore := true; isMore; {
		isMore = false
		current := map[string]*keys.Public{}
		for _, act := range g.acts {
			for _, change := range act.roles {
				if change.Key != nil {
					current[change.Name] = change.Key
				}
				key := current[change.Name]
				for _, wrap := range change.Wraps {
					recipient := opened[wrap.Recipient]
					if recipient == nil || opened[key.Fingerprint()] != nil {
						continue
					}
					if pair := openRole(g.Name, change.Name, key, wrap.Wrapped, recipient); pair != nil {
						opened[key.Fingerprint()] = pair
						isMore = true
					}
				}
			}
		}
	}
	is := &Opened{Group: g, Keys: map[string]*keys.Pair{}}
	for _, pair := range own {
		delete(opened, pair.Public().Fingerprint())
	}
	for name, of := range g.roles {
		if pair := opened[of.key.Fingerprint()]; pair != nil {
			is.Keys[name] = pair
			delete(opened, of.key.Fingerprint())
		}
	}
	is.Retired = slices.Collect(maps.Values(opened))
	return is
}

// Highest is the highest role whose key is open, with that key; nil: there is none.
func (o *Opened) Highest() (string, *keys.Pair) {
	for _, name := range slices.Concat(groupRoles, slices.Sorted(maps.Keys(o.Keys))) {
		if pair := o.Keys[name]; pair != nil {
			return name, pair
		}
	}
	return "", nil
}

// Owns reports whether the member is an owner or a delegate: a root of the group's chains, who says who reads them.
func (o *Opened) Owns() bool {
	name, _ := o.Highest()
	return name == "owner" || name == "delegate"
}

// Successor is the key that has the place of one that a role had; nil: no role had this one, or still has it.
func (g *Group) Successor(of keys.Fingerprint) *keys.Public {
	for _, one := range g.changed {
		if one.fingerprint == of && one.role != "" {
			return g.roles[one.role].key
		}
	}
	return nil
}
