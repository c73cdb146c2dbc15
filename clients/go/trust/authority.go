package trust

import (
	"slices"

	"atedb.example/go/event"
	"atedb.example/go/keys"
)

// An Authority is who may do what in a chain: its keys, its tree of objects, and the rules. Each event is decided on by the state before
// it, in the order of the events, and changes the state for those behind it, in its own batch too.
type Authority struct {
	ring        *ring
	tree        *tree
	delegations *delegations
	ownership   *ownership
	// horizon is the newest snapshot; nil: there is none.
	horizon *Horizon
}

// NewAuthority is that of a chain that has just begun.
func NewAuthority(genesis *event.Genesis) *Authority {
	return &Authority{newRing(genesis), newTree(genesis.Confidential, genesis.Private), newDelegations(), newOwnership(genesis), nil}
}

// Clone is a copy that changes by itself from here.
func (a *Authority) Clone() *Authority {
	owns := *a.ownership
	return &Authority{a.ring.clone(), a.tree.clone(), a.delegations.clone(), &owns, a.horizon}
}

// Owner is what the auth service has said last of whose the chain is; nil in chains without one.
func (a *Authority) Owner() *Owner { return a.ownership.owner }

// ServerIdentity is the identity of the server that keeps the chain, as events have it; nil in distributed chains.
func (a *Authority) ServerIdentity() *keys.Public { return a.ownership.server }

// Writers are the fingerprints of those that the auth service lets write besides the roots, where the root of the chain has no rule for it.
func (a *Authority) Writers() []keys.Fingerprint { return a.ring.sortedWriters() }

// Horizon is how far back the chain remembers everything; nil: there was no snapshot.
func (a *Authority) Horizon() *Horizon { return a.horizon }

// Objects is the number of objects that have a parent or rules.
func (a *Authority) Objects() int { return len(a.tree.nodes) }

// Roots are the fingerprints of the chain's roots as they are now.
func (a *Authority) Roots() []keys.Fingerprint { return a.ring.sortedRoots() }

// Key finds a public key that the chain knows, whether it counts or not; nil for none.
func (a *Authority) Key(name keys.Fingerprint) *keys.Public { return a.ring.keys[name] }

// Current is the key that counts where one is named: itself, what it was replaced by, or none.
func (a *Authority) Current(name keys.Fingerprint) (keys.Fingerprint, bool) {
	return a.ring.currentOf(name)
}

// Learn knows a key. The error is TOO_MANY_KEYS.
func (a *Authority) Learn(key *keys.Public) error { return a.ring.add(key, new(undo)) }

// Admitted are those who may open the chain, if it is private, besides roots and those whom rules of the root of the chain name.
func (a *Authority) Admitted() []keys.Fingerprint { return a.tree.admitted }

// Admits reports whether a key may open the chain, if it is private: a root, one that a rule of the root of the chain names for writing or
// adding, or one that it or the auth service lets in besides; or what has replaced one of those.
func (a *Authority) Admits(key keys.Fingerprint) bool {
	if a.ring.isChanged(key) {
		return false
	}
	return a.ownsRoot(key) || slices.ContainsFunc(a.ring.namesOf(key), func(name keys.Fingerprint) bool {
		return a.tree.isAdmitted(name) || a.ownership.admits(name)
	})
}

// ownsRoot reports whether a key is a root, or may write besides where the root of the chain has no rule for it, and it has none.
func (a *Authority) ownsRoot(key keys.Fingerprint) bool {
	return a.ring.roots[key] || a.tree.root.write == nil && a.ring.isOwner(key)
}

// Retention says for how long the chain wants data to be kept; nil: for ever.
func (a *Authority) Retention() *event.Retention { return a.tree.retention }

// HasReadRules reports whether any object's data is to be sealed.
func (a *Authority) HasReadRules() bool { return a.tree.hasReadRules() }

// ReadRule that counts for data of an object that is written below a parent (nil: none) now; inherits: the event gives up the object's
// own rule. nil: there is none yet, so that nothing can be written.
func (a *Authority) ReadRule(primaryKey, parent []byte, inherits bool) *event.ReadRule {
	of := a.tree.nodes[string(primaryKey)]
	if of != nil && !inherits {
		// What moves inherits from where it comes to.
		if of.parent.key == string(parent) || of.read != nil {
			return a.tree.readRuleOf(of)
		}
	}
	if above := a.tree.nodes[string(parent)]; above != nil {
		return a.tree.readRuleOf(above)
	}
	return a.tree.readRuleOf(a.tree.root)
}

// NamedReadKeys are the read keys that rules name now.
func (a *Authority) NamedReadKeys() map[event.Hash]bool {
	named := map[event.Hash]bool{}
	note := func(of *node) {
		if of.read != nil && of.read.Kind == event.SealedWith {
			named[of.read.ReadKeyID] = true
		}
	}
	note(a.tree.root)
	for _, of := range a.tree.nodes {
		note(of)
	}
	return named
}

func (a *Authority) mayWrite(actors []keys.Fingerprint, of *node) bool {
	rule, _ := a.tree.writeRuleOf(of)
	return a.allows(rule, actors)
}

func (a *Authority) mayAdd(actors []keys.Fingerprint, parent *node) bool {
	return a.mayWrite(actors, parent) || parent.add != nil && a.allows(parent.add, actors)
}

// allows reports whether a rule allows any of some keys; nil: that of the root keys, and of those that an auth service lets write besides.
func (a *Authority) allows(rule *event.Rule, actors []keys.Fingerprint) bool {
	switch {
	case rule == nil:
		return slices.ContainsFunc(actors, a.ring.isOwner)
	case rule.Kind == event.Everyone:
		return true
	case rule.Kind == event.Nobody:
		return false
	}
	return slices.ContainsFunc(rule.Keys, func(named keys.Fingerprint) bool {
		current, counts := a.ring.currentOf(named)
		return counts && contains(actors, current)
	})
}

func (a *Authority) requireWrite(does *act, of *node) error {
	if a.mayWrite(does.acting, of) {
		return nil
	}
	return a.refused(does, of, "write")
}
